"""Which money settles which bill: planning, allocating, undoing, credit notes. Rules R-05 to R-12 of the README.

An allocation holds from the later of its own day and the bill's: a bill dated in May that is paid in April takes an advance
until May, so that the receivables of every day equal the ledger's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce
from sqlalchemy.orm.attributes import set_committed_value

from parkops import settings
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from .. import calc_allocation as calc
from ..models.bill import Bill
from ..models.catalogue import Account, ChargeItem
from ..models.charge import Charge
from ..models.deposit import Deposit
from ..models.receipt import Allocation, BankAccount, Receipt
from . import ledger

Pairs = Sequence[tuple[int, Decimal]]


def account_ids(session: Any) -> dict[str, int]:
    """Account id of every role of the chart; read once per session."""
    if "billing_roles" not in session.info:
        session.info["billing_roles"] = dict(
            session.execute(select(Account.role, Account.id).where(Account.role.is_not(None))).tuples().all()
        )
    return session.info["billing_roles"]


def role_id(session: Any, role: str) -> int:
    """Account id of a role; Refused with a sentence when the chart names none."""
    found = account_ids(session).get(role)
    if found is None:
        from .accounts import by_role

        found = by_role(session, role).id
        session.info.pop("billing_roles", None)
    return found


def money_account(session: Any, kind: str, bank_account_id: int | None) -> int:
    """The ledger account money goes into or comes out of: the bank account's own, or the one for cash or bank."""
    if bank_account_id is not None and (bank := session.get(BankAccount, bank_account_id)) is not None:
        return bank.account_id
    return role_id(session, "cash" if kind == "cash" else "bank")


def lock_bills(session: Any, ids: Iterable[int]) -> dict[int, Bill]:
    """The bills, locked in the order of their ids (so that two payments never wait for each other in a circle), read anew."""
    found = session.scalars(
        select(Bill)
        .where(Bill.id.in_(sorted(set(ids))))
        .order_by(Bill.id)
        .with_for_update(of=Bill)
        .execution_options(populate_existing=True)
    )
    return {b.id: b for b in found}


def lock_receipt(session: Any, receipt: Receipt) -> Receipt:
    """The receipt's row, locked and read anew."""
    return session.scalars(
        select(Receipt).where(Receipt.id == receipt.id).with_for_update(of=Receipt).execution_options(populate_existing=True)
    ).one()


def open_bills(session: Any, firm_id: int, *, lock: bool = False) -> list[Bill]:
    """Posted bills of a firm that are not settled, due first."""
    query = select(Bill).where(Bill.firm_id == firm_id, Bill.kind == "bill", Bill.state == "posted", Bill.settled != Bill.gross)
    if lock:
        query = query.order_by(Bill.id).with_for_update(of=Bill).execution_options(populate_existing=True)
    return sorted(session.scalars(query), key=lambda b: (b.due_on, b.id))


def claims_of(session: Any, bills: Sequence[Bill], rule: str = "oldest") -> list[calc.Claim]:
    """The bills as the rules see them; `oldest` needs no further look at the lines."""
    if rule == "oldest" or not bills:
        return [calc.Claim(b.id, b.due_on, b.gross - b.settled) for b in bills]
    lines: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for bill_id, code, kind in session.execute(
        select(Charge.bill_id, ChargeItem.code, Charge.kind)
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(Charge.bill_id.in_([b.id for b in bills]), Charge.gross > 0)
    ):
        lines[bill_id].append((code, kind))
    secured = session.scalar(select(Deposit.id).where(Deposit.firm_id == bills[0].firm_id, Deposit.held > 0).limit(1)) is not None
    order = tuple(settings.get(session, "billing.allocation_priority", park_id=bills[0].park_id) or calc.DEFAULT_PRIORITY)
    out = []
    for b in bills:
        parts = [calc.Line(0, code, kind, Decimal(1)) for code, kind in lines[b.id]]
        nature = min((p.nature for p in parts), default=calc.PRINCIPAL)
        out.append(
            calc.Claim(
                b.id,
                b.due_on,
                b.gross - b.settled,
                nature,
                secured and nature == calc.PRINCIPAL,
                0,
                calc.rank_of([p.item for p in parts], order),
            )
        )
    return out


