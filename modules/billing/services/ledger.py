"""The one door into the ledger. Entries are balanced, numbered without gaps per park and year, and chained by hashes.

`post` writes one entry, `post_many` any number by one statement (INSERT … SELECT), `reverse` takes one back. Posting locks the end
of the park's chain until the transaction ends: call `lock` first in a transaction that also draws other numbers, so that two
colleagues wait for each other in one order. Rules G-01 to G-06; the triggers in `models/ledger_guards.py` hold them too.

These functions ask no right of their own: the service that posts a document has asked for the document's."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from parkops import money
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _l

from ..models.ledger import LedgerEntry, LedgerHead, LedgerLine
from . import ledger_sql
from .periods import require_open

CODE = "billing.entry"


@dataclass(frozen=True)
class Leg:
    """One side of an entry, in yuan. A negative amount stands for the other side."""

    account_id: int
    debit: Decimal | int = 0
    credit: Decimal | int = 0
    firm_id: int | None = None
    memo: str | None = None


class End(NamedTuple):
    """The end of a park's chain: place and hash of the last entry."""

    sequence: int
    hash: bytes


def genesis(park_id: int) -> bytes:
    """What stands before the first entry of a park."""
    return hashlib.sha256(f"parkops ledger {park_id}".encode()).digest()


def lock(session: Any, park_id: int) -> End:
    """Lock the end of the park's chain for this transaction and return it. NotFound outside the scope."""
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such record in your parks."))
    query = select(LedgerHead.sequence, LedgerHead.hash).where(LedgerHead.park_id == park_id).with_for_update()
    found = session.execute(query).one_or_none()
    if found is None:
        session.connection().execute(pg_insert(LedgerHead.__table__).values(park_id=park_id, sequence=0, hash=genesis(park_id))
                                     .on_conflict_do_nothing())
        found = session.execute(query).one()
    return End(found.sequence, bytes(found.hash))


def post(session: Any, *, park_id: int, kind: str, on: date, memo: str, legs: Sequence[Leg], source: str | None = None,
         source_id: int | None = None, reverses_id: int | None = None) -> LedgerEntry:
    """Post one entry dated `on`. Amounts in yuan; legs of zero are left out. RuleError when it does not balance (G-01), holds
    nothing (G-02) or its month is closed (G-04)."""
    return _post(session, park_id, kind, on, memo, legs, source=source, source_id=source_id, reverses_id=reverses_id)[0]


def post_document(session: Any, model: Any, *, park_id: int, kind: str, on: date, memo: str, legs: Sequence[Leg],
                  ) -> tuple[LedgerEntry, int, str]:
    """Post the entry of a document (`model`) that is written behind it. Returns the entry and, drawn in the same step, the id and
    the number the document must take. Errors as of `post`."""
    entry, number = _post(session, park_id, kind, on, memo, legs, source=model.__resource__, source_id=None, reverses_id=None,
                          document=model)
    return entry, entry.source_id, number or ""


def _post(session: Any, park_id: int, kind: str, on: date, memo: str, legs: Sequence[Leg], **how: Any) -> tuple[LedgerEntry, str | None]:
    """Lock the end of the chain, then write everything by one statement. It writes nothing while the month is not open; only then
    the lock is looked at: it refuses, or an exception lets this person post."""
    sides = [_sides(leg) for leg in legs]
    _check(sides)
    end = lock(session, park_id)
    session.flush()
    values = {"park_id": park_id, "kind": kind, "end": end, "on": on, "memo": memo[:300],
              "legs": [(leg.account_id, leg.firm_id, *side, leg.memo and leg.memo[:300])
                       for leg, side in zip(legs, sides, strict=True) if any(side)], **how}
    made = ledger_sql.insert_one(session, anyway=False, **values)
    if made is None:
        require_open(session, park_id, on)
        made = ledger_sql.insert_one(session, **values)
    return _loaded(session, made.entry), made.number


