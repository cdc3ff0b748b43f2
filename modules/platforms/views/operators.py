"""Screens of operator contracts, clauses, lent assets and settlements."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.contract import ContractAsset, ContractKpi, OperatorContract, OperatorLine, OperatorSettlement
from ..services import operator_settlements as settlements
from ..services import scorecard

C = "modules.platforms.services.contracts"
S = "modules.platforms.services.operator_settlements"
ON = Input("on", "date", _l("Date"), required=True)


def score_tab(session: Any, contract: OperatorContract) -> dict[str, Any]:
    """The running year's clauses against what was counted until today."""
    on = clock.today()
    first = max(contract.starts_on, on.replace(month=1, day=1))
    last = min(contract.ended_on or contract.ends_on, on)
    if last < first:
        first, last = contract.starts_on, contract.ended_on or contract.ends_on
    rows, score = scorecard.score_of(session, contract, first, last)
    return {"rows": rows, "score": score, "first": first, "last": last}


def lines_tab(session: Any, row: OperatorSettlement) -> dict[str, Any]:
    """The settlement line by line."""
    return {"lines": settlements.lines_of(session, row), "row": row}


def payment_fact(session: Any, row: OperatorSettlement) -> tuple[str, str | None]:
    """What is to be paid."""
    return (f"{row.payment:,.2f}" if row.payment is not None else "—"), None


def score_fact(session: Any, row: OperatorSettlement) -> tuple[str, str | None]:
    """The score."""
    return (f"{row.score:.2f}" if row.score is not None else "—"), None


def term_fact(session: Any, row: OperatorContract) -> tuple[str, str | None]:
    """From when to when."""
    return f"{row.starts_on} – {row.ended_on or row.ends_on}", None


FIELDS = (
    Section(_l("Parties"), ("platform_id", "model", "owner", "operator", "operator_firm_id", "starts_on", "ends_on")),
    Section(
        _l("Payment"),
        (
            "kpi_period",
            "base_fee",
            "revenue_share",
            "share_basis",
            "bonus_from",
            "bonus_step",
            "bonus_cap",
            "penalty_from",
            "penalty_step",
            "penalty_cap",
        ),
    ),
    Section(_l("Shared costs and exit"), ("share_key", "area", "fixed_share", "exit_terms", "note")),
)

CONTRACT = Resource(
    "platforms.operator_contract",
    OperatorContract,
    Titles(_l("Operator contracts"), _l("Operator contract"), _l("New operator contract")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("platform.name", _l("Platform"), 240, True),
        Col("operator", width=220),
        Col("model", width=150),
        Col("starts_on", width=105),
        Col("ends_on", width=105),
        Col("base_fee", total="sum"),
        Col("revenue_share", width=110),
        Col("state", width=120, important=True),
        Col("platform_id", hidden=True),
    ),
    sections=FIELDS,
    create=f"{C}:create_contract",
    change=f"{C}:change_contract",
    workflow="modules.platforms.states_contract:CONTRACT",
    views=(
        View("running", _l("In force"), (Filter("state", "eq", "running"),)),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
        View("ending", _l("Ending within 90 days"), (Filter("state", "eq", "running"), Filter("ends_on", "lte", "@today+90")), "ends_on"),
        View("all", _l("All"), ()),
    ),
    tabs=(
        Tab("score", _l("Scorecard"), "platforms/score.html", score_tab, order=5),
        Related("kpis", _l("Performance clauses"), "platforms.contract_kpi", "contract_id", order=10),
        Related("assets", _l("Assets on loan"), "platforms.contract_asset", "contract_id", order=20),
        Related("settlements", _l("Operator settlements"), "platforms.operator_settlement", "contract_id", order=30),
        Related("shares", _l("Parts of the operators"), "platforms.cost_share", "contract_id", order=40),
    ),
    facts=(Fact(_l("Term"), term_fact),),
    load=("platform", "operator_firm"),
    search=("number", "operator", "platform.name"),
    sort="-id",
    parent=("platform_id", "platforms.platform"),
    menu=("operators", 10),
    icon="file-certificate",
    code_field="number",
)

KPI = Resource(
    "platforms.contract_kpi",
    ContractKpi,
    Titles(_l("Performance clauses"), _l("Performance clause"), _l("Add a clause")),
    columns=(
        Col("contract_id", width=200),
        Col("title", width=240, important=True, link=True),
        Col("metric", width=160, important=True),
        Col("target", width=110, important=True),
        Col("period", width=110),
        Col("weight", width=90),
        Col("most", width=90),
        Col("evidence", width=240),
    ),
    sections=(Section(_l("Performance clause"), ("contract_id", "metric", "title", "target", "period", "weight", "most", "evidence")),),
    create=f"{C}:create_kpi",
    change=f"{C}:change_kpi",
    remove=f"{C}:remove_kpi",
    load=("contract",),
    sort="id",
    parent=("contract_id", "platforms.operator_contract"),
    icon="target",
)

