"""Letters about arrears, promises, waivers and late fees: lists, the run with its dry run, the tab on a firm and the tiles."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, request

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import Refused
from parkops.i18n import _l
from parkops.web import idempotency, slots
from parkops.web.editing import as_rule_error, attempt
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View
from parkops.web.values import month_typed
from parkops.web.views import Page, commit, route

from ..models.dunning import LEVELS, DunningLetter, DunningLevel, FeeWaiver, PaymentPromise
from ..services import dunning, late_fees

S, F = "modules.billing.services.dunning", "modules.billing.services.late_fees"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
BY = Input("made_by", "text", _l("Promised by"), required=True, max_length=120)
PROMISED = Input("promised_on", "date", _l("Pays by"), required=True)
AMOUNT = Input("amount", "money", _l("Amount"), required=True)
LEVEL = Input("level", "choice", _l("Level"), required=True, choices=lambda session: [(k, str(LEVELS.label(k))) for k in LEVELS])

RESOURCES = [
    Resource(
        "billing.dunning_letter",
        DunningLetter,
        Titles(_l("Letters about arrears"), _l("Letter about arrears")),
        icon="mail-exclamation",
        columns=(
            Col("number", width=125, important=True, link=True),
            Col("firm_id", width=230, important=True),
            Col("level", width=130, important=True),
            Col("on_date", width=105),
            Col("total", width=120, total="sum"),
            Col("days", width=90),
            Col("state", width=120),
            Col("deadline_on", width=105),
            Col("delivered_on", width=105),
            Col("delivery", width=130),
            Col("delivered_to", hidden=True),
            Col("proof", hidden=True),
            Col("follows_id", hidden=True),
            Col("made_by", hidden=True),
        ),
        sections=(
            Section(
                _l("Letter about arrears"),
                ("firm_id", "level", "number", "on_date", "total", "days", "deadline_days", "follows_id", "made_by", "made_at"),
            ),
            Section(_l("Delivery"), ("state", "delivery", "delivered_on", "delivered_to", "proof", "deadline_on", "sent_by")),
            Section(_l("Text"), ("subject", "body")),
        ),
        workflow="modules.billing.states_dunning:LETTER",
        load=("firm", "follows"),
        views=(
            View("draft", _l("To be delivered"), (Filter("state", "eq", "draft"),), "on_date"),
            View(
                "running", _l("Period running"), (Filter("state", "eq", "delivered"), Filter("deadline_on", "gte", "@today")), "deadline_on"
            ),
            View("over", _l("Period over"), (Filter("state", "eq", "delivered"), Filter("deadline_on", "lte", "@today-1")), "deadline_on"),
            View("all", _l("All"), (), "-id"),
        ),
        actions=(Action("promise", _l("Record a promise"), f"{S}_promises:promise_after", (AMOUNT, PROMISED, BY, TODAY), word="read"),),
        search=("number", "firm.name"),
        menu=("arrears", 20),
        sort="-id",
        code_field="number",
        report="dunning-letter",
    ),
    Resource(
        "billing.payment_promise",
        PaymentPromise,
        Titles(_l("Promises to pay"), _l("Promise to pay"), _l("New promise")),
        icon="calendar-check",
        columns=(
            Col("firm_id", width=230, important=True, link=True),
            Col("promised_on", width=105, important=True),
            Col("amount", width=120, important=True, total="sum"),
            Col("state", width=120),
            Col("made_on", width=105),
            Col("made_by", width=130),
            Col("letter_id", width=130),
        ),
        sections=(
            Section(
                _l("Promise to pay"),
                (
                    Input("firm_id", "ref", _l("Firm"), required=True, ref="tenants.firm"),
                    "amount",
                    "promised_on",
                    Input("made_on", "date", _l("Promised on"), required=True, default=lambda session: clock.today()),
                    "made_by",
                    "note",
                ),
            ),
            Section(_l("After letter"), ("letter_id", "state", "entered_by")),
        ),
        create=f"{S}_promises:record_promise",
        workflow="modules.billing.states_dunning:PROMISE",
        load=("firm", "letter"),
        parent=("firm_id", "tenants.firm"),
        views=(
            View("open", _l("Unfinished"), (Filter("state", "eq", "open"),), "promised_on"),
            View("broken", _l("Broken"), (Filter("state", "eq", "broken"),), "-promised_on"),
            View("all", _l("All"), (), "-promised_on"),
        ),
        search=("firm.name", "made_by"),
        menu=("arrears", 30),
        sort="-promised_on",
    ),
    Resource(
        "billing.fee_waiver",
        FeeWaiver,
        Titles(_l("Waivers of late fees"), _l("Waiver of a late fee"), _l("New waiver")),
        icon="eraser",
        columns=(
            Col("firm_id", width=230, important=True, link=True),
            Col("amount", width=120, important=True, total="sum"),
            Col("state", width=130, important=True),
            Col("asked_on", width=105),
            Col("charge.memo", _l("Late fee"), 260),
            Col("asked_by", width=110),
            Col("applied_on", width=105),
            Col("credit_id", width=130),
            Col("charge_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Waiver of a late fee"),
                (
                    Input("charge_id", "ref", _l("Late fee"), required=True, ref="billing.charge"),
                    "amount",
                    Input("asked_on", "date", _l("Asked on"), required=True, default=lambda session: clock.today()),
                    "reason",
                ),
            ),
            Section(_l("Decision"), ("firm_id", "state", "approval_id", "applied_on", "credit_id", "asked_by")),
        ),
        create=f"{F}:request_waiver",
        workflow="modules.billing.states_dunning:WAIVER",
        load=("firm", "charge", "approval", "credit"),
        parent=("charge_id", "billing.charge"),
        money=True,
        views=(
            View("to_approve", _l("To be approved"), (Filter("state", "eq", "requested"),), "asked_on"),
            View("to_apply", _l("To be written"), (Filter("state", "eq", "approved"),), "asked_on"),
            View("all", _l("All"), (), "-id"),
        ),
        search=("firm.name",),
        menu=("arrears", 50),
        sort="-id",
    ),
    Resource(
        "billing.dunning_level",
        DunningLevel,
        Titles(_l("Levels of letters"), _l("Level of letters")),
        icon="stairs-up",
        columns=(
            Col("level", width=150, important=True, link=True),
            Col("days", width=110, important=True),
            Col("deadline_days", width=140, important=True),
            Col("subject", width=220),
            Col("active", width=80),
        ),
        sections=(
            Section(_l("Level of letters"), ("days", "deadline_days", "active")),
            Section(_l("Letter"), ("subject", "body", "subject_en", "body_en")),
        ),
        change=f"{S}:change_level",
        menu=("setup", 64),
        sort="days",
    ),
]

slots.tab("tenants.firm", Related("dunning", _l("Arrears letters"), "billing.dunning_letter", "firm_id", order=46))
slots.action(
    "tenants.firm",
    Action("dunning", _l("Draft a letter about arrears"), "modules.billing.services.dunning:draft_for_firm", (LEVEL, TODAY), word="read"),
)
CHASE = ("finance", "operations_manager", "operations_clerk")
slots.tile(
    Tile(
        "billing.letters_draft",
        _l("Letters to deliver"),
        "billing.dunning_letter",
        "draft",
        ("finance", "operations_manager"),
        ("firm_id", "level", "total"),
        17,
        "amber",
    )
)
slots.tile(
    Tile(
        "billing.letters_over",
        _l("Letters whose period is over"),
        "billing.dunning_letter",
        "over",
        CHASE,
        ("firm_id", "level", "deadline_on"),
        18,
        "red",
    )
)
slots.tile(
    Tile(
        "billing.waivers",
        _l("Waivers to decide"),
        "billing.fee_waiver",
        "to_approve",
        ("operations_manager",),
        ("firm_id", "amount"),
        27,
        "violet",
    )
)


def park_of(session: Any) -> int:
    """The current park; a run is of one park."""
    park_id = scope_of(session).park_id
    if park_id is None:
        raise Refused(_l("Choose a park first: this record needs one."))
    return park_id


class DunningRunPage(Page):
    """`/billing/dunning/`: who gets which letter today and who does not, before anything is drafted."""

    route_base = "/billing/dunning"
    resource = "billing.dunning_letter"
    title = _l("Chase arrears")
    menu = ("arrears", 10)
    icon = "speakerphone"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """The dry run."""
        found = dunning.propose(self.session, park_id=park_of(self.session), on=clock.today())
        commit()  # the levels of a park that had none
        found.sort(key=lambda p: (p.level is None, -p.total))
        return self.draw(
            "billing/dunning.html",
            rows=found[:500],
            more=len(found) - 500,
            levels=LEVELS,
            today=clock.today(),
            once=idempotency.new_key(),
            ready=[p for p in found if p.level is not None],
        )

    @route("/run", "add", methods=("POST",))
    def run(self) -> Any:
        """Draft the letters ticked."""
        ids = {int(i) for i in request.form.getlist("firm") if i.isdigit()}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, {"firms": sorted(ids)})
        if claimed.answer is None:
            done, refusal = attempt(self.session, lambda: self._run(ids, claimed))
            flash(
                str(as_rule_error(refusal)) if refusal is not None else dunning.drafted(done),
                "danger" if refusal is not None else "success",
            )
        else:
            self.session.rollback()
        return redirect("/billing/dunning_letter/?view=draft", 303)

    def _run(self, ids: set[int], claimed: Any) -> int:
        done = len(dunning.run(self.session, park_id=park_of(self.session), on=clock.today(), firm_ids=ids))
        idempotency.keep(self.session, claimed, {"done": done})
        return done


class LateFeePage(Page):
    """`/billing/late-fees/?month=2026-03`: what a month comes to per bill with its days; charge it once."""

    route_base = "/billing/late-fees"
    resource = "billing.charge"
    title = _l("Late fees of a month")
    menu = ("arrears", 40)
    icon = "clock-exclamation"
    menu_word = "add"

    @route("/", "add")
    def index(self) -> Any:
        """The dry run."""
        month = self._month()
        found = late_fees.due_fees(self.session, park_id=park_of(self.session), month=month)
        firms = {f.id: f.name for f in self.session.query(Firm).where(Firm.id.in_({d.bill.firm_id for d in found}))}
        return self.draw(
            "billing/late_fees.html",
            rows=found[:500],
            more=len(found) - 500,
            month=month,
            firms=firms,
            once=idempotency.new_key(),
            over=late_fees.month_days(month)[1] < clock.today(),
            total=sum(d.fee.amount for d in found),
            warned=sum(d.warn for d in found),
        )

    @route("/charge", "add", methods=("POST",))
    def charge(self) -> Any:
        """Charge the month."""
        month, cap = self._month(), request.form.get("over_cap") == "1"
        typed = {"month": month.isoformat(), "over_cap": cap}
        claimed = idempotency.claim(self.session, request.form.get("_once"), request.path, typed, needed=True)
        if claimed.answer is None:
            done, refusal = attempt(self.session, lambda: self._charge(month, cap, claimed))
            flash(
                str(as_rule_error(refusal)) if refusal is not None else late_fees.sentence(done),
                "danger" if refusal is not None else "success",
            )
        else:
            self.session.rollback()
        return redirect('/billing/charge/?filters=[["kind","eq","penalty"]]', 303)

    def _charge(self, month: date, cap: bool, claimed: Any) -> dict[str, int]:
        done = late_fees.charge_fees(self.session, park_id=park_of(self.session), month=month, today=clock.today(), over_cap=cap)
        idempotency.keep(self.session, claimed, done)
        return done

    def _month(self) -> date:
        return month_typed(request.values.get("month")) or clock.Period.month(clock.today()).previous().start


PAGES = [DunningRunPage, LateFeePage]
