"""Exports of exactly what a grid shows: its columns in their order, its filters, its sort order.

CSV opens correctly in spreadsheets (UTF-8 with BOM, texts that look like formulas are disarmed); XLSX holds typed numbers
and days, and texts are never formulas. Personal values are masked unless asked in the clear by someone who may see them.
Every export is in the audit trail. From 10,000 rows on it needs the approval of another person and carries who and when
(Data Security Law art. 27; goal G34)."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from .. import settings
from ..approval import ApprovalKind, on_approved, on_returned
from ..approval import request as ask_approval
from ..clock import local, now
from ..db import audit
from ..db.session import scope_of
from ..errors import Problem, Refused, RuleError
from ..i18n import _, _l
from ..importing import GUARDED
from ..security import access
from ..security.masking import log_unmask
from .compile import Resolved, ResolvedColumn
from .grid import Grid, Query
from .models import ExportRequest

LARGE, MOST, CHUNK, VALID_DAYS = 10_000, 500_000, 1000, 7
MIME = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
UNITS = {"money": _l("yuan"), "area": _l("m²")}
KIND = ApprovalKind("core.export", _l("Export of 10,000 rows or more"), "core.export_request")


def large(session: Any) -> int:
    """Rows from which another person must approve: the park's setting, never above `LARGE`."""
    return min(LARGE, settings.get(session, "core.export_approval_rows"))


@dataclass
class Order:
    """An accepted export: what to write and how it is marked. `message` stands instead of the file when it must wait."""

    resolved: Resolved
    query: Query
    file_format: str
    count: int
    user: str
    made_at: str
    clear: bool = False
    message: Any = None
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def mimetype(self) -> str:
        return MIME[self.file_format]

    @property
    def filename(self) -> str:
        stamp = self.made_at.replace("-", "").replace(":", "").replace(" ", "-")
        return f"{self.resolved.name.replace('.', '-')}-{stamp}.{self.file_format}"


@on_approved("core.export")
def approve_export(session: Any, approval: Any, owner: ExportRequest) -> None:
    """The asker may fetch the file now."""
    owner.state = "approved"


@on_returned("core.export")
def return_export(session: Any, approval: Any, owner: ExportRequest) -> None:
    """The request was returned, withdrawn or expired."""
    owner.state = "returned"


def order(session: Any, resolved: Resolved, query: Query, *, raw: dict, file_format: Any, reason: Any = None, clear: bool = False) -> Order:
    """Check rights and size, write the audit entry and, for large exports, find or ask for the approval.

    Raises NotAllowed, Refused, and RuleError when a large export comes without a reason."""
    access.require(session, resolved.name, "export")
    if not isinstance(file_format, str) or file_format not in MIME:
        raise Refused(_l("Choose csv or xlsx."))
    if clear:
        access.require(session, resolved.name, "unmask")
    names = query.columns or resolved.resource.export
    query = replace(query, page=0, columns=tuple(names), group=())
    grid = Grid(session, resolved, query)
    count, _totals = grid.count()
    scope = scope_of(session)
    made = Order(resolved, query, file_format, count, scope.user_name, f"{local(now()):%Y-%m-%d %H:%M:%S}", clear)
    made.marks = {"user": made.user, "at": made.made_at, "rows": str(count), "resource": resolved.name}
    if count > MOST:
        raise Refused(_l("These are %(n)s rows; filter the list to at most %(most)s.", n=count, most=MOST))
    if count >= large(session) and not _approved(session, made, raw):
        _ask(session, made, raw, reason)
        return made
    personal = [n for n in grid.names if grid.column(n).personal]
    if clear and personal:
        log_unmask(session, resolved.name, grid.all_ids(MOST), personal, park_id=scope.park_id)
    audit.event(
        session,
        "export",
        {"rows": count, "format": file_format, "query": audit_safe(raw), "unmasked": clear and personal},
        resource=resolved.name,
        park_id=scope.park_id,
    )
    return made


def audit_safe(raw: dict) -> dict:
    """The query with exact numbers as text, for JSON columns."""
    import json

    return json.loads(json.dumps(raw, default=str))


def _approved(session: Any, made: Order, raw: dict) -> bool:
    """Use up the approved request for this very question, if there is one."""
    scope = scope_of(session)
    wanted = audit_safe(raw)
    for row in session.scalars(
        select(ExportRequest)
        .where(
            ExportRequest.user_id == scope.user_id,
            ExportRequest.state == "approved",
            ExportRequest.resource == made.resolved.name,
            ExportRequest.file_format == made.file_format,
            ExportRequest.created_at > now() - timedelta(days=VALID_DAYS),
        )
        .with_for_update()
    ):
        if row.query == wanted:
            row.state, row.done_at = "done", now()
            session.flush()
            return True
    return False


def _ask(session: Any, made: Order, raw: dict, reason: Any) -> None:
    scope = scope_of(session)
    text = reason.strip()[:200] if isinstance(reason, str) and "\0" not in reason else ""
    if not text:
        raise RuleError(
            [
                Problem(
                    "core.export_reason",
                    _l("%(n)s rows need the approval of another person; write what the file is for.", n=made.count),
                    "reason",
                )
            ]
        )
    wanted = audit_safe(raw)
    waiting = session.scalars(
        select(ExportRequest).where(
            ExportRequest.user_id == scope.user_id, ExportRequest.state == "waiting", ExportRequest.resource == made.resolved.name
        )
    )
    if not any(row.query == wanted for row in waiting):
        title = _("%(what)s: %(n)s rows as %(format)s", what=str(made.resolved.resource.titles.many), n=made.count, format=made.file_format)
        row = ExportRequest(
            resource=made.resolved.name,
            title=title,
            query=wanted,
            file_format=made.file_format,
            row_count=made.count,
            reason=text,
            user_id=scope.user_id,
            state="waiting",
        )
        session.add(row)
        session.flush()
        ask_approval(session, row, "core.export", payload={"rows": made.count, "reason": text}, title=title, reason=text)
    made.message = _l(
        "%(n)s rows need the approval of another person. The request was sent; export again once it is approved.", n=made.count
    )


