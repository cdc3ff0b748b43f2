"""Pages of bank statements, matching, dunning and late fees, as a browser uses them."""

from __future__ import annotations

import io
import json
import re

from bank_help import ICBC, D, bank, bill, firm, line
from sqlalchemy import func, select

from modules.billing.models.bank import BankLine
from modules.billing.models.charge import Charge
from modules.billing.models.dunning import DunningLetter
from modules.billing.models.receipt import Receipt
from parkops import settings
from parkops.db.session import system_scope


def token(page: str) -> str:
    """The page's CSRF token."""
    return re.search(r'name="csrf-token" content="([^"]+)"', page)[1]


def hidden(page: str, action: str) -> dict[str, str]:
    """Hidden fields of the form that posts to an address."""
    form = page[page.index(f'action="{action}"') :]
    form = form[: form.index("</form>")]
    return {m[1]: m[2] for m in re.finditer(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)}


def test_import_page(client, login_as, session, park):
    account = bank(session)
    session.commit()
    login_as(client, "finance")
    page = client.get("/billing/bank-import/").text
    form = {"csrf_token": token(page), "bank_account_id": account.id}
    shown = client.post("/billing/bank-import/look", data={**form, "file": (io.BytesIO(ICBC.encode("gb18030")), "工行.csv")})
    assert shown.status_code == 200 and "11,580.00" in shown.text
    fields = hidden(shown.text, "/billing/bank-import/save")
    for _time in range(2):  # the same form twice has one effect
        assert client.post("/billing/bank-import/save", data=fields).status_code == 303
    with system_scope("count") as s:
        assert s.scalar(select(func.count()).select_from(BankLine)) == 3
    wrong = client.post("/billing/bank-import/look", data={**form, "file": (io.BytesIO(ICBC.replace("11580", "11600").encode()), "x.csv")})
    assert "20.00" in wrong.text and "bank-import/save" not in wrong.text
    kept = client.post("/billing/bank-import/look", data={**form, "sha256": "../../secret_key", "filename": "x.csv"})
    assert kept.status_code == 422


def test_matching_page(client, login_as, session, park):
    f, account = firm(session), bank(session)
    one, row = bill(session, f, "1000"), line(session, account, "1500", payer=f.name)
    fee = line(session, account, "-10", text="手续费")
    session.commit()
    login_as(client, "finance")
    page = client.get("/billing/matching/").text
    rows = json.loads(re.search(r'id="bm-rows"[^>]*>(.*?)</script>', page, re.S)[1])
    assert [(r["id"], r["fee"]) for r in rows] == [(row.id, False), (fee.id, True)]
    best = rows[0]["proposals"][0]
    assert (best["score"], best["rest"], best["bills"][0]["part"], len(best["reasons"])) == (55, "500.00", "1000.00", 2)
    head, url = {"X-CSRFToken": token(page)}, f"/billing/matching/{row.id}/accept"
    body = {"firm": f.id, "pairs": {one.id: "1000.00"}, "advance": "499.99", "once": "key-of-the-test-1"}
    assert client.post(url, json={k: v for k, v in body.items() if k != "once"}, headers=head).status_code == 400
    assert client.post(url, json=body, headers=head).status_code == 422  # the difference is not 0
    right = {**body, "advance": "500.00", "once": "key-of-the-test-2"}
    answers = [client.post(url, json=right, headers=head) for _time in range(2)]
    assert [a.status_code for a in answers] == [200, 200] and answers[0].json == answers[1].json
    assert client.post(url, json={**right, "once": "key-of-the-test-3"}, headers=head).status_code == 422  # matched already
    left_out = client.post(f"/billing/matching/{fee.id}/ignore", json={"reason": "手续费", "once": "key-of-the-test-4"}, headers=head)
    assert left_out.json["left"] == "0"
    with system_scope("count") as s:
        assert s.execute(select(func.count(), func.sum(Receipt.amount)).select_from(Receipt)).one() == (1, D(1500))


def test_dunning_and_late_fee_pages(client, login_as, session, park):
    settings.put(session, "billing.late_fee_rate", "0.0005", park.id)
    f = firm(session)
    bill(session, f, "10000")
    session.commit()
    login_as(client, "finance")
    page = client.get("/billing/dunning/").text
    assert f.name in page
    fields = hidden(page, "/billing/dunning/run")
    assert client.post("/billing/dunning/run", data={**fields, "firm": [f.id]}).status_code == 303
    fees = client.get("/billing/late-fees/?month=2026-04").text
    assert "150.00" in fees  # 10,000 due 31 March, 30 days at 0.05 %
    assert client.post("/billing/late-fees/charge", data=hidden(fees, "/billing/late-fees/charge")).status_code == 303
    with system_scope("count") as s:
        assert s.scalars(select(DunningLetter)).one().firm_id == f.id
        assert s.scalars(select(Charge.gross).where(Charge.kind == "penalty")).one() == D(150)


def test_pages_are_closed_to_others(client, login_as, park):
    login_as(client, "leadership")
    assert [
        client.get(u).status_code for u in ("/billing/bank-import/", "/billing/matching/", "/billing/dunning/", "/billing/late-fees/")
    ] == [403] * 4
