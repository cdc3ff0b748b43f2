"""Pages of reports: the rating report with its simulator, the group's published figures, making a report now, what has changed since."""

from __future__ import annotations

from typing import Any

from flask import jsonify, redirect, request

from parkops import clock
from parkops.clock import Period
from parkops.db.session import scope_of
from parkops.demo import ARTICLE_DAY
from parkops.errors import NotFound, Refused
from parkops.i18n import _l
from parkops.refs import load
from parkops.reports.registry import Request
from parkops.security import access
from parkops.web.views import PK, Page, commit, route

from ..models.report_made import RUN_STATES
from ..reports import annual_rating
from ..services import article, rating_report, report_archive, report_runs
from . import _recognition, _reports


def year_asked() -> Period:
    """`?period=2025`, the last complete year without one; NotFound for what is no year."""
    text = request.args.get("period", "")
    if not text:
        return Period.year(clock.today()).previous()
    try:
        return Period.parse(text)
    except ValueError:
        raise NotFound(_l("Choose a period, such as 2022-06, 2022Q2 or 2022.")) from None


def park_now(session: Any) -> int:
    """The park the person works in."""
    park = scope_of(session).park_id
    if park is None:
        raise Refused(_l("Choose a park first."))
    return park


class RatingReportPage(Page):
    """`/ratings/report/?period=2025`: every carrier; `/ratings/report/7?period=2025`: one with gates, firms, simulator, documents."""

    route_base = "/ratings/report"
    resource = "ratings.assessment"
    title = _l("Rating report")
    menu = ("reports", 5)
    icon = "report-analytics"

    @route("/", "read")
    def index(self) -> Any:
        """The carriers of the park. It writes nothing."""
        period, today = year_asked(), clock.today()
        found = rating_report.gather_reports(self.session, park_now(self.session), period, today, deep=False)
        return self.draw("ratings/report_list.html", title=self.title, period=period, found=found, on=rating_report.day_of(period, today))

    @route(f"/{PK}", "read")
    def carrier(self, pk: int) -> Any:
        """One carrier, as the PDF says it. It writes nothing."""
        period, today, carrier = year_asked(), clock.today(), load(self.session, "tenants.carrier", pk)
        found = rating_report.gather_reports(self.session, carrier.park_id, period, today, carrier.id)
        if not found:
            raise Refused(_l("No rule set speaks of this type of carrier."))
        asked = Request(carrier.park_id, period, today, clock.now(), carrier.id, scope_of(self.session).user_name)
        document = annual_rating.document(self.session, asked, found).as_dict()
        return self.draw(
            "ratings/report_carrier.html",
            title=self.title,
            period=period,
            carrier=carrier,
            r=found[0],
            doc=document,
            parts=_reports.document_parts(document),
            **_recognition.helpers(),
        )


class ArticlePage(Page):
    """`/ratings/article/`: each published figure beside the count, opening its records."""

    route_base = "/ratings/article"
    resource = "ratings.assessment"
    title = _l("State of the group as published")
    menu = ("reports", 10)
    icon = "news"

    @route("/", "read")
    def index(self) -> Any:
        """The figures. It writes nothing."""
        park = park_now(self.session)
        known = article.has_article(self.session, park)
        found = article.counted(self.session, park) if known else []
        grades = article.grades_on_their_dates(self.session, park) if known else []
        return self.draw("ratings/article.html", title=self.title, found=found, grades=grades, on=ARTICLE_DAY, may=self._may)

    def _may(self, resource: str) -> bool:
        return access.may(self.session, resource, "read")


class MakeReportPage(Page):
    """`/ratings/make_report/7` (POST): make a saved report now; its progress is read from `/ratings/making/`."""

    route_base = "/ratings/make_report"
    resource = "ratings.report_made"

    @route(f"/{PK}", "add", methods=("POST",))
    def index(self, pk: int) -> Any:
        """Queue it, start it and show how far it is."""
        plan = load(self.session, "ratings.report_plan", pk)
        run = report_runs.ask(
            self.session, plan, period_key=(request.form.get("period") or "").strip() or None, on=clock.today(), at=clock.now()
        )
        commit()
        report_runs.start(scope_of(self.session), run.id, on=clock.today())
        return redirect(f"/ratings/making/{run.id}", 303)


class MakingPage(Page):
    """`/ratings/making/7`: how far the making of a report is."""

    route_base = "/ratings/making"
    resource = "ratings.report_run"
    title = _l("Making of a report")

    @route(f"/{PK}", "read")
    def index(self, pk: int) -> Any:
        """The bar, then the report."""
        run = load(self.session, "ratings.report_run", pk)
        state = report_runs.state_of(run, clock.now())
        return self.draw("ratings/report_making.html", title=self.title, run=run, state=state, states=RUN_STATES)

    @route(f"/{PK}/progress", "read")
    def progress(self, pk: int) -> Any:
        """State and step as JSON."""
        run = load(self.session, "ratings.report_run", pk)
        state = report_runs.state_of(run, clock.now())
        return jsonify({"state": state, "step": run.step, "steps": run.steps, "made": run.made_id})


class ReportChangesPage(Page):
    """`/ratings/report_changes/7`: a kept report beside the same report counted today."""

    route_base = "/ratings/report_changes"
    resource = "ratings.report_made"
    title = _l("What has changed since")

    @route(f"/{PK}", "read")
    def index(self, pk: int) -> Any:
        """The differences. It writes nothing."""
        made = load(self.session, "ratings.report_made", pk)
        found = report_archive.differences(self.session, made, on=clock.today(), at=clock.now())
        return self.draw("ratings/report_changes.html", title=self.title, made=made, found=found)


PAGES = [RatingReportPage, ArticlePage, MakeReportPage, MakingPage, ReportChangesPage]
