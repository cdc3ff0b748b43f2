"""Special pages of rent relief: the dry run over all leases, the public notice board, the download of an audit pack."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.clock import Period
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.refs import load
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, commit, route

from ..models.relief import ReliefScheme
from ..models.relief_case import SIZES, ReliefApplication
from ..services import relief_cases as cases
from ..services import relief_pack
from ..services import relief_rules as rules
from . import _relief


def scheme_of(session: Any, text: str | None) -> ReliefScheme | None:
    """The scheme asked for, else the newest open one."""
    if text:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise NotFound(_l("There is no such record in your parks."))
        return load(session, "leasing.relief_scheme", int(text))
    return session.scalars(select(ReliefScheme).order_by((ReliefScheme.state != "open"), ReliefScheme.id.desc()).limit(1)).one_or_none()


class ReliefDryRunPage(Page):
    """`/leasing/relief_dry_run/?scheme=&on=`: who would qualify on a day and how much, against the budget."""

    route_base = "/leasing/relief_dry_run"
    resource = "leasing.relief_application"
    title = _l("Who would qualify")
    menu = ("relief", 30)
    icon = "list-search"

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        scheme = scheme_of(self.session, request.args.get("scheme"))
        on = day_typed(request.args.get("on")) or clock.today()
        run = rules.dry_run(self.session, scheme, on=on) if scheme is not None else None
        schemes = self.session.scalars(select(ReliefScheme).order_by(ReliefScheme.id.desc())).all()
        return self.draw(
            "leasing/relief_dry_run.html",
            title=self.title,
            run=run,
            scheme=scheme,
            schemes=schemes,
            on=on,
            sizes=SIZES,
            why=why_of,
            budget=_relief.budget(scheme) if scheme is not None else None,
        )


def why_of(row: rules.Assessed) -> str:
    """The first thing that is not met, or what to collect; empty when it qualifies."""
    lines = [x for x in row.outcome.lines if x.verdict != "pass" and not rules._group_met(row.outcome, x)]
    lines.sort(key=lambda x: x.verdict != row.verdict)
    return "" if row.verdict == "pass" or not lines else (lines[0].collect or lines[0].source or lines[0].sentence)


class ReliefNoticePage(Page):
    """`/leasing/relief_notice/`: what is on public notice today, printable, with the days left and the objections."""

    route_base = "/leasing/relief_notice"
    resource = "leasing.relief_application"
    title = _l("Public notice board")
    menu = ("relief", 40)
    icon = "speakerphone"

    @route("/", "read")
    def index(self) -> Any:
        """The board."""
        rows = self.session.scalars(
            select(ReliefApplication)
            .where(ReliefApplication.state == "publicity")
            .order_by(ReliefApplication.notice_to, ReliefApplication.number)
        ).all()
        board = [(app, cases.months(self.session, app), cases.open_objections(self.session, app)) for app in rows]
        return self.draw("leasing/relief_notice.html", title=self.title, board=board, today=clock.today())


class ReliefPackPage(Page):
    """`/leasing/relief_pack/<scheme>?period=2022`: the audit pack as a file."""

    route_base = "/leasing/relief_pack"
    resource = "leasing.relief_application"

    @route(f"/{PK}", "export")
    def index(self, pk: int) -> Any:
        """The zip; a big one is ordered instead, a difference is told."""
        scheme = load(self.session, "leasing.relief_scheme", pk)
        period = Period.parse(request.args.get("period") or str(clock.today().year))
        if relief_pack.is_big(self.session, scheme):
            relief_pack.order_pack(self.session, scheme, period=period.key, on=clock.today())
            commit()
            return redirect(f"/leasing/relief_scheme/{pk}?tab=overview", 303)
        raw = relief_pack.make_pack(self.session, scheme, period, today=clock.today())
        commit()
        name = f"relief-{pk}-{period.key}.zip"
        return Response(raw, content_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'})


PAGES = [ReliefDryRunPage, ReliefNoticePage, ReliefPackPage]
