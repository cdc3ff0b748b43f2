"""Screens of halls, windows, the catalogue, the calendar and visitors."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect
from sqlalchemy import case, func

from parkops import clock
from parkops.i18n import _, _l
from parkops.web.editing import attempt
from parkops.web.resource import Col, Filter, Input, ListButton, Related, Resource, Section, Titles, View
from parkops.web.views import Page, route

from ..models.calendar import HallDay
from ..models.hall import HallVisitors, HallWindow, ServiceHall
from ..models.item import ITEM_CLASSES, SHARED_CLASSES, HallItem, ItemMaterial
from ..services import calendar, catalogue

H, K, D = (f"modules.services.services.{n}" for n in ("halls", "catalogue", "calendar"))

CLASSES = Input("classes", "multichoice", _l("Calls only"), choices=ITEM_CLASSES, help=_l("Empty: every class"))


def classes_in_words(model: Any, context: Any) -> Any:
    """The labels of the classes a window calls, in the reader's language; every class when none is chosen."""
    words = [case((model.classes.contains([code]), str(label))) for code, label in ITEM_CLASSES.items()]
    return case((model.classes == [], _("every class")), else_=func.concat_ws("、", *words))


RESOURCES = [
    Resource(
        "services.hall",
        ServiceHall,
        Titles(_l("Service halls"), _l("Service hall"), _l("New hall")),
        columns=(
            Col("name", width=220, important=True, link=True),
            Col("code", width=90),
            Col("address", width=240, important=True),
            Col("phone", width=140, important=True),
            Col("hours", width=180),
            Col("area", width=100, total="sum"),
            Col("opened_on", width=110),
            Col("active", width=80),
        ),
        sections=(Section(_l("Service hall"), ("code", "name", "address", "phone", "hours", "area", "opened_on", "active", "zones")),),
        create=f"{H}:create_hall",
        change=f"{H}:change_hall",
        remove=f"{H}:remove_hall",
        tabs=(
            Related("windows", _l("Windows"), "services.window", "hall_id", order=10),
            Related("items", _l("Service items"), "services.item", "hall_id", order=20),
            Related("visitors", _l("Visitors"), "services.visitors", "hall_id", order=30),
        ),
        search=("name", "code"),
        sort="code",
        menu=("hall_setup", 10),
        icon="building-community",
        code_field="code",
    ),
    Resource(
        "services.window",
        HallWindow,
        Titles(_l("Windows"), _l("Service window"), _l("New window")),
        columns=(
            Col("code", width=80, important=True, link=True),
            Col("name", width=180, important=True),
            Col("hall_id", width=200),
            Col("officer_id", width=140, important=True),
            Col("called", _l("Calls only"), 220, sql=classes_in_words, filter="none"),
            Col("active", width=80),
        ),
        sections=(Section(_l("Service window"), ("hall_id", "code", "name", "officer_id", CLASSES, "active")),),
        create=f"{H}:create_window",
        change=f"{H}:change_window",
        remove=f"{H}:remove_window",
        load=("hall", "officer"),
        search=("code", "name"),
        sort="code",
        parent=("hall_id", "services.hall"),
        menu=("hall_setup", 20),
        icon="layout-board",
    ),
    Resource(
        "services.item",
        HallItem,
        Titles(_l("Service items"), _l("Service item"), _l("New item")),
        columns=(
            Col("code", width=110),
            Col("name", width=300, important=True, link=True),
            Col("item_class", width=150),
            Col("label", width=130, important=True),
            Col("promised_days", width=110, important=True),
            Col("statutory_days", width=110),
            Col("tolerance", width=90),
            Col("online", width=90),
            Col("shared", width=90),
            Col("fee", width=100),
            Col("active", width=80),
            Col("hall_id", hidden=True),
            Col("authority", hidden=True),
        ),
        sections=(
            Section(_l("Service item"), ("code", "name", "item_class", "label", "authority", "hall_id", "result_name", "phone", "active")),
            Section(
                _l("Limits and fee"),
                ("promised_days", "statutory_days", "fee", "fee_basis", "tolerance", "tolerance_days", "online", "shared"),
            ),
            Section(_l("What is published"), ("basis", "conditions", "process")),
        ),
        create=f"{K}:create_item",
        change=f"{K}:change_item",
        remove=f"{K}:remove_item",
        views=(
            View("active", _l("In use"), (Filter("active", "eq", True),), "code"),
            View("assist", _l("Assisted by the hall"), (Filter("label", "eq", "assist"), Filter("active", "eq", True)), "code"),
            View("authority", _l("Decided by the authority"), (Filter("label", "eq", "authority"), Filter("active", "eq", True)), "code"),
            View(
                "shared",
                _l("Cross-district list"),
                (Filter("shared", "eq", True), Filter("item_class", "in", list(SHARED_CLASSES))),
                "code",
            ),
            View("all", _l("All"), (), "code"),
        ),
        buttons=(ListButton(_l("Enter the ready lists"), "/services/ready_lists/", word="add", icon="download"),),
        tabs=(
            Related("materials", _l("Materials"), "services.item_material", "item_id", order=10),
            Related("cases", _l("Cases"), "services.case", "item_id", order=20),
        ),
        load=("hall",),
        search=("code", "name"),
        sort="code",
        menu=("hall", 40),
        icon="list-details",
        report="service-guide",
        code_field="code",
    ),
    Resource(
        "services.item_material",
        ItemMaterial,
        Titles(_l("Materials of items"), _l("Material"), _l("New material")),
        columns=(
            Col("position", width=70),
            Col("name", width=320, important=True, link=True),
            Col("item_id", width=260, important=True),
            Col("form", width=120),
            Col("copies", width=80),
            Col("issuer", width=160),
            Col("tolerable", width=110, important=True),
        ),
        sections=(Section(_l("Material"), ("item_id", "position", "name", "form", "copies", "issuer", "tolerable")),),
        create=f"{K}:create_material",
        change=f"{K}:change_material",
        remove=f"{K}:remove_material",
        load=("item",),
        search=("name", "item.name"),
        sort="item_id",
        parent=("item_id", "services.item"),
        icon="file-text",
    ),
    Resource(
        "services.calendar_day",
        HallDay,
        Titles(_l("Working-day calendar"), _l("Calendar day"), _l("New day")),
        columns=(
            Col("day", width=120, important=True, link=True),
            Col("kind", width=150, important=True),
            Col("name", width=200, important=True),
            Col("source", width=160),
        ),
        sections=(Section(_l("Calendar day"), ("day", "kind", "name", "source")),),
        create=f"{D}:create_day",
        change=f"{D}:change_day",
        remove=f"{D}:remove_day",
        views=(View("coming", _l("Coming"), (Filter("day", "gte", "@today"),), "day"), View("all", _l("All"), (), "-day")),
        buttons=(ListButton(_l("Enter this and the next year"), "/services/calendar_load/", word="add", icon="download"),),
        search=("name",),
        sort="-day",
        menu=("hall_setup", 40),
        icon="calendar",
    ),
    Resource(
        "services.visitors",
        HallVisitors,
        Titles(_l("Visitors counted"), _l("Visitors of a day"), _l("New count")),
        columns=(
            Col("day", width=120, important=True, link=True),
            Col("hall_id", width=220, important=True),
            Col("visitors", width=110, important=True, total="sum"),
            Col("counted_by", width=140),
        ),
        sections=(Section(_l("Visitors of a day"), ("hall_id", "day", "visitors", "counted_by")),),
        create=f"{H}:create_visitors",
        change=f"{H}:change_visitors",
        remove=f"{H}:remove_visitors",
        load=("hall",),
        sort="-day",
        parent=("hall_id", "services.hall"),
        menu=("hall_setup", 30),
        icon="users",
    ),
]


class HallListsPage(Page):
    """The button above the catalogue: what parks usually do, and the 66 items of cross-district service."""

    route_base = "/services/ready_lists"
    resource = "services.item"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters them; codes that are there stay as they are."""
        return _said(attempt(self.session, lambda: catalogue.load_lists(self.session)), "/services/item/")


class HallCalendarPage(Page):
    """The button above the calendar: the announced days of this year and, once announced, of the next."""

    route_base = "/services/calendar_load"
    resource = "services.calendar_day"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters what is not there; days entered by hand stay."""
        year = clock.today().year

        def work() -> str:
            text = calendar.load_text(self.session, year=year)
            return text if not calendar.has_announced(year + 1) else f"{text} {calendar.load_text(self.session, year=year + 1)}"

        return _said(attempt(self.session, work), "/services/calendar_day/")


def _said(outcome: tuple[Any, Any], url: str) -> Any:
    text, refusal = outcome
    flash(str(refusal) if refusal is not None else text or _("Saved"), "danger" if refusal is not None else "success")
    return redirect(url, 303)


PAGES = [HallListsPage, HallCalendarPage]
