"""What buttons and forms of receipts call: no money of days to come, the reasons why a button is disabled."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.receipt import Receipt
from .allocations import allocate
from .receipts import receive


def take_payment(
    session: Any,
    *,
    firm_id: int | None = None,
    amount: Decimal,
    received_on: date,
    kind: str = "bank",
    bank_account_id: int | None = None,
    payer: str | None = None,
    reference: str | None = None,
    rule: str | None = None,
    pairs: Any = None,
) -> Receipt:
    """What the payment screen and REST call: as `receive`, not for a day that is still to come (R-05)."""
    problems = Problems()
    records.not_future({"received_on": received_on}, problems, ("received_on",))
    problems.stop()
    how = pairs if pairs is not None else None if rule == "none" else rule or "setting"
    return receive(
        session,
        firm_id=firm_id,
        amount=amount,
        received_on=received_on,
        kind=kind,
        bank_account_id=bank_account_id,
        payer=payer,
        reference=reference,
        allocate=how,
    )


def pay_bill(
    session: Any, bill: Any, *, received_on: date, kind: str = "bank", bank_account_id: int | None = None, reference: str | None = None
) -> tuple[str, str]:
    """Quick full payment from a bill's page: one receipt over what is open."""
    receipt = take_payment(
        session,
        firm_id=bill.firm_id,
        amount=bill.gross - bill.settled,
        received_on=received_on,
        kind=kind,
        bank_account_id=bank_account_id,
        reference=reference,
        pairs=[(bill.id, bill.gross - bill.settled)],
    )
    return str(
        _l("Receipt %(number)s over %(amount)s was posted.", number=receipt.number, amount=f"{receipt.amount:,.2f}")
    ), f"/billing/bill/{bill.id}"


def allocate_by_rule(session: Any, receipt: Receipt, *, on: date, rule: str | None = None) -> None:
    """The button on a receipt: what is left, by a rule."""
    allocate(session, receipt, on=on, rule=rule)


def why_not_pay(session: Any, bill: Any) -> str | None:
    """Why nothing can be paid on a bill, or None."""
    if bill.state != "posted" or bill.kind != "bill":
        return str(_l("Only a posted bill can be paid."))
    return str(_l("This bill is settled.")) if bill.settled == bill.gross else None


def why_not_assign(session: Any, receipt: Receipt) -> str | None:
    """Why a firm cannot be named, or None."""
    return str(_l("This receipt has its firm already.")) if receipt.firm_id is not None or receipt.amount < 0 or receipt.allocated else None


def why_not_allocate(session: Any, receipt: Receipt) -> str | None:
    """Why nothing can be allocated, or None."""
    if receipt.firm_id is None:
        return str(_l("Say first which firm this receipt is from."))
    return str(_l("Nothing is left to allocate.")) if receipt.amount < 0 or receipt.allocated == receipt.amount else None


def why_not_reverse(session: Any, receipt: Receipt) -> str | None:
    """Why it cannot be reversed, or None."""
    if receipt.amount < 0 or session.scalar(select(Receipt.id).where(Receipt.reverses_id == receipt.id)) is not None:
        return str(_l("It was reversed already, or pays money back."))
    return None
