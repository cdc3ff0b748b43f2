"""Approvals on screen: what is asked, who signed, approve or return with a reason, nobody decides their own."""

from __future__ import annotations

import pytest

from parkops import approval
from parkops.db.session import Scope, new_session
from tests.kernel.things import form_of, make, stored, things, token_of  # noqa: F401

KIND = approval.ApprovalKind("test.widen", "Widen a thing", "test.thing", word="act", needed=1)


@approval.on_approved("test.widen")
def widen(session, request, owner):
    owner.count = request.payload["count"]
    session.flush()


@pytest.fixture
def asked(things, make):  # noqa: F811
    """A clerk of east has asked; returns (thing id, approval id)."""
    from sqlalchemy import text

    from parkops.db.session import engine
    from tests.kernel.things import TestThing

    pk = make("Hall", count=1)
    with engine().connect() as c:
        user, park = (c.execute(text(q)).scalar_one() for q in ("select id from ab_user where username = 'operations_clerk'",
                                                                "select id from core_park where code = 'east'"))
    s = new_session(Scope(user_id=user, user_name="operations_clerk", parks=frozenset({park}), park_id=park,
                          rights=frozenset({("test.thing", "act"), ("test.thing", "read"), ("core.approval", "act")})))
    request = approval.request(s, s.get(TestThing, pk), "test.widen", payload={"count": 7}, reason="More room")
    s.commit()
    found = request.id
    s.close()
    return pk, found


def test_waiting_list_and_page_then_approve(client, login_as, asked, stored):  # noqa: F811
    pk, request = asked
    login_as(client, "operations_manager")
    assert f"/core/approval/{request}" in client.get("/core/waiting/").get_data(as_text=True)
    body = client.get(f"/core/approval/{request}").get_data(as_text=True)
    for word in ("Hall", "Widen a thing", "More room", "operations_clerk", ">7<", f"/core/approval/{request}/do/approve"):
        assert word in body, word
    page = client.get(f"/core/approval/{request}/do/approve")
    assert client.post(f"/core/approval/{request}/do/approve", data=form_of(page)).status_code == 303
    assert stored(pk).count == 7
    assert f"/core/approval/{request}" not in client.get("/core/waiting/").get_data(as_text=True)


def test_return_needs_a_reason(client, login_as, asked, stored):  # noqa: F811
    pk, request = asked
    login_as(client, "operations_manager")
    page = client.get(f"/core/approval/{request}/do/return")
    assert client.post(f"/core/approval/{request}/do/return", data=form_of(page)).status_code == 422
    assert client.post(f"/core/approval/{request}/do/return", data=form_of(page) | {"reason": "Too early"}).status_code == 303
    assert stored(pk).count == 1


def test_nobody_decides_their_own(client, login_as, asked, stored):  # noqa: F811
    pk, request = asked
    login_as(client, "operations_clerk")
    token = token_of(client.get("/test/thing/new"))
    client.post(f"/core/approval/{request}/do/approve", data={"csrf_token": token})
    assert stored(pk).count == 1
    assert f"/core/approval/{request}" not in client.get("/core/waiting/").get_data(as_text=True)


def test_another_parks_request_is_not_there(client, login_as, asked):
    _pk, request = asked
    login_as(client, "operations_manager_west")
    assert client.get(f"/core/approval/{request}").status_code == 404


def test_people_read_full_names(client, login_as, asked):
    """The row keeps the user name."""
    from sqlalchemy import text

    from parkops.db.session import engine

    with engine(owner=True).begin() as c:
        c.execute(text("update core_user set name = '王小燕' where username = 'operations_clerk'"))
    login_as(client, "operations_manager")
    for address in ("/core/waiting/", f"/core/approval/{asked[1]}", "/me/inbox"):
        body = client.get(address).get_data(as_text=True)
        assert "王小燕" in body and "operations_clerk" not in body, address
