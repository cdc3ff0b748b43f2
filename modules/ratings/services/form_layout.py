"""The form as a workbook in its layout: each item where its map puts it, in the form's unit, with the signatures at its foot."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.db import audit
from parkops.i18n import _
from parkops.reports.xlsx import sheet_name
from parkops.security import access
from parkops.security.masking import shown

from ..models.form import FORM_UNITS
from ..models.form_run import SIGNERS, FormRun, FormSignature
from . import forms
from .form_cells import RESOURCE, cells_of
from .form_sources import known

CELL = re.compile(r"([A-Z]{1,2})([0-9]+)")
FORMATS = {
    "thousand": "#,##0",
    "wan": "#,##0",
    "yuan": "#,##0.00",
    "sqm": "#,##0.00",
    "persons": "#,##0",
    "count": "#,##0.##",
    "percent": "0.00",
}


def place(cell: str | None) -> tuple[int, int] | None:
    """`D7` → (row 6, column 3)."""
    found = CELL.fullmatch(cell or "")
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return int(found[2]) - 1, column - 1


def words_of(item: Any, text: str | None, subject: str) -> str:
    """A cell as text: 未报 when unreported, labels of choices in the reader's language."""
    if text is None:
        return _("not reported")
    if item.unit == "yesno":
        return _("yes") if text == "yes" else _("no")
    found = known(item.source, subject) if item.source else None
    if found is not None and found.choices:
        return _(text)
    return f"{Decimal(text):,f}" if item.unit in FORMATS else text


def workbook(session: Any, row: FormRun, *, plain: bool = False) -> bytes:
    """The bytes. Items without a place of their own stand below the others. plain: the copy that is filed names its people in full."""
    import xlsxwriter

    access.require(session, RESOURCE, "read")
    items, cells = forms.fields_of(session, row.form), cells_of(session, [row]).get(row.id, {})
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    looks = {
        "title": book.add_format({"bold": True, "font_size": 14}),
        "head": book.add_format({"bold": True, "bg_color": "#f3f4f6", "border": 1}),
        "text": book.add_format({"border": 1, "text_wrap": True, "valign": "top"}),
        **{u: book.add_format({"border": 1, "num_format": f}) for u, f in FORMATS.items()},
    }
    sheet = book.add_worksheet(sheet_name(row.form.version_name, set()))
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2, 12)
    sheet.set_column(3, 3, 22)
    last = _head(sheet, row, looks)
    taken = [p for p in (place(x.cell) for x in items) if p is not None]
    below = max([r for r, _c in taken] or [last]) + 1
    for x in items:
        at = place(x.cell)
        if at is None:
            at, below = (below, 3), below + 1
        last = max(last, at[0])
        _item(sheet, x, cells.get(x.id), at, row.form.subject, looks)
    _foot(session, sheet, row, last + 2, plain)
    book.close()
    return out.getvalue()


def _head(sheet: Any, row: FormRun, looks: dict[str, Any]) -> int:
    sheet.write_string(0, 0, row.form.label, looks["title"])
    sheet.write_string(1, 0, f"{row.form.doc_no or ''} · {row.form.version_name} · v{row.form.edition}")
    sheet.write_string(2, 0, f"{row.firm or row.carrier} · {row.period_key} · {row.number}")
    for c, text in enumerate((_("Code"), _("Caption"), _("Unit"), _("Value"))):
        sheet.write_string(3, c, text, looks["head"])
    return 3


def _item(sheet: Any, item: Any, cell: Any, at: tuple[int, int], subject: str, looks: dict[str, Any]) -> None:
    r, c = at
    for back, text in ((3, item.code), (2, item.label), (1, str(FORM_UNITS.label(item.unit)))):
        if c - back >= 0:
            sheet.write_string(r, c - back, text, looks["text"])
    text = None if cell is None else cell.shown
    if text is not None and item.unit in FORMATS and len(text) <= 16:
        sheet.write_number(r, c, float(Decimal(text)), looks[item.unit])
    else:
        sheet.write_string(r, c, words_of(item, text, subject), looks["text"])
    if cell is not None and cell.corrected is not None:
        sheet.write_comment(r, c, _("Corrected by %(who)s: %(reason)s", who=cell.corrected_by, reason=cell.reason))


def _foot(session: Any, sheet: Any, row: FormRun, at: int, plain: bool) -> None:
    """单位负责人, 统计负责人, 填表人, 联系电话, and who signed when."""
    for n, column in enumerate(("head_name", "statistician", "filled_by", "phone")):
        label = FormRun.__table__.c[column].info["label"]
        sheet.write_string(at + n, 1, str(label))
        sheet.write_string(at + n, 3, str((getattr(row, column) if plain else shown(session, RESOURCE, row, column, unmask=False)) or ""))
    s = FormSignature
    query = select(s).where(s.run_id == row.id, s.turn == row.turn).order_by(s.id)
    for n, x in enumerate(session.scalars(query), 5):
        sheet.write_string(at + n, 1, str(SIGNERS.label(x.part)))
        sheet.write_string(at + n, 3, f"{x.user_name} {x.signed_on}")
    if row.seal:
        sheet.write_string(at + 9, 1, f"SHA-256 {row.seal}")


def export_run(session: Any, row: FormRun) -> bytes:
    """The workbook for a download, written into the trail of exports."""
    access.require(session, RESOURCE, "export")
    audit.event(session, "export", {"form": row.number}, resource=RESOURCE, record_id=row.id, label=row.number, park_id=row.park_id)
    return workbook(session, row)
