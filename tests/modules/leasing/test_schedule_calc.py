"""The schedule as tables: rules for part months, cycles, steps, rent-free days, indexation, discounts, subsidies, turnover."""

import itertools
from datetime import date
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.leasing import calc_dates
from modules.leasing.calc_schedule import Index, Line, Reduction, Terms, rounded, schedule

JAN = date(2026, 1, 1)


def amounts(terms, *lines, until=None, kind="charge"):
    return [r.amount for r in schedule(terms, list(lines), until).rows if r.kind == kind]


# 100 ㎡ at 30 yuan = 3,000.00 a month; 10 February to 15 April 2026: 19 of 28 days, one month, 15 of 30 days
PARTS = [
    ("actual_days", ["2035.71", "3000.00", "1500.00"]),  # 3000 × 19/28, 3000, 3000 × 15/30
    ("days_30", ["1900.00", "3000.00", "1500.00"]),  # 3000 × 19/30, 3000, 3000 × 15/30
    ("days_365", ["1873.97", "3000.00", "1479.45"]),  # 3000 × 12 × 19/365, 3000, 3000 × 12 × 15/365
]


@pytest.mark.parametrize(("rule", "wanted"), PARTS)
def test_part_months_by_rule(rule, wanted):
    terms = Terms(date(2026, 2, 10), date(2026, 4, 15), rule)
    assert amounts(terms, Line(1, "sqm_month", D(30), D(100))) == [D(x) for x in wanted]


def test_full_months_count_from_the_first_day():
    rows = schedule(Terms(date(2026, 1, 31), date(2026, 4, 30), "full_months"), [Line(1, "month", D(1000))]).rows
    assert [(r.period_from, r.period_to, r.amount) for r in rows] == [
        (date(2026, 1, 31), date(2026, 2, 27), D("1000.00")),
        (date(2026, 2, 28), date(2026, 3, 30), D("1000.00")),
        (date(2026, 3, 31), date(2026, 4, 29), D("1000.00")),
        (date(2026, 4, 30), date(2026, 4, 30), D("32.26")),
    ]
    assert calc_dates.whole_months(date(2026, 1, 31), date(2026, 4, 29)) and not calc_dates.whole_months(
        date(2026, 1, 31), date(2026, 4, 30)
    )


# price per ㎡ and day 1.00, 100 ㎡, 20 January to 28 February 2026
DAILY = [("actual_days", ["1200.00", "2800.00"]), ("days_30", ["1200.00", "3000.00"]), ("days_365", ["1200.00", "3041.67"])]


@pytest.mark.parametrize(("rule", "wanted"), DAILY)
def test_price_per_day(rule, wanted):
    assert amounts(Terms(date(2026, 1, 20), date(2026, 2, 28), rule), Line(1, "sqm_day", D(1), D(100))) == [D(x) for x in wanted]


CYCLES = [
    (1, "advance", JAN, date(2026, 1, 31), date(2026, 1, 1), date(2026, 1, 5)),
    (3, "advance", JAN, date(2026, 3, 31), date(2026, 1, 1), date(2026, 1, 5)),
    (6, "arrears", JAN, date(2026, 6, 30), date(2026, 7, 1), date(2026, 7, 5)),
    (12, "arrears", JAN, date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 5)),
]


@pytest.mark.parametrize(("cycle", "timing", "starts", "ends", "month", "due"), CYCLES)
def test_cycles_advance_and_arrears(cycle, timing, starts, ends, month, due):
    row = schedule(Terms(JAN, date(2027, 12, 31)), [Line(1, "year", D(12000), cycle_months=cycle, timing=timing)]).rows[0]
    assert (row.period_from, row.period_to, row.bill_month, row.due_on, row.amount) == (starts, ends, month, due, D(1000) * cycle)


