"""Alerts of the cockpit: each is a list with filters, counted by the very query the list runs. R-109.

A colleague adds one with `alert(Alert(...))`; what a reader may not see, or a module that is absent, is left out. All counts are one
statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from parkops.i18n import _l
from parkops.security import access
from parkops.web import resources
from parkops.web.grid import Grid
from parkops.web.gridquery import Query
from parkops.web.home import drill_url

from ..services.measures import installed


@dataclass(frozen=True)
class Alert:
    """resource with the filters of its list; or `view`, whose filters count."""

    title: Any
    resource: str
    tone: str = "amber"
    view: str = ""
    filters: tuple[tuple[str, str, Any], ...] = ()


@dataclass(frozen=True)
class Shown:
    """A counted alert."""

    title: Any
    count: int
    tone: str
    url: str


ALERTS = [
    Alert(_l("Late forms"), "ratings.form_run", "red", "late"),
    Alert(_l("Bills more than 90 days late"), "billing.open_item", "red", "late_more"),
    Alert(_l("Bills past their day"), "billing.open_item", "amber", "overdue"),
    Alert(_l("Loans in arrears"), "loans.case", "red", "watch"),
    Alert(_l("Leases that end within 30 days"), "leasing.lease", "amber", "d30"),
    Alert(_l("Differences of contract, bill and room"), "leasing.tie_difference", "amber", "open"),
    Alert(_l("Incubation terms that end or ended"), "tenants.firm", "amber", "expiring"),
    Alert(_l("Answers to data calls overdue"), "tenants.data_call_response", "amber", "overdue"),
    Alert(
        _l("Changes of carriers to report, overdue"),
        "tenants.carrier_change",
        "red",
        "",
        (("reported_on", "empty", None), ("report_due_on", "lt", "@today")),
    ),
    Alert(_l("Recognitions that end within 180 days"), "tenants.carrier_recognition", "amber", "expiring"),
    Alert(_l("Post-investment duties late"), "funds.duty", "red", "late"),
    Alert(_l("Cases of the hall late"), "services.case", "red", "late"),
    Alert(_l("Demands late"), "services.demand", "amber", "late"),
    Alert(_l("Operator contracts that end within 90 days"), "platforms.operator_contract", "amber", "ending"),
]


def alert(item: Alert) -> None:
    """Add one; twice the same title is one."""
    if str(item.title) not in [str(a.title) for a in ALERTS]:
        ALERTS.append(item)


def shown(session: Any, park_id: int | None, *more: Shown) -> list[Shown]:
    """The alerts that are not zero, red first: of a park, or (None) of every park in scope."""
    asked = [(a, f) for a in ALERTS if (f := _filters(session, a, park_id)) is not None]
    counts = _counts(session, asked)
    found = [
        Shown(a.title, n, a.tone, drill_url(resources.resolved(a.resource), [list(x) for x in f]))
        for (a, f), n in zip(asked, counts, strict=True)
    ]
    return sorted((x for x in (*more, *found) if x.count), key=lambda x: (x.tone != "red", -x.count))


def _filters(session: Any, a: Alert, park_id: int | None) -> tuple[tuple[str, str, Any], ...] | None:
    """What the list is asked; None when the alert is not for this reader."""
    if not installed(a.resource.split(".")[0]) or not resources.has(a.resource) or not access.may(session, a.resource, "read"):
        return None
    resolved = resources.resolved(a.resource)
    own = a.filters
    if a.view:
        view = next((v for v in resolved.resource.views if v.code == a.view), None)
        if view is None:
            return None
        own = tuple((f.column, f.op, list(f.value) if isinstance(f.value, tuple) else f.value) for f in view.filters)
    return own if park_id is None or "park_id" not in resolved.extras else (*own, ("park_id", "eq", park_id))


def _counts(session: Any, asked: list[tuple[Alert, Any]]) -> list[int]:
    """One statement: a scalar sub-query per list."""
    parts = []
    for a, filters in asked:
        resolved = resources.resolved(a.resource)
        grid = Grid(session, resolved, Query(filters=filters))
        plan = grid.plan()
        where = grid.conditions(plan)
        parts.append(plan.apply(select(func.count()).select_from(resolved.model)).where(*where).scalar_subquery())
    return list(session.execute(select(*parts)).one()) if parts else []
