"""Indicators of platforms: recovery, use and results. Keys are platforms.

Events count by the day they ended (cancelled ones never); costs by the month of their pool; receipts by the day they were allocated."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, case, cast, func, literal, or_, select, type_coerce, union_all

from parkops.clock import add_months
from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, LAST, RATIO, SUM, Home, Kpi, Window

from ..models.cost import REDUCING, CostEntry, CostPool
from ..models.event import UsageEvent
from ..models.registry import Instrument
from ..models.result import PlatformResult
from ..services import recovery

E, C = UsageEvent, CostEntry
PRACTICE = "成本补偿、非盈利"


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _whole(column: Any) -> Any:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _key(column: Any) -> Any:
    return cast(column, String).label("key")


def _in(window: Window) -> Any:
    return recovery.within(window.start, window.end)


def _events(window: Window, value: Any, *more: Any) -> Any:
    """park, platform, amount of the events."""
    return select(E.park_id.label("park_id"), E.platform_id.label("platform_id"), value.label("amount")).where(_in(window), *more)


def _entries(window: Window, *more: Any) -> Any:
    """park, platform, signed amount of the pools' entries; grants and surpluses carried reduce."""
    signed = case((C.kind.in_(REDUCING), -_fen(C.amount)), else_=_fen(C.amount))
    return (
        select(C.park_id.label("park_id"), CostPool.platform_id.label("platform_id"), signed.label("amount"))
        .select_from(C)
        .join(CostPool, CostPool.id == C.pool_id)
        .where(CostPool.month >= window.start, CostPool.month < window.end, *more)
    )


def _ratio(upper: Any, lower: Any) -> Any:
    """Two lists of amounts side by side; a park without the lower one says nothing."""
    a, b = upper.subquery("upper"), lower.subquery("lower")
    none = literal(0, BigInteger)
    rows = union_all(
        select(a.c.park_id, a.c.platform_id, cast(a.c.amount, BigInteger).label("n"), none.label("d"), none.label("has")),
        select(b.c.park_id, b.c.platform_id, none, cast(b.c.amount, BigInteger), literal(1, BigInteger)),
    ).subquery("rows")
    return (
        select(rows.c.park_id, _key(rows.c.platform_id), _whole(rows.c.n).label("numerator"), _whole(rows.c.d).label("denominator"))
        .group_by(rows.c.park_id, rows.c.platform_id)
        .having(func.sum(rows.c.has) > 0)
    )


def _cash(window: Window) -> Any:
    c = recovery.cash_rows(window.start, window.end).subquery("cash")
    return select(c.c.park_id, c.c.platform_id, c.c.cash.label("amount"))


NET = func.coalesce(_fen(E.net), 0)
COSTS = C.kind.not_in(REDUCING)


def measure_billed(window: Window) -> Any:
    """Charged ÷ net cost."""
    return _ratio(_events(window, NET), _entries(window))


def measure_cash(window: Window) -> Any:
    """Received ÷ net cost."""
    return _ratio(_cash(window), _entries(window))


def measure_own_income(window: Window) -> Any:
    """Charged ÷ cost before grants."""
    return _ratio(_events(window, NET), _entries(window, COSTS))


def list_charged(window: Window) -> Any:
    """The events behind it, with what they were charged."""
    return select(E.id.label("id"), _key(E.platform_id), NET.label("amount")).where(_in(window))


def list_cash(window: Window) -> Any:
    """The events money came in for."""
    c = recovery.cash_rows(window.start, window.end).subquery("cash")
    return select(c.c.id, _key(c.c.platform_id), c.c.cash.label("amount"))


def _list_entries(window: Window, *more: Any) -> Any:
    signed = case((C.kind.in_(REDUCING), -_fen(C.amount)), else_=_fen(C.amount))
    return (
        select(C.id.label("id"), _key(CostPool.platform_id), signed.label("amount"))
        .select_from(C)
        .join(CostPool, CostPool.id == C.pool_id)
        .where(CostPool.month >= window.start, CostPool.month < window.end, *more)
    )


def list_costs(window: Window) -> Any:
    """The entries of the pools."""
    return _list_entries(window)


