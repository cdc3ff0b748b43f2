"""Carriers under recognition rules on a day: verdict, gap in units, nearest firms, and the assessment that is kept. Rules R-01 to R-13."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.carrier import Carrier
from modules.tenants.services.carriers import operating
from parkops.errors import Problem, RuleError
from parkops.i18n import Lazy, _l
from parkops.rules import engine, facts, logic, parameters
from parkops.rules.engine import Line, Outcome
from parkops.rules.models import Decision, RuleSet
from parkops.rules.units import UNITS
from parkops.security import access

from ..calc_gates import Count, lacking, leavers, newcomers, relaxed
from ..models.assessment import RecognitionAssessment
from ..words import Joined, packed
from . import nearest
from .measures import CARRIER, MEASURES, Measured, gather_both
from .stock import options_of

RESOURCE = "ratings.assessment"
RELAX = {"INC-2025-STD": "ratings.relax_2025", "INC-2018-GEN": "ratings.relax_2018", "INC-2018-SPE": "ratings.relax_2018"}
FITS = {"makerspace": ("MS-",), "incubator": ("INC-",), "accelerator": ("INC-",)}


@dataclass(frozen=True)
class Gate:
    """A rule's line with its counts: what is missing (`missing` steps; `lack` says it), how many newcomers or leavers would do instead."""

    line: Line
    measured: Measured | None = None
    missing: Decimal | None = None
    newcomers: Decimal | None = None
    leavers: Decimal | None = None
    lack: Any = ""
    nearest: tuple[nearest.Near, ...] = ()
    alternative: bool = False  # another line of its group is met

    @property
    def words(self) -> str:
        return str(self.lack)

    @property
    def open(self) -> bool:
        return self.line.verdict == logic.FAIL and not self.alternative


@dataclass(frozen=True)
class Result:
    """One carrier under one rule set."""

    carrier: Carrier
    outcome: Outcome
    gates: tuple[Gate, ...]
    options: dict[str, Any]
    relaxed: Decimal | None = None

    @property
    def verdict(self) -> str:
        return self.outcome.verdict

    def count(self, verdict: str) -> int:
        """Conditions with that verdict; a group of alternatives is one condition."""
        return sum(v == verdict for v in conditions(self.outcome.lines))

    @property
    def missing_words(self) -> Joined:
        """What is missing, condition by condition; alternatives are joined by "or". Each reader sees it in their language."""
        groups: dict[str, list[Any]] = {}
        for g in self.gates:
            if g.open and g.words:
                groups.setdefault(g.line.any_of or g.line.code, []).append(g.lack)
        return Joined(_l("; "), tuple(Joined(_l(" or "), tuple(words)) for words in groups.values()))

    @property
    def missing(self) -> str:
        """The same in the language of now."""
        return str(self.missing_words)


def conditions(lines: Sequence[Line]) -> list[str]:
    """The verdict of every condition: alternatives together are one."""
    groups: dict[str, list[str]] = {}
    for line in lines:
        groups.setdefault(line.any_of or line.code, []).append(line.verdict)
    return [logic.any_of(v) for v in groups.values()]


def rule_sets(session: Any, on: date | None = None) -> list[RuleSet]:
    """Sets about carriers; with a day those in force on it."""
    query = select(RuleSet).where(RuleSet.subject == CARRIER, RuleSet.enabled).order_by(RuleSet.id)
    if on is not None:
        query = query.where(RuleSet.effective_from <= on, or_(RuleSet.effective_to.is_(None), RuleSet.effective_to > on))
    return list(session.scalars(query))


def fitting(sets: Sequence[RuleSet], carrier: Carrier) -> list[RuleSet]:
    """The sets that speak of carriers of this type (general or specialised included)."""
    wrong = "INC-2018-GEN" if carrier.specialised else "INC-2018-SPE"
    return [s for s in sets if s.key.startswith(FITS[carrier.carrier_type]) and s.key != wrong]


def carriers_on(session: Any, on: date) -> list[Carrier]:
    """Carriers that operate on the day."""
    return list(session.scalars(select(Carrier).where(operating(on)).order_by(Carrier.carrier_type, Carrier.id)))


def factor(session: Any, key: str, carrier: Carrier, on: date) -> Decimal | None:
    """The hardship factor, where the carrier is in such a region and the set knows one (R-04)."""
    found = parameters.find(session, RELAX[key], on) if carrier.hardship_region and key in RELAX else None
    return Decimal(str(found.value)) if found else None


def adjusting(session: Any, key: str, on: date, shares: dict[int, bool]) -> engine.Adjust:
    """Thresholds lowered for hardship regions; shares only where the park reads the rule that way."""

    def adjust(rule: Any, carrier: Any, threshold: Any) -> Any:
        f = factor(session, key, carrier, on)
        known = MEASURES.get(rule.fact)
        if (
            f is None
            or known is None
            or rule.op != "gte"
            or rule.fact == "statistics_years"
            or (known.fmt == "percent" and not shares[carrier.id])
        ):
            return threshold
        return relaxed(Decimal(str(threshold)), f)

    return adjust


def evaluate(session: Any, key: str, carriers: Sequence[Carrier], on: date, *, near: int = 0) -> dict[int, Result]:
    """Carriers under a rule set as of a day; `near`: how many nearest firms to name per open gate. It writes nothing."""
    access.require(session, CARRIER, "read")
    rule_set = engine.by_key(session, key)
    names = engine.names_of(rule_set)
    known, measured = gather_both(session, carriers, names, on)
    return {c.id: judged(session, rule_set, c, on, known[c.id], measured[c.id], near=near) for c in carriers}


