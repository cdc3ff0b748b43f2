"""A month's priced events with their bills as JSON, written by the database in one go: for exports to other systems."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import String, and_, cast, func, select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services.temporary import many_rows
from modules.tenants.models.firm import Firm
from parkops.clock import Period
from parkops.db.session import unprepared
from parkops.security import access

from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.registry import Instrument
from .month_runs import SOURCE, park_of
from .reversed_bills import charge_key


def as_json(session: Any, *, month: date, park_id: int | None = None) -> str:
    """The list as JSON text: id, firm, project, instrument, start, end, minutes, amounts in fen, bill."""
    access.require(session, "platforms.event", "read")
    park, month = park_of(session, park_id), month.replace(day=1)
    e = UsageEvent
    row = func.json_build_object(
        "id", e.id, "firm", Firm.name, "project", PayingProject.number, "instrument", Instrument.code, "kind", cast(e.kind, String),
        "started_at", e.started_at, "ended_at", e.ended_at, "minutes", e.minutes, "gross", e.gross, "net", e.net, "charged", Charge.gross,
        "bill", Bill.number)
    query = (
        select(func.coalesce(cast(func.json_agg(row), String), "[]")).select_from(e).join(Firm, Firm.id == e.firm_id)
        .join(PayingProject, PayingProject.id == e.project_id).outerjoin(Instrument, Instrument.id == e.instrument_id)
        .outerjoin(Charge, and_(Charge.park_id == park, Charge.source == SOURCE, Charge.source_id == e.id, Charge.key == charge_key(),
                                Charge.period_from >= month,
                                Charge.period_from < Period.month(month).end))
        .outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(e.park_id == park, e.ended_on >= month, e.ended_on < Period.month(month).end, e.net.is_not(None)))
    with unprepared(session), many_rows(session):
        return session.scalar(query)
