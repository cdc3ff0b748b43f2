"""Two at once: the last two votes of a committee, the last free part of a fund's size, its last money. Each with its control: without the
lock the same race leaves the damage the lock prevents."""

from __future__ import annotations

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from core_help import incubatee
from funds_help import START, before_committee, called, fund, invested, members, other
from sqlalchemy import func, select, text

from modules.funds.models.call import FundFlow
from modules.funds.models.deal import CommitteeMeeting, CommitteeVote
from modules.funds.models.fund import FundCommitment, FundPartner
from modules.funds.models.investment import Investment
from modules.funds.services import book, committee, investments, setup
from parkops.db.session import Scope, new_session
from parkops.errors import Conflict, RuleError

D = Decimal


def scope_for(s, name):
    uid = s.connection().execute(text("select id from ab_user where username = :n"), {"n": name}).scalar_one()
    return Scope(user_id=uid, user_name=name, system=True, parks=None, park_id=s.info["scope"].park_id, via="screen", reason="test")


def together(first, second, pause):
    """Two transactions side by side. `pause(gate)` makes each wait, once it has read what it decides on, until the other has read too; with
    the lock in place the second reads only after the first committed, so waiting ends when either is blocked or done."""
    errors, gate = [], threading.Barrier(2)

    def run(scope, work):
        s = new_session(scope)
        try:
            work(s)
            s.commit()
        except (RuleError, Conflict) as e:
            s.rollback()
            errors.append(e)
        finally:
            s.close()

    with pause(gate):
        threads = [threading.Thread(target=run, args=job) for job in (first, second)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    return errors


def meet(monkeypatch, module, name, locked):
    """Both threads wait for each other in `module.name`, the point between reading and writing. Locked, the second never gets there before
    the first is through, so the wait is given up after it was seen to block."""

    def pause(gate):
        context = monkeypatch.context()
        original = getattr(module, name)

        class Paused:
            def __enter__(self):
                self.m = context.__enter__()

                def waiting(*args, **kwargs):
                    found = original(*args, **kwargs)
                    if not locked:
                        gate.wait(timeout=30)
                    return found

                self.m.setattr(module, name, waiting)

            def __exit__(self, *exc):
                context.__exit__(*exc)

        return Paused()

    return pause


def free_lock(monkeypatch, module, name):
    monkeypatch.setattr(module, name, lambda session, thing, *rest: thing)


def look(s, query):
    fresh = new_session(replace(s.info["scope"], system=True))
    try:
        return fresh.execute(query).all()
    finally:
        fresh.close()


@pytest.mark.parametrize("locked", [True, False])
def test_the_last_two_votes_at_once_decide(session, fresh_db, monkeypatch, locked):
    f = fund(session)
    members(session, f)
    meeting = before_committee(session, f)
    key, deal_id = meeting.id, meeting.deal_id
    scopes = [scope_for(session, n) for n in ("leadership", "finance")]
    session.commit()
    if not locked:
        free_lock(monkeypatch, committee, "lock_meeting")

    def vote(s):
        committee.cast_vote(s, s.get(CommitteeMeeting, key), vote="for")

    errors = together((scopes[0], vote), (scopes[1], vote), meet(monkeypatch, committee, "verdict_of", locked))
    votes = look(session, select(func.count(CommitteeVote.id)).where(CommitteeVote.meeting_id == key))[0][0]
    state = look(session, select(CommitteeMeeting.state).where(CommitteeMeeting.id == key))[0][0]
    assert votes == 2 and not errors and deal_id
    assert state == ("approved" if locked else "open"), "without the lock both votes are given and nobody decides"


@pytest.mark.parametrize("locked", [True, False])
def test_two_commitments_at_once_never_exceed_the_size(session, fresh_db, monkeypatch, locked):
    f = fund(session, size=56_000_000)
    fund_id, partner_id = f.fund.id, f.partners["park"].id
    scopes = [scope_for(session, n) for n in ("operations_manager", "finance")]
    session.commit()
    if not locked:
        free_lock(monkeypatch, setup, "lock_fund")

    def commit(s):
        setup.create_commitment(s, partner_id=s.get(FundPartner, partner_id).id, amount=D(1_000_000), signed_on=START)

    errors = together((scopes[0], commit), (scopes[1], commit), meet(monkeypatch, setup, "committed", locked))
    total = look(session, select(func.sum(FundCommitment.amount)).where(FundCommitment.fund_id == fund_id))[0][0]
    assert (total, len(errors)) == ((D(56_000_000), 1) if locked else (D(57_000_000), 0))


@pytest.mark.parametrize("locked", [True, False])
def test_two_payments_at_once_never_overdraw_the_bank(session, fresh_db, monkeypatch, locked):
    f = fund(session)
    called(session, f, 3_000_000)
    rows = [invested(session, f, incubatee(session), amount=2_000_000, pay=False).id for _n in range(2)]
    fund_id = f.fund.id
    scopes = [scope_for(session, n) for n in ("operations_manager", "finance")]
    session.commit()
    if not locked:
        free_lock(monkeypatch, book, "lock_fund")
        free_lock(monkeypatch, investments, "lock_fund")

    def pay(key):
        return lambda s: investments.pay_investment(s, s.get(Investment, key), amount=D(2_000_000), on=START)

    errors = together((scopes[0], pay(rows[0])), (scopes[1], pay(rows[1])), meet(monkeypatch, book, "balance", locked))
    left = look(session, select(func.sum(FundFlow.amount)).where(FundFlow.fund_id == fund_id))[0][0]
    assert (left, len(errors)) == ((D(1_000_000), 1) if locked else (D(-1_000_000), 0))


def test_one_person_votes_once_even_twice_at_once(session, fresh_db, monkeypatch):
    f = fund(session)
    members(session, f)
    meeting = before_committee(session, f)
    key, scope = meeting.id, scope_for(session, "leadership")
    session.commit()

    def vote(s):
        committee.cast_vote(s, s.get(CommitteeMeeting, key), vote="for")

    errors = together((scope, vote), (scope, vote), meet(monkeypatch, committee, "verdict_of", True))
    assert look(session, select(func.count(CommitteeVote.id)).where(CommitteeVote.meeting_id == key))[0][0] == 1
    assert [e.codes for e in errors] == [["funds.V-35"]]
    with other(session, "leadership"):
        session.rollback()
