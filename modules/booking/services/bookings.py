"""Booking, moving, cancelling; approval where the resource asks for it. Rules K-01 to K-19.

The database keeps exclusive resources free of double bookings (K-01); where several may run at once, and where rules count
other bookings, the count is made again under a lock on the resource."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from parkops import approval, clock
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..calc_findings import Finding
from ..models.booking import LIVE, NO_OVERLAP, Booking, BookingOverride, BookingSeries, WaitingEntry
from ..models.resource import BookableResource
from ..signals.booking import booking_changed
from ..states import BOOKING
from .attendance import check_in, finish, mark_missed
from .policy import MINUTE, others, problems, shown

RESOURCE = "booking.booking"
KIND = approval.ApprovalKind(RESOURCE, _l("Booking"), RESOURCE)


def book(session: Any, *, resource: BookableResource, starts_at: datetime, ends_at: datetime, firm_id: int | None,
         contact_id: int | None = None, payer: tuple[str, int] | None = None, people: int | None = None, memo: str | None = None,
         override: Collection[str] = (), reason: str | None = None, at: datetime | None = None, previous_id: int | None = None,
         waiting: WaitingEntry | None = None, series: tuple[int, Any] | None = None) -> Booking:
    """Book it. `override` names the codes of problems staff lets pass, with `reason` (K-16). Raises RuleError with every problem."""
    access.require(session, RESOURCE, "add")
    at = at or clock.now()
    found = problems(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, contact_id=contact_id,
                     payer=payer, people=people, at=at, waiting=waiting)
    passed = allow(session, found, override, reason)
    scope = scope_of(session)
    source, source_id = payer or (None, None)
    booking = Booking(
        park_id=resource.park_id, resource_id=resource.id, firm_id=firm_id, contact_id=contact_id, user_id=scope.user_id,
        booked_by=scope.user_name, starts_at=starts_at, ends_at=ends_at, people=people, memo=(memo or "").strip()[:300] or None,
        state="requested" if resource.needs_approval else "confirmed", payer_source=source, payer_id=source_id, previous_id=previous_id,
        series_id=series[0] if series else None, series_day=series[1] if series else None)
    _write(session, resource, booking, passed)
    _record_overrides(session, booking, passed, reason, at)
    if resource.needs_approval:
        approval.request(session, booking, KIND.code, title=str(booking), reason=booking.memo, expires_on=clock.local(starts_at).date())
    booking_changed.send(session, booking=booking, action="booked")
    return booking


def book_by_form(session: Any, *, resource_id: int, starts_at: datetime, ends_at: datetime, firm_id: int | None = None,
                 contact_id: int | None = None, people: int | None = None, memo: str | None = None, payer: str | None = None,
                 override_reason: str | None = None) -> Booking:
    """The form and REST: a reason in `override_reason` lets every overridable problem pass, when the actor may (K-16); `payer` names
    the record that pays as `module.thing:id`."""
    resource, pays = resource_of(session, resource_id), payer_of(payer)
    codes: Collection[str] = ()
    if (override_reason or "").strip():
        codes = {f.code for f in problems(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id,
                                          contact_id=contact_id, people=people, payer=pays) if f.overridable}
    return book(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=firm_id, contact_id=contact_id, people=people,
                memo=memo, payer=pays, override=codes, reason=override_reason)


def payer_of(text: str | None) -> tuple[str, int] | None:
    """`platforms.project:7` -> its parts; refused with a sentence when it is none."""
    if not (text or "").strip():
        return None
    found = re.fullmatch(r"([a-z_]{1,40}\.[a-z_]{1,39}):([0-9]{1,18})", text.strip(), re.ASCII)
    if found is None:
        raise RuleError([Problem("booking.payer", _l("Name the paying record as in platforms.project:7, or leave it empty."), "payer")])
    return found[1], int(found[2])


def resource_of(session: Any, resource_id: int | None) -> BookableResource:
    """The resource, or NotFound outside the actor's parks."""
    found = session.get(BookableResource, resource_id) if resource_id is not None else None
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


def allow(session: Any, found: Collection[Finding], override: Collection[str], reason: str | None) -> list[Finding]:
    """K-16: refuse with every problem that is not overridden; returns those that are. Needs the right and a reason."""
    passed = [f for f in found if f.overridable and f.code in override]
    refused = [f.refused() for f in found if f not in passed]
    if passed:
        if not access.may(session, "booking.override", "add"):
            refused = [f.refused() for f in found]
            refused.append(Problem("booking.K-16", _l("Only staff with the right to override may let a rule pass. Ask a manager.")))
        elif not (reason or "").strip():
            refused.append(Problem("booking.K-16", _l("Write why the rule is let pass."), "override_reason"))
    if refused:
        raise RuleError(refused)
    return passed


def _record_overrides(session: Any, booking: Booking, passed: list[Finding], reason: str | None, at: datetime) -> None:
    scope = scope_of(session)
    session.add_all(BookingOverride(
        park_id=booking.park_id, booking_id=booking.id, code=f.code, message=str(f.message)[:500], reason=(reason or "").strip()[:300],
        user_id=scope.user_id, user_name=scope.user_name, at=at) for f in passed)
    session.flush()


