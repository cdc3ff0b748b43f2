"""Buttons and bulk actions: the state decides, a disabled one says why, previews change nothing, all or nothing."""

from __future__ import annotations

import json

import pytest

from tests.kernel.things import form_of, make, stored, things, token_of  # noqa: F401


@pytest.fixture
def clerk(client, login_as, things):  # noqa: F811
    login_as(client, "operations_clerk")
    return client


def press(client, pk, code, **data):
    token = token_of(client.get("/test/thing/new"))
    return client.post(f"/test/thing/{pk}/do/{code}", data={"csrf_token": token, **data})


def bulk(client, code, body):
    token = token_of(client.get("/test/thing/new"))
    return client.post(f"/test/thing/bulk/{code}", data=json.dumps(body), headers={"Content-Type": "application/json", "X-CSRFToken": token})


def test_workflow_buttons_follow_the_state(clerk, make, stored):  # noqa: F811
    pk = make("x")
    body = clerk.get(f"/test/thing/{pk}").get_data(as_text=True)
    assert f"/test/thing/{pk}/do/begin" in body and f"/test/thing/{pk}/do/finish" not in body
    assert press(clerk, pk, "begin").status_code == 303
    assert stored(pk).state == "running"
    page = clerk.get(f"/test/thing/{pk}/do/finish")
    assert press(clerk, pk, "finish").status_code == 422  # the form's fields are required
    assert clerk.post(f"/test/thing/{pk}/do/finish", data=form_of(page) | {"on": "2022-05-01", "reason": "ready"}).status_code == 303
    assert stored(pk).state == "done"
    assert "Finished well" in clerk.get(f"/test/thing/{pk}").get_data(as_text=True)


def test_disabled_button_says_why_and_is_refused(clerk, make, stored):  # noqa: F811
    pk = make("closed", count=3)
    assert "It is closed; open it first." in clerk.get(f"/test/thing/{pk}").get_data(as_text=True)
    assert press(clerk, pk, "double").status_code == 303
    assert stored(pk).count == 3
    assert "It is closed; open it first." in clerk.get(f"/test/thing/{pk}").get_data(as_text=True)


def test_pressing_twice_acts_once(clerk, make, stored):  # noqa: F811
    pk = make("x", count=3)
    key = "one-time-key-1"
    assert [press(clerk, pk, "double", _once=key).status_code for _ in range(2)] == [303, 303]
    assert stored(pk).count == 6
    press(clerk, pk, "double"), press(clerk, pk, "double")
    assert stored(pk).count == 24  # control: without the key both act


def test_an_old_page_does_not_act_on_a_changed_record(clerk, make, stored):  # noqa: F811
    pk = make("x", count=3)
    press(clerk, pk, "double")
    assert press(clerk, pk, "double", _version="1").status_code == 409
    assert stored(pk).count == 6


def test_actions_never_run_on_get_or_foreign_records(clerk, make, stored):  # noqa: F811
    """FAB traps 19 and 23."""
    mine, foreign = make("x", count=3), make("y", park="west", count=3)
    clerk.get(f"/test/thing/{mine}/do/double")
    assert stored(mine).count == 3
    assert press(clerk, foreign, "double").status_code == 404
    assert bulk(clerk, "empty", {"ids": [mine, foreign]}).status_code == 404
    assert stored(foreign).count == 3
    assert clerk.post(f"/test/thing/{mine}/do/double").status_code == 400
    assert press(clerk, mine, "nothing").status_code == 404


def test_reader_may_not_act(app, login_as, make, stored):  # noqa: F811
    pk = make("x", count=3)
    reader = app.test_client()
    login_as(reader, "finance")
    body = reader.get(f"/test/thing/{pk}").get_data(as_text=True)
    assert "/do/" not in body and "/edit" not in body and "/remove" not in body
    assert reader.get(f"/test/thing/{pk}/do/double").status_code == 403


def test_bulk_preview_then_run(clerk, make, stored):  # noqa: F811
    ids = [make(f"t{i}", note="same" if i == 0 else None) for i in range(3)]
    fragment = clerk.get("/test/thing/bulk/empty").get_data(as_text=True)
    assert 'name="note"' in fragment
    dry = bulk(clerk, "empty", {"ids": ids, "values": {"note": "same"}, "dry_run": True})
    assert dry.get_json() == {"count": 2, "message": "2 of 3 would change", "danger": False}
    assert stored(ids[1]).note is None
    done = bulk(clerk, "empty", {"ids": ids, "values": {"note": "same"}})
    assert done.get_json()["message"] == "3 changed" and stored(ids[2]).note == "same"


def test_bulk_on_everything_filtered(clerk, make, stored):  # noqa: F811
    a, b = make("apple"), make("pear")
    answer = bulk(clerk, "empty", {"q": {"filters": [["name", "eq", "apple"]]}, "values": {"note": "n"}})
    assert answer.get_json()["count"] == 1 and stored(a).note == "n" and stored(b).note is None


def test_bulk_is_all_or_nothing(clerk, make, stored):  # noqa: F811
    ids = [make("a"), make("stubborn")]
    answer = bulk(clerk, "empty", {"ids": ids, "values": {"note": "n"}})
    assert answer.status_code == 422 and answer.get_json()["problems"][0]["code"] == "test.stubborn"
    assert stored(ids[0]).note is None


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "1"}, {"ids": ["x"]}, {"ids": [10**30]}, {"ids": [None]}, {"ids": [1], "values": 3},
                                  {"q": []}, {"q": {"filters": [["zz", "eq", 1]]}}, {"ids": [-1]}, {"ids": list(range(1, 10_002))}])
def test_bad_bulk_bodies_are_sentences(clerk, body):
    answer = bulk(clerk, "empty", body)
    assert answer.status_code in (400, 404, 422) and answer.get_json()["message"]
