"""Gaps in units, as tables."""

from decimal import Decimal as D

import pytest

from modules.ratings.calc_gates import Count, growth, lacking, leavers, newcomers, reached, relaxed


def share(n, d, per=1):
    return Count(D(n), D(d), D(per))


@pytest.mark.parametrize(
    ("op", "count", "threshold", "missing"),
    [
        ("gte", share(11, 40), "0.3", 1),  # 17.1: 12 needed
        ("gte", share(12, 40), "0.3", 0),
        ("gt", share(12, 40), "0.3", 1),  # a strict gate wants one more
        ("gte", share(3, 40, 10), "1", 1),  # mentors per ten firms
        ("gte", share(0, 41, 10), "1", 5),
        ("gte", Count(D("25"), absolute=True), "25.5", 1),  # 30 × 0.85 in a hardship region
        ("gte", share(0, 0), "0.3", None),
        ("gte", Count(None, D(40)), "0.3", None),
        ("lte", Count(D(7), absolute=True), "5", 2),
    ],
)
def test_lacking(op, count, threshold, missing):
    assert lacking(op, count, D(threshold)) == (None if missing is None else D(missing))


@pytest.mark.parametrize("n", range(0, 41))
def test_the_smallest_change_passes_and_one_less_does_not(n):
    k = lacking("gte", share(n, 40), D("0.3"))
    assert reached("gte", share(n + k, 40).value, D("0.3"))
    assert k == 0 or not reached("gte", share(n + k - 1, 40).value, D("0.3"))
    new = newcomers("gte", share(n, 40), D("0.3"))
    assert reached("gte", share(n + new, 40 + new).value, D("0.3"))
    assert new == 0 or not reached("gte", share(n + new - 1, 40 + new - 1).value, D("0.3"))
    gone = leavers("gte", share(n, 40), D("0.3"))
    if gone is not None:
        assert n == 0 or reached("gte", share(n, 40 - gone).value, D("0.3"))
        assert gone == 0 or not reached("gte", share(n, 40 - gone + 1).value, D("0.3"))


def test_money_in_cents_and_impossible_shares():
    assert lacking("gte", share("1400000", "5000000"), D("0.3"), D("0.01")) == D("100000")
    assert newcomers("gte", share(3, 4), D(1)) is None
    assert leavers("gte", share(0, 4), D("0.5")) is None


@pytest.mark.parametrize(
    ("before", "after", "rate"), [("100", "120", "0.2"), ("0", "5", None), ("-3", "5", None), (None, "5", None), ("5", None, None)]
)
def test_growth_of_a_zero_base_is_not_computable(before, after, rate):
    found = growth(None if before is None else D(before), None if after is None else D(after))
    assert found == (None if rate is None else D(rate))


def test_hardship():
    assert relaxed(D(5000), D("0.85")) == 4250 and relaxed(D(5000), None) == 5000
