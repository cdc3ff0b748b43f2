"""Demo, fourth part: operators with their clauses, shared energy, settlements of past years, results, evaluation, maintenance."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select

from parkops import attachments
from parkops.clock import add_months
from parkops.demo import Context

from . import demo_costs
from . import demo_data as data
from .models.contract import OperatorContract, OperatorSettlement
from .models.event import UsageEvent
from .models.registry import Instrument
from .models.result import PlatformResult
from .services import contracts, cost_shares, evaluations, maintenance, operator_payments, results
from .services import operator_settlements as settlements

EVIDENCE = b"%PDF-1.4\n% certificate (demo)\n%%EOF\n"
OWNER = "济宁创新谷发展集团有限公司"
CLAUSES = (("hours", "有效机时", 1800, "0.25", "设备使用记录"), ("firms", "服务企业数", 30, "0.25", "使用记录(去重)"),
           ("own_income", "自我造血率", "0.25", "0.30", "成本池与收费记录"), ("patents", "新增专利", 1, "0.20", "成果台账"))


def build(context: Context, ids: dict[str, int], today: date) -> None:
    """Everything in its order: contracts first, then what they share, then closing, then what closing shows."""
    _contracts(context, ids, today)
    _shared(context, today)
    demo_costs.close(context, today)
    _results(context, ids)
    _settlements(context, today)
    _instruments(context, today)


def _contracts(context: Context, ids: dict[str, int], today: date) -> None:
    """One contract per operator from January two years ago; prepared by the clerk, approved by the manager."""
    starts = date(today.year - 2, 1, 1)
    with context.scope("operations_clerk") as s:
        for plat in data.PLATS:
            for n, operator in enumerate(plat.operators):
                row = contracts.create_contract(
                    s, platform_id=ids[plat.code], model=plat.model, owner=OWNER, operator=operator, starts_on=starts,
                    ends_on=add_months(starts, 36) - timedelta(days=1), base_fee=Decimal(360_000 if plat.model == "delegated" else 90_000),
                    revenue_share=Decimal("0.3") if n == 0 else Decimal("0.2"), share_basis="cash", penalty_from=70,
                    share_key="hours" if plat.model == "joint" else None, area=Decimal(plat.area), fixed_share=Decimal(1),
                    exit_terms="合同期满设备、数据、客户资料完整移交；未经同意不得转委托。")
                for metric, title, target, weight, evidence in CLAUSES:
                    contracts.create_kpi(s, contract_id=row.id, metric=metric, title=title, target=Decimal(target), weight=Decimal(weight),
                                         evidence=evidence)
                contracts.submit_contract(s, row, on=starts)
    with context.scope("operations_manager") as s:
        for row in s.scalars(select(OperatorContract).where(OperatorContract.state == "submitted")):
            contracts.approve_contract(s, row, on=today)
        for row in s.scalars(select(OperatorContract).where(OperatorContract.model == "delegated")):
            for tool in s.scalars(select(Instrument).where(Instrument.platform_id == row.platform_id)):
                contracts.create_asset(s, contract_id=row.id, instrument_id=tool.id, lent_on=starts, condition="完好")


def _shared(context: Context, today: date) -> None:
    """The electricity bill of the joint platforms, divided by hours every month."""
    with context.scope("finance") as s:
        month, n = date(today.year - 2, 1, 1), 0
        while month < today.replace(day=1):
            amount = Decimal(9_000 + 137 * (n % 9)) + Decimal("0.37")
            row = cost_shares.create_shared(s, month=month, kind="energy", title="联合运营平台共担电费", amount=amount, key="hours",
                                            document=f"电费发票 {month:%Y-%m}")
            cost_shares.post_shared(s, row, on=add_months(month, 1))
            month, n = add_months(month, 1), n + 1


def _settlements(context: Context, today: date) -> None:
    """The two past years are settled and approved, the first of them is in the ledger (a colleague of finance records the payment);
    this year's first half waits for leadership."""
    spans = [(date(y, 1, 1), date(y, 12, 31)) for y in (today.year - 2, today.year - 1)]
    with context.scope("operations_clerk") as s:
        for row in s.scalars(select(OperatorContract).where(OperatorContract.state == "running").order_by(OperatorContract.id)):
            for first, last in spans:
                made = settlements.create_settlement(s, contract_id=row.id, starts_on=first, ends_on=last)
                settlements.submit_settlement(s, made, on=last + timedelta(days=20))
    for role in ("operations_manager", "leadership"):
        with context.scope(role) as s:
            for row in s.scalars(select(OperatorSettlement).where(OperatorSettlement.state == "submitted")):
                settlements.approve_settlement(s, row, on=today)
    with context.scope("finance") as s:
        for row in s.scalars(select(OperatorSettlement).where(OperatorSettlement.state == "approved", OperatorSettlement.payment != 0,
                                                              OperatorSettlement.ends_on == spans[0][1])):
            operator_payments.post_settlement(s, row, on=today)
    if today.month > 6:
        with context.scope("operations_clerk") as s:
            row = s.scalars(select(OperatorContract).where(OperatorContract.model == "delegated").limit(1)).one()
            half = settlements.create_settlement(s, contract_id=row.id, starts_on=date(today.year, 1, 1), ends_on=date(today.year, 6, 30))
            settlements.submit_settlement(s, half, on=date(today.year, 7, 12))


