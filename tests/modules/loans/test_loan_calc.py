"""Pure calculations of loans as tables: schedule, arrears, risk class, subsidy (L1, L2 of the field's tests), working days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import numpy_financial as npf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.loans import calc_days, calc_overdue, calc_schedule, calc_subsidy
from modules.loans.calc_overdue import Owed, Paid
from parkops.testing.depth import depth

START = date(2024, 1, 10)


def plan(method, flows=None, **values):
    values = {"rate": D("0.046"), "start": START, "end": date(2025, 1, 10), "every": 3, **values}
    return calc_schedule.schedule(flows or [(START, D(300_000))], method=method, **values)


@pytest.mark.parametrize(("method", "first", "last", "interest"), [
    ("bullet", ("0.00", "3440.55"), ("300000.00", "3478.36"), "13837.82"),  # 366 nights of 2024/25 on a basis of 365
    ("equal_principal", ("75000.00", "3440.55"), ("75000.00", "869.59"), "8629.73"),
    ("annuity", ("73728.03", "3440.55"), ("76288.68", "884.53"), "8678.95"),
])
def test_schedules_of_three_kinds(method, first, last, interest):
    rows = plan(method)
    assert [r.due_on for r in rows] == [date(2024, 4, 10), date(2024, 7, 10), date(2024, 10, 10), date(2025, 1, 10)]
    assert (str(rows[0].principal), str(rows[0].interest)) == first
    assert (str(rows[-1].principal), str(rows[-1].interest)) == last
    totals = calc_schedule.totals(rows)
    assert (totals.principal, str(totals.interest)) == (D(300_000), interest)
    years = calc_schedule.by_year(rows)
    assert sum(y.total for y in years.values()) == totals.total and list(years) == [2024, 2025]


def test_equal_instalments_agree_with_an_independent_calculation():
    """numpy-financial's payment; the last instalment takes what actual days and rounding leave."""
    rows = plan("annuity")
    payment = D(str(round(float(-npf.pmt(0.046 * 3 / 12, 4, 300_000)), 2)))
    assert [r.total for r in rows[:-1]] == [payment] * 3 and abs(rows[-1].total - payment) < 20


def test_a_second_tranche_bears_interest_from_its_day():
    rows = plan("bullet", [(START, D(200_000)), (date(2024, 2, 20), D(100_000))])
    expected = D(200_000) * D("0.046") * 91 / 365 + D(100_000) * D("0.046") * 50 / 365
    assert rows[0].interest == calc_schedule.fen(expected)


def test_early_repayment_stands_in_the_schedule_and_lowers_the_interest():
    rows = plan("bullet", repaid=[(date(2024, 8, 1), D(100_000))])
    early = next(r for r in rows if r.due_on == date(2024, 8, 1))
    assert (early.principal, early.interest, early.balance) == (D(100_000), D(0), D(200_000))
    assert rows[-1].interest == calc_schedule.fen(D(200_000) * D("0.046") * 92 / 365)
    assert calc_schedule.totals(rows).principal == D(300_000)


def test_a_payment_a_few_days_before_its_day_is_not_early():
    assert plan("equal_principal", repaid=[(date(2024, 4, 5), D(75_000))]) == plan("equal_principal")


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 50_000_000)), min_size=1, max_size=4),
       st.lists(st.tuples(st.integers(0, 364), st.integers(1, 20_000_000)), max_size=4), st.sampled_from(calc_schedule.METHODS),
       st.sampled_from([1, 3, 6, 12]), st.integers(1, 2000))
def test_principal_of_a_schedule_is_what_was_paid_out(flows, repaid, method, every, bp):
    start = date(2023, 5, 31)
    out = [(start, D(1_000_000))] + [(start + timedelta(n), D(a).scaleb(-2)) for n, a in flows]
    back = [(start + timedelta(n), D(a).scaleb(-2)) for n, a in repaid]
    rows = calc_schedule.schedule(out, rate=D(bp).scaleb(-4), start=start, end=date(2024, 5, 31), every=every, method=method, repaid=back)
    assert sum(r.principal for r in rows) == sum(a for _d, a in out)
    assert rows[-1].balance == 0 and min(min(r.principal, r.interest, r.balance) for r in rows) >= 0


DUES = [Owed(date(2024, 3, 10), D(0), D(100)), Owed(date(2024, 6, 10), D(0), D(100)), Owed(date(2024, 9, 10), D(1000), D(100))]


@pytest.mark.parametrize(("paid", "on", "days", "amount"), [
    ([], date(2024, 3, 10), 0, 0),  # due today is not overdue yet
    ([], date(2024, 3, 11), 1, 100),
    ([Paid(date(2024, 3, 10), D(0), D(100))], date(2024, 6, 10), 0, 0),
    ([Paid(date(2024, 3, 10), D(0), D(100))], date(2024, 6, 20), 10, 100),
    ([Paid(date(2024, 3, 10), D(0), D(50))], date(2024, 6, 20), 102, 150),  # a part is not the whole
    ([Paid(date(2024, 3, 10), D(0), D(300))], date(2024, 12, 9), 90, 1000),  # interest does not pay principal
])
def test_arrears(paid, on, days, amount):
    found = calc_overdue.arrears(DUES, paid, on)
    assert (found.days, found.amount) == (days, amount)


