"""Units, cross-checks and jumps of statutory forms; days and treatments of the exemption; the sums of the benefit ledger."""

import itertools
from datetime import date
from decimal import Decimal

import pytest

from modules.ratings.calc_benefit import BACK, BESIDE, GIVEN, HOURS, Ledger, machine_benefit
from modules.ratings.calc_exemption import Line, cuts, pieces, spread
from modules.ratings.calc_forms import Check, holds, jumped, parse, parts_shown, rounded, shown_values, side
from modules.ratings.services.benefit_lines import LINES

D = Decimal
TOTAL = Check("C1", parse("A+B+C"), "eq", parse("T"))


@pytest.mark.parametrize(
    ("exact", "unit", "says"),
    [
        ("1499.99", 1000, "1"),
        ("1500.00", 1000, "2"),
        ("-1500", 1000, "-2"),
        ("0", 1000, "0"),
        ("123456789012345.67", 1000, "123456789012"),
        ("15000", 10000, "2"),
    ],
)
def test_half_up_in_the_unit(exact, unit, says):
    assert rounded(D(exact), unit) == D(says)


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (("1400", "1400", "1400"), (2, 1, 1)),  # 4.2 → 4, alone they would show 3
        (("1500", "1500", "0"), (2, 1, 0)),  # 3, alone 4
        (("600", "600", "600"), (1, 1, 0)),  # 1.8 → 2, alone 3
        (("-700", "500", "0"), (-1, 1, 0)),  # −0.2 → 0
        (("999999.99", "0.01", "0"), (1000, 0, 0)),
    ],
)
def test_shown_parts_make_the_total_shown(parts, shown):
    exact = [D(p) for p in parts]
    found = parts_shown(sum(exact), exact, 1000)
    assert [int(x) for x in found] == list(shown)
    assert sum(found) == rounded(sum(exact), 1000)
    assert all(abs(x - p / 1000) < 1 for x, p in zip(found, exact, strict=True))


def test_parts_that_do_not_make_the_total_are_rounded_alone():
    values = {"A": D(1400), "B": D(1400), "C": D(1400), "T": D(4300)}
    found = shown_values(values, dict.fromkeys("ABCT", 1000), [TOTAL])
    assert found == {"A": 1, "B": 1, "C": 1, "T": 4} and holds(TOTAL, values) is False
    with pytest.raises(ValueError, match="total"):
        parts_shown(D(5), [D(1)], 1000)


def test_missing_is_not_zero():
    values = {"A": D(1400), "B": None, "C": D(1400), "T": D(2800)}
    assert holds(TOTAL, values) is None and side(TOTAL.left, values) is None
    assert shown_values(values, dict.fromkeys("ABCT", 1000), [TOTAL])["B"] is None


@pytest.mark.parametrize(
    ("text", "terms"),
    [("A", ((1, "A"),)), (" A1 + B_2-24.1", ((1, "A1"), (1, "B_2"), (-1, "24.1"))), ("-A", ((-1, "A"),))],
)
def test_sides_are_read(text, terms):
    assert parse(text) == terms


@pytest.mark.parametrize("text", ["", "A B", "A+", "A*B", "A++B"])
def test_sides_that_cannot_be_read(text):
    with pytest.raises(ValueError):
        parse(text)


@pytest.mark.parametrize(
    ("op", "left", "right", "verdict"),
    [
        ("lte", 3, 3, True),
        ("lte", 4, 3, False),
        ("eq", 3, 3, True),
        ("iff", 1, 738000, True),
        ("iff", 1, None, False),
        ("iff", 0, None, True),
        ("iff", 0, 738000, False),
        ("iff", None, None, None),
        ("lte", None, 3, None),
    ],
)
def test_conditions(op, left, right, verdict):
    values = {"L": None if left is None else D(left), "R": None if right is None else D(right)}
    assert holds(Check("x", parse("L"), op, parse("R")), values) is verdict


@pytest.mark.parametrize(
    ("before", "now", "jump"),
    [
        ("100", "150", False),
        ("100", "150.01", True),
        ("100", "49", True),
        ("0", "1", True),
        ("0", "0", False),
        (None, "5", False),
        ("-100", "-151", True),
        ("5", None, False),
    ],
)
def test_jumps(before, now, jump):
    assert jumped(None if before is None else D(before), None if now is None else D(now), 50) is jump


