"""Promises to pay, and the daily look at what came of promises and letters. Rules N-04, N-08 and N-09 of the README."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from ..models.dunning import DunningLetter, PaymentPromise
from ..models.receipt import Receipt
from ..states_dunning import LETTER, PROMISE
from . import dunning

PROMISES = "billing.payment_promise"


def record_promise(
    session: Any,
    *,
    firm_id: int,
    amount: Decimal,
    promised_on: date,
    made_on: date,
    made_by: str,
    letter_id: int | None = None,
    note: str | None = None,
) -> PaymentPromise:
    """The firm says it pays so much by a day (N-09); it gets no letter until then."""
    access.require(session, PROMISES, "add")
    firm, letter, problems = session.get(Firm, firm_id), session.get(DunningLetter, letter_id) if letter_id else None, Problems()
    if firm is None or (letter_id and (letter is None or letter.firm_id != firm.id)):
        raise NotFound(_l("There is no such record in your parks."))
    if amount is None or amount <= 0:
        problems.add("billing.N-09", _l("Enter the amount promised, above zero."), "amount")
    if promised_on < made_on:
        problems.add("billing.N-09", _l("The day of payment lies before the promise. Choose a later day."), "promised_on")
    if not (made_by or "").strip():
        problems.add("billing.N-09", _l("Say who promised it."), "made_by")
    if session.scalar(select(PaymentPromise.id).where(PaymentPromise.firm_id == firm.id, PaymentPromise.state == "open")) is not None:
        problems.add("billing.N-09", _l("A promise of this firm is open already. Say first whether it was kept."), "firm_id")
    problems.stop()
    row = PaymentPromise(
        park_id=firm.park_id,
        firm_id=firm.id,
        letter_id=letter_id,
        made_on=made_on,
        promised_on=promised_on,
        amount=amount,
        made_by=made_by.strip(),
        note=note or None,
        entered_by=scope_of(session).user_name,
    )
    session.add(row)
    session.flush()
    return row


def promise_after(session: Any, letter: DunningLetter, *, amount: Decimal, promised_on: date, on: date, made_by: str) -> PaymentPromise:
    """The button on a letter."""
    return record_promise(
        session, firm_id=letter.firm_id, amount=amount, promised_on=promised_on, made_on=on, made_by=made_by, letter_id=letter.id
    )


def keep_promise(session: Any, row: PaymentPromise, *, on: date) -> PaymentPromise:
    """It was kept."""
    access.require(session, PROMISES, "act")
    PROMISE.move(session, row, "keep", on=on)
    return row


def break_promise(session: Any, row: PaymentPromise, *, on: date) -> PaymentPromise:
    """It was not kept; letters go on."""
    access.require(session, PROMISES, "act")
    PROMISE.move(session, row, "break", on=on)
    return row


def judge(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The daily job: promises whose day is over are kept or broken by the money received since; settled letters are closed."""
    done = {"kept": 0, "broken": 0, "settled": 0}
    query = select(PaymentPromise).where(PaymentPromise.state == "open", PaymentPromise.promised_on < on)
    for row in session.scalars(query.where(PaymentPromise.park_id == park_id) if park_id is not None else query).all():
        paid = sum(
            session.scalars(
                select(Receipt.amount).where(Receipt.firm_id == row.firm_id, Receipt.received_on.between(row.made_on, row.promised_on))
            ),
            ZERO,
        )
        PROMISE.move(session, row, step := "keep" if paid >= row.amount else "break", on=on)
        done["kept" if step == "keep" else "broken"] += 1
    letters = select(DunningLetter).where(DunningLetter.state == "delivered")
    for letter in session.scalars(letters.where(DunningLetter.park_id == park_id) if park_id is not None else letters).all():
        if dunning.why_not_settle(session, letter) is None:
            LETTER.move(session, letter, "settle", on=on)
            done["settled"] += 1
    return done
