"""What a grid must know before it asks for rows: columns, views, rights, bulk actions, addresses. Also `GET …/_info`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from ..db.session import scope_of
from ..models import Park
from ..security import access
from . import filters, resources
from .compile import Resolved, ResolvedColumn, choosable
from .models import SavedView, UserPreference

UNITS = {"money": 2, "area": 2}


def column_info(session: Any, column: ResolvedColumn, shown: bool) -> dict[str, Any]:
    """One column as the browser needs it. Personal columns without the right are shown masked and cannot be asked about."""
    kind = filters.family(column)
    barred = bool(column.personal) and not access.may_unmask(session, column.guard)
    out: dict[str, Any] = {
        "name": column.name,
        "title": str(column.title),
        "fmt": column.fmt,
        "hidden": not shown,
        "filter": "none" if barred else kind,
        "sortable": not barred,
        "important": column.col.important,
        "personal": bool(column.personal),
        "total": column.col.total,
        "link": column.col.link,
        "width": column.col.width,
        "reported": column.attr in getattr(column.model, "__reported__", ()),
        "help": str(column.help) if column.help else None,
        "ops": () if kind == "none" else filters.OPS[kind],
    }
    if column.choices is not None:
        out["choices"] = [
            {"code": c, "label": str(label), "tone": column.choices.tone(c) if column.choices.tones else None}
            for c, label in column.choices.items()
        ]
    if column.fmt == "ref" and resources.has(column.ref) and access.may(session, column.ref, "read"):
        target = resources.resolved(column.ref)
        if choosable(target):
            out["choicesUrl"] = f"{target.api_url}_choices"
    return out


def rights(session: Any, resolved: Resolved) -> dict[str, bool]:
    """What this person may do with the list's records at all."""
    offered = {"add": resolved.create, "change": resolved.change, "remove": resolved.remove}
    out = {word: bool(service) and access.may(session, resolved.name, word) for word, service in offered.items()}
    out |= {word: access.may(session, resolved.name, word) for word in ("act", "export", "unmask")}
    out["import"] = bool(resolved.resource.importer) and access.may(session, resolved.name, "add")
    out["share"] = access.may(session, resolved.name, "change")
    return out


def bulk_actions(session: Any, resolved: Resolved) -> list[dict[str, Any]]:
    """Bulk actions this person may press."""
    return [
        {
            "code": a.code,
            "title": str(a.title),
            "danger": a.danger,
            "inputs": len(a.inputs),
            "confirm": str(a.confirm) if a.confirm else None,
        }
        for a in resolved.bulk.values()
        if access.may(session, resolved.name, a.word)
    ]


def saved_views(session: Any, resource: str) -> list[dict[str, Any]]:
    """The shared views of the parks in scope and the person's own, by title."""
    scope = scope_of(session)
    found = session.execute(
        select(SavedView.id, SavedView.title, SavedView.owner_id, SavedView.made_by_id, SavedView.state)
        .where(SavedView.resource == resource, or_(SavedView.owner_id.is_(None), SavedView.owner_id == scope.user_id))
        .order_by(SavedView.title)
    ).all()
    may_share = access.may(session, resource, "change")
    return [
        {
            "id": v.id,
            "title": v.title,
            "shared": v.owner_id is None,
            **v.state,
            "mine": v.owner_id is not None or v.made_by_id == scope.user_id or may_share,
        }
        for v in found
    ]


def ready_views(resolved: Resolved) -> list[dict[str, Any]]:
    """The views that ship with the resource."""
    out = []
    for view in resolved.resource.views:
        sort = [[view.sort.lstrip("-"), "desc" if view.sort.startswith("-") else "asc"]] if view.sort else []
        out.append(
            {
                "code": view.code,
                "title": str(view.title),
                "columns": list(view.columns),
                "sort": sort,
                "filters": [[f.column, f.op, list(f.value) if isinstance(f.value, tuple) else f.value] for f in view.filters],
            }
        )
    return out


def preference(session: Any, key: str) -> dict[str, Any] | None:
    """One screen setting of the person, or None."""
    return session.execute(
        select(UserPreference.value).where(UserPreference.user_id == scope_of(session).user_id, UserPreference.key == key)
    ).scalar()


def current_park(session: Any, resolved: Resolved) -> dict[str, Any] | None:
    """The park lists start from (a removable filter) for people who work in several; None when there is nothing to narrow."""
    scope = scope_of(session)
    several = scope.parks is None or len(scope.parks) > 1
    if not several or scope.park_id is None or "park_id" not in resolved.extras:
        return None
    name = session.execute(select(Park.name).where(Park.id == scope.park_id)).scalar()
    return {"id": scope.park_id, "label": name}


def info(session: Any, resolved: Resolved) -> dict[str, Any]:
    """Everything the grid of a resource starts from. Extra columns that only views or search name are offered as hidden
    filter targets, so that a chip can always say what it filters."""
    resource = resolved.resource
    columns = [column_info(session, c, not c.col.hidden) for c in resolved.shown_to(session).values()]
    park = current_park(session, resolved)
    used = {f[0] for v in ready_views(resolved) for f in v["filters"]} - set(resolved.columns)
    used |= {"park_id"} if park else set()
    sort = resource.sort
    return {
        "resource": resolved.name,
        "title": str(resource.titles.many),
        "one": str(resource.titles.one),
        "new": str(resource.titles.new or resource.titles.one),
        "url": resolved.url,
        "api": resolved.api_url,
        "columns": columns,
        "targets": [column_info(session, resolved.extras[n], False) for n in sorted(used)],
        "views": ready_views(resolved),
        "saved": saved_views(session, resolved.name),
        "rights": rights(session, resolved),
        "bulk": bulk_actions(session, resolved),
        "search": bool(resource.search),
        "importer": resource.importer,
        "sort": [[sort.lstrip("-"), "desc" if sort.startswith("-") else "asc"]] if sort else [],
        "state": resolved.state_column,
        "park": park,
        "prefs": preference(session, f"grid:{resolved.name}") or {},
    }
