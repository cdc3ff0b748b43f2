"""Charge lines, bills and credit notes: keys, sums, numbers, entries; and what the database refuses whoever asks (G4)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from bills_help import approved, charged, demand, draft, english, posted  # noqa: F401 - `english` holds for the whole file
from core_help import entry
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from modules.billing.reports.bill import bill_sheet
from modules.billing.services import bills, bills_screen, charges, credits, posting, receipts
from parkops import sequences
from parkops.errors import NotAllowed, NotFound, RuleError

D = Decimal
JAN, DAY = date(2026, 1, 1), date(2026, 1, 20)


def legs(session, bill):
    rows = session.execute(
        select(Account.code, LedgerLine.debit, LedgerLine.credit)
        .join(LedgerLine, LedgerLine.account_id == Account.id)
        .where(LedgerLine.entry_id == bill.entry_id)
        .order_by(LedgerLine.line)
    )
    return [(code, debit - credit) for code, debit, credit in rows]


def test_adding_again_adds_nothing_and_a_deleted_draft_frees_its_keys(session, park):
    firm = entry(session)
    wanted = [demand(session, firm), demand(session, firm, "218.00")]
    assert charges.add_charges(session, park.id, wanted) == 2
    assert charges.add_charges(session, park.id, wanted) == 0
    ids = list(session.scalars(select(Charge.id).where(Charge.firm_id == firm.id)))
    bill = bills.make_bill(session, firm_id=firm.id, charge_ids=ids, issued_on=JAN)
    bills.discard_draft(session, bill)
    assert session.scalars(select(Charge.bill_id).where(Charge.firm_id == firm.id)).all() == [None, None]
    for line in session.scalars(select(Charge).where(Charge.firm_id == firm.id)).all():
        charges.remove_charge(session, line)
    assert charges.add_charges(session, park.id, wanted) == 2


def test_relief_needs_an_approval_that_was_given(session, park):
    firm = entry(session)
    for approval in (None, approved(session, firm, "returned").id):
        with pytest.raises(RuleError, match="approval"):
            charges.add_charges(session, park.id, [demand(session, firm, "-10", kind="relief", approval_id=approval)])
    with pytest.raises(RuleError, match="negative"):
        charges.add_charges(session, park.id, [demand(session, firm, "10", kind="relief", approval_id=approved(session, firm).id)])
    waiting = approved(session, firm, "withdrawn")
    with pytest.raises(DBAPIError, match="approval that was given"):
        session.execute(
            text(
                "insert into billing_charge (park_id, key, firm_id, item_id, kind, source, source_id, approval_id, period_from, period_to,"
                " due_on, treatment, net, vat, gross) select :p, 'x', :f, min(id), 'relief', 's', 1, :a, '2026-01-01', '2026-01-31',"
                " '2026-01-05', 'outside', -1, 0, -1 from billing_charge_item"
            ),
            {"p": park.id, "f": firm.id, "a": waiting.id},
        )


def test_a_firm_of_another_park_is_unknown(session, park2):
    firm = entry(session)
    with pytest.raises(NotFound):
        charges.add_charges(session, park2.id, [demand(session, firm)])


def test_posting_numbers_and_entry(session):
    firm = entry(session)
    first, second = posted(session, firm, "1090.00", "218.00"), posted(session, firm, "109.00")
    assert [first.number, second.number] == ["B-2026-000001", "B-2026-000002"] and first.state == "posted"
    assert legs(session, first) == [("1122", D("1308.00")), ("600101", D("-1200.00")), ("22210107", D("-108.00"))]
    assert session.get(LedgerEntry, first.entry_id).memo.endswith("B-2026-000001")
    assert first.issued_on == JAN and first.due_on == date(2026, 1, 5)
    assert sequences.gaps(session) == []


def test_reductions_stand_gross_on_their_own_accounts(session):
    firm = entry(session)
    paper = approved(session, firm).id
    lines = charged(session, firm, "1090.00")
    lines += charged(session, firm, "-545.00", kind="relief", approval_id=paper) + charged(session, firm, "-109.00", kind="discount")
    lines += charged(session, firm, "50.00", item="late_fee", kind="penalty")
    bill = bills.make_bill(session, firm_id=firm.id, charge_ids=[c.id for c in lines], issued_on=JAN)
    posting.post_bill(session, bill, on=JAN)
    assert dict(legs(session, bill)) == {
        "1122": D("486.00"),
        "600101": D("-1000.00"),
        "600190": D("500.00"),
        "600192": D("100.00"),
        "630102": D("-50.00"),
        "22210107": D("-36.00"),
    }
    assert bill.gross == D("486.00")


def test_a_bill_below_zero_and_a_line_twice_are_refused(session):
    firm = entry(session)
    minus = charged(session, firm, "-10.00", kind="discount")[0]
    with pytest.raises(RuleError, match="credit note"):
        bills.make_bill(session, firm_id=firm.id, charge_ids=[minus.id], issued_on=JAN)
    bill = draft(session, firm)
    line = session.scalars(select(Charge).where(Charge.bill_id == bill.id)).one()
    with pytest.raises(RuleError, match="on a bill already"):
        bills.make_bill(session, firm_id=firm.id, charge_ids=[line.id], issued_on=JAN)
    with pytest.raises(RuleError, match="on a bill"):
        charges.remove_charge(session, line)


def test_a_bill_that_no_longer_equals_its_lines_is_not_posted(session):
    bill = draft(session, entry(session))
    session.execute(text("update billing_bill set net = net + 1, gross = gross + 1 where id = :i"), {"i": bill.id})
    with pytest.raises(RuleError, match="no longer equal"):
        posting.post_bill(session, bill, on=JAN)


def test_reversal_gives_back_what_was_paid_as_an_advance(session):
    firm = entry(session)
    bill = posted(session, firm, "1090.00")
    receipt = receipts.receive(session, firm_id=firm.id, amount=D("500"), received_on=date(2026, 1, 10), allocate=[(bill.id, D("500"))])
    credit = credits.reverse_bill(session, bill, on=DAY, reason="wrong firm")
    session.refresh(receipt)
    assert (bill.state, bill.settled, credit.gross, credit.settled, credit.number) == (
        "reversed",
        D("1090.00"),
        D("-1090.00"),
        D("-1090.00"),
        "C-2026-000001",
    )
    assert receipt.allocated == 0 and credit.reverses_id == bill.id
    with pytest.raises(RuleError, match="not reversed"):
        credits.reverse_bill(session, bill, on=DAY, reason="again")
    total = session.execute(select(func.sum(LedgerLine.debit), func.sum(LedgerLine.credit))).one()
    assert total[0] == total[1]


def test_partial_credit_then_reversal_of_the_rest(session):
    firm = entry(session)
    bill = posted(session, firm, "1090.00", "218.00")
    line = credits.lines_of(session, bill)[0]
    note = credits.credit_lines(session, bill, parts=[(line.id, D("109.00"))], on=DAY, reason="too much")
    assert (note.gross, note.vat, bill.settled) == (D("-109.00"), D("-9.00"), D("109.00"))
    with pytest.raises(RuleError, match=r"981\.00"):
        credits.credit_lines(session, bill, parts=[(line.id, D("981.01"))], on=DAY, reason="more")
    rest = credits.reverse_bill(session, bill, on=DAY, reason="all")
    assert rest.gross == D("-1199.00") and rest.vat == D("-99.00") and bill.settled == bill.gross
    credited = session.execute(select(func.sum(Charge.gross)).where(Charge.corrects_id.is_not(None))).scalar()
    assert credited == D("-1308.00")


def test_a_credit_note_of_new_lines_names_its_bill(session):
    firm = entry(session)
    bill, paper = posted(session, firm, "1090.00"), approved(session, firm).id
    note = credits.credit_charges(
        session,
        firm_id=firm.id,
        on=DAY,
        reason="relief",
        demands=[demand(session, firm, "-545.00", kind="relief", approval_id=paper, corrects_id=credits.lines_of(session, bill)[0].id)],
    )
    assert note.state == "posted" and note.reverses_id == bill.id and note.gross == D("-545.00")
    assert dict(legs(session, note)) == {"1122": D("-545.00"), "600190": D("500.00"), "22210107": D("45.00")}


def test_rights(session, as_role):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        posting.post_bills(s, park_id=s.info["scope"].park_id, bills=[1], on=JAN)
    with as_role("system_administrator") as s, pytest.raises(NotAllowed):
        charges.add_charges(s, s.info["scope"].park_id, [])


BILL_ATTACKS = {
    "gross": "update billing_bill set net = net + 1, gross = gross + 1 where id = :bill",
    "number": "update billing_bill set number = 'B-1' where id = :bill",
    "firm": "update billing_bill set firm_id = (select max(id) from tenants_firm) where id = :bill",
    "date": "update billing_bill set issued_on = issued_on + 31 where id = :bill",
    "due day": "update billing_bill set due_on = due_on + 31 where id = :bill",
    "month": "update billing_bill set month = month + interval '1 month' where id = :bill",
    "entry": "update billing_bill set entry_id = null where id = :bill",
    "poster": "update billing_bill set posted_by = 'nobody' where id = :bill",
    "note": "update billing_bill set memo = 'x' where id = :bill",
    "back to draft": "update billing_bill set state = 'draft', number = null where id = :bill",
    "park": "update billing_bill set park_id = (select max(id) from core_park) where id = :bill",
    "settled by hand": "update billing_bill set settled = gross where id = :bill",
    "delete": "delete from billing_bill where id = :bill",
    "truncate": "truncate billing_bill cascade",
    "insert posted": "insert into billing_bill (park_id, number, kind, firm_id, month, issued_on, due_on, state, net, vat, gross, entry_id, posted_at)"
    " select park_id, 'B-9', kind, firm_id, month, issued_on, due_on, 'posted', net, vat, gross, entry_id, now() from billing_bill where id = :bill",
    "upsert": "insert into billing_bill (id, park_id, kind, firm_id, month, issued_on, due_on, state, net, vat, gross) select id, park_id, kind, firm_id,"
    " month, issued_on, due_on, 'draft', 0, 0, 0 from billing_bill where id = :bill on conflict (id) do update set gross = 0, net = 0, vat = 0",
    "merge": "merge into billing_bill b using (select cast(:bill as bigint) as id) x on x.id = b.id when matched then update set gross = 0, net = 0, vat = 0",
}
CHARGE_ATTACKS = {
    "amount": "update billing_charge set net = net + 1, gross = gross + 1 where bill_id = :bill",
    "text": "update billing_charge set memo = 'x' where bill_id = :bill",
    "rate": "update billing_charge set vat_rate = 1 where bill_id = :bill",
    "key": "update billing_charge set key = 'x' where bill_id = :bill",
    "off the bill": "update billing_charge set bill_id = null where bill_id = :bill",
    "onto the bill": "update billing_charge set bill_id = :bill where id = :free",
    "delete": "delete from billing_charge where bill_id = :bill",
    "truncate": "truncate billing_charge cascade",
    "new line": "insert into billing_charge (park_id, key, firm_id, item_id, source, source_id, period_from, period_to, due_on, treatment, net, vat, gross, bill_id)"
    " select park_id, 'y', firm_id, item_id, source, source_id, period_from, period_to, due_on, 'outside', 1, 0, 1, :bill from billing_charge"
    " where id = :free",
    "another firm's draft": "update billing_charge set firm_id = (select max(id) from tenants_firm) where id = :free and bill_id = :draft",
    "no such bill": "update billing_charge set bill_id = 999999999 where id = :free",
    "lines left behind": "delete from billing_bill where id = :draft",
    "park": "update billing_charge set park_id = (select max(id) from core_park) where id = :free",
}


@pytest.fixture
def attacked(session):
    firm = entry(session)
    bill, other = posted(session, firm), draft(session, firm, "10.00")
    free = session.scalars(select(Charge.id).where(Charge.bill_id == other.id)).one()
    entry(session)
    session.flush()
    return {"bill": bill.id, "free": free, "draft": other.id}


@pytest.mark.parametrize("name", [*BILL_ATTACKS, *(f"line: {n}" for n in CHARGE_ATTACKS)])
def test_attacks_on_posted_documents_fail(session, attacked, name):
    """The application's own role, by raw SQL: every road is closed."""
    sql = CHARGE_ATTACKS[name[6:]] if name.startswith("line: ") else BILL_ATTACKS[name]
    before = session.execute(text("select md5(string_agg(b::text, ',' order by b.id)) from billing_bill b")).scalar()
    lines = session.execute(text("select md5(string_agg(c::text, ',' order by c.id)) from billing_charge c")).scalar()
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(text(sql), {k: v for k, v in attacked.items() if f":{k}" in sql})
    assert session.execute(text("select md5(string_agg(b::text, ',' order by b.id)) from billing_bill b")).scalar() == before
    assert session.execute(text("select md5(string_agg(c::text, ',' order by c.id)) from billing_charge c")).scalar() == lines


