"""`group-article`: what the group says about itself in print, figure by figure beside the count, and the class A grades at their dates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from modules.tenants.models.carrier import GRADES
from parkops.demo import ARTICLE_DAY
from parkops.errors import Refused
from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..services import article


def number(value: Any) -> Cell:
    """A figure as printed: whole, or with its places."""
    if value is None:
        return Cell(None, "text")
    exact = Decimal(value)
    return Cell(exact, "int" if exact == exact.to_integral_value() else "money")


def group_article(session: Any, request: Request) -> Document:
    """The figures as of the article's day. Refused for a park nothing was published about."""
    park = session.get(Park, request.park_id)
    if park is None or not article.has_article(session, park.id):
        raise Refused(_l("Nothing is on record as published about this park."))
    found = article.counted(session, park.id)
    sections = (_summary(found), _table(found), _grades(session, park.id))
    context = _("%(name)s · as of %(day)s", name=park.company or str(park), day=ARTICLE_DAY.isoformat())
    return Document(_l("State of the group as published"), context, sections, request.at, request.made_by, landscape=True)


def _summary(found: list[article.Counted]) -> Section:
    facts = (
        (_l("Figures published"), len(found), "int"),
        (_l("Counted from records and equal"), sum(x.equal for x in found), "int"),
        (_l("Different"), sum(not x.equal for x in found), "int"),
        (_l("As of"), ARTICLE_DAY, "date"),
    )
    text = _l(
        'Every figure is counted from the records as they stood on the day. Where the article says "more than", a larger count agrees.'
    )
    return Section(_l("Result"), text=(text,), facts=facts)


def _table(found: list[article.Counted]) -> Section:
    rows = []
    for x in found:
        behind = x.rows if x.rows is not None else Cell("—", "text")
        rows.append([x.code, x.title, number(x.published), "≥" if x.at_least else "=", number(x.counted), x.equal, behind, x.query])
    columns = (
        Column(_l("Figure"), width=0.6),
        Column(_l("Statement"), width=2.4),
        Column(_l("As published"), right=True),
        Column("", width=0.3),
        Column(_l("As counted"), right=True),
        Column(_l("Agrees"), "bool", width=0.6),
        Column(_l("Records behind it"), "int"),
        Column(_l("Query"), width=3),
    )
    return Section(_l("Published figures beside the count"), table=Table(columns, rows))


def _grades(session: Any, park_id: int) -> Section:
    rows = [
        [row.published_on, row.year, row.carrier.name, str(GRADES.label(row.grade)), row.doc_no or "—", n]
        for row, n in article.grades_on_their_dates(session, park_id)
    ]
    columns = (
        Column(_l("Published on"), "date"),
        Column(_l("Evaluation year"), width=0.8),
        Column(_l("Carrier"), width=2.4),
        Column(_l("Grade"), width=0.9),
        Column(_l("Document number"), width=1.6),
        Column(_l("Incubators of class A from then on"), "int"),
    )
    note = _l(
        "A grade counts from the day it was published. The article counts what was known on its day; the list of December 2022 came later."
    )
    return Section(_l("Grades at their dates"), table=Table(columns, rows), note=note)


REPORTS = [
    Report(
        "group-article",
        _l("State of the group as published"),
        group_article,
        resource="ratings.assessment",
        needs=("park",),
        explain=_l("Each published figure beside the count from the records of that day, with its query."),
    )
]
