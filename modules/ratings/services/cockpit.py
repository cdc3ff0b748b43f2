"""What leadership sees on one screen: twelve tiles, four charts and the verdict of each carrier, from stored figures. R-105, R-107, R-108.

Everything is read in a handful of statements whatever the number of parks and firms: one read of the store for all figures and periods
(with freezes and targets three), one for the carriers' verdicts, one for their scores, one for the forecast. A tile whose module is absent,
or whose records the reader may not see, is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.carrier import Carrier
from parkops.clock import Period
from parkops.i18n import _l
from parkops.kpi import store
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import short, shown, text_of, unit_word
from parkops.kpi.registry import Kpi, Window
from parkops.security import access

from ..calc_board import Series, chart, legend
from ..calc_target import Against, against, due_now
from ..kpis.ratings import newest
from ..models.assessment import RecognitionAssessment
from ..models.forecast import GraduationForecast
from ..models.score import RatingScore
from . import definitions, reaching, targets

RESOURCE = "ratings.cockpit"
TREND = {"month": 13, "quarter": 9, "year": 5}
VERDICTS_SHOWN = 8


@dataclass(frozen=True)
class Spec:
    """A tile: the figure that leads it and those below."""

    code: str
    title: Any
    lead: str
    more: tuple[str, ...] = ()


FLOW = ("tenants.admitted", "tenants.moved_in", "tenants.graduated", "tenants.left", "tenants.dissolved", "tenants.moved_out")
TILES = (
    Spec("occupancy", _l("Occupancy"), "leasing.occupancy", ("leasing.lettable_area", "leasing.incubatee_share", "leasing.vacant_area")),
    Spec("flow", _l("Firms in and out"), "tenants.incubating", FLOW),
    Spec("rating", _l("Rating forecast"), "ratings.passing", ("ratings.recognised", "ratings.grade_a", "ratings.own_score")),
    Spec("graduation", _l("Graduation"), "tenants.graduated", ("tenants.graduated_total",)),
    Spec(
        "receivable",
        _l("Receivables"),
        "billing.receivable_balance",
        ("billing.receivable", "billing.collection_rate", "billing.overdue_share"),
    ),
    Spec(
        "relief",
        _l("Rent relief"),
        "leasing.relief_granted",
        ("leasing.relief_firms", "leasing.relief_cumulative", "leasing.relief_budget_used"),
    ),
    Spec(
        "recovery",
        _l("Platform recovery"),
        "platforms.recovery_billed",
        ("platforms.recovery_cash", "platforms.utilisation", "platforms.firms_served"),
    ),
    Spec("loans", _l("Start-up loans"), "loans.outstanding", ("loans.disbursed", "loans.disbursed_cumulative", "loans.overdue_rate")),
    Spec("funds", _l("Venture funds"), "funds.nav", ("funds.tvpi", "funds.dpi", "funds.invested_share")),
    Spec("services", _l("Service hall"), "services.cases", ("services.on_time", "services.bad_reviews", "services.demands_closed")),
    Spec(
        "results",
        _l("Results of the firms"),
        "tenants.revenue",
        ("tenants.headcount", "tenants.financed_amount", "tenants.reporting_share"),
    ),
    Spec(
        "community", _l("Community"), "amenities.bed_occupancy", ("amenities.hotel_occupancy", "amenities.events", "amenities.person_times")
    ),
)
SHORT = {  # under the title of its tile a figure needs fewer words
    "leasing.incubatee_share": _l("Share of incubated firms"),
    "leasing.vacant_area": _l("Area not let"),
    "leasing.relief_cumulative": _l("Granted so far"),
    "platforms.recovery_cash": _l("Recovered in cash"),
    "platforms.utilisation": _l("Utilisation"),
    "loans.disbursed": _l("Paid out in the period"),
    "loans.disbursed_cumulative": _l("Paid out so far"),
    "funds.invested_share": _l("Share of firms invested in"),
    "services.demands_closed": _l("Demands closed"),
    "tenants.headcount": _l("Headcount"),
    "amenities.person_times": _l("Person-times, health"),
}
GATES = ("ratings.gates_failed", "ratings.gates_unknown")


def codes_of() -> list[str]:
    """Every figure the cockpit reads."""
    return list(dict.fromkeys([c for t in TILES for c in (t.lead, *t.more)] + list(GATES)))


definitions.used_in(_l("Cockpit"), codes_of)


@dataclass(frozen=True)
class Item:
    """One figure: text, unit, change against the period before, target light, and where it opens."""

    kpi: Kpi
    text: str
    unit: str
    value: Decimal | None
    change: str = ""
    good: bool | None = None
    missing: int = 0
    url: str = ""
    target: str = ""
    against: Against | None = None
    reaching: tuple[int, int] | None = None
    frozen: bool = False
    values: tuple[Decimal | None, ...] = ()

    @property
    def name(self) -> Any:
        """What stands in the tile; the whole title is its tip."""
        return SHORT.get(self.kpi.code, self.kpi.title)


@dataclass(frozen=True)
class Tile:
    """A tile with its leading figure and the ones below. extra: the forecast counts, the movements of the period."""

    code: str
    title: Any
    lead: Item
    more: tuple[Item, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One carrier: newest kept assessment and newest own score."""

    carrier_id: int
    carrier: str
    assessment_id: int
    verdict: str
    failed: int
    unknown: int
    missing: str
    on: date
    grade: str = ""
    score: Decimal | None = None
    score_id: int | None = None


