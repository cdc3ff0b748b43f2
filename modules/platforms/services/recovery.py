"""Cost recovery of platforms: what was used and charged by class, what it cost, what was received. Rules U-110 to U-116.

Usage and charges are those of events that ended in the period; receipts are those of the period, by their allocation to bills
whose lines come from the platform's events; costs are the entries of the period's pools."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Numeric, and_, case, cast, func, or_, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.receipt import Allocation
from parkops.clock import Period, add_months
from parkops.money import ZERO, yuan
from parkops.security import access

from .. import calc_recovery as calc
from ..models.cost import REDUCING, CostEntry, CostPool, GapFunder
from ..models.event import UsageEvent
from ..models.project import CUSTOMER_CLASSES
from ..models.registry import Instrument, Platform
from .voucher_charges import offset_of_bills

SOURCE = "platforms.event"
COUNTED = ("done", "validated", "waived")
OUTSIDE = ("external",)
HOUR = Decimal(60)


@dataclass
class PlatformSheet:
    """The recovery sheet of a platform and period, with what stands behind it."""

    platform: Platform
    period: Period
    sheet: calc.Sheet
    costs: dict[str, Decimal]
    unpriced: int = 0
    months_missing: list[date] = field(default_factory=list)

    @property
    def grants(self) -> Decimal:
        return self.costs.get("grant", ZERO)

    @property
    def carried(self) -> Decimal:
        return self.costs.get("carry", ZERO)


def within(start: date, end: date) -> Any:
    """Events that count in `[start, end)`: ended, not cancelled; waived ones were used all the same (their value stands apart)."""
    e = UsageEvent
    return and_(e.ended_on >= start, e.ended_on < end, e.state.in_(COUNTED))


def minutes() -> Any:
    """Sum of machine minutes."""
    return func.coalesce(func.sum(UsageEvent.minutes).filter(UsageEvent.kind == "usage"), 0)


def hours_by_platform(session: Any, start: date, end: date) -> dict[int, Decimal]:
    """Machine hours of every platform."""
    rows = session.execute(select(UsageEvent.platform_id, minutes()).where(within(start, end)).group_by(UsageEvent.platform_id))
    return {platform: Decimal(int(n)) / HOUR for platform, n in rows}


def receipts(start: date, end: date) -> Any:
    """bill_id, paid (fen): what receipts of the days settled of each bill, undone allocations taken off."""
    a = Allocation
    return (
        select(a.bill_id, func.sum(type_coerce(a.amount, BigInteger)).label("paid"))
        .where(a.bill_id.is_not(None), a.receipt_id.is_not(None), a.on_date >= start, a.on_date < end)
        .group_by(a.bill_id)
        .subquery("receipts")
    )


def cash_rows(start: date, end: date) -> Any:
    """event id, park, platform, class, cash (fen): each line of a bill gets its part of what was received for the bill.

    Where prices are without VAT (setting), the VAT received with them is no income: the line counts as what the event came to."""
    paid = receipts(start, end)
    net = type_coerce(UsageEvent.net, BigInteger)
    line = type_coerce(Charge.gross, BigInteger)
    gross = case((net >= 0, func.least(line, net)), else_=func.greatest(line, net))
    offset = offset_of_bills()
    whole = type_coerce(Bill.gross, BigInteger) - func.coalesce(type_coerce(offset.c.offset, BigInteger), 0)  # before vouchers
    part = cast(func.round(cast(gross, Numeric) * paid.c.paid / func.nullif(whole, 0)), BigInteger)
    return (
        select(
            UsageEvent.id.label("id"),
            UsageEvent.park_id.label("park_id"),
            UsageEvent.platform_id.label("platform_id"),
            UsageEvent.customer_class.label("customer_class"),
            func.sum(part).label("cash"),
        )
        .select_from(Charge)
        .join(paid, paid.c.bill_id == Charge.bill_id)
        .join(Bill, Bill.id == Charge.bill_id)
        .outerjoin(offset, offset.c.bill_id == Bill.id)
        .join(UsageEvent, and_(Charge.source == SOURCE, Charge.source_id == UsageEvent.id))
        .group_by(UsageEvent.id, UsageEvent.park_id, UsageEvent.platform_id, UsageEvent.customer_class)
    )


def _cash(session: Any, start: date, end: date) -> dict[tuple[int, str], Decimal]:
    rows = cash_rows(start, end).subquery("cash")
    found = session.execute(
        select(rows.c.platform_id, rows.c.customer_class, func.sum(rows.c.cash)).group_by(rows.c.platform_id, rows.c.customer_class)
    )
    return {(platform, klass): yuan(int(fen or 0)) for platform, klass, fen in found}


def _used(session: Any, start: date, end: date) -> dict[int, dict[str, Any]]:
    e = UsageEvent
    money = [func.coalesce(func.sum(getattr(e, n)), 0).label(n) for n in ("gross", "discount", "entitled", "waived", "net")]
    unpriced = func.count(e.id).filter(e.net.is_(None))
    rows = session.execute(
        select(
            e.platform_id,
            e.customer_class,
            minutes().label("minutes"),
            *money,
            func.count(e.id).label("events"),
            func.count(e.firm_id.distinct()).label("firms"),
            unpriced.label("unpriced"),
        )
        .where(within(start, end))
        .group_by(e.platform_id, e.customer_class)
    )
    out: dict[int, dict[str, Any]] = {}
    for r in rows:
        out.setdefault(r.platform_id, {})[r.customer_class] = r
    return out


def _uses(rows: dict[str, Any], cash: dict[str, Decimal], funders: dict[str, str]) -> list[calc.Use]:
    """A class that was used or that paid, in the order of the classes."""
    out = []
    for code in CUSTOMER_CLASSES:
        r = rows.get(code)
        if r is None and not cash.get(code):
            continue
        out.append(
            calc.Use(
                code,
                Decimal(int(r.minutes)) / HOUR if r else Decimal(0),
                *((r.gross, r.discount, r.entitled, r.waived, r.net) if r else [ZERO] * 5),
                cash=cash.get(code, ZERO),
                events=r.events if r else 0,
                firms=r.firms if r else 0,
                outside=code in OUTSIDE,
                funder=funders.get(code),
            )
        )
    return out


def _costs(session: Any, start: date, end: date) -> dict[int, dict[str, Decimal]]:
    rows = session.execute(
        select(CostPool.platform_id, CostEntry.kind, func.sum(CostEntry.amount))
        .join(CostPool, CostPool.id == CostEntry.pool_id)
        .where(CostPool.month >= start, CostPool.month < end)
        .group_by(CostPool.platform_id, CostEntry.kind)
    )
    out: dict[int, dict[str, Decimal]] = {}
    for platform, kind, amount in rows:
        out.setdefault(platform, {})[kind] = amount
    return out


def _pools(session: Any, start: date, end: date) -> dict[int, set[date]]:
    out: dict[int, set[date]] = {}
    for platform, month in session.execute(
        select(CostPool.platform_id, CostPool.month).where(CostPool.month >= start, CostPool.month < end)
    ):
        out.setdefault(platform, set()).add(month)
    return out


def kept(first: date) -> tuple[Any, Any]:
    """Conditions, one of which holds for an instrument that was not retired before `first`; unknown days count as before."""
    return Instrument.state != "retired", Instrument.retired_on >= first


def _rated(session: Any, months: list[date]) -> dict[int, Decimal]:
    """Rated hours of the months: a twelfth of the year's for every month an instrument was there (U-113)."""
    out: dict[int, Decimal] = {}
    for i in session.scalars(select(Instrument).where(or_(*kept(months[0] if months else date.max)))):
        bought, gone = i.bought_on or date.min, i.retired_on or date.max
        there = sum(1 for m in months if bought < add_months(m, 1) and gone >= m)
        out[i.platform_id] = out.get(i.platform_id, Decimal(0)) + Decimal(i.rated_hours) * there / 12
    return out


