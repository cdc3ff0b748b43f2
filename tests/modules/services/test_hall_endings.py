"""How promises and cases end, which days a step accepts, deferrals, officers of cases from the portal, what a firm is told."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hall_help import MON, at, case, done, english, hall, have, item  # noqa: F401
from sqlalchemy import select

from modules.services import calc_days
from modules.services.checks.hall import CHECKS
from modules.services.models.quality import ReviewTask
from modules.services.services import board, cases, catalogue, closing, demands, hands, partners, ratings, tolerance
from modules.services.states import CASE
from modules.services.states_quality import DEMAND
from modules.tenants.models.firm import Firm
from modules.tenants.models.portal import PortalAccount
from parkops import approval, clock, todos
from parkops.errors import RuleError
from parkops.security.models import UserProfile

DAY = timedelta(days=1)
FUTURE = clock.today() + 3 * DAY


def user(s, name):
    return s.scalar(select(UserProfile.id).where(UserProfile.username == name))


def promised(s, **values):
    """A case whose minor paper is promised."""
    row = case(s, **values)
    have(s, row, "申请书")
    tolerance.sign_commitment(s, row, signed_by="张三", on=MON)
    return row, tolerance.of_case(s, row)


def papers(s):
    return next(c for c in CHECKS if c.code == "services.papers").run(s)


@pytest.mark.parametrize("state", ["received", "supplement", "accepted", "transferred"])
def test_a_broken_promise_ends_every_open_case_not_approved(session, park, state):
    row, promise = promised(session)
    if state == "supplement":
        cases.check_materials(session, row, have=[], on=MON)
        cases.give_notice(session, row, on=MON)
    if state in ("accepted", "transferred"):
        cases.accept_case(session, row, on=MON)
    if state == "transferred":  # passed on before the rule held
        row.__dict__["state"] = "transferred"
        session.execute(row.__table__.update().where(row.__table__.c.id == row.id).values(state="transferred"))
    assert tolerance.lapse_overdue(session, on=promise.due_on + DAY, park_id=park.id) == {"overdue": 1}
    assert (row.state, row.result, promise.state) == ("completed", "not_approved", "overdue") and row.accepted_on is not None
    assert papers(session) == []


def test_a_case_with_a_running_promise_is_not_passed_on(session):
    row, promise = promised(session)
    cases.accept_case(session, row, on=MON)
    where = partners.create_partner(session, code="P", name="临渭区政务大厅", hall_id=row.hall_id, key_id="p-1", url="https://hall.example.cn")
    partners.choose_partner(session, row, partner_id=where.id)
    with pytest.raises(RuleError, match="promised"):
        partners.send_case(session, row, on=MON)
    tolerance.keep_commitment(session, promise, on=MON + DAY)
    partners.send_case(session, row, on=MON + DAY)
    assert row.state == "transferred"


def test_accepted_only_under_a_commitment_that_runs_and_covers_what_is_missing(session):
    row, promise = promised(session, what=item(session, (("申请书", False), ("住所证明", True), ("承诺书", True))))
    assert sorted(promise.materials) == ["住所证明", "承诺书"]
    promise.materials = ["承诺书"]
    session.flush()
    with pytest.raises(RuleError, match="住所证明"):
        cases.accept_case(session, row, on=MON)
    kept, over = promised(session)
    tolerance.keep_commitment(session, over, on=MON)
    have(session, kept, "申请书")  # the line was unticked again after the promise was kept
    with pytest.raises(RuleError, match="No open commitment covers: 住所证明"):
        cases.accept_case(session, kept, on=MON)


def test_tie_out_finds_an_accepted_case_nothing_covers(session):
    row, promise = promised(session)
    cases.accept_case(session, row, on=MON)
    assert papers(session) == []
    promise.materials = []
    session.flush()
    assert len(papers(session)) == 1 and row.number in papers(session)[0]


@pytest.mark.parametrize("end", [closing.refuse_case, closing.withdraw_case])
def test_the_promise_ends_with_its_case_and_counts_nowhere(session, park, end):
    row, promise = promised(session)
    with pytest.raises(RuleError, match="ends with it"):
        tolerance.void_commitment(session, promise, on=MON)
    end(session, row, on=MON, reason="不再办理")
    assert (promise.state, promise.ended_on) == ("void", MON)
    assert tolerance.lapse_overdue(session, on=promise.due_on + DAY, park_id=park.id) == {"overdue": 0}
    found = board.show_board(session, start=MON, end=MON + DAY)
    assert (found.tolerance, found.tolerance_overdue, papers(session)) == (0, 0, [])


def test_a_case_of_a_retired_item_is_corrected(session):
    what = item(session, ())
    row = case(session, what)
    catalogue.change_item(session, what, active=False)
    cases.change_case(session, row, applicant="济宁改名有限公司")
    assert row.applicant == "济宁改名有限公司"
    with pytest.raises(RuleError, match="GB 32100"):
        cases.change_case(session, row, applicant="甲", credit_code="91370800MA3XXXXX0X")


def days_of(s):
    """(name, what is done on a day, the first day that is right)."""
    told, signed, ready, out = case(s), case(s), case(s, item(s, ())), done(s)
    have(s, told, "住所证明")
    have(s, signed, "申请书")
    accepted = case(s, item(s, ()))
    cases.accept_case(s, accepted, on=MON + DAY)
    ask = demands.create_demand(s, kind="demand", title="停车位", applicant="李四", at=at())
    bad = done(s)
    ratings.rate_case(s, bad, stars=1, at=at())
    task = s.scalars(select(ReviewTask).where(ReviewTask.case_id == bad.id)).one()
    who = s.scalars(select(UserProfile.id)).first()
    return [
        (lambda d: cases.give_notice(s, told, on=d), MON),
        (lambda d: tolerance.sign_commitment(s, signed, signed_by="张三", on=d), MON),
        (lambda d: cases.accept_case(s, ready, on=d), MON),
        (lambda d: closing.complete_case(s, accepted, result="approved", delivery="pickup", on=d), MON + DAY),
        (lambda d: closing.deliver_case(s, out, on=d), MON),
        (lambda d: hands.transfer_case(s, ready, to_text="税务局", reason="会签", on=d), MON),
        (lambda d: closing.withdraw_case(s, ready, reason="不办了", on=d), MON),
        (lambda d: demands.assign_demand(s, ask, owner_id=who, on=d), MON),
        (lambda d: demands.answer_demand(s, ask, answer="已安排", on=d), MON),
        (lambda d: demands.close_demand(s, ask, words="好", on=d), MON),
        (lambda d: ratings.verify_review(s, task, finding="属实", on=d), MON),
        (lambda d: ratings.rectify_review(s, task, measure="整改", on=d), MON),
        (lambda d: ratings.call_back(s, task, answer="满意", on=d), MON),
    ]


def test_no_step_has_a_day_in_the_future_or_before_the_one_it_follows(session):
    for work, first in days_of(session):
        for wrong, sentence in ((FUTURE, "future"), (first - DAY, "lies before")):
            with pytest.raises(RuleError, match=sentence), session.begin_nested():
                work(wrong)
        work(first)


def test_a_late_case_is_not_deferred(session, monkeypatch):
    row = case(session, item(session, ()))
    cases.accept_case(session, row, on=MON)
    with pytest.raises(RuleError, match="late already"):
        closing.ask_deferral(session, row, days=3, reason="需现场核查")
    monkeypatch.setattr(clock, "today", lambda: row.promised_due)
    closing.ask_deferral(session, row, days=3, reason="需现场核查")
    monkeypatch.setattr(clock, "today", lambda: row.promised_due + DAY)
    with pytest.raises(RuleError, match="late already"):
        closing.defer(session, next(iter(approval.of(session, row))), row)


def test_limits_follow_what_was_promised_on_receipt(session, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: MON)
    what = item(session)
    told, row = case(session, what), case(session, what)
    have(session, row, "申请书", "住所证明")
    cases.accept_case(session, row, on=MON)
    cases.give_notice(session, told, on=MON)
    catalogue.change_item(session, what, promised_days=15)
    closing.ask_deferral(session, row, days=5, reason="需现场核查")
    closing.defer(session, next(iter(approval.of(session, row))), row)
    assert (row.promised_due, row.statutory_due) == tuple(calc_days.Calendar().due(MON, n) for n in (8, 25))
    monkeypatch.setattr(clock, "today", lambda: MON + 2 * DAY)
    have(session, told, "申请书", "住所证明", on=MON + 2 * DAY)
    cases.supplement_case(session, told, on=MON + 2 * DAY)
    assert told.promised_due == calc_days.Calendar().due(MON + 2 * DAY, 3)


def test_deeming_says_until_when_it_waits(session, monkeypatch):
    row = case(session)
    monkeypatch.setattr(clock, "today", lambda: MON)
    assert "Until" in CASE.why_not(session, row, CASE.step("deem"))
    with pytest.raises(RuleError):
        CASE.move(session, row, "deem", on=MON)


def test_who_answered_is_kept_and_sees_no_button_to_close(as_role):
    with as_role("operations_manager") as s:
        me, clerk = user(s, "operations_manager"), user(s, "operations_clerk")
        row = demands.create_demand(s, kind="demand", title="停车位", applicant="李四", at=at())
        demands.assign_demand(s, row, owner_id=clerk, on=MON)
        demands.answer_demand(s, row, answer="已安排", on=MON)  # for the clerk, who owns it
        button = next(b for b in DEMAND.buttons(s, row) if b.step.code == "close")
        assert (row.answered_by_id, button.enabled) == (me, False) and "colleague" in button.why_not
        with pytest.raises(RuleError, match="colleague"):
            demands.close_demand(s, row, words="好", on=MON)
        row.owner_id, row.answered_by_id = me, clerk
        s.flush()
        demands.close_demand(s, row, words="好", on=MON)


def test_ratings_of_the_device_and_the_telephone_are_entered_on_the_case(as_role):
    with as_role("operations_manager") as s:
        row = done(s)
        with pytest.raises(RuleError, match="result"):
            ratings.rate_by_staff(s, case(s), stars="5", rated_by="device")
        with pytest.raises(RuleError, match="values offered"):
            ratings.rate_by_staff(s, row, stars="5", rated_by="link")
        ratings.rate_by_staff(s, row, stars="2", rated_by="phone", attitude="1", remark="等候太久")
        found = s.scalars(select(ratings.ServiceRating)).one()
        assert (found.stars, found.rated_by, found.attitude, row.stars) == (2, "phone", 1, 2)
        assert s.scalars(select(ReviewTask)).one().case_id == row.id



@pytest.fixture
def from_portal(session, monkeypatch):
    """A firm with an account, and `with from_portal():` for what its user does."""
    firm = Firm(name="济宁门户企业", park_id=session.info["scope"].park_id, state="incubating")
    session.add(firm)
    session.flush()
    reader = user(session, "operations_clerk")
    session.add(PortalAccount(firm_id=firm.id, park_id=firm.park_id, user_id=reader, role="owner", state="active", joined_at=clock.now(), invited_by="test"))
    session.flush()

    @contextmanager
    def portal():
        with monkeypatch.context() as m:
            m.setattr(hands, "scope_of", lambda s: replace(s.info["scope"], user_id=reader, firm_id=firm.id))
            yield

    return firm, portal


@contextmanager
def acting(s, who):
    """Service calls of that officer, with the rights of the test."""
    before = s.info["scope"]
    s.info["scope"] = replace(before, user_id=who)
    try:
        yield
    finally:
        s.info["scope"] = before


def told(s, text):
    return [n for n in s.scalars(select(todos.Notice)) if text in n.msgid]


def test_the_first_officer_who_works_on_a_case_of_the_portal_is_the_first_asked(session, from_portal):
    firm, portal = from_portal
    clerk, manager = user(session, "operations_clerk"), user(session, "operations_manager")
    with portal():
        rows = [case(session, firm_id=firm.id) for _n in range(3)]
        ask = demands.create_demand(session, kind="demand", title="停车位", firm_id=firm.id, at=at())
    assert {(r.first_officer_id, r.officer_id) for r in rows} == {(None, None)} and ask.first_officer_id is None
    with acting(session, clerk):
        cases.give_notice(session, rows[0], on=MON)
        hands.transfer_case(session, rows[1], to_id=manager, reason="税务窗口", on=MON)
        have(session, rows[2], "申请书", "住所证明")
        demands.assign_demand(session, ask, owner_id=manager, on=MON)
    assert [(r.first_officer_id, r.officer_id) for r in rows] == [(clerk, clerk), (clerk, manager), (clerk, clerk)]
    assert (ask.first_officer_id, ask.owner_id) == (clerk, manager)


def test_a_firm_is_told_of_notice_result_and_answer(session, from_portal):
    firm, _portal = from_portal
    row = case(session, firm_id=firm.id)
    cases.give_notice(session, row, on=MON)
    done(session, case(session, item(session, ()), firm_id=firm.id))
    ask = demands.create_demand(session, kind="demand", title="停车位", firm_id=firm.id, at=at())
    demands.assign_demand(session, ask, owner_id=user(session, "operations_manager"), on=MON)
    demands.answer_demand(session, ask, answer="已安排", on=MON)
    done(session)  # nobody's firm: nobody is told
    assert [len(told(session, t)) for t in ("one-time notice", "has its result", "is answered")] == [1, 1, 1]


def test_who_is_above_hears_of_an_escalated_demand(session, park):
    row = demands.create_demand(session, kind="complaint", title="电梯故障", applicant="李四", at=at())
    late = row.due_on + DAY
    demands.escalate(session, on=late, park_id=park.id)
    assert {n.user_id for n in told(session, "rose a level")} == set(demands.people_of_role(session, "operations_manager", park.id))
    demands.escalate(session, on=late + 7 * DAY, park_id=park.id)
    leaders = set(demands.people_of_role(session, "leadership", park.id))
    assert leaders and leaders <= {n.user_id for n in told(session, "rose a level")}
