"""Global search: Chinese, pinyin (full and initials), codes, phones; exact before prefix before inside; park and right kept.

`core_search` holds one row per record, `core_search_term` its terms; every lookup is a prefix range on a B-tree, so that it
stays quick at any size. Models with `__search__ = ("name", "credit_code")` are kept by a flush listener; mass work calls
`reindex(session, Model, ids)`. Personal fields are found by their whole value only, and never shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    event,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Mapped, Session

from .db.base import Record, field, metadata
from .db.park_optional import ParkOptional, owner_park
from .db.session import ParkSession, scope_of
from .errors import Refused
from .i18n import _l
from .refs import labels, url
from .search_terms import HEAD, PERSONAL, TAIL, TERM, normal, personal_term, terms_of, tokens_of, units
from .security.masking import mask

NO_PARK = 0
CANDIDATES = 120
LONGEST = 100
CHUNK = 4000


class SearchEntry(ParkOptional, Record):
    """What is shown of a found record, and the tokens further words are looked up in."""

    __tablename__ = "core_search"
    __table_args__ = (UniqueConstraint("resource", "record_id"),)
    __audited__ = False
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    label: Mapped[str] = field(String(200), _l("Label"))
    detail: Mapped[str | None] = field(String(300), _l("Detail"))
    tokens: Mapped[str] = field(Text, _l("Tokens"))
    is_masked: Mapped[bool] = field(Boolean, _l("Masked"), default=False, server_default="false")

    def __str__(self) -> str:
        return self.label


TERMS = Table(
    "core_search_term", metadata,
    Column("search_id", BigInteger, nullable=False),
    Column("park_id", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("term", String(64, collation="C"), nullable=False),
    Index("ix_core_search_term_lookup", "park_id", "kind", "term"),  # equal terms share an entry: no search_id in the key
    Index("ix_core_search_term_search_id", "search_id"),
)


@dataclass(frozen=True)
class Hit:
    """A found record. rank: 0 exact, 1 begins with, 2 contains, 3 all words."""

    resource: str
    id: int
    label: str
    detail: str
    rank: int

    @property
    def url(self) -> str:
        return url(self.resource, self.id)


def searched_models() -> list[Any]:
    """Every mapped model with `__search__`."""
    return [m.class_ for m in Record.registry.mappers if getattr(m.class_, "__search__", None)]


# ---- query ---------------------------------------------------------------------------------------------------------

def query(session: Any, text_: str, limit: int = 20, resources: Sequence[str] | None = None) -> list[Hit]:
    """Records the actor may read whose fields match, best first. An empty or senseless text finds nothing.

    Several words must all occur (in any order) unless the whole text is found as it stands. Refused when too long."""
    if len(text_) > LONGEST:
        raise Refused(_l("Shorten the search text to %(n)s characters.", n=LONGEST))
    readable = _readable(session, resources)
    whole = normal(text_.replace("\x00", ""))
    numbered = _by_number(session, text_, resources) if limit > 0 else []
    if not whole or not readable or limit < 1:
        return numbered[:limit]
    found = [*numbered, *_lookup(session, whole, [], readable, limit)]
    words = [normal(w) for w in text_.replace("\x00", "").split()]
    words = sorted({w for w in words if w}, key=len, reverse=True)
    if len(found) < limit and len(words) > 1:
        seen = {(h.resource, h.id) for h in found}
        more = _lookup(session, words[0], words[1:], readable, limit)
        found += [Hit(h.resource, h.id, h.label, h.detail, 3) for h in more if (h.resource, h.id) not in seen]
    return found[:limit]


_numbered: dict[str, tuple[Any, str]] = {}


def by_number(model: Any, column: str = "number") -> None:
    """Documents made by the thousand stand in no search index: they are found by their whole number through its unique index."""
    _numbered[model.__resource__] = (model, column)


def _by_number(session: Any, text_: str, resources: Sequence[str] | None) -> list[Hit]:
    """Documents the actor may read whose number is exactly the text (capital or not)."""
    number, scope = text_.strip().upper(), scope_of(session)
    if not any(c.isdigit() for c in number) or len(number) > 40 or "\x00" in number:
        return []
    out = []
    for resource, (model, column) in _numbered.items():
        if (resources is None or resource in resources) and (scope.system or (resource, "read") in scope.rights):
            rows = session.execute(select(model.id, getattr(model, column)).where(getattr(model, column) == number).limit(5))
            out += [Hit(resource, row[0], row[1], "", 0) for row in rows]
    return out


def _readable(session: Any, resources: Sequence[str] | None) -> list[str]:
    """Resources with an index the actor may read (of those asked for)."""
    scope = scope_of(session)
    known = [m.__resource__ for m in searched_models()]
    return [r for r in known if (resources is None or r in resources) and (scope.system or (r, "read") in scope.rights)]


_STAGE = """(SELECT t.search_id, {rank} AS rank FROM core_search_term t
  JOIN core_search s ON s.id = t.search_id AND s.resource = ANY(:{which}) {words}
  WHERE t.park_id = ANY(:parks) AND t.kind = {kind} AND {match} LIMIT :candidates)"""


def _lookup(session: Any, term: str, words: list[str], readable: list[str], limit: int) -> list[Hit]:
    """Exact, then prefix of the whole, then prefix inside: each stage a bounded range of the index."""
    short, cut = term[:TERM], len(term) > TERM
    words = [*words, *([term] if cut else [])]  # a stored term is cut; a longer text is looked up in the tokens
    also = "".join(f" AND s.tokens LIKE :w{i}" for i in range(len(words)))
    alone = "" if cut else also
    exact, prefix = "t.term = :term", "t.term >= :term AND t.term < :beyond"
    stages = [_STAGE.format(rank=0, kind=HEAD, match=exact, which="readable", words=also),
              _STAGE.format(rank=0, kind=PERSONAL, match="t.term = :full", which="readable", words=alone),
              _STAGE.format(rank=1, kind=HEAD, match=prefix, which="readable", words=also),
              _STAGE.format(rank=2, kind=TAIL, match=prefix, which="readable", words=also)]
    scope = scope_of(session)
    unmasked = [r for r in readable if scope.system or (r, "unmask") in scope.rights]
    if unmasked:
        stages.append(_STAGE.format(rank=1, kind=PERSONAL, match=prefix, which="unmasked", words=also))
    statement = text(f"""SELECT s.resource, s.record_id, s.label, s.detail, s.is_masked, min(f.rank) AS rank
        FROM ({' UNION ALL '.join(stages)}) f JOIN core_search s ON s.id = f.search_id
        GROUP BY s.id ORDER BY min(f.rank), length(s.label), s.label, s.id LIMIT :limit""")
    values = {"readable": readable, "unmasked": unmasked, "parks": _parks(session), "term": short, "beyond": _beyond(short),
              "full": term[:64], "candidates": max(CANDIDATES, limit), "limit": limit * 2,
              **{f"w{i}": "%" + _like(w) + "%" for i, w in enumerate(words)}}
    values = {k: v for k, v in values.items() if f":{k}" in statement.text}
    rows = session.connection().execute(statement, values).all()
    plain = labels(session, [(r.resource, r.record_id) for r in rows if r.is_masked and r.resource in unmasked])
    hits = [Hit(r.resource, r.record_id, plain.get((r.resource, r.record_id), r.label), r.detail or "", r.rank) for r in rows]
    return hits[:limit]


def _beyond(prefix: str) -> str:
    """The first text that does not begin with `prefix` (byte order)."""
    return prefix[:-1] + chr(min(ord(prefix[-1]) + 1, 0x10FFFF)) if ord(prefix[-1]) != 0xD7FF else prefix[:-1] + "\ue000"


def _like(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _parks(session: Any) -> list[int]:
    """The scope's parks plus company-wide; all parks are listed, so that the index range stays narrow."""
    from .models import Park

    scope = scope_of(session)
    parks = scope.parks if scope.parks is not None else session.execute(select(Park.id)).scalars().all()
    return [NO_PARK, *sorted(parks)]


