"""Screens of e-invoice requests, the workbook for issuing in batches and the returned list."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from flask import Response, flash, redirect, request

from parkops import clock
from parkops.errors import Refused
from parkops.i18n import _, _l
from parkops.web import slots
from parkops.web.editing import attempt
from parkops.web.resource import Action, Col, Filter, Input, Resource, Section, Tile, Titles, View
from parkops.web.views import Page, commit, route

from ..models.einvoice import EInvoice
from ..services import einvoice_export

S = "modules.billing.services.einvoice"
MOST = 5000

RESOURCES = [
    Resource(
        "billing.einvoice",
        EInvoice,
        Titles(_l("E-invoices"), _l("E-invoice")),
        icon="receipt-tax",
        columns=(
            Col("serial", width=150, important=True, link=True),
            Col("bill.number", _l("Bill"), 130),
            Col("firm.name", _l("Firm"), 240, True),
            Col("kind", width=100),
            Col("block", width=130),
            Col("gross", width=120, total="sum"),
            Col("vat", width=110, total="sum"),
            Col("state", width=100, important=True),
            Col("requested_on", width=105),
            Col("number", width=190),
            Col("issued_on", width=105),
            Col("requested_by", hidden=True),
            Col("red_of.number", _l("Red letter for"), hidden=True),
            Col("firm_id", hidden=True),
            Col("bill_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Request"), ("serial", "bill_id", "firm_id", "kind", "block", "gross", "vat", "requested_on", "requested_by", "reason")
            ),
            Section(_l("Invoice"), ("number", "issued_on", "recorded_at", "red_of_id")),
        ),
        views=(
            View("requested", _l("Waiting for the number"), (Filter("state", "eq", "requested"),), "requested_on"),
            View("issued", _l("Invoice issued"), (Filter("state", "eq", "issued"),), "-issued_on"),
            View("red", _l("Red letters"), (Filter("kind", "eq", "red"),), "-id"),
        ),
        actions=(
            Action(
                "record",
                _l("Record the number"),
                f"{S}:record_number",
                word="change",
                primary=True,
                inputs=(
                    Input("number", "text", _l("Invoice number"), required=True, max_length=20),
                    Input("issued_on", "date", _l("Invoice date"), required=True, default=lambda session: clock.today()),
                ),
            ),
            Action(
                "cancel",
                _l("Cancel the request"),
                f"{S}:cancel_request",
                word="change",
                danger=True,
                inputs=(Input("reason", "longtext", _l("Reason"), required=True),),
            ),
        ),
        load=("bill", "firm", "red_of"),
        search=("serial", "number", "bill.number", "firm.name"),
        sort="-id",
        menu=("tax", 10),
        code_field="number",
    ),
]


class InvoiceBatchPage(Page):
    """`/billing/einvoices`: download what was asked for, bring back the numbers."""

    route_base = "/billing/einvoices"
    resource = "billing.einvoice"
    title = _l("Issue invoices in a batch")
    menu = ("tax", 12)
    icon = "file-export"

    @route("/")
    def index(self) -> Any:
        """How many wait, and the two forms."""
        return self.draw(
            "billing/run_einvoices.html", rows=einvoice_export.requested(self.session), refusal=None, sheets=einvoice_export.SHEETS
        )

    @route("/workbook", "export")
    def workbook(self) -> Any:
        """The workbook of every request without a number."""
        data = einvoice_export.workbook(self.session, einvoice_export.requested(self.session))
        commit()
        name = f"einvoices-{clock.today():%Y%m%d}.xlsx"
        return Response(
            data,
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @route("/returned", "change", methods=("POST",))
    def returned(self) -> Any:
        """Record a list of serial, number and day, one per line."""
        count, refusal = attempt(self.session, lambda: einvoice_export.take_back(self.session, read(request.form.get("list") or "")))
        if refusal is None:
            flash(_("%(n)s numbers were recorded.", n=count), "success")
            return redirect("/billing/einvoices/", 303)
        return self.draw(
            "billing/run_einvoices.html", 422, rows=einvoice_export.requested(self.session), refusal=refusal, sheets=einvoice_export.SHEETS
        )


def read(text: str) -> list[tuple[str, str, date]]:
    """Rows of a pasted list: serial, number, day, apart by tab, comma or blank."""
    out = []
    for n, line in enumerate(io.StringIO(text.strip()), 1):
        parts = line.replace("\t", " ").replace(",", " ").replace("，", " ").split()
        if not parts:
            continue
        try:
            serial, number, day = parts[:3]
            out.append((serial, number, date.fromisoformat(day.replace("/", "-"))))
        except ValueError:
            raise Refused(
                _l("Line %(n)s: write serial, number and day, such as B-2026-000001-06 26377000000000000001 2026-01-05.", n=n)
            ) from None
    if not out or len(out) > MOST:
        raise Refused(_l("Paste between 1 and %(n)s lines.", n=MOST))
    return out


PAGES = [InvoiceBatchPage]
slots.tile(
    Tile(
        "billing.invoices",
        _l("Invoices waiting for their number"),
        "billing.einvoice",
        "requested",
        ("finance",),
        ("firm.name", "gross"),
        34,
    )
)
