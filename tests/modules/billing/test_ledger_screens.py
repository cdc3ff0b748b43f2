"""Screens of the ledger: pages open for who may read, refuse the others, lock by a button with a one-time key, reports in four formats."""

from __future__ import annotations

import re
from datetime import date

import pytest
from ledger_help import post
from sqlalchemy import select

from modules.billing.models.ledger import BookPeriod
from modules.billing.services import accounts, ledger_verify
from parkops.clock import Period, now
from parkops.db.session import system_scope
from parkops.models import Park
from parkops.registry import registry
from parkops.reports import registry as reports

PAGES = ("/billing/periods/", "/billing/trial_balance/?period=2026", "/billing/trial_balance/?period=2026-03&closing=0", "/billing/ledger_entry/",
         "/billing/ledger_line/", "/billing/account/")


@pytest.fixture
def books(fresh_db):
    with system_scope("test", via="cli") as s:
        park = s.scalars(select(Park).where(Park.code == "east")).one()
        post(s, park, "1234.50", on=date(2026, 1, 10))
        post(s, park, "99.99", on=date(2026, 3, 4))
        return park.id, accounts.by_role(s, "bank").id


def _token(client, url="/billing/periods/"):
    page = client.get(url).get_data(as_text=True)
    return page, re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


@pytest.mark.parametrize("role,status", [("finance", 200), ("auditor", 200), ("operations_manager", 200), ("operations_clerk", 403),
                                         ("system_administrator", 403)])
def test_pages(books, client, login_as, role, status):
    login_as(client, role)
    for url in (*PAGES[:4], f"/billing/account_ledger/{books[1]}?period=2026"):
        assert client.get(url).status_code == status, url


def test_the_trial_balance_shows_what_was_posted(books, client, login_as):
    login_as(client, "finance")
    page = client.get("/billing/trial_balance/?period=2026").get_data(as_text=True)
    assert "1,334.49" in page and "借贷平衡" in page
    steps = client.get(f"/billing/account_ledger/{books[1]}?period=2026-03").get_data(as_text=True)
    assert "1,234.50" in steps and "1,334.49" in steps and "V-2026-0000002" in steps
    voucher = client.get("/billing/ledger_entry/1").get_data(as_text=True)
    assert "1002" in voucher and "2203" in voucher
    for bad in ("?period=x", "?firm=abc", "?page=-1"):
        assert client.get(f"/billing/account_ledger/{books[1]}{bad}").status_code in (400, 404)


def test_a_month_is_locked_by_the_button_once(books, client, login_as):
    login_as(client, "finance")
    page, token = _token(client)
    once = re.search(r'name="_once" value="([^"]+)"', page)[1]
    form = {"csrf_token": token, "_once": once, "month": "2026-01", "hard": "0"}
    assert client.post("/billing/periods/lock", data={**form, "_once": ""}).status_code in (400, 422)
    for _ in range(2):  # pressed twice: one effect, no error
        assert client.post("/billing/periods/lock", data=form).status_code == 303
    with system_scope("test", via="cli") as s:
        assert [(p.month, p.state) for p in s.scalars(select(BookPeriod))] == [(date(2026, 1, 1), "soft")]
    again = client.post("/billing/periods/lock", data={**form, "_once": once + "x"})
    assert again.status_code == 422 and "2026-01" in again.get_data(as_text=True)


def test_who_only_reads_locks_nothing(books, client, login_as):
    login_as(client, "auditor")
    page = client.get("/billing/periods/").get_data(as_text=True)
    assert "periods/lock" not in page
    assert client.post("/billing/periods/lock", data={"month": "2026-01"}).status_code in (400, 403)


@pytest.mark.parametrize("name", ["trial-balance", "income-split"])
def test_reports(session, park, name):
    post(session, park, "10.00", on=date(2026, 1, 10))
    request = reports.Request(park.id, Period.parse("2026-01"), date(2026, 2, 1), now(), made_by="test")
    for fmt in ("xlsx", "html", "json", "pdf"):
        content = reports.make(session, name, request, fmt)
        assert len(content) > 200
    if name == "trial-balance":
        document = reports.report_of(name).data(session, request)
        assert document.sections[0].table.totals[3:] == [0, 0, 10, 10, 10, 10]


def test_checks_are_clean_and_listed(books):
    ours = {c.code: c for c in registry().collect("checks", "CHECKS")}
    wanted = ("billing.chain", "billing.anchors", "billing.balance", "billing.voucher_numbers", "billing.controls")
    with system_scope("test", via="cli") as s:
        found = {code: ours[code].run(s) for code in wanted}
        assert ledger_verify.verify(s) == []
    assert {k: v for k, v in found.items() if v and k != "billing.controls"} == {}
    assert found["billing.controls"], "money posted to advances without a receipt must show"
