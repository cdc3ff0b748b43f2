"""Self-service machines and their sessions. Rules SV-144 to SV-145."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.security import access

from ..models.machine import MachineSession, ServiceMachine
from ..states_desk import MACHINE_SESSION
from .steps import refuse, take

S = MachineSession


def create_machine(session: Any, **values: Any) -> ServiceMachine:
    """A machine in a hall."""
    return records.create(session, ServiceMachine, values)


def change_machine(session: Any, row: ServiceMachine, **values: Any) -> ServiceMachine:
    """Correct it or take it away."""
    return records.change(session, row, values)


def start_session(session: Any, *, machine_id: int, item: str, firm_id: int | None = None, at: datetime | None = None) -> MachineSession:
    """SV-144: somebody begins at a machine; one at a time. The machine's row is locked, so that numbers follow each other."""
    access.require(session, "services.machine_session", "add")
    at = at or clock.now()
    machine = session.scalars(
        select(ServiceMachine).where(ServiceMachine.id == machine_id).with_for_update(of=ServiceMachine)
    ).one_or_none()
    if machine is None:
        raise NotFound(_l("There is no such record in your parks."))
    day = clock.local(at).date()
    if machine.removed_on is not None and machine.removed_on <= day:
        raise refuse("SV-144", _l("This machine was taken away."), "machine_id")
    if session.scalar(select(S.id).where(S.machine_id == machine_id, S.state == "running").limit(1)) is not None:
        raise refuse("SV-144", _l("This machine is in use. End that session first."), "machine_id")
    last = session.scalar(select(func.coalesce(func.max(S.number), 0)).where(S.machine_id == machine_id))
    values = {"machine_id": machine_id, "number": last + 1, "day": day, "item": item, "firm_id": firm_id, "started_at": at}
    return records.create(session, S, values)


def _end(session: Any, row: MachineSession, step: str, at: datetime | None, **values: Any) -> None:
    at = at or clock.now()
    seconds = max(0, int((at - row.started_at).total_seconds()))
    take(session, MACHINE_SESSION, row, step, ended_at=max(at, row.started_at), seconds=seconds, **values)


def finish_session(session: Any, row: MachineSession, *, receipt: str | None = None, at: datetime | None = None) -> None:
    """SV-145: done, with the receipt the machine printed."""
    _end(session, row, "finish", at, receipt=receipt)


def fail_session(session: Any, row: MachineSession, *, reason: str, at: datetime | None = None) -> None:
    """SV-145: did not work, and why."""
    row.reason = reason[:300]
    _end(session, row, "fail", at, reason=reason)
