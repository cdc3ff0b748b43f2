"""Sharing metrics of an instrument's year by dated parameters with their source (domain.md 11.2, U-133)."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import recovery_help as h

import modules.platforms
from modules.platforms.models.result import InstrumentYear
from modules.platforms.services import evaluations
from parkops.errors import Refused
from parkops.rules import parameters
from parkops.rules.loader import load_file
from parkops.rules.models import Parameter

D = Decimal
RULES = Path(modules.platforms.__file__).parent / "data/rules"
SHIPPED = {
    "sharing_share_step": "0.1", "sharing_share_points": 10, "sharing_income_outside": "1.5", "sharing_income_step": "0.2",
    "sharing_income_points": 15, "sharing_hours_step": 100, "sharing_hours_points": 15, "sharing_weight_operation": "0.4",
    "sharing_weight_sharing": "0.2", "sharing_weight_management": "0.4", "national_units": 344, "national_instruments": 42_000,
    "national_least_value": 500_000, "national_hours": 1440, "national_outside_hours": 240, "national_share_rate": "0.16",
    "national_income": 1_800_000_000, "national_big_value": 10_000_000, "national_big_hours": 964, "national_big_share_rate": "0.34"}


@pytest.fixture
def year(session):
    """1,000 hours, 200 of them outside; 20,000 and 60,000 charged; an instrument of 800,000."""
    for name in ("evaluation", "sharing"):
        load_file(session, RULES / f"{name}.yaml")
    i = h.instrument(session, h.platform(session), value="800000")
    inside, outside = h.project(session), h.project(session, klass="external")
    for n in range(10):
        h.event(session, i, inside, date(2021, 2, 1 + n), 80, gross=2_000, hour=0)
    for n in range(2):
        h.event(session, i, outside, date(2021, 3, 1 + n), 100, gross=30_000, hour=0)
    row = InstrumentYear(park_id=i.park_id, instrument_id=i.id, year=2021)
    session.add(row)
    session.flush()
    return row


@pytest.mark.parametrize(("code", "value"), SHIPPED.items())
def test_the_shipped_values_name_their_source(session, code, value):
    load_file(session, RULES / "sharing.yaml")
    found = parameters.get(session, f"platforms.{code}", date(2021, 12, 31))
    assert D(str(found.value)) == D(str(value)) and found.provenance == "S2" and found.doc_no


def test_weights_make_one_whole(session):
    load_file(session, RULES / "sharing.yaml")
    assert sum(evaluations.weights(session, date(2021, 12, 31)).values()) == 1


def test_the_metrics_of_a_year(session, year):
    assert evaluations.sharing(session, year) == {"share": 20, "income": D("10.31"), "hours": 10}  # 110,000 ÷ 800,000 ÷ 0.2 × 15


def test_another_value_holds_from_its_day_on(session, year):
    step = session.query(Parameter).filter_by(code="platforms.sharing_share_step").one()
    step.value = "0.2"
    session.flush()
    assert evaluations.sharing(session, year)["share"] == 10
    session.delete(step)
    session.flush()
    with pytest.raises(Refused, match="platforms.sharing_share_step"):
        evaluations.sharing(session, year)


def test_the_year_stands_beside_the_national_average(session, year):
    assert [(x.code, x.own, x.national) for x in evaluations.beside_national(session, year)] == [
        ("hours", 1000, 1440), ("outside_hours", 200, 240), ("share_rate", D("0.2"), D("0.16"))]
    year.year = 2018  # before the benchmark
    assert {x.national for x in evaluations.beside_national(session, year)} == {None}


def test_the_page_shows_both(session, year, client, login_as):
    session.commit()
    login_as(client, "operations_manager")
    body = client.get(f"/platforms/instrument_year/{year.id}?tab=evaluation").get_data(as_text=True)
    for text in ("1,440.0", "240.0", "全国平均", "344", "42,000"):
        assert text in body, text
