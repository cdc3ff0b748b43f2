"""What users think wrong about an event: asked for, decided by a colleague, applied; a posted bill is corrected by a document.

Rules U-53 to U-57. The original and the wanted values stay in the request."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.calc_vat import split_vat
from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services import charges, credits
from parkops import clock, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems
from parkops.i18n import _, _l
from parkops.money import ZERO
from parkops.security import access

from .. import calc_pricing as calc
from ..models.adjustment import EventAdjustment
from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.registry import ServiceItem
from ..states_adjustment import ADJUSTMENT
from . import month_runs, pricing, projects, stock

RESOURCE = "platforms.adjustment"


def raise_adjustment(
    session: Any, *, event_id: int, raised_on: date, reason: str, want_start: datetime | None = None, want_end: datetime | None = None,
    want_quantity: Decimal | None = None, want_project_id: int | None = None, waive: bool = False,
) -> EventAdjustment:
    """Record what the user wants changed (U-53): times, quantity or project, or nothing charged at all."""
    access.require(session, RESOURCE, "add")
    event, problems = session.get(UsageEvent, event_id), Problems()
    if event is None:
        raise NotFound(_l("There is no such record in your parks."))
    days = settings.get(session, "platforms.adjustment_days", event.park_id)
    if event.state not in ("done", "validated") or (event.ended_on is not None and (raised_on - event.ended_on).days > days):
        problems.add("platforms.U-53", _l("Finished use that is charged can be disputed for %(n)s days after it ended.", n=days),
                     "event_id")
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    if not waive and want_start is None and want_end is None and want_quantity is None and want_project_id is None:
        problems.add("platforms.U-53", _l("Say what should be different: start, end, quantity, project, or nothing charged."), "want_end")
    _wanted(session, event, want_start, want_end, want_quantity, problems)
    problems.extend(_unpayable(session, event, want_project_id, want_start, want_end, want_quantity, waive))
    pending = EventAdjustment.state.in_(("open", "approved"))
    if session.scalar(select(EventAdjustment.id).where(EventAdjustment.event_id == event.id, pending)):
        problems.add("platforms.U-53", _l("An adjustment of this event is being dealt with already. Add a comment there."), "event_id")
    problems.stop()
    scope = scope_of(session)
    row = EventAdjustment(
        park_id=event.park_id, number=sequences.next_number(session, RESOURCE, event.park_id, raised_on), event_id=event.id,
        firm_id=event.firm_id, reason=reason.strip(), raised_on=raised_on, entered_by_id=scope.user_id, entered_by=scope.user_name,
        was_start=event.started_at, was_end=event.ended_at, was_quantity=event.quantity, was_project_id=event.project_id,
        was_net=event.net, want_start=want_start, want_end=want_end, want_quantity=want_quantity, want_project_id=want_project_id,
        waive=waive)
    session.add(row)
    session.flush()
    return row


def _wanted(session: Any, event: UsageEvent, start: Any, end: Any, quantity: Any, problems: Problems) -> None:
    first, last = start or event.started_at, end or event.ended_at
    if last is not None and last < first:
        problems.add("platforms.U-43", _l("The end lies before the start."), "want_end")
    if last is not None and event.ended_on is not None and month_of(last) != event.ended_on.replace(day=1):
        problems.add("platforms.U-54", _l("An adjustment stays in the month of the event. Cancel it and record it anew."), "want_end")
    if quantity is not None and (quantity < 0 or event.quantity is None):
        problems.add("platforms.U-54", _l("A quantity is from 0, and only of events that are counted in units."), "want_quantity")


def _unpayable(session: Any, event: UsageEvent, project_id: int | None, start: Any, end: Any, quantity: Any, waive: bool) -> list[Problem]:
    """What keeps the wanted project from paying for the event as it would be then, on the event's own day (U-20 to U-24)."""
    if project_id is None or project_id == event.project_id:
        return []
    project, last = session.get(PayingProject, project_id), end or event.ended_at
    needs = event.amount if event.kind == "custom" else None
    if project is not None and event.kind != "custom" and not waive:
        needs = pricing.estimate(
            session, kind=event.kind, platform_id=event.platform_id, customer_class=project.customer_class, ends_at=last,
            starts_at=start or event.started_at, instrument_id=event.instrument_id, item_id=event.item_id,
            quantity=event.quantity if quantity is None else quantity).amount
    found = projects.objections(session, project, kind=event.kind, on=clock.local(last).date(), platform_id=event.platform_id,
                                firm_id=event.firm_id, needs=needs or ZERO)
    return [Problem(p.code, p.message, "want_project_id") for p in found]


def month_of(at: datetime) -> date:
    """The month of the park's clock."""
    return clock.local(at).date().replace(day=1)


def why_not_decide(session: Any, row: EventAdjustment) -> str | None:
    """U-55: nobody decides what they entered themselves."""
    user = scope_of(session).user_id
    if user is not None and user == row.entered_by_id:
        return _("You entered this adjustment. A colleague decides it.")
    return None


def approve_adjustment(session: Any, row: EventAdjustment, *, reason: str) -> EventAdjustment:
    """Agree; applying it is the next step."""
    return _decide(session, row, "approve", reason)


