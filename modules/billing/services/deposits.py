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
from parkops.money import round_fen
from parkops.security import access

from ..models.catalogue import ChargeItem
from ..models.charge import Charge
from ..models.deposit import DEPOSIT_KINDS, Deposit, DepositMove
from ..models.receipt import Allocation, Receipt
from . import accounts, ledger
from .allocations import Pairs, check_pairs, lock_bills, money_account, open_bills, role_id, settled_again, standing, undo_allocation
from .allocations import allocate as allocate_receipt
from .allocations import plan as plan_of
from .receipts import record

SOURCE = "billing.deposit"
EARNEST_SHARE = Decimal("0.2")  # Civil Code 586: at most 20 % of the subject amount has the effect of earnest money
DOUBLE = "671102"  # account of earnest money returned double


def agree_deposit(session: Any, *, firm_id: int, kind: str, agreed: Decimal, source: str | None = None, source_id: int | None = None,
                  subject_amount: Decimal | None = None, due_on: date | None = None, note: str | None = None) -> Deposit:
    """Note a deposit that a contract asks for; nothing is posted yet. Earnest money names its subject amount (D-03)."""
    access.require(session, SOURCE, "add")
    firm, problems = session.get(Firm, firm_id), Problems()
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    if kind not in DEPOSIT_KINDS:
        problems.add("billing.D-01", _l("Choose the kind: pledged deposit, performance bond or earnest money."), "kind")
    if agreed is None or agreed <= 0:
        problems.add("billing.D-01", _l("Enter the amount agreed, above zero."), "agreed")
    if kind == "earnest" and not (subject_amount or 0) > 0:
        problems.add("billing.D-03", _l("Earnest money needs the amount of the main contract: only 20 % of it has that effect."), "subject_amount")
    problems.stop()
    number = sequences.next_number(session, SOURCE, firm.park_id, due_on or now().date())
    deposit = Deposit(number=number, park_id=firm.park_id, firm_id=firm.id, kind=kind, agreed=agreed, held=Decimal(0), source=source,
                      source_id=source_id, subject_amount=subject_amount, due_on=due_on, note=note)
    session.add(deposit)
    session.flush()
    return deposit


def change_deposit(session: Any, deposit: Deposit, *, agreed: Decimal, subject_amount: Decimal | None = None, due_on: date | None = None,
                   note: str | None = None) -> Deposit:
    """Change what was agreed, never below what is held; kind and firm stay (D-02)."""
    access.require(session, SOURCE, "change")
    problems = Problems()
    if agreed is None or agreed <= 0 or agreed < deposit.held:
        problems.add("billing.D-01", _l("The amount agreed cannot be below what is held (%(held)s).", held=deposit.held), "agreed")
    if deposit.kind == "earnest" and not (subject_amount or 0) > 0:
        problems.add("billing.D-03", _l("Earnest money needs the amount of the main contract: only 20 % of it has that effect."), "subject_amount")
    problems.stop()
    deposit.agreed, deposit.subject_amount, deposit.due_on, deposit.note = agreed, subject_amount, due_on, note
    session.flush()
    return deposit


def effective(deposit: Deposit) -> Decimal:
    """How much of what is held has the effect of its kind: all of it, of earnest money at most 20 % of the subject (D-03)."""
    if deposit.kind != "earnest" or deposit.subject_amount is None:
        return deposit.held
    return min(deposit.held, round_fen(deposit.subject_amount * EARNEST_SHARE))


def lock_deposit(session: Any, deposit: Deposit) -> Deposit:
    """The deposit's row, locked and read anew."""
    return session.scalars(select(Deposit).where(Deposit.id == deposit.id).with_for_update(of=Deposit)
                           .execution_options(populate_existing=True)).one()


def receive_deposit(session: Any, deposit: Deposit, *, amount: Decimal, on: date, kind: str = "bank",
                    bank_account_id: int | None = None) -> DepositMove:
    """Money of a deposit arrives: Dr bank or cash, Cr the account of its kind. Never more than agreed (D-04)."""
    access.require(session, "billing.deposit_move", "add")
    deposit, problems = lock_deposit(session, deposit), Problems()
    if amount is None or amount <= 0:
        problems.add("billing.D-04", _l("Enter the amount, above zero."), "amount")
    elif deposit.held + amount > deposit.agreed:
        problems.add("billing.D-04", _l("Agreed are %(agreed)s, held are %(held)s. Record the rest as a receipt.", agreed=deposit.agreed,
                                        held=deposit.held), "amount")
    problems.stop()
    return _move(session, deposit, "received", amount, on, [ledger.Leg(money_account(session, kind, bank_account_id), debit=amount)],
                 bank_account_id=bank_account_id)