def rule_for(session: Any, park_id: int | None, rule: str | None) -> str:
    """The rule asked for, or the park's own."""
    return rule if rule in calc.RULES else settings.get(session, "billing.allocation_rule", park_id=park_id)


def plan(session: Any, bills: Sequence[Bill], amount: Decimal, allocate: Any, on: date) -> calc.Plan:
    """What `allocate` (None, a rule, `setting`, or pairs) makes of an amount. RuleError R-06 when pairs do not fit."""
    if allocate is None:
        return calc.Plan((), amount)
    if isinstance(allocate, str):
        rule = rule_for(session, bills[0].park_id if bills else None, allocate)
        return calc.spread(amount, claims_of(session, bills, rule), rule, on)
    pairs = [(int(i), Decimal(a)) for i, a in allocate if a]
    check_pairs({b.id: b for b in bills}, pairs, amount)
    return calc.named(amount, pairs, claims_of(session, bills))


def check_pairs(bills: dict[int, Bill], pairs: Pairs, amount: Decimal, firm_id: int | None = None) -> None:
    """R-06, all at once: each bill is open, of the firm, named once and not over-paid; the parts fit the amount."""
    problems, seen, total = Problems(), set(), Decimal(0)
    for bill_id, part in pairs:
        bill = bills.get(bill_id)
        total += part
        if bill is None or bill.state != "posted" or bill.kind != "bill" or (firm_id is not None and bill.firm_id != firm_id):
            problems.add("billing.R-06", _l("One of the bills is not an open bill of this firm. Load the page again."), "pairs")
        elif bill_id in seen:
            problems.add("billing.R-06", _l("Bill %(number)s is named twice. Enter one amount for it.", number=bill.number), "pairs")
        elif part <= 0:
            problems.add("billing.R-06", _l("The amount for bill %(number)s must be above zero.", number=bill.number), "pairs")
        elif part > bill.gross - bill.settled:
            problems.add(
                "billing.R-06",
                _l(
                    "Bill %(number)s has only %(open)s open. Enter that amount or less.", number=bill.number, open=bill.gross - bill.settled
                ),
                "pairs",
            )
        seen.add(bill_id)
    if total > amount:
        problems.add(
            "billing.R-07",
            _l("%(sum)s would be allocated but only %(amount)s is there. Lower the parts.", sum=total, amount=amount),
            "pairs",
        )
    problems.stop()


def preview(session: Any, firm_id: int, *, amount: Decimal, on: date, allocate: Any = "setting") -> list[tuple[Bill, calc.Share]]:
    """What a payment would settle, before anything is saved."""
    bills = open_bills(session, firm_id)
    known = {b.id: b for b in bills}
    return [(known[s.bill_id], s) for s in plan(session, bills, amount, allocate, on).shares]


def by_day(pairs: Pairs, bills: dict[int, Bill], on: date) -> dict[date, list[tuple[int, Decimal]]]:
    """Pairs by the day they hold from: the later of `on` and the bill's day."""
    out: dict[date, list[tuple[int, Decimal]]] = defaultdict(list)
    for bill_id, part in pairs:
        out[max(on, bills[bill_id].issued_on)].append((bill_id, part))
    return dict(sorted(out.items()))


def at_hand(obj: Any, **known: Any) -> None:
    """Let references that stand in the row by their ids be found without a look-up. Said beside the id, not by the relationship,
    what is pointed to takes no part in the flush."""
    for name, value in known.items():
        set_committed_value(obj, name, value)


