"""Graduation forecast of firms in incubation: the rule set in force, the figures of the years, and when the line passes the mark.

Set-based: the number of statements depends on the criteria, not on the firms. Rules R-110 to R-114."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import delete, extract, func, select
from sqlalchemy.dialects.postgresql import insert

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.financing import ANGEL_VC, FinancingEvent
from modules.tenants.models.firm import Firm
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.stage import Stage
from modules.tenants.services import fact_queries as queries
from parkops.db import audit
from parkops.errors import RuleError
from parkops.i18n import locale
from parkops.rules import engine, facts, logic
from parkops.security import access

from ..calc_forecast import CANNOT_SAY, EVENT, REACHED, Expected, expect, outlook
from ..models.forecast import GraduationForecast
from .schemes import shipped

RESOURCE = "ratings.forecast"
FAMILY = "GRAD"
CHUNK = 2000  # firms of one round: keeps the lists of ids below what a statement can carry
TREND = {"two_year_revenue": ("revenue", 2), "max_single_round": ("round", 1), "cumulative_rounds": ("rounds", 1)}
INDIRECT = {"newly_recognised": "ip"}  # no line of its own; what may be seen is how the firm's rights grow


@dataclass(frozen=True)
class Criterion:
    """One rule for one firm. points: year → figure; what: revenue, round, rounds or ip."""

    line: Any
    expected: Expected
    points: dict[int, Decimal] = field(default_factory=dict)
    what: str = ""

    @property
    def open(self) -> bool:
        return self.line.verdict != logic.PASS

    def as_json(self) -> dict[str, Any]:
        x = self.line
        return {
            "code": x.code,
            "article": x.article,
            "fact": x.fact,
            "verdict": x.verdict,
            "op": x.op,
            "unit": x.unit,
            "value": None if x.value is facts.UNKNOWN else facts.as_json(x.value),
            "threshold": facts.as_json(x.threshold),
            "sentence_zh": x.sentence_zh,
            "sentence_en": x.sentence_en,
            "source": x.source,
            "collect": x.collect,
            "what": self.what,
            "points": [[y, format(v, "f")] for y, v in sorted(self.points.items())],
            "kind": self.expected.kind,
            "on": self.expected.on.isoformat() if self.expected.on else None,
            "slope": None if self.expected.slope is None else format(self.expected.slope.quantize(Decimal("0.01")), "f"),
            "records": [list(r) for r in x.records[:20]],
        }


@dataclass(frozen=True)
class Forecast:
    """One firm on a day."""

    firm: Firm
    rule_set: str
    verdict: str
    outlook: str
    expected_on: date | None
    criteria: tuple[Criterion, ...]

    @property
    def open_lines(self) -> int:
        return sum(c.open for c in self.criteria)

    @property
    def nearest(self) -> str | None:
        """The criterion that is met, or whose line passes first."""
        met = next((c for c in self.criteria if not c.open), None)
        if met is not None:
            return met.line.code
        dated = [c for c in self.criteria if c.expected.on is not None]
        return min(dated, key=lambda c: c.expected.on).line.code if dated else None


def forecast(session: Any, firms: Sequence[Firm], on: date) -> dict[int, Forecast]:
    """Firms under the graduation rules in force on the day. It writes nothing."""
    access.require(session, RESOURCE, "read")
    access.require(session, "tenants.firm", "read")
    out: dict[int, Forecast] = {}
    for part in _chunks(firms):
        outcomes = engine.evaluate_many(session, None, part, on, family=FAMILY)
        asked = {x.fact for o in outcomes.values() for x in o.lines}
        points = points_of(session, [f.id for f in part], asked, on)
        for f in part:
            out[f.id] = _one(f, outcomes[f.id], {name: by.get(f.id, {}) for name, by in points.items()}, on)
    return out


def _one(firm: Firm, outcome: Any, points: dict[str, dict[int, Decimal]], on: date) -> Forecast:
    criteria = tuple(_criterion(x, points, on) for x in outcome.lines)
    way, day = outlook(outcome.passed, [c.expected for c in criteria], on, combine=outcome.combine)
    return Forecast(firm, outcome.rule_set_key, outcome.verdict, way, day, criteria)


def _criterion(line: Any, points: dict[str, dict[int, Decimal]], on: date) -> Criterion:
    what, years = TREND.get(line.fact, (INDIRECT.get(line.fact, ""), 1))
    mine = points.get(what, {})
    if line.verdict == logic.PASS:
        return Criterion(line, Expected(REACHED, on), mine, what)
    if line.fact not in TREND:
        return Criterion(line, Expected(EVENT), mine, what)
    mark = facts.number(facts.as_json(line.threshold))
    return Criterion(line, Expected(CANNOT_SAY) if mark is None else expect(mine, mark, on, years=years), mine, what)


def points_of(session: Any, ids: Sequence[int], asked: set[str], on: date) -> dict[str, dict[int, dict[int, Decimal]]]:
    """What → firm → year → figure: one statement per kind of figure. Only ended, reported years; a year with an undisclosed round is no
    point, and from it on the running total of rounds is not known: such a firm's total has no line and cannot be said."""
    out: dict[str, dict[int, dict[int, Decimal]]] = {}
    if "two_year_revenue" in asked:
        found = queries.revenue_by_year(session, ids, on)
        out["revenue"] = {i: {y: f.value for y, f in years.items()} for i, years in found.items()}
    if asked & {"max_single_round", "cumulative_rounds"}:
        out["round"], out["rounds"] = _rounds(session, ids, on)
    if "newly_recognised" in asked:
        out["ip"] = _rights(session, ids, on)
    return out


