"""Payouts, repayments, extension, guarantee claim and recovery, the watch list; four eyes; what the database refuses by itself."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from loan_help import DAY, acting, firm_case, paid_out, refused, running, signed
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.loans.checks.loans import CHECKS
from modules.loans.models.money import GuaranteeClaim, LoanDue, LoanExtension, LoanTranche
from modules.loans.services import extensions, guarantee, reminders, repayments, servicing, tranches
from parkops.todos import Todo

JULY, D = date(2022, 7, 6), Decimal


def ties(session):
    assert [(c.code, c.run(session)) for c in CHECKS if c.run(session)] == []


def test_two_tranches(session):
    case = paid_out(session, signed(session, firm_case(session)), (DAY, 100_000), (JULY, 200_000))
    assert (case.state, case.disbursed, case.first_paid_on, case.matures_on) == ("running", D(300_000), DAY, date(2024, 6, 6))
    dues = servicing.live_dues(session, case)
    assert (dues[0].revision, dues[0].interest) == (2, D("2485.48"))  # (100,000 x 92 + 200,000 x 62 nights) x 4.2 % / 365
    ties(session)


def test_ln50_ln51_what_cannot_be_paid_out(session):
    case = firm_case(session)
    with refused("loans.LN-50"):
        tranches.record_tranche(session, case_id=case.id, amount=D(1), paid_on=DAY, reference="x")
    signed(session, case)
    with refused("loans.LN-51", "loans.LN-50"):
        tranches.record_tranche(session, case_id=case.id, amount=D(300_001), paid_on=date(2022, 6, 5), reference="x")
    tranches.record_tranche(session, case_id=case.id, amount=D(200_000), paid_on=DAY, reference="x")
    with refused("loans.LN-51"):
        tranches.record_tranche(session, case_id=case.id, amount=D(100_001), paid_on=DAY, reference="y")


@pytest.mark.parametrize("user", ["operations_manager", "system_administrator"])
def test_ln52_nobody_confirms_their_own_record(session, user):
    case = signed(session, firm_case(session))
    with acting(session, "operations_manager", user=user):
        row = tranches.record_tranche(session, case_id=case.id, amount=D(300_000), paid_on=DAY, reference="x")
        with refused("loans.LN-52"):
            tranches.confirm_tranche(session, row)
    with pytest.raises(DBAPIError, match="four_eyes"), session.begin_nested():
        session.execute(text("update loans_tranche set confirmed_by_id = recorded_by_id, state = 'confirmed' where id = :i"), {"i": row.id})
    with acting(session, "finance"):
        tranches.confirm_tranche(session, row)
    assert case.state == "running"


def test_confirmed_payouts_and_repayments_do_not_change(session):
    case = running(session)
    row = session.scalars(select(LoanTranche).where(LoanTranche.case_id == case.id)).one()
    paid = repayments.record_repayment(session, case_id=case.id, paid_on=JULY, principal=D(1000), reference="x")
    for sql in (f"update loans_tranche set amount = 1 where id = {row.id}", f"delete from loans_tranche where id = {row.id}",
                f"update loans_repayment set principal = 1 where id = {paid.id}", f"delete from loans_repayment where id = {paid.id}",
                f"update loans_case set amount_approved = 1 where id = {case.id}"):
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text(sql))


def test_ln53_paying_out_less_than_approved(session):
    case = signed(session, firm_case(session))
    paid_out(session, case, (DAY, 100_000))
    assert (case.state, case.exposure) == ("disbursing", D(300_000))
    with acting(session, "operations_manager"):
        servicing.complete_payout(session, case, on=JULY)
    assert (case.state, case.exposure) == ("running", D(100_000))
    session.refresh(case.fund)
    assert case.fund.committed == D(100_000)


def test_ln60_ln61_repayments(session):
    case = running(session)
    with refused("loans.LN-61"):
        repayments.record_repayment(session, case_id=case.id, paid_on=JULY, principal=D(300_001), reference="a")
    with refused("loans.LN-60"):
        repayments.record_repayment(session, case_id=case.id, paid_on=JULY, reference="a")
    before = servicing.live_dues(session, case)[0].revision
    repayments.record_repayment(session, case_id=case.id, paid_on=JULY, principal=D(100_000), reference="a")
    dues = servicing.live_dues(session, case)
    assert dues[0].revision == before + 1 and (dues[0].due_on, dues[0].principal, dues[0].interest) == (JULY, D(100_000), 0)
    assert (case.outstanding, case.exposure, case.days_overdue) == (D(200_000), D(200_000), 0)
    ties(session)


def test_ln62_taken_back_once(session):
    case = running(session)
    paid = repayments.record_repayment(session, case_id=case.id, paid_on=JULY, principal=D(100_000), interest=D(50), reference="a")
    plan = [(d.due_on, d.principal) for d in servicing.live_dues(session, case)]
    back = repayments.reverse_repayment(session, paid, on=JULY, note="录错")
    assert (back.principal, case.outstanding, case.interest_paid) == (D(-100_000), D(300_000), 0)
    assert [(d.due_on, d.principal) for d in servicing.live_dues(session, case)] != plan
    with refused("loans.LN-62"):
        repayments.reverse_repayment(session, paid, on=JULY, note="again")
    ties(session)


def test_the_watch_list_by_night(session, park):
    """The first instalment is missed: overdue the day after, special mention; paid: cured."""
    case = running(session)
    due = servicing.live_dues(session, case)[0]
    assert servicing.watch_all(session, on=due.due_on, park_id=park.id)["overdue"] == 0
    assert servicing.watch_all(session, on=date(2022, 9, 7), park_id=park.id)["overdue"] == 1
    assert (case.state, case.days_overdue, case.overdue_amount, case.risk) == ("overdue", 1, due.interest, "attention")
    servicing.watch_all(session, on=date(2023, 9, 10), park_id=park.id)
    assert (case.days_overdue, case.risk) == (369, "loss")
    repayments.record_repayment(session, case_id=case.id, paid_on=date(2023, 9, 10), reference="p",
                                interest=sum(d.interest for d in servicing.live_dues(session, case) if d.due_on <= date(2023, 9, 10)))
    assert servicing.watch_all(session, on=date(2023, 9, 11), park_id=park.id)["cured"] == 1
    assert (case.state, case.risk, case.next_due_on) == ("running", "normal", date(2023, 12, 6))


def test_falling_due_then_overdue(session, park):
    case = running(session)
    repayments.record_repayment(session, case_id=case.id, paid_on=date(2024, 3, 6), reference="p",
                                interest=sum(d.interest for d in servicing.live_dues(session, case)))
    assert servicing.watch_all(session, on=date(2024, 6, 6), park_id=park.id)["matured"] == 1
    assert servicing.watch_all(session, on=date(2024, 6, 7), park_id=park.id)["overdue"] == 1


def test_ln63_one_extension_by_two_people(session):
    case = running(session)
    with acting(session, "operations_manager"):
        with refused("loans.LN-63"):
            extensions.ask_extension(session, case, new_day=date(2025, 6, 7), reason="水灾", on=DAY)
        extensions.ask_extension(session, case, new_day=date(2025, 6, 6), reason="水灾", on=date(2024, 5, 6))
        row = session.scalars(select(LoanExtension).where(LoanExtension.case_id == case.id)).one()
        with refused("loans.LN-63"):
            extensions.grant_extension(session, row, on=date(2024, 5, 7))
    with acting(session, "leadership"):
        extensions.grant_extension(session, row, on=date(2024, 5, 7))
    assert (case.state, case.last_day, servicing.live_dues(session, case)[-1].due_on) == ("extended", date(2025, 6, 6), date(2025, 6, 6))
    assert extensions.why_not_ask(session, case) is not None
    ties(session)


def claimed(session, case, on):
    servicing.watch_all(session, on=on, park_id=case.park_id)
    with acting(session, "operations_clerk"):
        guarantee.prepare_claim(session, case, on=on, interest=D("3000.00"))
    return session.scalars(select(GuaranteeClaim).where(GuaranteeClaim.case_id == case.id)).one()


def test_ln64_to_ln67_the_guarantee_pays_and_recovers(session, park):
    case = running(session)
    servicing.watch_all(session, on=date(2022, 12, 5), park_id=park.id)
    assert case.days_overdue == 90
    with refused("loans.LN-64"):
        guarantee.prepare_claim(session, case, on=date(2022, 12, 5))
    claim = claimed(session, case, date(2022, 12, 6))
    assert (claim.principal, claim.fund_share, guarantee.parts(claim)) == (D(300_000), D("0.8"), (D(240_000), D(2400)))
    with acting(session, "operations_manager"):
        guarantee.file_claim(session, claim, on=date(2022, 12, 7))
    with acting(session, "operations_manager", user="operations_clerk"), refused("loans.LN-65"):
        guarantee.pay_claim(session, claim, on=date(2022, 12, 20))
    with acting(session, "finance"):
        guarantee.pay_claim(session, claim, on=date(2022, 12, 20))
    session.refresh(case.fund)
    assert (case.state, case.compensated, case.outstanding, case.exposure, case.fund.committed) == ("compensated", D(242_400), D(60_000), 0, 0)
    with refused("loans.LN-66"):
        guarantee.record_recovery(session, claim_id=claim.id, on_date=date(2023, 1, 5), amount=D(242_401), came_from="court", reference="1")
    guarantee.record_recovery(session, claim_id=claim.id, on_date=date(2023, 1, 5), amount=D(200_000), came_from="guarantor", reference="1")
    assert "42,400.00" in guarantee.why_not_close(session, claim)
    guarantee.record_recovery(session, claim_id=claim.id, on_date=date(2023, 2, 5), amount=D(42_400), came_from="borrower", reference="2")
    with acting(session, "operations_manager"):
        guarantee.close_claim(session, claim, on=date(2023, 2, 6))
    assert (claim.state, case.state) == ("closed", "settled")
    ties(session)


def test_ln80_reminders_are_made_once(session, park):
    case = running(session)
    assert reminders.remind_dues(session, on=date(2022, 8, 30), park_id=park.id) == {"made": 1, "closed": 0}
    assert reminders.remind_dues(session, on=date(2022, 8, 31), park_id=park.id) == {"made": 0, "closed": 0}
    todo = session.scalars(select(Todo).where(Todo.key == f"loans.due:{case.id}:2022-09-06")).one()
    assert todo.due_on == date(2022, 9, 6) and "3,175.89" in todo.title and not todo.is_done


@pytest.mark.parametrize(("part", "closed"), [(D(1), 1), (D("0.5"), 0)])
def test_ln80_an_instalment_that_was_paid_asks_nobody(session, park, part, closed):
    case = running(session)
    reminders.remind_dues(session, on=date(2022, 8, 30), park_id=park.id)
    due = session.scalars(select(LoanDue).where(LoanDue.case_id == case.id, LoanDue.live, LoanDue.due_on == date(2022, 9, 6))).one()
    repayments.record_repayment(session, case_id=case.id, paid_on=date(2022, 9, 5), reference="1", principal=due.principal,
                                interest=(due.interest * part).quantize(D("0.01")))
    assert reminders.remind_dues(session, on=date(2022, 9, 6), park_id=park.id)["closed"] == closed


def test_ln82_a_stage_beyond_its_promise(session, park):
    case = firm_case(session)
    assert reminders.remind_stages(session, on=date(2022, 6, 7), park_id=park.id) == {"made": 0}
    assert reminders.remind_stages(session, on=date(2022, 6, 9), park_id=park.id) == {"made": 1}
    assert session.scalars(select(Todo.title).where(Todo.key.like("loans.stage:%"))).one().startswith(case.number)
