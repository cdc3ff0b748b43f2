"""Recomputes the ledger from what is stored and names every entry that is not what was posted. Set-based: one statement per park.

An entry is good when sha256(hash of the one before || its digest) is its hash. When the hash of the one before was itself changed, the
value it should have had is tried instead, so the follower is not accused. A cut-off tail shows against the end of the chain
(`billing_ledger_head`) and against the anchors kept outside the database (`ledger_anchors`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, LargeBinary, String, Text, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from parkops.i18n import _
from parkops.models import Park

from ..models.ledger import LedgerEntry, LedgerHead, LedgerLine
from . import ledger

ALGORITHMS = (1,)


@dataclass(frozen=True)
class Finding:
    """kind: entry (changed), gap (missing numbers), unlinked, orphan (lines without entry), tail, head."""

    kind: str
    park_id: int
    sequence: int | None
    number: str | None
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def _rows(park_id: int) -> Any:
    """Every entry of a park with its recomputed digest, balance and what stands before it."""
    e, i = LedgerEntry, LedgerLine
    text = func.billing_line_text(i.line, i.park_id, i.account_id, i.firm_id, i.debit, i.credit, i.memo, type_=Text)
    sums = select(
        i.entry_id, func.string_agg(text, aggregate_order_by(literal(",", String), i.line)).label("lines"),
        (func.sum(i.debit) == func.sum(i.credit)).label("balanced"), func.sum(i.debit).label("debit"),
        func.bool_and(and_(i.park_id == park_id, i.version == 1)).label("ours"), func.min(i.created_at).label("first"),
        func.max(i.created_at).label("last")).group_by(i.entry_id).subquery("sums")
    digest = func.billing_entry_digest(
        cast(e.algorithm, Integer), e.park_id, e.sequence, e.number, e.kind, e.entry_date, e.memo, e.total, e.source, e.source_id,
        e.reverses_id, e.posted_at, e.posted_by, sums.c.lines, type_=LargeBinary)
    odd = or_(e.algorithm.not_in(ALGORITHMS), e.version != 1, e.created_at != e.posted_at, sums.c.lines.is_(None),
              sums.c.balanced.is_(False), sums.c.debit != e.total, sums.c.ours.is_(False), sums.c.first != e.posted_at,
              sums.c.last != e.posted_at, e.sequence < 1)
    base = select(e.id, e.sequence, e.number, e.hash, digest.label("digest"), func.coalesce(odd, True).label("odd"),
                  ).outerjoin(sums, sums.c.entry_id == e.id).where(e.park_id == park_id).cte("base")
    order = {"order_by": base.c.sequence}
    before = func.lag(base.c.hash).over(**order)
    linked = select(base, func.lag(base.c.sequence, 1, 0).over(**order).label("before_sequence"),
                    func.coalesce(before, literal(ledger.genesis(park_id), LargeBinary)).label("before")).cte("linked")
    mine = func.sha256(linked.c.before.op("||")(linked.c.digest), type_=LargeBinary)
    tried = select(linked, mine.label("mine"), func.lag(mine).over(order_by=linked.c.sequence).label("before_mine")).cte("tried")
    other = func.sha256(tried.c.before_mine.op("||")(tried.c.digest), type_=LargeBinary)
    follows = tried.c.before_sequence == tried.c.sequence - 1
    wrong = and_(follows, tried.c.mine != tried.c.hash, func.coalesce(other != tried.c.hash, True))
    return select(tried.c.sequence, tried.c.number, tried.c.hash, tried.c.digest, tried.c.before_sequence,
                  follows.label("follows"), or_(tried.c.odd, wrong).label("wrong")).where(
        or_(tried.c.odd, wrong, ~follows)).order_by(tried.c.sequence)


def verify(session: Any, park_id: int | None = None) -> list[Finding]:
    """The chains of one park or of all parks the session sees; empty when they are what was posted. An entry moved to another
    park is told from a missing one only when both parks are looked at."""
    parks = [park_id] if park_id is not None else list(session.scalars(select(Park.id).order_by(Park.id)))
    rows = {park: session.execute(_rows(park)).all() for park in parks}
    hashes = [bytes(r.hash) for found in rows.values() for r in found]
    return [f for park in parks for f in (*_judged(park, rows[park], hashes), *_orphans(session, park), *_end(session, park))]


def _judged(park_id: int, rows: Any, hashes: list[bytes]) -> list[Finding]:
    """What the odd rows of a park mean; `hashes` are those of every odd row, one of which a row behind a gap may follow."""
    found: list[Finding] = []
    for r in rows:
        if not r.follows and r.sequence > 0:
            found.append(Finding("gap", park_id, r.before_sequence + 1, None, _(
                "Entries %(first)s to %(last)s of the chain are missing.", first=r.before_sequence + 1, last=r.sequence - 1)))
        if r.wrong:
            found.append(_changed(park_id, r))
        elif not r.follows and not any(hashlib.sha256(h + bytes(r.digest)).digest() == bytes(r.hash) for h in hashes):
            found.append(Finding("unlinked", park_id, r.sequence, r.number, _(
                "Entry %(number)s does not follow a known entry; it or the one before it was changed.", number=r.number)))
    return found


def _changed(park_id: int, row: Any) -> Finding:
    return Finding("entry", park_id, row.sequence, row.number,
                   _("Entry %(number)s (place %(n)s) is not what was posted.", number=row.number, n=row.sequence))


def _orphans(session: Any, park_id: int) -> list[Finding]:
    rows = session.execute(select(LedgerLine.entry_id, func.count()).outerjoin(
        LedgerEntry, LedgerEntry.id == LedgerLine.entry_id).where(LedgerLine.park_id == park_id, LedgerEntry.id.is_(None))
        .group_by(LedgerLine.entry_id).order_by(LedgerLine.entry_id).limit(100))
    return [Finding("orphan", park_id, None, None, _("%(n)s lines belong to no entry (%(id)s).", n=n, id=entry_id)) for entry_id, n in rows]


def _end(session: Any, park_id: int) -> list[Finding]:
    """The end of the chain as it is kept beside the entries."""
    head = session.execute(select(LedgerHead.sequence, LedgerHead.hash).where(LedgerHead.park_id == park_id)).one_or_none()
    last = session.execute(select(LedgerEntry.sequence, LedgerEntry.hash).where(LedgerEntry.park_id == park_id)
                           .order_by(LedgerEntry.sequence.desc()).limit(1)).one_or_none()
    sequence, hash_ = (last.sequence, bytes(last.hash)) if last is not None else (0, ledger.genesis(park_id))
    kept, kept_hash = (head.sequence, bytes(head.hash)) if head is not None else (0, ledger.genesis(park_id))
    if kept > sequence:
        return [Finding("tail", park_id, sequence + 1, None, _(
            "The last entries of the chain are missing: %(first)s to %(last)s.", first=sequence + 1, last=kept))]
    if (kept, kept_hash) != (sequence, hash_):
        return [Finding("head", park_id, kept, None, _("The end of the chain is not that of its last entry."))]
    return []