def _loaded(session: Any, row: dict[str, Any]) -> LedgerEntry:
    """The entry as if it had been read: the row came back with the statement that wrote it."""
    entry = LedgerEntry()
    for name, value in row.items():
        set_committed_value(entry, name, value)
    make_transient_to_detached(entry)
    session.add(entry)
    return entry


def post_many(session: Any, *, park_id: int, kind: str, headers: Select, legs: Select) -> int:
    """Post one entry per row of `headers` (ref, entry_date, memo, source, source_id), in order of ref; returns how many.

    `legs`: ref, account_id, firm_id, debit, credit, memo. Both are read inside the statement that inserts, and only rows of
    `park_id` are seen. Raises RuleError G-01/G-02 when a document has no legs or does not balance, G-04 when a month is closed."""
    session.flush()
    end = lock(session, park_id)
    found = ledger_sql.months(session, park_id, headers)
    if not found:
        return 0
    for month in found:
        require_open(session, park_id, month)
    if ledger_sql.unbalanced(session, park_id, headers, legs):
        raise RuleError([_not_balanced()])
    per_year: dict[int, int] = {}
    for month, count in found.items():
        per_year[month.year] = per_year.get(month.year, 0) + count
    ledger_sql.insert_entries(session, park_id=park_id, kind=kind, end=end, per_year=per_year, headers=headers, legs=legs)
    count = sum(per_year.values())
    audit.bulk(session, LedgerEntry, "insert", count, {"kind": kind, "first": end.sequence + 1, "last": end.sequence + count}, park_id)
    return count


def reverse(session: Any, entry: LedgerEntry, *, on: date, memo: str) -> LedgerEntry:
    """Post the same legs with the sides exchanged. An entry is reversed once (G-06); a reversal is not reversed."""
    lock(session, entry.park_id)
    problems = Problems()
    if entry.reverses_id is not None:
        problems.add("billing.G-06", _l("A reversal is not reversed. Post the document again instead."))
    elif session.scalar(select(LedgerEntry.id).where(LedgerEntry.reverses_id == entry.id)) is not None:
        problems.add("billing.G-06", _l("Entry %(number)s has been reversed already.", number=entry.number))
    if on < entry.entry_date:
        problems.add("billing.G-06", _l("A reversal is not dated before its entry. Choose %(day)s or later.", day=entry.entry_date), "on")
    problems.stop()
    lines = session.scalars(select(LedgerLine).where(LedgerLine.entry_id == entry.id).order_by(LedgerLine.line))
    legs = [Leg(i.account_id, i.credit, i.debit, i.firm_id, i.memo) for i in lines]
    return post(session, park_id=entry.park_id, kind="reversal", on=on, memo=memo, legs=legs, source=entry.source,
                source_id=entry.source_id, reverses_id=entry.id)


def of(session: Any, resource: str, record_id: int) -> list[LedgerEntry]:
    """The entries of a document, in order."""
    return list(session.scalars(select(LedgerEntry).where(
        LedgerEntry.source == resource, LedgerEntry.source_id == record_id).order_by(LedgerEntry.park_id, LedgerEntry.sequence)))


def _sides(leg: Leg) -> tuple[int, int]:
    """Debit and credit in fen, both ≥ 0."""
    debit, credit = money.fen(leg.debit), money.fen(leg.credit)
    return max(debit, 0) + max(-credit, 0), max(credit, 0) + max(-debit, 0)


def _check(sides: list[tuple[int, int]]) -> None:
    """Collect what is wrong with the legs of one entry."""
    problems = Problems()
    if any(debit and credit for debit, credit in sides):
        problems.add("billing.G-02", _l("A line has a debit or a credit, not both."))
    if not any(debit or credit for debit, credit in sides):
        problems.add("billing.G-02", _l("An entry needs amounts. Nothing was posted."))
    elif sum(debit for debit, _c in sides) != sum(credit for _d, credit in sides):
        problems.extend([_not_balanced()])
    problems.stop()


def _not_balanced() -> Problem:
    return Problem("billing.G-01", _l("Debits and credits differ. Nothing was posted; correct the amounts."))