def test_due_day_is_clipped_and_never_before_the_period():
    terms = Terms(date(2026, 1, 20), date(2026, 4, 30), due_day=31)
    assert [r.due_on for r in schedule(terms, [Line(1, "month", D(1))]).rows] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    early = Terms(date(2026, 1, 20), date(2026, 2, 28), due_day=5)
    assert [r.due_on for r in schedule(early, [Line(1, "month", D(1))]).rows] == [date(2026, 1, 20), date(2026, 2, 5)]


def test_steps_of_a_real_place():
    """武昌: 18 yuan/㎡·month in the first year, 15 in the second (domain.md 8.3)."""
    found = schedule(Terms(JAN, date(2027, 12, 31)), [Line(1, "sqm_month", D(18), D(50), steps=((date(2027, 1, 1), D(15)),))])
    assert {y: t["total"] for y, t in found.years().items()} == {2026: D("10800.00"), 2027: D("9000.00")} and found.total == D("19800.00")


def test_step_inside_a_month_shares_the_month():
    line = Line(1, "month", D(3100), steps=((date(2026, 1, 11), D(6200)),))
    assert amounts(Terms(JAN, date(2026, 1, 31)), line) == [D("5200.00")]  # 10/31 × 3100 + 21/31 × 6200
    assert amounts(Terms(JAN, date(2026, 1, 31), "days_30"), line) == [D("5200.00")]  # a whole month costs a whole month


def test_rent_free_days_and_months():
    rows = schedule(Terms(JAN, date(2026, 4, 30)), [Line(1, "month", D(3000), free=((JAN, date(2026, 2, 14)),))]).rows
    assert [r.amount for r in rows] == [D("0.00"), D("1500.00"), D("3000.00"), D("3000.00")]
    quarter = schedule(Terms(JAN, date(2026, 3, 31)), [Line(1, "month", D(3000), cycle_months=3, free=((JAN, date(2026, 1, 31)),))]).rows
    assert [r.amount for r in quarter] == [D("6000.00")]


def test_increase_by_a_rate_on_anniversaries():
    line = Line(1, "sqm_month", D("30"), D(100), index=Index(12, D("0.03")))
    years = schedule(Terms(JAN, date(2028, 12, 31)), [line]).years()
    assert [y["total"] for y in years.values()] == [D("36000.00"), D("37080.00"), D("38192.40")]  # 30, 30.9, 31.827
    shifted = schedule(
        Terms(JAN, date(2026, 12, 31)), [Line(1, "month", D(100), index=Index(12, D("0.1"), first_on=date(2026, 7, 1)))]
    ).rows
    assert [r.amount for r in shifted] == [D("100.00")] * 6 + [D("110.00")] * 6


def test_an_index_not_published_is_unknown_not_unchanged():
    index = Index(12, None, ((date(2026, 1, 1), D("100")), (date(2027, 1, 1), D("102.5"))))
    found = schedule(Terms(JAN, date(2028, 12, 31)), [Line(1, "month", D(1000), cycle_months=12, index=index)])
    assert [r.amount for r in found.rows] == [D("12000.00"), D("12300.00")]
    assert [(u.period_from, u.reason) for u in found.unknown] == [(date(2028, 1, 1), "index")]


def test_discount_is_a_line_of_its_own_with_area_cap():
    """100 % in the first year, for at most 60 of 100 ㎡; then a fixed amount, never more than the price."""
    cut = Reduction(JAN, date(2026, 6, 30), percent=D(1), area_cap=D(60)), Reduction(date(2026, 7, 1), date(2026, 12, 31), amount=D(9999))
    found = schedule(Terms(JAN, date(2026, 12, 31)), [Line(1, "sqm_month", D(30), D(100), 6, discounts=cut)])
    assert [(r.kind, r.amount) for r in found.rows] == [
        ("charge", D("18000.00")),
        ("discount", D("-10800.00")),
        ("charge", D("18000.00")),
        ("discount", D("-18000.00")),
    ]


