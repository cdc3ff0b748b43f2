"""Settlement on leaving: rest of the rent, damages, what was charged too much, the deposit. Rules Y-18, Y-19.

Everything becomes lines, bills, set-off and a refund request of billing; nothing is posted here."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.models.deposit import Deposit
from modules.billing.services import bills, catalogue, charges, deposits, posting
from modules.billing.services.allocations import apply_credit
from modules.billing.services.refunds import request_refund
from modules.tenants.models.firm import Firm
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_housing as calc
from ..models.housing import HousingContract, HousingDamage
from ..states import HOUSING_CONTRACT
from .housing_contracts import SOURCE, held

ZERO = Decimal(0)


def sheet(session: Any, row: HousingContract) -> dict[str, Any]:
    """What settling would do today: rent still to charge, too much charged, damages, open bills, the deposit."""
    due, back = _rent(session, row)
    damages = list(session.scalars(select(HousingDamage).where(HousingDamage.contract_id == row.id).order_by(HousingDamage.id)))
    open_bills = sum((own for _b, own in _own_parts(session, row)), ZERO)
    lines = sum((c.gross for c in _waiting(session, row)), ZERO)
    more = sum((m.amount for m in due), ZERO) + sum(back.values(), ZERO)
    hurt = sum((d.amount for d in damages), ZERO) if row.state in ("living", "leaving") else ZERO
    deposit = held(session, row)
    return {
        "due": due,
        "back": back,
        "damages": damages,
        "open": open_bills,
        "lines": lines,
        "deposit": deposit,
        "result": deposit - open_bills - lines - more - hurt,
    }


def _rent(session: Any, row: HousingContract) -> tuple[list[calc.Month], dict[date, Decimal]]:
    """Months not charged yet, and the differences of months that were charged for more days."""
    charged: dict[date, Decimal] = defaultdict(lambda: ZERO)
    item = catalogue.by_code(session, "apartment_rent").id
    for line in session.scalars(select(Charge).where(Charge.source == SOURCE, Charge.source_id == row.id, Charge.item_id == item)):
        charged[line.period_from.replace(day=1)] += line.gross
    stay = calc.months(row.rent, row.starts_on, row.ended_on or row.ends_on)
    right = {m.month: m.amount for m in stay}
    due = [m for m in stay if m.month not in charged and m.amount]
    back = {m: right.get(m, ZERO) - gross for m, gross in charged.items() if right.get(m, ZERO) != gross}
    return due, back


def why_not_settle(session: Any, row: HousingContract) -> str | None:
    """Y-18: finance settles, not who inspected."""
    user = scope_of(session).user_id
    if user is not None and user == row.inspected_by_id:
        return _("You inspected this apartment. A colleague settles it.")
    return None if access.may(session, "billing.bill", "act") else _("Finance does this.")


def settle_contract(session: Any, row: HousingContract, *, on: date) -> str:
    """Charge what is left, bill it, set the deposit off, ask for the refund of the rest (Y-19). Once."""
    access.require(session, SOURCE, "act")
    if (why := why_not_settle(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-18", why)])
    if on < row.ended_on:
        raise RuleError([Problem("amenities.Y-19", _l("Settle from the day of leaving on (%(day)s).", day=row.ended_on), "on")])
    HOUSING_CONTRACT.move(session, row, "settle", on=on)
    _charge(session, row, on)
    refunded = _deposit(session, row, on, _bill(session, row, on))
    row.settled_on = on
    session.flush()
    return _("Settled; to be refunded: %(amount)s yuan.", amount=f"{refunded:,.2f}")


def _demand(
    row: HousingContract, key: str, item: int, first: date, last: date, on: date, amount: Decimal, memo: str, kind: str = "charge"
) -> dict:
    return {
        "key": f"{SOURCE}:{row.id}:{key}",
        "firm_id": row.payer_id,
        "item_id": item,
        "source": SOURCE,
        "source_id": row.id,
        "kind": kind,
        "period_from": first,
        "period_to": last,
        "due_on": on,
        "amount": amount,
        "memo": f"{row.number} {memo}"[:300],
    }


def _charge(session: Any, row: HousingContract, on: date) -> None:
    rent, damages = catalogue.by_code(session, "apartment_rent").id, catalogue.by_code(session, "damages").id
    due, back = _rent(session, row)
    rows = [_demand(row, f"{m.month:%Y-%m}", rent, m.first, m.last, on, m.amount, f"{m.month:%Y-%m}") for m in due]
    rows += [
        _demand(row, f"{m:%Y-%m}:back", rent, m, m, on, amount, _("days not used"), "adjustment") for m, amount in sorted(back.items())
    ]
    rows += [
        _demand(row, f"damage:{d.id}", damages, on, on, on, d.amount, d.title)
        for d in session.scalars(select(HousingDamage).where(HousingDamage.contract_id == row.id))
    ]
    if rows:
        charges.add_charges(session, row.park_id, rows)


def _waiting(session: Any, row: HousingContract) -> list[Charge]:
    return list(session.scalars(select(Charge).where(Charge.source == SOURCE, Charge.source_id == row.id, Charge.bill_id.is_(None))))


def _bills(session: Any, row: HousingContract, kind: str) -> list[Bill]:
    ours = select(Charge.bill_id).where(Charge.source == SOURCE, Charge.source_id == row.id)
    return list(
        session.scalars(
            select(Bill)
            .where(Bill.id.in_(ours), Bill.kind == kind, Bill.state == "posted", Bill.settled != Bill.gross)
            .order_by(Bill.due_on, Bill.id)
        )
    )


def _bill(session: Any, row: HousingContract, on: date) -> dict[int, Decimal]:
    """All open lines of the contract on one bill, or on a credit note, which first settles its open bills. Returns what it
    settled."""
    lines, used = _waiting(session, row), {}
    if not lines:
        return used
    ids, memo = [c.id for c in lines], _("Settlement of %(number)s", number=row.number)
    if sum((c.gross for c in lines), ZERO) > 0:
        bill = bills.make_bill(session, firm_id=row.payer_id, charge_ids=ids, issued_on=on, due_on=on, memo=memo)
    else:
        bill = bills.make_credit(session, firm=session.get(Firm, row.payer_id), charge_ids=ids, on=on, reason=memo)
    posting.post_bill(session, bill, on=on)
    for credit in _bills(session, row, "credit"):
        if pairs := _pairs(session, row, credit.settled - credit.gross, used):
            apply_credit(session, credit, pairs=pairs, on=on)
            used |= {bill_id: used.get(bill_id, ZERO) + amount for bill_id, amount in pairs}
        if credit.settled > credit.gross:
            request_refund(session, credit=credit, amount=credit.settled - credit.gross, on=on, reason=memo)
    return used


def _own_parts(session: Any, row: HousingContract, used: dict[int, Decimal] | None = None) -> list[tuple[int, Decimal]]:
    """Open bills with what of them is this contract's: a firm's bill carries other things too, and the deposit is not for those."""
    own = dict(
        session.execute(
            select(Charge.bill_id, type_coerce(func.sum(Charge.gross), Money))
            .where(Charge.source == SOURCE, Charge.source_id == row.id, Charge.bill_id.is_not(None))
            .group_by(Charge.bill_id)
        ).all()
    )
    paid = used or {}
    return [(b.id, min(own[b.id] - paid.get(b.id, ZERO), b.gross - b.settled)) for b in _bills(session, row, "bill") if own[b.id] > 0]


def _pairs(session: Any, row: HousingContract, most: Decimal, used: dict[int, Decimal]) -> list[tuple[int, Decimal]]:
    """Own parts of open bills for at most a sum; `used` is what the contract's own credit paid of them already."""
    out, left = [], most
    for bill_id, own in _own_parts(session, row, used):
        use = min(left, own)
        if use > 0:
            out.append((bill_id, use))
            left -= use
    return out


def _deposit(session: Any, row: HousingContract, on: date, used: dict[int, Decimal]) -> Decimal:
    """Set off against the contract's open bills; the rest is asked to be refunded. Returns the rest."""
    deposit = session.get(Deposit, row.deposit_id) if row.deposit_id else None
    if deposit is None or deposit.held <= 0:
        return ZERO
    if pairs := _pairs(session, row, deposit.held, used):
        deposits.offset_deposit(session, deposit, amount=sum((a for _b, a in pairs), ZERO), on=on, pairs=pairs)
    if deposit.held > 0:
        deposits.refund_deposit(session, deposit, amount=deposit.held, on=on, reason=_("Settlement of %(number)s", number=row.number))
    return deposit.held
