"""Rent relief as tables: domain.md 8.2 exactly, and its invariants over ten thousand cases."""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.leasing import calc_relief as calc
from parkops.clock import add_months

YEAR = [calc.Due(date(2022, m, 1), add_months(date(2022, m, 1), 1) - timedelta(days=1), Decimal(10000)) for m in range(1, 13)]
SOE = calc.Terms(3, 6)
CASES = 10_000 if os.environ.get("PARKOPS_NIGHTLY") else 1_000


def total(dues, terms=SOE, listed=False, spans=((date(2022, 1, 1), date(2022, 12, 31)),), taken=None):
    rents = list(calc.rent_by_month(dues).values())
    steps = calc.entitlement(terms, listed=listed, tenancy=calc.tenancy_share(terms.pro_rata, 2022, spans))
    return calc.propose(rents, steps, taken)


def test_three_months_six_where_the_county_was_listed():
    assert sum(g.amount for g in total(YEAR)) == Decimal("30000.00")
    assert sum(g.amount for g in total(YEAR, listed=True)) == Decimal("60000.00")


def test_part_year_tenancy_pro_rata():
    terms, spans = calc.Terms(3, 6, pro_rata="months"), ((date(2022, 3, 1), date(2022, 12, 31)),)
    grants = total(YEAR[2:], terms, spans=spans)
    assert [(g.month.month, g.amount) for g in grants] == [(3, Decimal("10000.00")), (4, Decimal("10000.00")), (5, Decimal("5000.00"))]
    assert sum(g.amount for g in grants) == Decimal("25000.00")
    assert sum(g.amount for g in total(YEAR[2:], terms, listed=True, spans=spans)) == Decimal("50000.00")
    assert sum(g.amount for g in total(YEAR[2:], SOE, spans=spans)) == Decimal("30000.00")  # without the rule


@pytest.mark.parametrize(("terms", "expected"), [
    (calc.Terms(3, rate=Fraction(1, 2)), "15000.00"),
    (calc.Terms(1, rate=Fraction(1), then_months=2, then_rate=Fraction(1, 2)), "20000.00"),  # 2020: free, then half
    (calc.Terms(12), "120000.00"),
    (calc.Terms(3, pro_rata="days"), "30000.00"),
])
def test_rates_and_steps(terms, expected):
    assert sum(g.amount for g in total(YEAR, terms)) == Decimal(expected)


def test_quarterly_rent_gives_the_same_months():
    quarter = [calc.Due(date(2022, 1, 1), date(2022, 3, 31), Decimal(30000)), calc.Due(date(2022, 4, 1), date(2022, 6, 30), Decimal(30000))]
    assert [(g.month.month, g.amount) for g in total(quarter)] == [(n, Decimal("10000.00")) for n in (1, 2, 3)]


def test_a_part_month_uses_only_its_part_of_the_entitlement():
    dues = [calc.Due(date(2022, 4, 16), date(2022, 4, 30), Decimal(5000)), *YEAR[4:]]
    grants = total(dues, spans=((date(2022, 4, 16), date(2022, 12, 31)),))
    assert [(g.month.month, g.amount, g.share) for g in grants] == [
        (4, Decimal("5000.00"), 1), (5, Decimal("10000.00"), 1), (6, Decimal("10000.00"), 1), (7, Decimal("5000.00"), Fraction(1, 2))]


def test_a_month_relieved_already_is_left_out():
    assert [g.month.month for g in total(YEAR, taken={date(2022, 2, 1): "RR-2022-00001"})] == [1, 3, 4]


def test_discounts_lower_the_payable_rent():
    rents = calc.rent_by_month([*YEAR[:1], calc.Due(date(2022, 1, 1), date(2022, 1, 31), Decimal(-2500))])
    assert rents[date(2022, 1, 1)].rent == Decimal("7500.00")
    assert calc.rent_by_month([calc.Due(date(2022, 1, 1), date(2022, 1, 31), Decimal(-2500))]) == {}


@pytest.mark.parametrize(("amount", "people"), [("0", 1), ("49999.99", 1), ("50000", 2), ("200000", 3)])
def test_people_by_amount(amount, people):
    assert calc.people_for(Decimal(amount), [(Decimal(0), 1), (Decimal(50000), 2), (Decimal(200000), 3)]) == people


DAYS = st.dates(date(2022, 1, 1), date(2022, 12, 31))
DUES = st.lists(st.tuples(DAYS, st.integers(0, 200), st.integers(1, 5_000_000)).map(
    lambda x: calc.Due(x[0], x[0] + timedelta(days=x[1]), Decimal(x[2]).scaleb(-2))), min_size=1, max_size=6)


@settings(max_examples=4 * CASES // 10, deadline=None)
@given(DUES)
def test_splitting_rent_over_months_loses_nothing(dues):
    assert sum(m.rent for m in calc.rent_by_month(dues).values()) == sum(d.amount for d in dues)


@settings(max_examples=6 * CASES // 10, deadline=None)
@given(DUES, st.integers(1, 6), st.integers(1, 100), st.integers(0, 6), st.integers(1, 100),
       st.sampled_from(("none", "months", "days")), st.booleans())
def test_invariants(dues, months, rate, then_months, then_rate, pro_rata, listed):
    """Σ relief ≤ Σ rent, no month above its rent, the total is the rounded exact total, never more months than granted, and
    a part differs by less than a fen from its exact share."""
    terms = calc.Terms(months, months + 3, Fraction(rate, 100), then_months, Fraction(then_rate, 100), pro_rata)
    rents = list(calc.rent_by_month(dues).values())
    steps = calc.entitlement(terms, listed=listed, tenancy=calc.tenancy_share(pro_rata, 2022, [(d.start, d.end) for d in dues]))
    grants = calc.propose(rents, steps)
    assert all(Decimal(0) <= g.amount <= g.rent for g in grants)
    exact = [g.share * Fraction(g.rent) for g in grants]
    assert abs(sum(exact, Fraction(0)) - Fraction(sum(g.amount for g in grants))) <= Fraction(1, 200)
    assert all(abs(x - Fraction(g.amount)) < Fraction(1, 100) for x, g in zip(exact, grants, strict=True))
    by_month = {r.month: r.coverage for r in rents}
    assert sum(by_month[g.month] * g.share for g in grants) <= sum(m * r for m, r in steps)
    assert len({g.month for g in grants}) == len(grants)
