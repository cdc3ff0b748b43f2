"""who pays for a series and a place in line

Revision ID: booking_0003
Revises: booking_0002
"""

import sqlalchemy as sa
from alembic import op

revision = 'booking_0003'
down_revision = 'booking_0002'
branch_labels = None
depends_on = None

TABLES = ('booking_series', 'booking_waiting')


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column('payer_source', sa.String(length=80), nullable=True))
        op.add_column(table, sa.Column('payer_id', sa.BigInteger(), nullable=True))
        op.create_check_constraint(op.f(f'ck_{table}_payer'), table, '(payer_source IS NULL) = (payer_id IS NULL)')


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, 'payer_id')
        op.drop_column(table, 'payer_source')
