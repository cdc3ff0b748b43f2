"""The tie-out: its last run, what is open, the button to run it now."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect
from sqlalchemy import func, select

from parkops import clock
from parkops.db.session import scope_of
from parkops.i18n import _, _l
from parkops.security import access
from parkops.web import slots
from parkops.web.editing import attempt
from parkops.web.resource import Col, Filter, Resource, Section, Tile, Titles, View
from parkops.web.views import Page, route

from ..models.tieout import TIES, TieDifference, TieRun
from ..services import tieout

DIFFERENCE = Resource(
    name="leasing.tie_difference",
    model=TieDifference,
    titles=Titles(_l("Differences of the tie-out"), _l("Difference")),
    icon="git-compare",
    columns=(
        Col("label", link=True, important=True, width=220),
        Col("kind", important=True, width=260),
        Col("found_on", important=True, width=105),
        Col("seen_on", width=105),
        Col("closed_on", width=105),
        Col("resource", hidden=True),
        Col("record_id", hidden=True),
        Col("key", hidden=True),
    ),
    sections=(Section(_l("Difference"), ("kind", "label", "found_on", "seen_on", "closed_on", "resource", "record_id")),),
    views=(View("open", _l("Unfinished"), (Filter("closed_on", "empty", None),), sort="found_on"), View("all", _l("All"), ())),
    search=("label",),
    sort="-found_on",
)
RUN = Resource(
    name="leasing.tie_run",
    model=TieRun,
    titles=Titles(_l("Runs of the tie-out"), _l("Run of the tie-out")),
    icon="history",
    columns=(
        Col("on_date", link=True, important=True, width=110),
        Col("ran_at", width=150),
        Col("found", important=True, width=110),
        Col("opened", important=True, width=90),
        Col("closed", width=130),
    ),
    sections=(Section(_l("Run"), ("on_date", "ran_at", "found", "opened", "closed")),),
    sort="-ran_at",
)
RESOURCES = [DIFFERENCE, RUN]


class TieOutPage(Page):
    """`/leasing/tieout/`."""

    route_base = "/leasing/tieout"
    resource = "leasing.tie_difference"
    title = _l("Tie-out")
    menu = ("leases", 95)
    icon = "git-compare"

    @route("/", "read")
    def index(self) -> Any:
        """Counts by rule, then every open difference with its sentence."""
        park = scope_of(self.session).park_id
        d = TieDifference
        rows = self.session.scalars(
            select(d).where(d.closed_on.is_(None), d.park_id == park).order_by(d.kind, d.found_on, d.id).limit(500)
        ).all()
        counts = dict(
            self.session.execute(select(d.kind, func.count()).where(d.closed_on.is_(None), d.park_id == park).group_by(d.kind))
            .tuples()
            .all()
        )
        return self.draw(
            "leasing/tieout.html",
            title=self.title,
            rows=rows,
            counts=counts,
            ties=TIES,
            run=tieout.last_run(self.session, park),
            today=clock.today(),
            may_run=access.may(self.session, "leasing.tie_run", "act"),
        )

    @route("/run", "act", methods=("POST",), resource="leasing.tie_run")
    def run(self) -> Any:
        """Compare now, for the current park."""
        park = scope_of(self.session).park_id
        done, refusal = attempt(self.session, lambda: tieout.run_tieout(self.session, on=clock.today(), park_id=park))
        flash(
            str(refusal) if refusal is not None else _("%(found)s differences, %(opened)s new, %(closed)s closed.", **done),
            "danger" if refusal is not None else "success",
        )
        return redirect("/leasing/tieout/", 303)


PAGES = [TieOutPage]
slots.tile(
    Tile(
        "leasing.tie_out",
        _l("Contracts, bills, cash and rooms that do not tie"),
        "leasing.tie_difference",
        "open",
        ("operations_manager", "finance"),
        ("label", "kind"),
        30,
        "red",
    )
)
