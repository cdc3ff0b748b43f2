"""Screens of investments, registers of shares, valuations, exits, duties and covenants; the tab on a firm."""

from __future__ import annotations

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.investment import Investment, InvestmentCovenant, InvestmentDuty, InvestmentExit, ShareEntry, Valuation
from . import glance

I = "modules.funds.services.investments"
H = "modules.funds.services.shares"
V = "modules.funds.services.valuations"
X = "modules.funds.services.exits"
U = "modules.funds.services.duties"
ON = Input("on", "date", _l("Date"), required=True)
AMOUNT = Input("amount", "money", _l("Amount"), required=True)
REFERENCE = Input("reference", "text", _l("Reference"), max_length=80)

INVESTMENT = Resource(
    "funds.investment",
    Investment,
    Titles(_l("Investments"), _l("Fund investment"), _l("Take over an earlier investment")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("firm.name", _l("Firm"), 260, True),
        Col("fund.name", _l("Fund"), 200),
        Col("round", width=110),
        Col("instrument", width=120),
        Col("amount", important=True, total="sum"),
        Col("shares", width=130),
        Col("closed_on", width=110),
        Col("registered_on", width=110),
        Col("state", width=110),
        Col("fund_id", hidden=True),
        Col("firm_id", hidden=True),
        Col("deal_id", hidden=True),
    ),
    sections=(
        Section(
            _l("Fund investment"),
            (
                "fund_id",
                "firm_id",
                "round",
                "instrument",
                "amount",
                "pre_money",
                "shares",
                "contributor_id",
                "closed_on",
                "registered_on",
                "use_case",
            ),
        ),
        Section(_l("Convertible loan"), ("interest", "discount", "cap", "matures_on")),
    ),
    create=f"{I}:create_investment",
    change=f"{I}:change_investment",
    workflow="modules.funds.states_deal:INVESTMENT",
    editable_in=("open", "held", "partly_sold"),
    views=(
        View("held", _l("In the portfolio"), (Filter("state", "in", ["held", "partly_sold"]),), "-closed_on"),
        View("to_pay", _l("Waiting for payment"), (Filter("state", "eq", "open"),), "closed_on"),
        View(
            "unregistered",
            _l("Not registered yet"),
            (Filter("registered_on", "empty"), Filter("state", "in", ["open", "held"])),
            "closed_on",
        ),
        View("ended", _l("Ended"), (Filter("state", "in", ["exited", "written_off"]),), "-closed_on"),
        View("all", _l("All"), ()),
    ),
    actions=(
        Action(
            "pay",
            _l("Pay"),
            f"{I}:pay_investment",
            (AMOUNT, ON, REFERENCE),
            word="read",
            guard=f"{I}:why_not_pay",
            primary=True,
            money=True,
        ),
        Action("income", _l("Income arrived"), f"{I}:add_income", (AMOUNT, ON, REFERENCE), word="read", money=True),
        Action(
            "convert",
            _l("Convert into shares"),
            f"{I}:convert_loan",
            (ON, Input("price", "decimal", _l("Price per share of the round"), required=True)),
        ),
    ),
    tabs=(
        Tab("position", _l("Holding today"), "funds/investment.html", glance.of_investment, order=5),
        Related("valuations", _l("Valuations"), "funds.valuation", "investment_id", order=10),
        Related("flows", _l("Book of flows"), "funds.flow", "investment_id", order=15),
        Related("duties", _l("Duties"), "funds.duty", "investment_id", order=20),
        Related("covenants", _l("Covenants"), "funds.covenant", "investment_id", order=25),
        Related("exits", _l("Exits"), "funds.exit", "investment_id", order=30),
    ),
    facts=(Fact(_l("Fair value"), glance.value_fact), Fact(_l("MOIC"), glance.moic_fact)),
    load=("fund", "firm", "deal", "contributor"),
    search=("number", "firm.name"),
    sort="-closed_on",
    parent=("fund_id", "funds.fund"),
    menu=("portfolio", 10),
    icon="plant-2",
    code_field="number",
    money=True,
)
SHARES = Resource(
    "funds.share_entry",
    ShareEntry,
    Titles(_l("Registers of shares"), _l("Line of a register of shares"), _l("New line of the register")),
    columns=(
        Col("firm.name", _l("Firm"), 240, True, link=True),
        Col("on_date", width=110),
        Col("event", width=120),
        Col("title", width=150),
        Col("holder", width=200, important=True),
        Col("holder_kind", width=120),
        Col("shares", important=True, total="sum"),
        Col("price", width=110),
        Col("firm_id", hidden=True),
        Col("investment_id", hidden=True),
    ),
    sections=(
        Section(_l("Line of a register of shares"), ("firm_id", "on_date", "event", "title", "holder", "holder_kind", "shares", "price")),
    ),
    create=f"{H}:create_entry",
    remove=f"{H}:remove_entry",
    load=("firm",),
    search=("firm.name", "holder"),
    sort="-on_date",
    parent=("firm_id", "tenants.firm"),
    menu=("portfolio", 40),
    icon="chart-pie",
)
VALUATION = Resource(
    "funds.valuation",
    Valuation,
    Titles(_l("Valuations"), _l("Valuation"), _l("New valuation")),
    columns=(
        Col("investment.number", _l("Fund investment"), 130, link=True),
        Col("investment.firm.name", _l("Firm"), 240, True),
        Col("on_date", width=110, important=True),
        Col("basis", width=160),
        Col("value", important=True, total="sum"),
        Col("evidence", width=320),
        Col("state", width=130),
        Col("investment_id", hidden=True),
    ),
    sections=(Section(_l("Valuation"), ("investment_id", "on_date", "basis", "value", "evidence")),),
    create=f"{V}:create_valuation",
    change=f"{V}:change_valuation",
    workflow="modules.funds.states:VALUATION",
    editable_in=("draft",),
    views=(
        View("open", _l("Under way"), (Filter("state", "in", ["draft", "submitted"]),)),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
        View("confirmed", _l("Confirmed"), (Filter("state", "eq", "confirmed"),), "-on_date"),
        View("all", _l("All"), ()),
    ),
    load=("investment",),
    search=("investment.number", "investment.firm.name"),
    sort="-on_date",
    parent=("investment_id", "funds.investment"),
    menu=("portfolio", 20),
    icon="scale",
    money=True,
)
EXIT = Resource(
    "funds.exit",
    InvestmentExit,
    Titles(_l("Exits"), _l("Investment exit"), _l("New exit")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("investment.firm.name", _l("Firm"), 240, True),
        Col("way", width=160),
        Col("on_date", width=110),
        Col("part", width=90),
        Col("proceeds", important=True, total="sum"),
        Col("cost", total="sum"),
        Col("gain", total="sum"),
        Col("state", width=130),
        Col("investment_id", hidden=True),
    ),
    sections=(Section(_l("Investment exit"), ("investment_id", "way", "on_date", "part", "proceeds", "buyer")),),
    create=f"{X}:create_exit",
    change=f"{X}:change_exit",
    workflow="modules.funds.states:EXIT",
    editable_in=("draft",),
    views=(
        View("open", _l("Under way"), (Filter("state", "in", ["draft", "submitted"]),)),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
        View("all", _l("All"), ()),
    ),
    actions=(
        Action(
            "receive",
            _l("Proceeds arrived"),
            f"{X}:receive_proceeds",
            (AMOUNT, ON, REFERENCE),
            word="read",
            guard=f"{X}:why_not_receive",
            primary=True,
            money=True,
        ),
    ),
    tabs=(Related("flows", _l("Book of flows"), "funds.flow", "exit_id", order=10),),
    load=("investment",),
    search=("number", "investment.firm.name"),
    sort="-on_date",
    parent=("investment_id", "funds.investment"),
    menu=("portfolio", 30),
    icon="door-exit",
    code_field="number",
    money=True,
)
DUTY = Resource(
    "funds.duty",
    InvestmentDuty,
    Titles(_l("Post-investment duties"), _l("Post-investment duty"), _l("New duty")),
    columns=(
        Col("title", width=260, important=True, link=True),
        Col("investment.firm.name", _l("Firm"), 240, True),
        Col("kind", width=200),
        Col("due_on", width=110, important=True),
        Col("every_months", width=100),
        Col("done_on", width=110),
        Col("state", width=100),
        Col("investment_id", hidden=True),
    ),
    sections=(Section(_l("Post-investment duty"), ("investment_id", "kind", "title", "due_on", "every_months", "note")),),
    create=f"{U}:create_duty",
    change=f"{U}:change_duty",
    workflow="modules.funds.states_deal:DUTY",
    editable_in=("open",),
    views=(
        View("due", _l("Due within 30 days"), (Filter("state", "eq", "open"), Filter("due_on", "lte", "@today+30")), "due_on"),
        View("late", _l("Late"), (Filter("state", "eq", "open"), Filter("due_on", "lt", "@today")), "due_on"),
        View("all", _l("All"), (), "due_on"),
    ),
    load=("investment",),
    search=("title", "investment.firm.name"),
    sort="due_on",
    parent=("investment_id", "funds.investment"),
    menu=("portfolio", 50),
    icon="calendar-check",
)
COVENANT = Resource(
    "funds.covenant",
    InvestmentCovenant,
    Titles(_l("Covenants"), _l("Covenant"), _l("New covenant")),
    columns=(
        Col("title", width=240, important=True, link=True),
        Col("investment.firm.name", _l("Firm"), 240, True),
        Col("metric", width=160),
        Col("year", width=80),
        Col("op", width=80),
        Col("threshold", important=True),
        Col("found"),
        Col("waived", width=200),
        Col("investment_id", hidden=True),
    ),
    sections=(Section(_l("Covenant"), ("investment_id", "title", "metric", "year", "op", "threshold", "found", "waived")),),
    create=f"{U}:create_covenant",
    change=f"{U}:change_covenant",
    load=("investment",),
    search=("title", "investment.firm.name"),
    sort="-year",
    parent=("investment_id", "funds.investment"),
    menu=("portfolio", 60),
    icon="file-check",
)
RESOURCES = [INVESTMENT, SHARES, VALUATION, EXIT, DUTY, COVENANT]
BOTH = ("operations_clerk", "operations_manager")
slots.tab("tenants.firm", Tab("funds", _l("Investments and ownership"), "funds/firm.html", glance.of_firm, order=62))
slots.tile(
    Tile(
        "funds.duties",
        _l("Post-investment duties due"),
        "funds.duty",
        "due",
        BOTH,
        ("investment.firm.name", "title", "due_on"),
        68,
        "amber",
    )
)
slots.tile(
    Tile(
        "funds.valuations",
        _l("Valuations to approve"),
        "funds.valuation",
        "to_approve",
        ("operations_manager", "finance"),
        ("investment.firm.name", "value"),
        69,
    )
)
slots.tile(
    Tile(
        "funds.exits",
        _l("Exits to approve"),
        "funds.exit",
        "to_approve",
        ("operations_manager", "leadership"),
        ("investment.firm.name", "proceeds"),
        70,
    )
)
