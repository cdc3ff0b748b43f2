"""The papers a firm takes home: receipt, deposit receipt and statement of account, as PDF in both languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D
from io import BytesIO

import pytest
from pypdf import PdfReader
from receipts_help import bank, bill, firm
from sqlalchemy import select

from modules.billing.calc_words import capitals
from modules.billing.models.statement import AccountStatement
from modules.billing.services import deposits, receipts, statements
from parkops import i18n
from parkops.clock import now
from parkops.reports.registry import Request, make

ON = date(2026, 3, 20)
CAPITALS = capitals(D("1200.50"))


def text_of(session, park, name, record, lang):
    with i18n.force_locale(lang):
        pdf = make(session, name, Request(park.id, None, ON, now(), record.id, "陈静"), "pdf")
    assert pdf.startswith(b"%PDF-")
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).replace("\n", "").replace(" ", "")  # a space stands between Chinese and digits


@pytest.mark.parametrize(("lang", "title"), [("zh", "收据"), ("en", "Receipt")])
def test_receipt_slip(session, park, lang, title):
    f = firm(session)
    owed = bill(session, f, "1000.50", date(2026, 3, 1))
    paid = receipts.receive(session, firm_id=f.id, amount=D("1200.50"), received_on=ON, bank_account_id=bank(session).id,
                            payer=f.name, allocate=[(owed.id, D("1000.50"))])
    text = text_of(session, park, "receipt-slip", paid, lang)
    for word in (title, paid.number, f.name, owed.number, "1,200.50", "1,000.50", "200.00", CAPITALS):
        assert word.replace(" ", "") in text, (word, text)


@pytest.mark.parametrize(("lang", "title"), [("zh", "押金"), ("en", "Deposit receipt")])
def test_deposit_slip_says_that_it_is_no_invoice(session, park, lang, title):
    f = firm(session)
    agreed = deposits.agree_deposit(session, firm_id=f.id, kind="pledge", agreed=D("1200.50"), source="test", source_id=f.id)
    deposits.receive_deposit(session, agreed, amount=D("1200.50"), on=ON, kind="cash")
    text = text_of(session, park, "deposit-slip", agreed, lang)
    for word in (title, agreed.number, f.name, "1,200.50", CAPITALS, "发票" if lang == "zh" else "no invoice"):
        assert word.replace(" ", "") in text, (word, text)


@pytest.mark.parametrize(("lang", "title"), [("zh", "对账单"), ("en", "Statement of account")])
def test_statement_shows_how_the_balance_comes_about(session, park, lang, title):
    f = firm(session)
    owed = bill(session, f, "900", date(2026, 2, 1))
    bill(session, f, "600", date(2026, 3, 2))
    receipts.receive(session, firm_id=f.id, amount=D("300"), received_on=date(2026, 3, 9), bank_account_id=bank(session).id,
                     allocate=[(owed.id, D(300))])
    statements.issue_all(session, park_id=park.id, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), on=date(2026, 4, 1))
    row = session.scalars(select(AccountStatement)).one()
    assert row.closing == D(1200)
    text = text_of(session, park, "account-statement", row, lang)
    for word in (title, f.name, "900.00", "600.00", "300.00", "1,200.00", capitals(D(1200))):
        assert word.replace(" ", "") in text, (word, text)
