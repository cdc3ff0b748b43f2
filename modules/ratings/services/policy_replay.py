"""Before a rule or a scheme is published: who would be judged otherwise, and what that costs. It writes nothing. Rules R-140 to R-144."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from modules.tenants.services.fact_queries import stage_on
from parkops import refs
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.rules import engine, logic
from parkops.rules.models import Decision, RuleSet
from parkops.security import access

from .. import calc_scoring
from ..models.scheme import RatingScheme
from ..models.score import RatingScore
from . import recognition, scores
from .measures import CARRIER

FIRM = "tenants.firm"
# owner of a kept decision -> the amounts that hang on it, the first that is known
AMOUNTS = {
    "leasing.relief_application": ("amount", "rent"),
    "loans.case": ("amount_approved", "amount_requested"),
    "services.policy_application": ("approved", "asked"),
}


@dataclass(frozen=True)
class Judged:
    """One subject under the rules so far and under the others. `lines`: codes of the rules that are answered otherwise."""

    resource: str
    record_id: int
    label: str
    before: str
    after: str
    lines: tuple[str, ...] = ()
    missing: str = ""
    amount: Decimal | None = None

    @property
    def flips(self) -> bool:
        return self.before != self.after

    @property
    def effect(self) -> Decimal | None:
        """Yuan more (or less) that would be granted; None where no amount hangs on it."""
        if self.amount is None or not self.flips or logic.PASS not in (self.before, self.after):
            return None
        return self.amount if self.after == logic.PASS else -self.amount


@dataclass(frozen=True)
class Replay:
    """Everybody, those that flip first."""

    rows: tuple[Judged, ...]
    kept: bool  # from decisions kept, with the facts known then

    @property
    def flips(self) -> int:
        return sum(r.flips for r in self.rows)

    @property
    def effect(self) -> Decimal | None:
        """Sum of the known effects; None where there is none."""
        known = [r.effect for r in self.rows if r.effect is not None]
        return sum(known, Decimal(0)) if known else None


def sets(session: Any) -> list[RuleSet]:
    """Rule sets that can be replayed: those about carriers and firms, and those under which decisions were kept."""
    used = set(session.scalars(select(Decision.rule_set_key).distinct()))
    every = session.scalars(select(RuleSet).where(RuleSet.enabled).order_by(RuleSet.subject, RuleSet.id))
    return [s for s in every if s.subject in (CARRIER, FIRM) or s.key in used]


def thresholds(rule_set: RuleSet, changed: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """R-140: only numeric conditions of the set can be given another threshold, none below zero."""
    known, problems = {r.code: r for r in rule_set.rules}, Problems()
    for code, value in changed.items():
        if code not in known or known[code].op not in logic.NUMERIC:
            problems.add("ratings.R-140", _l("%(code)s is no numeric condition of this rule set.", code=code), code)
        elif value < 0:
            problems.add("ratings.R-140", _l("A threshold cannot be negative."), code)
    problems.stop()
    return dict(changed)


def replay(session: Any, before: str, after: str, on: date, changed: Mapping[str, Decimal] | None = None) -> Replay:
    """R-141: subjects of `before` under `after` (which may be the same set) with changed thresholds. Carriers and firms in incubation are
    counted on the day; other subjects are replayed from the decisions kept, with the facts known then."""
    old, new = engine.by_key(session, before), engine.by_key(session, after)
    own = thresholds(new, changed or {})
    if old.subject == CARRIER:
        return _live(session, old, new, CARRIER, recognition.carriers_on(session, on), on, own)
    if old.subject == FIRM:
        return _live(session, old, new, FIRM, firms_in_incubation(session, on), on, own)
    return _kept(session, old, new, own)


def firms_in_incubation(session: Any, on: date) -> list[Firm]:
    """Firms of the parks in scope that are in incubation on the day."""
    ids = select(Stage.firm_id).where(stage_on(on), Stage.state == "incubating")
    return list(session.scalars(select(Firm).where(Firm.id.in_(ids)).order_by(Firm.id)))


def _adjust(session: Any, rule_set: RuleSet, subjects: Sequence[Any], on: date, own: Mapping[str, Decimal]) -> engine.Adjust:
    """The thresholds asked for; a hardship region's relief comes on top, as it does in the rules so far."""
    relaxed = None
    if rule_set.subject == CARRIER:
        shares = {c.id: recognition.options_of(session, c.park_id)["relax_shares"] for c in subjects}
        relaxed = recognition.adjusting(session, rule_set.key, on, shares)

    def adjust(rule: Any, subject: Any, threshold: Any) -> Any:
        threshold = own.get(rule.code, threshold)
        return relaxed(rule, subject, threshold) if relaxed is not None and threshold is not None else threshold

    return adjust


