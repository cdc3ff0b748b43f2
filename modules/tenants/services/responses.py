"""One firm's answer to a data call: fill in, submit, accept, return, excuse. Accepting writes the firm's statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records, todos
from parkops.clock import Period
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_datacall as calc
from ..calc_datacall_forms import FormField, thaw
from ..models.datacall import DataCall, DataCallResponse
from ..models.firm import Firm
from ..models.statement import FirmStatement
from ..states_support import DATA_CALL_RESPONSE

PEOPLE = ("head_name", "statistician", "filled_by", "phone")


def fields_of(call: DataCall) -> tuple[FormField, ...]:
    """The frozen field list of a call."""
    return thaw(call.fields or [], call.form_code, call.form_version)


def previous_answers(session: Any, response: DataCallResponse) -> dict[str, str]:
    """The firm's figures of the period before, in this call's unit: shown beside the fields, never saved as an answer."""
    call = response.call
    before = _previous_start(call)
    statement = session.scalar(select(FirmStatement).where(
        FirmStatement.firm_id == response.firm_id, FirmStatement.grain == call.grain, FirmStatement.period_start == before))
    if statement is None:
        return {}
    fields = fields_of(call)
    return calc.as_answers(fields, {f.code: getattr(statement, f.code) for f in fields}, call.unit)


def _previous_start(call: DataCall) -> date:
    return Period.of(call.grain, call.period_start).previous().start


def start_filling(session: Any, response: DataCallResponse) -> tuple[str, str]:
    """The button "Fill in": leads to the page with the form; nothing is saved before something is entered."""
    return _("Fill in the figures and save."), f"/tenants/data_call_response/{response.id}/fill"


def save_answers(session: Any, response: DataCallResponse, *, answers: Mapping[str, Any],
                 reasons: Mapping[str, str] | None = None, on: date | None = None, **people: str | None) -> DataCallResponse:
    """Keep what is filled in so far (all fields at once; an empty field is unreported). Moves the response to "being
    filled in". Raises RuleError naming every unreadable field; cross-checks are asked at submission only."""
    access.require(session, "tenants.data_call_response", "change")
    problems = Problems()
    _open_for_answers(response, problems)
    clean, found = calc.read_answers(fields_of(response.call), answers, response.call.unit)
    problems.extend(found)
    problems.stop()
    if response.state in ("open", "returned"):
        DATA_CALL_RESPONSE.move(session, response, "save", on=on)
    known = {f.code for f in fields_of(response.call)}
    values: dict[str, Any] = {"answers": clean, "reasons": {
        k: v.strip()[:300] for k, v in (reasons or {}).items() if k in known and v and v.strip()}}
    values |= {k: v for k, v in people.items() if k in PEOPLE}
    return records.change(session, response, values)


def _open_for_answers(response: DataCallResponse, problems: Problems) -> None:
    if response.call.state != "open":
        problems.add("tenants.call_not_open", _l("This data call is not open. Open it again to change answers."))
    if response.state not in ("open", "draft", "returned"):
        problems.add("tenants.answer_is_in", _l("This answer is in already. Return it first to change it."))


def problems_of(session: Any, response: DataCallResponse) -> list[Problem]:
    """Everything that would stop submission now: cross-checks, dates of the firm, unexplained jumps."""
    fields, call = fields_of(response.call), response.call
    found = calc.cross_checks(fields, response.answers)
    firm = session.get(Firm, response.firm_id)
    if not firm.was_team:
        found += calc.entry_order(firm.registered_on, firm.entered_on)
    jumps = calc.jumps(fields, response.answers, previous_answers(session, response), call.jump_percent)
    return found + calc.unexplained(jumps, response.reasons)


def submit_response(session: Any, response: DataCallResponse, *, on: date, filled_by: str | None = None) -> None:
    """Submit what is filled in. Raises RuleError with every failed check at once."""
    problems = Problems()
    _open_for_answers(response, problems)
    if not response.answers:
        problems.add("tenants.nothing_answered", _l("Fill in the figures first."))
    else:
        problems.extend(problems_of(session, response))
    records.not_future({"on": on}, problems, ["on"])
    problems.stop()
    if filled_by:
        response.filled_by = filled_by.strip()[:80]
    response.submitted_on = on
    session.flush()
    DATA_CALL_RESPONSE.move(session, response, "submit", on=on)
    todos.close(session, response)


def accept_response(session: Any, response: DataCallResponse, *, on: date) -> str:
    """Accept: the figures become the firm's statement of the period (written again after a correction)."""
    problems = Problems()
    problems.extend(problems_of(session, response))
    records.not_future({"on": on}, problems, ["on"])
    if response.submitted_on and on < response.submitted_on:
        problems.add("record.date_order", _l("It cannot be accepted before it was submitted."), "on")
    problems.stop()
    response.accepted_on = on
    session.flush()
    DATA_CALL_RESPONSE.move(session, response, "accept", on=on)
    _write_statement(session, response, on)
    return _("Accepted; the figures are on the firm's page.")


def _write_statement(session: Any, response: DataCallResponse, on: date) -> FirmStatement:
    call = response.call
    key = {"firm_id": response.firm_id, "grain": call.grain, "period_start": call.period_start}
    statement = session.scalar(select(FirmStatement).where(*(getattr(FirmStatement, k) == v for k, v in key.items())))
    if statement is None:
        statement = FirmStatement(park_id=response.park_id, **key)
        session.add(statement)
    statement.source, statement.reported_on = "data_call", on
    statement.form_version = f"{call.form_code} {call.form_version}"
    for name, value in calc.figures(fields_of(call), response.answers, call.unit).items():
        setattr(statement, name, value)
    session.flush()
    return statement


def accept_responses(session: Any, responses: list[DataCallResponse], *, on: date) -> str:
    """Bulk: accept every submitted one of these; refuses all when one has a problem, naming the firms."""
    waiting = [r for r in responses if r.state == "submitted"]
    bad = []
    for response in waiting:
        if problems_of(session, response):
            bad.append(session.get(Firm, response.firm_id).name)
    if bad:
        raise RuleError([Problem("tenants.answers_have_problems", _l(
            "Look at these answers first: %(firms)s.", firms=", ".join(bad[:10])))])
    for response in waiting:
        accept_response(session, response, on=on)
    return _("%(n)s answers were accepted.", n=len(waiting))


def preview_accept(session: Any, responses: list[DataCallResponse], **_form: Any) -> tuple[int, str]:
    """Dry run of `accept_responses`."""
    count = sum(1 for r in responses if r.state == "submitted")
    return count, _("Accepts %(n)s submitted answers.", n=count)


def return_response(session: Any, response: DataCallResponse, *, on: date, reason: str) -> None:
    """Send back for correction. An accepted answer keeps its statement until the correction is accepted."""
    if response.call.state != "open":
        raise RuleError([Problem("tenants.call_not_open", _l("This data call is not open. Open it again to change answers."))])
    DATA_CALL_RESPONSE.move(session, response, "return", on=on, reason=reason)
    response.note, response.accepted_on = reason.strip()[:300], None
    session.flush()


def excuse_response(session: Any, response: DataCallResponse, *, on: date, reason: str) -> None:
    """The firm need not answer (dissolved, moved away). It leaves the response rate; no figure is invented."""
    DATA_CALL_RESPONSE.move(session, response, "excuse", on=on, reason=reason)
    response.note = reason.strip()[:300]
    session.flush()
