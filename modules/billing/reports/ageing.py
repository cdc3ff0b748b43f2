"""Receivables by firm and age on the last day of a period, from the same query as the page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import money
from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..services import balances


def document(session: Any, on: date, park_id: int | None, *, at: datetime, made_by: str) -> Document:
    """The table on a day."""
    found = balances.ageing(session, on, park_id, with_advances=True)
    names = dict(session.execute(select(Firm.id, Firm.name).where(Firm.id.in_([f.firm_id for f in found.firms]))).tuples().all())
    rows = [
        [names.get(f.firm_id, str(f.firm_id)), *f.buckets, f.credits, f.total, f.advance]
        for f in sorted(found.firms, key=lambda f: (-f.overdue, -f.total, f.firm_id))
    ]
    columns = (
        Column(_l("Firm"), width=3),
        *(Column(t, "money") for t in found.titles),
        Column(_l("Credit notes"), "money"),
        Column(_l("Owed"), "money"),
        Column(_l("Advances"), "money"),
    )
    totals = [_("Total"), *(sum((r[i] for r in rows), money.ZERO) for i in range(1, len(columns)))]
    return Document(
        _("Ageing of receivables"),
        on.isoformat(),
        (Section(_l("By firm and days past due"), table=Table(columns, rows, totals)),),
        at,
        made_by,
        landscape=True,
    )


def ageing_report(session: Any, request: Request) -> Document:
    """On the last day of the period, not after today."""
    on = min(request.period.last_day, request.today) if request.period is not None else request.today
    return document(session, on, request.park_id, at=request.at, made_by=request.made_by)


REPORTS = [
    Report(
        "ageing",
        _l("Ageing of receivables"),
        ageing_report,
        resource="billing.open_item",
        needs=("period",),
        explain=_l("Open bills of every firm by days past due on the last day of the period."),
    )
]
