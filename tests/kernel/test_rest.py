"""REST for one record: exact numbers, versions, idempotency, refusals as JSON, foreign parks, tokens."""

from __future__ import annotations

import json

import pytest

from tests.kernel.things import TestRoom, make, stored, things  # noqa: F401

URL = "/api/v1/test/thing/"


@pytest.fixture
def api(client, login_as, things):  # noqa: F811
    """Calls with the browser's cookie and CSRF token."""
    import re

    login_as(client, "operations_clerk")
    page = client.get("/test/thing/new").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]

    def call(method: str, url: str, body=None, raw=None, headers=None, token=token):
        return client.open(url, method=method, data=raw if raw is not None else (None if body is None else json.dumps(body)),
                           headers={"Content-Type": "application/json", "X-CSRFToken": token, **(headers or {})})

    return call


def test_create_read_change_delete(api, stored):  # noqa: F811
    made = api("POST", URL, {"name": "A", "rent": "12.30", "share": "0.037512", "kind": "lab", "phone": "13812345678"})
    assert made.status_code == 201, made.get_json()
    item = made.get_json()
    assert item["rent"] == "12.30" and item["share"] == "0.03751200" and item["phone"] != "13812345678" and item["version"] == 1
    pk = item["id"]
    read = api("GET", f"{URL}{pk}")
    assert read.headers["ETag"] == '"1"' and read.get_json()["kind__text"]
    changed = api("PUT", f"{URL}{pk}", {"name": "B"}, headers={"If-Match": read.headers["ETag"]})
    assert changed.status_code == 200 and changed.get_json()["version"] == 2 and stored(pk).phone == "13812345678"
    assert api("DELETE", f"{URL}{pk}?version=1").status_code == 409
    assert api("DELETE", f"{URL}{pk}?version=2").status_code == 200
    assert stored(pk) is None


def test_numbers_are_exact(api, stored):  # noqa: F811
    made = api("POST", URL, raw='{"name": "n", "rent": 0.1, "price": 1.0001, "share": 0.00000001}')
    thing = stored(made.get_json()["id"])
    assert (str(thing.rent), str(thing.price), f"{thing.share:f}") == ("0.10", "1.0001", "0.00000001")


def test_version_is_needed_and_checked(api, make, stored):  # noqa: F811
    pk = make("x")
    assert api("PUT", f"{URL}{pk}", {"name": "y"}).status_code == 428
    assert api("PUT", f"{URL}{pk}", {"name": "y", "version": 1}).status_code == 200
    late = api("PUT", f"{URL}{pk}", {"name": "z", "version": 1})
    assert late.status_code == 409
    assert late.get_json()["differences"]["name"] == {"yours": "z", "theirs": "y"} and late.get_json()["version"] == 2
    assert stored(pk).name == "y"


