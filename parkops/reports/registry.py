"""Reports by name. The kernel's are here; modules list theirs in `reports/*.py` (or `reports.py`): `REPORTS = [Report(...)]`."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ..clock import Period
from ..db.session import scope_of
from ..errors import NotFound, Refused
from ..i18n import _l
from ..security import access
from .document import Document

FORMATS = ("pdf", "xlsx", "html", "json")
TYPES = {"pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
         "html": "text/html; charset=utf-8", "json": "application/json"}


@dataclass(frozen=True)
class Request:
    """What a report is asked for. record_id only for reports about one record; at: the moment, today: the park's day."""

    park_id: int | None
    period: Period | None
    today: date
    at: datetime
    record_id: int | None = None
    made_by: str = ""


@dataclass(frozen=True)
class Report:
    """name as on the command line; data(session, request) -> Document; resource and word: the right it needs; template:
    a `.typ` file of its own for the PDF (else the general one); needs: "period" and/or "park" and/or "record"."""

    name: str
    title: Any
    data: Callable[[Any, Request], Document]
    resource: str
    word: str = "export"
    formats: tuple[str, ...] = FORMATS
    template: Path | None = None
    needs: tuple[str, ...] = ("period",)
    explain: Any = None


def all_reports() -> dict[str, Report]:
    """Every report of the installed modules, the kernel's first."""
    from ..registry import _import_room, registry
    from .kpi_sheet import REPORTS

    found = list(REPORTS)
    for manifest in registry().manifests.values():
        for module in _import_room(manifest, "reports"):
            found += getattr(module, "REPORTS", ())
    return {r.name: r for r in found}


def report_of(name: str) -> Report:
    """One report; NotFound with the nearest name otherwise."""
    found = all_reports()
    if name not in found:
        near = difflib.get_close_matches(name, found, 1)
        raise NotFound(_l("There is no report %(name)s; did you mean %(near)s?", name=name, near=near[0]) if near
                       else _l("There is no report %(name)s; there are %(known)s.", name=name, known=", ".join(sorted(found))))
    return found[name]


def make(session: Any, name: str, request: Request, fmt: str) -> bytes:
    """The finished file. Checks the right, records the export in the audit trail; the caller commits."""
    report = report_of(name)
    if fmt not in report.formats:
        raise Refused(_l("This report comes as %(formats)s.", formats=", ".join(report.formats)))
    document = document_of(session, name, request)
    from ..db import audit

    audit.event(session, "export", {"report": name, "format": fmt, "period": request.period.key if request.period else None},
                resource=report.resource, record_id=request.record_id, label=name, park_id=request.park_id)
    return draw(document, fmt, report.template)


def document_of(session: Any, name: str, request: Request) -> Document:
    """The report as data, after the right and what it needs were checked. It writes nothing."""
    report = report_of(name)
    access.require(session, report.resource, report.word)
    _complete(session, report, request)
    return report.data(session, request)


def _complete(session: Any, report: Report, request: Request) -> None:
    if "period" in report.needs and request.period is None:
        raise Refused(_l("Choose a period, such as 2022-06, 2022Q2 or 2022."))
    if "park" in report.needs and request.park_id is None:
        raise Refused(_l("Choose a park first."))
    if "record" in report.needs and request.record_id is None:
        raise Refused(_l("Open this report from a record."))
    if request.park_id is not None and not scope_of(session).sees(request.park_id):
        raise NotFound(_l("There is no such park among yours."))


def draw(document: Document, fmt: str, template: Path | None = None) -> bytes:
    """A document in one of the four formats."""
    if fmt == "json":
        import json

        return json.dumps(document.as_dict(), ensure_ascii=False, indent=2).encode()
    if fmt == "xlsx":
        from .xlsx import write

        return write(document)
    if fmt == "html":
        from .html import write as write_html

        return write_html(document)
    from .typst import compile_document

    return compile_document(document, template)
