"""The framework's traps (docs and style reference 3.20) that could come back through our own views: each stays shut.

Not here because another file holds them: 9, 10, 15, 20-22 (test_forms), 19, 23 (test_actions), 1-5, 24-26 (security)."""

from __future__ import annotations

import json
import re
import threading
from decimal import Decimal

import pytest

from tests.kernel.things import TestRoom, make, stored, things, token_of  # noqa: F401

LIST = "/api/v1/test/thing/"


@pytest.fixture
def clerk(client, login_as, things):  # noqa: F811
    login_as(client, "operations_clerk")
    return client


def rows(client, **q):
    return client.get(LIST, query_string={"q": json.dumps(q)})


def test_8_numeric_filters_are_typed(clerk, make):  # noqa: F811
    make("a", rent=Decimal("5.00")), make("b", rent=Decimal("50.00"))
    answer = rows(clerk, filters=[["rent", "gt", "9"]])
    assert [r["name"] for r in answer.get_json()["rows"]] == ["b"]
    assert rows(clerk, filters=[["rent", "gt", "x"]]).status_code == 400


def test_11_a_failing_follow_up_undoes_the_record(clerk, make, session, monkeypatch):  # noqa: F811
    """What a service does after the insert is in the same transaction."""
    from sqlalchemy import text

    from parkops.web import editing

    def fail(*args, **kwargs):
        raise RuntimeError("follow-up failed")

    monkeypatch.setattr(editing.idempotency, "keep", fail)
    token = token_of(clerk.get("/test/thing/new"))
    assert clerk.post("/test/thing/new", data={"csrf_token": token, "name": "half"}).status_code == 500
    assert session.execute(text("select count(*) from test_thing where name = 'half'")).scalar() == 0


def test_13_filters_of_requests_never_mix(app, login_as, make):  # noqa: F811
    """Eight threads, each with its own filter: every answer holds that filter's rows only."""
    for i in range(8):
        make(f"only-{i}")
    wrong: list[str] = []
    clients = [app.test_client() for _ in range(8)]
    for client in clients:
        login_as(client, "operations_clerk")

    def ask(i: int) -> None:
        for _round in range(15):
            found = [r["name"] for r in rows(clients[i], filters=[["name", "eq", f"only-{i}"]]).get_json()["rows"]]
            if found != [f"only-{i}"]:
                wrong.append(f"{i}: {found}")

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert not wrong, wrong[:5]


def test_18_unparsable_filters_are_refused_and_signs_are_literal(clerk, make):  # noqa: F811
    make("100% sure"), make("100 x")
    assert rows(clerk, filters=[["count", "eq", "abc"]]).status_code == 400
    assert [r["name"] for r in rows(clerk, filters=[["name", "contains", "0%"]]).get_json()["rows"]] == ["100% sure"]
    assert clerk.get(f"{LIST}?page_0=zz").status_code == 400


def test_27_forms_load_no_related_tables(clerk, make, query_count):  # noqa: F811
    """3,000 rooms do not end up in a drop-down."""
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine(owner=True).begin() as c:
        c.execute(text("insert into test_room (park_id, name, version, created_at) select 1, 'room ' || i, 1, now() from generate_series(1, 3000) i"))
    for url in ("/test/thing/new", "/test/thing/"):
        answer = clerk.get(url)
        assert len(answer.data) < 150 * 1024 and "room 77" not in answer.get_data(as_text=True), url


def test_28_relations_are_joined_not_asked_row_by_row(clerk, make, query_count):  # noqa: F811
    room = make("Room", model=TestRoom)
    for i in range(20):
        make(f"t{i}", room_id=room)
    with query_count() as q:
        answer = rows(clerk, columns=["name", "room.name"])
    assert len(answer.get_json()["rows"]) == 20 and q.count <= 12, q.statements


def test_29_unknown_sort_columns_are_refused(clerk):
    assert rows(clerk, sort=[["__class__", "asc"]]).status_code == 400
    assert rows(clerk, sort=[["room", "asc"]]).status_code in (200, 400)


def test_30_titles_are_words_of_ours(clerk):
    for url in ("/test/thing/", "/test/thing/new"):
        assert not re.search(r"(List|Show|Add|Edit) Test ?Thing", clerk.get(url).get_data(as_text=True))


def test_32_serving_changes_no_declaration(clerk, make):  # noqa: F811
    from parkops.web import resources

    before = repr(resources.resolved("test.thing"))
    pk = make("a")
    for url in ("/test/thing/", "/test/thing/new", f"/test/thing/{pk}", f"/test/thing/{pk}/edit", LIST):
        clerk.get(url)
    assert repr(resources.resolved("test.thing")) == before
