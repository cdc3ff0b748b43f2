"""What booking announces, and what it asks other modules before it books."""

from __future__ import annotations

from parkops.hooks import Signal

booking_problems = Signal(
    "booking.problems",
    doc="session, resource, starts_at, ends_at, firm_id, contact_id, payer (source, id) | None, booking | None: "
        "answer with a list of Finding: training, paying project, anything that speaks against the booking")
booking_price = Signal(
    "booking.price",
    doc="session, resource, starts_at, ends_at, firm_id, payer: answer with a list of dicts text, quantity, unit_price, amount")
booking_changed = Signal(
    "booking.changed",
    doc="session, booking, action: booked, confirmed, refused, moved, cancelled, late_cancelled, checked_in, finished or missed")
entitlement_uses = Signal(
    "booking.entitlement_uses",
    doc="session, firm_id, first, last: answer with (resource ids, uses): of these resources bookings use up no rights, what was really "
        "used does (list of calc_entitlements.Use of the firm that ended between the two days)")
voucher_redeemed = Signal(
    "booking.voucher_redeemed",
    doc="session, use, on: the authority has paid for a use of an innovation voucher (`use.redeemed`), in the same transaction")
booking_payers = Signal(
    "booking.payers",
    doc="session, resource, firm_id, on (day of the use | None: today): answer with a list of dicts source, id, label: what the "
        "firm may let pay for the resource on that day")
