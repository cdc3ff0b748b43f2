"""triggers read our tables and no others

Revision ID: funds_0002
Revises: funds_0001
"""

from alembic import op

revision = 'funds_0002'
down_revision = 'funds_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "funds_part_guard()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
