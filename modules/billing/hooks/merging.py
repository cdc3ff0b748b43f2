"""A firm that stands in posted documents keeps its record: what was booked under it is never rewritten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exists, select

from modules.tenants import signals
from parkops import hooks
from parkops.errors import Problem
from parkops.i18n import _l

from ..models.bill import Bill
from ..models.ledger import LedgerLine
from ..models.receipt import Receipt


@hooks.receiver(signals.before_merge)
def keep_booked_firms(session: Any, *, kept: Any, dropped: Any, **_more: Any) -> list[Problem]:
    """B-90: the record with bills, receipts or vouchers is the one to keep; two such records are not merged."""
    found = [exists(select(Bill.id).where(Bill.firm_id == dropped.id, Bill.state != "draft")),
             exists(select(Receipt.id).where(Receipt.firm_id == dropped.id)),
             exists(select(LedgerLine.id).where(LedgerLine.firm_id == dropped.id))]
    if not any(session.scalar(select(one)) for one in found):
        return []
    return [Problem("billing.B-90", _l("%(name)s has posted bills, receipts or vouchers, which never change. Keep that record and merge "
                                       "the other one into it.", name=dropped.name))]