def _live(session: Any, old: RuleSet, new: RuleSet, resource: str, subjects: Sequence[Any], on: date, own: Mapping[str, Decimal]) -> Replay:
    access.require(session, resource, "read")
    if resource == CARRIER:
        subjects = [c for c in subjects if old in recognition.fitting([old], c)]
    first = engine.evaluate_many(session, old.key, subjects, on, adjust=_adjust(session, old, subjects, on, {}))
    then = engine.evaluate_many(session, new.key, subjects, on, adjust=_adjust(session, new, subjects, on, own))
    rows = [_row(resource, s.id, str(s), first[s.id].verdict, then[s.id].verdict, first[s.id].lines, then[s.id].lines) for s in subjects]
    return Replay(_sorted(rows), kept=False)


def _kept(session: Any, old: RuleSet, new: RuleSet, own: Mapping[str, Decimal]) -> Replay:
    """The latest decision of each owner under the set, judged again from its own facts."""
    d = Decision
    latest = {(x.resource, x.record_id): x for x in session.scalars(select(d).where(d.rule_set_key == old.key).order_by(d.id))}
    for resource in {r for r, _id in latest}:
        access.require(session, resource, "read")
    labels, amounts = refs.labels(session, list(latest)), _amounts(session, list(latest))
    at: dict[date, dict[str, Any]] = {}
    rows = []
    for key, kept in latest.items():
        if kept.on_date not in at:
            at[kept.on_date] = {**engine.thresholds_of(session, new, kept.on_date), **own}
        again = engine.judge_again(new, kept, at[kept.on_date])
        lines = engine.lines_of(kept)
        rows.append(
            _row(*key, labels.get(key, str(key[1])), kept.verdict, engine.verdict_of(new.combine, again), lines, again, amounts.get(key))
        )
    return Replay(_sorted(rows), kept=True)


def _amounts(session: Any, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Decimal]:
    """The money that hangs on each owner, one statement per kind."""
    out: dict[tuple[str, int], Decimal] = {}
    for resource, names in AMOUNTS.items():
        ids = [i for r, i in keys if r == resource]
        if ids:
            model = refs.model_of(resource)
            for row in session.execute(select(model.id, *(getattr(model, n) for n in names)).where(model.id.in_(ids))):
                found = next((v for v in row[1:] if v), None)
                if found is not None:
                    out[resource, row[0]] = found
    return out


def _row(
    resource: str,
    record_id: int,
    label: str,
    before: str,
    after: str,
    old: Sequence[Any],
    new: Sequence[Any],
    amount: Decimal | None = None,
) -> Judged:
    was = {x.code: x.verdict for x in old}
    moved = tuple(x.code for x in new if x.code in was and was[x.code] != x.verdict)
    return Judged(resource, record_id, label, before, after, moved, "；".join(x.code for x in new if x.verdict == logic.FAIL), amount)


def _sorted(rows: list[Judged]) -> tuple[Judged, ...]:
    return tuple(sorted(rows, key=lambda r: (not r.flips, r.resource, r.record_id)))


@dataclass(frozen=True)
class ScoreFlip:
    """One carrier's sheet under two editions."""

    carrier: Carrier
    before: scores.Sheet
    after: scores.Sheet
    places: tuple[int, int]

    @property
    def flips(self) -> bool:
        """Another grade or another place."""
        return self.before.total.grade != self.after.total.grade or self.places[0] != self.places[1]


def replay_scores(
    session: Any, before: RatingScheme, after: RatingScheme, on: date, weights: Mapping[str, Decimal] | None = None
) -> list[ScoreFlip]:
    """R-142: every carrier the schemes rate, under both editions (the second may be a draft) and with other weights, on the day. The points
    experts gave in the latest sheet of a carrier hold where the indicator has the same code. Places are by score among those shown."""
    access.require(session, scores.RESOURCE, "read")
    carriers = [c for c in recognition.carriers_on(session, on) if c.carrier_type == before.subject and c.park_id == before.park_id]
    latest = {
        r.carrier_id: r
        for r in session.scalars(select(RatingScore).where(RatingScore.carrier_id.in_([c.id for c in carriers])).order_by(RatingScore.id))
    }
    supposed = scores.Supposed({}, dict(weights or {}), {})
    pairs = []
    for c in carriers:
        kept = latest.get(c.id)
        given = scores.given_points(session, kept) if kept is not None else {}
        rank = scores.rank_of(kept) if kept is not None else None
        old = scores.compute(session, before, c, on, given=given, rank=rank)
        pairs.append((c, old, scores.compute(session, after, c, on, given=given, rank=rank, supposed=supposed)))
    first, then = (calc_scoring.places([p[n].total.total for p in pairs]) for n in (1, 2))
    found = [ScoreFlip(c, a, b, (first[i], then[i])) for i, (c, a, b) in enumerate(pairs)]
    return sorted(found, key=lambda f: (not f.flips, f.places[1], f.carrier.id))
