"""Periods and months."""

from datetime import date

import pytest

from parkops.clock import Period, add_months


@pytest.mark.parametrize("text, start, end, key", [
    ("2022-06", date(2022, 6, 1), date(2022, 7, 1), "2022-06"),
    ("2022-12", date(2022, 12, 1), date(2023, 1, 1), "2022-12"),
    ("2022q2", date(2022, 4, 1), date(2022, 7, 1), "2022Q2"),
    ("2022-Q4", date(2022, 10, 1), date(2023, 1, 1), "2022Q4"),
    ("2022", date(2022, 1, 1), date(2023, 1, 1), "2022"),
])
def test_parse(text, start, end, key):
    p = Period.parse(text)
    assert (p.start, p.end, p.key) == (start, end, key)
    assert p.next().previous() == p


@pytest.mark.parametrize("text", ["2022-13", "22-1", "", "2022Q5", "june"])
def test_parse_refuses_with_a_sentence(text):
    with pytest.raises(ValueError, match="no period"):
        Period.parse(text)


@pytest.mark.parametrize("day, months, result", [
    (date(2024, 1, 31), 1, date(2024, 2, 29)), (date(2023, 1, 31), 1, date(2023, 2, 28)), (date(2022, 11, 30), 3, date(2023, 2, 28)),
    (date(2022, 1, 15), -1, date(2021, 12, 15)), (date(2022, 12, 31), 12, date(2023, 12, 31)), (date(2022, 12, 1), 0, date(2022, 12, 1)),
])
def test_add_months_clips_to_the_end(day, months, result):
    assert add_months(day, months) == result
