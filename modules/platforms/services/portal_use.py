"""What a firm's own people may start, and how they dispute what was recorded. Rules U-66 and U-67."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from parkops import clock

from ..models.adjustment import EventAdjustment
from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.registry import Instrument, OperatorQualification, Platform
from . import adjustments, projects


def usable(session: Any, *, firm_id: int, person_id: int | None, on: date) -> list[tuple[Instrument, list[PayingProject]]]:
    """Instruments the firm's people may start themselves today, with the projects that pay (U-66): in order, for self service, with
    the training they ask for, and at least one project that holds."""
    q, found = OperatorQualification, []
    who = q.person_id.is_(None) if person_id is None else or_(q.person_id.is_(None), q.person_id == person_id)
    trained = set(session.scalars(select(q.instrument_id).where(
        q.firm_id == firm_id, who, q.trained_on <= on, or_(q.expires_on.is_(None), q.expires_on >= on))))
    rows = session.scalars(select(Instrument).join(Platform, Platform.id == Instrument.platform_id).where(
        Instrument.state == "in_use", Instrument.self_service, Platform.active).options(selectinload(Instrument.platform)).order_by(
        Platform.name, Instrument.name))
    pays: dict[int, list[PayingProject]] = {}
    for row in rows:
        if row.needs_training and row.id not in trained:
            continue
        if row.platform_id not in pays:
            pays[row.platform_id] = projects.of_firm(session, firm_id, kind="usage", on=on, platform_id=row.platform_id)
        if pays[row.platform_id]:
            found.append((row, pays[row.platform_id]))
    return found


def bills_of(session: Any, events: list[UsageEvent]) -> dict[int, tuple[int, str]]:
    """(id, number) of the posted bill by event, where the reader may see the bill."""
    keys = {e.charge_key: e.id for e in events if e.net is not None}
    found = session.execute(select(Charge.key, Bill.id, Bill.number).join(Bill, Bill.id == Charge.bill_id).where(
        Charge.key.in_(keys), Bill.state != "draft")).all()
    return {keys[key]: (pk, number) for key, pk, number in found}


def dispute(
    session: Any, event: UsageEvent, *, reason: str, start: datetime | None, end: datetime | None, quantity: Decimal | None,
    project_id: int | None, waive: bool, on: date,
) -> EventAdjustment:
    """The firm asks for a change (U-67); what stands as recorded is not asked for. Staff decides as on every other request."""
    def differs(new: datetime | None, old: datetime | None) -> datetime | None:
        return new if new is not None and (old is None or clock.local(new).replace(second=0, microsecond=0) != clock.local(old)) else None

    return adjustments.raise_adjustment(
        session, event_id=event.id, raised_on=on, reason=reason, want_start=differs(start, event.started_at),
        want_end=differs(end, event.ended_at), want_quantity=quantity if quantity != event.quantity else None,
        want_project_id=project_id if project_id != event.project_id else None, waive=waive)
