"""Staff credentials: distinct persons as of a day, never added up; recruitment counted by hire."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modules.tenants.services import credentials
from parkops.errors import RuleError
from parkops.testing.depth import depth

DAY = date(2022, 10, 31)


def person(s, n, **values):
    return credentials.create_staff(s, staff_no=f"S{n}", name=f"员工{n}", joined_on=values.pop("joined_on", date(2018, 1, 1)), **values)


def give(s, who, kind, n, **values):
    return credentials.create_credential(s, staff_id=who.id, kind=kind, number=f"{kind}-{n}", issued_on=values.pop("issued_on", date(2020, 1, 1)), **values)


def test_the_article_21_with_6_senior_and_5_counsellors(session):
    people = [person(session, n) for n in range(25)]
    for n in range(21):
        give(session, people[n], "practitioner_senior" if n < 6 else "practitioner_junior", n)
    for n in (4, 5, 6, 7, 8):
        give(session, people[n], "counsellor", n)
    count = lambda *kinds: credentials.count_certified(session, DAY, kinds or None)  # noqa: E731
    assert (count(), count("practitioner_senior"), count("counsellor")) == (21, 6, 5)
    assert count("practitioner_senior", "counsellor") == 9  # together: nine persons, not 6 + 5


@settings(max_examples=depth(15, 100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["practitioner_senior", "practitioner_junior", "counsellor"])), max_size=12))
def test_distinct_is_at_least_each_kind_and_at_most_the_sum(session, held):
    point = session.begin_nested()
    people = [person(session, n) for n in range(5)]
    for n, (who, kind) in enumerate(held):
        give(session, people[who], kind, n)
    each = [credentials.count_certified(session, DAY, [k]) for k in ("practitioner_senior", "practitioner_junior", "counsellor")]
    total = credentials.count_certified(session, DAY)
    assert max(each) <= total <= sum(each)
    assert total == len({who for who, _kind in held})
    point.rollback()


def test_as_of_a_day(session):
    who = person(session, 1, left_on=date(2023, 3, 31))
    c = give(session, who, "counsellor", 1, issued_on=date(2021, 5, 1), valid_to=date(2023, 12, 31))
    days = [date(2021, 4, 30), date(2021, 5, 1), date(2023, 3, 31), date(2023, 4, 1)]
    assert [credentials.count_certified(session, d) for d in days] == [0, 1, 1, 0]
    credentials.revoke_credential(session, c, on=date(2022, 1, 1))
    assert [credentials.count_certified(session, d) for d in (date(2021, 12, 31), date(2022, 1, 1))] == [1, 0]


def test_impossible_dates_are_named_together(session):
    who = person(session, 1)
    with pytest.raises(RuleError) as e:
        give(session, who, "counsellor", 1, issued_on=date(2021, 5, 1), valid_to=date(2021, 4, 1), revoked_on=date(2020, 1, 1))
    assert [p.field for p in e.value.problems] == ["valid_to", "revoked_on"]
    with pytest.raises(RuleError) as e:
        give(session, who, "counsellor", 1, issued_on=date(2200, 1, 1))
    assert e.value.codes == ["record.future_date"]


def test_recruitment_needs_the_person_and_counts_by_hire(session):
    with pytest.raises(RuleError) as e:
        credentials.create_recruitment(session, position="副总经理", specialty="management", hired_on=date(2021, 8, 16))
    assert e.value.codes == ["tenants.person_missing"]
    who = person(session, 1, joined_on=date(2021, 8, 16))
    credentials.create_recruitment(session, position="副总经理", specialty="management", hired_on=date(2021, 8, 16), staff_id=who.id)
    credentials.create_recruitment(session, position="专员", specialty="tech_finance")
    assert credentials.count_hired(session, date(2021, 1, 1), date(2022, 1, 1)) == 1
    assert credentials.count_hired(session, date(2021, 1, 1), date(2022, 1, 1), specialties=["tech_finance"]) == 0


def test_a_person_with_records_is_not_deleted(session):
    who = person(session, 1)
    give(session, who, "counsellor", 1)
    with pytest.raises(RuleError) as e:
        credentials.remove_staff(session, who)
    assert e.value.codes == ["record.in_use"]
