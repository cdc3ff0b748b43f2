"""Carriers: grades as known on a day, recognitions, changes to be reported within three months."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from support_help import carrier, firm

from modules.tenants.models.carrier import Carrier, CarrierChange, CarrierGrade
from modules.tenants.services import carriers
from parkops.errors import NotAllowed, Refused, RuleError

ARTICLE = date(2022, 10, 31)


def graded(s, grade_2020, grade_2021):
    c = carrier(s, founded_on=date(2015, 1, 1))
    carriers.create_grade(s, carrier_id=c.id, scheme="national", year=2020, grade=grade_2020, published_on=date(2021, 12, 20))
    carriers.create_grade(s, carrier_id=c.id, scheme="national", year=2021, grade=grade_2021, published_on=date(2022, 12, 26))
    return c


def test_two_rated_a_at_the_article_and_three_after_publication(session):
    graded(session, "A", "A"), graded(session, "A", "A"), graded(session, "B", "A")
    assert carriers.count_graded(session, "A", ARTICLE) == 2
    assert carriers.count_graded(session, "A", date(2022, 12, 25)) == 2
    assert carriers.count_graded(session, "A", date(2022, 12, 26)) == 3


def test_control_grades_by_year_alone_would_give_the_wrong_answer(session):
    """Without the publication day the article's 2 could not be reproduced: the year 2021 had ended long before."""
    graded(session, "A", "A"), graded(session, "A", "A"), graded(session, "B", "A")
    naive = session.scalars(select(CarrierGrade).where(CarrierGrade.year <= ARTICLE.year, CarrierGrade.grade == "A",
                                                       CarrierGrade.year == 2021)).all()
    assert len(naive) == 3


def test_a_correction_of_the_same_year_counts_from_its_own_publication(session):
    c = graded(session, "A", "B")
    carriers.create_grade(session, carrier_id=c.id, scheme="national", year=2021, grade="A", published_on=date(2023, 3, 1))
    assert carriers.grades_known_on(session, date(2023, 2, 28))[c.id].grade == "B"
    assert carriers.grades_known_on(session, date(2023, 3, 1))[c.id].grade == "A"


def test_closed_carriers_are_not_counted(session):
    c = graded(session, "A", "A")
    carriers.change_carrier(session, c, closed_on=date(2022, 6, 1))
    assert carriers.count_graded(session, "A", date(2022, 5, 31)) == 1
    assert carriers.count_graded(session, "A", date(2022, 6, 1)) == 0


def test_recognised_as_of_a_day(session):
    c = carrier(session, specialised=True)
    carriers.create_recognition(session, carrier_id=c.id, level="national", recognised_on=date(2018, 1, 10), valid_to=date(2024, 12, 31))
    count = lambda on: carriers.count_recognised(session, on, carrier_type="incubator", levels=("national",), specialised=True)  # noqa: E731
    assert [count(date(2018, 1, 9)), count(date(2018, 1, 10)), count(date(2024, 12, 31)), count(date(2025, 1, 1))] == [0, 1, 1, 0]


def test_a_change_is_due_in_three_months_with_one_to_do(session):
    from parkops import todos

    c = carrier(session)
    text = carriers.report_change(session, c, kind="operator", changed_on=date(2022, 11, 30), detail="运营主体变更")
    assert "2023-02-28" in text
    (todo,) = todos.of(session, c)
    assert todo.due_on == date(2023, 2, 28) and not todo.is_done
    carriers.mark_reported(session, session.scalars(select(CarrierChange)).one(), on=date(2022, 12, 9))
    assert todo.is_done


def test_reporting_twice_is_refused(session):
    c = carrier(session)
    record = carriers.create_change(session, carrier_id=c.id, kind="operator", changed_on=date(2022, 3, 1), detail="x")
    carriers.mark_reported(session, record, on=date(2022, 4, 1), report_no="济科报1号")
    with pytest.raises(RuleError) as e:
        carriers.mark_reported(session, record, on=date(2022, 4, 2))
    assert e.value.codes == ["tenants.reported_already"]


def test_all_problems_at_once(session):
    with pytest.raises(RuleError) as e:
        carriers.create_carrier(session, code="X", name="名" * 201, carrier_type="shed")
    assert set(e.value.codes) == {"record.too_long", "record.not_a_choice"}
    with pytest.raises(RuleError) as e:
        carriers.create_carrier(session, code="X", name="Y", carrier_type="incubator", founded_on=date(2020, 1, 2),
                                closed_on=date(2020, 1, 1), area=Decimal(10), incubation_area=Decimal(11), workstations=-1)
    assert set(e.value.codes) == {"record.date_order", "tenants.area_part", "tenants.negative"}


def test_unknown_field_and_float_area_are_refused(session):
    with pytest.raises(Refused):
        carriers.create_carrier(session, code="X", name="Y", carrier_type="incubator", level="national")
    with pytest.raises(RuleError) as e:
        carriers.create_carrier(session, code="X", name="Y", carrier_type="incubator", area=0.1)
    assert e.value.codes == ["record.not_a_number"]


def test_the_future_is_refused(session):
    c = carrier(session)
    with pytest.raises(RuleError) as e:
        carriers.create_grade(session, carrier_id=c.id, scheme="national", year=2200, grade="A", published_on=date(2200, 1, 1))
    assert "record.future_date" in e.value.codes


def test_same_code_twice_is_one_sentence(session):
    carriers.create_carrier(session, code="INC-1", name="甲", carrier_type="incubator")
    with pytest.raises(RuleError) as e:
        carriers.create_carrier(session, code="INC-1", name="乙", carrier_type="incubator")
    assert e.value.codes == ["record.already_there"]


def test_a_carrier_with_firms_is_not_deleted(session):
    c = carrier(session)
    firm(session, ("incubating", c, "2021-01-01"))
    with pytest.raises(RuleError) as e:
        carriers.remove_carrier(session, c)
    assert "record.in_use" in e.value.codes
    lonely = carrier(session)
    carriers.remove_carrier(session, lonely)
    assert session.get(Carrier, lonely.id) is None


def test_rights(as_role):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        carriers.create_carrier(s, code="X", name="Y", carrier_type="incubator")
    with as_role("operations_manager") as s:
        assert carriers.create_carrier(s, code="X", name="Y", carrier_type="incubator").id
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        carriers.create_carrier(s, code="X", name="Y", carrier_type="incubator")


def test_another_parks_carrier_looks_like_none(session, park2, as_role):
    foreign = carrier(session, park_id=park2.id)
    session.commit()
    with as_role("operations_manager") as s, pytest.raises(RuleError) as e:
        carriers.create_recognition(s, carrier_id=foreign.id, level="national", recognised_on=date(2020, 1, 1))
    assert e.value.codes == ["record.no_such_record"]


def test_the_database_keeps_unknown_codes_out(session):
    """Control for the service's check: the table itself refuses, whoever writes."""
    session.add(Carrier(code="Z", name="Z", carrier_type="shed"))
    with pytest.raises(IntegrityError):
        session.flush()
