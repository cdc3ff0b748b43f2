"""People and the parts they play at firms. Rules T-60 to T-63. Personal values are masked by the screens, never here."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from sqlalchemy import select
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from .. import errors
from ..models.firm import Firm
from ..models.person import FirmPerson, Person

RESIDENT = re.compile(r"^\d{17}[\dXx]$")


def _is_resident_number(number: str) -> bool:
    """T-60, GB 11643: a birth date that exists and the right check digit. The district is not compared with the year of birth:
    people born before a district got its code carry it too (370811 from 1983 on, given to anyone numbered there later)."""
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return number[-1] == ric.calc_check_digit(number)


def _check_person(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        errors.not_future(problems, "born_on", values.get("born_on"))
        errors.not_before_1900(problems, "born_on", values.get("born_on"))
        errors.contact_data(problems, values.get("mobile"), values.get("email"), phone_field="mobile")
        number = values.get("id_number")
        if number and RESIDENT.match(number) and not _is_resident_number(number):
            problems.add("tenants.T-60", _l("The identity number is not valid; compare it with the card."), "id_number")
        if number:
            query = select(Person.id).where(Person.id_number == number, Person.id != (own_id or 0))
            if session.scalar(query) is not None:
                problems.add("tenants.T-61", _l("A person with this identity number is already recorded; open that record"
                                                " instead."), "id_number")

    return check


def _tidy(values: dict[str, Any]) -> dict[str, Any]:
    values = errors.clean_values(values)
    if values.get("id_number"):
        values["id_number"] = values["id_number"].replace(" ", "").upper()
    return values


def add_person(session: Any, **values: Any) -> Person:
    """Record a person: name required; a resident identity number is checked (GB 11643)."""
    return records.create(session, Person, _tidy(values), _check_person(None))


def change_person(session: Any, person: Person, **values: Any) -> Person:
    """Correct a person's data."""
    return records.change(session, person, _tidy(values), _check_person(person.id))


def remove_person(session: Any, person: Person) -> None:
    """Only a person without any part at a firm can be removed; the others are ended with a date."""
    records.remove(session, person, (FirmPerson, "person_id", _l("This person has a part at a firm; end it instead.")))


def _check_part(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        for name in ("since", "until"):
            errors.not_future(problems, name, values.get(name))
        records.date_order(values, problems, "since", "until", _l("The end lies before the beginning; correct one of them."))
        if values.get("until") is not None:
            return
        current = select(FirmPerson).where(FirmPerson.firm_id == values["firm_id"], FirmPerson.until.is_(None),
                                           FirmPerson.part == values["part"], FirmPerson.id != (own_id or 0))
        for row in session.scalars(current):
            if row.person_id == values["person_id"]:
                problems.add("tenants.T-62", _l("This person has that part at the firm already."), "person_id")
            elif values["part"] == "legal_representative":
                problems.add("tenants.T-63", _l("The firm has a legal representative; end that part first."), "part")

    return check


def _mirror(session: Any, row: FirmPerson) -> None:
    """The firm's master shows the representative's name."""
    if row.part == "legal_representative" and row.until is None:
        firm = session.get(Firm, row.firm_id)
        person = session.get(Person, row.person_id)
        if firm.legal_representative != person.name:
            firm.legal_representative = person.name
            session.flush()


def add_part(session: Any, **values: Any) -> FirmPerson:
    """A person takes a part at a firm: firm_id, person_id, part, since. T-62 once per part, T-63 one representative."""
    row = records.create(session, FirmPerson, errors.clean_values(values), _check_part(None))
    _mirror(session, row)
    return row


def change_part(session: Any, row: FirmPerson, **values: Any) -> FirmPerson:
    """Correct part, position or days."""
    row = records.change(session, row, errors.clean_values(values), _check_part(row.id))
    _mirror(session, row)
    return row


def end_part(session: Any, row: FirmPerson, *, on: date) -> FirmPerson:
    """The person no longer plays the part from `on`."""
    problems = Problems()
    if row.until is not None:
        problems.add("tenants.T-62", _l("This part has already ended."), "on")
    problems.stop()
    return records.change(session, row, {"until": on}, _check_part(row.id))


def remove_part(session: Any, row: FirmPerson) -> None:
    """Take out a part that was entered by mistake."""
    access.require(session, FirmPerson.__resource__, "remove")
    session.delete(row)
    session.flush()


def people_of(session: Any, firm: Firm, on: date) -> list[FirmPerson]:
    """Who plays which part on a day, first contacts first."""
    query = select(FirmPerson).where(
        FirmPerson.firm_id == firm.id, (FirmPerson.since.is_(None)) | (FirmPerson.since <= on),
        (FirmPerson.until.is_(None)) | (FirmPerson.until > on))
    return list(session.scalars(query.order_by(FirmPerson.is_main.desc(), FirmPerson.part, FirmPerson.id)))
