"""Gap-free numbers: one counter row per park, code and year, locked by the posting transaction until it ends.

A rolled-back transaction gives its number back, so two colleagues posting at once wait for each other for a moment. Every
issued number is kept in `core_sequence_number`; the gap report compares the counter with it. Formats come from manifests:
`"sequences": {"tenants.application": "A-{year}-{n:05d}"}` with `{year} {month} {n} {park}`; without `{year}` the counter
never starts again."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Integer, String, UniqueConstraint, func, insert, select
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


def next_number(session: Any, code: str, park_id: int, on: date) -> str:
    """The next number, e.g. `A-2026-00001`. Draw it last in the transaction: the counter stays locked until it ends."""
    pattern = format_of(code)
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    year = on.year if "{year" in pattern or "{month" in pattern else 0
    table = Sequence.__table__
    session.flush()
    statement = pg_insert(table).values(park_id=park_id, code=code, year=year, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["park_id", "code", "year"], set_={"last": table.c.last + 1, "version": table.c.version + 1})
    sequence_id, n = session.connection().execute(statement.returning(table.c.id, table.c.last)).one()
    park = session.get(Park, park_id).code if "{park" in pattern else ""
    number = pattern.format(year=year, month=f"{on.month:02d}", n=n, park=park)
    session.connection().execute(insert(IssuedNumber.__table__).values(
        park_id=park_id, sequence_id=sequence_id, n=n, number=number, issued_on=now(), user_name=scope_of(session).user_name))
    return number


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
    holes = session.execute(select(Sequence, inner.c.before + 1, inner.c.n - 1).join(inner, inner.c.sequence_id == Sequence.id)
                            .where(inner.c.n > inner.c.before + 1)).all()
    top = select(issued.sequence_id, func.max(issued.n).label("top")).group_by(issued.sequence_id).subquery()
    tails = session.execute(select(Sequence, func.coalesce(top.c.top, 0) + 1, Sequence.last)
                            .outerjoin(top, top.c.sequence_id == Sequence.id)
                            .where(Sequence.last > func.coalesce(top.c.top, 0))).all()
    found = [Gap(s.code, s.park_id, s.year, first, last) for s, first, last in (*holes, *tails)]
    return sorted(found, key=lambda g: (g.code, g.park_id, g.year, g.first))
