"""Statements of account (对账单): opening + charges + adjustments + relief + penalty − paid = closing, each term on its own.

The balance is what the firm owes less its advances: accounts receivable and advance of the ledger together (R-23). Terms come
from the documents, the balance at both ends from the ledger; `difference` must be zero and `parkops check` proves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, and_, case, func, literal, or_, select, type_coerce

from modules.tenants.models.firm import Firm
from parkops import money
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _l, _n
from parkops.security import access

from ..models.bill import Bill
from ..models.charge import Charge
from ..models.ledger import LedgerEntry, LedgerLine
from ..models.receipt import Receipt
from ..models.statement import AccountStatement
from .allocations import role_id

RESOURCE = "billing.statement"
TERMS = ("charges", "adjustments", "relief", "penalty", "paid")
FEN = BigInteger


@dataclass
class Line:
    """One document on a statement, in order of day. `amounts` by term; `balance` after it."""

    on: date
    resource: str
    record_id: int
    number: str
    text: str
    amounts: dict[str, Decimal]
    balance: Decimal = money.ZERO


@dataclass
class Statement:
    """A firm's account over days `start` to `end`, both included. Amounts in yuan."""

    firm_id: int
    start: date
    end: date
    opening: Decimal = money.ZERO
    closing: Decimal = money.ZERO
    terms: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(TERMS, money.ZERO))
    lines: list[Line] = field(default_factory=list)

    @property
    def computed(self) -> Decimal:
        """Opening and terms; equals `closing` when books and documents agree."""
        t = self.terms
        return self.opening + t["charges"] + t["adjustments"] + t["relief"] + t["penalty"] - t["paid"]

    @property
    def difference(self) -> Decimal:
        return self.closing - self.computed


def term_of() -> Any:
    """SQL: the term a charge line counts to. Credited charges, discounts and waivers are adjustments."""
    return case(
        (Charge.kind == "relief", "relief"),
        (Charge.kind == "penalty", "penalty"),
        (and_(Charge.kind == "charge", Bill.kind == "bill"), "charges"),
        else_="adjustments",
    )


def accounts_of(session: Any) -> list[int]:
    return [role_id(session, "receivable"), role_id(session, "advance")]


def ledger_balances(session: Any, on: date, firm_ids: list[int] | None = None) -> dict[int, Decimal]:
    """Receivable less advance of the ledger at the end of a day, by firm; zero ones are left out."""
    amount = func.sum(type_coerce(LedgerLine.debit, FEN) - type_coerce(LedgerLine.credit, FEN))
    query = (
        select(LedgerLine.firm_id, amount)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(LedgerLine.account_id.in_(accounts_of(session)), LedgerLine.firm_id.is_not(None), LedgerEntry.entry_date <= on)
    )
    query = query.where(LedgerLine.firm_id.in_(firm_ids)) if firm_ids is not None else query
    return {f: money.yuan(int(a)) for f, a in session.execute(query.group_by(LedgerLine.firm_id)) if a}


def _charged(start: date, end: date) -> Any:
    term = term_of().label("term")
    return (
        select(Bill.firm_id, term, func.sum(type_coerce(Charge.gross, FEN)).label("amount"))
        .join(Bill, Bill.id == Charge.bill_id)
        .where(Bill.state != "draft", Bill.issued_on >= start, Bill.issued_on <= end)
        .group_by(Bill.firm_id, term)
    )


def statements(session: Any, start: date, end: date, firm_ids: list[int] | None = None) -> dict[int, Statement]:
    """Statements of many firms, without lines; set-based."""
    access.require(session, RESOURCE, "read")
    if end < start:
        problems = Problems()
        problems.add("billing.R-23", _l("The last day lies before the first. Check both."), "end")
        problems.stop()
    opening, closing = ledger_balances(session, start - timedelta(days=1), firm_ids), ledger_balances(session, end, firm_ids)
    out: dict[int, Statement] = {}

    def of(firm_id: int) -> Statement:
        return out.setdefault(firm_id, Statement(firm_id, start, end, opening.get(firm_id, money.ZERO), closing.get(firm_id, money.ZERO)))

    for firm_id in {*opening, *closing}:
        of(firm_id)
    charged = _charged(start, end)
    for firm_id, term, amount in session.execute(charged.where(Bill.firm_id.in_(firm_ids)) if firm_ids is not None else charged):
        of(firm_id).terms[term] += money.yuan(int(amount))
    for query, term in ((_money_lines(session, start, end), "paid"), (_other_lines(session, start, end), "adjustments")):
        query = query.where(LedgerLine.firm_id.in_(firm_ids)) if firm_ids is not None else query
        for firm_id, amount in session.execute(query.group_by(LedgerLine.firm_id)):
            of(firm_id).terms[term] += money.yuan(int(amount)) * (-1 if term == "paid" else 1)
    return out