def test_control_without_triggers_the_attacks_succeed(fresh_db):
    """Control: the owner takes the triggers away, and most of the attacks go through."""
    from parkops.db.session import engine, system_scope

    with system_scope("control") as s:
        park = s.execute(text("select min(id) from core_park")).scalar()
    with system_scope("control", park_id=park) as s:
        firm = entry(s)
        bill, other = posted(s, firm), draft(s, firm, "10.00")
        free = s.scalars(select(Charge.id).where(Charge.bill_id == other.id)).one()
        entry(s)
        ids = {"bill": bill.id, "free": free, "draft": other.id}
    done = 0
    with engine(owner=True).connect() as c:
        c.execute(text("alter table billing_bill disable trigger user"))
        c.execute(text("alter table billing_charge disable trigger user"))
        for sql in (*BILL_ATTACKS.values(), *CHARGE_ATTACKS.values()):
            if "truncate" in sql:
                continue
            point = c.begin_nested()
            try:
                done += c.execute(text(sql), {k: v for k, v in ids.items() if f":{k}" in sql}).rowcount > 0
            except IntegrityError:
                pass
            point.rollback()
        c.rollback()
    assert done >= 20


def test_a_line_cannot_slip_onto_a_bill_while_it_is_posted(fresh_db):
    """Two connections: the second waits for the posting one and is refused."""
    import threading

    from parkops.db.session import engine, system_scope

    with system_scope("race") as s:
        park = s.execute(text("select min(id) from core_park")).scalar()
    with system_scope("race", park_id=park) as s:
        firm = entry(s)
        bill, free = draft(s, firm), charged(s, firm, "5.00")[0]
        bill_id, line_id = bill.id, free.id
    seen = {}

    def slip() -> None:
        with engine().connect() as c:
            try:
                c.execute(text("update billing_charge set bill_id = :b where id = :i"), {"b": bill_id, "i": line_id})
                c.commit()
                seen["done"] = True
            except DBAPIError as e:
                seen["error"] = str(e.orig)

    with system_scope("race", park_id=park) as s:
        posting.post_bills(s, park_id=park, bills=[bill_id], on=JAN)
        other = threading.Thread(target=slip)
        other.start()
        with engine().connect() as watcher:
            waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'update billing_charge%'")
            while other.is_alive() and not watcher.execute(waiting).scalar():
                watcher.rollback()
    other.join(30)
    assert "done" not in seen and "posted bill" in seen["error"]


