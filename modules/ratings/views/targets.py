"""Teams and their targets as records; the pages that hold targets against figures and enter them many at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import flash, request
from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from parkops import clock
from parkops.errors import Problem, Problems, Refused, RuleError
from parkops.i18n import _, _l
from parkops.kpi.figures import shown, text_of, unit_word
from parkops.refs import load
from parkops.security import access
from parkops.web import idempotency
from parkops.web.admin.kpis import Place, periods_around, place_of
from parkops.web.resource import Col, Related, Resource, Section, Titles, View
from parkops.web.values import BadValue, number
from parkops.web.views import Page, route

from ..models.target import RatingTeam, TeamTarget
from ..services import targets
from .cockpit_pages import parks_of
from .recognition_pages import _answer

S = "modules.ratings.services.targets"
TEAM = Resource(
    "ratings.team",
    RatingTeam,
    Titles(_l("Teams"), _l("Team"), _l("New team")),
    columns=(
        Col("name", width=240, important=True, link=True),
        Col("lead_id", width=200, important=True),
        Col("active", width=90, important=True),
    ),
    sections=(Section(_l("Team"), ("name", "lead_id", "active", "note")),),
    create=f"{S}:create_team",
    change=f"{S}:change_team",
    remove=f"{S}:remove_team",
    tabs=(Related("targets", _l("Targets"), "ratings.team_target", "team_id", order=10),),
    load=("lead",),
    search=("name",),
    sort="name",
    menu=("cockpit", 60),
    icon="users-group",
)
TARGET = Resource(
    "ratings.team_target",
    TeamTarget,
    Titles(_l("Targets of teams"), _l("Target of a team"), _l("New target of a team")),
    columns=(
        Col("team_id", width=180, important=True, link=True),
        Col("code", width=220, important=True),
        Col("grain", width=90),
        Col("period_start", width=110),
        Col("carrier_id", width=180),
        Col("target", width=130, important=True),
        Col("note", width=180),
    ),
    sections=(Section(_l("Target of a team"), ("team_id", "code", "grain", "period_start", "carrier_id", "target", "note")),),
    create=f"{S}:create_target",
    change=f"{S}:change_target",
    remove=f"{S}:remove_target",
    views=(View("all", _l("All"), (), "-period_start"),),
    load=("team", "carrier"),
    search=("code", "team.name"),
    sort="-period_start",
    parent=("team_id", "ratings.team"),
    icon="target",
)


def read_numbers(session: Any, form: Any, prefix: str = "t_") -> dict[str, Decimal | None]:
    """`t_<code>` of the form (`o_<code>`: what it showed): empty removes, percent is typed as percent. Every mistake at once."""
    known, problems, out = targets.readable(session), Problems(), {}
    for name, raw in form.items():
        if not name.startswith(prefix) or name[2:] not in known:
            continue
        kpi, typed = known[name[2:]], raw.replace("%", "").replace(" ", "").strip()
        try:
            value = number(typed, 4) if typed else None
        except BadValue as e:
            problems.add("ratings.R-100", _l("%(title)s: %(why)s", title=str(kpi.title), why=str(e.message)), name)
            continue
        out[kpi.code] = value / 100 if value is not None and kpi.unit == "percent" else value
    problems.stop()
    return out


class TargetsPage(Page):
    """`/ratings/targets/?period=&park=`: targets against figures; `/ratings/targets/edit`: enter them, a page at once."""

    route_base = "/ratings/targets"
    resource = "ratings.team_target"
    title = _l("Targets and figures")
    menu = ("cockpit", 20)
    icon = "target"

    @route("/", "read")
    def index(self) -> Any:
        """Parks, then teams, with traffic lights. It writes nothing."""
        place = self._place()
        rows = targets.lines(self.session, place.period, clock.today(), park_id=place.park_id)
        return self.draw(
            "ratings/targets.html",
            title=self.title,
            place=place,
            around=periods_around(place.period),
            parks=parks_of(self.session),
            groups=self._groups(rows),
            counts=_counts(rows),
            text_of=text_of,
            shown=shown,
            unit_word=unit_word,
            percent=_percent,
            may_edit=access.may(self.session, "core.kpi", "act"),
            amber=targets.amber_share(self.session, place.park_id),
        )

    @route("/edit", "read")
    def edit(self) -> Any:
        """The entry screen of one park, or of one of its teams."""
        access.require(self.session, "core.kpi", "act")
        place, team, carrier = self._one_park(request.args)
        return self.draw(
            "ratings/targets_edit.html",
            title=_l("Enter targets"),
            place=place,
            around=periods_around(place.period),
            parks=parks_of(self.session),
            team=team,
            carrier=carrier,
            teams=self._teams(place),
            carriers=self._carriers(place),
            unit_word=unit_word,
            shown=shown,
            rows=targets.sheet(self.session, place.period, park_id=place.park_id, team=team, carrier_id=carrier.id if carrier else None),
            once=idempotency.new_key(),
            typed=_typed,
        )

    @route("/save", "change", methods=("POST",))
    def save(self) -> Any:
        """Keep the page: what was emptied is removed, what was not touched stays as it is."""
        place, team, carrier = self._one_park(request.form)
        values, before = read_numbers(self.session, request.form), read_numbers(self.session, request.form, "o_")
        how = {"into": request.form.get("into") or None, "before": before}
        if values.keys() - before.keys():
            raise Refused(_l("Load the page again before you save."))

        def work() -> int:
            if team is None:
                return targets.save_park(self.session, place.park_id, place.period, values, **how)
            return targets.save_team(self.session, team, place.period, values, carrier_id=carrier.id if carrier else None, **how)

        answer = _answer(self.session, work, lambda n: f"/ratings/targets/?{place.query()}")
        flash(_("The targets are saved."), "success")
        return answer

    def _place(self) -> Place:
        return place_of(self.session, {"period": str(clock.today().year), **request.args})

    def _one_park(self, values: Any) -> tuple[Place, RatingTeam | None, Carrier | None]:
        place = place_of(self.session, {"period": str(clock.today().year), **values.to_dict()})
        if place.park_id is None:
            raise Refused(_l("Choose a park first: targets are set park by park."))
        team = load(self.session, "ratings.team", int(values["team"])) if (values.get("team") or "").isdigit() else None
        carrier = load(self.session, "tenants.carrier", int(values["carrier"])) if (values.get("carrier") or "").isdigit() else None
        if team is not None and team.park_id != place.park_id:
            raise RuleError([Problem("ratings.R-100", _l("This team belongs to another park."), "team")])
        return place, team, carrier if team is not None else None

    def _teams(self, place: Place) -> list[RatingTeam]:
        t = RatingTeam
        return list(self.session.scalars(select(t).where(t.park_id == place.park_id, t.active).order_by(t.name)))

    def _carriers(self, place: Place) -> list[Carrier]:
        return list(
            self.session.scalars(
                select(Carrier).where(Carrier.park_id == place.park_id, Carrier.closed_on.is_(None)).order_by(Carrier.name)
            )
        )

    def _groups(self, rows: list[targets.Line]) -> list[tuple[str, list[targets.Line]]]:
        names, out = dict(parks_of(self.session)), {}
        for x in rows:
            title = names.get(x.park_id, "") if x.team is None else f"{names.get(x.park_id, '')} · {x.team.name}"
            out.setdefault(title, []).append(x)
        return list(out.items())


def _typed(kpi: Any, value: Decimal | None) -> str:
    if value is None:
        return ""
    return f"{(value * 100 if kpi.unit == 'percent' else value).normalize():f}"


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share * 100:.0f} %"


def _counts(rows: list[targets.Line]) -> dict[str, int]:
    out = dict.fromkeys(("green", "amber", "red", "grey"), 0)
    for x in rows:
        out[x.against.light] += 1
    return out


RESOURCES = [TEAM, TARGET]
PAGES = [TargetsPage]
