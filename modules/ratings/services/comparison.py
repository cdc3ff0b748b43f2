"""Carriers side by side: measures of recognition, KPIs kept per carrier, grades and own scores. Rules R-115 to R-117.

Set-based: statements depend on the measures (four of them ask once per carrier), never on the firms; the park scope confines every read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import GRADE_SCHEMES, GRADES, Carrier, CarrierGrade
from parkops.clock import Period
from parkops.errors import NotFound, Problem, RuleError
from parkops.i18n import _, _l
from parkops.kpi import store
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import shown as kpi_text
from parkops.kpi.figures import unit_word
from parkops.rules.units import unit_text
from parkops.security import access

from ..calc_compare import Compared, compare
from ..models.score import RatingScore
from .measures import CARRIER, MEASURES, gather_measures

RESOURCE = "ratings.comparison"
LEAST, MOST = 2, 6
RADAR = (
    "sme_share",
    "invested_firm_share",
    "financed_firm_share",
    "growth_share",
    "new_registered_share",
    "graduate_share",
    "ip_valid_share",
    "fulltime_staff_share",
)


@dataclass(frozen=True)
class Row:
    """One figure of every carrier. texts: as shown; urls: where each opens; compared: best and median."""

    code: str
    title: str
    unit: str
    values: tuple[Decimal | None, ...]
    texts: tuple[str, ...]
    urls: tuple[str, ...]
    compared: Compared
    kind: str = "measure"
    show: Any = str  # a value as a text


@dataclass(frozen=True)
class Side:
    """The page: carriers in their order, rows by part, grades and scores per carrier."""

    carriers: tuple[Carrier, ...]
    measures: tuple[Row, ...]
    kpis: tuple[Row, ...]
    grades: dict[int, list[CarrierGrade]]
    scores: dict[int, list[RatingScore]]


def chosen(session: Any, ids: Sequence[int]) -> list[Carrier]:
    """R-116: two to six carriers of one's parks. Raises NotFound or RuleError in one sentence."""
    wanted = list(dict.fromkeys(ids))
    if not LEAST <= len(wanted) <= MOST:
        raise RuleError([Problem("ratings.R-116", _l("Choose %(least)s to %(most)s carriers.", least=LEAST, most=MOST), "c")])
    found = {c.id: c for c in session.scalars(select(Carrier).where(Carrier.id.in_(wanted)))}
    if len(found) != len(wanted):
        raise NotFound(_l("There is no such record in your parks."))
    return [found[i] for i in wanted]


def side_by_side(session: Any, carriers: Sequence[Carrier], on: date, period: Period) -> Side:
    """R-115: the comparison. It writes nothing."""
    access.require(session, RESOURCE, "read")
    access.require(session, CARRIER, "read")
    return Side(
        tuple(carriers),
        tuple(_measures(session, carriers, on)),
        tuple(_kpis(session, carriers, period)),
        _grades(session, carriers),
        _scores(session, carriers),
    )


def _measures(session: Any, carriers: Sequence[Carrier], on: date) -> list[Row]:
    found, out = gather_measures(session, carriers, list(MEASURES), on), []
    for m in MEASURES.values():
        given = [found[c.id].get(m.name) for c in carriers]
        values = tuple(x.count.value if x is not None else None for x in given)
        if all(v is None for v in values):
            continue
        texts = tuple(_("Cannot say") if v is None else _text(m.fmt, v) for v in values)
        urls = tuple(f"/ratings/recognition/{c.id}?on={on}" for c in carriers)
        out.append(
            Row(
                m.name,
                str(m.title),
                "" if m.fmt == "percent" else unit_text(m.unit),
                values,
                texts,
                urls,
                compare(values),
                show=partial(_text, m.fmt),
            )
        )
    return out


def _text(fmt: str | None, value: Decimal) -> str:
    """Shares in percent with one place, other figures with at most two."""
    if fmt == "percent":
        return f"{(value * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP):,} %"
    return f"{int(value):,}" if value == value.to_integral_value() else f"{value.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,}"


def _kpis(session: Any, carriers: Sequence[Carrier], period: Period) -> list[Row]:
    kpis = [k for k in readable(session).values() if k.dimension == CARRIER and period.grain in k.grains]
    if not kpis:
        return []
    parks = {c.park_id for c in carriers}
    one = next(iter(parks)) if len(parks) == 1 else None
    found = store.figures(session, [k.code for k in kpis], [period], park_id=one, every_park=one is None, keys=True)
    have = {(s.kpi.code, s.key): s for s in found if s.key}
    out = []
    for k in kpis:
        given = [have.get((k.code, str(c.id))) for c in carriers]
        # a stored split without this carrier means none there, when the KPI counts own records
        split = any(code == k.code for code, _key in have)
        values = tuple(s.value if s is not None else Decimal(0) if k.empty_is_zero and split else None for s in given)
        if all(v is None for v in values):
            continue
        urls = tuple(f"/core/kpi/{k.code}/list?period={period.key}&park={c.park_id}&key={c.id}" for c in carriers)
        texts = tuple(kpi_text(k, v) for v in values)
        out.append(
            Row(k.code, str(k.title), str(unit_word(k)), values, texts, urls, compare(values, k.better), "kpi", partial(kpi_text, k))
        )
    return out


def _grades(session: Any, carriers: Sequence[Carrier]) -> dict[int, list[CarrierGrade]]:
    g, out = CarrierGrade, {c.id: [] for c in carriers}
    if access.may(session, "tenants.carrier_grade", "read"):
        for row in session.scalars(select(g).where(g.carrier_id.in_(list(out))).order_by(g.year, g.published_on, g.id)):
            out[row.carrier_id].append(row)
    return out


def _scores(session: Any, carriers: Sequence[Carrier]) -> dict[int, list[RatingScore]]:
    s, out = RatingScore, {c.id: [] for c in carriers}
    if access.may(session, "ratings.score", "read"):
        query = select(s).where(s.carrier_id.in_(list(out)), s.state.in_(("scored", "signed"))).order_by(s.year, s.id)
        for row in session.scalars(query):
            out[row.carrier_id].append(row)
    return out


def grade_text(row: CarrierGrade) -> str:
    """ "2021 A excellent (national evaluation)"."""
    return f"{row.year} {GRADES.label(row.grade)} · {GRADE_SCHEMES.label(row.scheme)}"


def radar_rows(side: Side) -> list[Row]:
    """Shares every carrier is judged by, for the radar: those of the list that are known of at least one; at most eight."""
    by_code = {r.code: r for r in side.measures}
    chosen_ones = [by_code[c] for c in RADAR if c in by_code]
    shares = chosen_ones or [r for r in side.measures if MEASURES[r.code].fmt == "percent"]
    return shares[:8]


__all__ = ["Row", "Side", "chosen", "grade_text", "radar_rows", "side_by_side"]
