"""Domain.md 14: limits on the working-day calendar, checklist, one-time notice, supplement, tolerance, deemed acceptance, result."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hall_help import MON, at, case, done, english, hall, have, item  # noqa: F401

from modules.services import calc_days
from modules.services.services import calendar, cases, closing, hands, tolerance
from parkops import approval, clock
from parkops.errors import NotAllowed, RuleError

DAY = timedelta(days=1)
PLAIN = calc_days.Calendar()


@pytest.mark.parametrize(
    ("start", "days", "own", "due"),
    [
        (MON, 3, {MON + 2 * DAY: False}, MON + 4 * DAY),  # Monday 09:00, three days, holiday on Wednesday: Friday
        (MON, 3, {}, MON + 3 * DAY),
        (MON, 0, {}, MON),
        (MON + 4 * DAY, 1, {}, MON + 7 * DAY),  # Friday: the weekend does not count
        (MON + 4 * DAY, 1, {MON + 5 * DAY: True}, MON + 5 * DAY),  # make-up Saturday
        (date(2022, 9, 30), 1, {}, date(2022, 10, 8)),  # public calendar: 1 to 7 October off, Saturday the 8th worked
        (date(2022, 9, 30), 1, {date(2022, 10, 8): False}, date(2022, 10, 9)),  # the park's own entry decides
        (date(2035, 1, 5), 1, {}, date(2035, 1, 8)),  # not announced yet: by the week
    ],
)
def test_due_days(start, days, own, due):
    assert calc_days.Calendar(own).due(start, days) == due


def test_days_between_and_minutes():
    assert PLAIN.between(MON, MON) == 0 and PLAIN.between(MON, MON + 7 * DAY) == 5
    assert [calc_days.minutes(x) for x in (0, 1, 60, 61, -5)] == [0, 1, 1, 2, 0]
    with pytest.raises(ValueError, match="2000"):
        PLAIN.due(MON, 2001)


def test_received_monday_holiday_wednesday_due_friday(session):
    calendar.create_day(session, day=MON + 2 * DAY, kind="holiday", name="闭馆")
    row = case(session)
    assert (row.received_on.weekday(), row.promised_due, row.promised_due.weekday()) == (0, MON + 4 * DAY, 4)
    assert row.statutory_due == calc_days.Calendar({MON + 2 * DAY: False}).due(MON, 20)


def test_calendar_of_a_year_is_loaded_once_and_hand_made_days_stay(session):
    calendar.create_day(session, day=date(2022, 10, 8), kind="holiday", name="本园放假")
    assert calendar.load_year(session, year=2022) > 20
    assert calendar.load_year(session, year=2022) == 0
    assert not calendar.calendar_of(session, session.info["scope"].park_id).works(date(2022, 10, 8))
    with pytest.raises(RuleError, match="2099"):
        calendar.load_year(session, year=2099)


def test_fatal_missing_gives_one_notice_and_supplement_restarts_the_clock(session):
    row = case(session)
    have(session, row, "住所证明")
    with pytest.raises(RuleError) as refused:
        cases.accept_case(session, row, on=MON)
    assert refused.value.codes == ["services.SV-25"]
    notice = cases.give_notice(session, row, on=MON)
    assert (notice.fatal, row.state, row.promised_due) == (["申请书"], "supplement", MON + 3 * DAY)
    later = MON + 8 * DAY  # Tuesday of the week after
    with pytest.raises(RuleError, match="申请书"):
        cases.supplement_case(session, row, on=later)
    have(session, row, "申请书", "住所证明", on=later)
    cases.supplement_case(session, row, on=later)
    assert (row.state, row.clock_from, row.restarts, row.promised_due) == ("received", later, 1, later + 3 * DAY)
    have(session, row, "住所证明", on=later)
    with pytest.raises(RuleError, match="second"):
        cases.give_notice(session, row, on=later)


def test_notice_within_five_working_days_else_deemed_accepted(session, park):
    on_time, late = case(session), case(session)
    last = cases.latest_notice(session, on_time)
    assert last == MON + 7 * DAY
    cases.give_notice(session, on_time, on=last)
    with pytest.raises(RuleError) as refused:
        cases.give_notice(session, late, on=last + DAY)
    assert refused.value.codes == ["services.SV-26"]
    assert cases.deem_accepted(session, on=last, park_id=park.id) == {"accepted": 0}
    assert cases.deem_accepted(session, on=last + DAY, park_id=park.id) == {"accepted": 1}
    assert (late.state, late.deemed, late.accepted_on, on_time.state) == ("accepted", True, MON, "supplement")


def test_tolerance_needs_its_commitment_and_ends_not_approved(session, park):
    row = case(session)
    have(session, row, "申请书")
    with pytest.raises(RuleError, match="住所证明"):
        cases.accept_case(session, row, on=MON)
    tolerance.sign_commitment(session, row, signed_by="张三", on=MON)
    promise = tolerance.of_case(session, row)
    assert (promise.due_on, promise.materials) == (MON + 2 * DAY, ["住所证明"])
    cases.accept_case(session, row, on=MON)
    assert cases.notice_of(session, row).later == ["住所证明"]
    with pytest.raises(RuleError) as refused:
        closing.complete_case(session, row, result="approved", delivery="pickup", on=MON + DAY)
    assert refused.value.codes == ["workflow.not_now"]
    assert tolerance.lapse_overdue(session, on=promise.due_on, park_id=park.id) == {"overdue": 0}
    assert tolerance.lapse_overdue(session, on=promise.due_on + DAY, park_id=park.id) == {"overdue": 1}
    assert (row.state, row.result, promise.state) == ("completed", "not_approved", "overdue")


def test_commitment_kept_in_time(session):
    row = case(session)
    have(session, row, "申请书")
    tolerance.sign_commitment(session, row, signed_by="张三", on=MON)
    cases.accept_case(session, row, on=MON)
    promise = tolerance.of_case(session, row)
    with pytest.raises(RuleError, match="not approved"):
        tolerance.keep_commitment(session, promise, on=promise.due_on + DAY)
    tolerance.keep_commitment(session, promise, on=promise.due_on)
    closing.complete_case(session, row, result="approved", delivery="pickup", on=promise.due_on)
    assert [m.state for m in cases.checklist(session, row)] == ["have", "have"] and row.in_time and not row.spot


def test_no_tolerance_for_fatal_papers_or_items_without(session):
    row = case(session)
    with pytest.raises(RuleError, match="minor"):
        tolerance.sign_commitment(session, row, signed_by="张三", on=MON)
    strict = case(session, item(session, (("申请书", False),), tolerance=False))
    with pytest.raises(RuleError, match="allows no tolerance"):
        tolerance.sign_commitment(session, strict, signed_by="张三", on=MON)


def test_result_counts_spot_and_in_time(session):
    spot, late = done(session), case(session, item(session, ()))
    assert (spot.spot, spot.in_time) == (True, True)
    cases.accept_case(session, late, on=MON)
    closing.complete_case(session, late, result="approved", delivery="pickup", on=late.promised_due + DAY)
    assert (late.spot, late.in_time) == (False, False)


def test_post_needs_address_and_tracking(session):
    row = case(session, item(session, ()))
    cases.accept_case(session, row, on=MON)
    with pytest.raises(RuleError, match="postal address"):
        closing.complete_case(session, row, result="approved", delivery="post", on=MON)
    row.post_address = "济宁市高新区 1 号"
    closing.complete_case(session, row, result="approved", delivery="post", on=MON)
    with pytest.raises(RuleError, match="tracking"):
        closing.deliver_case(session, row, on=MON)
    closing.deliver_case(session, row, on=MON, carrier="EMS", tracking_no="EA123456789CN")
    assert (row.state, row.tracking_no) == ("delivered", "EA123456789CN")


def test_deferral_by_another_person_once(as_role, session, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: MON)
    with as_role("operations_manager") as s:
        row = case(s, item(s, ()))
        cases.accept_case(s, row, on=MON)
        closing.ask_deferral(s, row, days=10, reason="需现场核查")
        request = next(iter(approval.of(s, row)))
        with pytest.raises((NotAllowed, RuleError)):
            approval.vote(s, request, True, None)
        s.info["scope"] = session.info["scope"]  # another person: the system user of the test
        closing.defer(s, request, row)
        assert row.promised_due == PLAIN.due(MON, 13) and row.statutory_due == PLAIN.due(MON, 30)
        with pytest.raises(RuleError, match="once"):
            closing.ask_deferral(s, row, days=1, reason="再延")
        with pytest.raises(RuleError):
            closing.ask_deferral(s, row, days=11, reason="x")


def test_transfer_register_keeps_who_was_asked_first(as_role):
    with as_role("operations_clerk") as s:
        place = None
        with pytest.raises(NotAllowed):
            hall(s)
    with as_role("operations_manager") as s:
        place = hall(s)
        row = case(s, item(s, ()), where=place)
        first = row.officer_id
        assert first == row.first_officer_id and first is not None
        from sqlalchemy import select

        from parkops.security.models import UserProfile

        other = s.scalars(select(UserProfile.id).where(UserProfile.id != first)).first()
        hands.transfer_case(s, row, to_id=other, reason="属于税务窗口", on=MON)
        assert (row.officer_id, row.first_officer_id) == (other, first)
        with pytest.raises(RuleError):
            hands.transfer_case(s, row, to_id=other, reason="x", on=MON)
        hands.transfer_case(s, row, to_text="区市场监管局", reason="需会签", on=MON)
        from modules.services.models.case import CaseTransfer

        assert len(s.scalars(select(CaseTransfer).where(CaseTransfer.case_id == row.id)).all()) == 2


def test_reminder_once_a_day_and_due(session, park, as_role):
    with as_role("operations_manager") as s:
        row = case(s, item(s, ()))
        assert closing.remind_due(s, on=MON, park_id=park.id) == {"reminded": 0}
        assert closing.remind_due(s, on=row.promised_due, park_id=park.id) == {"reminded": 1}
        assert closing.remind_due(s, on=row.promised_due, park_id=park.id) == {"reminded": 0}


def test_statutory_limits_bind_the_authority_only(session):
    with pytest.raises(RuleError) as refused:
        item(session, label="assist", promised_days=400)
    assert refused.value.codes == ["services.SV-05", "services.SV-06"]


def test_channel_and_applicant_are_asked_for(session):
    what = item(session, (), online=False, shared=False)
    place = hall(session)
    for channel in ("online", "cross"):
        with pytest.raises(RuleError, match="item"):
            cases.create_case(session, hall_id=place.id, item_id=what.id, channel=channel, applicant="甲", at=at())
    with pytest.raises(RuleError, match="applicant"):
        cases.create_case(session, hall_id=place.id, item_id=what.id, at=at())
