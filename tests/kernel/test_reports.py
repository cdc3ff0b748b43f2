"""Reports: one document, four formats that say the same; text stays text; PDF is the same on every machine."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from parkops.clock import Period
from parkops.errors import NotAllowed, NotFound, Refused
from parkops.i18n import force_locale
from parkops.reports import registry
from parkops.reports.document import Cell, Column, Document, Section, Table, shown
from parkops.reports.registry import Request, draw

AT = datetime(2026, 6, 12, 4, tzinfo=UTC)
EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "#eval(1) $x$ *bold* <script>alert(1)</script>", "〇𠮷生物\x00科技"]


def document(rows=None):
    columns = (Column("名称", width=2), Column("金额", "money"), Column("占比", "percent"), Column("日期", "date"), Column("数量", "int"))
    rows = rows if rows is not None else [
        ["济宁生物", Decimal("1234567.89"), Decimal("0.8512"), date(2026, 6, 1), 12], ["未报企业", None, None, None, None],
        ["合并", Cell(3, "int", "(1 not reported)"), Cell(Decimal("0.5"), "percent"), "2026", 0]]
    return Document("月度报告", "东园 · 2026-06", (
        Section("概况", ("一段文字。",), (("企业", 300, "int"), ("面积", Decimal("1200.5"), "area"), ("电话", None, "text"))),
        Section("明细", table=Table(columns, rows, ["合计", Decimal("1234567.89"), None, None, 12]), note="注"),
        Section("趋势", svg='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0L10 10" stroke="black"/></svg>')), AT, "测试")


def test_pdf_is_complete_and_reproducible():
    pdf = draw(document(), "pdf")
    assert pdf.startswith(b"%PDF") and len(pdf) > 5_000
    assert b"NotoSansSC" in pdf, "the shipped font is embedded"


def test_pdf_takes_any_text_as_text():
    rows = [[text, None, None, None, None] for text in EVIL]
    assert draw(document(rows), "pdf").startswith(b"%PDF")


def test_a_broken_template_is_named(tmp_path):
    bad = tmp_path / "bad.typ"
    bad.write_text("#nothing-of-that-name()")
    with pytest.raises(Refused, match=r"bad\.typ"):
        draw(document(), "pdf", bad)


def test_xlsx_text_is_never_a_formula_and_figures_are_figures():
    rows = [[text, Decimal("1.10"), Decimal("0.5"), date(2026, 6, 1), 3] for text in EVIL]
    book = load_workbook(io.BytesIO(draw(document(rows), "xlsx")))
    sheet = book["明细"]
    for r, text in enumerate(EVIL, 2):
        cell = sheet.cell(r, 1)
        assert cell.data_type == "s" and cell.value == text.replace("\x00", "")
        assert sheet.cell(r, 2).value == 1.1 and sheet.cell(r, 2).number_format == "#,##0.00"
        assert sheet.cell(r, 4).is_date
    assert all(c.data_type != "f" for ws in book for row in ws.iter_rows() for c in row)


def test_xlsx_unreported_is_a_word_and_long_numbers_keep_their_digits():
    with force_locale("en"):
        rows = [["a", None, None, None, 110101199003071234]]
        sheet = load_workbook(io.BytesIO(draw(document(rows), "xlsx")))["明细"]
    assert sheet.cell(2, 2).value == "not reported"
    assert sheet.cell(2, 5).value == "110,101,199,003,071,234"


def test_sheet_names_are_made_acceptable():
    table = Table((Column("a"),), [["x"]])
    sections = tuple(Section(t, table=table) for t in ("a/b:c*?[x]", "A B C   x", "", "长" * 60, "长" * 60))
    book = load_workbook(io.BytesIO(draw(Document("t", "c", sections, AT, "x"), "xlsx")))
    assert len(book.sheetnames) == 6


def test_html_escapes_everything_and_asks_for_nothing():
    rows = [[text, None, None, None, None] for text in EVIL]
    page = draw(document(rows), "html").decode()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page


def test_all_formats_say_the_same():
    told = json.loads(draw(document(), "json"))
    table = told["sections"][1]["table"]
    assert table["rows"][0] == ["济宁生物", "1234567.89", "0.8512", "2026-06-01", 12]
    page = draw(document(), "html").decode()
    for row in table["shown"]:
        for text in row:
            assert text in page
    sheet = load_workbook(io.BytesIO(draw(document(), "xlsx")))["明细"]
    assert sheet.cell(2, 2).value == 1234567.89 and sheet.cell(4, 2).value == 3


@pytest.mark.parametrize(("value", "fmt", "text"), [
    (Decimal("1234.5"), "money", "1,234.50"), (0, "int", "0"), (Decimal("0.12345"), "percent", "12.3 %"), (date(2026, 6, 1), "month", "2026-06"),
    (Decimal("3.1400"), "decimal", "3.14"), (True, "bool", "yes"), (None, "money", "not reported"), ("x", "money", "x")])
def test_how_values_read(value, fmt, text):
    with force_locale("en"):
        assert shown(value, fmt) == text


def test_rows_must_fit_their_columns():
    with pytest.raises(ValueError):
        Table((Column("a"),), [["x", "y"]])
    with pytest.raises(ValueError):
        Column("a", "euro")


def request(park_id, period="2026-05"):
    return Request(park_id, Period.parse(period) if period else None, date(2026, 6, 12), AT, made_by="test")


@pytest.mark.parametrize("fmt", ["pdf", "xlsx", "html", "json"])
def test_the_sheet_of_indicators_in_every_format(session, park, fmt):
    assert len(registry.make(session, "kpi-sheet", request(park.id), fmt)) > 100


def test_refusals(session, park, as_role):
    with pytest.raises(NotFound, match="kpi-sheet"):
        registry.make(session, "kpi-shet", request(park.id), "pdf")
    with pytest.raises(Refused):
        registry.make(session, "kpi-sheet", request(park.id, None), "pdf")
    with pytest.raises(Refused):
        registry.make(session, "kpi-sheet", request(park.id), "docx")
    with as_role("operations_clerk") as s:
        with pytest.raises(NotAllowed):
            registry.make(s, "kpi-sheet", request(park.id), "pdf")
    with as_role("leadership") as s:
        with pytest.raises(NotFound):
            registry.make(s, "kpi-sheet", request(park.id + 1), "pdf")
        assert registry.make(s, "kpi-sheet", request(park.id), "json")


def test_every_report_handed_out_is_in_the_audit_trail(session, park):
    from sqlalchemy import select

    from parkops.db.audit import AuditEntry

    registry.make(session, "kpi-sheet", request(park.id), "json")
    entry = session.scalars(select(AuditEntry).where(AuditEntry.op == "export").order_by(AuditEntry.id.desc())).first()
    assert entry.detail == {"report": "kpi-sheet", "format": "json", "period": "2026-05"}
