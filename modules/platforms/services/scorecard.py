"""What an operator reached, counted from events, pools and confirmed results. Rule U-125: facts come from operations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops.clock import Period
from parkops.i18n import _
from parkops.money import ZERO

from .. import calc_operator, calc_recovery
from ..models.contract import KPI_PERIODS, ContractKpi, OperatorContract
from ..models.event import UsageEvent
from ..models.registry import Platform
from ..models.result import PlatformResult
from . import open_hours, recovery
from .open_hours import Fact

PLACES = Decimal("0.0001")


@dataclass(frozen=True)
class Scored:
    """A clause with its fact, the target of these days, and points."""

    kpi: ContractKpi
    fact: Fact
    points: Decimal | None
    target: Decimal
    why: str  # how the target of these days was worked out; empty when it is the clause's own

    @property
    def how(self) -> str:
        """Where the fact comes from and how the target was worked out."""
        return _("%(source)s; %(target)s", source=self.fact.source, target=self.why) if self.why else self.fact.source


def span(first: date, last: date) -> Period:
    """Days as a period; whole months for the cost pools."""
    return Period(first, last + timedelta(days=1), "year")


def facts(session: Any, platform: Platform, first: date, last: date) -> dict[str, Fact]:
    """Every metric of a platform over the days, both included."""
    found = recovery.of_platform(session, platform, span(first, last), last)
    s, end = found.sheet, last + timedelta(days=1)
    events = f"{first} – {last}"
    firms, days = session.execute(
        select(func.count(UsageEvent.firm_id.distinct()), func.count(UsageEvent.ended_on.distinct())).where(
            recovery.within(first, end), UsageEvent.platform_id == platform.id
        )
    ).one()
    r = PlatformResult
    results = dict(
        session.execute(
            select(r.kind, func.count(r.id))
            .where(r.platform_id == platform.id, r.state == "confirmed", r.on_date >= first, r.on_date < end)
            .group_by(r.kind)
        )
        .tuples()
        .all()
    )
    own = calc_recovery.ratio(s.billed, s.gross_cost)
    return {
        "hours": Fact(s.hours.quantize(PLACES), _("machine use of %(events)s", events=events)),
        "utilisation": Fact(_rounded(s.utilisation), _("effective ÷ rated hours, %(events)s", events=events)),
        "firms": Fact(Decimal(firms), _("distinct firms of %(events)s", events=events)),
        "hours_open": open_hours.fact(session, platform, first, last),
        "days_open": Fact(Decimal(days), _("days with events of %(events)s", events=events)),
        "patents": Fact(Decimal(results.get("patent", 0)), _("confirmed results, patents")),
        "transfers": Fact(Decimal(results.get("transfer", 0)), _("confirmed results, transfers")),
        "income": Fact(s.billed, _("charged for %(events)s", events=events)),
        "own_income": Fact(_rounded(own), _("charged ÷ costs before grants of the period's pools")),
        "manual": Fact(None, _("to be found by inspection")),
    }


def _rounded(value: Decimal | None) -> Decimal | None:
    return value.quantize(PLACES) if value is not None else None


def _number(value: Decimal) -> str:
    """`1,200` or `93.3333`: no zeros after the point."""
    text = f"{value:,.4f}"
    return text.rstrip("0").rstrip(".")


def _why(target: Decimal, period: str, n_months: Decimal, scaled: Decimal) -> str:
    """The target of the span in words (U-125)."""
    return _("target %(target)s a %(period)s, for %(n)s months %(scaled)s", target=_number(target),
             period=str(KPI_PERIODS.label(period)).lower(), n=_number(n_months.quantize(Decimal("0.01"))), scaled=_number(scaled))


def score_of(
    session: Any, contract: OperatorContract, first: date, last: date, typed: dict[int, Decimal | None] | None = None
) -> tuple[list[Scored], Decimal | None]:
    """Every clause of a contract with its points, and the score. `typed`: what an inspection found, by clause."""
    known, n_months = facts(session, contract.platform, first, last), calc_operator.span_months(first, last)
    out = []
    for kpi in session.scalars(select(ContractKpi).where(ContractKpi.contract_id == contract.id).order_by(ContractKpi.id)):
        fact = known[kpi.metric]
        if kpi.metric == "manual" and (typed or {}).get(kpi.id) is not None:
            fact = Fact((typed or {})[kpi.id], _("found by inspection"))
        period = kpi.period or contract.kpi_period
        target = calc_operator.target_for(kpi.metric, kpi.target, period, n_months)
        why = _why(kpi.target, period, n_months, target) if target != kpi.target else ""
        points = calc_operator.points(calc_operator.Clause(target, kpi.weight, kpi.most, fact.value))
        out.append(Scored(kpi, fact, points, target, why))
    clauses = [calc_operator.Clause(x.target, x.kpi.weight, x.kpi.most, x.fact.value) for x in out]
    return out, calc_operator.score(clauses)


def revenue(session: Any, contract: OperatorContract, first: date, last: date) -> Decimal:
    """What the operator's share is taken of: what was charged, or what was received."""
    found = recovery.of_platform(session, contract.platform, span(first, last), last).sheet
    return found.billed if contract.share_basis == "billed" else found.cash or ZERO
