"""A month of a technical platform at its screens: book by dragging, start and stop, dispute, adjust with a reason, bill, read the sheet."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal

from parkops import clock
from tests.browser.test_booking_day import THURSDAY, drag, next_week, ok, place
from tests.browser.test_intake import send
from tests.browser.test_lease_day import ASK, first_day, look, only, press, state
from tests.browser.test_recovery_sheet import money

POST = "([url, body]) => PK.api('POST', url, body)"
HOUR, LEAST = "120", "60"  # yuan an hour, at least


def made(page, resource, **values) -> dict:
    """A record, made as the page's own script does."""
    return page.evaluate(POST, [f"/api/v1/{resource}/", values])


def tool(page) -> dict:
    """A machine of the first platform with its calendar and a price that has a minimum."""
    code = f"MJ-{uuid.uuid4().hex[:6]}"
    room = made(page, "booking/resource", code=code, name=f"激光切割机 {code}", kind="instrument", active=True, step_minutes=30)["id"]
    row = made(page, "platforms/instrument", platform_id=1, code=code, name=f"激光切割机 {code}", resource_id=room, rated_hours=1400,
               life_years=10, state="in_use")
    made(page, "platforms/rate", kind="usage", platform_id=1, instrument_id=row["id"], basis="hour", amount=HOUR, minimum=LEAST,
         starts_on=first_day().isoformat())
    return {"id": row["id"], "room": room, "name": f"激光切割机 {code}"}


def paying(page) -> tuple[dict, dict]:
    """A firm in incubation and a project of its own for this test."""
    firm = page.evaluate(ASK, ["tenants/firm", [["state", "eq", "incubating"]]])[-1]
    project = made(page, "platforms/project", name="样件试制", firm_id=firm["id"], customer_class="incubatee", state="active", allows_usage=True,
                   starts_on=first_day().isoformat())
    return firm, project | {"number": project["_label"].split()[0]}


def book_by_dragging(page, shot, machine, firm, project):
    next_week(page, machine["room"])
    at = place(page, 3, 9)
    drag(page, {"x": at["x"], "y": at["y"] + 6}, {"x": at["x"], "y": at["y"] + 42})
    page.wait_for_selector("dialog #bk-f + .ts-wrapper")
    page.click("#bk-f + .ts-wrapper .ts-control")
    page.locator("#bk-f + .ts-wrapper input").fill(firm["name"])
    page.locator("#bk-f + .ts-wrapper .option", has_text=firm["name"]).first.click()
    option = page.locator("#bk-p option", has_text=project["number"])
    option.wait_for(state="attached")
    page.select_option("#bk-p", value=option.get_attribute("value"))
    page.wait_for_function("() => /120\\.00/.test(document.querySelector('dialog .bk-found').textContent)")
    shot(page, "platform-drag")
    assert page.input_value("#bk-s") == f"{THURSDAY} 09:00"
    answer = ok(page, "POST", "/api/v1/booking/booking/")
    assert answer.status == 201
    page.locator("#bk-calendar .bk-confirmed", has_text=firm["name"]).wait_for()
    page.goto(f"/booking/day/?group=&on={THURSDAY}")
    look(page)
    assert firm["name"] in page.inner_text(f"[data-resource='{machine['room']}'] .bd-block"), "the day plan shows it beside the others"


def start_and_stop(page, shot, machine, project) -> str:
    """Returns the address of the event."""
    page.goto(f"/platforms/machine/{machine['id']}")
    look(page)
    page.select_option("#project_id", value=str(project["id"]))
    with page.expect_navigation():
        page.get_by_role("button", name="开始").click()
    look(page)
    assert "进行中" in page.inner_text(".rec-head")
    shot(page, "platform-running")
    with page.expect_navigation():
        page.get_by_role("button", name="结束使用").click()
    look(page)
    with page.expect_navigation():
        page.locator("ul a[href^='/platforms/event/']").first.click()
    look(page)
    return page.url.split("?")[0]


