"""Financing, policy money, mediation, machines, trainings, projects: the rules as tables, in the scopes of real roles. Rules SV-110 to SV-147."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from core_help import incubatee
from hall_help import english  # noqa: F401
from loan_help import firm_case
from sqlalchemy import Select, select
from wallet_help import DAY, in_park, item

from modules.services.models.policy import PolicyApplication, PolicyItem, PolicyPush
from modules.services.services import agreements, desks, financing, machines, policy_money, policy_push, projects, trainings
from modules.services.states_policy import APPLICATION, FINANCE_REQUEST
from modules.tenants.services import portal_accounts
from parkops import clock
from parkops.errors import NotAllowed, RuleError
from parkops.i18n import force_locale
from parkops.todos import Notice

HAND = {"fact": "judged", "op": "manual"}


def product(s, code="P1"):
    return financing.create_product(s, code=code, bank="济宁银行", name="科技贷", kind="credit", amount_from=D(0), amount_to=D(5_000_000), term_from=1,
                                    term_to=36, valid_from=date(2025, 1, 1))


def asked(s, firm, **values):
    given = {"amount": D(1_000_000), "term_months": 12, "purpose": "流动资金", "asked_on": DAY}
    return financing.create_request(s, firm_id=firm.id, **{**given, **values})


def introduced(s, firm, code="P1"):
    row = asked(s, firm)
    return row, financing.introduce(s, row, product_id=product(s, code).id, on=DAY)


def button(s, row, code):
    return next(b for b in FINANCE_REQUEST.buttons(s, row) if b.step.code == code)


def test_only_a_banks_grant_settles_a_request(session):
    row, offer = introduced(session, incubatee(session))
    assert not button(session, row, "grant").enabled
    with pytest.raises(RuleError):
        FINANCE_REQUEST.move(session, row, "grant")
    with pytest.raises(RuleError) as refused:
        financing.by_introduction_only(session, row)
    assert refused.value.codes == ["services.SV-134"]
    financing.grant(session, offer, amount=D(500_000), on=DAY)
    assert (row.state, row.granted, row.ended_on) == ("granted", D(500_000), DAY)


@pytest.mark.parametrize("end", ["fail_request", "withdraw_request"])
def test_an_ended_request_is_not_granted(session, end):
    row, offer = introduced(session, incubatee(session))
    getattr(financing, end)(session, row, reason="不再需要", on=DAY)
    with pytest.raises(RuleError) as refused:
        financing.grant(session, offer, amount=D(1), on=DAY)
    assert refused.value.codes == ["services.SV-134"]
    assert (offer.state, row.granted) == ("open", None)


@pytest.mark.parametrize(("values", "field"), [({"amount": D(0)}, "amount"), ({"term_months": 0}, "term_months"), ({"needed_on": DAY - timedelta(days=1)}, "needed_on")])
def test_requests_refused(session, values, field):
    firm = incubatee(session)
    with pytest.raises(RuleError) as refused:
        asked(session, firm, **values)
    assert [p.field for p in refused.value.problems] == [field]


def test_a_clerk_brings_a_request_to_its_grant(session, as_role):
    firm = incubatee(session)
    session.commit()
    with as_role("operations_clerk") as s:
        row, offer = introduced(s, firm)
        financing.grant(s, offer, amount=D(800_000), on=DAY)
        assert (row.state, offer.state) == ("granted", "granted")
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        asked(s, firm)


def test_a_loan_case_of_another_firm_is_not_linked(session):
    mine, other = firm_case(session), firm_case(session)
    _row, offer = introduced(session, mine.firm)
    with pytest.raises(RuleError) as refused:
        financing.grant(session, offer, amount=D(1), on=DAY, loan_case=other.number)
    assert [p.field for p in refused.value.problems] == ["loan_case"]
    financing.grant(session, offer, amount=D(1), on=DAY, loan_case=mine.number)
    assert (offer.resource, offer.record_id) == (financing.LOAN_CASE, mine.id)


def approved(s, firm, amount=D(100), **values):
    row = policy_money.create_application(s, item_id=item(s, HAND, **values).id, firm_id=firm.id, asked=amount)
    policy_money.hand_in(s, row, on=DAY)
    policy_money.note_accepted(s, row, on=DAY)
    policy_money.note_approved(s, row, amount=amount, on=DAY)
    return row


def paid(s, row, amount, reference="K1", on=DAY):
    return policy_money.record_payment(s, application_id=row.id, paid_on=on, amount=amount, payer="财政局", reference=reference)


def test_finance_records_the_payment_that_closes_an_application(session, as_role):
    number = approved(session, incubatee(session)).id
    session.commit()
    with as_role("finance") as s:
        row = s.get(PolicyApplication, number)
        paid(s, row, D(40))
        assert row.state == "approved"
        with pytest.raises(RuleError):
            APPLICATION.move(s, row, "settle")
        with pytest.raises(RuleError):
            policy_money.by_payment_only(s, row)
        with pytest.raises(NotAllowed):
            policy_money.note_paid(s, row, on=DAY)
        paid(s, row, D(60), "K2")
        assert (row.state, row.paid) == ("paid", D(100))


@pytest.mark.parametrize(("amount", "day"), [(D(0), DAY), (D(101), DAY), (D(50), DAY - timedelta(days=1))])
def test_payments_refused(session, amount, day):
    row = approved(session, incubatee(session))
    with pytest.raises(RuleError):
        paid(session, row, amount, on=day)


def test_help_that_is_no_money_closes_without_a_payment(session):
    firm = incubatee(session)
    row = approved(session, firm, None, benefit="space")
    assert (row.state, row.approved) == ("approved", None)
    with pytest.raises(RuleError):
        paid(session, row, D(1))
    policy_money.note_provided(session, row, on=DAY)
    assert row.state == "provided"
    with pytest.raises(RuleError) as refused:
        approved(session, firm, None)
    assert refused.value.codes == ["services.SV-127"]
    money = approved(session, firm, D(5))
    with pytest.raises(RuleError):
        policy_money.note_provided(session, money, on=DAY)


def _pay_twice(park_id, number):
    start, out = threading.Barrier(2), []

    def one(k):
        with in_park(park_id) as s, force_locale("en"):
            row = s.get(PolicyApplication, number)
            start.wait(20)
            try:
                paid(s, row, D(60), f"K{k}")
                out.append("paid")
            except Exception as e:
                s.rollback()
                out.append(type(e).__name__)

    threads = [threading.Thread(target=one, args=(k,)) for k in range(2)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    return sorted(out)


def _ready(park_id):
    with in_park(park_id) as s:
        return approved(s, incubatee(s)).id


def test_race_two_payments_never_pass_the_approved_amount(fresh_db, park):
    number = _ready(park.id)
    assert _pay_twice(park.id, number) == ["RuleError", "paid"]
    with in_park(park.id) as s:
        assert s.get(PolicyApplication, number).paid == D(60)


def test_control_without_the_lock_the_second_gets_past_the_rule(fresh_db, park, monkeypatch):
    """Control: with the lock away both pass the rule; only the row's version stops the second, as an error that names no amount."""
    number, passed, both = _ready(park.id), [], threading.Barrier(2)
    real = policy_money.records.create

    def counted(session, model, values, check=None):
        row = real(session, model, values, check)
        passed.append(1)
        both.wait(20)
        return row

    monkeypatch.setattr(Select, "with_for_update", lambda self, **_values: self)
    monkeypatch.setattr(policy_money.records, "create", counted)
    found = _pay_twice(park.id, number)
    assert len(passed) == 2 and "RuleError" not in found


