"""One payment, few statements: what a single entry, its numbers and its audit row cost, and what it refuses."""

from __future__ import annotations

from datetime import date

import pytest
from ledger_help import DAY, entries, pair
from receipts_help import D, bill, firm
from sqlalchemy import func, select

from modules.billing.models.ledger import LedgerEntry
from modules.billing.models.receipt import Receipt
from modules.billing.services import ledger, ledger_sql, ledger_verify, periods, receipts
from parkops import sequences
from parkops.db.audit import AuditEntry
from parkops.errors import Refused, RuleError


def test_a_payment_takes_eight_statements(session, query_count):
    payer = firm(session)
    due = [bill(session, payer, issued=date(2026, 3, 1)) for _n in range(2)]
    session.expunge_all()
    with query_count() as q:
        first = receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=date(2026, 3, 20), allocate=[(due[0].id, D(1000))])
    assert q.count == 8, q.statements
    with query_count() as q:  # the firm and the accounts are known in this session
        second = receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=date(2026, 3, 20), allocate=[(due[1].id, D(1000))])
    assert q.count == 6, q.statements
    assert int(second.number[-6:]) == int(first.number[-6:]) + 1 and second.entry.sequence == first.entry.sequence + 1
    assert sequences.gaps(session) == []


def test_the_entry_at_hand_is_the_row_that_was_written(session, park):
    entry, new_id, number = ledger.post_document(session, Receipt, park_id=park.id, kind="receipt", on=DAY, memo="收款", legs=pair(session))
    at_hand = {c.key: getattr(entry, c.key) for c in LedgerEntry.__table__.c}
    assert entry in session and not session.is_modified(entry) and number.startswith(f"R-{DAY.year}-")
    assert (entry.source, entry.source_id) == ("billing.receipt", new_id)
    session.expunge_all()
    read = session.get(LedgerEntry, at_hand["id"])
    assert {c.key: getattr(read, c.key) for c in LedgerEntry.__table__.c} == at_hand
    row = session.scalars(select(AuditEntry).where(AuditEntry.resource == "billing.ledger_entry", AuditEntry.record_id == read.id)).one()
    assert (row.op, row.label, row.park_id, row.user_name, row.via, row.result) == ("insert", read.number, park.id, "test", "system", "done")
    assert row.detail == {"kind": "receipt", "total": str(read.total), "source": "billing.receipt", "source_id": new_id}


def test_a_closed_month_draws_nothing(session, park):
    """The one statement writes nothing, so the numbers stand where they stood even if the caller goes on and commits."""
    first = ledger.post(session, park_id=park.id, kind="manual", on=DAY, memo="x", legs=pair(session))
    periods.lock_month(session, month=DAY.replace(day=1), on=date(DAY.year + 1, 1, 1))
    before = session.scalar(select(func.count()).select_from(AuditEntry))
    with pytest.raises(RuleError) as refused:
        ledger.post_document(session, Receipt, park_id=park.id, kind="receipt", on=DAY, memo="x", legs=pair(session))
    assert refused.value.codes == ["billing.G-04"]
    assert entries(session, park) == [first] and session.scalar(select(func.count()).select_from(AuditEntry)) == before
    assert sequences.gaps(session) == []
    following = ledger.post(session, park_id=park.id, kind="manual", on=date(DAY.year, DAY.month + 1, 1), memo="x", legs=pair(session))
    assert following.sequence == first.sequence + 1 and int(following.number[-7:]) == int(first.number[-7:]) + 1
    assert ledger_verify.verify(session, park.id) == []


def test_a_range_without_proof_is_not_drawn_beside_an_entry(session, park, monkeypatch):
    """Control: a document whose numbers are not its own proof would leave no trace of what was given out."""
    monkeypatch.delitem(sequences.KEPT, "billing.receipt")
    with pytest.raises(Refused, match="no document keeps its numbers"):
        ledger.post_document(session, Receipt, park_id=park.id, kind="receipt", on=DAY, memo="x", legs=pair(session))


def test_the_park_stands_in_numbers_that_name_it(session, park, monkeypatch):
    known = dict(sequences.formats()) | {"billing.entry": "{park}/{year}{month}/{n:03d}"}
    monkeypatch.setattr(sequences, "formats", lambda: known)
    made = ledger.post(session, park_id=park.id, kind="manual", on=DAY, memo="x", legs=pair(session))
    assert made.number == f"{park.code}/{DAY:%Y%m}/001"
    assert ledger_sql._one.cache_info().currsize >= 1
