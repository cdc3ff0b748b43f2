"""What the screens of bills ask: computed columns, the VAT split, and commands on selected bills."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, and_, case, cast, func, literal, null, select, type_coerce

from parkops.db.types import Money
from parkops.errors import Problems, Refused
from parkops.i18n import _, _l
from parkops.security import access

from ..models.bill import Bill
from ..models.charge import Charge
from . import bills, credits, posting


def open_amount(model: Any) -> Any:
    """SQL: gross − settled of posted documents, zero of the rest."""
    return type_coerce(case((model.state == "posted", type_coerce(model.gross - model.settled, BigInteger)), else_=0), Money())


def days_late(model: Any, today: date) -> Any:
    """SQL: whole days since the due day of a posted bill with something open, else NULL."""
    late = and_(model.state == "posted", model.kind == "bill", model.gross != model.settled, model.due_on < today)
    return case((late, cast(literal(today, Date) - model.due_on, Integer)), else_=null())


def vat_split(session: Any, bill: Bill) -> dict[str, Any]:
    """Net, VAT and gross by treatment and rate, in the order of the rate."""
    rows = session.execute(
        select(Charge.treatment, Charge.vat_rate, func.count(), func.sum(Charge.net), func.sum(Charge.vat), func.sum(Charge.gross))
        .where(Charge.bill_id == bill.id)
        .group_by(Charge.treatment, Charge.vat_rate)
        .order_by(Charge.vat_rate.desc().nulls_last())
    )
    return {"rows": rows.all(), "bill": bill}


def create_bill(session: Any, *, firm_id: int, issued_on: date, due_on: date | None = None, memo: str | None = None) -> Bill:
    """A draft of every line of the firm that waits for a bill."""
    ids = list(
        session.scalars(select(Charge.id).where(Charge.firm_id == firm_id, Charge.bill_id.is_(None), Charge.period_from <= issued_on))
    )
    problems = Problems()
    if not ids:
        problems.add(
            "billing.B-10", _l("Nothing of this firm waits for a bill. Charge lines come from leases, meters and other sources."), "firm_id"
        )
    problems.stop()
    return bills.make_bill(session, firm_id=firm_id, charge_ids=ids, issued_on=issued_on, due_on=due_on, memo=memo)


def why_not_credit(session: Any, bill: Bill) -> str | None:
    """Only posted bills are credited."""
    return None if bill.state == "posted" and bill.kind == "bill" else _("Only a posted bill that was not reversed is credited.")


def credit_line(session: Any, bill: Bill, *, charge_id: int, amount: Decimal, on: date, reason: str) -> str:
    """Credit a part of one line."""
    credit = credits.credit_lines(session, bill, parts=[(charge_id, amount)], on=on, reason=reason)
    return _("Credit note %(number)s over %(amount)s was posted.", number=credit.number, amount=credit.gross)


def preview_post(session: Any, objs: Sequence[Bill], *, on: date) -> tuple[int, str]:
    """How many drafts would be posted, and their sum."""
    drafts = [b for b in objs if b.state == "draft"]
    total = sum((b.gross for b in drafts), Decimal(0))
    return len(drafts), _("Posts %(n)s drafts over %(sum)s yuan. Posted bills can only be reversed.", n=len(drafts), sum=f"{total:,.2f}")


def post_selected(session: Any, objs: Sequence[Bill], *, on: date) -> str:
    """Post the drafts among the selected bills."""
    done = 0
    for park in sorted({b.park_id for b in objs}):
        done += posting.post_bills(session, park_id=park, bills=[b.id for b in objs if b.park_id == park], on=on)
    session.expire_all()
    return _("%(n)s bills were posted.", n=done)


def preview_invoices(session: Any, objs: Sequence[Bill], *, on: date) -> tuple[int, str]:
    """How many bills could be asked for, and what is missing first."""
    from .einvoice import missing

    found = [s for b in objs[:200] for s in missing(session, b)]
    ready = sum(1 for b in objs if b.state == "posted" and b.kind == "bill")
    return ready, " ".join(found[:5]) if found else _("Requests invoices for %(n)s posted bills.", n=ready)


def why_not_red(session: Any, bill: Bill) -> str | None:
    """Red letters belong to credit notes."""
    ready = bill.kind == "credit" and bill.state == "posted" and bill.reverses_id is not None
    return None if ready else _("Choose a posted credit note that corrects a bill.")


def red_letters(session: Any, bill: Bill, *, on: date, reason: str) -> str:
    """Ask for the red-letter invoices of a credit note."""
    from .einvoice import request_red

    return _("%(n)s invoices were requested.", n=len(request_red(session, bill, on=on, reason=reason)))


def zip_link(session: Any, objs: Sequence[Bill]) -> tuple[str, str]:
    """Where the PDF files of the selected bills are made."""
    access.require(session, "billing.bill", "export")
    if len(objs) > 200:
        raise Refused(_l("Choose at most %(n)s bills at once.", n=200))
    return _("The file is being made."), "/billing/bills/pdf?ids=" + ",".join(str(b.id) for b in objs)


__all__ = ["create_bill", "credit_line", "days_late", "open_amount", "post_selected", "red_letters", "vat_split", "zip_link"]
