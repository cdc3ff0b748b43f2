"""Pricing of events as tables, and the property that cutting along windows changes nothing in sum."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.platforms.calc_pricing import (
    Tariff,
    Window,
    capped,
    cut,
    days_of,
    fresh_days,
    half_up,
    minutes_between,
    pieces,
    price,
    reduced,
    stepped,
    tier_percent,
)
from parkops.testing.depth import depth

WORK = frozenset({1, 2, 3, 4, 5})
EVERY = frozenset(range(1, 8))
MON = datetime(2026, 3, 2, 9)  # a Monday


def at(hours: float, start: datetime = MON) -> datetime:
    return start + timedelta(minutes=round(hours * 60))


@pytest.mark.parametrize(
    "tariff,hours,expected",
    [
        (Tariff("hour", D("200")), 1, "200.00"),
        (Tariff("hour", D("100")), 1 / 3, "33.33"),
        (Tariff("hour", D("100")), 2 / 3, "66.67"),
        (Tariff("hour", D("0.3")), 1 / 60, "0.01"),  # 0.005 goes up
        (Tariff("hour", D("0.2999")), 1 / 60, "0.00"),
        (Tariff("hour", D("200"), minimum=D("300.00")), 1, "300.00"),
        (Tariff("hour", D("200"), minimum=D("300.00"), service_fee=D("50.00")), 1, "350.00"),
        (Tariff("hour", D("200"), service_fee=D("50.00")), 2, "450.00"),
        (Tariff("hour", D("200"), tiers=((120, D("150")),)), 2, "400.00"),
        (Tariff("hour", D("200"), tiers=((120, D("150")), (240, D("100")))), 5, "800.00"),
        (Tariff("flat", D("80")), 7, "80.00"),
        (Tariff("day", D("80")), 7, "80.00"),
        (Tariff("day", D("80")), 24, "160.00"),  # 9:00 to 9:00 touches two days
        (Tariff("day", D("80")), 15, "80.00"),  # until midnight
        (Tariff("hour", D("200"), windows=(Window(WORK, 600, 660, D("100")),)), 2, "300.00"),
        (Tariff("hour", D("200"), windows=(Window(frozenset({6, 7}), 0, 1440, D("100")),)), 2, "400.00"),
    ],
)
def test_price_of_an_event(tariff, hours, expected):
    assert price(tariff, start=MON, end=at(hours)) == D(expected)


@pytest.mark.parametrize("quantity,expected", [("1", "30.00"), ("2.5", "75.00"), ("12", "320.00"), ("0.3333", "10.00")])
def test_price_per_unit_with_tiers(quantity, expected):
    tariff = Tariff("unit", D("30"), tiers=((10, D("10")),))
    assert price(tariff, start=MON, end=MON, quantity=D(quantity)) == D(expected)


def test_seconds_are_cut_off_at_both_ends():
    assert minutes_between(MON.replace(second=59), at(1).replace(second=1)) == 60
    assert price(Tariff("hour", D("60")), start=MON.replace(second=59), end=at(1).replace(second=1)) == D("60.00")


def test_window_over_the_weekend_takes_its_own_days_only():
    friday = datetime(2026, 3, 6, 22)
    found = cut(Tariff("hour", D("10"), windows=(Window(frozenset({6}), 0, 1440, D("5")),)), friday, friday + timedelta(hours=28))
    assert [(p.quantity, p.amount) for p in found] == [(D(240), D("10")), (D(1440), D("5"))]


def test_cap_of_a_day_cuts_the_later_events():
    assert capped([D("80"), D("50"), D("20")], D("100")) == [D("80"), D("20"), D("0")]
    assert capped([D("80"), D("50")], None) == [D("80"), D("50")]


def test_a_day_is_charged_once():
    two_days = (MON, at(24))
    assert fresh_days([(MON, at(1)), (at(2), at(3)), two_days]) == [1, 0, 1]
    assert pieces(Tariff("day", D("80")), start=MON, end=at(1), days=0) == []


@pytest.mark.parametrize("total,percent", [("999.99", "0"), ("1000.00", "0.05"), ("5000.00", "0.1"), ("90000.00", "0.1")])
def test_highest_discount_step_reached(total, percent):
    assert tier_percent(D(total), [(D("5000"), D("0.1")), (D("1000"), D("0.05"))]) == D(percent)


@pytest.mark.parametrize(
    "gross,percent,entitled,waived,expected",
    [
        ("100.00", "0", "0", False, ("0.00", "0", "0", "100.00")),
        ("100.00", "0.1", "30.00", False, ("10.00", "30.00", "0", "60.00")),
        ("100.00", "0.1", "300.00", False, ("10.00", "90.00", "0", "0.00")),
        ("100.00", "0.1", "30.00", True, ("10.00", "30.00", "60.00", "0")),
        ("-40.00", "0.1", "0", False, ("0", "0", "0", "-40.00")),
    ],
)
def test_reductions_sum_to_the_price(gross, percent, entitled, waived, expected):
    found = reduced(D(gross), D(percent), D(entitled), waived)
    assert found == tuple(D(x) for x in expected)
    assert sum(found) == D(gross)


prices = st.integers(0, 9_000_000).map(lambda n: D(n).scaleb(-4))
moments = st.integers(0, 60 * 24 * 21).map(lambda n: datetime(2026, 3, 2) + timedelta(minutes=n))


@st.composite
def windows(draw):
    """Windows of a sheet: they never share a minute of the week."""
    found, free = [], {d: [(0, 1440)] for d in EVERY}
    for _n in range(draw(st.integers(0, 4))):
        days = draw(st.sets(st.integers(1, 7), min_size=1))
        first = draw(st.integers(0, 1438))
        last = draw(st.integers(first + 1, 1440))
        if all(any(a <= first and last <= b for a, b in free[d]) for d in days):
            for d in days:
                free[d] = [p for a, b in free[d] for p in ([(a, first), (last, b)] if a <= first and last <= b else [(a, b)]) if p[0] < p[1]]
            found.append(Window(frozenset(days), first, last, draw(prices)))
    return tuple(found)


@settings(max_examples=depth(120, 5000), deadline=None)
@given(prices, windows(), moments, st.integers(0, 60 * 24 * 10), st.integers(0, 100))
def test_cut_along_windows_sums_to_the_whole(base, sheet, start, length, share):
    tariff, end = Tariff("hour", base, windows=sheet), start + timedelta(minutes=length)
    found = cut(tariff, start, end)
    assert sum(p.quantity for p in found) == length and all(p.quantity > 0 for p in found)
    flat = Tariff("hour", base, windows=tuple(Window(w.weekdays, w.from_minute, w.to_minute, base) for w in sheet))
    assert price(flat, start=start, end=end) == price(Tariff("hour", base), start=start, end=end)
    middle = start + timedelta(minutes=length * share // 100)
    exact = [sum((p.exact for p in cut(tariff, a, b)), Fraction(0)) for a, b in ((start, middle), (middle, end), (start, end))]
    assert exact[0] + exact[1] == exact[2]


@settings(max_examples=depth(100, 3000), deadline=None)
@given(st.integers(0, 10_000), prices, st.dictionaries(st.integers(1, 9_000), prices, max_size=4))
def test_tiers_cover_the_quantity_once(quantity, base, tiers):
    found = stepped("minute", D(quantity), base, tuple(tiers.items()))
    assert sum((p.quantity for p in found), D(0)) == quantity
    same = stepped("minute", D(quantity), base, tuple((after, base) for after in tiers))
    assert half_up(sum((p.exact for p in same), Fraction(0))) == half_up(Fraction(quantity) * Fraction(base) / 60)


@settings(max_examples=depth(80, 2000), deadline=None)
@given(st.lists(st.tuples(moments, st.integers(0, 4000)), max_size=8))
def test_every_day_is_charged_exactly_once(found):
    events = sorted((a, a + timedelta(minutes=n)) for a, n in found)
    assert sum(fresh_days(events)) == len({d for a, b in events for d in days_of(a, b)})