def list_costs_before_grants(window: Window) -> Any:
    """The entries without grants and balances carried."""
    return _list_entries(window, COSTS)


MINUTES = func.coalesce(E.minutes, 0)
MACHINE = E.kind == "usage"


def _rated(window: Window) -> Any:
    """Rated minutes of every instrument over the months begun by the window's day (a twelfth of the year's each)."""
    months = recovery.months_of(window.period, window.on)
    bought = Instrument.bought_on
    there = [case((and_(or_(bought.is_(None), bought < add_months(m, 1)), or_(*recovery.kept(m))), 1), else_=0) for m in months]
    total: Any = literal(0, BigInteger)
    for one in there:
        total = total + one
    return cast(Instrument.rated_hours * 5 * total, BigInteger)


def measure_utilisation(window: Window) -> Any:
    """Machine minutes ÷ rated minutes."""
    rated = select(Instrument.park_id.label("park_id"), Instrument.platform_id.label("platform_id"), _rated(window).label("amount")).where(
        or_(*recovery.kept(window.start))
    )
    return _ratio(_events(window, MINUTES, MACHINE), rated)


def list_minutes(window: Window) -> Any:
    """The uses, in minutes."""
    return select(E.id.label("id"), _key(E.platform_id), MINUTES.label("amount")).where(_in(window), MACHINE)


def list_rated(window: Window) -> Any:
    """The instruments with their rated minutes."""
    return select(Instrument.id.label("id"), _key(Instrument.platform_id), _rated(window).label("amount")).where(
        or_(*recovery.kept(window.start))
    )


def measure_outside(window: Window) -> Any:
    """Machine minutes of outside users ÷ all."""
    return _ratio(_events(window, MINUTES, MACHINE, E.customer_class.in_(recovery.OUTSIDE)), _events(window, MINUTES, MACHINE))


def list_outside(window: Window) -> Any:
    """The uses by outside users."""
    return list_minutes(window).where(E.customer_class.in_(recovery.OUTSIDE))


def measure_firms(window: Window) -> Any:
    """One row per firm served in the period and platform."""
    return select(E.park_id, _key(E.platform_id), E.firm_id.label("member")).where(_in(window)).distinct()


def list_firms(window: Window) -> Any:
    """The firms."""
    return select(E.firm_id.label("id"), _key(E.platform_id)).where(_in(window)).distinct()


def measure_firms_ever(window: Window) -> Any:
    """One row per firm served until the window's day."""
    return (
        select(E.park_id, _key(E.platform_id), E.firm_id.label("member"))
        .where(E.ended_on <= window.on, E.state.in_(recovery.COUNTED))
        .distinct()
    )


def list_firms_ever(window: Window) -> Any:
    """Those firms."""
    return select(E.firm_id.label("id"), _key(E.platform_id)).where(E.ended_on <= window.on, E.state.in_(recovery.COUNTED)).distinct()


def measure_waived(window: Window) -> Any:
    """Value given up."""
    return (
        select(E.park_id, _key(E.platform_id), cast(func.sum(_fen(E.waived)), BigInteger).label("numerator"))
        .where(_in(window), E.waived > 0)
        .group_by(E.park_id, E.platform_id)
    )


def list_waived(window: Window) -> Any:
    """The events waived."""
    return select(E.id.label("id"), _key(E.platform_id), _fen(E.waived).label("amount")).where(_in(window), E.waived > 0)


def _results(kind: str, window: Window) -> Any:
    r = PlatformResult
    return and_(r.kind == kind, r.state == "confirmed", r.on_date <= window.on)


def measure_results(kind: str) -> Any:
    """Confirmed results of a kind until the window's day."""

    def measure(window: Window) -> Any:
        r = PlatformResult
        return (
            select(r.park_id, _key(r.platform_id), func.count(r.id).label("numerator"))
            .where(_results(kind, window))
            .group_by(r.park_id, r.platform_id)
        )

    return measure


def list_results(kind: str) -> Any:
    """Those results."""

    def drill(window: Window) -> Any:
        return select(PlatformResult.id.label("id"), _key(PlatformResult.platform_id)).where(_results(kind, window))

    return drill


