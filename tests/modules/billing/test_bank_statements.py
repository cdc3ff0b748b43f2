"""Bank files: tables of three banks, CAMT.053, MT940; what does not add up, what is hostile, and the same file twice."""

from __future__ import annotations

import io
from datetime import date

import pytest
from bank_help import ABC, CCB, ICBC, D, bank, english, firm, line, written  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select

from modules.billing import calc_statement as calc
from modules.billing.models.bank import BankLine, BankStatement
from modules.billing.services import bank_files, bank_statements, matching
from parkops.errors import NotAllowed, Refused, RuleError

CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-04-06T08:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>CNY</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">10000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-05</Dt></Dt></Bal>
<Ntry><Amt Ccy="CNY">1090.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-04-02</Dt></BookgDt><AcctSvcrRef>T1</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Dbtr><Nm>甲科技有限公司</Nm></Dbtr></RltdPties><RmtInf><Ustrd>房租 B-2026-000001</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="CNY">10.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-04-03</Dt></BookgDt><AcctSvcrRef>T2</AcctSvcrRef>
<AddtlNtryInf>手续费</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="CNY">99.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts><BookgDt><Dt>2026-04-05</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""
MT940 = (
    ":20:START\n:25:{account}\n:28C:00001/001\n:60F:C260401CNY10000,00\n:61:2604020402C1090,00NTRFNONREF//T1\n"
    ":86:/ORDP/NAME/甲科技有限公司/REMI/B-2026-000001\n:61:2604030403D10,00NCHGNONREF//T2\n:86:手续费\n:62F:C260403CNY{closing}\n"
)
EXPECTED = [
    (date(2026, 4, 2), D("1090.00"), "甲科技有限公司"),
    (date(2026, 4, 3), D("-10.00"), None),
    (date(2026, 4, 5), D("500.00"), "乙软件有限公司"),
]


def table(text: str) -> bytes:
    """The CSV as a workbook."""
    book = Workbook()
    for row in text.splitlines():
        book.active.append(row.split(","))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "content,name,encoding",
    [
        (ICBC, "icbc.csv", "utf-8"),
        (ICBC, "icbc.csv", "gb18030"),
        (CCB, "ccb.csv", "gbk"),
        (ABC, "abc.csv", "utf-8-sig"),
        (table(ICBC), "icbc.xlsx", ""),
    ],
    ids=["icbc", "icbc-gb18030", "ccb-newest-first", "abc-direction", "xlsx"],
)
def test_tables_of_banks(session, park, tmp_path, content, name, encoding):
    """Three layouts give the same lines; the same file again, and a day of it in another file, add nothing."""
    account = bank(session)
    if name == "abc.csv":
        account.number = "6228000000001234567"
    path = written(tmp_path, content, name, encoding)
    row = bank_statements.import_statement(session, path, name, bank_account_id=account.id)
    assert (row.opening, row.turnover, row.closing, row.lines) == (D(10000), D(1580), D(11580), 3)
    lines = session.scalars(select(BankLine).order_by(BankLine.on_date)).all()
    assert [(x.on_date, x.amount, x.payer) for x in lines] == EXPECTED
    assert bank_statements.import_statement(session, path, name, bank_account_id=account.id) is None
    assert session.scalar(select(func.count()).select_from(BankLine)) == 3


def test_overlap_adds_only_what_is_new(session, park, tmp_path):
    account = bank(session)
    first = "\n".join(ICBC.splitlines()[:3])
    bank_statements.import_statement(session, written(tmp_path, first), "a.csv", bank_account_id=account.id)
    row = bank_statements.import_statement(session, written(tmp_path, ICBC), "b.csv", bank_account_id=account.id)
    assert (row.lines, row.known) == (1, 2)
    found = bank_statements.look(session, written(tmp_path, ICBC.replace("2026-04", "2026-05")), "c.csv", bank_account_id=account.id)
    assert found.gap == D(-1580)  # the next month begins where another one ended: lines between are missing


@pytest.mark.parametrize(
    "text,code,said",
    [
        (ICBC.replace("11580.00", "11600.00"), "billing.K-02", "20.00"),
        (ICBC.replace("余额", "其他"), "billing.K-03", "balance"),
        ("账号：9999999999999,,,,,,,,,\n" + ICBC, "billing.K-06", "9999999999999"),
        ("交易日期,对方户名\n2026-04-02,甲\n", "billing.K-04", "Money in"),
    ],
    ids=["does-not-add-up", "no-balances", "other-account", "no-amount"],
)
def test_refused_with_one_sentence(session, park, tmp_path, text, code, said):
    account = bank(session)
    with pytest.raises(RuleError) as refused:
        bank_statements.import_statement(session, written(tmp_path, text), "x.csv", bank_account_id=account.id)
    assert refused.value.codes == [code] and said in str(refused.value)
    assert session.scalar(select(func.count()).select_from(BankStatement)) == 0


def test_typed_balances_are_asserted_too(session, park, tmp_path):
    account, path = bank(session), None
    path = written(tmp_path, ICBC.replace("余额", "其他"))
    with pytest.raises(RuleError, match=r"-0\.01"):
        bank_statements.import_statement(session, path, "x.csv", bank_account_id=account.id, opening=D(10000), closing=D("11579.99"))
    assert (
        bank_statements.import_statement(session, path, "x.csv", bank_account_id=account.id, opening=D(10000), closing=D(11580)).lines == 3
    )


