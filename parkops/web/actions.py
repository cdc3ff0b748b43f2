"""Buttons: workflow steps and actions of a record, and bulk actions of a list. Each calls its service, one commit."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from flask import flash, jsonify, redirect, request
from sqlalchemy import select

from .. import refs
from ..errors import Conflict, Moved, NotFound, ParkOpsError, Problem, Refused, RuleError
from ..i18n import _, _l
from ..security import access
from . import idempotency
from .compile import Resolved, accepted, load_object
from .editing import as_rule_error, attempt, load_record, version_of
from .forms import inputs_form, read_json
from .resource import Action, Input
from .views import PK, route, safe_path

BULK_MAX = 10_000
REASON = Input("reason", "longtext", _l("Reason"), required=True, max_length=1000)


@dataclass(frozen=True)
class Button:
    """A button on a record page. form: asks for inputs on a page first; why_not: the reason it is disabled."""

    code: str
    title: Any
    word: str
    service: Any
    inputs: tuple[Input, ...] = ()
    why_not: str | None = None
    primary: bool = False
    danger: bool = False
    confirm: Any = None
    help: Any = None
    step: bool = False
    money: bool = False

    @property
    def form(self) -> bool:
        return bool(self.inputs)


def _guarded(guard: str | None, session: Any, obj: Any, where: str) -> str | None:
    reason = load_object(guard, where)(session, obj) if guard else None
    return str(reason) if reason else None


def _step_button(resolved: Resolved, step: Any, why_not: str | None) -> Button:
    inputs = tuple(step.form)
    if step.needs_reason and not any(i.name == "reason" for i in inputs):
        inputs = (*inputs, REASON)
    where = f"resource {resolved.name}, step {step.code}"
    service = load_object(step.service, where) if step.service else _mover(resolved.workflow, step.code)
    return Button(step.code, step.title, step.word, service, inputs, why_not, step.primary, step.danger, step=True,
                  money=resolved.resource.money)


def _mover(workflow: Any, code: str) -> Any:
    """The service of a step that only moves the state."""

    def move(session: Any, obj: Any, *, on: Any = None, reason: str | None = None) -> None:
        workflow.move(session, obj, code, on=on, reason=reason)

    return move


def _action_button(session: Any, resolved: Resolved, action: Action, obj: Any) -> Button:
    where = f"resource {resolved.name}, action {action.code}"
    why = _guarded(action.guard, session, obj, where)
    return Button(action.code, action.title, action.word, load_object(action.service, where), tuple(action.inputs), why,
                  action.primary, action.danger, action.confirm, action.help, money=action.money or resolved.resource.money)


def buttons(session: Any, resolved: Resolved, obj: Any) -> list[Button]:
    """What the actor may press on this record now: the state's steps, then the actions; one primary at most."""
    out: list[Button] = []
    if resolved.workflow is not None:
        out = [_step_button(resolved, b.step, b.why_not) for b in resolved.workflow.buttons(session, obj)]
    out += [_action_button(session, resolved, a, obj) for a in resolved.actions.values() if access.may(session, resolved.name, a.word)]
    return sorted(out, key=lambda b: (b.why_not is not None, not b.primary, b.danger))


def find(session: Any, resolved: Resolved, obj: Any, code: str) -> Button:
    """The button of that code, its right checked. NotFound when there is none, RuleError when the state forbids it."""
    workflow = resolved.workflow
    step = next((s for s in workflow.steps if s.code == code), None) if workflow is not None else None
    if step is not None:
        access.require(session, workflow.resource, step.word)
        return _step_button(resolved, step, workflow.why_not(session, obj, step))
    action = resolved.actions.get(code)
    if action is None:
        raise NotFound(_l("There is no such action."))
    access.require(session, resolved.name, action.word)
    return _action_button(session, resolved, action, obj)


def fitting(service: Any, values: dict[str, Any]) -> dict[str, Any]:
    """The values a service takes (a generic reason is dropped when it does not ask for one)."""
    names = accepted(service)
    return values if names is None else {k: v for k, v in values.items() if k in names or k != "reason"}


def run(session: Any, button: Button, obj: Any, values: dict[str, Any]) -> Any:
    """Call the service; a disabled button is refused with its reason."""
    if button.why_not:
        raise RuleError([Problem("core.not_now", button.why_not)])
    result = button.service(session, obj, **fitting(button.service, values))
    session.flush()
    return result


