"""Periods: order of locks, what stands against them, exceptions of one person for a day, a hard lock for ever (G5, G33)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from ledger_help import DAY, pair, post, wait_for_lock
from sqlalchemy import select

from modules.billing.models.ledger import BookPeriod, LedgerEntry, PeriodException
from modules.billing.services import ledger, ledger_manual, period_exceptions, periods
from modules.billing.signals.closing import closing
from parkops import approval
from parkops.db.audit import AuditEntry
from parkops.errors import NotAllowed, Problem, RuleError

JAN, FEB, LATER = date(2026, 1, 1), date(2026, 2, 1), date(2026, 6, 1)


def _lock(session, park, month, *, hard=False):
    return periods.lock_month(session, month=month, park_id=park.id, hard=hard, on=LATER)


@pytest.fixture
def january(session, park):
    """An entry in January and one in March; January softly locked, everything committed."""
    post(session, park, on=date(2026, 1, 10))
    post(session, park, on=DAY)
    row = _lock(session, park, JAN)
    session.commit()
    return row


def test_locks_follow_each_other(session, park):
    post(session, park, on=date(2026, 1, 10))
    post(session, park, on=DAY)
    with pytest.raises(RuleError, match="2026-01"):
        _lock(session, park, FEB)
    with pytest.raises(RuleError) as refused:
        _lock(session, park, JAN, hard=True)
    assert refused.value.codes == ["billing.G-09"]
    _lock(session, park, JAN)
    _lock(session, park, FEB)
    with pytest.raises(RuleError):
        _lock(session, park, FEB)
    with pytest.raises(RuleError):
        _lock(session, park, FEB, hard=True)  # January is not locked for good yet
    assert _lock(session, park, JAN, hard=True).state == "hard"
    assert [(m.month, m.state, m.entries) for m in periods.list_months(session, park.id, until=DAY)] == [
        (date(2026, 3, 1), "open", 1), (FEB, "soft", 0), (JAN, "hard", 1)]


def test_the_running_month_is_not_locked(session, park):
    with pytest.raises(RuleError) as refused:
        periods.lock_month(session, month=date(2026, 3, 1), park_id=park.id, on=date(2026, 3, 31))
    assert refused.value.codes == ["billing.G-09"]


def test_drafts_and_other_parts_object(session, park):
    manual = ledger_manual.create_manual(session, entry_date=date(2026, 1, 3), memo="折旧")

    def objection(session, **kw):
        yield Problem("x.unfinished", f"something of {kw['month']}")

    closing.connect(objection)
    try:
        with pytest.raises(RuleError) as refused:
            _lock(session, park, JAN)
        assert refused.value.codes == ["billing.G-08", "x.unfinished"] or set(refused.value.codes) == {"billing.G-08", "x.unfinished"}
    finally:
        closing.disconnect(objection)
    ledger_manual.remove_manual(session, manual)
    assert _lock(session, park, JAN).state == "soft"


def test_only_finance_and_managers_lock(as_role, park):
    for role in ("operations_clerk", "leadership", "auditor", "system_administrator"):
        with as_role(role) as s, pytest.raises(NotAllowed):
            periods.lock_month(s, month=JAN, on=LATER)


def test_exception_of_one_person_for_a_day(as_role, january, park):
    """Asked by finance, granted by the manager: this person posts for 24 hours, nobody else does, and all of it is in the audit trail."""
    start = datetime.now(UTC).replace(microsecond=0)
    with time_machine.travel(start, tick=False) as clock_, as_role("finance") as s:
        row = period_exceptions.request_exception(s, period_id=january.id, reason="漏记一张水费单")
        with pytest.raises(RuleError) as refused:
            ledger.post(s, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(s))
        assert refused.value.codes == ["billing.G-04"]
        asked = approval.of(s, row)[0]
        with pytest.raises(RuleError) as own:
            approval.vote(s, asked, True)
        assert own.value.codes == ["approval.own"]
        s.commit()
        with as_role("operations_manager") as m:
            approval.vote(m, m.get(approval.Approval, asked.id), True)
            with pytest.raises(RuleError):
                ledger.post(m, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(m))
            m.commit()
        s.expire_all()
        assert row.expires_at - row.approved_at == timedelta(hours=24)
        clock_.move_to(start + timedelta(hours=23, minutes=59))
        assert ledger.post(s, park_id=park.id, kind="manual", on=JAN, memo="水费", legs=pair(s)).entry_date == JAN
        clock_.move_to(start + timedelta(hours=24))
        with pytest.raises(RuleError):
            ledger.post(s, park_id=park.id, kind="manual", on=JAN, memo="水费", legs=pair(s))
        trail = s.scalars(select(AuditEntry.op).where(AuditEntry.resource == "billing.period_exception", AuditEntry.record_id == row.id))
        assert list(trail).count("insert") == 1


def test_the_exception_is_the_askers_alone(as_role, january):
    """G33: no vote of the asker, no exception without a reason, none for an open or hard month, none without a person."""
    with as_role("finance") as s:
        with pytest.raises(RuleError) as refused:
            period_exceptions.request_exception(s, period_id=january.id, reason=" ")
        assert refused.value.codes == ["billing.G-10"]
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        period_exceptions.request_exception(s, period_id=january.id, reason="x")


def test_a_hard_lock_knows_no_exception(session, as_role, january, park):
    _lock(session, park, JAN, hard=True)
    session.commit()
    with as_role("finance") as s:
        with pytest.raises(RuleError):
            period_exceptions.request_exception(s, period_id=january.id, reason="x")
        with pytest.raises(RuleError):
            periods.request_reopen(s, s.get(BookPeriod, january.id), reason="x")


def test_an_exception_granted_before_ends_with_the_hard_lock(session, as_role, january, park):
    with as_role("finance") as s:
        row = period_exceptions.request_exception(s, period_id=january.id, reason="x")
        s.commit()
        with as_role("operations_manager") as m:
            approval.vote(m, approval.of(m, m.get(PeriodException, row.id))[0], True)
            m.commit()
        _lock(session, park, JAN, hard=True)
        session.commit()
        with pytest.raises(RuleError, match="2026-01"):
            ledger.post(s, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(s))


def test_a_soft_lock_is_taken_back_by_two(as_role, january, park):
    with as_role("finance") as s:
        period = s.get(BookPeriod, january.id)
        periods.request_reopen(s, period, reason="漏了半个月的账")
        asked = approval.of(s, period)[0]
        with pytest.raises(RuleError):
            approval.vote(s, asked, True)
        s.commit()
        with as_role("finance", user="leadership") as other:  # a second person in finance
            approval.vote(other, other.get(approval.Approval, asked.id), True)
            other.commit()
        s.expire_all()
        assert period.state == "open" and period.locked_by is None
        assert ledger.post(s, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(s)).number


def test_a_posting_under_way_and_a_lock_do_not_pass_each_other(fresh_db, session, park):
    """The lock waits for the posting, then sees its entry; a posting that comes later finds the month locked."""
    import threading

    from parkops.db.session import system_scope

    ledger.post(session, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(session))
    seen = []

    def closer():
        with system_scope("test", via="cli") as s:
            periods.lock_month(s, month=JAN, park_id=park.id, on=LATER)
            seen.append(len(s.scalars(select(LedgerEntry)).all()))

    thread = threading.Thread(target=closer)
    thread.start()
    wait_for_lock(fresh_db)
    assert seen == []
    session.commit()
    thread.join(30)
    assert seen == [1]
    with pytest.raises(RuleError):
        ledger.post(session, park_id=park.id, kind="manual", on=JAN, memo="x", legs=pair(session))
