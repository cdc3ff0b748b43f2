"""Indicators: the list with trends, the page that explains one figure, the records behind it, the definitions book, freezing,
and reports. Everything is drawn from `parkops.kpi`; nothing is counted here."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Response, flash, jsonify, redirect, request
from markupsafe import Markup

from ... import refs
from ...clock import Period, now, today
from ...db.session import scope_of
from ...errors import NotFound, ParkOpsError, Refused
from ...i18n import _, _l, i18n_text, locale
from ...kpi import catalogue, drill, engine, freeze, store
from ...kpi.charts import sparkline
from ...kpi.figures import Figure, part, shown, text_of, unit_word
from ...kpi.registry import Kpi, Window
from ...models import Park
from ...reports import registry as reports
from ...reports.kpi_sheet import module_title
from ...security import access
from .. import resources
from ..views import Api, Page, commit, route, safe_path

TREND = {"month": 13, "quarter": 9, "year": 5}
GRID_LIMIT = 300  # ids that fit into an address
PAGE = 100


@dataclass(frozen=True)
class Place:
    """What the page looks at: a period and a park (None: all parks in scope together)."""

    period: Period
    park_id: int | None
    park_name: str

    def query(self, **more: Any) -> str:
        from urllib.parse import urlencode

        return urlencode({"period": self.period.key, "park": self.park_id or "all", **more})


def place_of(session: Any, values: Any) -> Place:
    """Period and park from the address; the last complete month and the current park when left out."""
    scope = scope_of(session)
    try:
        period = Period.parse(values.get("period") or Period.month(today()).previous().key)
        if not 1950 <= period.start.year <= 2150:
            raise ValueError
    except (ValueError, OverflowError):
        raise Refused(_l("Choose a period, such as 2022-06, 2022Q2 or 2022.")) from None
    text = values.get("park", "")
    if text == "all" or (not text and scope.park_id is None):
        return Place(period, None, _("All parks"))
    if text and (not text.isascii() or not text.isdigit() or len(text) > 18):
        raise NotFound(_l("There is no such park among yours."))
    park = session.get(Park, int(text) if text else scope.park_id)
    if park is None or not scope.sees(park.id):
        raise NotFound(_l("There is no such park among yours."))
    return Place(period, park.id, i18n_text(park, "name"))


def periods_around(period: Period) -> dict[str, Any]:
    """Links to the neighbours and the same day in other grains; a period ahead is not offered."""
    ahead = period.next()
    return {
        "previous": period.previous().key,
        "next": ahead.key if ahead.start <= today() else None,
        "grains": [(g, Period.of(g, min(period.last_day, today())).key) for g in ("month", "quarter", "year")],
    }


def lines(session: Any, place: Place) -> list[tuple[str, list[dict[str, Any]]]]:
    """Per module: every readable indicator with value, previous, change, target and trend, in a few statements."""
    kpis = [k for k in catalogue.readable(session).values() if place.period.grain in k.grains]
    trends = store.trend(session, [k.code for k in kpis], place.period, TREND[place.period.grain], park_id=place.park_id)
    failed = store.problems(session)
    groups: dict[str, list[dict[str, Any]]] = {}
    for kpi in kpis:
        groups.setdefault(kpi.module, []).append(_line(kpi, trends[kpi.code], failed.get(kpi.code)))
    return [(module_title(name), rows) for name, rows in groups.items()]


def _line(kpi: Kpi, trend: list[store.Shown], problem: Any) -> dict[str, Any]:
    current, before = trend[-1], trend[-2]
    change = current.value - before.value if current.value is not None and before.value is not None else None
    return {
        "kpi": kpi,
        "now": current,
        "unit": str(unit_word(kpi)),
        "value": text_of(kpi, current.figure) if current.stored else None,
        "before": text_of(kpi, before.figure) if before.stored else None,
        "change": signed(kpi, change),
        "tone": tone(kpi, change),
        "target": shown(kpi, current.target) if current.target is not None else None,
        "missing": current.figure.missing if current.figure is not None and current.value is not None else 0,
        "spark": Markup(sparkline([s.value for s in trend], height=20, label=_("Trend of %(title)s", title=str(kpi.title)))),  # noqa: S704 - own drawing
        "reached": None if current.target is None or current.value is None else _reached(kpi, current.value, current.target),
        "problem": problem.message if problem is not None else None,
    }


def signed(kpi: Kpi, change: Decimal | None) -> str:
    """`+12`, `−3.1 %`; empty when there is nothing to compare."""
    if change is None:
        return ""
    return "±0" if change == 0 else ("+" if change > 0 else "−") + shown(kpi, abs(change))


def tone(kpi: Kpi, change: Decimal | None) -> str:
    """good, bad or nothing, by whether higher is better."""
    if not change or kpi.better == "none":
        return ""
    return "pk-good" if (change > 0) == (kpi.better == "higher") else "pk-late"


def _reached(kpi: Kpi, value: Decimal, target: Decimal) -> bool:
    return value <= target if kpi.better == "lower" else value >= target


class KpiPage(Page):
    """`/core/kpi/` and what belongs to it."""

    route_base = "/core/kpi"
    resource = "core.kpi"
    title = _l("Indicators")
    menu = ("numbers", 10)
    icon = "chart-line"

    @route("/")
    def index(self) -> Any:
        """Every indicator of a period and park."""
        place = place_of(self.session, request.args)
        head = freeze.frozen(self.session, place.period, place.park_id) if place.park_id else None
        return self.draw(
            "parkops/admin/kpis.html",
            place=place,
            around=periods_around(place.period),
            groups=lines(self.session, place),
            parks=self._parks(),
            frozen=head,
            frozen_parks=freeze.frozen_parks(self.session, place.period),
            last=store.last_computed(self.session),
            ended=place.period.end <= today(),
            may_act=access.may(self.session, "core.kpi", "act"),
            may_export=access.may(self.session, "core.kpi", "export"),
        )

    @route("/book")
    def book(self) -> Any:
        """The definitions book."""
        return self.draw("parkops/admin/kpi_book.html", kpis=list(catalogue.readable(self.session).values()), module_title=module_title)

    @route("/compute", "act", methods=("POST",))
    def compute(self) -> Any:
        """Compute the period shown, now."""
        place = place_of(self.session, request.form)
        done = engine.compute(self.session, place.period, park_id=place.park_id, today=today())
        commit()
        if done.failed:
            flash(
                _("%(n)s figures computed; these indicators failed: %(codes)s.", n=done.values, codes=", ".join(sorted(done.failed))),
                "warning",
            )
        else:
            flash(_("%(n)s figures computed.", n=done.values), "success")
        return redirect(safe_path(request.form.get("next"), f"/core/kpi/?{place.query()}"))

    @route("/freeze", "act", methods=("POST",))
    def freeze(self) -> Any:
        """Make the period final for one park."""
        place = place_of(self.session, request.form)
        if place.park_id is None:
            raise Refused(_l("Choose a park first: figures are frozen park by park."))
        freeze.freeze(self.session, place.period, park_id=place.park_id, reason=request.form.get("reason", ""), today=today(), at=now())
        commit()
        flash(_("%(period)s is frozen; corrections will show beside the frozen figures.", period=place.period.key), "success")
        return redirect(f"/core/kpi/?{place.query()}")

    @route("/<string(maxlength=80):code>")
    def why(self, code: str) -> Any:
        """What a figure is made of: definition, numerator, denominator, parts, trend, target, freeze."""
        kpi, place = self._kpi(code), place_of(self.session, request.args)
        key = request.args.get("key", "")[:80]
        if place.period.grain not in kpi.grains:
            raise Refused(_l("This indicator is not measured for such periods."))
        window = Window(place.period, today())
        rows = store.figures(self.session, [code], [place.period], park_id=place.park_id, keys=True)
        current = next((s for s in rows if s.key == key), None)
        live = engine.measured_now(self.session, kpi, window, place.park_id, key) if place.period.start <= today() else Figure(None)
        trend = store.trend(self.session, [code], place.period, TREND[place.period.grain], park_id=place.park_id)[code]
        return self.draw(
            "parkops/admin/kpi.html",
            kpi=kpi,
            place=place,
            key=key,
            around=periods_around(place.period),
            now=current,
            live=live,
            text=lambda f: text_of(kpi, f),
            shown=lambda v: shown(kpi, v),
            unit=str(unit_word(kpi)),
            part=lambda u, d=False: _part(kpi, u, d),
            split=self._split(kpi, rows),
            trend=trend,
            sides=self._sides(kpi),
            parks=self._parks(),
            spark=Markup(sparkline([s.value for s in trend], width=420, height=90, label=str(kpi.title))),  # noqa: S704
            reopened=self._reopened(kpi, place, key),
            may_act=access.may(self.session, "core.kpi", "act"),
            module_title=module_title,
            problem=store.problems(self.session).get(code),
        )

    @route("/<string(maxlength=80):code>/list")
    def records(self, code: str) -> Any:
        """The records behind a figure: as many as the figure says."""
        kpi, place = self._kpi(code), place_of(self.session, request.args)
        side = "denominator" if request.args.get("side") == "denominator" else "numerator"
        key, page = request.args.get("key", "")[:80], _page(request.args.get("page", "0"))
        resource = (kpi.denominator_resource if side == "denominator" else None) or kpi.resource or ""
        if not drill.has_drill(kpi, side):
            raise NotFound(_l("There is no list behind this figure."))
        ids = drill.drill_ids(self.session, kpi, Window(place.period, today()), place.park_id, key, side)
        count, amount = drill.drill_total(self.session, kpi, Window(place.period, today()), place.park_id, key, side)
        in_grid = len(ids) <= GRID_LIMIT and resources.has(resource)
        shown_ids = [] if in_grid else ids[page * PAGE : (page + 1) * PAGE]
        labels = refs.labels(self.session, [(resource, i) for i in shown_ids])
        return self.draw(
            "parkops/admin/kpi_list.html",
            kpi=kpi,
            place=place,
            key=key,
            side=side,
            count=count,
            amount=_part(kpi, amount, side == "denominator"),
            sums=drill.sums(kpi, Window(place.period, today()), side),
            ids=ids if in_grid else None,
            sheet=page,
            size=PAGE,
            rows=[(refs.url(resource, i), labels.get((resource, i), str(i))) for i in shown_ids],
            api=resources.resolved(resource).api_url if in_grid else None,
            resource=resource,
        )

    @route("/<string(maxlength=80):code>/target", "act", methods=("POST",))
    def target(self, code: str) -> Any:
        """Set or (empty) remove the target of a park and period. Percent is typed as percent."""
        kpi, place = self._kpi(code), place_of(self.session, request.form)
        if place.park_id is None:
            raise Refused(_l("Choose a park first: targets are set park by park."))
        store.set_target(self.session, code, place.period, park_id=place.park_id, target=_number(kpi, request.form.get("target", "")))
        commit()
        flash(_("The target is saved."), "success")
        return redirect(f"/core/kpi/{code}?{place.query()}")

    def _kpi(self, code: str) -> Kpi:
        kpi = catalogue.readable(self.session).get(code)
        if kpi is None:
            raise NotFound(_l("There is no such indicator, or you may not see its records."))
        return kpi

    def _parks(self) -> list[tuple[int, str]]:
        from sqlalchemy import func, select

        scope = scope_of(self.session)
        name = func.coalesce(Park.name_en, Park.name) if locale() == "en" else Park.name
        query = select(Park.id, name).order_by(Park.id)
        return [tuple(r) for r in self.session.execute(query if scope.parks is None else query.where(Park.id.in_(tuple(scope.parks))))]

    def _split(self, kpi: Kpi, rows: list[store.Shown]) -> list[tuple[str, str, store.Shown]]:
        """The figure by its dimension: key, label, figure."""
        keyed = [s for s in rows if s.key]
        labels: dict[str, str] = {engine.NO_KEY: _("none")}
        numeric = [int(s.key) for s in keyed if s.key.isascii() and s.key.isdigit()]
        if kpi.dimension and numeric and len(numeric) + (engine.NO_KEY in {s.key for s in keyed}) == len(keyed):
            labels |= {str(i): text for (_r, i), text in refs.labels(self.session, [(kpi.dimension, i) for i in numeric]).items()}
        return [(s.key, labels.get(s.key, s.key), s) for s in keyed]

    def _sides(self, kpi: Kpi) -> list[str]:
        return [side for side in ("numerator", "denominator") if drill.has_drill(kpi, side)]

    def _reopened(self, kpi: Kpi, place: Place, key: str) -> Any:
        head = freeze.frozen(self.session, place.period, place.park_id) if place.park_id else None
        if head is None:
            return None
        try:
            return head, freeze.reopen(self.session, head, kpi.code, today=today(), key=key)
        except ParkOpsError:  # the indicator came after the freeze, or its records may not be read
            return None


def _part(kpi: Kpi, units: int | None, denominator: bool = False) -> str:
    value = part(kpi, units, denominator=denominator)
    if value is None:
        return "—"
    return f"{int(value):,}" if value == value.to_integral_value() else f"{value:,}"


def _page(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _number(kpi: Kpi, text: str) -> Decimal | None:
    plain = text.replace(",", "").replace("%", "").replace("\x00", "").strip()
    if not plain:
        return None
    try:
        value = Decimal(plain) if len(plain) <= 20 else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise Refused(_l("Write the target as a number."))
    return value / 100 if kpi.unit == "percent" else value


class KpiApi(Api):
    """Figures for programs: the same numbers as the pages."""

    route_base = "/api/v1/core/kpi"
    resource = "core.kpi"
    openapi_spec_tag = "core.kpi"

    @route("/", methods=("GET",))
    def figures(self) -> Any:
        """Figures of a period, one park or all parks together.
        ---
        get:
          summary: Figures of every readable indicator for a period
          parameters:
          - {in: query, name: period, schema: {type: string}, description: "2022-06, 2022Q2 or 2022"}
          - {in: query, name: park, schema: {type: string}, description: "park id, or all"}
          - {in: query, name: code, schema: {type: string}, description: "one indicator"}
          responses:
            200: {description: Figures, content: {application/json: {schema: {type: object}}}}
            400: {description: The request cannot be understood}
            401: {description: Not logged in}
            403: {description: Not allowed}
            404: {description: No such indicator or park}
        """
        place, kpis = place_of(self.session, request.args), catalogue.readable(self.session)
        code = request.args.get("code", "")
        if code and code not in kpis:
            raise NotFound(_l("There is no such indicator, or you may not see its records."))
        found = store.figures(self.session, [code] if code else list(kpis), [place.period], park_id=place.park_id, keys=True)
        parks = store.park_codes(self.session)
        return jsonify({"period": place.period.key, "figures": [s.as_json(parks) for s in found]})


class ReportPage(Page):
    """Reports: choose one, a period, a format; the file is recorded in the audit trail."""

    route_base = "/reports"
    resource = "core.kpi"
    title = _l("Reports")
    menu = ("numbers", 20)
    icon = "report"

    @route("/", None)
    def index(self) -> Any:
        """Every report the person may have."""
        place = place_of(self.session, request.args)
        found = [r for r in reports.all_reports().values() if access.may(self.session, r.resource, r.word) and "record" not in r.needs]
        return self.draw("parkops/admin/reports.html", reports=found, place=place, parks=KpiPage._parks(self))  # type: ignore[arg-type]

    @route("/<string(maxlength=80):name>", None)
    def download(self, name: str) -> Any:
        """The file: `?period=&park=&record=&format=`. A link on another site leads to the list instead: making a report is
        recorded in the name of the person (docs/decisions/0006)."""
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            return redirect("/reports/")
        report, fmt = reports.report_of(name), request.args.get("format", "pdf")
        access.require(self.session, report.resource, report.word)
        record = request.args.get("record", "")
        if record and not (record.isascii() and record.isdigit() and len(record) <= 18):
            raise NotFound(_l("There is no such record in your parks."))
        place = place_of(self.session, request.args)
        scope = scope_of(self.session)
        asked = reports.Request(place.park_id, place.period, today(), now(), int(record) if record else None, scope.user_name)
        content = reports.make(self.session, name, asked, fmt)
        commit()
        suffix = f"-{record}" if record else f"-{place.period.key}"
        return Response(
            content, content_type=reports.TYPES[fmt], headers={"Content-Disposition": f'attachment; filename="{report.name}{suffix}.{fmt}"'}
        )


PAGES = [KpiPage, KpiApi, ReportPage]
