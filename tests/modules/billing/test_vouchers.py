"""Manual entries by two people (G33), voucher files, beancount as an independent oracle (G9), income for the tax office.

G9: CI 8 random ledgers, nightly 100."""

from __future__ import annotations

import hashlib
import io
import os
import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from bills_help import posted
from core_help import incubatee
from ledger_help import DAY, D, entries, pair, post
from openpyxl import load_workbook
from sqlalchemy import select

from modules.billing import calc_ledger as calc
from modules.billing.models.catalogue import Account
from modules.billing.models.ledger import LedgerEntry
from modules.billing.models.ledger_manual import ManualEntry, ManualLine
from modules.billing.services import accounts, catalogue, ledger, ledger_balance, ledger_export, ledger_income, ledger_manual
from parkops import approval, attachments
from parkops.errors import NotAllowed, RuleError

NIGHTLY = os.environ.get("PARKOPS_NIGHTLY") == "1"
LEDGERS = 100 if NIGHTLY else 8


# ---- manual entries -----------------------------------------------------------------------------------------------------
def _draft(s, amount="50.00", credit=None, on=DAY):
    manual = ledger_manual.create_manual(s, entry_date=on, memo="计提手续费")
    ledger_manual.create_line(s, manual_id=manual.id, account_id=accounts.by_code(s, "660301").id, debit=D(amount))
    ledger_manual.create_line(s, manual_id=manual.id, account_id=accounts.by_role(s, "bank").id, credit=D(credit or amount))
    return manual


def test_a_manual_entry_takes_two_people(as_role, db):
    with as_role("finance") as s:
        manual = _draft(s)
        ledger_manual.submit_manual(s, manual)
        assert manual.state == "waiting" and manual.total == D("50.00")
        with pytest.raises(RuleError) as own:
            ledger_manual.approve_manual(s, manual)
        assert own.value.codes == ["approval.own"]
        s.commit()
        with as_role("operations_manager") as other:
            theirs = other.get(ManualEntry, manual.id)
            assert ledger_manual.why_not_approve(other, theirs) is None
            ledger_manual.approve_manual(other, theirs)
            other.commit()
            assert theirs.state == "posted" and theirs.entry.kind == "manual" and theirs.entry.posted_by == "operations_manager"
            assert [(i.debit, i.credit) for i in theirs.entry.lines] == [(D("50.00"), 0), (0, D("50.00"))]
            assert ledger.of(other, "billing.manual_entry", theirs.id) == [theirs.entry]


def test_the_preparer_is_one_person(as_role, db):
    """Nobody writes lines into a colleague's draft and then posts it."""
    with as_role("finance") as s:
        manual = _draft(s)
        s.commit()
        with as_role("finance", user="leadership") as other:
            for attempt in (lambda m: ledger_manual.change_manual(other, m, entry_date=DAY, memo="x"),
                            lambda m: ledger_manual.submit_manual(other, m),
                            lambda m: ledger_manual.create_line(other, manual_id=m.id, account_id=accounts.by_role(other, "bank").id, debit=D(1))):
                with pytest.raises(RuleError) as refused:
                    attempt(other.get(ManualEntry, manual.id))
                assert "billing.G-11" in refused.value.codes


@pytest.mark.parametrize("role", ["operations_clerk", "leadership", "auditor", "system_administrator"])
def test_who_has_no_right_prepares_and_posts_nothing(as_role, db, role):
    with as_role("finance") as s:
        manual = ledger_manual.submit_manual(s, _draft(s))
        s.commit()
        with as_role(role) as other:
            with pytest.raises(NotAllowed):
                ledger_manual.create_manual(other, entry_date=DAY, memo="x")
            with pytest.raises(NotAllowed):
                ledger_manual.approve_manual(other, other.get(ManualEntry, manual.id))


def test_what_is_wrong_with_a_draft(session, park):
    manual = _draft(session, credit="49.99")
    with pytest.raises(RuleError) as refused:
        ledger_manual.submit_manual(session, manual)
    assert refused.value.codes == ["billing.G-01"]
    bank = accounts.by_role(session, "bank")
    for debit, credit in ((None, None), (D(1), D(1)), (D(-1), None)):
        with pytest.raises(RuleError) as refused:
            ledger_manual.create_line(session, manual_id=manual.id, account_id=bank.id, debit=debit, credit=credit)
        assert refused.value.codes == ["billing.G-02"]
    line = session.scalars(select(ManualLine).where(ManualLine.manual_id == manual.id, ManualLine.credit > 0)).one()
    ledger_manual.change_line(session, line, account_id=bank.id, credit=D("50.00"))
    assert ledger_manual.why_not_submit(session, manual) is None
    ledger_manual.submit_manual(session, manual)
    with pytest.raises(RuleError):
        ledger_manual.remove_line(session, line)


