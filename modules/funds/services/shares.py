"""The register of shares of a firm: who owns how much on any day, and what each event diluted. Rules V-45 to V-47."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l

from ..calc_ownership import Diluted, Entry, Owned, dilution, table
from ..models.investment import Investment, ShareEntry

ZERO = Decimal(0)


def create_entry(session: Any, **values: Any) -> ShareEntry:
    """Enter a line of the register (V-45: nobody gives away more than they have, on no day)."""
    return records.create(session, ShareEntry, values, _check)


def remove_entry(session: Any, row: ShareEntry) -> None:
    """Take back a wrong line; lines that came with a closing stay (V-46)."""
    if row.investment_id is not None:
        raise RuleError([Problem("funds.V-46", _l("This line came with an investment; enter a correction instead."))])
    rest = [e for e in entries_of(session, row.firm_id) if e is not row]
    problem = _negative([_entry(e) for e in rest])
    if problem:
        raise RuleError([problem])
    records.remove(session, row)


def entries_of(session: Any, firm_id: int) -> list[ShareEntry]:
    """The register in order of time."""
    return list(session.scalars(select(ShareEntry).where(ShareEntry.firm_id == firm_id).order_by(ShareEntry.on_date, ShareEntry.id)))


def _entry(row: ShareEntry) -> Entry:
    return Entry(row.on_date, row.holder, row.shares, row.title, row.price)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    if not values["shares"]:
        problems.add("funds.V-45", _l("Enter a number of shares other than nothing."), "shares")
        return
    rows = [_entry(e) for e in entries_of(session, values["firm_id"])]
    problem = _negative([*rows, Entry(values["on_date"], values["holder"], values["shares"], values["title"])])
    if problem:
        problems.extend([problem])


def _negative(entries: list[Entry]) -> Problem | None:
    for day in sorted({e.on for e in entries}):
        try:
            table(entries, day)
        except ValueError:
            return Problem("funds.V-45", _l("On %(day)s a holder would have given away more than they had.", day=day.isoformat()), "shares")
    return None


def register(session: Any, firm_id: int, on: date) -> list[Owned]:
    """Who owns how much at the end of a day; empty while nobody entered the register."""
    return table([_entry(e) for e in entries_of(session, firm_id)], on)


def dilution_of(session: Any, firm_id: int, holder: str) -> list[Diluted]:
    """What each event did to one holder."""
    return dilution([_entry(e) for e in entries_of(session, firm_id)], holder)


def outstanding(session: Any, firm_id: int, on: date) -> Decimal:
    """All shares on a day."""
    return sum((r.shares for r in register(session, firm_id, on)), ZERO)


def issue(session: Any, row: Investment, shares: Decimal, on: date, title: str, event: str, price: Decimal | None) -> ShareEntry:
    """The line a closing or conversion brings."""
    made = ShareEntry(
        park_id=row.park_id,
        firm_id=row.firm_id,
        on_date=on,
        event=event,
        title=title,
        holder=row.fund.name,
        holder_kind="fund",
        shares=shares,
        price=price,
        investment_id=row.id,
    )
    session.add(made)
    session.flush()
    return made
