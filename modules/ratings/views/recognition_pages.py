"""Pages of recognition: all carriers on a day, one carrier rule by rule, and replay under another version."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import redirect, request

from parkops import clock
from parkops.errors import NotFound, Refused
from parkops.i18n import _l
from parkops.refs import load
from parkops.rules.models import PROVENANCE
from parkops.web import idempotency
from parkops.web.editing import attempt
from parkops.web.values import day_typed
from parkops.web.views import PK, Page, route

from ..services import recognition
from . import _recognition


def day_asked() -> date:
    """`?on=`, today without one."""
    return day_typed(request.args.get("on")) or clock.today()


def chosen(sets: list[Any], name: str, fallback: int = 0) -> Any:
    """The rule set named in the address."""
    key = request.args.get(name)
    if key:
        found = next((s for s in sets if s.key == key), None)
        if found is None:
            raise NotFound(_l("There is no rule set %(key)s.", key=key))
        return found
    return sets[fallback] if len(sets) > fallback else None


class RecognitionPage(Page):
    """`/ratings/recognition/?on=`: every carrier under every set in force; `/ratings/recognition/7?set=&on=`: one, rule by rule."""

    route_base = "/ratings/recognition"
    resource = "ratings.assessment"
    title = _l("Recognition of carriers")
    menu = ("recognition", 10)
    icon = "rosette"

    @route("/", "read")
    def index(self) -> Any:
        """The table of carriers. It writes nothing."""
        on = day_asked()
        sets, carriers = recognition.rule_sets(self.session, on), recognition.carriers_on(self.session, on)
        fits = {c.id: {s.key for s in recognition.fitting(sets, c)} for c in carriers}
        found = {s.key: recognition.evaluate(self.session, s.key, [c for c in carriers if s.key in fits[c.id]], on) for s in sets}
        return self.draw(
            "ratings/recognition.html", title=self.title, on=on, sets=[s for s in sets if found[s.key]], carriers=carriers, found=found
        )

    @route(f"/{PK}", "read")
    def carrier(self, pk: int) -> Any:
        """One carrier under one set."""
        on, carrier = day_asked(), load(self.session, "tenants.carrier", pk)
        sets = recognition.fitting(recognition.rule_sets(self.session), carrier)
        in_force = [s for s in sets if s.effective_from <= on and (s.effective_to is None or on < s.effective_to)]
        rule_set = chosen(sets, "set") or (in_force or sets or [None])[0]
        if rule_set is None:
            raise Refused(_l("No rule set speaks of this type of carrier."))
        result = recognition.evaluate(self.session, rule_set.key, [carrier], on, near=5)[carrier.id]
        return self.draw(
            "ratings/carrier.html",
            title=self.title,
            on=on,
            carrier=carrier,
            sets=sets,
            rule_set=rule_set,
            result=result,
            may_keep=rule_set in in_force and rule_set.provenance != "R",
            provenance=PROVENANCE,
            once=idempotency.new_key(),
            said=request.args.get("said"),
            **_recognition.helpers(),
        )

    @route(f"/{PK}/keep", "add", methods=("POST",))
    def keep(self, pk: int) -> Any:
        """Keep the assessment of the day."""
        carrier, form = load(self.session, "tenants.carrier", pk), request.form
        on = day_typed(form.get("on")) or clock.today()

        def work() -> int:
            return recognition.keep_assessment(self.session, carrier, rule_set=form.get("set", ""), on=on, note=form.get("note")).id

        return _answer(self.session, work, lambda record: f"/ratings/assessment/{record}")

    @route(f"/{PK}/assess", "act", methods=("POST",), resource="tenants.carrier")
    def assess(self, pk: int) -> Any:
        """What a person found about one fact."""
        carrier, form = load(self.session, "tenants.carrier", pk), request.form
        on = day_typed(form.get("on")) or clock.today()

        def work() -> int:
            recognition.assess_fact(
                self.session, carrier, fact=form.get("fact", ""), value=form.get("value", ""), on=on, note=form.get("note", "")
            )
            return pk

        back = f"/ratings/recognition/{pk}?set={form.get('set', '')}&on={on}"
        return _answer(self.session, work, lambda _record: back)


def _answer(session: Any, work: Any, where: Any) -> Any:
    """Do it once; a refusal is raised as it is, the shell shows its sentence."""
    claimed = idempotency.claim(session, request.form.get("_once"), request.path, dict(request.form))
    if claimed.answer is not None:
        session.rollback()
        return redirect(claimed.answer["to"], 303)

    def once() -> str:
        to = where(work())
        idempotency.keep(session, claimed, {"to": to})
        return to

    to, refusal = attempt(session, once)
    if refusal is not None:
        raise refusal
    return redirect(to, 303)


class RecognitionReplayPage(Page):
    """`/ratings/replay/?before=INC-2018-GEN&after=INC-2025-STD&on=`: who flips under another version."""

    route_base = "/ratings/replay"
    resource = "ratings.assessment"
    title = _l("Replay of recognition under other rules")
    menu = ("recognition", 20)
    icon = "repeat"

    @route("/", "read")
    def index(self) -> Any:
        """The page. It writes nothing."""
        on, sets = day_asked(), recognition.rule_sets(self.session)
        before, after = chosen(sets, "before", 1), chosen(sets, "after")
        carriers = recognition.carriers_on(self.session, on)
        rows = recognition.replay(self.session, before.key, after.key, carriers, on) if before and after else []
        kept = recognition.replay_kept(self.session, after.key) if after else []
        return self.draw("ratings/replay.html", title=self.title, on=on, sets=sets, before=before, after=after, rows=rows, kept=kept)


PAGES = [RecognitionPage, RecognitionReplayPage]
