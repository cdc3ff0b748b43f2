"""What the buttons and tabs of the engines' screens call."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Text, cast, func, select

from ... import outbox, refs, registry, settings, timeline
from ...errors import NotFound, Problem, Problems, Refused, RuleError
from ...i18n import _, _l
from ...models import Park
from ...rules import engine
from ...rules.facts import as_json, number
from ...rules.models import PROVENANCE, Decision, Parameter, RuleSet
from ...security import access
from ...sequences import Sequence

REPLAYED = 200


def value_text(model: Any, context: Any) -> Any:
    """A JSON threshold as text, without quotes."""
    return func.btrim(cast(model.value, Text), '"')


# ---- rule sets -----------------------------------------------------------------------------------------------------

def why_not_on(session: Any, rule_set: RuleSet) -> Any:
    if rule_set.enabled:
        return _l("The rule set is in use.")
    return _l("Check it against the document and correct its provenance first.") if rule_set.provenance == "R" else None


def why_not_off(session: Any, rule_set: RuleSet) -> Any:
    return None if rule_set.enabled else _l("The rule set is not in use.")


def switch_on(session: Any, rule_set: RuleSet) -> str:
    """Put a rule set into use; two sets of one family never hold on one day."""
    access.require(session, "core.rule_set", "change")
    if (why := why_not_on(session, rule_set)) is not None:
        raise RuleError([Problem("rules.switch", why)])
    other = _overlapping(session, rule_set)
    if other is not None:
        raise RuleError([Problem("rules.overlap", _l(
            "%(key)s of the same family is in force in that time. Take it out of use first.", key=other.key))])
    rule_set.enabled = True
    session.flush()
    return _("%(key)s is in use.", key=rule_set.key)


def _overlapping(session: Any, rule_set: RuleSet) -> RuleSet | None:
    if rule_set.family is None:
        return None
    others = session.execute(select(RuleSet).where(
        RuleSet.family == rule_set.family, RuleSet.enabled, RuleSet.id != rule_set.id)).scalars()
    far = date.max
    return next((o for o in others if o.effective_from < (rule_set.effective_to or far)
                 and rule_set.effective_from < (o.effective_to or far)), None)


def switch_off(session: Any, rule_set: RuleSet) -> str:
    """Take a rule set out of use; stored decisions keep their text."""
    access.require(session, "core.rule_set", "change")
    rule_set.enabled = False
    session.flush()
    return _("%(key)s is no longer in use.", key=rule_set.key)


def replay_data(session: Any, rule_set: RuleSet) -> dict[str, Any]:
    """The latest decisions about the same kind of subject, judged by this set from their stored facts."""
    rows = session.execute(select(Decision).where(
        Decision.subject_resource == rule_set.subject, Decision.rule_set_key != rule_set.key)
        .order_by(Decision.id.desc()).limit(REPLAYED)).scalars().all()
    flips = engine.replay(session, rows, rule_set.key)
    names = refs.labels(session, [(f.decision.subject_resource, f.decision.subject_id) for f in flips])
    return {"flips": [f for f in flips if f.changed], "count": len(flips), "names": names, "rule_set": rule_set}


def decision_data(session: Any, decision: Decision) -> dict[str, Any]:
    """A stored decision's lines, word for word, with the subject."""
    try:
        subject = refs.load(session, decision.subject_resource, decision.subject_id)
        readable = access.may(session, decision.subject_resource, "read")
    except (NotFound, Refused):
        subject, readable = None, False
    return {"lines": engine.lines_of(decision) if readable or subject is None else (), "decision": decision,
            "subject": str(subject) if readable else None,
            "subject_url": refs.url(decision.subject_resource, decision.subject_id) if readable else None}


# ---- parameters ----------------------------------------------------------------------------------------------------

def _parsed(value: Any) -> Any:
    """Numbers are kept exactly; anything else stays text."""
    exact = number(str(value).replace(",", ""))
    return as_json(value) if exact is None else int(exact) if exact == exact.to_integral_value() else as_json(Decimal(exact))


def _check(session: Any, values: dict[str, Any], own_id: int | None) -> None:
    problems = Problems()
    if values.get("provenance") not in PROVENANCE:
        problems.add("parameter.provenance", _l("Say where the value comes from."), "provenance")
    start, end = values["effective_from"], values.get("effective_to")
    if end is not None and end <= start:
        problems.add("parameter.dates", _l("The end must lie after the beginning."), "effective_to")
    others = session.execute(select(Parameter).where(Parameter.code == values["code"], Parameter.id.is_distinct_from(own_id))).scalars()
    for other in others:
        if other.effective_from < (end or date.max) and start < (other.effective_to or date.max):
            problems.add("parameter.overlap", _l("A value from %(day)s on overlaps; end it first.",
                                                 day=other.effective_from.isoformat()), "effective_from")
    problems.stop()


