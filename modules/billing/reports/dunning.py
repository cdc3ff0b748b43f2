"""Letters about arrears as PDF: text, open items, sum in capitals, the account to pay to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.errors import NotFound
from parkops.i18n import _, _l, i18n_text
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..calc_words import capitals
from ..models.dunning import LEVELS, DunningLetter
from ..models.receipt import BankAccount


def letter_text(session: Any, letter: DunningLetter) -> list[str]:
    """The paragraphs in the reader's language."""
    return [line for line in i18n_text(letter, "body").split("\n") if line.strip()]


def _items(letter: DunningLetter) -> Table:
    """The bills it demands."""
    rows = [
        [i["number"], i["month"], date.fromisoformat(i["due"]), i["days"], Decimal(i["gross"]), Decimal(i["open"])] for i in letter.items
    ]
    return Table(
        (
            Column(_l("Bill"), width=1.3),
            Column(_l("Month"), width=0.8),
            Column(_l("Due on"), "date"),
            Column(_l("Days past due"), "int", 0.8),
            Column(_l("Gross"), "money"),
            Column(_l("Open amount"), "money"),
        ),
        rows,
        [_("Total"), "", None, None, None, letter.total],
    )


def letter_sheet(session: Any, request: Request) -> Document:
    """One letter; a draft says so."""
    letter = session.scalars(select(DunningLetter).where(DunningLetter.id == request.record_id)).first()
    if letter is None:
        raise NotFound(_l("There is no such record in your parks."))
    park = session.get(Park, letter.park_id)
    accounts = session.scalars(
        select(BankAccount).where(BankAccount.park_id == letter.park_id, BankAccount.active.is_(True)).order_by(BankAccount.id)
    ).all()
    sections = (
        Section(LEVELS.label(letter.level), text=tuple(letter_text(session, letter))),
        Section(
            _l("Open bills"),
            facts=((_l("Amount demanded"), letter.total, "money"), (_l("In capitals"), capitals(letter.total), "text")),
            table=_items(letter),
            note=_("As of %(day)s", day=letter.on_date.isoformat()),
        ),
        Section(
            _l("Please pay to"),
            facts=tuple((a.name, f"{a.bank} {a.number}", "text") for a in accounts) or ((_l("Bank account"), None, "text"),),
        ),
        Section(
            _l("Signatures"),
            facts=(
                (_l("Seal of the sender"), " " * 20, "text"),
                (_l("Date"), letter.on_date, "date"),
                (_l("Signed for by"), letter.delivered_to or " " * 20, "text"),
            ),
        ),
    )
    title = f"{i18n_text(letter, 'subject')} {letter.number}" + (f" ({_('Letter drafted')})" if letter.state == "draft" else "")
    return Document(title, park.company or park.name, sections, request.at, request.made_by)


REPORTS = [
    Report(
        "dunning-letter",
        _l("Letter about arrears"),
        letter_sheet,
        "billing.dunning_letter",
        word="read",
        formats=("pdf", "html", "json"),
        needs=("record",),
        explain=_l("The letter as it is sent, with the bills it demands."),
    )
]