def _move(session: Any, deposit: Deposit, kind: str, amount: Decimal, on: date, others: list[Any], *, entry: Any = None, reason: str | None = None,
          reverses: DepositMove | None = None, receipt: Receipt | None = None, bank_account_id: int | None = None) -> DepositMove:
    """One movement with its entry: the leg of the deposit's own account, and the others."""
    if entry is None:
        own = ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), credit=amount, firm_id=deposit.firm_id)
        memo = f"{deposit.number} {DEPOSIT_KINDS.label(deposit.kind)}"
        entry = ledger.post(session, park_id=deposit.park_id, kind="deposit", on=on, memo=memo, source=SOURCE, source_id=deposit.id,
                            legs=[*others, own] if amount > 0 else [own, *others])
    move = DepositMove(park_id=deposit.park_id, deposit_id=deposit.id, kind=kind, on_date=on, amount=amount, entry_id=entry.id,
                       reason=(reason or "").strip() or None, reverses_id=reverses.id if reverses is not None else None,
                       receipt_id=receipt.id if receipt is not None else None, bank_account_id=bank_account_id, posted_at=now(),
                       posted_by=scope_of(session).user_name)
    session.add(move)
    session.flush()
    settled_again(session, deposit)
    return move


def _enough(deposit: Deposit, amount: Decimal, limit: Decimal, problems: Problems) -> None:
    if amount is None or amount <= 0:
        problems.add("billing.D-05", _l("Enter the amount, above zero."), "amount")
    elif amount > limit:
        problems.add("billing.D-05", _l("Deposit %(number)s has only %(held)s. Enter that amount or less.", number=deposit.number, held=limit), "amount")


def reserved(session: Any, deposit: Deposit) -> Decimal:
    """What open refund requests have set aside of it."""
    from .refunds import reserved_of

    return reserved_of(session, deposit=deposit)


def offset_deposit(session: Any, deposit: Deposit, *, amount: Decimal, on: date, pairs: Pairs | None = None) -> Receipt:
    """Set a deposit off against the firm's bills (named, or by the park's rule): an offset receipt, Dr the account of the
    kind, Cr receivable. Only as much as bills are open (D-06)."""
    access.require(session, "billing.deposit_move", "add")
    deposit = lock_deposit(session, deposit)
    bills = lock_bills(session, [i for i, _a in pairs]) if pairs is not None else {
        b.id: b for b in open_bills(session, deposit.firm_id, lock=True)}
    problems = Problems()
    _enough(deposit, amount, deposit.held - reserved(session, deposit), problems)
    problems.stop()
    ordered = sorted(bills.values(), key=lambda b: (b.due_on, b.id))
    wanted = list(pairs) if pairs is not None else plan_of(session, ordered, amount, "setting", on).pairs()
    check_pairs(bills, wanted, amount, deposit.firm_id)
    if sum((a for _i, a in wanted), Decimal(0)) != amount:
        problems.add("billing.D-06", _l("Only %(sum)s can be set off against bills. Refund the rest instead.",
                                        sum=sum((a for _i, a in wanted), Decimal(0))), "amount")
    problems.stop()
    receipt = record(session, park_id=deposit.park_id, firm=session.get(Firm, deposit.firm_id), amount=amount, on=on, kind="offset",
                     entry_kind="offset", memo=str(_l("Deposit %(number)s set off", number=deposit.number)), source=SOURCE, source_id=deposit.id,
                     legs=[ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), debit=amount, firm_id=deposit.firm_id),
                           ledger.Leg(role_id(session, "advance"), credit=amount, firm_id=deposit.firm_id)])
    _move(session, deposit, "offset", -amount, on, [], entry=session.get(ledger.LedgerEntry, receipt.entry_id), receipt=receipt)
    allocate_receipt(session, receipt, pairs=wanted, on=on)
    return receipt


