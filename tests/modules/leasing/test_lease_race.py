"""G18: 60 units, three clerks signing at once for each: nothing is let twice, the loser gets a sentence. Control: without the
exclusion constraint the same race lets units twice."""

import os
import threading
from datetime import date

import pytest
from core_help import entry
from lease_help import reference, rent
from space_help import floor, unit
from sqlalchemy import func, select, text
from sqlalchemy.orm import aliased

from modules.leasing.models.lease import Lease, LeaseUnit
from modules.leasing.services import leases
from modules.leasing.states import LEASE
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.errors import Conflict, RuleError

UNITS, CLERKS = 60, 3
START, END = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture
def contested(fresh_db):
    """Three approved leases for each unit."""
    with system_scope("test") as s:
        s.info["scope"] = _scope()
        reference(s)
        place, firms = floor(s), [entry(s) for _n in range(CLERKS)]
        rounds = []
        for _n in range(UNITS):
            room = unit(s, place)
            mine = []
            for firm in firms:
                lease = leases.create_lease(s, firm_id=firm.id, starts_on=START, ends_on=END, units=[room.id], lines=[rent()])
                lease.carrier_id = None
                LEASE.move(s, lease, "submit", on=START)
                LEASE.move(s, lease, "approve", on=START)
                mine.append(lease.id)
            rounds.append(mine)
        s.commit()
    return rounds


def _scope():
    with system_scope("test") as s:
        park = s.execute(text("select id from core_park where code = 'east'")).scalar_one()
    return Scope(parks=None, system=True, park_id=park, via="system", user_name="test", reason="test")


def race(rounds, monkeypatch):
    """Every round: all clerks reach the writing part, then go on together."""
    monkeypatch.setattr(leases.law, "check_signature", lambda *a, **k: None)
    won, lost, broken = [], [], []
    scope = _scope()

    def clerk(lease_id, barrier):
        with new_session(scope) as s:
            try:
                lease = s.get(Lease, lease_id)
                seen = leases.law.problems_of(s, lease)
                barrier.wait()
                assert not seen
                leases._in_one_piece(s, lease, START, None)
                s.commit()
                won.append(lease_id)
            except (RuleError, Conflict) as refused:
                s.rollback()
                lost.append(str(refused))
            except Exception as wrong:
                s.rollback()
                broken.append(repr(wrong))

    for mine in rounds:
        barrier = threading.Barrier(len(mine), timeout=60)
        threads = [threading.Thread(target=clerk, args=(i, barrier)) for i in mine]
        [t.start() for t in threads]
        [t.join() for t in threads]
    return won, lost, broken


def doubles():
    """Units held by two leases on one day."""
    a, b = LeaseUnit, aliased(LeaseUnit)
    with system_scope("test") as s:
        return s.scalar(
            select(func.count(func.distinct(a.unit_id)))
            .join(b, (b.unit_id == a.unit_id) & (b.id > a.id))
            .where(a.during.op("&&")(b.during))
        )


def test_three_clerks_never_let_a_unit_twice(contested, monkeypatch):
    won, lost, broken = race(contested, monkeypatch)
    assert broken == [] and doubles() == 0
    assert len(won) == UNITS and len(lost) == UNITS * (CLERKS - 1)
    assert all(sentence.endswith((".", "。")) and len(sentence) > 10 for sentence in lost)


def test_control_without_the_constraint_units_are_let_twice(contested, monkeypatch):
    _drop()
    rounds = contested if os.environ.get("PARKOPS_NIGHTLY") else contested[:6]
    won, _lost, broken = race(rounds, monkeypatch)
    assert broken == [] and doubles() > 0 and len(won) > len(rounds)


def _drop():
    """Take the protection away, as the owner of the table."""
    with engine(owner=True).connect() as c:
        c.execute(text("alter table leasing_lease_unit drop constraint ex_leasing_lease_unit_unit_id_during"))
        c.commit()
