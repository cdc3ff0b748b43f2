"""A client in the hall on a phone's screen (390 px): number, call, a case with a paper missing, one-time notice, supplement, result, and
the rating by link without a log-in."""

from __future__ import annotations

import re

from tests.browser.conftest import ready
from tests.browser.test_intake import choose, send
from tests.browser.test_lease_day import press

HALL, PAPER = "助企服务基地大厅", "登记（备案）申请书"


def narrow(page) -> None:
    """Nothing is wider than the phone."""
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url


def number(page, shot) -> str:
    """The client takes a number; it stands large on the screen."""
    page.goto("/services/take/")
    page.select_option("select[name=hall]", label=HALL)
    with page.expect_navigation():
        page.click("form[method=get] button")
    narrow(page)
    with page.expect_navigation():
        page.get_by_role("button", name="企业开办", exact=True).click()
    shot(page, "hall-number")
    return page.inner_text(".sv-number")


def called(page, ticket: str) -> None:
    """The clerk calls and the client comes; the wall shows it."""
    page.goto("/services/desk/")
    page.select_option("select[name=window]", label=f"{HALL} · Z1 助企专窗")
    with page.expect_navigation():
        page.click("form[method=get] button")
    with page.expect_navigation():
        page.get_by_role("button", name="呼叫下一号").click()
    assert page.inner_text(".sv-number") == ticket
    with page.expect_navigation():
        page.get_by_role("button", name="客户已到").click()
    narrow(page)


def received(page, shot) -> str:
    """The case of the number, hall and channel filled in already."""
    with page.expect_navigation():
        page.get_by_text("登记办件", exact=True).click()
    choose(page, "item_id", "公司设立登记")
    page.fill("#f-applicant", "济宁窗口测试有限公司")
    send(page)
    ready(page)
    narrow(page)
    shot(page, "hall-case")
    return page.url.split("?")[0]


def ticked(page, url: str, *, but: str | None = None) -> None:
    """The papers on the table."""
    page.goto(f"{url}?tab=checklist")
    for row in page.locator("form[action^='/services/checklist/'] tbody tr").all():
        row.locator("input[type=checkbox]").set_checked(but is None or but not in row.inner_text())
    with page.expect_navigation():
        page.get_by_role("button", name="保存材料清单").click()


def told_and_supplied(page, url: str, shot) -> None:
    """Accepting is refused in words; everything is told once; the supplement restarts the clock; then it is accepted."""
    ticked(page, url, but=PAPER)
    assert page.locator(".rec-actions").get_by_text("受理", exact=True).is_disabled()
    press(page, "一次性告知书")
    send(page)
    page.goto(f"{url}?tab=checklist")
    assert "已于" in page.inner_text("main") and "待补正" in page.inner_text("main")
    shot(page, "hall-notice")
    ticked(page, url)
    for step in ("材料已补齐", "受理", "办结", "送达"):
        page.goto(url)
        press(page, step)
        send(page)
    assert "已送达" in page.inner_text("main")


def rated(page, browse, url: str, shot) -> None:
    """The link works once and for everybody who holds it."""
    page.goto(f"{url}?tab=rating")
    link = page.get_attribute("a.sv-link", "href")
    assert page.locator(".sv-qr svg").count() == 1
    with browse(user=None, size="phone") as client:
        client.goto(link)
        narrow(client)
        client.check("input[name=stars][value='5']")
        client.select_option("select[name=attitude]", "5")
        shot(client, "hall-rating")
        with client.expect_navigation():
            client.get_by_role("button", name="提交评价").click()
        assert "感谢您的评价" in client.inner_text("body")
        client.goto(link)
        assert client.locator("form").count() == 0
    page.goto(f"{url}?tab=rating")
    assert "★★★★★" in page.inner_text("main")


def test_a_client_on_the_phone_screen(browse, shot):
    with browse("clerk", size="phone") as page:
        ticket = number(page, shot)
        assert re.fullmatch(r"A\d{3}", ticket)
        called(page, ticket)
        url = received(page, shot)
        told_and_supplied(page, url, shot)
        rated(page, browse, url, shot)
        page.goto("/services/board/")
        narrow(page)
        assert "日均人次" in page.inner_text("main")
