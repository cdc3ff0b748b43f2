"""The benefit ledger: per firm and period what it got and what came back, each line open to its records. Rules R-85 to R-88.

A reader sees the lines whose records they may read; the totals are of these lines, and the page says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.clock import Period
from parkops.errors import Problem, RuleError
from parkops.i18n import _l
from parkops.security import access

from ..calc_benefit import Ledger
from .benefit_lines import BY_CODE, LINES, BenefitLine
from .measures import installed


@dataclass(frozen=True)
class Entry:
    """One record behind a line."""

    resource: str
    record_id: int
    on: date
    amount: int


def days_of(text: str | None, today: date) -> tuple[date, date, str]:
    """`2021`, `2021Q3`, `2021-05`, or empty for all time: first and last day and the key. R-85."""
    if not (text or "").strip():
        return date(1990, 1, 1), today, ""
    try:
        found = Period.parse((text or "").strip())
    except ValueError:
        raise RuleError(
            [Problem("ratings.R-85", _l("Enter a year, quarter or month such as 2021, 2021Q3 or 2021-05."), "period")]
        ) from None
    return found.start, found.last_day, found.key


def readable(session: Any) -> list[BenefitLine]:
    """The lines of installed modules whose records this reader may read."""
    return [x for x in LINES if (x.module is None or installed(x.module)) and access.may(session, x.resource, "read")]


def hidden(session: Any) -> list[BenefitLine]:
    """Lines left out for want of a right."""
    seen = {x.code for x in readable(session)}
    return [x for x in LINES if (x.module is None or installed(x.module)) and x.code not in seen]


def amounts(session: Any, first: date, last: date, *, firm_ids: Sequence[int] | None = None) -> dict[int, dict[str, int]]:
    """firm → code → sum; one statement per line, whatever the number of firms."""
    access.require(session, "tenants.firm", "read")
    out: dict[int, dict[str, int]] = {}
    for line in readable(session):
        rows = line.query(first, last).subquery(line.code)
        query = select(rows.c.firm_id, func.sum(rows.c.amount)).group_by(rows.c.firm_id)
        for firm_id, total in session.execute(query if firm_ids is None else query.where(rows.c.firm_id.in_(list(firm_ids)))):
            if total:
                out.setdefault(firm_id, {})[line.code] = int(total)
    return out


def hour_value(session: Any, park_id: int | None) -> int:
    """Fen an hour of free service, by the park's setting; 0: not valued."""
    return int(settings.get(session, "ratings.service_hour_value", park_id)) * 100


def of_firm(session: Any, firm: Firm, first: date, last: date) -> Ledger:
    """One firm's ledger."""
    return Ledger(amounts(session, first, last, firm_ids=[firm.id]).get(firm.id, {}), hour_value(session, firm.park_id))


def of_all(session: Any, first: date, last: date) -> list[tuple[Firm, Ledger]]:
    """Every firm with a line, largest benefit first."""
    found = amounts(session, first, last)
    firms = session.scalars(select(Firm).where(Firm.id.in_(list(found)))).all()
    values = {p: hour_value(session, p) for p in {f.park_id for f in firms}}
    rows = [(f, Ledger(found[f.id], values[f.park_id])) for f in firms]
    return sorted(rows, key=lambda x: (-x[1].given, -x[1].back, x[0].id))


def together(rows: Sequence[tuple[Firm, Ledger]]) -> dict[str, int]:
    """Totals of every column, `given`, `back` and `minutes` among them: sums of what the firms' rows show."""
    out = {x.code: sum(ledger.amounts.get(x.code) or 0 for _f, ledger in rows) for x in LINES}
    return {**out, **{n: sum(getattr(ledger, n) for _f, ledger in rows) for n in ("given", "back", "minutes", "hours_value")}}


def entries(session: Any, firm: Firm, code: str, first: date, last: date) -> list[Entry]:
    """The records behind one line of one firm, newest first; needs read on them."""
    line = BY_CODE[code]
    access.require(session, line.resource, "read")
    rows = line.query(first, last).subquery("rows")
    query = (
        select(rows.c.record_id, rows.c.on_date, rows.c.amount)
        .where(rows.c.firm_id == firm.id)
        .order_by(rows.c.on_date.desc(), rows.c.record_id)
    )
    return [Entry(line.resource, r.record_id, r.on_date, int(r.amount)) for r in session.execute(query)]
