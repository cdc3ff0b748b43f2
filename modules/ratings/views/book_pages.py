"""The definitions book and carriers side by side."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, request
from markupsafe import Markup
from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from modules.tenants.services.carriers import operating
from parkops import clock
from parkops.clock import Period
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound
from parkops.i18n import _, _l
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import TYPES, draw
from parkops.rules.models import PROVENANCE
from parkops.web.admin.kpis import place_of
from parkops.web.views import Page, commit, route

from .. import calc_draw
from ..services import comparison, definition_samples, definitions, schemes
from .rating_pages import ids_asked
from .recognition_pages import day_asked


class DefinitionsPage(Page):
    """`/ratings/definitions/?q=&kind=&module=`: the book; `…/entry?code=`: one entry; `…/book.xlsx|pdf`: what is filtered."""

    route_base = "/ratings/definitions"
    resource = definitions.RESOURCE
    title = _l("Definitions book")
    menu = ("cockpit", 70)
    icon = "book"

    @route("/", "read")
    def index(self) -> Any:
        """The list."""
        every = definitions.definitions(self.session)
        q, kind, module = (request.args.get(n, "")[:80] for n in ("q", "kind", "module"))
        return self.draw(
            "ratings/definitions.html",
            title=self.title,
            rows=definitions.matching(every, q, kind, module),
            q=q,
            kind=kind,
            module=module,
            kinds=definitions.KINDS,
            modules=definitions.modules_of(every),
            total=len(every),
            query=request.query_string.decode("ascii", "ignore"),
        )

    @route("/entry", "read")
    def entry(self) -> Any:
        """One entry with its first records."""
        d = definitions.definition(self.session, request.args.get("code", "")[:160])
        place = place_of(self.session, request.args)
        return self.draw(
            "ratings/definition.html",
            title=d.title,
            d=d,
            place=place,
            kinds=definitions.KINDS,
            provenance=PROVENANCE,
            samples=definition_samples.samples(self.session, d, place.period, clock.today(), place.park_id),
        )

    @route("/book.<string(maxlength=4):fmt>", "export")
    def book(self, fmt: str) -> Any:
        """The filtered entries as a file."""
        if fmt not in ("xlsx", "pdf"):
            raise NotFound(_l("The book comes as xlsx and pdf."))
        q, kind, module = (request.args.get(n, "")[:80] for n in ("q", "kind", "module"))
        rows = definitions.matching(definitions.definitions(self.session), q, kind, module)
        return _file(self.session, book_document(rows, scope_of(self.session).user_name or ""), fmt, "definitions", definitions.RESOURCE)


def book_document(rows: list[definitions.Definition], made_by: str) -> Document:
    """The book by kind of entry."""
    columns = (
        Column(_l("Code"), width=1.5),
        Column(_l("Title"), width=1.6),
        Column(_l("Formula"), width=2.8),
        Column(_l("Unit"), width=0.6),
        Column(_l("Period"), width=0.8),
        Column(_l("Legal source"), width=1.3),
        Column(_l("Clause"), width=0.7),
        Column(_l("Answers for it"), width=0.8),
        Column(_l("Where used"), width=1.4),
    )
    sections = []
    for kind, title in definitions.KINDS.items():
        mine = [
            [d.code, d.title, d.formula, d.unit, d.period, d.source, d.clause, d.owner, "; ".join(d.used[:6])]
            for d in rows
            if d.kind == kind
        ]
        if mine:
            sections.append(Section(title, table=Table(columns, mine)))
    return Document(_l("Definitions book"), _("%(n)s entries", n=len(rows)), tuple(sections), clock.now(), made_by, landscape=True)


def _file(session: Any, document: Document, fmt: str, name: str, resource: str) -> Response:
    content = draw(document, fmt)
    audit.event(session, "export", {"report": name, "format": fmt}, resource=resource, label=name)
    commit()
    return Response(content, content_type=TYPES[fmt], headers={"Content-Disposition": f'attachment; filename="{name}.{fmt}"'})


class ComparePage(Page):
    """`/ratings/compare/?c=1&c=2&on=&period=`: two to six carriers side by side; `…/sheet.xlsx`: the same as a workbook."""

    route_base = "/ratings/compare"
    resource = comparison.RESOURCE
    title = _l("Compare carriers")
    menu = ("cockpit", 30)
    icon = "columns"

    @route("/", "read")
    def index(self) -> Any:
        """The page; without a choice the first carriers of the park."""
        on, period = day_asked(), self._period()
        every = list(self.session.scalars(select(Carrier).where(operating(on)).order_by(Carrier.carrier_type, Carrier.id)))
        park = scope_of(self.session).park_id
        picked = ids_asked("c") or [c.id for c in every if park in (None, c.park_id)][:4]
        enough = min(len(every), len(picked)) >= comparison.LEAST
        side = self._side(picked, on, period) if enough or ids_asked("c") else None
        return self.draw(
            "ratings/compare.html",
            title=self.title,
            on=on,
            period=period,
            every=every,
            picked=picked,
            side=side,
            radar=_radar(side) if side is not None else "",
            svg=Markup,
            grade_text=comparison.grade_text,
            distribution=schemes.distribution(),
            query=_query(picked, on, period),
            least=comparison.LEAST,
            most=comparison.MOST,
        )

    @route("/sheet.xlsx", "export")
    def sheet(self) -> Any:
        """The workbook."""
        on, period = day_asked(), self._period()
        side = self._side(ids_asked("c"), on, period)
        document = compare_document(side, on, period, scope_of(self.session).user_name or "")
        return _file(self.session, document, "xlsx", "carriers", comparison.RESOURCE)

    def _side(self, ids: list[int], on: date, period: Period) -> comparison.Side:
        return comparison.side_by_side(self.session, comparison.chosen(self.session, ids), on, period)

    def _period(self) -> Period:
        return place_of(self.session, {"period": request.args.get("period", ""), "park": "all"}).period


def _query(ids: list[int], on: date, period: Period) -> str:
    return "&".join([*(f"c={i}" for i in ids), f"on={on}", f"period={period.key}"])


TONES = ("a", "b", "c", "d", "e", "f")


def _radar(side: comparison.Side) -> str:
    rows = comparison.radar_rows(side)
    if len(rows) < 3:
        return ""
    shapes = [(c.name, [r.compared.part[i] for r in rows], TONES[i]) for i, c in enumerate(side.carriers)]
    return calc_draw.radar_many([r.title for r in rows], shapes, title=_("Shares of recognition, each against the best"))


def compare_document(side: comparison.Side, on: date, period: Period, made_by: str) -> Document:
    """Measures, KPIs, grades and scores; then the distances to the best and the median."""
    names = [c.name for c in side.carriers]
    head = (
        Column(_l("Figure"), width=2),
        Column(_l("Unit"), width=0.6),
        *(Column(n, right=True) for n in names),
        Column(_l("Best"), right=True),
        Column(_l("Median"), right=True),
    )

    def table(rows: tuple[comparison.Row, ...]) -> Table:
        return Table(head, [[r.title, r.unit, *r.texts, _plain(r, r.compared.best), _plain(r, r.compared.median)] for r in rows])

    grades = Table(
        (Column(_l("Carrier"), width=2), Column(_l("Grades"), width=3), Column(_l("Own scores"), width=3)),
        [
            [
                c.name,
                "; ".join(comparison.grade_text(g) for g in side.grades[c.id]),
                "; ".join(f"{s.year} {s.number} {s.total:.2f} {s.grade or ''}" for s in side.scores[c.id]),
            ]
            for c in side.carriers
        ],
    )
    return Document(
        _l("Compare carriers"),
        f"{on} · {period.key}",
        (
            Section(_l("Measures of recognition"), table=table(side.measures)),
            Section(_l("KPIs per carrier"), table=table(side.kpis)),
            Section(_l("Grades and own scores"), table=grades),
        ),
        clock.now(),
        made_by,
        landscape=True,
    )


def _plain(row: comparison.Row, value: Any) -> str:
    return "" if value is None else row.show(value)


PAGES = [DefinitionsPage, ComparePage]
