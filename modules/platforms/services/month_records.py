"""A month's priced events with their bills as JSON, written by the database: for exports to other systems."""

from __future__ import annotations

from collections.abc import Iterator
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

BLOCK = 5000  # records a piece


def as_json(session: Any, *, month: date, park_id: int | None = None) -> str:
    """The list as one JSON text; see `pieces`."""
    return "[" + ",".join(pieces(session, month=month, park_id=park_id)) + "]"


def pieces(session: Any, *, month: date, park_id: int | None = None) -> Iterator[str]:
    """The records as JSON objects with commas between, in pieces of BLOCK, read through a cursor: a million of them need no memory of
    their own. Each: id, firm, project, instrument, start, end, minutes, amounts in fen, bill. The right is asked before the first."""
    access.require(session, "platforms.event", "read")
    query = _query(park_of(session, park_id), month.replace(day=1))
    with unprepared(session), many_rows(session):
        found = session.execute(query, execution_options={"yield_per": BLOCK})
    return (",".join(block) for block in found.scalars().partitions())


def _query(park: int, month: date) -> Any:
    e, end = UsageEvent, Period.month(month).end
    row = func.json_build_object(
        "id", e.id, "firm", Firm.name, "project", PayingProject.number, "instrument", Instrument.code, "kind", cast(e.kind, String),
        "started_at", e.started_at, "ended_at", e.ended_at, "minutes", e.minutes, "gross", e.gross, "net", e.net, "charged", Charge.gross,
        "bill", Bill.number)
    return (
        select(cast(row, String)).select_from(e).join(Firm, Firm.id == e.firm_id)
        .join(PayingProject, PayingProject.id == e.project_id).outerjoin(Instrument, Instrument.id == e.instrument_id)
        .outerjoin(Charge, and_(Charge.park_id == park, Charge.source == SOURCE, Charge.source_id == e.id, Charge.key == charge_key(),
                                Charge.period_from >= month, Charge.period_from < end))
        .outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(e.park_id == park, e.ended_on >= month, e.ended_on < end, e.net.is_not(None)))