def _funders(session: Any, on: date) -> dict[int, dict[str, str]]:
    f = GapFunder
    rows = session.scalars(select(f).where(f.starts_on <= on, or_(f.last_day.is_(None), f.last_day >= on)).order_by(f.id))
    out: dict[int, dict[str, str]] = {}
    for row in rows:
        out.setdefault(row.platform_id, {})[row.customer_class] = row.funder
    return out


def months_of(period: Period, on: date) -> list[date]:
    """Months of the period that have begun by `on`."""
    out, month = [], period.start
    while month < period.end and month <= on:
        out.append(month)
        month = add_months(month, 1)
    return out


def of_period(session: Any, period: Period, on: date, *, platform_ids: list[int] | None = None) -> list[PlatformSheet]:
    """The sheet of every platform (seven statements whatever their number). `on`: months after it do not count as available."""
    access.require(session, "platforms.cost_pool", "read")
    query = select(Platform).order_by(Platform.code)
    platforms = list(session.scalars(query if platform_ids is None else query.where(Platform.id.in_(platform_ids))))
    start, end, months = period.start, period.end, months_of(period, on)
    used, cash, costs = _used(session, start, end), _cash(session, start, end), _costs(session, start, end)
    pools, rated, funders = _pools(session, start, end), _rated(session, months), _funders(session, min(period.last_day, on))
    out = []
    for p in platforms:
        found = costs.get(p.id, {})
        mine = {klass: amount for (platform, klass), amount in cash.items() if platform == p.id}
        rows = used.get(p.id, {})
        made = calc.sheet(
            {k: v for k, v in found.items() if k not in REDUCING},
            _uses(rows, mine, funders.get(p.id, {})),
            grants=found.get("grant", ZERO),
            carried=found.get("carry", ZERO),
            rated=rated.get(p.id),
        )
        out.append(
            PlatformSheet(
                p,
                period,
                made,
                found,
                sum(r.unpriced for r in rows.values()),
                [m for m in months if m not in pools.get(p.id, set()) and (p.opened_on is None or p.opened_on < add_months(m, 1))],
            )
        )
    return out


