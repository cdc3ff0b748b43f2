"""triggers read our tables and no others

Revision ID: booking_0002
Revises: booking_0001
"""

from alembic import op

revision = 'booking_0002'
down_revision = 'booking_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "booking_capacity()",
    "booking_exclusive()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
