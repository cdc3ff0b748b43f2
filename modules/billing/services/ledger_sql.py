"""The statement that writes entries and lines together, number, place in the chain and hash included. Used by `ledger` only."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy import column as sql_column
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.types import BigInteger, Boolean, Date, DateTime, Integer, LargeBinary, SmallInteger, Text

from parkops import clock, money, sequences
from parkops.db import audit
from parkops.db.base import ParkScoped
from parkops.db.session import scope_of, unprepared

from ..models.ledger import BookPeriod, LedgerEntry, LedgerLine

CODE = "billing.entry"
ALGORITHM = 1
LEG = {"line": Integer(), "account_id": BigInteger(), "firm_id": BigInteger(), "debit": BigInteger(), "credit": BigInteger(),
       "memo": Text()}
HEADER = {"park_id": BigInteger(), "sequence": BigInteger(), "kind": Text(), "entry_date": Date(), "memo": Text(), "source": Text(),
          "reverses_id": BigInteger(), "posted_at": DateTime(timezone=True), "posted_by": Text()}
FOUND = ("id", "version", "number", "source_id", "hash")  # of a single entry: what its statement finds out
ONE = {  # parameters of a single entry
    **HEADER, "source_id": BigInteger(), "end": LargeBinary(), "month": Date(), "anyway": Boolean(), "total_text": Text(),
    "part_year": Text(), "part_month": Text(), "part_park": Text(), **{f"l_{name}": ARRAY(type_) for name, type_ in LEG.items()}}


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


class Made(NamedTuple):
    """What the statement for one entry wrote: the entry's row, and the number of the document when it drew one."""

    entry: dict[str, Any]
    number: str | None


def _drawn(pattern: str, document: tuple[str, str] | None, p: dict[str, Any]) -> Any:
    """CTE with the entry's number (`number`) and its source: given, or a document's own id and number (`source_id`, `own`) drawn in
    the same step. Without a row when the month is not open and nobody said `anyway`."""
    month = BookPeriod.__table__.alias("m")
    shut = select(month.c.id).where(month.c.park_id == p["park_id"], month.c.month == p["month"], month.c.state != literal_column("'open'"))
    takes = select(literal_column("1").label("x")).where(or_(p["anyway"], ~shut.exists())).cte("o")
    drawn = sequences.drawing(takes).cte("c")
    parts = {name: p[f"part_{name}"] for name in ("year", "month", "park")}
    number = cast(sequences.printed(pattern, drawn.c.last, parts), Text).label("number")
    if document is None:
        return select(number, p["source_id"].label("source_id"), cast(null(), Text).label("own")).select_from(drawn).cte("d")
    table, own = document
    second = drawn.alias("c2")
    new_id = func.nextval(func.pg_get_serial_sequence(literal_column(f"'{table}'"), literal_column("'id'")), type_=BigInteger)
    return select(number, new_id.label("source_id"), cast(sequences.printed(own, second.c.last, parts), Text).label("own")).select_from(
        drawn.join(second, second.c.code != drawn.c.code)).where(drawn.c.code == literal_column(f"'{CODE}'")).cte("d")


def _texts_of(lines: Any, p: dict[str, Any]) -> Any:
    """The total and the text of the given lines that the digest covers."""
    c = lines.c
    text = func.billing_line_text(c.line, p["park_id"], c.account_id, c.firm_id, c.debit, c.credit, c.memo, type_=Text)
    return select(cast(func.sum(c.debit), BigInteger).label("total"),
                  func.string_agg(text, aggregate_order_by(literal_column("','"), c.line)).label("lines")).cte("t")


