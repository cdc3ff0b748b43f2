"""The statement that writes entries and lines together, number, place in the chain and hash included. Used by `ledger` only."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, case, cast, func, insert, literal, null, select, type_coerce
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.types import BigInteger, Date, DateTime, Integer, LargeBinary, SmallInteger, Text

from parkops import clock, sequences
from parkops.db.base import ParkScoped
from parkops.db.session import scope_of, unprepared

from ..models.ledger import LedgerEntry, LedgerLine

CODE = "billing.entry"
ALGORITHM = 1
LEG = {"line": Integer(), "account_id": BigInteger(), "firm_id": BigInteger(), "debit": BigInteger(), "credit": BigInteger(),
       "memo": Text()}
ONE = {  # parameters of a single entry
    "park_id": BigInteger(), "number": Text(), "sequence": BigInteger(), "kind": Text(), "entry_date": Date(), "memo": Text(),
    "source": Text(), "source_id": BigInteger(), "reverses_id": BigInteger(), "posted_at": DateTime(timezone=True), "posted_by": Text(),
    "end": LargeBinary(), **{f"legs_{name}": ARRAY(type_) for name, type_ in LEG.items()}}


def confined(query: Select, park_id: int) -> Select:
    """A whole statement that sees only rows of the park, in every sub-query and CTE. It must be a SELECT: criteria do not reach into
    an INSERT … SELECT, so the inserts stand as CTEs of one."""
    return query.options(with_loader_criteria(
        ParkScoped, lambda cls: cls.park_id == park_id, include_aliases=True, track_closure_variables=True))


def months(session: Any, park_id: int, headers: Select) -> dict[date, int]:
    """How many entries the headers ask for, by first day of month."""
    h = headers.subquery("h")
    month = (cast(h.c.entry_date, Date) - cast(func.extract("day", h.c.entry_date), Integer) + 1).label("month")
    return dict(session.execute(confined(select(month, func.count()).group_by(month).order_by(month), park_id)).all())


def _amounts(g: Any) -> tuple[ColumnElement, ColumnElement]:
    """Debit and credit in fen, a negative one moved to the other side."""
    debit, credit = (func.coalesce(type_coerce(g.c[name], BigInteger), 0) for name in ("debit", "credit"))
    return (func.greatest(debit, 0) + func.greatest(-credit, 0), func.greatest(credit, 0) + func.greatest(-debit, 0))


def unbalanced(session: Any, park_id: int, headers: Select, legs: Select) -> bool:
    """Whether any document has no legs, or legs that differ."""
    h, g = headers.subquery("h"), legs.subquery("g")
    debit, credit = _amounts(g)
    sums = select(g.c.ref, func.sum(debit).label("debit"), func.sum(credit).label("credit")).group_by(g.c.ref).subquery("sums")
    wrong = select(func.count()).select_from(h).outerjoin(sums, sums.c.ref == h.c.ref).where(  # a LIMIT 1 here is planned as a nested loop
        sums.c.debit.is_(None) | (sums.c.debit != sums.c.credit) | (sums.c.debit == 0))
    return bool(session.scalar(confined(wrong, park_id)))


def _lines(legs: Select) -> Any:
    """Numbered legs with both sides ≥ 0, zero ones left out."""
    g = legs.cte("g")
    debit, credit = _amounts(g)
    order = [g.c.line] if "line" in g.c else [credit, g.c.account_id, g.c.firm_id, g.c.memo]
    number = cast(func.row_number().over(partition_by=g.c.ref, order_by=order), Integer)
    return select(
        g.c.ref, number.label("line"), cast(g.c.account_id, BigInteger).label("account_id"), cast(g.c.firm_id, BigInteger).label("firm_id"),
        debit.label("debit"), credit.label("credit"), cast(func.left(cast(g.c.memo, Text), 300), Text).label("memo"),
    ).where((debit != 0) | (credit != 0)).cte("l")


def _texts(park_id: int, lines: Any) -> Any:
    """Per document: its total and the text of its lines that the digest covers."""
    c = lines.c
    text = func.billing_line_text(c.line, literal(park_id, BigInteger), c.account_id, c.firm_id, c.debit, c.credit, c.memo, type_=Text)
    joined = func.string_agg(text, aggregate_order_by(literal(",", String), c.line))
    return select(c.ref, cast(func.sum(c.debit), BigInteger).label("total"), joined.label("lines")).group_by(c.ref).cte("t")


def _numbered(headers: Select, taken: dict[int, sequences.Taken], texts: Any, first: int) -> Any:
    """Headers with totals, place in the chain and number."""
    h = headers.cte("h")
    day = cast(h.c.entry_date, Date)
    year = cast(func.extract("year", day), Integer)
    nth = func.row_number().over(partition_by=year, order_by=h.c.ref)
    number = case(*((year == y, t.sql(nth + (t.first - 1))) for y, t in taken.items()))
    return select(
        h.c.ref, cast(number, Text).label("number"), (func.row_number().over(order_by=h.c.ref) + (first - 1)).label("sequence"),
        day.label("entry_date"), cast(func.left(cast(h.c.memo, Text), 300), Text).label("memo"), cast(h.c.source, Text).label("source"),
        cast(h.c.source_id, BigInteger).label("source_id"),
        cast(h.c.reverses_id if "reverses_id" in h.c else null(), BigInteger).label("reverses_id"),
        texts.c.total, texts.c.lines,
    ).select_from(h).join(texts, texts.c.ref == h.c.ref).cte("n")


@cache
def _one() -> Any:
    """The statement for a single entry, built once: every value is a parameter. It returns the entry's id."""
    p = {name: bindparam(name, type_=type_) for name, type_ in ONE.items()}
    given = func.unnest(*(p[f"legs_{name}"] for name in LEG)).table_valued(
        *(sql_column(name, type_) for name, type_ in LEG.items()), name="given").render_derived()
    lines = select(*given.c).cte("l")
    c = lines.c
    text = func.billing_line_text(c.line, p["park_id"], c.account_id, c.firm_id, c.debit, c.credit, c.memo, type_=Text)
    texts = select(cast(func.sum(c.debit), BigInteger).label("total"),
                   func.string_agg(text, aggregate_order_by(literal(",", String), c.line)).label("lines")).cte("t")
    digest = func.billing_entry_digest(
        literal(ALGORITHM, Integer), p["park_id"], p["sequence"], p["number"], p["kind"], p["entry_date"], p["memo"], texts.c.total,
        p["source"], p["source_id"], p["reverses_id"], p["posted_at"], p["posted_by"], texts.c.lines, type_=LargeBinary)
    values = {name: p[name] for name in ONE if name != "end" and not name.startswith("legs_")} | {
        "total": texts.c.total, "algorithm": literal(ALGORITHM, SmallInteger), "created_at": p["posted_at"],
        "hash": func.sha256(p["end"].op("||")(digest), type_=LargeBinary)}
    entry, line = LedgerEntry.__table__, LedgerLine.__table__
    made = insert(entry).from_select(list(values), select(*(v.label(k) for k, v in values.items())).select_from(texts),
                                     include_defaults=False).returning(entry.c.id).cte("e")
    columns = {"park_id": p["park_id"], "entry_id": made.c.id, **{name: c[name] for name in LEG}, "created_at": p["posted_at"]}
    rows = select(*(v.label(k) for k, v in columns.items())).select_from(made.join(lines, literal(True))).order_by(c.line)
    written = insert(line).from_select(list(columns), rows, include_defaults=False).returning(line.c.id).cte("w")
    return select(made.c.id).add_cte(written)


