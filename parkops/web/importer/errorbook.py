"""The error workbook: the rejected rows as they were, with what to correct, ready to be corrected and imported again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from ...i18n import _
from .mapping import Header
from .reader import LONG_NUMBER, Table

OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_errors(out: BinaryIO | str, table: Table, header: Header, rejected: Sequence[tuple[int, str | None, str]]) -> int:
    """Write .xlsx with the original headings and cells as text (never as formulas) plus row number and error. Returns rows."""
    import xlsxwriter

    wanted: dict[int, str] = {row: message for row, _field, message in rejected}
    book = xlsxwriter.Workbook(out, OPTIONS)
    bold = book.add_format({"bold": True, "bg_color": "#F1F3F5"})
    red = book.add_format({"font_color": "#B02A37"})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(_("Errors"))
    sheet.freeze_panes(1, 0)
    heads = [*header.names, _("Error"), _("Row")]
    for i, name in enumerate(heads):
        sheet.write_string(0, i, name, bold)
    at = 0
    for number, cells in table.rows():
        if number not in wanted or number <= header.row:
            continue
        at += 1
        write_row(sheet, at, cells[: len(header.names)], text)
        sheet.write_string(at, len(header.names), wanted[number], red)
        sheet.write_number(at, len(header.names) + 1, number)
    book.close()
    return at


def write_row(sheet: Any, at: int, cells: list[str], style: Any) -> None:
    for i, cell in enumerate(cells):
        if cell:
            sheet.write_string(at, i, "" if cell == LONG_NUMBER else cell, style)
