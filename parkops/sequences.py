"""Gap-free numbers: one counter row per park, code and year, locked by the posting transaction until it ends.

A rolled-back transaction gives its number back, so two colleagues posting at once wait for each other for a moment. Every
issued number is kept in `core_sequence_number`; the gap report compares the counter with it. Formats come from manifests:
`"sequences": {"tenants.application": "A-{year}-{n:05d}"}` with `{year} {month} {n} {park}`; without `{year}` the counter
never starts again.

`next_number` draws one, `take` many at once (mass work formats them in SQL). A document table that keeps its own numbers, unique
and for ever, may stand as the proof instead of `core_sequence_number`: `kept_in("billing.entry", LedgerEntry.number)`."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Integer,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Mapped, aliased

from .clock import now
from .db.append_only import protect
from .db.base import ParkScoped, Record, field, fk
from .db.session import scope_of
from .db.types import UTCDateTime
from .errors import NotFound, Refused
from .i18n import _l
from .models import Park
from .registry import registry

KERNEL_SEQUENCES: dict[str, str] = {}
FIELDS = {"year", "month", "n", "park"}
KEPT: dict[str, Any] = {}  # number range -> the document column that proves its continuity


class Sequence(ParkScoped, Record):
    """The counter: the last number issued for a code in a park and year (year 0: never restarts)."""

    __tablename__ = "core_sequence"
    __table_args__ = (UniqueConstraint("park_id", "code", "year"), CheckConstraint("last >= 0", name="last"))
    __audited__ = False
    code: Mapped[str] = field(String(80), _l("Number range"), fmt="code")
    year: Mapped[int] = field(Integer, _l("Year"), fmt="code")
    last: Mapped[int] = field(BigInteger, _l("Last number"))

    def __str__(self) -> str:
        return f"{self.code} {self.year or ''}".strip()


class IssuedNumber(ParkScoped, Record):
    """One number that was given out, and to whom. Proof of continuity."""

    __tablename__ = "core_sequence_number"
    __table_args__ = (UniqueConstraint("park_id", "sequence_id", "n"), UniqueConstraint("park_id", "sequence_id", "number"))
    __audited__ = False
    sequence_id: Mapped[int] = fk("core_sequence.id", _l("Number range"))
    n: Mapped[int] = field(BigInteger, _l("No."))
    number: Mapped[str] = field(String(80), _l("Number"), fmt="code")
    issued_on: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    user_name: Mapped[str] = field(String(80), _l("Who"))

    def __str__(self) -> str:
        return self.number


protect(IssuedNumber)


def formats() -> dict[str, str]:
    """Every declared number range and its format."""
    out = dict(KERNEL_SEQUENCES)
    for manifest in registry().manifests.values():
        out.update(manifest.sequences)
    return out


def format_of(code: str) -> str:
    """The declared format, checked; Refused when the range is not declared or names an unknown part."""
    found = formats().get(code)
    if found is None:
        raise Refused(f"there is no number range {code!r}; declare it under \"sequences\" in the module's manifest")
    parts = {name for _t, name, _s, _c in string.Formatter().parse(found) if name}
    if parts - FIELDS or "n" not in parts:
        raise Refused(f"number range {code}: the format must hold {{n}} and may hold {{year}}, {{month}}, {{park}}")
    return found


def kept_in(code: str, column: Any) -> None:
    """Say that the documents themselves prove a range: `column` (a mapped column, unique per park) is never changed or removed."""
    KEPT[code] = column


@dataclass(frozen=True)
class Taken:
    """The numbers `first..last` of a range, drawn for a day and held until the transaction ends."""

    pattern: str
    year: int
    month: int
    park: str
    first: int
    last: int

    def text(self, n: int) -> str:
        """The n-th number as it is printed."""
        return self.pattern.format(year=self.year, month=f"{self.month:02d}", n=n, park=self.park)

    def numbers(self) -> list[str]:
        """Every number taken, in order."""
        return [self.text(n) for n in range(self.first, self.last + 1)]

    def sql(self, n: Any) -> Any:
        """The printed form of the whole number `n` (a SQL expression) as a SQL expression."""
        return printed(self.pattern, n, {"year": str(self.year), "month": f"{self.month:02d}", "park": self.park})


def printed(pattern: str, n: Any, parts: dict[str, Any]) -> Any:
    """A number in its format as a SQL expression; `parts` gives year, month and park as texts or as expressions."""
    out: Any = None
    for text, name, spec, _conversion in string.Formatter().parse(pattern):
        found = [_fixed(text)] if text else []
        if name == "n":
            digits = cast(n, Text)
            width = literal_column(str(int(re.sub(r"\D", "", spec or "") or 0)), Integer)
            found.append(func.lpad(digits, func.greatest(width, func.length(digits)), _fixed("0")))
        elif name:
            found.append(literal(parts[name], Text) if isinstance(parts[name], str) else parts[name])
        for piece in found:
            out = piece if out is None else out + piece
    return out


def _fixed(text: str) -> Any:
    """A text of the format in the statement itself: the driver remembers statements of few parameters only."""
    return literal_column("'" + text.replace("'", "''") + "'", Text)


def drawing(after: Any = None) -> Any:
    """The statement that moves counters on and returns `code` and `last` of each, locked in the order given. Its values are the
    parameters of `parameters`. `after`: a FROM without whose row nothing is drawn (where it is a part of a bigger statement)."""
    table = Sequence.__table__
    types = {"code": Text(), "year": Integer(), "count": BigInteger()}
    asked = func.unnest(*(bindparam(f"draw_{name}", type_=ARRAY(type_)) for name, type_ in types.items())).table_valued(
        *(column(name, type_) for name, type_ in types.items()), name="asked").render_derived(name="u")
    row = select(bindparam("park_id", type_=BigInteger()).label("park_id"), *asked.c, literal_column("1").label("version"))
    row = row.select_from(after.join(asked, true()) if after is not None else asked)
    statement = pg_insert(table).from_select(["park_id", "code", "year", "last", "version"], row, include_defaults=False)
    new = {"last": table.c.last + statement.excluded.last, "version": table.c.version + literal_column("1")}
    return statement.on_conflict_do_update(index_elements=["park_id", "code", "year"], set_=new).returning(
        table.c.id, table.c.code, table.c.last)


def counter_year(pattern: str, on: date) -> int:
    """The year a counter of this format belongs to; 0 when it never starts again."""
    return on.year if "{year" in pattern or "{month" in pattern else 0


def parameters(park_id: int, on: date, *codes: str, count: int = 1) -> dict[str, Any]:
    """The parameters of `drawing`: `count` numbers of each range, for a day."""
    years = [counter_year(format_of(code), on) for code in codes]
    return {"park_id": park_id, "draw_code": list(codes), "draw_year": years, "draw_count": [count] * len(codes)}


def need_proof(*codes: str) -> None:
    """Refused when no document keeps the numbers of one of these ranges."""
    for code in codes:
        if code not in KEPT:
            raise Refused(f"number range {code}: no document keeps its numbers; declare it with sequences.kept_in")


def parts(session: Any, park_id: int, on: date, *patterns: str) -> dict[str, str]:
    """What `printed` puts into these formats beside the number."""
    park = session.get(Park, park_id).code if any("{park" in p for p in patterns) else ""
    return {"year": str(on.year), "month": f"{on.month:02d}", "park": park}


_DRAW = cache(drawing)


def take(session: Any, code: str, park_id: int, on: date, count: int, *, keep: bool = True) -> Taken:
    """Draw `count` (≥ 1) numbers that follow each other, in one step; the counter stays locked until the transaction ends.

    `keep=False` leaves out the rows of proof; allowed for ranges whose documents prove it (`kept_in`)."""
    pattern = format_of(code)
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    if count < 1:
        raise ValueError("take at least one number")
    if not keep:
        need_proof(code)
    session.flush()
    sequence_id, _code, last = session.connection().execute(_DRAW(), parameters(park_id, on, code, count=count)).one()
    park = session.get(Park, park_id).code if "{park" in pattern else ""
    taken = Taken(pattern, on.year, on.month, park, last - count + 1, last)
    if code not in KEPT:
        _keep(session, taken, sequence_id, park_id)
    return taken


def _keep(session: Any, taken: Taken, sequence_id: int, park_id: int) -> None:
    """Write the proof of the numbers given out."""
    row = {"park_id": park_id, "sequence_id": sequence_id, "issued_on": now(), "user_name": scope_of(session).user_name}
    table = IssuedNumber.__table__
    if taken.first == taken.last:
        session.connection().execute(insert(table).values(n=taken.last, number=taken.text(taken.last), **row))
        return
    n = func.generate_series(taken.first, taken.last).table_valued("n").render_derived().c.n
    fixed = [literal(value, table.c[name].type) for name, value in row.items()]
    session.connection().execute(insert(table).from_select([*row, "n", "number"], select(*fixed, n, taken.sql(n))))


def next_number(session: Any, code: str, park_id: int, on: date) -> str:
    """The next number, e.g. `A-2026-00001`. Draw it last in the transaction: the counter stays locked until it ends."""
    taken = take(session, code, park_id, on, 1)
    return taken.text(taken.first)


@dataclass(frozen=True)
class Gap:
    """Missing numbers `first..last` of a range (a backup restored wrongly, rows deleted by hand)."""

    code: str
    park_id: int
    year: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.code} {self.year or ''}, park {self.park_id}: numbers {self.first} to {self.last} are missing"


def gaps(session: Any) -> list[Gap]:
    """Every hole between 1 and the counter, for all ranges in scope. An honest system prints none."""
    issued = aliased(IssuedNumber)
    before = func.lag(issued.n, 1, 0).over(partition_by=issued.sequence_id, order_by=issued.n).label("before")
    inner = select(issued.sequence_id, issued.n, before).subquery()
    ours = Sequence.code.not_in(list(KEPT))
    holes = session.execute(select(Sequence, inner.c.before + 1, inner.c.n - 1).join(inner, inner.c.sequence_id == Sequence.id)
                            .where(inner.c.n > inner.c.before + 1, ours)).all()
    top = select(issued.sequence_id, func.max(issued.n).label("top")).group_by(issued.sequence_id).subquery()
    tails = session.execute(select(Sequence, func.coalesce(top.c.top, 0) + 1, Sequence.last)
                            .outerjoin(top, top.c.sequence_id == Sequence.id)
                            .where(Sequence.last > func.coalesce(top.c.top, 0), ours)).all()
    found = [Gap(s.code, s.park_id, s.year, first, last) for s, first, last in (*holes, *tails)]
    for sequence in session.scalars(select(Sequence).where(Sequence.code.in_(list(KEPT)))):
        found += _kept_gaps(session, sequence)
    return sorted(found, key=lambda g: (g.code, g.park_id, g.year, g.first))


def _kept_gaps(session: Any, sequence: Sequence) -> list[Gap]:
    """Holes in the numbers that the documents of a range carry (`kept_in`)."""
    column = KEPT[sequence.code]
    model = column.class_
    parts = {"year": str(sequence.year) if sequence.year else r"\d{4}", "month": r"\d{2}", "park": ".*", "n": r"(\d+)"}
    expression = "^" + "".join(re.escape(text) + (parts[name] if name else "") for text, name, _s, _c in
                               string.Formatter().parse(format_of(sequence.code))) + "$"
    digits = func.substring(column, expression)
    numbers = select(cast(digits, BigInteger).label("n")).select_from(model).where(
        model.park_id == sequence.park_id, digits.is_not(None)).subquery()
    pairs = select(numbers.c.n, func.lag(numbers.c.n, 1, 0).over(order_by=numbers.c.n).label("before")).subquery()
    holes = session.execute(select(pairs.c.before + 1, pairs.c.n - 1).where(pairs.c.n > pairs.c.before + 1)).all()
    top = session.scalar(select(func.coalesce(func.max(numbers.c.n), 0)))
    if sequence.last > top:
        holes.append((top + 1, sequence.last))
    return [Gap(sequence.code, sequence.park_id, sequence.year, first, last) for first, last in holes]