def heading(column: ResolvedColumn) -> str:
    """The column's title with its unit, as in the grid."""
    unit = UNITS.get(column.fmt)
    return f"{column.title} ({unit})" if unit else str(column.title)


def _rows(session: Any, made: Order) -> Iterator[tuple[Grid, dict[str, Any]]]:
    grid = Grid(session, made.resolved, made.query)
    ids = grid.all_ids(MOST)
    for start in range(0, len(ids), CHUNK):
        for row in grid.rows(ids[start : start + CHUNK], clear=made.clear):
            yield grid, row


def shown(column: ResolvedColumn, row: dict[str, Any]) -> Any:
    """The value as the grid shows it: labels for codes and references, words for yes and no."""
    value = row.get(column.name)
    if value is None:
        return None
    if column.fmt in ("choice", "ref", "text"):
        return row.get(f"{column.name}__text", value)
    if column.fmt == "bool":
        return _("Yes") if value else _("No")
    if column.fmt in ("money", "area", "decimal", "percent", "int") and not column.personal:
        return Decimal(str(value))
    if column.fmt == "datetime" and isinstance(value, str):
        return value[:16].replace("T", " ")
    return value


def disarmed(text: str) -> str:
    """A text no spreadsheet takes for a formula (CSV injection). The import takes the apostrophe off again, so a text that
    itself begins like a disarmed one gets one too."""
    first = text[1:2] if text[:1] == "'" else text[:1]
    return "'" + text if first and first in GUARDED else text


def stream(session: Any, made: Order) -> Iterator[bytes]:
    """The file's bytes, row by row for CSV. Only reads; the order was committed before."""
    yield from (_csv if made.file_format == "csv" else _xlsx)(session, made)


def _csv(session: Any, made: Order) -> Iterator[bytes]:
    grid = Grid(session, made.resolved, made.query)
    columns = [grid.column(n) for n in grid.names]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([heading(c) for c in columns])
    yield b"\xef\xbb\xbf"
    for n, (_grid, row) in enumerate(_rows(session, made)):
        writer.writerow([_csv_value(c, shown(c, row)) for c in columns])
        if n % 200 == 199:
            yield buffer.getvalue().encode()
            buffer.seek(0), buffer.truncate()
    if made.count >= LARGE:
        writer.writerow([disarmed(_("Exported by %(user)s at %(at)s, %(n)s rows", user=made.user, at=made.made_at, n=made.count))])
    yield buffer.getvalue().encode()


def _csv_value(column: ResolvedColumn, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value * 100:.1f}%" if column.fmt == "percent" else format(value, "f")
    return disarmed(str(value))


def _xlsx(session: Any, made: Order) -> Iterator[bytes]:
    """Written row by row to a temporary file, so that memory stays flat."""
    import xlsxwriter

    grid = Grid(session, made.resolved, made.query)
    columns = [grid.column(n) for n in grid.names]
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        book = xlsxwriter.Workbook(
            file.name, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        mark = _("Exported by %(user)s at %(at)s, %(n)s rows", user=made.user, at=made.made_at, n=made.count)
        book.set_properties({"title": str(made.resolved.resource.titles.many), "author": made.user, "comments": mark})
        formats = {
            "bold": book.add_format({"bold": True, "bottom": 1}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "percent": book.add_format({"num_format": "0.0%"}),
        }
        sheet = book.add_worksheet()
        sheet.set_footer("&L" + mark.replace("&", "&&")[:200] + "&R&P / &N")
        sheet.freeze_panes(1, 0)
        for i, column in enumerate(columns):
            sheet.set_column(i, i, 22 if column.fmt in ("text", "ref", "longtext") else 14)
            sheet.write_string(0, i, heading(column), formats["bold"])
        last = 0
        for last, (_grid, row) in enumerate(_rows(session, made), 1):
            for i, column in enumerate(columns):
                _write(sheet, last, i, column, shown(column, row), formats)
        sheet.autofilter(0, 0, max(last, 1), max(len(columns) - 1, 0))
        _about(book, made, mark)
        book.close()
        with open(file.name, "rb") as done:
            yield from iter(lambda: done.read(65536), b"")


def _write(sheet: Any, row: int, i: int, column: ResolvedColumn, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, Decimal):
        style = {"money": "money", "area": "money", "percent": "percent"}.get(column.fmt)
        sheet.write_number(row, i, value, formats.get(style))
    elif column.fmt == "date" and not column.personal:
        sheet.write_datetime(row, i, date.fromisoformat(value), formats["date"])
    else:
        sheet.write_string(row, i, str(value)[:32_000])


def _about(book: Any, made: Order, mark: str) -> None:
    """A second sheet: who, when, what."""
    sheet = book.add_worksheet("info")
    sheet.set_column(0, 0, 100)
    lines = [str(made.resolved.resource.titles.many), mark, *(" ".join(str(x) for x in f) for f in made.query.filters), made.query.text]
    for i, line in enumerate(x for x in lines if x):
        sheet.write_string(i, 0, line[:1000])
