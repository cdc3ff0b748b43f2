"""The explained eligibility engine: pass / fail / cannot say, and why, rule by rule.

    outcome = engine.evaluate(session, "GRAD-2025", firm, on)          # a rule set by key
    outcome = engine.evaluate(session, family="GRAD", subject=firm, on=on)   # the one in force that day
    decision = engine.store(session, outcome, owner=case)
    flips = engine.replay(session, [decision], "GRAD-2018")

Missing is never zero and never a pass. A rule set of provenance R is shown as unverified and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from ..clock import now
from ..db.park_optional import owner_park
from ..db.session import scope_of
from ..errors import NotFound, Problem, RuleError
from ..i18n import _, _l, locale
from ..refs import ref
from . import logic, parameters
from .facts import UNKNOWN, Fact, as_json, gather
from .models import Decision, Rule, RuleSet


@dataclass(frozen=True)
class Line:
    """One rule's answer. `gap`: what a failed numeric line lacks, in `unit`; `collect`: what to collect when unknown."""

    code: str
    article: str
    fact: str
    value: Any
    op: str
    threshold: Any
    unit: str
    verdict: str
    sentence_zh: str
    sentence_en: str
    source: str = ""
    records: tuple[tuple[str, int], ...] = ()
    collect: str = ""
    gap: Decimal | None = None
    any_of: str | None = None
    requires: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return (self.sentence_en or self.sentence_zh) if locale() == "en" else self.sentence_zh


@dataclass(frozen=True)
class Outcome:
    """A verdict with its lines and the facts it rests on."""

    verdict: str
    lines: tuple[Line, ...]
    rule_set_key: str
    rule_set_title: str
    revision: int
    doc_no: str
    provenance: str
    combine: str
    subject_resource: str
    subject_id: int
    on: date
    park_id: int | None = None
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def unverified(self) -> bool:
        return self.provenance == "R"

    @property
    def passed(self) -> bool:
        return self.verdict == logic.PASS

    @property
    def to_collect(self) -> list[str]:
        """What to collect before the unknown lines can be decided."""
        return [line.collect for line in self.lines if line.verdict == logic.CANNOT_SAY and line.collect]


def in_force(session: Any, family: str, on: date) -> RuleSet:
    """The one set of a family that holds on a day. Raises NotFound in one sentence."""
    found = session.execute(select(RuleSet).where(
        RuleSet.family == family, RuleSet.enabled, RuleSet.effective_from <= on,
        or_(RuleSet.effective_to.is_(None), RuleSet.effective_to > on))).scalar_one_or_none()
    if found is None:
        raise NotFound(_l("No rule set of %(family)s is in force on %(day)s.", family=family, day=on.isoformat()))
    return found


def by_key(session: Any, key: str) -> RuleSet:
    """The rule set of that key."""
    found = session.execute(select(RuleSet).where(RuleSet.key == key)).scalar_one_or_none()
    if found is None:
        raise NotFound(_l("There is no rule set %(key)s.", key=key))
    return found


Adjust = Callable[[Rule, Any, Any], Any]  # (rule, subject, threshold) -> the threshold that holds for this subject


def evaluate(session: Any, key: str | None = None, subject: Any = None, on: date | None = None, *,
             family: str | None = None) -> Outcome:
    """One subject under a rule set (`key`), or under the set of `family` in force on the day."""
    return evaluate_many(session, key, [subject], on, family=family)[subject.id]


def evaluate_many(session: Any, key: str | None, subjects: Sequence[Any], on: date | None, *,
                  family: str | None = None, adjust: Adjust | None = None) -> dict[int, Outcome]:
    """Many subjects at once: the number of statements depends on the number of facts, not of subjects. `adjust` changes
    thresholds for a subject (a hardship region)."""
    if on is None or (key is None) == (family is None):
        raise ValueError("evaluate needs a date and either a rule set key or a family")
    rule_set = by_key(session, key) if key else in_force(session, str(family), on)
    found = gather(session, rule_set.subject, subjects, names_of(rule_set), on)
    thresholds = thresholds_of(session, rule_set, on)
    return {s.id: judge(session, rule_set, s, on, found[s.id], adjust=adjust, thresholds=thresholds) for s in subjects}


