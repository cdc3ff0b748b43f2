"""Posting: a draft gets its number without gaps and its ledger entry, and is fixed from then on (rules B-12 to B-15).

Dr receivable, Cr income (taxed and exempt accounts apart), Cr output VAT. Reductions stand gross on their own contra accounts:
relief, discount, waiver. All in a handful of statements, whatever the number of bills."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    String,
    Text,
    and_,
    any_,
    case,
    cast,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from parkops import sequences
from parkops.clock import now
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.security import access
from parkops.workflow import Transition

from ..models.bill import Bill
from ..models.catalogue import Account, ChargeItem
from ..models.charge import Charge
from ..models.ledger import LedgerEntry
from ..signals.bills import bills_posted
from . import ledger
from .accounts import by_role
from .periods import require_open
from .temporary import fill, temporary

SOURCE = "billing.bill"
SERIES = {"bill": "billing.bill", "credit": "billing.credit_note"}
MANY = 20  # from here on headers and legs are worked out once, into temporary tables
HEADS = temporary("head", Column("ref", BigInteger), Column("number", Text), Column("memo", Text))
LEGS = temporary(
    "leg",
    Column("ref", BigInteger),
    Column("account_id", BigInteger),
    Column("firm_id", BigInteger),
    Column("debit", BigInteger),
    Column("credit", BigInteger),
    Column("memo", Text),
    Column("line", BigInteger),
)
CONTRA = ("relief", "discount", "waiver")  # kinds of lines with an account of their own; so has `penalty`
for _code in SERIES.values():
    sequences.kept_in(_code, Bill.number)


def post_bill(session: Any, bill: Bill, *, on: date) -> Bill:
    """Post one draft on a day of an open month; it is dated that day and falls due not before it."""
    problems = Problems()
    if bill.state != "draft":
        problems.add("billing.B-12", _l("The bill is posted already."))
    problems.stop()
    session.flush()
    post_bills(session, park_id=bill.park_id, bills=[bill.id], on=on)
    session.refresh(bill)
    return bill


def post_bills(session: Any, *, park_id: int, bills: Any, on: date) -> int:
    """Post the drafts among `bills` (ids or a SELECT of ids) in order of id; returns how many. What is posted already is skipped.

    Complete in itself: numbers, entries and states of all, or none. Raises RuleError B-13 when a bill no longer equals its lines,
    G-04 when the month is closed."""
    access.require(session, SOURCE, "act")
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    session.flush()
    require_open(session, park_id, on)
    ledger.lock(session, park_id)
    wanted = select(Bill.id, Bill.kind).where(Bill.park_id == park_id, Bill.state == "draft", Bill.id.in_(bills))
    found = session.execute(wanted.order_by(Bill.id).with_for_update(of=Bill, key_share=True)).all()
    for kind in ("bill", "credit"):
        ids = [i for i, k in found if k == kind]
        if ids:
            _post(session, park_id, kind, ids, on)
        if ids and kind == "bill":
            bills_posted.send(session, park_id=park_id, ids=ids, on=on)
    return len(found)


def _these(column: Any, ids: list[int]) -> Any:
    return column == any_(literal(ids, ARRAY(BigInteger)))


def _post(session: Any, park_id: int, kind: str, ids: list[int], on: date) -> None:
    _equal_their_lines(session, ids)
    taken = sequences.take(session, SERIES[kind], park_id, on, len(ids), keep=False)
    ranked = select(Bill.id, func.row_number().over(order_by=Bill.id).label("n")).where(_these(Bill.id, ids)).subquery("ranked")
    number = taken.sql(ranked.c.n + (taken.first - 1))
    title = str(_l("Bill") if kind == "bill" else _l("Credit note"))
    heads = select(
        ranked.c.id.label("ref"), cast(number, String).label("number"), cast(literal(title + " ") + number, String).label("memo")
    )
    sides: Any = legs(session, ids)
    if len(ids) >= MANY:
        head = fill(session, HEADS, heads)
        sides = select(fill(session, LEGS, sides))
    else:
        head = heads.subquery("head")
    source = (literal(on, Date).label("entry_date"), literal(SOURCE).label("source"), head.c.ref.label("source_id"))
    ledger.post_many(session, park_id=park_id, kind=kind, headers=select(head.c.ref, head.c.memo, *source), legs=sides)
    _mark(session, park_id, kind, ids, on, head)
    _remember(session, park_id, kind, ids, on)


def _mark(session: Any, park_id: int, kind: str, ids: list[int], on: date, head: Any) -> None:
    """State, number and entry of every bill in one UPDATE."""
    entry, table = LedgerEntry.__table__, Bill.__table__
    found = and_(
        table.c.id == head.c.ref,
        entry.c.source == SOURCE,
        entry.c.source_id == head.c.ref,
        entry.c.kind == kind,
        entry.c.park_id == park_id,
    )
    done = session.execute(
        update(table)
        .where(found)
        .values(
            state="posted",
            number=head.c.number,
            entry_id=entry.c.id,
            posted_at=now(),
            posted_by=scope_of(session).user_name,
            issued_on=on,
            due_on=func.greatest(table.c.due_on, literal(on, Date)),
            version=table.c.version + 1,
        )
    )
    if done.rowcount != len(ids):
        raise RuntimeError(f"{len(ids)} bills to post, {done.rowcount} posted")  # pragma: no cover - the transaction is undone


def _remember(session: Any, park_id: int, kind: str, ids: list[int], on: date) -> None:
    """One audit row for all, one transition each."""
    scope = scope_of(session)
    row = {
        "park_id": park_id,
        "resource": SOURCE,
        "from_state": "draft",
        "to_state": "posted",
        "step": "post",
        "on_date": on,
        "user_id": scope.user_id,
        "user_name": scope.user_name,
        "at": now(),
    }
    table = Transition.__table__
    fixed = [literal(v, table.c[k].type) for k, v in row.items()]
    each = func.unnest(literal(ids, ARRAY(BigInteger))).table_valued("id").render_derived(name="posted")
    session.execute(insert(table).from_select([*row, "record_id"], select(*fixed, each.c.id)))
    audit.bulk(session, Bill, "post", len(ids), {"kind": kind, "first": ids[0], "last": ids[-1], "on": on.isoformat()}, park_id)


def _equal_their_lines(session: Any, ids: list[int]) -> None:
    """B-13: a bill is exactly the sum of its lines."""
    total = (
        select(
            Charge.bill_id,
            func.sum(type_coerce(Charge.gross, BigInteger)).label("gross"),
            func.sum(type_coerce(Charge.vat, BigInteger)).label("vat"),
        )
        .where(_these(Charge.bill_id, ids))
        .group_by(Charge.bill_id)
        .subquery()
    )
    wrong = session.scalar(
        select(func.count())
        .select_from(Bill)
        .outerjoin(total, total.c.bill_id == Bill.id)
        .where(
            _these(Bill.id, ids),
            or_(
                total.c.bill_id.is_(None),
                total.c.gross != type_coerce(Bill.gross, BigInteger),
                total.c.vat != type_coerce(Bill.vat, BigInteger),
            ),
        )
    )
    problems = Problems()
    if wrong:
        problems.add("billing.B-13", _l("%(n)s bills no longer equal their lines. Delete these drafts and make them again.", n=wrong))
    problems.stop()


def account_of(session: Any) -> Any:
    """CASE: the account the net amount of a line goes to (B-14)."""
    roles = dict(session.execute(select(Account.role, Account.id).where(Account.role.is_not(None))).tuples().all())

    def role(name: str) -> int:
        return roles.get(name) or by_role(session, name).id

    free = and_(Charge.treatment == "exempt")
    own = [(and_(Charge.kind == kind, free), roles[f"{kind}_exempt"]) for kind in CONTRA if f"{kind}_exempt" in roles]
    own += [(Charge.kind == kind, role(kind)) for kind in CONTRA]
    own.append((Charge.kind == "penalty", role("late_fee")))
    return case(*own, (free, func.coalesce(ChargeItem.exempt_account_id, ChargeItem.account_id)), else_=ChargeItem.account_id)


def legs(session: Any, ids: list[int]) -> Any:
    """SELECT of the legs of these bills: ref, account_id, firm_id, debit, credit, memo (fen). Income is grouped by account."""
    receivable, output = by_role(session, "receivable").id, by_role(session, "output_vat").id
    account, net = account_of(session), func.sum(type_coerce(Charge.net, BigInteger))
    income = (
        select(
            Charge.bill_id.label("ref"),
            account.label("account_id"),
            cast(null(), BigInteger).label("firm_id"),
            (-net).label("amount"),
            literal(3).label("line"),
        )
        .join(ChargeItem, ChargeItem.id == Charge.item_id)
        .where(_these(Charge.bill_id, ids))
        .group_by(Charge.bill_id, account)
    )
    owed = select(Bill.id, literal(receivable, BigInteger), Bill.firm_id, type_coerce(Bill.gross, BigInteger), literal(1)).where(
        _these(Bill.id, ids)
    )
    tax = select(Bill.id, literal(output, BigInteger), cast(null(), BigInteger), -type_coerce(Bill.vat, BigInteger), literal(4)).where(
        _these(Bill.id, ids)
    )
    each = income.union_all(owed, tax).subquery("sides")
    amount = each.c.amount
    return select(
        each.c.ref,
        each.c.account_id,
        each.c.firm_id,
        cast(func.greatest(amount, 0), BigInteger).label("debit"),
        cast(func.greatest(-amount, 0), BigInteger).label("credit"),
        cast(null(), String).label("memo"),
        each.c.line,
    ).where(amount != 0)
