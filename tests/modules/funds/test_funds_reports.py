"""Notices and reports: per partner, in both languages, the same figures in every format and on the page."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from funds_help import START, called, fund, invested, seconded
from pypdf import PdfReader

from modules.funds.reports.quarter import transactions
from modules.funds.services import calls, distributions, exits, returns, valuations
from parkops.clock import Period, now
from parkops.i18n import force_locale
from parkops.reports.registry import Request, make

D = Decimal
LATER = date(2023, 5, 10)


@pytest.fixture
def life(session):
    f = fund(session)
    call = called(session, f, 20_000_000, for_fees=D("275000.01"))
    held = invested(session, f, amount=4_000_000, pre=16_000_000)
    seconded(session, valuations.create_valuation(session, investment_id=held.id, on_date=date(2022, 12, 31), basis="market", value=D(6_000_000),
                                                  evidence="report of the valuer"))
    sale = exits.create_exit(session, investment_id=held.id, way="transfer", on_date=LATER, part=D("0.5"), proceeds=D(5_000_000), buyer="next")
    seconded(session, sale, LATER)
    exits.receive_proceeds(session, sale, amount=D(5_000_000), on=LATER)
    row = distributions.create_distribution(session, fund_id=f.fund.id, on_date=LATER, amount=D(6_000_000), recallable=D(2_000_000))
    seconded(session, row, LATER)
    distributions.pay_all(session, row, on=LATER)
    return f, call, row


def text_of(session, name, record, fmt="pdf", period=None):
    park = session.info["scope"].park_id
    made = make(session, name, Request(park, period, date(2023, 8, 1), now(), record, "tester"), fmt)
    if fmt == "pdf":
        return "".join("".join(p.extract_text().split()) for p in PdfReader(io.BytesIO(made)).pages)
    return made


@pytest.mark.parametrize(("locale", "title", "word"), [("zh", "出资缴付通知书", "应缴金额"), ("en", "Noticeofacapitalcall", "Amountcalled")])
def test_every_partner_gets_a_notice_of_the_call(session, life, locale, title, word):
    _f, call, _row = life
    for part in calls.parts_of(session, call)[:2]:
        with force_locale(locale):
            found = text_of(session, "fund-call-notice", part.id)
        assert title in found and word in found and f"{part.amount:,.2f}" in found and "".join(part.partner.name.split()) in found


@pytest.mark.parametrize(("locale", "title", "word"), [("zh", "收益分配通知书", "返还本金"), ("en", "Noticeofadistribution", "Returnofcapital")])
def test_every_partner_gets_a_notice_of_the_distribution(session, life, locale, title, word):
    _f, _call, row = life
    part = distributions.parts_of(session, row)[-1]
    with force_locale(locale):
        found = text_of(session, "fund-distribution-notice", part.id)
    assert title in found and word in found and f"{part.amount:,.2f}" in found and f"{part.recallable:,.2f}" in found


def test_a_notice_says_what_was_called_before_it_not_after(session, life):
    f, call, _row = life
    called(session, f, 1_000_000, on=date(2023, 6, 1))
    part = calls.parts_of(session, call)[0]
    found = json.loads(text_of(session, "fund-call-notice", part.id, "json"))
    facts = {x["label"]: x["value"] for x in found["sections"][0]["facts"]}
    with force_locale("zh"):
        assert facts["此前已通知缴付"] == 0 and D(facts["本次后待缴出资"]) == D(1_000_000) - part.amount


def test_the_quarterly_report_is_the_page_in_every_format(session, life):
    f, _call, _row = life
    period = Period.parse("2023Q2")
    s = returns.standing_of(session, f.fund, period.last_day)
    with force_locale("en"):
        data = json.loads(text_of(session, "fund-quarter", f.fund.id, "json", period))
        pdf = text_of(session, "fund-quarter", f.fund.id, "pdf", period)
        book = openpyxl.load_workbook(io.BytesIO(text_of(session, "fund-quarter", f.fund.id, "xlsx", period)))
    facts = {x["label"]: x for x in data["sections"][0]["facts"]}
    assert D(facts["Net asset value"]["value"]) == s.nav and D(facts["TVPI"]["value"]) == s.multiples.tvpi
    assert f"{s.nav:,.2f}" in pdf and f"{s.net.rate * 100:.1f}" in pdf
    numbers = {c.value for sheet in book for row in sheet.iter_rows() for c in row if isinstance(c.value, int | float)}
    assert any(abs(D(str(n)) - s.nav) < D("0.005") for n in numbers)
    partners = data["sections"][-1]["table"]
    assert D(partners["totals"][-1]) == s.nav and D(partners["totals"][2]) == s.paid_in


def test_transaction_types_sum_to_what_moved(session, life):
    f, _call, row = life
    found = transactions(session, f.fund.id)
    by = {t: sum(x.amount for x in found if x.type == t) for t in {x.type for x in found}}
    assert by["call_fees"] == D("-275000.01") and by["call_investments"] == D(-20_000_000)
    assert by["distribution_recallable"] == D(2_000_000)
    assert sum(a for t, a in by.items() if t.startswith("distribution")) + by.get("carry", 0) == row.amount


def test_partner_report_and_pages_open(session, life, client, login_as):
    f, _call, _row = life
    assert "测试基金" in text_of(session, "fund-partner", f.partners["park"].id)
    login_as(client, "leadership")
    for url in ("/funds/returns/", "/funds/returns/?on=2022-12-31"):
        assert client.get(url).status_code == 200
    refused = client.get("/funds/returns/?on=nonsense")
    assert refused.status_code == 400 and "2026-11-22" in refused.get_data(as_text=True), "a day that is none is refused in one sentence"
    assert START < LATER