def test_firms_that_qualify_are_told_once(session):
    told, quiet = incubatee(session), incubatee(session)
    _row, token = portal_accounts.invite_person(session, told, name="马经理", email="told@firm.example", role="owner")
    user = portal_accounts.accept_invitation(session, token, password="Harbour-Lantern-4471", again="Harbour-Lantern-4471", locale="zh",
                                             at=clock.now()).user_id
    row = item(session, HAND)
    assert policy_push.push(session, row, on=DAY)["told"] >= 2 and policy_push.push(session, row, on=DAY)["told"] == 0
    found = list(session.scalars(select(Notice).where(Notice.resource == "services.policy_push")))
    assert [(n.user_id, n.values["item"]) for n in found] == [(user, row.name)] and quiet.id


def dispute(s, firm, **values):
    return desks.create_mediation(s, firm_id=firm.id, kind="wages", party="张三", claim="拖欠工资", received_on=DAY, **values)


def test_nobody_is_agreed_without_a_meeting_of_both(session, as_role):
    firm = incubatee(session)
    session.commit()
    with as_role("operations_clerk") as s:
        row = dispute(s, firm)
        with pytest.raises(RuleError) as refused:
            desks.begin_mediation(s, row, on=DAY)
        assert refused.value.codes == ["services.SV-141"]
        row.mediator = "李调解"
        with pytest.raises(RuleError):  # no meeting before it runs
            desks.create_session(s, mediation_id=row.id, held_on=DAY)
        with pytest.raises(RuleError):
            desks.begin_mediation(s, row, on=DAY - timedelta(days=1))
        desks.begin_mediation(s, row, on=DAY)
        for came in (False, True):
            with pytest.raises(RuleError):
                desks.agree_mediation(s, row, agreement="分期支付", perform_by=DAY, on=DAY)
            desks.create_session(s, mediation_id=row.id, held_on=DAY, firm_came=True, party_came=came)
        with pytest.raises(RuleError):
            desks.agree_mediation(s, row, agreement="分期支付", perform_by=DAY - timedelta(days=1), on=DAY)
        desks.agree_mediation(s, row, agreement="分期支付", perform_by=DAY + timedelta(days=30), on=DAY)
        assert row.state == "agreed"