def move_deposit(session: Any, deposit: Deposit, *, to_id: int, amount: Decimal, on: date, between_firms: bool = False) -> tuple[DepositMove, DepositMove]:
    """Carry a deposit over to another one of the same firm and kind (a renewed lease). Another kind is refused (D-02).
    between_firms: the lease was transferred and both firms signed that its deposits go with it (leasing, C-33)."""
    access.require(session, "billing.deposit_move", "add")
    found = {d.id: d for d in session.scalars(select(Deposit).where(Deposit.id.in_([deposit.id, to_id])).order_by(Deposit.id)
                                              .with_for_update(of=Deposit).execution_options(populate_existing=True))}
    deposit, other, problems = found[deposit.id], found.get(to_id), Problems()
    if other is None or other is deposit or other.park_id != deposit.park_id or (other.firm_id != deposit.firm_id and not between_firms):
        problems.add("billing.D-07", _l("Choose another deposit of the same firm."), "to_id")
    elif other.kind != deposit.kind:
        problems.add("billing.D-02", _l("A deposit of one kind is never used for another. Refund it and receive the other one."), "to_id")
    elif other.held + amount > other.agreed:
        problems.add("billing.D-04", _l("Agreed are %(agreed)s, held are %(held)s. Record the rest as a receipt.", agreed=other.agreed,
                                        held=other.held), "amount")
    _enough(deposit, amount, deposit.held - reserved(session, deposit), problems)
    problems.stop()
    account = role_id(session, f"deposit_{deposit.kind}")
    entry = ledger.post(session, park_id=deposit.park_id, kind="deposit", on=on, memo=f"{deposit.number} → {other.number}", source=SOURCE,
                        source_id=deposit.id, legs=[ledger.Leg(account, debit=amount, firm_id=deposit.firm_id),
                                                    ledger.Leg(account, credit=amount, firm_id=other.firm_id)])
    common = {"park_id": deposit.park_id, "kind": "moved", "on_date": on, "entry_id": entry.id, "posted_at": now(),
              "posted_by": scope_of(session).user_name}
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
    _enough(deposit, amount, deposit.held, problems)
    problems.stop()
    out_of = money_account(session, "cash" if bank_account_id is None else "bank", bank_account_id)
    return _move(session, deposit, "refunded", -amount, on, [ledger.Leg(out_of, credit=amount)], reason=reason, bank_account_id=bank_account_id)


def forfeit_deposit(session: Any, deposit: Deposit, *, amount: Decimal | None = None, on: date, reason: str) -> DepositMove:
    """The firm broke the contract: the deposit becomes income (Dr the account of the kind, Cr forfeited deposits). Of earnest
    money only its effective part (D-03), and not beside a contract penalty for the same thing (D-10, Civil Code 588)."""
    access.require(session, SOURCE, "act")
    deposit = lock_deposit(session, deposit)
    amount, problems = effective(deposit) if amount is None else amount, Problems()
    _reasoned(reason, problems)
    _enough(deposit, amount, min(effective(deposit), deposit.held - reserved(session, deposit)), problems)
    _not_both(session, deposit, problems)
    problems.stop()
    return _move(session, deposit, "forfeited", -amount, on, [ledger.Leg(role_id(session, "forfeit"), credit=amount)], reason=reason)


def return_double(session: Any, deposit: Deposit, *, on: date, reason: str, bank_account_id: int | None = None) -> DepositMove:
    """The park broke the contract: earnest money goes back twice, its excess over 20 % once (D-09, Civil Code 587). Dr the
    account of the kind for what was held, Dr expense for the second time, Cr bank or cash."""
    access.require(session, SOURCE, "act")
    deposit, problems = lock_deposit(session, deposit), Problems()
    _reasoned(reason, problems)
    if deposit.kind != "earnest":
        problems.add("billing.D-09", _l("Only earnest money is returned double. Refund this deposit."))
    _enough(deposit, deposit.held, deposit.held - reserved(session, deposit), problems)
    _not_both(session, deposit, problems)
    problems.stop()
    extra, held = effective(deposit), deposit.held
    out_of = money_account(session, "cash" if bank_account_id is None else "bank", bank_account_id)
    legs = [ledger.Leg(accounts.by_code(session, DOUBLE).id, debit=extra), ledger.Leg(out_of, credit=held + extra)]
    return _move(session, deposit, "returned_double", -held, on, legs, reason=reason, bank_account_id=bank_account_id)


def _reasoned(reason: str, problems: Problems) -> None:
    if not (reason or "").strip():
        problems.add("billing.D-11", _l("Write a reason."), "reason")


