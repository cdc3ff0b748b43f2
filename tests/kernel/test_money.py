"""Exact money: one constructor, refused floats, half-up rounding, allocation that sums."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkops.money import D, allocate, fen, round_fen, yuan


@pytest.mark.parametrize("text, rounded", [("1.005", "1.01"), ("1.004", "1.00"), ("-1.005", "-1.01"), ("0", "0.00"),
                                           ("99999999999999.995", "100000000000000.00")])
def test_rounding_is_half_up(text, rounded):
    assert str(round_fen(D(text))) == rounded


def test_a_float_is_refused():
    with pytest.raises(TypeError, match="float"):
        D(0.1)


def test_finer_than_a_fen_is_refused():
    with pytest.raises(ValueError, match="finer than a fen"):
        fen("1.001")


def test_a_hundred_thousand_fen_make_a_thousand_yuan():
    assert sum((yuan(1) for _ in range(100_000)), Decimal(0)) == Decimal("1000.00")


@given(st.integers(-10**12, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(lambda w: sum(w) > 0))
def test_parts_sum_exactly_and_differ_less_than_a_fen_from_their_share(units, weights):
    total = yuan(units)
    parts = allocate(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - total * weight) < Decimal("0.01") * sum(weights)


def test_rounding_each_part_would_not_sum():
    """The control: the naive way loses a fen."""
    assert sum(round_fen(D("100") / 3) for _ in range(3)) != D("100")
    assert allocate(D("100"), [1, 1, 1]) == [D("33.34"), D("33.33"), D("33.33")]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        allocate(D("1"), weights)
