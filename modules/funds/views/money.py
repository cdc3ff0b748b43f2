"""Screens of calls, distributions, expenses and the book of flows."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.call import CallPart, CapitalCall, DistributionPart, FundDistribution, FundExpense, FundFlow
from ..services import calls, distributions

L = "modules.funds.services.calls"
D = "modules.funds.services.distributions"
E = "modules.funds.services.expenses"
B = "modules.funds.services.book"
ON = Input("on", "date", _l("Date"), required=True)
REFERENCE = Input("reference", "text", _l("Reference"), max_length=80)
PAY = {"word": "change", "money": True}
OPEN = (
    View("open", _l("Under way"), (Filter("state", "in", ["draft", "submitted"]),)),
    View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
)


def call_tab(session: Any, row: CapitalCall) -> dict[str, Any]:
    """The parts with their totals."""
    return {"row": row, "parts": calls.parts_of(session, row)}


def distribution_tab(session: Any, row: FundDistribution) -> dict[str, Any]:
    """Tiers and parts with their totals."""
    return {"row": row, "parts": distributions.parts_of(session, row)}


def open_fact(session: Any, row: CapitalCall) -> tuple[str, str | None]:
    """What has not arrived yet."""
    left = sum(p.amount - p.received for p in calls.parts_of(session, row))
    return f"{left:,.2f}", "green" if not left and row.state == "posted" else None


CALL = Resource(
    "funds.call",
    CapitalCall,
    Titles(_l("Capital calls"), _l("Capital call"), _l("New capital call")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("fund.name", _l("Fund"), 220),
        Col("notice_on", width=110),
        Col("due_on", width=110),
        Col("for_investments", total="sum"),
        Col("for_fees", total="sum"),
        Col("for_expenses", total="sum"),
        Col("total", important=True, total="sum"),
        Col("state", width=130, important=True),
        Col("fund_id", hidden=True),
    ),
    sections=(Section(_l("Capital call"), ("fund_id", "notice_on", "due_on", "for_investments", "for_fees", "for_expenses", "purpose")),),
    create=f"{L}:create_call",
    change=f"{L}:change_call",
    workflow="modules.funds.states:CALL",
    editable_in=("draft",),
    views=(*OPEN, View("called", _l("Called"), (Filter("state", "eq", "posted"),)), View("all", _l("All"), ())),
    actions=(Action("receive_all", _l("Everything has arrived"), f"{L}:receive_all", (ON,), guard=f"{L}:why_not_receive_all", **PAY),),
    tabs=(
        Tab("parts", _l("Parts of the partners"), "funds/call.html", call_tab, order=5),
        Related("receipts", _l("Receipts"), "funds.call_part", "call_id", order=10),
    ),
    facts=(Fact(_l("Still to come"), open_fact),),
    load=("fund",),
    search=("number", "fund.name"),
    sort="-notice_on",
    parent=("fund_id", "funds.fund"),
    menu=("money", 10),
    icon="cash-banknote",
    code_field="number",
    report="fund-call",
    money=True,
)
CALL_PART = Resource(
    "funds.call_part",
    CallPart,
    Titles(_l("Parts of calls"), _l("Part of a call")),
    columns=(
        Col("call.number", _l("Capital call"), 130, True, link=True),
        Col("partner.name", _l("Partner"), 240, True),
        Col("for_investments", total="sum"),
        Col("for_fees", total="sum"),
        Col("for_expenses", total="sum"),
        Col("amount", important=True, total="sum"),
        Col("received", total="sum"),
        Col("call_id", hidden=True),
        Col("partner_id", hidden=True),
    ),
    sections=(
        Section(_l("Part of a call"), ("call_id", "partner_id", "for_investments", "for_fees", "for_expenses", "amount", "received")),
    ),
    actions=(
        Action(
            "receive",
            _l("Money arrived"),
            f"{L}:receive_part",
            (Input("amount", "money", _l("Amount"), required=True), ON, REFERENCE),
            guard=f"{L}:why_not_receive",
            primary=True,
            **PAY,
        ),
    ),
    load=("call", "partner"),
    search=("call.number", "partner.name"),
    sort="id",
    icon="receipt",
    report="fund-call-notice",
    money=True,
)
DISTRIBUTION = Resource(
    "funds.distribution",
    FundDistribution,
    Titles(_l("Distributions"), _l("Distribution"), _l("New distribution")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("fund.name", _l("Fund"), 220),
        Col("on_date", width=110),
        Col("amount", important=True, total="sum"),
        Col("capital", total="sum"),
        Col("preferred", total="sum"),
        Col("excess", total="sum"),
        Col("carry", total="sum"),
        Col("recallable", total="sum"),
        Col("state", width=130, important=True),
        Col("fund_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Distribution"),
            ("fund_id", "on_date", "amount", "recallable", Input("exit_id", "ref", _l("Investment exit"), ref="funds.exit"), "purpose"),
        ),
    ),
    create=f"{D}:create_distribution",
    change=f"{D}:change_distribution",
    workflow="modules.funds.states:DISTRIBUTION",
    editable_in=("draft",),
    views=(*OPEN, View("declared", _l("Declared"), (Filter("state", "eq", "posted"),)), View("all", _l("All"), ())),
    actions=(Action("pay_all", _l("Everything was paid out"), f"{D}:pay_all", (ON,), guard=f"{D}:why_not_pay_all", **PAY),),
    tabs=(
        Tab("parts", _l("Parts of the partners"), "funds/distribution.html", distribution_tab, order=5),
        Related("payments", _l("Payments to partners"), "funds.distribution_part", "distribution_id", order=10),
    ),
    load=("fund", "exit"),
    search=("number", "fund.name"),
    sort="-on_date",
    parent=("fund_id", "funds.fund"),
    menu=("money", 20),
    icon="arrows-split",
    code_field="number",
    report="fund-distribution",
    money=True,
)
DISTRIBUTION_PART = Resource(
    "funds.distribution_part",
    DistributionPart,
    Titles(_l("Parts of distributions"), _l("Part of a distribution")),
    columns=(
        Col("distribution.number", _l("Distribution"), 130, True, link=True),
        Col("partner.name", _l("Partner"), 240, True),
        Col("capital", total="sum"),
        Col("preferred", total="sum"),
        Col("excess", total="sum"),
        Col("carry", total="sum"),
        Col("amount", important=True, total="sum"),
        Col("recallable", total="sum"),
        Col("paid", total="sum"),
        Col("distribution_id", hidden=True),
        Col("partner_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Part of a distribution"),
            ("distribution_id", "partner_id", "capital", "preferred", "excess", "carry", "amount", "recallable", "paid"),
        ),
    ),
    actions=(Action("pay", _l("Paid out"), f"{D}:pay_part", (ON, REFERENCE), guard=f"{D}:why_not_pay", primary=True, **PAY),),
    load=("distribution", "partner"),
    search=("distribution.number", "partner.name"),
    sort="id",
    icon="receipt-refund",
    report="fund-distribution-notice",
    money=True,
)
EXPENSE = Resource(
    "funds.expense",
    FundExpense,
    Titles(_l("Fees and expenses"), _l("Fee or expense"), _l("New expense")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("fund.name", _l("Fund"), 220),
        Col("kind", width=140, important=True),
        Col("on_date", width=110),
        Col("payee", width=200),
        Col("amount", important=True, total="sum"),
        Col("period_from", width=110),
        Col("period_to", width=110),
        Col("state", width=130),
        Col("fund_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Fee or expense"), ("fund_id", "kind", "on_date", "amount", "payee", "period_from", "period_to", "explain", "reference")
        ),
    ),
    create=f"{E}:create_expense",
    change=f"{E}:change_expense",
    workflow="modules.funds.states:EXPENSE",
    editable_in=("draft",),
    views=(*OPEN, View("paid", _l("Paid"), (Filter("state", "eq", "posted"),)), View("all", _l("All"), ())),
    tabs=(Related("flows", _l("Book of flows"), "funds.flow", "expense_id", order=10),),
    load=("fund",),
    search=("number", "payee"),
    sort="-on_date",
    parent=("fund_id", "funds.fund"),
    menu=("money", 30),
    icon="receipt-2",
    code_field="number",
    money=True,
)
FLOW = Resource(
    "funds.flow",
    FundFlow,
    Titles(_l("Book of flows"), _l("Flow of a fund"), _l("Enter bank interest")),
    columns=(
        Col("on_date", width=110, important=True, link=True),
        Col("fund.name", _l("Fund"), 220),
        Col("kind", width=180, important=True),
        Col("amount", important=True, total="sum"),
        Col("cash", width=100),
        Col("partner.name", _l("Partner"), 200),
        Col("investment.number", _l("Fund investment"), 130),
        Col("reference", width=140),
        Col("note", width=200),
        Col("entered_by", width=110),
        Col("fund_id", hidden=True),
        Col("partner_id", hidden=True),
        Col("investment_id", hidden=True),
        Col("exit_id", hidden=True),
        Col("expense_id", hidden=True),
    ),
    sections=(Section(_l("Bank interest"), ("fund_id", "amount", "on_date", "reference")),),
    create=f"{B}:add_interest",
    views=(
        View("all", _l("All"), (), "-on_date"),
        View("bank", _l("Through the bank"), (Filter("cash", "eq", True),), "-on_date"),
        View("partners", _l("With partners"), (Filter("kind", "in", ["contribution", "distribution"]),), "-on_date"),
        View("holdings", _l("With firms"), (Filter("kind", "in", ["investment", "proceeds", "income"]),), "-on_date"),
    ),
    actions=(
        Action(
            "reverse",
            _l("Reverse"),
            f"{B}:reverse_flow",
            (ON, Input("reason", "longtext", _l("Reason"), required=True)),
            guard=f"{B}:why_not_reverse",
            danger=True,
            money=True,
        ),
    ),
    load=("fund", "partner", "investment"),
    search=("reference", "note"),
    sort="-on_date",
    parent=("fund_id", "funds.fund"),
    menu=("money", 40),
    icon="list-details",
    money=True,
)
RESOURCES = [CALL, CALL_PART, DISTRIBUTION, DISTRIBUTION_PART, EXPENSE, FLOW]
DECIDE = ("operations_manager", "leadership", "finance")
slots.tile(Tile("funds.calls", _l("Capital calls to approve"), "funds.call", "to_approve", DECIDE, ("fund.name", "total"), 64))
slots.tile(
    Tile("funds.distributions", _l("Distributions to approve"), "funds.distribution", "to_approve", DECIDE, ("fund.name", "amount"), 65)
)
slots.tile(Tile("funds.expenses", _l("Fund expenses to approve"), "funds.expense", "to_approve", DECIDE, ("payee", "amount"), 66))
