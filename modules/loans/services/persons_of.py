"""The natural persons of a case with their role in words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ..models.case import ROLES, LoanCase, LoanCaseParty
from ..models.person import LoanPerson


def rows(session: Any, case: LoanCase) -> list[tuple[Any, LoanPerson]]:
    """(role, person) in the order they were added."""
    query = select(LoanCaseParty.role, LoanPerson).join(LoanPerson, LoanPerson.id == LoanCaseParty.person_id)
    found = session.execute(query.where(LoanCaseParty.case_id == case.id).order_by(LoanCaseParty.id))
    return [(ROLES.label(role), person) for role, person in found]
