"""A start-up loan at the screens: a firm is tested, its documents collected, the bank's decision approved, two tranches confirmed; a quarter
of interest subsidy is claimed, checked and handed in."""

from __future__ import annotations

import re
from io import BytesIO

from openpyxl import load_workbook

from parkops import clock
from tests.browser.conftest import ready
from tests.browser.test_intake import RUN, choose, send
from tests.browser.test_lease_day import fact, look, press, state

AMOUNT, HALF = "600000", "300000"
BANK, FUND = "济宁银行高新区支行", "济宁高新区创业担保基金"
FACTS = {"on_date": None, "staff_total": "20", "hired_eligible": "4", "earlier_uses": "0", "source": "职工花名册和社保证明"}
YES_NO = {"contracts_year": "1", "in_arrears": "0", "other_loans": "0", "past_overdue": "0"}


def qualified(page, shot) -> str:
    """From the list of who would qualify to a firm whose facts are missing; they are entered, and the same test says yes."""
    page.goto(f"/loans/dry_run/?amount={AMOUNT}&term=24")
    look(page)
    row = page.locator("table tbody tr", has_text="职工花名册").first
    firm = row.locator("a[href^='/tenants/firm/']").inner_text()
    with page.expect_navigation():
        row.get_by_text("逐条规则", exact=True).click()
    look(page)
    assert page.locator("#f-firm option:checked").inner_text() == firm and "暂无法判断" in page.inner_text("main")
    shot(page, "loan-precheck")
    back = page.url
    with page.expect_navigation():
        page.get_by_text("录入贷款事实", exact=True).click()
    for field, value in FACTS.items():
        page.fill(f"#f-{field}", value or clock.today().isoformat())
    for field, value in YES_NO.items():
        page.select_option(f"#f-{field}", value)
    send(page)
    page.goto(back)
    look(page)
    assert "符合条件" in page.inner_text("main") and "财金〔2023〕75号" in page.inner_text("main")
    return firm


def handed_in(page) -> str:
    """The enquiry becomes a case; the checklist is complete before the HR office gets it."""
    with page.expect_navigation():
        page.get_by_text("贷款咨询", exact=True).click()
    page.fill("#f-amount_requested", AMOUNT)
    send(page)
    look(page)
    url = page.url.split("?")[0]
    assert re.search(r"/loans/case/\d+$", url)
    press(page, "选择银行和担保基金")
    choose(page, "bank_id", BANK)
    choose(page, "fund_id", FUND)
    send(page)
    for step in ("开始预审", "通知准备材料"):
        press(page, step)
        send(page)
    assert page.locator(".rec-actions").get_by_text("提交人社部门", exact=True).is_disabled()
    page.goto(url + "?tab=papers")
    ready(page)
    papers = page.evaluate("[...document.querySelectorAll('.tabulator-row a')].map((a) => a.getAttribute('href')).filter((h) => h.includes('/paper/'))")
    assert len(papers) == 8
    for paper in papers:
        page.goto(paper)
        press(page, "已收到")
        send(page)
    page.goto(url)
    for step in ("提交人社部门", "人社资格审核通过", "担保已落实"):
        press(page, step)
        send(page)
    assert state(page) == "贷款审批"
    return url


def decision(page):
    press(page, "登记银行审批结果")
    page.fill("#f-amount", AMOUNT)
    page.fill("#f-rate", "3.9")
    send(page)
    look(page)
    assert page.locator(".rec-actions").get_by_text("同意", exact=True).count() == 0, "who recorded it cannot approve it"


def tranche(page, url, n):
    """One payout of the bank."""
    page.goto(f"/loans/tranche/new?case_id={url.rsplit('/', 1)[1]}")
    page.fill("#f-amount", HALF)
    page.fill("#f-paid_on", clock.today().isoformat())
    page.fill("#f-reference", f"FK{RUN}{n}")
    send(page)
    return page.url.split("?")[0]


def test_a_loan_from_the_precheck_to_two_tranches(browse, shot):
    with browse("clerk") as clerk:
        firm = qualified(clerk, shot)
        url = handed_in(clerk)
        decision(clerk)
    with browse("manager") as manager:
        manager.goto(url + "?tab=desk")
        look(manager)
        assert "600,000.00" in manager.inner_text("main") and firm in manager.inner_text("main")
        shot(manager, "loan-decision")
        press(manager, "同意")
        send(manager)
        assert state(manager) == "已批准，待签订"
    with browse("clerk") as clerk:
        clerk.goto(url)
        press(clerk, "借款合同已签订")
        clerk.fill("#f-contract_no", f"JN{RUN}")
        send(clerk)
        payouts = [tranche(clerk, url, n) for n in (1, 2)]
        clerk.goto(url)
        assert state(clerk) == "放款中", "what is only recorded does not count"
    with browse("finance") as finance:
        for payout in payouts:
            finance.goto(payout)
            press(finance, "确认放款")
            assert state(finance) == "已确认"
        finance.goto(url + "?tab=schedule")
        look(finance)
        assert state(finance) == "在贷" and fact(finance, "未还本金") == "600,000.00"
        assert "600,000.00" in finance.inner_text(".rec-tab tfoot")
        shot(finance, "loan-schedule")


def test_a_quarter_of_interest_subsidy(browse, shot):
    with browse("clerk") as clerk:
        clerk.goto("/loans/subsidy_claim/?view=open")
        look(clerk)
        with clerk.expect_navigation():
            clerk.locator(".tabulator-row a").first.click()
        bank = clerk.locator(".rec-tab, main").first.inner_text()
        name = BANK if BANK in bank else "邮储银行高新区支行"
        quarter = fact(clerk, "季度")
        press(clerk, "取消申报")
        clerk.fill("#f-reason", "重新编制")
        with clerk.expect_navigation():
            clerk.locator(".rec-form .btn-danger").first.click()
        assert state(clerk) == "已取消"
        clerk.goto("/loans/subsidy_claim/new")
        choose(clerk, "bank_id", name)
        clerk.fill("#f-quarter", f"{quarter[:4]}-{int(quarter[-1]) * 3:02d}-15")
        send(clerk)
        look(clerk)
        url, total = clerk.url.split("?")[0], fact(clerk, "申报贴息")
        assert total not in ("0.00", "—") and fact(clerk, "季度") == quarter
    with browse("finance") as finance:
        finance.goto(url + "?tab=lines")
        look(finance)
        shot(finance, "loan-subsidy")
        for step in ("复核无误", "提交财政部门"):
            press(finance, step)
            send(finance)
        assert state(finance) == "财政审核中"
        finance.goto(url + "?tab=without")
        look(finance)
        with finance.expect_download() as answer:
            finance.locator("a[href*='format=xlsx']").click()
        book = load_workbook(BytesIO(open(answer.value.path(), "rb").read()))
        last = [c.value for c in list(book.worksheets[1].iter_rows())[-1]]
        assert f"{last[16]:,.2f}" == total
