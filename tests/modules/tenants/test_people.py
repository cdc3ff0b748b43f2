"""People and parts. Rules T-60 to T-63, masking by role."""

from __future__ import annotations

from datetime import date

import pytest
from core_help import entry, incubatee
from sqlalchemy.exc import IntegrityError

from modules.tenants.models.person import FirmPerson, Person
from modules.tenants.services import people
from parkops.errors import NotAllowed, RuleError


def codes_of(call, *args, **values):
    with pytest.raises(RuleError) as e:
        call(*args, **values)
    return e.value.codes


def test_a_person_and_a_part(session):
    firm = entry(session)
    person = people.add_person(session, name="李四光", gender="male", trait="scientist", serial=True, education="doctor")
    people.add_part(session, firm_id=firm.id, person_id=person.id, part="legal_representative", since=date(2021, 1, 1))
    assert firm.legal_representative == "李四光"
    assert [r.person for r in people.people_of(session, firm, date(2021, 6, 1))] == [person]
    assert people.people_of(session, firm, date(2020, 6, 1)) == []


@pytest.mark.parametrize(("values", "code"), [
    ({"name": " "}, "record.missing"), ({"name": "甲", "born_on": date(2099, 1, 1)}, "tenants.T-02"),
    ({"name": "甲", "mobile": "电话"}, "tenants.phone"), ({"name": "甲", "email": "x@y"}, "tenants.email"),
    ({"name": "甲", "id_number": "110101199003070010"}, "tenants.T-60"), ({"name": "甲", "gender": "x"}, "record.not_a_choice"),
    ({"name": "名" * 81}, "record.too_long")])
def test_bad_input(session, values, code):
    assert code in codes_of(people.add_person, session, **values)


def test_identity_numbers(session):
    people.add_person(session, name="甲", id_number="11010119900307758x")
    assert codes_of(people.add_person, session, name="乙", id_number="11010119900307758X") == ["tenants.T-61"]
    assert people.add_person(session, name="丙", id_number="E12345678").id  # a passport is taken as it is


@pytest.mark.parametrize("number", ["370811197001050009", "370811197001050017"])
def test_t60_the_district_is_not_held_against_those_born_before_it(session, number):
    """370811 exists since 1983; check digits worked out by hand after GB 11643."""
    assert people.add_person(session, name="甲", id_number=number).id_number == number


@pytest.mark.parametrize("number", ["370811197001050008", "370811197013050015", "370811197002300012"])
def test_t60_a_wrong_digit_or_day_is_refused(session, number):
    assert codes_of(people.add_person, session, name="甲", id_number=number) == ["tenants.T-60"]


def test_once_per_part_and_one_representative(session):
    firm = entry(session)
    one, two = people.add_person(session, name="甲"), people.add_person(session, name="乙")
    first = people.add_part(session, firm_id=firm.id, person_id=one.id, part="legal_representative", since=date(2021, 1, 1))
    assert codes_of(people.add_part, session, firm_id=firm.id, person_id=one.id, part="legal_representative") == ["tenants.T-62"]
    assert codes_of(people.add_part, session, firm_id=firm.id, person_id=two.id, part="legal_representative") == ["tenants.T-63"]
    people.end_part(session, first, on=date(2022, 1, 1))
    people.add_part(session, firm_id=firm.id, person_id=two.id, part="legal_representative", since=date(2022, 1, 1))
    assert firm.legal_representative == "乙"
    assert codes_of(people.end_part, session, first, on=date(2022, 2, 1)) == ["tenants.T-62"]


def test_control_the_index_refuses_a_second_representative(session):
    firm = entry(session)
    for name in ("甲", "乙"):
        person = people.add_person(session, name=name)
        session.add(FirmPerson(firm=firm, person=person, part="legal_representative"))
    with pytest.raises(IntegrityError, match="uq_tenants_firm_person_representative"):
        session.flush()


def test_days_in_order(session):
    firm, person = entry(session), people.add_person(session, name="甲")
    part = people.add_part(session, firm_id=firm.id, person_id=person.id, part="founder", since=date(2021, 5, 1))
    assert codes_of(people.end_part, session, part, on=date(2021, 4, 1)) == ["record.date_order"]


def test_a_person_with_a_part_stays(session):
    firm, person = incubatee(session), people.add_person(session, name="甲")
    part = people.add_part(session, firm_id=firm.id, person_id=person.id, part="founder")
    with pytest.raises(RuleError):
        people.remove_person(session, person)
    people.remove_part(session, part)
    people.remove_person(session, person)
    assert session.get(Person, person.id) is None


def test_labels_are_masked(session):
    assert "四光" not in str(people.add_person(session, name="李四光"))


def test_foreign_park_and_rights(session, as_role, park2):
    foreign = Person(name="外园人", park_id=park2.id)
    session.add(foreign)
    session.flush()
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        people.add_person(s, name="甲")
    with as_role("operations_clerk") as s:
        firm = entry(s)
        with pytest.raises(RuleError):
            people.add_part(s, firm_id=firm.id, person_id=foreign.id + 10**6, part="founder")
