"""The operator's staff, their credentials and recruitment. Every count is of distinct persons employed on the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import and_, func, or_, select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.credential import Credential, Recruitment, StaffMember
from ..models.visit import FollowUp, Visit


def create_staff(session: Any, **values: Any) -> StaffMember:
    """Record a person who works for the operator."""
    return records.create(session, StaffMember, values, _check_staff)


def change_staff(session: Any, person: StaffMember, **values: Any) -> StaffMember:
    """Change a person's facts."""
    return records.change(session, person, values, _check_staff)


def remove_staff(session: Any, person: StaffMember) -> None:
    """Delete a person entered by mistake."""
    sentence = _l("Records refer to this person. Enter the last day of employment instead of deleting.")
    records.remove(session, person, *((m, "staff_id", sentence) for m in (Credential, Recruitment, Visit, FollowUp)))


def _check_staff(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "joined_on", "left_on", _l("The last day lies before the first day of employment."))
    records.not_future(values, problems, ["joined_on"])


def create_credential(session: Any, **values: Any) -> Credential:
    """Record a certificate of a person."""
    return records.create(session, Credential, values, _check_credential)


def change_credential(session: Any, credential: Credential, **values: Any) -> Credential:
    """Change a certificate."""
    return records.change(session, credential, values, _check_credential)


def remove_credential(session: Any, credential: Credential) -> None:
    """Delete a certificate entered by mistake; one that was withdrawn gets its day of revocation instead."""
    records.remove(session, credential)


def revoke_credential(session: Any, credential: Credential, *, on: date) -> None:
    """Withdraw a certificate from `on`."""
    access.require(session, "tenants.credential", "act")
    problems = Problems()
    _check_credential(session, {"issued_on": credential.issued_on, "revoked_on": on}, problems)
    problems.stop()
    credential.revoked_on = on
    session.flush()


def _check_credential(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "issued_on", "valid_to", _l("A certificate cannot expire before it was issued."))
    records.date_order(values, problems, "issued_on", "revoked_on", _l("A certificate cannot be revoked before it was issued."))
    records.not_future(values, problems, ["issued_on", "revoked_on"])


def create_recruitment(session: Any, **values: Any) -> Recruitment:
    """Record a position filled from outside."""
    return records.create(session, Recruitment, values, _check_recruitment)


def change_recruitment(session: Any, recruitment: Recruitment, **values: Any) -> Recruitment:
    """Change a recruitment, for instance enter who was hired."""
    return records.change(session, recruitment, values, _check_recruitment)


def remove_recruitment(session: Any, recruitment: Recruitment) -> None:
    """Delete a recruitment entered by mistake."""
    records.remove(session, recruitment)


def _check_recruitment(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "announced_on", "hired_on", _l("Nobody is hired before the position was announced."))
    records.not_future(values, problems, ["hired_on"])
    if values.get("hired_on") and not values.get("staff_id"):
        problems.add("tenants.person_missing", _l("Name the person who was hired."), "staff_id")


def employed(on: date) -> Any:
    """SQL condition: the person is employed on `on`."""
    return and_(StaffMember.joined_on <= on, or_(StaffMember.left_on.is_(None), StaffMember.left_on >= on))


def credential_valid(on: date) -> Any:
    """SQL condition: the certificate stands on `on`."""
    c = Credential
    return and_(c.issued_on <= on, or_(c.valid_to.is_(None), c.valid_to >= on), or_(c.revoked_on.is_(None), c.revoked_on > on))


def count_certified(session: Any, on: date, kinds: Iterable[str] | None = None) -> int:
    """Distinct employed persons holding at least one valid certificate of `kinds` on `on` (any kind when None).

    21 with 6 senior and 5 counsellors are three separate questions: holders overlap and are never added up."""
    query = select(func.count(StaffMember.id.distinct())).join(Credential, Credential.staff_id == StaffMember.id).where(
        employed(on), credential_valid(on))
    if kinds is not None:
        query = query.where(Credential.kind.in_(tuple(kinds)))
    return session.scalar(query)


def count_hired(session: Any, start: date, end: date, *, specialties: Iterable[str] | None = None) -> int:
    """Positions filled in `[start, end)`."""
    query = select(func.count(Recruitment.id)).where(Recruitment.hired_on >= start, Recruitment.hired_on < end)
    if specialties is not None:
        query = query.where(Recruitment.specialty.in_(tuple(specialties)))
    return session.scalar(query)