ASSET = Resource(
    "platforms.contract_asset",
    ContractAsset,
    Titles(_l("Assets on loan"), _l("Asset on loan"), _l("Lend an instrument")),
    columns=(
        Col("contract_id", width=200),
        Col("instrument.name", _l("Instrument"), 240, True, link=True),
        Col("lent_on", width=110, important=True),
        Col("returned_on", width=110, important=True),
        Col("condition", width=220),
        Col("instrument_id", hidden=True),
    ),
    sections=(Section(_l("Asset on loan"), ("contract_id", "instrument_id", "lent_on", "returned_on", "condition")),),
    create=f"{C}:create_asset",
    change=f"{C}:change_asset",
    load=("contract", "instrument"),
    sort="-id",
    parent=("contract_id", "platforms.operator_contract"),
    icon="transfer",
)

SETTLEMENT = Resource(
    "platforms.operator_settlement",
    OperatorSettlement,
    Titles(_l("Operator settlements"), _l("Operator settlement"), _l("Settle a period")),
    columns=(
        Col("number", width=130, important=True, link=True),
        Col("contract.operator", _l("Platform operator"), 220, True),
        Col("starts_on", width=105),
        Col("ends_on", width=105),
        Col("score", width=90),
        Col("payment", important=True, total="sum"),
        Col("state", width=140),
        Col("posted_on", width=105),
        Col("paid_on", width=105),
        Col("contract_id", hidden=True),
    ),
    sections=(Section(_l("Operator settlement"), ("contract_id", "starts_on", "ends_on")),
              Section(_l("Payment"), ("posted_on", "posted_by", "entry_id", "paid_on", "paid_by", "paid_reference", "paid_entry_id"))),
    create=f"{S}:create_settlement",
    workflow="modules.platforms.states_contract:SETTLEMENT",
    views=(
        View("open", _l("Under way"), (Filter("state", "in", ["draft", "submitted"]),)),
        View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
        View("approved", _l("Approved for payment"), (Filter("state", "eq", "approved"),)),
        View("owed", _l("Posted, not paid"), (Filter("state", "eq", "posted"),)),
        View("all", _l("All"), ()),
    ),
    actions=(Action("work_out", _l("Work out anew"), f"{S}:work_out", (ON,), word="change"),),
    tabs=(
        Tab("lines", _l("Scorecard and payment"), "platforms/settlement.html", lines_tab, order=5),
        Related("rows", _l("Lines"), "platforms.operator_line", "settlement_id", order=10),
    ),
    facts=(Fact(_l("Payment due"), payment_fact), Fact(_l("Score"), score_fact)),
    load=("contract", "entry", "paid_entry"),
    search=("number", "contract.operator"),
    sort="-ends_on",
    parent=("contract_id", "platforms.operator_contract"),
    menu=("operators", 20),
    icon="report-money",
    code_field="number",
    money=True,
)

LINE = Resource(
    "platforms.operator_line",
    OperatorLine,
    Titles(_l("Lines of operator settlements"), _l("Line of an operator settlement")),
    columns=(
        Col("position", width=60),
        Col("kind", width=130),
        Col("title", width=220, important=True, link=True),
        Col("target", width=100),
        Col("actual", width=100, important=True),
        Col("points", width=90),
        Col("amount", important=True, total="sum"),
        Col("explain", width=320),
        Col("settlement_id", hidden=True),
    ),
    sections=(Section(_l("Line"), ("settlement_id", "kind", "title", "target", "actual", "weight", "points", "amount", "explain")),),
    actions=(
        Action(
            "enter",
            _l("Enter what was found"),
            f"{S}:enter_actual",
            (Input("actual", "decimal", _l("Reached"), required=True), ON),
            word="change",
        ),
    ),
    load=("settlement",),
    sort="position",
    icon="list-numbers",
)

RESOURCES = [CONTRACT, KPI, ASSET, SETTLEMENT, LINE]

slots.tab("platforms.platform", Related("operators", _l("Operator contracts"), "platforms.operator_contract", "platform_id", order=65))
slots.tile(
    Tile(
        "platforms.settlements",
        _l("Operator settlements to approve"),
        "platforms.operator_settlement",
        "to_approve",
        ("operations_manager", "finance", "leadership"),
        ("contract.operator", "payment"),
        62,
    )
)
slots.tile(
    Tile("platforms.settlements_to_post", _l("Operator settlements to post"), "platforms.operator_settlement", "approved", ("finance",),
         ("contract.operator", "payment"), 63)
)
slots.tile(
    Tile(
        "platforms.contracts_ending",
        _l("Operator contracts ending"),
        "platforms.operator_contract",
        "ending",
        ("operations_manager",),
        ("operator", "ends_on"),
        63,
        "amber",
    )
)