def _not_both(session: Any, deposit: Deposit, problems: Problems) -> None:
    """D-10: earnest money or the contract penalty, never both (Civil Code 588)."""
    if deposit.kind == "earnest" and penalty_claimed(session, deposit.source, deposit.source_id):
        problems.add("billing.D-10", _l("A contract penalty is charged for the same contract. Choose one: credit the penalty, or leave the earnest money."))


def penalty_claimed(session: Any, source: str | None, source_id: int | None) -> bool:
    """Whether a contract penalty or late fee is charged for a document and not credited again."""
    if source is None:
        return False
    total = select(Charge.gross).join(ChargeItem, ChargeItem.id == Charge.item_id).where(
        Charge.source == source, Charge.source_id == source_id, (Charge.kind == "penalty") | ChargeItem.code.in_(("late_fee", "contract_penalty")))
    return sum(session.scalars(total), Decimal(0)) > 0


def earnest_used(session: Any, source: str, source_id: int) -> bool:
    """Whether earnest money of a document was forfeited or returned double: then no contract penalty is charged (588)."""
    reversed_ = select(DepositMove.reverses_id).where(DepositMove.reverses_id.is_not(None))
    return session.scalar(select(DepositMove.id).join(Deposit, Deposit.id == DepositMove.deposit_id).where(
        Deposit.source == source, Deposit.source_id == source_id, Deposit.kind == "earnest",
        DepositMove.kind.in_(("forfeited", "returned_double")), DepositMove.id.not_in(reversed_)).limit(1)) is not None


def give_back(session: Any, receipt: Receipt, *, on: date, reason: str) -> Receipt:
    """An offset is reversed (its allocations are undone already): the deposit holds the money again. Dr advance, Cr the
    account of the kind."""
    move = session.scalars(select(DepositMove).where(DepositMove.receipt_id == receipt.id, DepositMove.kind == "offset")).one()
    deposit = lock_deposit(session, session.get(Deposit, move.deposit_id))
    back = record(session, park_id=receipt.park_id, firm=session.get(Firm, receipt.firm_id), amount=-receipt.amount, on=on, kind="offset",
                  entry_kind="reversal", memo=str(_l("Receipt %(number)s reversed", number=receipt.number)), reverses=receipt,
                  reference=reason.strip()[:200],
                  legs=[ledger.Leg(role_id(session, "advance"), debit=receipt.amount, firm_id=receipt.firm_id),
                        ledger.Leg(role_id(session, f"deposit_{deposit.kind}"), credit=receipt.amount, firm_id=receipt.firm_id)])
    session.add(Allocation(park_id=receipt.park_id, receipt_id=receipt.id, refund_id=back.id, amount=receipt.amount, on_date=on,
                           made_by=scope_of(session).user_name))
    session.flush()
    _move(session, deposit, "reversed", -move.amount, on, [], entry=session.get(ledger.LedgerEntry, back.entry_id), reason=reason,
          reverses=move, receipt=back)
    settled_again(session, receipt, back)
    return back


def reverse_move(session: Any, move: DepositMove, *, on: date, reason: str) -> DepositMove:
    """Take back a movement entered wrongly (D-12): same legs with the sides exchanged. An offset is reversed at its receipt."""
    access.require(session, SOURCE, "act")
    deposit, problems = lock_deposit(session, session.get(Deposit, move.deposit_id)), Problems()
    _reasoned(reason, problems)
    if move.kind in ("offset", "moved", "reversed") or session.scalar(select(DepositMove.id).where(DepositMove.reverses_id == move.id)):
        problems.add("billing.D-12", _l("This movement is not taken back here: it was reversed already, or belongs to an offset or another deposit."))
    elif deposit.held - move.amount < reserved(session, deposit):
        problems.add("billing.D-05", _l("Deposit %(number)s has only %(held)s. Enter that amount or less.", number=deposit.number, held=deposit.held))
    if on < move.on_date:
        problems.add("billing.D-12", _l("Choose the day of the movement or a later one."), "on")
    problems.stop()
    entry = ledger.reverse(session, session.get(ledger.LedgerEntry, move.entry_id), on=on, memo=f"{deposit.number} ↩")
    return _move(session, deposit, "reversed", -move.amount, on, [], entry=entry, reason=reason, reverses=move, bank_account_id=move.bank_account_id)


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


__all__ = ["agree_deposit", "change_deposit", "earnest_used", "effective", "forfeit_deposit", "give_back", "move_deposit", "offset_deposit",
           "pay_out_deposit", "penalty_claimed", "receive_deposit", "refund_deposit", "return_double", "reverse_move", "standing", "undo_allocation"]
