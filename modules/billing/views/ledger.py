"""Vouchers and their lines, manual entries, voucher files; the firm's account as a tab on the firm."""

from __future__ import annotations

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.ledger import LedgerEntry, LedgerLine
from ..models.ledger_export import TARGETS, VoucherExport
from ..models.ledger_manual import ManualEntry, ManualLine

M = "modules.billing.services.ledger_manual"
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
LINES = ("line", "account.code", "account.name", "firm.name", "debit", "credit", "memo")
LEGS = (Col("account.code", _l("Account code"), 100, important=True), Col("account.name", _l("Account"), 230, important=True),
        Col("firm.name", _l("Firm"), 200))
SIDES = (Col("debit", width=115, total="sum", important=True), Col("credit", width=115, total="sum"), Col("memo", width=260))

ENTRIES = Resource(
    "billing.ledger_entry",
    LedgerEntry,
    Titles(_l("Vouchers"), _l("Voucher")),
    columns=(
        Col("number", width=140, important=True, link=True),
        Col("entry_date", width=105, important=True),
        Col("kind", width=110),
        Col("memo", width=320),
        Col("total", width=130, important=True, total="sum"),
        Col("posted_by", width=120),
        Col("posted_at", width=150),
        Col("source", width=140, hidden=True),
        Col("source_id", hidden=True),
        Col("sequence", hidden=True),
        Col("reverses_id", hidden=True),
    ),
    sections=(
        Section(_l("Voucher"), ("number", "entry_date", "kind", "memo", "total", "reverses_id")),
        Section(_l("Posting"), ("source", "source_id", "posted_by", "posted_at", "sequence", "algorithm")),
    ),
    views=(
        View("month", _l("This month"), (Filter("entry_date", "gte", "@month"),), "-sequence"),
        View("manual", _l("Manual entries"), (Filter("kind", "in", ["manual", "closing", "reversal"]),), "-sequence"),
    ),
    actions=(
        Action("reverse", _l("Propose a reversal"), f"{M}:propose_reversal", inputs=(ON, REASON), danger=True, guard=f"{M}:why_not_reverse",
               help=_l("A second person posts it.")),
    ),
    search=("number", "memo"),
    sort="-sequence",
    code_field="number",
    record_template="billing/voucher.html",
    money=True,
    menu=("ledger", 20),
    icon="file-invoice",
)

ENTRY_LINES = Resource(
    "billing.ledger_line",
    LedgerLine,
    Titles(_l("Ledger lines"), _l("Ledger line")),
    columns=(
        Col("entry.number", _l("Voucher"), 130, important=True, link=True),
        Col("entry.entry_date", _l("Date"), 105),
        Col("line", width=60, hidden=True),
        *LEGS,
        *SIDES,
        Col("entry_id", hidden=True),
        Col("account_id", hidden=True),
        Col("firm_id", hidden=True),
    ),
    sections=(Section(_l("Item line"), ("entry_id", "line", "account_id", "firm_id", "debit", "credit", "memo")),),
    search=("entry.number", "memo", "firm.name"),
    sort="id",
    load=("entry", "account", "firm"),
    menu=("ledger", 30),
    icon="list-details",
)

MANUAL = Resource(
    "billing.manual_entry",
    ManualEntry,
    Titles(_l("Manual entries"), _l("Manual entry"), _l("New manual entry")),
    columns=(
        Col("entry_date", width=105, important=True, link=True),
        Col("memo", width=340, important=True),
        Col("kind", width=150),
        Col("total", width=130, important=True, total="sum"),
        Col("state", width=140),
        Col("prepared_by", width=120),
        Col("entry.number", _l("Voucher"), 140),
    ),
    sections=(Section(_l("Manual entry"), (
        Input("entry_date", "date", required=True, default=lambda session: clock.today()), "memo", "kind", "total", "prepared_by",
        "entry_id")),),
    create=f"{M}:create_manual",
    change=f"{M}:change_manual",
    remove=f"{M}:remove_manual",
    workflow="modules.billing.states_ledger:MANUAL",
    editable_in=("draft",),
    views=(
        View("waiting", _l("Waiting for a second person"), (Filter("state", "eq", "waiting"),), "entry_date"),
        View("drafts", _l("Drafts"), (Filter("state", "eq", "draft"),), "entry_date"),
    ),
    tabs=(Related("lines", _l("Entry lines"), "billing.manual_line", "manual_id", columns=LINES, order=5),),
    load=("entry", "reverses"),
    search=("memo",),
    sort="-id",
    record_template="billing/voucher.html",
    money=True,
    menu=("ledger", 40),
    icon="pencil",
)

MANUAL_LINES = Resource(
    "billing.manual_line",
    ManualLine,
    Titles(_l("Lines of manual entries"), _l("Line of a manual entry"), _l("New line")),
    columns=(Col("line", width=60, link=True), *LEGS, *SIDES, Col("manual_id", hidden=True)),
    sections=(Section(_l("Item line"), ("manual_id", "account_id", "firm_id", "debit", "credit", "memo")),),
    create=f"{M}:create_line",
    change=f"{M}:change_line",
    remove=f"{M}:remove_line",
    load=("account", "firm", "manual"),
    sort="line",
    parent=("manual_id", "billing.manual_entry"),
    icon="list-details",
)

EXPORTS = Resource(
    "billing.voucher_export",
    VoucherExport,
    Titles(_l("Voucher files"), _l("Voucher file"), _l("New voucher file")),
    columns=(
        Col("target", width=110, important=True, link=True),
        Col("starts_on", width=105, important=True),
        Col("last_day", width=105, important=True),
        Col("vouchers", width=90, total="sum"),
        Col("lines", width=90, total="sum"),
        Col("total", width=140, total="sum"),
        Col("again", width=140),
        Col("made_by", width=120),
        Col("made_at", width=150),
        Col("sha256", hidden=True),
    ),
    sections=(
        Section(_l("Voucher file"), (
            Input("target", "choice", required=True, choices=TARGETS),
            Input("starts_on", "date", required=True, default=lambda session: clock.Period.month(clock.today()).previous().start),
            Input("last_day", "date", required=True, default=lambda session: clock.Period.month(clock.today()).previous().last_day))),
        Section(_l("Again"), ("again", "reason")),
    ),
    create="modules.billing.services.ledger_export:export_vouchers",
    sort="-id",
    menu=("ledger", 60),
    icon="file-export",
)

RESOURCES = [ENTRIES, ENTRY_LINES, MANUAL, MANUAL_LINES, EXPORTS]

slots.tab("tenants.firm", Related("ledger", _l("Ledger account"), "billing.ledger_line", "firm_id", order=75, columns=(
    "entry.entry_date", "entry.number", "account.name", "debit", "credit", "memo")))
slots.tile(Tile("billing.manual_waiting", _l("Manual entries to approve"), "billing.manual_entry", "waiting",
                ("finance", "operations_manager"), ("entry_date", "memo"), 45, "violet"))
