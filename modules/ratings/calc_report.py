"""A report's figures as data: its hash, the figures one by one, and what differs between two makings. Pure; rules R-133, R-136."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

CHANGED, GONE, NEW = "changed", "gone", "new"


@dataclass(frozen=True)
class Cell:
    """One figure of a report: where it stands, its exact value, the text people read."""

    section: str
    row: str
    column: str
    value: Any
    text: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.section, self.row, self.column


@dataclass(frozen=True)
class Difference:
    """A figure then and now; `by` is now minus then where both are numbers."""

    kind: str
    section: str
    row: str
    column: str
    then: str
    now: str
    by: Decimal | None = None


def digest(figures: dict[str, Any]) -> str:
    """SHA-256 over the document in a fixed order."""
    return hashlib.sha256(json.dumps(figures, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def cells(figures: dict[str, Any]) -> list[Cell]:
    """Every fact and every cell of every table. A row is named by its first cell; the second of one name is told apart by `#2`."""
    out: list[Cell] = []
    sections: Counter[str] = Counter()
    for s in figures["sections"]:
        sections[s["title"]] += 1
        title = s["title"] if sections[s["title"]] == 1 else f"{s['title']} #{sections[s['title']]}"
        facts: Counter[str] = Counter()
        for f in s["facts"]:
            out.append(Cell(title, _nth(f["label"], facts), "", f["value"], f["text"]))
        if s["table"] is not None:
            out += _table(title, s["table"])
    return out


def _nth(name: str, seen: Counter[str]) -> str:
    seen[name] += 1
    return name if seen[name] == 1 else f"{name} #{seen[name]}"


def _table(title: str, table: dict[str, Any]) -> Iterator[Cell]:
    heads: Counter[str] = Counter()
    columns = [_nth(c["title"], heads) for c in table["columns"]]
    names: Counter[str] = Counter()
    rows = list(zip(table["rows"], table["shown"], strict=True))
    if table["totals"] is not None:
        rows.append((table["totals"], table["shown_totals"]))
    for raw, shown in rows:
        name = _nth(shown[0] if shown else "", names)
        for i in range(1, len(columns)):
            yield Cell(title, name, columns[i], raw[i], shown[i])


def number(value: Any) -> Decimal | None:
    """The value as a number; None for words and for what was not reported."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def differences(then: dict[str, Any], now: dict[str, Any]) -> list[Difference]:
    """Figures that read differently, in the order of the earlier report; new ones last."""
    old, new = {c.key: c for c in cells(then)}, {c.key: c for c in cells(now)}
    out = []
    for key, a in old.items():
        b = new.get(key)
        if b is None:
            out.append(Difference(GONE, *key, a.text, ""))
        elif (a.value, a.text) != (b.value, b.text):
            x, y = number(a.value), number(b.value)
            out.append(Difference(CHANGED, *key, a.text, b.text, None if x is None or y is None else y - x))
    return out + [Difference(NEW, *key, "", b.text) for key, b in new.items() if key not in old]
