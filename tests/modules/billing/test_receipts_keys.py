"""Money commands need a one-time key (goal G12): same key and body, same answer; other body, 409; no key, refused."""

from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import bill, firm
from sqlalchemy import func, select

from modules.billing.models.bill import Bill
from modules.billing.models.receipt import Receipt
from parkops.db.session import system_scope
from parkops.testing.plugin import PASSWORD
from parkops.web.resources import all_resources

URL = "/api/v1/billing/receipt/"


@pytest.fixture
def owed(session, park):
    """Ids of a firm and its open bill of 500, committed."""
    f = firm(session)
    b = bill(session, f, "500")
    session.commit()
    return f.id, b.id


@pytest.fixture
def token(app):
    answer = app.test_client().post("/api/v1/security/login", json={"username": "finance", "password": PASSWORD})
    return answer.get_json()["access_token"]


def post(app, token, body, key=None, url=URL):
    headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
    return app.test_client().post(url, json=body, headers=headers)


def count():
    with system_scope("count") as s:
        return s.scalar(select(func.count()).select_from(Receipt))


def body(firm_id, amount="100.00"):
    return {"firm_id": firm_id, "amount": amount, "received_on": "2026-04-20", "kind": "bank"}


def test_same_other_none(app, token, owed):
    first, second = (post(app, token, body(owed[0]), "pay-00000001") for _ in range(2))
    assert (first.status_code, first.get_json()) == (201, second.get_json()) and count() == 1
    assert post(app, token, body(owed[0], "200.00"), "pay-00000001").status_code == 409
    refused = post(app, token, body(owed[0]))
    assert refused.status_code == 400 and refused.get_json()["message"] and count() == 1
    pay = f"/api/v1/billing/open_item/{owed[1]}/do/pay"
    values = {"received_on": "2026-04-20", "kind": "bank"}
    assert post(app, token, values, url=pay).status_code == 400
    assert [post(app, token, values, "pay-00000002", pay).status_code for _ in range(2)] == [200, 200] and count() == 2


def test_twenty_at_once_one_effect_and_after_a_restart(app, token, owed):
    start, codes = threading.Barrier(20), []

    def run():
        start.wait()
        codes.append(post(app, token, body(owed[0]), "pay-parallel").status_code)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert codes == [201] * 20 and count() == 1
    from parkops.app import create_app
    from parkops.db import session

    session.dispose()  # nothing of the answer is kept in memory
    again = post(create_app(), token, body(owed[0]), "pay-parallel")
    assert again.status_code == 201 and count() == 1
    with system_scope("count") as s:
        assert s.get(Bill, owed[1]).settled == D(100)


def test_control_without_the_demand_repeating_pays_twice(app, token, owed, monkeypatch):
    """The rule taken away, a repeated call is a second payment."""
    from parkops.web import idempotency

    honest = idempotency.claim
    monkeypatch.setattr(idempotency, "claim", lambda session, key, where, body, needed=False: honest(session, key, where, body))
    assert [post(app, token, body(owed[0])).status_code for _ in range(2)] == [201, 201] and count() == 2


def test_forms_carry_the_key_and_need_it(client, login_as, owed):
    import re

    login_as(client, "finance")
    page = client.get(f"/billing/payment/?firm={owed[0]}&bill={owed[1]}").get_data(as_text=True)
    form = dict(re.findall(r'name="(_once|csrf_token)" value="([^"]+)"', page))
    typed = {"csrf_token": form["csrf_token"], "firm": owed[0], "received_on": "2026-04-20", "amount": "1,500.00", "kind": "bank", f"a.{owed[1]}": "500"}
    assert client.post("/billing/payment/save", data=typed).status_code == 400 and count() == 0
    places = [client.post("/billing/payment/save", data={**typed, "_once": form["_once"]}) for _ in range(2)]
    assert places[0].status_code == 303 and places[0].location == places[1].location and count() == 1
    assert client.post("/billing/payment/save", data={**typed, "amount": "9", "_once": form["_once"]}).status_code == 409
    for url in ("/billing/receipt/new", f"/billing/open_item/{owed[1]}/do/pay"):
        assert 'name="_once"' in client.get(url).get_data(as_text=True)
        assert client.post(url, data={"csrf_token": form["csrf_token"], "received_on": "2026-04-20", "kind": "bank", "amount": "5",
                                      "firm_id": owed[0]}).status_code == 400
    assert count() == 1


def test_every_money_resource_of_billing_demands_it(app):
    """What posts or moves money says so; plain set-up does not."""
    free = {"billing.bank_account", "billing.statement"}
    mine = {"billing.receipt", "billing.allocation", "billing.open_item", "billing.deposit", "billing.deposit_move", "billing.refund"}
    found = all_resources()
    assert all(found[name].money for name in mine) and not any(found[name].money for name in free)


def test_future_receipt_is_refused(app, token, owed):
    late = {**body(owed[0]), "received_on": date(2199, 1, 1).isoformat()}
    assert post(app, token, late, "pay-00000009").status_code == 422 and count() == 0
