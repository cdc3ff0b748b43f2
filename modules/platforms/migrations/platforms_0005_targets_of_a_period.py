"""a clause has the period its target holds for, hours open are a metric, a retired instrument has its last day

Revision ID: platforms_0005
Revises: platforms_0004
"""

import sqlalchemy as sa
from alembic import op

revision = 'platforms_0005'
down_revision = 'platforms_0004'
branch_labels = None
depends_on = None

CONTRACT, KPI, INSTRUMENT = "platforms_operator_contract", "platforms_contract_kpi", "platforms_instrument"
PERIODS = "('month', 'quarter', 'half_year', 'year')"
METRICS = "'hours', 'utilisation', 'firms', 'patents', 'transfers', 'income', 'own_income', 'days_open'"


def check(table: str, name: str, rule: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def upgrade() -> None:
    op.add_column(KPI, sa.Column("period", sa.String(length=40), nullable=True))
    op.create_check_constraint(op.f(f"ck_{KPI}_period"), KPI, f"period IN {PERIODS}")
    check(CONTRACT, "kpi_period", f"kpi_period IN {PERIODS}")
    check(KPI, "metric", f"metric IN ({METRICS}, 'hours_open', 'manual')")
    op.add_column(INSTRUMENT, sa.Column("retired_on", sa.Date(), nullable=True))
    op.create_check_constraint(op.f(f"ck_{INSTRUMENT}_retired_on"), INSTRUMENT,
                               "retired_on IS NULL OR state = 'retired' AND (bought_on IS NULL OR retired_on >= bought_on)")


def downgrade() -> None:
    op.drop_column(INSTRUMENT, "retired_on")
    op.execute("UPDATE platforms_operator_contract SET kpi_period = 'year' WHERE kpi_period IN ('month', 'half_year')")
    op.execute("UPDATE platforms_contract_kpi SET metric = 'manual' WHERE metric = 'hours_open'")
    check(KPI, "metric", f"metric IN ({METRICS}, 'manual')")
    check(CONTRACT, "kpi_period", "kpi_period IN ('quarter', 'year')")
    op.drop_column(KPI, "period")
