"""Tolerance: a written commitment to supply what may follow. Rules SV-30 to SV-33."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import clock, settings
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import CaseCommitment, CaseMaterial, ServiceCase
from ..states import OPEN
from ..states_quality import COMMITMENT
from . import days
from .calendar import calendar_of

RESOURCE = "services.commitment"


def of_case(session: Any, case: ServiceCase) -> CaseCommitment | None:
    """The commitment of a case."""
    return session.scalars(select(CaseCommitment).where(CaseCommitment.case_id == case.id)).one_or_none()


def _rows(session: Any, case: ServiceCase) -> list[CaseMaterial]:
    return list(session.scalars(select(CaseMaterial).where(CaseMaterial.case_id == case.id).order_by(CaseMaterial.position)))


def why_not_sign(session: Any, case: ServiceCase) -> str | None:
    """SV-30: main papers complete, minor ones missing, the item allows it (广东省优化营商环境条例, article 32)."""
    if case.state != "received":
        return _("A commitment is signed while the materials are checked.")
    if not case.item.tolerance:
        return _("This item allows no tolerance.")
    if of_case(session, case) is not None:
        return _("The commitment is signed already.")
    states = {r.state for r in _rows(session, case)}
    if "missing_fatal" in states:
        return _("Something is missing that is needed now; tolerance covers minor papers only.")
    return None if "missing_tolerable" in states else _("Nothing is missing.")


def sign_commitment(session: Any, case: ServiceCase, *, signed_by: str, on: date) -> str:
    """SV-31: the applicant promises in writing; the day follows from the item, else from `services.tolerance_days`."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if why := why_not_sign(session, case):
        problems.add("services.SV-30", why)
    if not signed_by.strip():
        problems.add("services.SV-31", _l("Name who signs."), "signed_by")
    days.look(problems, "services.SV-31", on, case.clock_from)
    problems.stop()
    limit = case.item.tolerance_days or settings.get(session, "services.tolerance_days", case.park_id)
    due = calendar_of(session, case.park_id).due(on, limit)
    names = [r.name for r in _rows(session, case) if r.state == "missing_tolerable"]
    session.add(
        CaseCommitment(park_id=case.park_id, case_id=case.id, signed_by=signed_by.strip(), signed_on=on, due_on=due, materials=names)
    )
    session.flush()
    return _("To be supplied by %(day)s; otherwise the case is not approved.", day=due.isoformat())


def keep_commitment(session: Any, row: CaseCommitment, *, on: date) -> CaseCommitment:
    """SV-32: everything promised is there, by the day."""
    access.require(session, RESOURCE, "change")
    if on > row.due_on:
        raise RuleError(
            [Problem("services.SV-32", _l("The day was %(day)s; overdue, the case is not approved.", day=row.due_on.isoformat()), "on")]
        )
    days.require("services.SV-32", on, row.signed_on)
    for line in _rows(session, row.case):
        if line.state == "missing_tolerable":
            line.state, line.supplied_on = "have", on
    row.ended_on = on
    session.flush()
    COMMITMENT.move(session, row, "keep", on=on)
    return row


def why_not_lapse(session: Any, row: CaseCommitment) -> str | None:
    """Only when its day is over."""
    return None if clock.today() > row.due_on else _("It may be supplied until %(day)s.", day=row.due_on.isoformat())


def lapse_commitment(session: Any, row: CaseCommitment, *, on: date) -> CaseCommitment:
    """SV-33: not supplied by the day: the case ends not approved, whichever open state it is in."""
    if on <= row.due_on:
        raise RuleError([Problem("services.SV-33", _l("It may be supplied until %(day)s.", day=row.due_on.isoformat()), "on")])
    from . import closing

    days.require("services.SV-33", on)
    row.ended_on = on
    session.flush()
    COMMITMENT.move(session, row, "lapse", on=on)
    case = row.case
    if case.state in OPEN:
        text = _("What was promised was not supplied by %(day)s.", day=row.due_on.isoformat())
        closing.complete_case(session, case, result="not_approved", delivery="pickup", on=on, text=text)
    return row


def why_not_void(session: Any, row: CaseCommitment) -> str | None:
    """SV-38: a promise is needed as long as its case is open."""
    return _("Refuse the case or let the applicant take it back; the commitment ends with it.") if row.case.state in OPEN else None


def void_of(session: Any, case: ServiceCase, on: date) -> None:
    """SV-38: the case ended before the day of the promise, so nothing is owed any more; neither kept nor overdue."""
    row = of_case(session, case)
    if row is not None and row.state == "open":
        void_commitment(session, row, on=on)


def void_commitment(session: Any, row: CaseCommitment, *, on: date) -> None:
    """The step itself."""
    days.require("services.SV-38", on, row.signed_on)
    row.ended_on = on
    session.flush()
    COMMITMENT.move(session, row, "void", on=on)


def lapse_overdue(session: Any, *, on: date, park_id: int) -> dict[str, int]:
    """The nightly job of SV-33."""
    c = CaseCommitment
    rows = list(session.scalars(select(c).where(c.park_id == park_id, c.state == "open", c.due_on < on).order_by(c.id)))
    for row in rows:
        lapse_commitment(session, row, on=on)
    return {"overdue": len(rows)}
