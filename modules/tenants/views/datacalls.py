"""Screens of data calls: the calls, the answers, and the page on which an answer is filled in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import flash, redirect, request
from sqlalchemy import Integer, and_, case, cast, func, select

from parkops.clock import today
from parkops.errors import Conflict
from parkops.i18n import _, _l
from parkops.security.masking import mask
from parkops.web import slots
from parkops.web.editing import as_rule_error, attempt, version_of
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View
from parkops.web.views import PK, Page, require_record, route

from .. import calc_datacall as calc
from ..calc_datacall_forms import FORMS, GROUPS
from ..models.datacall import DataCall, DataCallResponse
from ..models.firm import Firm
from ..services import datacalls, responses
from ..states_support import DATA_CALL_RESPONSE

S, R = "modules.tenants.services.datacalls", "modules.tenants.services.responses"
ROLES = ("operations_clerk", "operations_manager")
PERSONAL = {"head_name": "name", "statistician": "name", "filled_by": "name", "phone": "phone"}


def _count(*states: str) -> Any:
    def sql(model: Any, context: Any) -> Any:
        r = DataCallResponse
        query = select(func.count(r.id)).where(r.call_id == model.id)
        return (query.where(r.state.in_(states)) if states else query.where(r.state != "excused")).scalar_subquery()

    return sql


def _rate(model: Any, context: Any) -> Any:
    r = DataCallResponse
    asked = func.count().filter(r.state != "excused")
    return (
        select(case((asked > 0, func.count().filter(r.state.in_(datacalls.ANSWERED)) * 100 / asked)))
        .where(r.call_id == model.id)
        .scalar_subquery()
    )


def _due(model: Any, context: Any) -> Any:
    return select(DataCall.due_on).where(DataCall.id == model.call_id).scalar_subquery()


def _due_left(model: Any, context: Any) -> Any:
    return select(cast(DataCall.due_on - context.today, Integer)).where(DataCall.id == model.call_id).scalar_subquery()


def _call_open(model: Any, context: Any) -> Any:
    return select(DataCall.id).where(and_(DataCall.id == model.call_id, DataCall.state == "open")).exists()


def _answered(model: Any, context: Any) -> Any:
    return func.coalesce(select(func.count()).select_from(func.jsonb_object_keys(model.answers).alias("k")).scalar_subquery(), 0)


def _progress(session: Any, call: DataCall) -> tuple[str, str | None]:
    answered, asked = datacalls.response_rate(session, call)
    late = call.state == "open" and call.due_on < today() and answered < asked
    return (f"{answered} / {asked}" if asked else ""), "red" if late else None


def _source(session: Any, call: DataCall) -> Any:
    form = FORMS.get((call.form_code, call.form_version))
    return form.source if form else call.form_version


ANSWER_COLUMNS = ("firm.name", "state", "figures", "reminders", "reminded_at", "submitted_on", "accepted_on", "note")
PENDING = Filter("state", "in", datacalls.PENDING)
OPEN = Filter("call_open", "eq", True)

RESOURCES = [
    Resource(
        "tenants.data_call",
        DataCall,
        Titles(_l("Data calls"), _l("Data call"), _l("New data call")),
        columns=(
            Col("name", width=260, important=True, link=True),
            Col("state", width=110, important=True),
            Col("period_start", width=90),
            Col("due_on", width=105, important=True),
            Col("asked", _l("Asked"), 80, sql=_count(), fmt="int"),
            Col("answered", _l("Answered"), 80, sql=_count("submitted", "accepted"), fmt="int"),
            Col("waiting", _l("To be checked"), 100, sql=_count("submitted"), fmt="int"),
            Col("pending", _l("Missing"), 80, sql=_count("open", "draft", "returned"), fmt="int"),
            Col("rate", _l("Response rate %"), 110, sql=_rate, fmt="int"),
            Col("form_code", width=180),
            Col("form_version", hidden=True),
            Col("audience", hidden=True),
            Col("unit", hidden=True),
            Col("opened_on", hidden=True),
            Col("closed_on", hidden=True),
        ),
        sections=(
            Section(
                _l("Data call"),
                (
                    "form_code",
                    "period_start",
                    "due_on",
                    "audience",
                    Input("name", label=_l("Name"), help=_l("Left empty, the name is made from form and period.")),
                ),
            ),
            Section(
                _l("How to answer"),
                (
                    Input("unit", "choice", help=_l("Left empty, the form's own unit.")),
                    Input(
                        "jump_percent",
                        "int",
                        help=_l("A change by more than this against the period before needs a reason. Left empty, the park's setting."),
                    ),
                    "note",
                ),
            ),
        ),
        create=f"{S}:create_call",
        change=f"{S}:change_call",
        remove=f"{S}:remove_call",
        workflow="modules.tenants.states_support.DATA_CALL",
        actions=(
            Action("add_missing", _l("Ask firms recorded later"), f"{S}:add_missing_firms", guard=f"{S}:why_not_add"),
            Action("chase", _l("Remind all who are missing"), f"{S}:chase_call", guard=f"{S}:why_not_add"),
        ),
        tabs=(Related("responses", _l("Answers"), "tenants.data_call_response", "call_id", order=10, columns=ANSWER_COLUMNS),),
        facts=(
            Fact(_l("Answered"), _progress),
            Fact(
                _l("Form"),
                _source,
            ),
        ),
        views=(View("open", _l("Under way"), (Filter("state", "eq", "open"),), "due_on"), View("all", _l("All"), (), "-period_start")),
        search=("name",),
        sort="-period_start",
        menu=("results", 1),
        icon="clipboard-data",
    ),
    Resource(
        "tenants.data_call_response",
        DataCallResponse,
        Titles(_l("Answers to data calls"), _l("Answer"), None),
        columns=(
            Col("firm.name", _l("Firm"), 260, True, link=True),
            Col("call.name", _l("Data call"), 220),
            Col("state", width=120, important=True),
            Col("due_on", _l("Due on"), 105, True, sql=_due, fmt="date"),
            Col("days_left", _l("Days left"), 90, sql=_due_left, fmt="int"),
            Col("figures", _l("Figures"), 80, sql=_answered, fmt="int"),
            Col("reminders", width=90),
            Col("reminded_at", width=140),
            Col("submitted_on", width=105),
            Col("accepted_on", width=105),
            Col("note", width=200),
            Col("call_open", _l("Call is open"), sql=_call_open, fmt="bool", hidden=True),
            Col("filled_by", hidden=True),
            Col("phone", hidden=True),
            Col("call_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Answer"), ("call_id", "firm_id", "submitted_on", "accepted_on", "note", "reminders", "reminded_at")),
            Section(_l("People"), ("head_name", "statistician", "filled_by", "phone")),
        ),
        workflow="modules.tenants.states_support.DATA_CALL_RESPONSE",
        load=("call", "firm"),
        tabs=(),
        bulk=(
            Action("chase", _l("Remind"), f"{S}:chase", preview=f"{S}:preview_chase"),
            Action(
                "accept",
                _l("Accept"),
                f"{R}:accept_responses",
                inputs=(Input("on", "date", _l("Date"), required=True),),
                preview=f"{R}:preview_accept",
            ),
        ),
        views=(
            View("missing", _l("Missing"), (PENDING, OPEN), "days_left"),
            View("overdue", _l("Overdue"), (PENDING, OPEN, Filter("due_on", "lt", "@today")), "days_left"),
            View("waiting", _l("To be checked"), (Filter("state", "eq", "submitted"),), "submitted_on"),
            View("accepted", _l("Accepted"), (Filter("state", "eq", "accepted"),), "-accepted_on"),
        ),
        search=("firm.name", "call.name"),
        sort="-id",
        menu=("results", 2),
        icon="clipboard-check",
    ),
]


class FillPage(Page):
    """`/tenants/data_call_response/<id>/fill`: the form of one answer, the period before beside it."""

    route_base = "/tenants/data_call_response"
    resource = "tenants.data_call_response"
    default_view = "fill"

    @route(f"/{PK}/fill", "change", methods=("GET", "POST"))
    def fill(self, pk: int) -> Any:
        """GET shows the form; POST saves, and with the button "submit" submits too. What was typed is never lost."""
        query = select(DataCallResponse).where(DataCallResponse.id == pk)
        if request.method == "POST":
            query = query.with_for_update(of=DataCallResponse)
        response = require_record(self.session.scalars(query).first())
        if request.method == "GET":
            return self._form(response, response.answers, response.reasons)
        typed = {k[2:]: v[:40] for k, v in request.form.items() if k.startswith("a.")}
        reasons = {k[2:]: v[:300] for k, v in request.form.items() if k.startswith("r.")}
        submit = request.form.get("do") == "submit"
        _done, refusal = attempt(self.session, lambda: self._save(response, typed, reasons, submit))
        if refusal is not None:
            response = require_record(self.session.get(DataCallResponse, pk, populate_existing=True))
            return self._form(response, typed, reasons, as_rule_error(refusal), 409 if isinstance(refusal, Conflict) else 422)
        flash(_("The answer was submitted.") if submit else _("Saved."), "success")
        return redirect(f"/tenants/data_call_response/{pk}" if submit else f"/tenants/data_call_response/{pk}/fill", 303)

    def _save(self, response: DataCallResponse, typed: dict[str, str], reasons: dict[str, str], submit: bool) -> None:
        if request.form.get("_version") != version_of(response):
            raise Conflict(
                _l("Somebody else changed this answer meanwhile. Load the page again before you go on; note what you typed."), response
            )
        people = {k: request.form[k].strip()[:80] for k in PERSONAL if request.form.get(k, "").strip()}
        responses.save_answers(self.session, response, answers=typed, reasons=reasons, on=today(), **people)
        if submit:
            responses.submit_response(self.session, response, on=today())

    def _form(
        self, response: DataCallResponse, typed: dict[str, str], reasons: dict[str, str], refusal: Any = None, status: int = 200
    ) -> Any:
        call, fields = response.call, responses.fields_of(response.call)
        before = responses.previous_answers(self.session, response)
        readable, _bad = calc.read_answers(fields, {f.code: typed.get(f.code) for f in fields}, call.unit)
        jumps = {j.code: j for j in calc.jumps(fields, readable, before, call.jump_percent)}
        wrong = {p.field: str(p) for p in (refusal.problems if refusal else ())}
        groups = [(GROUPS.get(g, g), [f for f in fields if f.group == g]) for g in dict.fromkeys(f.group for f in fields)]
        return self.draw(
            "tenants/support_fill.html",
            status,
            response=response,
            call=call,
            firm=self.session.get(Firm, response.firm_id),
            groups=groups,
            typed=typed,
            reasons=reasons,
            before=before,
            jumps=jumps,
            wrong=wrong,
            grouped=_grouped,
            states=DATA_CALL_RESPONSE.choices,
            version=version_of(response),
            general=[str(p) for p in (refusal.problems if refusal else ()) if p.field not in {f.code for f in fields}],
            people=[(k, DataCallResponse.__table__.c[k].info["label"], _masked(k, getattr(response, k))) for k in PERSONAL],
            form=FORMS.get((call.form_code, call.form_version)),
            may_write=response.state in ("open", "draft", "returned") and call.state == "open",
            unit_title=DataCall.__table__.c.unit.type.choices.label(call.unit),
            period=datacalls.period_of(call).key,
        )


def _masked(name: str, value: str | None) -> str:
    return mask(PERSONAL[name], value) if value else ""


def _grouped(text: str | None) -> str:
    """Thousands separators for reading; the decimals stay as they are."""
    return f"{Decimal(text):,f}" if text else ""


PAGES = [FillPage]

slots.tile(Tile("tenants.data_calls", _l("Data calls open"), "tenants.data_call", "open", ROLES, ("name", "due_on", "pending"), 30))
slots.tile(
    Tile(
        "tenants.answers_overdue",
        _l("Answers overdue"),
        "tenants.data_call_response",
        "overdue",
        ROLES,
        ("firm.name", "call.name"),
        31,
        "red",
    )
)
slots.tile(
    Tile(
        "tenants.answers_waiting",
        _l("Answers to check"),
        "tenants.data_call_response",
        "waiting",
        ROLES,
        ("firm.name", "call.name"),
        32,
        "violet",
    )
)
