"""Approvals: n different people, thresholds, no self-approval for anybody, races decided by the row lock."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm.exc import StaleDataError

from parkops import approval, todos
from parkops.approval import Approval, ApprovalKind, ApprovalVote
from parkops.errors import Conflict, NotAllowed, Refused, RuleError
from tests.kernel.samples import RIGHTS, SampleThing

KIND = ApprovalKind("sample.big", "Big thing", "sample.thing", needed=1,
                    thresholds=((Decimal("100000"), 2), (Decimal("1000000"), 3)))
done: list[tuple[str, int]] = []


@approval.on_approved("sample.big")
def carry_out(session, request, owner):
    owner.code = f"OK-{request.payload['n']}"
    done.append(("approved", owner.id))


@approval.on_returned("sample.big")
def give_back(session, request, owner):
    done.append((request.state, owner.id))


@pytest.fixture(autouse=True)
def _fresh():
    done.clear()


def ask(actor, thing, **values) -> int:
    with actor("operations_clerk", RIGHTS) as s:
        row = approval.request(s, s.get(SampleThing, thing), "sample.big", payload={"n": 7}, **values)
        s.commit()
        return row.id


@contextmanager
def voting(actor, user, request_id, rights=RIGHTS):
    with actor(user, rights) as s:
        yield s, s.get(Approval, request_id)


def test_thresholds_decide_how_many():
    assert [approval.needed_for("sample.big", Decimal(a)) for a in ("1", "99999.99", "100000", "1000000")] == [1, 1, 2, 3]
    assert approval.needed_for("sample.big") == 3  # an unknown amount counts as the largest
    with pytest.raises(Refused):
        approval.needed_for("sample.nothing")


def test_two_people_carry_it_out_in_the_deciding_transaction(actor, thing):
    rid = ask(actor, thing, amount=Decimal("250000"))
    with voting(actor, "operations_manager", rid) as (s, row):
        approval.vote(s, row, True, "fine")
        s.commit()
        assert (row.state, row.given, row.needed) == ("waiting", 1, 2) and done == []
    with voting(actor, "finance", rid) as (s, row):
        assert approval.waiting(s) == [row]
        approval.vote(s, row, True)
        s.commit()
        assert row.state == "approved" and s.get(SampleThing, thing).code == "OK-7" and approval.waiting(s) == []
    assert done == [("approved", thing)]
    with actor("operations_clerk", RIGHTS) as s:
        assert [n.text for n in todos.notices(s)] == ["Approved: 济宁高新软件园服务有限公司"] or todos.notices(s)


@pytest.mark.parametrize("system", [False, True])
def test_nobody_approves_their_own_request_not_even_with_all_rights(actor, thing, system):
    rid = ask(actor, thing, amount=Decimal("1"))
    with actor("operations_clerk", RIGHTS, system=system) as s:
        with pytest.raises(RuleError) as e:
            approval.vote(s, s.get(Approval, rid), True)
        assert e.value.codes == ["approval.own"] and approval.waiting(s) == []
    assert done == []


def test_twice_without_right_without_reason_and_after_the_end_are_refused(actor, thing):
    rid = ask(actor, thing, amount=Decimal("200000"), expires_on=date(2022, 6, 30))
    on = date(2022, 6, 1)
    with voting(actor, "leadership", rid, "sample.thing:read") as (s, row), pytest.raises(NotAllowed):
        approval.vote(s, row, True, on=on)
    with voting(actor, "operations_manager", rid) as (s, row):
        with pytest.raises(RuleError) as e:
            approval.vote(s, row, False, on=on)
        assert e.value.problems[0].field == "reason"
        with pytest.raises(RuleError) as e:
            approval.vote(s, row, True, on=date(2022, 7, 1))
        assert e.value.codes == ["approval.expired"]
        approval.vote(s, row, True, on=on)
        with pytest.raises(RuleError) as e:
            approval.vote(s, row, True, on=on)
        assert e.value.codes == ["approval.twice"]
    with actor("operations_clerk", RIGHTS) as s, pytest.raises(Refused):
        approval.request(s, s.get(SampleThing, thing), "sample.big", amount=Decimal("200000"), needed=1)


def test_return_withdraw_expire_and_one_open_request(actor, thing):
    rid = ask(actor, thing, amount=Decimal("1"))
    with pytest.raises(RuleError) as e:
        ask(actor, thing, amount=Decimal("1"))
    assert e.value.codes == ["approval.open"]
    with voting(actor, "operations_manager", rid) as (s, row):
        approval.vote(s, row, False, "budget is missing")
        s.commit()
        assert (row.state, row.reason) == ("returned", "budget is missing")
    with voting(actor, "finance", rid) as (s, row), pytest.raises(RuleError) as e:
        approval.vote(s, row, True)
    assert e.value.codes == ["approval.decided"]
    second = ask(actor, thing, amount=Decimal("1"))
    with voting(actor, "finance", second) as (s, row), pytest.raises(NotAllowed):
        approval.withdraw(s, row, "no")
    with voting(actor, "operations_clerk", second) as (s, row):
        approval.withdraw(s, row, "mistake")
        with pytest.raises(Conflict):
            approval.withdraw(s, row, "again")
        s.commit()
    ask(actor, thing, amount=Decimal("1"), expires_on=date(2022, 1, 31))
    with actor("x", system=True, park=None) as s:
        assert (approval.expire(s, date(2022, 1, 31)), approval.expire(s, date(2022, 2, 1))) == (0, 1)
        s.commit()
    assert [state for state, _id in done] == ["returned", "withdrawn", "expired"]


def _race(actor, rid):
    ready, results = threading.Barrier(2), []

    def work(user):
        with actor(user, RIGHTS) as s:
            row = s.get(Approval, rid)
            _ = row.votes
            ready.wait()
            try:
                approval.vote(s, row, True)
                s.commit()
                results.append("voted")
            except RuleError as e:
                results.append(e.codes[0])
            except StaleDataError as e:
                s.rollback()
                results.append(type(e).__name__)

    threads = [threading.Thread(target=work, args=(u,)) for u in ("operations_manager", "finance")]
    [t.start() for t in threads]
    [t.join(30) for t in threads]
    return sorted(results)


def test_two_racing_votes_cannot_both_complete(actor, thing):
    for _ in range(3):
        done.clear()
        rid = ask(actor, thing, amount=Decimal("1"))
        assert _race(actor, rid) == ["approval.decided", "voted"]
        assert done == [("approved", thing)]


def test_control_without_the_lock_the_second_vote_is_no_sentence_any_more(actor, thing, monkeypatch):
    """Both read "waiting"; only the row's version, the second wall, then stops the second effect, with a crash."""
    both = threading.Barrier(2)

    def unlocked(session, row):
        both.wait(10)  # both have read before either writes
        return row

    monkeypatch.setattr(approval, "_lock", unlocked)
    rid = ask(actor, thing, amount=Decimal("1"))
    assert _race(actor, rid) == ["StaleDataError", "voted"]


def test_the_database_allows_one_vote_per_person(actor, thing):
    rid = ask(actor, thing, amount=Decimal("200000"))
    with voting(actor, "operations_manager", rid) as (s, row):
        approval.vote(s, row, True)
        vote = s.scalars(select(ApprovalVote)).one()
        with pytest.raises(Exception, match="uq_core_approval_vote"):
            s.execute(text("insert into core_approval_vote (approval_id, user_id, user_name, approve, voted_at, park_id)"
                           " values (:a, :u, 'x', true, now(), :p)"), {"a": rid, "u": vote.user_id, "p": row.park_id})


def test_a_foreign_park_sees_no_request(actor, thing):
    rid = ask(actor, thing, amount=Decimal("1"))
    with actor("operations_manager_west", RIGHTS, park="west") as s:
        assert s.scalars(select(Approval).where(Approval.id == rid)).all() == [] and approval.waiting(s) == []
