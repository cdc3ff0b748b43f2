"""Whose hands a case is in: who was asked first, who has it now, every hand-over. Rule SV-23."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops import clock, records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import CaseTransfer, ServiceCase
from ..states import OPEN
from . import days

RESOURCE = "services.case"


def officer_now(session: Any) -> int | None:
    """The officer who acts; a firm's own user is none."""
    scope = scope_of(session)
    return scope.user_id if scope.firm_id is None else None


def take_up(session: Any, case: ServiceCase) -> None:
    """SV-23: a case that came without an officer belongs to the first who works on it, who is the first asked from then on."""
    who = officer_now(session)
    case.first_officer_id = case.first_officer_id or who
    case.officer_id = case.officer_id or who


def transfer_case(session: Any, case: ServiceCase, *, to_id: int | None = None, to_text: str | None = None, reason: str, on: date) -> str:
    """SV-23: the case goes to another officer or an office outside; the register keeps who was asked first and every hand."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_transfer(session, case):
        problems.add("services.SV-23", why)
    if (to_id is None) == (not (to_text or "").strip()):
        problems.add("services.SV-23", _l("Choose an officer, or name the office outside."), "to_id")
    if to_id is not None and to_id == case.officer_id:
        problems.add("services.SV-23", _l("This officer has the case already."), "to_id")
    if not reason.strip():
        problems.add("services.SV-23", _l("Write a reason."), "reason")
    days.look(problems, "services.SV-23", on, case.received_on)
    problems.stop()
    take_up(session, case)
    values = {"from_id": case.officer_id, "to_id": to_id, "to_text": to_text, "reason": reason}
    records.create(session, CaseTransfer, {"case_id": case.id, "on_date": on, "at": clock.now(), **values})
    if to_id is not None:
        case.officer_id = to_id
    session.flush()
    return _("Passed on; %(who)s stays answerable as first asked.", who=case.first_officer or "—")


def why_not_transfer(session: Any, case: ServiceCase) -> str | None:
    """While it is open."""
    return None if case.state in OPEN else _("A closed case is not passed on.")
