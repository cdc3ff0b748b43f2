"""The workbook for issuing invoices in batches, and the returned list of numbers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops.db import audit
from parkops.errors import Problems, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_einvoice as calc
from ..models.einvoice import EInvoice
from . import einvoice

SHEETS = (("发票基本信息", calc.BASIC, "basic"), ("发票明细信息", calc.DETAIL, "detail"), ("特定业务信息", calc.SPECIAL, "special"))


def requested(session: Any) -> list[EInvoice]:
    """Every invoice asked for whose number has not come back."""
    return list(session.scalars(select(EInvoice).where(EInvoice.state == "requested").order_by(EInvoice.id)))


def workbook(session: Any, rows: Sequence[EInvoice]) -> bytes:
    """XLSX with three sheets, every cell text so that codes keep their zeros. Audited as an export."""
    import xlsxwriter

    access.require(session, einvoice.RESOURCE, "export")
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    bold = book.add_format({"bold": True})
    for title, columns, part in SHEETS:
        sheet = book.add_worksheet(title)
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, columns, bold)
        for n, row in enumerate(_rows(rows, part), 1):
            for k, value in enumerate(row):
                sheet.write_string(n, k, value)
    book.close()
    audit.event(session, "export", {"rows": len(rows)}, resource=einvoice.RESOURCE)
    return stream.getvalue()


def _rows(rows: Iterable[EInvoice], part: str) -> Iterable[list[str]]:
    for row in rows:
        if part == "detail":
            yield from row.data.get("detail", ())
        elif row.data.get(part):
            yield row.data.get(part, ())


def take_back(session: Any, returned: Iterable[tuple[str, str, date]]) -> int:
    """Record a returned list of (serial, number, issued on): all or none, every refused row named (B-33)."""
    known = {r.serial: r for r in requested(session)}
    problems, count = Problems(), 0
    for serial, number, issued_on in returned:
        row = known.get(serial.strip())
        if row is None:
            problems.add("billing.B-33", _l("%(serial)s was not requested, or has its number already.", serial=serial))
            continue
        try:
            einvoice.record_number(session, row, number=number, issued_on=issued_on)
            count += 1
        except RuleError as refused:
            problems.extend(refused.problems)
    problems.stop()
    return count