def test_mapping_is_chosen_once_and_remembered(session, park, tmp_path):
    account = bank(session)
    text = "日子,钱进,钱出,剩余\n2026-04-02,100.00,,100.00\n"
    found = bank_statements.look(session, written(tmp_path, text), "x.csv", bank_account_id=account.id)
    assert found.missing
    columns = {"date": 0, "credit": 1, "debit": 2, "balance": 3}
    bank_statements.import_statement(session, written(tmp_path, text), "x.csv", bank_account_id=account.id, columns=columns)
    found = bank_statements.look(session, written(tmp_path, text.replace("100", "200")), "y.csv", bank_account_id=account.id)
    assert (found.columns, len(found.new), found.missing) == (columns, 1, ())


@pytest.mark.parametrize("make,name", [(CAMT, "s.xml"), (MT940, "s.sta")])
def test_camt_and_mt940(session, park, tmp_path, make, name):
    account = bank(session)
    closing = "11080.00" if make is CAMT else "11080,00"
    path = written(tmp_path, make.format(account=account.number, closing=closing), name)
    row = bank_statements.import_statement(session, path, name, bank_account_id=account.id)
    lines = session.scalars(select(BankLine).order_by(BankLine.on_date)).all()
    assert (row.opening, row.closing, [(x.on_date, x.amount, x.payer) for x in lines]) == (D(10000), D(11080), EXPECTED[:2])
    assert "B-2026-000001" in lines[0].text and lines[0].reference.startswith("T1")
    assert bank_statements.import_statement(session, path, name, bank_account_id=account.id) is None
    with pytest.raises(RuleError, match="of account"):
        bank_statements.import_statement(session, path, name, bank_account_id=bank(session).id)
    wrong = written(tmp_path, make.format(account=account.number, closing=closing.replace("080", "090")), name)
    with pytest.raises(RuleError, match=r"10\.00"):
        bank_statements.import_statement(session, wrong, name, bank_account_id=account.id)


BOMB = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Document>&b;</Document>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><Document/>'


@pytest.mark.parametrize(
    "raw",
    [
        BOMB.encode(),
        OUTSIDE.encode(),
        BOMB.encode("utf-16"),
        b"<a>" * 100,
        b"<Document",
        b"<Document xmlns='urn:x'/>",
        b"<?x y?><Document/>",
        b"<html><body>login</body></html>",
    ],
    ids=["entities", "external", "utf-16", "deep", "cut", "other", "instruction", "html"],
)
def test_hostile_xml_is_refused(raw):
    with pytest.raises(Refused):
        bank_files.read_camt(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b":20:x\n",
        b"\xff\xfe\x00",
        b":20:x\n:60F:C260401CNY1,00\n:86:" + b"x" * 3000,
        b":20:x\n:60F:C260401USD1,00\n:61:2604020402C1,00NTRF\n:62F:C260401USD2,00\n",
    ],
    ids=["bare", "binary", "long", "dollars"],
)
def test_hostile_mt940_is_refused(raw):
    with pytest.raises(Refused):
        bank_files.read_mt940(raw)


def test_large_files_are_not_opened(tmp_path):
    path = written(tmp_path, b" " * (bank_files.MAX_BYTES + 1), "s.xml")
    with pytest.raises(Refused, match="5 MiB"):
        bank_files.read(path)


def test_undo_while_nothing_is_matched(session, park, tmp_path):
    account, path = bank(session), written(tmp_path, ICBC)
    row = bank_statements.import_statement(session, path, "x.csv", bank_account_id=account.id)
    matching.accept_line(session, session.scalars(select(BankLine).where(BankLine.amount == D(500))).one(), firm_id=firm(session).id)
    with pytest.raises(RuleError) as refused:
        bank_statements.undo_statement(session, row, reason="falsch")
    assert refused.value.codes == ["billing.K-07"]
    other = bank_statements.import_statement(session, path, "x.csv", bank_account_id=bank(session).id)
    bank_statements.undo_statement(session, other, reason="falsches Konto")
    assert session.scalar(select(func.count()).select_from(BankLine)) == 3
    line(session, account, 1)


def test_who_may(as_role, tmp_path, park):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        bank_statements.import_statement(s, written(tmp_path, ICBC), "x.csv", bank_account_id=1)


entries = st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=1, max_size=12)


@given(entries, st.integers(0, 10**9), st.booleans())
def test_either_way_round_adds_up(fen, opening, newest_first):
    """Balances follow oldest first, whichever way the bank printed; a changed line breaks them; keys are distinct."""
    out, balance = [], opening
    for i, f in enumerate(fen):
        balance += f
        out.append(calc.Entry(date(2026, 4, 1 + i // 4), D(f) / 100, D(balance) / 100))
    printed = out[::-1] if newest_first else out
    parsed = calc.with_balances(calc.Parsed("table", calc.ordered(printed)))
    assert parsed.difference == 0 and calc.broken_at(parsed.entries) is None
    assert len(set(calc.keys(1, out))) == len(out) and calc.keys(1, out) == calc.keys(1, out)
    assert not set(calc.keys(1, out)) & set(calc.keys(2, out))
