"""REST for one record: create, read, change, delete, and the record's actions. Same services, same refusals as screens.

JSON numbers are read exactly (never through a binary float). A change names the version it was made on (`If-Match` or
`"version"`); a stale one is answered 409 with yours and theirs. `Idempotency-Key` makes a create or an action repeatable."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flask import jsonify, request

from ..db import audit
from ..errors import Conflict, NotFound, ParkOpsError, Refused
from ..i18n import _l
from ..security import access
from . import idempotency, openapi, show
from .actions import BULK_MAX, bulk_action, find, fitting, outcome, refusal_json, run, run_bulk
from .compile import Resolved, ResolvedField
from .dberrors import CHANGED
from .editing import attempt, load_record, require_editable, version_of
from .forms import inputs_form, read_json, required_names
from .grid import Grid, Query
from .values import to_json
from .views import PK, commit, route

META = {"version", "id"}


class VersionNeeded(Refused):
    """A change without the version it was made on."""

    status = 428


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def json_body() -> dict[str, Any]:
    """The request's JSON object with exact numbers; Refused with one sentence when it is none."""
    try:
        text = request.get_data().decode("utf-8")
        body = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant) if text.strip() else {}
    except (ValueError, RecursionError, ArithmeticError):
        raise Refused(_l("The request must be a JSON object in UTF-8.")) from None
    if not isinstance(body, dict):
        raise Refused(_l("The request must be a JSON object in UTF-8."))
    return body


def given_version(body: dict[str, Any]) -> str:
    """The version from If-Match or the body; refused when missing."""
    header = (request.headers.get("If-Match") or "").removeprefix("W/").strip('" ')
    found = header or body.get("version")
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        raise VersionNeeded(_l("Send the record's version (If-Match header or \"version\") that you read before changing it."))
    return str(found)


def shown_fields(resolved: Resolved) -> dict[str, ResolvedField]:
    """Fields of the sections that are columns."""
    return {n: f for n, f in resolved.fields.items() if f.column and f.kind not in ("password", "file")}


def item_json(session: Any, resolved: Resolved, obj: Any, clear: frozenset[str] = frozenset()) -> dict[str, Any]:
    """One record for programs; personal values masked unless uncovered (which the caller has recorded)."""
    out: dict[str, Any] = {"id": obj.id, "version": to_json(getattr(obj, "version", None) or version_of(obj)), "_label": str(obj)}
    if resolved.state_column:
        out["_state"] = getattr(obj, resolved.state_column)
    for name, field in shown_fields(resolved).items():
        value = getattr(obj, field.column)
        if field.personal and name not in clear:
            out[name] = show.masked_text(field, value) if value not in (None, "") else None
            continue
        if field.places and isinstance(value, Decimal):
            value = value.quantize(Decimal(1).scaleb(-field.places))
        out[name] = to_json(value)
        if field.kind in ("choice", "ref") and value is not None:
            out[f"{name}__text"] = show.field_text(field, value, session, obj)
    return out


def refused(refusal: ParkOpsError) -> Any:
    """A refusal as JSON with its status."""
    return jsonify(refusal_json(refusal)), refusal.status


