"""The quote on paper."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.billing.calc_words import capitals
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.event import EVENT_KINDS
from ..models.project import CUSTOMER_CLASSES
from ..models.quote import PlatformQuote
from ..services import quotes


def quote_sheet(session: Any, request: Request) -> Document:
    """Customer, lines, total in figures and words, how long it holds; a draft says so."""
    quote = session.scalars(select(PlatformQuote).where(PlatformQuote.id == request.record_id)).first()
    if quote is None:
        raise NotFound(_l("There is no such record in your parks."))
    park = session.get(Park, quote.park_id)
    facts = (
        (_l("Firm"), str(quote.firm), "text"), (_l("Platform"), str(quote.platform), "text"),
        (_l("Class of user"), str(CUSTOMER_CLASSES.label(quote.customer_class)), "text"),
        (_l("Date of the quote"), quote.quoted_on, "date"), (_l("Valid until"), quote.valid_until, "date"),
        (_l("State"), str(PlatformQuote.__table__.c.state.type.choices.label(quote.state)), "text"),
    )
    rows = [[str(EVENT_KINDS.label(x.kind)), str(x.instrument or x.item or x.memo or ""), x.quantity, x.unit_price, x.amount]
            for x in quotes.lines_of(session, quote)]
    columns = (Column(_l("Kind"), width=1.4), Column(_l("What is offered"), width=3), Column(_l("Hours or units"), "decimal", 1),
               Column(_l("Price"), "decimal", 1), Column(_l("Amount in yuan"), "money", 1.2))
    return Document(
        _l("Quote for platform services"), f"{quote.number} · {park.company or park.name}",
        (Section(_l("Quote"), facts=facts),
         Section(_l("Lines"), table=Table(columns, rows, [None, None, None, None, quote.total]),
                 text=(f"{quote.total:,.2f} ({capitals(quote.total)})",)),
         *((Section(_l("Terms"), text=(quote.terms,)),) if quote.terms else ())),
        request.at, request.made_by)


REPORTS = [
    Report("platform-quote", _l("Quote for platform services"), quote_sheet, resource="platforms.quote", word="read", needs=("record",),
           explain=_l("What some use of a platform will cost, and until when the offer holds.")),
]
