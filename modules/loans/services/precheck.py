"""The rules' answer for a case, the dry run over all firms, and the replay under another scheme. Rules LN-20 to LN-22."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from modules.tenants.services import history
from modules.tenants.services.stages import IN_PARK
from parkops.rules import engine
from parkops.rules.models import Decision

from ..models.case import LoanCase
from ..models.scheme import LoanScheme
from . import applicants, schemes


def examine(session: Any, case: LoanCase, *, on: date, scheme: LoanScheme | None = None) -> engine.Outcome:
    """Rule by rule, without storing anything."""
    return engine.evaluate(session, (scheme or case.scheme).rule_of(case.kind), applicants.of_case(case), on)


def judge(session: Any, case: LoanCase, *, on: date) -> engine.Outcome:
    """LN-20: ask the rules of the case's scheme as of the day and keep the answer with its facts."""
    outcome = examine(session, case, on=on)
    case.rule_set, case.verdict = outcome.rule_set_key, outcome.verdict
    case.decision_id = engine.store(session, outcome, owner=case).id
    own = applicants.earlier(session, [applicants.of_case(case)], on)[case.id]
    case.use_no = len(own) + (case.earlier_uses or 0) + 1
    session.flush()
    return outcome


@dataclass
class Row:
    """A firm in the dry run: its answer, and the one under the other scheme when asked for."""

    firm: Firm
    outcome: engine.Outcome
    other: engine.Outcome | None = None

    @property
    def verdict(self) -> str:
        return self.outcome.verdict

    @property
    def flips(self) -> bool:
        return self.other is not None and self.other.verdict != self.outcome.verdict


@dataclass
class DryRun:
    """Who would qualify on a day for an amount and term; writes nothing."""

    scheme: LoanScheme
    on: date
    amount: Decimal
    term_months: int
    rows: list[Row] = field(default_factory=list)
    other: LoanScheme | None = None

    def count(self, verdict: str) -> int:
        return sum(r.verdict == verdict for r in self.rows)

    @property
    def flips(self) -> list[Row]:
        return [r for r in self.rows if r.flips]


ORDER = {"pass": 0, "unknown": 1, "fail": 2}


def firms_on(session: Any, park_id: int, on: date) -> list[Firm]:
    """Firms in the park on the day, by name; start-up teams have no company that could borrow."""
    states = history.status_on(session, on)
    ids = [i for i, (state, _carrier) in states.items() if state in IN_PARK and state != "team"]
    return list(session.scalars(select(Firm).where(Firm.park_id == park_id, Firm.id.in_(ids)).order_by(Firm.name)))


def dry_run(session: Any, scheme: LoanScheme, *, on: date, amount: Decimal | None = None, term_months: int | None = None,
            other: LoanScheme | None = None, firms: Sequence[Firm] | None = None) -> DryRun:
    """LN-21: every firm of the park as a small firm asking for `amount` (default: the cap) for `term_months` (default: the longest)."""
    amount = amount if amount is not None else schemes.cap_of(session, scheme, "firm")
    term = term_months if term_months is not None else schemes.term_of(session, scheme, "firm")
    found = list(firms) if firms is not None else firms_on(session, scheme.park_id, on)
    subjects = [applicants.of_firm(f, amount=amount, term_months=term) for f in found]
    run = DryRun(scheme, on, amount, term, other=other)
    if not subjects:
        return run
    outcomes = engine.evaluate_many(session, scheme.rule_firm, subjects, on)
    others = engine.evaluate_many(session, other.rule_firm, subjects, on) if other is not None else {}
    run.rows = sorted((Row(f, outcomes[f.id], others.get(f.id)) for f in found), key=lambda r: (ORDER[r.verdict], r.firm.name))
    return run


def why_of(outcome: engine.Outcome) -> str:
    """The first thing not met or to collect; empty when everything is met."""
    lines = [x for x in outcome.lines if x.verdict != "pass" and not _group_met(outcome, x)]
    lines.sort(key=lambda x: x.verdict != outcome.verdict)
    return "" if outcome.passed or not lines else lines[0].collect or f"{lines[0].sentence} · {lines[0].source}".rstrip(" ·")


def _group_met(outcome: engine.Outcome, line: engine.Line) -> bool:
    return line.any_of is not None and any(x.any_of == line.any_of and x.verdict == "pass" for x in outcome.lines)


@dataclass(frozen=True)
class CaseFlip:
    """A case's stored answer, and the answer of other rules to the same facts."""

    case: LoanCase
    flip: engine.Flip


def replay_cases(session: Any, park_id: int, scheme: LoanScheme) -> list[CaseFlip]:
    """LN-22: the newest stored answer of every case under the rules of another scheme, from the facts known then."""
    query = select(LoanCase, Decision).join(Decision, Decision.id == LoanCase.decision_id).where(LoanCase.park_id == park_id)
    rows = [(case, decision) for case, decision in session.execute(query.order_by(LoanCase.number.desc()))]
    out: list[CaseFlip] = []
    for kind in ("person", "partnership", "firm"):
        found = [(c, d) for c, d in rows if c.kind == kind]
        flips = engine.replay(session, [d for _c, d in found], scheme.rule_of(kind)) if found else []
        out += [CaseFlip(c, f) for (c, _d), f in zip(found, flips, strict=True)]
    return sorted(out, key=lambda x: (not x.flip.changed, x.case.number))
