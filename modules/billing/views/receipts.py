"""Screens of receipts, allocations and bank accounts, the page where payments are entered, and the quick payment of a bill."""

from __future__ import annotations

from typing import Any

from sqlalchemy import case, type_coerce

from parkops import clock
from parkops.db.types import Money
from parkops.i18n import _, _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.bill import Bill
from ..models.receipt import Allocation, BankAccount, Receipt

S, F = "modules.billing.services.receipts", "modules.billing.services.receipts_forms"
TODAY = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())
REASON = Input("reason", "longtext", _l("Reason"), required=True)
PAYEE = (Input("payee", "text", _l("Payee"), max_length=200), Input("payee_bank", "text", _l("Payee's bank"), max_length=120))
WAYS = (("bank", _l("Bank transfer")), ("cash", _l("Cash")))
RULE = Input(
    "rule",
    "choice",
    _l("Allocate by"),
    choices=lambda session: [
        ("setting", _("The park's rule")),
        ("oldest", _("Due first")),
        ("civil_code", _("Order of the Civil Code (560, 561)")),
        ("priority", _("List of charged items")),
        ("none", _("Do not allocate yet")),
    ],
    default="setting",
)


RULE_NOW = Input("rule", "choice", _l("Allocate by"), choices=lambda session: RULE.choices(session)[:-1], default="setting")


def left_over(model: Any, context: Any) -> Any:
    """SQL: money of the receipt that settles nothing yet."""
    return type_coerce(model.amount - model.allocated, Money)


def left_tone(value: Any) -> str:
    """Amber while something is left."""
    return "amber" if value else "grey"


def left_fact(session: Any, row: Receipt) -> tuple[Any, str | None]:
    """What is left to allocate."""
    left = row.amount - row.allocated
    return f"{left:,.2f}", "amber" if left > 0 else None


RESOURCES = [
    Resource(
        "billing.receipt",
        Receipt,
        Titles(_l("Receipts"), _l("Receipt"), _l("New receipt")),
        icon="cash",
        columns=(
            Col("number", important=True, link=True, width=125),
            Col("received_on", width=105, important=True),
            Col("firm_id", width=230, important=True),
            Col("payer", width=130),
            Col("kind", width=90),
            Col("amount", width=115, total="sum"),
            Col("allocated", width=115, total="sum"),
            Col("left", _l("Not allocated"), sql=left_over, fmt="money", width=110, total="sum", tone=left_tone),
            Col("reference", width=160),
            Col("bank_account_id", width=140),
            Col("posted_by", hidden=True),
            Col("posted_at", hidden=True),
        ),
        sections=(
            Section(
                _l("Money received"),
                (
                    "firm_id",
                    "received_on",
                    Input(
                        "kind", "choice", _l("Way"), required=True, default="bank", choices=lambda session: [(k, str(t)) for k, t in WAYS]
                    ),
                    "amount",
                    "bank_account_id",
                    "payer",
                    "reference",
                    RULE,
                ),
            ),
            Section(_l("Posting"), ("number", "allocated", "entry_id", "posted_at", "posted_by")),
        ),
        create=f"{F}:take_payment",
        money=True,
        load=("firm", "bank_account", "entry"),
        views=(
            View("all", _l("All"), (), sort="-received_on"),
            View("unidentified", _l("Payer unknown"), (Filter("firm_id", "empty"), Filter("left", "gt", 0)), sort="received_on"),
            View("advance", _l("Advances"), (Filter("firm_id", "notempty"), Filter("left", "gt", 0)), sort="-received_on"),
            View("today", _l("Today"), (Filter("received_on", "eq", "@today"),), sort="-id"),
            View("out", _l("Refunds and reversals"), (Filter("amount", "lt", 0),), sort="-received_on"),
        ),
        actions=(
            Action("allocate", _l("Allocate"), f"{F}:allocate_by_rule", (TODAY, RULE_NOW), primary=True, guard=f"{F}:why_not_allocate"),
            Action(
                "assign",
                _l("Name the firm"),
                f"{S}:assign_receipt",
                (Input("firm_id", "ref", _l("Firm"), required=True, ref="tenants.firm"), TODAY, RULE),
                primary=True,
                guard=f"{F}:why_not_assign",
            ),
            Action(
                "refund",
                _l("Ask for a refund"),
                "modules.billing.services.refunds:ask_for_receipt",
                (Input("amount", "money", _l("Amount"), required=True), TODAY, REASON, *PAYEE),
                guard=f"{F}:why_not_allocate",
            ),
            Action("reverse", _l("Reverse"), f"{S}:reverse_receipt", (TODAY, REASON), danger=True, guard=f"{F}:why_not_reverse"),
        ),
        tabs=(
            Related(
                "allocations",
                _l("Settles"),
                "billing.allocation",
                "receipt_id",
                ("on_date", "bill_id", "amount", "refund_id", "made_by"),
                10,
            ),
        ),
        facts=(Fact(_l("Not allocated"), left_fact),),
        search=("number", "payer", "reference", "firm.name"),
        menu=("receipts", 10),
        sort="-id",
        code_field="number",
        report="receipt-slip",
    ),
    Resource(
        "billing.allocation",
        Allocation,
        Titles(_l("Allocations"), _l("Allocation")),
        icon="arrows-join",
        columns=(
            Col("on_date", width=105, important=True, link=True),
            Col("bill_id", width=150, important=True),
            Col("receipt_id", width=150),
            Col("credit_id", width=150),
            Col("refund_id", width=150),
            Col("amount", width=120, total="sum", important=True),
            Col("made_by", width=120),
            Col("undoes_id", hidden=True),
            Col("bill.firm_id", _l("Firm"), 220),
        ),
        sections=(Section(_l("Allocation"), ("bill_id", "receipt_id", "credit_id", "refund_id", "amount", "on_date", "made_by")),),
        money=True,
        load=("bill", "receipt", "credit", "refund"),
        actions=(
            Action(
                "undo",
                _l("Undo the allocation"),
                "modules.billing.services.allocations:undo_allocation",
                (TODAY,),
                danger=True,
                guard="modules.billing.services.allocations:why_not_undo",
            ),
        ),
        search=("bill.number", "receipt.number"),
        menu=("receipts", 40),
        sort="-id",
    ),
    Resource(
        "billing.bank_account",
        BankAccount,
        Titles(_l("Bank accounts"), _l("Bank account"), _l("New bank account")),
        icon="building-bank",
        columns=(
            Col("name", important=True, link=True, width=200),
            Col("bank", important=True, width=200),
            Col("number", important=True, width=200),
            Col("account_id", width=200),
            Col("active", width=80),
        ),
        sections=(Section(_l("Bank account"), ("name", "bank", "number", "account_id", "active")),),
        create="modules.billing.services.bank_accounts:create_bank_account",
        change="modules.billing.services.bank_accounts:change_bank_account",
        remove="modules.billing.services.bank_accounts:remove_bank_account",
        load=("account",),
        search=("name", "bank", "number"),
        menu=("setup", 60),
    ),
]


