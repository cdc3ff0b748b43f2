"""A firm's own people at the machine: start, stop with the questions, what was used, and a dispute that reaches the staff."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from front_help import english, instrument, platform, project, rate  # noqa: F401
from portal_help import browser, mark_of, new_firm
from sqlalchemy import select

from modules.booking.models.booking import Booking
from modules.booking.models.resource import BookableResource
from modules.platforms.models.adjustment import EventAdjustment
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.question import UsageAnswer
from modules.platforms.models.registry import Instrument, OperatorQualification
from modules.platforms.services import adjustments, events, questions
from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import system_scope

HOME = "/portal/platforms/"


@pytest.fixture
def lab(db, app, park):
    """A firm with two projects, another firm with one, three instruments of one platform; ids."""
    mine, other = new_firm(park.id, "晶禾医药"), new_firm(park.id, "隔壁科技")
    with system_scope("test", park_id=park.id) as s:
        where = platform(s, name="材料测试平台")
        free, staffed, trained = (instrument(s, where, name=name, **more) for name, more in (
            ("扫描电镜", {}), ("只由员工开机", {"self_service": False}), ("需要培训", {"needs_training": True})))
        rate(s, free, "200")
        questions.create_question(s, instrument_id=free.id, asked="before", code="safe", text="已做安全检查", answer="yes_no")
        questions.create_question(s, instrument_id=free.id, asked="after", code="slides", text="样品数")
        a, b, foreign = project(s, s.get(Firm, mine)), project(s, s.get(Firm, mine)), project(s, s.get(Firm, other))
        return {"firm": mine, "other": other, "free": free.id, "staffed": staffed.id, "trained": trained.id, "a": a.id, "b": b.id,
                "foreign": foreign.id, "park": park.id}


def send(client, url, page=HOME, **data):
    """Post a form once."""
    once = re.search(r'name="_once" value="([^"]+)"', client.get(page).get_data(as_text=True))
    data = {"csrf_token": mark_of(client, "/portal/account/"), "_once": once[1] if once else "none-0001", **data}
    return client.post(url, data=data)


def start(client, lab, **more):
    page = f"{HOME}{lab['free']}"
    return send(client, f"{page}/start", page, **{"project_id": lab["b"], "q_safe": "yes", **more})


def only(s):
    return s.scalars(select(UsageEvent)).one()


def test_a_firm_starts_and_stops_its_use(app, lab):
    client = browser(app, lab["firm"])
    page = client.get(HOME).get_data(as_text=True)
    assert "扫描电镜" in page and "只由员工开机" not in page and "需要培训" not in page
    unanswered = start(client, lab, q_safe="")
    assert unanswered.status_code == 422 and "已做安全检查" in unanswered.get_data(as_text=True)
    answer = start(client, lab)
    assert answer.status_code == 303
    with system_scope("look") as s:
        event = only(s)
        assert (event.state, event.origin, event.firm_id, event.project_id) == ("open", "user", lab["firm"], lab["b"])
        use = f"{HOME}use/{event.id}"
    assert answer.headers["Location"] == use and use in client.get(HOME).get_data(as_text=True)
    assert "扫描电镜" in client.get("/portal/").get_data(as_text=True)
    assert send(client, f"{use}/stop", use).status_code == 422  # the question after use
    assert send(client, f"{use}/stop", use, q_slides="3").status_code == 303
    with system_scope("look") as s:
        assert only(s).state == "done" and sorted(s.scalars(select(UsageAnswer.answer))) == ["3", "yes"]


def test_the_firms_own_start_checks_its_booking_in(app, lab):
    """U-65 from the portal too: who uses what was booked is not missed."""
    now = clock.now()
    with system_scope("test", park_id=lab["park"]) as s:
        room = BookableResource(park_id=lab["park"], code="SEM", name="扫描电镜", kind="instrument", missed_minutes=30)
        s.add(room)
        s.flush()
        s.get(Instrument, lab["free"]).resource_id = room.id
        s.add(Booking(park_id=lab["park"], resource_id=room.id, firm_id=lab["firm"], state="confirmed", starts_at=now - timedelta(minutes=5),
                      ends_at=now + timedelta(hours=1)))
    assert start(browser(app, lab["firm"]), lab).status_code == 303
    with system_scope("look") as s:
        booking = s.scalars(select(Booking)).one()
        assert (booking.state, only(s).booking_id) == ("checked_in", booking.id)


def test_a_form_sent_twice_starts_once(app, lab):
    client, page = browser(app, lab["firm"]), f"{HOME}{lab['free']}"
    data = {"csrf_token": mark_of(client, page), "_once": "twice-000001", "project_id": lab["a"], "q_safe": "yes"}
    assert [client.post(f"{page}/start", data=data).status_code for _n in range(2)] == [303, 303]
    with system_scope("look") as s:
        assert only(s).state == "open"


@pytest.mark.parametrize(("machine", "project_", "status"), [
    ("free", "foreign", 404), ("free", "", 422), ("staffed", "a", 404), ("trained", "a", 404)])
def test_what_is_not_the_firms_does_not_start(app, lab, machine, project_, status):
    client = browser(app, lab["firm"])
    url = f"{HOME}{lab[machine]}"
    answer = send(client, f"{url}/start", f"{HOME}{lab['free']}", project_id=lab.get(project_, ""), q_safe="yes")
    assert answer.status_code == status and client.get(url).status_code == (200 if machine == "free" else 404)
    with system_scope("look") as s:
        assert s.scalars(select(UsageEvent)).all() == []


def test_a_closed_project_pays_for_nothing(app, lab):
    with system_scope("test", park_id=lab["park"]) as s:
        from modules.platforms.models.project import PayingProject

        s.get(PayingProject, lab["a"]).state = "closed"
    answer = start(browser(app, lab["firm"]), lab, project_id=lab["a"])
    with system_scope("look") as s:
        assert answer.status_code == 422 and s.scalars(select(UsageEvent)).all() == []


def test_training_opens_the_instrument(app, lab):
    with system_scope("test", park_id=lab["park"]) as s:
        s.add(OperatorQualification(park_id=lab["park"], instrument_id=lab["trained"], firm_id=lab["firm"], trained_on=clock.today()))
    assert "需要培训" in browser(app, lab["firm"]).get(HOME).get_data(as_text=True)
    assert "需要培训" not in browser(app, lab["other"]).get(HOME).get_data(as_text=True)


def used(lab, firm_project, **more):
    """A minute of use that ended just now; the event's id."""
    now = clock.now().replace(second=0, microsecond=0)
    with system_scope("test", park_id=lab["park"]) as s:
        return events.record_event(s, kind="usage", project_id=firm_project, instrument_id=lab["free"], started_at=now - timedelta(minutes=2),
                                   ended_at=now - timedelta(minutes=1), **more).id


