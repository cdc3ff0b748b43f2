"""Jobs: reminders once per record and stage, overdue follow-ups weekly, candidates monthly; running again changes nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select, text
from support_help import carrier, firm

from modules.tenants import jobs
from modules.tenants.models.qualification import Qualification
from modules.tenants.services import credentials, reminders, visits
from parkops import todos
from parkops.jobs.registry import job_of


@pytest.fixture
def f(session):
    return firm(session, ("incubating", carrier(session), "2020-03-01"))


def count(s):
    return s.scalar(select(func.count(todos.Todo.id)))


@pytest.mark.parametrize(("left", "stage"), [(0, 30), (30, 30), (31, 60), (60, 60), (61, 90), (90, 90), (91, None), (-1, None)])
def test_stages(left, stage):
    from datetime import timedelta

    on = date(2022, 1, 1)
    assert reminders.stage_of(on + timedelta(days=left), on) == stage


def test_each_stage_reminds_once(session, f):
    session.add(Qualification(firm_id=f.id, kind="hitech", obtained_on=date(2019, 12, 1), valid_to=date(2022, 12, 31)))
    session.flush()
    made = [reminders.remind_expiring(session, on=on, park_id=f.park_id)["qualifications"] for on in (
        date(2022, 10, 1), date(2022, 10, 3), date(2022, 10, 4), date(2022, 11, 15), date(2022, 11, 16), date(2022, 12, 10), date(2023, 1, 1))]
    assert made == [0, 1, 0, 1, 0, 1, 0]
    for todo in session.scalars(select(todos.Todo)):
        todos.done(session, todo)
    assert reminders.remind_expiring(session, on=date(2022, 12, 11), park_id=f.park_id)["qualifications"] == 0  # done stays done


def test_renewed_revoked_and_departed_are_left_alone(session, f):
    gone = firm(session, ("incubating", carrier(session), "2020-03-01"), ("left", carrier(session), "2021-03-01"))
    q = lambda of, kind, **kw: session.add(Qualification(firm_id=of.id, kind=kind, obtained_on=kw.pop("a", date(2019, 12, 1)), valid_to=date(2022, 12, 31), **kw))  # noqa: E731
    q(f, "hitech"), q(f, "hitech", a=date(2022, 11, 1)), q(f, "tech_sme", revoked_on=date(2022, 1, 1)), q(gone, "hitech")
    session.flush()
    assert reminders.remind_expiring(session, on=date(2022, 12, 10), park_id=f.park_id)["qualifications"] == 1


def test_certificates_of_people_who_are_still_there(session, f):
    for n, left in ((1, None), (2, date(2022, 1, 1))):
        who = credentials.create_staff(session, staff_no=str(n), name=f"员工{n}", joined_on=date(2020, 1, 1), left_on=left)
        credentials.create_credential(session, staff_id=who.id, kind="counsellor", number=str(n), issued_on=date(2020, 1, 1), valid_to=date(2022, 12, 31))
    assert reminders.remind_expiring(session, on=date(2022, 12, 10), park_id=f.park_id)["credentials"] == 1


def test_another_park_is_not_touched(session, f, park2):
    session.add(Qualification(firm_id=f.id, kind="hitech", obtained_on=date(2019, 12, 1), valid_to=date(2022, 12, 31)))
    session.flush()
    assert reminders.remind_expiring(session, on=date(2022, 12, 10), park_id=park2.id)["qualifications"] == 0
    assert count(session) == 0


def test_overdue_follow_ups_are_told_weekly(session, f):
    uid = session.execute(text("select id from ab_user where username = 'operations_clerk'")).scalar_one()
    who = credentials.create_staff(session, staff_no="1", name="张三", joined_on=date(2020, 1, 1), user_id=uid)
    visits.create_follow_up(session, firm_id=f.id, category="talent", title="联系高校", raised_on=date(2022, 8, 1), due_on=date(2022, 8, 9), staff_id=who.id)
    told = [reminders.remind_follow_ups(session, on=date(2022, 8, d), park_id=f.park_id)["told"] for d in (9, 10, 11, 16, 17)]
    assert told == [0, 1, 0, 0, 1]


def test_every_job_runs_twice_on_an_empty_and_a_filled_park(session, f):
    for _ in range(2):
        for job in jobs.JOBS:
            assert job_of(job.code) is job
            assert isinstance(job.run(session, on=date(2022, 12, 1), park_id=f.park_id), dict), job.code


def test_the_candidates_list_replaces_itself(session, f):
    first = jobs.graduation_candidates(session, on=date(2022, 12, 1), park_id=f.park_id)
    again = jobs.graduation_candidates(session, on=date(2022, 12, 1), park_id=f.park_id)
    assert first == again and first["tested"] == 1
    assert session.execute(text("select count(*) from tenants_graduation_candidate")).scalar() == 1
