"""triggers read our tables and no others

Revision ID: leasing_0002
Revises: leasing_0001
"""

from alembic import op

revision = 'leasing_0002'
down_revision = 'leasing_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "leasing_relief_application_counts()",
    "leasing_relief_application_guard()",
    "leasing_relief_month_guard()",
    "leasing_rent_of_month(bigint, date)",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