EVENT, ENTRY, DIM = "platforms.event", "platforms.cost_entry", "platforms.platform"


def _kpi(code: str, title: Any, unit: str, adds_up: str, measure: Any, explain: Any, **more: Any) -> Kpi:
    return Kpi(f"platforms.{code}", title, unit, adds_up, measure, explain, dimension=DIM, **more)


HOME = [
    Home("finance", "platforms.recovery_billed platforms.recovery_cash platforms.waived"),
    Home("operations_manager", "platforms.utilisation"),
    Home("leadership", "platforms.recovery_billed"),
]
KPIS = [
    _kpi(
        "recovery_billed",
        _l("Cost recovery, charged"),
        "percent",
        RATIO,
        measure_billed,
        _l("Charges net of waivers ÷ net cost of the pools (costs less grants and surplus carried)."),
        resource=EVENT,
        drill=list_charged,
        drill_denominator=list_costs,
        denominator_resource=ENTRY,
        source=PRACTICE,
        order=70,
        places=2,
        denominator_places=2,
    ),
    _kpi(
        "recovery_cash",
        _l("Cost recovery, received"),
        "percent",
        RATIO,
        measure_cash,
        _l("Receipts for platform bills in the period ÷ net cost of the pools."),
        resource=EVENT,
        drill=list_cash,
        drill_denominator=list_costs,
        denominator_resource=ENTRY,
        source=PRACTICE,
        order=71,
        places=2,
        denominator_places=2,
    ),
    _kpi(
        "own_income",
        _l("Own-income ratio"),
        "percent",
        RATIO,
        measure_own_income,
        _l("Charges net of waivers ÷ costs before grants (自我造血率)."),
        resource=EVENT,
        drill=list_charged,
        drill_denominator=list_costs_before_grants,
        denominator_resource=ENTRY,
        order=72,
        places=2,
        denominator_places=2,
    ),
    _kpi(
        "utilisation",
        _l("Utilisation of instruments"),
        "percent",
        RATIO,
        measure_utilisation,
        _l("Machine minutes used ÷ rated minutes of the months begun (rated hours a year ÷ 12)."),
        resource=EVENT,
        drill=list_minutes,
        drill_denominator=list_rated,
        denominator_resource="platforms.instrument",
        order=80,
    ),
    _kpi(
        "outside_share",
        _l("Share of outside users"),
        "percent",
        RATIO,
        measure_outside,
        _l("Machine minutes of outside users ÷ all machine minutes."),
        resource=EVENT,
        drill=list_outside,
        drill_denominator=list_minutes,
        denominator_resource=EVENT,
        order=81,
    ),
    _kpi(
        "firms_served",
        _l("Firms served"),
        "count",
        DISTINCT,
        measure_firms,
        _l("Different firms with an event in the period."),
        resource="tenants.firm",
        drill=list_firms,
        order=90,
    ),
    _kpi(
        "firms_served_ever",
        _l("Firms served, cumulative"),
        "count",
        DISTINCT,
        measure_firms_ever,
        _l("Different firms with an event until the end of the period."),
        resource="tenants.firm",
        drill=list_firms_ever,
        order=91,
    ),
    _kpi(
        "waived",
        _l("Waived value of platform use"),
        "money",
        SUM,
        measure_waived,
        _l("What waived events would have cost; never part of a rate."),
        resource=EVENT,
        drill=list_waived,
        better="none",
        order=95,
        empty="zero",
    ),
    _kpi(
        "patents",
        _l("Patents of the platforms, cumulative"),
        "count",
        LAST,
        measure_results("patent"),
        _l("Confirmed patents until the end of the period."),
        resource="platforms.result",
        drill=list_results("patent"),
        order=96,
    ),
    _kpi(
        "transfers",
        _l("Results transferred, cumulative"),
        "count",
        LAST,
        measure_results("transfer"),
        _l("Confirmed transfers until the end of the period."),
        resource="platforms.result",
        drill=list_results("transfer"),
        order=97,
    ),
]
