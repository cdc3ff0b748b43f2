"""Returns, waterfall, ownership, committee, fees and limits as tables; against a spreadsheet, numpy-financial and hypothesis."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy_financial
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree as ET

from modules.funds import (
    calc_account,
    calc_committee,
    calc_fees,
    calc_limits,
    calc_ownership,
    calc_returns,
    calc_standing,
    calc_transactions,
)
from modules.funds import calc_waterfall as wf
from parkops.money import allocate
from parkops.testing.browser import office
from parkops.testing.depth import depth

D = Decimal
SHEET = Path(__file__).parent / "data" / "returns.fods"
NS = {"o": "urn:oasis:names:tc:opendocument:xmlns:office:1.0", "t": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
      "x": "urn:oasis:names:tc:opendocument:xmlns:text:1.0"}
DAY = date(2024, 1, 1)


def rows_of(path):
    """The rows of a sheet with the values it was saved with."""
    out = []
    for row in ET.parse(path).getroot().iter(f"{{{NS['t']}}}table-row"):
        out.append([c.get(f"{{{NS['o']}}}value") or c.get(f"{{{NS['o']}}}date-value") or (c.findtext("x:p", "", NS)) for c in row])
    return out


def recalculated(tmp_path):
    """The rows after LibreOffice worked the formulas out from nothing; None where it is not installed."""
    found = office()
    if found is None:
        return None
    tree, emptied = ET.parse(SHEET), 0
    for cell in tree.getroot().iter(f"{{{NS['t']}}}table-cell"):
        if cell.get(f"{{{NS['t']}}}formula"):
            cell.attrib.pop(f"{{{NS['o']}}}value", None)
            for kept in list(cell):
                cell.remove(kept)
            emptied += 1
    assert emptied >= 50, "the sheet has lost its formulas"
    (tmp_path / "asked").mkdir()
    tree.write(tmp_path / "asked/returns.fods", encoding="utf-8", xml_declaration=True)
    done = subprocess.run([found, "--headless", f"-env:UserInstallation=file://{tmp_path}/lo", "--convert-to", "fods", "--outdir",
                           str(tmp_path), str(tmp_path / "asked/returns.fods")], check=False, timeout=120, capture_output=True)
    made = tmp_path / "returns.fods"
    assert made.exists(), done.stderr.decode()[:300]
    return rows_of(made)


@pytest.fixture(params=["stored", "recalculated"])
def sheet(request, tmp_path):
    rows = rows_of(SHEET) if request.param == "stored" else recalculated(tmp_path)
    if rows is None:
        assert not os.environ.get("CI"), "the set-up of the tests should have installed LibreOffice"
        pytest.skip("LibreOffice is not installed; the stored values were compared")
    return rows


def day_of(cell):
    """A day as the sheet stores it, or as LibreOffice gives it back where a cell has no date style: days since 1899-12-30."""
    if re.fullmatch(r"20\d\d-\d\d-\d\d", cell):
        return date.fromisoformat(cell)
    return date(1899, 12, 30) + timedelta(days=int(cell)) if re.fullmatch(r"4\d{4}", cell) else None


def named(rows, name):
    return D(next(r for r in rows if r and r[0] == name)[1])


def test_multiples_and_rate_are_those_of_the_spreadsheet(sheet):
    flows = [(day_of(r[0]), D(r[1])) for r in sheet if len(r) > 1 and day_of(r[0])]
    assert len(flows) == 8
    m = calc_returns.Multiples(-sum(a for _d, a in flows if a < 0), sum(a for _d, a in flows[:-1] if a > 0), D(0), flows[-1][1])
    for name, mine in (("Paid in", m.paid_in), ("Distributed", m.distributed), ("Net asset value", m.value)):
        assert mine == named(sheet, name)
    for name, mine in (("DPI", m.dpi), ("RVPI", m.rvpi), ("TVPI", m.tvpi)):
        assert abs(mine - named(sheet, name)) <= D("0.00005"), name
    assert abs(calc_returns.irr(flows).rate - named(sheet, "IRR")) < D("0.0000001")


def test_waterfall_is_that_of_the_spreadsheet(sheet):
    start = next(n for n, r in enumerate(sheet) if r and r[0] == "Amount") + 1
    rows = [[D(x) for x in r[:7]] for r in sheet[start:] if r and r[0]]
    terms = wf.Terms(D("0.08"), D("0.2"), D(1))
    assert len(rows) == 8
    for amount, *tiers in rows:
        s = wf.distribute([(DAY - timedelta(days=1095), D(10_000_000))], [], amount, DAY, terms)
        mine = [s.capital, s.preferred, s.catch_up_partners, s.catch_up_carry, s.rest_partners, s.rest_carry]
        assert mine == [t.quantize(D("0.01")) for t in tiers] and s.total == amount


@pytest.mark.parametrize("amounts", [[-100, 30, 40, 60], [-1000, 0, 0, 1500], [-500, -500, 200, 300, 900], [-1000, 400, 300, 200]])
def test_equidistant_flows_agree_with_numpy_financial(amounts):
    # 365 days apart a year of actual/365 is a period
    flows = [(date(2021, 1, 1) + timedelta(days=365 * n), D(a)) for n, a in enumerate(amounts)]
    assert abs(float(calc_returns.irr(flows).rate) - numpy_financial.irr(amounts)) < 1e-8


@pytest.mark.parametrize(("flows", "why"), [
    ([], "no_flows"),
    ([(DAY, D(-5))], "total_loss"),
    ([(DAY, D(5))], "no_outflow"),
    ([(DAY, D(-5)), (DAY + timedelta(days=90), D(-1))], "total_loss"),
    ([(DAY, D(3)), (DAY + timedelta(days=90), D(1))], "no_outflow"),
    ([(DAY, D(-5)), (DAY, D(5))], "no_flows"),
    ([(DAY, D("-0.01")), (DAY + timedelta(days=1), D(90_000_000))], "too_close"),
    ([(DAY, D(-100)), (DAY + timedelta(days=3), D(200))], "too_close"),
])
def test_a_rate_that_cannot_be_computed_says_why(flows, why):
    found = calc_returns.irr(flows)
    assert (found.rate, found.why) == (None, why)


amounts = st.integers(1, 10**10).map(lambda n: D(n).scaleb(-2))
moves = st.lists(st.tuples(st.integers(0, 3650), amounts, st.booleans()), min_size=1, max_size=14)


def dated(rows):
    return [(date(2015, 1, 1) + timedelta(days=n), -a if out else a) for n, a, out in rows]


@settings(max_examples=depth(80, 3000), deadline=None)
@given(moves)
def test_the_value_at_the_rate_is_nothing(rows):
    flows = dated(rows)
    found = calc_returns.irr(flows)
    if found.rate is None:
        assert found.why
    else:
        days = calc_returns.by_day(flows)
        assert abs(calc_returns.npv(found.rate, days)) <= sum(abs(a) for _d, a in days) / 1_000_000


@settings(max_examples=depth(60, 2000), deadline=None)
@given(moves, st.randoms())
def test_the_order_of_flows_is_without_effect(rows, random):
    flows = dated(rows)
    other = list(flows)
    random.shuffle(other)
    assert calc_returns.irr(flows) == calc_returns.irr(other)


def test_several_funds_are_sums_over_sums():
    small, large = calc_returns.Multiples(D(10), D(30), D(0), D(0), D(10)), calc_returns.Multiples(D(90), D(0), D(0), D(90), D(100))
    whole = calc_returns.rollup([small, large])
    assert (small.tvpi, large.tvpi, whole.tvpi) == (D(3), D(1), D("1.2"))  # the average of the ratios would be 2
    assert whole.pic == D("0.9091")
    assert calc_returns.rollup([small, calc_returns.Multiples(D(5), D(0), D(0), None)]).tvpi is None  # one unknown value: unknown


def test_recallable_money_stands_apart():
    m = calc_returns.Multiples(D(60), D(30), D(12), D(50), D(100))
    assert (m.dpi, m.dpi_final, m.unfunded) == (D("0.5"), D("0.3"), D(52))


TERMS = {"european": wf.Terms(D("0.08"), D("0.2"), D(1)), "half": wf.Terms(D("0.08"), D("0.2"), D("0.5")), "none": wf.Terms(D("0.08"), D("0.2"), D(0)),
         "simple": wf.Terms(D("0.08"), D("0.2"), D(1), compound=False), "no hurdle": wf.Terms(D(0), D("0.2"), D(1))}
YEAR = DAY - timedelta(days=365)


@pytest.mark.parametrize(("terms", "amount", "capital", "preferred", "excess", "carry"), [
    ("european", 50, 50, 0, 0, 0), ("european", 104, 100, 4, 0, 0), ("european", 108, 100, 8, 0, 0), ("european", 109, 100, 8, 0, 1),
    ("european", 110, 100, 8, 0, 2), ("european", 120, 100, 8, 8, 4), ("half", 112, 100, 8, 2, 2), ("half", "113.33", 100, 8, "2.66", "2.67"),
    ("none", 118, 100, 8, 8, 2), ("no hurdle", 120, 100, 0, 16, 4), ("simple", 120, 100, 8, 8, 4)])
def test_tiers_by_the_table(terms, amount, capital, preferred, excess, carry):
    s = wf.distribute([(YEAR, D(100))], [], D(amount), DAY, TERMS[terms])
    assert (s.capital, s.preferred, s.excess, s.carry) == tuple(D(x) for x in (capital, preferred, excess, carry))


def test_compounding_and_simple_hurdles_differ_after_a_year():
    paid = [(DAY - timedelta(days=730), D(100))]
    assert wf.distribute(paid, [], D(200), DAY, TERMS["european"]).preferred == D("16.64")
    assert wf.distribute(paid, [], D(200), DAY, TERMS["simple"]).preferred == D("16.00")


def test_earlier_distributions_are_remembered():
    half = DAY - timedelta(days=182)
    first = wf.distribute([(YEAR, D(100))], [], D(60), half, TERMS["european"])
    prior = [wf.Prior(half, first.partners, first.carry)]
    second = wf.distribute([(YEAR, D(100))], prior, D(70), DAY, TERMS["european"])
    assert first.capital == 60 and second.capital == 40
    # 100 over 183 days, then (40 + what was due) over 182: worked out by hand to the fen
    due = D(100) * (D("1.08") ** (D(183) / 365) - 1)
    assert second.preferred == (due + (40 + due) * (D("1.08") ** (D(182) / 365) - 1)).quantize(D("0.01"))
    assert second.carry * 4 == second.preferred + second.excess or abs(second.carry * 4 - second.preferred - second.excess) <= D("0.04")


paid_in = st.lists(st.tuples(st.integers(0, 2000), amounts), min_size=1, max_size=6)
given_back = st.lists(st.tuples(st.integers(0, 3000), amounts), max_size=5)


@settings(max_examples=depth(60, 2000), deadline=None)
@given(paid_in, given_back, amounts, st.sampled_from(sorted(TERMS)))
def test_tiers_sum_to_the_cash_and_carry_never_exceeds_its_share(paid, back, amount, name):
    start, terms = date(2015, 1, 1), TERMS[name]
    contributions = [(start + timedelta(days=n), a) for n, a in paid]
    priors, on = [], start + timedelta(days=3100)
    for n, a in sorted(back):
        day = start + timedelta(days=n)
        s = wf.distribute(contributions, priors, a, day, terms)
        priors.append(wf.Prior(day, s.partners, s.carry))
    s = wf.distribute(contributions, priors, amount, on, terms)
    assert s.total == amount and min(s.capital, s.preferred, s.excess, s.carry) >= 0
    account = wf.stand(contributions, priors, on, terms)
    profit = account.profit + account.carry + s.preferred + s.excess + s.carry
    assert account.carry + s.carry <= profit * terms.carry + D("0.01") * (len(priors) + 2)
    if s.carry:
        assert account.capital - s.capital <= 0


@settings(max_examples=depth(60, 2000), deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.booleans()), min_size=1, max_size=9), amounts)
def test_parts_of_partners_sum_to_the_cash(rows, amount):
    partners = [wf.Partner(n, D(c), D(c), D(min(u, c)), bears, n == 0) for n, (c, u, bears) in enumerate(rows)]
    bearing, free = wf.shares(amount, partners)
    split = wf.distribute([(YEAR, sum((p.paid_in for p in partners if p.bearing), D(0)))], [], bearing, DAY, TERMS["european"])
    parts = wf.to_partners(split, free, partners)
    assert sum((p.total for p in parts), D(0)) == amount
    assert sum((p.capital + p.preferred + p.excess for p in parts if not partners[p.key].bearing), D(0)) == free


def test_clawback_is_carry_above_the_share_of_the_whole_profit():
    priors = [wf.Prior(DAY, D(100), D(20))]
    assert wf.clawback([(YEAR, D(100))], priors, TERMS["european"]) == D(16)  # profit 20, carry due 4
    assert wf.clawback([(YEAR, D(100))], priors, TERMS["european"], left=D(80)) == D(0)


def test_terms_that_make_no_sense_are_refused():
    for values in ({"carry": D(1)}, {"hurdle": D(-1)}, {"carry": D("0.3"), "catch_up": D("0.2")}):
        with pytest.raises(ValueError):
            wf.Terms(**values)


@pytest.mark.parametrize(("members", "votes", "state"), [
    (3, [], "open"), (3, ["for"], "open"), (3, ["for", "for"], "approved"), (3, ["for", "against"], "open"),
    (3, ["against", "against"], "rejected"), (3, ["for", "against", "against"], "rejected"), (3, ["aside", "for", "for"], "approved"),
    (3, ["aside", "aside"], "no_quorum"), (3, ["aside", "aside", "for"], "no_quorum"), (3, ["for", "abstain", "abstain"], "rejected"),
    (5, ["for", "for", "for"], "open"), (5, ["for", "for", "for", "for"], "approved"), (1, ["for"], "approved")])
def test_committee_table(members, votes, state):
    found = calc_committee.decide(members, votes, D("0.6667"), D("0.6667"))  # written so, two of three are enough
    assert found.state == state, found


def test_one_half_means_more_than_half():
    assert calc_committee.decide(4, ["for", "for", "against", "against"], D("0.5"), D("0.5")).state == "rejected"
    assert calc_committee.decide(4, ["for", "for", "for"], D("0.5"), D("0.5")).state == "approved"


def entry(day, holder, n, name=""):
    return calc_ownership.Entry(date(2024, 1, day), holder, D(n), name)


def test_ownership_and_dilution_are_exact():
    rows = [entry(1, "founders", 1_000_000, "founding"), entry(2, "fund", 250_000, "angel"), entry(3, "other", 416_667, "A")]
    assert [r.share for r in calc_ownership.table(rows[:2], date(2024, 1, 2))] == [Fraction(4, 5), Fraction(1, 5)]
    assert sum(r.share for r in calc_ownership.table(rows, date(2024, 1, 9))) == 1
    first, second = calc_ownership.dilution(rows, "fund")
    assert (first.before, first.after) == (0, Fraction(1, 5)) and second.after == Fraction(250_000, 1_666_667)
    assert second.lost == 1 - Fraction(1_250_000, 1_666_667)
    with pytest.raises(ValueError):
        calc_ownership.table([*rows, entry(4, "fund", -250_001)], date(2024, 1, 4))


def test_new_shares_keep_the_pre_money_value():
    got = calc_ownership.issued(D(2_000_000), D(8_000_000), D(1_000_000))
    assert got == 250_000 and calc_ownership.price_per_share(D(8_000_000), D(1_000_000)) == 8


@pytest.mark.parametrize(("discount", "cap", "price", "shares"), [
    ("0", None, "10.0000", "108000.0000"), ("0.2", None, "8.0000", "135000.0000"), ("0.2", 5_000_000, "5.0000", "216000.0000"),
    ("0.2", 20_000_000, "8.0000", "135000.0000")])
def test_convertibles_take_the_better_of_discount_and_cap(discount, cap, price, shares):
    found = calc_ownership.convert(D(1_000_000), D("0.08"), 365, price=D(10), discount=D(discount), cap=None if cap is None else D(cap),
                                   shares=D(1_000_000))
    assert found == (D(shares), D(price), D("1080000.00"))


def test_management_fee_by_steps():
    steps = [(date(2024, 1, 1), D(50_000_000)), (date(2024, 7, 1), D(5_000_000))]
    # 50 million the whole year of 366 days, 5 million from July (184 days)
    assert calc_fees.fee(steps, D("0.02"), date(2024, 1, 1), date(2024, 12, 31)) == D("1053150.68")
    assert calc_fees.fee(steps, D("0.02"), date(2023, 1, 1), date(2023, 12, 31)) == 0
    quarters = [calc_fees.fee(steps[:1], D("0.02"), *d) for d in ((date(2023, 1, 1), date(2024, 3, 31)), (date(2024, 4, 1), date(2024, 6, 30)))]
    assert sum(quarters) == calc_fees.fee(steps[:1], D("0.02"), date(2023, 1, 1), date(2024, 6, 30))


def test_limits_and_covenants():
    found = calc_limits.weights({"a": D(20), "b": D("20.01"), "c": D(0)}, D(100), D("0.2"))
    assert [(w.key, w.above) for w in found] == [("b", True), ("a", False)]
    assert [calc_limits.covenant(v, "gte", D(5)) for v in (None, D(5), D("4.99"))] == ["unknown", "pass", "fail"]


def book(**values):
    m, s = calc_standing.Movement, date(2022, 1, 1)
    rows = (m(s, "contribution", D(100), partner=1), m(s, "contribution", D(10), partner=2), m(s, "investment", D(-60), investment=7),
            m(date(2022, 3, 1), "investment", D(-20), investment=8), m(date(2022, 6, 1), "expense", D(-5)),
            m(date(2023, 1, 1), "proceeds", D(30), investment=7, exit=3))
    return calc_standing.Book(**({"movements": rows, "marks": (calc_standing.Mark(7, date(2022, 6, 30), D(90), "last_round"),),
                                  "sales": (calc_standing.Sale(3, 7, date(2022, 12, 20), D("0.5"), D(40)),),
                                  "commitments": ((1, s, D(200)), (2, s, D(20))), "terms": TERMS["european"], "bearing": frozenset({1})} | values))


def test_a_fund_on_several_days():
    before = calc_standing.standing(book(), date(2022, 2, 1))
    assert (before.paid_in, before.holdings, before.cash, before.multiples.pic) == (110, 60, 50, D("0.5"))
    assert before.positions[0].basis is None  # at cost, nobody valued it
    marked = calc_standing.standing(book(), date(2022, 7, 1))
    assert (marked.holdings, marked.cash) == (110, 25) and marked.positions[0].basis == "last_round"
    sold = calc_standing.standing(book(), date(2022, 12, 31))
    assert (sold.holdings, sold.receivable, sold.cost) == (65, 40, 50)  # half of the mark is gone, the money not there yet
    after = calc_standing.standing(book(), date(2023, 1, 1))
    assert (after.receivable, after.cash, after.returned) == (10, 55, 30)
    assert after.nav == after.holdings + after.receivable + after.cash - after.accrued_carry


def test_a_later_mark_of_the_same_day_counts_and_nothing_is_overwritten():
    marks = (calc_standing.Mark(7, date(2022, 6, 30), D(90), "market", 1), calc_standing.Mark(7, date(2022, 6, 30), D(70), "write_down", 2))
    assert calc_standing.position(book(marks=marks), 7, date(2022, 7, 1)).value == 70
    assert calc_standing.position(book(marks=marks), 7, date(2022, 6, 29)).value == 60


def test_deal_by_deal_looks_at_realised_deals_only():
    found = book(deal_by_deal=True)
    on = date(2023, 1, 1)
    # half of the 60 and 3/8 of the costs (30 of 80), for the ten elevenths that bear carry
    assert calc_standing.realised_contributions(found, on) == [(date(2022, 1, 1), D("27.27")), (date(2022, 6, 1), D("1.70"))]
    whole = wf.distribute(calc_standing.contributions(found, on), [], D(40), on, TERMS["european"])
    deal = wf.distribute(calc_standing.realised_contributions(found, on), [], D(40), on, TERMS["european"])
    assert whole.carry == 0 and deal.carry > 0


def test_accounts_of_partners_sum_to_the_net_asset_value():
    found = book()
    for on in (date(2022, 7, 1), date(2023, 6, 1)):
        s = calc_standing.standing(found, on)
        accounts = [calc_account.account(found, s, p) for p in (1, 2)]
        assert sum(a.value for a in accounts) == s.nav
    assert s.accrued_carry > 0 or s.nav < 110


def test_transaction_types_of_a_partial_receipt_sum_to_it():
    class Row:
        on_date, kind, amount, cash, partner_id, reverses_id = DAY, "contribution", D("33.33"), True, 1, None
        for_investments, for_fees, for_expenses = D(80), D(15), D(5)

    found = calc_transactions.lines(Row)
    assert sum(x.amount for x in found) == D("-33.33") and [x.amount for x in found] == [-x for x in allocate(D("33.33"), [80, 15, 5])]
