"""Deals from the first look to the committee. Rules V-30 to V-32."""

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

from ..models.deal import AREAS, IN_KIND, CommitteeMeeting, DiligenceItem, InvestmentDeal
from ..states_deal import DEAL

RESOURCE = "funds.deal"
OVER = ("invested", "declined", "withdrawn")


def create_deal(session: Any, *, fund_id: int, firm_id: int, round: str, instrument: str, amount: Decimal, seen_on: date,
                pre_money: Decimal | None = None, source: str | None = None, thesis: str | None = None) -> InvestmentDeal:
    """A firm enters the pipeline of a fund (V-30: once at a time)."""
    access.require(session, RESOURCE, "add")
    values = {n: v for n, v in locals().items() if n != "session"}
    values["number"] = sequences.next_number(session, RESOURCE, load(session, "funds.fund", fund_id).park_id, seen_on)
    return records.create(session, InvestmentDeal, values, _check)


def change_deal(session: Any, row: InvestmentDeal, **values: Any) -> InvestmentDeal:
    """Change a deal that is not before the committee yet (V-31)."""
    if row.state not in ("lead", "diligence"):
        raise RuleError([Problem("funds.V-31", _l("The committee decides on the deal as it stands. Decline it and enter a new one."))])
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    d = InvestmentDeal
    if values["amount"] <= 0 or (values.get("pre_money") is not None and values["pre_money"] <= 0):
        problems.add("funds.V-30", _l("Enter an amount above zero."), "amount")
    if values["instrument"] in ("equity", *IN_KIND) and values.get("pre_money") is None:
        problems.add("funds.V-30", _l("Shares have a price: enter the pre-money value."), "pre_money")
    other = session.scalar(select(d.number).where(d.fund_id == values["fund_id"], d.firm_id == values["firm_id"], d.state.not_in(OVER),
                                                  d.number != values["number"]).limit(1))
    if other is not None:
        problems.add("funds.V-30", _l("%(number)s is under way with this firm.", number=other), "firm_id")


def examine(session: Any, row: InvestmentDeal, *, on: date) -> InvestmentDeal:
    """Begin due diligence: one item per area."""
    DEAL.move(session, row, "examine", on=on)
    session.add_all(DiligenceItem(park_id=row.park_id, deal_id=row.id, area=a) for a in AREAS)
    session.flush()
    return row


def items_of(session: Any, row: InvestmentDeal) -> list[DiligenceItem]:
    """The items in the order of the list."""
    found = {i.area: i for i in session.scalars(select(DiligenceItem).where(DiligenceItem.deal_id == row.id))}
    return [found[a] for a in AREAS if a in found]


def finish_item(session: Any, item: DiligenceItem, *, finding: str, risk: str, on: date, examiner: str | None = None) -> DiligenceItem:
    """Record what was found."""
    if item.deal.state != "diligence":
        raise RuleError([Problem("funds.V-31", _l("Due diligence of this deal is over."))])
    return records.change(session, item, {"finding": finding, "risk": risk, "done_on": on, "examiner": examiner})


def why_not_propose(session: Any, row: InvestmentDeal) -> str | None:
    """V-32: every area is examined before the committee sees it."""
    left = [str(AREAS.label(i.area)) for i in items_of(session, row) if i.done_on is None]
    return _("Not examined yet: %(names)s", names="、".join(left)) if left else None


def decline(session: Any, row: InvestmentDeal, *, on: date, reason: str) -> InvestmentDeal:
    """The fund does not invest. Not while the committee votes."""
    _not_voting(session, row)
    DEAL.move(session, row, "decline", on=on, reason=reason)
    return row


def withdraw(session: Any, row: InvestmentDeal, *, on: date, reason: str) -> InvestmentDeal:
    """The firm does not want it any more."""
    _not_voting(session, row)
    DEAL.move(session, row, "withdraw", on=on, reason=reason)
    return row


def _not_voting(session: Any, row: InvestmentDeal) -> None:
    m = CommitteeMeeting
    if session.scalar(select(m.id).where(m.deal_id == row.id, m.state == "open").limit(1)) is not None:
        raise RuleError([Problem("funds.V-31", _l("The committee is voting; wait for its decision."))])