def _dated(session: Any, start: date, end: date) -> Any:
    """Movement (debit − credit) of receivable and advance by firm in the days."""
    return (
        select(LedgerLine.firm_id, func.sum(type_coerce(LedgerLine.debit, FEN) - type_coerce(LedgerLine.credit, FEN)))
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(
            LedgerLine.account_id.in_(accounts_of(session)),
            LedgerLine.firm_id.is_not(None),
            LedgerEntry.entry_date >= start,
            LedgerEntry.entry_date <= end,
        )
    )


def _money_lines(session: Any, start: date, end: date) -> Any:
    """Receipts, refunds of them, reversals, from the day the payer is known. Allocations cancel out between the two accounts."""
    return _dated(session, start, end).where(LedgerEntry.source == "billing.receipt")


def _other_lines(session: Any, start: date, end: date) -> Any:
    """Entries on the two accounts that come from no bill and no receipt (manual ones, relief to be refunded)."""
    return _dated(session, start, end).where(
        or_(LedgerEntry.source.is_(None), LedgerEntry.source.not_in(("billing.receipt", "billing.bill")))
    )


def statement(session: Any, firm: Firm, start: date, end: date) -> Statement:
    """The statement of one firm with its lines."""
    found = statements(session, start, end, [firm.id]).get(firm.id) or Statement(firm.id, start, end)
    found.lines = sorted(
        [*_bill_lines(session, firm.id, start, end), *_entry_lines(session, firm.id, start, end)],
        key=lambda x: (x.on, x.resource, x.record_id),
    )
    balance = found.opening
    for line in found.lines:
        balance += sum(line.amounts.values()) - 2 * line.amounts.get("paid", money.ZERO)
        line.balance = balance
    return found


def _bill_lines(session: Any, firm_id: int, start: date, end: date) -> list[Line]:
    rows: dict[int, Line] = {}
    term_ = term_of().label("term")
    query = (
        select(Bill.id, Bill.issued_on, Bill.number, Bill.kind, Bill.month, term_, func.sum(type_coerce(Charge.gross, FEN)))
        .join(Charge, Charge.bill_id == Bill.id)
        .where(Bill.firm_id == firm_id, Bill.state != "draft", Bill.issued_on >= start, Bill.issued_on <= end)
        .group_by(Bill.id, term_)
        .order_by(Bill.issued_on, Bill.id)
    )
    for bill_id, on, number, kind, month, term, amount in session.execute(query):
        text = _l("Bill of %(month)s", month=f"{month:%Y-%m}") if kind == "bill" else _l("Credit note")
        line = rows.setdefault(bill_id, Line(on, "billing.bill", bill_id, number, str(text), {}))
        line.amounts[term] = line.amounts.get(term, money.ZERO) + money.yuan(int(amount))
    return list(rows.values())


def _entry_lines(session: Any, firm_id: int, start: date, end: date) -> list[Line]:
    """One line for each entry that moved the balance and is no bill's."""
    amount = func.sum(type_coerce(LedgerLine.debit, FEN) - type_coerce(LedgerLine.credit, FEN))
    query = (
        select(
            LedgerEntry.entry_date,
            LedgerEntry.source,
            LedgerEntry.source_id,
            LedgerEntry.id,
            LedgerEntry.number,
            LedgerEntry.memo,
            Receipt.number,
            amount,
        )
        .join(LedgerLine, LedgerLine.entry_id == LedgerEntry.id)
        .outerjoin(Receipt, and_(LedgerEntry.source == "billing.receipt", Receipt.id == LedgerEntry.source_id))
        .where(
            LedgerLine.firm_id == firm_id,
            LedgerLine.account_id.in_(accounts_of(session)),
            LedgerEntry.entry_date >= start,
            LedgerEntry.entry_date <= end,
            func.coalesce(LedgerEntry.source, literal("")) != "billing.bill",
        )
        .group_by(LedgerEntry.id, Receipt.id)
        .having(amount != 0)
        .order_by(LedgerEntry.entry_date, LedgerEntry.id)
    )
    out = []
    for on, source, source_id, entry_id, number, memo, receipt, fen in session.execute(query):
        if source == "billing.receipt":
            out.append(Line(on, source, source_id, receipt or number, memo, {"paid": -money.yuan(int(fen))}))
        else:
            out.append(Line(on, "billing.ledger_entry", entry_id, number, memo, {"adjustments": money.yuan(int(fen))}))
    return out


