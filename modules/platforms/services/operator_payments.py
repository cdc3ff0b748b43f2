"""What becomes of an approved settlement: in the ledger as owed, paid, or taken back. Rules U-139 to U-142.

Dr fees of platform operators, Cr owed to platform operators; the payment clears what is owed. A deduction larger than the fee turns
both sides round. The fee stands with its tax: input VAT is finance's entry once the operator's invoice is there."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.billing.services import ledger
from modules.billing.services.accounts import by_role
from modules.billing.services.allocations import money_account
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.contract import OperatorSettlement
from ..states_contract import SETTLEMENT
from .operator_settlements import RESOURCE

LEDGER = "billing.ledger_entry"
COST, OWED = "operator_cost", "operator_payable"


def _books(session: Any) -> str | None:
    return None if access.may(session, LEDGER, "act") else _("Finance does this.")


def _myself(session: Any, user_id: int | None) -> bool:
    user = scope_of(session).user_id
    return user is not None and user == user_id


def why_not_post(session: Any, row: OperatorSettlement) -> str | None:
    """U-139: finance, not who submitted it; nothing is posted for a payment of nothing."""
    if not row.payment:
        return _("Nothing is to be paid.")
    if _myself(session, row.submitted_by_id):
        return _("You submitted this settlement. A colleague posts it.")
    return _books(session)


def why_not_pay(session: Any, row: OperatorSettlement) -> str | None:
    """U-140: nobody pays what they posted."""
    if _myself(session, row.posted_by_id):
        return _("You posted this settlement. A colleague records the payment.")
    return _books(session)


def why_not_reverse(session: Any, row: OperatorSettlement) -> str | None:
    """U-141: nobody takes back what they posted."""
    if _myself(session, row.posted_by_id):
        return _("You posted this settlement. A colleague reverses it.")
    return _books(session)


def _allowed(session: Any, why: str | None, code: str) -> None:
    access.require(session, RESOURCE, "act")
    if why is not None:
        raise RuleError([Problem(code, why)])


def post_settlement(session: Any, row: OperatorSettlement, *, on: date) -> OperatorSettlement:
    """What is owed comes into the ledger on a day of an open month, not before the period ended (U-139)."""
    _allowed(session, why_not_post(session, row), "platforms.U-139")
    if on < row.ends_on:
        raise RuleError([Problem("platforms.U-139", _l("Choose a day from the end of the period on (%(day)s).", day=row.ends_on), "on")])
    memo = _("Operator settlement %(number)s: %(operator)s", number=row.number, operator=row.contract.operator)[:300]
    legs = [ledger.Leg(by_role(session, COST).id, debit=row.payment), ledger.Leg(by_role(session, OWED).id, credit=row.payment)]
    entry = ledger.post(session, park_id=row.park_id, kind="document", on=on, memo=memo, legs=legs, source=RESOURCE, source_id=row.id)
    scope = scope_of(session)
    row.entry_id, row.posted_on, row.posted_by, row.posted_by_id = entry.id, on, scope.user_name, scope.user_id
    SETTLEMENT.move(session, row, "post", on=on)
    return row


def pay_settlement(session: Any, row: OperatorSettlement, *, on: date, bank_account_id: int, reference: str) -> OperatorSettlement:
    """The money has left the bank (U-140): what was owed is cleared on that day."""
    _allowed(session, why_not_pay(session, row), "platforms.U-140")
    problems = Problems()
    if row.posted_on is not None and on < row.posted_on:
        problems.add("platforms.U-140", _l("A payment is not dated before it was posted (%(day)s).", day=row.posted_on), "on")
    if not (reference or "").strip():
        problems.add("platforms.U-140", _l("Name the bank's reference of the payment."), "reference")
    problems.stop()
    memo = _("Payment of %(number)s: %(reference)s", number=row.number, reference=reference.strip())[:300]
    legs = [ledger.Leg(by_role(session, OWED).id, debit=row.payment),
            ledger.Leg(money_account(session, "bank", bank_account_id), credit=row.payment)]
    entry = ledger.post(session, park_id=row.park_id, kind="document", on=on, memo=memo, legs=legs, source=RESOURCE, source_id=row.id)
    row.paid_entry_id, row.paid_on, row.paid_reference = entry.id, on, reference.strip()[:120]
    row.paid_by = scope_of(session).user_name
    SETTLEMENT.move(session, row, "pay", on=on)
    return row


def reverse_settlement(session: Any, row: OperatorSettlement, *, on: date, reason: str) -> OperatorSettlement:
    """Take the entries back, the payment's first (U-141). The period can be settled anew; what the settlement said stays."""
    _allowed(session, why_not_reverse(session, row), "platforms.U-141")
    if not (reason or "").strip():
        raise RuleError([Problem("workflow.reason_missing", _l("Write a reason."), "reason")])
    memo = _("%(number)s reversed: %(reason)s", number=row.number, reason=reason.strip())[:300]
    for entry in (row.paid_entry, row.entry):
        if entry is not None:
            ledger.reverse(session, entry, on=on, memo=memo)
    SETTLEMENT.move(session, row, "reverse", on=on, reason=reason)
    return row
