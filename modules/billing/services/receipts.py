"""Money received: one receipt with its entry and what it settles; unknown payers; reversal. Rules R-01 to R-16 of the README.

Mass payment stands in `receipts_bulk`, allocation in `allocations`, paying back in `refunds`; the names other parts call are
offered here too."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.clock import now
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.receipt import Allocation, BankAccount, Receipt
from . import ledger
from .allocations import (
    add_rows,
    advance_left,
    allocate,
    apply_credit,
    at_hand,
    by_day,
    free_bill,
    lock_receipt,
    money_account,
    open_bills,
    plan,
    post_advance,
    preview,
    role_id,
    settled_again,
    standing,
    undo_allocation,
)
from .receipts_bulk import receive_many

SOURCE = "billing.receipt"


def receive(
    session: Any,
    *,
    firm_id: int | None,
    amount: Decimal,
    received_on: date,
    kind: str = "bank",
    bank_account_id: int | None = None,
    payer: str | None = None,
    reference: str | None = None,
    allocate: Any = "setting",
    source: str | None = None,
    source_id: int | None = None,
) -> Receipt:
    """Record money that arrived; it is posted at once. Dr bank or cash; Cr receivable for what is settled, Cr advance for the
    rest, Cr unidentified when nobody knows the payer (R-09).

    allocate: `"setting"` (the park's rule), `"oldest"`, `"civil_code"`, `"priority"`, None (all in advance) or pairs
    [(bill id, amount)]. Raises RuleError with every problem, NotFound for a firm or bank account of another park."""
    access.require(session, SOURCE, "add")
    firm, park_id = _firm_and_park(session, firm_id, bank_account_id)
    problems = Problems()
    if amount is None or amount <= 0:
        problems.add("billing.R-05", _l("Enter the amount received, above zero."), "amount")
    if kind not in ("bank", "cash"):
        problems.add("billing.R-05", _l("Money arrives in cash or by bank transfer."), "kind")
    if firm is None and allocate not in (None, "setting", "oldest", "civil_code", "priority", [], ()):
        problems.add("billing.R-09", _l("Say first which firm this receipt is from."), "firm_id")
    problems.stop()
    bills = open_bills(session, firm.id, lock=True) if firm is not None and allocate is not None else []
    shares = plan(session, bills, amount, allocate if firm is not None else None, received_on)
    return _post(
        session, park_id, firm, amount, received_on, shares.pairs(), {b.id: b for b in bills},
        kind=kind,
        bank_account_id=bank_account_id,
        payer=payer,
        reference=reference,
        source=source,
        source_id=source_id,
    )


def _firm_and_park(session: Any, firm_id: int | None, bank_account_id: int | None) -> tuple[Firm | None, int]:
    firm = session.get(Firm, firm_id) if firm_id is not None else None
    bank = session.get(BankAccount, bank_account_id) if bank_account_id is not None else None
    park_id = firm.park_id if firm is not None else bank.park_id if bank is not None else scope_of(session).park_id
    if (firm_id is not None and firm is None) or (bank_account_id is not None and (bank is None or bank.park_id != park_id)):
        raise NotFound(_l("There is no such record in your parks."))
    if park_id is None:
        raise NotFound(_l("Choose a park first: this record needs one."))
    return firm, park_id


def _post(
    session: Any,
    park_id: int,
    firm: Firm | None,
    amount: Decimal,
    on: date,
    pairs: list[tuple[int, Decimal]],
    bills: dict[int, Any],
    **values: Any,
) -> Receipt:
    """Write receipt, entry and allocations; parts of bills dated later follow with entries of their own days."""
    days = by_day(pairs, bills, on)
    at_once = sum((a for _i, a in days.get(on, [])), Decimal(0))
    legs = [ledger.Leg(money_account(session, values["kind"], values["bank_account_id"]), debit=amount)]
    firm_id = firm.id if firm is not None else None
    if at_once:
        legs.append(ledger.Leg(role_id(session, "receivable"), credit=at_once, firm_id=firm_id))
    if amount > at_once:
        legs.append(
            ledger.Leg(role_id(session, "advance" if firm is not None else "unidentified"), credit=amount - at_once, firm_id=firm_id)
        )
    receipt = record(session, park_id=park_id, firm=firm, amount=amount, on=on, legs=legs, memo=_memo(firm, values["payer"]),
                     flush=list(days) != [on], **values)  # else it goes in one flush with its allocations
    if pairs:
        post_advance(session, receipt, {d: p for d, p in days.items() if d != on})
        add_rows(session, park_id, days, bills, receipt=receipt)
    return receipt


def _memo(firm: Firm | None, payer: str | None) -> str:
    return str(_l("Received from %(payer)s", payer=firm.name if firm is not None else payer or _l("an unknown payer")))[:300]


def record(
    session: Any,
    *,
    park_id: int,
    firm: Firm | None,
    amount: Decimal,
    on: date,
    legs: list[Any],
    memo: str,
    kind: str,
    entry_kind: str = "receipt",
    reverses: Receipt | None = None,
    flush: bool = True,
    **values: Any,
) -> Receipt:
    """The receipt's row and its entry, which name each other."""
    entry, new_id, number = ledger.post_document(session, Receipt, park_id=park_id, kind=entry_kind, on=on, memo=memo[:300], legs=legs)
    receipt = Receipt(
        id=new_id,
        park_id=park_id,
        number=number,
        kind=kind,
        firm_id=firm.id if firm is not None else None,
        received_on=on,
        amount=amount,
        allocated=Decimal(0),
        entry_id=entry.id,
        posted_at=now(),
        posted_by=scope_of(session).user_name,
        reverses_id=reverses.id if reverses is not None else None,
        **{k: (v or None) if isinstance(v, str) else v for k, v in values.items()},
    )
    at_hand(receipt, firm=firm, entry=entry, reverses=reverses)
    session.add(receipt)
    if flush:
        session.flush()
    return receipt


def assign_receipt(session: Any, receipt: Receipt, *, firm_id: int, on: date, rule: str | None = None) -> Receipt:
    """Say which firm an unidentified receipt is from (R-09): Dr unidentified, Cr advance; then allocate by the rule."""
    access.require(session, SOURCE, "act")
    receipt, firm = lock_receipt(session, receipt), session.get(Firm, firm_id)
    if firm is None or firm.park_id != receipt.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    problems = Problems()
    if receipt.firm_id is not None or receipt.amount < 0 or receipt.allocated:
        problems.add("billing.R-09", _l("This receipt has its firm already. Reverse it if the firm is wrong."))
    if on < receipt.received_on:
        problems.add(
            "billing.R-08", _l("The money arrived on %(day)s. Choose that day or a later one.", day=receipt.received_on.isoformat()), "on"
        )
    problems.stop()
    ledger.post(
        session,
        park_id=receipt.park_id,
        kind="receipt",
        on=on,
        source=SOURCE,
        source_id=receipt.id,
        memo=str(_l("Receipt %(number)s is from %(firm)s", number=receipt.number, firm=firm.name))[:300],
        legs=[
            ledger.Leg(role_id(session, "unidentified"), debit=receipt.amount),
            ledger.Leg(role_id(session, "advance"), credit=receipt.amount, firm_id=firm.id),
        ],
    )
    receipt.firm_id = firm.id
    session.flush()
    if rule != "none":
        allocate(session, receipt, on=on, rule=rule)
    return receipt


def reverse_receipt(session: Any, receipt: Receipt, *, on: date, reason: str) -> Receipt:
    """Take a receipt back whole (R-12): its allocations are undone, a receipt that names it takes the money out again. An
    offset gives the deposit back. Refused when part of it was already paid back."""
    access.require(session, SOURCE, "act")
    receipt = lock_receipt(session, receipt)
    problems = Problems()
    if not (reason or "").strip():
        problems.add("billing.R-12", _l("Write a reason."), "reason")
    if receipt.amount < 0 or session.scalar(select(Receipt.id).where(Receipt.reverses_id == receipt.id)) is not None:
        problems.add("billing.R-12", _l("This receipt was reversed already, or pays money back. It stays as it is."))
    elif session.scalar(select(Allocation.id).where(Allocation.receipt_id == receipt.id, Allocation.refund_id.is_not(None)).limit(1)):
        problems.add("billing.R-12", _l("Part of this receipt was paid back. Only what is left can be handled, by a refund."))
    if on < receipt.received_on:
        problems.add(
            "billing.R-08", _l("The money arrived on %(day)s. Choose that day or a later one.", day=receipt.received_on.isoformat()), "on"
        )
    problems.stop()
    for row in standing(session, receipt_id=receipt.id):
        undo_allocation(session, row, on=max(on, row.on_date))
    if receipt.kind == "offset":
        from .deposits import give_back

        return give_back(session, receipt, on=on, reason=reason)
    return pay_out(
        session,
        receipt,
        amount=receipt.amount,
        on=on,
        kind=receipt.kind,
        bank_account_id=receipt.bank_account_id,
        reference=reason.strip()[:200],
        memo=str(_l("Receipt %(number)s reversed", number=receipt.number)),
        reverses=receipt,
        entry_kind="reversal",
    )


def link_back(session: Any, receipt: Receipt, back: Receipt, amount: Decimal, on: date) -> None:
    """The receipt's money went out with `back`: so it cannot be used again."""
    session.add(
        Allocation(
            park_id=receipt.park_id,
            receipt_id=receipt.id,
            refund_id=back.id,
            amount=amount,
            on_date=on,
            made_by=scope_of(session).user_name,
        )
    )
    session.flush()


def pay_out(
    session: Any,
    receipt: Receipt,
    *,
    amount: Decimal,
    on: date,
    kind: str,
    bank_account_id: int | None,
    memo: str,
    reference: str | None = None,
    reverses: Receipt | None = None,
    entry_kind: str = "refund",
    account_id: int | None = None,
) -> Receipt:
    """Money of a receipt goes back: a negative receipt, linked to it so that the same money cannot be used again.
    Dr advance (or unidentified), Cr bank or cash."""
    firm = session.get(Firm, receipt.firm_id) if receipt.firm_id is not None else None
    back_to = account_id or money_account(
        session, "cash" if kind == "cash" or (kind == "refund" and bank_account_id is None) else "bank", bank_account_id
    )
    legs = [
        ledger.Leg(role_id(session, "advance" if firm is not None else "unidentified"), debit=amount, firm_id=receipt.firm_id),
        ledger.Leg(back_to, credit=amount, firm_id=receipt.firm_id if account_id else None),
    ]
    paid = record(
        session,
        park_id=receipt.park_id,
        firm=firm,
        amount=-amount,
        on=on,
        legs=legs,
        memo=memo,
        kind=kind,
        entry_kind=entry_kind,
        reverses=reverses,
        bank_account_id=bank_account_id,
        payer=receipt.payer,
        reference=reference,
    )
    link_back(session, receipt, paid, amount, on)
    settled_again(session, receipt, paid)
    return paid


def refund(session: Any, receipt: Receipt, *, amount: Decimal, on: date, reason: str, **payee: Any) -> Any:
    """Ask to pay an advance back; see `refunds.request_refund`."""
    from .refunds import request_refund

    return request_refund(session, receipt=receipt, amount=amount, on=on, reason=reason, **payee)


__all__ = [
    "advance_left",
    "allocate",
    "apply_credit",
    "assign_receipt",
    "free_bill",
    "pay_out",
    "preview",
    "receive",
    "receive_many",
    "record",
    "refund",
    "reverse_receipt",
    "standing",
    "undo_allocation",
]
