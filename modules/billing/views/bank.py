"""Lists of bank statements, their lines, matches and the accounts learnt from them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import type_coerce

from parkops import clock
from parkops.db.types import Money
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.bank import MATCH_REASONS, BankLine, BankMatch, BankStatement, PayerRule

M, S = "modules.billing.services.matching", "modules.billing.services.bank_statements"
REASON = Input("reason", "longtext", _l("Reason"), required=True)
ON = Input("on", "date", _l("Date"), required=True, default=lambda session: clock.today())


def left_of(model: Any, context: Any) -> Any:
    """SQL: what of the line is not matched."""
    return type_coerce(model.amount - model.matched, Money)


def left_fact(session: Any, row: BankLine) -> tuple[Any, str | None]:
    """What of the line is not matched."""
    left = row.amount - row.matched
    return f"{left:,.2f}", "amber" if left and row.state == "open" else None


RESOURCES = [
    Resource(
        "billing.bank_line",
        BankLine,
        Titles(_l("Bank lines"), _l("Bank line")),
        icon="list-details",
        columns=(
            Col("on_date", width=105, important=True, link=True),
            Col("amount", width=120, total="sum", important=True),
            Col("payer", width=220, important=True),
            Col("text", width=260),
            Col("payer_account", width=150),
            Col("left", _l("Not matched"), sql=left_of, fmt="money", width=115, total="sum"),
            Col("state", width=100),
            Col("bank_account_id", width=140),
            Col("reference", hidden=True),
            Col("balance", hidden=True),
            Col("payer_bank", hidden=True),
            Col("ignored_why", width=160),
            Col("ignored_by", hidden=True),
            Col("statement_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Bank line"), ("on_date", "amount", "matched", "balance", "payer", "payer_account", "payer_bank", "text", "reference")
            ),
            Section(_l("Matching"), ("state", "ignored_why", "ignored_by", "statement_id", "bank_account_id")),
        ),
        views=(
            View("open", _l("To be matched"), (Filter("state", "eq", "open"),), "on_date"),
            View("in", _l("Money in"), (Filter("amount", "gt", 0),), "-on_date"),
            View("out", _l("Money out"), (Filter("amount", "lt", 0),), "-on_date"),
            View("ignored", _l("Left out"), (Filter("state", "eq", "ignored"),), "-on_date"),
            View("all", _l("All"), (), "-on_date"),
        ),
        actions=(
            Action(
                "unknown",
                _l("Post without a payer"),
                f"{M}:post_unknown",
                guard=f"{M}:why_not_open",
                money=True,
                confirm=_l("Post the receipt without a firm? It waits under receipts without a payer."),
            ),
            Action("ignore", _l("Leave out"), f"{M}:ignore_line", (REASON,), guard=f"{M}:why_not_open"),
            Action("reopen", _l("Match again"), f"{M}:reopen_line", guard=f"{M}:why_not_reopen"),
        ),
        bulk=(Action("accept_safe", _l("Accept what is certain"), f"{M}:accept_safe", preview=f"{M}:count_safe", money=True),),
        tabs=(Related("matches", _l("Matched with"), "billing.bank_match", "line_id", order=10),),
        facts=(Fact(_l("Not matched"), left_fact),),
        load=("statement", "bank_account"),
        search=("payer", "text", "reference"),
        menu=("bank", 30),
        sort="-on_date",
    ),
    Resource(
        "billing.bank_match",
        BankMatch,
        Titles(_l("Matches"), _l("Match")),
        icon="link",
        columns=(
            Col("line.on_date", _l("Date"), 105, True, link=True),
            Col("amount", width=120, total="sum", important=True),
            Col("line.payer", _l("Other side"), 200, True),
            Col("receipt_id", width=150),
            Col("receipt.firm_id", _l("Firm"), 220),
            Col("move_id", width=130),
            Col("score", width=80),
            Col("made_at", width=140),
            Col("made_by", width=110),
            Col("line_id", hidden=True),
        ),
        sections=(Section(_l("Match"), (
            "line_id", "receipt_id", "move_id", "amount", "score", Input("reasons", "multichoice", _l("Why"), choices=MATCH_REASONS),
            "made_at", "made_by")),),
        actions=(Action("undo", _l("Undo the match"), f"{M}:undo_match", (ON, REASON), danger=True, money=True),),
        load=("line", "receipt", "move"),
        search=("line.payer", "receipt.number"),
        menu=("bank", 40),
        sort="-id",
    ),
    Resource(
        "billing.bank_statement",
        BankStatement,
        Titles(_l("Bank statements"), _l("Bank statement")),
        icon="file-import",
        columns=(
            Col("filename", width=220, important=True, link=True),
            Col("bank_account_id", width=160),
            Col("starts_on", width=105, important=True),
            Col("ends_on", width=105, important=True),
            Col("opening", width=120),
            Col("turnover", width=120),
            Col("closing", width=120),
            Col("lines", width=90),
            Col("known", width=110),
            Col("format", width=110),
            Col("imported_at", width=140),
            Col("imported_by", width=110),
        ),
        sections=(
            Section(_l("Bank statement"), ("bank_account_id", "filename", "format", "starts_on", "ends_on", "sha256")),
            Section(_l("Balances"), ("opening", "turnover", "closing", "lines", "known", "imported_at", "imported_by")),
        ),
        actions=(Action("undo", _l("Take the import back"), f"{S}:undo_statement", (REASON,), danger=True, guard=f"{S}:why_not_undo"),),
        tabs=(
            Related(
                "lines", _l("Bank lines"), "billing.bank_line", "statement_id", ("on_date", "amount", "payer", "text", "left", "state"), 10
            ),
        ),
        load=("bank_account",),
        search=("filename",),
        menu=("bank", 50),
        sort="-ends_on",
    ),
    Resource(
        "billing.payer_rule",
        PayerRule,
        Titles(_l("Known payers"), _l("Known payer")),
        icon="bulb",
        columns=(
            Col("payer", width=220, important=True, link=True),
            Col("payer_account", width=180),
            Col("firm_id", width=240, important=True),
            Col("times", width=90),
            Col("last_on", width=105, important=True),
        ),
        sections=(
            Section(_l("Known payer"), (Input("firm_id", "ref", _l("Firm"), required=True, ref="tenants.firm"),)),
            Section(_l("Learnt from"), ("payer", "payer_account", "times", "last_on")),
        ),
        change=f"{M}:change_rule",
        remove=f"{M}:remove_rule",
        load=("firm",),
        search=("payer", "firm.name"),
        menu=("setup", 62),
        sort="-last_on",
    ),
]

slots.tab("tenants.firm", Related("payers", _l("Known payers"), "billing.payer_rule", "firm_id", order=49))
slots.tile(
    Tile(
        "billing.to_match", _l("Bank lines to match"), "billing.bank_line", "open", ("finance",), ("payer", "left", "on_date"), 14, "amber"
    )
)
