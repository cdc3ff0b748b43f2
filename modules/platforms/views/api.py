"""REST for machines and scripts: price before use, start, stop, the interlock's message, the charge, a month's records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify, request

from parkops import clock
from parkops.errors import NotFound, ParkOpsError, Problem, Refused, RuleError
from parkops.i18n import _l
from parkops.refs import load
from parkops.web import idempotency
from parkops.web.actions import refusal_json
from parkops.web.editing import attempt
from parkops.web.rest import json_body
from parkops.web.values import month_typed
from parkops.web.views import PK, Api, route

from ..services import charge_info, events, machine, month_records, month_runs, projects


def instant(text: Any, field: str) -> datetime:
    """An ISO time; without a zone it is the park's. RuleError names the field."""
    try:
        found = datetime.fromisoformat(str(text or ""))
        return (found if found.tzinfo else found.replace(tzinfo=clock.ZONE)).astimezone(clock.ZONE)
    except (ValueError, OverflowError):
        raise RuleError([Problem("core.time", _l("Give a time such as 2026-03-02T09:00."), field)]) from None


def month_of(text: str) -> Any:
    """A month such as 2026-03."""
    try:
        found = month_typed(text)
    except Refused as refused:
        raise RuleError([Problem("core.month", refused.message, "month")]) from None
    if found is None:
        raise RuleError([Problem("core.month", _l("Choose a month."), "month")])
    return found


class UsageApi(Api):
    """`/api/v1/platforms/machine/`: what a script or a switch at a machine needs."""

    route_base = "/api/v1/platforms/machine"
    resource = "platforms.event"
    openapi_spec_tag = "platforms.machine"

    @route("/price")
    def price(self) -> Any:
        """What use would cost, and whether the project allows it; nothing is saved.
        ---
        get:
          description: Price lines of the rate that holds (cut along its windows), and every sentence that would refuse it.
          parameters:
          - {in: query, name: instrument, required: true, schema: {type: string}, description: Interlock id of the instrument}
          - {in: query, name: project, required: true, schema: {type: string}, description: Number of the paying project}
          - {in: query, name: start, required: true, schema: {type: string}, description: ISO time; park time without zone}
          - {in: query, name: end, required: true, schema: {type: string}}
          responses:
            200: {description: Price and problems, content: {application/json: {schema: {type: object}}}}
            401: {description: Not logged in}
            403: {description: No right to read platform use}
            404: {description: No such instrument or project in your parks}
            422: {description: The question cannot be understood}
        """
        instrument = machine.by_interlock(self.session, request.args.get("instrument", "")[:80])
        project = machine.by_number(self.session, request.args.get("project", "")[:40])
        if project is None:
            raise NotFound(_l("There is no such record in your parks."))
        start, end = instant(request.args.get("start"), "start"), instant(request.args.get("end"), "end")
        found = machine.preview(self.session, instrument=instrument, project=project, starts_at=start, ends_at=end)
        problems = projects.objections(self.session, project, kind="usage", on=end.date(), platform_id=instrument.platform_id,
                                       needs=found.amount or machine.calc.ZERO)
        return jsonify({**found.as_json(), "problems": [{"code": p.code, "message": str(p.message)} for p in problems]})

    @route("/switch", "read", methods=("POST",))
    def switch(self) -> Any:
        """One message of an interlock: on starts, off stops.
        ---
        post:
          description: The same payload is what a message broker would hand on. Repeat with the same Idempotency-Key at will.
          parameters: [{in: header, name: Idempotency-Key, schema: {type: string}}]
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [interlock, "on"]
                  properties:
                    interlock: {type: string}
                    "on": {type: boolean}
                    project: {type: string, description: Number of the paying project}
                    person: {type: integer, description: Id of the contact who uses it; needed where a personal training lets them}
                    answers: {type: object, description: Answers to the questions by code}
          responses:
            200: {description: The event, content: {application/json: {schema: {type: object}}}}
            400: {description: Not a JSON object}
            401: {description: Not logged in}
            403: {description: No right to record use}
            404: {description: No such interlock in your parks}
            409: {description: Key used with another body}
            422: {description: "Refused; one sentence says why and what to do"}
        """
        body = json_body()
        claimed = idempotency.claim(self.session, request.headers.get("Idempotency-Key"), request.path, body)
        if claimed.answer is not None:
            return self._again(claimed)

        def work() -> dict[str, Any]:
            event = machine.switched(self.session, body, at=clock.now())
            answer = charge_info.of_event(self.session, event)
            idempotency.keep(self.session, claimed, answer)
            return answer

        return self._answer(work)

    @route(f"/event/{PK}")
    def event(self, pk: int) -> Any:
        """An event with its price and, once billed, its line and bill.
        ---
        get:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          responses:
            200: {description: The event and its charge, content: {application/json: {schema: {type: object}}}}
            401: {description: Not logged in}
            403: {description: No right to read platform use}
            404: {description: No such event in your parks}
        """
        return jsonify(charge_info.of_event(self.session, load(self.session, "platforms.event", pk)))

    @route(f"/event/{PK}/stop", "change", methods=("POST",))
    def stop(self, pk: int) -> Any:
        """Stop a running event.
        ---
        post:
          parameters:
          - {in: path, name: pk, required: true, schema: {type: integer}}
          - {in: header, name: Idempotency-Key, schema: {type: string}}
          requestBody:
            content:
              application/json:
                schema: {type: object, properties: {at: {type: string}, answers: {type: object}}}
          responses:
            200: {description: The event, content: {application/json: {schema: {type: object}}}}
            400: {description: Not a JSON object}
            401: {description: Not logged in}
            403: {description: No right to stop use}
            404: {description: No such event in your parks}
            409: {description: The key was used with another body}
            422: {description: "Refused; one sentence says why and what to do"}
        """
        body, event = json_body(), load(self.session, "platforms.event", pk)
        claimed = idempotency.claim(self.session, request.headers.get("Idempotency-Key"), request.path, body)
        if claimed.answer is not None:
            return self._again(claimed)

        def work() -> dict[str, Any]:
            at = instant(body["at"], "at") if body.get("at") else clock.now()
            answers = body.get("answers") if isinstance(body.get("answers"), dict) else {}
            answer = charge_info.of_event(self.session, events.stop_usage(self.session, event, at=at, answers=answers))
            idempotency.keep(self.session, claimed, answer)
            return answer

        return self._answer(work)

    def _again(self, claimed: Any) -> Any:
        """What the first call with the key answered."""
        self.session.rollback()
        return jsonify(claimed.answer)

    def _answer(self, work: Any) -> Any:
        answer, refusal = attempt(self.session, work)
        if refusal is not None:
            return _refused(refusal)
        return jsonify(answer)


