"""The cockpit, its wall board and its figures for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import g, jsonify, request
from markupsafe import Markup
from sqlalchemy import func, select

from parkops import clock, settings
from parkops.db.session import scope_of
from parkops.i18n import _l, locale
from parkops.kpi.figures import number, short
from parkops.models import Park
from parkops.security import access
from parkops.security.identity import IDLE
from parkops.web.admin.kpis import Place, periods_around, place_of
from parkops.web.views import Api, Page, route

from ..models.forecast import OUTLOOKS
from ..services import cockpit
from ..services.measures import installed
from . import _alerts


def parks_of(session: Any) -> list[tuple[int, str]]:
    """The parks one may look at, by name."""
    scope = scope_of(session)
    name = func.coalesce(Park.name_en, Park.name) if locale() == "en" else Park.name
    query = select(Park.id, name).order_by(Park.id)
    return [tuple(r) for r in session.execute(query if scope.parks is None else query.where(Park.id.in_(tuple(scope.parks))))]


def covenants(session: Any, park_id: int | None) -> list[_alerts.Shown]:
    """Broken covenants of the funds: the list of just these records."""
    if not installed("funds") or not access.may(session, "funds.covenant", "read"):
        return []
    from modules.funds.services.duties import measured

    ids = [m.row.id for m in measured(session, park_id) if m.verdict == "fail" and not m.row.waived]
    return [_alerts.Shown(_l("Covenants broken"), len(ids), "red", f'/funds/covenant/?filters=[["id","in",{ids[:300]}]]')] if ids else []


def failing(board: cockpit.Board, place: Place) -> list[_alerts.Shown]:
    """Carriers that fail a gate: the list behind the KPI of their gates."""
    n = board.verdict_count.get("fail", 0)
    url = f"/core/kpi/ratings.gates_failed/list?{place.query()}"
    return [_alerts.Shown(_l("Carriers that fail a gate"), n, "red", url)] if n else []


class CockpitPage(Page):
    """`/ratings/cockpit/?period=&park=`: one screen; `/ratings/cockpit/wall`: the same on a wall."""

    route_base = "/ratings/cockpit"
    resource = cockpit.RESOURCE
    title = _l("Cockpit")
    menu = ("cockpit", 10)
    icon = "dashboard"

    @route("/", "read")
    def index(self) -> Any:
        """The screen. It writes nothing."""
        return self.draw("ratings/cockpit.html", **self._values(), title=self.title)

    @route("/wall", "read")
    def wall(self) -> Any:
        """The wall board: rotates by itself and fetches itself anew; see static/wall.js."""
        keeps = settings.get(self.session, "ratings.wall_keeps_session", None)
        ends = None if keeps else clock.local(g.user.last_seen_at + IDLE - timedelta(minutes=1))
        return self.draw(
            "ratings/wall.html", **self._values(), keeps=keeps, ends=ends, seconds=settings.get(self.session, "ratings.wall_seconds", None)
        )

    def _values(self) -> dict[str, Any]:
        place, today = place_of(self.session, request.args), clock.today()
        board = cockpit.board(self.session, place.period, today, park_id=place.park_id, query=place.query())
        extra = [*failing(board, place), *covenants(self.session, place.park_id)]
        return {
            "place": place,
            "around": periods_around(place.period),
            "parks": parks_of(self.session),
            "board": board,
            "alerts": _alerts.shown(self.session, place.park_id, *extra),
            "outlooks": OUTLOOKS,
            "svg": Markup,
            "now_shown": clock.local(clock.now()),
            "forecast_url": lambda way: forecast_url(way, place.park_id),
            "short": short,
        }


def forecast_url(way: str, park_id: int | None) -> str:
    """The list of forecasts with that outlook."""
    park = f',["park_id","eq",{park_id}]' if park_id is not None else ""
    return f'/ratings/forecast/?filters=[["outlook","eq","{way}"]{park}]'


class CockpitApi(Api):
    """`GET /api/v1/ratings/cockpit/?period=&park=`: the tiles with their figures, targets and addresses."""

    route_base = "/api/v1/ratings/cockpit"
    resource = cockpit.RESOURCE

    @route("/", "read")
    def index(self) -> Any:
        """The same figures as the screen."""
        place = place_of(self.session, request.args)
        board = cockpit.board(self.session, place.period, clock.today(), park_id=place.park_id, query=place.query())
        tiles = [
            {"code": t.code, "title": str(t.title), "lead": _json(t.lead), "more": [_json(i) for i in t.more], **_extra(t)}
            for t in board.tiles
        ]
        return jsonify({"period": place.period.key, "park": place.park_id, "tiles": tiles, "verdicts": board.verdict_count})


def _json(item: Any) -> dict[str, Any]:
    light = item.against.light if item.against is not None else None
    return {
        "code": item.kpi.code,
        "title": str(item.kpi.title),
        "value": number(item.value),
        "unit": item.kpi.unit,
        "missing": item.missing,
        "target": item.target or None,
        "light": light,
        "url": item.url,
    }


def _extra(tile: Any) -> dict[str, Any]:
    out = {k: v for k, v in tile.extra.items() if k != "flow"}
    if "flow" in tile.extra:
        out["flow"] = {k: number(v) for k, v in tile.extra["flow"].items()}
    return out


PAGES = [CockpitPage, CockpitApi]
