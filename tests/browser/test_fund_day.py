"""A day of a fund at the screens: capital is called and arrives, the committee decides, the deal is closed and paid, the holding is valued, and
the fund page says so. Whoever prepared something has no button to approve it."""

from __future__ import annotations

import re
from datetime import timedelta

from parkops import clock
from tests.browser.conftest import ready
from tests.browser.test_intake import choose, send
from tests.browser.test_lease_day import ASK, fact, look, press, state

FUND = "磅礴创业投资基金"
CALLED, WORTH = "1234567.89", "2345678.00"


def today() -> str:
    return clock.today().isoformat()


def say_when(page, **fields):
    """The form of a step: the day, and what else it asks."""
    for name, value in {"on": today(), **fields}.items():
        page.fill(f"#f-{name}", value)
    send(page)


def no_button(page, title) -> bool:
    """Neither a link nor a button that can be pressed."""
    found = page.locator(".rec-actions").get_by_text(title, exact=True)
    return found.locator("xpath=self::button[not(@disabled)]|self::a").count() == 0


def call_capital(page) -> str:
    page.goto("/funds/call/new")
    choose(page, "fund_id", FUND)
    page.fill("#f-notice_on", today())
    page.fill("#f-due_on", (clock.today() + timedelta(days=20)).isoformat())
    page.fill("#f-for_investments", CALLED)
    page.fill("#f-purpose", "拟投项目交割")
    look(page)
    send(page)
    look(page)
    url = page.url.split("?")[0]
    page.goto(url + "?tab=parts")
    assert page.inner_text(".rec-tab").count("1,234,567.89") >= 2, "the parts sum to the call"
    page.goto(url)
    press(page, "提交审核")
    say_when(page)
    assert state(page) == "等待审批" and no_button(page, "同意")
    return url


def test_capital_is_called_approved_and_arrives(browse, shot):
    with browse("finance") as finance:
        url = call_capital(finance)
    with browse("manager") as manager:
        manager.goto(url)
        press(manager, "同意")
        say_when(manager)
        assert state(manager) == "已通知缴付"
    with browse("finance") as finance:
        finance.goto(url)
        press(finance, "全部到账")
        say_when(finance)
        look(finance)
        assert fact(finance, "待到账") == "0.00"
        shot(finance, "fund-call-paid")


def open_deal(page) -> dict:
    """The deal the committee votes on."""
    return page.evaluate(ASK, ["funds/deal", [["state", "eq", "committee"]]])[0]


def agree_terms(page, deal) -> None:
    page.goto(f"/funds/term_sheet/new?deal_id={deal['id']}")
    look(page)
    page.fill("#f-amount", "1000000")
    page.fill("#f-pre_money", "9000000")
    send(page)
    press(page, "发送企业")
    if page.locator("#f-on").count():
        say_when(page)
    press(page, "双方签署")
    say_when(page)
    assert state(page) == "已签署"
    page.goto(f"/funds/deal/{deal['id']}")
    press(page, "条款已签署")
    say_when(page)
    press(page, "交割并投资")
    say_when(page)
    assert state(page) == "已投资"


def test_the_committee_decides_and_the_fund_invests_and_values(browse, shot):
    with browse("manager") as manager:
        deal = open_deal(manager)
        meeting = manager.evaluate(ASK, ["funds/meeting", [["state", "eq", "open"], ["deal_id", "eq", deal["id"]]]])[0]
        manager.goto(f"/funds/meeting/{meeting['id']}")
        press(manager, "表决")
        manager.select_option("#f-vote", "for")
        send(manager)
        look(manager)
        assert state(manager) == "已同意" and no_button(manager, "表决")
        agree_terms(manager, deal)
        holding = manager.evaluate(ASK, ["funds/investment", [["deal_id", "eq", deal["id"]]]])[0]
        url, firm = f"/funds/investment/{holding['id']}", holding["firm.name"]
    with browse("finance") as finance:
        finance.goto(url)
        press(finance, "付款")
        say_when(finance, amount="1000000")
        look(finance)
        assert state(finance) == "持有中" and fact(finance, "公允价值") == "1,000,000.00"
    with browse("clerk") as clerk:
        clerk.goto(f"/funds/valuation/new?investment_id={holding['id']}")
        clerk.fill("#f-on_date", today())
        clerk.select_option("#f-basis", "market")
        clerk.fill("#f-value", WORTH)
        clerk.fill("#f-evidence", "可比公司法估值报告")
        send(clerk)
        press(clerk, "提交审核")
        say_when(clerk)
        assert no_button(clerk, "同意")
        mark = clerk.url.split("?")[0]
    with browse("manager") as manager:
        manager.goto(mark)
        press(manager, "同意")
        say_when(manager)
        assert state(manager) == "已确认"
    with browse("leader") as leader:
        read_the_page(leader, shot, firm)


def read_the_page(page, shot, firm) -> None:
    """Figures, chart, portfolio with its total; the firm with its new value; the same on the firm's tab."""
    page.goto("/funds/returns/")
    look(page)
    page.get_by_role("link", name=FUND).first.click()
    page.wait_for_url(re.compile(r"/funds/returns/\d+"))
    look(page)
    figures = page.inner_text(".fd-figures")
    assert "TVPI" in figures and "DPI" in figures and re.search(r"净 IRR\s+-?\d+\.\d %", figures)
    page.locator("#fd-chart canvas").wait_for()
    row = page.locator("tbody tr", has_text=firm).first.inner_text()
    assert "1,000,000.00" in row and "2,345,678.00" in row and "2.35×" in row
    shot(page, "fund-page")
    page.locator("tbody tr", has_text=firm).first.locator("a").click()
    ready(page)
    assert fact(page, "MOIC") == "2.35×"
