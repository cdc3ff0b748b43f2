"""Tax-exemption evidence: days, treatments, documents, gaps, kept packs (R-80 to R-84); benefit ledger ties and is counted once (R-85 to R-88)."""

import io
import json
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
import recovery_help
from bills_help import demand, qualified
from lease_help import reference
from ratings_help import acting, refused
from receipts_help import bank
from relief_help import DAY, scheme, tenant
from relief_help import posted as relief_posted
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError
from support_help import firm
from test_relief_posting import bill_months

from modules.billing.models.charge import Charge
from modules.billing.services import bills, charges, ledger_income, posting, receipts
from modules.leasing.services import relief_posting
from modules.ratings.checks import forms as checks
from modules.ratings.kpis import forms as kpi_module
from modules.ratings.kpis.forms import EXEMPT
from modules.ratings.models.exemption import ExemptionLine, ExemptionPack
from modules.ratings.services import benefit_book, benefit_lines, benefits, exemption, exemption_pack, exemption_papers
from modules.tenants.models.financing import FinancingEvent
from parkops import attachments
from parkops.clock import Period
from parkops.errors import NotAllowed, RuleError
from parkops.kpi.engine import measured_now
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all

JAN, END = date(2026, 1, 1), date(2026, 1, 31)
D = Decimal


@pytest.fixture
def built(session, park):
    """A qualified carrier with a firm in incubation all month and one that graduates on 16 January; both are billed on 1 February."""
    reference(session)
    where = qualified(session, date(2025, 1, 1))
    stays = firm(session, ("incubating", where, "2023-03-01"))
    goes = firm(session, ("incubating", where, "2023-03-01"), ("graduated", where, "2026-01-16"))
    rows = [demand(session, stays, "1090.00"), demand(session, goes, "3100.00"), demand(session, stays, "100.00", "property_fee")]
    charges.add_charges(session, park.id, rows)
    for one_firm in (stays, goes):
        ids = session.scalars(select(Charge.id).where(Charge.firm_id == one_firm.id)).all()
        one = bills.make_bill(session, firm_id=one_firm.id, charge_ids=ids, issued_on=date(2026, 2, 1), due_on=date(2026, 2, 10))
        posting.post_bill(session, one, on=date(2026, 2, 1))
    return where, stays, goes


def test_a_graduate_of_mid_month_splits_by_day_and_everything_ties(session, park, built):
    where, stays, goes = built
    found = exemption.gather(session, where, date(2026, 2, 1), date(2026, 2, 28))
    a, b = found.pieces[goes.id]
    assert (a.first, a.last, a.incubated, a.exempt, a.taxable) == (JAN, date(2026, 1, 15), True, 150_000, 0)
    assert (b.first, b.last, b.incubated, b.exempt) == (date(2026, 1, 16), END, False, 0) and b.taxable > 0
    (c,) = found.pieces[stays.id]
    assert c.exempt == 109_000 and c.taxable > 0 and c.rent == 109_000  # the property fee is not an incubation service
    assert found.ties and not [g for g in found.gaps if g["kind"] in ("entitled", "not_entitled")]
    sales = ledger_income.sales(session, date(2026, 2, 1), date(2026, 3, 1), park_id=park.id)
    for treatment, name in (("exempt", "exempt"), ("taxed", "taxable")):
        assert found.total(name) == sum((r.net for r in sales if r.treatment == treatment), D(0))


def test_gaps_close_with_the_documents(session, built):
    """R-83: title, original value, lease and agreement for whoever has exempt income."""
    where, stays, goes = built
    kinds = lambda: [(g["kind"], g.get("firm_id")) for g in exemption.gather(session, where, date(2026, 2, 1), date(2026, 2, 28)).gaps]  # noqa: E731
    assert set(kinds()) == {("title", None), ("original_value", None)} | {(k, f.id) for k in ("lease", "agreement") for f in (stays, goes)}
    with acting(session, "finance"):
        values = {"carrier_id": where.id, "valid_from": date(2020, 1, 1)}
        with refused("ratings.R-83"):
            exemption_papers.create_paper(session, kind="lease", reference="L", **values)
        with refused("ratings.R-83"):
            exemption_papers.create_paper(session, kind="original_value", reference="O", **values)
        exemption_papers.create_paper(session, kind="title", reference="鲁(2015)济宁不动产权第1号", **values)
        exemption_papers.create_paper(session, kind="original_value", reference="固-1", amount=D("12000000"), **values)
        for f in (stays, goes):
            exemption_papers.create_paper(session, kind="lease", reference=f"L{f.id}", firm_id=f.id, **values)
        exemption_papers.create_paper(session, kind="agreement", reference="F1", firm_id=stays.id, **values)
        exemption_papers.create_paper(
            session, kind="agreement", reference="F2", firm_id=goes.id, valid_to=date(2026, 1, 10), **{**values, "carrier_id": where.id}
        )
    assert kinds() == [("agreement", goes.id)]  # it ended on the 10th, exempt until the 15th


