"""Screens of operator contracts and statements."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.operator import AmenityOperatorContract, AmenityOperatorFinding, AmenityOperatorKpi, AmenityOperatorStatement
from ._common import money

C = "modules.amenities.services.operators"
S = "modules.amenities.services.statements"


def payout(session: Any, row: AmenityOperatorStatement) -> tuple[str, str | None]:
    """Turnover less share."""
    return money(row.turnover - row.share), None


RESOURCES = [
    Resource(
        "amenities.operator_contract",
        AmenityOperatorContract,
        Titles(_l("Operator contracts"), _l("Operator contract"), _l("New operator contract")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("facility.name", _l("Amenity"), 200),
            Col("operator.name", _l("Operator firm"), 240, True),
            Col("starts_on", width=105),
            Col("ends_on", width=105),
            Col("share_rate", width=110),
            Col("minimum", width=120),
            Col("state", width=120, important=True),
            Col("facility_id", hidden=True),
            Col("operator_id", hidden=True),
        ),
        sections=(
            Section(_l("Operator contract"), ("facility_id", "operator_id", "starts_on", "ends_on", "share_rate", "minimum", "note")),
        ),
        create=f"{C}:create_contract",
        change=f"{C}:change_contract",
        workflow="modules.amenities.states_operator:CONTRACT",
        editable_in=("draft",),
        views=(
            View("running", _l("In force"), (Filter("state", "eq", "running"),)),
            View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),)),
            View("all", _l("All"), ()),
        ),
        tabs=(
            Related("kpis", _l("Performance clauses"), "amenities.operator_kpi", "contract_id", order=10),
            Related("statements", _l("Statements"), "amenities.operator_statement", "contract_id", order=20),
            Related("outlets", _l("Outlets"), "amenities.outlet", "contract_id", order=30),
        ),
        load=("facility", "operator"),
        search=("number", "operator.name"),
        sort="-id",
        menu=("setup", 20),
        icon="file-certificate",
        code_field="number",
    ),
    Resource(
        "amenities.operator_kpi",
        AmenityOperatorKpi,
        Titles(_l("Performance clauses"), _l("Performance clause"), _l("Add a clause")),
        columns=(
            Col("title", width=240, important=True, link=True),
            Col("metric", width=180, important=True),
            Col("target", width=120, important=True),
            Col("weight", width=100),
            Col("contract.number", _l("Operator contract"), 140),
            Col("contract_id", hidden=True),
        ),
        sections=(Section(_l("Performance clause"), ("contract_id", "metric", "title", "target", "weight")),),
        create=f"{C}:create_kpi",
        change=f"{C}:change_kpi",
        remove=f"{C}:remove_kpi",
        load=("contract",),
        sort="id",
        parent=("contract_id", "amenities.operator_contract"),
        icon="target",
    ),
    Resource(
        "amenities.operator_statement",
        AmenityOperatorStatement,
        Titles(_l("Statements of operators"), _l("Statement of an operator"), _l("Settle a month")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("contract.operator_id", _l("Operator firm"), 240, True),
            Col("month", width=90),
            Col("meals", width=100, total="sum"),
            Col("turnover", important=True, total="sum"),
            Col("own", total="sum"),
            Col("subsidy", total="sum"),
            Col("share", total="sum"),
            Col("score", width=90),
            Col("state", width=130),
            Col("contract_id", hidden=True),
        ),
        sections=(
            Section(_l("Statement of an operator"), ("contract_id", "month")),
            Section(_l("Sums"), ("meals", "turnover", "own", "subsidy", "share", "score", "explain")),
            Section(_l("Payment"), ("posted_on", "entry_id", "paid_on", "reference", "paid_entry_id")),
        ),
        create=f"{S}:create_statement",
        workflow="modules.amenities.states_operator:STATEMENT",
        actions=(Action("work_out", _l("Work out anew"), f"{S}:work_out", word="change"),),
        views=(
            View("open", _l("Under way"), (Filter("state", "in", ["draft", "submitted"]),), "-month"),
            View("to_approve", _l("To approve"), (Filter("state", "eq", "submitted"),), "month"),
            View("to_post", _l("To be posted"), (Filter("state", "eq", "approved"),), "month"),
            View("to_pay", _l("To be paid"), (Filter("state", "eq", "posted"),), "month"),
            View("all", _l("All"), (), "-month"),
        ),
        tabs=(Related("findings", _l("Performance"), "amenities.operator_finding", "statement_id", order=10),),
        facts=(Fact(_l("To be paid out"), payout),),
        load=("contract", "entry", "paid_entry"),
        search=("number",),
        sort="-month",
        parent=("contract_id", "amenities.operator_contract"),
        menu=("setup", 30),
        icon="report-money",
        code_field="number",
        money=True,
        report="amenity-statement",
    ),
    Resource(
        "amenities.operator_finding",
        AmenityOperatorFinding,
        Titles(_l("Performance reached"), _l("Performance reached")),
        columns=(
            Col("kpi.title", _l("Clause"), 240, True, link=True),
            Col("kpi.target", _l("Target a month"), 120),
            Col("actual", width=120, important=True),
            Col("points", width=100, important=True),
            Col("statement_id", hidden=True),
            Col("kpi_id", hidden=True),
        ),
        sections=(Section(_l("Performance reached"), ("statement_id", "kpi_id", "actual", "points")),),
        actions=(
            Action(
                "enter",
                _l("Enter what was found"),
                f"{S}:enter_actual",
                (Input("actual", "decimal", _l("Reached"), required=True),),
                word="change",
            ),
        ),
        load=("statement", "kpi"),
        sort="id",
        parent=("statement_id", "amenities.operator_statement"),
        icon="checklist",
    ),
]

slots.tile(
    Tile(
        "amenities.statements",
        _l("Statements of operators to approve"),
        "amenities.operator_statement",
        "to_approve",
        ("operations_manager", "leadership"),
        ("contract.operator_id", "month", "turnover"),
        68,
    )
)
slots.tile(
    Tile(
        "amenities.statements_post",
        _l("Statements of operators to post"),
        "amenities.operator_statement",
        "to_post",
        ("finance",),
        ("contract.operator_id", "month", "turnover"),
        68,
    )
)
