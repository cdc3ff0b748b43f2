"""The pages and the REST of indicators, jobs and reports: rights, parks, bad input, and equal numbers everywhere."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from parkops.clock import Period, now
from parkops.db.session import system_scope
from parkops.jobs.models import JobRun
from parkops.kpi import catalogue, engine
from parkops.kpi.models import KpiFreeze, KpiTarget
from parkops.kpi.registry import Kpi
from parkops.models import Park

T = KpiTarget
MAY = Period.parse("2026-05")
COUNT = Kpi("t.count", "Records", "count", "sum", lambda w: select(T.park_id, func.count().label("numerator")).where(
    T.period_start >= w.start, T.period_start < w.end, T.code.startswith("t.")).group_by(T.park_id), "Records begun in the period.",
    drill=lambda w: select(T.id).where(T.period_start >= w.start, T.period_start < w.end, T.code.startswith("t.")), resource="core.kpi_target")


@pytest.fixture
def figures(fresh_db, monkeypatch):
    """Three records in the east, one in the west, computed; every persona may read them."""
    import parkops.security.access as access

    monkeypatch.setattr(catalogue, "EXTRA", [COUNT])
    may = access.may
    monkeypatch.setattr(access, "may", lambda s, r, w: may(s, "core.kpi", w) if r == "core.kpi_target" else may(s, r, w))
    with system_scope("test") as s:
        east, west = s.scalars(select(Park).order_by(Park.id))
        for park, days in ((east, (1, 2, 3)), (west, (4,))):
            for day in days:
                s.add(T(park_id=park.id, code=f"t.{day}", grain="month", period_start=date(2026, 5, day), target=Decimal(1)))
        s.flush()
        engine.compute(s, MAY, ["t.count"], today=date(2026, 6, 12))
        return {"east": east.id, "west": west.id}


def token(client, url):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get(url).get_data(as_text=True))[1]


def post(client, url, page="/core/kpi/?period=2026-05", **data):
    return client.post(url, data={"csrf_token": token(client, page), **data})


def test_tile_page_list_rest_and_report_say_the_same(app, client, login_as, figures):
    login_as(client, "operations_manager")
    page = client.get("/core/kpi/t.count?period=2026-05").get_data(as_text=True)
    assert re.search(r'pk-kpi-value">\s*3\b', page)
    rows = client.get("/core/kpi/t.count/list?period=2026-05").get_data(as_text=True)
    assert re.search(r"\b3 ", rows) and rows.count('<li><a href="/core/kpi_target/') == 3
    told = client.get("/api/v1/core/kpi/?period=2026-05&code=t.count").get_json()
    assert [(f["value"], f["numerator"], f["park"]) for f in told["figures"]] == [(3, 3, "east")]
    sheet = json.loads(client.get("/reports/kpi-sheet?period=2026-05&format=json").get_data())
    rows = [r for s in sheet["sections"] for r in s["table"]["rows"] if r[0] == "Records"]
    assert rows[0][2] == 3


def test_a_link_on_another_site_makes_no_report(app, client, login_as, figures):
    """The address is a GET that is recorded (decision 0006): only the person's own click makes and records one."""
    from parkops.db.audit import AuditEntry

    def recorded():
        with system_scope("test") as s:
            return s.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.op == "export"))

    login_as(client, "operations_manager")
    url, before = "/reports/kpi-sheet?period=2026-05&format=json", recorded()
    answer = client.get(url, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.headers["Location"], recorded()) == (302, "/reports/", before)
    for site in ("none", "same-origin"):
        assert client.get(url, headers={"Sec-Fetch-Site": site}).status_code == 200
    assert recorded() == before + 2


def test_the_company_page_says_why_it_is_not_frozen(app, client, login_as, figures):
    login_as(client, "operations_manager")
    client.post("/account/locale/", data={"locale": "en", "next": "/", "csrf_token": token(client, "/account/")})
    page = client.get("/core/kpi/?period=2026-05&park=all").get_data(as_text=True)
    assert "park by park" in page and "frozen in 0 of 1 parks" in page and f"period=2026-05&amp;park={figures['east']}" in page
    assert post(client, "/core/kpi/freeze", period="2026-05", park=str(figures["east"]), reason="report sent").status_code == 302
    page = client.get("/core/kpi/?period=2026-05&park=all").get_data(as_text=True)
    assert "frozen in 1 of 1 parks" in page and f"period=2026-05&amp;park={figures['east']}" not in page


def test_another_park_is_not_found_anywhere(app, client, login_as, figures):
    login_as(client, "operations_manager")
    for url in ("/core/kpi/?park={}", "/core/kpi/t.count?park={}", "/core/kpi/t.count/list?park={}", "/api/v1/core/kpi/?park={}",
                "/reports/kpi-sheet?park={}&format=json"):
        assert client.get(url.format(figures["west"])).status_code == 404, url
    told = client.get("/api/v1/core/kpi/?period=2026-05&park=all&code=t.count").get_json()
    assert [f["value"] for f in told["figures"]] == [3], "all parks are all of one's own"


