"""A script outside the browser: preview the price, book, start, stop, read the charge, with a token; and the pages people see."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from front_help import english, instrument, local, project, rate, usage  # noqa: F401
from sqlalchemy import select

from modules.billing.models.bill import Bill
from modules.billing.services import runs
from modules.booking.models.resource import BookableResource
from modules.booking.services import bookings
from modules.platforms.models.event import UsageEvent
from modules.platforms.services import machine, month_runs, rates
from parkops import clock
from parkops.testing.plugin import PASSWORD

PRICE, SWITCH = "/api/v1/platforms/machine/price", "/api/v1/platforms/machine/switch"


@pytest.fixture
def lab(session):
    """An instrument at 200 an hour, half price at night, in the booking calendar; a project to pay; a no-show rate."""
    found = instrument(session)
    room = BookableResource(park_id=found.park_id, code="LAB1", name=found.name, kind="instrument")
    session.add(room)
    session.flush()
    found.resource_id = room.id
    rate(session, found, "200")
    rate(session, found, "100", weekdays="1234567", opens="00:00", closes="08:00")
    rates.create_rate(session, kind="missed", platform_id=found.platform_id, basis="flat", amount=D("50"), starts_on=date(2026, 1, 1))
    pays = project(session)
    session.commit()
    return found, room, pays


def token(client):
    """Log in as a program does."""
    answer = client.post("/api/v1/security/login", json={"username": "operations_manager", "password": PASSWORD, "provider": "db"})
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def test_script_previews_books_starts_stops_and_reads_the_charge(app, session, lab):
    machine_, room, pays = lab
    client = app.test_client()
    bearer = token(client)
    day = clock.today() + timedelta(days=1)
    asked = {"instrument": machine_.interlock_id, "project": pays.number, "start": f"{day}T07:30", "end": f"{day}T09:00"}
    price = client.get(PRICE, query_string=asked, headers=bearer).get_json()
    assert (price["amount"], price["problems"]) == ("250.00", [])
    assert [(x["quantity"], x["unit_price"], x["amount"]) for x in price["lines"]] == [
        ("1.00", "200.0000", "200.00"), ("0.50", "100.0000", "50.00")]
    booked = client.post("/api/v1/booking/booking/", headers=bearer, json={
        "resource_id": room.id, "starts_at": f"{day}T10:00", "ends_at": f"{day}T11:00", "firm_id": pays.firm_id,
        "payer": f"platforms.project:{pays.id}"})
    assert booked.status_code in (200, 201), booked.get_json()
    body = {"interlock": machine_.interlock_id, "on": True, "project": pays.number}
    first = client.post(SWITCH, json=body, headers={**bearer, "Idempotency-Key": "start-0001"}).get_json()
    again = client.post(SWITCH, json=body, headers={**bearer, "Idempotency-Key": "start-0001"}).get_json()
    assert first["state"] == "open" and again == first
    taken = client.post(SWITCH, json=body, headers=bearer)
    assert taken.status_code == 422 and taken.get_json()["problems"][0]["code"] == "platforms.U-41"
    stopped = client.post(f"/api/v1/platforms/machine/event/{first['id']}/stop", headers=bearer, json={}).get_json()
    assert (stopped["state"], stopped["priced"], stopped["charge"]) == ("done", False, None) and stopped["estimate"] is not None
    read = client.get(f"/api/v1/platforms/machine/event/{first['id']}", headers=bearer)
    assert read.status_code == 200 and read.get_json() == stopped
    described = client.get("/api/v1/_openapi", headers=bearer).get_json()["paths"]
    assert {PRICE, SWITCH, "/api/v1/platforms/machine/event/{pk}", "/api/v1/platforms/month/{month}/preview"} <= set(described)


def test_script_reads_the_charge_once_the_month_is_billed(app, session, lab):
    """Amount, number of the bill and its state, as draft and posted; before that none."""
    machine_, _room, pays = lab
    event = usage(session, machine_, pays, local(3), 90)
    month_runs.price_month(session, month=date(2026, 3, 1))
    session.commit()
    client = app.test_client()
    bearer = token(client)

    def read():
        return client.get(f"/api/v1/platforms/machine/event/{event.id}", headers=bearer).get_json()

    found = read()
    assert (found["priced"], found["gross"], found["net"], found["estimate"], found["charge"]) == (True, "300.00", "300.00", None, None)
    run = runs.generate(session, month=date(2026, 3, 1), issued_on=date(2026, 3, 31))
    session.commit()
    assert (read()["charge"]["gross"], read()["charge"]["bill_state"]) == ("300.00", "draft")
    while run.state != "collected" and runs.post_next(session, run):
        pass
    session.commit()
    bill, charge = session.scalars(select(Bill).where(Bill.firm_id == pays.firm_id)).one(), read()["charge"]
    assert bill.number and (charge["bill"], charge["bill_state"], charge["gross"]) == (bill.number, "posted", "300.00")
    assert D(charge["net"]) + D(charge["vat"]) == D("300.00")


REFUSED = [
    ("get", PRICE, None, 404),
    ("get", PRICE + "?instrument={lock}&project={number}&start=x&end=y", None, 422),
    ("post", SWITCH, {"interlock": "nobody", "on": True}, 404),
    ("post", SWITCH, {"interlock": "{lock}", "on": False}, 422),
    ("post", SWITCH, {"interlock": "{lock}", "on": True}, 422),
    ("post", SWITCH, ["x"], 400),
    ("get", "/api/v1/platforms/machine/event/999999", None, 404),
    ("get", "/api/v1/platforms/month/2026-13/preview", None, 422),
]


def asked(lab, url, body):
    """The address and body with the interlock and the project's number filled in."""
    known = {"{lock}": lab[0].interlock_id, "{number}": lab[2].number}
    for name, value in known.items():
        url = url.replace(name, value)
    if isinstance(body, dict):
        body = {k: known.get(v, v) if isinstance(v, str) else v for k, v in body.items()}
    return url, {} if body is None else {"json": body}


