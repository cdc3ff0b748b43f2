"""Which column means which field: found by headings, corrected by people, remembered per park, kind and headings."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from ...db.session import scope_of
from ...errors import Refused
from ...i18n import LANGUAGES, _l, catalogue
from ...importing import ImportField, ImportKind, clean
from .models import ImportMapping
from .reader import Table

LOOK = 10  # rows in which the headings may stand
_NOISE = re.compile(r"[\s　*＊:：()（）\[\]【】_\-]+")


@dataclass(frozen=True)
class Header:
    """The row with the headings: its number and the texts by position."""

    row: int
    names: tuple[str, ...]

    @property
    def signature(self) -> str:
        return hashlib.sha256("\x1f".join(self.names).encode()).hexdigest()

    def duplicates(self) -> list[str]:
        seen: set[str] = set()
        return [n for n in self.names if n and (n in seen or seen.add(n))]


def plain(text: str) -> str:
    """Headings compare without case, spaces, stars and brackets."""
    return _NOISE.sub("", text).lower()


def names_of(f: ImportField) -> set[str]:
    """Every heading that means this field: its aliases, its title in each language, its name."""
    names = [f.name]
    for text in (f.title, *f.aliases):
        msgid = getattr(text, "msgid", None)
        names += [text] if msgid is None else [msgid, *(catalogue(lang).gettext(msgid) for lang in LANGUAGES)]
    return {plain(n) for n in names}


def find_header(kind: ImportKind, table: Table) -> Header:
    """The row among the first ten with the most known headings, else the first row with text. Merged cells in or below
    it are refused, because what they mean for the other rows would be a guess."""
    known = set().union(*(names_of(f) for f in kind.fields))
    best: Header | None = None
    best_count = -1
    for number, row in table.head(LOOK):
        texts = tuple(clean(c) for c in row)
        if not any(texts):
            continue
        count = sum(plain(t) in known for t in texts if t)
        if count > best_count:
            best, best_count = Header(number, texts), count
    if best is None:
        raise Refused(_l("The first rows of the file are empty; put the headings into the first row."))
    for top, left, bottom, _right in table.merged:
        if bottom >= best.row:
            raise Refused(_l("Row %(row)s column %(column)s is merged with its neighbours; unmerge the cells and fill "
                             "each one.", row=top, column=left))
    return best


def guess(kind: ImportKind, header: Header) -> dict[str, int]:
    """field name -> column position, by headings. A field that two columns claim is left to the person."""
    out: dict[str, int] = {}
    for f in kind.fields:
        wanted = names_of(f)
        hits = [i for i, name in enumerate(header.names) if name and plain(name) in wanted]
        if len(hits) == 1 and hits[0] not in out.values():
            out[f.name] = hits[0]
    return out


def recall(session: Any, kind: ImportKind, header: Header) -> dict[str, int]:
    """The remembered mapping of these headings in this park, else the guess."""
    found = session.execute(select(ImportMapping.columns).where(
        ImportMapping.park_id == scope_of(session).park_id, ImportMapping.kind == kind.code,
        ImportMapping.signature == header.signature)).scalar_one_or_none()
    if found is None:
        return guess(kind, header)
    known = {f.name for f in kind.fields}
    return {name: at for name, at in found.items() if name in known and at < len(header.names)}


def remember(session: Any, kind: ImportKind, header: Header, columns: dict[str, int]) -> None:
    """Keep it for the next file with these headings."""
    park_id = scope_of(session).park_id
    found = session.execute(select(ImportMapping).where(
        ImportMapping.park_id == park_id, ImportMapping.kind == kind.code,
        ImportMapping.signature == header.signature)).scalar_one_or_none()
    if found is None:
        session.add(ImportMapping(park_id=park_id, kind=kind.code, signature=header.signature, columns=dict(columns)))
    elif found.columns != columns:
        found.columns = dict(columns)
    session.flush()


def check(kind: ImportKind, header: Header, columns: dict[str, int]) -> dict[str, int]:
    """Refuse a mapping that cannot work: unknown field or position, one column twice, key or required field missing."""
    known = {f.name for f in kind.fields}
    if any(name not in known or not 0 <= at < len(header.names) for name, at in columns.items()):
        raise Refused(_l("The mapping names a column that the file does not have; choose the columns again."))
    if len(set(columns.values())) != len(columns):
        raise Refused(_l("One column is chosen for two fields; choose each column once."))
    needed = [f for f in kind.fields if f.required or set(f.columns) & set(kind.key)]
    missing = [str(f.title) for f in needed if f.name not in columns]
    if missing:
        hint = _l(" (two columns are called %(name)s)", name=header.duplicates()[0]) if header.duplicates() else ""
        raise Refused(_l("No column is chosen for %(fields)s%(hint)s; name the heading or choose the column.",
                         fields=", ".join(missing), hint=str(hint)))
    return columns


def samples(table: Table, header: Header, count: int = 3) -> list[list[str]]:
    """The first values under each heading."""
    out: list[list[str]] = [[] for _ in header.names]
    for number, row in table.head(header.row + 20):
        if number <= header.row:
            continue
        for i, cell in enumerate(row[: len(out)]):
            if clean(cell) and len(out[i]) < count:
                out[i].append("…" if cell.startswith("\x01") else clean(cell)[:60])
    return out
