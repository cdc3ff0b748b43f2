"""Role homes. Every tile is a saved view of a grid: the same query gives its number, its lines and the list behind it.

Modules add tiles with `slots.tile(Tile(...))`; the kernel brings approvals, to-dos, imports, jobs, sessions and the audit
trail. A tile whose resource the person may not read is left out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import g, request

from .. import approval, todos
from ..clock import now, today
from ..i18n import _, _l
from ..security import access
from ..security.roles import ROLES
from . import homekpis, resources, show, slots
from .export import shown as shown_value
from .grid import Grid, Query
from .resource import Tile
from .views import Page, route

log = logging.getLogger(__name__)
TITLES = {
    "operations_clerk": _l("My day"),
    "operations_manager": _l("My day"),
    "finance": _l("Finance today"),
    "leadership": _l("Overview"),
    "system_administrator": _l("System today"),
    "auditor": _l("Audit"),
}
KERNEL_TILES = (
    Tile(
        "core.audit",
        _l("Latest changes"),
        "core.audit",
        "",
        ("auditor", "system_administrator"),
        ("at", "user_name", "label", "op"),
        60,
        "grey",
        8,
    ),
    Tile("core.sessions", _l("Open sessions"), "core.session", "open", ("system_administrator",), ("user_id", "last_seen_at"), 40),
    Tile("core.imports", _l("Latest imports"), "core.import", "", ("operations_clerk", "operations_manager"), (), 80, "grey", 4),
    Tile(
        "core.exports", _l("Large exports"), "core.export_request", "waiting", ("operations_manager", "auditor"), ("title",), 70, "violet"
    ),
)


@dataclass
class Card:
    """A drawn tile."""

    title: str
    url: str
    count: int
    tone: str = "blue"
    rows: list[dict[str, Any]] = field(default_factory=list)
    empty: str = ""
    order: int = 50


def roles_of(user: Any) -> list[str]:
    """The personas of a user with a home, the chosen home role first."""
    found = [r.code for r in ROLES if r.code in user.roles]
    chosen = getattr(user, "home_role", None)
    return sorted(found, key=lambda r: r != chosen)


class HomeView(Page):
    """`/`: the home of the person's role; someone with several roles has a tab for each."""

    route_base = ""
    default_view = "index"

    @route("/", None)
    def index(self) -> Any:
        """The home page. Anonymous visitors are sent to the log-in."""
        homes = roles_of(g.user)
        role = request.args.get("home", "")
        role = role if role in homes else (homes[0] if homes else "")
        names = {r.code: r.title for r in ROLES}
        return self.draw(
            "parkops/home.html",
            title=TITLES.get(role, _l("Home")),
            role=role,
            homes=[(c, names[c]) for c in homes],
            tiles=cards(self.session, role),
            kpis=homekpis.kpi_cards(self.session, role) if role in homekpis.ROLES else [],
            may_choose=role in homekpis.ROLES and access.may(self.session, "core.kpi", "read"),
            today=today(),
        )


def cards(session: Any, role: str) -> list[Card]:
    """Every tile of a role in order."""
    made = [*desk_cards(session, role), *system_cards(session, role)]
    for tile in (*KERNEL_TILES, *slots.TILES):
        if role in tile.roles and access.may(session, tile.resource, "read") and resources.has(tile.resource):
            made.append(tile_card(session, tile))
    return sorted(made, key=lambda c: c.order)


def tile_card(session: Any, tile: Tile) -> Card:
    """A tile from its saved view: count and the first rows."""
    resolved = resources.resolved(tile.resource)
    codes = [v.code for v in resolved.resource.views]
    view = tile.view if tile.view in codes else None
    if tile.view and view is None:
        log.warning("tile %s names the view %s of %s, which does not exist", tile.code, tile.view, tile.resource)
    names = tuple(n for n in tile.columns if resolved.find(n)) or tuple(resolved.columns)[:2]
    grid = Grid(session, resolved, Query(view=view, columns=names, size=max(tile.limit, 1), filters=_in_park(session, resolved)))
    ids = grid.page_ids() if tile.limit else []
    count = len(ids) if tile.limit and len(ids) < tile.limit else grid.count()[0]
    columns = [grid.column(n) for n in names]
    rows = []
    for row in grid.rows(ids):
        told = [(text, column.fmt in FIRM) for column, text in zip(columns, _cells(columns, row), strict=True) if text] or [("—", False)]
        rows.append({"url": f"{resolved.url}{row['id']}", "cells": [text for text, _firm in told], "firm": [firm for _text, firm in told]})
    return Card(str(tile.title), list_url(resolved, view), count, tile.tone, rows, _("Nothing to do here."), tile.order)