def names_of(rule_set: RuleSet) -> list[str]:
    """Every fact the set asks for."""
    return sorted({n for r in rule_set.rules for n in (r.fact, *(r.requires or ()))})


def thresholds_of(session: Any, rule_set: RuleSet, on: date) -> dict[str, Any]:
    """The threshold of every rule on a day, dated parameters looked up once for any number of subjects."""
    return {r.code: _threshold(session, r, on) for r in rule_set.rules}


def judge(session: Any, rule_set: RuleSet, subject: Any, on: date, known: dict[str, Fact], *, adjust: Adjust | None = None,
          thresholds: dict[str, Any] | None = None) -> Outcome:
    """One subject from facts already gathered (or supposed, for a what-if)."""
    thresholds = thresholds_of(session, rule_set, on) if thresholds is None else thresholds
    if adjust is not None:
        thresholds = {r.code: adjust(r, subject, thresholds[r.code]) for r in rule_set.rules}
    return _outcome(rule_set, subject, on, known, thresholds)


def _threshold(session: Any, rule: Rule, on: date) -> Any:
    """The rule's value; `{parameter: code}` is the dated parameter's value on the day (unknown when there is none)."""
    if isinstance(rule.value, dict) and "parameter" in rule.value:
        found = parameters.find(session, rule.value["parameter"], on)
        return as_json(found.value) if found else None
    return rule.value


def _outcome(rule_set: RuleSet, subject: Any, on: date, known: dict[str, Fact], thresholds: dict[str, Any]) -> Outcome:
    lines = tuple(_line(r, known, thresholds[r.code]) for r in rule_set.rules)
    return Outcome(
        verdict=verdict_of(rule_set.combine, lines), lines=lines, rule_set_key=rule_set.key, rule_set_title=str(rule_set),
        revision=rule_set.revision, doc_no=rule_set.doc_no or "", provenance=rule_set.provenance, combine=rule_set.combine,
        subject_resource=rule_set.subject, subject_id=subject.id, on=on, park_id=owner_park(None, subject), facts=known)


def _line(rule: Rule, known: dict[str, Fact], threshold: Any) -> Line:
    fact = known.get(rule.fact, Fact())
    missing = [known[n] for n in rule.requires or () if n in known and not known[n].known]
    verdict = logic.compare(rule.op, fact.value, threshold)
    if missing or (threshold is None and rule.op not in ("exists", "manual")):
        verdict = logic.CANNOT_SAY
    collect = ""
    if verdict == logic.CANNOT_SAY:
        own = (rule.collect_en or rule.collect) if locale() == "en" else rule.collect
        collect = own or fact.collect or next((f.collect for f in missing if f.collect), "") or _(
            "Enter or confirm: %(fact)s", fact=rule.fact)
    return Line(
        code=rule.code, article=rule.article or "", fact=rule.fact, value=fact.value, op=rule.op, threshold=threshold,
        unit=rule.unit or "", verdict=verdict, sentence_zh=rule.sentence, sentence_en=rule.sentence_en or "",
        source=fact.source, records=tuple((r, i) for r, i in fact.records), collect=collect,
        gap=logic.gap(rule.op, fact.value, threshold) if verdict == logic.FAIL else None, any_of=rule.any_of,
        requires=tuple(rule.requires or ()))


def verdict_of(combine: str, lines: Sequence[Line]) -> str:
    """Lines of one `any_of` group count as one line of which any is enough; then the set's own combination."""
    groups: dict[str, list[str]] = {}
    single: list[str] = []
    for line in lines:
        (groups.setdefault(line.any_of, []) if line.any_of else single).append(line.verdict)
    return logic.COMBINE[combine]([*single, *(logic.any_of(g) for g in groups.values())])


def store(session: Any, outcome: Outcome, owner: Any, *, force: bool = False) -> Decision:
    """Keep a verdict with its facts and text beside `owner` (a case, an application, the subject itself).

    A set of provenance R is refused unless `force`: nobody decides by a rule nobody has read."""
    if outcome.unverified and not force:
        raise RuleError([Problem("rules.unverified", _l(
            "Rule set %(key)s is unverified and cannot decide. Check it against the document and correct its provenance first.",
            key=outcome.rule_set_key))])
    resource, record_id = ref(owner)
    scope = scope_of(session)
    row = Decision(
        resource=resource, record_id=record_id, park_id=owner_park(session, owner),
        subject_resource=outcome.subject_resource, subject_id=outcome.subject_id, rule_set_key=outcome.rule_set_key,
        rule_set_revision=outcome.revision, combine=outcome.combine, on_date=outcome.on, verdict=outcome.verdict,
        lines=[_line_json(line) for line in outcome.lines], facts={n: _fact_json(f) for n, f in outcome.facts.items()},
        user_id=scope.user_id, user_name=scope.user_name, decided_at=now())
    session.add(row)
    session.flush()
    return row


