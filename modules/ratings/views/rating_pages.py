"""Pages of ratings: what-if of gates and of scores, an expert's sheet, start of a park."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import redirect, request
from sqlalchemy import select

from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import NotFound, Refused
from parkops.i18n import _l
from parkops.refs import load
from parkops.web import idempotency
from parkops.web.views import PK, Page, commit, route

from ..models.scheme import RatingScheme
from ..models.score import RatingScore
from ..services import experts, indices, recognition, schemes, whatif
from . import _rating, _recognition
from .recognition_pages import _answer, chosen, day_asked


def number_typed(text: str | None) -> Decimal | None:
    """A number of the address; Refused in one sentence."""
    if not (text or "").strip():
        return None
    try:
        found = Decimal((text or "").replace(",", ""))
    except InvalidOperation:
        raise Refused(_l("Enter a number.")) from None
    if not found.is_finite() or abs(found) > 10**12:
        raise Refused(_l("Enter a number."))
    return found


def asked(prefix: str) -> dict[str, Decimal]:
    """`?n_sme_share=12` → {"sme_share": 12}."""
    found = {k[len(prefix) :]: number_typed(v) for k, v in request.args.items() if k.startswith(prefix)}
    return {k: v for k, v in found.items() if v is not None}


def ids_asked(name: str) -> list[int]:
    """Record numbers of repeated parameters."""
    return [int(x) for text in request.args.getlist(name) for x in text.split() if re.fullmatch(r"\d{1,18}", x, re.ASCII)]


def changes_asked() -> whatif.Changes:
    """`?n_<fact>=&d_<fact>=&q_<fact>=<firm>&r=<firm>&a=<firm>`."""
    qualify = {k[2:]: ids_asked(k) for k in request.args if k.startswith("q_")}
    return whatif.Changes(asked("n_"), asked("d_"), qualify, ids_asked("r"), ids_asked("a"))


class WhatIfPage(Page):
    """`/ratings/whatif/7?set=&on=&n_<fact>=&q_<fact>=<firm>&r=<firm>`: gates under supposed counts and firms."""

    route_base = "/ratings/whatif"
    resource = "ratings.assessment"
    title = _l("What if")

    @route(f"/{PK}", "read")
    def index(self, pk: int) -> Any:
        """The page. It writes nothing."""
        on, carrier = day_asked(), load(self.session, "tenants.carrier", pk)
        sets = recognition.fitting(recognition.rule_sets(self.session), carrier)
        rule_set = chosen(sets, "set")
        if rule_set is None:
            raise Refused(_l("No rule set speaks of this type of carrier."))
        changes = changes_asked()
        before, after = whatif.simulate(self.session, rule_set.key, carrier, on, changes)
        return self.draw(
            "ratings/whatif.html",
            title=self.title,
            on=on,
            carrier=carrier,
            sets=sets,
            rule_set=rule_set,
            before=before,
            after=after,
            changes=changes,
            smallest=whatif.smallest(before),
            **_recognition.helpers(),
        )


class ScoreWhatIfPage(Page):
    """`/ratings/whatif_score/7?scheme=3&on=&v_<fact>=&w_<code>=&p_<code>=`: a sheet under other values, points and weights."""

    route_base = "/ratings/whatif_score"
    resource = "ratings.score"
    title = _l("What if: score")

    @route(f"/{PK}", "read")
    def index(self, pk: int) -> Any:
        """The page. It writes nothing."""
        on, carrier = day_asked(), load(self.session, "tenants.carrier", pk)
        real = load(self.session, "ratings.score", ids_asked("score")[0]) if ids_asked("score") else None
        if real is not None and real.carrier_id != carrier.id:
            raise NotFound(_l("There is no such record in your parks."))
        fits = list(
            self.session.scalars(
                select(RatingScheme).where(RatingScheme.subject == carrier.carrier_type).order_by(RatingScheme.key, RatingScheme.edition)
            )
        )
        wanted = ids_asked("scheme")
        scheme = real.scheme if real is not None else next((s for s in fits if s.id in wanted), None) if wanted else next(iter(fits), None)
        if scheme is None:
            raise NotFound(_l("There is no such record in your parks.")) if wanted else Refused(_l("Enter the shipped schemes first."))
        on = real.on_date if real is not None else on
        now, then = whatif.simulate_score(
            self.session, scheme, carrier, on, values=asked("v_"), weights=asked("w_"), points=asked("p_"), real=real, firms=changes_asked()
        )
        return self.draw(
            "ratings/whatif_score.html",
            title=self.title,
            on=on,
            carrier=carrier,
            schemes=fits,
            scheme=scheme,
            now=now,
            then=then,
            real=real,
            points=_rating.points,
            args=request.args,
            kept=[(k, v) for k in request.args for v in request.args.getlist(k) if k in ("r", "a") or k[:2] in ("n_", "d_", "q_")],
            **_recognition.helpers(),
        )


class ExpertPage(Page):
    """`/ratings/expert/7`: an expert gives points for a sheet and signs."""

    route_base = "/ratings/expert"
    resource = "ratings.expert_sheet"

    @route(f"/{PK}", "add", methods=("GET", "POST"))
    def index(self, pk: int) -> Any:
        """The form; posting signs."""
        score: RatingScore = load(self.session, "ratings.score", pk)
        if request.method == "POST":
            given = {k[2:]: v for k, v in ((k, number_typed(v)) for k, v in request.form.items() if k.startswith("p_")) if v is not None}

            def work() -> int:
                experts.give_points(self.session, score, points=given, at=clock.now(), remark=request.form.get("remark"))
                return pk

            return _answer(self.session, work, lambda record: f"/ratings/score/{record}")
        return self.draw(
            "ratings/give.html",
            score=score,
            asked=experts.asked_of(self.session, score),
            found=experts.current_round(self.session, score),
            once=idempotency.new_key(),
        )


class _Start(Page):
    def park(self) -> int:
        park = scope_of(self.session).park_id
        if park is None:
            raise Refused(_l("Choose a park first."))
        return park


class StartSchemesPage(_Start):
    """The button above the schemes: enter those shipped."""

    route_base = "/ratings/start_schemes"
    resource = "ratings.scheme"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters what the park lacks."""
        schemes.start_park(self.session, park_id=self.park())
        commit()
        return redirect("/ratings/scheme/", 303)


class StartIndicesPage(_Start):
    """The button above the indices: enter those shipped."""

    route_base = "/ratings/start_indices"
    resource = "ratings.index"

    @route("/", "add", methods=("POST",))
    def index(self) -> Any:
        """Enters what the park lacks."""
        indices.start_park(self.session, park_id=self.park())
        commit()
        return redirect("/ratings/index/", 303)


PAGES = [WhatIfPage, ScoreWhatIfPage, ExpertPage, StartSchemesPage, StartIndicesPage]
