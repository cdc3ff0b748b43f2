"""`rent-relief`: what was relieved in a period, by landlord and tenant, and how far the cases are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports import annex, charts
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.relief import ReliefScheme
from ..services import relief_pack_sheets as sheets
from ..services import relief_tables as tables


def rent_relief(session: Any, request: Request) -> Document:
    """Sections in reading order for one park and period."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    found = tables.lines(session, park.id, period.start, period.end)
    schemes = list(
        session.scalars(
            select(ReliefScheme).where(ReliefScheme.park_id == park.id, ReliefScheme.apply_from < period.end).order_by(ReliefScheme.code)
        )
    )
    cases = [sheets.progress_section(tables.progress(session, s, period.end), f"{s.code} {s.label}") for s in schemes]
    sections = (
        _schemes(schemes),
        sheets.statistics_section(found),
        *cases,
        sheets.lines_section(found),
        sheets.tie_section(tables.tie(session, park.id, period, today=request.today), found),
        annex.annex(c for c in annex.module_codes("leasing") if c.startswith("leasing.relief")),
    )
    return Document(_l("Rent relief"), f"{park} · {period.key}", sections, request.at, request.made_by, landscape=True)


def _schemes(schemes: list[ReliefScheme]) -> Section:
    rows = [[s.code, s.label, s.doc_no, s.budget, s.committed] for s in schemes]
    columns = (
        Column(_l("Code")),
        Column(_l("Title"), width=2),
        Column(_l("Policy document number(s)"), width=2.4),
        Column(_l("Relief budget"), "money"),
        Column(_l("Committed"), "money"),
    )
    series = [charts.Series(_("Relief budget"), [s.budget for s in schemes]), charts.Series(_("Committed"), [s.committed for s in schemes])]
    svg = charts.columns([s.code for s in schemes], series, "money", title=_("Relief schemes"), width=960)
    if not rows:
        return Section(_l("Relief schemes"), text=(_l("None."),))
    return Section(_l("Relief schemes"), table=Table(columns, rows), svg=svg)


REPORTS = [
    Report(
        "rent-relief",
        _l("Rent relief"),
        rent_relief,
        resource="leasing.relief_application",
        needs=("period", "park"),
        explain=_l(
            "Relief by landlord and tenant, the progress of every application, the lines and their tie-out, for one park and period."
        ),
    ),
]
