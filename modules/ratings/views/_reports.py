"""What the tabs of saved and kept reports show."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from sqlalchemy import select

from parkops import clock
from parkops.security import access

from ..models.report_made import RUN_STATES, ReportMade, ReportRun
from ..models.report_plan import ReportPlan
from ..services import report_archive, report_plans, report_runs
from ..services.report_archive import PARTS


def plan_data(session: Any, plan: ReportPlan) -> dict[str, Any]:
    """The button, the last makings and what came of them."""
    runs = session.scalars(select(ReportRun).where(ReportRun.plan_id == plan.id).order_by(ReportRun.id.desc()).limit(8)).all()
    at = clock.now()
    return {
        "plan": plan,
        "title": report_plans.report_title(plan.report),
        "period": report_archive.period_for(plan, clock.today()),
        "runs": [(r, report_runs.state_of(r, at)) for r in runs],
        "states": RUN_STATES,
        "may": access.may(session, report_archive.RESOURCE, "add"),
    }


def document_parts(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Sections for the screen; a picture made by our own charts is the only markup taken as it is."""
    return [{**s, "svg": Markup(s["svg"]) if s["svg"] else None} for s in figures["sections"]]  # noqa: S704 - from parkops.reports.charts only


def made_data(session: Any, made: ReportMade) -> dict[str, Any]:
    """The report as it was made, and whether it is still what it was."""
    if not report_archive.may_open(session, made):
        return {"made": made, "open": False}
    files = report_archive.files_of(session, made)
    problems = report_archive.problems_of(session, made)
    return {
        "made": made,
        "open": True,
        "parts": document_parts(made.figures),
        "figures": made.figures,
        "files": files,
        "problems": [PARTS[p] for p in problems],
        "left_out": made.parameters.get("left_out") or [],
    }
