"""Which of the firm's people a log-in of the portal is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select

from parkops import clock
from parkops.security.models import UserProfile

from ..models.person import FirmPerson, Person


def person_of(session: Any, user_id: int, firm_id: int) -> int | None:
    """The person now at the firm who has the account's e-mail address; None when nobody or more than one has it."""
    email = session.scalar(select(UserProfile.email).where(UserProfile.id == user_id))
    if not (email or "").strip():
        return None
    found = session.scalars(
        select(FirmPerson.person_id).join(Person, Person.id == FirmPerson.person_id).where(
            FirmPerson.firm_id == firm_id, or_(FirmPerson.until.is_(None), FirmPerson.until >= clock.today()),
            func.lower(Person.email) == email.strip().lower()).distinct().limit(2)).all()
    return found[0] if len(found) == 1 else None
