"""What was mended by looking at every page, kept mended. Most of it is read from one list, one form and one record."""

from __future__ import annotations

import json
import re

from tests.browser.conftest import ready
from tests.browser.test_clerk_day import reloaded

FIRMS = "/tenants/firm/"
RECORDS = ("tenants/firm", "tenants/application", "tenants/carrier", "tenants/graduation_case", "tenants/graduation_candidate", "tenants/data_call",
           "tenants/staff", "tenants/mentor", "tenants/visit", "tenants/signing_batch", "core/rule_set", "core/decision", "core/module",
           "core/audit", "core/sequence", "core/user")
CUT = """() => [...document.querySelectorAll('.pk-coltitle > span, .tabulator-cell[tabulator-field=credit_code], .tabulator-cell[tabulator-field=entered_on]')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"""

TABS = re.compile(r'class="nav-link[^"]*" href="([^"]+\?tab=[^"]+)"')


def test_every_tab_of_a_record_answers(browse):
    """The templates of tabs are drawn by nothing else; one of them had answered 500 since its data moved."""
    wrong, seen = [], 0
    with browse("auditor") as page:
        for name in RECORDS:
            rows = page.request.get(f"/api/v1/{name}/?q=" + json.dumps({"size": 1})).json()["rows"]
            for row in rows:
                text = page.request.get(f"/{name}/{row['id']}").text()
                tabs, todo = set(), TABS.findall(text)  # a record with many tabs shows those of one module at a time
                while todo:
                    if (tab := todo.pop()) in tabs:
                        continue
                    tabs.add(tab)
                    answer, seen = page.request.get(tab), seen + 1
                    todo += TABS.findall(answer.text())
                    if answer.status != 200 or "缺少该模块的源代码" in answer.text():
                        wrong.append(f"{answer.status} {tab}")
    assert not wrong
    assert seen > 30


def test_a_list_shows_its_columns_whole_and_its_pager(browse):
    with browse("manager") as page:
        page.goto(FIRMS)
        ready(page)
        assert page.evaluate(CUT) == []
        page.goto("/tenants/statement/")
        ready(page)
        assert page.evaluate(CUT) == []
        assert page.locator(".tabulator-row").first.inner_text().count("未报") >= 1, "unreported is said, not shown as a dash"
        right = page.evaluate("document.querySelector('.pk-pager').getBoundingClientRect().right")
        assert right <= 1366, "long totals push the pager off the screen"
        page.goto(f"{FIRMS}?text=zzzz")
        ready(page)
        reloaded(page, lambda: page.locator(".pk-nothing button").click())
        assert page.locator(".tabulator-row").count() == 25


def test_views_that_find_no_room_go_under_more(browse):
    with browse("clerk") as page:
        page.goto(FIRMS)
        ready(page)
        before = page.locator("[data-part=tabs] > .pk-tab").count()
        page.evaluate("document.querySelector('[data-part=tabs]').style.maxWidth = '220px'; document.querySelector('.pk-grid').grid.drawTabs()")
        page.locator(".pk-more-tabs > button").click()
        assert page.locator("[data-part=tabs] > .pk-tab").count() + page.locator(".pk-more-tabs .pk-menu-item").count() == before
        reloaded(page, lambda: page.locator(".pk-more-tabs .pk-menu-item").last.click())
        assert page.locator("[data-part=tabs] > .pk-tab.active").count() == 1, "the active one comes back into the bar"


def test_the_menu_fits_the_screen_and_opens_one_module_at_a_time(browse):
    with browse("admin") as page:
        page.goto("/core/rule_set/")
        assert page.locator(".pk-nav-group[open]").count() == 1
        assert page.evaluate("(n => n.scrollHeight <= n.clientHeight)(document.querySelector('.pk-nav'))")
        page.locator(".pk-nav-group:not([open]) > summary").first.click()
        assert page.locator(".pk-nav-group[open]").count() == 1


def test_days_and_amounts_are_written_as_people_write_them(browse):
    with browse("clerk") as page:
        page.goto("/tenants/financing/new")
        day, amount = page.locator("#f-on_date"), page.locator("#f-amount")
        for typed, kept in (("20261205", "2026-12-05"), ("2026.1.2", "2026-01-02"), ("2026年3月4日", "2026-03-04"), ("soon", "soon")):
            day.fill(typed)
            day.blur()
            assert day.input_value() == kept
        day.fill("2026-02-28")
        day.press("ArrowUp")
        assert day.input_value() == "2026-03-01"
        amount.fill("8000000.5")
        amount.blur()
        assert amount.input_value() == "8,000,000.5"
        sent = page.evaluate("new FormData(document.querySelector('.rec-form')).get('amount')")
        assert sent == "8000000.5", "the separators are for the eye only"
        page.goto("about:blank")


def test_save_stays_in_sight_and_names_are_offered_after_at(browse):
    with browse("clerk") as page:
        page.goto(f"{FIRMS}3/edit")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        box = page.locator(".rec-head .btn-primary").bounding_box()
        assert 0 <= box["y"] < 768
        page.goto(f"{FIRMS}3")
        area = page.locator(".rec-comment textarea")
        area.click()
        page.keyboard.type("请看 @man")
        page.wait_for_selector(".rec-mention button")
        page.keyboard.press("Enter")
        assert area.input_value() == "请看 @manager "


def test_cards_on_the_phone_are_named_in_words(browse):
    with browse("clerk", "phone", "en") as page:
        for url in ("/tenants/carrier_recognition/", "/tenants/stage/", "/tenants/decision_minute/", f"{FIRMS}7?tab=stages"):
            page.goto(url)
            ready(page)
            names = page.locator(".pk-rowcard strong").all_inner_texts()
            assert names and all(re.search(r"[\u4e00-\u9fff]|[A-Z][a-z]+", n) for n in names), (url, names)
        page.goto(FIRMS)
        ready(page)
        low = page.evaluate("[...document.querySelectorAll('.pk-listhead :is(.btn, input)')].filter((e) => e.getBoundingClientRect().right > innerWidth).length")
        assert low == 0, "a button of the list's head is off the screen"
        page.goto(f"{FIRMS}3?tab=results")
        ready(page)
        assert page.evaluate("scrollY") == 0, "a grid further down must not move the page"