def outcome(result: Any, fallback: str) -> tuple[str, str | None]:
    """(message, redirect) of what a service returned."""
    if isinstance(result, tuple) and len(result) == 2 and not hasattr(result, "_fields"):
        return str(result[0] or fallback), safe_path(str(result[1] or ""), "") or None
    return (str(result) if isinstance(result, str) or type(result).__name__ == "Lazy" else fallback), None


class ActionPages:
    """`…/<id>/do/<code>` and `…/bulk/<code>` (mixed into the resource's page class)."""

    @route(f"/{PK}/do/<code>", "read", methods=("GET", "POST"))
    def do(self, pk: int, code: str) -> Any:
        resolved, session = self.resolved, self.session
        if request.method == "POST":
            body = {k: request.form.getlist(k) for k in request.form if k not in ("_once", "csrf_token")}
            before = idempotency.answered(session, request.form.get("_once"), request.path, body)
            if before is not None:
                session.rollback()
                return redirect(safe_path(before.get("url"), resolved.url), 303)
        obj = load_record(session, resolved, pk, lock=request.method == "POST")
        button = find(session, resolved, obj, code)
        form = inputs_form(button.inputs, session, button.service, about=obj)
        back = safe_path(request.values.get("_next"), f"{resolved.url}{pk}")
        if request.method == "GET":
            return self._action_page(button, form, obj, back)
        ok = form.read(request.form, request.files)
        claimed = idempotency.Claim(None)
        if ok:
            claimed = idempotency.claim(session, request.form.get("_once"), request.path, body, needed=button.money)
        if claimed.answer is not None:
            session.rollback()
            return redirect(safe_path(claimed.answer.get("url"), back), 303)
        if not ok:
            return self._action_page(button, form, obj, back, 422)
        self._same_version(obj)
        return self._perform(button, form, obj, claimed, back)

    def _same_version(self, obj: Any) -> None:
        given = request.form.get("_version")
        if given and given != version_of(obj):
            raise Conflict(_l("Somebody else changed this record meanwhile. Look at it again before you go on."))

    def _perform(self, button: Button, form: Any, obj: Any, claimed: Any, back: str) -> Any:
        session, resolved, pk = self.session, self.resolved, obj.id
        values = form.values()
        result, refusal = attempt(session, lambda: self._run(button, obj, values, claimed, back))
        if refusal is None:
            message, url = outcome(result, _("Done: %(action)s", action=str(button.title)))
            flash(message, "success")
            return redirect(url or back, 303)
        if not button.form:
            flash(str(refusal), "danger")
            return redirect(back, 303)
        form.complain(as_rule_error(refusal))
        return self._action_page(button, form, load_record(session, resolved, pk), back, refusal.status)

    def _run(self, button: Button, obj: Any, values: dict[str, Any], claimed: Any, back: str) -> Any:
        result = run(self.session, button, obj, values)
        idempotency.keep(self.session, claimed, {"url": outcome(result, "")[1] or back})
        return result

    def _action_page(self, button: Button, form: Any, obj: Any, back: str, status: int = 200) -> Any:
        return self.draw("parkops/action.html", status, resolved=self.resolved, button=button, form=form, obj=obj, title=str(obj),
                         version=version_of(obj), once=request.form.get("_once") or idempotency.new_key(), cancel=back, next_url=back)

    @route("/bulk/<code>", "read", methods=("GET", "POST"))
    def bulk(self, code: str) -> Any:
        """GET: the action's fields as a fragment for the dialog. POST JSON {ids | q, values, dry_run}: run or preview."""
        resolved, session = self.resolved, self.session
        action = bulk_action(session, resolved, code)
        if request.method == "GET":
            form = inputs_form(action.inputs, session, load_object(action.service, resolved.name))
            return self.draw("parkops/form_fragment.html", resolved=resolved, action=action, form=form, once=idempotency.new_key())
        try:
            return jsonify(run_bulk(session, resolved, action, bulk_body()))
        except ParkOpsError as refusal:
            session.rollback()
            return jsonify(refusal_json(refusal)), refusal.status


def bulk_body() -> dict[str, Any]:
    """The JSON object, or a form's fields as one."""
    if request.is_json:
        from .rest import json_body

        return {**json_body(), "_typed": True}  # the dialog sends what was typed, percent as percent
    form = request.form
    return {"ids": form.getlist("ids"), "dry_run": form.get("dry_run") in ("1", "true"), "_form": form, "key": form.get("_once")}


def bulk_action(session: Any, resolved: Resolved, code: str) -> Action:
    """The bulk action, its right checked."""
    action = resolved.bulk.get(code)
    if action is None:
        raise NotFound(_l("There is no such action."))
    access.require(session, resolved.name, action.word)
    return action