@cache
def _one(pattern: str, document: tuple[str, str] | None) -> Any:
    """The statement for a single entry, built once: every value is a parameter. It draws the numbers, writes entry, lines and audit
    row and returns what it found itself. `document`: table and number format of what is to be made. Kept short: the driver reads
    statements of more than 4,096 letters or 50 parameters anew each time."""
    p = {name: bindparam(name, type_=type_) for name, type_ in ONE.items()}
    given = func.unnest(*(p[f"l_{name}"] for name in LEG)).table_valued(
        *(sql_column(name, type_) for name, type_ in LEG.items()), name="given").render_derived(name="g")
    lines = select(*given.c).cte("l")
    t, d = _texts_of(lines, p), _drawn(pattern, document, p)
    version = literal_column(str(ALGORITHM), Integer)
    digest = func.billing_entry_digest(
        version, p["park_id"], p["sequence"], d.c.number, p["kind"], p["entry_date"], p["memo"], t.c.total, p["source"], d.c.source_id,
        p["reverses_id"], p["posted_at"], p["posted_by"], t.c.lines, type_=LargeBinary)
    values = {name: p[name] for name in HEADER} | {
        "number": d.c.number, "source_id": d.c.source_id, "total": t.c.total, "algorithm": version, "created_at": p["posted_at"],
        "hash": func.sha256(p["end"].op("||")(digest), type_=LargeBinary)}
    entry, line = LedgerEntry.__table__, LedgerLine.__table__
    made = insert(entry).from_select(
        list(values), select(*(v.label(k) for k, v in values.items())).select_from(t.join(d, true())), include_defaults=False,
    ).returning(*(entry.c[name] for name in FOUND)).cte("e")
    columns = {"park_id": p["park_id"].label("park_id"), "entry_id": made.c.id, **{name: lines.c[name] for name in LEG},
               "created_at": p["posted_at"].label("created_at")}
    rows = select(*columns.values()).select_from(made.join(lines, true())).order_by(lines.c.line)
    written = insert(line).from_select(list(columns), rows, include_defaults=False).returning(line.c.id).cte("w")
    trail = audit.part(made, resource=literal_column(f"'{LedgerEntry.__resource__}'"), op=literal_column("'insert'"), record_id=made.c.id,
                       label=made.c.number, park_id=p["park_id"], detail=_detail(p, made)).cte("a")
    return select(*made.c, d.c.own).select_from(made.join(d, true())).add_cte(written, trail)


def _detail(p: dict[str, Any], made: Any) -> Any:
    """What the audit row of an entry tells."""
    told = {"kind": p["kind"], "total": p["total_text"], "source": p["source"], "source_id": made.c.source_id}
    return func.jsonb_build_object(*(part for name, value in told.items() for part in (literal_column(f"'{name}'"), value)))


def insert_one(session: Any, *, park_id: int, kind: str, end: Any, on: date, legs: list[tuple[Any, ...]], document: Any = None,
               anyway: bool = True, **header: Any) -> Made | None:
    """Write one entry behind `end`; `legs` are (account_id, firm_id, debit, credit, memo) in fen. None, and nothing drawn, when the
    month is not open and not `anyway`. `document`: the model of a document to be made; its id and number are drawn too."""
    pattern = sequences.format_of(CODE)
    own = document and (document.__tablename__, sequences.format_of(document.__resource__))
    codes = (CODE, document.__resource__) if own else (CODE,)
    sequences.need_proof(*codes)
    columns = list(zip(*((i, *leg) for i, leg in enumerate(legs, 1)), strict=True))
    parts = sequences.parts(session, park_id, on, pattern, *(own or ())[1:])
    total, at = money.yuan(sum(leg[2] for leg in legs)), clock.now()
    head = {"kind": kind, "sequence": end.sequence + 1, "entry_date": on, "posted_at": at,
            "posted_by": scope_of(session).user_name, **header}
    row = session.connection().execute(_one(pattern, own), {
        **head, **sequences.parameters(park_id, on, *codes), **audit.who(session), **{f"part_{name}": text for name, text in parts.items()},
        **{f"l_{name}": list(column) for name, column in zip(LEG, columns, strict=True)},
        "month": on.replace(day=1), "anyway": anyway, "end": end.hash, "total_text": str(total)}).one_or_none()
    if row is None:
        return None
    *found, number = row
    known = {**head, "park_id": park_id, "total": total, "algorithm": ALGORITHM, "created_at": at}
    return Made(known | dict(zip(FOUND, found, strict=True)), number)


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
