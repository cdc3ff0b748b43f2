"""Mentors, mentoring relations and sessions. A firm is covered on a day when a relation with an active mentor runs."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.mentor import Mentor, MentorAgreement, MentoringSession


def create_mentor(session: Any, **values: Any) -> Mentor:
    """Appoint a mentor."""
    return records.create(session, Mentor, values, _check_mentor)


def change_mentor(session: Any, mentor: Mentor, **values: Any) -> Mentor:
    """Change a mentor; ending the appointment needs the relations ended first."""
    return records.change(session, mentor, values, _check_mentor)


def remove_mentor(session: Any, mentor: Mentor) -> None:
    """Delete a mentor entered by mistake."""
    sentence = _l("This mentor has advised firms. Enter the last active day instead of deleting.")
    records.remove(session, mentor, (MentorAgreement, "mentor_id", sentence), (MentoringSession, "mentor_id", sentence))


def _check_mentor(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "appointed_on", "left_on", _l("The last active day lies before the appointment."))
    records.not_future(values, problems, ["appointed_on"])


def retire_mentor(session: Any, mentor: Mentor, *, on: date) -> str:
    """End the appointment on `on` (last active day) and every relation still running then."""
    access.require(session, "tenants.mentor", "act")
    problems = Problems()
    records.date_order({"appointed_on": mentor.appointed_on, "left_on": on}, problems, "appointed_on", "left_on",
                        _l("The last active day lies before the appointment."))
    problems.stop()
    a = MentorAgreement
    running = list(session.scalars(select(a).where(a.mentor_id == mentor.id, or_(a.to_on.is_(None), a.to_on > on))))
    for agreement in running:
        if agreement.from_on > on:
            session.delete(agreement)
        else:
            agreement.to_on = on
    mentor.left_on = on
    session.flush()
    return _("%(n)s relations ended.", n=len(running))


def create_agreement(session: Any, **values: Any) -> MentorAgreement:
    """Start a relation between a firm and a mentor."""
    return records.create(session, MentorAgreement, values, _check_agreement)


def change_agreement(session: Any, agreement: MentorAgreement, **values: Any) -> MentorAgreement:
    """Change a relation."""
    def check(s: Any, full: dict[str, Any], problems: Problems) -> None:
        _check_agreement(s, full | {"own_id": agreement.id}, problems)

    return records.change(session, agreement, values, check)


def remove_agreement(session: Any, agreement: MentorAgreement) -> None:
    """Delete a relation entered by mistake."""
    records.remove(session, agreement)


def _check_agreement(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "from_on", "to_on", _l("The relation cannot end before it begins."))
    mentor = session.get(Mentor, values["mentor_id"])
    if values["from_on"] < mentor.appointed_on or (mentor.left_on and values["from_on"] > mentor.left_on):
        problems.add("tenants.mentor_inactive", _l("The mentor was not active on that day. Choose another day or mentor."), "from_on")
    if problems.found:
        return
    a = MentorAgreement
    end = values.get("to_on")
    clash = select(a.id).where(
        a.firm_id == values["firm_id"], a.mentor_id == values["mentor_id"], a.id != values.get("own_id", 0),
        or_(a.to_on.is_(None), a.to_on >= values["from_on"]), *([a.from_on <= end] if end else []))
    if session.scalar(clash.limit(1)) is not None:
        problems.add("tenants.agreement_overlap", _l("This firm and mentor are together in that time already. Change that relation."),
                     "mentor_id")


def end_agreement(session: Any, agreement: MentorAgreement, *, on: date) -> None:
    """End a relation on `on` (its last day)."""
    access.require(session, "tenants.mentor_agreement", "act")
    if agreement.to_on is not None and agreement.to_on <= on:
        raise RuleError([Problem("tenants.agreement_ended", _l("This relation has ended already."))])
    if on < agreement.from_on:
        raise RuleError([Problem("record.date_order", _l("The relation cannot end before it begins."), "on")])
    agreement.to_on = on
    session.flush()


def create_session(session: Any, **values: Any) -> MentoringSession:
    """Record a mentoring session that took place."""
    return records.create(session, MentoringSession, values, _check_session)


def change_session(session: Any, meeting: MentoringSession, **values: Any) -> MentoringSession:
    """Correct a mentoring session."""
    return records.change(session, meeting, values, _check_session)


def remove_session(session: Any, meeting: MentoringSession) -> None:
    """Delete a mentoring session entered by mistake."""
    records.remove(session, meeting)


def _check_session(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["held_on"])
    minutes = values.get("minutes")
    if minutes is not None and not (isinstance(minutes, int) and 1 <= minutes <= 1440):
        problems.add("tenants.minutes", _l("Enter the length in minutes, between 1 and 1440."), "minutes")
    mentor = session.get(Mentor, values["mentor_id"])
    if values["held_on"] < mentor.appointed_on or (mentor.left_on and values["held_on"] > mentor.left_on):
        problems.add("tenants.mentor_inactive", _l("The mentor was not active on that day. Choose another day or mentor."), "held_on")


def agreement_runs(on: date) -> Any:
    """SQL condition over MentorAgreement joined with Mentor: the relation runs and the mentor is active on `on`."""
    a, m = MentorAgreement, Mentor
    return and_(a.from_on <= on, or_(a.to_on.is_(None), a.to_on >= on), m.appointed_on <= on, or_(m.left_on.is_(None), m.left_on >= on))


def mentors_of(session: Any, firm_ids: list[int], on: date) -> dict[int, list[str]]:
    """Firm id -> names of its mentors on `on`."""
    out: dict[int, list[str]] = {}
    a, m = MentorAgreement, Mentor
    for firm_id, name in session.execute(select(a.firm_id, m.name).join(m, m.id == a.mentor_id).where(
            a.firm_id.in_(firm_ids), agreement_runs(on)).order_by(a.from_on, a.id)):
        out.setdefault(firm_id, []).append(name)
    return out


def count_active(session: Any, on: date) -> int:
    """Mentors active on `on`."""
    m = Mentor
    return session.scalar(select(func.count(m.id)).where(m.appointed_on <= on, or_(m.left_on.is_(None), m.left_on >= on)))