def test_wrongly_treated_lines_are_named(session, park, built):
    """A line posted exempt for days after graduation."""
    where, _stays, goes = built
    row = demand(session, goes, "310.00", period_from=date(2026, 2, 1), period_to=date(2026, 2, 28), due_on=date(2026, 2, 5))
    charges.add_charges(session, park.id, [row])
    line = session.scalars(select(Charge).where(Charge.key == row["key"])).one()
    line.treatment, line.vat_rate, line.net, line.vat = "exempt", None, line.gross, D(0)
    session.flush()
    one = bills.make_bill(session, firm_id=goes.id, charge_ids=[line.id], issued_on=date(2026, 2, 5), due_on=date(2026, 2, 10))
    posting.post_bill(session, one, on=date(2026, 2, 5))
    gaps = exemption.gather(session, where, date(2026, 2, 1), date(2026, 2, 28)).gaps
    assert [(g["charge_id"], g["first"]) for g in gaps if g["kind"] == "not_entitled"] == [(line.id, "2026-02-01")]


def test_a_kept_pack_is_numbered_sealed_and_stays(session, built):
    """R-82, R-84: zip with index and hashes; nobody changes it; the check finds nothing."""
    where, _stays, _goes = built
    with acting(session, "operations_manager"), pytest.raises(NotAllowed):
        exemption.keep_pack(session, where, first=date(2026, 2, 1), last=date(2026, 2, 28), today=date(2026, 3, 5))
    with acting(session, "finance"):
        with refused("ratings.R-82"):
            exemption.keep_pack(session, where, first=date(2026, 2, 1), last=date(2026, 2, 28), today=date(2026, 2, 20))
        pack = exemption.keep_pack(session, where, first=date(2026, 2, 1), last=date(2026, 2, 28), today=date(2026, 3, 5))
        exemption_pack.store(session, pack)
        again = exemption.keep_pack(session, where, first=date(2026, 2, 1), last=date(2026, 2, 28), today=date(2026, 3, 5))
    assert pack.number.startswith("MS-2026-") and again.number != pack.number and again.seal == pack.seal
    assert pack.exempt + pack.taxable + pack.outside == pack.billed and pack.exempt == D("2590.00")
    session.expire_all()
    assert exemption.sound(session, pack) and checks.packs(session) == []
    for sql in (update(ExemptionPack).values(gaps=0), delete(ExemptionLine), update(ExemptionLine).values(exempt=1)):
        with pytest.raises(DatabaseError), session.begin_nested():
            session.execute(sql)
    kept = {f.filename.rpartition(".")[2]: f for f in attachments.of(session, pack, kind="evidence")}
    with attachments.open_file(session, kept["zip"]) as stream, zipfile.ZipFile(io.BytesIO(stream.read())) as z:
        index = json.loads(z.read("MANIFEST.json"))
        assert set(index) == {f"{pack.number}.xlsx"} == set(z.namelist()) - {"MANIFEST.json"}
        book = openpyxl.load_workbook(io.BytesIO(z.read(f"{pack.number}.xlsx")))
    exempt = [r[8].value for sheet in book.worksheets[1:2] for r in sheet.iter_rows(min_row=2)]
    assert exempt[-1] == sum(exempt[:-1]) == 2590


def test_exempt_share_is_the_indicator(session, built):
    where = built[0]
    assert check_all(session, [EXEMPT], Period.parse("2026-02"), today=date(2026, 3, 5)) == [] and EXEMPT in kpi_module.KPIS
    found = exemption.gather(session, where, date(2026, 2, 1), date(2026, 2, 28))
    share = measured_now(session, EXEMPT, Window(Period.parse("2026-02"), date(2026, 3, 5)), where.park_id, str(where.id))
    assert (share.numerator, share.denominator) == (
        int(found.total("exempt") * 100),
        int((found.total("exempt") + found.total("taxable")) * 100),
    )


