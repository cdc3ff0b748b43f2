"""Composite indices: what a park starts with, plain records, and the answer of the years. Rules R-60 to R-65."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from .. import calc_index as calc
from ..models.index import CompositeIndex, IndexDimension, IndexFigure, IndexIndicator
from .schemes import shipped

WHY = {
    "zero_base": _l("The base value is zero: not computable"),
    "no_base": _l("No value of the base year"),
    "missing": _l("No value of this year"),
    "no_range": _l("All values are the same: no range"),
    "": "",
}


@dataclass(frozen=True)
class Answered:
    """An index with its parts and the answers of its years."""

    index: CompositeIndex
    dimensions: tuple[IndexDimension, ...]
    indicators: tuple[IndexIndicator, ...]
    years: tuple[calc.Answer, ...]
    problem: Any = None


def ensure_indices(session: Any, park_id: int) -> list[CompositeIndex]:
    """R-60: give a park the shipped indices it lacks; values are entered by people."""
    have, made = set(session.scalars(select(CompositeIndex.key).where(CompositeIndex.park_id == park_id))), []
    for raw in shipped("indices.yaml"):
        if raw["key"] in have:
            continue
        names = ("key", "title", "title_en", "base_year", "method", "missing", "doc_no", "provenance", "note")
        row = CompositeIndex(park_id=park_id, **{n: raw[n] for n in names})
        session.add(row)
        session.flush()
        for n, x in enumerate(raw["dimensions"], 1):
            dim = IndexDimension(
                park_id=park_id, index_id=row.id, code=x["code"], title=x["title"], title_en=x["title_en"], position=10 * n
            )
            session.add(dim)
            session.flush()
            session.add_all(
                IndexIndicator(park_id=park_id, dimension_id=dim.id, position=10 * m, **y) for m, y in enumerate(x["indicators"], 1)
            )
        made.append(row)
    session.flush()
    return made


def start_park(session: Any, *, park_id: int) -> int:
    """The button above an empty list."""
    access.require(session, "ratings.index", "add")
    return len(ensure_indices(session, park_id))


def parts_of(session: Any, index: CompositeIndex) -> tuple[list[IndexDimension], list[IndexIndicator]]:
    """Dimensions and indicators in order."""
    dims = list(
        session.scalars(
            select(IndexDimension).where(IndexDimension.index_id == index.id).order_by(IndexDimension.position, IndexDimension.id)
        )
    )
    inds = list(
        session.scalars(
            select(IndexIndicator)
            .where(IndexIndicator.dimension_id.in_([d.id for d in dims]))
            .order_by(IndexIndicator.dimension_id, IndexIndicator.position, IndexIndicator.id)
        )
    )
    return dims, inds


def values_of(session: Any, inds: Sequence[IndexIndicator]) -> dict[str, dict[int, Decimal]]:
    """Indicator (by id as text) → year → value."""
    out: dict[str, dict[int, Decimal]] = {}
    for v in session.scalars(select(IndexFigure).where(IndexFigure.indicator_id.in_([i.id for i in inds]))):
        out.setdefault(str(v.indicator_id), {})[v.year] = v.value
    return out


def answer(session: Any, index: CompositeIndex) -> Answered:
    """R-61: every year that has a value, under the index's method and policy. Weights that do not sum are said, not guessed."""
    dims, inds = parts_of(session, index)
    values = values_of(session, inds)
    years = sorted({index.base_year, *(y for v in values.values() for y in v)})
    a = [calc.Dimension(str(d.id), d.weight) for d in dims]
    b = [calc.Indicator(str(i.id), str(i.dimension_id), i.weight, i.positive) for i in inds]
    try:
        found = (
            tuple(calc.compute(a, b, values, y, base_year=index.base_year, method=index.method, missing=index.missing) for y in years)
            if dims
            else ()
        )
    except ValueError:
        return Answered(
            index, tuple(dims), tuple(inds), (), _l("The weights do not sum to 1, or only some are given. Enter all of them or none.")
        )
    return Answered(index, tuple(dims), tuple(inds), found)


def create_index(session: Any, **values: Any) -> CompositeIndex:
    """An index of the park's own."""
    return records.create(session, CompositeIndex, values)


def change_index(session: Any, row: CompositeIndex, **values: Any) -> CompositeIndex:
    """Base year, method, policy."""
    return records.change(session, row, values)


def remove_index(session: Any, row: CompositeIndex) -> None:
    """Without dimensions only."""
    records.remove(session, row, (IndexDimension, "index_id", _l("Delete its dimensions first.")))


def create_index_dimension(session: Any, **values: Any) -> IndexDimension:
    """R-62."""
    return records.create(session, IndexDimension, values, _weight)


def change_index_dimension(session: Any, row: IndexDimension, **values: Any) -> IndexDimension:
    """Title, weight, order."""
    return records.change(session, row, values, _weight)


def remove_index_dimension(session: Any, row: IndexDimension) -> None:
    """Without indicators only."""
    records.remove(session, row, (IndexIndicator, "dimension_id", _l("Delete its indicators first.")))


def _weight(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values.get("weight") is not None and not 0 <= values["weight"] <= 1:
        problems.add("ratings.R-62", _l("A weight lies between 0 and 100 %."), "weight")


def create_index_indicator(session: Any, **values: Any) -> IndexIndicator:
    """R-63."""
    return records.create(session, IndexIndicator, values, _weight)


def change_index_indicator(session: Any, row: IndexIndicator, **values: Any) -> IndexIndicator:
    """Title, unit, weight, direction."""
    return records.change(session, row, values, _weight)


def remove_index_indicator(session: Any, row: IndexIndicator) -> None:
    """Without values only."""
    records.remove(session, row, (IndexFigure, "indicator_id", _l("Delete its values first.")))


def create_index_value(session: Any, **values: Any) -> IndexFigure:
    """R-64: a value with its source."""
    return records.create(session, IndexFigure, values)


def change_index_value(session: Any, row: IndexFigure, **values: Any) -> IndexFigure:
    """Correct it."""
    return records.change(session, row, values)


def remove_index_value(session: Any, row: IndexFigure) -> None:
    """Entered by mistake."""
    records.remove(session, row)
