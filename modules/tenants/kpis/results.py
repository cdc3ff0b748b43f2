"""What the firms achieved: figures they reported (unreported stays unreported), IP, qualifications and financing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select

from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, LAST, RATIO, SUM, Home, Kpi, Window

from ..models.financing import EQUITY_KINDS, FinancingEvent
from ..models.intellectual import IntellectualProperty
from ..models.qualification import Qualification
from ..models.stage import Stage
from ..models.statement import FirmStatement
from ..services.fact_queries import ip_valid, qualification_valid
from . import _sql

Pair = tuple[Callable[[Window], Any], Callable[[Window], Any]]


def _covers(entity: Any, day: Any) -> Any:
    return and_(entity.starts_on <= day, or_(entity.ends_on.is_(None), entity.ends_on > day))


def _reported(figure: str, split: Callable[[Window], Any]) -> Pair:
    """One row per firm in incubation at the end of each period; NULL where it reported nothing."""
    value = getattr(FirmStatement, figure)

    def joined(window: Window, *columns: Any, outer: bool) -> Any:
        grain, rows = split(window)
        p = _sql.periods(rows)
        match = and_(FirmStatement.firm_id == Stage.firm_id, FirmStatement.grain == grain,
                     FirmStatement.period_start == p.c.start)
        return select(*columns).select_from(Stage).join(p, _covers(Stage, p.c.last_day)).join(
            FirmStatement, match, isouter=outer).where(Stage.state == "incubating")

    def measure(window: Window) -> Any:
        return joined(window, Stage.park_id, cast(Stage.carrier_id, String).label("key"), value.label("numerator"), outer=True)

    def drill(window: Window) -> Any:
        return joined(window, FirmStatement.id.label("id"), cast(Stage.carrier_id, String).label("key"), value.label("amount"),
                      outer=False).where(value.is_not(None))

    return measure, drill


def _rights(day: Callable[[Window], Any], *conditions: Callable[[Window], Any]) -> Pair:
    """IP that meets the conditions, of firms that were in incubation on `day` (a column, or the window's day)."""
    ip = IntellectualProperty
    key = cast(Stage.carrier_id, String).label("key")

    def rows(window: Window, *columns: Any) -> Any:
        return select(*columns).select_from(ip).join(Stage, and_(
            Stage.firm_id == ip.firm_id, Stage.state == "incubating", _covers(Stage, day(window)))).where(
            *(c(window) for c in conditions))

    def measure(window: Window) -> Any:
        return rows(window, Stage.park_id, key, func.count(ip.id).label("numerator")).group_by(Stage.park_id, Stage.carrier_id)

    return measure, lambda window: rows(window, ip.id.label("id"), key)


def _holders(kinds: tuple[str, ...]) -> Pair:
    """Firms in incubation holding one of the qualifications, each once."""
    def holding(window: Window, inc: Any) -> Any:
        return select(Qualification.id).where(Qualification.firm_id == inc.c.firm_id, Qualification.kind.in_(kinds),
                                              qualification_valid(window.on)).exists()

    def measure(window: Window) -> Any:
        inc = _sql.incubating(window.on)
        held = holding(window, inc)
        return select(inc.c.park_id, inc.c.key, func.count().filter(held).label("numerator"),
                      func.count().label("denominator")).group_by(inc.c.park_id, inc.c.key)

    def drill(window: Window) -> Any:
        inc = _sql.incubating(window.on)
        return select(inc.c.firm_id.label("id"), inc.c.key).where(holding(window, inc))

    return measure, drill


def all_incubating(window: Window) -> Any:
    """Denominator list of the ratios over firms in incubation."""
    inc = _sql.incubating(window.on)
    return select(inc.c.firm_id.label("id"), inc.c.key)


def _rounds(window: Window, *columns: Any) -> Any:
    """Equity rounds paid in within the window while the firm was in incubation."""
    f = FinancingEvent
    return select(*columns).select_from(f).join(Stage, and_(
        Stage.firm_id == f.firm_id, Stage.state == "incubating", _covers(Stage, f.on_date))).where(
        f.kind.in_(EQUITY_KINDS), f.on_date >= window.start, f.on_date < window.end)


def _financed_firms() -> Pair:
    key = cast(Stage.carrier_id, String).label("key")
    return (lambda w: _rounds(w, FinancingEvent.park_id, key, FinancingEvent.firm_id.label("member")),
            lambda w: _rounds(w, FinancingEvent.firm_id.label("id"), key).distinct())


def _financed_amount() -> Pair:
    key = cast(Stage.carrier_id, String).label("key")
    return (lambda w: _rounds(w, FinancingEvent.park_id, key, FinancingEvent.amount_cny.label("numerator")),
            lambda w: _rounds(w, FinancingEvent.id.label("id"), key, FinancingEvent.amount_cny.label("amount")).where(
                FinancingEvent.amount_cny.is_not(None)))


def _granted(window: Window) -> Any:
    ip = IntellectualProperty
    return and_(ip.granted_on >= window.start, ip.granted_on < window.end)


def _applied(window: Window) -> Any:
    ip = IntellectualProperty
    return and_(ip.applied_on >= window.start, ip.applied_on < window.end)


def _reporting() -> tuple[Any, Any]:
    """How many firms in incubation reported the period at all."""
    def rows(window: Window, *columns: Any) -> Any:
        grain, periods = _sql.last_of(window)
        start, last_day = periods[0]
        return select(*columns).select_from(Stage).join(FirmStatement, and_(
            FirmStatement.firm_id == Stage.firm_id, FirmStatement.grain == grain, FirmStatement.period_start == start),
            isouter=True).where(Stage.state == "incubating", _covers(Stage, last_day))

    def measure(window: Window) -> Any:
        return rows(window, Stage.park_id, cast(Stage.carrier_id, String).label("key"),
                    func.count(FirmStatement.id).label("numerator"), func.count().label("denominator")).group_by(
            Stage.park_id, Stage.carrier_id)

    def drill(window: Window) -> Any:
        return rows(window, Stage.firm_id.label("id"), cast(Stage.carrier_id, String).label("key")).where(
            FirmStatement.id.is_not(None))

    return measure, drill


def _all_asked(window: Window) -> Any:
    _grain, periods = _sql.last_of(window)
    return select(Stage.firm_id.label("id"), cast(Stage.carrier_id, String).label("key")).where(
        Stage.state == "incubating", _covers(Stage, periods[0][1]))


def _figure(code: str, title: Any, unit: str, adds_up: str, figure: str, split: Any, explain: Any, order: int,
            grains: tuple[str, ...] = ("month", "quarter", "year")) -> Kpi:
    measure, drill = _reported(figure, split)
    return Kpi(code, title, unit, adds_up, measure, explain, resource="tenants.statement", drill=drill, grains=grains,
               dimension="tenants.carrier", order=order, empty="missing")


_hitech = _holders(("hitech",))
_sme = _holders(("tech_sme", "innovative_sme"))
_valid_ip = _rights(lambda w: w.on, lambda w: ip_valid(w.on))
_granted_ip = _rights(lambda w: IntellectualProperty.granted_on, _granted)
_applied_ip = _rights(lambda w: IntellectualProperty.applied_on, _applied)
_financed = _financed_firms()
_amount = _financed_amount()
_reported_share = _reporting()
_CARRIER = {"dimension": "tenants.carrier"}

HOME = [
    Home("operations_manager", "tenants.reporting_share"),
    Home("leadership", "tenants.hitech_firms tenants.financed_amount"),
]
KPIS = [
    _figure("tenants.headcount", _l("Headcount of firms in incubation"), "people", LAST, "staff_total", _sql.last_of,
            _l("Sum of the staff that firms in incubation reported for the last month (for a year: their annual figure)."), 20),
    _figure("tenants.graduates_hired", _l("Fresh graduates hired"), "people", SUM, "staff_graduate", _sql.months_of,
            _l("Fresh graduates that firms in incubation reported."), 21),
    _figure("tenants.revenue", _l("Revenue of firms in incubation"), "money", SUM, "revenue", _sql.months_of,
            _l("Sum of the revenue that firms in incubation reported; for a year from their annual figures."), 22),
    _figure("tenants.tax_paid", _l("Taxes and fees paid"), "money", SUM, "tax_paid", _sql.months_of,
            _l("Sum of the taxes and fees that firms in incubation reported."), 23),
    _figure("tenants.rd_expense", _l("R&D expense"), "money", SUM, "rd_expense", _sql.months_of,
            _l("Sum of the R&D expense in the annual figures of firms in incubation."), 24, ("year",)),
    Kpi("tenants.reporting_share", _l("Firms that reported"), "percent", RATIO, _reported_share[0],
        _l("Firms in incubation with figures for the last month (or the year) ÷ firms in incubation."),
        resource="tenants.firm", drill=_reported_share[1], drill_denominator=_all_asked, order=25,
        source="创新创业类服务机构统计调查制度（工信部科〔2025〕131号 art. 6(9)）", **_CARRIER),
    Kpi("tenants.ip_valid", _l("Valid IP of firms in incubation"), "count", LAST, _valid_ip[0],
        _l("Rights granted, not expired and not lapsed on the last day, of firms in incubation."),
        resource="tenants.ip", drill=_valid_ip[1], order=30, **_CARRIER),
    Kpi("tenants.ip_granted", _l("IP granted"), "count", SUM, _granted_ip[0],
        _l("Rights granted in the period to firms that were in incubation on that day."),
        resource="tenants.ip", drill=_granted_ip[1], order=31, **_CARRIER),
    Kpi("tenants.ip_applied", _l("IP applied for"), "count", SUM, _applied_ip[0],
        _l("Rights applied for in the period by firms that were in incubation on that day."),
        resource="tenants.ip", drill=_applied_ip[1], order=32, **_CARRIER),
    Kpi("tenants.hitech_firms", _l("Hi-tech enterprises"), "count", LAST, _hitech[0],
        _l("Firms in incubation holding the hi-tech qualification on the last day."),
        resource="tenants.firm", drill=_hitech[1], order=33, **_CARRIER),
    Kpi("tenants.tech_sme_share", _l("Technology and innovative SMEs"), "percent", RATIO, _sme[0],
        _l("Firms in incubation holding the technology-based or innovative SME qualification ÷ firms in incubation."),
        resource="tenants.firm", drill=_sme[1], drill_denominator=all_incubating, order=34,
        source="工信部科〔2025〕131号 art. 6(4)", **_CARRIER),
    Kpi("tenants.financed_firms", _l("Financed firms"), "count", DISTINCT, _financed[0],
        _l("Firms that obtained equity in the period while in incubation, each counted once."),
        resource="tenants.firm", drill=_financed[1], order=35, source="工信部科〔2025〕131号 art. 6(5)", **_CARRIER),
    Kpi("tenants.financed_amount", _l("Equity obtained"), "money", SUM, _amount[0],
        _l("Equity paid in during the period to firms in incubation; undisclosed amounts are missing, not zero."),
        resource="tenants.financing", drill=_amount[1], order=36, empty="zero", **_CARRIER),
]
