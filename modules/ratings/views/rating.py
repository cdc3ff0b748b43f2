"""Screens of rating schemes, score sheets and rounds of experts."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, ListButton, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.scheme import RatingBand, RatingDimension, RatingIndicator, RatingScheme
from ..models.score import ExpertRound, ExpertSheet, RatingScore, ScoreLine
from . import _rating

S = "modules.ratings.services.schemes"
C = "modules.ratings.services.scores"

SCHEME = Resource(
    "ratings.scheme",
    RatingScheme,
    Titles(_l("Rating schemes"), _l("Rating scheme"), _l("New rating scheme")),
    columns=(
        Col("title", width=300, important=True, link=True),
        Col("key", width=180),
        Col("edition", width=80, important=True),
        Col("state", width=110, important=True),
        Col("subject", width=110),
        Col("doc_no", width=200),
        Col("provenance", width=130),
        Col("full_mark", width=90),
        Col("active_from", width=110),
    ),
    sections=(
        Section(_l("Rating scheme"), ("key", "title", "title_en", "subject", "doc_no", "provenance")),
        Section(_l("Marks"), ("full_mark", "bonus_most", "note")),
    ),
    create=f"{S}:create_scheme",
    change=f"{S}:change_scheme",
    remove=f"{S}:remove_scheme",
    workflow="modules.ratings.states:SCHEME",
    editable_in=("draft",),
    actions=(Action("edition", _l("New edition"), f"{S}:new_edition", word="add"),),
    buttons=(ListButton(_l("Enter the shipped schemes"), "/ratings/start_schemes/", word="add", icon="download"),),
    tabs=(
        Tab("sheet", _l("The sheet"), "ratings/scheme.html", _rating.scheme_data, order=1),
        Related("dimensions", _l("Dimensions"), "ratings.dimension", "scheme_id", order=10),
        Related("indicators", _l("Indicators"), "ratings.indicator", "scheme_id", order=20),
        Related("bands", _l("Grades"), "ratings.band", "scheme_id", order=30),
        Related("scores", _l("Score sheets"), "ratings.score", "scheme_id", order=40),
    ),
    views=(View("all", _l("All"), ()), View("active", _l("In use"), (Filter("state", "eq", "active"),), "title")),
    search=("key", "title", "doc_no"),
    sort="key",
    menu=("rating", 30),
    icon="ruler-2",
    code_field="key",
)
DIMENSION = Resource(
    "ratings.dimension",
    RatingDimension,
    Titles(_l("Dimensions of schemes"), _l("Dimension of a scheme"), _l("New dimension")),
    columns=(
        Col("code", width=100, important=True, link=True),
        Col("title", width=240, important=True),
        Col("weight", width=100, important=True),
        Col("position", width=90),
        Col("scheme_id", hidden=True),
    ),
    sections=(Section(_l("Dimension of a scheme"), ("scheme_id", "code", "title", "title_en", "weight", "position")),),
    create=f"{S}:create_dimension",
    change=f"{S}:change_dimension",
    remove=f"{S}:remove_dimension",
    load=("scheme",),
    sort="position",
    parent=("scheme_id", "ratings.scheme"),
    icon="layout-list",
)
INDICATOR = Resource(
    "ratings.indicator",
    RatingIndicator,
    Titles(_l("Indicators of schemes"), _l("Indicator of a scheme"), _l("New indicator")),
    columns=(
        Col("code", width=100, important=True, link=True),
        Col("title", width=260, important=True),
        Col("dimension.title", _l("Dimension"), 160),
        Col("kind", width=130),
        Col("fact", width=180),
        Col("most", width=100, important=True),
        Col("position", width=90),
        Col("scheme_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Indicator of a scheme"),
            ("scheme_id", "dimension_id", "code", "title", "title_en", "kind", "fact", "most", "article", "position"),
        ),
    ),
    create=f"{S}:create_indicator",
    change=f"{S}:change_indicator",
    remove=f"{S}:remove_indicator",
    load=("scheme", "dimension"),
    sort="position",
    parent=("scheme_id", "ratings.scheme"),
    icon="list-numbers",
)
BAND = Resource(
    "ratings.band",
    RatingBand,
    Titles(_l("Grades of schemes"), _l("Grade of a scheme"), _l("New grade")),
    columns=(
        Col("grade", width=140, important=True, link=True),
        Col("least", width=110, important=True),
        Col("rank_share", width=130, important=True),
        Col("scheme_id", hidden=True),
    ),
    sections=(Section(_l("Grade of a scheme"), ("scheme_id", "grade", "grade_en", "least", "rank_share")),),
    create=f"{S}:create_band",
    change=f"{S}:change_band",
    remove=f"{S}:remove_band",
    load=("scheme",),
    sort="-least",
    parent=("scheme_id", "ratings.scheme"),
    icon="medal",
)
SCORE = Resource(
    "ratings.score",
    RatingScore,
    Titles(_l("Score sheets"), _l("Score sheet"), _l("New score sheet")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("carrier.name", _l("Carrier"), 240, True),
        Col("scheme.title", _l("Rating scheme"), 240),
        Col("year", width=80),
        Col("total", width=90, important=True),
        Col("grade", width=90),
        Col("open_lines", width=120),
        Col("state", width=120),
        Col("on_date", width=110),
        Col("signed_on", hidden=True),
    ),
    sections=(
        Section(_l("Score sheet"), ("carrier_id", "scheme_id", "year", "on_date", "note")),
        Section(_l("Place among peers"), ("place", "peers", "automatic")),
    ),
    create=f"{C}:create_score",
    change=f"{C}:change_score",
    workflow="modules.ratings.states:SCORE",
    editable_in=("draft",),
    actions=(Action("recount", _l("Count again"), f"{C}:recount_score", word="change", guard=f"{C}:why_not_recount"),),
    tabs=(
        Tab("lines", _l("The sheet"), "ratings/score.html", _rating.score_data, order=1),
        Related("rows", _l("Lines of the sheet"), "ratings.score_line", "score_id", order=5),
        Related("rounds", _l("Rounds of experts"), "ratings.round", "score_id", order=10),
    ),
    views=(
        View("all", _l("All"), ()),
        View("experts", _l("With the experts"), (Filter("state", "eq", "experts"),), "-on_date"),
        View("to_sign", _l("Sheets to be signed"), (Filter("state", "eq", "scored"),), "-on_date"),
    ),
    load=("carrier", "scheme", "prepared_by", "signed_by"),
    search=("number", "carrier.name"),
    sort="-id",
    menu=("rating", 10),
    icon="file-analytics",
    parent=("carrier_id", "tenants.carrier"),
    code_field="number",
)
LINE = Resource(
    "ratings.score_line",
    ScoreLine,
    Titles(_l("Lines of score sheets"), _l("Line of a score sheet")),
    columns=(
        Col("indicator.code", _l("Code"), 100, True),
        Col("indicator.title", _l("Indicator"), 260, True),
        Col("value", width=160),
        Col("points", width=140, important=True),
        Col("most", width=100),
        Col("source", width=260),
        Col("score_id", hidden=True),
    ),
    sections=(
        Section(_l("Line of a score sheet"), ("score_id", "indicator_id", "value", "numerator", "denominator", "points", "most", "source")),
    ),
    load=("score", "indicator"),
    sort="id",
    parent=("score_id", "ratings.score"),
    icon="list-details",
)
ROUND = Resource(
    "ratings.round",
    ExpertRound,
    Titles(_l("Rounds of experts"), _l("Round of experts")),
    columns=(
        Col("position", width=80, important=True, link=True),
        Col("score.number", _l("Score sheet"), 150, True),
        Col("needed", width=110),
        Col("outlier", width=240),
        Col("state", width=100, important=True),
    ),
    sections=(Section(_l("Round of experts"), ("score_id", "position", "needed", "outlier", "tolerance", "state")),),
    tabs=(Related("sheets", _l("Sheets of the experts"), "ratings.expert_sheet", "round_id", order=1),),
    load=("score",),
    sort="-id",
    parent=("score_id", "ratings.score"),
    icon="users-group",
)
EXPERT_SHEET = Resource(
    "ratings.expert_sheet",
    ExpertSheet,
    Titles(_l("Sheets of the experts"), _l("Sheet of an expert")),
    columns=(
        Col("user_name", width=140, important=True, link=True),
        Col("signed_at", width=160, important=True),
        Col("share", width=150, important=True),
        Col("remark", width=300),
        Col("round_id", hidden=True),
    ),
    sections=(Section(_l("Sheet of an expert"), ("round_id", "user_name", "signed_at", "share", "remark")),),
    tabs=(Tab("points", _l("Points given"), "ratings/expert.html", _rating.expert_data, order=1),),
    load=("round",),
    sort="id",
    parent=("round_id", "ratings.round"),
    icon="signature",
)
RESOURCES = [SCHEME, DIMENSION, INDICATOR, BAND, SCORE, LINE, ROUND, EXPERT_SHEET]

slots.tab("tenants.carrier", Tab("ratings", _l("Ratings and grades"), "ratings/grades_tab.html", _rating.grades_data, order=32))
slots.tile(Tile("ratings.to_sign", _l("Score sheets to sign"), "ratings.score", "to_sign", ("leadership",), ("number", "carrier.name"), 63))
slots.tile(
    Tile(
        "ratings.experts",
        _l("Score sheets to judge"),
        "ratings.score",
        "experts",
        ("operations_manager", "leadership"),
        ("number", "carrier.name"),
        64,
    )
)
