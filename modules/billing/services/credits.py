"""Credit notes: the only way a posted bill is taken back, wholly or in part (rules B-16 to B-18).

A credit note links to the bill and the lines it corrects and keeps their VAT. A bill that is reversed gives back what was
allocated to it first: the money becomes the firm's advance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops.db import audit
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from ..calc_vat import split_vat
from ..models.bill import Bill
from ..models.charge import Charge
from ..signals.bills import bill_reversed
from ..states import BILL
from . import bills, charges, posting

Part = tuple[int, Decimal]


def reverse_bill(session: Any, bill: Bill, *, on: date, reason: str) -> Bill:
    """Reverse a posted bill: undo its allocations, credit what is left of every line, settle it with the credit note.

    Returns the posted credit note. Raises RuleError B-16 (not posted, dated before the bill, nothing left)."""
    access.require(session, "billing.bill", "act")
    bill = _locked(session, bill)
    _may_credit(bill, on, reason)
    _free(session, bill, on)
    left = credited(session, bill)
    rows = [(c, c.gross - left.get(c.id, ZERO), c.vat - _vat(session, c)) for c in lines_of(session, bill)]
    credit = _credit_note(session, bill, [(c, gross, vat) for c, gross, vat in rows if gross or vat], on, reason)
    _settle_by_notes(session, bill, on)
    BILL.move(session, bill, "reverse", on=on, reason=reason)
    session.refresh(bill)
    bill_reversed.send(session, bill=bill, on=on)
    session.refresh(credit)
    return credit


def notes_of(session: Any, bill: Bill) -> list[Bill]:
    """The posted credit notes that correct a bill."""
    return list(
        session.scalars(
            select(Bill)
            .where(Bill.reverses_id == bill.id, Bill.kind == "credit", Bill.state == "posted")
            .order_by(Bill.id)
            .execution_options(populate_existing=True)
        )
    )


def _free(session: Any, bill: Bill, on: date) -> None:
    """Take back what settles the bill (receipts become advances), and its own credit notes from wherever they were used."""
    from .allocations import standing, undo_allocation

    notes = {n.id for n in notes_of(session, bill)}
    rows = [a for a in standing(session, bill_id=bill.id) if a.credit_id not in notes]
    rows += [a for a in standing(session) if a.credit_id in notes and a.bill_id != bill.id] if notes else []
    for row in rows:
        undo_allocation(session, row, on=max(on, row.on_date))


def _settle_by_notes(session: Any, bill: Bill, on: date) -> None:
    """The credit notes of a reversed bill settle it to the fen; otherwise one was paid out, and that comes back first."""
    from .allocations import apply_credit

    for note in notes_of(session, bill):
        if note.settled != note.gross:
            apply_credit(session, note, pairs=[(bill.id, note.settled - note.gross)], on=on)
    session.refresh(bill)
    problems = Problems()
    if bill.settled != bill.gross:
        problems.add("billing.B-16", _l("A credit note of this bill was paid out. Reverse that refund first."))
    problems.stop()


def credit_lines(session: Any, bill: Bill, *, parts: Sequence[Part], on: date, reason: str) -> Bill:
    """Credit amounts (incl. VAT, above zero) of single lines; VAT follows the line. What is open of the bill is settled by it,
    the rest stays open to the firm's credit."""
    from .allocations import apply_credit

    access.require(session, "billing.bill", "act")
    bill = _locked(session, bill)
    _may_credit(bill, on, reason)
    done, known, problems = credited(session, bill), {c.id: c for c in lines_of(session, bill)}, Problems()
    rows = []
    for charge_id, amount in parts:
        line = known.get(charge_id)
        if line is None or amount <= 0 or line.gross <= 0:
            problems.add("billing.B-17", _l("Choose lines of this bill and amounts above zero."), "parts")
        elif amount > line.gross - done.get(line.id, ZERO):
            problems.add(
                "billing.B-17",
                _l("Of line %(line)s only %(left)s is left to credit.", line=line, left=line.gross - done.get(line.id, ZERO)),
                "parts",
            )
        else:
            rows.append((line, amount, split_vat(amount, line.vat_rate, True)[1]))
    if not parts:
        problems.add("billing.B-17", _l("Choose lines of this bill and amounts above zero."), "parts")
    problems.stop()
    credit = _credit_note(session, bill, rows, on, reason)
    session.refresh(bill)
    if use := min(bill.gross - bill.settled, -credit.gross):
        apply_credit(session, credit, pairs=[(bill.id, use)], on=on)
    session.refresh(credit)
    return credit


