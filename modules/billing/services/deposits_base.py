"""What every movement of a deposit shares: the lock, the effective part, the entry with the movement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.money import round_fen

from ..models.deposit import DEPOSIT_KINDS, Deposit, DepositMove
from ..models.receipt import Receipt
from . import ledger
from .allocations import role_id, settled_again

SOURCE = "billing.deposit"
EARNEST_SHARE = Decimal("0.2")  # Civil Code 586: at most 20 % of the subject amount has the effect of earnest money


def effective(deposit: Deposit) -> Decimal:
    """How much of what is held has the effect of its kind: all of it, of earnest money at most 20 % of the subject (D-03)."""
    if deposit.kind != "earnest" or deposit.subject_amount is None:
        return deposit.held
    return min(deposit.held, round_fen(deposit.subject_amount * EARNEST_SHARE))


def lock_deposit(session: Any, deposit: Deposit) -> Deposit:
    """The deposit's row, locked and read anew."""
    return session.scalars(
        select(Deposit).where(Deposit.id == deposit.id).with_for_update(of=Deposit).execution_options(populate_existing=True)
    ).one()


def _entry(session: Any, deposit: Deposit, amount: Decimal, on: date, others: list[Any]) -> Any:
    """The posted entry: the leg of the deposit's own account, and the others."""
    own = ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), credit=amount, firm_id=deposit.firm_id)
    memo = f"{deposit.number} {DEPOSIT_KINDS.label(deposit.kind)}"
    return ledger.post(
        session,
        park_id=deposit.park_id,
        kind="deposit",
        on=on,
        memo=memo,
        source=SOURCE,
        source_id=deposit.id,
        legs=[*others, own] if amount > 0 else [own, *others],
    )


def write_move(
    session: Any,
    deposit: Deposit,
    kind: str,
    amount: Decimal,
    on: date,
    others: list[Any],
    *,
    entry: Any = None,
    reason: str | None = None,
    reverses: DepositMove | None = None,
    receipt: Receipt | None = None,
    bank_account_id: int | None = None,
) -> DepositMove:
    """One movement with its entry: the leg of the deposit's own account, and the others."""
    if entry is None:
        entry = _entry(session, deposit, amount, on, others)
    move = DepositMove(
        park_id=deposit.park_id,
        deposit_id=deposit.id,
        kind=kind,
        on_date=on,
        amount=amount,
        entry_id=entry.id,
        reason=(reason or "").strip() or None,
        reverses_id=reverses.id if reverses is not None else None,
        receipt_id=receipt.id if receipt is not None else None,
        bank_account_id=bank_account_id,
        posted_at=now(),
        posted_by=scope_of(session).user_name,
    )
    session.add(move)
    session.flush()
    settled_again(session, deposit)
    return move


def enough(deposit: Deposit, amount: Decimal, limit: Decimal, problems: Problems) -> None:
    if amount is None or amount <= 0:
        problems.add("billing.D-05", _l("Enter the amount, above zero."), "amount")
    elif amount > limit:
        problems.add(
            "billing.D-05",
            _l("Deposit %(number)s has only %(held)s. Enter that amount or less.", number=deposit.number, held=limit),
            "amount",
        )


def reserved(session: Any, deposit: Deposit) -> Decimal:
    """What open refund requests have set aside of it."""
    from .refunds import reserved_of

    return reserved_of(session, deposit=deposit)
