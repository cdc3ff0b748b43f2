"""Holds: for whom, how long, in line, extended once, released at night; two clerks at once. Rules S-18 to S-22."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta

import psycopg
import pytest
from core_help import entry
from space_help import lease, unit
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from modules.leasing.models.holds import Hold
from modules.leasing.services import holds, units
from modules.tenants.models.application import Lead
from parkops import settings
from parkops.db import embedded
from parkops.db.session import engine, system_scope
from parkops.errors import NotAllowed, RuleError
from parkops.todos import Notice

DAY = date(2022, 6, 1)


def lead(s, **values):
    row = Lead(name="意向企业", found_on=DAY, **values)
    s.add(row)
    s.flush()
    return row


def hold(s, u, days=14, on=DAY, **values):
    if not values:
        values = {"firm_id": entry(s).id}
    return holds.hold_unit(s, unit_id=u.id, asked_on=on, expires_on=on + timedelta(days), **values)


def refused(code, call, *args, **kwargs):
    with pytest.raises(RuleError) as e:
        call(*args, **kwargs)
    assert set(e.value.codes) == {code}, e.value.codes


def test_the_second_waits_and_takes_its_turn(session):
    u = unit(session)
    first, second, third = hold(session, u), hold(session, u, 20, lead_id=lead(session).id), hold(session, u, 25)
    assert [h.state for h in (first, second, third)] == ["held", "queued", "queued"]
    refused("leasing.S-22", holds.take_turn, session, second, on=DAY)
    holds.release_hold(session, first, on=date(2022, 6, 5), reason="改选其他房间")
    assert [h.state for h in (first, second, third)] == ["released", "held", "queued"]
    assert (second.held_on, first.ended_on) == (date(2022, 6, 5), date(2022, 6, 5))
    assert units.unit_states(session, date(2022, 6, 5))[u.id] == "held"


def test_for_whom(session):
    u, firm = unit(session), entry(session)
    refused("leasing.S-18", holds.hold_unit, session, unit_id=u.id, asked_on=DAY)
    refused("leasing.S-18", holds.hold_unit, session, unit_id=u.id, asked_on=DAY, firm_id=firm.id, lead_id=lead(session).id)
    hold(session, u, firm_id=firm.id)
    refused("leasing.S-18", hold, session, u, firm_id=firm.id)


def test_how_long(session):
    u = unit(session)
    made = holds.hold_unit(session, unit_id=u.id, asked_on=DAY, firm_id=entry(session).id)
    assert made.expires_on == DAY + timedelta(settings.get(session, "leasing.hold_days"))
    refused("leasing.S-19", hold, session, unit(session), 31)
    refused("leasing.S-19", hold, session, unit(session), -1)


def test_what_can_be_held(session):
    let, promised = unit(session), unit(session)
    lease(session, let, ends=date(2022, 12, 31))
    lease(session, promised, state="approved", starts=date(2022, 7, 1))
    refused("leasing.S-20", hold, session, let)
    refused("leasing.S-20", hold, session, promised)
    assert hold(session, let, on=date(2022, 9, 15)).state == "held"  # within 120 days of the end
    refused("leasing.S-20", hold, session, unit(session, ends_on=date(2022, 5, 31)))


def test_extended_once_with_a_reason(session):
    made = hold(session, unit(session))
    refused("leasing.S-21", holds.extend_hold, session, made, expires_on=date(2022, 6, 20), reason=" ")
    refused("leasing.S-21", holds.extend_hold, session, made, expires_on=date(2022, 6, 15), reason="x")
    refused("leasing.S-19", holds.extend_hold, session, made, expires_on=date(2022, 8, 1), reason="x")
    holds.extend_hold(session, made, expires_on=date(2022, 6, 30), reason="等待董事会决议")
    refused("leasing.S-21", holds.extend_hold, session, made, expires_on=date(2022, 7, 10), reason="x")


def test_the_night_releases_what_expired_and_tells(session, park, as_role):
    u = unit(session)
    session.commit()
    with as_role("operations_clerk") as s:
        first = hold(s, u, 5)
        late, following = hold(s, u, 6), hold(s, u, 30)
        s.commit()
        ids, clerk = [h.id for h in (first, late, following)], first.holder_id
    assert holds.release_expired(session, on=date(2022, 6, 6), park_id=park.id) == {"expired": 0}  # the last day still holds
    assert holds.release_expired(session, on=date(2022, 6, 8), park_id=park.id) == {"expired": 2}
    assert [session.get(Hold, i).state for i in ids] == ["expired", "expired", "held"]
    told = session.scalars(select(Notice.msgid).where(Notice.user_id == clerk)).all()
    assert sum("ended" in t for t in told) == 2 and sum("in force" in t for t in told) == 1
    assert holds.release_expired(session, on=date(2022, 6, 8), park_id=park.id) == {"expired": 0}


def test_a_lease_of_somebody_else_meets_the_hold(session):
    u, mine, other = unit(session), entry(session), entry(session)
    hold(session, u, lead_id=lead(session, firm_id=mine.id).id)
    assert holds.check_holds(session, [u.id], on=DAY, firm_id=mine.id) == []
    (problem,) = holds.check_holds(session, [u.id], on=DAY, firm_id=other.id)
    assert problem.code == "leasing.S-20"
    row = lease(session, u, firm=mine, state="approved")
    assert holds.use_holds(session, row, on=date(2022, 6, 3)) == 1
    assert session.scalar(select(Hold.state)) == "used"


def test_rights(as_role, session):
    u, firm = unit(session), entry(session)
    session.commit()
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        hold(s, u, firm_id=firm.id)


def waiting_for_a_lock():
    with engine().connect() as c:
        return c.execute(
            text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
        ).scalar()


def both(first, second):
    """`first` works and keeps its transaction open until `second` waits for its lock or is through."""
    out = {}

    def run():
        try:
            with system_scope("race: second", via="job") as s:
                out["second"] = second(s)
        except (IntegrityError, RuleError) as e:
            out["second"] = e

    with system_scope("race: first", via="job") as s:
        out["first"] = first(s)
        thread = threading.Thread(target=run)
        thread.start()
        while thread.is_alive() and not waiting_for_a_lock():
            time.sleep(0.01)
    thread.join(20)
    return out["first"], out["second"]


@pytest.fixture
def race(fresh_db, session):
    u, a, b = unit(session), entry(session), entry(session)
    session.commit()
    return [lambda s, f=f.id: holds.hold_unit(s, unit_id=u.id, asked_on=DAY, firm_id=f).state for f in (a, b)]


def test_two_clerks_at_once_one_holds_one_waits_in_line(race, session):
    assert both(*race) == ("held", "queued")
    assert sorted(session.scalars(select(Hold.state))) == ["held", "queued"]


def test_control_without_the_lock_the_index_refuses_the_second(race, session, monkeypatch):
    monkeypatch.setattr(holds, "lock_unit", lambda s, unit_id: None)
    first, second = both(*race)
    assert first == "held" and isinstance(second, IntegrityError)


def test_control_without_lock_and_index_both_hold(race, session, monkeypatch):
    """The damage itself: one unit promised twice."""
    with psycopg.connect(host=str(embedded.socket_dir()), user="postgres", dbname=engine().url.database, autocommit=True) as c:
        c.execute("drop index uq_leasing_hold_unit_id_held")
    monkeypatch.setattr(holds, "lock_unit", lambda s, unit_id: None)
    assert both(*race) == ("held", "held")


def test_the_table_knows_for_whom_whoever_writes(session):
    made = hold(session, unit(session))
    with pytest.raises(IntegrityError, match="for_whom"):
        session.execute(update(Hold).where(Hold.id == made.id).values(firm_id=None))
