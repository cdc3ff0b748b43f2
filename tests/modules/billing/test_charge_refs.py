"""What a charge line points to is there and stays, although the server does not check it row by row (from PostgreSQL 18 on)."""

import threading
import time
from datetime import date

import pytest
from bills_help import approved
from core_help import entry
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from support_help import carrier

from modules.billing.models.charge import Charge
from modules.billing.models.references import CHARGE
from modules.billing.services import catalogue
from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from parkops.approval import Approval
from parkops.db.session import Scope, engine, new_session, system_scope

DAY = date(2026, 3, 1)
NOWHERE = 987_654_321


def line(s, firm, **values):
    """The columns of a line of one yuan."""
    return {"park_id": firm.park_id, "key": f"t:{firm.id}:{len(values)}:{time.monotonic_ns()}", "firm_id": firm.id,
            "item_id": catalogue.by_code(s, "service_fee").id, "kind": "charge", "source": "test.thing", "source_id": 1, "period_from": DAY,
            "period_to": DAY, "due_on": DAY, "treatment": "outside", "net": 1, "vat": 0, "gross": 1, "version": 1,
            "carrier_id": None, "corrects_id": None, "approval_id": None, **values}


def constraint(found):
    return found.value.orig.diag.constraint_name


@pytest.mark.parametrize("column", CHARGE)
def test_a_line_points_to_what_is_there(session, column):
    firm = entry(session)
    with pytest.raises(DBAPIError) as found, session.begin_nested():
        session.execute(insert(Charge.__table__), [line(session, firm), line(session, firm, **{column: NOWHERE})])
    assert constraint(found) in (f"fk_billing_charge_{column}", None) and (column == "firm_id" or constraint(found))
    session.execute(insert(Charge.__table__), [line(session, firm)])
    if column != "firm_id":
        with pytest.raises(DBAPIError) as found, session.begin_nested():
            session.execute(text(f"update billing_charge set {column} = {NOWHERE}"))
        assert constraint(found) == f"fk_billing_charge_{column}"


def test_nobody_deletes_what_a_line_names(session):
    firm = entry(session)
    place, item, asked = carrier(session), catalogue.by_code(session, "service_fee"), approved(session, firm)
    first = session.execute(insert(Charge.__table__).returning(Charge.id), [line(session, firm)]).scalar_one()
    session.execute(insert(Charge.__table__), [line(session, firm, corrects_id=first, carrier_id=place.id, approval_id=asked.id)])
    for column, model, pk in (("firm_id", Firm, firm.id), ("item_id", type(item), item.id), ("carrier_id", Carrier, place.id),
                              ("corrects_id", Charge, first), ("approval_id", Approval, asked.id)):
        with pytest.raises(DBAPIError) as found, session.begin_nested():
            session.execute(delete(model.__table__).where(model.__table__.c.id == pk))
        assert constraint(found) == f"fk_billing_charge_{column}"


def _scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def _until_blocked(done):
    """Until the other session waits for a lock, or is through."""
    deadline = time.monotonic() + 30
    while not done.is_set() and time.monotonic() < deadline:
        with system_scope("test") as s:
            if s.execute(text("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).scalar():
                return
        done.wait(0.02)


def race(first, second):
    """`first` has acted but not committed; `second` acts; then `first` commits. Returns what each came to, and dangling lines."""
    scope, said, done = _scope(), {}, threading.Event()
    with new_session(scope) as s:
        firm = entry(s)
        s.commit()
        firm_id, row = firm.id, line(s, firm)

    def act(s, what):
        if what == "delete":
            s.execute(delete(Firm.__table__).where(Firm.__table__.c.id == firm_id))
        else:
            s.execute(insert(Charge.__table__), [row])

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
        return said, s.scalar(select(func.count(Charge.id)).where(Charge.firm_id == firm_id, ~select(Firm.id).where(
            Firm.id == Charge.firm_id).exists()))


@pytest.mark.parametrize(("first", "second"), [("delete", "insert"), ("insert", "delete")])
def test_a_line_and_the_end_of_its_firm_at_the_same_time(fresh_db, first, second):
    assert race(first, second) == ({first: "done", second: "refused"}, 0)


def test_control_without_the_triggers_a_line_points_nowhere(fresh_db):
    with engine(owner=True).begin() as c:
        if c.execute(text("show server_version_num")).scalar_one() < "180000":
            pytest.skip("the server enforces the keys itself")
        c.execute(text("alter table billing_charge disable trigger user; alter table tenants_firm disable trigger billing_charge_needs_firm_id"))
    assert race("insert", "delete") == ({"insert": "done", "delete": "done"}, 1)
