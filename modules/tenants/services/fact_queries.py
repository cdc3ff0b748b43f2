"""Set-based look-ups behind the rule facts and the firm pages: one statement for any number of firms.

A firm that is missing from an answer has no record of the kind; whether that means "no" or "cannot say" is for the caller
to decide. `Found.unknown` says that a record exists whose amount nobody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select

from ..models.financing import ANGEL_VC, EQUITY_KINDS, ExitEvent, FinancingEvent
from ..models.intellectual import IntellectualProperty
from ..models.qualification import Qualification
from ..models.stage import Stage
from ..models.statement import FirmStatement


@dataclass
class Found:
    """value: amount, count or list; records: (resource, id) behind it; unknown: a record lacks its amount."""

    value: Any = None
    records: list[tuple[str, int]] = field(default_factory=list)
    unknown: bool = False


def qualification_valid(on: date) -> Any:
    """SQL condition: the qualification stands on `on` (`valid_to` is the last valid day)."""
    q = Qualification
    return and_(q.obtained_on <= on, or_(q.valid_to.is_(None), q.valid_to >= on),
                or_(q.revoked_on.is_(None), q.revoked_on > on))


def ip_valid(on: date) -> Any:
    """SQL condition: the right is granted and alive on `on`."""
    ip = IntellectualProperty
    return and_(ip.granted_on <= on, or_(ip.valid_to.is_(None), ip.valid_to >= on),
                or_(ip.lapsed_on.is_(None), ip.lapsed_on > on))


def stage_on(on: date, entity: Any = Stage) -> Any:
    """SQL condition: the stage row covers the day `on`."""
    return and_(entity.starts_on <= on, or_(entity.ends_on.is_(None), entity.ends_on > on))


def newly_recognised(session: Any, firm_ids: Iterable[int], kinds: Iterable[str],
                     since: date | Mapping[int, date | None] | None, on: date) -> dict[int, Found]:
    """Qualifications of `kinds` obtained in `[since, on]` and standing on `on`. `since` may differ per firm (its entry
    day); a renewal counts only when the firm did not hold the kind before `since`. Value: list of (kind, obtained_on)."""
    q, ids = Qualification, list(firm_ids)
    rows = session.execute(select(q.firm_id, q.id, q.kind, q.obtained_on, qualification_valid(on).label("stands")).where(
        q.firm_id.in_(ids), q.kind.in_(tuple(kinds)), q.obtained_on <= on).order_by(q.firm_id, q.obtained_on, q.id))
    out: dict[int, Found] = {}
    held_before: set[tuple[int, str]] = set()
    for row in rows:
        start = since.get(row.firm_id) if isinstance(since, Mapping) else since
        if start is not None and row.obtained_on < start:
            held_before.add((row.firm_id, row.kind))
        elif row.stands and (row.firm_id, row.kind) not in held_before:
            found = out.setdefault(row.firm_id, Found(value=[]))
            found.value.append((row.kind, row.obtained_on))
            found.records.append(("tenants.qualification", row.id))
    return out


def _rounds(session: Any, firm_ids: Iterable[int], on: date, kinds: Iterable[str], since: date | None) -> list[Any]:
    f = FinancingEvent
    query = select(f.firm_id, f.id, f.amount_cny, f.on_date).where(
        f.firm_id.in_(list(firm_ids)), f.kind.in_(tuple(kinds)), f.on_date <= on)
    if since is not None:
        query = query.where(f.on_date >= since)
    return list(session.execute(query.order_by(f.firm_id, f.on_date, f.id)))


def max_single_round(session: Any, firm_ids: Iterable[int], on: date, kinds: Iterable[str] = ANGEL_VC,
                     since: date | None = None) -> dict[int, Found]:
    """The largest single angel or VC round in yuan (131号 art. 9). Records: the round it was."""
    out: dict[int, Found] = {}
    for row in _rounds(session, firm_ids, on, kinds, since):
        found = out.setdefault(row.firm_id, Found())
        if row.amount_cny is None:
            found.unknown = True
        elif found.value is None or row.amount_cny > found.value:
            found.value, found.records = row.amount_cny, [("tenants.financing", row.id)]
    return out


def cumulative_rounds(session: Any, firm_ids: Iterable[int], on: date, kinds: Iterable[str] = ANGEL_VC,
                      since: date | None = None) -> dict[int, Found]:
    """All angel and VC money in yuan up to `on` (300号). `unknown`: the sum is only a lower bound."""
    out: dict[int, Found] = {}
    for row in _rounds(session, firm_ids, on, kinds, since):
        found = out.setdefault(row.firm_id, Found())
        found.records.append(("tenants.financing", row.id))
        if row.amount_cny is None:
            found.unknown = True
        else:
            found.value = (found.value or Decimal(0)) + row.amount_cny
    return out


def equity_rounds(session: Any, firm_ids: Iterable[int], on: date, since: date | None = None) -> dict[int, Found]:
    """All equity money (angel, VC, PE, strategic) in yuan up to `on`."""
    return cumulative_rounds(session, firm_ids, on, EQUITY_KINDS, since)


def revenue_by_year(session: Any, firm_ids: Iterable[int], on: date | None = None) -> dict[int, dict[int, Found]]:
    """firm -> year -> revenue in yuan, reported years only. With `on`, years that had ended by then and were reported by then."""
    return figure_by_year(session, firm_ids, "revenue", on)


def figure_by_year(session: Any, firm_ids: Iterable[int], figure: str, on: date | None = None) -> dict[int, dict[int, Found]]:
    """firm -> year -> one figure of the annual statements. An unreported figure has no entry."""
    s = FirmStatement
    column = getattr(s, figure)
    query = select(s.firm_id, s.id, s.period_start, column).where(
        s.firm_id.in_(list(firm_ids)), s.grain == "year", column.is_not(None))
    if on is not None:
        query = query.where(s.period_start < date(on.year, 1, 1), s.reported_on <= on)
    out: dict[int, dict[int, Found]] = defaultdict(dict)
    for firm_id, record_id, start, value in session.execute(query.order_by(s.firm_id, s.period_start)):
        out[firm_id][start.year] = Found(value, [("tenants.statement", record_id)])
    return dict(out)


def latest_statement(session: Any, firm_ids: Iterable[int], on: date) -> dict[int, FirmStatement]:
    """The newest annual statement of each firm whose year had ended by `on` (size class, checks)."""
    s = FirmStatement
    query = select(s).where(s.firm_id.in_(list(firm_ids)), s.grain == "year", s.period_start < date(on.year, 1, 1))
    return {row.firm_id: row for row in session.scalars(query.order_by(s.firm_id, s.period_start))}


def exit_events(session: Any, firm_ids: Iterable[int], on: date, since: date | None = None) -> dict[int, Found]:
    """Acquired, listed or quoted by `on`. Value: list of (kind, day)."""
    e = ExitEvent
    query = select(e.firm_id, e.id, e.kind, e.on_date).where(e.firm_id.in_(list(firm_ids)), e.on_date <= on)
    if since is not None:
        query = query.where(e.on_date >= since)
    out: dict[int, Found] = {}
    for row in session.execute(query.order_by(e.firm_id, e.on_date)):
        found = out.setdefault(row.firm_id, Found(value=[]))
        found.value.append((row.kind, row.on_date))
        found.records.append(("tenants.exit_event", row.id))
    return out


def qualifications_on(session: Any, firm_ids: Iterable[int], on: date) -> dict[int, set[str]]:
    """Kinds each firm holds on `on`."""
    out: dict[int, set[str]] = defaultdict(set)
    q = Qualification
    for firm_id, kind in session.execute(select(q.firm_id, q.kind).where(q.firm_id.in_(list(firm_ids)), qualification_valid(on))):
        out[firm_id].add(kind)
    return dict(out)


def valid_ip(session: Any, firm_ids: Iterable[int], on: date) -> dict[int, dict[str, int]]:
    """Valid rights of each firm on `on`, by kind."""
    out: dict[int, dict[str, int]] = defaultdict(dict)
    ip = IntellectualProperty
    query = select(ip.firm_id, ip.kind, func.count()).where(ip.firm_id.in_(list(firm_ids)), ip_valid(on)).group_by(
        ip.firm_id, ip.kind)
    for firm_id, kind, count in session.execute(query):
        out[firm_id][kind] = count
    return dict(out)
