"""Voucher uses as lines of bills, and what becomes of them in the ledger. Rules U-37 and U-38.

An agreed use is a line below zero outside VAT: the firm owes less, the authority owes it (其他应收款—创新券待兑付). Rejected after it
was billed, or redeemed for less, the firm owes the difference. A reversed bill frees its lines: they come again under the next key."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services import catalogue, ledger
from modules.billing.services.accounts import by_role
from modules.booking.models.entitlement import VoucherUse
from parkops import settings
from parkops.clock import Period
from parkops.i18n import _

from ..models.project import PayingProject
from .voucher_uses import AGREED, RESOURCE, SOURCE

ITEM = "innovation_voucher"


def demands(session: Any, park_id: int, month: date) -> list[dict[str, Any]]:
    """What waits for a bill: agreed uses of the month or before, and what firms owe after all (U-37)."""
    end = Period.month(month).end
    rows = session.execute(
        select(VoucherUse, PayingProject).join(PayingProject, PayingProject.id == VoucherUse.source_id)
        .where(VoucherUse.park_id == park_id, VoucherUse.source == SOURCE, VoucherUse.used_on < end, VoucherUse.state != "applied")
        .order_by(VoucherUse.id)).all()
    if not rows:
        return []
    live, gone = _charged(session, park_id, [u.id for u, _p in rows])
    item = catalogue.by_code(session, ITEM).id
    due = end - timedelta(days=1) + timedelta(days=settings.get(session, "platforms.due_days", park_id))
    out = []
    for use, project in rows:
        for part, amount in _owed(use, live[use.id]):
            key = f"{RESOURCE}:{use.id}" + (f":{part}" if part else "")
            again = gone[key]
            out.append({
                "key": f"{key}:{again + 1}" if again else key, "firm_id": project.payer_id or project.firm_id, "item_id": item,
                "kind": "adjustment", "source": RESOURCE, "source_id": use.id, "period_from": use.used_on, "period_to": use.used_on,
                "due_on": due, "amount": amount, "memo": _text(use, part)[:300]})
    return out


def _owed(use: VoucherUse, live: set[str]) -> list[tuple[str, Decimal]]:
    """(part, amount) of the use that no bill holds."""
    base = f"{RESOURCE}:{use.id}"
    out = []
    if use.state in AGREED and base not in live:
        out.append(("", -use.amount))
    if use.state == "rejected" and base in live and f"{base}:back" not in live:
        out.append(("back", use.amount))
    if use.state == "redeemed" and use.redeemed < use.amount and f"{base}:rest" not in live:
        out.append(("rest", use.amount - use.redeemed))
    return out


def _text(use: VoucherUse, part: str) -> str:
    if part == "back":
        return _("Voucher %(number)s was not accepted: %(service)s", number=use.voucher.number, service=use.service)
    if part == "rest":
        return _("Voucher %(number)s was redeemed in part: %(service)s", number=use.voucher.number, service=use.service)
    return _("Voucher %(number)s: %(service)s", number=use.voucher.number, service=use.service)


def _charged(session: Any, park_id: int, ids: list[int]) -> tuple[dict[int, set[str]], Counter[str]]:
    """Keys (without their count) that stand by use, and how often each stood on a bill that was reversed."""
    rows = session.execute(
        select(Charge.source_id, Charge.key, Bill.state).outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(Charge.park_id == park_id, Charge.source == RESOURCE, Charge.source_id.in_(ids), Charge.corrects_id.is_(None)))
    live: dict[int, set[str]] = defaultdict(set)
    gone: Counter[str] = Counter()
    for use_id, key, state in rows:
        head, _sep, tail = key.rpartition(":")
        plain = head if tail.isdigit() and head != RESOURCE else key
        if state == "reversed":
            gone[plain] += 1
        else:
            live[use_id].add(plain)
    return live, gone


def post_redeemed(session: Any, use: VoucherUse, on: date) -> None:
    """The authority has paid: Dr bank, Cr vouchers to be redeemed (U-38)."""
    if use.source != SOURCE or not use.redeemed:
        return
    memo = _("Voucher %(number)s redeemed: %(service)s", number=use.voucher.number, service=use.service)
    legs = [ledger.Leg(by_role(session, "bank").id, debit=use.redeemed),
            ledger.Leg(catalogue.by_code(session, ITEM).account_id, credit=use.redeemed)]
    ledger.post(session, park_id=use.park_id, kind="document", on=on, memo=memo[:300], legs=legs, source=RESOURCE, source_id=use.id)


def offset_of_bills() -> Any:
    """bill_id, offset (fen, at most 0): what vouchers take off bills. Receipts pay the rest of a bill."""
    return (select(Charge.bill_id, func.sum(Charge.gross).label("offset")).where(Charge.source == RESOURCE, Charge.bill_id.is_not(None))
            .group_by(Charge.bill_id).subquery("vouchers"))