def credit_charges(session: Any, *, firm_id: int, demands: list[dict[str, Any]], on: date, reason: str) -> Bill:
    """A posted credit note of new lines (relief of rent already billed, an adjustment in the firm's favour …). Lines that name a
    line they correct link the note to its bill. What it gives stays open to the firm's credit."""
    access.require(session, "billing.bill", "act")
    firm = session.get(Firm, firm_id)
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    charges.add_charges(session, firm.park_id, demands)
    keys = [d["key"] for d in demands]
    like = [Charge.key.like(k.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "#%") for k in keys]
    rows = list(
        session.scalars(
            select(Charge).where(
                Charge.park_id == firm.park_id,
                Charge.firm_id == firm.id,
                Charge.bill_id.is_(None),
                func.coalesce(Charge.key.in_(keys), False) | _any(like),
            )
        )
    )
    corrected = set(session.scalars(select(Charge.bill_id).where(Charge.id.in_([c.corrects_id for c in rows if c.corrects_id]))))
    credit = bills.make_credit(
        session,
        firm=firm,
        charge_ids=[c.id for c in rows],
        on=on,
        reason=reason,
        reverses_id=corrected.pop() if len(corrected) == 1 else None,
    )
    return posting.post_bill(session, credit, on=on)


def _any(conditions: list[Any]) -> Any:
    from sqlalchemy import false, or_

    return or_(false(), *conditions)


def lines_of(session: Any, bill: Bill) -> list[Charge]:
    """The bill's lines in order."""
    return list(session.scalars(select(Charge).where(Charge.bill_id == bill.id).order_by(Charge.id)))


def credited(session: Any, bill: Bill) -> dict[int, Decimal]:
    """What posted or drafted credit notes took of each line so far (above zero)."""
    correcting = select(Charge.id).where(Charge.bill_id == bill.id)
    rows = session.execute(
        select(Charge.corrects_id, func.sum(Charge.gross)).where(Charge.corrects_id.in_(correcting)).group_by(Charge.corrects_id)
    )
    return {line: -Decimal(total) for line, total in rows}


def _vat(session: Any, line: Charge) -> Decimal:
    """VAT already credited of a line (above zero)."""
    return -(session.scalar(select(func.sum(Charge.vat)).where(Charge.corrects_id == line.id)) or ZERO)


def _locked(session: Any, bill: Bill) -> Bill:
    return session.scalars(select(Bill).where(Bill.id == bill.id).with_for_update(of=Bill).execution_options(populate_existing=True)).one()


def _may_credit(bill: Bill, on: date, reason: str) -> None:
    problems = Problems()
    if bill.state != "posted" or bill.kind != "bill":
        problems.add("billing.B-16", _l("Only a posted bill that was not reversed is credited."))
    if on < bill.issued_on:
        problems.add("billing.B-16", _l("A credit note is not dated before its bill (%(day)s).", day=bill.issued_on.isoformat()), "on")
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    problems.stop()


def _draft_credit(bill: Bill, on: date, reason: str) -> Bill:
    """The credit note of the bill before its lines: a draft of nothing."""
    return Bill(
        park_id=bill.park_id,
        firm_id=bill.firm_id,
        kind="credit",
        month=on.replace(day=1),
        issued_on=on,
        due_on=on,
        state="draft",
        net=ZERO,
        vat=ZERO,
        gross=ZERO,
        settled=ZERO,
        memo=reason,
        reverses_id=bill.id,
    )


def _opposite(credit: Bill, bill: Bill, firm: Firm, line: Charge, gross: Decimal, vat: Decimal, on: date) -> Charge:
    """The line of the credit note that takes (gross, vat) back of the bill's line."""
    return Charge(
        park_id=bill.park_id,
        key=f"credit:{credit.id}:{line.id}",
        firm_id=firm.id,
        carrier_id=line.carrier_id,
        item_id=line.item_id,
        kind=line.kind,
        bill_id=credit.id,
        source=line.source,
        source_id=line.source_id,
        corrects_id=line.id,
        approval_id=line.approval_id,
        period_from=line.period_from,
        period_to=line.period_to,
        due_on=on,
        treatment=line.treatment,
        vat_rate=line.vat_rate,
        net=vat - gross,
        vat=-vat,
        gross=-gross,
        memo=line.memo,
    )


def _credit_note(session: Any, bill: Bill, rows: list[tuple[Charge, Decimal, Decimal]], on: date, reason: str) -> Bill:
    """The posted credit note with a line of the opposite sign for each (line, gross, vat)."""
    firm = session.get(Firm, bill.firm_id)
    credit = _draft_credit(bill, on, reason)
    problems = Problems()
    if not rows:
        problems.add("billing.B-16", _l("Everything on bill %(number)s was credited already.", number=bill.number))
    problems.stop()
    session.add(credit)
    session.flush()
    session.add_all([_opposite(credit, bill, firm, line, gross, vat, on) for line, gross, vat in rows])
    credit.gross = -sum((gross for _l1, gross, _v in rows), ZERO)
    credit.vat = -sum((vat for _l1, _g, vat in rows), ZERO)
    credit.net = credit.gross - credit.vat
    session.flush()
    audit.event(
        session,
        "credit",
        {"bill": bill.number, "gross": str(credit.gross), "reason": reason},
        resource="billing.bill",
        record_id=bill.id,
        label=str(bill),
        park_id=bill.park_id,
    )
    return posting.post_bill(session, credit, on=on)