def test_overdue_days_end_with_the_payment():
    late = calc_overdue.overdue_days(DUES, [Paid(date(2024, 3, 15), D(0), D(300))], date(2024, 3, 1), date(2024, 4, 1))
    assert late == {date(2024, 3, d) for d in (11, 12, 13, 14)}


@pytest.mark.parametrize(("days", "code"), [(0, "normal"), (1, "attention"), (90, "attention"), (91, "substandard"), (270, "substandard"),
                                            (271, "doubtful"), (360, "doubtful"), (361, "loss")])
def test_five_classes(days, code):
    assert calc_overdue.risk_class(days) == code


def year(rule, amount, rate, lpr, **values):
    start = date(2021, 6, 1)
    return calc_subsidy.subsidy([(start, D(amount))], rule=rule, rate=D(rate), lpr=D(lpr), start=start, end=date(2022, 6, 1),
                                last_day=date(2024, 6, 1), **values)


def test_l1_lpr_less_150_points():
    """200,000 yuan at LPR 4.65 % + 250 points for a year: 6,300 + 8,000 = 14,300 (published example)."""
    found = year("above_lpr_minus", 200_000, "0.0715", "0.0465", bp=150)
    assert (found.borrower_rate, found.subsidy_rate) == (D("0.0315"), D("0.0400"))
    assert (found.interest - found.subsidy, found.subsidy, found.interest) == (D(6300), D(8000), D(14300))


def test_l2_half_of_the_interest():
    found = year("share_of_interest", 300_000, "0.046", "0.0345", share=D("0.5"))
    assert (found.interest, found.subsidy) == (D(13800), D(6900))


@pytest.mark.parametrize(("rule", "values", "expected"), [
    ("full", {}, "0.046"), ("none", {}, "0"), ("share_of_lpr", {"share": D("0.5")}, "0.01725"),
    ("above_lpr_minus", {"bp": 150}, "0.0265"), ("above_lpr_minus", {"bp": 500}, "0.046")])
def test_rates_subsidised(rule, values, expected):
    assert calc_subsidy.subsidy_rate(rule, rate=D("0.046"), lpr=D("0.0345"), **values) == D(expected)


def test_a_rule_without_its_figure_is_refused():
    with pytest.raises(ValueError, match="share"):
        calc_subsidy.subsidy_rate("share_of_interest", rate=D("0.046"), lpr=D("0.0345"))


def test_overdue_days_days_after_the_end_and_early_repayment():
    start = date(2024, 1, 1)
    flows = [(start, D(300_000)), (date(2024, 2, 1), D(-100_000))]
    values = {"rule": "share_of_interest", "share": D("0.5"), "rate": D("0.0365"), "lpr": D("0.0345"), "start": start, "end": date(2024, 4, 1)}
    found = calc_subsidy.subsidy(flows, last_day=date(2024, 3, 22), left_out={date(2024, 3, 1), date(2024, 3, 2)}, **values)
    assert (found.days, found.excluded) == (31 + 29 + 19, 12)
    assert found.weighted == D(300_000) * 31 + D(200_000) * (29 + 19)
    assert found.interest == D(30 * 31 + 20 * 48) and found.subsidy == found.interest / 2


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.integers(1, 40_000_000), st.integers(1, 1500), st.integers(100, 700), st.integers(1, 89))
def test_quarters_cut_anywhere_add_up_within_a_fen(amount, rate, lpr, cut):
    start, end = date(2024, 1, 1), date(2024, 4, 1)
    values = {"rule": "above_lpr_minus", "bp": 150, "rate": D(rate).scaleb(-4), "lpr": D(lpr).scaleb(-4), "last_day": date(2026, 1, 1)}
    flows, middle = [(date(2023, 6, 1), D(amount).scaleb(-2))], start + timedelta(cut)
    whole = calc_subsidy.subsidy(flows, start=start, end=end, **values)
    parts = [calc_subsidy.subsidy(flows, start=a, end=b, **values) for a, b in ((start, middle), (middle, end))]
    assert sum(p.days for p in parts) == whole.days == 91
    assert abs(sum(p.subsidy for p in parts) - whole.subsidy) <= D("0.01") and whole.subsidy <= whole.interest


def test_working_days_skip_holidays_and_count_shifted_workdays():
    assert calc_days.working_days(date(2022, 9, 30), date(2022, 10, 10)) == 3  # 30 Sep, then 8 and 9 Oct are worked
    assert calc_days.working_days(date(2022, 6, 6), date(2022, 6, 6)) == 0
    assert calc_days.by_party([("park", date(2022, 6, 6), date(2022, 6, 8)), ("bank", date(2022, 6, 8), None)], date(2022, 6, 10)) == {
        "park": 2, "bank": 2}