@pytest.mark.parametrize("url", [
    "/core/kpi/?period=2026-13", "/core/kpi/?period=0001", "/core/kpi/?period=9999", "/core/kpi/?park=x", "/core/kpi/?park=" + "9" * 30,
    "/core/kpi/nothing.here", "/core/kpi/t.count?key=%00", "/core/kpi/t.count/list?page=-1", "/core/kpi/t.count/list?side=top&key=a",
    "/core/kpi/" + "x" * 200, "/reports/nothing?format=pdf", "/reports/kpi-sheet?format=docx", "/reports/kpi-sheet?record=abc",
    "/core/job/999999", "/core/job/9223372036854775807", "/core/job/?state=odd&code=odd", "/api/v1/core/kpi/?period=x", "/api/v1/core/kpi/?code=x"])
def test_bad_addresses_are_never_a_server_error(app, client, login_as, figures, url):
    login_as(client, "system_administrator")
    assert client.get(url).status_code < 500


def test_who_may_do_what(app, client, login_as, figures):
    login_as(client, "operations_clerk")
    assert client.get("/core/kpi/").status_code == 200
    assert client.get("/reports/kpi-sheet?period=2026-05").status_code == 403
    assert client.get("/core/job/").status_code == 403
    page = client.get("/core/kpi/?period=2026-05").get_data(as_text=True)
    assert "/core/kpi/freeze" not in page and "/core/kpi/compute" not in page
    token_ = token(client, "/")
    for url in ("/core/kpi/compute", "/core/kpi/freeze", "/core/kpi/t.count/target", "/core/job/run", "/core/job/1/retry", "/core/job/1/skip"):
        assert client.post(url, data={"csrf_token": token_, "period": "2026-05"}).status_code == 403, url


def test_posts_need_the_token(app, client, login_as, figures):
    login_as(client, "operations_manager")
    for url in ("/core/kpi/compute", "/core/kpi/freeze", "/core/kpi/t.count/target"):
        assert client.post(url, data={"period": "2026-05"}).status_code == 400, url


def test_freezing_from_the_screen(app, client, login_as, figures):
    login_as(client, "operations_manager")
    assert post(client, "/core/kpi/freeze", period="2026-05", park=str(figures["east"]), reason="").status_code == 422
    assert post(client, "/core/kpi/freeze", period="2026-05", park=str(figures["east"]), reason="report sent").status_code == 302
    with system_scope("test") as s:
        assert s.scalars(select(KpiFreeze.reason)).all() == ["report sent"]
    assert "report sent" in client.get("/core/kpi/t.count?period=2026-05").get_data(as_text=True)
    assert post(client, "/core/kpi/freeze", "/", period="2026-05", park=str(figures["east"]), reason="again").status_code == 409
    assert post(client, "/core/kpi/freeze", "/", period="2026-05", park="all", reason="x").status_code == 400


@pytest.mark.parametrize(("typed", "status", "kept"), [("1,250", 302, Decimal("1250")), ("", 302, None), ("abc", 400, None), ("NaN", 400, None),
                                                       ("1.23456", 422, None), ("9" * 18, 422, None)])
def test_targets_from_the_screen(app, client, login_as, figures, typed, status, kept):
    login_as(client, "operations_manager")
    assert post(client, "/core/kpi/t.count/target", period="2026-05", park=str(figures["east"]), target=typed).status_code == status
    with system_scope("test") as s:
        assert s.scalar(select(T.target).where(T.code == "t.count")) == kept


def test_computing_from_the_screen_goes_only_back_to_us(app, client, login_as, figures):
    login_as(client, "operations_manager")
    done = post(client, "/core/kpi/compute", period="2026-05", park=str(figures["east"]), next="https://evil.example/")
    assert done.status_code == 302 and done.location.startswith("/core/kpi/")


def test_jobs_from_the_screen(app, client, login_as, figures):
    with system_scope("test") as s:
        s.add(JobRun(code="core.sessions", scheduled_for=now(), state="failed", actor="scheduler", attempts=3, error="<b>broken</b>",
                     started_at=now(), history=[{"attempt": 1, "error": "x", "at": "", "where": "line 1"}]))
        s.flush()
        run_id = s.scalars(select(JobRun.id)).one()
    login_as(client, "system_administrator")
    page = client.get("/core/job/").get_data(as_text=True)
    assert "&lt;b&gt;broken" in page and "<b>broken" not in page and "alert-danger" in page
    assert client.get(f"/core/job/{run_id}").status_code == 200
    assert post(client, f"/core/job/{run_id}/skip", "/core/job/", reason="").status_code == 422
    assert post(client, f"/core/job/{run_id}/skip", "/core/job/", reason="by hand").status_code == 302
    assert post(client, "/core/job/run", "/core/job/", code="core.sessions", date="x").status_code == 400
    assert post(client, "/core/job/run", "/core/job/", code="nothing", date="2026-06-01").status_code == 400
    assert post(client, "/core/job/run", "/core/job/", code="core.sessions", date="2026-06-01").status_code == 302
    with system_scope("test") as s:
        ran = s.scalars(select(JobRun).where(JobRun.state == "done")).one()
        assert (ran.actor, ran.by_hand) == ("system_administrator", True)


def test_list_pages_stay_small(app, client, login_as, figures, query_count):
    login_as(client, "operations_manager")
    client.get("/core/kpi/?period=2026-05")
    with query_count() as q:
        client.get("/core/kpi/?period=2026-05")
    assert q.count <= 20, q.statements
