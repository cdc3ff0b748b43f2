"""The grid as people use it: saved views, columns, many rows at once, export, keys."""

from __future__ import annotations

import csv
import io
import re

from tests.browser.conftest import ready
from tests.browser.test_clerk_day import count, reloaded

LIST = "/tenants/firm/"


def panel(page):
    if not page.locator(".pk-pop > div h3").count():
        page.locator("[data-part=tools] .pk-pop > button").first.click()


def column_titles(page) -> list[str]:
    return [t for t in page.locator(".tabulator-col .pk-coltitle > span").all_inner_texts() if t]


def save_view(page, title, shared=False):
    panel(page)
    page.locator(".pk-menu-item", has_text="视图").first.click()
    page.fill("dialog input[name=title]", title)
    if shared:
        page.check("dialog input[name=shared]")
    page.locator("dialog .pk-dialog-buttons .btn-primary").click()
    page.wait_for_selector(f".pk-tab.active:has-text('{title}')")


def test_a_saved_view_is_kept_shared_and_deleted(browse):
    with browse("manager") as page:
        page.goto(LIST)
        ready(page)
        reloaded(page, lambda: page.locator("[data-filter=track] select").select_option("culture"))
        wanted = count(page)
        save_view(page, "文创企业", shared=True)
        page.goto(LIST)
        ready(page)
        reloaded(page, lambda: page.locator(".pk-tab", has_text="文创企业").click())
        assert count(page) == wanted
        with browse("clerk") as other:
            other.goto(LIST)
            ready(other)
            assert other.locator(".pk-tab", has_text="文创企业").count() == 1
        panel(page)
        page.locator(".pk-menu-item", has_text="删除").click()
        page.locator("dialog .pk-dialog-buttons .btn-danger, dialog .pk-dialog-buttons .btn-primary").first.click()
        page.wait_for_function("() => ![...document.querySelectorAll('.pk-tab')].some((t) => t.textContent.includes('文创企业'))")


def test_columns_are_remembered(browse):
    with browse("clerk") as page:
        page.goto(LIST)
        ready(page)
        first = column_titles(page)
        panel(page)
        box = page.locator(".pk-pop label", has_text="注册资本").first
        with page.expect_response(lambda r: "/me/preferences/" in r.url and r.ok):
            box.click()
        page.goto(LIST)
        ready(page)
        assert len(column_titles(page)) == len(first) + 1
        panel(page)
        with page.expect_response(lambda r: "/me/preferences/" in r.url and r.ok):
            page.locator(".pk-pop .pk-link").first.click()
        assert column_titles(page) == first


def test_many_rows_and_the_export_of_what_is_shown(browse):
    with browse("clerk") as page:
        page.goto(LIST)
        ready(page)
        reloaded(page, lambda: page.locator("[data-filter=track] select").select_option("manufacturing"))
        page.locator(".pk-all").check()
        assert re.search(r"\d+", page.inner_text(".pk-bulk b"))[0] == "25"
        page.locator(".pk-bulk .pk-link").first.click()
        assert re.search(r"\d+", page.inner_text(".pk-bulk b"))[0] == str(count(page))
        page.locator(".pk-bulk .pk-link").last.click()
        shown = page.locator(".tabulator-row a").all_inner_texts()
        page.locator("[data-part=tools] .pk-pop > button").last.click()
        with page.expect_download() as answer:
            page.locator(".pk-menu-item", has_text="CSV").click()
        text = open(answer.value.path(), "rb").read()
        assert text.startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the byte order mark to read Chinese"
        rows = list(csv.reader(io.StringIO(text.decode("utf-8-sig"))))
        assert len(rows) == count(page) + 1
        assert [re.sub(r"\s*[(（].*$", "", t) for t in rows[0]] == column_titles(page)
        assert [r[0] for r in rows[1:26]] == shown


def test_keys(browse):
    with browse("clerk") as page:
        page.goto(LIST)
        ready(page)
        page.locator(".pk-holder").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        assert page.locator(".tabulator-row").first.get_attribute("class").count("pk-active") == 1
        page.keyboard.press("Space")
        assert page.locator(".tabulator-row.pk-picked").count() == 1
        page.keyboard.press("Space")
        assert page.locator(".pk-bulk").is_hidden()
        page.keyboard.press("e")
        page.wait_for_url(re.compile(r"/tenants/firm/\d+/edit$"))


def test_twenty_five_rows_fit_the_office_screen(browse):
    with browse("clerk") as page:
        page.goto(LIST)
        ready(page)
        low = page.evaluate("[...document.querySelectorAll('.tabulator-row')].filter((r) => r.getBoundingClientRect().bottom <= innerHeight).length")
        assert low == 25


def test_groups_and_totals(browse):
    with browse("clerk") as page:
        page.goto(LIST)
        ready(page)
        panel(page)
        reloaded(page, lambda: page.locator(".pk-pop select").first.select_option("track"))
        page.wait_for_selector(".tabulator-group")
        assert "产业方向" in page.locator(".tabulator-group").first.inner_text()
