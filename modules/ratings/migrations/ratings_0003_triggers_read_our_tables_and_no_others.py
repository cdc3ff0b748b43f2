"""triggers read our tables and no others

Revision ID: ratings_0003
Revises: ratings_0002
"""

from alembic import op

revision = 'ratings_0003'
down_revision = 'ratings_0002'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "ratings_edition_guard()",
    "ratings_form_edition_guard()",
    "ratings_form_frozen()",
    "ratings_signed_guard()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
