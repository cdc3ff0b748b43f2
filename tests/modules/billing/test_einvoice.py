"""E-invoices: the limits of domain.md 10.2 one by one, requests, the workbook, numbers and red letters."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from bills_help import charged, draft, english, posted, qualified  # noqa: F401 - `english` holds for the whole file
from core_help import entry, incubatee
from sqlalchemy import select

from modules.billing import calc_einvoice as calc
from modules.billing.models.einvoice import EInvoice
from modules.billing.services import bills, bills_screen, credits, einvoice, einvoice_export, posting
from modules.billing.signals.collect import lease_block
from modules.billing.views.einvoice import read
from parkops.errors import Refused, RuleError

D = Decimal
JAN, DAY = date(2026, 1, 1), date(2026, 1, 31)
CODE = "91370800MA00000017"
LINE = calc.Line("房租", "3040502020200000000", D("1090.00"), D("0.09"))
BLOCK = calc.LeaseBlock("山东省济宁市任城区", "海川路9号", "鲁2020济宁市不动产权第0001号")
GOOD = {
    "serial": "B-1-06",
    "buyer": "济宁某科技有限公司",
    "buyer_code": CODE,
    "lines": [LINE],
    "block": "06",
    "lease": BLOCK,
    "lease_from": JAN,
    "lease_to": DAY,
}


@pytest.mark.parametrize(
    "change,code",
    [
        ({}, None),
        ({"buyer": ""}, "buyer"),
        ({"buyer": "某" * 101}, "buyer"),
        ({"buyer_code": None}, "buyer_code"),
        ({"buyer_code": "9137O"}, "buyer_code"),
        ({"buyer_code": None, "person": True}, None),
        ({"lines": []}, "lines"),
        ({"lines": [calc.Line("x", "304", D(1), None)]}, "tax_code"),
        ({"lines": [calc.Line("x", "3040502020200000000", D("-1"), None)]}, "negative"),
        ({"lease": None}, "lease_address"),
        ({"lease": calc.LeaseBlock("山东省", " ")}, "lease_address"),
        ({"lease": calc.LeaseBlock("省" * 60, "路" * 60)}, None),
        ({"lease": calc.LeaseBlock("省" * 60, "路" * 61)}, "lease_address_long"),
        ({"lease_from": None}, "lease_period"),
        ({"lease_to": date(2025, 12, 31)}, "lease_period"),
        ({"lease": calc.LeaseBlock("省", "路", area_unit="坪")}, "area_unit"),
        ({"lease": calc.LeaseBlock("省", "路", plates=("鲁H12345",))}, None),
        ({"lease": calc.LeaseBlock("省", "路", plates=("鲁HD12345",))}, None),
        ({"lease": calc.LeaseBlock("省", "路", plates=("H12345",))}, "plates"),
        ({"block": "00", "lease": None, "lease_from": None}, None),
        ({"red_number": "1" * 19, "lines": [calc.Line("x", "3040502020200000000", D("-1"), None)]}, "red_number"),
        ({"red_number": "1" * 20, "lines": [calc.Line("x", "3040502020200000000", D("-1"), None)]}, None),
    ],
)
def test_limits(change, code):
    assert calc.problems(calc.Invoice(**{**GOOD, **change})) == ([code] if code else [])


def test_rows_of_the_special_block():
    assert calc.special_row(calc.Invoice(**GOOD)) == (
        "B-1-06",
        "山东省济宁市任城区",
        "海川路9号",
        "2026-01-01",
        "2026-01-31",
        "N",
        "鲁2020济宁市不动产权第0001号",
        "平方米",
        "",
    )
    other = calc.LeaseBlock("省", "路", None, cross_city=True, plates=("鲁H12345", "鲁HD12345"))
    assert calc.special_row(calc.Invoice(**{**GOOD, "lease": other}))[5:] == ("Y", "无", "平方米", "鲁H12345、鲁HD12345")
    assert calc.detail_rows(calc.Invoice(**{**GOOD, "lines": [calc.Line("x", "1", D("5"), None)]}))[0][8:] == ("免税", "", "是", "免税")
    assert len(calc.basic_row(calc.Invoice(**GOOD))) == len(calc.BASIC) and calc.basic_row(calc.Invoice(**GOOD))[2] == "06"


@pytest.mark.parametrize(
    "amounts,expected",
    [
        ((("a", 100), ("a", -30)), [(100, 30)]),
        ((("a", 100), ("b", 50), ("a", -120)), [(50, 20)]),
        ((("a", 100), ("a", -130)), [(-30, 0)]),
        ((("a", 100), ("a", -100)), []),
    ],
)
def test_reductions_become_discounts(amounts, expected):
    lines = calc.discounted([calc.Line("x", code, D(a), D("0.09")) for code, a in amounts])
    assert [(x.amount, x.discount) for x in lines] == expected


@pytest.fixture
def premises():
    """Leasing answers with an address for every test line."""

    def answer(session, park_id, source, source_ids, **_more):
        return dict.fromkeys(source_ids, BLOCK) if source == "test" else {}

    lease_block.connect(answer)
    yield
    lease_block.disconnect(answer)


def test_request_workbook_number_and_red_letter(session, premises):
    place = qualified(session)
    firm = incubatee(session, date(2025, 6, 1), place)
    firm.bank_name, firm.bank_account = "济宁银行高新支行", "8150020101420100012"
    rows = (
        charged(session, firm, "1090.00")
        + charged(session, firm, "106.00", item="property_fee")
        + charged(session, firm, "5.00", item="late_fee", kind="penalty")
    )
    bill = bills.make_bill(session, firm_id=firm.id, charge_ids=[c.id for c in rows], issued_on=JAN)
    posting.post_bill(session, bill, on=JAN)
    assert einvoice.missing(session, bill) == []
    assert "2" in str(einvoice.request_invoices(session, [bill], on=DAY))
    assert "0" in str(einvoice.request_invoices(session, [bill], on=DAY)), "asked for once"
    wanted = einvoice_export.requested(session)
    assert [(e.block, e.gross, e.vat) for e in wanted] == [("06", D("1090.00"), D("0.00")), ("00", D("106.00"), D("6.00"))]
    book = openpyxl.load_workbook(io.BytesIO(einvoice_export.workbook(session, wanted)))
    assert book.sheetnames == ["发票基本信息", "发票明细信息", "特定业务信息"]
    assert [c.value for c in book["特定业务信息"][1]] == list(calc.SPECIAL) and book["特定业务信息"].max_row == 2
    assert book["发票明细信息"]["I2"].value == "免税" and book["发票明细信息"]["C2"].value == "3040502020200000000"
    assert book["发票基本信息"]["H2"].value == firm.credit_code
    assert [book["发票基本信息"][c].value for c in ("K2", "L2")] == [firm.bank_name, firm.bank_account]
    first = wanted[0]
    with pytest.raises(RuleError, match="20 digits"):
        einvoice.record_number(session, first, number="123", issued_on=DAY)
    with pytest.raises(RuleError, match="earlier"):
        einvoice.record_number(session, first, number="2" * 20, issued_on=JAN)
    listed = [(e.serial, f"{n}" * 20, DAY) for n, e in enumerate(wanted, 3)]
    with pytest.raises(RuleError, match="not requested"):
        einvoice_export.take_back(session, [*listed, ("X", "9" * 20, DAY)])
    session.expire_all()
    for row in session.scalars(select(EInvoice)):
        row.state, row.number, row.issued_on = "requested", None, None
    session.flush()
    assert einvoice_export.take_back(session, listed) == 2 and first.number == "3" * 20
    credit = credits.reverse_bill(session, bill, on=DAY, reason="开票有误")
    assert bills_screen.why_not_red(session, bill) and not bills_screen.why_not_red(session, credit)
    assert "2" in bills_screen.red_letters(session, credit, on=DAY, reason="开票有误")
    red = session.scalars(select(EInvoice).where(EInvoice.kind == "red").order_by(EInvoice.id)).all()
    assert [(e.kind, e.red_of_id is not None, e.gross) for e in red] == [("red", True, D("-1090.00")), ("red", True, D("-106.00"))]
    assert red[0].data["basic"][-2:] == ["3" * 20, "开票有误"]


def test_what_is_missing_is_named_first(session):
    firm = entry(session, credit_code=None)
    bill = posted(session, firm)
    with pytest.raises(RuleError) as refused:
        einvoice.request_invoices(session, [bill, draft(session, firm, "1.00")], on=DAY)
    assert refused.value.codes == ["billing.B-31", "billing.B-31", "billing.B-30"]
    assert session.scalars(select(EInvoice)).all() == []


def test_a_request_is_taken_back_and_made_again(session, premises):
    bill = posted(session, entry(session))
    einvoice.request_invoices(session, [bill], on=DAY)
    row = session.scalars(select(EInvoice)).one()
    einvoice.cancel_request(session, row, reason="x")
    einvoice.request_invoices(session, [bill], on=DAY)
    assert len(session.scalars(select(EInvoice)).all()) == 2
    with pytest.raises(RuleError):
        einvoice.record_number(session, row, number="4" * 20, issued_on=DAY)


def test_pasted_list():
    assert read("A-06\t11111111111111111111\t2026/01/05\n\nB-00,2,2026-01-06")[0] == ("A-06", "1" * 20, date(2026, 1, 5))
    with pytest.raises(Refused, match="Line 1"):
        read("only two")
    with pytest.raises(Refused):
        read(" ")