def add_rows(
    session: Any,
    park_id: int,
    days: dict[date, list[tuple[int, Decimal]]],
    bills: dict[int, Bill],
    *,
    receipt: Receipt | None = None,
    credit: Bill | None = None,
) -> list[Allocation]:
    """Write the allocation rows. The trigger does the sums; the objects at hand, locked before, are brought to the same."""
    rows = [
        Allocation(
            park_id=park_id,
            bill_id=bill_id,
            receipt=receipt,
            credit_id=credit.id if credit is not None else None,
            amount=part,
            on_date=day,
            made_by=scope_of(session).user_name,
        )
        for day, pairs in days.items()
        for bill_id, part in pairs
    ]
    for row in rows:
        at_hand(row, bill=bills[row.bill_id], credit=credit)
    session.add_all(rows)
    session.flush()
    for row in rows:
        set_committed_value(row.bill, "settled", row.bill.settled + row.amount)
        if receipt is not None:
            set_committed_value(receipt, "allocated", receipt.allocated + row.amount)
        if credit is not None:
            set_committed_value(credit, "settled", credit.settled - row.amount)
    return rows


def settled_again(session: Any, *objs: Any) -> None:
    """Read what the triggers wrote into bills, receipts and deposits at hand."""
    for model, column in ((Bill, "settled"), (Receipt, "allocated"), (Deposit, "held")):
        mine = {o.id: o for o in objs if isinstance(o, model)}
        if mine:
            for key, value in session.execute(select(model.id, getattr(model, column)).where(model.id.in_(list(mine)))):
                set_committed_value(mine[key], column, value)


def allocate(session: Any, receipt: Receipt, *, pairs: Pairs | None = None, on: date, rule: str | None = None) -> list[Allocation]:
    """Allocate what is left of a receipt: to named bills, or by a rule. Dr advance, Cr receivable on the day it holds from."""
    access.require(session, "billing.allocation", "add")
    named = list(pairs) if pairs is not None else None
    bills = (
        lock_bills(session, [i for i, _a in named])
        if named is not None
        else {b.id: b for b in open_bills(session, receipt.firm_id or 0, lock=True)}
    )
    receipt = lock_receipt(session, receipt)
    problems, left = Problems(), receipt.amount - receipt.allocated
    if receipt.firm_id is None:
        problems.add("billing.R-09", _l("Say first which firm this receipt is from."))
    elif receipt.amount < 0 or left <= 0:
        problems.add("billing.R-07", _l("Nothing is left of receipt %(number)s to allocate.", number=receipt.number))
    if on < receipt.received_on:
        problems.add(
            "billing.R-08",
            _l("The allocation lies before the money arrived (%(day)s). Choose a later date.", day=receipt.received_on.isoformat()),
            "on",
        )
    problems.stop()
    if named is None:
        named = plan(session, sorted(bills.values(), key=lambda b: (b.due_on, b.id)), left, rule or "setting", on).pairs()
    check_pairs(bills, named, left, receipt.firm_id)
    if not named:
        return []
    days = by_day(named, bills, on)
    post_advance(session, receipt, days)
    return add_rows(session, receipt.park_id, days, bills, receipt=receipt)


def post_advance(session: Any, receipt: Receipt, days: dict[date, list[tuple[int, Decimal]]], *, back: bool = False) -> None:
    """One entry per day: Dr advance, Cr receivable (`back`: the other way round)."""
    for day, pairs in days.items():
        total = sum((a for _i, a in pairs), Decimal(0))
        into, out_of = role_id(session, "receivable"), role_id(session, "advance")
        first, second = (into, out_of) if back else (out_of, into)
        ledger.post(
            session,
            park_id=receipt.park_id,
            kind="receipt",
            on=day,
            source="billing.receipt",
            source_id=receipt.id,
            memo=(
                _l("Allocation of receipt %(number)s undone", number=receipt.number)
                if back
                else _l("Allocation of receipt %(number)s", number=receipt.number)
            ).__str__(),
            legs=[ledger.Leg(first, debit=total, firm_id=receipt.firm_id), ledger.Leg(second, credit=total, firm_id=receipt.firm_id)],
        )


