"""Two at once: two schedulers remind once, two people accept once. Each with a control that fails without the protection."""

from __future__ import annotations

import threading
import time
from datetime import date

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from support_help import carrier, firm

from modules.tenants.models.datacall import DataCallResponse
from modules.tenants.models.statement import FirmStatement
from modules.tenants.services import datacalls, responses
from parkops.db.session import engine, system_scope
from parkops.errors import Conflict

DUE, ON = date(2022, 1, 31), date(2022, 1, 28)
COMPLETE = {"angel_vc": "0", "revenue": "1200.5", "net_profit": "-30", "rd_expense": "200", "tax_paid": "15", "staff_total": "20",
            "ip_applied": "3", "ip_granted": "2", "ip_valid": "9"}


@pytest.fixture
def world(fresh_db, session):
    firm(session, ("incubating", carrier(session), "2020-03-01"))
    call = datacalls.create_call(session, form_code="torch-enterprise", period_start=date(2021, 1, 1), due_on=DUE)
    datacalls.open_call(session, call, on=date(2022, 1, 5))
    session.commit()
    return session.scalar(select(DataCallResponse.id))


def waiting_for_a_lock():
    with engine().connect() as c:
        return c.execute(text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")).scalar()


def both(first, second):
    """`first` works and keeps its transaction open until `second` waits for its lock (seen in pg_stat_activity)."""
    out = {}

    def run():
        try:
            with system_scope("race: second", via="job") as s:
                out["second"] = second(s)
        except (Conflict, StaleDataError, IntegrityError) as e:  # screens turn the last two into the 409 page
            out["second"] = e

    with system_scope("race: first", via="job") as s:
        out["first"] = first(s)
        thread = threading.Thread(target=run)
        thread.start()
        for _ in range(200):
            if waiting_for_a_lock() or not thread.is_alive():
                break
            time.sleep(0.02)
    thread.join(20)
    return out["first"], out["second"]


def chase(s):
    return datacalls.chase_due(s, on=ON)["reminded"]


def test_two_schedulers_remind_once(world, session):
    assert both(chase, chase) == (1, 0)
    assert session.scalar(text("select count(*) from core_outbox where topic = 'tenants.data_call_reminder'")) == 1


def test_control_without_the_condition_in_the_update_both_remind(world, session):
    """Read first, then update by id: both saw the answer as not yet reminded."""
    def naive(s):
        ids = list(s.scalars(select(DataCallResponse.id).where(DataCallResponse.reminded_at.is_(None))))
        return datacalls._remind(s, DataCallResponse.id.in_(ids))

    assert both(naive, naive) == (1, 1)


def accept(s):
    r = s.get(DataCallResponse, s.scalar(select(DataCallResponse.id)))
    return responses.accept_response(s, r, on=date(2022, 1, 21)) and "accepted"


def test_two_people_accept_once(world, session):
    r = session.get(DataCallResponse, world)
    responses.save_answers(session, r, answers=COMPLETE)
    responses.submit_response(session, r, on=date(2022, 1, 20))
    session.commit()
    first, second = both(accept, accept)
    assert first == "accepted" and isinstance(second, (Conflict, StaleDataError))
    assert session.scalar(select(func.count(FirmStatement.id))) == 1
    assert session.scalar(text("select count(*) from core_transition where resource = 'tenants.data_call_response' and step = 'accept'")) == 1


def test_control_reading_first_does_not_protect_the_statement(world, session):
    """Both look, both see no statement, both insert: only the unique key stops the second."""
    firm_id, park_id = session.execute(select(DataCallResponse.firm_id, DataCallResponse.park_id)).one()
    session.rollback()

    def naive(s):
        assert s.scalar(select(FirmStatement.id)) is None
        s.add(FirmStatement(park_id=park_id, firm_id=firm_id, grain="year", period_start=date(2021, 1, 1), reported_on=ON, source="manual"))
        s.flush()
        return "written"

    first, second = both(naive, naive)
    assert first == "written" and isinstance(second, IntegrityError)
