"""Tabs of a record: those under "More", and a bulk action on the rows of a tab."""

from __future__ import annotations

import re

from tests.browser.conftest import ready


def test_the_tabs_under_more_are_pressed(browse, shot):
    """A record keeps tabs without rows under "More"; each opens from there and stands in its place."""
    with browse("clerk") as page:
        page.goto("/tenants/firm/1")
        ready(page)
        names = page.locator(".rec-tabmenu .nav-link").all_text_contents()
        assert names, "the firm has tabs with nothing recorded yet"
        for name in names[:3]:
            page.locator(".rec-tabmore summary").click()
            shot(page, "tabs-more")
            assert page.locator(".rec-tabmenu").is_visible()
            page.locator(".rec-tabmenu .nav-link", has_text=re.compile(f"^{re.escape(name)}$")).click()
            ready(page)
            assert "tab=" in page.url and page.locator(".rec-tab").inner_text().strip()
            assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
            page.goto("/tenants/firm/1")


def test_a_bulk_action_works_on_the_ticked_rows_of_a_tab(browse, shot):
    with browse("clerk") as page:
        page.goto("/tenants/carrier/1?tab=firms")
        ready(page)
        page.locator(".tabulator-row .pk-pick, .tabulator-row input[type=checkbox]").nth(0).check()
        page.locator(".tabulator-row .pk-pick, .tabulator-row input[type=checkbox]").nth(1).check()
        assert re.search(r"\d+", page.inner_text(".pk-bulk b"))[0] == "2"
        picked = page.locator(".tabulator-row.pk-picked a").all_inner_texts()
        shot(page, "tabs-bulk")
        page.locator(".pk-bulk button", has_text="列入重点关注").first.click()
        if page.locator(".modal.show, dialog[open], .pk-dialog").count():
            shot(page, "tabs-bulk-ask")
            page.locator(".modal.show .btn-primary, dialog[open] .btn-primary, .pk-dialog .btn-primary").click()
        page.wait_for_function("() => !document.querySelector('.pk-bulk b') || document.querySelector('.pk-bulk').hidden || document.querySelector('.alert-success')")
        page.goto("/tenants/firm/?view=watch")
        ready(page)
        shown = page.locator(".tabulator-row a").all_inner_texts()
        assert set(picked) <= set(shown), (picked, shown)