def _rounds(session: Any, ids: Sequence[int], on: date) -> tuple[dict[int, dict[int, Decimal]], dict[int, dict[int, Decimal]]]:
    f = FinancingEvent
    year = extract("year", f.on_date)
    rows = session.execute(
        select(f.firm_id, year, func.max(f.amount_cny), func.sum(f.amount_cny), func.count().filter(f.amount_cny.is_(None)))
        .where(f.firm_id.in_(list(ids)), f.kind.in_(ANGEL_VC), f.on_date <= on)
        .group_by(f.firm_id, year)
        .order_by(f.firm_id, year)
    )
    largest: dict[int, dict[int, Decimal]] = defaultdict(dict)
    total: dict[int, dict[int, Decimal]] = defaultdict(dict)
    hidden: set[int] = set()
    for firm_id, y, most, amount, undisclosed in rows:
        if undisclosed or most is None:
            hidden.add(firm_id)
            continue
        so_far = max(total[firm_id].values(), default=Decimal(0))
        largest[firm_id][int(y)], total[firm_id][int(y)] = most, so_far + amount
    return dict(largest), {i: years for i, years in total.items() if i not in hidden}


def _rights(session: Any, ids: Sequence[int], on: date) -> dict[int, dict[int, Decimal]]:
    """Valid rights on the day and on the same day of the two years before."""
    ip, out = IntellectualProperty, defaultdict(dict)
    days = [date(on.year - n, on.month, min(on.day, 28)) for n in (2, 1, 0)]
    counts = [func.count().filter(queries.ip_valid(d)) for d in days]
    for firm_id, *found in session.execute(select(ip.firm_id, *counts).where(ip.firm_id.in_(list(ids))).group_by(ip.firm_id)):
        out[firm_id] = {d.year: Decimal(n) for d, n in zip(days, found, strict=True)}
    return dict(out)


def _chunks(firms: Sequence[Firm]) -> Iterator[Sequence[Firm]]:
    for n in range(0, len(firms), CHUNK):
        yield firms[n : n + CHUNK]


def incubating(session: Any, on: date, park_id: int | None = None) -> list[Firm]:
    """Firms in incubation on the day, by the stage rows that cover it."""
    query = select(Firm).join(Stage, Stage.firm_id == Firm.id).where(Stage.state == "incubating", queries.stage_on(on)).order_by(Firm.id)
    return list(session.scalars(query if park_id is None else query.where(Firm.park_id == park_id)))


def refresh_forecasts(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """R-114: write the forecast of every firm in incubation anew and forget those that left it. One audit row per run."""
    access.require(session, RESOURCE, "act")
    firms = incubating(session, on, park_id)
    g, kept = GraduationForecast, 0
    for part in _chunks(firms):
        rows = [_row(f, on) for f in forecast(session, part, on).values()]
        new = insert(g).values(rows)
        changed = {c: new.excluded[c] for c in rows[0] if c not in ("firm_id", "park_id")}
        session.execute(new.on_conflict_do_update(index_elements=["firm_id"], set_=changed))
        kept += len(rows)
    stays = select(Stage.firm_id).select_from(Stage).where(Stage.state == "incubating", queries.stage_on(on))
    old = delete(g).where(g.firm_id.not_in(stays), *([] if park_id is None else [g.park_id == park_id]))
    gone = session.execute(old, execution_options={"synchronize_session": False}).rowcount
    audit.bulk(session, g, "refresh", kept, {"on": on.isoformat(), "removed": gone}, park_id=park_id)
    session.expire_all()
    return {"firms": kept, "removed": gone}


def _row(f: Forecast, on: date) -> dict[str, Any]:
    return {
        "park_id": f.firm.park_id,
        "firm_id": f.firm.id,
        "carrier_id": f.firm.carrier_id,
        "rule_set": f.rule_set,
        "on_date": on,
        "term_ends_on": f.firm.term_ends_on,
        "verdict": f.verdict,
        "outlook": f.outlook,
        "expected_on": f.expected_on,
        "nearest": f.nearest,
        "open_lines": f.open_lines,
        "lines": [c.as_json() for c in f.criteria],
    }


def of_firm(session: Any, firm: Firm, on: date) -> Forecast | None:
    """Now, for the tab of a firm; None when it is not in incubation or no rules are in force."""
    if firm.state != "incubating":
        return None
    try:
        return forecast(session, [firm], on)[firm.id]
    except RuleError:
        return None


@cache
def _services() -> dict[str, dict[str, Any]]:
    return shipped("forecast.yaml")


def service_of(fact: str) -> str:
    """The park's service that moves a criterion, in the reader's language."""
    found = _services().get(fact)
    return "" if found is None else found["title_en"] if locale() == "en" else found["title"]


def services_of(fact: str) -> list[str]:
    """Resources whose records tell of that service."""
    return list((_services().get(fact) or {}).get("records", ()))


def by_carrier(session: Any) -> list[tuple[Carrier, dict[str, int]]]:
    """Firms per carrier and outlook, for the head of the list and the cockpit: one statement."""
    g = GraduationForecast
    out: dict[Any, dict[str, int]] = defaultdict(dict)
    for carrier, way, n in session.execute(
        select(Carrier, g.outlook, func.count()).join(g, g.carrier_id == Carrier.id).group_by(Carrier, g.outlook)
    ):
        out[carrier][way] = n
    return list(out.items())
