"""The till as a program: token, key, retry, refusals; and the pages people see."""

import pytest
from amenities_help import card, english, incubatee, place, till  # noqa: F401
from sqlalchemy import func, select

from modules.amenities.models.meals import MealUse
from parkops.testing.plugin import PASSWORD

CONSUME, CARD = "/api/v1/amenities/pos/consume", "/api/v1/amenities/pos/card"


@pytest.fixture
def box(session):
    found = till(session).code, card(session, incubatee(session), balance="20").number
    session.commit()
    return found


def token(client, user="operations_clerk"):
    answer = client.post("/api/v1/security/login", json={"username": user, "password": PASSWORD, "provider": "db"})
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def test_a_till_sells_once_and_is_told_when_the_card_is_empty(app, session, box):
    client = app.test_client()
    bearer, (code, number) = token(client), box
    body = {"till": code, "card": number, "price": "12.50"}
    first = client.post(CONSUME, json=body, headers={**bearer, "Idempotency-Key": "sale-00001"})
    again = client.post(CONSUME, json=body, headers={**bearer, "Idempotency-Key": "sale-00001"})
    assert first.status_code == 200 and first.get_json() == again.get_json() and first.get_json()["balance"] == "7.50"
    other = client.post(CONSUME, json={**body, "price": "1.00"}, headers={**bearer, "Idempotency-Key": "sale-00001"})
    empty = client.post(CONSUME, json=body, headers={**bearer, "Idempotency-Key": "sale-00002"})
    assert other.status_code == 409 and empty.status_code == 422 and empty.get_json()["problems"][0]["code"] == "amenities.Y-27"
    assert client.get(CARD, query_string={"card": number}, headers=bearer).get_json()["balance"] == "7.50"
    assert session.scalar(select(func.count(MealUse.id))) == 1


@pytest.mark.parametrize(("body", "key", "status"), [
    ({"till": "{t}", "card": "{c}", "price": "1"}, None, 400), ({"till": "{t}", "card": "{c}", "price": 1.5}, "sale-00003", 422),
    ({"till": "{t}", "card": "{c}", "price": "1.234"}, "sale-00004", 422), ({"till": "{t}", "card": "{c}", "price": "NaN"}, "sale-00005", 422),
    ({"till": "{t}", "card": "\x00x", "price": "1"}, "sale-00006", 404), ({"till": "?", "card": "{c}", "price": "1"}, "sale-00007", 404),
    ({"till": "{t}", "card": "{c}", "price": "-5"}, "sale-00008", 422), ({}, "sale-00009", 422), ([], "sale-00010", 400)])
def test_refusals_are_sentences(app, box, body, key, status):
    client = app.test_client()
    given = {k: v.format(t=box[0], c=box[1]) if isinstance(v, str) else v for k, v in body.items()} if isinstance(body, dict) else body
    answer = client.post(CONSUME, json=given, headers={**token(client), **({"Idempotency-Key": key} if key else {})})
    assert answer.status_code == status, answer.get_data(as_text=True)


def test_without_token_or_right_nothing_is_sold(app, box):
    client = app.test_client()
    body = {"till": box[0], "card": box[1], "price": "1"}
    assert client.post(CONSUME, json=body, headers={"Idempotency-Key": "sale-00011"}).status_code in (400, 401, 403)
    assert client.post(CONSUME, json=body, headers={**token(client, "leadership"), "Idempotency-Key": "sale-00012"}).status_code == 403


def test_another_parks_card_is_unknown(app, box):
    client = app.test_client()
    body = {"till": box[0], "card": box[1], "price": "1"}
    assert client.post(CONSUME, json=body, headers={**token(client, "operations_clerk_west"), "Idempotency-Key": "sale-00013"}).status_code == 404


@pytest.mark.parametrize("url", ["/amenities/load/", "/amenities/merchants/", "/amenities/load/?day=2026-03-02"])
def test_pages_open(session, client, login_as, url):
    place(session, "canteen", seats=3000, name="餐饮综合体", building_code="YLW")
    session.commit()
    login_as(client, "operations_manager")
    answer = client.get(url)
    assert answer.status_code == 200 and "<svg" in answer.get_data(as_text=True)
