"""The heat map of use: hour × weekday, for a platform or an instrument."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import select

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.web.admin.kpis import periods_around, place_of
from parkops.web.views import Page, route

from .. import calc_heatmap
from ..models.registry import Instrument, Platform
from ..services import heatmap


def _id(name: str) -> int | None:
    text = request.args.get(name, "")
    if text and (not text.isascii() or not text.isdigit() or len(text) > 18):
        raise NotFound(_l("There is no such record in your parks."))
    return int(text) if text else None


class HeatMapPage(Page):
    """`/platforms/heat-map/?period=2026Q3&platform=1&instrument=2`."""

    route_base = "/platforms/heat-map"
    resource = "platforms.event"
    title = _l("Heat map of use")
    menu = ("use", 70)
    icon = "grid-4x4"

    @route("/")
    def index(self) -> Any:
        """The map of the chosen days."""
        values = request.args.to_dict()
        values.setdefault("period", clock.Period.quarter(clock.today()).key)
        place, on = place_of(self.session, values), clock.today()
        platforms = list(self.session.scalars(select(Platform).where(Platform.park_id == place.park_id).order_by(Platform.code)))
        platform, instrument = _id("platform") or next((p.id for p in platforms), None), _id("instrument")
        tools = list(self.session.scalars(select(Instrument).where(Instrument.platform_id == platform).order_by(Instrument.code)))
        start, end = place.period.start, place.period.end
        cells = heatmap.minutes(self.session, start, end, platform_id=platform, instrument_id=instrument)
        weeks, machines = heatmap.weeks(start, end, on), heatmap.machines(self.session, platform, instrument)
        days = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
        return self.draw(
            "platforms/heatmap.html",
            place=place,
            around=periods_around(place.period),
            platforms=platforms,
            platform=platform,
            tools=tools,
            instrument=instrument,
            svg=calc_heatmap.draw(cells, weeks, machines, days, str(self.title)),
            hours=sum(cells.values()) / 60,
            machines=machines,
            parks=[(p, "") for p in [scope_of(self.session).park_id] if p],
        )


PAGES = [HeatMapPage]
