"""G19: fifty approvals at once never exceed the budget, with a control that overspends when lock and constraint are off; and one
month of one lease relieved once when two applications for it are made at the same moment."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from relief_help import DAY, checked, scheme, tenant
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from modules.leasing.models.relief import ReliefScheme
from modules.leasing.models.relief_case import ReliefApplication, ReliefMonth
from modules.leasing.services import relief_cases as cases
from modules.leasing.services import relief_decide as decide
from parkops.db.session import Scope, engine, new_session
from parkops.errors import Conflict, RuleError
from parkops.security.catalogue import role_rights

NIGHTLY = bool(os.environ.get("PARKOPS_NIGHTLY"))
RACERS, ROUNDS = (50, 20) if NIGHTLY else (8, 1)
WORKERS = 6  # connections at once; the pool holds a few more
BUDGET = Decimal(40_000)  # of the racers' 30,000 each one fits


def scope_for(s, role="operations_manager"):
    uid = s.connection().execute(text("select id from ab_user where username = :n"), {"n": role}).scalar_one()
    park = s.info["scope"].park_id
    return Scope(user_id=uid, user_name=role, roles=frozenset({role}), rights=role_rights(frozenset({role})), parks=frozenset({park}),
                 park_id=park, via="screen")


def race(jobs, workers=WORKERS):
    """Run callables in so many threads that all start together; returns the errors."""
    barrier, errors, lock, left = threading.Barrier(workers), [], threading.Lock(), list(jobs)

    def work():
        barrier.wait()
        while True:
            with lock:
                if not left:
                    return
                job = left.pop()
            try:
                job()
            except (RuleError, Conflict, DBAPIError) as e:
                with lock:
                    errors.append(e)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return errors


def approve(scope, app_id):
    def run():
        s = new_session(scope)
        try:
            app = s.get(ReliefApplication, app_id)
            decide.approve_application(s, app, on=DAY)
            s.commit()
        except BaseException:
            s.rollback()
            raise
        finally:
            s.close()

    return run


def prepare(s, n):
    of = scheme(s, budget=BUDGET, code=f"race{n}")
    ids = [checked(s, of, tenant(s)).id for _ in range(RACERS)]
    scope = scope_for(s)
    s.commit()
    return of.id, ids, scope


def spent(scheme_id, scope):
    s = new_session(replace(scope, system=True))
    try:
        total = s.scalar(select(func.sum(ReliefApplication.amount)).where(ReliefApplication.scheme_id == scheme_id,
                                                                          ReliefApplication.state == "approved"))
        return total or Decimal(0), s.get(ReliefScheme, scheme_id).committed
    finally:
        s.close()


@pytest.mark.parametrize("n", range(ROUNDS))
def test_racing_approvals_never_exceed_the_budget(session, fresh_db, n):
    scheme_id, ids, scope = prepare(session, n)
    errors = race([approve(scope, i) for i in ids])
    assert spent(scheme_id, scope) == (Decimal(30_000), Decimal(30_000))
    assert len(errors) == RACERS - 1 and all(isinstance(e, RuleError) and e.codes == ["leasing.RR-22"] for e in errors)


def test_the_constraint_alone_holds_too(session, fresh_db, monkeypatch):
    """Without the lock in the service the CHECK refuses what would exceed."""
    scheme_id, ids, scope = prepare(session, 90)
    monkeypatch.setattr(decide, "claim_budget", lambda s, app: None)
    errors = race([approve(scope, i) for i in ids])
    assert spent(scheme_id, scope) == (Decimal(30_000), Decimal(30_000))
    assert len(errors) == RACERS - 1


def test_control_overspends_without_lock_and_constraint(session, fresh_db, monkeypatch):
    """Both protections off: those who read the same budget before anybody wrote spend it together."""
    scheme_id, ids, scope = prepare(session, 91)
    with engine(owner=True).begin() as c:
        c.execute(text("alter table leasing_relief_scheme drop constraint ck_leasing_relief_scheme_budget"))
    met = threading.Barrier(WORKERS)
    original = decide.claim_budget

    def unlocked(s, app):
        original(s, app, lock=False)
        if not met.broken:
            met.wait(timeout=20)

    monkeypatch.setattr(decide, "claim_budget", unlocked)
    race([approve(scope, i) for i in ids[:WORKERS]])
    total, _committed = spent(scheme_id, scope)
    assert total == Decimal(30_000) * WORKERS > BUDGET


def make(scope, scheme_id, lease_id):
    def run():
        s = new_session(scope)
        try:
            cases.create_application(s, scheme_id=scheme_id, lease_id=lease_id, applied_on=DAY)
            s.commit()
        except BaseException:
            s.rollback()
            raise
        finally:
            s.close()

    return run


@pytest.mark.parametrize("index", [True, False])
def test_two_applications_for_one_month_at_once(session, fresh_db, monkeypatch, index):
    """Both look before either writes (the gap-free number would make them queue, so it is taken away): the unique index lets one
    through. Control: without the index January is relieved twice."""
    lease = tenant(session)
    one, two = scheme(session), scheme(session, rule_set="RELIEF-PARK")
    ids, lease_id, scope = (one.id, two.id), lease.id, scope_for(session, "operations_clerk")
    session.commit()
    if not index:
        with engine(owner=True).begin() as c:
            c.execute(text("drop index uq_leasing_relief_month_once"))
    both, look = threading.Barrier(2), cases.queries.taken

    def taken(s, found):
        out = look(s, found)
        both.wait(timeout=20)
        return out

    monkeypatch.setattr(cases.queries, "taken", taken)
    monkeypatch.setattr(cases.sequences, "next_number", lambda *a, **k: f"RACE-{threading.get_ident()}")
    errors = race([make(scope, i, lease_id) for i in ids], 2)
    s = new_session(replace(scope, system=True))
    live = sorted(m.month for m in s.scalars(select(ReliefMonth.month).where(ReliefMonth.live, ReliefMonth.root_id == lease_id)))
    s.close()
    if index:
        assert (live, [e.orig.sqlstate for e in errors]) == ([1, 2, 3], ["23505"])
    else:
        assert (live, errors) == ([1, 1, 2, 2, 3, 3], [])