def test_a_machine_serves_one_at_a_time(session):
    machine = machines.create_machine(session, code="M1", name="自助登记机", kind="registration", installed_on=DAY)
    first = machines.start_session(session, machine_id=machine.id, item="营业执照打印")
    with pytest.raises(RuleError) as refused:
        machines.start_session(session, machine_id=machine.id, item="完税证明")
    assert refused.value.codes == ["services.SV-144"]
    machines.finish_session(session, first, receipt="R1")
    second = machines.start_session(session, machine_id=machine.id, item="完税证明")
    machines.fail_session(session, second, reason="缺纸")
    assert [(x.number, x.state) for x in (first, second)] == [(1, "done"), (2, "failed")]
    machine.removed_on = DAY
    with pytest.raises(RuleError):
        machines.start_session(session, machine_id=machine.id, item="完税证明")


def test_trainings_keep_their_places_and_certify_who_came(session):
    for hours in (D(0), D(201)):
        with pytest.raises(RuleError):
            trainings.create_training(session, title="培训", kind="finance", trainer="王", held_on=DAY, hours=hours)
    row = trainings.create_training(session, title="培训", kind="finance", trainer="王", held_on=DAY, hours=D(6), places=2)
    here, away = (trainings.add_attendee(session, training_id=row.id, name=n) for n in ("甲", "乙"))
    with pytest.raises(RuleError) as refused:
        trainings.add_attendee(session, training_id=row.id, name="丙")
    assert refused.value.codes == ["services.SV-146"]
    trainings.note_attended(session, here)
    with pytest.raises(RuleError):
        trainings.issue_certificates(session, row)
    trainings.hold_training(session, row)
    assert (trainings.issue_certificates(session, row)[:1], trainings.issue_certificates(session, row)[:1]) == ("1", "0")
    assert here.certificate_no and away.certificate_no is None
    with pytest.raises(RuleError):
        trainings.remove_attendee(session, here)


