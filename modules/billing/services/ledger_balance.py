"""What the ledger says: balances of accounts over a period (科目余额表), one account's lines with the running balance (明细账),
and one firm's account. All are one select each; closing entries can be left out so that the year's income still shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, case, func, select, type_coerce

from modules.tenants.models.firm import Firm
from parkops.db.types import Money

from ..models.catalogue import Account
from ..models.ledger import LedgerEntry, LedgerLine

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Balance:
    """An account over a period, in yuan. `opening` and `closing`: debit positive, credit negative."""

    account: Account
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal

    @property
    def sides(self) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]:
        """Opening debit and credit, movement debit and credit, closing debit and credit."""
        opening, closing = self.opening, self.closing
        return max(opening, ZERO), max(-opening, ZERO), self.debit, self.credit, max(closing, ZERO), max(-closing, ZERO)


def _total(amount: Any) -> Any:
    return type_coerce(func.coalesce(func.sum(amount), 0), Money)


def trial_balance(session: Any, start: date, end: date, *, park_id: int | None = None, firm_id: int | None = None,
                  closing_entries: bool = True) -> list[Balance]:
    """Every account with entries before `end` (exclusive), by code. One park, or all the session sees."""
    net, inside = LedgerLine.debit - LedgerLine.credit, LedgerEntry.entry_date >= start
    query = select(
        LedgerLine.account_id,
        _total(case((LedgerEntry.entry_date < start, net), else_=0)).label("opening"),
        _total(case((inside, LedgerLine.debit), else_=0)).label("debit"),
        _total(case((inside, LedgerLine.credit), else_=0)).label("credit"),
    ).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).where(LedgerEntry.entry_date < end).group_by(LedgerLine.account_id)
    if park_id is not None:
        query = query.where(LedgerLine.park_id == park_id)
    if firm_id is not None:
        query = query.where(LedgerLine.firm_id == firm_id)
    if not closing_entries:
        query = query.where(LedgerEntry.kind != "closing")
    accounts = {a.id: a for a in session.scalars(select(Account))}
    found = [Balance(accounts[r.account_id], r.opening, r.debit, r.credit, r.opening + r.debit - r.credit) for r in session.execute(query)]
    return sorted(found, key=lambda b: b.account.code)


def totals(rows: list[Balance]) -> tuple[Decimal, ...]:
    """Sums of the six columns; opening, movement and closing each tie when the books are whole."""
    return tuple(sum(column, ZERO) for column in zip(*(r.sides for r in rows), strict=True)) if rows else (ZERO,) * 6


@dataclass(frozen=True)
class Step:
    """A line of an account with the balance behind it (debit positive)."""

    entry_id: int
    number: str
    entry_date: date
    memo: str
    firm: str | None
    firm_id: int | None
    debit: Decimal
    credit: Decimal
    balance: Decimal


def account_ledger(session: Any, account_id: int, start: date, end: date, *, park_id: int | None = None, firm_id: int | None = None,
                   limit: int = 500, offset: int = 0) -> tuple[Decimal, list[Step], int]:
    """Opening balance, a page of lines with the running balance, and how many lines there are in `[start, end)`."""
    net = LedgerLine.debit - LedgerLine.credit
    same = [LedgerLine.account_id == account_id, *([LedgerLine.park_id == park_id] if park_id is not None else []),
            *([LedgerLine.firm_id == firm_id] if firm_id is not None else [])]
    inside = and_(LedgerEntry.entry_date >= start, LedgerEntry.entry_date < end)
    joined = select(LedgerLine.id).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).where(*same)
    opening = session.scalar(joined.with_only_columns(_total(net)).where(LedgerEntry.entry_date < start))
    count = session.scalar(joined.with_only_columns(func.count()).where(inside))
    order = (LedgerEntry.entry_date, LedgerEntry.sequence, LedgerLine.line)
    running = type_coerce(func.sum(net).over(order_by=order), Money).label("running")
    query = select(
        LedgerEntry.id, LedgerEntry.number, LedgerEntry.entry_date, func.coalesce(LedgerLine.memo, LedgerEntry.memo).label("memo"),
        Firm.name.label("firm"), LedgerLine.firm_id, LedgerLine.debit, LedgerLine.credit, running,
    ).select_from(LedgerLine).join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).outerjoin(Firm, Firm.id == LedgerLine.firm_id).where(
        *same, inside).order_by(*order).limit(limit).offset(offset)
    steps = [Step(r.id, r.number, r.entry_date, r.memo, r.firm, r.firm_id, r.debit, r.credit, opening + r.running)
             for r in session.execute(query)]
    return opening, steps, count
