"""G19 for guarantee funds: approvals at once never exceed the line, with a control that overspends when lock and constraint are off; one
quarter claimed once; four eyes held by the database, with its control."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from loan_help import DAY, acting, at_bank, decided, firm_case, organisation, running, signed
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from modules.loans.models.case import LoanCase
from modules.loans.models.organisation import LoanOrganisation
from modules.loans.models.subsidy import SubsidyLine
from modules.loans.services import decide, subsidy, tranches
from parkops.db.session import Scope, engine, new_session
from parkops.errors import Conflict, RuleError
from parkops.security.catalogue import role_rights
from parkops.testing.depth import depth

RACERS, ROUNDS = depth(6, 50), depth(1, 20)
WORKERS = 6  # connections at once; the pool holds a few more
LINE, EACH = Decimal(400_000), Decimal(300_000)  # of the racers one fits


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


def in_session(scope, work):
    def run():
        s = new_session(scope)
        try:
            work(s)
            s.commit()
        except BaseException:
            s.rollback()
            raise
        finally:
            s.close()

    return run


def approve(scope, case_id):
    return in_session(scope, lambda s: decide.approve_case(s, s.get(LoanCase, case_id), on=DAY))


def prepare(s, n):
    """Racers whose approvals wait, all on one fund."""
    bank, fund = organisation(s, "bank"), organisation(s, "fund", line=LINE)
    ids = [decided(s, at_bank(s, firm_case(s, bank=bank, fund=fund, amount=EACH))).id for _ in range(n)]
    scope = scope_for(s)
    s.commit()
    return fund.id, ids, scope


def exposed(fund_id, scope):
    s = new_session(replace(scope, system=True))
    try:
        total = s.scalar(select(func.coalesce(func.sum(LoanCase.amount_approved), 0)).where(LoanCase.fund_id == fund_id,
                                                                                             LoanCase.state == "contract"))
        return total, s.get(LoanOrganisation, fund_id).committed
    finally:
        s.close()


@pytest.mark.parametrize("n", range(ROUNDS))
def test_racing_approvals_never_exceed_the_line(session, fresh_db, n):
    fund_id, ids, scope = prepare(session, RACERS)
    errors = race([approve(scope, i) for i in ids])
    assert exposed(fund_id, scope) == (EACH, EACH)
    assert len(errors) == RACERS - 1 and all(isinstance(e, RuleError) and e.codes == ["loans.LN-43"] for e in errors)


def test_the_constraint_alone_holds_too(session, fresh_db, monkeypatch):
    """Without the lock in the service the CHECK refuses what would exceed."""
    fund_id, ids, scope = prepare(session, 3)
    monkeypatch.setattr(decide, "claim_line", lambda s, case: None)
    errors = race([approve(scope, i) for i in ids], 3)
    assert exposed(fund_id, scope) == (EACH, EACH) and len(errors) == 2


def test_control_overspends_without_lock_and_constraint(session, fresh_db, monkeypatch):
    """Both protections off: those who read the same line before anybody wrote spend it together."""
    fund_id, ids, scope = prepare(session, 3)
    with engine(owner=True).begin() as c:
        c.execute(text("alter table loans_organisation drop constraint ck_loans_organisation_line"))
    met, original = threading.Barrier(3), decide.claim_line

    def unlocked(s, case):
        original(s, case, lock=False)
        if not met.broken:
            met.wait(timeout=20)

    monkeypatch.setattr(decide, "claim_line", unlocked)
    race([approve(scope, i) for i in ids], 3)
    total, _committed = exposed(fund_id, scope)
    assert total == EACH * 3 > LINE


@pytest.mark.parametrize("index", [True, False])
def test_one_quarter_is_claimed_once_at_the_same_moment(session, fresh_db, monkeypatch, index):
    """Two prepare the claim at once, each having seen none. Control: without the unique indexes the loan is claimed twice."""
    case = running(session)
    bank_id, scope = case.bank_id, scope_for(session, "operations_clerk")
    session.commit()
    if not index:
        with engine(owner=True).begin() as c:
            c.execute(text("drop index uq_loans_subsidy_line_once"))
            c.execute(text("drop index uq_loans_subsidy_claim_quarter"))
    both = threading.Barrier(2)

    def number(*_a, **_k):  # the gap-free number would make them queue
        both.wait(timeout=20)
        return f"RACE-{threading.get_ident()}"

    monkeypatch.setattr(subsidy.sequences, "next_number", number)
    job = in_session(scope, lambda s: subsidy.prepare_claim(s, bank_id=bank_id, quarter=date(2022, 7, 1), prepared_on=date(2022, 10, 8)))
    errors = race([job, job], 2)
    s = new_session(replace(scope, system=True))
    lines = s.scalar(select(func.count()).select_from(SubsidyLine).where(SubsidyLine.live))
    s.close()
    assert (lines, len(errors)) == ((1, 1) if index else (2, 0))


@pytest.mark.parametrize("guarded", [True, False])
def test_the_database_holds_four_eyes_at_the_payout(session, fresh_db, guarded):
    """Past the service the constraint refuses the maker; control: without it the maker's own payout counts."""
    case = signed(session, firm_case(session))
    with acting(session, "operations_manager"):
        row = tranches.record_tranche(session, case_id=case.id, amount=EACH, paid_on=DAY, reference="x")
    case_id, row_id, scope = case.id, row.id, scope_for(session)
    session.commit()
    if not guarded:
        with engine(owner=True).begin() as c:
            c.execute(text("alter table loans_tranche drop constraint ck_loans_tranche_four_eyes"))
    sql = "update loans_tranche set confirmed_by_id = recorded_by_id, state = 'confirmed' where id = :i"
    errors = race([in_session(scope, lambda s: s.execute(text(sql), {"i": row_id}))], 1)
    s = new_session(replace(scope, system=True))
    paid = s.get(LoanCase, case_id).disbursed
    s.close()
    assert (paid, ["four_eyes" in str(e) for e in errors]) == ((0, [True]) if guarded else (EACH, []))
