"""What platforms answer when an instrument is booked, and what becomes of a booking nobody used."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from modules.booking.signals.booking import (
    booking_changed,
    booking_payers,
    booking_price,
    booking_problems,
    entitlement_uses,
    voucher_redeemed,
)
from parkops import clock
from parkops.hooks import receiver

from ..services import machine, rights, voucher_charges


@receiver(booking_problems)
def instrument_problems(
    session: Any, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None = None, contact_id: int | None = None,
    payer: Any = None, **_more: Any,
) -> list[Any]:
    """Paying project, training, state of the instrument."""
    return machine.findings(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, contact_id=contact_id,
                            payer=payer)


@receiver(booking_payers)
def instrument_payers(
    session: Any, resource: Any, firm_id: int | None = None, on: date | None = None, **_more: Any
) -> list[dict[str, Any]]:
    """Paying projects of the firm with which the instrument may be used on the day."""
    return machine.payers(session, resource=resource, firm_id=firm_id, on=on or clock.today())


@receiver(booking_price)
def instrument_price(
    session: Any, resource: Any, starts_at: datetime, ends_at: datetime, firm_id: int | None = None, payer: Any = None, **_more: Any
) -> list[dict[str, Any]]:
    """Lines of the preview."""
    return machine.price_lines(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, payer=payer)


@receiver(booking_changed)
def instrument_missed(session: Any, booking: Any, action: str, **_more: Any) -> None:
    """A no-show is charged at the no-show rate; a late cancellation counts as one."""
    if action in ("missed", "late_cancelled"):
        machine.missed_booking(session, booking)


@receiver(voucher_redeemed)
def voucher_paid(session: Any, use: Any, on: date, **_more: Any) -> None:
    """What the authority paid for platform use comes into the ledger."""
    voucher_charges.post_redeemed(session, use, on)


@receiver(entitlement_uses)
def machine_hours(session: Any, firm_id: int, first: date, last: date, **_more: Any) -> tuple[set[int], list[Any]]:
    """Rights are used up by what the machine ran, not by what was booked."""
    return rights.of_statement(session, firm_id=firm_id, first=first, last=last)
