"""A report as data: sections with text, facts, tables and pictures. PDF, XLSX, HTML and JSON are drawn from the same
document, so they cannot say different things."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..clock import local
from ..i18n import _

FORMATS = ("text", "int", "decimal", "money", "area", "percent", "date", "month", "bool")
RIGHT = ("int", "decimal", "money", "area", "percent")


@dataclass(frozen=True)
class Column:
    """fmt: text|int|decimal|money|area|percent|date|month|bool; width: share of the page (1 = normal); right: align so
    although the column's cells bring their own formats."""

    title: Any
    fmt: str = "text"
    width: float = 1.0
    right: bool = False

    def __post_init__(self) -> None:
        if self.fmt not in FORMATS:
            raise ValueError(f"column format {self.fmt!r}: use one of {', '.join(FORMATS)}")


@dataclass(frozen=True)
class Cell:
    """A value whose format differs from its column's, with an optional remark shown behind it."""

    value: Any
    fmt: str
    note: Any = None


@dataclass(frozen=True)
class Table:
    """rows: lists of values as long as `columns`; totals: one more row in bold, or None. None is "not reported"."""

    columns: tuple[Column, ...]
    rows: list[list[Any]]
    totals: list[Any] | None = None

    def __post_init__(self) -> None:
        for row in [*self.rows, *([self.totals] if self.totals is not None else [])]:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} values for {len(self.columns)} columns")


@dataclass(frozen=True)
class Section:
    """A heading with any of: paragraphs, facts (label, value, fmt), a table, an SVG picture, a note in small print.

    level: 1 begins a part (in print on a new page), 2 is ordinary, 3 a part of the section before."""

    title: Any
    text: tuple[Any, ...] = ()
    facts: tuple[tuple[Any, Any, str], ...] = ()
    table: Table | None = None
    svg: str | None = None
    note: Any = None
    level: int = 2


@dataclass(frozen=True)
class Document:
    """title, one line of context (park, period), sections, and who made it when. outline: a table of contents in print."""

    title: Any
    context: Any
    sections: tuple[Section, ...]
    made_at: datetime
    made_by: str
    landscape: bool = False
    data: dict[str, Any] = field(default_factory=dict)  # extra values for a report's own template
    outline: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON: raw values beside the texts people read."""
        return {
            "title": str(self.title), "context": str(self.context), "landscape": self.landscape,
            "outline": _("Contents") if self.outline else None,
            "made": _("Made %(at)s by %(who)s", at=f"{local(self.made_at):%Y-%m-%d %H:%M}", who=self.made_by),
            "sections": [_section(s) for s in self.sections], "data": raw(self.data),
        }


def _section(s: Section) -> dict[str, Any]:
    out: dict[str, Any] = {
        "title": str(s.title), "text": [str(t) for t in s.text], "svg": s.svg, "note": str(s.note) if s.note else None, "level": s.level,
        "facts": [{"label": str(label), "value": raw(value), "text": shown(value, fmt)} for label, value, fmt in s.facts],
        "table": None,
    }
    if s.table is not None:
        fmts = [c.fmt for c in s.table.columns]
        out["table"] = {
            "columns": [{"title": str(c.title), "fmt": c.fmt, "right": c.right or c.fmt in RIGHT, "width": c.width}
                        for c in s.table.columns],
            "rows": [[raw(v) for v in row] for row in s.table.rows],
            "shown": [[shown(v, f) for v, f in zip(row, fmts, strict=True)] for row in s.table.rows],
            "totals": None if s.table.totals is None else [raw(v) for v in s.table.totals],
            "shown_totals": None if s.table.totals is None else [
                "" if v is None else shown(v, f) for v, f in zip(s.table.totals, fmts, strict=True)],
        }
    return out


def raw(value: Any) -> Any:
    """JSON-safe and exact: decimals that are no integers as text."""
    if isinstance(value, Cell):
        return raw(value.value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): raw(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [raw(v) for v in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def shown(value: Any, fmt: str) -> str:
    """The text of a value: separators, fixed places, ISO dates, "not reported" for None."""
    if isinstance(value, Cell):
        return f"{shown(value.value, value.fmt)} {value.note or ''}".rstrip()
    if value is None:
        return _("not reported")
    if isinstance(value, bool) or fmt == "bool":
        return _("yes") if value else _("no")
    if fmt == "date" and isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d}"
    if fmt == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if isinstance(value, str) or fmt in ("text", "date", "month"):
        return str(value)
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if fmt == "int":
        return f"{number:,.0f}"
    if fmt == "percent":
        return f"{(number * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP):,} %"
    if fmt in ("money", "area"):
        return f"{number.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,}"
    return f"{number.normalize():,f}"
