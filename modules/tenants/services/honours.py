"""Honours and titles, and capital projects with their milestones. Counts are taken from dated rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.capital_project import CapitalMilestone, CapitalProject
from ..models.honour import Honour


def create_honour(session: Any, **values: Any) -> Honour:
    """Record a title of the park, a carrier or a firm."""
    return records.create(session, Honour, values, _check_honour)


def change_honour(session: Any, honour: Honour, **values: Any) -> Honour:
    """Change a title, for instance end its validity."""
    return records.change(session, honour, values, _check_honour)


def remove_honour(session: Any, honour: Honour) -> None:
    """Delete a title entered by mistake."""
    records.remove(session, honour)


def _check_honour(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("firm_id") and values.get("carrier_id"):
        problems.add("tenants.one_holder", _l("Name a firm or a carrier, not both; leave both empty for the park."), "carrier_id")
    records.date_order(values, problems, "valid_from", "valid_to", _l("A title cannot end before it begins."))
    records.not_future(values, problems, ["valid_from"])


def held(on: date) -> Any:
    """SQL condition: the title is held on `on`."""
    return (Honour.valid_from <= on) & or_(Honour.valid_to.is_(None), Honour.valid_to >= on)


def count_honours(session: Any, on: date, *, kind: str | None = None, level: str | None = None, firms: bool = False) -> int:
    """Titles held on `on` by the park and its carriers (`firms=False`) or by firms."""
    query = select(func.count(Honour.id)).where(held(on), Honour.firm_id.is_not(None) if firms else Honour.firm_id.is_(None))
    if kind:
        query = query.where(Honour.kind == kind)
    if level:
        query = query.where(Honour.level == level)
    return session.scalar(query)


def create_project(session: Any, **values: Any) -> CapitalProject:
    """Record a capital project."""
    return records.create(session, CapitalProject, values, _check_project)


def change_project(session: Any, project: CapitalProject, **values: Any) -> CapitalProject:
    """Change a capital project."""
    return records.change(session, project, values, _check_project)


def remove_project(session: Any, project: CapitalProject) -> None:
    """Delete a project without milestones."""
    records.remove(session, project, (CapitalMilestone, "project_id", _l("Delete its milestones first.")))


def _check_project(session: Any, values: dict[str, Any], problems: Problems) -> None:
    for name in ("budget", "phase_area"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("tenants.negative", _l("This cannot be negative."), name)


def create_milestone(session: Any, **values: Any) -> CapitalMilestone:
    """Record a milestone that happened."""
    return records.create(session, CapitalMilestone, values, _check_milestone)


def change_milestone(session: Any, milestone: CapitalMilestone, **values: Any) -> CapitalMilestone:
    """Correct a milestone."""
    return records.change(session, milestone, values, _check_milestone)


def remove_milestone(session: Any, milestone: CapitalMilestone) -> None:
    """Delete a milestone entered by mistake."""
    records.remove(session, milestone)


def _check_milestone(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date"])
    if values["kind"] in ("topped_out", "completed") and not values.get("building"):
        problems.add("tenants.building_missing", _l("Name the building."), "building")
    for name in ("amount", "area"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("tenants.negative", _l("This cannot be negative."), name)


def count_buildings(session: Any, on: date, *, kind: str = "topped_out", project_id: int | None = None) -> int:
    """Buildings that reached a milestone by `on`, each counted once."""
    m = CapitalMilestone
    query = select(func.count()).select_from(select(m.project_id, m.building).where(m.kind == kind, m.on_date <= on).distinct().subquery())
    if project_id is not None:
        query = select(func.count(m.building.distinct())).where(m.kind == kind, m.on_date <= on, m.project_id == project_id)
    return session.scalar(query)


def signed_amount(session: Any, on: date, *, project_id: int | None = None) -> Any:
    """Yuan signed by `on`; None when no amount is known."""
    m = CapitalMilestone
    query = select(func.sum(m.amount)).where(m.kind == "signed", m.on_date <= on)
    if project_id is not None:
        query = query.where(m.project_id == project_id)
    return session.scalar(query)
