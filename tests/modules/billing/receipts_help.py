"""Builders for the tests of receipts, deposits and balances: firms, posted bills, credit notes, bank accounts."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account, ChargeItem
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.models.receipt import BankAccount
from modules.billing.services import accounts, ledger
from modules.tenants.models.firm import Firm
from parkops import sequences
from parkops.clock import now
from parkops.db.session import scope_of

_n = count(1)
D = Decimal


def firm(s: Any, park_id: int | None = None) -> Firm:
    """A firm of the current park, without lease or stage."""
    row = Firm(name=f"收款测试{next(_n)}有限公司", park_id=park_id or scope_of(s).park_id)
    s.add(row)
    s.flush()
    return row


def bank(s: Any, park_id: int | None = None) -> BankAccount:
    """A bank account kept under the bank account of the chart."""
    n = next(_n)
    row = BankAccount(name=f"基本户{n}", bank="济宁银行", number=f"6222{n:08d}", account_id=accounts.by_role(s, "bank").id,
                      park_id=park_id or scope_of(s).park_id)
    s.add(row)
    s.flush()
    return row


def bill(s: Any, of: Firm, amount: Any = "1000", issued: date = date(2026, 3, 1), due: date | None = None, item: str = "rent",
         kind: str = "charge", source_id: int = 1, credits: Bill | None = None) -> Bill:
    """A posted bill (or, with a negative amount, a credit note) with one line, outside VAT, and its entry."""
    amount, due = D(amount), due or issued + timedelta(days=30)
    row = Bill(park_id=of.park_id, firm_id=of.id, kind="bill" if amount >= 0 else "credit", month=issued.replace(day=1), issued_on=issued,
               due_on=due, state="draft", net=amount, vat=D(0), gross=amount, settled=D(0), reverses_id=credits.id if credits else None)
    s.add(row)
    s.flush()
    thing = s.scalars(select(ChargeItem).where(ChargeItem.code == item)).one()
    s.add(Charge(park_id=of.park_id, key=f"test:{next(_n)}", firm_id=of.id, item_id=thing.id, kind=kind, bill_id=row.id, source="test",
                 source_id=source_id, period_from=issued, period_to=issued + timedelta(days=29), due_on=due, treatment="outside", net=amount,
                 vat=D(0), gross=amount))
    s.flush()
    entry = ledger.post(s, park_id=of.park_id, kind="bill" if amount >= 0 else "credit", on=issued, memo="test", source="billing.bill",
                        source_id=row.id, legs=[ledger.Leg(accounts.by_role(s, "receivable").id, debit=amount, firm_id=of.id),
                                                ledger.Leg(thing.account_id, credit=amount)])
    row.number = sequences.next_number(s, "billing.bill" if amount >= 0 else "billing.credit_note", of.park_id, issued)
    row.state, row.entry_id, row.posted_at, row.posted_by = "posted", entry.id, now(), "test"
    s.flush()
    return row


def balance(s: Any, role: str, of: Firm | None = None, on: date = date(2099, 1, 1)) -> Decimal:
    """Debit less credit of the account of a role."""
    query = select(LedgerLine.debit, LedgerLine.credit).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).join(
        Account, Account.id == LedgerLine.account_id).where(Account.role == role, LedgerEntry.entry_date <= on)
    rows = s.execute(query.where(LedgerLine.firm_id == of.id) if of is not None else query).all()
    return sum((d - c for d, c in rows), D(0))
