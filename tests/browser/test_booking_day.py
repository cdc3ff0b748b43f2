"""The booking calendar by hand: drag to book, drag to move, check the problems on the phone, leave a taken slot to the waiting list."""

import re
import uuid
from datetime import datetime, timedelta

import pytest

from parkops import clock

MONDAY = clock.today() + timedelta(days=7 - clock.today().weekday())  # next week: everything lies ahead
WEDNESDAY, THURSDAY = MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)


def send(page, url, **values):
    """POST as the page's own script does."""
    return page.evaluate("([url, body]) => PK.api('POST', url, body)", [url, values])


@pytest.fixture
def room(browse):
    """A room of its own for each test."""
    with browse("manager") as page:
        code = f"BR-{uuid.uuid4().hex[:8]}"
        return send(page, "/api/v1/booking/resource/", code=code, name=f"测试室 {code}", kind="room", active=True, step_minutes=30,
                    max_minutes=240)["id"]


def next_week(page, room):
    page.goto(f"/booking/calendar/?resource={room}")
    page.wait_for_function("() => window.bkCalendar")
    with page.expect_response(lambda r: "/booking/calendar/events" in r.url):
        page.evaluate("day => bkCalendar.gotoDate(day)", MONDAY.isoformat())


def place(page, weekday, hour):
    """The point of the week view at a weekday (0 = Monday) and hour."""
    return page.evaluate(
        """([n, text]) => { const all = [...document.querySelectorAll('#bk-calendar *')].filter((x) => !x.children.length);
           const at = all.find((x) => x.textContent.trim() === text).getBoundingClientRect();
           const grid = document.getElementById('bk-calendar').getBoundingClientRect();
           return { x: at.right + 8 + (grid.right - at.right - 8) * (n + 0.5) / 7, y: at.top } }""", [weekday, f"{hour:02d}:00"])


def drag(page, start, end):
    page.mouse.move(start["x"], start["y"])
    page.mouse.down()
    page.mouse.move((start["x"] + end["x"]) / 2, (start["y"] + end["y"]) / 2, steps=6)
    page.mouse.move(end["x"], end["y"], steps=6)
    page.mouse.up()


def ok(page, method, part):
    """Press the dialog's button and wait for what it sends."""
    with page.expect_response(lambda r: r.request.method == method and part in r.url) as answer:
        page.click("dialog button[value=ok]")
    page.wait_for_selector("dialog", state="detached")
    return answer.value


def test_drag_to_book_and_drag_to_move(browse, room, shot):
    with browse("clerk") as page:
        next_week(page, room)
        at = place(page, 2, 13)
        drag(page, {"x": at["x"], "y": at["y"] + 6}, {"x": at["x"], "y": at["y"] + 42})
        page.wait_for_selector("dialog .bk-ok")
        assert page.input_value("#bk-s") == f"{WEDNESDAY} 13:00" and page.input_value("#bk-e") == f"{WEDNESDAY} 14:00"
        shot(page, "booking-drag")
        page.fill("#bk-m", "拖动预约")
        assert ok(page, "POST", "/api/v1/booking/booking/").status == 201
        event = page.locator("#bk-calendar .bk-confirmed", has_text="拖动预约")
        event.wait_for()
        box, to = event.bounding_box(), place(page, 3, 15)
        drag(page, {"x": box["x"] + 20, "y": box["y"] + 8}, {"x": to["x"] - box["width"] / 2 + 20, "y": to["y"] + 10})
        page.wait_for_selector("dialog .bk-ok")
        moved = ok(page, "PUT", "/api/v1/booking/booking/").json()
        assert f"{clock.local(datetime.fromisoformat(moved['starts_at'])):%Y-%m-%d %H:%M}" == f"{THURSDAY} 15:00"
        page.locator("#bk-calendar .bk-confirmed", has_text=re.compile("15:00.*拖动预约", re.S)).wait_for()


def test_a_taken_slot_offers_the_waiting_list_on_the_phone(browse, room, shot):
    with browse("manager") as page:
        send(page, "/api/v1/booking/booking/", resource_id=room, starts_at=f"{WEDNESDAY}T09:00", ends_at=f"{WEDNESDAY}T10:00")
    with browse("clerk", size="phone") as page:
        page.goto(f"/booking/calendar/?resource={room}")
        page.wait_for_function("() => window.bkCalendar")
        page.click("[data-new]")
        page.fill("#bk-s", f"{WEDNESDAY}T09:30")
        page.fill("#bk-e", f"{WEDNESDAY}T20:15")
        page.locator("#bk-e").blur()
        page.locator("dialog .bk-soft").nth(1).wait_for()  # grid and length may be let pass
        assert page.locator("dialog .bk-hard").count() == 1
        shot(page, "booking-problems-phone")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.fill("#bk-e", f"{WEDNESDAY}T10:00")
        page.locator("#bk-e").blur()
        page.wait_for_function("() => !document.querySelector('dialog .bk-soft')")
        with page.expect_response(lambda r: "/api/v1/booking/waiting/" in r.url) as answer:
            page.get_by_role("button", name="加入候补").click()
        assert answer.value.status == 201
