"""Allocation rules as tables: pure, exact, no session."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.billing import calc_allocation as calc
from modules.billing.calc_allocation import COSTS, INTEREST, PRINCIPAL, Claim, Line
from modules.billing.calc_words import capitals

ON = date(2026, 4, 20)


def due(days):
    return ON + timedelta(days=days)


# rule, amount, claims (id, due in days, open, nature, secured, burden, rank), expected shares, rest
TABLE = [
    ("oldest", "1500", [(1, -5, "1000"), (2, -40, "800")], {2: "800", 1: "700"}, "0"),
    ("oldest", "100", [(1, -5, "60"), (2, -5, "60")], {1: "60", 2: "40"}, "0"),
    ("oldest", "5000", [(1, -5, "1000"), (2, 30, "800")], {1: "1000", 2: "800"}, "3200"),
    ("oldest", "0.01", [(1, -5, "0.02")], {1: "0.01"}, "0"),
    ("civil_code", "100", [(1, -90, "80", PRINCIPAL), (2, -10, "30", INTEREST), (3, -1, "20", COSTS)], {3: "20", 2: "30", 1: "50"}, "0"),
    ("civil_code", "100", [(1, 5, "80", COSTS), (2, -1, "80", PRINCIPAL)], {2: "80", 1: "20"}, "0"),  # due before not due (560)
    ("civil_code", "100", [(1, -90, "80", PRINCIPAL, True), (2, -1, "80", PRINCIPAL, False)], {2: "80", 1: "20"}, "0"),  # unsecured first
    ("civil_code", "100", [(1, -90, "80", PRINCIPAL, False, 1), (2, -1, "80", PRINCIPAL, False, 5)], {2: "80", 1: "20"}, "0"),  # heavier burden
    ("civil_code", "100", [(1, -9, "80"), (2, -20, "80")], {2: "80", 1: "20"}, "0"),  # then due first
    ("civil_code", "100", [(1, -9, "30"), (2, -9, "60"), (3, -9, "60")], {1: "20", 2: "40", 3: "40"}, "0"),  # then in proportion
    ("civil_code", "0.02", [(1, -9, "1"), (2, -9, "1"), (3, -9, "1")], {1: "0.01", 2: "0.01", 3: "0"}, "0"),
    ("priority", "100", [(1, -90, "80", PRINCIPAL, False, 0, 9), (2, -1, "60", PRINCIPAL, False, 0, 2)], {2: "60", 1: "40"}, "0"),
    ("priority", "100", [(1, -90, "80"), (2, -1, "60", PRINCIPAL, False, 0, 2)], {2: "60", 1: "40"}, "0"),  # unlisted last
]


@pytest.mark.parametrize("rule,amount,claims,expected,rest", TABLE)
def test_rules(rule, amount, claims, expected, rest):
    made = calc.spread(D(amount), [Claim(i, due(d), D(o), *more) for i, d, o, *more in claims], rule, ON)
    assert {s.bill_id: s.amount for s in made.shares} == {i: D(a) for i, a in expected.items()}
    assert (made.rest, made.allocated + made.rest) == (D(rest), D(amount))


def test_named_is_the_payers_word():
    claims = [Claim(1, due(-9), D(100)), Claim(2, due(-1), D(50))]
    assert calc.named(D(60), [(2, D(50))], claims).pairs() == [(2, D(50))]
    for wrong in ([(3, D(1))], [(1, D("100.01"))], [(1, D(1)), (1, D(1))], [(1, D(0))], [(1, D(50)), (2, D(11))]):
        with pytest.raises(ValueError):
            calc.named(D(60), wrong, claims)
    with pytest.raises(ValueError, match="rule"):
        calc.spread(D(1), claims, "newest", ON)


MONEY = st.integers(0, 10**9).map(lambda n: D(n) / 100)


@settings(max_examples=300, deadline=None)
@given(MONEY, st.lists(st.tuples(st.integers(-400, 60), MONEY, st.integers(0, 2), st.booleans(), st.integers(0, 3), st.integers(0, 5)), max_size=8),
       st.sampled_from(calc.RULES))
def test_every_rule_sums_exactly(amount, rows, rule):
    """G3: parts and rest are the amount to the fen; nothing is over-paid; nothing is left while money is left."""
    claims = [Claim(i, due(d), o, n, s, b, r) for i, (d, o, n, s, b, r) in enumerate(rows)]
    made = calc.spread(amount, claims, rule, ON)
    opens = {c.bill_id: c.open for c in claims}
    assert made.allocated + made.rest == amount and made.rest >= 0
    assert all(0 <= s.amount <= opens[s.bill_id] and s.left == opens[s.bill_id] - s.amount for s in made.shares)
    assert made.rest == max(amount - sum(opens.values(), D(0)), D(0))


# lines (item, kind, amount), paid, expected parts
LINES = [
    ([("rent", "charge", 1000), ("property_fee", "charge", 200), ("late_fee", "penalty", 30)], 250, [20, 200, 30]),
    ([("rent", "charge", 1000), ("collection_costs", "charge", 40), ("late_fee", "penalty", 30)], 50, [0, 40, 10]),
    ([("rent", "charge", 1000), ("rent", "relief", -300), ("property_fee", "charge", 200)], 900, [700, 0, 200]),
    ([("rent", "charge", 100), ("water", "waiver", -120), ("water", "charge", 50)], 30, [30, 0, 0]),
]


@pytest.mark.parametrize("lines,paid,expected", LINES)
def test_lines_of_a_bill_paid_in_part(lines, paid, expected):
    """561: costs, interest, principal; a relief shortens the line it stands beside."""
    made = calc.cover_lines([Line(i, item, kind, D(a)) for i, (item, kind, a) in enumerate(lines)], D(paid))
    assert [x.paid for x in made] == [D(e) for e in expected]


@pytest.mark.parametrize("amount,words", [
    ("0", "人民币零元整"), ("0.05", "人民币伍分"), ("10", "人民币壹拾元整"), ("109000.00", "人民币壹拾万玖仟元整"), ("1308.05", "人民币壹仟叁佰零捌元零伍分"),
    ("1234.56", "人民币壹仟贰佰叁拾肆元伍角陆分"),
    ("1234.06", "人民币壹仟贰佰叁拾肆元零陆分"), ("8987500.00", "人民币捌佰玖拾捌万柒仟伍佰元整"), ("-12.30", "负人民币壹拾贰元叁角整")])
def test_amounts_in_capitals(amount, words):
    assert capitals(D(amount)) == words