def issue_statement(session: Any, *, firm_id: int, starts_on: date, ends_on: date, on: date) -> AccountStatement:
    """Keep the figures of a statement as they are sent. Sent anew, an unanswered one takes the new figures (R-24)."""
    access.require(session, RESOURCE, "add")
    firm = session.get(Firm, firm_id)
    made = statements(session, starts_on, ends_on, [firm_id]).get(firm_id) or Statement(firm_id, starts_on, ends_on)
    return _keep(session, firm, made, on)


def _keep(session: Any, firm: Any, made: Statement, on: date) -> AccountStatement:
    row = session.scalars(
        select(AccountStatement).where(
            AccountStatement.firm_id == made.firm_id, AccountStatement.starts_on == made.start, AccountStatement.ends_on == made.end
        )
    ).one_or_none()
    problems = Problems()
    if made.difference:
        problems.add(
            "billing.R-23",
            _l("Documents and ledger differ by %(amount)s. Run the checks before you send this statement.", amount=made.difference),
        )
    if row is not None and row.state == "confirmed":
        problems.add("billing.R-24", _l("The firm has signed this statement. Send one of another period."))
    problems.stop()
    values = {
        "opening": made.opening,
        "closing": made.closing,
        **made.terms,
        "issued_on": on,
        "issued_by": scope_of(session).user_name,
        "state": "issued",
        "answered_on": None,
        "answered_by": None,
        "answer": None,
    }
    if row is None:
        row = AccountStatement(park_id=firm.park_id, firm_id=firm.id, starts_on=made.start, ends_on=made.end, **values)
        session.add(row)
    else:
        for name, value in values.items():
            setattr(row, name, value)
    session.flush()
    return row


def issue_all(session: Any, *, park_id: int, starts_on: date, ends_on: date, on: date) -> str:
    """A statement for every firm of a park with a balance or a movement in the days; signed ones stay."""
    access.require(session, RESOURCE, "add")
    firms = {f.id: f for f in session.scalars(select(Firm).where(Firm.park_id == park_id))}
    signed = set(
        session.scalars(
            select(AccountStatement.firm_id).where(
                AccountStatement.starts_on == starts_on, AccountStatement.ends_on == ends_on, AccountStatement.state == "confirmed"
            )
        )
    )
    made = [
        s
        for i, s in statements(session, starts_on, ends_on).items()
        if i in firms and i not in signed and (s.opening or s.closing or any(s.terms.values()))
    ]
    for found in made:
        _keep(session, firms[found.firm_id], found, on)
    return str(_n("%(n)s statement is ready.", "%(n)s statements are ready.", len(made)))


def confirm_statement(session: Any, row: AccountStatement, *, on: date, answered_by: str, answer: str | None = None) -> AccountStatement:
    """The firm signed it back."""
    return _answer(session, row, "confirmed", on, answered_by, answer)


def dispute_statement(session: Any, row: AccountStatement, *, on: date, answered_by: str, answer: str) -> AccountStatement:
    """The firm disagrees; its words are kept."""
    return _answer(session, row, "disputed", on, answered_by, answer)


def _answer(session: Any, row: AccountStatement, state: str, on: date, who: str, text: str | None) -> AccountStatement:
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if row.state == "confirmed":
        problems.add("billing.R-24", _l("The firm has signed this statement. Send one of another period."))
    if on < row.issued_on:
        problems.add("billing.R-24", _l("The answer cannot lie before the day the statement was sent."), "on")
    if not (who or "").strip():
        problems.add("billing.R-24", _l("Write who signed for the firm."), "answered_by")
    if state == "disputed" and not (text or "").strip():
        problems.add("billing.R-24", _l("Write what the firm disagrees with."), "answer")
    problems.stop()
    row.state, row.answered_on, row.answered_by, row.answer = state, on, who.strip(), (text or "").strip() or None
    session.flush()
    return row


def why_not_answer(session: Any, row: AccountStatement) -> str | None:
    """Why no answer can be recorded, or None."""
    return str(_l("The firm has signed this statement.")) if row.state == "confirmed" else None