def dispute(page, event) -> str:
    """The firm says it began two hours earlier: the button was forgotten. Returns the address of the adjustment."""
    number = event.rsplit("/", 1)[1]
    page.goto(f"/platforms/adjustment/new?event_id={number}")
    look(page)
    page.fill("#f-raised_on", clock.today().isoformat())
    page.fill("#f-reason", "忘记按开始，实际早两小时上机")
    page.fill("#f-want_start", f"{clock.local(clock.now()) - timedelta(hours=2):%Y-%m-%dT%H:%M}")
    send(page)
    assert "同意" not in page.locator(".rec-actions button:not([disabled])").all_inner_texts(), "nobody decides what they entered"
    return page.url.split("?")[0]


def agree(page, adjustment, event) -> Decimal:
    """A colleague decides and applies it, then confirms the use; returns its minutes."""
    page.goto(adjustment)
    look(page)
    press(page, "同意")
    page.fill("#f-reason", "门禁记录属实")
    send(page)
    press(page, "执行")
    assert state(page) == "已执行"
    page.goto(event)
    press(page, "确认")
    look(page)
    assert state(page) == "已确认"
    return page.evaluate("async (id) => (await PK.api('GET', '/api/v1/platforms/event/' + id)).minutes", int(event.rsplit("/", 1)[1]))


def billed(page) -> Decimal:
    """What the first platform has charged for this month, as its sheet says."""
    page.goto(f"/platforms/recovery/1?period={first_day():%Y-%m}")
    look(page)
    return money(page.locator("section.rc-card table.pk-stack tbody tr:last-child td").nth(7).inner_text())


def price_and_bill(page, shot, firm) -> str:
    """The dry run, the pricing, the bill run; returns the address of the firm's bill."""
    page.goto(f"/platforms/run/?month={first_day():%Y-%m}")
    look(page)
    assert firm["name"] in page.inner_text("main"), "the dry run names the payer before anything is written"
    shot(page, "platform-dry-run")
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("条计价$")).click()
    look(page)
    page.goto("/billing/run/")
    page.fill("#month", f"{first_day():%Y-%m}")
    with page.expect_navigation():
        page.locator("form.rec-form .btn-primary").click()
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^生成 .* 张草稿$")).click()
    page.get_by_role("button", name=re.compile("^过账 .* 张账单$")).click()
    page.wait_for_selector("section.rec-section h2:has-text('结果')", timeout=60000)
    page.locator("section.rec-section a[href*='run_id']").first.click()
    row = only(page, firm["name"])
    with page.expect_navigation():
        row.locator("a").first.click()
    return page.url.split("?")[0]


def test_a_platform_month_from_the_calendar_to_the_sheet(browse, shot):
    with browse("finance") as finance:
        before = billed(finance)
    with browse("manager") as manager:
        machine = tool(manager)
    with browse("clerk") as clerk:
        firm, project = paying(clerk)
        book_by_dragging(clerk, shot, machine, firm, project)
        event = start_and_stop(clerk, shot, machine, project)
        adjustment = dispute(clerk, event)
    with browse("manager") as manager:
        minutes = agree(manager, adjustment, event)
        assert 119 <= minutes <= 121
    fee = (Decimal(minutes) * int(HOUR) / 60).quantize(Decimal("0.01"))
    with browse("finance") as finance:
        bill = price_and_bill(finance, shot, firm)
        look(finance)
        finance.goto(bill + "?tab=lines")
        look(finance)
        assert f"{fee:,.2f}" in finance.inner_text(".rec-tab") and machine["name"] in finance.inner_text(".rec-tab")
        shot(finance, "platform-bill")
        assert billed(finance) >= before + fee
        shot(finance, "platform-sheet")
        finance.goto(event)
        look(finance)
        assert f"{fee:,.2f}" in finance.inner_text("main")
