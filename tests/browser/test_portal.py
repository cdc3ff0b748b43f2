"""The tenant portal at 390×844: a firm's head books a room, looks how to pay, answers a data call, shows the licence code."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from tests.browser.conftest import Watch
from tests.browser.test_lease_day import policy

USER = "firm-owner"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def portal(chromium, demo_server):
    """`with portal(lang="zh") as page:` a firm's user on the phone, logged in; problems are asserted away at the end."""

    @contextmanager
    def open_page(lang="zh"):
        from parkops.demo import PASSWORD

        context = chromium.new_context(viewport=PHONE, locale={"zh": "zh-CN", "en": "en-US"}[lang], is_mobile=True, has_touch=True,
                                       base_url=demo_server)
        context.set_default_timeout(30000)
        page = context.new_page()
        page.watch = Watch(page, demo_server)
        page.goto("/portal/login/")
        page.fill("#username", USER)
        page.fill("#password", PASSWORD)
        page.click("form[action='/portal/login/'] button.w-100")
        page.wait_for_selector(".pp-bottom")
        page.goto("/portal/account/")
        if page.get_attribute("html", "lang") != {"zh": "zh-CN", "en": "en"}[lang]:
            page.click(f"button[name=locale][value={lang}]")
            page.wait_for_load_state("load")
        page.goto("/portal/")
        try:
            yield page
            page.watch.clean()
        finally:
            context.close()

    return open_page