def _line_json(line: Line) -> dict[str, Any]:
    values = asdict(line)
    values |= {"known": line.value is not UNKNOWN, "value": None if line.value is UNKNOWN else as_json(line.value),
               "threshold": as_json(line.threshold),
               "source": str(line.source), "collect": str(line.collect), "records": [list(r) for r in line.records],
               "gap": as_json(line.gap), "requires": list(line.requires)}
    return values


def _fact_json(fact: Fact) -> dict[str, Any]:
    return {"known": fact.known, "value": as_json(fact.value) if fact.known else None, "source": str(fact.source),
            "records": [list(r) for r in fact.records], "collect": str(fact.collect)}


def facts_of(decision: Decision) -> dict[str, Fact]:
    """The facts as they were known when the decision was stored."""
    return {n: Fact(f["value"] if f["known"] else UNKNOWN, f["source"], [tuple(r) for r in f["records"]], f["collect"])
            for n, f in decision.facts.items()}


def lines_of(decision: Decision) -> tuple[Line, ...]:
    """The stored lines, word for word."""
    return tuple(Line(**{k: v for k, v in {**raw, "value": raw["value"] if raw["known"] else UNKNOWN,
                                           "records": tuple(tuple(r) for r in raw["records"]),
                                           "gap": Decimal(raw["gap"]) if raw["gap"] is not None else None,
                                           "requires": tuple(raw["requires"])}.items() if k != "known"})
                 for raw in decision.lines)


@dataclass(frozen=True)
class Flip:
    """A decision seen under other rules: `before` and `after` verdicts; `changed` when they differ."""

    decision: Decision
    before: str
    after: str
    lines: tuple[Line, ...]

    @property
    def changed(self) -> bool:
        return self.before != self.after


def replay(session: Any, decisions: Sequence[Decision], other_set: str | None = None) -> list[Flip]:
    """Stored decisions again, from their stored facts: under their own stored rules (`other_set=None`: the same text and
    verdict) or under another rule set. A fact nobody asked for then is unknown now."""
    if other_set is None:
        kept = [(d, tuple(_again(line, facts_of(d)) for line in lines_of(d))) for d in decisions]
        return [Flip(d, d.verdict, verdict_of(d.combine, lines), lines) for d, lines in kept]
    rule_set, out = by_key(session, other_set), []
    for d in decisions:
        lines = judge_again(rule_set, d, thresholds_of(session, rule_set, d.on_date))
        out.append(Flip(d, d.verdict, verdict_of(rule_set.combine, lines), lines))
    return out


def judge_again(rule_set: RuleSet, decision: Decision, thresholds: dict[str, Any]) -> tuple[Line, ...]:
    """A stored decision's facts under a rule set with these thresholds (rule code -> value): what a replay before publishing asks."""
    known = facts_of(decision)
    return tuple(_line(r, known, thresholds[r.code]) for r in rule_set.rules)


def _again(line: Line, known: dict[str, Fact]) -> Line:
    """The stored line judged anew from the stored fact and threshold (it proves that the record is complete)."""
    verdict = logic.compare(line.op, known[line.fact].value, line.threshold)
    if any(n in known and not known[n].known for n in line.requires) or (
            line.threshold is None and line.op not in ("exists", "manual")):
        verdict = logic.CANNOT_SAY
    return Line(**{**{k: getattr(line, k) for k in line.__dataclass_fields__}, "verdict": verdict})


def decisions_of(session: Any, owner: Any) -> list[Decision]:
    """Decisions kept beside a record, newest first."""
    resource, record_id = ref(owner)
    return list(session.execute(select(Decision).where(
        Decision.resource == resource, Decision.record_id == record_id).order_by(Decision.id.desc())).scalars())
