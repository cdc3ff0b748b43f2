"""running events by their start

Revision ID: platforms_0002
Revises: platforms_0001
"""

from alembic import op

revision = 'platforms_0002'
down_revision = 'platforms_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_platforms_event_running', 'platforms_event', ['park_id', 'started_at'], unique=False,
                    postgresql_where="state = 'open'")


def downgrade() -> None:
    op.drop_index('ix_platforms_event_running', table_name='platforms_event', postgresql_where="state = 'open'")
