"""Making a report for the archive, opening it as it was, and what has changed since. Rules R-133 to R-137."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from io import BytesIO
from typing import Any

from sqlalchemy import select

from parkops import attachments
from parkops.clock import Period
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotAllowed, Problem, RuleError
from parkops.i18n import _l, force_locale
from parkops.notify import sending
from parkops.reports import registry, typst, xlsx
from parkops.security import access

from .. import calc_report, calc_report_dates
from ..models.report_made import ReportMade
from ..models.report_plan import ReportPlan, ReportReader
from . import report_readers, report_sources

RESOURCE = "ratings.report_made"
KIND = "ratings.report_made"
FILES = {"pdf": "report_pdf", "xlsx": "report_xlsx"}
PARTS = {"figures": _l("the figures"), "pdf": "PDF", "xlsx": _l("the workbook")}
STEPS = 4

Tell = Callable[[int], Any]


def quiet(step: int) -> None:
    """Nobody watches."""


def make_report(
    session: Any, plan: ReportPlan, period: Period, *, on: date, at: datetime, due_on: date | None = None, tell: Tell = quiet
) -> ReportMade:
    """R-133: count once, keep figures and files together with hash and moment, tell the receivers.

    PDF, XLSX and the figures kept come from one document. Raises what the report raises, RuleError when it is out of use."""
    access.require(session, RESOURCE, "add")
    if not plan.is_on:
        raise RuleError([Problem("ratings.R-132", _l("This saved report is out of use. Take it into use again first."))])
    asked = registry.Request(plan.park_id, period, on, at, plan.carrier_id, scope_of(session).user_name)
    with force_locale(plan.language), report_sources.asked(session) as codes:
        document = registry.document_of(session, plan.report, asked)
        tell(1)
        figures = document.as_dict()
        files = {}
        if plan.as_pdf:
            files["pdf"] = typst.compile_data(figures, registry.report_of(plan.report).template or typst.GENERAL)
        tell(2)
        if plan.as_xlsx:
            files["xlsx"] = xlsx.write(document)
        tell(3)
    reads = report_sources.sources(plan.report, codes)
    told, left_out = _receivers(session, plan, reads)
    made = _keep(session, plan, period, asked, figures, files, due_on, {"reads": reads, "left_out": left_out})
    text = _l("The report %(name)s for %(period)s is ready.", name=plan.name, period=made.period_key)
    sending.tell(session, told, KIND, text, owner=made, park_id=plan.park_id)
    tell(STEPS)
    return made


def _keep(
    session: Any,
    plan: ReportPlan,
    period: Period,
    asked: registry.Request,
    figures: dict[str, Any],
    files: dict[str, bytes],
    due_on: date | None,
    more: dict[str, Any],
) -> ReportMade:
    scope = scope_of(session)
    made = ReportMade(
        park_id=plan.park_id,
        plan_id=plan.id,
        name=plan.name,
        report=plan.report,
        carrier_id=plan.carrier_id,
        period_key=period.key,
        as_of=asked.at,
        counted_on=asked.today,
        due_on=due_on,
        language=plan.language,
        made_by=scope.user_name[:80],
        made_by_id=scope.user_id,
        parameters={"period_rule": plan.period_rule, "every": plan.every, "formats": sorted(files), "carrier_id": plan.carrier_id} | more,
        figures=figures,
        figures_sha256=calc_report.digest(figures),
        figure_count=len(calc_report.cells(figures)),
        **{f"{kind}_sha256": hashlib.sha256(content).hexdigest() for kind, content in files.items()},
    )
    session.add(made)
    session.flush()
    detail = {"report": plan.report, "period": period.key, "formats": sorted(files), "sha256": made.figures_sha256}
    audit.event(session, "export", detail, resource=RESOURCE, record_id=made.id, label=str(made), park_id=plan.park_id)
    for kind, content in files.items():
        attachments.attach(session, made, BytesIO(content), f"{plan.report}-{period.key}.{kind}", FILES[kind])
    return made


def _receivers(session: Any, plan: ReportPlan, reads: list[str]) -> tuple[list[int], list[str]]:
    """R-134: who is told by the bell and, where they want it, by an e-mail with the link; the names of those who may not see it all."""
    ids = list(session.scalars(select(ReportReader.user_id).where(ReportReader.plan_id == plan.id)))
    found = report_readers.who(session, ids, plan.park_id).values()
    return [w.user_id for w in found if w.may_get(reads)], sorted(w.name for w in found if not w.may_get(reads))


def may_open(session: Any, made: ReportMade) -> bool:
    """R-135: a kept report is opened by who may read all the records it speaks of, whoever made it."""
    needed = (RESOURCE, *report_sources.sources_of(made))
    return made.report in registry.all_reports() and all(access.may(session, resource, "read") for resource in needed)


attachments.GUARDS[RESOURCE] = may_open
attachments.SEALED.add(RESOURCE)  # its files are made with it; nobody puts another beside them


def require_open(session: Any, made: ReportMade) -> None:
    """NotAllowed in one sentence."""
    if not may_open(session, made):
        raise NotAllowed(_l("You may not see the records this report speaks of."))


def opened(session: Any, made: ReportMade) -> dict[str, Any]:
    """The figures as they were made."""
    require_open(session, made)
    return made.figures


def differences(session: Any, made: ReportMade, *, on: date, at: datetime) -> list[calc_report.Difference]:
    """R-136: the report counted again for the same period beside the one kept; the kept one never changes. It writes nothing."""
    require_open(session, made)
    asked = registry.Request(made.park_id, Period.parse(made.period_key), on, at, made.carrier_id, made.made_by)
    with force_locale(made.language):
        now = registry.report_of(made.report).data(session, asked).as_dict()
    return calc_report.differences(made.figures, now)


def files_of(session: Any, made: ReportMade) -> list[attachments.Attachment]:
    """The files it was made with, known by their hashes; whatever else lies beside it is not shown."""
    own = {(code, getattr(made, f"{kind}_sha256")) for kind, code in FILES.items()}
    return [a for a in attachments.of(session, made) if (a.kind, a.sha256) in own]


def problems_of(session: Any, made: ReportMade) -> list[str]:
    """What is wrong with a kept report: figures or files that no longer give their hash."""
    out = []
    if calc_report.digest(made.figures) != made.figures_sha256:
        out.append("figures")
    have = {a.kind: a for a in files_of(session, made)}
    for kind, code in FILES.items():
        wanted, file = getattr(made, f"{kind}_sha256"), have.get(code)
        if wanted is not None and (file is None or _hash(file.sha256) != wanted):
            out.append(kind)
    return out


def _hash(sha256: str) -> str | None:
    path = attachments.path_of(sha256)
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def due(session: Any, *, on: date, park_id: int | None = None) -> list[tuple[ReportPlan, date]]:
    """R-131: saved reports whose latest due date has no report yet; dates missed meanwhile are made once."""
    query = select(ReportPlan).where(ReportPlan.is_on, ReportPlan.every != "none").order_by(ReportPlan.id)
    plans = list(session.scalars(query if park_id is None else query.where(ReportPlan.park_id == park_id)))
    found = [(p, calc_report_dates.last_due(p.every, p.after_days, p.starts_on, on)) for p in plans]
    made = set(session.execute(select(ReportMade.plan_id, ReportMade.due_on).where(ReportMade.plan_id.in_([p.id for p in plans]))).tuples())
    return [(p, day) for p, day in found if day is not None and (p.id, day) not in made]


def period_for(plan: ReportPlan, day: date) -> Period:
    """The period a plan covers when made for a day."""
    return calc_report_dates.period_of(plan.period_rule, day)