def bulk_ids(session: Any, resolved: Resolved, body: dict[str, Any]) -> list[int]:
    """The chosen ids, or all ids of a list query (`q`), at most BULK_MAX."""
    if body.get("q") is not None:
        from . import grid

        return grid.Grid(session, resolved, grid.parse(body["q"])).all_ids(BULK_MAX + 1)
    ids = body.get("ids")
    if not isinstance(ids, list) or not ids:
        raise Refused(_l("Select at least one record first."))
    try:
        found = list(dict.fromkeys(int(i) for i in ids if not isinstance(i, bool)))
    except (TypeError, ValueError):
        raise Refused(_l("The selection cannot be read; reload the list and select again.")) from None
    if any(not 0 < i < 2**63 for i in found):
        raise Refused(_l("The selection cannot be read; reload the list and select again."))
    return found


def run_bulk(session: Any, resolved: Resolved, action: Action, body: dict[str, Any]) -> dict[str, Any]:
    """Preview (`dry_run`) or run a bulk action; all or nothing. Returns `{"count", "message", "redirect"}`."""
    ids = bulk_ids(session, resolved, body)
    if len(ids) > BULK_MAX:
        raise Refused(_l("Select at most %(n)s records at a time.", n=BULK_MAX))
    service = load_object(action.service, resolved.name)
    values = bulk_values(session, action, service, body)
    model, dry = resolved.model, bool(body.get("dry_run"))
    query = select(model).where(model.id.in_(ids)).order_by(model.id)
    objs = list(session.execute(query if dry else query.with_for_update(of=model)).scalars())
    if len(objs) < len(ids):
        raise NotFound(_l("%(n)s of the selected records are no longer there; reload the list.", n=len(ids) - len(objs)))
    if dry:
        return preview(session, action, objs, values)
    where = f"{resolved.url}bulk/{action.code}"
    key = body.get("key") if isinstance(body.get("key"), str) else None
    claimed = idempotency.claim(session, key, where, {"ids": ids, "values": {k: str(v) for k, v in values.items()}},
                                needed=action.money or resolved.resource.money)
    if claimed.answer is not None:
        session.rollback()
        return claimed.answer
    return _commit_bulk(session, service, objs, values, claimed)


def _commit_bulk(session: Any, service: Any, objs: list[Any], values: dict[str, Any], claimed: Any) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        result = service(session, objs, **fitting(service, values))
        session.flush()
        message, url = outcome(result, _("Done for %(n)s records.", n=len(objs)))
        answer = {"count": len(objs), "message": message, "redirect": url}
        idempotency.keep(session, claimed, answer)
        return answer

    answer, refusal = attempt(session, work)
    if refusal is not None:
        raise refusal
    return answer


def bulk_values(session: Any, action: Action, service: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The action's inputs from a form or from JSON `values`."""
    form = inputs_form(action.inputs, session, service)
    if "_form" in body:
        if not form.read(body["_form"], request.files):
            raise RuleError([Problem("core.bad_value", m, name) for name, _label, m in form.problems])
        return form.values()
    given = body.get("values") or {}
    if not isinstance(given, dict):
        raise Refused(_l("`values` must be an object."))
    return read_json(form.specs.values(), given, session, partial=False, typed=bool(body.get("_typed")))


def preview(session: Any, action: Action, objs: list[Any], values: dict[str, Any]) -> dict[str, Any]:
    """How many records the action would change, in words; nothing is kept."""
    count, sentence = len(objs), None
    if action.preview:
        fn = load_object(action.preview, action.code)
        found = fn(session, objs, **fitting(fn, values) if inspect.signature(fn).parameters else {})
        count, sentence = found if isinstance(found, tuple) else (int(found), None)
    session.rollback()
    text = str(sentence) if sentence else _("%(action)s: %(n)s records.", action=str(action.title), n=count)
    return {"count": count, "message": text, "danger": action.danger}


def refusal_json(refusal: ParkOpsError) -> dict[str, Any]:
    """A refusal for programs: one message and, for rules, every problem."""
    out: dict[str, Any] = {"message": str(refusal)}
    if isinstance(refusal, RuleError):
        out["problems"] = [{"code": p.code, "field": p.field, "message": str(p.message)} for p in refusal.problems]
    if isinstance(refusal, Moved):
        out |= {"id": refusal.record_id, "url": f"/api/v1{refs.url(refusal.resource, refusal.record_id)}"}
    return out
