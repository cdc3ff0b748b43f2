"""Saved reports: parameters, dates, use. Rules R-130 to R-132."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from parkops import records
from parkops.db.types import Choices
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _l
from parkops.reports.registry import Report, all_reports
from parkops.security import access

from ..models.report_made import ReportMade, ReportRun
from ..models.report_plan import ReportPlan, ReportReader

RESOURCE = "ratings.report_plan"
WITH_CARRIER = ("annual-rating",)


def offered(session: Any) -> list[Report]:
    """Reports that can be saved: those that need no single record, whose records the actor may take out."""
    return [r for r in all_reports().values() if "record" not in r.needs and access.may(session, r.resource, r.word)]


def report_choices(session: Any) -> list[tuple[str, Any]]:
    """For the form."""
    return [(r.name, r.title) for r in offered(session)]


def report_title(name: str) -> str:
    """The report's title; its name where its module is gone."""
    found = all_reports().get(name)
    return str(found.title) if found is not None else name


class ReportNames(Choices):
    """The titles of every report, looked up when they are shown: modules name theirs after this one is loaded."""

    def __init__(self) -> None:
        self.name, self.tones = "ratings.report_name", {}

    def __bool__(self) -> bool:
        return True

    @property
    def labels(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: report.title for name, report in all_reports().items()}


REPORT_NAMES = ReportNames()


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["report"] not in {r.name for r in offered(session)}:
        problems.add("ratings.R-130", _l("Choose one of the reports offered."), "report")
    if values.get("carrier_id") and values["report"] not in WITH_CARRIER:
        problems.add(
            "ratings.R-130", _l("Only the annual rating report can be limited to a carrier. Leave the carrier empty."), "carrier_id"
        )
    if not (values.get("as_pdf") or values.get("as_xlsx")):
        problems.add("ratings.R-130", _l("Choose at least one of PDF and XLSX."), "as_pdf")
    if not 1 <= (values.get("after_days") or 0) <= 180:
        problems.add("ratings.R-131", _l("Enter a day from 1 to 180."), "after_days")


def create_plan(session: Any, **values: Any) -> ReportPlan:
    """R-130: a report with saved parameters; only reports whose records the actor may take out."""
    return records.create(session, ReportPlan, values, _check)


def change_plan(session: Any, row: ReportPlan, **values: Any) -> ReportPlan:
    """Reports already made keep the parameters they were made with."""
    return records.change(session, row, values, _check)


def remove_plan(session: Any, row: ReportPlan) -> None:
    """R-132: only one that never made a report; otherwise it is taken out of use."""
    access.require(session, RESOURCE, "remove")
    if session.scalar(select(ReportMade.id).where(ReportMade.plan_id == row.id).limit(1)) is not None:
        raise RuleError([Problem("ratings.R-132", _l("Reports were made from it and are kept. Take it out of use instead."))])
    session.execute(delete(ReportReader).where(ReportReader.plan_id == row.id))
    session.execute(delete(ReportRun).where(ReportRun.plan_id == row.id))
    session.delete(row)
    session.flush()
