"""Indicators of space: worked figures, and tile = list = API for every one of them."""

from __future__ import annotations

from datetime import date

import pytest
from core_help import START as ADMITTED
from core_help import entry, incubatee
from space_help import building, floor, lease, unit

from modules.leasing.kpis.space import KPIS
from modules.leasing.services import holds, outages
from parkops.clock import Period
from parkops.kpi import engine
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all

TODAY = date(2022, 6, 30)
JUNE = Window(Period.parse("2022-06"), TODAY)


@pytest.fixture
def estate(session, park):
    """1,000 ㎡ lettable (600 let, 200 of them to a firm in incubation), a site of 500, own use 100, a hall of 300."""
    f = floor(session)
    let, small = unit(session, f, 400), unit(session, f, 200)
    lease(session, let, price="30", ends=date(2023, 6, 30))  # 365 days, 12,000.00 a month
    lease(session, small, firm=incubatee(session, ADMITTED), price="15", ends=date(2022, 12, 27), cycle=3)  # 180 days, 3,000.00 a month
    holds.hold_unit(session, unit_id=unit(session, f, 100).id, firm_id=entry(session).id, asked_on=date(2022, 6, 20))
    outages.create_outage(session, unit_id=unit(session, f, 50).id, cause="repair", starts_on=date(2022, 6, 1))
    left = unit(session, f, 150)
    lease(session, left, starts=date(2021, 1, 1), ends=date(2021, 12, 31))
    unit(session, f, 100)  # never let
    outages.create_outage(session, unit_id=unit(session, f, 100).id, cause="own_use", starts_on=date(2021, 1, 1))
    unit(session, f, 300, kind="public")
    unit(session, floor(session, building(session, construction="building")), 500)
    return park


def figure(session, code, park, key=""):
    kpi = next(k for k in KPIS if k.code == f"leasing.{code}")
    f = engine.measured_now(session, kpi, JUNE, park.id, key)
    return f.numerator, f.denominator


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("occupancy", (60000, 100000)),
        ("lettable_area", (100000, None)),
        ("incubatee_area", (20000, None)),
        ("incubatee_share", (20000, 60000)),
        ("average_rent", (1500000, 60000)),  # 15,000.00 ÷ 600 ㎡ = 25.00
        ("wale_area", (365 * 40000 + 180 * 20000, 60000)),
        ("wale_rent", (365 * 1200000 + 180 * 300000, 1500000)),
    ],
)
def test_worked_figures(session, estate, code, expected):
    assert figure(session, code, estate) == expected


@pytest.mark.parametrize(
    ("code", "key", "expected"),
    [
        ("expiring_area", "2022", 20000),
        ("expiring_area", "2023", 40000),
        ("expiring_rent", "2023", 1200000),
        ("vacant_area", "held", 10000),
        ("vacant_area", "outage", 15000),
        ("vacant_area", "after", 15000),
        ("vacant_area", "never_let", 10000),
        ("vacant_area", "construction", 50000),
    ],
)
def test_by_key(session, estate, code, key, expected):
    assert figure(session, code, estate, key)[0] == expected


def test_a_lease_past_its_end_counts_no_days_and_one_without_end_is_left_out(session, park):
    f = floor(session)
    over = lease(session, unit(session, f, 100), ends=date(2022, 12, 31), state="holding_over")
    over.ends_on = date(2022, 5, 31)
    lease(session, unit(session, f, 100), ends=None)
    assert figure(session, "wale_area", park) == (0, 10000)
    assert figure(session, "expiring_area", park, "over")[0] == figure(session, "expiring_area", park, "open")[0] == 10000


def test_rent_free_leases_do_not_lower_the_average(session, park):
    from sqlalchemy import delete

    from modules.leasing.models.lease import LeaseDue

    f = floor(session)
    lease(session, unit(session, f, 100), price="30")
    free = lease(session, unit(session, f, 100), price="30")
    session.execute(delete(LeaseDue).where(LeaseDue.lease_id == free.id, LeaseDue.period_from == date(2022, 6, 1)))
    assert figure(session, "average_rent", park) == (300000, 10000)
    assert figure(session, "occupancy", park) == (20000, 20000)


def test_tile_list_and_api_agree(session, estate):
    session.flush()
    assert check_all(session, KPIS, Period.parse("2022-06"), today=TODAY) == []
