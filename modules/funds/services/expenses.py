"""Fees and expenses of a fund: entered by one, approved by another, then in the book. Rules V-23 and V-24."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records, sequences
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from .. import calc_standing as standing
from ..calc_fees import Step, fee
from ..models.call import EXPENSE_KINDS, FundExpense, FundFlow
from ..models.fund import Fund
from ..states import EXPENSE
from . import book, returns, second
from .setup import lock_fund

RESOURCE = "funds.expense"


def create_expense(session: Any, *, fund_id: int, kind: str, on_date: date, amount: Decimal, payee: str, **values: Any) -> FundExpense:
    """Enter a fee or expense (V-23)."""
    access.require(session, RESOURCE, "add")
    number = sequences.next_number(session, RESOURCE, load(session, "funds.fund", fund_id).park_id, on_date)
    return records.create(session, FundExpense, {"fund_id": fund_id, "kind": kind, "on_date": on_date, "amount": amount, "payee": payee,
                                                 "number": number, **values}, _check)


def change_expense(session: Any, row: FundExpense, **values: Any) -> FundExpense:
    """Change a draft."""
    second.drafts_only(row)
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["amount"] <= 0:
        problems.add("funds.V-23", _l("Enter an amount above zero."), "amount")
    records.not_future(values, problems, ["on_date"])
    first, last = values.get("period_from"), values.get("period_to")
    if values["kind"] == "management_fee" and (first is None or last is None):
        problems.add("funds.V-23", _l("Say for which days the management fee is."), "period_from")
    records.date_order(values, problems, "period_from", "period_to", _l("A period cannot end before it begins."))


def fee_steps(found: standing.Book, fund: Fund, bearing: set[int], first: date, last: date) -> list[Step]:
    """The base of the fee in steps: commitments of the classes that bear it, after the investment period the cost of holdings."""
    if first <= fund.invest_until or fund.fee_after == "committed":
        return [(d, a) for p, d, a in found.commitments if p in bearing and d <= last]
    days = sorted({first, *(m.on for m in found.movements if first < m.on <= last), *(s.on for s in found.sales if first < s.on <= last)})
    steps, before = [], Decimal(0)
    for day in days:
        cost = sum((standing.position(found, i, day).cost for i in found.investments()), Decimal(0))
        steps.append((day, cost - before))
        before = cost
    return steps


def _reversed(e: Any) -> Any:
    """Whether the payment of an expense was taken back."""
    return select(FundFlow.id).where(FundFlow.expense_id == e.id, FundFlow.reverses_id.is_not(None)).exists()


def draft_fee(session: Any, fund: Fund, *, period_from: date, period_to: date, on: date) -> FundExpense:
    """Work out the management fee of a period as a draft (V-24: no day is charged twice)."""
    problems, e = Problems(), FundExpense
    if period_to < period_from:
        problems.add("funds.V-24", _l("A period cannot end before it begins."), "period_to")
    twice = session.scalar(select(e.number).where(e.fund_id == fund.id, e.kind == "management_fee", e.state != "cancelled",
                                                  e.period_from <= period_to, e.period_to >= period_from,
                                                  ~_reversed(e)).limit(1))
    if twice is not None:
        problems.add("funds.V-24", _l("%(number)s charges some of these days already.", number=twice), "period_from")
    problems.stop()
    from ..models.fund import FundPartner, ShareClass

    bearing = set(session.scalars(select(FundPartner.id).join(ShareClass, ShareClass.id == FundPartner.share_class_id).where(
        FundPartner.fund_id == fund.id, ShareClass.bears_fee)))
    steps = fee_steps(returns.book_of(session, fund), fund, bearing, period_from, period_to)
    amount = fee(steps, fund.fee_rate, period_from, period_to)
    if amount <= 0:
        raise RuleError([Problem("funds.V-24", _l("Nothing is due for these days."), "period_from")])
    return create_expense(
        session, fund_id=fund.id, kind="management_fee", on_date=on, amount=amount, payee=fund.manager, period_from=period_from,
        period_to=period_to, explain=_("%(rate)s %% a year on %(base)s yuan, actual days ÷ 365", rate=f"{fund.fee_rate * 100:.2f}",
                                       base=f"{sum((a for _d, a in steps), Decimal(0)):,.2f}"))


def ready(session: Any, row: FundExpense) -> list[Problem]:
    """The bank holds it."""
    lock_fund(session, row.fund_id)
    left = book.balance(session, row.fund_id)
    if left < row.amount:
        return [Problem("funds.V-21", _("The fund has only %(left)s yuan in the bank. Call capital first.", left=f"{left:,.2f}"), "amount")]
    return []


def _done(session: Any, row: FundExpense) -> None:
    book.post(session, row.fund, "expense", -row.amount, row.on_date, expense_id=row.id, reference=row.reference)


second.register(
    EXPENSE, _l("Fee or expense of a fund"), ready=ready, done=_done, amount=lambda r: r.amount,
    title=lambda r: _("%(kind)s %(number)s: %(amount)s yuan", kind=EXPENSE_KINDS.label(r.kind), number=r.number, amount=f"{r.amount:,.2f}"),
    payload=lambda r: {"fund": r.fund.name, "payee": r.payee, "on": r.on_date, "amount": r.amount})
