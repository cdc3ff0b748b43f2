"""The engines' screens and the file routes through the client, with real log-ins."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import text

from parkops import todos
from parkops.db import audit
from parkops.db.session import Scope, engine, new_session, system_scope
from parkops.outbox import OutboxMessage, publish
from tests.kernel.samples import ids

PDF = b"%PDF-1.7 x"


@pytest.fixture
def signed(app, fresh_db, login_as):
    def open_as(role):
        client = app.test_client()
        login_as(client, role)
        return client

    return open_as


def token(client) -> str:
    page = client.get("/account/").get_data(as_text=True)
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def make_todo(park: str = "east") -> int:
    parks, _users = ids()
    s = new_session(Scope(parks=None, system=True, park_id=parks[park], user_name="setup"))
    row = todos.add(s, None, f"canary {park}").id
    publish(s, "sample.dead", {}, key="x")
    s.execute(text("update core_outbox set state = 'dead', attempts = 8"))
    s.commit()
    s.close()
    return row


PAGES = ("/core/rule_set/", "/core/rule/", "/core/parameter/", "/core/decision/", "/core/sequence/", "/core/sequence_number/",
         "/core/outbox/", "/core/module/", "/core/setting/", "/core/number_gaps/")


def test_the_administrator_opens_every_page_and_a_clerk_only_the_rules(signed):
    admin, clerk, auditor = signed("system_administrator"), signed("operations_clerk"), signed("auditor")
    for url in PAGES:
        assert admin.get(url).status_code == 200, url
        assert clerk.get(url).status_code == (200 if url in PAGES[:4] else 403), url
        assert auditor.get(url).status_code == 200, url
    assert auditor.get("/core/audit/").status_code == 200 and clerk.get("/core/audit/").status_code == 403


def test_records_of_the_engines_open_with_their_tabs(signed):
    make_todo()
    admin, auditor = signed("system_administrator"), signed("auditor")
    with engine().connect() as c:
        for table, url, client in (("core_rule_set", "/core/rule_set/", admin), ("core_rule", "/core/rule/", admin),
                                   ("core_module", "/core/module/", admin), ("core_outbox", "/core/outbox/", admin),
                                   ("core_audit", "/core/audit/", auditor)):
            found = c.execute(text(f"select max(id) from {table}")).scalar()
            assert found is not None, table
            answer = client.get(f"{url}{found}")
            assert answer.status_code == 200, (url, answer.get_data(as_text=True)[:500])


def test_the_audit_trail_calls_every_kind_by_its_title(signed):
    """Also those without a list of their own; what nobody named stays as it is."""
    with system_scope("test") as s:
        for kind in ("core.kpi", "core.attachment", "core.user", "old.thing"):
            audit.bulk(s, kind, "compute", 1, {})
    rows = signed("auditor").get('/api/v1/core/audit/?q={"size":20}').get_json()["rows"]
    named = {r["resource"]: r.get("resource__text", "") for r in rows}
    assert (named["core.kpi"], named["core.attachment"], named["core.user"]) == ("指标", "附件", "用户")
    assert named["old.thing"] in ("", None, "old.thing")


def test_a_setting_is_saved_refused_and_reset(signed):
    admin = signed("system_administrator")
    post = lambda **v: admin.post("/core/setting/", data={"csrf_token": token(admin), **v})  # noqa: E731
    assert post(key="core.export_approval_rows", place="company", value="3000").status_code == 302
    bad = post(key="core.export_approval_rows", place="park", value="50000")
    assert bad.status_code == 422 and "50000" in bad.get_data(as_text=True)
    assert post(key="core.no_such", place="company", value="1").status_code == 400
    assert post(key="core.export_approval_rows", place="moon", value="1").status_code == 400
    assert 'value="3000"' in admin.get("/core/setting/").get_data(as_text=True)
    assert post(key="core.export_approval_rows", place="company", reset="1").status_code == 302
    assert admin.post("/core/setting/", data={"key": "core.export_approval_rows", "value": "9"}).status_code == 400  # no token
    clerk = signed("operations_clerk")
    assert clerk.post("/core/setting/", data={"csrf_token": token(clerk), "key": "core.export_approval_rows", "value": "9"}).status_code == 403


def test_upload_download_and_remove(signed):
    todo = make_todo()
    clerk = signed("operations_clerk")
    send = lambda c, name, content, where=todo: c.post(  # noqa: E731
        f"/files/core.todo/{where}", data={"csrf_token": token(c), "file": (io.BytesIO(content), name)},
        headers={"Accept": "application/json"})
    made = send(clerk, "../../证书.pdf", PDF)
    assert made.status_code == 201
    url = made.get_json()["files"][0]["url"]
    got = clerk.get(url)
    assert got.status_code == 200 and got.data == PDF and got.mimetype == "application/pdf"
    assert got.headers["Content-Disposition"].startswith("attachment") and got.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in got.headers["Cache-Control"]
    for name, content in (("x.svg", b"<svg/>"), ("x.html", b"<script>"), ("x.pdf", b"<html>"), ("x.exe", b"MZ")):
        assert send(clerk, name, content).status_code == 422, name
    assert clerk.post(f"/files/core.todo/{todo}", data={"file": (io.BytesIO(PDF), "a.pdf")}).status_code == 400  # no token
    assert send(clerk, "a.pdf", PDF, 999999).status_code == 404
    west = signed("operations_clerk_west")
    assert west.get(url).status_code == 404 and send(west, "a.pdf", PDF).status_code == 404
    assert west.post(f"{url}/remove", data={"csrf_token": token(west)}).status_code == 404
    reader = signed("leadership")
    assert reader.get(url).status_code == 200 and send(reader, "a.pdf", PDF).status_code == 403
    assert clerk.post(f"{url}/remove", data={"csrf_token": token(clerk)}).status_code == 302 and clerk.get(url).status_code == 404
    assert clerk.get("/files/99999999999999999999").status_code == 404


def test_anonymous_gets_nothing(app, fresh_db):
    client = app.test_client()
    assert client.get("/files/1").status_code in (302, 401) and client.get("/core/audit/").status_code in (302, 401)


def test_a_failed_message_is_retried_from_its_page(signed):
    make_todo()
    admin = signed("system_administrator")
    s = new_session(Scope(parks=None, system=True))
    row = s.query(OutboxMessage).filter_by(topic="sample.dead").one()
    answer = admin.post(f"/core/outbox/{row.id}/do/retry", data={"csrf_token": token(admin)})
    assert answer.status_code in (200, 302, 303), answer.get_data(as_text=True)[:300]
    s.refresh(row)
    assert (row.state, row.attempts) == ("pending", 0)
    s.close()
