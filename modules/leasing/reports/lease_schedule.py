"""The payment schedule of a lease on paper: by year and instalment with totals, explained."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.lease import DUE_KINDS, Lease
from ..services import leases, schedule


def lease_schedule(session: Any, request: Request) -> Document:
    """The preview of a draft, or the signed schedule."""
    lease = session.scalars(select(Lease).where(Lease.id == request.record_id)).first()
    if lease is None:
        raise NotFound(_l("There is no such record in your parks."))
    lines = {line.id: str(line) for line in leases.lines_text(session, lease)}
    if lease.signed_on is None:
        rows = [
            (r.period_from, r.period_to, r.line, r.kind, r.due_on, r.amount, r.explain)
            for r in schedule.preview(session, lease, request.today).rows
        ]
    else:
        rows = [(d.period_from, d.period_to, d.line_id, d.kind, d.due_on, d.amount, d.explain) for d in schedule.dues_of(session, lease)]
    years: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        years[row[0].year].append(row)
    columns = (
        Column(_l("From"), "date"),
        Column(_l("Until"), "date"),
        Column(_l("Lease line"), width=1.4),
        Column(_l("Kind"), width=1.1),
        Column(_l("Payment due on"), "date"),
        Column(_l("Amount in yuan"), "money", 1.2),
        Column(_l("How it was worked out"), width=3),
    )
    sections = [_head(lease, rows)]
    for year, found in sorted(years.items()):
        table = [
            [f, t, lines.get(i, ""), str(DUE_KINDS.label(k)), due, amount, explain or ""] for f, t, i, k, due, amount, explain in found
        ]
        total = sum((r[5] for r in found), Decimal(0))
        sections.append(Section(str(year), table=Table(columns, table, [str(year), None, None, None, None, total, None])))
    title = _l("Payment schedule (preview)") if lease.signed_on is None else _l("Payment schedule")
    return Document(title, f"{lease} · {lease.firm}", tuple(sections), request.at, request.made_by, landscape=True)


def _head(lease: Lease, rows: list[Any]) -> Section:
    return Section(
        _l("Lease"),
        facts=(
            (_l("Number"), str(lease), "text"),
            (_l("Firm"), str(lease.firm), "text"),
            (_l("From"), lease.starts_on, "date"),
            (_l("Until"), lease.ends_on or str(_l("indefinite")), "date" if lease.ends_on else "text"),
            (_l("Instalments"), len(rows), "int"),
            (_l("Total"), sum((r[5] for r in rows), Decimal(0)), "money"),
        ),
    )


REPORTS = [
    Report(
        "lease-schedule",
        _l("Payment schedule"),
        lease_schedule,
        resource="leasing.lease",
        word="read",
        needs=("record",),
        explain=_l("Every instalment of a lease with yearly subtotals, as it is billed."),
    )
]