def test_the_sheet(session, park):
    from parkops import clock
    from parkops.reports.registry import Request
    from parkops.reports.typst import compile_document

    bill = posted(session, entry(session), "1090.00")
    sheet = bill_sheet(session, Request(park.id, None, JAN, clock.now(), bill.id, "t"))
    assert "壹仟零玖拾元整" in str(sheet.as_dict()) and compile_document(sheet).startswith(b"%PDF")


def test_screen_commands(session):
    firm = entry(session)
    charged(session, firm, "1090.00", "109.00")
    bill = bills_screen.create_bill(session, firm_id=firm.id, issued_on=date(2026, 1, 31))
    assert bill.gross == D("1199.00") and bill.due_on == date(2026, 1, 31)
    assert bills_screen.preview_post(session, [bill], on=JAN)[0] == 1
    assert "1" in str(bills_screen.post_selected(session, [bill], on=date(2026, 2, 3))) and bill.number
    assert (bill.issued_on, bill.due_on) == (date(2026, 2, 3), date(2026, 2, 3))
    rows = bills_screen.vat_split(session, bill)["rows"]
    assert [(r[0], r[5]) for r in rows] == [("taxed", D("1199.00"))]
    line = credits.lines_of(session, bill)[0]
    bills_screen.credit_line(session, bill, charge_id=line.id, amount=D("9.00"), on=date(2026, 2, 4), reason="x")
    assert session.scalar(select(func.count()).select_from(Bill).where(Bill.kind == "credit")) == 1