def judged(
    session: Any, rule_set: RuleSet, carrier: Carrier, on: date, known: dict[str, Any], measured: dict[str, Measured], *, near: int = 0
) -> Result:
    """One carrier from facts and counts already at hand (the what-if supposes them)."""
    options = options_of(session, carrier.park_id)
    adjust = adjusting(session, rule_set.key, on, {carrier.id: options["relax_shares"]})
    outcome = engine.judge(session, rule_set, carrier, on, known, adjust=adjust)
    met = {x.any_of for x in outcome.lines if x.any_of and x.verdict == logic.PASS}
    gates = tuple(_gate(session, carrier, on, x, measured.get(x.fact), x.any_of in met, near) for x in outcome.lines)
    return Result(carrier, outcome, gates, options, factor(session, rule_set.key, carrier, on))


def _gate(session: Any, carrier: Carrier, on: date, line: Line, m: Measured | None, alternative: bool, near: int) -> Gate:
    if line.op not in logic.NUMERIC or line.threshold is None:
        return Gate(line, m, alternative=alternative and line.verdict != logic.PASS)
    threshold = Decimal(str(line.threshold))
    count = (
        m.count
        if m is not None
        else Count(facts.number(facts.as_json(line.value)) if line.value is not facts.UNKNOWN else None, absolute=True)
    )
    step = Decimal("0.01") if MEASURES.get(line.fact) and MEASURES[line.fact].unit in ("元", "m²") else Decimal(1)
    missing = lacking(line.op, count, threshold, step)
    failed = line.verdict == logic.FAIL
    words = lack_words(line.fact, missing, line.unit) if failed and missing else ""
    firms = nearest.firms(session, carrier, line.fact, m, on)[:near] if near and failed and not alternative else ()
    return Gate(
        line,
        m,
        missing,
        newcomers(line.op, count, threshold) if failed else None,
        leavers(line.op, count, threshold) if failed else None,
        words,
        tuple(firms),
        alternative and line.verdict != logic.PASS,
    )


def lack_words(fact: str, missing: Decimal, unit: str = "") -> Lazy:
    """The gap in units, such as "1 more firms with an SME qualification"."""
    known = MEASURES.get(fact)
    n = f"{missing.normalize():,f}"
    if known is not None and known.lack is not None:
        return _l(known.lack.msgid, n=n)
    return _l("lacks %(n)s", n=_l("%(n)s %(unit)s", n=n, unit=UNITS[unit]) if unit in UNITS else f"{n} {unit}".strip())


def keep_assessment(session: Any, carrier: Carrier, *, rule_set: str, on: date, note: str | None = None) -> RecognitionAssessment:
    """R-06: keep the verdict of a day with its facts, counts and readings. It never changes afterwards.

    Raises RuleError for a set that was not in force on the day or is unverified."""
    access.require(session, RESOURCE, "add")
    found = engine.by_key(session, rule_set)
    if not (found.effective_from <= on and (found.effective_to is None or on < found.effective_to)):
        raise RuleError(
            [
                Problem(
                    "ratings.R-01",
                    _l("%(key)s was not in force on %(day)s; choose another day or rule set.", key=rule_set, day=on.isoformat()),
                    "rule_set",
                )
            ]
        )
    result = evaluate(session, rule_set, [carrier], on)[carrier.id]
    decision = engine.store(session, result.outcome, carrier)
    row = RecognitionAssessment(
        park_id=carrier.park_id,
        carrier_id=carrier.id,
        rule_set=rule_set,
        on_date=on,
        verdict=result.verdict,
        passed=result.count("pass"),
        failed=result.count("fail"),
        unknown=result.count("unknown"),
        missing=packed(result.missing_words) if result.missing else None,
        decision_id=decision.id,
        measures={g.line.fact: g.measured.as_json() for g in result.gates if g.measured is not None},
        options=result.options,
        note=(note or "").strip() or None,
    )
    session.add(row)
    session.flush()
    session.expire(row, ["missing"])  # read in the reader's language
    return row


def assess_fact(session: Any, carrier: Carrier, *, fact: str, value: str, on: date, note: str) -> Any:
    """R-05: what only a person can judge, with grounds and a day. `value` is yes, no or a number."""
    words = {"yes": True, "no": False}
    exact = facts.number(value) if value not in words else None
    if value not in words and exact is None:
        raise RuleError([Problem("ratings.R-05", _l("Answer yes, no or with a number."), "value")])
    return facts.assess(session, carrier, fact, words.get(value, exact), on=on, note=note)


def replay(session: Any, before: str, after: str, carriers: Sequence[Carrier], on: date) -> list[tuple[Result, Result]]:
    """R-12: carriers under two rule sets on a day, those that flip first. It writes nothing."""
    old, new = evaluate(session, before, carriers, on), evaluate(session, after, carriers, on)
    rows = [(old[c.id], new[c.id]) for c in carriers]
    return sorted(rows, key=lambda r: (r[0].verdict == r[1].verdict, r[0].carrier.id))


def replay_kept(session: Any, after: str) -> list[tuple[RecognitionAssessment, engine.Flip]]:
    """R-13: the latest kept assessment of each carrier and rule set from the facts known then, under another rule set."""
    a = RecognitionAssessment
    latest = select(a.id).distinct(a.carrier_id, a.rule_set).order_by(a.carrier_id, a.rule_set, a.on_date.desc(), a.id.desc())
    rows = list(session.scalars(select(a).where(a.id.in_(latest)).order_by(a.id)))
    decisions = {d.id: d for d in session.scalars(select(Decision).where(Decision.id.in_([r.decision_id for r in rows])))}
    flips = engine.replay(session, [decisions[r.decision_id] for r in rows], after)
    return list(zip(rows, flips, strict=True))
