"""Daily reminders: what ends soon and what was promised. A to-do is made once per record and stage (90, 60, 30 days):
running twice, or after days of standstill, makes none twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from parkops import todos
from parkops.i18n import _, _l

from ..models.carrier import CarrierRecognition
from ..models.credential import Credential, StaffMember
from ..models.firm import Firm
from ..models.qualification import QUALIFICATION_KINDS, Qualification
from ..models.visit import FollowUp
from .credentials import employed

STAGES = (30, 60, 90)  # days before the end, narrowest first


def stage_of(ends_on: date, on: date) -> int | None:
    """The narrowest stage the days left fall into: 90, 60 or 30; None when far away or over."""
    left = (ends_on - on).days
    return next((s for s in STAGES if left <= s), None) if left >= 0 else None


def remind_expiring(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: one to-do per record and stage for qualifications, certificates, recognitions and terms that end soon."""
    return {
        "qualifications": _qualifications(session, on, park_id),
        "credentials": _credentials(session, on, park_id),
        "recognitions": _recognitions(session, on, park_id),
        "terms": _terms(session, on, park_id),
    }


def _here(query: Any, model: Any, park_id: int | None) -> Any:
    return query if park_id is None else query.where(model.park_id == park_id)


def _soon(column: Any, on: date) -> tuple[Any, Any]:
    return column >= on, column <= on + timedelta(days=STAGES[-1])


def _remind(session: Any, kind: str, rows: Iterable[tuple[Any, str, date]], on: date) -> int:
    """rows: (owner, sentence, end). Keys are made from the owner, its end and the stage, so a renewed record starts anew;
    the to-do stays unique after it was done because the key is looked up among done ones too."""
    wanted = {f"{kind}:{owner.id}:{ends}:{stage_of(ends, on)}": (owner, text, ends) for owner, text, ends in rows}
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.in_(list(wanted)))))
    for key, (owner, text, ends) in wanted.items():
        if key not in known:
            todos.add(session, owner, text, due_on=ends, key=key)
    return len(wanted) - len(known)


def _qualifications(session: Any, on: date, park_id: int | None) -> int:
    q, later = Qualification, aliased(Qualification)
    renewed = select(later.id).where(later.firm_id == q.firm_id, later.kind == q.kind, later.obtained_on > q.obtained_on).exists()
    query = select(q, Firm.name).join(Firm, Firm.id == q.firm_id).where(
        *_soon(q.valid_to, on), q.revoked_on.is_(None), ~renewed, Firm.state.not_in(("left", "dissolved")))
    return _remind(session, "tenants.qualification", (
        (row, _("%(firm)s: %(what)s ends on %(day)s", firm=name, what=QUALIFICATION_KINDS.label(row.kind), day=row.valid_to), row.valid_to)
        for row, name in session.execute(_here(query, q, park_id))), on)


def _credentials(session: Any, on: date, park_id: int | None) -> int:
    query = select(Credential, StaffMember.name).join(StaffMember, StaffMember.id == Credential.staff_id).where(
        *_soon(Credential.valid_to, on), Credential.revoked_on.is_(None), employed(on))
    return _remind(session, "tenants.credential", (
        (row, _("%(person)s: certificate %(number)s ends on %(day)s", person=name, number=row.number, day=row.valid_to), row.valid_to)
        for row, name in session.execute(_here(query, Credential, park_id))), on)


def _recognitions(session: Any, on: date, park_id: int | None) -> int:
    query = select(CarrierRecognition).where(*_soon(CarrierRecognition.valid_to, on))
    return _remind(session, "tenants.carrier_recognition", (
        (row, _("The recognition of a carrier ends on %(day)s", day=row.valid_to), row.valid_to)
        for row in session.scalars(_here(query, CarrierRecognition, park_id))), on)


def _terms(session: Any, on: date, park_id: int | None) -> int:
    query = select(Firm).where(Firm.state == "incubating", *_soon(Firm.term_ends_on, on))
    return _remind(session, "tenants.term", (
        (row, _("%(firm)s: the incubation term ends on %(day)s", firm=row.name, day=row.term_ends_on), row.term_ends_on)
        for row in session.scalars(_here(query, Firm, park_id))), on)


def remind_follow_ups(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: tell the responsible person once a week about each follow-up that is overdue."""
    f = FollowUp
    query = select(f, StaffMember.user_id, Firm.name).join(StaffMember, StaffMember.id == f.staff_id).join(
        Firm, Firm.id == f.firm_id).where(f.done_on.is_(None), f.due_on < on, StaffMember.user_id.is_not(None),
                                          or_(StaffMember.left_on.is_(None), StaffMember.left_on >= on))
    told = 0
    for record, user_id, name in session.execute(_here(query, f, park_id)):
        if (on - record.due_on).days % 7 == 1:
            todos.notify(session, user_id, _l("Overdue for %(firm)s: %(title)s"), {"firm": name, "title": record.title}, owner=record)
            told += 1
    return {"told": told}