def test_relief_is_counted_once_and_ties(session, park):
    """R-86, R-88: relief of the ledger is the cumulative indicator, claw-backs taken off; bills paid are money, not relief."""
    lease = tenant(session)
    made = bill_months(session, lease, 6)
    app = relief_posted(session, scheme(session), lease)
    mine = lambda: benefits.of_firm(session, lease.firm, date(2022, 1, 1), date(2022, 12, 31))  # noqa: E731
    assert mine().amounts["relief"] == int(app.amount * 100) == mine().given and mine().back == 0
    assert checks.benefits(session) == []
    receipts.receive(session, firm_id=lease.firm_id, amount=made[5].gross, received_on=date(2022, 6, 20), bank_account_id=bank(session).id)
    assert mine().amounts["paid"] == int(made[5].gross * 100) == mine().back and mine().given == int(app.amount * 100)
    rows = benefits.entries(session, lease.firm, "relief", date(2022, 1, 1), date(2022, 12, 31))
    assert sum(e.amount for e in rows) == mine().amounts["relief"]
    with acting(session, "finance"):
        relief_posting.claw_back(session, app, on=DAY.replace(month=7), reason="不符合条件")
    assert not mine().amounts.get("relief") and checks.benefits(session) == []


def test_machine_hours_and_vouchers_never_pay_twice(session):
    """R-86: 1,000 list price, 400 waived, a voucher of 800 on the same event: 200 + 800 and not 400 + 800."""
    from modules.booking.models.entitlement import Voucher, VoucherUse

    p = recovery_help.platform(session)
    pays = recovery_help.project(session)
    used = recovery_help.event(session, recovery_help.instrument(session, p), pays, date(2022, 3, 7), gross="1000", waived="400")
    payer = pays.firm
    year = (date(2022, 1, 1), date(2022, 12, 31))
    assert benefits.of_firm(session, payer, *year).amounts == {"machine": 40_000}
    voucher = Voucher(
        number="V1", firm_id=payer.id, park_id=payer.park_id, issuer="科技局", quota=D(5000), valid_from=year[0], valid_to=year[1]
    )
    session.add(voucher)
    session.flush()
    session.add(
        VoucherUse(
            voucher_id=voucher.id,
            firm_id=payer.id,
            park_id=payer.park_id,
            state="used",
            used_on=date(2022, 3, 9),
            amount=D(800),
            cost=D(1000),
            service="检测",
            source="platforms.event",
            source_id=used.id,
        )
    )
    session.flush()
    found = benefits.of_firm(session, payer, *year)
    assert found.amounts == {"machine": 20_000, "voucher": 80_000} and found.given == 100_000


def test_own_funds_are_equity_others_are_financing(session, built):
    """R-86: a round of the park's own fund is counted by the fund's flow only."""
    _where, stays, _goes = built
    for park_fund in (True, False):
        session.add(
            FinancingEvent(
                firm_id=stays.id,
                park_id=stays.park_id,
                kind="vc",
                on_date=date(2026, 3, 1),
                amount=D(500),
                amount_cny=D(500),
                park_fund=park_fund,
            )
        )
    session.flush()
    assert benefits.of_firm(session, stays, date(2026, 3, 1), date(2026, 3, 31)).amounts == {"financing": 50_000}


def test_list_total_page_and_workbook_say_the_same(session, built):
    """R-85, R-87: rows sum to the totals, the workbook has the same figures; periods are read or refused."""
    days = benefits.days_of("2026", date(2026, 3, 1))
    for of in built[1:]:
        receipts.receive(session, firm_id=of.id, amount=D("500"), received_on=date(2026, 3, 2), bank_account_id=bank(session).id)
    rows = benefits.of_all(session, *days[:2])
    total = benefits.together(rows)
    assert total["paid"] == sum(x.amounts["paid"] for _f, x in rows) == 100_000
    for who, ledger in rows:
        assert benefits.of_firm(session, who, *days[:2]) == ledger
        for code, amount in ledger.amounts.items():
            assert sum(e.amount for e in benefits.entries(session, who, code, *days[:2])) == amount
    book = openpyxl.load_workbook(io.BytesIO(benefit_book.workbook(session, *days)))
    assert [r[-1].value for r in book.worksheets[1].iter_rows()][-1] == 1000
    assert benefits.days_of("", date(2026, 3, 1))[1:] == (date(2026, 3, 1), "") and benefits.days_of("2021Q3", JAN)[0] == date(2021, 7, 1)
    with pytest.raises(RuleError):
        benefits.days_of("21", JAN)


def test_a_reader_sees_the_lines_whose_records_they_may_read(session, built):
    """A clerk without a right is told what is left out; without firms nobody reads anything."""
    with acting(session, "operations_clerk"):
        seen, left = benefits.readable(session), benefits.hidden(session)
    assert {x.code for x in seen} | {x.code for x in left} == {x.code for x in benefit_lines.LINES}
    with acting(session, "system_administrator"), pytest.raises(NotAllowed):
        benefits.of_all(session, JAN, END)


def test_every_line_is_one_statement(session, built, query_count):
    with query_count() as q:
        benefits.amounts(session, JAN, END)
    assert q.count == len(benefit_lines.LINES)