def _write(session: Any, resource: BookableResource, booking: Booking, passed: list[Finding], **values: Any) -> None:
    """Insert it, or give it other `values`. Writers of one resource follow each other; the count is made again where rules count
    (not for what the database itself keeps apart), and an overlap it refuses becomes the same sentence."""
    starts_at, ends_at = values.get("starts_at", booking.starts_at), values.get("ends_at", booking.ends_at)
    session.execute(select(BookableResource.id).where(BookableResource.id == resource.id).with_for_update(key_share=True))
    if resource.capacity > 1 or resource.per_day or resource.gap_minutes or resource.turnaround_minutes:
        again = others(session, resource=resource, starts_at=starts_at, ends_at=ends_at, firm_id=booking.firm_id,
                       booking=booking if booking.id else None)
        codes = {f.code for f in passed}
        refused = [f.refused() for f in again if f.code not in codes]
        if refused:
            raise RuleError(refused)
    try:
        with session.begin_nested():
            for name, value in values.items():
                setattr(booking, name, value)
            session.add(booking)
            session.flush()
    except DBAPIError as error:
        if getattr(getattr(error.orig, "diag", None), "constraint_name", None) != NO_OVERLAP:
            raise
        text = _l("%(name)s was booked by somebody else this moment. Choose another time or join the waiting list.", name=resource.name)
        raise RuleError([Problem("booking.K-01", text, "starts_at")]) from None


# ---- moving


def move(session: Any, booking: Booking, *, starts_at: datetime, ends_at: datetime, resource: BookableResource | None = None,
         override: Collection[str] = (), reason: str | None = None, at: datetime | None = None) -> Booking:
    """To another time or resource (K-17, K-19); the freed slot goes to the first in line."""
    from . import waiting

    access.require(session, RESOURCE, "change")
    at, target = at or clock.now(), resource or booking.resource
    found = [*_may_move(session, booking, target, at),
             *problems(session, resource=target, starts_at=starts_at, ends_at=ends_at, firm_id=booking.firm_id, people=booking.people,
                       contact_id=booking.contact_id, payer=payer_kept(booking), booking=booking, at=at)]
    passed = allow(session, found, override, reason)
    before = (booking.resource, booking.starts_at, booking.ends_at)
    _write(session, target, booking, passed, starts_at=starts_at, ends_at=ends_at, resource_id=target.id)
    session.refresh(booking)
    if (asked := open_request(session, booking)) is not None:
        asked.expires_on = clock.local(starts_at).date()
    _record_overrides(session, booking, passed, reason, at)
    booking_changed.send(session, booking=booking, action="moved")
    waiting.freed(session, resource=before[0], starts_at=before[1], ends_at=before[2], at=at)
    return booking


def payer_kept(row: Booking | BookingSeries | WaitingEntry) -> tuple[str, int] | None:
    """What pays for a booking, for every day of a series, for a slot waited for."""
    return (row.payer_source, row.payer_id) if row.payer_id is not None and row.payer_source else None


def _may_move(session: Any, booking: Booking, target: BookableResource, at: datetime) -> list[Finding]:
    """K-19 state and approval, K-17 too late to move."""
    found = []
    if booking.state not in ("requested", "confirmed"):
        found.append(Finding("booking.K-19", _l("This booking is %(state)s; make a new one.", state=BOOKING.choices.label(booking.state))))
    if target.needs_approval and booking.state == "confirmed" and not access.may(session, RESOURCE, "act"):
        found.append(Finding("booking.K-19", _l("The booking was approved as it is. Ask a manager to move it, or cancel and book again.")))
    if booking.state == "confirmed" and is_late(booking, at):
        found.append(Finding("booking.K-17", _l("Free changes ended at %(end)s. Cancel it late, or ask a manager to move it.",
                                                end=shown(free_until(booking))), True))
    return found


def move_by_form(session: Any, booking: Booking, *, resource_id: int, starts_at: datetime, ends_at: datetime,
                 people: int | None = None, memo: str | None = None, override_reason: str | None = None) -> Booking:
    """The record's form: time, resource, people and purpose."""
    access.require(session, RESOURCE, "change")
    target, codes = resource_of(session, resource_id), set()
    booking.people, booking.memo = people, (memo or "").strip()[:300] or None
    if (target.id, starts_at, ends_at) == (booking.resource_id, booking.starts_at, booking.ends_at):
        session.flush()
        return booking
    if (override_reason or "").strip():
        codes = {f.code for f in problems(session, resource=target, starts_at=starts_at, ends_at=ends_at, firm_id=booking.firm_id,
                                          contact_id=booking.contact_id, people=people, booking=booking, payer=payer_kept(booking))
                 if f.overridable} | {"booking.K-17"}
    return move(session, booking, starts_at=starts_at, ends_at=ends_at, resource=target, override=codes, reason=override_reason)


# ---- cancelling


def free_until(booking: Booking) -> datetime:
    """The last instant of free cancellation."""
    return booking.starts_at - booking.resource.cancel_minutes * MINUTE


