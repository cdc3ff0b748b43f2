"""XLSX through XlsxWriter: one sheet per table, facts on the first. Text is always text (never a formula, never a link),
figures are figures with a format, and what is not reported is an empty cell with the word beside the zero it is not."""

from __future__ import annotations

import io
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ..clock import local
from ..i18n import _
from .document import RIGHT, Cell, Document, Section, shown

NUMBER = {"int": "#,##0", "decimal": "#,##0.00##", "money": "#,##0.00", "area": "#,##0.00", "percent": "0.0%"}
CELL = 32_767


def write(document: Document) -> bytes:
    """The workbook's bytes."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                     "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"title": str(document.title), "author": document.made_by, "created": local(document.made_at).replace(tzinfo=None)})
    looks = _formats(book)
    names: set[str] = set()
    _cover(book.add_worksheet(sheet_name(_("Overview"), names)), document, looks)
    for section in document.sections:
        if section.table is not None:
            _table(book.add_worksheet(sheet_name(str(section.title), names)), section, looks)
    book.close()
    return out.getvalue()


def _formats(book: Any) -> dict[str, Any]:
    looks = {"title": book.add_format({"bold": True, "font_size": 14}), "quiet": book.add_format({"font_color": "#6b7280"}),
             "head": book.add_format({"bold": True, "bg_color": "#f3f4f6", "bottom": 1, "text_wrap": True, "valign": "top"}),
             "text": book.add_format({"num_format": "@"}), "date": book.add_format({"num_format": "yyyy-mm-dd"}),
             "month": book.add_format({"num_format": "yyyy-mm"}), "bold_text": book.add_format({"bold": True, "num_format": "@"})}
    for fmt, code in NUMBER.items():
        looks[fmt] = book.add_format({"num_format": code})
        looks[f"bold_{fmt}"] = book.add_format({"num_format": code, "bold": True})
    return looks


def sheet_name(title: str, taken: set[str]) -> str:
    """A sheet name Excel accepts, unique without regard to case."""
    base = re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:28] or "1"
    name, n = base, 1
    while name.casefold() in taken:
        n += 1
        name = f"{base[:25]} {n}"
    taken.add(name.casefold())
    return name


def _cover(sheet: Any, document: Document, looks: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 24)
    sheet.write_string(0, 0, str(document.title), looks["title"])
    sheet.write_string(1, 0, str(document.context), looks["quiet"])
    sheet.write_string(2, 0, document.as_dict()["made"], looks["quiet"])
    row = 4
    for section in document.sections:
        if not (section.facts or section.text):
            continue
        sheet.write_string(row, 0, str(section.title), looks["head"])
        row += 1
        for text in section.text:
            sheet.write_string(row, 0, str(text)[:CELL])
            row += 1
        for label, value, fmt in section.facts:
            sheet.write_string(row, 0, str(label)[:CELL])
            put(sheet, row, 1, value, fmt, looks)
            row += 1
        row += 1


def _table(sheet: Any, section: Section, looks: dict[str, Any]) -> None:
    table = section.table
    assert table is not None
    for c, column in enumerate(table.columns):
        sheet.set_column(c, c, 14 if column.fmt in RIGHT else max(12, min(60, 16 * column.width)))
        sheet.write_string(0, c, str(column.title), looks["head"])
    for r, row in enumerate(table.rows, 1):
        for c, value in enumerate(row):
            put(sheet, r, c, value, table.columns[c].fmt, looks)
    if table.totals is not None:
        for c, value in enumerate(table.totals):
            if value is not None:
                put(sheet, len(table.rows) + 1, c, value, table.columns[c].fmt, looks, bold=True)
    sheet.freeze_panes(1, 0)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def put(sheet: Any, row: int, column: int, value: Any, fmt: str, looks: dict[str, Any], *, bold: bool = False) -> None:
    """One cell. Numbers of more than 15 digits are written as text, because Excel would round them."""
    if isinstance(value, Cell):
        if value.note:
            sheet.write_comment(row, column, str(value.note))
        value, fmt = value.value, value.fmt
    look = looks.get(f"bold_{fmt}" if bold else fmt, looks["bold_text" if bold else "text"])
    if value is None:
        sheet.write_string(row, column, shown(None, fmt), looks["quiet"])
    elif isinstance(value, bool):
        sheet.write_string(row, column, shown(value, "bool"), looks["text"])
    elif isinstance(value, int | float | Decimal) and fmt in NUMBER and len(str(value).lstrip("-").replace(".", "")) <= 15:
        sheet.write_number(row, column, float(value) if isinstance(value, Decimal) else value, look)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, local(value).replace(tzinfo=None), looks["date"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), looks["month" if fmt == "month" else "date"])
    else:
        text = value if isinstance(value, str) else shown(value, fmt)
        plain = "".join(ch for ch in text if ch >= " " or ch in "\t\n")[:CELL]
        sheet.write_string(row, column, plain, looks["bold_text" if bold else "text"])