def line(first, last, net, treatment="exempt", n=1, **values):
    return Line(
        n, date.fromisoformat(first), date.fromisoformat(last), net, treatment, values.get("rent", True), values.get("eligible", True)
    )


ALWAYS = [(date(2020, 1, 1), None)]


def test_graduation_in_mid_month_splits_by_day():
    """R-80: 31 days of May, graduated on the 16th: 15 days exempt, 16 taxed; billed as billing splits them."""
    lines = [line("2022-05-01", "2022-05-15", 150_000), line("2022-05-16", "2022-05-31", 160_000, "taxed", 2)]
    a, b = pieces(lines, [(date(2021, 1, 1), date(2022, 5, 16))], ALWAYS)
    assert (a.first.day, a.last.day, a.incubated, a.exempt, a.taxable) == (1, 15, True, 150_000, 0)
    assert (b.first.day, b.last.day, b.incubated, b.exempt, b.taxable) == (16, 31, False, 0, 160_000)
    assert not a.wrong and not b.wrong


def test_a_line_that_was_not_split_is_split_here_and_named():
    a, b = pieces([line("2022-05-01", "2022-05-31", 310_000)], [(date(2021, 1, 1), date(2022, 5, 16))], ALWAYS)
    assert (a.exempt, b.exempt) == (150_000, 160_000) and b.wrong == {(1, "not_entitled")} and not a.wrong
    (c,) = pieces([line("2022-05-01", "2022-05-31", 310_000, "taxed")], ALWAYS, ALWAYS)
    assert c.wrong == {(1, "entitled")} and c.taxable == 310_000


def test_days_are_cut_at_months_and_sum_to_the_line():
    """R-81 for lines of many shapes: what is exempt, taxed and outside is what was billed."""
    lines = [
        line("2021-12-15", "2022-03-14", 100_001, n=1),
        line("2022-01-01", "2022-12-31", -33_333, "taxed", 2),
        line("2022-02-01", "2022-02-28", 7, "outside", 3, rent=False),
    ]
    found = pieces(lines, [(date(2021, 1, 1), date(2022, 1, 20)), (date(2022, 6, 1), None)], [(date(2022, 1, 10), None)])
    assert sum(p.billed for p in found) == 100_001 - 33_333 + 7
    assert all((p.first.year, p.first.month) == (p.last.year, p.last.month) for p in found)
    days = sorted((p.first, p.last) for p in found)
    assert all(b[0] > a[1] for a, b in itertools.pairwise(days))


def test_cuts_and_spread():
    assert cuts(date(2022, 1, 31), date(2022, 3, 1), []) == [
        (date(2022, 1, 31), date(2022, 1, 31)),
        (date(2022, 2, 1), date(2022, 2, 28)),
        (date(2022, 3, 1), date(2022, 3, 1)),
    ]
    assert spread(100, [1, 1, 1]) == [34, 33, 33] and spread(-100, [1, 1, 1]) == [-34, -33, -33] and sum(spread(1, [31, 30])) == 1


@pytest.mark.parametrize(
    ("gross", "net", "vouchers", "benefit"),
    [(1000, 1000, 0, 0), (1000, 600, 0, 400), (1000, 600, 600, 400), (1000, 600, 800, 200), (1000, 0, 1000, 0), (1000, 0, 1200, 0)],
)
def test_an_event_is_never_subsidised_beyond_its_list_price(gross, net, vouchers, benefit):
    """R-86: reduction + voucher ≤ list price."""
    assert machine_benefit(gross, net, vouchers) == benefit
    assert benefit + min(vouchers, gross) <= gross


def test_totals_add_what_may_be_added():
    """R-87: free hours only when the park values an hour; jobs, rights, repayments and financing by others never."""
    amounts = dict.fromkeys((*GIVEN, *BACK, *BESIDE), 100) | {"mentoring": 90, "training": 30}
    assert (Ledger(amounts).given, Ledger(amounts).back, Ledger(amounts).minutes) == (500, 300, 120)
    assert Ledger(amounts, 10_000).given == 500 + 20_000
    assert Ledger({}).empty and Ledger({}).given == 0
    assert {x.code for x in LINES} == {*GIVEN, *HOURS, *BACK, *BESIDE}
