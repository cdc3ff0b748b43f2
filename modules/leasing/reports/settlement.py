"""The move-out settlement on paper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.billing.calc_words import capitals
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.settlement import SETTLEMENT_LINES, Settlement, SettlementCheck
from ..services import settlements


def _facts(row: Settlement) -> tuple[tuple[Any, Any, str], ...]:
    """Lease, firm and the days of the move-out."""
    return (
        (_l("Lease"), str(row.lease), "text"),
        (_l("Firm"), str(row.firm), "text"),
        (_l("Handed back on"), row.handed_back_on, "date"),
        (_l("Units free since"), row.released_on, "date"),
    )


def settlement_sheet(session: Any, request: Request) -> Document:
    """Lines owed and given back, the balance in words, the exit checklist."""
    row = session.scalars(select(Settlement).where(Settlement.id == request.record_id)).first()
    if row is None:
        raise NotFound(_l("There is no such record in your parks."))
    lines, total = settlements.lines_of(session, row), settlements.total(session, row)
    columns = (
        Column(_l("Kind"), width=1.2),
        Column(_l("Settlement line"), width=2.2),
        Column(_l("How it was worked out"), width=3),
        Column(_l("Amount in yuan"), "money", 1.2),
    )
    table = [[str(SETTLEMENT_LINES.label(x.kind)), x.title, x.explain or "", x.amount] for x in lines]
    checks = session.scalars(select(SettlementCheck).where(SettlementCheck.settlement_id == row.id).order_by(SettlementCheck.position))
    what = _l("Still to pay by the firm") if total >= 0 else _l("To be refunded to the firm")
    return Document(
        _l("Move-out settlement"),
        f"{row.number} · {row.firm}",
        (
            Section(_l("Lease"), facts=_facts(row)),
            Section(
                _l("Settlement"),
                table=Table(columns, table, [None, None, None, total]),
                text=(f"{what}: {abs(total):,.2f} ({capitals(abs(total))})",),
            ),
            Section(
                _l("Exit checklist"),
                table=Table(
                    (Column(_l("Item"), width=3), Column(_l("Done on"), "date"), Column(_l("Done by"))),
                    [[str(c), c.done_on or "", c.done_by or ""] for c in checks],
                ),
            ),
        ),
        request.at,
        request.made_by,
    )


REPORTS = [
    Report(
        "move-out-settlement",
        _l("Move-out settlement"),
        settlement_sheet,
        resource="leasing.settlement",
        word="read",
        needs=("record",),
        explain=_l("What a firm that leaves still pays or gets back, line by line."),
    )
]
