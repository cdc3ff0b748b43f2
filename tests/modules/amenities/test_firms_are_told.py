"""Firms with accounts in the portal are told: bills, relief, loans, apartments, notices, surveys, data calls; others are not."""

from __future__ import annotations

from datetime import date, timedelta

from amenities_help import MARCH, place, queued
from bills_help import draft, posted
from core_help import entry
from loan_help import DAY as LOAN_DAY
from loan_help import firm_case, handed_in
from portal_help import account, told
from relief_help import acting, checked, scheme, tenant
from sqlalchemy import func, select

from modules.amenities.services import housing_queue, notices, surveys
from modules.billing.services import posting
from modules.leasing.services import relief_decide
from modules.loans.services import decide
from modules.tenants.services import datacalls
from parkops import clock
from parkops.todos import Notice

JAN = date(2026, 1, 1)


def test_one_message_for_all_bills_of_a_run(session, park):
    mine, other = entry(session), entry(session)
    owner, staff = account(session, mine.id), account(session, mine.id, "staff")
    rows = [draft(session, mine, "1090.00"), draft(session, mine, "545.00"), draft(session, other, "109.00")]
    posting.post_bills(session, park_id=park.id, bills=[b.id for b in rows], on=JAN)
    assert told(session, owner) == ["%(n)s new bills, the first due on %(day)s."]
    assert told(session, staff) == [], "money matters are for heads and finance"
    assert session.scalar(select(func.count(Notice.id))) == 1, "a firm without accounts is told nothing"
    posted(session, mine, "218.00")
    assert told(session, owner)[1:] == ["New bill %(number)s, due on %(day)s."]


def test_a_relief_that_comes_back_is_told_with_the_reason(session):
    lease = tenant(session)
    owner = account(session, lease.firm_id)
    app = checked(session, scheme(session), lease)
    with acting(session, "operations_manager"):
        relief_decide.return_application(session, app, reason="缺营业执照")
    assert told(session, owner, "The rent relief") == ["The rent relief %(number)s must be completed: %(reason)s"]
    row = session.scalars(select(Notice).where(Notice.user_id == owner).order_by(Notice.id.desc())).first()
    assert row.values["reason"] == "缺营业执照" and row.values["number"] == app.number


def test_a_loan_that_asks_for_papers_and_is_refused(session):
    case = firm_case(session)
    owner = account(session, case.firm_id, "finance")
    handed_in(session, case)
    decide.reject_case(session, case, on=LOAN_DAY, code="credit", reason="征信不良")
    assert [m.split("%(number)s")[1][:12] for m in told(session, owner)] == [" documents a", " is not gran"]


def test_an_apartment_refused_notices_and_surveys(session):
    where = place(session)
    row = queued(session, where)
    owner, staff = account(session, row.firm_id), account(session, row.firm_id, "staff")
    housing_queue.HOUSING_APPLICATION.move(session, row, "refuse", on=MARCH, reason="不符合条件")
    assert told(session, owner) == ["The application %(number)s for an apartment is refused: %(reason)s"] and told(session, staff) == []
    notice = notices.create_notice(session, title="停水通知", body="明日停水。", scope="all", expires_on=clock.today() + timedelta(days=3))
    assert notices.send_notice(session, notice)
    survey = surveys.create_survey(session, title="满意度", opens_on=MARCH, closes_on=date(2026, 3, 31))
    surveys.create_question(session, survey_id=survey.id, text="总体", kind="score")
    surveys.open_survey(session, survey)
    for user in (owner, staff):
        assert told(session, user)[-2:] == ["The park tells you: %(title)s", "Please answer until %(day)s: %(title)s"]


def test_who_is_asked_in_a_data_call_hears_when_it_opens(session):
    from support_help import carrier, firm

    c = carrier(session)
    asked, later = (firm(session, ("incubating", c, since), registered_on=date(2020, 1, 1)) for since in ("2020-03-01", "2022-06-01"))
    owner, not_asked, staff = account(session, asked.id), account(session, later.id), account(session, asked.id, "staff")
    call = datacalls.create_call(session, form_code="torch-enterprise", period_start=date(2021, 7, 9), due_on=date(2022, 1, 31))
    datacalls.open_call(session, call, on=date(2022, 1, 5))
    assert told(session, owner) == ["Please answer: %(call)s, due on %(day)s."]
    assert told(session, not_asked) == told(session, staff) == []
