"""The list of graduation forecasts, the tab on a firm and the button that writes them anew."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect
from sqlalchemy import and_, func, select

from modules.tenants.models.firm import Firm
from parkops import clock, refs
from parkops.db.session import scope_of
from parkops.i18n import _, _l, locale
from parkops.rules.facts import text_of
from parkops.rules.units import unit_text
from parkops.security import access
from parkops.web import resources, slots
from parkops.web.resource import Col, Filter, ListButton, Resource, Section, Tab, Tile, Titles, View
from parkops.web.views import Page, commit, route

from ..models.forecast import OUTLOOKS, GraduationForecast
from ..services import forecast
from ..services.measures import installed


def after_term(model: Any, context: Any) -> Any:
    """SQL: the day expected lies after the end of the term."""
    return func.coalesce(and_(model.term_ends_on.is_not(None), model.expected_on > model.term_ends_on), False)


def received(session: Any, firm: Firm, fact: str) -> list[tuple[str, int, str]]:
    """Records of the services that move a criterion: title of the list, how many the firm has, its address. Absent modules are left out."""
    out = []
    for name in forecast.services_of(fact):
        if not installed(name.split(".")[0]) or not resources.has(name) or not access.may(session, name, "read"):
            continue
        model, resolved = refs.model_of(name), resources.resolved(name)
        n = session.scalar(select(func.count(model.id)).where(model.firm_id == firm.id))
        out.append((str(resolved.resource.titles.many), n, f'{resolved.url}?filters=[["firm_id","eq",{firm.id}]]'))
    return out


def lines_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The kept criteria for the screen, in the reader's language."""
    return [
        {
            **x,
            "sentence": (x["sentence_en"] or x["sentence_zh"]) if locale() == "en" else x["sentence_zh"],
            "value_text": text_of("tenants.firm", x["fact"], x["value"]),
            "threshold_text": text_of("tenants.firm", x["fact"], x["threshold"]),
            "unit_text": unit_text(x["unit"]),
            "service": forecast.service_of(x["fact"]),
        }
        for x in rows
    ]


def of_firm(session: Any, firm: Firm) -> dict[str, Any]:
    """The tab: computed now, with the services the firm already had."""
    found = forecast.of_firm(session, firm, clock.today()) if access.may(session, forecast.RESOURCE, "read") else None
    rows = lines_of([c.as_json() for c in found.criteria]) if found is not None else []
    for x in rows:
        x["received"] = received(session, firm, x["fact"]) if x["verdict"] != "pass" else []
    return {"forecast": found, "lines": rows, "outlooks": OUTLOOKS, "firm": firm}


def of_record(session: Any, row: GraduationForecast) -> dict[str, Any]:
    """The same of a kept forecast."""
    return {"forecast": row, "lines": [{**x, "received": []} for x in lines_of(row.lines)], "outlooks": OUTLOOKS, "firm": row.firm}


FORECAST = Resource(
    "ratings.forecast",
    GraduationForecast,
    Titles(_l("Graduation forecast"), _l("Forecast of a firm")),
    columns=(
        Col("firm_id", _l("Firm"), 250, True, link=True),
        Col("carrier_id", _l("Carrier"), 190),
        Col("outlook", width=160, important=True),
        Col("expected_on", width=115, important=True),
        Col("term_ends_on", width=115),
        Col("after_term", _l("After the term"), 110, sql=after_term, fmt="bool"),
        Col("nearest", width=120),
        Col("open_lines", width=100),
        Col("verdict", width=110),
        Col("on_date", width=105),
        Col("rule_set", hidden=True),
    ),
    sections=(
        Section(
            _l("Forecast of a firm"),
            ("firm_id", "carrier_id", "rule_set", "on_date", "verdict", "outlook", "expected_on", "nearest", "term_ends_on", "open_lines"),
        ),
    ),
    tabs=(Tab("criteria", _l("Criteria of graduation"), "ratings/forecast.html", of_record, order=1),),
    buttons=(ListButton(_l("Work out anew"), "/ratings/forecast_anew/", word="act", icon="refresh"),),
    views=(
        View("all", _l("All"), (), "expected_on"),
        View("ready", _l("May graduate"), (Filter("outlook", "eq", "ready"),), "firm_id"),
        View("year", _l("Within twelve months"), (Filter("outlook", "eq", "year"),), "expected_on"),
        View("late", _l("After the term"), (Filter("after_term", "eq", True),), "term_ends_on"),
        View("flat", _l("Not on this trend"), (Filter("outlook", "eq", "flat"),), "term_ends_on"),
        View("unknown", _l("Cannot say"), (Filter("outlook", "eq", "unknown"),), "term_ends_on"),
    ),
    load=("firm", "carrier"),
    search=("firm.name",),
    sort="expected_on",
    menu=("cockpit", 40),
    icon="trending-up",
)


class ForecastAnewPage(Page):
    """The button above the list: every firm in incubation of the park chosen (all without one) is worked out anew."""

    route_base = "/ratings/forecast_anew"
    resource = forecast.RESOURCE

    @route("/", "act", methods=("POST",))
    def index(self) -> Any:
        """Writes and says how many."""
        done = forecast.refresh_forecasts(self.session, on=clock.today(), park_id=scope_of(self.session).park_id)
        commit()
        flash(
            _("%(n)s firms worked out, %(gone)s no longer in incubation taken off the list.", n=done["firms"], gone=done["removed"]),
            "success",
        )
        return redirect("/ratings/forecast/", 303)


RESOURCES = [FORECAST]
PAGES = [ForecastAnewPage]
slots.tab("tenants.firm", Tab("forecast", _l("Graduation forecast"), "ratings/forecast.html", of_firm, order=24))
slots.tile(
    Tile(
        "ratings.graduation_year",
        _l("Graduation expected within twelve months"),
        "ratings.forecast",
        "year",
        ("leadership", "operations_manager"),
        ("firm_id", "expected_on"),
        64,
        "blue",
    )
)
