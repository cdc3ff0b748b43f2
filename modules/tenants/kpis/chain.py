"""The chain of firms: opening + admitted + moved in − graduated − left − dissolved − moved out = closing, per carrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import String, cast, func, literal, select

from parkops.i18n import _l
from parkops.kpi.registry import LAST, SUM, Home, Kpi, Window

from ..models.stage import Stage
from ..services.fact_queries import stage_on
from . import _sql


def _stock(state: str) -> tuple[Callable[[Window], Any], Callable[[Window], Any]]:
    def measure(window: Window) -> Any:
        return select(Stage.park_id, cast(Stage.carrier_id, String).label("key"),
                      func.count(Stage.firm_id).label("numerator")).where(
            Stage.state == state, stage_on(window.on)).group_by(Stage.park_id, Stage.carrier_id)

    def drill(window: Window) -> Any:
        return select(Stage.firm_id.label("id"), cast(Stage.carrier_id, String).label("key")).where(
            Stage.state == state, stage_on(window.on))

    return measure, drill


def _flow(condition: Callable[[Any], Any], carrier: str) -> tuple[Callable[[Window], Any], Callable[[Window], Any]]:
    def measure(window: Window) -> Any:
        c = _sql.changes(window.start, window.end)
        return select(c.c.park_id, cast(c.c[carrier], String).label("key"), func.count().label("numerator")).where(
            condition(c), _sql.in_window(c, window)).group_by(c.c.park_id, c.c[carrier])

    def drill(window: Window) -> Any:
        c = _sql.changes(window.start, window.end)
        return select(c.c.firm_id.label("id"), cast(c.c[carrier], String).label("key"), literal(1).label("amount")).where(
            condition(c), _sql.in_window(c, window))

    return measure, drill


def _graduated_so_far() -> tuple[Callable[[Window], Any], Callable[[Window], Any]]:
    def found(window: Window) -> Any:
        c = _sql.changes()
        return c, (_sql.ended(c, "graduated"), c.c.starts_on <= window.on)

    def measure(window: Window) -> Any:
        c, where = found(window)
        return select(c.c.park_id, cast(c.c.old_carrier, String).label("key"), func.count().label("numerator")).where(
            *where).group_by(c.c.park_id, c.c.old_carrier)

    def drill(window: Window) -> Any:
        c, where = found(window)
        return select(c.c.firm_id.label("id"), cast(c.c.old_carrier, String).label("key"), literal(1).label("amount")).where(*where)

    return measure, drill


def _kpi(code: str, title: Any, adds_up: str, pair: tuple[Any, Any], explain: Any, *, order: int, better: str = "higher",
         source: str = "") -> Kpi:
    return Kpi(code, title, "count", adds_up, pair[0], explain, resource="tenants.firm", drill=pair[1],
               dimension="tenants.carrier", order=order, better=better, source=source)


HOME = [
    Home("operations_manager", "tenants.incubating tenants.admitted tenants.graduated tenants.left"),
    Home("leadership", "tenants.incubating tenants.graduated"),
]
KPIS = [
    _kpi("tenants.incubating", _l("Firms in incubation"), LAST, _stock("incubating"),
         _l("Firms whose stage covers the last day of the period with \"in incubation\", per carrier."), order=1,
         source="工信部科〔2025〕131号 art. 8"),
    _kpi("tenants.admitted", _l("Admitted to incubation"), SUM, _flow(_sql.admitted, "carrier_id"),
         _l("Firms whose incubation began in the period, teams that became companies included."), order=2,
         source="工信部科〔2025〕131号 art. 6(4)"),
    _kpi("tenants.graduated", _l("Graduated"), SUM, _flow(lambda c: _sql.ended(c, "graduated"), "old_carrier"),
         _l("Firms whose incubation ended by graduation in the period, counted for the carrier they left."), order=3,
         source="工信部科〔2025〕131号 art. 9"),
    _kpi("tenants.left", _l("Left without graduating"), SUM, _flow(lambda c: _sql.ended(c, "left"), "old_carrier"),
         _l("Firms whose incubation ended in the period without graduation."), order=4, better="lower"),
    _kpi("tenants.dissolved", _l("Dissolved"), SUM, _flow(lambda c: _sql.ended(c, "dissolved"), "old_carrier"),
         _l("Firms dissolved in the period while in incubation."), order=5, better="lower"),
    _kpi("tenants.moved_in", _l("Moved in from another carrier"), SUM, _flow(_sql.moved, "carrier_id"),
         _l("Firms in incubation that changed to this carrier; part of the reconciliation per carrier."), order=6, better="none"),
    _kpi("tenants.moved_out", _l("Moved out to another carrier"), SUM, _flow(_sql.moved, "old_carrier"),
         _l("Firms in incubation that changed from this carrier; part of the reconciliation per carrier."), order=7, better="none"),
    _kpi("tenants.graduated_total", _l("Graduated so far"), LAST, _graduated_so_far(),
         _l("All graduations up to the last day of the period."), order=8, source="工信部科〔2025〕131号 art. 9"),
    _kpi("tenants.teams", _l("Start-up teams"), LAST, _stock("team"),
         _l("Teams without a company on the last day of the period."), order=9),
    _kpi("tenants.accelerating", _l("Firms in acceleration"), LAST, _stock("accelerating"),
         _l("Graduated firms in the accelerator on the last day of the period."), order=10),
]