def is_late(booking: Booking, at: datetime) -> bool:
    """Whether cancelling now counts as late (K-18)."""
    return booking.state == "confirmed" and at > free_until(booking)


def cancel(session: Any, booking: Booking, *, reason: str | None = None, at: datetime | None = None) -> Booking:
    """K-18: free until the resource's limit, late after it; what has begun is not cancelled. The slot goes to the first in line."""
    from . import waiting

    access.require(session, RESOURCE, "change")
    at, issues = at or clock.now(), Problems()
    if booking.state not in ("requested", "confirmed"):
        issues.add("booking.K-18", _l("This booking is %(state)s; there is nothing to cancel.", state=BOOKING.choices.label(booking.state)))
    elif booking.state == "confirmed" and at >= booking.starts_at:
        issues.add("booking.K-18", _l("The time has begun. Record check-in or no-show instead."))
    issues.stop()
    late = is_late(booking, at)
    booking.cancelled_at, booking.end_reason = at, (reason or "").strip()[:300] or None
    _close_request(session, booking, reason)
    BOOKING.move(session, booking, "cancel_late" if late else "cancel", on=clock.local(at).date(), reason=reason)
    booking_changed.send(session, booking=booking, action=booking.state)
    waiting.freed(session, resource=booking.resource, starts_at=booking.starts_at, ends_at=booking.ends_at, at=at)
    return booking


def cancel_now(session: Any, booking: Booking, *, reason: str | None = None) -> str:
    """The button: says whether it was free."""
    cancel(session, booking, reason=reason)
    return _("Cancelled late; the booking is charged by the rules.") if booking.state == "late_cancelled" else _("Cancelled.")


def why_not_free_cancel(session: Any, booking: Booking) -> str | None:
    """Guard: free cancellation is over."""
    if not is_late(booking, booking.cancelled_at or clock.now()):
        return None
    return str(_l("Free cancellation ended at %(end)s.", end=shown(free_until(booking))))


def why_not_late_cancel(session: Any, booking: Booking) -> str | None:
    """Guard: it can still be cancelled free, or has begun."""
    at = booking.cancelled_at or clock.now()
    if at >= booking.starts_at:
        return str(_l("The time has begun. Record check-in or no-show instead."))
    return None if is_late(booking, at) else str(_l("It can still be cancelled free."))


# ---- approval


def open_request(session: Any, booking: Booking) -> approval.Approval | None:
    """The approval that is waiting for it."""
    return session.scalar(select(approval.Approval).where(
        approval.Approval.kind == KIND.code, approval.Approval.resource == RESOURCE, approval.Approval.record_id == booking.id,
        approval.Approval.state == "waiting"))


def why_not_confirm(session: Any, booking: Booking) -> str | None:
    """Guard: nobody decides on what they asked for."""
    found = open_request(session, booking)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem) if problem is not None else None


def confirm_booking(session: Any, booking: Booking) -> None:
    """Approve a requested booking."""
    _decide(session, booking, True, None)


def refuse_booking(session: Any, booking: Booking, *, reason: str) -> None:
    """Refuse it with a reason; the slot is free again."""
    _decide(session, booking, False, reason)


def _decide(session: Any, booking: Booking, yes: bool, reason: str | None) -> None:
    access.require(session, RESOURCE, "act")
    found = open_request(session, booking)
    if found is None:
        raise RuleError([Problem("booking.K-20", _l("No approval is waiting for this booking."))])
    approval.vote(session, found, yes, reason)


@approval.on_approved(KIND.code)
def confirmed(session: Any, request: approval.Approval, booking: Booking) -> None:
    """The last person needed has agreed."""
    BOOKING.move(session, booking, "confirm")
    booking_changed.send(session, booking=booking, action="confirmed")


@approval.on_returned(KIND.code)
def returned(session: Any, request: approval.Approval, booking: Booking) -> None:
    """Refused, or the request was closed; a cancelled booking takes its request with it."""
    from . import waiting

    if booking.state != "requested" or booking.cancelled_at is not None:
        return
    booking.cancelled_at, booking.end_reason = clock.now(), request.reason
    session.flush()
    BOOKING.move(session, booking, "refuse", reason=request.reason or str(_l("The request for approval was closed")))
    booking_changed.send(session, booking=booking, action="refused")
    waiting.freed(session, resource=booking.resource, starts_at=booking.starts_at, ends_at=booking.ends_at, at=clock.now())


def _close_request(session: Any, booking: Booking, reason: str | None) -> None:
    """A cancelled booking needs no approval any more."""
    found = open_request(session, booking)
    if found is None:
        return
    words = (reason or "").strip() or str(_l("The booking was cancelled"))
    scope = scope_of(session)
    if found.requested_by_id == scope.user_id or scope.system or scope.firm_id is not None:
        approval.withdraw(session, found, words, on_behalf=scope.firm_id is not None)  # anybody of the firm gives its booking back
    else:
        approval.vote(session, found, False, words)


__all__ = ["LIVE", "book", "cancel", "check_in", "finish", "mark_missed", "move", "problems"]
