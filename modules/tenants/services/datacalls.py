"""Data calls: prepare, open to firms, close; chase those who have not answered. Answers themselves: `responses` below.

No answer stays no answer: a response without figures never writes a statement, and nothing is copied forward."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, literal, or_, select, update

from parkops import outbox, records, settings, todos
from parkops.clock import ZONE, Period, now
from parkops.db import audit
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..calc_datacall_forms import FORMS, LATEST, frozen_fields
from ..models.datacall import DataCall, DataCallResponse
from ..models.firm import Firm
from ..models.stage import Stage
from ..states_support import DATA_CALL
from .fact_queries import stage_on
from .portal_notify import tell_firm, tell_firms

AUDIENCE_STATES = {"incubating": ("incubating",), "chain": ("incubating", "graduated", "accelerating")}
PENDING = ("open", "draft", "returned")
ANSWERED = ("submitted", "accepted")
ASKED = _l("Please answer: %(call)s, due on %(day)s.")


def period_of(call: DataCall) -> Period:
    return Period.of(call.grain, call.period_start)


def create_call(session: Any, *, form_code: str, period_start: date, due_on: date, name: str | None = None,
                form_version: str | None = None, audience: str = "incubating", unit: str | None = None,
                jump_percent: int | None = None, note: str | None = None) -> DataCall:
    """Prepare a call for a period. The name, unit and jump limit come from the form and the settings when not given.
    Raises RuleError when the form is unknown, the period was called already, or it is due before the period ends."""
    form = FORMS.get((form_code, form_version)) if form_version else LATEST.get(form_code)
    if form is None:
        raise RuleError([Problem("tenants.no_such_form", _l("Choose one of the forms offered."), "form_code")])
    period = Period.of(form.grain, period_start)
    values = {
        "form_code": form.code, "form_version": form.version, "grain": form.grain, "period_start": period.start,
        "due_on": due_on, "audience": audience, "unit": unit or form.unit, "note": note, "fields": frozen_fields(form),
        "name": name or f"{form.title} {period.key}",
        "jump_percent": jump_percent if jump_percent is not None else settings.get(session, "tenants.jump_percent"),
    }
    return records.create(session, DataCall, values, _check_call)


def change_call(session: Any, call: DataCall, **values: Any) -> DataCall:
    """Change a call: everything while it is prepared, afterwards only name, due day and note."""
    if call.state != "draft":
        fixed = sorted(k for k in values if k not in ("name", "due_on", "note") and getattr(call, k) != values[k])
        if fixed:
            raise RuleError([Problem("tenants.call_is_open", _l(
                "An open call keeps its form, period and unit. Change only name, due day and note."), f) for f in fixed])
    if {"form_code", "form_version", "period_start"} & set(values):
        form = LATEST.get(values.get("form_code", call.form_code)) or LATEST[call.form_code]
        start = Period.of(form.grain, values.get("period_start") or call.period_start).start
        values |= {"form_version": form.version, "grain": form.grain, "period_start": start, "fields": frozen_fields(form)}
    return records.change(session, call, values, _check_call)


def _check_call(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not isinstance(values["jump_percent"], int) or not 1 <= values["jump_percent"] <= 10000:
        problems.add("tenants.jump_percent", _l("The jump limit is between 1 and 10000 percent."), "jump_percent")
    if values["due_on"] < Period.of(values["grain"], values["period_start"]).end:
        problems.add("tenants.due_too_early", _l("The due day must lie after the end of the period."), "due_on")


def remove_call(session: Any, call: DataCall) -> None:
    """Delete a call that was never opened."""
    records.remove(session, call, (DataCallResponse, "call_id", _l(
        "This call was opened to firms. Close it instead of deleting it.")))


def audience_of(session: Any, call: DataCall) -> Any:
    """Select of the ids of the firms asked: in the audience's stage on the last day of the period."""
    return select(Stage.firm_id).where(
        Stage.park_id == call.park_id, Stage.state.in_(AUDIENCE_STATES[call.audience]), stage_on(period_of(call).last_day))


