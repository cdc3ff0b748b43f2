"""From application to admission through the screens: clerk enters, manager decides, two others review."""

from __future__ import annotations

import re
import time

from tests.browser.conftest import ready
from tests.browser.test_import_wizard import credit_code

RUN = time.time_ns() % 10**9
NAME = f"济宁浏览器{RUN}智能装备有限公司"


def send(page):
    with page.expect_navigation():
        page.locator(".rec-form .btn-primary").first.click()
    assert page.locator(".alert-danger").count() == 0, page.inner_text("main")[:600]


def do(page, url, code):
    """Opens the page of a button, which asks for something first."""
    page.goto(f"{url}/do/{code}")
    return page


def choose(page, field, *words):
    """Picks from a remote select the way a person does: type, wait for the choices, press the right one."""
    for word in words:
        page.click(f"#f-{field} + .ts-wrapper .ts-control")
        page.locator(f"#f-{field} + .ts-wrapper input").fill(word)
        page.locator(f"#f-{field} + .ts-wrapper .option", has_text=word).first.click()
    page.locator("h1").first.click()  # elsewhere, as a person does: the list closes, also when its choices arrive late
    page.locator(f"#f-{field} + .ts-wrapper .ts-dropdown").wait_for(state="hidden")


def enter(page) -> str:
    page.goto("/tenants/application/new")
    for field, value in {"name": NAME, "credit_code": credit_code(RUN), "project": "柔性装配线", "team_size": "12", "rd_people": "6",
                         "ip_count": "3", "contact_name": "陈思远", "phone": "13700001111", "area_wanted": "300", "investment": "5000000",
                         "registered_on": "2026-05-06", "applied_on": "2026-11-02", "funds_committed": "2000000"}.items():
        page.fill(f"#f-{field}", value)
    page.select_option("#f-kind", "company")
    page.select_option("#f-track", "manufacturing")
    choose(page, "carrier_id", "孵化器")
    send(page)
    assert re.search(r"/tenants/application/\d+$", page.url)
    return page.url


def hand_in(page, url):
    """Every document received, then submitted."""
    page.goto(url + "?tab=documents")
    ready(page)
    ids = page.evaluate("""(id) => fetch('/api/v1/tenants/application_document/?q=' + encodeURIComponent(JSON.stringify(
        {filters: [['application_id', 'eq', id], ['state', 'eq', 'missing']], size: 50}))).then((r) => r.json()).then((a) => a.rows.map((r) => r.id))""",
                        int(url.rsplit("/", 1)[1]))
    assert ids
    for pk in ids:
        do(page, f"/tenants/application_document/{pk}", "receive")
        send(page)
    do(page, url, "submit")
    send(page)


def score(page, url):
    page.goto(url + "?tab=review")
    page.click("a[href^='/tenants/review/']")
    for box in page.locator("input[name^=score_]").all():
        box.fill("85")
    page.check("input[name=recommends]")
    page.fill("#opinion", "团队完整，产品可落地。")
    send(page)


def test_an_application_becomes_a_firm_in_incubation(browse, shot):
    with browse("clerk") as clerk:
        url = enter(clerk)
        hand_in(clerk, url)
    with browse("manager") as manager:
        do(manager, url, "start_review")
        choose(manager, "reviewers", "陈", "赵")
        send(manager)
        assert "评审中" in manager.inner_text(".rec-head")
    for user in ("finance", "leader"):
        with browse(user) as reviewer:
            score(reviewer, url)
    with browse("manager") as manager:
        do(manager, url, "minute")
        manager.fill("#f-chair", "刘建国")
        manager.fill("#f-attendance", "刘建国、赵明、孙伟")
        manager.select_option("#f-decision", "approve")
        manager.fill("#f-text", "同意入园，三个月内到位首批设备。")
        send(manager)
        do(manager, url, "approve")
        send(manager)
        manager.goto(url + "?tab=review")
        shot(manager, "application-review")
        do(manager, url, "admit")
        send(manager)
        assert "已入驻" in manager.inner_text(".rec-head") or "入驻" in manager.inner_text(".rec-head")
        manager.goto(f"/tenants/firm/?text={NAME}")
        ready(manager)
        assert "在孵" in manager.locator(".tabulator-row").first.inner_text()
