"""The ranking of staff by the points of a period, open down to the events."""

from __future__ import annotations

from typing import Any

from parkops.db.session import scope_of
from parkops.i18n import _l
from parkops.web.views import Page, route

from ..models.panel import POINT_SOURCES
from ..services import awards
from .desk import period_asked


class StandingPage(Page):
    """`/services/standing/?period=2026Q4`: who has how many points, and from what."""

    route_base = "/services/standing"
    resource = "services.point"
    title = _l("Ranking of staff by points")
    menu = ("contests", 45)
    icon = "trophy"

    @route("/", "read")
    def index(self) -> Any:
        """Month, quarter or year of the current park."""
        period = period_asked()
        rows = awards.standing(self.session, start=period.start, end=period.end, park_id=scope_of(self.session).park_id)
        return self.draw(
            "services/standing.html",
            title=self.title,
            period=period,
            previous=period.previous().key,
            rows=rows,
            sources=[s for s in POINT_SOURCES if any(s in r.sources for r in rows)],
            labels=POINT_SOURCES,
        )


PAGES = [StandingPage]
