"""Deposits: agreed, received, offset, moved on, refunded, forfeited, returned double. Rules D-01 to D-14 of the README.

Pledged deposit, performance bond and earnest money stand in accounts of their own and are never mixed (Civil Code 586–588;
interpretation on contracts 67: what is not called earnest money is none). No income and no invoice until one is forfeited."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import sequences
from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.deposit import DEPOSIT_KINDS, Deposit, DepositMove
from ..models.receipt import Receipt
from . import ledger
from .allocations import Pairs, check_pairs, lock_bills, money_account, open_bills, role_id, settled_again, standing, undo_allocation
from .allocations import allocate as allocate_receipt
from .allocations import plan as plan_of
from .deposits_base import SOURCE, effective, enough, lock_deposit, reserved, write_move
from .deposits_end import earnest_used, forfeit_deposit, give_back, penalty_claimed, return_double, reverse_move
from .receipts import record


def _may_agree(kind: str, agreed: Decimal, subject_amount: Decimal | None, problems: Problems) -> None:
    """D-01 kind and amount, D-03 the subject amount of earnest money."""
    if kind not in DEPOSIT_KINDS:
        problems.add("billing.D-01", _l("Choose the kind: pledged deposit, performance bond or earnest money."), "kind")
    if agreed is None or agreed <= 0:
        problems.add("billing.D-01", _l("Enter the amount agreed, above zero."), "agreed")
    if kind == "earnest" and not (subject_amount or 0) > 0:
        problems.add(
            "billing.D-03", _l("Earnest money needs the amount of the main contract: only 20 % of it has that effect."), "subject_amount"
        )


def agree_deposit(
    session: Any,
    *,
    firm_id: int,
    kind: str,
    agreed: Decimal,
    source: str | None = None,
    source_id: int | None = None,
    subject_amount: Decimal | None = None,
    due_on: date | None = None,
    note: str | None = None,
) -> Deposit:
    """Note a deposit that a contract asks for; nothing is posted yet. Earnest money names its subject amount (D-03)."""
    access.require(session, SOURCE, "add")
    firm, problems = session.get(Firm, firm_id), Problems()
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    _may_agree(kind, agreed, subject_amount, problems)
    problems.stop()
    number = sequences.next_number(session, SOURCE, firm.park_id, due_on or now().date())
    deposit = Deposit(
        number=number,
        park_id=firm.park_id,
        firm_id=firm.id,
        kind=kind,
        agreed=agreed,
        held=Decimal(0),
        source=source,
        source_id=source_id,
        subject_amount=subject_amount,
        due_on=due_on,
        note=note,
    )
    session.add(deposit)
    session.flush()
    return deposit


def change_deposit(
    session: Any,
    deposit: Deposit,
    *,
    agreed: Decimal,
    subject_amount: Decimal | None = None,
    due_on: date | None = None,
    note: str | None = None,
) -> Deposit:
    """Change what was agreed, never below what is held; kind and firm stay (D-02)."""
    access.require(session, SOURCE, "change")
    problems = Problems()
    if agreed is None or agreed <= 0 or agreed < deposit.held:
        problems.add("billing.D-01", _l("The amount agreed cannot be below what is held (%(held)s).", held=deposit.held), "agreed")
    if deposit.kind == "earnest" and not (subject_amount or 0) > 0:
        problems.add(
            "billing.D-03", _l("Earnest money needs the amount of the main contract: only 20 % of it has that effect."), "subject_amount"
        )
    problems.stop()
    deposit.agreed, deposit.subject_amount, deposit.due_on, deposit.note = agreed, subject_amount, due_on, note
    session.flush()
    return deposit


def receive_deposit(
    session: Any, deposit: Deposit, *, amount: Decimal, on: date, kind: str = "bank", bank_account_id: int | None = None
) -> DepositMove:
    """Money of a deposit arrives: Dr bank or cash, Cr the account of its kind. Never more than agreed (D-04)."""
    access.require(session, "billing.deposit_move", "add")
    deposit, problems = lock_deposit(session, deposit), Problems()
    if amount is None or amount <= 0:
        problems.add("billing.D-04", _l("Enter the amount, above zero."), "amount")
    elif deposit.held + amount > deposit.agreed:
        problems.add(
            "billing.D-04",
            _l("Agreed are %(agreed)s, held are %(held)s. Record the rest as a receipt.", agreed=deposit.agreed, held=deposit.held),
            "amount",
        )
    problems.stop()
    return write_move(
        session,
        deposit,
        "received",
        amount,
        on,
        [ledger.Leg(money_account(session, kind, bank_account_id), debit=amount)],
        bank_account_id=bank_account_id,
    )


def offset_deposit(session: Any, deposit: Deposit, *, amount: Decimal, on: date, pairs: Pairs | None = None) -> Receipt:
    """Set a deposit off against the firm's bills (named, or by the park's rule): an offset receipt, Dr the account of the
    kind, Cr receivable. Only as much as bills are open (D-06)."""
    access.require(session, "billing.deposit_move", "add")
    deposit = lock_deposit(session, deposit)
    bills = (
        lock_bills(session, [i for i, _a in pairs])
        if pairs is not None
        else {b.id: b for b in open_bills(session, deposit.firm_id, lock=True)}
    )
    problems = Problems()
    enough(deposit, amount, deposit.held - reserved(session, deposit), problems)
    problems.stop()
    ordered = sorted(bills.values(), key=lambda b: (b.due_on, b.id))
    wanted = list(pairs) if pairs is not None else plan_of(session, ordered, amount, "setting", on).pairs()
    check_pairs(bills, wanted, amount, deposit.firm_id)
    if sum((a for _i, a in wanted), Decimal(0)) != amount:
        problems.add(
            "billing.D-06",
            _l("Only %(sum)s can be set off against bills. Refund the rest instead.", sum=sum((a for _i, a in wanted), Decimal(0))),
            "amount",
        )
    problems.stop()
    receipt = record(
        session,
        park_id=deposit.park_id,
        firm=session.get(Firm, deposit.firm_id),
        amount=amount,
        on=on,
        kind="offset",
        entry_kind="offset",
        memo=str(_l("Deposit %(number)s set off", number=deposit.number)),
        source=SOURCE,
        source_id=deposit.id,
        legs=[
            ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), debit=amount, firm_id=deposit.firm_id),
            ledger.Leg(role_id(session, "advance"), credit=amount, firm_id=deposit.firm_id),
        ],
    )
    write_move(session, deposit, "offset", -amount, on, [], entry=session.get(ledger.LedgerEntry, receipt.entry_id), receipt=receipt)
    allocate_receipt(session, receipt, pairs=wanted, on=on)
    return receipt


def _locked_by_id(session: Any, ids: list[int]) -> dict[int, Deposit]:
    """The deposits, locked in the order of their ids and read anew."""
    return {
        d.id: d
        for d in session.scalars(
            select(Deposit)
            .where(Deposit.id.in_(ids))
            .order_by(Deposit.id)
            .with_for_update(of=Deposit)
            .execution_options(populate_existing=True)
        )
    }


def _may_move(deposit: Deposit, other: Deposit | None, amount: Decimal, between_firms: bool, problems: Problems) -> None:
    """D-07 whose the other deposit is, D-02 its kind, D-04 no more than was agreed."""
    if other is None or other is deposit or other.park_id != deposit.park_id or (other.firm_id != deposit.firm_id and not between_firms):
        problems.add("billing.D-07", _l("Choose another deposit of the same firm."), "to_id")
    elif other.kind != deposit.kind:
        problems.add("billing.D-02", _l("A deposit of one kind is never used for another. Refund it and receive the other one."), "to_id")
    elif other.held + amount > other.agreed:
        problems.add(
            "billing.D-04",
            _l("Agreed are %(agreed)s, held are %(held)s. Record the rest as a receipt.", agreed=other.agreed, held=other.held),
            "amount",
        )


def move_deposit(
    session: Any, deposit: Deposit, *, to_id: int, amount: Decimal, on: date, between_firms: bool = False
) -> tuple[DepositMove, DepositMove]:
    """Carry a deposit over to another one of the same firm and kind (a renewed lease). Another kind is refused (D-02).
    between_firms: the lease was transferred and both firms signed that its deposits go with it (leasing, C-33)."""
    access.require(session, "billing.deposit_move", "add")
    found = _locked_by_id(session, [deposit.id, to_id])
    deposit, other, problems = found[deposit.id], found.get(to_id), Problems()
    _may_move(deposit, other, amount, between_firms, problems)
    enough(deposit, amount, deposit.held - reserved(session, deposit), problems)
    problems.stop()
    account = role_id(session, f"deposit_{deposit.kind}")
    entry = ledger.post(
        session,
        park_id=deposit.park_id,
        kind="deposit",
        on=on,
        memo=f"{deposit.number} → {other.number}",
        source=SOURCE,
        source_id=deposit.id,
        legs=[ledger.Leg(account, debit=amount, firm_id=deposit.firm_id), ledger.Leg(account, credit=amount, firm_id=other.firm_id)],
    )
    common = {
        "park_id": deposit.park_id,
        "kind": "moved",
        "on_date": on,
        "entry_id": entry.id,
        "posted_at": now(),
        "posted_by": scope_of(session).user_name,
    }
    moves = DepositMove(deposit_id=deposit.id, amount=-amount, **common), DepositMove(deposit_id=other.id, amount=amount, **common)
    session.add_all(moves)  # one statement: the trigger looks at both together
    session.flush()
    settled_again(session, deposit, other)
    return moves


def refund_deposit(session: Any, deposit: Deposit, *, amount: Decimal, on: date, reason: str | None = None, **payee: Any) -> Any:
    """Ask to pay a deposit back (D-08). The money leaves with `refunds.pay_refund` once another person has approved."""
    from .refunds import request_refund

    return request_refund(session, deposit=deposit, amount=amount, on=on, reason=reason or str(_l("Deposit returned")), **payee)


def pay_out_deposit(session: Any, deposit: Deposit, *, amount: Decimal, on: date, bank_account_id: int | None, reason: str) -> DepositMove:
    """The money of an approved refund leaves: Dr the account of the kind, Cr bank or cash. Called by `refunds` only."""
    deposit, problems = lock_deposit(session, deposit), Problems()
    enough(deposit, amount, deposit.held, problems)
    problems.stop()
    out_of = money_account(session, "cash" if bank_account_id is None else "bank", bank_account_id)
    return write_move(
        session, deposit, "refunded", -amount, on, [ledger.Leg(out_of, credit=amount)], reason=reason, bank_account_id=bank_account_id
    )


__all__ = [
    "agree_deposit",
    "change_deposit",
    "earnest_used",
    "effective",
    "forfeit_deposit",
    "give_back",
    "move_deposit",
    "offset_deposit",
    "pay_out_deposit",
    "penalty_claimed",
    "receive_deposit",
    "refund_deposit",
    "return_double",
    "reverse_move",
    "standing",
    "undo_allocation",
]