# ---- keeping -------------------------------------------------------------------------------------------------------

@lru_cache(maxsize=256)
def _fields(model: Any) -> tuple[list[str], list[str]]:
    """(shown, personal) attribute names of `__search__`."""
    columns = inspect(model).columns
    personal = [n for n in model.__search__ if n in columns and columns[n].info.get("personal")]
    return [n for n in model.__search__ if n not in personal], personal


@dataclass
class _Doc:
    """telling: the row tells all terms; personal values stand in terms only."""

    row: dict[str, Any]
    terms: set[tuple[int, str]]
    telling: bool


def _doc(obj: Any, park_id: int | None) -> _Doc:
    """The entry and terms of one record."""
    shown, personal = _fields(type(obj))
    texts = [str(v) for n in shown if (v := getattr(obj, n)) not in (None, "")]
    terms: set[tuple[int, str]] = set()
    for value in texts:
        terms |= terms_of(value)
    terms |= {t for n in personal if (v := getattr(obj, n)) and (t := personal_term(str(v)))}
    label, masked = _masked_label(obj)
    detail = " · ".join(t for t in texts if t != label)[:300] or None
    return _Doc({"resource": type(obj).__resource__, "record_id": obj.id, "park_id": park_id, "label": label[:200],
                 "detail": detail, "tokens": tokens_of(texts), "is_masked": masked}, terms, not personal)


