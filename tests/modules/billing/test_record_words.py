"""Records of billing speak in words: what a row came from and what it belongs to are links, never codes or bare numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal as D

import pytest
from receipts_help import bill, firm
from sqlalchemy import select

from modules.billing.models.bank import MATCH_REASONS, BankMatch
from modules.billing.models.catalogue import VatRate
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.services import receipts
from modules.billing.views.bank_pages import WHY
from parkops import comments
from parkops.security import users
from parkops.web import resources
from parkops.web.grid import Grid
from parkops.web.gridquery import parse
from parkops.web.record import fact_sections


def words(session, obj):
    """field -> (text, address) of the record's facts."""
    found = fact_sections(session, resources.resolved(obj.__resource__), obj)
    return {line.name: (line.text, line.url) for _title, lines in found for line in lines}


def test_a_ledger_line_names_its_voucher_and_a_voucher_its_document(session, park):
    payer = firm(session)
    due = bill(session, payer)
    receipt = receipts.receive(session, firm_id=payer.id, amount=D(1000), received_on=date(2026, 3, 20), allocate=[(due.id, D(1000))])
    entry = session.get(LedgerEntry, receipt.entry_id)
    line = session.scalars(select(LedgerLine).where(LedgerLine.entry_id == entry.id, LedgerLine.line == 1)).one()
    assert words(session, line)["entry_id"] == (entry.number, f"/billing/ledger_entry/{entry.id}")
    assert str(line) == f"{entry.number}-1"
    told = words(session, entry)
    assert told["source"] == ("收款", None) and told["source_id"] == (receipt.number, f"/billing/receipt/{receipt.id}")


def test_a_source_that_is_no_kind_of_record_stays_as_it_is(session, park):
    payer = firm(session)
    entry = session.get(LedgerEntry, bill(session, payer).entry_id)
    assert words(session, entry)["source_id"][1]  # control: a kind with a screen
    entry.source = "nothing.known"
    session.expire(entry, ["number"])
    with session.no_autoflush:
        told = words(session, entry)
        assert told["source"] == ("nothing.known", None) and told["source_id"] == (f"{entry.source_id:,}", None)
    session.expire(entry)


def test_a_rate_of_vat_is_called_by_its_supply(session):
    rate = session.scalars(select(VatRate).where(VatRate.supply == "real_estate_lease").order_by(VatRate.starts_on)).first()
    assert str(rate) == f"非住宅不动产租赁 {rate.starts_on}"


def test_why_a_line_was_matched_is_told_in_words(session, park):
    assert set(WHY) == set(MATCH_REASONS)
    assert BankMatch(why="bill_number, name").reasons == ["bill_number", "name"] and BankMatch().reasons == []


def test_what_no_person_did_is_told_as_the_machine(session):
    assert comments.full_names(session, ["scheduler", "system", "nobody"]) == {"scheduler": "调度进程", "system": "系统"}


def test_who_did_it_is_read_by_full_name(session, park):
    """Rows keep the user name; record, list and export show the person."""
    payer = firm(session)
    entry = session.get(LedgerEntry, bill(session, payer).entry_id)
    assert words(session, entry)["posted_by"] == (entry.posted_by, None)  # control: no such user
    users.ensure_demo_user(session, username=entry.posted_by, role="finance", full_name="陈静", park_id=park.id, password="ParkOps-demo-2022")
    assert words(session, entry)["posted_by"] == ("陈静", None)
    grid = Grid(session, resources.resolved("billing.ledger_entry"), parse({"columns": ["number", "posted_by"]}), on=entry.entry_date)
    row = next(r for r in grid.answer()["rows"] if r["id"] == entry.id)
    assert (row["posted_by"], row["posted_by__text"]) == (entry.posted_by, "陈静")


@pytest.mark.parametrize(("op", "value", "kept"), [
    ("contains", "陈", True), ("starts", "陈", True), ("eq", "陈静", True), ("in", ["陈静", "x"], True), ("ne", "陈静", False),
    ("notin", ["陈静"], False), ("contains", "test", True), ("contains", "王", False), ("ne", "王", True)])
def test_who_did_it_is_found_by_what_the_list_shows(session, park, op, value, kept):
    """By the full name as by the user name; left out only where neither fits."""
    entry = session.get(LedgerEntry, bill(session, firm(session)).entry_id)
    assert "test" in entry.posted_by
    users.ensure_demo_user(session, username=entry.posted_by, role="finance", full_name="陈静", park_id=park.id, password="ParkOps-demo-2022")
    asked = parse({"columns": ["number"], "filters": [["posted_by", op, value]]})
    rows = Grid(session, resources.resolved("billing.ledger_entry"), asked, on=entry.entry_date).answer()["rows"]
    assert (entry.id in {r["id"] for r in rows}) is kept
