"""Exits: agreed by two people, proceeds through the book, cost released in proportion. Rules V-53 to V-55."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import money, records, sequences
from parkops.errors import Problem, Problems
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from .. import calc_standing as standing
from ..models.call import FundFlow
from ..models.investment import EXIT_WAYS, Investment, InvestmentExit
from ..signals import EXITED
from ..states import EXIT
from ..states_deal import INVESTMENT
from . import book, returns, second, shares, standings
from .setup import lock_fund

RESOURCE = "funds.exit"
ZERO = Decimal(0)


def create_exit(
    session: Any, *, investment_id: int, way: str, on_date: date, proceeds: Decimal, part: Decimal = Decimal(1), buyer: str | None = None
) -> InvestmentExit:
    """Prepare the sale of all or a part of a holding (V-53)."""
    access.require(session, RESOURCE, "add")
    number = sequences.next_number(session, RESOURCE, load(session, "funds.investment", investment_id).park_id, on_date)
    return records.create(
        session,
        InvestmentExit,
        {
            "investment_id": investment_id,
            "way": way,
            "on_date": on_date,
            "proceeds": proceeds,
            "part": part,
            "buyer": buyer,
            "number": number,
        },
        _check,
    )


def change_exit(session: Any, row: InvestmentExit, **values: Any) -> InvestmentExit:
    """Change a draft."""
    second.drafts_only(row)
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    found = session.get(Investment, values["investment_id"])
    if not 0 < values["part"] <= 1:
        problems.add("funds.V-53", _l("Sell more than nothing and at most everything that is held."), "part")
    if values["proceeds"] < 0 or (values["way"] == "write_off" and values["proceeds"]):
        problems.add("funds.V-53", _l("Nothing recovered means no proceeds; they are never negative."), "proceeds")
    if found is not None and found.state not in ("held", "partly_sold"):
        problems.add("funds.V-53", _l("Only holdings are sold: pay for it first."), "investment_id")
    if found is not None and values["on_date"] < found.closed_on:
        problems.add("funds.V-53", _l("The deal was closed on %(day)s.", day=found.closed_on.isoformat()), "on_date")


def ready(session: Any, row: InvestmentExit) -> list[Problem]:
    """V-54: still held, and no later exit was agreed already; asked under the fund's lock."""
    lock_fund(session, row.investment.fund_id)
    session.refresh(row.investment, ["state"])
    found, e = [], InvestmentExit
    if row.investment.state not in ("held", "partly_sold"):
        found.append(Problem("funds.V-53", _("Only holdings are sold: pay for it first."), "investment_id"))
    if session.scalar(select(e.id).where(e.investment_id == row.investment_id, e.state == "agreed", e.on_date > row.on_date).limit(1)):
        found.append(Problem("funds.V-54", _("A later sale was agreed already; date this one after it."), "on_date"))
    return found


def _done(session: Any, row: InvestmentExit) -> None:
    """Cost and gain are fixed, the register and the state follow."""
    held = row.investment
    before = standing.position(returns.book_of(session, held.fund), held.id, row.on_date)
    rest = Decimal(1) - row.part
    row.cost = before.cost - money.round_fen(before.cost * rest)
    row.gain = row.proceeds - row.cost
    mine = sum((r.shares for r in shares.register(session, held.firm_id, row.on_date) if r.holder == held.fund.name), ZERO)
    gone = min((held.shares or ZERO) * row.part, mine).quantize(Decimal("0.0001"))
    if gone and row.way not in ("write_off", "liquidation"):
        event, holder = ("buyback", None) if row.way == "buyback" else ("transfer", row.buyer)
        shares.issue(session, held, -gone, row.on_date, row.number, event, None)
        if holder:
            sold = shares.issue(session, held, gone, row.on_date, row.number, event, None)
            sold.holder, sold.holder_kind = holder, "investor"
    step = ("write_off" if row.way == "write_off" else "exit") if row.part == 1 else ("sell_part" if held.state == "held" else None)
    if step:
        INVESTMENT.move(session, held, step, on=row.on_date)
    EXITED.send(session, exit=row)


def _after(session: Any, row: InvestmentExit) -> None:
    standings.touch(session, row.investment.fund_id, row.on_date)


second.register(
    EXIT,
    _l("Exit from a holding"),
    ready=ready,
    done=_done,
    after=_after,
    amount=lambda r: r.proceeds,
    title=lambda r: _(
        "Exit %(number)s from %(what)s: %(amount)s yuan", number=r.number, what=r.investment.label, amount=f"{r.proceeds:,.2f}"
    ),
    payload=lambda r: {"way": str(EXIT_WAYS.label(r.way)), "part": r.part, "proceeds": r.proceeds, "buyer": r.buyer},
)


def received(session: Any, row: InvestmentExit) -> Decimal:
    """Proceeds that arrived."""
    return session.scalar(select(func.sum(FundFlow.amount)).where(FundFlow.exit_id == row.id, FundFlow.kind == "proceeds")) or ZERO


def why_not_receive(session: Any, row: InvestmentExit) -> str | None:
    """Agreed first, and not more than agreed."""
    if row.state != "agreed":
        return _("The exit is not approved yet.")
    return None if received(session, row) < row.proceeds else _("Everything agreed has arrived.")


def receive_proceeds(session: Any, row: InvestmentExit, *, amount: Decimal, on: date, reference: str | None = None) -> FundFlow:
    """Money of the buyer arrived (V-55)."""
    access.require(session, "funds.flow", "add")
    fund = row.investment.fund
    lock_fund(session, fund.id)
    problems, left = Problems(), row.proceeds - received(session, row)
    if (why := why_not_receive(session, row)) is not None:
        problems.add("funds.V-55", why)
    elif amount <= 0 or amount > left:
        problems.add("funds.V-55", _l("Enter at most %(left)s yuan, which are still open.", left=f"{left:,.2f}"), "amount")
    if on < row.on_date:
        problems.add("funds.V-55", _l("The exit is dated %(day)s.", day=row.on_date.isoformat()), "on")
    problems.stop()
    return book.post(session, fund, "proceeds", amount, on, investment_id=row.investment_id, exit_id=row.id, reference=reference)
