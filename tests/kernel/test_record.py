"""The record page: header, facts, related grid, comments and to-dos, unmasking, print, few statements."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.kernel.things import TestRoom, make, stored, things, token_of  # noqa: F401


@pytest.fixture
def manager(client, login_as, things):  # noqa: F811
    login_as(client, "operations_manager")
    return client


def test_page_shows_everything_in_words(manager, make):  # noqa: F811
    room = make("Room 5", model=TestRoom)
    pk = make("Alpha", code="K-1", rent=Decimal("12345.60"), share=Decimal("0.125"), size=Decimal("88.5"), phone="13812345678",
              kind="lab", room_id=room, checked=None)
    answer = manager.get(f"/test/thing/{pk}")
    body = answer.get_data(as_text=True)
    assert answer.status_code == 200
    for word in ("Alpha", "K-1", "Draft", "12,345.60 元", "12.5%", "88.50 ㎡", "138****5678", "Room 5", f"/test/room/{room}"):
        assert word in body, word
    assert "13812345678" not in body and ">None<" not in body


def test_unmask_is_a_recorded_post(manager, make, session):  # noqa: F811
    from sqlalchemy import text

    pk = make("Alpha", phone="13812345678")
    url = f"/test/thing/{pk}/unmask/phone"
    assert manager.get(url).status_code == 405
    answer = manager.post(url, headers={"X-CSRFToken": token_of(manager.get("/test/thing/new"))})
    assert answer.get_json() == {"value": "13812345678"}
    row = session.execute(text("select user_name, detail from core_audit where op = 'unmask'")).one()
    assert row.user_name == "operations_manager" and row.detail == {"field": "phone"}
    assert manager.post(f"/test/thing/{pk}/unmask/name", headers={"X-CSRFToken": token_of(manager.get("/test/thing/new"))}).status_code == 404


def test_comment_and_todo(manager, make):  # noqa: F811
    pk = make("Alpha")
    token = token_of(manager.get("/test/thing/new"))
    assert manager.post(f"/test/thing/{pk}/comment", data={"csrf_token": token, "text": "Hello <script>"}).status_code == 303
    assert manager.post(f"/test/thing/{pk}/todo", data={"csrf_token": token, "title": "Call back", "due_on": "2026-12-01"}).status_code == 303
    body = manager.get(f"/test/thing/{pk}").get_data(as_text=True)
    assert "Hello &lt;script&gt;" in body and "Call back" in body
    import re

    todo = re.search(rf"/test/thing/{pk}/todo/(\d+)/done", body)[1]
    assert manager.post(f"/test/thing/{pk}/todo/{todo}/done", data={"csrf_token": token}).status_code == 303
    assert f"/todo/{todo}/done" not in manager.get(f"/test/thing/{pk}").get_data(as_text=True)
    for bad in ("", "x" * 5000, "a\0b"):
        manager.post(f"/test/thing/{pk}/comment", data={"csrf_token": token, "text": bad})
    other = make("Other")
    assert manager.post(f"/test/thing/{other}/todo/{todo}/done", data={"csrf_token": token}).status_code == 404


def test_related_tab_and_print(manager, make):  # noqa: F811
    room = make("Room 5", model=TestRoom)
    make("Inside", room_id=room)
    body = manager.get(f"/test/room/{room}?tab=things").get_data(as_text=True)
    assert f"/test/thing/new?room_id={room}" in body
    assert manager.get(f"/test/room/{room}/print").status_code == 200
    assert manager.get(f"/test/room/{room}?tab=nonsense").status_code == 200


@pytest.mark.parametrize("pk", ["0", "999999", "9223372036854775807", "9223372036854775808", "9" * 40, "-1", "x"])
def test_missing_records_are_404(manager, pk):
    for url in (f"/test/thing/{pk}", f"/test/thing/{pk}/edit", f"/test/thing/{pk}/print", f"/api/v1/test/thing/{pk}"):
        assert manager.get(url).status_code in (404, 405), url


def test_foreign_record_is_404_everywhere(manager, make, stored):  # noqa: F811
    pk = make("canary-west", park="west")
    token = token_of(manager.get("/test/thing/new"))
    for url in ("", "/edit", "/print", "?tab=extra", "/do/begin"):
        answer = manager.get(f"/test/thing/{pk}{url}")
        assert answer.status_code == 404 and "canary-west" not in answer.get_data(as_text=True)
    for url in ("/edit", "/remove", "/comment", "/todo", "/do/begin", "/unmask/phone"):
        answer = manager.post(f"/test/thing/{pk}{url}", data={"csrf_token": token, "text": "x", "title": "x", "_version": "1", "name": "x"})
        assert answer.status_code == 404, url
    assert stored(pk).version == 1


def test_remove_checks_the_version(manager, make, stored):  # noqa: F811
    pk = make("gone")
    token = token_of(manager.get("/test/thing/new"))
    assert manager.post(f"/test/thing/{pk}/remove", data={"csrf_token": token, "_version": "7"}).status_code == 409
    assert manager.post(f"/test/thing/{pk}/remove", data={"csrf_token": token, "_version": "1"}).status_code == 303
    assert stored(pk) is None


def test_room_in_use_cannot_be_removed_by_the_database_either(things, make):  # noqa: F811
    from sqlalchemy.exc import IntegrityError

    from parkops.db.session import system_scope
    from parkops.web.dberrors import as_refusal

    room = make("Room 5", model=TestRoom)
    make("Inside", room_id=room)
    with pytest.raises(IntegrityError) as e, system_scope("test") as s:
        s.delete(s.get(TestRoom, room))
    assert as_refusal(e.value).codes == ["core.still_used"]


def test_few_statements(manager, make, query_count):  # noqa: F811
    room = make("Room 5", model=TestRoom)
    pk = make("Alpha", room_id=room)
    manager.get(f"/test/thing/{pk}")
    with query_count() as q:
        manager.get(f"/test/thing/{pk}")
    assert q.count <= 25, "\n".join(q.statements)
