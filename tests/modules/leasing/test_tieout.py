"""The tie-out: each rule finds its difference, makes one to-do for the right role, and closes by itself. Rules RR-50 to RR-59."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import space_help
from relief_help import acting, posted, scheme, tenant
from sqlalchemy import select, text, update
from test_relief_posting import bill_months

from modules.billing.models.charge import Charge
from modules.billing.services import deposits
from modules.leasing.checks import relief as relief_checks
from modules.leasing.checks import tieout as tie_checks
from modules.leasing.models.lease import Lease, LeaseDue, LeaseUnit
from modules.leasing.models.space import Unit
from modules.leasing.models.tieout import TieDifference, TieRun
from modules.leasing.services import tieout
from parkops.db.session import engine
from parkops.errors import NotAllowed
from parkops.todos import Todo

ON = date(2022, 4, 2)


def found(s, kind, on=ON):
    return [(f.resource, f.record_id, f.values) for f in tieout.find(s, on=on, kinds=(kind,))]


def test_everything_ties_at_first(session):
    lease = tenant(session)
    bill_months(session, lease, 4)
    posted(session, scheme(session), tenant(session))
    others = [f for f in tieout.find(session, on=ON) if f.kind != "unbilled"]
    assert others == []
    assert found(session, "unbilled", date(2022, 1, 31)) == []


def test_unbilled_months(session):
    lease = tenant(session)
    bill_months(session, lease, 1)
    assert found(session, "unbilled") == [("leasing.lease", lease.id, {"n": 2, "month": "2022-02"})]
    bill_months_again(session, lease)
    assert found(session, "unbilled") == []


def bill_months_again(s, lease):
    from modules.billing.services import charges
    from modules.leasing.services import collecting

    ids = list(s.scalars(select(LeaseDue.id).where(LeaseDue.lease_id == lease.id, LeaseDue.bill_month < ON.replace(day=1))))
    charges.add_charges(s, lease.park_id, collecting.demand_rows(s, lease.park_id, ids))




def test_charge_without_its_lease(session):
    lease = tenant(session)
    bill_months_again(session, lease)
    due = session.scalars(select(LeaseDue).where(LeaseDue.lease_id == lease.id).order_by(LeaseDue.period_from)).first()
    charge = session.scalars(select(Charge).where(Charge.source_id == due.id, Charge.source == "leasing.lease_due")).one()
    session.delete(due)
    session.flush()
    assert [(r, i) for r, i, _v in found(session, "no_lease")] == [("billing.charge", charge.id)]


def test_bill_that_is_not_its_lines(session):
    lease = tenant(session)
    from modules.billing.services import bills

    bill_months_again(session, lease)
    ids = list(session.scalars(select(Charge.id).where(Charge.firm_id == lease.firm_id)))
    bill = bills.make_bill(session, firm_id=lease.firm_id, charge_ids=ids[:1], issued_on=ON, due_on=ON)
    assert found(session, "bill_lines") == []
    session.execute(update(Charge).where(Charge.id == ids[1]).values(bill_id=bill.id))
    assert found(session, "bill_lines") == [("billing.bill", bill.id, {"bill": "10000.00", "lines": "20000.00"})]


def test_settled_without_allocations(session, fresh_db):
    """Nobody of ours can write it; the owner with the triggers off can."""
    lease = tenant(session)
    bill = bill_months(session, lease, 1)[0]
    assert found(session, "settled") == []
    session.commit()
    with engine(owner=True).begin() as c:
        c.execute(text("alter table billing_bill disable trigger user"))
        c.execute(text("update billing_bill set settled = 100 where id = :i"), {"i": bill.id})
    assert found(session, "settled") == [("billing.bill", bill.id, {"settled": "1.00", "allocated": "0.00"})]
    assert [(r, i) for r, i, _v in found(session, "receivable")] == [("tenants.firm", lease.firm_id)]


def test_rooms(session):
    lease = tenant(session)
    room = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    assert (found(session, "let_twice"), found(session, "unit_state"), found(session, "area")) == ([], [], [])
    session.execute(update(Unit).where(Unit.id == room.unit_id).values(lettable_area=Decimal("99.50")))
    assert found(session, "area") == [("leasing.lease", lease.id, {"lease": lease.number, "let": "100.00", "unit": "99.50"})]
    session.execute(update(Lease).where(Lease.id == lease.id).values(state="ended"))
    assert found(session, "unit_state") == [("leasing.unit", room.unit_id, {"lease": lease.number})]
    session.execute(update(Lease).where(Lease.id == lease.id).values(state="running"))
    other = tenant(session)
    session.execute(update(LeaseUnit).where(LeaseUnit.lease_id == other.id).values(unit_id=room.unit_id, during=None))
    assert [(r, i) for r, i, _v in found(session, "let_twice")] == [("leasing.unit", room.unit_id)]


def test_deposit_not_received(session):
    firm = space_help.entry(session)
    deposit = deposits.agree_deposit(session, firm_id=firm.id, kind="pledge", agreed=Decimal(5000), source="leasing.lease", source_id=1,
                                     due_on=date(2022, 3, 1))
    assert found(session, "deposit", date(2022, 3, 1)) == []
    assert found(session, "deposit") == [("billing.deposit", deposit.id, {"agreed": "5000.00", "held": "0.00", "day": "2022-03-01"})]


def test_relief_line_without_application(session):
    app = posted(session, scheme(session), tenant(session))
    assert found(session, "relief") == []
    line = session.scalars(select(Charge).where(Charge.kind == "relief", Charge.firm_id == app.firm_id)).first()
    session.execute(update(Charge).where(Charge.id == line.id).values(source="hand", source_id=1))
    assert [(r, i) for r, i, _v in found(session, "relief")] == [("billing.charge", line.id)]


def test_one_to_do_per_difference_closed_by_itself(session):
    lease = tenant(session)
    room = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    bill_months(session, lease, 3)
    session.execute(update(Unit).where(Unit.id == room.unit_id).values(lettable_area=Decimal("99.50")))
    assert tieout.run_tieout(session, on=ON, park_id=lease.park_id) == {"found": 1, "opened": 1, "closed": 0}
    assert tieout.run_tieout(session, on=ON, park_id=lease.park_id) == {"found": 1, "opened": 0, "closed": 0}
    todo = session.scalars(select(Todo).where(Todo.key.like("leasing.tie:%"))).one()
    assert (todo.assignee_name, todo.is_done, todo.resource) == ("operations_manager", False, "leasing.lease")
    session.execute(update(Unit).where(Unit.id == room.unit_id).values(lettable_area=Decimal("100.00")))
    assert tieout.run_tieout(session, on=date(2022, 4, 3), park_id=lease.park_id) == {"found": 0, "opened": 0, "closed": 1}
    session.refresh(todo)
    row = session.scalars(select(TieDifference)).one()
    assert (todo.is_done, row.found_on, row.closed_on, row.text != row.msgid) == (True, ON, date(2022, 4, 3), True)
    assert len(session.scalars(select(TieRun)).all()) == 3


def test_a_difference_that_comes_back_is_a_new_one(session):
    lease = tenant(session)
    for on, area in ((1, "99.00"), (2, "100.00"), (3, "99.00")):
        room = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
        session.execute(update(Unit).where(Unit.id == room.unit_id).values(lettable_area=Decimal(area)))
        tieout.run_tieout(session, on=date(2022, 1, on), park_id=lease.park_id)
    rows = session.scalars(select(TieDifference).order_by(TieDifference.id)).all()
    assert [r.closed_on for r in rows] == [date(2022, 1, 2), None]


def test_who_may_run_it(session):
    for role, allowed in (("finance", True), ("operations_clerk", False)):
        with acting(session, role) as s:
            if allowed:
                tieout.run_tieout(s, on=ON, park_id=s.info["scope"].park_id)
            else:
                with pytest.raises(NotAllowed):
                    tieout.run_tieout(s, on=ON, park_id=s.info["scope"].park_id)


def test_checks_of_parkops_check(session):
    lease = tenant(session)
    room = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    session.execute(update(Unit).where(Unit.id == room.unit_id).values(lettable_area=Decimal("99.50")))
    found_by = {c.code: c.run(session) for c in tie_checks.CHECKS}
    assert len(found_by["leasing.tie_area"]) == 1 and lease.number in found_by["leasing.tie_area"][0]
    of = scheme(session)
    bill_months(session, lease, 3)
    posted(session, of, lease)
    assert [c.run(session) for c in relief_checks.CHECKS] == [[], [], []]
    session.execute(text("update leasing_relief_scheme set committed = committed + 1 where id = :i"), {"i": of.id})
    assert [len(c.run(session)) for c in relief_checks.CHECKS] == [1, 0, 0]
