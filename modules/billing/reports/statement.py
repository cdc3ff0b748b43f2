"""The statement of account (对账单) as it is sent to a firm: each term in a column of its own, a line for the firm's seal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import money
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..calc_words import capitals
from ..models.statement import AccountStatement
from ..services import statements

TITLES = {
    "charges": _l("Charged in the period"),
    "adjustments": _l("Adjustments"),
    "relief": _l("Relief"),
    "penalty": _l("Late fees"),
    "paid": _l("Paid in the period"),
}


def columns() -> tuple[Column, ...]:
    """Date, document, the five terms, balance."""
    return (
        Column(_l("Date"), "date"),
        Column(_l("Bill or receipt"), width=1.4),
        Column(_l("Summary"), width=2),
        *(Column(t, "money") for t in TITLES.values()),
        Column(_l("Balance"), "money"),
    )


def table(found: statements.Statement) -> Table:
    """Opening, one row per document, the sums."""
    rows: list[list[Any]] = [[found.start, "", _("Opening balance"), *[None] * 5, found.opening]]
    rows += [[x.on, x.number, x.text, *(x.amounts.get(t) for t in statements.TERMS), x.balance] for x in found.lines]
    return Table(columns(), rows, [found.end, "", _("Closing balance"), *(found.terms[t] for t in statements.TERMS), found.closing])


def statement_report(session: Any, request: Request) -> Document:
    """The statement kept under `record_id`; the figures are those sent, the lines are read anew."""
    row = session.scalars(select(AccountStatement).where(AccountStatement.id == request.record_id)).first()
    if row is None:
        raise NotFound(_l("There is no such record in your parks."))
    found = statements.statement(session, row.firm, row.starts_on, row.ends_on)
    park = session.get(Park, row.park_id)
    changed = any(getattr(row, t) != found.terms[t] for t in statements.TERMS) or row.closing != found.closing
    facts = (
        (_l("Firm"), row.firm.name, "text"),
        (_l("Period"), str(row), "text"),
        (_l("Opening balance"), row.opening, "money"),
        *((title, getattr(row, term), "money") for term, title in TITLES.items()),
        (_l("Closing balance"), row.closing, "money"),
        (_l("Closing balance in words"), capitals(row.closing) if row.closing > 0 else None, "text"),
    )
    how = _l("Opening + charges + adjustments + relief + late fees − paid = closing. A negative balance is an advance of the firm.")
    sections = (
        Section(
            _l("Receivables account"),
            facts=facts,
            note=_l("Documents dated in this period were posted after the statement was sent.") if changed else how,
        ),
        Section(_l("Bills and receipts"), table=table(found)),
        Section(
            _l("Confirmation"),
            text=(_("Please check, sign and return one copy. Without an answer within 15 days we take the balance as agreed."),),
            facts=((_l("Confirmed / differing because"), " " * 20, "text"), (_l("Seal and date"), " " * 20, "text")),
        ),
    )
    return Document(
        _("Statement of account"),
        f"{park.name} · {row.issued_on}",
        sections,
        request.at,
        request.made_by,
        landscape=True,
        data={"total": money.fen(row.closing)},
    )


REPORTS = [
    Report(
        "account-statement",
        _l("Statement of account"),
        statement_report,
        resource="billing.statement",
        word="read",
        needs=("record",),
        explain=_l("One firm and period: opening, charges, adjustments, relief, late fees, paid, closing."),
    )
]
