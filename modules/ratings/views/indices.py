"""Screens of composite indices."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web.resource import Col, ListButton, Related, Resource, Section, Tab, Titles

from .. import calc_draw
from ..models.index import CompositeIndex, IndexDimension, IndexFigure, IndexIndicator
from ..services import indices

N = "modules.ratings.services.indices"


def index_data(session: Any, row: CompositeIndex) -> dict[str, Any]:
    """Radar of the last year that has an index, trend, every dimension and indicator by year."""
    found = indices.answer(session, row)
    base = 100 if row.method == "base_year" else None
    last = next((a for a in reversed(found.years) if a.index is not None), found.years[-1] if found.years else None)
    labels = [d.label for d in found.dimensions]
    return {
        "found": found,
        "last": last,
        "why": indices.WHY,
        "radar": calc_draw.radar(labels, [p.score for p in last.dimensions], base, title=row.label) if last and labels else "",
        "trend": calc_draw.trend([(a.year, a.index) for a in found.years], base, title=row.label) if found.years else "",
    }


RESOURCES = [
    Resource(
        "ratings.index",
        CompositeIndex,
        Titles(_l("Composite indices"), _l("Composite index"), _l("New composite index")),
        columns=(
            Col("title", width=280, important=True, link=True),
            Col("key", width=120),
            Col("base_year", width=100, important=True),
            Col("method", width=200),
            Col("missing", width=200),
            Col("provenance", width=150, important=True),
        ),
        sections=(
            Section(_l("Composite index"), ("key", "title", "title_en", "base_year", "method", "missing", "doc_no", "provenance", "note")),
        ),
        create=f"{N}:create_index",
        change=f"{N}:change_index",
        remove=f"{N}:remove_index",
        buttons=(ListButton(_l("Enter the shipped indices"), "/ratings/start_indices/", word="add", icon="download"),),
        tabs=(
            Tab("answer", _l("Radar and trend"), "ratings/index.html", index_data, order=1),
            Related("dimensions", _l("Dimensions"), "ratings.index_dimension", "index_id", order=10),
        ),
        search=("key", "title"),
        sort="key",
        menu=("indices", 10),
        icon="chart-radar",
    ),
    Resource(
        "ratings.index_dimension",
        IndexDimension,
        Titles(_l("Dimensions of indices"), _l("Dimension of the index"), _l("New dimension of an index")),
        columns=(
            Col("title", width=240, important=True, link=True),
            Col("code", width=100),
            Col("weight", width=110, important=True),
            Col("position", width=110, important=True),
            Col("index_id", hidden=True),
        ),
        sections=(Section(_l("Dimension of the index"), ("index_id", "code", "title", "title_en", "weight", "position")),),
        create=f"{N}:create_index_dimension",
        change=f"{N}:change_index_dimension",
        remove=f"{N}:remove_index_dimension",
        tabs=(Related("indicators", _l("Indicators"), "ratings.index_indicator", "dimension_id", order=10),),
        load=("index",),
        sort="position",
        parent=("index_id", "ratings.index"),
        icon="layout-list",
    ),
    Resource(
        "ratings.index_indicator",
        IndexIndicator,
        Titles(_l("Indicators of indices"), _l("Indicator of the index"), _l("New indicator of an index")),
        columns=(
            Col("title", width=240, important=True, link=True),
            Col("code", width=100),
            Col("unit", width=90),
            Col("weight", width=110, important=True),
            Col("positive", width=110, important=True),
            Col("dimension_id", hidden=True),
        ),
        sections=(
            Section(_l("Indicator of the index"), ("dimension_id", "code", "title", "title_en", "unit", "weight", "positive", "position")),
        ),
        create=f"{N}:create_index_indicator",
        change=f"{N}:change_index_indicator",
        remove=f"{N}:remove_index_indicator",
        tabs=(Related("values", _l("Values"), "ratings.index_value", "indicator_id", order=10),),
        load=("dimension",),
        sort="position",
        parent=("dimension_id", "ratings.index_dimension"),
        icon="list-numbers",
    ),
    Resource(
        "ratings.index_value",
        IndexFigure,
        Titles(_l("Values of indices"), _l("Value of an indicator"), _l("New value")),
        columns=(
            Col("year", width=90, important=True, link=True),
            Col("indicator.title", _l("Indicator"), 260, True),
            Col("value", width=140, important=True),
            Col("source", width=260),
        ),
        sections=(Section(_l("Value of an indicator"), ("indicator_id", "year", "value", "source")),),
        create=f"{N}:create_index_value",
        change=f"{N}:change_index_value",
        remove=f"{N}:remove_index_value",
        load=("indicator",),
        sort="-year",
        parent=("indicator_id", "ratings.index_indicator"),
        menu=("indices", 20),
        icon="numbers",
    ),
]
