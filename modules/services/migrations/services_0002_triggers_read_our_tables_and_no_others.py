"""triggers read our tables and no others

Revision ID: services_0002
Revises: services_0001
"""

from alembic import op

revision = 'services_0002'
down_revision = 'services_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "services_panel_apart()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