def _masked_label(obj: Any) -> tuple[str, bool]:
    """The record's label with every personal value of its own masked (the index is read by people of all rights)."""
    label = str(obj)
    shown = label
    for name, kind in _personal(type(obj)):
        value = obj.__dict__.get(name)
        if value and str(value) in shown:
            shown = shown.replace(str(value), str(mask(kind, value)))
    return shown, shown != label


@lru_cache(maxsize=256)
def _personal(model: Any) -> list[tuple[str, str]]:
    """(name, kind) of the model's personal columns."""
    return [(name, c.info["personal"]) for name, c in inspect(model).columns.items() if c.info.get("personal")]


def _term_rows(search_id: int, doc: _Doc) -> list[tuple[int, int, int, str]]:
    park = doc.row["park_id"] if doc.row["park_id"] is not None else NO_PARK
    return [(search_id, park, kind, term) for kind, term in doc.terms]


def _store(connection: Any, docs: list[_Doc]) -> None:
    """Upsert entries, replace their terms: three statements for any number, one where nothing that is found or shown changed."""
    for only_changed in (True, False):
        part = [d for d in docs if d.telling is only_changed]
        if not part:
            continue
        found = connection.execute(_upsert(only_changed), [d.row for d in part])
        ids = {(r.resource, r.record_id): r.id for r in found}
        if ids:
            connection.execute(delete(TERMS).where(TERMS.c.search_id.in_(list(ids.values()))))
        _write_terms(connection, [row for d in part if (key := (d.row["resource"], d.row["record_id"])) in ids
                                  for row in _term_rows(ids[key], d)])


@lru_cache(maxsize=2)
def _upsert(only_changed: bool) -> Any:
    """One statement object for all calls: compiled once."""
    table = SearchEntry.__table__
    statement = pg_insert(table)
    new = statement.excluded
    names = ("park_id", "label", "detail", "tokens", "is_masked")
    statement = statement.on_conflict_do_update(
        index_elements=["resource", "record_id"], set_={n: new[n] for n in names},
        where=or_(*(table.c[n].is_distinct_from(new[n]) for n in names)) if only_changed else None)
    return statement.returning(table.c.id, table.c.resource, table.c.record_id)


def _write_terms(connection: Any, rows: list[tuple[int, int, int, str]]) -> None:
    if len(rows) < 500:
        if rows:
            connection.execute(insert(TERMS), [dict(zip(("search_id", "park_id", "kind", "term"), r, strict=True)) for r in rows])
        return
    cursor = connection.connection.driver_connection.cursor()
    for part in (3, 2, 1):  # in the order of the index, which halves the server's work; stable passes beat tuple keys
        rows.sort(key=itemgetter(part))
    with cursor.copy("COPY core_search_term (search_id, park_id, kind, term) FROM STDIN") as copy:
        for at in range(0, len(rows), 20_000):  # terms hold word characters only: nothing to escape
            copy.write("".join(f"{i}\t{park}\t{kind}\t{term}\n" for i, park, kind, term in rows[at:at + 20_000]))