@dataclass(frozen=True)
class Board:
    """Everything on the screen."""

    tiles: tuple[Tile, ...]
    charts: tuple[tuple[str, Any, str, list[tuple[str, str, str]]], ...]  # code, title, drawing, legend
    verdicts: tuple[Verdict, ...]
    verdict_count: dict[str, int]
    computed_at: datetime | None


def board(session: Any, period: Period, today: date, *, park_id: int | None, query: str) -> Board:
    """The cockpit of a park, or (None) of all parks in scope together: ratios are Σ÷Σ. `query`: period and park for the links."""
    access.require(session, RESOURCE, "read")
    known = readable(session)
    specs = [t for t in TILES if t.lead in known and period.grain in known[t.lead].grains]
    asked = [c for c in codes_of() if c in known and period.grain in known[c].grains]
    trends = store.trend(session, asked, period, TREND[period.grain], park_id=park_id)
    on_target = reaching.parks_reaching(session, period, today, [t.lead for t in specs]) if park_id is None else {}
    amber = targets.amber_share(session, park_id)
    items = {c: _item(t, today, amber, query, on_target.get(c)) for c, t in trends.items()}
    found = verdicts(session, Window(period, today), park_id) if "ratings.passing" in items else ([], {})
    times = [t[-1].computed_at for t in trends.values() if t[-1].computed_at is not None]
    return Board(
        tuple(_tile(session, s, items, park_id, found[1]) for s in specs),
        tuple(_charts(items, [s.period.key for s in next(iter(trends.values()), ())])),
        tuple(found[0]),
        found[1],
        max(times, default=None),
    )


def _item(trend: Sequence[Any], today: date, amber: Decimal, query: str, reaching: tuple[int, int] | None) -> Item:
    now, before = trend[-1], trend[-2]
    kpi, value = now.kpi, now.value
    change = value - before.value if value is not None and before.value is not None else None
    judged = None
    if now.target is not None:
        due = due_now(now.target, kpi.adds_up, now.period.start, now.period.end, min(now.period.last_day, today))
        judged = against(value, now.target, better=kpi.better, due=due, amber=amber)
    return Item(
        kpi,
        text_of(kpi, now.figure) if now.stored else "—",
        str(unit_word(kpi)),
        value,
        "" if not change else ("+" if change > 0 else "−") + short(kpi, abs(change), value),
        None if not change or kpi.better == "none" else (change > 0) == (kpi.better == "higher"),
        now.figure.missing if now.figure is not None and value is not None else 0,
        f"/core/kpi/{kpi.code}?{query}",
        shown(kpi, now.target) if now.target is not None else "",
        judged,
        reaching,
        now.frozen,
        tuple(s.value for s in trend),
    )


def _tile(session: Any, spec: Spec, items: dict[str, Item], park_id: int | None, counted: dict[str, int]) -> Tile:
    more = tuple(items[c] for c in spec.more if c in items)
    extra: dict[str, Any] = {}
    if spec.code == "flow":
        extra["flow"] = flow(items)
    elif spec.code == "graduation":
        extra["outlook"] = outlooks(session, park_id)
    elif spec.code == "rating":
        extra["verdicts"] = counted
    return Tile(spec.code, spec.title, items[spec.lead], more, extra)


