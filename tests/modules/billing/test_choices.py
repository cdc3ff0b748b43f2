"""Records that no column names (runs, charge lines) can be chosen in forms and filters by what they call themselves."""

from __future__ import annotations

import re
from datetime import date

import pytest
from bills_help import posted
from core_help import entry

from modules.billing.models.bill import BillRun
from parkops.errors import NotFound
from parkops.i18n import force_locale
from parkops.web import grid, gridinfo, resources


def test_runs_are_chosen_by_their_month(session, park, park2):
    rows = [BillRun(park_id=p.id, month=m, issued_on=m, started_by="t") for p, m in (
        (park, date(2026, 1, 1)), (park, date(2026, 2, 1)), (park2, date(2026, 2, 1)))]
    session.add_all(rows)
    session.flush()
    runs = resources.resolved("billing.bill_run")

    def labels(text="", **more):
        return [entry["label"] for entry in grid.choices(session, runs, text, **more)]

    assert labels(limit=2) == ["2026-02", "2026-02"], "the newest first"
    assert labels("2026-01") == ["2026-01"]
    assert labels("2031") == []
    assert labels(ids=(rows[0].id,)) == ["2026-01"]


def test_no_words_where_they_could_give_away_personal_data(session):
    """A bank line calls itself after its payer, whose name is hidden from those without the right."""
    with pytest.raises(NotFound):
        grid.choices(session, resources.resolved("billing.bank_line"), "")


def test_the_other_park_is_not_offered(session, park2, as_role):
    session.add(BillRun(park_id=park2.id, month=date(2026, 3, 1), issued_on=date(2026, 3, 1), started_by="t"))
    session.commit()
    with as_role("finance") as s:
        assert grid.choices(s, resources.resolved("billing.bill_run"), "2026-03") == []
    with as_role("finance", park="west") as s:
        assert [e["label"] for e in grid.choices(s, resources.resolved("billing.bill_run"), "2026-03")] == ["2026-03"]


def test_a_line_to_credit_is_chosen_among_the_lines_of_its_bill(session, park, client, login_as):
    first, second = (posted(session, entry(session), amount) for amount in ("1090.00", "2180.00"))
    session.commit()
    login_as(client, "finance")
    page = client.get(f"/billing/bill/{first.id}/do/credit_line").text
    address = re.search(r'data-remote="([^"]+)"', page)[1]
    assert address == f"/api/v1/billing/charge/_choices?within=bill_id:{first.id}"
    rows = {bill.id: client.get(f"/api/v1/billing/charge/_choices?within=bill_id:{bill.id}&text=").get_json()["rows"] for bill in (first, second)}
    assert [len(found) for found in rows.values()] == [1, 1] and rows[first.id] != rows[second.id]
    assert client.get("/api/v1/billing/charge/_choices?within=nothing:1").status_code == 400


def test_columns_whose_records_cannot_be_offered_have_no_address_to_ask(session, as_role):
    with as_role("finance") as s:
        columns = {c["name"]: c for c in gridinfo.info(s, resources.resolved("billing.bank_match"))["columns"]}
    assert "choicesUrl" not in columns["line_id"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_kept_in_two_languages_are_read_in_the_readers(session, language):
    """Lists, filters and choices name other records in English where an English name is kept, in Chinese otherwise."""
    with force_locale(language):
        items = resources.resolved("billing.charge_item")
        rows = grid.Grid(session, items, grid.Query(columns=("code", "account.name"), size=100)).answer()["rows"]
        names = {r["code"]: r["account.name"] for r in rows}
        offered = {e["label"] for e in grid.choices(session, items, "", limit=100)}
        rents = grid.Grid(session, items, grid.Query(columns=("code",), filters=(("account.name", "contains", names["rent"][:4]),), size=100)).answer()["rows"]
    assert names["rent"].isascii() == (language == "en"), names
    assert all(label.isascii() == (language == "en") for label in offered), offered
    assert "rent" in {r["code"] for r in rents}, "a list is filtered by what it shows"
