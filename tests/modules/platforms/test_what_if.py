"""The sliders of the recovery sheet as a calculation: price, hours, share of each class (U-116)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.platforms import calc_recovery as calc
from parkops.testing.depth import depth

D = Decimal
USES = [calc.Use("incubatee", D(1200), billed=D(108_000)), calc.Use("external", D(600), billed=D(126_000), outside=True)]
COST = (D(216_000), D(54_000), D(2400))  # fixed, variable of 1,800 hours (30 an hour), rated


def test_nothing_moved_is_the_sheet_itself():
    costs = {"depreciation": D(216_000), "energy": D(54_000)}
    s, w = calc.sheet(costs, USES, rated=D(2400)), calc.what_if(USES, *COST)
    assert (w.cost, w.charged, w.hours, w.gap) == (s.cost, s.billed, s.hours, s.gap)
    assert (w.recovery, w.utilisation, w.price, w.even, w.outside, w.even_hours) == (
        s.recovery_billed, s.utilisation, s.price, s.break_even, s.outside, s.break_even_hours)


@pytest.mark.parametrize(("moved", "expected"), [
    # price × 1.5: charges follow, costs stay
    ({"prices": D("1.5")}, {"hours": 1800, "charged": 351_000, "cost": 270_000, "recovery": D("1.3"), "even": 150, "gap": -81_000,
                            "outside": 180, "price": 195, "even_hours": D("1309.09")}),  # 216,000 ÷ (195 − 30)
    # hours × 0.5: variable cost and charges follow, fixed cost stays
    ({"times": D("0.5")}, {"hours": 900, "charged": 117_000, "cost": 243_000, "utilisation": D("0.375"), "even": 270, "price": 130,
                           "outside": 630, "even_hours": 2160}),
    # half of the hours by each class: outside users pay 210, the others 90
    ({"shares": [D("0.5"), D("0.5")]}, {"hours": 1800, "charged": 270_000, "cost": 270_000, "recovery": 1, "price": 150, "outside": 210,
                                        "even_hours": 1800, "gap": 0}),
    ({"shares": [D(1), D(0)]}, {"charged": 162_000, "outside": None, "price": 90, "even_hours": 3600}),
    ({"prices": D(2), "times": D("0.5"), "shares": [D(0), D(1)]}, {"hours": 900, "charged": 378_000, "price": 420, "outside": 270, "gap": -135_000})])
def test_what_moves(moved, expected):
    found = calc.what_if(USES, *COST, **moved)
    assert {n: getattr(found, n) for n in expected} == expected


def test_what_is_not_known_stays_unknown():
    found = calc.what_if(USES, None, None, None, prices=D(2))
    assert (found.cost, found.recovery, found.even, found.outside, found.even_hours, found.gap, found.utilisation) == (None,) * 7
    assert found.charged == 468_000


def test_charges_of_a_class_without_hours_follow_prices_and_hours():
    uses = [*USES, calc.Use("partner", D(0), billed=D(1_000))]
    assert calc.what_if(uses, *COST, prices=D(2), times=D("0.5")).charged == 234_000 + 1_000
    assert calc.shares_of(uses)[2] == 0


@pytest.mark.parametrize(("shares", "moved", "to", "expected"), [
    (["0.5", "0.3", "0.2"], 0, "0.6", ["0.6", "0.24", "0.16"]), (["0.5", "0.3", "0.2"], 2, "0", ["0.625", "0.375", "0"]),
    (["0.5", "0.3", "0.2"], 1, "1", ["0", "1", "0"]), (["0", "1", "0"], 1, "0.4", ["0.4285714286", "0.4", "0.1714285714"])])
def test_the_others_give_way_in_proportion(shares, moved, to, expected):
    base = [D("0.5"), D("0.3"), D("0.2")]
    found = calc.give_way([D(x) for x in shares], moved, D(to), base)
    assert [x.quantize(D("1e-10")) for x in found] == [D(x) for x in expected]


def test_a_class_that_used_everything_cannot_move():
    assert calc.give_way([D(1), D(0)], 0, D("0.5"), [D(1), D(0)]) == [1, 0]


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=6), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=8))
def test_the_shares_always_make_one_whole(hours, moves):
    base = calc.shares_of([calc.Use(str(n), D(h)) for n, h in enumerate(hours)])
    shares = base
    for at, to in moves:
        shares = calc.give_way(shares, at % len(base), D(to) / 100, base)
        assert abs(sum(shares) - 1) < D("1e-20") and min(shares) >= 0 and shares[at % len(base)] == D(to) / 100
