"""Pure calculations: size class by the 2011 table, term clock, chain reconciliation, names, scores."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.tenants import calc
from modules.tenants.calc import Row, chain, size_class
from parkops.testing.depth import depth

WAN = 10000


def wan(amount):
    return None if amount is None else Decimal(amount) * WAN


# sector, at the lower bounds of small: (staff, revenue, assets in 10,000 yuan); then the indicators of the row
BOUNDS = {
    "industry": ((20, 300, None), (300, 2000, None)), "construction": ((None, 300, 300), (None, 6000, 5000)),
    "wholesale": ((5, 1000, None), (20, 5000, None)), "retail": ((10, 100, None), (50, 500, None)),
    "transport": ((20, 200, None), (300, 3000, None)), "storage": ((20, 100, None), (100, 1000, None)),
    "post": ((20, 100, None), (300, 2000, None)), "lodging": ((10, 100, None), (100, 2000, None)),
    "catering": ((10, 100, None), (100, 2000, None)), "telecom": ((10, 100, None), (100, 1000, None)),
    "software": ((10, 50, None), (100, 1000, None)), "real_estate": ((None, 100, 2000), (None, 1000, 5000)),
    "property": ((100, 500, None), (300, 1000, None)), "leasing_business": ((10, None, 100), (100, None, 8000)),
    "other": ((10, None, None), (100, None, None)),
}


def sized(sector, values):
    return size_class(sector, staff=values[0], revenue=wan(values[1]), assets=wan(values[2])).size


@pytest.mark.parametrize("sector", BOUNDS)
def test_each_row_at_its_bounds(sector):
    """At the lower bounds of small it is small; one indicator just below makes it micro; at the upper bounds it is medium."""
    low, high = BOUNDS[sector]
    assert sized(sector, low) == "small"
    assert sized(sector, high) == "medium"
    for i, value in enumerate(low):
        if value is not None:
            assert sized(sector, [v if j != i else value - 1 for j, v in enumerate(low)]) == "micro"
            below = [v if j != i else v - 1 for j, v in enumerate(high)]
            assert sized(sector, below) == "small", (sector, below)


def test_every_row_of_the_table_is_tested():
    assert set(BOUNDS) == set(calc.SIZE_TABLE)


def test_just_below_the_bound_in_money():
    assert size_class("software", staff=10, revenue=Decimal("499999.99")).size == "micro"
    assert size_class("software", staff=10, revenue=Decimal("500000.00")).size == "small"


def test_cannot_say_names_what_is_missing():
    assert size_class(None, staff=5).missing == ("sector",)
    assert size_class("agriculture", revenue=Decimal(1)).size == "unknown"
    found = size_class("software", staff=50)
    assert found.size == "unknown" and found.missing == ("revenue",) and found.small_or_micro is None
    assert size_class("software", staff=9).size == "micro"  # micro is "either below": the missing one cannot change it
    assert size_class("software", revenue=Decimal(0)).small_or_micro is True


@given(st.sampled_from(sorted(BOUNDS)), st.integers(0, 5000), st.integers(0, 10**6), st.integers(0, 10**6))
@settings(max_examples=depth(200, 5000), deadline=None)
def test_more_never_makes_a_firm_smaller(sector, staff, revenue, assets):
    order = ["micro", "small", "medium", "large"]
    first = size_class(sector, staff=staff, revenue=wan(revenue), assets=wan(assets)).size
    more = size_class(sector, staff=staff + 1, revenue=wan(revenue + 1), assets=wan(assets + 1)).size
    assert order.index(more) >= order.index(first)


def test_term_clock():
    end = calc.term_end(date(2021, 3, 1), 48)
    assert end == date(2025, 3, 1)
    assert calc.term_end(date(2021, 3, 1), 48, 12) == date(2026, 3, 1)
    assert calc.term_end(date(2021, 3, 1), None, 12) is None
    first = calc.term(date(2021, 3, 1), date(2021, 3, 1), end)
    assert (first.days, first.allowed, first.left, first.over) == (1, 1461, 1461, False)
    last = calc.term(date(2021, 3, 1), end - timedelta(days=1), end)
    assert (last.days, last.left, last.over) == (1461, 1, False)
    assert calc.term(date(2021, 3, 1), end + timedelta(days=1), end).over
    assert calc.term_end(date(2020, 2, 29), 12) == date(2021, 2, 28)


def test_months_between():
    assert calc.months_between(date(2021, 1, 31), date(2021, 2, 28)) == 1
    assert calc.months_between(date(2021, 1, 15), date(2021, 2, 14)) == 0
    assert calc.months_between(date(2021, 3, 1), date(2021, 1, 1)) == 0
    assert calc.months_between(date(2019, 6, 1), date(2021, 6, 1)) == 24


def rows(*spec):
    """rows(("incubating", 1, "2021-01-05"), …): each until the next."""
    days = [date.fromisoformat(d) for _s, _c, d in spec] + [None]
    return [Row(s, c, days[i], days[i + 1]) for i, (s, c, _d) in enumerate(spec)]


STORY = {
    1: rows(("incubating", 1, "2020-05-01")),
    2: rows(("team", 2, "2020-05-01"), ("incubating", 1, "2021-03-01")),
    3: rows(("incubating", 1, "2020-05-01"), ("graduated", 1, "2021-07-01")),
    4: rows(("incubating", 1, "2021-02-01"), ("left", 1, "2021-09-01")),
    5: rows(("incubating", 1, "2020-05-01"), ("incubating", 2, "2021-06-01")),
    6: rows(("incubating", 2, "2020-05-01"), ("dissolved", 2, "2021-01-01")),
    7: rows(("incubating", 1, "2022-01-01")),
    8: rows(("incubating", 1, "2020-05-01"), ("left", 1, "2020-12-31"), ("incubating", 1, "2021-05-01")),
}


def test_chain_of_a_year_reconciles():
    year = (date(2021, 1, 1), date(2022, 1, 1))
    whole = chain(STORY, *year)
    assert (whole.opening, whole.new, whole.graduated, whole.left, whole.dissolved, whole.closing) == (4, 3, 1, 1, 1, 4)
    first = chain(STORY, *year, carrier_id=1)
    second = chain(STORY, *year, carrier_id=2)
    assert first.moved == -1 and second.moved == 1
    for found in (whole, first, second):
        assert found.difference == 0
    assert first.opening + second.opening == whole.opening and first.closing + second.closing == whole.closing


def test_control_a_chain_without_moves_does_not_reconcile_per_carrier():
    found = chain(STORY, date(2021, 1, 1), date(2022, 1, 1), carrier_id=1)
    assert calc.Chain(found.opening, found.new, found.graduated, found.left, found.dissolved, found.closing).difference != 0


@st.composite
def histories(draw):
    out = {}
    for firm in range(draw(st.integers(1, 6))):
        days = sorted(draw(st.sets(st.integers(0, 900), min_size=1, max_size=5)))
        start = date(2020, 1, 1)
        spec = [(draw(st.sampled_from(["team", "incubating", "graduated", "left", "dissolved"])), draw(st.integers(1, 2)),
                 (start + timedelta(days=d)).isoformat()) for d in days]
        out[firm] = rows(*spec)
    return out


@given(histories(), st.integers(0, 500), st.integers(1, 400), st.sampled_from([None, 1, 2]))
@settings(max_examples=depth(300, 5000), deadline=None)
def test_every_chain_reconciles(story, offset, length, carrier):
    start = date(2020, 1, 1) + timedelta(days=offset)
    assert chain(story, start, start + timedelta(days=length), carrier_id=carrier).difference == 0


def test_status_on():
    history = STORY[2]
    assert calc.status_on(history, date(2020, 4, 30)) is None
    assert calc.status_on(history, date(2021, 2, 28)).state == "team"
    assert calc.status_on(history, date(2021, 3, 1)).state == "incubating"


def test_names_and_phones():
    assert calc.name_key("济宁（高新）甲 公司") == calc.name_key("济宁(高新)甲公司")
    assert calc.name_key("ＡＢＣ Co., Ltd.") == "abccoltd"
    assert calc.phone_key("+86 139-0537-0001") == calc.phone_key("13905370001") == "13905370001"
    assert calc.phone_key("12345") is None and calc.phone_key(None) is None


def test_weighted_scores():
    assert calc.weighted([(25, 80), (25, 90), (50, 61)]) == Decimal("73.00")
    assert calc.weighted([(1, 1), (2, 2)]) == Decimal("1.67")
    assert calc.weighted([]) is None and calc.mean([]) is None
    assert calc.mean([Decimal("80.00"), Decimal("85.01")]) == Decimal("82.51")
