"""Mass payment: thousands of receipts with their entries and allocations in a handful of statements (R-13)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    or_,
    select,
    values,
)

from modules.tenants.models.firm import Firm
from parkops import records, sequences
from parkops.clock import now
from parkops.db import audit
from parkops.db.session import scope_of, unprepared
from parkops.db.types import Money, UTCDateTime
from parkops.errors import NotFound, Problems
from parkops.i18n import _l, _n
from parkops.security import access

from ..models.bill import Bill
from ..models.ledger import LedgerEntry
from ..models.receipt import Allocation, BankAccount, Receipt
from . import ledger
from .allocations import role_id

SOURCE = "billing.receipt"
sequences.kept_in(SOURCE, Receipt.number)
BATCH = Table(
    "billing_payment_batch",
    MetaData(),
    Column("n", Integer, primary_key=True),
    Column("id", BigInteger),
    Column("bill_id", BigInteger),
    Column("firm_id", BigInteger),
    Column("amount", Money),
    Column("received_on", Date),
    Column("bank_account_id", BigInteger),
    Column("account_id", BigInteger),
    Column("reference", String(200)),
    Column("year", Integer),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


def receive_many(session: Any, *, park_id: int, payments: Any) -> int:
    """Record one bank receipt per row of `payments` and allocate it to its bill. Returns how many.

    `payments`: a select of `bill_id, firm_id, amount, received_on, bank_account_id, reference`. Every row must name a posted
    bill of the park and firm with at least that much open, dated not after the payment; otherwise nothing is written."""
    access.require(session, SOURCE, "add")
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    session.flush()
    with unprepared(session):
        BATCH.create(session.connection())
        try:
            count = _fill(session, park_id, payments)
            if count:
                _check(session, park_id)
                ledger.lock(session, park_id)
                _entries(session, park_id)
                _rows(session, park_id)
                audit.bulk(session, Receipt, "insert", count, {"allocations": count}, park_id=park_id)
        finally:
            if session.connection().get_transaction() is not None and session.is_active:
                _drop(session)
    for obj in list(session.identity_map.values()):
        if isinstance(obj, Bill):
            session.expire(obj, ["settled"])
    return count


def _drop(session: Any) -> None:
    """Gone at the end of the transaction anyway; dropped now so that the next batch of this transaction finds its place. A
    transaction the server has given up cannot do even that."""
    driver = session.connection().connection.driver_connection
    if driver.info.transaction_status.name == "INTRANS":
        BATCH.drop(session.connection())


def _fill(session: Any, park_id: int, payments: Any) -> int:
    """The batch with an id and a place for each payment, in the order of day and bill."""
    p, c = payments.subquery("p"), BATCH.c
    bank = role_id(session, "bank")
    series = select(func.pg_get_serial_sequence(Receipt.__tablename__, "id")).scalar_subquery()  # looked up once, not for each row
    place = func.row_number().over(order_by=(p.c.received_on, p.c.bill_id))
    rows = (
        select(
            cast(place, Integer),
            func.nextval(series),
            p.c.bill_id,
            p.c.firm_id,
            p.c.amount,
            p.c.received_on,
            p.c.bank_account_id,
            func.coalesce(BankAccount.account_id, bank),
            cast(p.c.reference, String),
            cast(func.extract("year", p.c.received_on), Integer),
        )
        .select_from(p)
        .outerjoin(BankAccount, and_(BankAccount.id == p.c.bank_account_id, BankAccount.park_id == park_id))
    )
    session.execute(
        insert(BATCH).from_select(
            [c.n, c.id, c.bill_id, c.firm_id, c.amount, c.received_on, c.bank_account_id, c.account_id, c.reference, c.year], rows
        )
    )
    session.connection().exec_driver_sql(f"ANALYZE {BATCH.name}")
    return session.scalar(select(func.count()).select_from(BATCH)) or 0


def _check(session: Any, park_id: int) -> None:
    """R-13: lock the bills in the order of their ids, then look at them."""
    c = BATCH.c
    locked = select(Bill.id).where(Bill.id.in_(select(c.bill_id))).order_by(Bill.id).with_for_update(of=Bill).subquery()
    session.scalar(select(func.count()).select_from(locked))
    fits = and_(
        Bill.park_id == park_id,
        Bill.firm_id == c.firm_id,
        Bill.state == "posted",
        Bill.kind == "bill",
        c.amount > 0,
        c.amount <= Bill.gross - Bill.settled,
        Bill.issued_on <= c.received_on,
        or_(c.bank_account_id.is_(None), BankAccount.id.is_not(None)),
    )
    wrong = session.scalar(
        select(func.count())
        .select_from(BATCH)
        .outerjoin(Bill, Bill.id == c.bill_id)
        .outerjoin(BankAccount, and_(BankAccount.id == c.bank_account_id, BankAccount.park_id == park_id))
        .where(func.coalesce(fits, False).is_(False))
    )
    twice = session.scalar(select(func.count() - func.count(c.bill_id.distinct())).select_from(BATCH))
    problems = Problems()
    if wrong:
        problems.add(
            "billing.R-13",
            _n(
                "%(n)s payment does not fit an open bill of its firm, or lies before the bill's date. Check it; nothing was recorded.",
                "%(n)s payments do not fit an open bill of their firm, or lie before the bill's date. Check them; nothing was recorded.",
                wrong,
            ),
        )
    if twice:
        problems.add("billing.R-13", _l("A bill is paid twice in this batch. Give one amount for each bill; nothing was recorded."))
    problems.stop()


def _entries(session: Any, park_id: int) -> None:
    """Dr bank, Cr receivable: one entry for each payment."""
    c = BATCH.c
    name = select(Firm.name).where(Firm.id == c.firm_id).scalar_subquery()
    headers = select(
        c.id.label("ref"),
        c.received_on.label("entry_date"),
        func.left(name, 300).label("memo"),
        literal(SOURCE, String).label("source"),
        c.id.label("source_id"),
    ).order_by(c.n)
    sides = values(column("side", Integer), name="sides").data([(1,), (2,)])
    side = sides.c.side  # both sides stand beside every row: n begins at 1
    zero = literal(Decimal(0), Money)
    legs = (
        select(
            c.id.label("ref"),
            case((side == 1, c.account_id), else_=role_id(session, "receivable")).label("account_id"),
            case((side == 2, c.firm_id)).label("firm_id"),
            case((side == 1, c.amount), else_=zero).label("debit"),
            case((side == 2, c.amount), else_=zero).label("credit"),
            cast(None, String).label("memo"),
        )
        .select_from(BATCH)
        .join(sides, side <= c.n + 1)
    )
    ledger.post_many(session, park_id=park_id, kind="receipt", headers=headers, legs=legs)


RECEIPT_COLUMNS = [
    "id", "park_id", "number", "kind", "firm_id", "received_on", "amount",
    "bank_account_id", "reference", "entry_id", "posted_at", "posted_by",
]


def _rows(session: Any, park_id: int) -> None:
    """Receipts, numbered year by year without gaps, and their allocations."""
    c, table, allocation = BATCH.c, Receipt.__table__, Allocation.__table__
    user, connection = scope_of(session).user_name, session.connection()
    for year, first, count, day in session.execute(
        select(c.year, func.min(c.n), func.count(), func.min(c.received_on)).group_by(c.year).order_by(c.year)
    ).all():
        taken = sequences.take(session, SOURCE, park_id, day, count, keep=False)
        connection.execute(
            insert(table).from_select(
                RECEIPT_COLUMNS,
                select(
                    c.id,
                    literal(park_id),
                    taken.sql(c.n - first + taken.first),
                    literal("bank"),
                    c.firm_id,
                    c.received_on,
                    c.amount,
                    c.bank_account_id,
                    c.reference,
                    LedgerEntry.id,
                    literal(now(), UTCDateTime),
                    literal(user),
                )
                .join(LedgerEntry, and_(LedgerEntry.source == SOURCE, LedgerEntry.source_id == c.id))
                .where(c.year == year)
                .order_by(c.n),
                include_defaults=False,
            )
        )
    connection.execute(
        insert(allocation).from_select(
            ["park_id", "bill_id", "receipt_id", "amount", "on_date", "made_by"],
            select(literal(park_id), c.bill_id, c.id, c.amount, c.received_on, literal(user)).order_by(c.n),
            include_defaults=False,
        )
    )


def payable(bills: Any) -> Any:
    """The select `receive_many` wants, for whole open bills chosen by `bills` (a select of ids)."""
    return select(Bill.id.label("bill_id"), Bill.firm_id, (Bill.gross - Bill.settled).label("amount")).where(
        Bill.id.in_(bills), Bill.state == "posted", Bill.kind == "bill", Bill.settled < Bill.gross
    )


def pay_in_full(
    session: Any, bills: list[Bill], *, received_on: date, bank_account_id: int | None = None, reference: str | None = None
) -> str:
    """Bulk button: a receipt for each bill over what is open; settled ones and drafts are left out."""
    problems = Problems()
    records.not_future({"received_on": received_on}, problems, ("received_on",))
    problems.stop()
    done = 0
    for park_id in sorted({b.park_id for b in bills}):
        chosen = payable([b.id for b in bills if b.park_id == park_id]).subquery()
        done += receive_many(
            session,
            park_id=park_id,
            payments=select(
                chosen.c.bill_id,
                chosen.c.firm_id,
                chosen.c.amount,
                literal(received_on).label("received_on"),
                cast(bank_account_id, BigInteger).label("bank_account_id"),
                cast(reference, String).label("reference"),
            ),
        )
    return str(_n("%(n)s bill was paid in full.", "%(n)s bills were paid in full.", done))


def count_payable(session: Any, bills: list[Bill], **_values: Any) -> tuple[int, str]:
    """The dry run of `pay_in_full`: how many bills, and the sum."""
    hit = [b for b in bills if b.state == "posted" and b.kind == "bill" and b.settled < b.gross]
    total = sum((b.gross - b.settled for b in hit), Decimal(0))
    return len(hit), str(_l("%(n)s open bills, %(sum)s in all.", n=len(hit), sum=f"{total:,.2f}"))
