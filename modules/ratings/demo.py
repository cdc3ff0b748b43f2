"""Demo of ratings: shipped schemes and indices, filings and income of the incubators, kept assessments, one sheet signed by another person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.carrier import Carrier
from parkops import clock
from parkops.demo import Context, Figure

from . import demo_cockpit, demo_forms, demo_reports
from .models.index import CompositeIndex, IndexFigure
from .models.scheme import RatingScheme
from .models.score import RatingScore
from .services import experts, filings, indices, recognition, schemes, scores
from .states import SCORE

RATIOS = {2018: ("1", "1", "1", "1", "1"), 2019: ("1.22", "1.08", "1.16", "1.12", "1.15"), 2020: ("1.50", "1.20", "1.35", "1.30", "1.30")}


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        schemes.ensure_schemes(s, context.park_id)
        indices.ensure_indices(s, context.park_id)
        _values(s, context.park_id)
        _filings(s, today)
    with context.scope("operations_clerk") as s:
        _assessments(s, today)
        number = _sheet(s, today)
    _judged(context, number, today)
    demo_reports.load(context, today)
    demo_cockpit.load(context)
    demo_forms.load(context)
    context.say("ratings: schemes, index, assessments, one signed sheet")


def _values(s: Any, park_id: int) -> None:
    index = s.scalars(select(CompositeIndex).where(CompositeIndex.park_id == park_id, CompositeIndex.key == "INTL-5")).one()
    _dims, inds = indices.parts_of(s, index)
    for year, ratios in RATIOS.items():
        for indicator, ratio in zip(inds, ratios, strict=True):
            indices.create_index_value(s, indicator_id=indicator.id, year=year, value=Decimal(ratio) * 100, source="合成示例，仅演示算法")


def _filings(s: Any, today: date) -> None:
    for c in recognition.carriers_on(s, today):
        for year in range(today.year - 3, today.year):
            filings.create_filing(s, carrier_id=c.id, year=year, filed_on=date(year + 1, 1, 20), receipt=f"HJ-{year}-{c.code}"[:120])


def _assessments(s: Any, today: date) -> None:
    sets = recognition.rule_sets(s, today)
    for c in recognition.carriers_on(s, today):
        for found in recognition.fitting(sets, c):
            if found.key in ("INC-2025-STD", "MS-FILING"):
                recognition.keep_assessment(s, c, rule_set=found.key, on=today, note="年度自评")


def _sheet(s: Any, today: date) -> str | None:
    scheme = s.scalars(select(RatingScheme).where(RatingScheme.key == "EVAL-GX-2023", RatingScheme.state == "active")).first()
    carrier = s.scalars(
        select(Carrier).where(Carrier.carrier_type == "incubator", Carrier.closed_on.is_(None)).order_by(Carrier.id)
    ).first()
    if scheme is None or carrier is None:
        return None
    return scores.create_score(
        s, carrier_id=carrier.id, scheme_id=scheme.id, year=today.year - 1, on_date=today, note="按广西指标体系试评，供对照"
    ).number


def _judged(context: Context, number: str | None, today: date) -> None:
    if number is None:
        return
    with context.scope("operations_manager") as s:
        experts.open_round(s, _of(s, number), needed=2, outlier="none")
    for role, points in (("operations_manager", ("16", "15", "34", "14")), ("finance", ("17", "16", "33", "15"))):
        with context.scope(role) as s:
            row = _of(s, number)
            given = {x.code: Decimal(p) for x, p in zip(experts.asked_of(s, row), points, strict=True)}
            experts.give_points(s, row, points=given, at=clock.now())
    with context.scope("operations_manager") as s:
        experts.close_round(s, _of(s, number))
    with context.scope("leadership") as s:
        row = _of(s, number)
        if row.state == SCORE.states[2].code:
            scores.sign_score(s, row, on=today)


def _of(s: Any, number: str) -> RatingScore:
    return s.scalars(select(RatingScore).where(RatingScore.number == number)).one()


def _index(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    index = session.scalars(select(CompositeIndex).where(CompositeIndex.park_id == park_id, CompositeIndex.key == "INTL-5")).one()
    found = {a.year: a.index for a in indices.answer(session, index).years}
    return found.get(2020), "ratings.index_value: five dimensions with equal weights, base year 2018 (synthetic, shows the arithmetic)"


def _values_kept(session: Any, park_id: int, on: date) -> tuple[Any, str]:
    return session.scalar(select(func.count(IndexFigure.id)).where(IndexFigure.park_id == park_id)), "ratings.index_value: values entered"


FIGURES = [
    Figure("INTL2020", "国际化指数2020（2018=100，合成示例）", Decimal("133"), _index),
    Figure("INTLN", "指数取值条数", 15, _values_kept),
    *demo_cockpit.FIGURES,
    *demo_forms.FIGURES,
]
