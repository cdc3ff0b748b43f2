"""firms by day of registration

Revision ID: tenants_0002
Revises: tenants_0001
"""

from alembic import op

revision = 'tenants_0002'
down_revision = 'tenants_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_tenants_firm_park_id_registered_on', 'tenants_firm', ['park_id', 'registered_on', 'id'], unique=False,
                    postgresql_include=['track'])


def downgrade() -> None:
    op.drop_index('ix_tenants_firm_park_id_registered_on', table_name='tenants_firm', postgresql_include=['track'])
