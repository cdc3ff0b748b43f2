"""triggers read our tables and no others

Revision ID: loans_0002
Revises: loans_0001
"""

from alembic import op

revision = 'loans_0002'
down_revision = 'loans_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "loans_case_guard()",
    "loans_recovery_sum()",
    "loans_repayment_sum()",
    "loans_subsidy_line_guard()",
    "loans_tranche_sum()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
