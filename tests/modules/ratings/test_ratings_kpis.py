"""Ratings' own KPIs: tile, list, JSON and roll-up of each are one number; Σ÷Σ over two parks; the newest assessment counts."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from support_help import carrier

from modules.ratings.kpis.ratings import KPIS
from modules.ratings.models.assessment import RecognitionAssessment
from modules.ratings.services import recognition
from modules.tenants.models.carrier import CarrierGrade, CarrierRecognition
from parkops.clock import Period
from parkops.kpi import engine, store
from parkops.kpi.registry import Window
from parkops.testing import kpi_checks

TODAY = date(2026, 3, 20)
MARCH = Period.month(TODAY)


def assessment(s, c, verdict, failed=0, unknown=0, day=date(2026, 3, 2)):
    kept = s.scalars(select(RecognitionAssessment)).first() or recognition.keep_assessment(
        s, c, rule_set="INC-2025-STD", on=date(2026, 3, 1)
    )
    values = {n: getattr(kept, n) for n in ("rule_set", "decision_id", "measures", "options")}
    row = RecognitionAssessment(
        park_id=c.park_id, carrier_id=c.id, on_date=day, verdict=verdict, passed=20, failed=failed, unknown=unknown, **values
    )
    s.add(row)
    s.flush()
    return row


def built(s, park, park2):
    c = carrier(s)
    assessment(s, c, "pass")
    other = carrier(s, park_id=park2.id)
    assessment(s, other, "fail", failed=2, unknown=3)
    third = carrier(s, park_id=park2.id)
    assessment(s, third, "pass", day=date(2026, 3, 5))
    for x in (c, third):
        s.add(CarrierRecognition(carrier_id=x.id, park_id=x.park_id, level="national", recognised_on=date(2020, 1, 1)))
    s.add(
        CarrierRecognition(
            carrier_id=other.id, park_id=park2.id, level="municipal", recognised_on=date(2019, 1, 1), valid_to=date(2025, 1, 1)
        )
    )
    for year, grade in ((2020, "A"), (2021, "B")):
        s.add(CarrierGrade(carrier_id=c.id, park_id=c.park_id, year=year, grade=grade, published_on=date(year + 1, 6, 1)))
    s.add(CarrierGrade(carrier_id=third.id, park_id=park2.id, year=2021, grade="A", published_on=date(2022, 6, 1)))
    s.flush()
    return c, other, third


def test_each_indicator_is_one_number_everywhere(session, park, park2):
    built(session, park, park2)
    kpi_checks.check_all(session, KPIS, MARCH, today=TODAY)


def test_shares_are_sums_over_sums(session, park, park2):
    built(session, park, park2)
    kpi = next(k for k in KPIS if k.code == "ratings.passing")
    window = Window(MARCH, TODAY)
    parts = [engine.measured_now(session, kpi, window, p.id) for p in (park, park2)]
    assert [(f.numerator, f.denominator) for f in parts] == [(1, 1), (1, 2)]
    every = engine.measured_now(session, kpi, window, None)
    assert (every.numerator, every.denominator) == (2, 3)  # not the mean of 100 % and 50 %
    engine.compute(session, MARCH, ["ratings.passing"], today=TODAY)
    assert store.figures(session, ["ratings.passing"], [MARCH])[0].value == Decimal("0.666667")


def test_newest_counts_and_a_lapsed_recognition_does_not(session, park, park2):
    built(session, park, park2)
    found = {k.code: engine.measured_now(session, k, Window(MARCH, TODAY), None).numerator for k in KPIS}
    assert found["ratings.recognised"] == 2 and found["ratings.grade_a"] == 1
    assert (found["ratings.gates_failed"], found["ratings.gates_unknown"]) == (2, 3)
    assert found["ratings.own_score"] is None  # no sheet: not reported, not zero