@pytest.mark.parametrize(
    "day,expected",
    [
        (date(2026, 1, 1), date(2026, 1, 4)),
        (date(2026, 1, 10), date(2026, 1, 12)),
        (date(2026, 1, 5), date(2026, 1, 5)),
        (date(2035, 1, 6), date(2035, 1, 8)),
    ],
)
def test_due_days_on_holidays(day, expected):
    """2026: New Year's holiday 1-3 January, Sunday the 4th is worked; years nobody announced yet go by weekdays."""
    assert bills.next_workday(day) == expected


def test_b12_a_posted_bill_offers_no_edit_and_no_delete(session, park, client, login_as):
    """The draft does; whoever knows the addresses is refused in one sentence."""
    firm = entry(session)
    made, final = draft(session, firm, "1090.00"), posted(session, firm, "2180.00")
    session.commit()
    login_as(client, "finance")
    pages = [client.get(f"/billing/bill/{bill.id}").text for bill in (made, final)]
    assert [("/edit" in page, "/remove" in page) for page in pages] == [(True, True), (False, False)]
    assert client.get(f"/billing/bill/{final.id}/edit").status_code == 400
    head = {"X-CSRFToken": re.search(r'name="csrf-token" content="([^"]+)"', pages[0])[1]}
    for method in ("PUT", "DELETE"):
        answer = client.open(f"/api/v1/billing/bill/{final.id}?version={final.version}", method=method, headers=head,
                             json={"version": final.version, "memo": "x"})
        assert answer.status_code == 400 and final.number in answer.get_json()["message"], method