def _drop(connection: Any, resource: str, ids: Iterable[int]) -> None:
    """Forget records: their terms, then their entries."""
    values = {"resource": resource, "ids": list(ids)}
    connection.execute(text("DELETE FROM core_search_term WHERE search_id IN (SELECT id FROM core_search"
                            " WHERE resource = :resource AND record_id = ANY(:ids))"), values)
    connection.execute(delete(SearchEntry.__table__).where(
        SearchEntry.__table__.c.resource == bindparam("resource"),
        SearchEntry.__table__.c.record_id == text("ANY(:ids)")), values)


@event.listens_for(ParkSession, "after_flush")
def keep(session: Session, context: Any) -> None:
    """Follow what the unit of work has just written."""
    changed = [o for o in (*session.new, *session.dirty) if getattr(type(o), "__search__", None) and _touched(session, o)]
    gone: dict[str, list[int]] = {}
    for obj in session.deleted:
        if getattr(type(obj), "__search__", None):
            gone.setdefault(type(obj).__resource__, []).append(obj.id)
    if not changed and not gone:
        return
    connection = session.connection()
    with session.no_autoflush:
        docs = [_doc(o, owner_park(session, o)) for o in changed]
    for start in range(0, len(docs), CHUNK):
        _store(connection, docs[start:start + CHUNK])
    for resource, ids in gone.items():
        _drop(connection, resource, ids)


def _touched(session: Session, obj: Any) -> bool:
    """Whether a flushed object is new or one of its columns changed (its label may be made of any of them)."""
    return obj in session.new or session.is_modified(obj)


def reindex(session: Any, model: Any, ids: Sequence[int] | None = None) -> int:
    """Build the index of a model anew (all in scope, or the given ids), set-based, in chunks; returns the number of records.

    For imports and other Core work that passes the unit of work by. Commits nothing."""
    session.flush()
    connection, resource, done, last = session.connection(), model.__resource__, 0, 0
    held = set(session.identity_map.keys())
    wanted = sorted(ids) if ids is not None else None
    if wanted is None:
        stale = select(SearchEntry.record_id).where(SearchEntry.resource == resource)
        _drop(connection, resource, session.execute(stale).scalars().all())
    while True:
        statement = select(model).order_by(model.id).limit(CHUNK)
        if wanted is None:
            statement = statement.where(model.id > last)
        else:
            part, wanted = wanted[:CHUNK], wanted[CHUNK:]
            if not part:
                break
            statement = statement.where(model.id.in_(part))
            _drop(connection, resource, part)
        # what is loaded already may be older than the row: Core has written behind the session's back
        objects = session.execute(statement.execution_options(populate_existing=True)).scalars().all()
        if wanted is None and not objects:
            break
        if objects:
            last = objects[-1].id
            done += len(objects)
            _bulk(connection, [_doc(o, owner_park(session, o)) for o in objects])
            for obj in objects:
                if inspect(obj).key not in held:
                    session.expunge(obj)
    return done


def missing(session: Any) -> list[str]:
    """Kinds whose index and records do not agree (integrity check in a system scope): one sentence each."""
    out = []
    for model in searched_models():
        entry = select(SearchEntry.record_id).where(SearchEntry.resource == model.__resource__)
        absent = session.execute(select(func.count()).select_from(model).where(model.id.not_in(entry))).scalar_one()
        stale = session.execute(select(func.count()).select_from(SearchEntry).where(
            SearchEntry.resource == model.__resource__, SearchEntry.record_id.not_in(select(model.id)))).scalar_one()
        if absent or stale:
            out.append(f"{model.__resource__}: {absent} records are not in the search index, {stale} entries have no record")
    return out


def _bulk(connection: Any, docs: list[_Doc]) -> None:
    """New entries of a chunk and their terms; the old ones have been dropped."""
    columns = "resource, record_id, park_id, label, detail, tokens, is_masked"
    ids = {r.record_id: r.id for r in connection.execute(text(
        f"INSERT INTO core_search ({columns}) SELECT {columns} FROM json_to_recordset(CAST(:rows AS json)) AS x(resource text,"
        " record_id bigint, park_id bigint, label text, detail text, tokens text, is_masked boolean) RETURNING id, record_id"),
        {"rows": json.dumps([d.row for d in docs], ensure_ascii=False)})}
    _write_terms(connection, [row for d in docs for row in _term_rows(ids[d.row["record_id"]], d)])


__all__ = ["Hit", "SearchEntry", "query", "reindex", "searched_models", "units"]
