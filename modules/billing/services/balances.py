"""What is owed on any day: open items, ageing, balances. Rules R-19 to R-22 of the README.

Everything hangs on the firm and its documents, never on a lease: arrears stay when a lease ends. The state of a past day is
taken from the days of the allocations: open on day D = gross − (settled − what was settled after D)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Integer, case, cast, func, literal, or_, select, type_coerce

from parkops import money, settings
from parkops.db.types import Money
from parkops.errors import Refused
from parkops.i18n import _, _l
from parkops.security import access

from ..models.bill import Bill
from ..models.receipt import Allocation, Receipt

DEFAULT_BUCKETS = (30, 60, 90, 180, 365)


@dataclass
class Aged:
    """What one firm owes on a day, in yuan. `buckets[0]` is not due yet, then the days past due in steps; `credits` are
    unused credit notes (≤ 0); `total` is the receivable of the ledger; `advance` is its money that settles nothing yet."""

    firm_id: int
    buckets: list[Decimal]
    credits: Decimal = money.ZERO
    advance: Decimal = money.ZERO
    oldest: date | None = None

    @property
    def total(self) -> Decimal:
        return sum(self.buckets, self.credits)

    @property
    def overdue(self) -> Decimal:
        return sum(self.buckets[1:], money.ZERO)


@dataclass
class Ageing:
    """Firms with something open, and the limits of the buckets in days."""

    on: date
    limits: tuple[int, ...]
    firms: list[Aged] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return bucket_titles(self.limits)

    def sums(self) -> list[Decimal]:
        """Each bucket over all firms."""
        return [sum((f.buckets[i] for f in self.firms), money.ZERO) for i in range(len(self.limits) + 2)]

    @property
    def total(self) -> Decimal:
        return sum((f.total for f in self.firms), money.ZERO)


def limits(session: Any, park_id: int | None = None) -> tuple[int, ...]:
    """Last days of the buckets (setting `billing.ageing_days`), ascending."""
    found = settings.get(session, "billing.ageing_days", park_id=park_id) or []
    try:
        days = tuple(int(x) for x in found) or DEFAULT_BUCKETS
    except ValueError as e:
        raise Refused(_l("The setting of the ageing steps must be whole numbers of days, such as 30, 60, 90.")) from e
    if list(days) != sorted(set(days)) or days[0] < 1:
        raise Refused(_l("The ageing steps must rise, such as 30, 60, 90."))
    return days


def bucket_titles(days: tuple[int, ...]) -> list[str]:
    """`Not due`, `1–30 days`, …, `Over 365 days`."""
    starts = (1, *(d + 1 for d in days[:-1]))
    return [
        _("Not due"),
        *(_("%(from)s–%(to)s days", **{"from": a, "to": b}) for a, b in zip(starts, days, strict=True)),
        _("Over %(n)s days", n=days[-1]),
    ]


def bucket_sql(due_on: Any, on: Any, days: tuple[int, ...]) -> Any:
    """Number of the bucket a due day falls into on day `on`: 0 not due, 1 … n+1."""
    late = cast(on - due_on, Integer)
    return case((late <= 0, 0), *((late <= d, i) for i, d in enumerate(days, 1)), else_=len(days) + 1)


def later(on: date) -> Any:
    """Sub-query: what was settled after a day, by bill (credit notes too): `bill_id`, `amount` (fen)."""
    bills = (
        select(Allocation.bill_id.label("bill_id"), func.sum(type_coerce(Allocation.amount, BigInteger)).label("amount"))
        .where(Allocation.on_date > on, Allocation.bill_id.is_not(None))
        .group_by(Allocation.bill_id)
    )
    credits = (
        select(Allocation.credit_id, -func.sum(type_coerce(Allocation.amount, BigInteger)))
        .where(Allocation.on_date > on, Allocation.credit_id.is_not(None))
        .group_by(Allocation.credit_id)
    )
    return bills.union_all(credits).subquery("later")


def open_on(on: date) -> tuple[Any, Any]:
    """(what is open of a bill on a day in fen, the FROM with the sub-query it needs); credit notes are negative."""
    after = later(on)
    amount = type_coerce(Bill.gross, BigInteger) - type_coerce(Bill.settled, BigInteger) + func.coalesce(after.c.amount, 0)
    return amount, after


def items_query(on: date, *columns: Any) -> Any:
    """Select over the bills and credit notes that are open on a day. Columns are added by the caller."""
    amount, after = open_on(on)
    return (
        select(*columns, amount.label("open"))
        .select_from(Bill)
        .outerjoin(after, after.c.bill_id == Bill.id)
        .where(Bill.state != "draft", Bill.issued_on <= on, or_(Bill.settled != Bill.gross, after.c.bill_id.is_not(None)), amount != 0)
    )


def open_items(session: Any, on: date, *, firm_id: int | None = None, park_id: int | None = None) -> list[tuple[Bill, Decimal]]:
    """Open bills and credit notes on a day with what is open of each, due first."""
    query = items_query(on, Bill)
    query = query.where(Bill.firm_id == firm_id) if firm_id is not None else query
    query = query.where(Bill.park_id == park_id) if park_id is not None else query
    return [(bill, money.yuan(fen)) for bill, fen in session.execute(query.order_by(Bill.due_on, Bill.id))]


def open_balance(session: Any, firm_ids: Iterable[int] | None, on: date) -> dict[int, Decimal]:
    """What firms owe on a day: open bills less open credit notes. Advances are not taken off (`advances`); firms that owe
    nothing are left out. None: every firm of the scope."""
    inner = items_query(on, Bill.firm_id)
    if firm_ids is not None:
        inner = inner.where(Bill.firm_id.in_(list(firm_ids)))
    i = inner.subquery("items")
    rows = session.execute(select(i.c.firm_id, func.sum(i.c.open)).group_by(i.c.firm_id))
    return {firm: money.yuan(int(fen)) for firm, fen in rows if fen}


def balance_column(firm: Any) -> Any:
    """SQL: what a firm owes on its posted bills less its open credit notes, in yuan; zero without any."""
    left = func.sum(type_coerce(Bill.gross - Bill.settled, BigInteger))
    inner = select(left).where(Bill.park_id == firm.park_id, Bill.firm_id == firm.id, Bill.state == "posted", Bill.gross != Bill.settled)
    return type_coerce(func.coalesce(inner.scalar_subquery(), 0), Money())


def advances(session: Any, firm_ids: Iterable[int] | None, on: date, park_id: int | None = None) -> dict[int, Decimal]:
    """Money of firms that settled nothing yet on a day (refunds and reversals taken off)."""
    used_later = (
        select(func.coalesce(func.sum(type_coerce(Allocation.amount, BigInteger)), 0))
        .where(Allocation.receipt_id == Receipt.id, Allocation.on_date > on)
        .correlate(Receipt)
        .scalar_subquery()
    )
    paid_back_later = (
        select(func.coalesce(func.sum(type_coerce(Allocation.amount, BigInteger)), 0))
        .where(Allocation.refund_id == Receipt.id, Allocation.on_date > on)
        .correlate(Receipt)
        .scalar_subquery()
    )
    left = type_coerce(Receipt.amount, BigInteger) - type_coerce(Receipt.allocated, BigInteger) + used_later - paid_back_later
    moved = select(Allocation.receipt_id).where(Allocation.on_date > on, Allocation.receipt_id.is_not(None))
    query = (
        select(Receipt.firm_id, func.sum(left))
        .where(Receipt.firm_id.is_not(None), Receipt.received_on <= on, or_(Receipt.allocated != Receipt.amount, Receipt.id.in_(moved)))
        .group_by(Receipt.firm_id)
    )
    if firm_ids is not None:
        query = query.where(Receipt.firm_id.in_(list(firm_ids)))
    query = query.where(Receipt.park_id == park_id) if park_id is not None else query
    return {firm: money.yuan(int(fen)) for firm, fen in session.execute(query) if fen}


def ageing(session: Any, on: date, park_id: int | None = None, *, firm_id: int | None = None, with_advances: bool = False) -> Ageing:
    """Receivables by firm and days past due on a day, past days included (R-20). Ordered by firm id."""
    access.require(session, "billing.bill", "read")
    days = limits(session, park_id)
    late = case((Bill.kind == "credit", -1), else_=bucket_sql(Bill.due_on, literal(on), days)).label("bucket")
    inner = items_query(on, Bill.firm_id, late, Bill.due_on)
    inner = inner.where(Bill.park_id == park_id) if park_id is not None else inner
    inner = inner.where(Bill.firm_id == firm_id) if firm_id is not None else inner
    i = inner.subquery("items")
    rows = session.execute(
        select(i.c.firm_id, i.c.bucket, cast(func.sum(i.c.open), BigInteger), func.min(i.c.due_on))
        .group_by(i.c.firm_id, i.c.bucket)
        .order_by(i.c.firm_id)
    )
    found: dict[int, Aged] = {}
    size = len(days) + 2
    for firm, bucket, fen, due in rows:
        row = found.get(firm)
        if row is None:
            row = found[firm] = Aged(firm, [money.ZERO] * size)
        if bucket < 0:
            row.credits = money.yuan(fen)
        else:
            row.buckets[bucket] = money.yuan(fen)
            row.oldest = due if row.oldest is None or due < row.oldest else row.oldest
    if with_advances:
        for firm, amount in advances(session, [firm_id] if firm_id is not None else None, on, park_id).items():
            found.setdefault(firm, Aged(firm, [money.ZERO] * size)).advance = amount
    return Ageing(on, days, list(found.values()))


def balance_of(session: Any, firm_id: int, on: date) -> tuple[Decimal, Decimal, Decimal]:
    """(owed, overdue, advance) of one firm on a day."""
    rows = ageing(session, on, firm_id=firm_id).firms
    owed, late = (rows[0].total, rows[0].overdue) if rows else (money.ZERO, money.ZERO)
    return owed, late, advances(session, [firm_id], on).get(firm_id, money.ZERO)


def statement(session: Any, firm: Any, start: date, end: date) -> Any:
    """The statement of account of a firm; see `statements.statement`."""
    from .statements import statement as made

    return made(session, firm, start, end)
