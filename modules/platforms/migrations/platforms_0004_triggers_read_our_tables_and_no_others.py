"""triggers read our tables and no others

Revision ID: platforms_0004
Revises: platforms_0003
"""

from alembic import op

revision = 'platforms_0004'
down_revision = 'platforms_0003'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "platforms_cost_entry_changed()",
    "platforms_cost_entry_guard()",
    "platforms_operator_line_guard()",
    "platforms_rate_used()",
    "platforms_stock_moved()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
