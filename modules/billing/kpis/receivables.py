"""What was charged, what came in, what is open and how old it is, and the deposits held. Figures in fen.

Ages are counted in fixed steps (30, 60, 90, 180, 365 days) so that parks and years compare; the ageing page follows the park's
setting. Past days are taken from the days of allocations and movements."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, String, and_, case, func, literal, select, type_coerce

from parkops.i18n import _l
from parkops.kpi.registry import LAST, RATIO, SUM, Home, Kpi, Window

from ..models.bill import Bill
from ..models.deposit import Deposit, DepositMove
from ..models.receipt import Allocation, Receipt
from ..services.balances import DEFAULT_BUCKETS, bucket_sql, items_query

FEN = BigInteger
KEYS = ("001-030", "031-060", "061-090", "091-180", "181-365", "366+")


def _fen(column: Any) -> Any:
    return type_coerce(column, FEN)


def _issued(window: Window) -> tuple[Any, ...]:
    return Bill.state != "draft", Bill.issued_on >= window.start, Bill.issued_on <= window.on


def _charged(window: Window) -> Any:
    return select(Bill.park_id, func.sum(_fen(Bill.gross)).label("numerator")).where(*_issued(window)).group_by(Bill.park_id)


def _charged_bills(window: Window) -> Any:
    return select(Bill.id.label("id"), _fen(Bill.gross).label("amount")).where(*_issued(window))


def _cash(window: Window) -> tuple[Any, ...]:
    """Money that moved: set-offs of deposits are none; refunds and reversals count against it."""
    return Receipt.kind != "offset", Receipt.received_on >= window.start, Receipt.received_on <= window.on


def _collected(window: Window) -> Any:
    return select(Receipt.park_id, func.sum(_fen(Receipt.amount)).label("numerator")).where(*_cash(window)).group_by(Receipt.park_id)


def _collected_receipts(window: Window) -> Any:
    return select(Receipt.id.label("id"), _fen(Receipt.amount).label("amount")).where(*_cash(window))


def _settled(window: Window) -> Any:
    """What receipts and what credit notes settled of a bill up to the day: bill_id, paid, credited."""
    return (
        select(
            Allocation.bill_id,
            func.coalesce(func.sum(_fen(Allocation.amount)).filter(Allocation.receipt_id.is_not(None)), 0).label("paid"),
            func.coalesce(func.sum(_fen(Allocation.amount)).filter(Allocation.credit_id.is_not(None)), 0).label("credited"),
        )
        .where(Allocation.bill_id.is_not(None), Allocation.on_date <= window.on)
        .group_by(Allocation.bill_id)
        .subquery("settled")
    )


def _rate_rows(window: Window) -> Any:
    s = _settled(window)
    paid = func.coalesce(s.c.paid, 0)
    due = _fen(Bill.gross) - func.coalesce(s.c.credited, 0)
    return (
        select(Bill.id.label("id"), Bill.park_id, paid.label("paid"), due.label("due"))
        .select_from(Bill)
        .outerjoin(s, s.c.bill_id == Bill.id)
        .where(Bill.kind == "bill", *_issued(window))
        .subquery("rows")
    )


def _rate(window: Window) -> Any:
    r = _rate_rows(window)
    return select(r.c.park_id, func.sum(r.c.paid).label("numerator"), func.sum(r.c.due).label("denominator")).group_by(r.c.park_id)


def _rate_drill(side: str) -> Any:
    def drill(window: Window) -> Any:
        r = _rate_rows(window)
        return select(r.c.id, r.c[side].label("amount"))

    return drill


def _open(on: date, *columns: Any) -> Any:
    return items_query(on, Bill.id.label("id"), Bill.park_id, Bill.kind.label("kind"), *columns).subquery("open")


def _balance(window: Window) -> Any:
    o = _open(window.on)
    return select(o.c.park_id, func.sum(o.c.open).label("numerator")).group_by(o.c.park_id)


def _balance_bills(window: Window) -> Any:
    o = _open(window.on)
    return select(o.c.id, o.c.open.label("amount"))


def _aged(on: date) -> Any:
    """Overdue bills with the key of their age."""
    bucket = bucket_sql(Bill.due_on, literal(on), DEFAULT_BUCKETS)
    o = _open(on, case(*((bucket == i, key) for i, key in enumerate(KEYS, 1)), else_="").label("key"))
    return select(o.c.id, o.c.park_id, o.c.key, o.c.open).where(o.c.kind == "bill", o.c.key != "").subquery("aged")


def _arrears(window: Window) -> Any:
    a = _aged(window.on)
    return select(a.c.park_id, a.c.key, func.sum(a.c.open).label("numerator")).group_by(a.c.park_id, a.c.key)


def _arrears_bills(window: Window) -> Any:
    a = _aged(window.on)
    return select(a.c.id, a.c.key, a.c.open.label("amount"))


def _overdue_share(window: Window) -> Any:
    o = _open(window.on, (Bill.due_on < window.on).label("late"))
    late = func.coalesce(func.sum(o.c.open).filter(o.c.late), 0)
    return (
        select(o.c.park_id, late.label("numerator"), func.sum(o.c.open).label("denominator"))
        .where(o.c.kind == "bill")
        .group_by(o.c.park_id)
    )


def _overdue_bills(window: Window) -> Any:
    o = _open(window.on, (Bill.due_on < window.on).label("late"))
    return select(o.c.id, o.c.open.label("amount")).where(o.c.kind == "bill", o.c.late)


def _open_bills(window: Window) -> Any:
    o = _open(window.on)
    return select(o.c.id, o.c.open.label("amount")).where(o.c.kind == "bill")


def _held(window: Window) -> Any:
    amount = func.sum(_fen(DepositMove.amount))
    return (
        select(Deposit.id.label("id"), Deposit.park_id, type_coerce(Deposit.kind, String).label("key"), amount.label("amount"))
        .join(DepositMove, and_(DepositMove.deposit_id == Deposit.id, DepositMove.on_date <= window.on))
        .group_by(Deposit.id)
        .having(amount != 0)
        .subquery("held")
    )


def _deposits(window: Window) -> Any:
    h = _held(window)
    return select(h.c.park_id, h.c.key, func.sum(h.c.amount).label("numerator")).group_by(h.c.park_id, h.c.key)


def _deposit_rows(window: Window) -> Any:
    h = _held(window)
    return select(h.c.id, h.c.key, h.c.amount)


HOME = [
    Home("finance", "billing.receivable billing.collected billing.collection_rate billing.receivable_balance billing.overdue_share"),
    Home("leadership", "billing.collection_rate"),
]
KPIS = [
    Kpi(
        "billing.receivable",
        _l("Receivable of the period"),
        "money",
        SUM,
        _charged,
        _l("Gross of the bills and credit notes posted in the period."),
        resource="billing.bill",
        drill=_charged_bills,
        empty="zero",
        better="none",
        order=10,
    ),
    Kpi(
        "billing.collected",
        _l("Collected in the period"),
        "money",
        SUM,
        _collected,
        _l("Money received in cash and by bank in the period, less refunds and reversals; set-off deposits are not counted."),
        resource="billing.receipt",
        drill=_collected_receipts,
        empty="zero",
        order=11,
    ),
    Kpi(
        "billing.collection_rate",
        _l("Collection rate"),
        "percent",
        RATIO,
        _rate,
        _l(
            "Of the bills posted in the period: settled by receipts up to its last day, divided by their gross less what"
            " credit notes settled."
        ),
        resource="billing.bill",
        drill=_rate_drill("paid"),
        drill_denominator=_rate_drill("due"),
        places=2,
        denominator_places=2,
        order=12,
    ),
    Kpi(
        "billing.receivable_balance",
        _l("Receivable balance"),
        "money",
        LAST,
        _balance,
        _l("Open bills less open credit notes at the end of the period, whatever month they are from."),
        resource="billing.bill",
        drill=_balance_bills,
        empty="zero",
        better="lower",
        order=13,
    ),
    Kpi(
        "billing.arrears",
        _l("Arrears by age"),
        "money",
        LAST,
        _arrears,
        _l("Overdue bills at the end of the period by days past due: 1–30, 31–60, 61–90, 91–180, 181–365, over 365."),
        resource="billing.bill",
        drill=_arrears_bills,
        empty="zero",
        better="lower",
        order=14,
    ),
    Kpi(
        "billing.overdue_share",
        _l("Overdue share"),
        "percent",
        RATIO,
        _overdue_share,
        _l("Overdue bills divided by all open bills at the end of the period."),
        resource="billing.bill",
        drill=_overdue_bills,
        drill_denominator=_open_bills,
        better="lower",
        places=2,
        denominator_places=2,
        order=15,
    ),
    Kpi(
        "billing.deposits_held",
        _l("Deposits held by kind"),
        "money",
        LAST,
        _deposits,
        _l("Pledged deposits, performance bonds and earnest money held at the end of the period; they are a liability."),
        resource="billing.deposit",
        drill=_deposit_rows,
        empty="zero",
        better="none",
        order=16,
    ),
]