def _refused(refusal: ParkOpsError) -> Any:
    return jsonify(refusal_json(refusal)), refusal.status


class MonthApi(Api):
    """`/api/v1/platforms/month/2026-03/…`: the dry run, and the month's records."""

    route_base = "/api/v1/platforms/month"
    resource = "platforms.month_run"
    openapi_spec_tag = "platforms.month"

    @route("/<string(maxlength=10):month>/preview")
    def preview(self, month: str) -> Any:
        """What pricing the month would do now; nothing is written.
        ---
        get:
          parameters:
          - {in: path, name: month, required: true, schema: {type: string}, description: Such as 2026-03}
          responses:
            200: {description: "Totals, payers, exceptions", content: {application/json: {schema: {type: object}}}}
            401: {description: Not logged in}
            403: {description: No right to read month runs}
            422: {description: Not a month}
        """
        found = month_runs.dry_run(self.session, month=month_of(month))
        self.session.rollback()
        return jsonify(found.as_json())

    @route("/<string(maxlength=10):month>/records", "export", resource="platforms.event")
    def records(self, month: str) -> Any:
        """The month's priced events with their bills; amounts are whole fen.
        ---
        get:
          parameters:
          - {in: path, name: month, required: true, schema: {type: string}, description: Such as 2026-03}
          responses:
            200: {description: List of records, content: {application/json: {schema: {type: array, items: {type: object}}}}}
            401: {description: Not logged in}
            403: {description: No right to export platform use}
            422: {description: Not a month}
        """
        return Response(month_records.as_json(self.session, month=month_of(month)), content_type="application/json; charset=utf-8")


PAGES = [UsageApi, MonthApi]