def project(s, unit="working"):
    from parkops.security.models import UserProfile

    agent = s.scalars(select(UserProfile.id).order_by(UserProfile.id).limit(1)).one()
    row = projects.create_project(s, firm_id=incubatee(s).id, name="新材料项目", kind="new", on=DAY, agent_id=agent)
    step = projects.create_milestone(s, project_id=row.id, position=1, name="施工许可", authority="住建局", promised_days=3, day_unit=unit)
    return row, step


@pytest.mark.parametrize(("unit", "due", "days"), [("working", DAY + timedelta(days=3), 5), ("calendar", DAY + timedelta(days=3), 7)])
def test_permits_of_a_project_by_its_kind_of_days(session, unit, due, days):
    row, step = project(session, unit)
    with pytest.raises(RuleError):  # the agent has not begun
        projects.submit_milestone(session, step, on=DAY)
    projects.start_project(session, row, on=DAY)
    projects.submit_milestone(session, step, on=DAY)
    with pytest.raises(RuleError):
        projects.change_milestone(session, step, promised_days=9)
    with pytest.raises(RuleError):
        projects.finish_project(session, row, on=DAY)
    with pytest.raises(RuleError):
        projects.obtain_milestone(session, step, on=DAY - timedelta(days=1))
    projects.obtain_milestone(session, step, on=DAY + timedelta(days=7))
    assert (step.due_on, step.days, projects.compare(session, row)[0]["late"]) == (due, days, True)
    projects.finish_project(session, row, on=DAY + timedelta(days=7))
    assert row.state == "done"


def test_an_agreement_binds_both_sides(session):
    row, _step = project(session)
    paper = agreements.create_agreement(session, project_id=row.id)
    with pytest.raises(RuleError):  # one at a time
        agreements.create_agreement(session, project_id=row.id)
    pledges = []
    for party in ("park", "firm"):
        with pytest.raises(RuleError):
            agreements.sign_agreement(session, paper, firm_signer="马经理", on=DAY)
        pledges.append(agreements.create_pledge(session, agreement_id=paper.id, party=party, text="承诺", due_on=DAY + timedelta(days=9), otherwise="督办"))
    with pytest.raises(RuleError):  # nothing is tolerated yet
        agreements.sign_agreement(session, paper, firm_signer="马经理", on=DAY)
    late = agreements.create_material(session, agreement_id=paper.id, tolerance="material", name="用地证", due_on=DAY + timedelta(days=9))
    with pytest.raises(RuleError):  # a commitment would be due before
        agreements.sign_agreement(session, paper, firm_signer="马经理", on=DAY + timedelta(days=10))
    agreements.sign_agreement(session, paper, firm_signer="马经理", on=DAY)
    with pytest.raises(RuleError):
        agreements.change_pledge(session, pledges[0], text="别的")
    with pytest.raises(RuleError):  # its day is not over
        agreements.break_pledge(session, pledges[0], consequence="督办", on=DAY + timedelta(days=9))
    for pledge in pledges:
        agreements.keep_pledge(session, pledge, proof="已核发", on=DAY)
    with pytest.raises(RuleError):
        agreements.fulfil_agreement(session, paper, on=DAY)
    agreements.supply_material(session, late, on=DAY)
    agreements.fulfil_agreement(session, paper, on=DAY)
    assert paper.state == "fulfilled"


def test_a_clerk_tells_a_firm_and_opens_its_application(session, as_role):
    firm, number = incubatee(session), item(session, HAND).id
    session.commit()
    with as_role("operations_clerk") as s:
        assert policy_push.push(s, s.get(PolicyItem, number), on=DAY)["told"] >= 1
        row = s.scalars(select(PolicyPush).where(PolicyPush.firm_id == firm.id)).one()
        made = policy_push.apply_from_push(s, row, on=DAY)
        assert (row.state, made.state, made.firm_id) == ("applied", "preparing", firm.id)
        for step in (policy_money.hand_in, policy_money.note_accepted):
            made.asked = D(10)
            step(s, made, on=DAY)
        policy_money.note_approved(s, made, amount=D(10), on=DAY)
        paid(s, made, D(10))
        assert made.state == "paid"