class ItemApi:
    """Routes of one record (mixed into the resource's API class)."""

    def add_api_spec(self, api_spec: Any) -> None:
        """Every operation of this resource, list operations included, into the one specification."""
        self.add_apispec_components(api_spec)
        openapi.describe(api_spec, self)

    def _record(self, pk: int, *, lock: bool = False) -> Any:
        resolved, session = self.resolved, self.session
        if resolved.resource.base_filters and pk not in Grid(session, resolved, Query(ids=(pk,), count=False)).page_ids():
            raise NotFound(_l("There is no such record in your parks."))
        return load_record(session, resolved, pk, lock=lock)

    def _item(self, obj: Any, status: int = 200, clear: frozenset[str] = frozenset()) -> Any:
        response = jsonify(item_json(self.session, self.resolved, obj, clear))
        response.headers["ETag"] = f'"{version_of(obj)}"'
        return response, status

    @route(f"/{PK}")
    def get_item(self, pk: int) -> Any:
        session, resolved = self.session, self.resolved
        obj = self._record(pk)
        clear = frozenset(n for n in request.args.get("unmask", "").split(",") if n)
        if clear:
            access.require(session, resolved.name, "unmask")
            known = {n for n, f in shown_fields(resolved).items() if f.personal}
            if clear - known:
                raise Refused(_l("Only personal fields can be unmasked."))
            audit.event(session, "unmask", {"fields": sorted(clear)}, resource=resolved.name, record_id=pk, label=str(obj),
                        park_id=getattr(obj, "park_id", None))
            commit()
        return self._item(obj, clear=clear)

    @route("/", "add", methods=("POST",))
    def create_item(self) -> Any:
        session, resolved = self.session, self.resolved
        if resolved.create is None:
            raise NotFound(_l("These records are not made by hand."))
        body = json_body()
        try:
            claimed = idempotency.claim(session, request.headers.get("Idempotency-Key"), request.path, body, needed=resolved.resource.money)
            if claimed.answer is not None:
                session.rollback()
                return jsonify(claimed.answer.get("body", {})), 201
            values = read_json(resolved.form_field_list("create"), body, session, partial=False)
        except ParkOpsError as e:
            session.rollback()
            return refused(e)
        answer, refusal = attempt(session, lambda: self._create(values, claimed))
        return refused(refusal) if refusal is not None else (jsonify(answer), 201)

    def _create(self, values: dict[str, Any], claimed: Any) -> dict[str, Any]:
        session, resolved = self.session, self.resolved
        obj = resolved.create(session, **values)
        session.flush()
        answer = item_json(session, resolved, obj)
        idempotency.keep(session, claimed, {"body": answer})
        return answer

    @route(f"/{PK}", "change", methods=("PUT",))
    def change_item(self, pk: int) -> Any:
        session, resolved = self.session, self.resolved
        if resolved.change is None:
            raise NotFound(_l("These records are not changed by hand."))
        try:
            body = json_body()
            version = given_version(body)
            obj = self._record(pk, lock=True)
            require_editable(resolved, obj)
            fields = resolved.form_field_list("change")
            values = read_json(fields, {k: v for k, v in body.items() if k not in META}, session, partial=True)
            if version != version_of(obj):
                return self._stale(obj, values, fields)
            for name in required_names(resolved.change) - set(values):
                values[name] = getattr(obj, resolved.fields[name].column or name)
        except ParkOpsError as e:
            session.rollback()
            return refused(e)
        _done, refusal = attempt(session, lambda: (resolved.change(session, obj, **values), session.flush()))
        if isinstance(refusal, Conflict):
            return self._stale(load_record(session, resolved, pk), values, fields)
        return refused(refusal) if refusal is not None else self._item(load_record(session, resolved, pk))

    def _stale(self, obj: Any, values: dict[str, Any], fields: list[ResolvedField]) -> Any:
        """409 with both values of every field that differs."""
        specs = {f.name: f for f in fields}
        differences = {}
        for name, mine in values.items():
            theirs = getattr(obj, specs[name].column or name, None)
            if mine != theirs:
                masked = specs[name].personal
                differences[name] = {"yours": show.masked_text(specs[name], mine) if masked else to_json(mine),
                                     "theirs": show.masked_text(specs[name], theirs) if masked else to_json(theirs)}
        answer = {"message": str(CHANGED), "version": to_json(getattr(obj, "version", None) or version_of(obj)), "differences": differences}
        self.session.rollback()
        return jsonify(answer), 409

    @route(f"/{PK}", "remove", methods=("DELETE",))
    def remove_item(self, pk: int) -> Any:
        session, resolved = self.session, self.resolved
        if resolved.remove is None:
            raise NotFound(_l("These records are not deleted; they are ended or reversed."))
        obj = self._record(pk, lock=True)
        try:
            require_editable(resolved, obj)
            if given_version({"version": request.args.get("version")}) != version_of(obj):
                raise Conflict(CHANGED)
        except ParkOpsError as e:
            session.rollback()
            return refused(e)
        _done, refusal = attempt(session, lambda: (resolved.remove(session, obj), session.flush()))
        return refused(refusal) if refusal is not None else (jsonify({"message": str(_l("Deleted."))}), 200)

    @route(f"/{PK}/do/<code>", "read", methods=("POST",))
    def do_item(self, pk: int, code: str) -> Any:
        """A workflow step or action; inputs as a JSON object."""
        session, resolved = self.session, self.resolved
        try:
            body = json_body()
            version = body.pop("version", None)
            before = idempotency.answered(session, request.headers.get("Idempotency-Key"), request.path, body)
        except ParkOpsError as e:
            session.rollback()
            return refused(e)
        if before is not None:
            session.rollback()
            return jsonify(before.get("body", {}))
        obj = self._record(pk, lock=True)
        button = find(session, resolved, obj, code)
        try:
            claimed = idempotency.claim(session, request.headers.get("Idempotency-Key"), request.path, body, needed=button.money)
            if claimed.answer is not None:
                session.rollback()
                return jsonify(claimed.answer.get("body", {}))
            if version is not None and str(version) != version_of(obj):
                raise Conflict(CHANGED)
            values = read_json(inputs_form(button.inputs, session, button.service).specs.values(), body, session, partial=False)
        except ParkOpsError as e:
            session.rollback()
            return refused(e)
        answer, refusal = attempt(session, lambda: self._run(button, obj, values, claimed))
        return refused(refusal) if refusal is not None else jsonify(answer)

    def _run(self, button: Any, obj: Any, values: dict[str, Any], claimed: Any) -> dict[str, Any]:
        message, url = outcome(run(self.session, button, obj, fitting(button.service, values)), "")
        answer = {"message": message, "redirect": url, "id": obj.id, "version": to_json(getattr(obj, "version", None))}
        idempotency.keep(self.session, claimed, {"body": answer})
        return answer

    @route("/_bulk/<code>", "read", methods=("POST",))
    def bulk_items(self, code: str) -> Any:
        """A bulk action: `{"ids": […]} or {"q": {…}}`, `values`, `dry_run`; at most BULK_MAX records."""
        session, resolved = self.session, self.resolved
        action = bulk_action(session, resolved, code)
        try:
            body = {k: v for k, v in json_body().items() if k not in ("_form", "_typed")}
            return jsonify(run_bulk(session, resolved, action, {"key": request.headers.get("Idempotency-Key"), **body}))
        except ParkOpsError as e:
            session.rollback()
            return refused(e)


__all__ = ["BULK_MAX", "ItemApi", "VersionNeeded", "item_json", "json_body"]