def insert_one(session: Any, *, park_id: int, kind: str, end: Any, on: date, legs: list[tuple[Any, ...]], **header: Any) -> int:
    """Write one entry behind `end`; `legs` are (account_id, firm_id, debit, credit, memo) in fen. Returns its id."""
    number = sequences.take(session, CODE, park_id, on, 1, keep=False).numbers()[0]
    columns = list(zip(*((i, *leg) for i, leg in enumerate(legs, 1)), strict=True))
    values = {f"legs_{name}": list(column) for name, column in zip(LEG, columns, strict=True)}
    return session.connection().execute(_one(), {
        "park_id": park_id, "kind": kind, "number": number, "sequence": end.sequence + 1, "entry_date": on, "end": end.hash,
        "posted_at": clock.now(), "posted_by": scope_of(session).user_name, **header, **values}).scalar_one()


def insert_entries(session: Any, *, park_id: int, kind: str, end: Any, per_year: dict[int, int], headers: Select, legs: Select) -> None:
    """Write entries and lines by one statement behind `end`; the triggers check it and move the end of the chain."""
    taken = {year: sequences.take(session, CODE, park_id, date(year, 1, 1), count, keep=False) for year, count in sorted(per_year.items())}
    lines = _lines(legs)
    n = _numbered(headers, taken, _texts(park_id, lines), end.sequence + 1)
    park, at, who = literal(park_id, BigInteger), literal(clock.now(), DateTime(timezone=True)), literal(scope_of(session).user_name, Text)
    digest = func.billing_entry_digest(
        literal(ALGORITHM, Integer), park, n.c.sequence, n.c.number, literal(kind, Text), n.c.entry_date, n.c.memo, n.c.total, n.c.source,
        n.c.source_id, n.c.reverses_id, at, who, n.c.lines, type_=LargeBinary)
    chain = func.billing_chain(digest, literal(end.hash, LargeBinary), type_=LargeBinary).over(order_by=n.c.sequence)
    values = {
        "park_id": park, "number": n.c.number, "sequence": n.c.sequence, "kind": literal(kind, Text), "entry_date": n.c.entry_date,
        "memo": n.c.memo, "total": n.c.total, "source": n.c.source, "source_id": n.c.source_id, "reverses_id": n.c.reverses_id,
        "posted_at": at, "posted_by": who, "algorithm": literal(ALGORITHM, SmallInteger), "hash": chain, "created_at": at}
    made = insert(LedgerEntry).from_select(list(values), select(*(v.label(k) for k, v in values.items())),
                                            include_defaults=False).returning(
        LedgerEntry.id.label("id"), LedgerEntry.sequence.label("sequence")).cte("e")
    columns = {
        "park_id": park, "entry_id": made.c.id, "line": lines.c.line, "account_id": lines.c.account_id, "firm_id": lines.c.firm_id,
        "debit": lines.c.debit, "credit": lines.c.credit, "memo": lines.c.memo, "created_at": at}
    rows = select(*(v.label(k) for k, v in columns.items())).select_from(made).join(n, n.c.sequence == made.c.sequence).join(
        lines, and_(lines.c.ref == n.c.ref)).order_by(made.c.sequence, lines.c.line)
    with unprepared(session):
        written = insert(LedgerLine).from_select(list(columns), rows, include_defaults=False).returning(LedgerLine.id.label("id")).cte("w")
        session.execute(confined(select(func.count()).select_from(written), park_id))