def add_parameter(session: Any, *, code: str, title: str, value: Any, effective_from: date, provenance: str,
                  title_en: str | None = None, unit: str | None = None, effective_to: date | None = None,
                  doc_no: str | None = None, note: str | None = None) -> Parameter:
    """A new dated value; values of one parameter never overlap."""
    access.require(session, "core.parameter", "add")
    values = {"code": code.strip(), "title": title, "title_en": title_en, "value": _parsed(value), "unit": unit,
              "effective_from": effective_from, "effective_to": effective_to, "doc_no": doc_no, "provenance": provenance, "note": note}
    _check(session, values, None)
    row = Parameter(**values)
    session.add(row)
    session.flush()
    return row


def change_parameter(session: Any, parameter: Parameter, *, title: str, value: Any, effective_from: date, provenance: str,
                     title_en: str | None = None, unit: str | None = None, effective_to: date | None = None,
                     doc_no: str | None = None, note: str | None = None) -> Parameter:
    """Correct a dated value (the code stays); audited."""
    access.require(session, "core.parameter", "change")
    values = {"code": parameter.code, "title": title, "title_en": title_en, "value": _parsed(value), "unit": unit,
              "effective_from": effective_from, "effective_to": effective_to, "doc_no": doc_no, "provenance": provenance, "note": note}
    _check(session, values, parameter.id)
    for name, new in values.items():
        setattr(parameter, name, new)
    session.flush()
    return parameter


# ---- outbox --------------------------------------------------------------------------------------------------------

def why_not_retry(session: Any, message: Any) -> Any:
    return _l("This message has been delivered; there is nothing to repeat.") if message.state == "done" else None


def retry_message(session: Any, message: Any) -> str:
    outbox.retry(session, message)
    return _("It will be tried again in a moment.")


def retry_messages(session: Any, found: list[Any]) -> str:
    """Every failed or waiting one of the selection."""
    again = [m for m in found if m.state != "done"]
    for message in again:
        outbox.retry(session, message)
    return _("%(n)s messages will be tried again in a moment.", n=len(again))


# ---- audit, modules, settings, numbers -----------------------------------------------------------------------------

def audit_data(session: Any, entry: Any) -> dict[str, Any]:
    """Before and after in words; personal values masked for readers without the right."""
    lines, detail = (), entry.detail or {}
    try:
        model = refs.model_of(entry.resource)
    except Refused:
        model = None
    if model is not None and entry.op in timeline.SHOWN_OPS:
        lines = timeline.describe(session, model, detail)
    others = {} if lines else {k: v for k, v in detail.items() if not isinstance(v, dict | list)}
    return {"lines": lines, "facts": others, "entry": entry}


def module_data(session: Any, module: Any) -> dict[str, Any]:
    """What the manifest says."""
    manifest = registry.discover().get(module.name)
    return {"manifest": manifest, "title": _(manifest.title) if manifest else module.name,
            "summary": _(manifest.summary) if manifest and manifest.summary else ""}


def parks(session: Any) -> list[Park]:
    return list(session.execute(select(Park).order_by(Park.code)).scalars())


def ranges(session: Any) -> int:
    """How many number ranges are in use."""
    return session.execute(select(func.count()).select_from(Sequence)).scalar_one()


def setting_groups(session: Any, park_id: int | None, errors: dict, typed: dict) -> list[tuple[str, list[dict[str, Any]]]]:
    """Settings by module with their values in each place, ready to be shown."""
    values = settings._values(session)
    titles = {"core": _("Kernel"), **{m.name: _(m.title) for m in registry.registry().manifests.values()}}
    groups: dict[str, list[dict[str, Any]]] = {}
    for known in settings.definitions().values():
        places = [("company", None)] + ([("park", park_id)] if known.per_park and park_id is not None else [])
        groups.setdefault(titles.get(known.module, known.module), []).append({
            "known": known, "title": _(known.title or known.key), "help": _(known.help) if known.help else "",
            "choices": _choices(known), "default": _shown(known.default),
            "places": [{"place": name, "set": (known.key, park) in values, "error": errors.get((known.key, name)),
                        "value": "" if known.type == "secret" else typed.get((known.key, name), _shown(values.get((known.key, park))))}
                       for name, park in places]})
    return list(groups.items())


def _choices(known: Any) -> list[tuple[str, str]]:
    given = known.choices or ()
    return [(c, _(given[c]) if isinstance(given, dict) else c) for c in given]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "\n".join(value) if isinstance(value, list) else "" if value is None else str(value)