def list_url(resolved: Any, view: str | None) -> str:
    """The list a tile opens: the same view."""
    return f"{resolved.url}?view={quote(view)}" if view else resolved.url


def drill_url(resolved: Any, filters: list[list[Any]]) -> str:
    """A list with these filters as chips, for links from charts and figures."""
    return f"{resolved.url}?filters={quote(json.dumps(filters, ensure_ascii=False, default=str))}"


def _in_park(session: Any, resolved: Any) -> tuple[tuple[str, str, Any], ...]:
    """The same narrowing to the current park that the list starts from."""
    from .gridinfo import current_park

    park = current_park(session, resolved)
    return (("park_id", "eq", park["id"]),) if park else ()


FIRM = ("money", "area", "percent", "int", "decimal", "date", "datetime", "month")  # cut short they would say something else


def _cells(columns: list[Any], row: dict[str, Any]) -> Iterator[str]:
    for column in columns:
        value = shown_value(column, row)
        if value is None:
            yield ""
        elif column.fmt == "decimal":
            yield f"{value:,.2f}"  # a glance; the record has all places
        elif column.fmt in ("money", "area", "percent", "int"):
            yield show.shown(column.fmt, value)
        else:
            yield str(value)


def desk_cards(session: Any, role: str) -> list[Card]:
    """Approvals and to-dos of the person; nothing for those who only look on."""
    out = []
    if access.may(session, "core.approval", "act"):
        waiting = approval.waiting(session)
        rows = [{"url": f"/core/approval/{a.id}", "cells": [a.title, a.requested_by]} for a in waiting[:5]]
        out.append(Card(_("Waiting for my approval"), "/core/waiting/", len(waiting), "violet", rows, _("Nothing is waiting for you."), 5))
    if access.may(session, "core.todo", "read") and role != "auditor":
        open_ones, day = todos.mine(session, 5), today()  # the earliest first: if any is late, the first one is
        rows = [{"url": f"/core/todo/{t.id}", **_todo_cells(t, day)} for t in open_ones]
        late = any(t.due_on and t.due_on < day for t in open_ones)
        count = todos.count_mine(session) if len(open_ones) == 5 else len(open_ones)
        out.append(Card(_("My to-dos"), "/me/inbox", count, "red" if late else "amber", rows, _("No open to-dos."), 10))
    return out


def _todo_cells(todo: Any, day: date) -> dict[str, list[Any]]:
    """What is to be done, its day (never cut short) and whether that is over."""
    cells = [todo.title, *([str(todo.due_on)] if todo.due_on else []), *([_("overdue")] if todo.due_on and todo.due_on < day else [])]
    return {"cells": cells, "firm": [False, *(True for _cell in cells[1:])]}


def system_cards(session: Any, role: str) -> list[Card]:
    """Scheduler and failing jobs, for those who look after them."""
    if role != "system_administrator" or not access.may(session, "core.job", "read"):
        return []
    from ..jobs import control

    health = control.health(session, now())
    failing = [line for line in control.overview(session, now()) if line.failed]
    rows = [{"url": "/core/job/", "cells": [str(line.job.title), _("%(n)s failed", n=line.failed)]} for line in failing[:6]]
    return [
        Card(
            _("Scheduler"),
            "/core/job/",
            len(health.processes),
            "red" if health.alarm else "green",
            [{"url": "/core/job/", "cells": [health.sentence]}],
            "",
            10,
        ),
        Card(_("Failing jobs"), "/core/job/", len(failing), "red" if failing else "green", rows, _("Every job ran."), 20),
    ]


__all__ = ["Card", "HomeView", "cards", "drill_url", "tile_card"]
