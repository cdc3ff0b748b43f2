"""Screens of bills and credit notes, the tab on a firm and the cards of the homes."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.bill import Bill
from ..services import bills_screen

S = "modules.billing.services.bills_screen"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)


def open_amount(model: Any, context: Any) -> Any:
    """SQL: what is open of a bill."""
    return bills_screen.open_amount(model)


def days_late(model: Any, context: Any) -> Any:
    """SQL: days since it fell due while something is open."""
    return bills_screen.days_late(model, context.today)


def late_tone(value: Any) -> str:
    return "red" if value else "grey"


def due_fact(session: Any, bill: Bill) -> tuple[Any, str | None]:
    """Due day, red while overdue."""
    late = bill.state == "posted" and bill.gross != bill.settled and bill.due_on < clock.today()
    return bill.due_on.isoformat(), "red" if late else None


def open_fact(session: Any, bill: Bill) -> tuple[Any, str | None]:
    left = bill.gross - bill.settled
    return f"{left:,.2f}", "amber" if left and bill.state == "posted" else None


def gross_fact(session: Any, bill: Bill) -> tuple[Any, str | None]:
    return f"{bill.gross:,.2f}", None


RESOURCES = [
    Resource(
        "billing.bill",
        Bill,
        Titles(_l("Bills and credit notes"), _l("Bill"), _l("New bill")),
        icon="file-invoice",
        columns=(
            Col("number", important=True, link=True, width=130),
            Col("firm.name", _l("Firm"), 240, True),
            Col("kind", width=90),
            Col("month", width=85),
            Col("issued_on", _l("Bill date"), 105),
            Col("due_on", width=105),
            Col("gross", width=120, important=True, total="sum"),
            Col("vat", width=110, total="sum"),
            Col("open", _l("Open amount"), 120, sql=open_amount, fmt="money", total="sum"),
            Col("late", _l("Days overdue"), 90, sql=days_late, fmt="int", tone=late_tone),
            Col("state", width=90),
            Col("net", hidden=True, total="sum"),
            Col("settled", hidden=True, total="sum"),
            Col("run_id", hidden=True),
            Col("posted_at", hidden=True),
            Col("posted_by", hidden=True),
            Col("firm_id", hidden=True),
            Col("reverses_id", hidden=True),
            Col("entry_id", hidden=True),
        ),
        sections=(
            Section(_l("Bill"), ("firm_id", "kind", "month", "issued_on", "due_on", "run_id", "memo")),
            Section(_l("Amounts"), ("net", "vat", "gross", "settled")),
            Section(_l("Posting"), ("number", "entry_id", "posted_at", "posted_by", "reverses_id")),
        ),
        create=f"{S}:create_bill",
        change="modules.billing.services.bills:change_draft",
        remove="modules.billing.services.bills:discard_draft",
        workflow="modules.billing.states:BILL",
        editable_in=("draft",),
        views=(
            View(
                "open",
                _l("Open bills"),
                (Filter("state", "eq", "posted"), Filter("kind", "eq", "bill"), Filter("open", "gt", "0")),
                "due_on",
            ),
            View("drafts", _l("Drafts"), (Filter("state", "eq", "draft"),), "-id"),
            View("overdue", _l("Overdue"), (Filter("late", "gt", 0),), "-late"),
            View("this_month", _l("Posted this month"), (Filter("issued_on", "gte", "@month"), Filter("state", "ne", "draft")), "-number"),
            View("credits", _l("Credit notes"), (Filter("kind", "eq", "credit"),), "-id"),
        ),
        actions=(
            Action(
                "credit_line",
                _l("Credit a line in part"),
                f"{S}:credit_line",
                inputs=(
                    Input("charge_id", "ref", _l("Item line"), required=True, ref="billing.charge", within="bill_id"),
                    Input("amount", "money", _l("Amount incl. VAT"), required=True),
                    TODAY,
                    REASON,
                ),
                guard=f"{S}:why_not_credit",
                help=_l("Makes a posted credit note; the bill stays as it is."),
            ),
            Action(
                "red_letter",
                _l("Request red-letter invoices"),
                f"{S}:red_letters",
                inputs=(TODAY, REASON),
                word="export",
                guard=f"{S}:why_not_red",
                help=_l("Takes back the issued invoices of the bill this credit note corrects."),
            ),
        ),
        bulk=(
            Action("post_many", _l("Post the bills"), f"{S}:post_selected", inputs=(TODAY,), preview=f"{S}:preview_post", primary=True),
            Action(
                "request_invoices",
                _l("Request e-invoices"),
                "modules.billing.services.einvoice:request_invoices",
                inputs=(TODAY,),
                word="export",
                preview=f"{S}:preview_invoices",
            ),
            Action("pdf", _l("PDF files (zip)"), f"{S}:zip_link", word="export"),
        ),
        facts=(Fact(_l("Gross"), gross_fact), Fact(_l("Open amount"), open_fact), Fact(_l("Due on"), due_fact)),
        tabs=(
            Related("lines", _l("Bill lines"), "billing.charge", "bill_id", order=5),
            Tab("vat", _l("VAT by rate"), "billing/bill_vat.html", bills_screen.vat_split, order=10),
            Related("credits", _l("Credit notes"), "billing.bill", "reverses_id", order=40),
            Related("invoices", _l("E-invoices"), "billing.einvoice", "bill_id", order=50),
            Related("disputes", _l("Disputes"), "billing.dispute", "bill_id", order=60),
        ),
        load=("firm", "run"),
        search=("number", "firm.name"),
        sort="-id",
        parent=("firm_id", "tenants.firm"),
        menu=("bills", 10),
        report="bill",
        money=True,
        code_field="number",
    ),
]

slots.tab(
    "tenants.firm",
    Related("bills", _l("Bills"), "billing.bill", "firm_id", ("number", "month", "due_on", "gross", "open", "late", "state"), order=44),
)
slots.tile(
    Tile(
        "billing.overdue",
        _l("Overdue bills"),
        "billing.bill",
        "overdue",
        ("finance", "operations_manager", "leadership"),
        ("firm.name", "open"),
        22,
        "red",
    )
)
slots.tile(Tile("billing.drafts", _l("Draft bills to post"), "billing.bill", "drafts", ("finance",), ("firm.name", "gross"), 24))
