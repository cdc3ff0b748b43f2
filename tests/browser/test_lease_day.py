"""From the stacking plan to the paid bill, and rent relief that two people sign: the personas of leasing and billing at their screens."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO

from pypdf import PdfReader

from parkops import clock
from parkops.demo import PERSONAS
from tests.browser.conftest import ready
from tests.browser.test_clerk_day import reloaded
from tests.browser.test_intake import RUN, choose, do, send
from tests.browser.test_walk import wrong_language

RENT, CAPITALS = "3,456.78", "叁仟肆佰伍拾陆元柒角捌分"
SCHEME, TITLE = f"JM-{RUN}", f"园区自定减免{RUN}"
SIGNED = {"name": "租赁合同.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n% signed\n%%EOF\n"}
POLICY = {"name": "政策文件.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n% policy\n%%EOF\n"}
NAMES = {user: full for user, _role, full in PERSONAS}


def first_day() -> date:
    return clock.today().replace(day=1)


def look(page):
    """The page is complete and speaks one language."""
    ready(page)
    assert wrong_language(page, "zh") == []


def press(page, title):
    """The button of that name on a record, in the bar or under "更多"; some ask for more on a page of their own."""
    button = page.locator(".rec-actions").get_by_text(title, exact=True).first
    if not button.is_visible():
        page.click(".rec-more summary")
    with page.expect_navigation():
        button.click()
    assert page.locator(".alert-danger").count() == 0, page.inner_text("main")[:600]


def state(page) -> str:
    return page.inner_text(".rec-head .badge")


def fact(page, title) -> str:
    return page.locator(".rec-keyfacts > div", has=page.locator("dt", has_text=title)).locator("dd").inner_text()


ASK = """async ([resource, filters]) => (await (await fetch(`/api/v1/${resource}/?q=` + encodeURIComponent(JSON.stringify({filters, size: 50})))).json()).rows"""


def newcomer(page) -> str:
    """A firm in incubation that rents nothing yet."""
    for firm in page.evaluate(ASK, ["tenants/firm", [["state", "eq", "incubating"]]]):
        if not page.evaluate(ASK, ["leasing/lease", [["firm_id", "eq", firm["id"]]]]):
            return firm["name"]
    raise AssertionError("every firm of the first page has a lease")


def only(page, firm):
    """The one row of the firm in the list that is open."""
    ready(page)
    reloaded(page, lambda: page.locator("[data-filter='firm.name'] input").fill(firm))
    row = page.locator(".tabulator-row")
    assert row.count() == 1 and firm in row.inner_text()
    return row


def from_the_plan(page, firm) -> tuple[str, str]:
    """A vacant unit of the plan becomes a lease with that unit; returns its address and the unit's number."""
    page.goto("/leasing/stacking/")
    look(page)
    page.locator(".sk-list nav a", has_text="创达大厦").click()
    unit = page.locator(".sk-unit.sk-vacant").first
    code = unit.locator("b").inner_text()
    unit.click()
    page.locator("#sk-card").get_by_text("新建租约", exact=True).click()
    page.wait_for_url(re.compile("/leasing/lease/new"))
    look(page)
    assert code in page.locator("#f-units option:checked").inner_text(), "the unit of the plan is in the form"
    choose(page, "firm_id", firm)
    page.fill("#f-starts_on", first_day().isoformat())
    page.fill("#f-ends_on", (clock.add_months(first_day(), 12) - timedelta(days=1)).isoformat())
    page.fill("#f-purpose", "研发办公")
    page.select_option("#f-rent_basis", "month")
    page.fill("#f-rent_price", RENT.replace(",", ""))
    send(page)
    page.goto("/leasing/lease/?text=" + firm)
    ready(page)
    with page.expect_navigation():
        page.locator(".tabulator-row a").first.click()
    return page.url.split("?")[0], code


def sign(browse, shot, url, firm, code):
    with browse("clerk") as clerk:
        clerk.goto(url + "?tab=schedule")
        look(clerk)
        assert clerk.inner_text(".rec-tab").count(RENT) >= 12, "every month of the year is on the page before anybody signs"
        press(clerk, "提交审核")
        send(clerk)
        assert clerk.locator(".rec-actions").get_by_text("同意", exact=True).locator("xpath=self::button[not(@disabled)]|self::a").count() == 0
    with browse("manager") as manager:
        manager.goto(url)
        press(manager, "同意")
        send(manager)
        press(manager, "签订")
        manager.set_input_files("#f-document", SIGNED)
        send(manager)
        look(manager)
        assert state(manager) == "履行中" and "租赁合同.pdf" in manager.inner_text(".rec-files")
        manager.goto("/leasing/stacking/")
        manager.locator(".sk-list nav a", has_text="创达大厦").click()
        let = manager.locator(".sk-unit", has=manager.locator("b", has_text=re.compile(f"^{code}$")))
        assert firm in let.inner_text() and "sk-let" in let.get_attribute("class")
        shot(manager, "lease-on-the-plan")


def run_the_month(page, shot, firm) -> str:
    """Collect, look at the exceptions, draft, post; returns the address of the firm's bill."""
    page.goto("/billing/run/")
    look(page)
    page.fill("#month", f"{first_day():%Y-%m}")
    with page.expect_navigation():
        page.locator("form.rec-form .btn-primary").click()
    look(page)
    assert page.locator(".run-steps li").count() == 4
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^生成 .* 张草稿$")).click()
    look(page)
    page.get_by_text("查看草稿", exact=True).click()
    assert RENT in only(page, firm).inner_text()
    page.go_back()
    page.get_by_role("button", name=re.compile("^过账 .* 张账单$")).click()
    page.wait_for_selector("section.rec-section h2:has-text('结果')")
    look(page)
    shot(page, "bill-run")
    page.locator("section.rec-section a[href*='run_id']").first.click()
    row = only(page, firm)
    assert RENT in row.inner_text()
    with page.expect_navigation():
        row.locator("a").first.click()
    return page.url.split("?")[0]


