"""Cost recovery, depreciation, shares and evaluation as tables (peers.md 3.9, domain.md 11)."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.platforms import calc_cost_shares as shares
from modules.platforms import calc_depreciation as depreciation
from modules.platforms import calc_evaluation as evaluation
from modules.platforms import calc_recovery as recovery
from parkops.testing.depth import depth

D = Decimal


def test_cost_price_gap_and_hours_of_a_worked_year():
    """C = 300,000 − 40,000 grants − (−10,000) = 270,000; 1,800 h; p* = 150; incubated firms pay 90, outside ones 210."""
    costs = {"depreciation": D(160_000), "staff": D(80_000), "energy": D(36_000), "materials": D(18_000), "space": D(6_000)}
    uses = [recovery.Use("incubated", D(1200), billed=D(108_000), cash=D(100_000), funder="管委会"),
            recovery.Use("outside", D(600), billed=D(126_000), cash=D(126_000), outside=True)]
    s = recovery.sheet(costs, uses, grants=D(40_000), carried=D(-10_000), rated=D(2400))
    assert (s.cost, s.gross_cost, s.break_even) == (270_000, 300_000, 150)
    assert s.outside == (270_000 - 108_000) / D(600) == 270
    assert [line.gap for line in s.lines] == [(150 - 90) * 1200, (150 - 210) * 600] == [72_000, -36_000]
    assert [line.cost for line in s.lines] == [180_000, 90_000]
    assert s.gap == sum(line.gap for line in s.lines) == 36_000
    assert s.recovery_billed == D("0.866667") and s.recovery_cash == D("0.837037") and s.own_income == D("0.78")
    assert s.utilisation == D("0.75") and s.outside_share == D("0.333333")
    assert s.variable_hour == 30 and s.fixed == 216_000
    assert s.break_even_hours == D("2160.00")  # 216,000 ÷ (130 − 30)


@pytest.mark.parametrize(("fixed", "price", "variable", "hours"), [
    (D(200_000), D(300), D(100), D("1000.00")), (D(100), D(4), D(1), D("33.33")), (D(100), D(30), D(30), None), (None, D(30), D(1), None)])
def test_break_even_hours(fixed, price, variable, hours):
    assert recovery.break_even_hours(fixed, price, variable) == hours


@pytest.mark.parametrize(("inside", "outside", "named"), [(90, 210, None), (210, 90, "incubatee"), (100, 100, None)])
def test_outside_users_pay_at_least_as_much(inside, outside, named):
    s = recovery.sheet({"staff": D(1)}, [recovery.Use("incubatee", D(10), billed=D(inside) * 10),
                                         recovery.Use("external", D(5), billed=D(outside) * 5, outside=True)])
    found = recovery.cheaper_outside(s)
    assert (found.use.code if found else None) == named


def test_what_is_not_known_is_not_zero():
    s = recovery.sheet({}, [recovery.Use("incubated", D(10), billed=D(500))])
    assert s.cost is None and s.recovery_billed is None and s.break_even is None and s.gap is None and s.billed == 500
    idle = recovery.sheet({"staff": D(100)}, [])
    assert idle.cost == 100 and idle.recovery_billed == 0 and idle.break_even is None and idle.utilisation is None


def test_grants_that_bear_everything():
    s = recovery.sheet({"staff": D(100)}, [recovery.Use("outside", D(5), billed=D(50), outside=True)], grants=D(120))
    assert s.cost == -20 and s.break_even == 0 and s.outside == 0 and s.recovery_billed is None and s.lines[0].gap == -70


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.integers(1, 10**11), st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**9)), min_size=1, max_size=6))
def test_the_total_is_the_sum_of_the_classes(cost, rows):
    uses = [recovery.Use(str(n), D(h) / 100, billed=D(b) / 100) for n, (h, b) in enumerate(rows)]
    s = recovery.sheet({"staff": D(cost) / 100}, uses)
    assert s.billed == sum(u.billed for u in uses)
    if any(h for h, _b in rows):
        assert sum(line.cost for line in s.lines) == s.cost
        assert sum(line.gap for line in s.lines) == s.gap == s.cost - s.billed
    else:
        assert all(line.gap is None for line in s.lines)


def test_a_hundred_yuan_by_equal_hours():
    parts = shares.divide(D("100.00"), [("甲", D(1)), ("乙", D(1)), ("丙", D(1))])
    assert [p.amount for p in parts] == [D("33.34"), D("33.33"), D("33.33")]


def test_a_share_nobody_reported_is_refused():
    with pytest.raises(shares.CannotShare) as refused:
        shares.divide(D(100), [("甲", D(1)), ("乙", None)])
    assert refused.value.why == "missing" and refused.value.names == ("乙",)
    with pytest.raises(shares.CannotShare, match="weightless"):
        shares.divide(D(100), [("甲", D(0))])


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.integers(-10**10, 10**10), st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any))
def test_parts_of_a_shared_cost_sum_exactly(fen, weights):
    parts = shares.divide(D(fen) / 100, [(str(n), D(w)) for n, w in enumerate(weights)])
    assert sum(p.amount for p in parts) == D(fen) / 100


@settings(max_examples=depth(30, 500), deadline=None)
@given(st.integers(1, 10**10), st.integers(1, 15), st.dates(date(2015, 1, 1), date(2024, 12, 31)))
def test_depreciation_sums_to_the_value(fen, years, bought):
    months = list(depreciation.by_month(D(fen) / 100, years, bought))
    assert sum(a for _m, a in months) == D(fen) / 100 and len(months) == years * 12
    assert max(a for _m, a in months) - min(a for _m, a in months) <= D("0.01")


def test_depreciation_begins_the_month_after_and_stops_after_leaving():
    whole = date(2021, 1, 1), date(2022, 1, 1)
    assert depreciation.of_period(D(60_000), 5, date(2020, 12, 31), *whole) == 12_000
    assert depreciation.of_period(D(60_000), 5, date(2021, 6, 1), *whole) == 6_000
    assert depreciation.of_period(D(60_000), 5, date(2020, 12, 1), *whole, gone_on=date(2021, 3, 15)) == 3_000
    assert depreciation.of_period(D(60_000), 5, date(2015, 1, 1), *whole) == 0
    assert depreciation.of_period(D(60_000), 5, date(2022, 1, 1), *whole) == 0


WEIGHTS = {"EQ-1": D("0.35"), "EQ-2": D("0.20"), "EQ-3": D("0.25"), "EQ-4": D("0.15"), "EQ-5": D("0.05")}
GRADES = [(D(90), "优秀"), (D(75), "良好"), (D(60), "合格"), (D(0), "不合格")]


def test_the_worked_evaluation_is_64_15():
    total = evaluation.weighted([D(80), D(60), D(40), D(75), D(58)], list(WEIGHTS.values()))
    assert total == D("64.15") and evaluation.grade(total, GRADES) == "合格"


@pytest.mark.parametrize(("total", "name"), [("90", "优秀"), ("89.99", "良好"), ("75", "良好"), ("60", "合格"), ("59.99", "不合格")])
def test_grades(total, name):
    assert evaluation.grade(D(total), GRADES) == name


def test_weights_that_are_no_whole_are_refused():
    with pytest.raises(ValueError, match="100"):
        evaluation.weighted([D(1)], [D("0.9")])


def params(cap=100):
    return {"weights": WEIGHTS, "grades": GRADES, "EQ-2": {"operator": D(10), "guided": D(3), "shown_per": 30},
            "EQ-3": {"national_awards": D(80), "provincial_awards": D(60), "own_awards": D(20), "papers": D(5), "cap": D(cap)},
            "EQ-4": {"per_thousand": D(5)},
            "EQ-5": {"steps": [(D(1), D(60)), (D("0.8"), D(48)), (D("0.6"), D(36)), (D("0.4"), D(24)), (D("0.2"), D(12))], "new": D(10)}}


FACTS = evaluation.Facts(D(1120), D(1400), 5, 3, 59, 0, 0, 1, 4, D("15999.99"), 10, 8, 1)


def test_dimension_scores():
    found = {line.code: line.score for line in evaluation.evaluate(FACTS, params()).lines}
    assert found == {"EQ-1": 80, "EQ-2": 60, "EQ-3": 40, "EQ-4": 75, "EQ-5": 58}  # 5×10+3×3+1; 20+4×5; 15×5; 48+10
    assert evaluation.evaluate(FACTS, params()).total == D("64.15")


def test_the_conflicting_note_on_results_is_a_parameter():
    assert next(x.score for x in evaluation.evaluate(FACTS, params(cap=20)).lines if x.code == "EQ-3") == 20


def test_a_missing_fact_leaves_no_grade():
    found = evaluation.evaluate(evaluation.Facts(D(100), D(1400)), params())
    assert found.total is None and found.grade is None and found.lines[2].missing[0] == "national_awards"


def test_sharing_metrics():
    p = {"share_step": D("0.1"), "share_points": D(10), "income_outside": D("1.5"), "income_step": D("0.2"), "income_points": D(15),
         "hours_step": D(100), "hours_points": D(15)}
    assert evaluation.external_share_score(D(240), D(1440), p) == D("16.67")
    assert evaluation.external_share_score(D(1), D(0), p) is None
    assert evaluation.income_share_score(D(10_000), D(20_000), D(800_000), p) == D("3.75")
    assert evaluation.income_share_score(D(1), D(1), D(0), p) is None
    assert (evaluation.hours_points(D(1440), p), evaluation.hours_points(D(9000), p)) == (14, 15)
    assert evaluation.hours_points(D(1440), p | {"hours_step": D(200), "hours_points": D(5)}) == 5


NATIONAL = {"hours": D(1440), "outside_hours": D(240), "share_rate": D("0.16"), "big_value": D(10_000_000), "big_hours": D(964),
            "big_share_rate": D("0.34")}


@pytest.mark.parametrize(("value", "expected"), [
    (D(800_000), [(1200, 1440), (300, 240), (D("0.25"), D("0.16"))]), (None, [(1200, 1440), (300, 240), (D("0.25"), D("0.16"))]),
    (D(10_000_000), [(1200, 964), (300, None), (D("0.25"), D("0.34"))])])
def test_a_year_beside_the_national_average(value, expected):
    assert [(x.own, x.national) for x in evaluation.compared(D(1200), D(300), value, NATIONAL)] == expected
    idle = evaluation.compared(D(0), D(0), value, dict.fromkeys(NATIONAL))
    assert [(x.own, x.national) for x in idle] == [(0, None), (0, None), (None, None)]