def why_not_open(session: Any, call: DataCall) -> str | None:
    """Guard of the step "open"."""
    if session.scalar(select(func.count()).select_from(audience_of(session, call).subquery())) == 0:
        return _("No firm was in the audience at the end of the period. Check the period and the audience.")
    return None


def open_call(session: Any, call: DataCall, *, on: date) -> str:
    """Open: one empty response per firm asked, in one statement. The field list was frozen when the call was made."""
    if on < period_of(call).start:
        raise RuleError([Problem("tenants.open_too_early", _l("Open the call after its period has begun."), "on")])
    DATA_CALL.move(session, call, "open", on=on)
    call.opened_on = on
    session.flush()
    return _("%(n)s firms are asked.", n=_add_missing(session, call))


def _add_missing(session: Any, call: DataCall) -> int:
    firms = audience_of(session, call).subquery()
    source = select(literal(call.park_id), literal(call.id), firms.c.firm_id).where(
        firms.c.firm_id.not_in(select(DataCallResponse.firm_id).where(
            DataCallResponse.park_id == call.park_id, DataCallResponse.call_id == call.id)))
    made = session.execute(insert(DataCallResponse).from_select(["park_id", "call_id", "firm_id"], source).returning(
        DataCallResponse.firm_id)).all()
    if made:
        tell_firms(session, [row.firm_id for row in made], "tenants.data_call", ASKED,
                   {"call": call.name, "day": call.due_on.isoformat()}, owner=call, roles=("owner", "finance"))
        audit.bulk(session, DataCallResponse, "insert", len(made), {"call_id": call.id}, park_id=call.park_id)
    return len(made)


def add_missing_firms(session: Any, call: DataCall) -> str:
    """Ask firms that were recorded after the call was opened."""
    access.require(session, "tenants.data_call", "act")
    if call.state != "open":
        raise RuleError([Problem("tenants.call_not_open", _l("Open the call first."))])
    return _("%(n)s firms were added.", n=_add_missing(session, call))


def close_call(session: Any, call: DataCall, *, on: date) -> str:
    """Close. Unanswered stays unanswered; submitted answers must be decided first."""
    waiting = session.scalar(select(func.count(DataCallResponse.id)).where(
        DataCallResponse.call_id == call.id, DataCallResponse.state == "submitted"))
    if waiting:
        raise RuleError([Problem("tenants.answers_waiting", _l(
            "%(n)s submitted answers are not decided. Accept or return them first.", n=waiting))])
    DATA_CALL.move(session, call, "close", on=on)
    call.closed_on = on
    session.flush()
    answered, asked = response_rate(session, call)
    return _("Closed with %(answered)s of %(asked)s answers.", answered=answered, asked=asked)


def reopen_call(session: Any, call: DataCall, *, on: date, reason: str) -> None:
    """Open a closed call again for late answers or corrections."""
    DATA_CALL.move(session, call, "reopen", on=on, reason=reason)
    call.closed_on = None
    session.flush()


def response_rate(session: Any, call: DataCall) -> tuple[int, int]:
    """(answered, asked); excused firms are in neither."""
    r = DataCallResponse
    answered, asked = session.execute(select(
        func.count().filter(r.state.in_(ANSWERED)), func.count().filter(r.state != "excused")).where(r.call_id == call.id)).one()
    return answered, asked


def progress(session: Any, call: DataCall) -> dict[str, int]:
    """Responses by state."""
    r = DataCallResponse
    return dict(session.execute(select(r.state, func.count()).where(r.call_id == call.id).group_by(r.state)).all())


def chase(session: Any, responses: list[DataCallResponse]) -> str:
    """Remind the firms of these responses (bulk button): one outbox message each, counted on the response."""
    access.require(session, "tenants.data_call_response", "act")
    pending = [r.id for r in responses if r.state in PENDING]
    return _("%(n)s reminders are on their way.", n=_remind(session, DataCallResponse.id.in_(pending)))