def test_idempotency_key(api, session):
    from sqlalchemy import text

    key = {"Idempotency-Key": "abcdefgh-1"}
    first, second = (api("POST", URL, {"name": "once"}, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.get_json() == second.get_json()
    assert api("POST", URL, {"name": "other"}, headers=key).status_code == 409
    assert session.execute(text("select count(*) from test_thing")).scalar() == 1
    api("POST", URL, {"name": "once"}), api("POST", URL, {"name": "once"})
    assert session.execute(text("select count(*) from test_thing")).scalar() == 3  # control: no key, no protection


def test_a_refused_call_frees_its_key(api):
    key = {"Idempotency-Key": "abcdefgh-2"}
    assert api("POST", URL, {"name": "forbidden"}, headers=key).status_code == 422
    assert api("POST", URL, {"name": "fine"}, headers=key).status_code == 201


@pytest.mark.parametrize("raw", ["", "[]", "null", '"x"', "{", '{"name": NaN}', "{" * 5000, '{"a":' * 3000, "\xff", '{"count": ' + "9" * 5000 + "}"])
def test_bad_json_is_400_or_422(api, raw):
    answer = api("POST", URL, raw=raw.encode("latin-1"))
    assert answer.status_code in (400, 422) and answer.get_json()["message"]


@pytest.mark.parametrize("body", [{"name": 1}, {"name": {}}, {"name": []}, {"name": "x", "room_id": {}}, {"name": "x", "room_id": True},
                                  {"name": "x", "rent": True}, {"name": "x", "rent": []}, {"name": "x", "open": "maybe"}, {"name": "x\u0000"},
                                  {"name": "\ud800"}, {"name": "x", "begins_on": 5}, {"name": "x", "state": "done"}, {"name": "x", "id": 5},
                                  {"name": "x", "park_id": 2}, {"name": "x", "count": 10**400}, {"name": "x", "version": 3}])
def test_wrong_types_are_sentences(api, body):
    answer = api("POST", URL, body)
    assert answer.status_code == 422, answer.get_json()
    assert answer.get_json()["problems"][0]["message"].endswith((".", "。"))


def test_foreign_park_is_not_there(api, make, stored):  # noqa: F811
    pk, room = make("secret", park="west"), make("secret room", park="west", model=TestRoom)
    for method, url, body in (("GET", f"{URL}{pk}", None), ("PUT", f"{URL}{pk}", {"name": "x", "version": 1}),
                              ("DELETE", f"{URL}{pk}?version=1", None), ("POST", f"{URL}{pk}/do/begin", {}),
                              ("POST", f"{URL}_bulk/empty", {"ids": [pk]})):
        answer = api(method, url, body)
        assert answer.status_code == 404 and "secret" not in answer.get_data(as_text=True), (method, url)
    assert api("POST", URL, {"name": "x", "room_id": room}).status_code == 422
    assert stored(pk).name == "secret" and stored(pk).version == 1


def test_cookie_without_token_is_refused(api, make, stored):  # noqa: F811
    pk = make("x")
    for method, url, body in (("POST", URL, {"name": "x"}), ("PUT", f"{URL}{pk}", {"name": "y", "version": 1}),
                              ("DELETE", f"{URL}{pk}?version=1", None), ("POST", f"{URL}{pk}/do/begin", {})):
        assert api(method, url, body, token="").status_code == 400
    assert stored(pk).name == "x"


def test_anonymous_gets_401_and_reader_403(app, login_as, make):  # noqa: F811
    pk = make("x")
    visitor = app.test_client()
    assert visitor.get(f"{URL}{pk}").status_code == 401
    reader = app.test_client()
    login_as(reader, "finance")
    assert reader.get(f"{URL}{pk}").status_code == 200
    assert reader.get(f"/test/thing/{pk}/edit").status_code == 403
    assert reader.get("/test/thing/new").status_code == 403


def test_unmask_needs_the_right_and_is_recorded(app, login_as, make, session):  # noqa: F811
    from sqlalchemy import text

    pk = make("x", phone="13812345678")
    clerk, manager = app.test_client(), app.test_client()
    login_as(clerk, "operations_clerk"), login_as(manager, "operations_manager")
    assert clerk.get(f"{URL}{pk}?unmask=phone").status_code == 403
    assert manager.get(f"{URL}{pk}").get_json()["phone"] != "13812345678"
    assert manager.get(f"{URL}{pk}?unmask=phone").get_json()["phone"] == "13812345678"
    assert session.execute(text("select count(*) from core_audit where op = 'unmask' and record_id = :i"), {"i": pk}).scalar() == 1


def test_openapi_describes_every_operation(app, login_as, things):  # noqa: F811
    client = app.test_client()
    login_as(client, "operations_clerk")
    answer = client.get("/api/v1/_openapi")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    paths = answer.get_json()["paths"]
    assert {"get", "post"} <= set(paths["/api/v1/test/thing/"]) and {"get", "put", "delete"} <= set(paths["/api/v1/test/thing/{pk}"])
    assert paths["/api/v1/test/thing/{pk}/do/{code}"]["post"]["parameters"][0]["name"] == "pk"
