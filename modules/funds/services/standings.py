"""Keeps where funds stood: month ends for indicators and charts. Rows are worked out from flows and marks, never typed in (V-60)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from parkops.clock import add_months

from ..calc_standing import Standing, pooled, standing
from ..models.fund import Fund
from ..models.standing import FundStanding
from . import returns


def values_of(found: Standing) -> dict[str, Any]:
    """The columns of a row."""
    m = found.multiples
    out = {n: getattr(found, n) for n in ("committed", "paid_in", "distributed", "recallable", "invested", "returned", "cost", "holdings",
                                          "receivable", "cash", "accrued_carry", "nav")}
    pic = None if m.pic is None else m.pic
    return out | {"firms": len(found.held), "dpi": m.dpi, "rvpi": m.rvpi, "tvpi": m.tvpi, "moic": found.moic, "pic": pic,
                  "net_irr": _eight(found.net.rate), "net_why": found.net.why, "gross_irr": _eight(found.gross.rate),
                  "gross_why": found.gross.why}


def _eight(rate: Any) -> Any:
    return None if rate is None else round(rate, 8)


def month_ends(first: date, last: date) -> list[date]:
    """The last days of the months from `first` on that are over on `last`."""
    out, month = [], first.replace(day=1)
    while (end := add_months(month, 1) - timedelta(days=1)) <= last:
        out.append(end)
        month = add_months(month, 1)
    return out


def take(session: Any, park_id: int, days: list[date]) -> int:
    """Work out the rows of these days for every fund of a park and for all as one; existing rows are brought up to date."""
    found = returns.all_funds(session, park_id)
    if not found or not days:
        return 0
    loaded = returns.books(session, found)
    have = {(r.fund_id, r.on_date): r for r in session.scalars(
        select(FundStanding).where(FundStanding.park_id == park_id, FundStanding.on_date.in_(days)))}
    for on in days:
        there = [f for f in found if f.established_on <= on]
        for fund in there:
            _keep(session, have, park_id, fund.id, standing(loaded[fund.id], on))
        if there:
            _keep(session, have, park_id, None, pooled([loaded[f.id] for f in there], on))
    session.flush()
    return len(days)


def _keep(session: Any, have: dict, park_id: int, fund_id: int | None, found: Standing) -> None:
    row = have.get((fund_id, found.on))
    if row is None:
        row = have[fund_id, found.on] = FundStanding(park_id=park_id, fund_id=fund_id, on_date=found.on)
        session.add(row)
    for name, value in values_of(found).items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def touch(session: Any, fund_id: int, since: date) -> None:
    """Something changed from a day on: the rows of that day and later are worked out anew."""
    park_id = session.scalar(select(Fund.park_id).where(Fund.id == fund_id))
    days = sorted(set(session.scalars(select(FundStanding.on_date).where(FundStanding.park_id == park_id, FundStanding.on_date >= since))))
    take(session, park_id, days)


def nightly(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: every month end since the first fund, and today (the day of the run; earlier days between month ends go)."""
    if park_id is None:
        return {"days": 0}
    found = returns.all_funds(session, park_id)
    if not found:
        return {"days": 0}
    days = [*month_ends(min(f.established_on for f in found), on), on]
    kept = set(days)
    for row in session.scalars(select(FundStanding).where(FundStanding.park_id == park_id, FundStanding.on_date < on)):
        if row.on_date not in kept:
            session.delete(row)
    session.flush()
    return {"days": take(session, park_id, sorted(kept))}


def differences(session: Any) -> list[tuple[FundStanding, str, Any, Any]]:
    """Kept figures that flows and marks no longer give: (row, figure, kept, worked out)."""
    out = []
    found = returns.all_funds(session)
    loaded = returns.books(session, found)
    rows = session.scalars(select(FundStanding).options(joinedload(FundStanding.fund)).order_by(FundStanding.id))
    for row in rows:
        there = [f for f in found if f.park_id == row.park_id and f.established_on <= row.on_date]
        now = standing(loaded[row.fund_id], row.on_date) if row.fund_id in loaded else pooled([loaded[f.id] for f in there], row.on_date)
        out += [(row, n, getattr(row, n), v) for n, v in values_of(now).items() if getattr(row, n) != v]
    return out