def preview_chase(session: Any, responses: list[DataCallResponse]) -> tuple[int, str]:
    """Dry run of `chase`."""
    count = sum(1 for r in responses if r.state in PENDING)
    return count, _("Reminds %(n)s firms that have not answered.", n=count)


def chase_call(session: Any, call: DataCall) -> str:
    """Remind everybody who has not answered this call."""
    access.require(session, "tenants.data_call", "act")
    return _("%(n)s reminders are on their way.", n=_remind(session, DataCallResponse.call_id == call.id))


def why_not_add(session: Any, call: DataCall) -> str | None:
    """Guard of the buttons of an open call."""
    return None if call.state == "open" else _("Open the call first.")


def chase_due(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: remind firms of open calls that are due within a week or overdue, at most every three days."""
    open_calls = select(DataCall.id).where(DataCall.state == "open", DataCall.due_on <= _later(on, 7))
    if park_id is not None:
        open_calls = open_calls.where(DataCall.park_id == park_id)
    midnight = datetime.combine(_later(on, -2), time.min, ZONE)
    quiet = or_(DataCallResponse.reminded_at.is_(None), DataCallResponse.reminded_at < midnight)
    return {"reminded": _remind(session, DataCallResponse.call_id.in_(open_calls), quiet)}


def _later(on: date, days: int) -> date:
    return on + timedelta(days=days)


def _remind(session: Any, *conditions: Any) -> int:
    """Mark and publish. The marker and the message are one transaction, so a crash neither loses nor doubles them."""
    r = DataCallResponse
    rows = session.execute(
        update(r).where(r.state.in_(PENDING), *conditions)
        .values(reminders=r.reminders + 1, reminded_at=now(), version=r.version + 1)
        .returning(r.id, r.firm_id, r.call_id, r.park_id, r.reminders)
        .execution_options(synchronize_session="fetch")).all()
    for row in rows:
        outbox.publish(session, "tenants.data_call_reminder", {
            "response_id": row.id, "firm_id": row.firm_id, "call_id": row.call_id},
            key=f"{row.id}:{row.reminders}", park_id=row.park_id)
    if rows:
        audit.bulk(session, r, "remind", len(rows), {"calls": sorted({row.call_id for row in rows})})
    return len(rows)


@outbox.handler("tenants.data_call_reminder")
def deliver_reminder(session: Any, payload: dict[str, Any], message: Any) -> None:
    """A reminder becomes one open to-do beside the answer (a second reminder does not make a second to-do)."""
    response = session.get(DataCallResponse, payload["response_id"])
    if response is None or response.state not in PENDING:
        return
    call, firm = session.get(DataCall, response.call_id), session.get(Firm, response.firm_id)
    todos.add(session, response, _("Ask %(firm)s for the figures of %(call)s", firm=firm.name, call=call.name),
              due_on=call.due_on, key=f"tenants.data_call:{response.id}")
    tell_firm(session, firm.id, "tenants.data_call", ASKED,
              {"call": call.name, "day": call.due_on.isoformat()}, owner=response, roles=("owner", "finance"))


def drop_unasked(session: Any, call: DataCall) -> int:
    """Take back responses of firms that turned out not to be in the audience, while nothing was answered."""
    access.require(session, "tenants.data_call", "act")
    done = session.execute(delete(DataCallResponse).where(
        DataCallResponse.call_id == call.id, DataCallResponse.state == "open",
        DataCallResponse.firm_id.not_in(audience_of(session, call))).execution_options(synchronize_session=False))
    if done.rowcount:
        audit.bulk(session, DataCallResponse, "delete", done.rowcount, {"call_id": call.id}, park_id=call.park_id)
    return done.rowcount


def chase_list(session: Any, call: DataCall) -> list[tuple[DataCallResponse, Firm]]:
    """Who has not answered, longest silent first."""
    r = DataCallResponse
    return list(session.execute(select(r, Firm).join(Firm, Firm.id == r.firm_id).where(
        r.call_id == call.id, r.state.in_(PENDING)).order_by(r.reminders.desc(), Firm.name)).tuples())
