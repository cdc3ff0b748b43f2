"""Disputes: values kept, decided by a second person, applied by a document of its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from bills_help import draft, english, posted  # noqa: F401 - `english` holds for the whole file
from core_help import entry
from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.dispute import Dispute
from modules.billing.services import credits, disputes
from parkops import comments
from parkops.errors import NotAllowed, RuleError

D = Decimal
DAY = date(2026, 1, 20)


@pytest.fixture
def disputed(session, as_role, fresh_db):
    """A posted bill (committed) and a dispute of its line entered by the clerk."""
    bill = posted(session, entry(session), "1090.00")
    line = credits.lines_of(session, bill)[0]
    session.commit()
    with as_role("operations_clerk") as s:
        row = disputes.raise_dispute(s, charge_id=line.id, requested=D("981.00"), raised_on=DAY, reason="面积有误")
        comments.add(s, row, "请核对面积")
        s.commit()
        return row.id


def test_only_lines_of_posted_bills_and_other_amounts(session):
    firm = entry(session)
    waiting = draft(session, firm)
    line = credits.lines_of(session, waiting)[0]
    with pytest.raises(RuleError) as refused:
        disputes.raise_dispute(session, charge_id=line.id, requested=line.gross, raised_on=DAY, reason=" ")
    assert refused.value.codes == ["billing.B-40", "billing.B-40", "workflow.reason_missing"]


def test_less_becomes_a_credit_note(as_role, disputed):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        disputes.accept_dispute(s, s.get(Dispute, disputed), on=DAY, reason="ok")
    with as_role("finance") as s:
        row = s.get(Dispute, disputed)
        with pytest.raises(RuleError, match="disputed already"):
            disputes.raise_dispute(s, charge_id=row.charge_id, requested=D(1), raised_on=DAY, reason="x")
        disputes.accept_dispute(s, row, on=DAY, reason="面积更正")
        disputes.apply_dispute(s, row, on=DAY)
        note, bill = s.get(Bill, row.credit_id), s.get(Bill, row.bill_id)
        assert (row.state, row.original, row.requested, row.agreed) == ("applied", D("1090.00"), D("981.00"), D("981.00"))
        assert note.gross == D("-109.00") and bill.gross == D("1090.00") and bill.settled == D("109.00") and "面积更正" in note.memo


def test_more_becomes_a_line_of_the_next_bill(as_role, disputed):
    with as_role("finance") as s:
        row = s.get(Dispute, disputed)
        disputes.accept_dispute(s, row, on=DAY, reason="少收", agreed=D("1199.00"))
        disputes.apply_dispute(s, row, on=DAY)
        line = s.get(Charge, row.adjustment_id)
        assert (line.kind, line.gross, line.bill_id, line.corrects_id) == ("adjustment", D("109.00"), None, row.charge_id)


def test_nobody_decides_their_own(as_role, session, fresh_db):
    bill = posted(session, entry(session), "1090.00")
    line = credits.lines_of(session, bill)[0]
    session.commit()
    with as_role("operations_manager") as s:
        row = disputes.raise_dispute(s, charge_id=line.id, requested=D("1.00"), raised_on=DAY, reason="x")
        assert disputes.why_not_decide(s, row)
        for decide in (disputes.accept_dispute, disputes.reject_dispute):
            with pytest.raises(RuleError, match="colleague"):
                decide(s, row, on=DAY, reason="y")
        assert s.scalars(select(Dispute.state)).all() == ["open"]


def test_rejected_and_withdrawn_end_it(as_role, disputed):
    with as_role("finance") as s:
        row = s.get(Dispute, disputed)
        disputes.reject_dispute(s, row, on=DAY, reason="账单无误")
        assert row.state == "rejected" and row.answer == "账单无误"
        again = disputes.raise_dispute(s, charge_id=row.charge_id, requested=D("5"), raised_on=DAY, reason="x")
        disputes.withdraw_dispute(s, again, reason="撤回")
        assert again.state == "withdrawn"
