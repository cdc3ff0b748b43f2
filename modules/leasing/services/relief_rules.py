"""Rent relief, judged and worked out together: the rules' answer and the months and amounts it would come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from parkops.rules import engine
from parkops.security import access

from .. import calc_relief as calc
from ..models.relief import ReliefScheme
from . import relief_queries as queries
from .relief_queries import ReliefCase

REACHES = "sublet_passed_on"
CHUNK = 500


@dataclass(frozen=True)
class Assessed:
    """outcome: rule by rule; grants: months and amounts; entitled: months granted; listing: why more months; size: class then."""

    case: ReliefCase
    outcome: engine.Outcome
    grants: tuple[calc.Grant, ...]
    entitled: Fraction
    listing: Any
    size: str

    @property
    def amount(self) -> Decimal:
        return sum((g.amount for g in self.grants), Decimal("0.00"))

    @property
    def rent(self) -> Decimal:
        return sum((g.rent for g in self.grants), Decimal("0.00"))

    @property
    def verdict(self) -> str:
        return self.outcome.verdict


def assess(session: Any, cases: Sequence[ReliefCase], *, on: date) -> dict[int, Assessed]:
    """Lease id -> the rules' answer on the relief date and the months proposed, set-based. One scheme per call."""
    if not cases:
        return {}
    scheme = cases[0].scheme
    outcomes = engine.evaluate_many(session, scheme.rule_set, cases, on)
    rents, gone, spans = queries.rents(session, cases), queries.taken(session, cases), queries.spans(session, cases)
    listed = queries.listed(session, cases, on=on)
    sizes = queries.sizes(session, {c.lease.firm for c in cases}, on)
    terms, out = queries.terms(scheme), {}
    for case in cases:
        tenancy = calc.tenancy_share(terms.pro_rata, scheme.covers_from.year, spans[case.id])
        steps = calc.entitlement(terms, listed=listed[case.id] is not None, tenancy=tenancy)
        grants = calc.propose(rents[case.id] or [], steps, gone[case.id])
        out[case.id] = Assessed(case, outcomes[case.id], tuple(grants), sum((m for m, _rate in steps), Fraction(0)), listed[case.id],
                                sizes[case.lease.firm_id][0].size)
    return out


def only_pass_through_open(outcome: engine.Outcome) -> bool:
    """Whether nothing but the proof that it reached the actual operator is missing: approval may go on, posting waits."""
    open_lines = [line for line in outcome.lines if line.verdict != "pass" and not _group_met(outcome, line)]
    return bool(open_lines) and all(line.fact == REACHES and line.verdict == "unknown" for line in open_lines)


def _group_met(outcome: engine.Outcome, line: engine.Line) -> bool:
    return line.any_of is not None and any(x.any_of == line.any_of and x.verdict == "pass" for x in outcome.lines)


@dataclass
class DryRun:
    """Who would qualify on a day and how much, against the budget."""

    scheme: ReliefScheme
    on: date
    rows: list[Assessed] = field(default_factory=list)

    def count(self, verdict: str) -> int:
        return sum(r.verdict == verdict for r in self.rows)

    def total(self, verdict: str = "pass") -> Decimal:
        return sum((r.amount for r in self.rows if r.verdict == verdict), Decimal("0.00"))

    @property
    def left(self) -> Decimal | None:
        """What the budget still holds, before this run; None without a budget."""
        return None if self.scheme.budget is None else self.scheme.budget - self.scheme.committed


def dry_run(session: Any, scheme: ReliefScheme, *, on: date) -> DryRun:
    """Every lease of the scheme's months against its rules, without writing anything. Set-based in chunks."""
    access.require(session, "leasing.relief_application", "read")
    leases, run = queries.candidates(session, scheme, on=on), DryRun(scheme, on)
    for start in range(0, len(leases), CHUNK):
        cases = [ReliefCase(lease, scheme) for lease in leases[start:start + CHUNK]]
        run.rows += assess(session, cases, on=on).values()
    order = {"pass": 0, "unknown": 1, "fail": 2}
    run.rows.sort(key=lambda r: (order[r.verdict], -r.amount, r.case.id))
    return run


def replay(session: Any, scheme: ReliefScheme, other_set: str) -> list[tuple[Any, engine.Flip]]:
    """The scheme's stored decisions under another rule set: (application, flip) for those whose answer changes.

    A fact the first rules did not ask for is unknown under the others."""
    from sqlalchemy import select

    from parkops.rules.models import Decision

    from ..models.relief_case import ReliefApplication

    access.require(session, "leasing.relief_application", "read")
    apps = {a.decision_id: a for a in session.scalars(select(ReliefApplication).where(
        ReliefApplication.scheme_id == scheme.id, ReliefApplication.decision_id.is_not(None)))}
    decisions = list(session.scalars(select(Decision).where(Decision.id.in_(list(apps))).order_by(Decision.id)))
    return [(apps[f.decision.id], f) for f in engine.replay(session, decisions, other_set) if f.changed]
