"""Screens of deposits and their movements, and of refunds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import type_coerce

from parkops.db.types import Money
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.deposit import Deposit, DepositMove
from ..models.refund import Refund
from ..services import deposits
from .receipts import PAYEE, REASON, TODAY, WAYS

S, R, E = "modules.billing.services.deposits", "modules.billing.services.refunds", "modules.billing.services.deposits_end"
AMOUNT = Input("amount", "money", _l("Amount"), required=True)
BANK = Input("bank_account_id", "ref", _l("Bank account"), ref="billing.bank_account")


def to_receive(model: Any, context: Any) -> Any:
    """SQL: agreed and not received."""
    return type_coerce(model.agreed - model.held, Money)


def held_fact(session: Any, row: Deposit) -> tuple[Any, str | None]:
    """What is held of what was agreed."""
    return f"{row.held:,.2f} / {row.agreed:,.2f}", "amber" if row.held < row.agreed else "green"


def effect_fact(session: Any, row: Deposit) -> tuple[Any, str | None]:
    """How much counts as earnest money."""
    return (f"{deposits.effective(row):,.2f}", None) if row.kind == "earnest" else ("", None)


RESOURCES = [
    Resource(
        "billing.deposit",
        Deposit,
        Titles(_l("Deposits"), _l("Deposit"), _l("New deposit")),
        icon="lock-dollar",
        columns=(
            Col("number", important=True, link=True, width=130),
            Col("firm_id", important=True, width=240),
            Col("kind", width=110),
            Col("agreed", width=120, total="sum"),
            Col("held", width=120, total="sum", important=True),
            Col("to_receive", _l("Not received"), sql=to_receive, fmt="money", width=120, total="sum"),
            Col("due_on", width=105),
            Col("subject_amount", hidden=True),
            Col("source", hidden=True),
            Col("note", hidden=True),
            Col("closed_on", hidden=True),
            Col("firm.moved_out_on", _l("Firm left on"), 105),
        ),
        sections=(Section(_l("Deposit"), ("number", "firm_id", "kind", "agreed", "subject_amount", "held", "due_on", "note")),),
        create=f"{S}:agree_deposit",
        change=f"{S}:change_deposit",
        money=True,
        load=("firm",),
        views=(
            View(
                "to_receive",
                _l("To receive"),
                (Filter("to_receive", "gt", 0), Filter("firm.moved_out_on", "empty"), Filter("closed_on", "empty")),
                sort="due_on",
            ),
            View("held", _l("Deposits held"), (Filter("held", "gt", 0),), sort="firm_id"),
            View(
                "to_refund",
                _l("To refund after move-out"),
                (Filter("held", "gt", 0), Filter("firm.moved_out_on", "notempty")),
                sort="firm.moved_out_on",
            ),
            View("pledge", _l("Pledged deposits"), (Filter("kind", "eq", "pledge"),), sort="-id"),
            View("performance", _l("Performance bonds"), (Filter("kind", "eq", "performance"),), sort="-id"),
            View("earnest", _l("Earnest money"), (Filter("kind", "eq", "earnest"),), sort="-id"),
            View("all", _l("All"), (), sort="-id"),
        ),
        actions=(
            Action(
                "receive",
                _l("Receive"),
                f"{S}:receive_deposit",
                (
                    AMOUNT,
                    TODAY,
                    Input(
                        "kind", "choice", _l("Way"), required=True, default="bank", choices=lambda session: [(k, str(t)) for k, t in WAYS]
                    ),
                    BANK,
                ),
                primary=True,
                guard=f"{E}:why_not_receive",
            ),
            Action("offset", _l("Set off against bills"), f"{S}:offset_deposit", (AMOUNT, TODAY), guard=f"{E}:why_not_use"),
            Action("refund", _l("Ask for a refund"), f"{R}:ask_for_deposit", (AMOUNT, TODAY, REASON, *PAYEE), guard=f"{E}:why_not_use"),
            Action(
                "move",
                _l("Carry over to another deposit"),
                f"{S}:move_deposit",
                (Input("to_id", "ref", _l("To deposit"), required=True, ref="billing.deposit"), AMOUNT, TODAY),
                guard=f"{E}:why_not_use",
            ),
            Action(
                "forfeit",
                _l("Forfeit"),
                f"{S}:forfeit_deposit",
                (Input("amount", "money", _l("Amount"), help=_l("Empty: all that has effect")), TODAY, REASON),
                danger=True,
                guard=f"{E}:why_not_use",
            ),
            Action("double", _l("Return double"), f"{S}:return_double", (TODAY, REASON, BANK), danger=True, guard=f"{E}:why_not_double"),
        ),
        tabs=(
            Related(
                "moves",
                _l("Movements"),
                "billing.deposit_move",
                "deposit_id",
                ("on_date", "kind", "amount", "receipt_id", "reason", "posted_by"),
                10,
            ),
            Related("refunds", _l("Refunds"), "billing.refund", "deposit_id", ("number", "amount", "state", "asked_on", "paid_on"), 20),
        ),
        facts=(Fact(_l("Held of agreed"), held_fact), Fact(_l("Counts as earnest money"), effect_fact)),
        search=("number", "firm.name"),
        menu=("deposits", 10),
        sort="-id",
        code_field="number",
        report="deposit-slip",
    ),
    Resource(
        "billing.deposit_move",
        DepositMove,
        Titles(_l("Deposit movements"), _l("Deposit movement")),
        icon="arrows-exchange",
        columns=(
            Col("on_date", important=True, link=True, width=105),
            Col("deposit_id", width=130),
            Col("deposit.kind", _l("Kind of deposit"), 120),
            Col("deposit.firm_id", _l("Firm"), 240, True),
            Col("kind", width=140),
            Col("amount", width=120, total="sum", important=True),
            Col("receipt_id", width=130),
            Col("bank_account_id", width=140),
            Col("reason", width=200),
            Col("posted_by", width=110),
        ),
        sections=(
            Section(
                _l("Deposit movement"),
                (
                    "deposit_id",
                    "kind",
                    "on_date",
                    "amount",
                    "receipt_id",
                    "bank_account_id",
                    "entry_id",
                    "reason",
                    "posted_at",
                    "posted_by",
                ),
            ),
        ),
        money=True,
        load=("deposit", "receipt", "bank_account", "entry"),
        actions=(
            Action("reverse", _l("Take back"), f"{S}:reverse_move", (TODAY, REASON), word="add", danger=True, guard=f"{E}:why_not_reverse"),
        ),
        views=(
            View("month", _l("This month"), (Filter("on_date", "gte", "@month"),), sort="-on_date"),
            View("all", _l("All"), (), sort="-on_date"),
        ),
        search=("deposit.number",),
        menu=("deposits", 20),
        sort="-id",
    ),
    Resource(
        "billing.refund",
        Refund,
        Titles(_l("Refunds"), _l("Refund")),
        icon="cash-banknote",
        columns=(
            Col("number", important=True, link=True, width=130),
            Col("firm_id", important=True, width=240),
            Col("amount", important=True, width=120, total="sum"),
            Col("state", width=120),
            Col("asked_on", width=105),
            Col("receipt_id", width=130),
            Col("credit_id", width=130),
            Col("deposit_id", width=130),
            Col("paid_on", width=105),
            Col("payee", hidden=True),
            Col("reason", hidden=True),
        ),
        sections=(
            Section(_l("Refund"), ("number", "firm_id", "amount", "asked_on", "receipt_id", "credit_id", "deposit_id", "reason")),
            Section(_l("Payment"), ("payee", "payee_bank", "payee_account", "paid_on", "bank_account_id", "paid_receipt_id", "move_id")),
        ),
        workflow="modules.billing.states_refund:REFUND",
        money=True,
        load=("firm", "receipt", "credit", "deposit", "bank_account", "paid_receipt", "move"),
        views=(
            View("waiting", _l("Waiting for approval"), (Filter("state", "eq", "requested"),), sort="asked_on"),
            View("to_pay", _l("To be paid back"), (Filter("state", "eq", "approved"),), sort="asked_on"),
            View("open", _l("Unfinished"), (Filter("state", "in", ["requested", "approved"]),), sort="asked_on"),
            View("all", _l("All"), (), sort="-id"),
        ),
        search=("number", "firm.name"),
        menu=("receipts", 50),
        sort="-id",
        code_field="number",
    ),
]

slots.tile(
    Tile(
        "billing.refunds_waiting",
        _l("Refunds to approve"),
        "billing.refund",
        "waiting",
        ("operations_manager",),
        ("firm_id", "amount"),
        17,
        "violet",
    )
)
slots.tile(
    Tile("billing.refunds_to_pay", _l("Refunds open"), "billing.refund", "open", ("finance",), ("firm_id", "amount", "state"), 18, "violet")
)
slots.tile(
    Tile(
        "billing.deposits_back",
        _l("Deposits to refund"),
        "billing.deposit",
        "to_refund",
        ("finance", "operations_manager"),
        ("firm_id", "held"),
        19,
        "amber",
    )
)
slots.tab(
    "tenants.firm", Related("deposits", _l("Deposits"), "billing.deposit", "firm_id", ("number", "kind", "agreed", "held", "due_on"), 36)
)
