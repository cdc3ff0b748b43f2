"""磅礴创业投资基金 told through the services: partners, calls, twelve investments in firms of the park, marks of the years, an exit with its
distribution, a write-off, today's pipeline; and a small fund of the park's own that takes equity for rent and services.

`load(context)` builds it; firms are chosen by counting, never by name. `FIGURES` counts F23 (domain.md 1)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.clock import add_months
from parkops.demo import Context, Figure

from . import demo_data as data
from . import demo_deals as deals
from .models.fund import Fund, FundCommitment
from .services import alerts, calls, committee, distributions, duties, exits, expenses, second, setup, standings
from .states import FUND


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    fund = _set_up(context, data.FUND, data.PARTNERS)
    small = _set_up(context, data.SMALL, data.SMALL_PARTNERS)
    held = deals.close_all(context, fund, today)
    context.say("funds: two funds, a committee, twelve investments decided and closed")
    _money(context, fund, held, today)
    context.say("funds: calls, payments, fees, exit and distribution")
    deals.small_fund(context, small, today)
    deals.marks(context, held, today)
    deals.follow_up(context, held, today)
    deals.pipeline(context, fund, today)
    _waiting(context, fund, today)
    with context.scope("operations_manager") as s:
        standings.nightly(s, on=today, park_id=context.park_id)
        duties.remind_due(s, on=today, park_id=context.park_id)
        alerts.watch(s, on=today, park_id=context.park_id)
    context.say("funds: valuations, duties, pipeline, figures of every month")


def _set_up(context: Context, values: dict[str, Any], partners: Any) -> int:
    """A fund with classes, partners, commitments and committee; open for investing."""
    with context.scope("operations_manager") as s:
        fund = setup.create_fund(s, **values)
        on = fund.established_on
        classes = {c: setup.create_class(s, fund_id=fund.id, code=c, name=n, bears_carry=c == "B", bears_fee=True).id
                   for c, n in (("A", "普通合伙份额"), ("B", "有限合伙份额"))}
        for n, (name, kind, klass, amount, contact) in enumerate(partners):
            row = setup.create_partner(s, fund_id=fund.id, share_class_id=classes[klass], name=name, kind=kind, contact=contact,
                                       phone=f"1990000{8100 + n}", bank="济宁银行", bank_account=f"6228480{n:012d}")
            setup.create_commitment(s, partner_id=row.id, amount=Decimal(amount * data.WAN), signed_on=on, document="合伙协议")
        FUND.move(s, fund, "open", on=on)
        for role, seat in (("leadership", "chair"), ("operations_manager", "member"), ("finance", "member")):
            committee.create_member(s, fund_id=fund.id, user_id=context.users[role], role=seat, since=on)
        return fund.id


def approved(context: Context, model: Any, ids: list[int], on: date, prepared: str = "finance") -> None:
    """Submitted by who prepared it, approved by manager and, where two are needed, leadership."""
    with context.scope(prepared) as s:
        for row in s.scalars(select(model).where(model.id.in_(ids)).order_by(model.id)):
            second.submit(s, row, on=on)
    for role in ("operations_manager", "leadership"):
        with context.scope(role) as s:
            for row in s.scalars(select(model).where(model.id.in_(ids), model.state == "submitted").order_by(model.id)):
                second.approve(s, row, on=on)


def _money(context: Context, fund_id: int, held: list[tuple[data.Plan, int]], today: date) -> None:
    """Everything that moved cash, in order of time."""
    events: list[tuple[date, int, Any]] = []
    for notice, *amounts in data.CALLS:
        if notice + timedelta(days=14) <= today:
            events.append((notice, 0, lambda n=notice, a=amounts: _call(context, fund_id, n, a)))
    for plan, investment_id in held:
        on = plan.closed + timedelta(days=7)
        events.append((on, 1, lambda i=investment_id, d=on: deals.pay(context, i, d)))
    for year in range(2021, today.year + 1):
        first, last = (date(2021, 7, 1), date(2021, 12, 31)) if year == 2021 else (date(year, 1, 1), date(year, 12, 31))
        due = max(first + timedelta(days=25), date(2021, 7, 28)) if year == 2021 else date(year, 3, 28)
        if due <= today:
            events.append((due, 2, lambda a=first, b=last, d=due: _fee(context, fund_id, a, b, d)))
            events.append((date(year, 12, 21), 3, lambda d=date(year, 12, 21): _interest(context, fund_id, d)))
        events += [(date(year, m, 18), 2, lambda k=k, p=p, a=a, d=date(year, m, 18): _cost(context, fund_id, k, p, Decimal(a), d))
                   for k, p, a, m in data.EXPENSES if year > 2021]
    for plan, investment_id in held:
        for year, times, basis in plan.marks:
            on = date(year, 12, 31)
            if plan.closed < on <= today:
                events.append((on, 5, lambda i=investment_id, d=on, t=times, b=basis: deals.mark(context, i, d, t, b)))
    events.append((data.LOST[1], 4, lambda: deals.give_up(context, held[data.LOST[0]][1], today)))
    events.append((data.EXIT[1], 4, lambda: _exit(context, fund_id, held[data.EXIT[0]][1])))
    for _day, _order, work in sorted((e for e in events if e[0] <= today), key=lambda e: (e[0], e[1])):
        work()


def _call(context: Context, fund_id: int, notice: date, amounts: list[int]) -> None:
    """Called, approved, paid by everybody on the due day; the newest one keeps a late partner."""
    from .models.call import CapitalCall

    investments, fees, costs = (Decimal(a * data.WAN) for a in amounts)
    with context.scope("finance") as s:
        row = calls.create_call(s, fund_id=fund_id, notice_on=notice, due_on=notice + timedelta(days=14), for_investments=investments,
                                for_fees=fees, for_expenses=costs, purpose="按合伙协议约定缴付出资，用于项目投资及基金费用。")
        row_id = row.id
    approved(context, CapitalCall, [row_id], notice)
    with context.scope("finance") as s:
        row = s.get(CapitalCall, row_id)
        parts = calls.parts_of(s, row)
        for n, part in enumerate(parts):
            if notice == data.CALLS[-1][0] and n == len(parts) - 1:
                calls.receive_part(s, part, amount=part.amount / 2, on=notice + timedelta(days=13), reference="首期")
            else:
                calls.receive_part(s, part, amount=part.amount, on=notice + timedelta(days=6 + n), reference=f"JZ{notice:%y%m}{n + 1:03d}")


def _fee(context: Context, fund_id: int, first: date, last: date, on: date) -> None:
    from .models.call import FundExpense

    with context.scope("finance") as s:
        row_id = expenses.draft_fee(s, s.get(Fund, fund_id), period_from=first, period_to=last, on=on).id
    approved(context, FundExpense, [row_id], on)


def _cost(context: Context, fund_id: int, kind: str, payee: str, amount: Decimal, on: date) -> None:
    from .models.call import FundExpense

    with context.scope("finance") as s:
        row_id = expenses.create_expense(s, fund_id=fund_id, kind=kind, on_date=on, amount=amount + on.year % 7 * 100, payee=payee).id
    approved(context, FundExpense, [row_id], on)


def _interest(context: Context, fund_id: int, on: date) -> None:
    from .services import book

    with context.scope("finance") as s:
        left = book.balance(s, fund_id, on)
        book.add_interest(s, fund_id=fund_id, amount=max(round(left * Decimal("0.0035"), 2), Decimal("10.00")), on_date=on, reference="结息")


def _exit(context: Context, fund_id: int, investment_id: int) -> None:
    """Sold whole, the money arrives, is distributed (a part of it recallable) and paid out."""
    from .models.call import FundDistribution
    from .models.investment import InvestmentExit

    on, proceeds = data.EXIT[1], Decimal(data.EXIT[2] * data.WAN)
    with context.scope("operations_clerk") as s:
        exit_id = exits.create_exit(s, investment_id=investment_id, way="trade_sale", on_date=on, proceeds=proceeds, buyer="山东泰盛医疗集团").id
    approved(context, InvestmentExit, [exit_id], on, "operations_clerk")
    with context.scope("finance") as s:
        exits.receive_proceeds(s, s.get(InvestmentExit, exit_id), amount=proceeds, on=on + timedelta(days=20), reference="股权转让款")
        row_id = distributions.create_distribution(
            s, fund_id=fund_id, on_date=on + timedelta(days=36), amount=proceeds - Decimal(10 * data.WAN), recallable=Decimal(data.AGAIN * data.WAN),
            exit_id=exit_id, purpose="项目退出收益分配，其中投资本金部分可在投资期内循环出资。").id
    approved(context, FundDistribution, [row_id], on + timedelta(days=30))
    with context.scope("finance") as s:
        distributions.pay_all(s, s.get(FundDistribution, row_id), on=on + timedelta(days=38))


def _waiting(context: Context, fund_id: int, today: date) -> None:
    """A call that waits for approval."""
    with context.scope("finance") as s:
        row = calls.create_call(s, fund_id=fund_id, notice_on=today, due_on=add_months(today, 1), for_investments=Decimal(120 * data.WAN),
                                for_expenses=Decimal(10 * data.WAN), purpose="拟投项目交割及费用。")
        second.submit(s, row, on=today)


def _committed(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    found = session.scalar(select(func.sum(FundCommitment.amount)).join(Fund, Fund.id == FundCommitment.fund_id).where(
        Fund.park_id == park_id, Fund.established_on <= on, FundCommitment.signed_on <= on, Fund.kind == "joint"))
    return (int(found) if found is not None else None), "funds.commitment: amounts of joint funds signed by the day"


FIGURES = [Figure("F23", "磅礴创业投资基金规模(元)", 5_500 * data.WAN, _committed)]
