"""bank of firms

Revision ID: tenants_0003
Revises: tenants_0002
"""

import sqlalchemy as sa
from alembic import op

revision = 'tenants_0003'
down_revision = 'tenants_0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('tenants_firm', sa.Column('bank_name', sa.String(length=120), nullable=True))
    op.add_column('tenants_firm', sa.Column('bank_account', sa.String(length=40), nullable=True))


def downgrade() -> None:
    op.drop_column('tenants_firm', 'bank_account')
    op.drop_column('tenants_firm', 'bank_name')