def test_returned_corrected_posted_reversed(as_role, db):
    with as_role("finance") as s, as_role("operations_manager") as m:
        manual = ledger_manual.submit_manual(s, _draft(s))
        s.commit()
        ledger_manual.return_manual(m, m.get(ManualEntry, manual.id), reason="科目不对")
        m.commit()
        s.expire_all()
        assert manual.state == "draft"
        ledger_manual.submit_manual(s, manual)
        s.commit()
        m.expire_all()
        ledger_manual.approve_manual(m, m.get(ManualEntry, manual.id))
        m.commit()
        s.expire_all()
        back = ledger_manual.propose_reversal(s, manual.entry, on=DAY, reason="重复")
        with pytest.raises(RuleError) as again:
            ledger_manual.propose_reversal(s, manual.entry, on=DAY, reason="重复")
        assert again.value.codes == ["billing.G-13"]
        s.commit()
        ledger_manual.approve_manual(m, m.get(ManualEntry, back.id))
        m.commit()
        s.expire_all()
        assert back.entry.reverses_id == manual.entry_id and back.entry.total == manual.entry.total


def test_a_documents_entry_is_reversed_with_its_document(session, park):
    entry = post(session, park, kind="bill")
    with pytest.raises(RuleError) as refused:
        ledger_manual.propose_reversal(session, entry, on=DAY, reason="x")
    assert refused.value.codes == ["billing.G-13"]


def test_the_year_is_closed_to_the_result(session, park):
    rent, cost, bank = (accounts.by_code(session, c).id for c in ("600101", "6401", "1002"))
    for debit, credit, amount in ((bank, rent, "1000.00"), (cost, bank, "400.00")):
        ledger.post(session, park_id=park.id, kind="manual", on=date(2025, 6, 1), memo="x",
                    legs=[ledger.Leg(debit, D(amount)), ledger.Leg(credit, 0, D(amount))])
    manual = ledger_manual.prepare_closing(session, year=2025)
    assert [(i.account.code, i.debit, i.credit) for i in manual.lines] == [
        ("600101", D("1000.00"), 0), ("6401", 0, D("400.00")), ("4103", 0, D("600.00"))]
    assert manual.entry_date == date(2025, 12, 31) and ledger_manual.why_not_submit(session, manual) is None
    ledger.post(session, park_id=park.id, kind="closing", on=manual.entry_date, memo="结转",
                legs=[ledger.Leg(i.account_id, i.debit, i.credit) for i in manual.lines])
    with pytest.raises(RuleError) as refused:
        ledger_manual.prepare_closing(session, year=2025)
    assert refused.value.codes == ["billing.G-14"]
    whole = {r.account.code: r.closing for r in ledger_balance.trial_balance(session, date(2025, 1, 1), date(2026, 1, 1), park_id=park.id)}
    assert (whole["600101"], whole["6401"], whole["4103"]) == (0, 0, -600)
    shown = ledger_balance.trial_balance(session, date(2025, 1, 1), date(2026, 1, 1), park_id=park.id, closing_entries=False)
    assert {r.account.code: r.closing for r in shown}["600101"] == -1000


# ---- voucher files ------------------------------------------------------------------------------------------------------
def _sheet(session, row):
    with attachments.open_file(session, attachments.of(session, row)[0]) as f:
        content = f.read()
    assert hashlib.sha256(content).hexdigest() == row.sha256
    book = load_workbook(io.BytesIO(content))
    rows = list(book.worksheets[-1].values)
    return [dict(zip(rows[0], r, strict=True)) for r in rows[1:]]


@pytest.mark.parametrize("target,columns,check", [
    ("kingdee", 37, {"FYear": 2026, "FPeriod": 3, "FNumber": 1, "FAccountNum": "1002", "FDebit": 12.34, "FEntryID": 0, "FReference": "V-2026-0000001"}),
    ("yonyou", 33, {"会计期间": 3, "凭证编号": 1, "行号": 1, "科目编码": "1002", "借方金额": 12.34, "凭证类别字": "记", "摘要": "=cmd" + "长" * 56})])
def test_files_for_bookkeeping_systems(session, park, target, columns, check):
    post(session, park, "12.34", memo="=cmd" + "长" * 100)
    row = ledger_export.export_vouchers(session, target=target, starts_on=date(2026, 3, 1), last_day=date(2026, 3, 31))
    lines = _sheet(session, row)
    assert len(lines) == 2 and len(lines[0]) == columns
    assert {k: lines[0][k] for k in check} == check
    debit, credit = ("FDebit", "FCredit") if target == "kingdee" else ("借方金额", "贷方金额")
    assert sum(D(r[debit]) for r in lines) == sum(D(r[credit]) for r in lines) == D("12.34")
    assert (row.vouchers, row.lines, row.total) == (1, 2, D("12.34"))


def test_no_voucher_leaves_twice_unnoticed(session, park):
    span = {"target": "kingdee", "starts_on": date(2026, 3, 1), "last_day": date(2026, 3, 31)}
    with pytest.raises(RuleError):
        ledger_export.export_vouchers(session, **span)
    post(session, park)
    assert ledger_export.export_vouchers(session, **span).vouchers == 1
    with pytest.raises(RuleError) as refused:
        ledger_export.export_vouchers(session, **span)
    assert refused.value.codes == ["billing.G-16"]
    late = post(session, park, on=date(2026, 3, 2))  # dated earlier, posted later: still goes out, once
    row = ledger_export.export_vouchers(session, **span)
    assert row.vouchers == 1 and _sheet(session, row)[0]["FReference"] == late.number
    with pytest.raises(RuleError):
        ledger_export.export_vouchers(session, **span, again=True, reason=" ")
    assert ledger_export.export_vouchers(session, **span, again=True, reason="金蝶账套重建").vouchers == 2
    assert ledger_export.export_vouchers(session, **{**span, "target": "yonyou"}).vouchers == 2
    assert ledger_export.count(session, target="kingdee", park_id=park.id, start=span["starts_on"], last=span["last_day"]) == (2, 2)


