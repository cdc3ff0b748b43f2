"""The book of a fund's flows: the only way money is entered. Rules V-20 to V-22."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from parkops import records
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.refs import load
from parkops.security import access

from ..models.call import CallPart, DistributionPart, FundFlow
from ..models.investment import Investment
from . import standings
from .setup import lock_fund

RESOURCE = "funds.flow"
ZERO = Decimal(0)


def balance(session: Any, fund_id: int, on: date | None = None) -> Decimal:
    """The bank balance: the sum of the flows that went through the bank (until the end of a day)."""
    until = () if on is None else (FundFlow.on_date <= on,)
    return session.scalar(select(func.sum(FundFlow.amount)).where(FundFlow.fund_id == fund_id, FundFlow.cash, *until)) or ZERO


def post(session: Any, fund: Any, kind: str, amount: Decimal, on: date, **values: Any) -> FundFlow:
    """Enter a flow (V-20: not in the future, not before the fund; V-21: the bank is never overdrawn). Locks the fund."""
    lock_fund(session, fund.id)
    problems = Problems()
    records.not_future({"on": on}, problems, ["on"])
    if on < fund.established_on:
        problems.add("funds.V-20", _l("The fund was established on %(day)s.", day=fund.established_on.isoformat()), "on")
    if amount < 0 and values.get("cash", True) and (left := balance(session, fund.id)) + amount < 0:
        problems.add("funds.V-21", _l("The fund has only %(left)s yuan in the bank. Call capital first.", left=f"{left:,.2f}"), "amount")
    problems.stop()
    row = FundFlow(
        park_id=fund.park_id, fund_id=fund.id, kind=kind, amount=amount, on_date=on, entered_by=scope_of(session).user_name, **values
    )
    session.add(row)
    session.flush()
    standings.touch(session, fund.id, on)
    return row


def add_interest(session: Any, *, fund_id: int, amount: Decimal, on_date: date, reference: str | None = None) -> FundFlow:
    """Bank interest credited. Other flows are entered where they belong: at the call, the distribution, the investment, the expense."""
    access.require(session, RESOURCE, "add")
    if amount <= 0:
        raise RuleError([Problem("funds.V-20", _l("Enter an amount above zero."), "amount")])
    return post(session, load(session, "funds.fund", fund_id), "interest", amount, on_date, reference=reference)


def why_not_reverse(session: Any, row: FundFlow) -> str | None:
    """V-22: once, and not a reversal."""
    if row.reverses_id is not None:
        return str(_l("This row is itself a reversal."))
    again = session.scalar(select(FundFlow.id).where(FundFlow.reverses_id == row.id))
    return str(_l("It was reversed already.")) if again is not None else None


def reverse_flow(session: Any, row: FundFlow, *, on: date, reason: str) -> FundFlow:
    """Take back a wrong entry by an opposite row; the document it belongs to is open again (V-22)."""
    access.require(session, RESOURCE, "act")
    lock_fund(session, row.fund_id)
    if (why := why_not_reverse(session, row)) is not None:
        raise RuleError([Problem("funds.V-22", why)])
    if on < row.on_date:
        raise RuleError([Problem("funds.V-22", _l("A reversal is not dated before what it reverses."), "on")])
    if row.kind == "investment":
        _check_state(row)
    for model, key, column in ((CallPart, row.call_part_id, "received"), (DistributionPart, row.distribution_part_id, "paid")):
        if key is not None:
            part = session.get(model, key, with_for_update=True, populate_existing=True)
            setattr(part, column, getattr(part, column) - abs(row.amount))
    made = post(
        session,
        row.fund,
        row.kind,
        -row.amount,
        on,
        cash=row.cash,
        reverses_id=row.id,
        note=reason,
        **{n: getattr(row, n) for n in ("partner_id", "call_part_id", "distribution_part_id", "investment_id", "exit_id", "expense_id")},
    )
    _follow(session, row, on, reason)
    return made


def _follow(session: Any, row: FundFlow, on: date, reason: str) -> None:
    """What hangs on the movement: the twin of one in kind, the state of an investment and the firm's financing record."""
    from . import investments

    if not row.cash and (twin := _twin(session, row)) is not None:
        reverse_flow(session, twin, on=on, reason=reason)
    if row.kind == "investment":
        investments.unpaid(session, row.investment, row, on=on)


def _twin(session: Any, row: FundFlow) -> FundFlow | None:
    """The other half of a contribution in kind: entered together, of the opposite amount, not reversed yet."""
    gone = aliased(FundFlow)
    later = row.kind == "contribution"
    query = select(FundFlow).where(
        FundFlow.fund_id == row.fund_id,
        ~FundFlow.cash,
        FundFlow.on_date == row.on_date,
        FundFlow.amount == -row.amount,
        FundFlow.reverses_id.is_(None),
        FundFlow.id > row.id if later else FundFlow.id < row.id,
        ~select(gone.id).where(gone.reverses_id == FundFlow.id).exists(),
    )
    return session.scalars(query.order_by(FundFlow.id if later else FundFlow.id.desc()).limit(1)).first()


def _check_state(row: FundFlow) -> None:
    found: Investment = row.investment
    if found.state in ("exited", "written_off"):
        raise RuleError([Problem("funds.V-22", _l("%(number)s is closed; its payment stands.", number=found.number))])
