"""events leave room for their prices

A page filled to half had no room for the prices of its last events: a quarter of a month's updates left the page and wrote every
index anew. Pages written from now on are filled to 40 %. The index by park alone is the beginning of the one by park and day.

Revision ID: platforms_0003
Revises: platforms_0002
"""

from alembic import op

revision = 'platforms_0003'
down_revision = 'platforms_0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE platforms_event SET (fillfactor = 40)")
    op.drop_index('ix_platforms_event_park_id', table_name='platforms_event')


def downgrade() -> None:
    op.create_index('ix_platforms_event_park_id', 'platforms_event', ['park_id'], unique=False)
    op.execute("ALTER TABLE platforms_event SET (fillfactor = 50)")
