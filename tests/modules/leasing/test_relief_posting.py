"""Posting relief gross and taking it back, the database's refusals, deductions, refunds, pass-through, indicators. RR-30 to RR-36."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from relief_help import DAY, Upload, acting, cleared, posted, scheme, tenant
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.models.receipt import Allocation
from modules.billing.models.refund import Refund
from modules.billing.services import bills, charges, posting, receipts
from modules.leasing.kpis.relief import KPIS
from modules.leasing.models.lease import LeaseDue
from modules.leasing.models.relief_case import ReliefMonth
from modules.leasing.services import collecting
from modules.leasing.services import relief_cases as cases
from modules.leasing.services import relief_posting as relief
from parkops.clock import Period
from parkops.errors import NotAllowed, RuleError
from parkops.testing.kpi_checks import check_all

POST = DAY.replace(day=21)


def bill_months(s, lease, last: int, on: date | None = None):
    """Charge and post the rent of January to `last`, one bill a month."""
    made = []
    for due in s.scalars(select(LeaseDue).where(LeaseDue.lease_id == lease.id, LeaseDue.bill_month <= date(2022, last, 1)).order_by(LeaseDue.due_on)):
        charges.add_charges(s, lease.park_id, collecting.demand_rows(s, lease.park_id, [due.id]))
        line = s.scalars(select(Charge).where(Charge.source == "leasing.lease_due", Charge.source_id == due.id)).one()
        bill = bills.make_bill(s, firm_id=lease.firm_id, charge_ids=[line.id], issued_on=on or due.due_on, due_on=due.due_on)
        made.append(posting.post_bill(s, bill, on=on or due.due_on))
    return made


def relief_booked(s, park_id):
    """Debit minus credit on the relief accounts, in yuan."""
    rows = s.execute(select(LedgerLine.debit, LedgerLine.credit).join(Account, Account.id == LedgerLine.account_id)
                     .where(LedgerLine.park_id == park_id, Account.role.in_(("relief", "relief_exempt"))))
    return sum((d - c for d, c in rows), Decimal(0))


def test_exempted_rent_already_billed(session):
    """Bills stay as they were; a credit note carries the relief gross and settles the bills of its months."""
    lease = tenant(session)
    rents = bill_months(session, lease, 5)
    app = posted(session, scheme(session), lease)
    for bill in rents:
        session.refresh(bill)
    assert [(b.gross, b.settled) for b in rents] == [(Decimal(10000), Decimal(10000))] * 3 + [(Decimal(10000), 0)] * 2
    lines = relief.relief_lines(session, app)
    assert sorted((c.kind, c.gross, c.approval_id, c.period_from.month) for c in lines) == [
        ("relief", Decimal("-10000.00"), app.approval_id, n) for n in (1, 2, 3)]
    note = session.get(Bill, lines[0].bill_id)
    assert (note.kind, note.state, note.gross, note.settled) == ("credit", "posted", Decimal(-30000), Decimal(-30000))
    assert (app.state, app.posted_on) == ("posted", POST)
    vat = sum(-c.vat for c in lines)
    assert relief_booked(session, app.park_id) == Decimal(30000) - vat
    legs = session.execute(select(Account.role, LedgerLine.debit, LedgerLine.credit).join(Account, Account.id == LedgerLine.account_id)
                           .where(LedgerLine.entry_id == note.entry_id)).all()
    assert {(r, d, c) for r, d, c in legs if r in ("relief", "receivable")} == {
        ("relief", Decimal(30000) - vat, Decimal(0)), ("receivable", Decimal(0), Decimal(30000))}


def test_exempted_rent_not_billed_yet_is_a_line_on_the_coming_bill(session):
    lease = tenant(session)
    app = posted(session, scheme(session), lease)
    lines = relief.relief_lines(session, app)
    assert [(c.bill_id, c.gross) for c in lines] == [(None, Decimal(-10000))] * 3
    assert relief_booked(session, app.park_id) == 0
    charges.add_charges(session, lease.park_id, collecting.demand_rows(session, lease.park_id, list(session.scalars(
        select(LeaseDue.id).where(LeaseDue.lease_id == lease.id, LeaseDue.bill_month == date(2022, 1, 1))))))
    january = session.scalars(select(Charge.id).where(Charge.firm_id == lease.firm_id, Charge.period_from == date(2022, 1, 1)))
    bill = posting.post_bill(session, bills.make_bill(session, firm_id=lease.firm_id, charge_ids=list(january), issued_on=POST, due_on=POST), on=POST)
    assert bill.gross == 0
    assert sorted(c.gross for c in session.scalars(select(Charge).where(Charge.bill_id == bill.id))) == [Decimal(-10000), Decimal(10000)]
    assert relief_booked(session, app.park_id) > 0


def bill_june_and_july(session, lease):
    for month in (6, 7):
        due = session.scalars(select(LeaseDue).where(LeaseDue.lease_id == lease.id, LeaseDue.bill_month == date(2022, month, 1))).one()
        charges.add_charges(session, lease.park_id, collecting.demand_rows(session, lease.park_id, [due.id]))
        line = session.scalars(select(Charge).where(Charge.source == "leasing.lease_due", Charge.source_id == due.id)).one()
        made = bills.make_bill(session, firm_id=lease.firm_id, charge_ids=[line.id], issued_on=due.due_on, due_on=due.due_on)
        posting.post_bill(session, made, on=due.due_on)


def test_what_an_exemption_leaves_over_is_deducted(session):
    """RR-34: the rent of two relieved months was paid already; that part of the relief settles later rent."""
    lease = tenant(session)
    early = bill_months(session, lease, 3)
    receipts.receive(session, firm_id=lease.firm_id, kind="cash", amount=sum(b.gross for b in early[:2]), received_on=POST,
                     allocate=[(b.id, b.gross) for b in early[:2]])
    app = posted(session, scheme(session), lease)
    note = session.get(Bill, relief.relief_lines(session, app)[0].bill_id)
    assert (note.gross, note.settled) == (Decimal(-30000), Decimal(-10000)), "the third month's bill was open"
    bill_june_and_july(session, lease)
    assert relief.use_deductions(session, on=date(2022, 7, 2), park_id=app.park_id) == {"used": 1}
    session.refresh(note)
    assert note.settled == Decimal(-30000)


def test_deducted_from_later_rent(session):
    lease = tenant(session)
    bill_months(session, lease, 3)
    app = posted(session, scheme(session), lease, method="deduct")
    note = session.get(Bill, relief.relief_lines(session, app)[0].bill_id)
    assert (note.gross, note.settled) == (Decimal(-30000), 0)
    assert relief.use_deductions(session, on=POST, park_id=app.park_id) == {"used": 0}
    later = bill_months(session, tenant(session), 1, on=date(2022, 6, 1))  # another firm's bill is not touched
    bill_june_and_july(session, lease)
    assert relief.use_deductions(session, on=date(2022, 7, 2), park_id=app.park_id) == {"used": 1}
    session.refresh(note), session.refresh(later[0])
    assert (note.settled, later[0].settled) == (Decimal(-20000), 0)
    assert relief.use_deductions(session, on=date(2022, 7, 3), park_id=app.park_id) == {"used": 0}


def test_refunded(session):
    lease = tenant(session)
    bill_months(session, lease, 3)
    app = posted(session, scheme(session), lease, method="refund")
    refund = session.scalars(select(Refund).where(Refund.firm_id == lease.firm_id)).one()
    assert (refund.amount, refund.state, refund.credit_id) == (Decimal(30000), "requested", relief.relief_lines(session, app)[0].bill_id)


def test_the_database_refuses_a_relief_line_without_an_approval(session):
    lease = tenant(session)
    bill_months(session, lease, 1)
    line = session.scalars(select(Charge).where(Charge.firm_id == lease.firm_id)).one()
    app = cleared(session, scheme(session), lease)
    waiting = cases_request(session, lease)
    columns = ("park_id, key, firm_id, item_id, kind, source, source_id, period_from, period_to, due_on, treatment, vat_rate, net, vat, gross, "
               "approval_id")
    for approval_id in (None, waiting):
        with pytest.raises(DBAPIError) as e, session.begin_nested():
            session.execute(text(
                f"insert into billing_charge ({columns}) select park_id, 'x', firm_id, item_id, 'relief', source, source_id, period_from, period_to, "
                "due_on, treatment, vat_rate, -net, -vat, -gross, cast(:a as bigint) from billing_charge where id = :i"),
                {"a": approval_id, "i": line.id})
        assert e.value.orig.sqlstate in ("23514", "23001")
    assert app.state == "cleared"


def cases_request(s, lease):
    """An approval that nobody has given yet."""
    from relief_help import checked

    from modules.leasing.services import relief_decide as decide

    return decide.open_request(s, checked(s, scheme(s, rule_set="RELIEF-PARK"), tenant(s))).id


def test_sublet_premises_wait_for_the_proof(session):
    lease = tenant(session, sublet=True)
    of = scheme(session)
    app = cleared(session, of, lease)
    assert (app.verdict, app.sublet, app.state) == ("unknown", True, "cleared")
    assert "passed_on" in {p.kind.code for p in cases.papers(session, app)}
    with acting(session, "finance"):
        for step in ("none", "listed", "part"):
            if step == "listed":
                with acting(session, "operations_clerk"):
                    one = cases.add_subtenant(session, application_id=app.id, name="早点铺", amount=Decimal("12000.00"))
                    two = cases.add_subtenant(session, application_id=app.id, name="打印社", amount=Decimal("18000.00"))
            if step == "part":
                cases.prove_subtenant(session, one, on=POST, file=Upload("a.pdf", b"%PDF-1.4 a"))
            with pytest.raises(RuleError) as e:
                relief.post_application(session, app, on=POST)
            assert e.value.codes in (["leasing.RR-31"], ["workflow.not_now"])
        cases.prove_subtenant(session, two, on=POST, file=Upload("b.pdf", b"%PDF-1.4 b"))
        relief.post_application(session, app, on=POST)
    assert (app.state, app.verdict) == ("posted", "pass")


def test_a_sublet_proof_of_less_is_not_enough(session):
    app = cleared(session, scheme(session), tenant(session, sublet=True))
    with acting(session, "finance"):
        row = cases.add_subtenant
        with acting(session, "operations_clerk"):
            part = row(session, application_id=app.id, name="早点铺", amount=Decimal("29999.99"))
        cases.prove_subtenant(session, part, on=POST, file=Upload())
        assert "29999.99" in relief.why_not_post(session, app)


def test_posting_needs_agreement_and_another_person(session):
    app = cleared(session, scheme(session), tenant(session))
    app.agreement_no = None
    with acting(session, "finance"), pytest.raises(RuleError) as e:
        relief.post_application(session, app, on=POST)
    assert e.value.codes == ["workflow.not_now"]
    app.agreement_no = "补-1"
    with acting(session, "finance", user="operations_clerk"), pytest.raises(RuleError) as e:
        relief.post_application(session, app, on=POST)
    assert e.value.codes == ["leasing.RR-16"]
    with acting(session, "leadership"), pytest.raises(NotAllowed):
        relief.post_application(session, app, on=POST)


def test_claw_back_by_a_document_of_its_own(session):
    lease, of = tenant(session), scheme(session)
    bill_months(session, lease, 3)
    app = posted(session, of, lease)
    note_id = relief.relief_lines(session, app)[0].bill_id
    before = (session.get(Bill, note_id).number, session.get(Bill, note_id).gross)
    with acting(session, "finance"):
        relief.claw_back(session, app, on=date(2022, 8, 1), reason="the firm is not a micro firm")
    bill = session.scalars(select(Bill).where(Bill.firm_id == lease.firm_id, Bill.issued_on == date(2022, 8, 1))).one()
    assert (bill.kind, bill.state, bill.gross) == ("bill", "posted", Decimal(30000))
    session.refresh(of)
    assert (app.state, of.committed, relief_booked(session, app.park_id), relief.relief_lines(session, app)) == ("clawed_back", 0, 0, [])
    assert (session.get(Bill, note_id).number, session.get(Bill, note_id).gross) == before
    assert set(session.scalars(select(ReliefMonth.live).where(ReliefMonth.application_id == app.id))) == {False}
    again = posted(session, of, lease, on=date(2022, 9, 1))
    assert (again.amount, again.state) == (Decimal(30000), "posted")


def test_claw_back_of_what_waits_for_a_bill(session):
    app = posted(session, scheme(session), tenant(session))
    with acting(session, "finance"):
        relief.claw_back(session, app, on=date(2022, 8, 1), reason="x")
    assert (app.state, relief.relief_lines(session, app)) == ("clawed_back", [])
    assert session.scalars(select(Bill.id).where(Bill.firm_id == app.firm_id)).all() == []


def test_indicators_and_their_lists(session):
    one, two = tenant(session), tenant(session)
    of = scheme(session, budget=Decimal(200_000))
    for lease in (one, two):
        bill_months(session, lease, 3)
    apps = [posted(session, of, lease) for lease in (one, two)]
    with acting(session, "finance"):
        relief.claw_back(session, apps[1], on=date(2022, 6, 2), reason="x")
    for month in ("2022-05", "2022-06"):
        assert check_all(session, KPIS, Period.parse(month), today=date(2022, 7, 1)) == []
    from parkops.kpi import engine
    from parkops.kpi.registry import Window

    def value(code, month):
        kpi = next(k for k in KPIS if k.code == code)
        return engine.measured_now(session, kpi, Window(Period.parse(month), date(2022, 7, 1)), one.park_id)

    assert value("leasing.relief_granted", "2022-05").numerator == 6_000_000
    assert value("leasing.relief_cumulative", "2022-05").numerator == 6_000_000
    assert value("leasing.relief_cumulative", "2022-06").numerator == 3_000_000
    assert value("leasing.relief_firms", "2022-05").numerator == 2
    assert value("leasing.relief_months", "2022-05").numerator == 6
    used = value("leasing.relief_budget_used", "2022-05")
    assert (used.numerator, used.denominator) == (6_000_000, 20_000_000)
    assert session.scalars(select(Allocation.id).limit(1)).all()
    assert session.scalars(select(LedgerEntry.id).limit(1)).all()