def days_late(model: Any, context: Any) -> Any:
    """SQL: days past due today; empty before."""
    return case((model.due_on < context.today, context.today - model.due_on), else_=None)


def open_amount(model: Any, context: Any) -> Any:
    """SQL: what is open."""
    return type_coerce(model.gross - model.settled, Money)


def late_tone(value: Any) -> str:
    """Amber from the first day, red from the 31st."""
    return "grey" if not value else "red" if value > 30 else "amber"


def _late(first: int, last: int | None = None) -> tuple[Filter, ...]:
    late = (Filter("due_on", "lte", f"@today-{first}"),)
    return late if last is None else (*late, Filter("due_on", "gte", f"@today-{last}"))


RESOURCES.append(
    Resource(
        "billing.open_item",
        Bill,
        Titles(_l("Open bills"), _l("Open bill")),
        icon="file-alert",
        columns=(
            Col("number", important=True, link=True, width=130),
            Col("firm_id", important=True, width=240),
            Col("month", width=90),
            Col("due_on", width=105, important=True),
            Col("late", _l("Days past due"), sql=days_late, fmt="int", width=110, tone=late_tone),
            Col("gross", width=120, total="sum"),
            Col("settled", width=120, total="sum"),
            Col("open", _l("Open amount"), sql=open_amount, fmt="money", width=120, total="sum", important=True),
            Col("issued_on", hidden=True),
        ),
        sections=(Section(_l("Open bill"), ("number", "firm_id", "month", "issued_on", "due_on", "gross", "settled")),),
        base_filters=(Filter("state", "eq", "posted"), Filter("kind", "eq", "bill"), Filter("open", "gt", 0)),
        load=("firm",),
        money=True,
        views=(
            View("overdue", _l("Overdue"), _late(1), sort="due_on"),
            View("late_30", _l("1–30 days"), _late(1, 30), sort="due_on"),
            View("late_90", _l("31–90 days"), _late(31, 90), sort="due_on"),
            View("late_more", _l("Over 90 days"), _late(91), sort="due_on"),
            View(
                "coming", _l("Due within 30 days"), (Filter("due_on", "gte", "@today"), Filter("due_on", "lte", "@today+30")), sort="due_on"
            ),
            View("all", _l("All"), (), sort="due_on"),
        ),
        actions=(
            Action(
                "pay",
                _l("Pay in full"),
                f"{F}:pay_bill",
                (
                    Input("received_on", "date", _l("Received on"), required=True, default=lambda session: clock.today()),
                    Input(
                        "kind", "choice", _l("Way"), required=True, default="bank", choices=lambda session: [(k, str(t)) for k, t in WAYS]
                    ),
                    Input("bank_account_id", "ref", _l("Bank account"), ref="billing.bank_account"),
                    Input("reference", "text", _l("Reference"), max_length=200),
                ),
                primary=True,
                guard=f"{F}:why_not_pay",
            ),
        ),
        bulk=(
            Action(
                "pay_in_full",
                _l("Pay in full"),
                "modules.billing.services.receipts_bulk:pay_in_full",
                (
                    Input("received_on", "date", _l("Received on"), required=True, default=lambda session: clock.today()),
                    Input("bank_account_id", "ref", _l("Bank account"), ref="billing.bank_account"),
                    Input("reference", "text", _l("Reference"), max_length=200),
                ),
                preview="modules.billing.services.receipts_bulk:count_payable",
            ),
        ),
        tabs=(
            Related(
                "settled_by",
                _l("Settled with"),
                "billing.allocation",
                "bill_id",
                ("on_date", "receipt_id", "credit_id", "amount", "made_by"),
                10,
            ),
        ),
        search=("number", "firm.name"),
        menu=("receipts", 20),
        sort="due_on",
        code_field="number",
    )
)


FINANCE = ("finance",)
slots.tile(
    Tile(
        "billing.unidentified", _l("Receipts without a payer"), "billing.receipt", "unidentified", FINANCE, ("payer", "amount"), 16, "amber"
    )
)
slots.tile(
    Tile(
        "billing.arrears",
        _l("Arrears to chase"),
        "billing.open_item",
        "overdue",
        ("operations_clerk",),
        ("firm_id", "open", "due_on"),
        15,
        "red",
    )
)
slots.action(
    "billing.bill", Action("pay", _l("Pay in full"), f"{F}:pay_bill", RESOURCES[-1].actions[0].inputs, guard=f"{F}:why_not_pay", money=True)
)