def _results(context: Context, ids: dict[str, int]) -> None:
    """Recorded by the clerk with evidence, confirmed by the manager; one waits."""
    firms: dict[str, list[int]] = {}
    with context.scope("operations_clerk") as s:
        for code, platform_id in ids.items():
            firms[code] = list(s.scalars(select(UsageEvent.firm_id).where(
                UsageEvent.platform_id == platform_id, UsageEvent.ended_on <= data.ARTICLE).distinct().order_by(UsageEvent.firm_id)))
        for n, (kind, code, title, on) in enumerate(data.Maker().results()):
            row = results.record_result(
                s, platform_id=ids[code], kind=kind, title=title, on_date=on, firm_id=firms[code][n % len(firms[code])],
                reference=f"ZL{on.year}2{100_000 + n * 737}.{n % 10}" if kind == "patent" else f"JSHT-{on.year}-{n:03d}",
                amount=Decimal(80_000 + 35_000 * (n % 7)) if kind == "transfer" else None)
            attachments.attach(s, row, io.BytesIO(EVIDENCE + row.reference.encode()), f"{row.reference}.pdf", kind="evidence")
    with context.scope("operations_manager") as s:
        rows = list(s.scalars(select(PlatformResult).order_by(PlatformResult.id)))
        for row in rows[:-1]:
            results.confirm_result(s, row, on=row.on_date + timedelta(days=15))


def _instruments(context: Context, today: date) -> None:
    """Evaluation of last year's large instruments, maintenance plans with their work, one machine out of order."""
    with context.scope("operations_clerk") as s:
        tools = list(s.scalars(select(Instrument).order_by(Instrument.id)))
        for n, tool in enumerate(t for t in tools if t.value >= 500_000):
            row = evaluations.create_year(
                s, instrument_id=tool.id, year=today.year - 1, operators=3 + n % 4, guided=6 + n % 5, shown=60 + 15 * n, national_awards=0,
                provincial_awards=n % 2, own_awards=1, papers=None if n == 4 else 2 + n % 3, functions=10, functions_used=6 + n % 4, functions_new=n % 2)
            evaluations.evaluate_year(s, row, on=date(today.year, 1, 20))
        for n, tool in enumerate(tools):
            plan = maintenance.create_plan(s, instrument_id=tool.id, title="季度保养" if n % 3 else "年度校准", every_days=90 if n % 3 else 365,
                                           kind="planned" if n % 3 else "calibration", next_on=today - timedelta(days=100 if n % 5 else 6 - 4 * (n // 5)))
            at = datetime(today.year, today.month, today.day, 8, tzinfo=data.ZONE) - timedelta(days=95 - 5 * n)
            if n % 5:
                maintenance.report_work(s, instrument_id=tool.id, kind=plan.kind, title=plan.title, starts_at=at, ends_at=at + timedelta(hours=3),
                                        cost=Decimal(600 + 150 * n), plan_id=plan.id)
        maintenance.report_work(s, instrument_id=tools[-1].id, kind="fault", title="转台电机异响，停机检修",
                                starts_at=datetime(today.year, today.month, today.day, 8, 30, tzinfo=data.ZONE) - timedelta(days=1))
        maintenance.remind_due(s, on=today, park_id=context.park_id)
