"""A firm with accounts in the portal is told of its new bills: one message for all that a run posted for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, literal, select

from modules.tenants.models.portal import PortalAccount
from modules.tenants.services.portal_notify import tell_firm
from parkops.hooks import receiver
from parkops.i18n import _l

from ..models.bill import Bill
from ..signals.bills import bills_posted

ROLES = ("owner", "finance")
ONE = _l("New bill %(number)s, due on %(day)s.")
SEVERAL = _l("%(n)s new bills, the first due on %(day)s.")


@receiver(bills_posted)
def tell(session: Any, ids: list[int], on: date, **_more: Any) -> None:
    """Only firms somebody of which can read it are looked at; a run for thousands costs one statement more."""
    reads = select(PortalAccount.firm_id).where(PortalAccount.state == "active", PortalAccount.role.in_(ROLES))
    these = Bill.id == any_(literal(ids, ARRAY(BigInteger)))
    rows = session.execute(
        select(Bill.firm_id, Bill.number, Bill.due_on).where(these, Bill.firm_id.in_(reads)).order_by(Bill.firm_id, Bill.due_on, Bill.id))
    by_firm: dict[int, list[Any]] = {}
    for row in rows:
        by_firm.setdefault(row.firm_id, []).append(row)
    for firm_id, bills in by_firm.items():
        values = {"number": bills[0].number, "n": len(bills), "day": bills[0].due_on.isoformat()}
        tell_firm(session, firm_id, "billing.bill_posted", ONE if len(bills) == 1 else SEVERAL, values, roles=ROLES)
