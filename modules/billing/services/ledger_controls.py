"""Control accounts against their sub-ledgers (辅助账). Another part adds a pair with `CONTROLS.append(Control(...))`.

`measure()` is a select of park_id, firm_id and amount (fen in the database) of what the sub-ledger says; the ledger's side is the
balance of the account with that role, in its normal direction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce

from parkops.db.types import Money
from parkops.i18n import _, _l

from ..models.bill import Bill
from ..models.catalogue import ACCOUNT_ROLES, Account
from ..models.deposit import Deposit
from ..models.ledger import LedgerLine
from ..models.receipt import Receipt


@dataclass(frozen=True)
class Control:
    """role of the account; title of the sub-ledger; measure() -> select(park_id, firm_id, amount); debit: normal side."""

    role: str
    title: Any
    measure: Callable[[], Any]
    debit: bool = False


def _sum(amount: Any, *columns: Any) -> Any:
    return select(*columns, type_coerce(func.sum(amount), Money).label("amount")).group_by(*columns[:2])


def _open_bills() -> Any:
    return _sum(Bill.gross - Bill.settled, Bill.park_id, Bill.firm_id).where(Bill.state != "draft")


def _advances() -> Any:
    return _sum(Receipt.amount - Receipt.allocated, Receipt.park_id, Receipt.firm_id).where(Receipt.firm_id.is_not(None))


def _unidentified() -> Any:
    return _sum(Receipt.amount - Receipt.allocated, Receipt.park_id, Receipt.firm_id).where(Receipt.firm_id.is_(None))


def _deposits(kind: str) -> Callable[[], Any]:
    return lambda: _sum(Deposit.held, Deposit.park_id, Deposit.firm_id).where(Deposit.kind == kind)


CONTROLS: list[Control] = [
    Control("receivable", _l("open bills"), _open_bills, debit=True),
    Control("advance", _l("unallocated receipts"), _advances),
    Control("unidentified", _l("receipts without a firm"), _unidentified),
    Control("deposit_pledge", _l("pledged deposits held"), _deposits("pledge")),
    Control("deposit_performance", _l("performance bonds held"), _deposits("performance")),
    Control("deposit_earnest", _l("earnest money held"), _deposits("earnest")),
]


@dataclass(frozen=True)
class Difference:
    """One firm of one park whose two sides differ, in yuan."""

    control: Control
    park_id: int
    firm_id: int | None
    ledger: Decimal
    document: Decimal

    def __str__(self) -> str:
        return _("%(role)s, firm %(firm)s: the ledger says %(a)s, %(what)s say %(b)s.", role=ACCOUNT_ROLES.label(self.control.role),
                 firm=self.firm_id or "—", a=self.ledger, what=self.control.title, b=self.document)


def differences(session: Any, control: Control) -> list[Difference]:
    """Firms whose balance on the control account is not that of the sub-ledger."""
    sign = 1 if control.debit else -1
    net = type_coerce(func.sum(LedgerLine.debit) - func.sum(LedgerLine.credit), Money)
    book = {(p, f): sign * Decimal(n) for p, f, n in session.execute(
        select(LedgerLine.park_id, LedgerLine.firm_id, net).join(Account, Account.id == LedgerLine.account_id)
        .where(Account.role == control.role).group_by(LedgerLine.park_id, LedgerLine.firm_id))}
    side = {(p, f): Decimal(n) for p, f, n in session.execute(control.measure())}
    zero = Decimal(0)
    return [Difference(control, key[0], key[1], book.get(key, zero), side.get(key, zero))
            for key in sorted({*book, *side}, key=lambda k: (k[0], k[1] or 0)) if book.get(key, zero) != side.get(key, zero)]
