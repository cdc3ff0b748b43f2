"""triggers read our tables and no others

Revision ID: amenities_0002
Revises: amenities_0001
"""

from alembic import op

revision = 'amenities_0002'
down_revision = 'amenities_0001'
branch_labels = None
depends_on = None

FUNCTIONS = (
    "amenities_event_count()",
    "amenities_folio_guard()",
    "amenities_place_count()",
    "amenities_slot_count()",
)


def upgrade():
    for name in FUNCTIONS:  # a temporary table of the same session cannot stand in for one of ours
        op.execute(f"ALTER FUNCTION {name} SET search_path = public, pg_temp")


def downgrade():
    for name in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {name} RESET search_path")