def test_subsidy_of_a_third_party_comes_after_the_discount():
    line = Line(
        1,
        "month",
        D(1000),
        discounts=(Reduction(JAN, date(2026, 12, 31), percent=D("0.2")),),
        subsidies=(Reduction(JAN, date(2026, 1, 31), percent=D("0.5"), funder_id=7),),
    )
    rows = schedule(Terms(JAN, date(2026, 2, 28)), [line]).rows
    assert [(r.kind, r.amount, r.funder_id) for r in rows] == [
        ("charge", D("1000.00"), None),
        ("discount", D("-200.00"), None),
        ("subsidy", D("-400.00"), 7),
        ("charge", D("1000.00"), None),
        ("discount", D("-200.00"), None),
    ]


def test_turnover_share_minimum_and_what_is_missing():
    known = {date(2026, 1, 1): D(100000), date(2026, 2, 1): D(20000)}
    line = Line(1, "turnover", D(0), timing="arrears", turnover_rate=D("0.08"), minimum=D(3000), turnover=known)
    found = schedule(Terms(JAN, date(2026, 3, 31)), [line, Line(2, "month", D(500))])
    assert [r.amount for r in found.rows if r.line == 1] == [D("8000.00"), D("3000.00")]
    assert [r.amount for r in found.rows if r.line == 2] == [D("500.00")] * 3  # another line is not blocked
    assert [(u.line, u.missing) for u in found.unknown] == [(1, "2026-03")]
    assert [r.bill_month for r in found.rows if r.line == 1] == [date(2026, 2, 1), date(2026, 3, 1)]


def test_indefinite_leases_are_the_same_however_far_one_looks():
    line = Line(1, "month", D("99.99"), cycle_months=3)
    near = schedule(Terms(date(2026, 1, 20), None), [line], until=date(2026, 9, 1)).rows
    far = schedule(Terms(date(2026, 1, 20), None), [line], until=date(2031, 1, 1)).rows
    assert far[: len(near)] == near and near[-1].period_to == date(2026, 9, 30) and near[0].amount == D("238.69")


def test_explained_in_words():
    row = schedule(Terms(date(2026, 2, 10), date(2026, 4, 30)), [Line(1, "sqm_month", D("30"), D(100), 3)]).rows[0]
    assert "19" in row.explain and "28" in row.explain and "30" in row.explain and "100" in row.explain


SPLIT = st.tuples(
    st.integers(1, 10_000_00),
    st.integers(0, 3000),
    st.integers(1, 400),
    st.sampled_from(("actual_days", "days_30", "days_365")),
    st.sampled_from((1, 2, 3, 6, 12)),
)


@settings(max_examples=10_000 if __import__("os").environ.get("PARKOPS_NIGHTLY") else 400, deadline=None)
@given(SPLIT)
def test_instalments_are_the_exact_amount_rounded_once(case):
    """G3: each instalment is its exact fraction, half-up, at most half a fen off; all periods follow each other without gap."""
    price, offset, days, rule, cycle = case
    starts = date.fromordinal(date(2024, 1, 1).toordinal() + offset)
    ends = date.fromordinal(starts.toordinal() + days - 1)
    rows = schedule(Terms(starts, ends, rule), [Line(1, "month", D(price).scaleb(-2), cycle_months=cycle)]).rows
    assert rows[0].period_from == starts and rows[-1].period_to == ends
    assert all(b.period_from.toordinal() == a.period_to.toordinal() + 1 for a, b in itertools.pairwise(rows))
    exact = sum(
        (Fraction(price, 100) * calc_dates.fraction(rule, u.days, u.whole) for u in calc_dates.units(starts, ends, False)), Fraction(0)
    )
    assert abs(sum(r.amount for r in rows) - D(exact.numerator) / D(exact.denominator)) <= D("0.005") * len(rows)


@pytest.mark.parametrize(("value", "wanted"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01"), ("2.675", "2.68")])
def test_half_up(value, wanted):
    assert rounded(Fraction(value)) == D(wanted)
