"""Late fees: days as a table, charged once per bill and month, no fee on a fee, waived by two people only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from bank_help import english  # noqa: F401
from receipts_help import bill, firm
from sqlalchemy import select

from modules.billing import calc_late_fee as calc
from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services import bills, late_fees, posting, receipts
from parkops import settings
from parkops.errors import NotAllowed, RuleError

DUE, MAR1, MAR31, APR1, APR30 = date(2026, 3, 10), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 30)
RATE = D("0.0005")


@pytest.mark.parametrize(
    "moves,first,last,grace,days,amount",
    [
        ([], MAR1, MAR31, 0, 21, "105.00"),  # 10,000 × 0.05 % × 21: from the day after the due day
        ([], MAR1, MAR31, 5, 16, "80.00"),
        ([], APR1, APR30, 0, 30, "150.00"),
        ([], MAR1, DUE, 0, 0, "0"),
        ([(DUE, "10000")], MAR1, MAR31, 0, 0, "0"),
        (
            [(date(2026, 3, 21), "6000")],
            MAR1,
            MAR31,
            0,
            21,
            "72.00",
        ),  # 10 days of 10,000 and 11 of 4,000: the day of payment counts on what is left
        ([(date(2026, 3, 21), "6000"), (date(2026, 3, 26), "-6000")], MAR1, MAR31, 0, 21, "90.00"),  # undone: open again from that day
        ([(date(2026, 3, 11), "10000")], MAR1, MAR31, 0, 0, "0"),
        ([(date(2026, 2, 1), "2500")], MAR1, MAR31, 0, 21, "78.75"),
        ([(date(2026, 3, 12), "9999.99")], MAR1, MAR31, 0, 21, "5.00"),  # 1 day of 10,000, 20 of 0.01, rounded once
    ],
)
def test_day_by_day(moves, first, last, grace, days, amount):
    found = calc.fee(D(10000), DUE, [(d, D(a)) for d, a in moves], first, last, RATE, grace)
    assert (found.days, found.amount) == (days, D(amount))


@pytest.mark.parametrize("charged,warn", [("3000", False), ("3000.01", True)])
def test_cap(charged, warn):
    assert calc.over_cap(D(10000), D(charged), 30) is warn


@pytest.fixture
def agreed(session, park):
    settings.put(session, "billing.late_fee_rate", "0.0005", park.id)
    return park


def _fees(session) -> list[Charge]:
    return list(session.scalars(select(Charge).where(Charge.kind == "penalty").order_by(Charge.id)))


def test_charged_once_per_bill_and_month(session, agreed):
    f = firm(session)
    one = bill(session, f, "10000", MAR1, DUE)
    receipts.receive(session, firm_id=f.id, amount=D(6000), received_on=date(2026, 3, 21), allocate=[(one.id, D(6000))])
    call = {"park_id": agreed.id, "month": MAR1, "today": APR1}
    assert late_fees.charge_fees(session, **call) == {"charged": 1, "above_cap": 0}
    fee = _fees(session)[0]
    assert (fee.gross, fee.treatment, fee.source, fee.source_id, fee.period_from) == (
        D(72),
        "outside",
        "billing.bill",
        one.id,
        date(2026, 3, 11),
    )
    assert late_fees.charge_fees(session, **call) == {"charged": 0, "above_cap": 0}
    assert late_fees.charge_last_month(session, on=date(2026, 5, 1), park_id=agreed.id)["charged"] == 1
    assert [c.gross for c in _fees(session)] == [D(72), D(60)]
    with pytest.raises(RuleError, match="not over"):
        late_fees.charge_fees(session, park_id=agreed.id, month=APR1, today=APR30)


def test_no_fee_without_an_agreed_rate_and_none_on_a_fee(session, park):
    f = firm(session)
    bill(session, f, "10000", MAR1, DUE)
    assert late_fees.due_fees(session, park_id=park.id, month=MAR1) == []
    settings.put(session, "billing.late_fee_rate", "0.0005", park.id)
    bill(session, f, "500", MAR1, DUE, item="late_fee", kind="penalty")
    assert [d.principal for d in late_fees.due_fees(session, park_id=park.id, month=MAR1)] == [D(10000)]


def test_above_the_cap_a_person_decides(session, agreed):
    settings.put(session, "billing.late_fee_cap", 1, agreed.id)
    bill(session, firm(session), "10000", MAR1, DUE)
    call = {"park_id": agreed.id, "month": MAR1, "today": APR1}
    assert late_fees.charge_fees(session, **call) == {"charged": 0, "above_cap": 1}
    assert late_fees.charge_fees(session, **call, over_cap=True) == {"charged": 1, "above_cap": 1}


def _asked(as_role, session, posted: bool):
    f = firm(session)
    bill(session, f, "10000", MAR1, DUE)
    late_fees.charge_fees(session, park_id=f.park_id, month=MAR1, today=APR1)
    line = _fees(session)[0]
    if posted:
        draft = bills.make_bill(session, firm_id=f.id, charge_ids=[line.id], issued_on=APR1)
        posting.post_bill(session, draft, on=APR1)
    session.commit()
    with as_role("finance") as s:
        row = late_fees.request_waiver(s, charge_id=line.id, amount=D(100), asked_on=APR1, reason="首次逾期")
        s.commit()
    return line.id, row.id


@pytest.mark.parametrize("posted", [False, True], ids=["waiting", "billed"])
def test_waived_by_a_second_person_as_a_line_of_its_own(as_role, session, agreed, posted):
    line_id, row_id = _asked(as_role, session, posted)
    with as_role("finance") as s:
        row = s.get(late_fees.FeeWaiver, row_id)
        with pytest.raises(RuleError) as refused:
            late_fees.approve_waiver(s, row)
        assert refused.value.codes == ["approval.own"]
    with as_role("finance") as s, pytest.raises(RuleError):
        late_fees.request_waiver(s, charge_id=line_id, amount=D(5), asked_on=APR1, reason="x")  # one waits already
    with as_role("operations_manager") as s:
        late_fees.approve_waiver(s, s.get(late_fees.FeeWaiver, row_id))
        s.commit()
    with as_role("finance") as s:
        row = late_fees.apply_waiver(s, s.get(late_fees.FeeWaiver, row_id), on=APR1)
        waiver = s.get(Charge, row.line_id)
        assert (waiver.kind, waiver.gross, waiver.corrects_id, waiver.approval_id) == ("waiver", D(-100), line_id, row.approval_id)
        assert (row.state, row.credit_id is not None) == ("applied", posted)
        if posted:
            assert s.get(Bill, s.get(Charge, line_id).bill_id).settled == D(100)
        with pytest.raises(RuleError, match=r"5\.00"):
            late_fees.request_waiver(s, charge_id=line_id, amount=D("5.01"), asked_on=APR1, reason="x")


def test_who_may(as_role, park):
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        late_fees.charge_fees(s, park_id=park.id, month=MAR1, today=APR1)