def undo_allocation(session: Any, allocation: Allocation, *, on: date, reason: str | None = None) -> Allocation:
    """Take an allocation back by a negative row; the money is an advance (or an open credit) again."""
    access.require(session, "billing.allocation", "act")
    bill = lock_bills(session, [i for i in (allocation.bill_id, allocation.credit_id) if i])
    receipt = lock_receipt(session, allocation.receipt) if allocation.receipt_id else None
    problems = Problems()
    undone = session.scalar(select(Allocation.id).where(Allocation.undoes_id == allocation.id))
    if allocation.amount < 0 or allocation.refund_id is not None or undone is not None:
        problems.add("billing.R-10", _l("This allocation was undone already, or pays money back. It stays as it is."))
    if on < allocation.on_date:
        problems.add(
            "billing.R-08",
            _l("The allocation holds from %(day)s. Choose that day or a later one.", day=allocation.on_date.isoformat()),
            "on",
        )
    problems.stop()
    row = Allocation(
        park_id=allocation.park_id,
        bill_id=allocation.bill_id,
        receipt_id=allocation.receipt_id,
        credit_id=allocation.credit_id,
        amount=-allocation.amount,
        on_date=on,
        undoes_id=allocation.id,
        made_by=scope_of(session).user_name,
    )
    if receipt is not None:
        post_advance(session, receipt, {on: [(allocation.bill_id, allocation.amount)]}, back=True)
    session.add(row)
    session.flush()
    settled_again(session, *bill.values(), *([receipt] if receipt is not None else ()))
    return row


def why_not_undo(session: Any, row: Allocation) -> str | None:
    """Why it cannot be undone, or None."""
    if (
        row.amount < 0
        or row.refund_id is not None
        or session.scalar(select(Allocation.id).where(Allocation.undoes_id == row.id)) is not None
    ):
        return str(_l("It was undone already, or pays money back."))
    return None


def standing(session: Any, *, receipt_id: int | None = None, bill_id: int | None = None) -> list[Allocation]:
    """Allocations to bills that still stand (neither undone nor undoing)."""
    undone = select(Allocation.undoes_id).where(Allocation.undoes_id.is_not(None))
    query = select(Allocation).where(Allocation.amount > 0, Allocation.bill_id.is_not(None), Allocation.id.not_in(undone))
    query = query.where(Allocation.receipt_id == receipt_id) if receipt_id is not None else query
    return list(session.scalars((query.where(Allocation.bill_id == bill_id) if bill_id is not None else query).order_by(Allocation.id)))


def free_bill(session: Any, bill: Bill, *, on: date) -> int:
    """Undo every allocation of a bill (before it is reversed); what was paid becomes an advance. Returns how many."""
    rows = standing(session, bill_id=bill.id)
    for row in rows:
        undo_allocation(session, row, on=max(on, row.on_date))
    return len(rows)


def apply_credit(session: Any, credit: Bill, *, pairs: Pairs | None = None, on: date) -> list[Allocation]:
    """Use a posted credit note against bills of the same firm (named, or due first). Both stand in the receivable account, so
    the ledger does not move."""
    access.require(session, "billing.allocation", "add")
    ids = [credit.id, *(i for i, _a in pairs)] if pairs is not None else [credit.id, *(b.id for b in open_bills(session, credit.firm_id))]
    bills = lock_bills(session, ids)
    credit = bills.pop(credit.id)
    problems, left = Problems(), credit.settled - credit.gross
    if credit.kind != "credit" or credit.state == "draft" or left <= 0:
        problems.add("billing.R-11", _l("Only a posted credit note with something left can be used."))
    problems.stop()
    wanted = (
        list(pairs)
        if pairs is not None
        else plan(session, sorted(bills.values(), key=lambda b: (b.due_on, b.id)), left, "oldest", on).pairs()
    )
    check_pairs(bills, wanted, left, credit.firm_id)
    return add_rows(session, credit.park_id, by_day(wanted, bills, max(on, credit.issued_on)), bills, credit=credit)


def advance_left(session: Any, firm_id: int) -> Decimal:
    """Money of a firm that settles nothing yet."""
    return session.scalar(
        select(type_coerce(func.coalesce(func.sum(Receipt.amount - Receipt.allocated), 0), Money)).where(
            Receipt.firm_id == firm_id, Receipt.allocated != Receipt.amount
        )
    )
