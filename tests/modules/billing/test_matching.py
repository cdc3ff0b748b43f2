"""Matching: scores as a table, receipts made from lines, what is refused, and two clerks at once (control without the lock)."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

import pytest
from bank_help import ON, D, bank, bill, firm, line
from receipts_help import balance
from sqlalchemy import func, select, text

from modules.billing import calc_matching as calc
from modules.billing.checks import bank as checks
from modules.billing.models.bank import BankLine, BankMatch, PayerRule
from modules.billing.models.receipt import Receipt
from modules.billing.services import bank_book, deposits, matching, receipts
from modules.tenants.models.firm import FirmName
from parkops.db.session import engine, system_scope
from parkops.errors import NotAllowed, RuleError
from parkops.models import Park

JAN, FEB = date(2026, 1, 31), date(2026, 2, 28)
A = calc.Payer(
    1,
    "甲科技（济宁）有限公司",
    (("name", "甲科技（济宁）有限公司"), ("former_name", "甲电子有限公司"), ("short_name", "甲科技")),
    "91370800MA0000001X",
    (
        calc.OpenBill(11, "B-2026-000011", D(1000), JAN),
        calc.OpenBill(12, "B-2026-000012", D(200), FEB),
        calc.OpenBill(13, "B-2026-000013", D(70), FEB),
    ),
    (calc.OpenDeposit(5, "D-2026-00005", D(3000)),),
)
B = calc.Payer(
    2, "乙软件有限公司", (("name", "乙软件有限公司"), ("short_name", "甲科技")), None, (calc.OpenBill(21, "B-2026-000021", D(1000), JAN),)
)
BOOK = calc.Book({1: A, 2: B}, {"B2026000012": ("bill_number", 1), "L202600007": ("contract", 1)}, {"a:6222000001": 2})


@pytest.mark.parametrize(
    "payer,account,said,amount,firm_id,score,codes,pairs,rest",
    [
        ("甲科技(济宁)有限公司", None, None, "1000", 1, 90, "name one_bill", [(11, "1000")], "0"),
        ("甲科技（济宁） 有限公司", None, "房租", "1270", 1, 88, "name all_bills", [(11, "1000"), (12, "200"), (13, "70")], "0"),
        ("甲电子有限公司", None, None, "1200", 1, 81, "former_name first_due", [(11, "1000"), (12, "200")], "0"),
        ("甲电子有限公司", None, None, "1070", 1, 77, "former_name several", [(11, "1000"), (13, "70")], "0"),
        ("王五", None, "代付 B-2026-000012", "200", 1, 95, "bill_number named_bill", [(12, "200")], "0"),
        ("王五", None, "B2026000012", "150", 1, 65, "bill_number part", [(12, "150")], "0"),
        ("王五", None, "L-2026-00007 房租", "3000", 1, 80, "contract deposit", [], "3000"),
        ("王五", "6222 0000 01", None, "1000", 2, 90, "account one_bill", [(21, "1000")], "0"),
        ("王五", None, "甲科技（济宁）有限公司房租", "1000", 1, 80, "name_in_text one_bill", [(11, "1000")], "0"),
        ("王五", None, "91370800MA0000001X", "1300", 1, 60, "credit_code over", [(11, "1000"), (12, "200"), (13, "70")], "30"),
        ("王五", None, None, "70", 1, 30, "only_amount one_bill", [(13, "70")], "0"),
        ("甲科技（济宁）有限公司", None, "B-2026-000012", "200", 1, 100, "bill_number name named_bill", [(12, "200")], "0"),
    ],
)
def test_scores(payer, account, said, amount, firm_id, score, codes, pairs, rest):
    best = calc.propose(calc.Seen(D(amount), payer, account, said), BOOK)[0]
    assert (best.firm_id, best.score, " ".join(r.code for r in best.reasons)) == (firm_id, score, codes)
    assert (list(best.pairs), best.rest) == ([(i, D(a)) for i, a in pairs], D(rest))


def test_two_firms_with_the_same_evidence_are_left_to_a_person():
    """Both are known as 甲科技 and both owe 1,000: neither is above 70, and both say so."""
    found = calc.propose(calc.Seen(D(1000), "甲科技"), BOOK)
    assert [(p.firm_id, p.score, p.reasons[-1].code) for p in found] == [(1, 70, "unclear"), (2, 70, "unclear")]


@pytest.mark.parametrize("amount,payer", [("1000", "王五"), ("-1000", "甲科技（济宁）有限公司"), ("999", None)])
def test_nothing_is_proposed(amount, payer):
    """Two firms owe this amount and nothing says who paid; money out; nobody owes it."""
    assert calc.propose(calc.Seen(D(amount), payer), BOOK) == []


def test_accept_settles_learns_and_proposes_next_time(session, park):
    f, account = firm(session), bank(session)
    one = bill(session, f, "1000")
    row = line(session, account, "1000", payer=f.name, payer_account="6222000000000001")
    best = bank_book.proposals(session, [row])[row.id][0]
    made = matching.accept_line(session, row, firm_id=f.id, pairs=best.pairs, score=best.score)
    session.refresh(one)
    assert (one.settled, row.state, row.matched) == (D(1000), "matched", D(1000))
    assert (made.source, made.source_id, made.received_on, made.bank_account_id) == ("billing.bank_line", row.id, ON, account.id)
    assert (balance(session, "receivable", f), balance(session, "advance", f)) == (D(0), D(0))
    bill(session, f, "300")
    later = line(session, account, "300", payer="财务个人", payer_account="6222 0000 0000 0001")
    best = bank_book.proposals(session, [later])[later.id][0]
    assert (best.firm_id, best.score, best.reasons[0].code) == (f.id, 90, "account")
    matching.accept_line(session, later, firm_id=f.id, pairs=best.pairs)
    assert session.scalars(select(PayerRule)).one().times == 2


def test_split_partial_and_over_payment(session, park):
    f, other, account = firm(session), firm(session), bank(session)
    one, two, theirs = bill(session, f, "1000"), bill(session, f, "500"), bill(session, other, "300")
    row = line(session, account, "2000")
    matching.accept_line(session, row, firm_id=f.id, pairs=[(one.id, D(1000)), (two.id, D(200))], amount=D(1600))
    assert (row.state, row.matched, balance(session, "advance", f)) == ("open", D(1600), D(-400))
    matching.accept_line(session, row, firm_id=other.id, pairs=[(theirs.id, D(300))])
    for b in (one, two, theirs):
        session.refresh(b)
    assert (row.state, [b.settled for b in (one, two, theirs)]) == ("matched", [D(1000), D(200), D(300)])
    assert checks.match_differences(session) == []


def test_unidentified_and_refusals(session, park):
    f, account = firm(session), bank(session)
    one = bill(session, f, "1000")
    row = line(session, account, "800")
    with pytest.raises(RuleError) as refused:
        matching.accept_line(session, row, firm_id=f.id, pairs=[(one.id, D(900))])
    assert refused.value.codes == ["billing.K-11"]
    with pytest.raises(RuleError) as refused:
        matching.accept_line(session, row, firm_id=f.id, amount=D(801))
    assert refused.value.codes == ["billing.K-10"]
    made = matching.accept_line(session, row)
    assert made.firm_id is None and balance(session, "unidentified") == D(-800)
    with pytest.raises(RuleError) as refused:
        matching.accept_line(session, row, firm_id=f.id)
    assert refused.value.codes == ["billing.K-09"]
    out = line(session, account, "-10", text="手续费")
    assert matching.is_fee(session, out)
    with pytest.raises(RuleError) as refused:
        matching.accept_line(session, out)
    assert refused.value.codes == ["billing.K-10"]
    with pytest.raises(RuleError):
        matching.ignore_line(session, out, reason=" ")
    matching.ignore_line(session, out, reason="手续费")
    assert out.state == "ignored" and matching.reopen_line(session, out).state == "open"


def test_former_name_is_known(session, park):
    f, account = firm(session), bank(session)
    session.add(FirmName(park_id=f.park_id, firm_id=f.id, name="旧名电子有限公司", until=date(2025, 1, 1)))
    one = bill(session, f, "640")
    row = line(session, account, "640", payer="旧名电子有限公司")
    best = bank_book.proposals(session, [row])[row.id][0]
    assert (best.score, best.pairs) == (85, ((one.id, D(640)),))


def test_tie_to_what_is_recorded(session, park):
    f, account = firm(session), bank(session)
    there = receipts.receive(session, firm_id=f.id, amount=D(500), received_on=ON, bank_account_id=account.id)
    row = line(session, account, "500")
    assert [r.id for r in matching.recorded(session, row)[0]] == [there.id]
    tied = matching.tie_line(session, row, receipt_id=there.id)
    assert row.state == "matched"
    with pytest.raises(RuleError) as refused:
        matching.tie_line(session, line(session, account, "500"), receipt_id=there.id)
    assert refused.value.codes == ["billing.K-14"]
    matching.undo_match(session, tied, on=ON, reason="Irrtum")
    assert row.state == "open" and session.scalar(select(func.count()).select_from(Receipt)) == 1  # it stays, only untied
    held = deposits.agree_deposit(session, firm_id=f.id, kind="pledge", agreed=D(3000))
    money = line(session, account, "3000", payer=f.name)
    assert bank_book.proposals(session, [money])[money.id][0].deposit_id == held.id
    matching.receive_deposit_of(session, money, deposit_id=held.id)
    session.refresh(held)
    assert (held.held, money.state) == (D(3000), "matched")


def test_undo_reverses_what_was_made(session, park):
    f, account = firm(session), bank(session)
    one = bill(session, f, "500")
    row = line(session, account, "500")
    matching.accept_line(session, row, firm_id=f.id, pairs=[(one.id, D(500))])
    matching.undo_match(session, session.scalars(select(BankMatch)).one(), on=ON, reason="falsche Firma")
    session.refresh(one)
    assert (one.settled, row.state, balance(session, "bank"), balance(session, "advance", f)) == (D(0), "open", D(0), D(0))
    assert checks.match_differences(session) == []


def test_bulk_counts_first_and_leaves_the_doubtful(session, park):
    f, account = firm(session), bank(session)
    bill(session, f, "1000")
    rows = [
        line(session, account, "1000", payer=f.name),
        line(session, account, "1000", payer=f.name),
        line(session, account, "77", payer=f.name),
    ]
    count, sentence = matching.count_safe(session, rows)
    assert (count, "1,000.00" in sentence) == (1, True)
    matching.accept_safe(session, rows)
    assert [r.state for r in rows] == ["matched", "open", "open"]  # the second would pay the same bill again


def test_who_may(as_role, session, park):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        matching.accept_line(s, BankLine(id=1))


def _two_clerks(guarded: bool, monkeypatch) -> tuple[int, Decimal]:
    """Both have read the line as open before either accepts. (receipts, money in them)."""
    with system_scope("test") as s:
        f = firm(s, s.scalars(select(Park.id).order_by(Park.id)).first())
        ids = f.id, line(s, bank(s, f.park_id), "500").id
    meet = threading.Barrier(2, timeout=30)
    lock = matching.lock_line

    def late(session, row):
        meet.wait()
        return lock(session, row) if guarded else row

    monkeypatch.setattr(matching, "lock_line", late)

    def accept() -> None:
        try:
            with system_scope("clerk") as s:
                matching.accept_line(s, s.get(BankLine, ids[1]), firm_id=ids[0])
        except RuleError:
            pass

    clerks = [threading.Thread(target=accept) for _ in range(2)]
    for c in clerks:
        c.start()
    for c in clerks:
        c.join()
    with system_scope("count") as s:
        return s.execute(select(func.count(), func.sum(Receipt.amount)).select_from(Receipt)).one()


def test_two_clerks_accept_the_same_line(fresh_db, monkeypatch):
    assert _two_clerks(True, monkeypatch) == (1, D(500))


def test_control_without_the_lock_money_comes_twice(fresh_db, monkeypatch):
    """The lock, and behind it the CHECK on the line: with both taken away one line makes two receipts."""
    with engine(owner=True).begin() as c:
        for name in ("matched", "all_matched"):
            c.execute(text(f"ALTER TABLE billing_bank_line DROP CONSTRAINT ck_billing_bank_line_{name}"))
    assert _two_clerks(False, monkeypatch) == (2, D(1000))