def pdf_text(page) -> str:
    """The text of the sheet behind "更多"."""
    page.click(".rec-more summary")
    with page.expect_download() as answer:
        page.locator(".rec-menu a[href*='format=pdf']").click()
    with open(answer.value.path(), "rb") as file:
        return re.sub(r"\s", "", "".join(p.extract_text() for p in PdfReader(BytesIO(file.read())).pages))


def test_a_lease_from_the_stacking_plan_to_the_paid_bill(browse, shot):
    with browse("clerk") as clerk:
        firm = newcomer(clerk)
        url, code = from_the_plan(clerk, firm)
        assert state(clerk) == "草稿"
    sign(browse, shot, url, firm, code)
    with browse("finance") as finance:
        bill = run_the_month(finance, shot, firm)
        look(finance)
        assert fact(finance, "未结金额") == RENT
        number = finance.get_attribute("[data-copy]", "data-copy")
        press(finance, "全额收款")
        finance.fill("#f-reference", "网银转账")
        send(finance)
        finance.goto(bill)
        look(finance)
        assert fact(finance, "未结金额") == "0.00"
        text = pdf_text(finance)
        assert firm in text and CAPITALS in text and number in text and RENT in text
        shot(finance, "bill-paid")
        do(finance, bill, "credit_line")
        finance.click("#f-charge_id + .ts-wrapper .ts-control")
        finance.locator("#f-charge_id + .ts-wrapper input").fill(firm)
        finance.wait_for_selector("#f-charge_id + .ts-wrapper .option >> text=房租")
        finance.goto(url + "?tab=charges")
        look(finance)
        assert number in finance.inner_text(".rec-tab"), "the lease shows its bill"


def policy(page, code: str = "", title: str = "") -> str:
    """The manager enters the park's own scheme: two people from the first yuan, its document attached, open."""
    page.goto("/leasing/relief_scheme/new")
    for field, value in {"code": code or SCHEME, "title": title or TITLE, "doc_no": f"园区〔{first_day():%Y}〕1号", "months": "1", "covers_from": f"{first_day():%Y-%m}",
                         "covers_to": f"{first_day():%Y-%m}", "apply_from": first_day().isoformat(), "budget": "1000000"}.items():
        page.fill(f"#f-{field}", value)
    for field, value in {"provenance": "D", "landlord": "any", "rule_set": "RELIEF-PARK"}.items():
        page.select_option(f"#f-{field}", value)
    look(page)
    send(page)
    url = page.url.split("?")[0]
    page.goto(url + "?tab=thresholds")
    ready(page)
    with page.expect_navigation():
        page.locator(".tabulator-row a").first.click()
    press(page, "编辑")
    page.fill("#f-people", "2")
    send(page)
    page.goto(url)
    page.set_input_files("#file", POLICY)
    with page.expect_navigation():
        page.locator(".rec-drop button").click()
    press(page, "开始受理")
    send(page)
    look(page)
    return url


def apply(page) -> str:
    """The clerk picks who would qualify, applies from the lease, ticks off the documents and submits."""
    page.goto("/leasing/relief_dry_run/")
    look(page)
    page.locator("select[name=scheme]").select_option(label=f"{SCHEME} {TITLE}")
    with page.expect_navigation():
        page.locator("form .btn-primary").first.click()
    look(page)
    page.locator("table tbody tr").first.locator("a[href^='/leasing/lease/']").click()
    page.wait_for_url(re.compile(r"/leasing/lease/\d+"))
    press(page, "申请减免")
    choose(page, "scheme_id", TITLE)
    send(page)
    look(page)
    url = page.url.split("?")[0]
    assert re.search(r"/leasing/relief_application/\d+$", url)
    page.goto(url + "?tab=papers")
    ready(page)
    papers = page.evaluate("[...document.querySelectorAll('.tabulator-row a')].map((a) => a.getAttribute('href'))")
    assert len(papers) == 4
    for paper in papers:
        page.goto(paper)
        press(page, "已收到")
        send(page)
    page.goto(url)
    press(page, "提交")
    send(page)
    assert state(page) == "已提交"
    return url


def test_a_relief_is_signed_by_two_people(browse, shot):
    with browse("manager") as manager:
        policy(manager)
    with browse("clerk") as clerk:
        url = apply(clerk)
    with browse("finance") as finance:
        finance.goto(url)
        press(finance, "复核通过，提请审批")
        send(finance)
    with browse("manager") as manager:
        manager.goto(url)
        press(manager, "同意")
        send(manager)
        number = re.search(r"RR-\d{4}-\d+", manager.inner_text(".rec-head"))[0]
        assert "还需 1 人" in manager.inner_text("main") and "待审批" in state(manager), "one signature is not enough"
    with browse("finance") as finance:
        finance.goto("/core/waiting/")
        finance.locator(".rec-card", has_text=number).click()
        do(finance, finance.url.split("?")[0], "approve")
        send(finance)
        finance.goto(url + "?tab=card")
        look(finance)
        signed = finance.locator(".rec-section", has=finance.locator("h2", has_text="已签署")).inner_text()
        assert NAMES["manager"] in signed and NAMES["finance"] in signed and "2 / 2" in finance.inner_text(".rec-facts")
        assert state(finance) == "已同意"
        shot(finance, "relief-signed")