def deny_adjustment(session: Any, row: EventAdjustment, *, reason: str) -> EventAdjustment:
    """The event stands as it is."""
    return _decide(session, row, "deny", reason)


def _decide(session: Any, row: EventAdjustment, step: str, reason: str) -> EventAdjustment:
    access.require(session, RESOURCE, "act")
    scope, problems = scope_of(session), Problems()
    if why := why_not_decide(session, row):
        problems.add("platforms.U-55", why)
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    problems.stop()
    row.decided_by_id, row.decided_by, row.answer = scope.user_id, scope.user_name, reason.strip()
    session.flush()
    ADJUSTMENT.move(session, row, step, reason=reason)
    return row


def withdraw_adjustment(session: Any, row: EventAdjustment, *, reason: str) -> EventAdjustment:
    """The user takes it back."""
    access.require(session, RESOURCE, "change")
    ADJUSTMENT.move(session, row, "withdraw", reason=reason)
    return row


def apply_now(session: Any, row: EventAdjustment) -> EventAdjustment:
    """The button: apply today."""
    return apply_adjustment(session, row, on=clock.today())


def apply_adjustment(session: Any, row: EventAdjustment, *, on: date) -> EventAdjustment:
    """Change the event (U-56). Unpriced: as wanted. Priced: priced anew. On a posted bill: a credit note for less, a line of its own
    on the next bill for more (U-57)."""
    access.require(session, RESOURCE, "act")
    event = session.scalars(select(UsageEvent).where(UsageEvent.id == row.event_id).with_for_update(of=UsageEvent)
                            .execution_options(populate_existing=True)).one()
    line, problems = _line(session, event), Problems()
    bill = session.get(Bill, line.bill_id) if line is not None and line.bill_id else None
    if line is not None and (bill is None or bill.state == "draft"):
        problems.add("platforms.U-57", _l("The event stands on a draft bill. Throw the draft away or post it first."))
    elif line is not None and bill.state != "posted":
        problems.add("platforms.U-57", _l("Bill %(number)s was reversed. Record the use anew instead.", number=bill.number))
    problems.extend(_unpayable(session, event, row.want_project_id, row.want_start, row.want_end, row.want_quantity, row.waive))
    problems.stop()
    priced, old = event.run_id is not None, event.net or ZERO
    month_runs.unprice(session, event)
    _change(session, row, event)
    if priced:
        month_runs.reprice(session, event)
    if line is not None:
        _correct(session, row, event, line, bill, on)
    row.applied_by, row.applied_on = scope_of(session).user_name, on
    row.difference = (event.net or ZERO) - old if priced else None
    session.flush()
    ADJUSTMENT.move(session, row, "apply", on=on)
    return row


def _line(session: Any, event: UsageEvent) -> Charge | None:
    return session.scalars(select(Charge).where(Charge.park_id == event.park_id, Charge.key == event.charge_key)).one_or_none()


def _change(session: Any, row: EventAdjustment, event: UsageEvent) -> None:
    """The wanted values into the event."""
    if row.waive:
        event.state, event.waived_by, event.waived_reason = "waived", row.decided_by, (row.answer or row.reason)[:300]
    if row.want_start or row.want_end:
        event.started_at = calc.to_minute(row.want_start or event.started_at)
        event.ended_at = calc.to_minute(row.want_end or event.ended_at)
        event.ended_on = clock.local(event.ended_at).date()
        event.minutes = calc.minutes_between(event.started_at, event.ended_at) if event.minutes is not None else None
    if row.want_project_id:
        project = session.get(PayingProject, row.want_project_id)
        event.project_id, event.customer_class = project.id, project.customer_class
    if row.want_quantity is not None:
        stock.put_back(session, event)
        event.quantity = row.want_quantity
        if event.item_id is not None and event.kind == "consumable" and row.want_quantity:
            session.flush()
            stock.take_out(session, session.get(ServiceItem, event.item_id), event)
    session.flush()


def _correct(session: Any, row: EventAdjustment, event: UsageEvent, line: Charge, bill: Bill, on: date) -> None:
    """The posted line against what the event costs now, VAT included."""
    project = session.get(PayingProject, event.project_id)
    payer, net = project.payer_id or project.firm_id, event.net or ZERO
    included = settings.get(session, "platforms.tax_included", event.park_id)
    due = net if line.vat_rate is None else split_vat(net, line.vat_rate, included)[2]
    reason = _("Adjustment %(number)s: %(reason)s", number=row.number, reason=row.answer or row.reason)
    moved = payer != line.firm_id
    back = line.gross if moved else line.gross - due
    if back > 0:
        row.credit_id = credits.credit_lines(session, bill, parts=[(line.id, back)], on=on, reason=reason[:300]).id
    more = due if moved else due - line.gross
    if more > 0:
        charges.add_charges(session, event.park_id, [{
            "key": f"platforms.adjustment:{row.id}", "firm_id": payer, "carrier_id": line.carrier_id, "item_id": line.item_id,
            "kind": "adjustment", "source": RESOURCE, "source_id": row.id, "corrects_id": line.id, "period_from": line.period_from,
            "period_to": line.period_to, "due_on": on, "amount": more, "memo": reason[:300]}])
