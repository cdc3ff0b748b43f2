"""What must hold of stock, month runs and the lines billed for events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.booking.models.entitlement import VoucherUse
from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.adjustment import EventAdjustment
from ..models.event import StockMove, UsageEvent
from ..models.project import PayingProject
from ..models.registry import ServiceItem
from ..models.run import MonthRun
from ..services.month_runs import SOURCE
from ..services.voucher_charges import ITEM

SHOWN = 50


def _stock(session: Any) -> list[str]:
    """Stock is the sum of its moves."""
    moved = func.coalesce(func.sum(StockMove.quantity), 0)
    rows = session.execute(
        select(ServiceItem.code, ServiceItem.stock, moved).outerjoin(StockMove, StockMove.item_id == ServiceItem.id)
        .where(ServiceItem.stock.is_not(None)).group_by(ServiceItem.id, ServiceItem.code, ServiceItem.stock)
        .having(ServiceItem.stock != moved))
    return [_("Stock of %(code)s says %(says)s, its moves come to %(sum)s.", code=c, says=a, sum=s) for c, a, s in rows]


def _runs(session: Any) -> list[str]:
    """A live run says what its events come to."""
    count, net = func.count(UsageEvent.id), func.coalesce(func.sum(UsageEvent.net), 0)
    rows = session.execute(
        select(MonthRun.month, MonthRun.events, count).select_from(MonthRun)
        .outerjoin(UsageEvent, and_(UsageEvent.run_id == MonthRun.id, UsageEvent.park_id == MonthRun.park_id))
        .where(MonthRun.state == "priced").group_by(MonthRun.id, MonthRun.month, MonthRun.events, MonthRun.net)
        .having(or_(MonthRun.events != count, MonthRun.net != net)))
    return [_("Month run %(month)s names %(says)s events, there are %(count)s, or their sum differs.", month=f"{m:%Y-%m}", says=a, count=n)
            for m, a, n in rows]


def _lines(session: Any) -> list[str]:
    """What stands on bills leads back to a priced event of the same payer (adjusted events carry their correction)."""
    adjusted = select(EventAdjustment.id).where(EventAdjustment.event_id == UsageEvent.id, EventAdjustment.state == "applied").exists()
    rows = session.execute(
        select(Charge.key, Bill.number).outerjoin(UsageEvent, and_(UsageEvent.id == Charge.source_id, UsageEvent.park_id == Charge.park_id))
        .outerjoin(PayingProject, PayingProject.id == UsageEvent.project_id).outerjoin(Bill, Bill.id == Charge.bill_id)
        .where(Charge.source == SOURCE, Charge.corrects_id.is_(None), or_(Bill.id.is_(None), Bill.state != "reversed"),
               or_(UsageEvent.id.is_(None),
                   and_(~adjusted, or_(UsageEvent.net.is_(None), UsageEvent.net.not_in((Charge.gross, Charge.net)),
                                       func.coalesce(PayingProject.payer_id, PayingProject.firm_id) != Charge.firm_id))))
        .limit(SHOWN))
    return [_("Line %(key)s of bill %(bill)s is not what its event came to.", key=k, bill=b or "—") for k, b in rows]


def _vouchers(session: Any) -> list[str]:
    """What vouchers to be redeemed come to in the ledger is what was billed of them and not redeemed yet."""
    owed = func.coalesce(func.sum(LedgerLine.debit - LedgerLine.credit), 0, type_=Charge.gross.type)
    book = session.scalar(
        select(owed).select_from(LedgerLine).join(ChargeItem, ChargeItem.account_id == LedgerLine.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).where(ChargeItem.code == ITEM, LedgerEntry.kind != "manual"))
    billed = session.scalar(
        select(func.coalesce(-func.sum(Charge.gross), 0, type_=Charge.gross.type)).join(Bill, Bill.id == Charge.bill_id)
        .where(Charge.source == VoucherUse.__resource__, Bill.state != "draft"))
    paid = session.scalar(select(func.coalesce(func.sum(VoucherUse.redeemed), 0, type_=Charge.gross.type))
                          .where(VoucherUse.source == PayingProject.__resource__, VoucherUse.state == "redeemed"))
    if book == billed - paid:
        return []
    return [_("Vouchers to be redeemed: the ledger says %(says)s, bills and redemptions %(sum)s.", says=book, sum=billed - paid)]


CHECKS = [
    Check("platforms.stock", _l("Stock of consumables"), _stock),
    Check("platforms.runs", _l("Month runs"), _runs),
    Check("platforms.lines", _l("Billed use of platforms"), _lines),
    Check("platforms.vouchers", _l("Innovation vouchers to be redeemed"), _vouchers),
]