def test_every_refusal_is_one_sentence(app, lab):
    client = app.test_client()
    bearer = token(client)
    for verb, url, body, status in REFUSED:
        url, more = asked(lab, url, body)
        answer = client.open(url, method=verb.upper(), headers=bearer, **more)
        assert answer.status_code == status and answer.get_json()["message"], url
        assert app.test_client().open(url, method=verb.upper(), **more).status_code in (400, 401, 403)  # 400: no token of the form either


ODD = [
    ("get", PRICE + "?instrument=%00&project=%00&start=0001-01-01&end=9999-12-31T23:59", None),
    ("get", PRICE + "?instrument={lock}&project={number}&start=0001-01-01&end=9999-12-31T23:59", None),
    ("get", PRICE + "?instrument={lock}&project={number}&start=2026-01-01T00:00%2B25:00&end=x", None),
    ("post", SWITCH, {"interlock": "\x00", "on": True, "project": "\x00"}),
    ("post", SWITCH, {"interlock": ["a"], "on": {"x": 1}, "answers": [1], "project": 1e308}),
    ("post", SWITCH, {"interlock": "{lock}", "on": True, "project": "{number}", "answers": {"\x00": {"a": "\x00"}}}),
    ("post", "/api/v1/platforms/machine/event/9223372036854775807/stop", {"at": "9999-12-31T23:59:59.999999-23:59"}),
    ("get", "/api/v1/platforms/month/0001-01/preview", None),
    ("get", "/api/v1/platforms/month/9999-12/records", None),
    ("get", "/api/v1/platforms/month/%00/records", None),
    ("get", "/platforms/run/?month=0001-01", None),
]


def test_odd_values_are_never_a_fault(app, lab):
    client = app.test_client()
    bearer = token(client)
    for verb, url, body in ODD:
        url, more = asked(lab, url, body)
        answer = client.open(url, method=verb.upper(), headers=bearer, **more)
        assert answer.status_code < 500, (url, body, answer.get_data(as_text=True))


def test_booking_asks_for_project_and_training_and_shows_the_price(session, lab):
    machine_, room, pays = lab
    asked = {"resource": room, "starts_at": local(3), "ends_at": local(3, 11), "firm_id": pays.firm_id, "payer": (machine.PAYER, pays.id)}
    assert machine.findings(session, contact_id=None, **asked) == []
    assert [p["id"] for p in machine.payers(session, resource=room, firm_id=pays.firm_id, on=date(2026, 3, 3))] == [pays.id]
    assert [x["amount"] for x in machine.price_lines(session, **asked)] == [D("400.00")]
    pays.cap, machine_.needs_training = D("399.00"), True
    session.flush()
    assert [(f.code, f.overridable) for f in machine.findings(session, contact_id=None, **asked)] == [
        ("platforms.U-23", True), ("platforms.U-42", True)]
    other = {**asked, "payer": None, "firm_id": project(session).firm_id + 1000}
    assert next(f.code for f in machine.findings(session, contact_id=None, **other)) == "platforms.U-20"