def of_platform(session: Any, platform: Platform, period: Period, on: date) -> PlatformSheet:
    """The sheet of one platform."""
    return of_period(session, period, on, platform_ids=[platform.id])[0]


def years_of(session: Any, platform: Platform, period: Period, on: date) -> list[PlatformSheet]:
    """The same period of this year and the two before, oldest first."""
    periods = [Period.of(period.grain, add_months(period.start, -12 * n)) for n in (2, 1, 0)]
    return [of_platform(session, platform, p, on) for p in periods]


def what_if_start(found: PlatformSheet) -> calc.WhatIf:
    """What the sliders show before one is moved; the page has it without the script, too."""
    s = found.sheet
    return calc.what_if([line.use for line in s.lines], s.fixed, _variable(s), s.rated)


def _variable(s: calc.Sheet) -> Decimal | None:
    return s.cost - s.fixed if s.cost is not None and s.fixed is not None else None


def what_if(found: PlatformSheet) -> dict[str, Any]:
    """The numbers the page's sliders start from: decimals as text, so that none is lost on the way."""
    s = found.sheet
    variable = _variable(s)
    return {
        "fixed": str(s.fixed) if s.fixed is not None else None,
        "variable": str(variable) if variable is not None else None,
        "hours": str(s.hours),
        "rated": str(s.rated) if s.rated is not None else None,
        "classes": [
            {
                "code": line.use.code,
                "name": str(CUSTOMER_CLASSES.label(line.use.code)),
                "hours": str(line.use.hours),
                "billed": str(line.use.billed),
                "price": str(line.price) if line.price is not None else None,
                "outside": line.use.outside,
            }
            for line in s.lines
        ],
    }