def flow(items: dict[str, Item]) -> dict[str, Any]:
    """R-107: opening + admitted + moved in − graduated − left − dissolved − moved out = closing. `off` is what the records of today say
    beyond that (a history corrected later); None while a figure is unknown."""
    now = items["tenants.incubating"]
    opening, closing = now.values[-2], now.value
    moves = [items[c].value for c in FLOW if c in items]
    off = None
    if opening is not None and closing is not None and len(moves) == len(FLOW) and None not in moves:
        came, gone = sum(moves[:2], Decimal(0)), sum(moves[2:], Decimal(0))
        off = closing - opening - came + gone
    return {"opening": opening, "closing": closing, "off": off}


def outlooks(session: Any, park_id: int | None) -> dict[str, int]:
    """Firms in incubation by outlook of the kept forecast: one statement."""
    if not access.may(session, "ratings.forecast", "read"):
        return {}
    g = GraduationForecast
    query = select(g.outlook, func.count()).group_by(g.outlook)
    return dict(session.execute(query if park_id is None else query.where(g.park_id == park_id)).all())


def verdicts(session: Any, window: Window, park_id: int | None) -> tuple[list[Verdict], dict[str, int]]:
    """R-108: recognition per carrier from the newest kept assessment, the worst first, with the newest own score; and how many."""
    n, a = newest(window), RecognitionAssessment
    query = (
        select(n.c.id, n.c.verdict, n.c.failed, n.c.unknown, a.missing, a.on_date, Carrier.id.label("carrier_id"), Carrier.name)
        .join(a, a.id == n.c.id)
        .join(Carrier, Carrier.id == a.carrier_id)
        .order_by(n.c.failed.desc(), n.c.unknown.desc(), Carrier.name)
    )
    rows = session.execute(query if park_id is None else query.where(Carrier.park_id == park_id)).all()
    count: dict[str, int] = {}
    for r in rows:
        count[r.verdict] = count.get(r.verdict, 0) + 1
    head = rows[:VERDICTS_SHOWN]
    scores = _scores(session, [r.carrier_id for r in head], window) if head else {}
    return [_verdict(r, scores.get(r.carrier_id)) for r in head], count


def _verdict(r: Any, score: Any) -> Verdict:
    known = (score.grade or "", score.total, score.id) if score is not None else ("", None, None)
    return Verdict(r.carrier_id, r.name, r.id, r.verdict, r.failed, r.unknown, r.missing or "", r.on_date, *known)


def _scores(session: Any, carriers: Sequence[int], window: Window) -> dict[int, Any]:
    s = RatingScore
    if not access.may(session, "ratings.score", "read"):
        return {}
    query = (
        select(s.id, s.carrier_id, s.grade, s.total)
        .where(s.carrier_id.in_(carriers), s.on_date <= window.on, s.state.in_(("scored", "signed")))
        .distinct(s.carrier_id)
        .order_by(s.carrier_id, s.on_date.desc(), s.id.desc())
    )
    return {r.carrier_id: r for r in session.execute(query)}


def _series(items: dict[str, Item], code: str, kind: str = "line", tone: str = "a") -> list[Series]:
    if code not in items:
        return []
    item = items[code]
    return [Series(str(item.kpi.title), item.values, kind, tone, lambda v, k=item.kpi: short(k, v))]


def _charts(items: dict[str, Item], labels: list[str]) -> list[tuple[str, Any, str, list[tuple[str, str, str]]]]:
    plans = (
        (
            "flow",
            _l("Firms in incubation"),
            [
                ("tenants.admitted", "bar", "b"),
                ("tenants.graduated", "bar", "c"),
                ("tenants.left", "bar", "d"),
                ("tenants.incubating", "line", "a"),
            ],
        ),
        ("space", _l("Occupancy and collection"), [("leasing.occupancy", "line", "a"), ("billing.collection_rate", "line", "c")]),
        (
            "recovery",
            _l("Cost recovery of the platforms"),
            [("platforms.recovery_billed", "line", "a"), ("platforms.recovery_cash", "line", "b")],
        ),
        ("money", _l("Receivables and relief"), [("leasing.relief_granted", "bar", "c"), ("billing.receivable_balance", "line", "a")]),
    )
    out = []
    for code, title, parts in plans:
        series = [s for c, kind, tone in parts for s in _series(items, c, kind, tone)]
        if series:
            out.append((code, title, chart(labels, series, title=str(title)), legend(series)))
    return out
