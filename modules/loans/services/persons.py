"""People of loans: nothing is stored before they agreed (LN-10), numbers are checked (LN-11), and consent may be withdrawn (LN-12)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from modules.tenants.services.people import RESIDENT, _is_resident_number
from parkops import records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access
from parkops.security.sealing import fingerprint

from ..models.case import LoanCase, LoanCaseParty
from ..models.person import LoanPerson
from ..states import LIVE

RESOURCE = "loans.person"


def _tidy(number: str | None) -> str | None:
    return (number or "").replace(" ", "").upper() or None


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        number = values.get("id_number")
        if values.get("consent_on") is None or not (values.get("consent_text") or "").strip() or not values.get("consent_how"):
            problems.add("loans.LN-10", _l("Record the consent first: nothing of a person is stored without it."), "consent_on")
        if number and (not RESIDENT.match(number) or not _is_resident_number(number)):
            problems.add("loans.LN-11", _l("The identity number is not valid; compare it with the card."), "id_number")
        if number:
            query = select(LoanPerson.id).where(LoanPerson.id_print == fingerprint(number), LoanPerson.id != (own_id or 0))
            if session.scalar(query) is not None:
                problems.add("loans.LN-11", _l("A person with this identity number is already recorded; open that record instead."),
                             "id_number")
        records.not_future(values, problems, ("consent_on", "graduated_on"))

    return check


def add_person(session: Any, *, name: str, consent_on: date | None, consent_how: str | None, consent_text: str | None,
               id_number: str | None = None, mobile: str | None = None, identity_group: str | None = None,
               graduated_on: date | None = None, tenant_person_id: int | None = None, note: str | None = None) -> LoanPerson:
    """LN-10: a person who has agreed that the park keeps and passes on the data. `consent_text` names the version of the wording."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if consent_on is None or not consent_how or not (consent_text or "").strip():
        problems.add("loans.LN-10", _l("Record the consent first: nothing of a person is stored without it."), "consent_on")
    problems.stop()
    number = _tidy(id_number)
    values = {"name": name, "consent_on": consent_on, "consent_how": consent_how, "consent_text": consent_text, "id_number": number,
              "id_print": fingerprint(number) if number else None, "mobile": mobile, "identity_group": identity_group,
              "graduated_on": graduated_on, "tenant_person_id": tenant_person_id, "note": note,
              "consent_by": scope_of(session).user_name}
    return records.create(session, LoanPerson, values, _check(None))


def change_person(session: Any, person: LoanPerson, *, name: str, id_number: str | None = None, mobile: str | None = None,
                  identity_group: str | None = None, graduated_on: date | None = None, tenant_person_id: int | None = None,
                  note: str | None = None) -> LoanPerson:
    """Correct a person's data while the consent stands."""
    problems = Problems()
    if person.withdrawn_on is not None:
        problems.add("loans.LN-12", _l("The consent was withdrawn on %(day)s; record the person anew with a new consent.",
                                       day=person.withdrawn_on.isoformat()))
    problems.stop()
    number = _tidy(id_number)
    values = {"name": name, "id_number": number, "id_print": fingerprint(number) if number else None, "mobile": mobile,
              "identity_group": identity_group, "graduated_on": graduated_on, "tenant_person_id": tenant_person_id, "note": note}
    return records.change(session, person, values, _check(person.id))


def why_not_withdraw(session: Any, person: LoanPerson) -> str | None:
    """LN-12: a loan under way keeps its data."""
    if person.withdrawn_on is not None:
        return str(_l("The consent is withdrawn already."))
    query = select(LoanCase.number).join(LoanCaseParty, LoanCaseParty.case_id == LoanCase.id).where(
        LoanCaseParty.person_id == person.id, LoanCase.state.in_(LIVE))
    number = session.scalar(query.limit(1))
    return None if number is None else str(_l("Loan case %(number)s is under way; end or withdraw it first.", number=number))


def withdraw_consent(session: Any, person: LoanPerson, *, on: date) -> LoanPerson:
    """LN-12: identity number and telephone are erased, the name is shortened to its mask; what was paid stays on the case."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if why := why_not_withdraw(session, person):
        problems.add("loans.LN-12", why)
    records.not_future({"on": on}, problems, ("on",))
    if on < person.consent_on:
        problems.add("loans.LN-12", _l("The consent was given on %(day)s; choose a later day.", day=person.consent_on.isoformat()), "on")
    problems.stop()
    person.name, person.id_number, person.id_print, person.mobile, person.withdrawn_on = str(person), None, None, None, on
    session.flush()
    return person


def remove_person(session: Any, person: LoanPerson) -> None:
    """Only a person no case names."""
    records.remove(session, person, (LoanCaseParty, "person_id", _l("A loan case names this person; withdraw the consent instead.")))


def _party_check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    case = session.get(LoanCase, values["case_id"])
    person = session.get(LoanPerson, values["person_id"])
    if person is not None and person.withdrawn_on is not None:
        problems.add("loans.LN-12", _l("This person has withdrawn the consent; choose or record another."), "person_id")
    if case is not None and case.state not in LIVE:
        problems.add("loans.LN-13", _l("The case is closed; its people stay as they are."))
    same = select(LoanCaseParty.role).where(LoanCaseParty.case_id == values["case_id"], LoanCaseParty.person_id == values["person_id"])
    roles = {*session.scalars(same), values["role"]}
    if "guarantor" in roles and roles & {"borrower", "partner"}:
        problems.add("loans.LN-13", _l("A guarantor does not borrow in the same case; choose another person."), "person_id")
    if values["role"] == "borrower" and session.scalar(select(LoanCaseParty.id).where(
            LoanCaseParty.case_id == values["case_id"], LoanCaseParty.role == "borrower")) is not None:
        problems.add("loans.LN-13", _l("The case has a borrower; record others as partners."), "role")


def add_party(session: Any, *, case_id: int, person_id: int, role: str) -> LoanCaseParty:
    """LN-13: a person takes part in a case."""
    return records.create(session, LoanCaseParty, {"case_id": case_id, "person_id": person_id, "role": role}, _party_check)


def remove_party(session: Any, row: LoanCaseParty) -> None:
    """Before the contract; afterwards the parties are fixed."""
    problems = Problems()
    if row.case.contract_on is not None:
        problems.add("loans.LN-13", _l("The contract is signed; its parties stay."))
    problems.stop()
    records.remove(session, row)
