"""What-if: suppose other counts, firms that qualify or leave, other weights. It writes nothing; without a change it is the real answer.

Rules R-50 to R-53."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from modules.tenants.models.carrier import Carrier
from parkops.errors import Problem, RuleError
from parkops.i18n import _l
from parkops.rules import engine
from parkops.rules.models import RuleSet

from ..models.scheme import RatingScheme
from ..models.score import RatingScore
from . import recognition, scores
from .measures import Measured, fact_of, gather_both

ENTRIES = ("incubatee_count", "new_registered_share")


@dataclass(frozen=True)
class Changes:
    """numerators, denominators: by fact; qualify: fact → firms that would count; remove: firms that would leave; add: teams
    and prospects that would be registered into the carrier (they raise the base, and count as new)."""

    numerators: Mapping[str, Decimal] = field(default_factory=dict)
    denominators: Mapping[str, Decimal] = field(default_factory=dict)
    qualify: Mapping[str, Sequence[int]] = field(default_factory=dict)
    remove: Sequence[int] = ()
    add: Sequence[int] = ()


def supposed(m: Measured, fact: str, changes: Changes) -> Measured:
    """The measure after the changes: named firms first, then counts typed over them (R-51)."""
    gone, hits, base = set(changes.remove), set(m.hits), set(m.base)
    new = (set(changes.qualify.get(fact, ())) & (base or set())) - hits - gone
    after = (hits | new) - gone
    joined = set(changes.add) - base - hits if base or fact in ENTRIES else set()
    n, d = m.count.numerator, m.count.denominator
    if n is not None and (hits or base):
        n = n + len(new) - len(hits & gone) + (len(joined) if fact in ENTRIES else 0)
    if d is not None and base:
        d = d - len(base & gone) + len(joined)
    n, d = changes.numerators.get(fact, n), changes.denominators.get(fact, d)
    if (n is not None and n < 0) or (d is not None and d < 0):
        raise RuleError([Problem("ratings.R-50", _l("A count cannot be negative."), fact)])
    return replace(m, count=replace(m.count, numerator=n, denominator=d), hits=tuple(sorted(after)), base=tuple(sorted(base - gone)))


def simulate(session: Any, key: str, carrier: Carrier, on: date, changes: Changes) -> tuple[recognition.Result, recognition.Result]:
    """A carrier as it is and as it would be (R-52: the same without changes)."""
    rule_set = engine.by_key(session, key)
    names = engine.names_of(rule_set)
    found, counted = gather_both(session, [carrier], names, on)
    known, measured = found[carrier.id], counted[carrier.id]
    changed = {n: supposed(m, n, changes) for n, m in measured.items()}
    after = {**known, **{n: fact_of(m) for n, m in changed.items() if m.count != measured[n].count}}
    return (
        recognition.judged(session, rule_set, carrier, on, known, measured, near=8),
        recognition.judged(session, rule_set, carrier, on, after, changed),
    )


def applied(session: Any, result: recognition.Result, changes: Changes, rule_set: RuleSet | None = None) -> recognition.Result:
    """The changes on a result at hand, without counting again."""
    measured = {g.line.fact: g.measured for g in result.gates if g.measured is not None}
    changed = {n: supposed(m, n, changes) for n, m in measured.items()}
    after = {**result.outcome.facts, **{n: fact_of(m) for n, m in changed.items() if m.count != measured[n].count}}
    rule_set = rule_set or engine.by_key(session, result.outcome.rule_set_key)
    return recognition.judged(session, rule_set, result.carrier, result.outcome.on, after, changed)


def smallest(result: recognition.Result) -> Changes:
    """R-53: the smallest change of counts that passes every open gate that is a count; groups of alternatives take their nearest."""
    best: dict[str, recognition.Gate] = {}
    for gate in result.gates:
        if gate.open and gate.missing:
            name = gate.line.any_of or gate.line.code
            if name not in best or gate.missing < (best[name].missing or 0):
                best[name] = gate
    return Changes(
        numerators={
            g.line.fact: (g.measured.count.numerator or Decimal(0)) + (g.missing or 0) * (1 if g.line.op in ("gte", "gt") else -1)
            for g in best.values()
            if g.measured is not None
        }
    )


def simulate_score(
    session: Any,
    scheme: RatingScheme,
    carrier: Carrier,
    on: date,
    *,
    values: Mapping[str, Decimal] | None = None,
    weights: Mapping[str, Decimal] | None = None,
    points: Mapping[str, Decimal] | None = None,
    real: RatingScore | None = None,
    firms: Changes | None = None,
) -> tuple[scores.Sheet, scores.Sheet]:
    """A sheet as it is (with the experts' points of `real`) and with other values, points or weights; `firms`: counts and named firms
    changed as for the gates, before values typed over them."""
    given = scores.given_points(session, real) if real is not None else {}
    rank, automatic = (scores.rank_of(real), real.automatic) if real is not None else (None, False)
    now = scores.compute(session, scheme, carrier, on, given=given, rank=rank, automatic=automatic)
    named = values_of(now, firms) if firms is not None else {}
    changes = scores.Supposed({**named, **(values or {})}, weights or {}, points or {})
    return now, scores.compute(session, scheme, carrier, on, given=given, rank=rank, automatic=automatic, supposed=changes)


def values_of(sheet: scores.Sheet, firms: Changes) -> dict[str, Decimal]:
    """The figures of a sheet that named firms or supposed counts change, by fact."""
    out = {}
    for row in sheet.rows:
        if row.measured is not None and row.indicator.fact:
            after = supposed(row.measured, row.indicator.fact, firms).count
            if after != row.measured.count and after.value is not None:
                out[row.indicator.fact] = after.value
    return out
