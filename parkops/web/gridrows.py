"""Rows of a grid: what is selected for them, how a value leaves as JSON, and what is masked on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce
from sqlalchemy import inspect as sa_inspect

from ..clock import local
from ..comments import full_names
from ..db.types import Scaled
from ..security import access
from ..security.masking import ALWAYS_MASKED, mask
from . import resources
from .compile import Resolved, ResolvedColumn, label_attr

SUMS = {"sum": func.sum, "avg": func.avg, "min": func.min, "max": func.max}


def total(column: ResolvedColumn, expr: Any) -> Any:
    """The footer's aggregate of a column, with the column's own scale."""
    if column.col.total == "count":
        return func.count(expr)
    made = SUMS[column.col.total](expr)
    if column.col.total == "avg":
        made = func.round(made)
    return type_coerce(made, expr.type) if isinstance(expr.type, Scaled) else made


def plain(column: ResolvedColumn, value: Any) -> Any:
    """A JSON value that loses nothing: exact decimals as text, days in ISO form, instants in the park's zone."""
    if value is None or isinstance(value, str | bool):
        return value
    if column.sql is not None and column.fmt in ("money", "area") and not isinstance(value, Decimal | datetime | date):
        return format(Decimal(value).scaleb(-column.places), f".{column.places}f")
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        value = Decimal(str(value))
    if isinstance(value, Decimal):
        if column.fmt == "int" and value == value.to_integral_value():
            return int(value)
        if column.fmt in ("money", "area"):
            return format(value.quantize(Decimal("0.01"), ROUND_HALF_UP), "f")
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime):
        return local(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return f"{value:%Y-%m}" if column.fmt == "month" else value.isoformat()
    return value if isinstance(value, list | dict) else str(value)


def hides(grid: Any, column: ResolvedColumn, clear: bool) -> str | None:
    """The kind to mask a column's values as, or None."""
    if not column.personal or (clear and grid.may_unmask(column)):
        return None
    if column.personal not in ALWAYS_MASKED and grid.may_unmask(column):
        return None
    return column.personal


@dataclass(frozen=True)
class Cell:
    """What one selected expression becomes. kind: how it is masked, if at all; role: value|text|late; labels: texts of a
    choice's codes in the reader's language, looked up once per answer."""

    key: str
    column: ResolvedColumn | None
    kind: str | None
    role: str
    labels: dict[str, str] | None = None

    @property
    def text_key(self) -> str:
        return f"{self.key}__text"


def fetch(grid: Any, ids: list[int], names: tuple[str, ...], *, clear: bool = False) -> list[dict[str, Any]]:
    """Values of `names` for these ids in this order; ids the scope hides are left out."""
    model, plan = grid.resolved.model, grid.plan()
    cells, exprs = _cells(grid, plan, names, clear)
    statement = plan.apply(select(model.id, *exprs).select_from(model)).where(model.id.in_(ids))
    found = {row[0]: row for row in grid.session.execute(statement)}
    return _shaped(grid, cells, [found[i] for i in ids if i in found])


def page(grid: Any) -> list[dict[str, Any]]:
    """The rows of the page in one statement: the ids are found with the joins that filters and order need, and only for them
    is everything shown looked up."""
    model, plan = grid.resolved.model, grid.plan()
    cells, exprs = _cells(grid, plan, grid.names, False)
    order = grid.order(plan)
    statement = plan.apply(select(model.id, *exprs).select_from(model)).where(model.id.in_(grid.page_statement()))
    return _shaped(grid, cells, grid.session.execute(statement.order_by(*order)).all())


def _cells(grid: Any, plan: Any, names: tuple[str, ...], clear: bool) -> tuple[list[Cell], list[Any]]:
    """A cell per selected expression."""
    resolved, cells, exprs = grid.resolved, [], []
    for name in names:
        column = grid.column(name)
        cells.append(_cell(grid, column, name, clear))
        exprs.append(plan.expr(column))
        if column.fmt == "ref":
            text, personal = plan.text(column)
            if text is not None:
                clear_label = not personal or access.may_unmask(grid.session, column.ref or "")
                cells.append(Cell(f"{name}__text", column, None if clear_label else personal, "text"))
                exprs.append(text)
            else:
                cells[-1] = Cell(name, column, None, "late")
    attr = label_attr(resolved.model)
    if attr and attr in sa_inspect(resolved.model).column_attrs:
        personal = sa_inspect(resolved.model).column_attrs[attr].columns[0].info.get("personal")
        cells.append(Cell("_label", None, personal if not access.may_unmask(grid.session, resolved.name) else None, "text"))
        exprs.append(getattr(resolved.model, attr))
    if resolved.state_column:
        cells.append(Cell("_state", None, None, "text"))
        exprs.append(getattr(resolved.model, resolved.state_column))
    return cells, exprs


def _cell(grid: Any, column: ResolvedColumn, name: str, clear: bool) -> Cell:
    labels = None
    if column.fmt == "choice" and column.choices is not None:
        labels = {code: str(label) for code, label in column.choices.labels.items()}
    return Cell(name, column, hides(grid, column, clear), "value", labels)


def _shaped(grid: Any, cells: list[Cell], found: Any) -> list[dict[str, Any]]:
    rows = [_shape(row, cells) for row in found]
    _late_labels(grid, cells, rows)
    _kinds(cells, rows)
    _people(grid.session, cells, rows)
    _name(cells, rows)
    return rows


def _shape(row: Any, cells: list[Cell]) -> dict[str, Any]:
    out: dict[str, Any] = {"id": row[0]}
    for cell, value in zip(cells, row[1:], strict=True):
        if cell.kind is not None and value is not None:
            value = mask(cell.kind, str(value))
        if cell.role == "text":
            out[cell.key] = value if value is None or isinstance(value, str) else str(value)
            continue
        out[cell.key] = plain(cell.column, value)
        if cell.labels is not None and value is not None:
            out[cell.text_key] = cell.labels.get(value, str(value))
        if cell.column.col.tone is not None:
            out[f"{cell.key}__tone"] = cell.column.col.tone(value)
    return out


def _kinds(cells: list[Cell], rows: list[dict[str, Any]]) -> None:
    """Titles beside the names of kinds of records."""
    for cell in cells:
        if cell.role == "value" and cell.column is not None and cell.column.attr in resources.NAMING:
            for row in rows:
                if title := resources.kind_title(row[cell.key]):
                    row[cell.text_key] = title


def _people(session: Any, cells: list[Cell], rows: list[dict[str, Any]]) -> None:
    """Full names beside the user names of who did something; one statement, only where such a column is shown."""
    keys = [c for c in cells if c.role == "value" and c.column is not None and c.column.person]
    names = full_names(session, {row[c.key] for c in keys for row in rows})
    for cell in keys:
        for row in rows:
            if name := names.get(row[cell.key]):
                row[cell.text_key] = name


def _name(cells: list[Cell], rows: list[dict[str, Any]]) -> None:
    """`_label` of records whose model has no label column: the first value shown, in words and never as a code or an id."""
    names = [c.key for c in cells if c.role in ("value", "late")]
    for row in rows:
        if row.get("_label") is None:
            row["_label"] = next((str(row.get(f"{n}__text") or row[n]) for n in names if row.get(n) is not None), str(row["id"]))


def _late_labels(grid: Any, cells: list[Cell], rows: list[dict[str, Any]]) -> None:
    """Texts of references whose model has no label column: the records themselves say (one query per kind)."""
    late = [(c.key, c.column) for c in cells if c.role == "late" and c.column is not None and c.column.ref]
    if not late:
        return
    from .. import refs

    texts = refs.labels(grid.session, [(c.ref, r[k]) for k, c in late for r in rows if r[k] is not None])
    for row in rows:
        for key, column in late:
            if row[key] is not None:
                row[f"{key}__text"] = texts.get((column.ref, row[key]), f"#{row[key]}")


INDEX_HITS = 500


def indexed_ids(session: Any, resolved: Resolved, text: str) -> list[int]:
    """Ids the global index finds by pinyin or initials. Only for texts of letters: Chinese text is found as it stands, and
    numbers could be guesses at a masked telephone or identity number."""
    plain_text = text.replace(" ", "")
    if not getattr(resolved.model, "__search__", None) or not (plain_text.isascii() and plain_text.isalpha()):
        return []
    from .. import search

    return [hit.id for hit in search.query(session, text, INDEX_HITS, [resolved.name])]
