"""The daily path of an operations clerk, with a second clerk's save in between."""

from __future__ import annotations

import re

from tests.browser.conftest import ready

PHONE_A, PHONE_B = "13800000001", "13800000002"


def count(page) -> int:
    return int(re.sub(r"\D", "", page.inner_text(".pk-foot b")))


def reloaded(page, act):
    """Runs `act` and waits until the grid has loaded again."""
    before = page.get_attribute(".pk-grid-page", "data-loaded")
    act()
    page.wait_for_function("(n) => document.querySelector('.pk-grid-page').dataset.loaded !== n", arg=before)


def test_a_day(browse, shot):
    with browse("clerk") as page:
        tile = page.locator(".pk-tile h2", has=page.locator("a[href^='/tenants/']")).first
        shown = int(tile.locator(".pk-count").inner_text())
        tile.locator("a").click()
        ready(page)
        assert count(page) == shown, "the list behind a tile has as many rows as the tile says"

        page.goto("/tenants/firm/")
        ready(page)
        everything = count(page)
        reloaded(page, lambda: page.locator("[data-filter=track] select").select_option("software"))
        assert page.locator(".pk-chip").count() == 1
        assert 0 < count(page) < everything
        fewer = count(page)
        reloaded(page, lambda: page.locator("[data-filter=name] input").fill("济宁"))
        assert page.locator(".pk-chip").count() == 2
        assert count(page) < fewer

        page.locator(".pk-holder").focus()
        for key in ("ArrowDown", "ArrowDown", "Enter"):
            page.keyboard.press(key)
        page.wait_for_url(re.compile(r"/tenants/firm/\d+$"))
        assert page.locator("[data-position]").inner_text().startswith("2 / ")
        second = page.url
        page.click("[data-next]")
        page.wait_for_url(lambda url: url != second)
        assert page.locator("[data-position]").inner_text().startswith("3 / ")
        page.click("[data-previous]")
        page.wait_for_url(second)

        page.fill("textarea[name=text]", "电话约好下周三走访")
        page.click(".rec-comment button")
        page.wait_for_load_state("load")
        assert "电话约好下周三走访" in page.inner_text(".rec-history")
        page.click(".rec-todos summary")
        page.fill(".rec-mini input[name=title]", "准备走访材料")
        page.click(".rec-mini button:not([type=button])")
        page.wait_for_load_state("load")
        assert "准备走访材料" in page.inner_text(".rec-todos")
        shot(page, "firm-record")


def test_two_clerks_edit_one_record(browse, shot):
    """The second to save sees both values, chooses, and nothing is lost silently."""
    with browse("clerk") as one, browse("manager") as two:
        for page, number in ((one, PHONE_A), (two, PHONE_B)):
            page.goto("/tenants/firm/3/edit")
            page.fill("#f-phone", number)
        two.click(".rec-head .btn-primary")
        two.wait_for_url(re.compile(r"/tenants/firm/3$"))
        with one.expect_navigation():
            one.click(".rec-head .btn-primary")
        one.watch.problems = [p for p in one.watch.problems if "409" not in p]  # the conflict page is a 409
        table = one.inner_text(".rec-conflict")
        assert "138****0001" in table and "138****0002" in table, "numbers stay masked here too"
        assert one.locator(".rec-conflict input[value=theirs]").count() == 1
        shot(one, "conflict")
        one.check('input[name="_pick.phone"][value=yours]')
        one.click(".rec-actions .btn-primary")
        one.wait_for_url(re.compile(r"/tenants/firm/3$"))
        one.goto("/tenants/firm/3")
        with one.expect_response(lambda r: "unmask" in r.url):
            one.locator("dt", has_text="电话").locator("xpath=following-sibling::dd").locator("[data-unmask]").first.click()
        one.wait_for_function("(n) => document.body.innerText.includes(n)", arg=PHONE_A)


def test_control_without_the_version_the_first_value_is_overwritten(browse):
    """Control: a form that carries the newest version number is accepted at once, so it is the version that stops it."""
    with browse("clerk") as one, browse("manager") as two:
        for page, number in ((one, PHONE_A), (two, PHONE_B)):
            page.goto("/tenants/firm/4/edit")
            page.fill("#f-phone", number)
        two.click(".rec-head .btn-primary")
        two.wait_for_url(re.compile(r"/tenants/firm/4$"))
        two.goto("/tenants/firm/4/edit")
        newest = two.get_attribute("input[name=_version]", "value")
        one.evaluate("(v) => { document.querySelector('input[name=_version]').value = v; }", newest)
        one.click(".rec-head .btn-primary")
        one.wait_for_url(re.compile(r"/tenants/firm/4$"))


def test_unsaved_changes_are_asked_about(browse):
    with browse("clerk") as page:
        asked = []
        page.on("dialog", lambda d: (asked.append(d.type), d.accept()))
        page.goto("/tenants/firm/5/edit")
        page.locator("#f-short_name").click()
        page.keyboard.type("草稿")
        page.goto("/tenants/firm/5")
        assert asked == ["beforeunload"]
