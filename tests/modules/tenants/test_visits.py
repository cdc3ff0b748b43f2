"""Visits and the promises they lead to."""

from __future__ import annotations

from datetime import date

import pytest
from support_help import carrier, firm

from modules.tenants.services import credentials, visits
from parkops import todos
from parkops.errors import RuleError


@pytest.fixture
def f(session):
    return firm(session, ("incubating", carrier(session), "2020-03-01"))


def test_from_plan_to_promise_to_result(session, f):
    v = visits.create_visit(session, firm_id=f.id, subject="走访", planned_on=date(2022, 8, 1))
    with pytest.raises(RuleError) as e:
        visits.hold_visit(session, v, on=date(2022, 8, 2), findings="  ")
    assert e.value.codes == ["tenants.findings_missing"]
    visits.hold_visit(session, v, on=date(2022, 8, 2), findings="需要扩租")
    record = visits.add_follow_up(session, v, category="space", title="找200平米", due_on=date(2022, 8, 20), on=date(2022, 8, 3))
    assert (record.firm_id, record.raised_on) == (f.id, date(2022, 8, 2))
    assert visits.open_follow_ups(session, f.id) == [record]
    visits.finish_follow_up(session, record, on=date(2022, 8, 18), result="已签约")
    assert visits.open_follow_ups(session, f.id) == []
    with pytest.raises(RuleError) as e:
        visits.finish_follow_up(session, record, on=date(2022, 8, 19), result="x")
    assert e.value.codes == ["tenants.follow_up_done"]
    with pytest.raises(RuleError):
        visits.hold_visit(session, v, on=date(2022, 8, 3), findings="x")
    with pytest.raises(RuleError):
        visits.remove_visit(session, v)


def test_the_responsible_person_gets_a_to_do(session, f):
    from sqlalchemy import text

    uid = session.execute(text("select id from ab_user where username = 'operations_clerk'")).scalar_one()
    who = credentials.create_staff(session, staff_no="1", name="张三", joined_on=date(2020, 1, 1), user_id=uid)
    visits.create_follow_up(session, firm_id=f.id, category="talent", title="联系高校", raised_on=date(2022, 8, 1), due_on=date(2022, 8, 9), staff_id=who.id)
    (todo,) = todos.of(session, f)
    assert (todo.assignee_id, todo.due_on) == (uid, date(2022, 8, 9))


def test_refusals_name_every_field(session, f):
    other = firm(session, ("incubating", carrier(session), "2020-03-01"))
    v = visits.create_visit(session, firm_id=other.id, subject="x", held_on=date(2022, 1, 1), findings="y")
    with pytest.raises(RuleError) as e:
        visits.create_follow_up(session, firm_id=f.id, visit_id=v.id, category="space", title="t", raised_on=date(2022, 2, 1),
                                due_on=date(2022, 1, 1), done_on=date(2022, 3, 1))
    assert set(e.value.codes) == {"record.date_order", "tenants.result_missing", "tenants.other_firm"}
    with pytest.raises(RuleError) as e:
        visits.create_visit(session, firm_id=f.id, subject="x")
    assert e.value.codes == ["tenants.undated"]
    with pytest.raises(RuleError) as e:
        visits.create_visit(session, firm_id=f.id, subject="x", held_on=date(2200, 1, 1), findings="y")
    assert e.value.codes == ["record.future_date"]