def test_a_missed_booking_is_charged_once_at_the_no_show_rate(session, lab):
    from modules.booking.models.booking import Booking

    _machine, room, pays = lab
    booking = Booking(park_id=room.park_id, resource_id=room.id, firm_id=pays.firm_id, starts_at=local(4), ends_at=local(4, 11),
                      state="missed", payer_source=machine.PAYER, payer_id=pays.id)
    session.add(booking)
    session.flush()
    event = machine.missed_booking(session, booking)
    assert machine.missed_booking(session, booking).id == event.id
    month_runs.price_month(session, month=date(2026, 3, 1))
    session.refresh(event)
    assert (event.kind, event.minutes, event.net) == ("missed", 120, D("50.00"))


def test_a_late_cancelled_booking_is_charged_and_one_in_time_is_not(session, lab):
    _machine, room, pays = lab
    room.cancel_minutes = 120
    session.flush()
    made = [bookings.book(session, resource=room, starts_at=local(5, hour), ends_at=local(5, hour + 1), firm_id=pays.firm_id,
                          payer=(machine.PAYER, pays.id), at=local(4)) for hour in (10, 14)]
    for booking, at in zip(made, (local(5, 9, 59), local(4, 9)), strict=True):
        bookings.cancel(session, booking, reason="改期", at=at)
    assert [b.state for b in made] == ["late_cancelled", "cancelled"]
    event = session.scalars(select(UsageEvent).where(UsageEvent.kind == "missed")).one()
    assert (event.booking_id, event.state) == (made[0].id, "validated")
    month_runs.price_month(session, month=date(2026, 3, 1))
    session.refresh(event)
    assert event.net == D("50.00")


def test_pages_at_the_machine(client, login_as, session, lab):
    machine_, _room, pays = lab
    login_as(client, "operations_manager")
    assert machine_.name in client.get("/platforms/machine/").get_data(as_text=True)
    page = client.get(f"/platforms/machine/{machine_.id}").get_data(as_text=True)
    assert pays.number in page
    once, csrf = _hidden(page, "_once"), _hidden(page, "csrf_token")
    form = {"_once": once, "csrf_token": csrf, "project_id": str(pays.id)}
    assert client.post(f"/platforms/machine/{machine_.id}/start", data=form).status_code == 303
    assert client.post(f"/platforms/machine/{machine_.id}/start", data=form).status_code == 303  # the same form again has one effect
    session.rollback()
    assert len(session.scalars(select(UsageEvent).where(UsageEvent.state == "open")).all()) == 1
    page = client.get(f"/platforms/machine/{machine_.id}").get_data(as_text=True)
    form = {"_once": _hidden(page, "_once"), "csrf_token": csrf}
    assert client.post(f"/platforms/machine/{machine_.id}/stop", data=form).status_code == 303
    assert client.get("/platforms/run/?month=2026-03").status_code == 200


def test_price_list_is_public_until_the_park_closes_it(client, session, lab):
    from parkops import settings

    found = client.get("/platforms/prices/east")
    assert found.status_code == 200 and lab[0].name in found.get_data(as_text=True)
    page = found.get_data(as_text=True)
    assert "777.00" not in page
    starts = clock.today() + timedelta(days=30)
    old = session.scalars(select(rates.PlatformRate).where(rates.PlatformRate.kind == "missed")).one()
    rates.create_rate(session, kind="missed", platform_id=old.platform_id, instrument_id=lab[0].id, basis="flat", amount=D("777"), starts_on=starts)
    session.commit()
    page = client.get("/platforms/prices/east").get_data(as_text=True)
    assert "777.00" in page and starts.isoformat() in page and "50.00" in page  # what is coming stands beside what holds
    settings.put(session, "platforms.public_prices", False, park_id=lab[0].park_id)
    session.commit()
    assert client.get("/platforms/prices/east").status_code == 404
    assert client.get("/platforms/prices/nowhere").status_code == 404


def _hidden(page: str, name: str) -> str:
    import re

    found = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)
    assert found, name
    return found[1]
