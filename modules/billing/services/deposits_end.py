"""How a deposit ends otherwise than by set-off or refund: forfeited, returned double, taken back. Rules D-09 to D-12."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.catalogue import ChargeItem
from ..models.charge import Charge
from ..models.deposit import Deposit, DepositMove
from ..models.receipt import Receipt
from . import accounts, ledger
from .allocations import money_account, role_id, settled_again
from .deposits_base import SOURCE, effective, enough, lock_deposit, reserved, write_move
from .receipts import link_back, record

DOUBLE = "671102"  # account of earnest money returned double


def forfeit_deposit(session: Any, deposit: Deposit, *, amount: Decimal | None = None, on: date, reason: str) -> DepositMove:
    """The firm broke the contract: the deposit becomes income (Dr the account of the kind, Cr forfeited deposits). Of earnest
    money only its effective part (D-03), and not beside a contract penalty for the same thing (D-10, Civil Code 588)."""
    access.require(session, SOURCE, "act")
    deposit = lock_deposit(session, deposit)
    amount, problems = effective(deposit) if amount is None else amount, Problems()
    _reasoned(reason, problems)
    enough(deposit, amount, min(effective(deposit), deposit.held - reserved(session, deposit)), problems)
    _not_both(session, deposit, problems)
    problems.stop()
    return write_move(session, deposit, "forfeited", -amount, on, [ledger.Leg(role_id(session, "forfeit"), credit=amount)], reason=reason)


def return_double(session: Any, deposit: Deposit, *, on: date, reason: str, bank_account_id: int | None = None) -> DepositMove:
    """The park broke the contract: earnest money goes back twice, its excess over 20 % once (D-09, Civil Code 587). Dr the
    account of the kind for what was held, Dr expense for the second time, Cr bank or cash."""
    access.require(session, SOURCE, "act")
    deposit, problems = lock_deposit(session, deposit), Problems()
    _reasoned(reason, problems)
    if deposit.kind != "earnest":
        problems.add("billing.D-09", _l("Only earnest money is returned double. Refund this deposit."))
    enough(deposit, deposit.held, deposit.held - reserved(session, deposit), problems)
    _not_both(session, deposit, problems)
    problems.stop()
    extra, held = effective(deposit), deposit.held
    out_of = money_account(session, "cash" if bank_account_id is None else "bank", bank_account_id)
    legs = [ledger.Leg(accounts.by_code(session, DOUBLE).id, debit=extra), ledger.Leg(out_of, credit=held + extra)]
    return write_move(session, deposit, "returned_double", -held, on, legs, reason=reason, bank_account_id=bank_account_id)


def _reasoned(reason: str, problems: Problems) -> None:
    if not (reason or "").strip():
        problems.add("billing.D-11", _l("Write a reason."), "reason")


def _not_both(session: Any, deposit: Deposit, problems: Problems) -> None:
    """D-10: earnest money or the contract penalty, never both (Civil Code 588)."""
    if deposit.kind == "earnest" and penalty_claimed(session, deposit.source, deposit.source_id):
        problems.add(
            "billing.D-10",
            _l("A contract penalty is charged for the same contract. Choose one: credit the penalty, or leave the earnest money."),
        )


def penalty_claimed(session: Any, source: str | None, source_id: int | None) -> bool:
    """Whether a contract penalty or late fee is charged for a document and not credited again."""
    if source is None:
        return False
    total = (
        select(Charge.gross)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(
            Charge.source == source,
            Charge.source_id == source_id,
            (Charge.kind == "penalty") | ChargeItem.code.in_(("late_fee", "contract_penalty")),
        )
    )
    return sum(session.scalars(total), Decimal(0)) > 0


def earnest_used(session: Any, source: str, source_id: int) -> bool:
    """Whether earnest money of a document was forfeited or returned double: then no contract penalty is charged (588)."""
    reversed_ = select(DepositMove.reverses_id).where(DepositMove.reverses_id.is_not(None))
    return (
        session.scalar(
            select(DepositMove.id)
            .join(Deposit, Deposit.id == DepositMove.deposit_id)
            .where(
                Deposit.source == source,
                Deposit.source_id == source_id,
                Deposit.kind == "earnest",
                DepositMove.kind.in_(("forfeited", "returned_double")),
                DepositMove.id.not_in(reversed_),
            )
            .limit(1)
        )
        is not None
    )


def give_back(session: Any, receipt: Receipt, *, on: date, reason: str) -> Receipt:
    """An offset is reversed (its allocations are undone already): the deposit holds the money again. Dr advance, Cr the
    account of the kind."""
    move = session.scalars(select(DepositMove).where(DepositMove.receipt_id == receipt.id, DepositMove.kind == "offset")).one()
    deposit = lock_deposit(session, session.get(Deposit, move.deposit_id))
    back = record(
        session,
        park_id=receipt.park_id,
        firm=session.get(Firm, receipt.firm_id),
        amount=-receipt.amount,
        on=on,
        kind="offset",
        entry_kind="reversal",
        memo=str(_l("Receipt %(number)s reversed", number=receipt.number)),
        reverses=receipt,
        reference=reason.strip()[:200],
        legs=[
            ledger.Leg(role_id(session, "advance"), debit=receipt.amount, firm_id=receipt.firm_id),
            ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), credit=receipt.amount, firm_id=receipt.firm_id),
        ],
    )
    link_back(session, receipt, back, receipt.amount, on)
    write_move(
        session,
        deposit,
        "reversed",
        -move.amount,
        on,
        [],
        entry=session.get(ledger.LedgerEntry, back.entry_id),
        reason=reason,
        reverses=move,
        receipt=back,
    )
    settled_again(session, receipt, back)
    return back


def reverse_move(session: Any, move: DepositMove, *, on: date, reason: str) -> DepositMove:
    """Take back a movement entered wrongly (D-12): same legs with the sides exchanged. An offset is reversed at its receipt."""
    access.require(session, SOURCE, "act")
    deposit, problems = lock_deposit(session, session.get(Deposit, move.deposit_id)), Problems()
    _reasoned(reason, problems)
    if move.kind in ("offset", "moved", "reversed") or session.scalar(select(DepositMove.id).where(DepositMove.reverses_id == move.id)):
        problems.add(
            "billing.D-12", _l("This movement is not taken back here: it was reversed already, or belongs to an offset or another deposit.")
        )
    elif deposit.held - move.amount < reserved(session, deposit):
        problems.add(
            "billing.D-05", _l("Deposit %(number)s has only %(held)s. Enter that amount or less.", number=deposit.number, held=deposit.held)
        )
    if on < move.on_date:
        problems.add("billing.D-12", _l("Choose the day of the movement or a later one."), "on")
    problems.stop()
    entry = ledger.reverse(session, session.get(ledger.LedgerEntry, move.entry_id), on=on, memo=f"{deposit.number} ↩")
    return write_move(
        session, deposit, "reversed", -move.amount, on, [], entry=entry, reason=reason, reverses=move, bank_account_id=move.bank_account_id
    )


def why_not_receive(session: Any, deposit: Deposit) -> str | None:
    """Why nothing more can be received, or None."""
    return str(_l("All that was agreed is held.")) if deposit.held >= deposit.agreed else None


def why_not_use(session: Any, deposit: Deposit) -> str | None:
    """Why it cannot be used, or None."""
    return str(_l("Nothing is held.")) if deposit.held <= 0 else None


def why_not_double(session: Any, deposit: Deposit) -> str | None:
    """Why it cannot be returned double, or None."""
    return str(_l("Only earnest money is returned double.")) if deposit.kind != "earnest" else why_not_use(session, deposit)


def why_not_reverse(session: Any, move: DepositMove) -> str | None:
    """Why a movement cannot be taken back, or None."""
    done = move.kind in ("offset", "moved", "reversed") or session.scalar(select(DepositMove.id).where(DepositMove.reverses_id == move.id))
    return str(_l("It was taken back already, or belongs to an offset or another deposit.")) if done else None
