"""Firms with booked documents keep their record (B-90)."""

from datetime import date

import pytest
from core_help import entry, incubatee

from modules.billing.services import receipts
from modules.tenants.services import merge
from parkops.errors import RuleError

ON = date(2026, 3, 20)


def test_the_record_with_a_receipt_is_the_one_that_stays(session):
    """B-90: merging it away is refused in words; merging the other one into it works."""
    paid, other = incubatee(session), entry(session)
    receipts.receive(session, firm_id=paid.id, amount=100, received_on=ON, allocate=None)
    with pytest.raises(RuleError) as refused:
        merge.merge_firms(session, other, drop=paid, on=ON)
    assert [p.code for p in refused.value.problems] == ["billing.B-90"]
    assert merge.merge_firms(session, paid, drop=other, on=ON).id == paid.id