def _random_ledger(session, park, rng):
    """Some entries of two to six legs over all accounts, awkward texts included."""
    found = list(session.scalars(select(Account).order_by(Account.id)))
    for i in range(rng.randint(3, 12)):
        debits = [D(rng.randint(1, 10**9)) / 100 for _ in range(rng.randint(1, 3))]
        total, credits = sum(debits), []
        while total > 0:
            part = total if len(credits) == 2 else min(total, D(rng.randint(1, 10**9)) / 100)
            credits.append(part)
            total -= part
        legs = [ledger.Leg(rng.choice(found).id, d) for d in debits] + [ledger.Leg(rng.choice(found).id, 0, c) for c in credits]
        ledger.post(session, park_id=park.id, kind="manual", on=date(2026, 1, 1) + timedelta(days=rng.randint(0, 300)),
                    memo=rng.choice(['He said "no"', "反斜杠 \\ 与\n换行", "普通"]) + str(i), legs=legs)


def test_beancount_agrees(session, park):
    """The exported journal, read by beancount: no errors, and its balances are ours, account by account. 0 differences."""
    from beancount.core import realization
    from beancount.loader import load_string

    compared = 0
    for seed in range(LEDGERS):
        with session.begin_nested() as point:
            _random_ledger(session, park, random.Random(seed))
            text = calc.beancount(ledger_export.voucher_lines(session, [LedgerEntry.park_id == park.id]), "test")
            loaded, errors, _options = load_string(text)
            assert not errors, errors[:3]
            tree = realization.realize(loaded)
            ours = {calc.beancount_account(r.account.kind, r.account.code): r.closing
                    for r in ledger_balance.trial_balance(session, date(2026, 1, 1), date(2027, 1, 1), park_id=park.id)}
            theirs = {name: realization.get(tree, name).balance.get_currency_units("CNY").number for name in ours}
            assert {k: Decimal(v) for k, v in theirs.items()} == ours
            assert sum(1 for x in loaded if type(x).__name__ == "Transaction") == len(entries(session, park))
            compared += len(ours)
            point.rollback()
    assert compared > LEDGERS * 4


def test_control_beancount_sees_a_wrong_leg(session, park):
    from beancount.loader import load_string

    post(session, park, "10.00")
    text = calc.beancount(ledger_export.voucher_lines(session, [LedgerEntry.park_id == park.id]), "test")
    assert not load_string(text)[1]
    assert load_string(text.replace("-10.00 CNY", "-10.01 CNY"))[1]


# ---- income for the tax office ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("lines,ratio,vat,share", [
    ([("exempt", "300.00"), ("taxed", "700.00")], "0.300000", "100.00", "30.00"),
    ([("exempt", "1.00"), ("taxed", "2.00")], "0.333333", "100.00", "33.33"),
    ([("exempt", "100.00"), ("exempt", "-40.00"), ("taxed", "40.00"), ("outside", "999.00")], "0.600000", "0.01", "0.01"),
    ([("taxed", "5.00")], "0.000000", "7.00", "0.00"), ([("outside", "5.00")], None, "7.00", None), ([], None, "7.00", None)])
def test_apportionment(lines, ratio, vat, share):
    found = calc.apportionment((t, D(a)) for t, a in lines)
    assert found.ratio == (D(ratio) if ratio else None)
    assert found.not_creditable(D(vat)) == (D(share) if share else None)


def test_exempt_income_stands_apart(session, park):
    from bills_help import qualified

    where = qualified(session, since=date(2025, 1, 1))
    firm = incubatee(session, on=date(2025, 3, 1), where=where)
    posted(session, firm, "1000.00", item="rent")
    posted(session, firm, "106.00", item="property_fee")
    rows = ledger_income.sales(session, date(2026, 1, 1), date(2026, 2, 1), park_id=park.id)
    assert [(r.carrier, r.treatment, r.net, r.vat) for r in rows] == [
        (where.name, "exempt", D("1000.00"), 0), (where.name, "taxed", D("100.00"), D("6.00"))]
    assert ledger_income.share(rows).ratio == D("0.909091")
    books = {r.account.code: r for r in ledger_balance.trial_balance(session, date(2026, 1, 1), date(2026, 2, 1), park_id=park.id)}
    exempt = sum(-r.closing for r in books.values() if r.account.exempt)
    assert exempt == D("1000.00")
    assert catalogue.by_code(session, "rent").exempt_account.exempt
    assert approval.KINDS["billing.manual"].resource == "billing.manual_entry" and pair(session)
