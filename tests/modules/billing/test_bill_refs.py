"""Firm, park and run of a bill are there and stay, although the server does not check them row by row (from PostgreSQL 18 on)."""

import threading
from datetime import date

import pytest
from core_help import entry
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from test_charge_refs import NOWHERE, _scope, _until_blocked, constraint

from modules.billing.models.bill import Bill, BillRun
from modules.tenants.models.firm import Firm
from parkops.db.session import engine, new_session, system_scope
from parkops.models import Park

DAY = date(2026, 3, 1)
BILLS, RUNS = Bill.__table__, BillRun.__table__


def row(firm, **values):
    """The columns of a draft of one yuan."""
    return {"park_id": firm.park_id, "kind": "bill", "firm_id": firm.id, "run_id": None, "month": DAY, "issued_on": DAY, "due_on": DAY,
            "state": "draft", "net": 1, "vat": 0, "gross": 1, "settled": 0, "version": 1, **values}


def run_of(s, park_id):
    return s.execute(insert(RUNS).values(park_id=park_id, month=DAY, issued_on=DAY, state="voided", started_by="t", version=1)
                     .returning(RUNS.c.id)).scalar_one()


@pytest.mark.parametrize("column", ["firm_id", "run_id", "park_id"])
def test_a_bill_points_to_what_is_there(session, column):
    firm = entry(session)
    name = "fk_billing_bill_firm_id" if column == "park_id" else f"fk_billing_bill_{column}"  # the park is its firm's
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        session.execute(insert(BILLS), [row(firm), row(firm, **{column: NOWHERE})])
    assert constraint(found) == name
    session.execute(insert(BILLS), [row(firm)])
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        session.execute(text(f"update billing_bill set {column} = {NOWHERE}"))
    assert constraint(found) == name
    assert session.execute(text("update billing_bill set memo = 'other'")).rowcount


def test_the_firm_of_a_bill_is_of_its_park(session):
    firm = entry(session)
    other = Park(code="refs", name="Refs")
    session.add(other)
    session.flush()
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        session.execute(insert(BILLS), [row(firm, park_id=other.id)])
    assert constraint(found) == "fk_billing_bill_firm_id"


def test_nobody_deletes_what_a_bill_names(session):
    firm = entry(session)
    run = run_of(session, firm.park_id)
    session.execute(insert(BILLS), [row(firm, run_id=run)])
    for column, table, pk in (("firm_id", Firm.__table__, firm.id), ("run_id", RUNS, run)):
        with pytest.raises(DBAPIError) as found, session.begin_nested():
            session.execute(delete(table).where(table.c.id == pk))
        assert constraint(found) == f"fk_billing_bill_{column}"
    session.execute(update(BILLS).values(run_id=None))
    assert session.execute(delete(RUNS).where(RUNS.c.id == run)).rowcount == 1


def race(first, second):
    """`first` has acted but not committed; `second` acts; then `first` commits. Returns what each came to, and dangling bills."""
    scope, said, done = _scope(), {}, threading.Event()
    with new_session(scope) as s:
        firm = entry(s)
        s.commit()
        firm_id, values = firm.id, row(firm)

    def act(s, what):
        s.execute(delete(Firm.__table__).where(Firm.__table__.c.id == firm_id) if what == "delete" else insert(BILLS).values(values))

    def other():
        with new_session(scope) as s:
            try:
                act(s, second)
                s.commit()
                said[second] = "done"
            except DBAPIError:
                s.rollback()
                said[second] = "refused"
        done.set()

    with new_session(scope) as s:
        act(s, first)
        thread = threading.Thread(target=other)
        thread.start()
        _until_blocked(done)
        s.commit()
        said[first] = "done"
    thread.join(60)
    with system_scope("test") as s:
        return said, s.scalar(select(func.count(Bill.id)).where(
            Bill.firm_id == firm_id, ~select(Firm.id).where(Firm.id == Bill.firm_id).exists()))


@pytest.mark.parametrize(("first", "second"), [("delete", "insert"), ("insert", "delete")])
def test_a_bill_and_the_end_of_its_firm_at_the_same_time(fresh_db, first, second):
    assert race(first, second) == ({first: "done", second: "refused"}, 0)


@pytest.mark.parametrize(("first", "second"), [("delete", "insert"), ("insert", "delete")])
def test_control_without_the_triggers_a_bill_dangles(fresh_db, first, second):
    with engine(owner=True).begin() as c:
        c.execute(text("alter table billing_bill disable trigger billing_bill_there"))
        c.execute(text("alter table tenants_firm disable trigger billing_bill_needs_firm_id"))
    assert race(first, second) == ({first: "done", second: "done"}, 1)