def test_another_firms_use_is_not_found(app, lab):
    pk = used(lab, lab["foreign"])
    client = browser(app, lab["firm"])
    use = f"{HOME}use/{pk}"
    assert client.get(use).status_code == 404 and str(pk) not in re.findall(r"/use/(\d+)", client.get(HOME).get_data(as_text=True))
    for verb in ("stop", "dispute"):
        assert send(client, f"{use}/{verb}", f"{HOME}{lab['free']}", reason="不是我们的", waive="1").status_code == 404
    with system_scope("look") as s:
        assert s.scalars(select(EventAdjustment)).all() == []


def test_a_running_use_of_another_firm_is_seen_as_busy_only(app, lab):
    with system_scope("test", park_id=lab["park"]) as s:
        events.start_usage(s, instrument_id=lab["free"], project_id=lab["foreign"], at=clock.now(), answers={"safe": "yes"})
    client = browser(app, lab["firm"])
    page = client.get(HOME).get_data(as_text=True)
    assert "扫描电镜" in page and "隔壁科技" not in page and f'href="{HOME}{lab["free"]}"' not in page
    refused = send(client, f"{HOME}{lab['free']}/start", HOME, project_id=lab["a"], q_safe="yes")
    assert refused.status_code == 422


def test_a_dispute_reaches_the_staff(app, lab):
    pk, client = used(lab, lab["a"]), browser(app, lab["firm"])
    use = f"{HOME}use/{pk}"
    assert send(client, f"{use}/dispute", use, reason="").status_code == 422
    assert send(client, f"{use}/dispute", use, reason="x", start="31.12.").status_code == 422
    assert send(client, f"{use}/dispute", use, reason="x", project_id=lab["foreign"]).status_code == 404
    assert send(client, f"{use}/dispute", use, reason="设备中途停机", project_id=lab["b"]).status_code == 303
    with system_scope("staff", park_id=lab["park"]) as s:
        row = s.scalars(select(EventAdjustment)).one()
        assert (row.state, row.firm_id, row.event_id, row.want_project_id) == ("open", lab["firm"], pk, lab["b"])
        assert (row.want_start, row.want_end, row.waive) == (None, None, False)
        adjustments.approve_adjustment(s, row, reason="日志显示停机")
        adjustments.apply_adjustment(s, row, on=clock.today())
        assert s.get(UsageEvent, pk).project_id == lab["b"]
    page = client.get(use).get_data(as_text=True)
    assert "日志显示停机" in page and row.number in page


def test_the_times_as_recorded_are_not_asked_for(app, lab):
    pk, client = used(lab, lab["a"]), browser(app, lab["firm"])
    use = f"{HOME}use/{pk}"
    shown = dict(re.findall(r'name="(start|end)" value="([^"]+)"', client.get(use).get_data(as_text=True)))
    unchanged = send(client, f"{use}/dispute", use, reason="x", **shown)
    assert unchanged.status_code == 422
    assert send(client, f"{use}/dispute", use, reason="早结束", end=shown["start"], start=shown["start"]).status_code == 303
    with system_scope("look") as s:
        row = s.scalars(select(EventAdjustment)).one()
        assert row.want_start is None and row.want_end == row.was_start


def test_the_person_at_the_machine_is_the_logged_in_one(app, lab):
    from modules.tenants.models.person import FirmPerson, Person

    with system_scope("test", park_id=lab["park"]) as s:
        person = Person(park_id=lab["park"], name="马工", email="ma@firm.example")
        s.add(person)
        s.flush()
        s.add(FirmPerson(park_id=lab["park"], firm_id=lab["firm"], person_id=person.id, part="contact"))
        pk = person.id
    start(browser(app, lab["firm"], "staff", email="ma@firm.example"), lab)
    with system_scope("look") as s:
        assert only(s).person_id == pk and s.get(Instrument, lab["free"]).self_service
