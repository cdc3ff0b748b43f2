"""Rules of housing: eligibility, published order, allotment, deposit, rent by days, settlement (Y-04 to Y-19)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from amenities_help import MARCH, D, agree, applicant, beds, english, incubatee, person, place, queued  # noqa: F401
from core_help import entry
from sqlalchemy import select

from modules.amenities import calc_housing as calc
from modules.amenities.models.housing import HousingContract
from modules.amenities.services import housing_contracts as contracts
from modules.amenities.services import housing_queue as queue
from modules.amenities.services import housing_settle as settle
from modules.billing.models.charge import Charge
from modules.billing.models.deposit import Deposit
from modules.billing.services import deposits, runs
from parkops.errors import NotAllowed, RuleError


@pytest.mark.parametrize(("first", "last", "amount"), [
    (date(2026, 3, 1), date(2026, 3, 31), "620.00"), (date(2026, 3, 16), date(2026, 3, 31), "320.00"),
    (date(2026, 2, 1), date(2026, 2, 14), "310.00"), (date(2026, 4, 1), date(2026, 4, 1), "20.67")])
def test_rent_of_part_months(first, last, amount):
    assert calc.month_rent(D("620"), first, last) == D(amount)


def test_months_of_a_stay_sum_to_whole_months_and_parts():
    found = calc.months(D("620"), date(2026, 1, 16), date(2026, 3, 10))
    assert [(m.first.day, m.last.day, m.amount) for m in found] == [(16, 31, D("320.00")), (1, 28, D("620.00")), (1, 10, D("200.00"))]


def test_y08_only_who_meets_every_condition_is_queued(session):
    where = place(session)
    row = applicant(session, where, level="none", owns_home=None)
    text = queue.queue_application(session, row, on=MARCH)
    assert row.state == "draft" and row.verdict == "fail" and "Talent of class F" in text
    queue.change_application(session, row, talent_level="D")
    assert "Proof of no home" in queue.queue_application(session, row, on=MARCH) and row.verdict == "unknown"
    queue.change_application(session, row, owns_home=False)
    assert queue.queue_application(session, row, on=MARCH) == "Place 1 in the queue."
    with pytest.raises(RuleError, match="in the queue already"):
        queue.change_application(session, row, months=6)


def test_y08_youth_apartments_ask_for_age_and_an_employer_in_the_park(session):
    where = place(session, "youth_housing")
    old = applicant(session, where, person_id=person(session, born_on=date(1980, 1, 1)).id)
    outside = applicant(session, where, firm=entry(session))
    assert "40 years" in queue.queue_application(session, old, on=MARCH)
    assert "firm of the park" in queue.queue_application(session, outside, on=MARCH)


def test_y07_one_open_application_a_person(session):
    where = place(session)
    row = applicant(session, where)
    with pytest.raises(RuleError, match=row.number):
        applicant(session, where, person_id=row.person_id)


def test_y09_published_order_by_rank_then_time_and_passing_over_needs_a_reason(session):
    where = place(session)
    late, top = queued(session, where, level="F"), queued(session, where, level="B")
    assert (queue.place_in_queue(session, top), queue.place_in_queue(session, late)) == (1, 2)
    bed = beds(session, where)[0]
    with pytest.raises(RuleError, match=top.number):
        queue.allot_application(session, late, bed_id=bed.id, starts_on=MARCH, on=MARCH)
    made = queue.allot_application(session, late, bed_id=bed.id, starts_on=MARCH, on=MARCH, reason="The first is abroad")
    assert (made.rent, made.ends_on, late.state) == (D("620.00"), date(2027, 2, 28), "allotted")
    assert calc.in_order([(1, 5, 1), (6, 9, 2), (1, 4, 3)]) == [2, 3, 1]


def test_y10_a_bed_is_never_let_twice_in_its_days(session):
    where = place(session)
    bed = beds(session, where)[0]
    first = queue.allot_application(session, queued(session, where), bed_id=bed.id, starts_on=MARCH, on=MARCH)
    with pytest.raises(RuleError, match="taken in these days"):
        queue.allot_application(session, queued(session, where), bed_id=bed.id, starts_on=first.ends_on, on=MARCH, reason="x")
    nxt = queued(session, where, months=1)
    assert queue.allot_application(session, nxt, bed_id=bed.id, starts_on=first.ends_on + timedelta(days=1), on=MARCH, reason="x").id


def test_y11_unsigned_allotments_lapse_and_the_bed_is_free(session, park):
    where = place(session)
    bed, row = beds(session, where)[0], queued(session, where)
    made = queue.allot_application(session, row, bed_id=bed.id, starts_on=MARCH, on=MARCH)
    assert queue.lapse_unsigned(session, on=made.answer_by, park_id=park.id) == {"lapsed": 0}
    assert queue.lapse_unsigned(session, on=made.answer_by + timedelta(days=1), park_id=park.id) == {"lapsed": 1}
    assert (made.state, row.state) == ("lapsed", "queued")
    assert queue.allot_application(session, row, bed_id=bed.id, starts_on=MARCH, on=MARCH).id


def living(s, **more):
    where = place(s)
    bed = beds(s, where)[0]
    made = queue.allot_application(s, queued(s, where), bed_id=bed.id, starts_on=MARCH, on=MARCH)
    contracts.sign_contract(s, made, on=MARCH)
    return made


def test_y13_nobody_moves_in_before_the_deposit_is_paid(session):
    made = living(session)
    assert made.application.state == "housed"
    with pytest.raises(RuleError, match=r"lacks 600\.00"):
        contracts.move_in(session, made, on=MARCH, condition="new", keys=2)
    deposits.receive_deposit(session, session.get(Deposit, made.deposit_id), amount=D("600"), on=MARCH, kind="cash")
    assert contracts.move_in(session, made, on=MARCH, condition="new", keys=2).state == "living"
    agree(session)


def test_y16_the_run_charges_each_month_once_and_the_select_equals_the_calculation(session, park):
    made = living(session)
    runs.generate(session, month=date(2026, 4, 1), issued_on=date(2026, 4, 1), park_id=park.id)
    again = runs.generate(session, month=date(2026, 4, 1), issued_on=date(2026, 4, 1), park_id=park.id)
    rows = session.scalars(select(Charge).where(Charge.source == contracts.SOURCE).order_by(Charge.period_from)).all()
    assert [(c.period_from, c.period_to, c.gross) for c in rows] == [
        (m.first, m.last, m.amount) for m in calc.months(made.rent, made.starts_on, date(2026, 4, 30))]
    assert again.id and rows[0].firm_id == made.payer_id


def test_y18_y19_settlement_charges_damages_gives_back_days_and_sets_the_deposit_off(session, park, as_role):
    made = living(session)
    deposits.receive_deposit(session, session.get(Deposit, made.deposit_id), amount=D("600"), on=MARCH, kind="cash")
    contracts.move_in(session, made, on=MARCH, condition="new", keys=2)
    run = runs.generate(session, month=MARCH, issued_on=MARCH, park_id=park.id)
    runs.post_next(session, run)
    contracts.move_out(session, made, on=date(2026, 3, 16), condition="wall", keys_back=1)
    contracts.create_damage(session, contract_id=made.id, title="Wall", amount=D("120"))
    sheet = settle.sheet(session, made)
    # 16 of 31 days = 320; charged 620, back 300; lost key 50; wall 120; deposit 600 − 620 + 300 − 170 = 110
    assert (sheet["back"], sheet["result"]) == ({MARCH: D("-300.00")}, D("110.00"))
    assert "110.00" in settle.settle_contract(session, made, on=date(2026, 3, 17))
    found = session.get(Deposit, made.deposit_id)
    assert (made.state, found.held) == ("ended", D("110.00"))
    with pytest.raises(RuleError):
        settle.settle_contract(session, made, on=date(2026, 3, 17))


def test_y18_who_inspected_does_not_settle(session, park):
    made = living(session)
    made.deposit = Decimal(0)
    contracts.move_in(session, made, on=MARCH, condition="new")
    contracts.move_out(session, made, on=MARCH, condition="same", keys_back=1)
    from parkops.db.session import scope_of

    made.inspected_by_id = 7
    object.__setattr__(scope_of(session), "user_id", 7)
    try:
        with pytest.raises(RuleError, match="You inspected"):
            settle.settle_contract(session, made, on=MARCH)
    finally:
        object.__setattr__(scope_of(session), "user_id", None)


def test_rights_a_clerk_does_not_allot(session, as_role):
    where = place(session)
    row, bed = queued(session, where), beds(session, where)[0]
    session.commit()
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        queue.allot_application(s, s.get(type(row), row.id), bed_id=bed.id, starts_on=MARCH, on=MARCH)
    assert session.scalar(select(HousingContract.id).limit(1)) is None
