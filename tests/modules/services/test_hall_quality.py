"""Ratings once a case, sub-scores, the loop of a bad review, internal checks, demands with escalation, the queue by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hall_help import MON, at, case, done, english, hall, item, window  # noqa: F401
from sqlalchemy import select

from modules.services import calc_days
from modules.services.models.hall import HallVisitors
from modules.services.models.quality import ReviewTask
from modules.services.services import cases, demands, halls, queue, ratings
from parkops.errors import NotFound, RuleError
from parkops.security.models import UserProfile

DAY = timedelta(days=1)
DUE15 = calc_days.Calendar().due(MON, 15)


def user(s, name):
    return s.scalar(select(UserProfile.id).where(UserProfile.username == name))


def test_second_rating_of_a_case_is_refused(session):
    row = done(session)
    ratings.rate_case(session, row, stars=5, efficiency=5, attitude=4, at=at())
    with pytest.raises(RuleError) as refused:
        ratings.rate_case(session, row, stars=1, at=at())
    assert refused.value.codes == ["services.SV-40"] and row.stars == 5


@pytest.mark.parametrize(("stars", "tasks"), [(1, 1), (2, 1), (3, 0), (5, 0)])
def test_two_stars_open_a_task_due_in_fifteen_working_days(session, stars, tasks):
    row = done(session)
    ratings.rate_case(session, row, stars=stars, at=at())
    found = session.scalars(select(ReviewTask).where(ReviewTask.case_id == row.id)).all()
    assert [t.due_on for t in found] == [DUE15] * tasks and DUE15 == MON + 21 * DAY


def test_what_a_rating_refuses(session):
    open_case, row = case(session), done(session)
    with pytest.raises(RuleError, match="result"):
        ratings.rate_case(session, open_case, stars=5, at=at())
    with pytest.raises(RuleError) as refused:
        ratings.rate_case(session, row, stars=6, platform=3, skill=9, at=at())
    assert refused.value.codes == ["services.SV-40", "services.SV-41", "services.SV-41"]


def test_online_cases_have_the_four_scores_of_online_service(session):
    row = done(session, case(session, item(session, ()), channel="online"))
    found = ratings.rate_case(session, row, stars=4, speed=4, guide=5, convenience=4, platform=3, at=at())
    assert found.online and found.platform == 3


def test_loop_of_a_bad_review_needs_three_hands(as_role):
    with as_role("operations_manager") as s:
        row = done(s)
        ratings.rate_case(s, row, stars=2, at=at())
        task = s.scalars(select(ReviewTask)).one()
        with pytest.raises(RuleError) as refused:
            ratings.verify_review(s, task, holds=True, finding="窗口等候过久", on=MON)
        assert refused.value.codes == ["services.SV-43"]
        row.officer_id = user(s, "operations_clerk")
        task.rating.__dict__["officer_id"] = row.officer_id  # somebody else was rated
        ratings.verify_review(s, task, holds=True, finding="窗口等候过久", on=MON)
        ratings.rectify_review(s, task, measure="增设窗口", on=MON + DAY)
        with pytest.raises(RuleError):
            ratings.call_back(s, task, answer="满意", content=True, on=MON + DAY)
        task.rectified_by_id = user(s, "operations_clerk")
        with pytest.raises(RuleError, match="lies before"):
            ratings.call_back(s, task, answer="满意", content=True, on=MON)
        ratings.call_back(s, task, answer="满意", content=True, on=MON + 2 * DAY)
        assert (task.state, task.content, task.called_back_on) == ("closed", True, MON + 2 * DAY)


def test_link_is_signed(session):
    row, other = done(session), done(session)
    token = ratings.token_of(row)
    assert ratings.case_of(session, token).id == row.id and "<svg" in ratings.qr_svg(f"https://x/{token}")
    for wrong in (token[:-1] + ("0" if token[-1] != "0" else "1"), f"{other.id}-{token.partition('-')[2]}", "x", "", "1-"):
        with pytest.raises(NotFound):
            ratings.case_of(session, wrong)


def test_internal_check_is_no_rating_and_not_by_the_officer(as_role):
    with as_role("operations_manager") as s:
        row = done(s)
        with pytest.raises(RuleError, match="handled"):
            ratings.create_check(s, case_id=row.id, checked_on=MON, score=90)
        row.officer_id = row.first_officer_id = user(s, "operations_clerk")
        check = ratings.create_check(s, case_id=row.id, checked_on=MON, score=90, told_once=False)
        assert row.stars is None and check.checker_id == user(s, "operations_manager")
        with pytest.raises(RuleError, match="100"):
            ratings.change_check(s, check, score=101)


def test_demand_escalates_twice_and_is_closed_by_the_client(as_role, park):
    with as_role("operations_manager") as s:
        row = demands.create_demand(s, kind="complaint", title="电梯故障", applicant="李四", at=at())
        due = calc_days.Calendar().due(MON, 5)
        assert (row.due_on, row.level) == (due, "1")
        assert demands.escalate(s, on=due, park_id=park.id) == {"escalated": 0}
        assert demands.escalate(s, on=due + DAY, park_id=park.id) == {"escalated": 1}
        assert demands.escalate(s, on=due + DAY, park_id=park.id) == {"escalated": 0}
        assert demands.escalate(s, on=due + 3 * DAY, park_id=park.id) == {"escalated": 1} and row.level == "3"
        clerk = user(s, "operations_clerk")
        demands.assign_demand(s, row, owner_id=clerk, on=due + 3 * DAY)
        demands.answer_demand(s, row, answer="已报修", on=due + 4 * DAY)
        demands.reopen_demand(s, row, reason="仍未修好", on=due + 4 * DAY)
        assert (row.state, row.reopened, row.due_on) == ("assigned", 1, calc_days.Calendar().due(due + 4 * DAY, 5))
        demands.answer_demand(s, row, answer="已修好", on=due + 5 * DAY)
        row.answered_by_id = clerk  # somebody else answered
        demands.close_demand(s, row, content=True, words="谢谢", on=due + 5 * DAY)
        assert (row.state, row.content) == ("closed", True)


def test_who_answered_does_not_close(as_role):
    with as_role("operations_manager") as s:
        row = demands.create_demand(s, kind="demand", title="停车位", applicant="李四", at=at())
        demands.assign_demand(s, row, owner_id=user(s, "operations_manager"), on=MON)
        demands.answer_demand(s, row, answer="已安排", on=MON)
        with pytest.raises(RuleError, match="colleague"):
            demands.close_demand(s, row, words="好", content=True, on=MON)


def test_ticket_to_case_counts_the_wait(session):
    place = hall(session)
    desk, tax = window(session, place, "W1"), window(session, place, "W2", classes=["tax"])
    first = queue.take_ticket(session, hall_id=place.id, item_class="startup", at=at())
    second = queue.take_ticket(session, hall_id=place.id, item_class="tax", at=at(minute=1))
    assert (first.label, second.label, queue.ahead(session, second)) == ("A001", "F002", 1)
    assert queue.call_next(session, tax, at=at(minute=3)).id == second.id
    assert queue.call_next(session, desk, at=at(minute=10, hour=9)).id == first.id
    with pytest.raises(RuleError, match="A001"):
        queue.call_next(session, desk, at=at(hour=10))
    assert (first.waited, second.waited) == (10, 2)
    row = cases.create_case(session, hall_id=place.id, item_id=item(session, ()).id, applicant="甲", ticket_id=first.id, at=at(minute=12))
    assert row.waited == 10
    with pytest.raises(RuleError, match="case already"):
        cases.create_case(session, hall_id=place.id, item_id=row.item_id, applicant="甲", ticket_id=first.id, at=at(minute=13))
    found = queue.screen(session, place, at=at(minute=15))
    assert [t.label for t in found.called] == ["A001", "F002"] and found.waiting == 0


def test_missed_numbers_come_back_and_the_day_is_closed(session, park):
    place = hall(session)
    desk = window(session, place)
    row = queue.take_ticket(session, hall_id=place.id, item_class="startup", at=at())
    queue.call_next(session, desk, at=at(minute=1))
    queue.recall(session, row, at=at(minute=2))
    queue.miss_ticket(session, row)
    assert queue.call_next(session, desk, at=at(minute=3)) is None
    queue.requeue_ticket(session, row)
    assert queue.call_next(session, desk, at=at(minute=9)).id == row.id and row.calls == 3
    queue.serve_ticket(session, row, at=at(minute=9))
    queue.take_ticket(session, hall_id=place.id, item_class="startup", at=at(minute=20))
    assert queue.clear_day(session, on=MON, park_id=park.id) == {"left": 0, "served": 0}
    assert queue.clear_day(session, on=MON + DAY, park_id=park.id) == {"left": 1, "served": 1}
    assert halls.count_visitors(session, on=MON + DAY, park_id=park.id) == {"days": 1}
    assert halls.count_visitors(session, on=MON + DAY, park_id=park.id) == {"days": 0}
    session.delete(session.scalars(select(HallVisitors)).one())
    session.flush()
    assert halls.count_visitors(session, on=MON + 8 * DAY, park_id=park.id) == {"days": 0}, "a count removed a week later comes back"


def test_the_wait_is_that_of_the_first_call(session):
    place = hall(session)
    desk = window(session, place)
    row = queue.take_ticket(session, hall_id=place.id, item_class="startup", at=at())
    queue.call_next(session, desk, at=at(minute=4))
    queue.miss_ticket(session, row)
    queue.requeue_ticket(session, row)
    queue.call_next(session, desk, at=at(minute=40))
    assert (row.waited, row.calls) == (4, 2)


def test_a_number_of_another_hall_opens_no_case(session):
    place, other = hall(session), hall(session)
    row = queue.take_ticket(session, hall_id=place.id, item_class="startup", at=at())
    queue.call_next(session, window(session, place), at=at(minute=4))
    with pytest.raises(RuleError, match="another hall"):
        cases.create_case(session, hall_id=other.id, item_id=item(session, ()).id, applicant="甲", ticket_id=row.id, at=at(minute=5))


def test_window_classes_are_chosen_and_shown_in_words(session):
    from types import SimpleNamespace

    from modules.services.models.hall import HallWindow
    from modules.services.views.hall_setup import classes_in_words

    place = hall(session)
    some, every = window(session, place, classes=["startup", "tax"]), window(session, place, code="W2")
    words = dict(session.execute(select(HallWindow.id, classes_in_words(HallWindow, SimpleNamespace())).select_from(HallWindow)).all())
    assert words == {some.id: "Starting a business、Taxes", every.id: "every class"}
    with pytest.raises(RuleError, match="no item class spaceflight"):
        halls.change_window(session, some, classes=["spaceflight"])
