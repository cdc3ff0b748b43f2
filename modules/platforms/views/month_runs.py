"""Screens of month runs as records; the page that prices a month is in `pages.py`."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Titles, View

from ..models.run import MonthRun

S = "modules.platforms.services"
REASON = Input("reason", "longtext", _l("Reason"), required=True)

RESOURCES = [
    Resource(
        "platforms.month_run",
        MonthRun,
        Titles(_l("Month runs"), _l("Month run")),
        icon="calendar-dollar",
        columns=(
            Col("month", width=90, important=True, link=True),
            Col("state", width=100, important=True),
            Col("events", width=90, total="sum"),
            Col("firms", width=80),
            Col("gross", width=130, total="sum"),
            Col("discount", width=110, total="sum"),
            Col("entitled", width=110, total="sum"),
            Col("waived", width=110, total="sum"),
            Col("net", width=130, important=True, total="sum"),
            Col("exceptions", width=90),
            Col("started_by", width=110),
            Col("finished_at", width=150),
        ),
        sections=(
            Section(
                _l("Month run"),
                (
                    "month",
                    "state",
                    "events",
                    "firms",
                    "gross",
                    "discount",
                    "entitled",
                    "waived",
                    "net",
                    "exceptions",
                    "started_by",
                    "finished_at",
                ),
            ),
        ),
        actions=(
            Action(
                "void",
                _l("Take the prices back"),
                f"{S}.month_runs:void_run",
                (REASON,),
                word="remove",
                danger=True,
                guard=f"{S}.month_runs:why_not_void",
                money=True,
            ),
        ),
        views=(View("priced", _l("Priced"), (Filter("state", "eq", "priced"),), "-month"), View("all", _l("All"), (), "-month")),
        tabs=(Related("events", _l("Uses and orders"), "platforms.event", "run_id", order=10),),
        sort="-month",
        money=True,
        menu=("use", 60),
    ),
]