def fits(page):
    """Nothing stands beyond the right edge of the phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url


def clear_of_the_bar(page):
    """Scrolled to its end, nothing of a page stays behind the bar at the bottom."""
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
    last, bar = page.evaluate("[document.querySelector('main').getBoundingClientRect().bottom, document.querySelector('.pp-bottom').getBoundingClientRect().top]")
    assert last <= bar, (page.url, last, bar)


def workday() -> date:
    """A weekday well ahead, so that a room is open and free."""
    day = date.today() + timedelta(days=9)
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_fits_the_phone_and_speaks_the_language(portal, lang, shot):
    with portal(lang) as page:
        fits(page)
        shot(page, f"portal-home-{lang}")
        page.goto("/portal/all/")
        parts = page.eval_on_selector_all(".pp-tile", "els => els.map(e => e.getAttribute('href'))")
        assert len(parts) >= 12
        for part in parts:
            page.goto(part)
            fits(page)
            clear_of_the_bar(page)
            words = page.inner_text(".pp-bottom")
            assert ("首页" in words) == (lang == "zh"), part
        assert page.locator(".pp-bottom a").count() == 5


def test_it_can_be_installed_and_keeps_nothing_private(portal, chromium, demo_server):
    with portal() as page:
        page.goto("/portal/")
        found = page.evaluate("async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()")
        assert found["display"] == "standalone" and {i["sizes"] for i in found["icons"]} == {"192x192", "512x512"}
        assert page.get_attribute("meta[name=theme-color]", "content") == found["theme_color"]
        answer = page.request.get("/portal/bills/")
        assert answer.headers["cache-control"] == "no-store"
        assert page.evaluate("async () => (await navigator.serviceWorker.getRegistrations()).length") == 0


def test_book_a_room_with_the_price_before(portal, shot):
    with portal() as page:
        page.goto("/portal/bookings/")
        before = page.locator("form[action$='/cancel']").count()
        page.click("a[href='/portal/bookings/new']")
        page.locator("a[href^='/portal/bookings/new/']").first.click()
        page.fill("#day", workday().isoformat())
        page.fill("#starts", "10:00")
        page.fill("#ends", "11:00")
        page.fill("#people", "4")
        page.click("button[name=look]")
        page.wait_for_selector("#preview")
        shot(page, "portal-price")
        assert page.input_value("#starts") == "10:00" and page.locator("#preview.alert-info").count() == 1, page.inner_text("main")
        page.fill("#memo", "产品评审")
        page.click("form button.btn-primary")
        page.wait_for_url("**/portal/bookings/")
        assert page.locator("form[action$='/cancel']").count() == before + 1 and "产品评审" in page.inner_text("main")
        page.on("dialog", lambda d: d.accept())
        page.locator("li", has_text="产品评审").locator("button").click()
        page.wait_for_function(f"() => document.querySelectorAll(\"form[action$='/cancel']\").length === {before}")


def test_how_to_pay(portal, shot):
    with portal() as page:
        amount = page.inner_text("[data-balance]")
        page.goto("/portal/bills/")
        page.click("a[href='/portal/bills/pay']")
        assert page.inner_text("#pay-amount") == amount, "what is to be paid is the balance of the home page"
        number = page.locator(".pp-list a[href^='/portal/bills/']").first.inner_text().split("\n")[0]
        assert number in page.input_value("#pay-reference")
        assert re.fullmatch(r"[\d ]{8,}", page.locator("[id^=pay-account-]").first.input_value())
        shot(page, "portal-pay")
        page.goto("/portal/bills/")
        page.locator(".pp-list a").first.click()
        with page.expect_download() as got:
            page.click("a[href$='/pdf']")
        assert got.value.suggested_filename.endswith(".pdf")


def test_answer_a_data_call(portal, shot):
    with portal() as page:
        page.goto("/portal/datacalls/")
        page.locator(".pp-list a").first.click()
        assert page.locator("button[value=submit]").count() == 1, page.inner_text("main")
        fields = page.locator("input[name^='a.']")
        for n in range(fields.count()):
            assert fields.nth(n).input_value() == "", "unanswered stays missing, whatever the period before was"
        page.click("button[value=submit]")
        page.wait_for_selector(".alert-danger")
        for n in range(fields.count()):
            take = page.locator(f"[data-for='{fields.nth(n).get_attribute('id')}']")
            take.click() if take.count() else fields.nth(n).fill("0")
        first = next(fields.nth(n) for n in range(fields.count()) if fields.nth(n).input_value() not in ("", "0"))
        first.fill(str(int(float(first.input_value())) * 10))
        page.click("button[value=submit]")
        page.wait_for_selector(".pp-why")
        shot(page, "portal-data-call")
        for why in page.locator(".pp-why").all():
            why.fill("新产品上市")
        page.click("button[value=submit]")
        page.wait_for_url("**/portal/datacalls/")
        assert page.locator(".pp-badge").first.inner_text() != ""
        page.watch.problems = [p for p in page.watch.problems if "422" not in p]


def test_show_the_licence_code_and_verify_it_logged_out(portal, chromium, demo_server, shot):
    with portal() as page:
        page.goto("/portal/licence/")
        address = page.get_attribute("#licence-qr", "data-address")
        assert page.locator("#licence-qr svg").bounding_box()["width"] >= 200
        shot(page, "portal-licence")
        firm = page.inner_text("body")
        kinds = page.locator(".pp-list strong").all_inner_texts()
    visitor = chromium.new_context(viewport=PHONE, base_url=demo_server, locale="zh-CN")
    try:
        public = visitor.new_page()
        assert public.goto(address[address.index("/services/"):]).status == 200
        shown = public.inner_text("body")
        assert any(kind in shown for kind in kinds) and "周建平" not in shown and firm
        assert public.goto(address[address.index("/services/"):][:-3] + "xxx").status in (200, 404)
        assert not any(kind in public.inner_text("body") for kind in kinds)
    finally:
        visitor.close()


def test_a_staff_address_leads_back_to_the_portal(portal):
    with portal() as page:
        for path in ("/", "/tenants/firm/", "/billing/bill/"):
            page.goto(path)
            assert page.url.endswith("/portal/"), path


def _png() -> bytes:
    """A picture of one point."""
    import struct
    import zlib

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + part(b"IDAT", zlib.compress(b"\0\0\0\0"))
            + part(b"IEND", b""))


def press_twice(page, selector):
    """An impatient thumb: the form is sent, and sent again before the answer is there."""
    page.evaluate("""(s) => { const f = document.querySelector(s).form; const data = () => new FormData(f);
        return Promise.all([1, 2].map(() => fetch(f.action, {method: 'POST', body: data(), redirect: 'manual'}))) }""", selector)


def test_ask_for_a_service(portal, shot):
    with portal() as page:
        page.goto("/portal/cases/")
        before = page.locator(".pp-list li").count()
        page.goto("/portal/cases/new")
        page.locator(".pp-list a").first.click()
        wanted = page.inner_text("h1")
        page.fill("#note", "请帮我们准备材料")
        shot(page, "portal-item")
        page.click("form .btn-primary")
        page.wait_for_url(re.compile(r"/portal/cases/\d+$"))
        assert wanted in page.inner_text("main")
        page.goto("/portal/cases/")
        assert page.locator(".pp-list li").count() == before + 1


def test_report_a_repair_with_a_photo_once(portal, shot):
    with portal() as page:
        page.goto("/portal/repairs/")
        before = page.locator(".pp-list li").count()
        page.goto("/portal/repairs/new")
        page.click("form .btn-primary")
        page.wait_for_selector(".alert-danger")
        assert "地点：请填写此项。" in page.inner_text(".alert-danger"), "a refusal names the field"
        page.fill("#place", "3 号楼 5 层茶水间")
        page.fill("#text", "水龙头漏水")
        page.set_input_files("#photo", {"name": "tap.png", "mimeType": "image/png", "buffer": _png()})
        shot(page, "portal-repair")
        press_twice(page, "form .btn-primary")
        page.goto("/portal/repairs/")
        assert page.locator(".pp-list li").count() == before + 1, "sent twice, kept once"
        page.locator(".pp-list a", has_text="茶水间").first.click()
        assert "水龙头漏水" in page.inner_text("main") and page.locator("a[href*='/photo']").count() >= 1
        page.watch.problems = [p for p in page.watch.problems if "422" not in p]


def test_answer_a_survey(portal, shot):
    with portal() as page:
        page.goto("/portal/surveys/")
        page.locator("a[href^='/portal/surveys/']", has_not_text="‹").first.click()
        fields = page.locator("form.pp-card fieldset")
        assert fields.count() >= 1, page.inner_text("main")
        for n in range(fields.count()):
            one = fields.nth(n)
            if one.locator("input[value='4']").count():
                one.locator("input[value='4']").check()
            elif one.locator("select").count():
                one.locator("select").select_option(index=1)
            else:
                one.locator("textarea").fill("很好")
        shot(page, "portal-survey")
        page.click("form .btn-primary")
        page.wait_for_url("**/portal/surveys/")
        assert page.locator(".alert-danger").count() == 0


def test_check_and_apply_for_a_loan(portal, shot):
    with portal() as page:
        page.goto("/portal/loans/")
        before = page.locator(".pp-list li").count()
        page.goto("/portal/loans/check")
        page.fill("#amount", "300000")
        page.fill("#term", "12")
        page.fill("#purpose", "购买设备")
        page.click("button[name=look]")
        page.wait_for_selector("form .btn-primary")
        assert page.input_value("#amount").replace(",", "").startswith("300000") and "购买设备" in page.input_value("#purpose")
        shot(page, "portal-loan")
        page.click("form .btn-primary")
        page.wait_for_url(re.compile(r"/portal/loans/(\d+)?$"))
        page.goto("/portal/loans/")
        assert page.locator(".pp-list li").count() == before + 1


def test_apply_for_an_apartment_once(portal, shot):
    with portal() as page:
        page.goto("/portal/housing/")
        before = page.locator(".pp-list li").count()
        page.goto("/portal/housing/new")
        page.fill("#employed_since", "2024-03-01")
        page.fill("#insured_months", "24")
        page.select_option("#owns_home", "no")
        shot(page, "portal-housing")
        press_twice(page, "form .btn-primary")
        page.goto("/portal/housing/")
        assert page.locator(".pp-list li").count() == before + 1, "sent twice, kept once"


def test_apply_for_relief_after_the_answer_of_the_rules(portal, browse, shot):
    """The park opens a scheme; the firm reads what the rules say of its lease and applies; pressed twice, kept once."""
    with browse("manager") as manager:
        policy(manager, "PORTAL", "门户申请减免")
    with portal() as page:
        page.goto("/portal/relief/")
        before = page.locator(".pp-badge").count()
        page.locator("a", has_text="门户申请减免").click()
        page.wait_for_selector("form .btn-primary")
        assert "按今天的记录" in page.inner_text("main") or "个月" in page.inner_text("main")
        fits(page)
        clear_of_the_bar(page)
        page.select_option("#method", "deduct")
        shot(page, "portal-relief")
        press_twice(page, "form .btn-primary")
        page.goto("/portal/relief/")
        assert page.locator(".pp-badge").count() == before + 1, "sent twice, kept once"
        page.locator("a", has_text="门户申请减免").click()
        page.wait_for_selector(".pp-good")
        assert page.locator("form .btn-primary").count() == 0, "applied for already"
