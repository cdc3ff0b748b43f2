"""A firm's figures over the years for its page and its sheet. A year without a figure is None (a gap), never zero."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import extract, func, select

from ..models.financing import EQUITY_KINDS, FinancingEvent
from ..models.intellectual import IntellectualProperty
from ..models.statement import FirmStatement
from .fact_queries import ip_valid

REPORTED = ("revenue", "rd_expense", "net_profit", "tax_paid", "staff_total")
YEARS = 6


def years_of(session: Any, firm_id: int, on: date, first: date | None = None) -> list[int]:
    """The years shown: from the firm's first figure or entry, at most six, up to the last year that ended."""
    start = session.scalar(select(func.min(FirmStatement.period_start)).where(
        FirmStatement.firm_id == firm_id, FirmStatement.grain == "year"))
    known = [d.year for d in (start, first) if d is not None]
    last = on.year - 1
    return list(range(max(min(known, default=last), last - YEARS + 1), last + 1)) or [last]


def results(session: Any, firm_id: int, on: date, first: date | None = None) -> dict[str, Any]:
    """`years` and, by code, one value per year: yuan for money, counts otherwise, None where nothing was reported.

    IP and equity come from the park's own records, so a year without any is 0 there."""
    years = years_of(session, firm_id, on, first)
    rows = {s.period_start.year: s for s in session.scalars(select(FirmStatement).where(
        FirmStatement.firm_id == firm_id, FirmStatement.grain == "year",
        FirmStatement.period_start.between(date(years[0], 1, 1), date(years[-1], 1, 1))))}
    out: dict[str, Any] = {"years": years}
    for figure in REPORTED:
        out[figure] = [getattr(rows.get(y), figure, None) for y in years]
    out["ip_valid"] = [session.scalar(select(func.count(IntellectualProperty.id)).where(
        IntellectualProperty.firm_id == firm_id, ip_valid(min(date(y, 12, 31), on)))) for y in years]
    equity = dict(session.execute(select(extract("year", FinancingEvent.on_date), func.sum(FinancingEvent.amount_cny)).where(
        FinancingEvent.firm_id == firm_id, FinancingEvent.kind.in_(EQUITY_KINDS)).group_by(extract("year", FinancingEvent.on_date))).all())
    undisclosed = set(session.scalars(select(extract("year", FinancingEvent.on_date)).where(
        FinancingEvent.firm_id == firm_id, FinancingEvent.kind.in_(EQUITY_KINDS), FinancingEvent.amount_cny.is_(None))))
    out["equity"] = [equity.get(y) if y in equity and equity[y] is not None else None if y in undisclosed else Decimal(0) for y in years]
    return out
