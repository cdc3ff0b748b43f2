"""Screens of the policy library: documents, items, conditions, who was told, applications, money."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tab, Tile, Titles, View

from ..models.policy import PolicyApplication, PolicyCondition, PolicyDocument, PolicyItem, PolicyPayment, PolicyPush
from ..services import policies, policy_money

S = "modules.services.services"

W = "modules.services.states_policy"


def match_data(session: Any, row: PolicyItem) -> dict[str, Any]:
    """Who would qualify today."""
    return {"match": policies.match(session, row, on=clock.today()) if row.rule_key else None, "item": row}


def firm_data(session: Any, firm: Any) -> dict[str, Any]:
    """What a firm could apply for today, rule by rule, and what it received."""
    return {"rows": policies.for_firm(session, firm, on=clock.today()), "received": policy_money.received(session, firm.id)}


def window(session: Any, row: PolicyItem) -> tuple[str, str | None]:
    """Whether it is open today."""
    why = policies.holds(row, clock.today())
    return (why, "amber") if why else (str(_l("Open today")), "green")


RESOURCES = [
    Resource(
        "services.policy",
        PolicyDocument,
        Titles(_l("Policy documents"), _l("Policy document"), _l("New policy document")),
        columns=(
            Col("title", width=340, important=True, link=True),
            Col("doc_no", width=180, important=True),
            Col("issuer", width=200),
            Col("level", width=110),
            Col("effective_from", width=105, important=True),
            Col("effective_to", width=105),
        ),
        sections=(
            Section(
                _l("Policy document"),
                ("title", "doc_no", "issuer", "level", "issued_on", "effective_from", "effective_to", "provenance", "url", "text"),
            ),
        ),
        create=f"{S}.policies:create_policy",
        change=f"{S}.policies:change_policy",
        remove=f"{S}.policies:remove_policy",
        search=("title", "doc_no"),
        tabs=(Related("items", _l("Support offered"), "services.policy_item", "policy_id", order=5),),
        menu=("policy", 10),
        icon="book",
    ),
    Resource(
        "services.policy_item",
        PolicyItem,
        Titles(_l("Policy items"), _l("Policy item"), _l("New policy item")),
        columns=(
            Col("name", width=300, important=True, link=True),
            Col("policy.title", _l("Policy"), width=280),
            Col("benefit", width=120),
            Col("amount_max", important=True),
            Col("apply_to", width=105),
            Col("state", width=110, important=True),
            Col("code", width=100, hidden=True),
            Col("policy_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Policy item"),
                (
                    "policy_id",
                    "code",
                    "name",
                    "benefit",
                    "amount_max",
                    "amount_text",
                    "combine",
                    "apply_from",
                    "apply_to",
                    "office",
                    "materials",
                ),
            ),
            Section(_l("Course"), ("rule_key",)),
        ),
        create=f"{S}.policies:create_item",
        change=f"{S}.policies:change_item",
        workflow=f"{W}:POLICY_ITEM",
        editable_in=("draft",),
        load=("policy",),
        search=("name", "code"),
        tabs=(
            Tab("match", _l("Who would qualify today"), "services/match.html", match_data, order=4),
            Related("conditions", _l("Conditions"), "services.policy_condition", "item_id", order=5),
            Related("pushes", _l("Firms told"), "services.policy_push", "item_id", order=6),
            Related("applications", _l("Policy applications"), "services.policy_application", "item_id", order=7),
        ),
        facts=(Fact(_l("Applications now"), window),),
        actions=(
            Action(
                "push",
                _l("Tell the firms"),
                f"{S}.policy_push:push_text",
                (Input("with_unknown", "bool", _l("Also firms of which the park cannot say")),),
                primary=True,
                guard=f"{S}.policy_push:why_not_push",
            ),
        ),
        parent=("policy_id", "services.policy"),
        menu=("policy", 20),
        icon="gift",
        views=(View("published", _l("Published"), (Filter("state", "eq", "published"),), "apply_to"), View("all", _l("All"), (), "-id")),
    ),
    Resource(
        "services.policy_condition",
        PolicyCondition,
        Titles(_l("Conditions of policies"), _l("Condition of a policy"), _l("Add a condition")),
        columns=(
            Col("sentence", width=340, important=True, link=True),
            Col("fact", width=170, important=True),
            Col("op", width=90),
            Col("value", width=120, important=True),
            Col("unit", width=60),
            Col("clause", width=140),
            Col("position", width=70, hidden=True),
            Col("item_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Condition of a policy"),
                ("item_id", "position", "clause", "fact", "op", "value", "unit", "sentence", "sentence_en", "collect", "any_of"),
            ),
        ),
        create=f"{S}.policies:create_condition",
        change=f"{S}.policies:change_condition",
        remove=f"{S}.policies:remove_condition",
        load=("item",),
        sort="position",
        parent=("item_id", "services.policy_item"),
        icon="checklist",
    ),
    Resource(
        "services.policy_push",
        PolicyPush,
        Titles(_l("Firms told of policies"), _l("Firm told of a policy"), None),
        columns=(
            Col("firm.name", _l("Firm"), width=240, important=True, link=True),
            Col("item.name", _l("Support offered"), width=260),
            Col("verdict", width=120, important=True),
            Col("state", width=130, important=True),
            Col("pushed_on", width=105),
            Col("why", width=260),
            Col("item_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Firm told of a policy"), ("item_id", "firm_id", "pushed_on", "pushed_by", "verdict", "why", "owner_id", "answered_on")
            ),
        ),
        workflow=f"{W}:PUSH",
        load=("item", "firm"),
        search=("firm.name", "item.name"),
        menu=("policy", 30),
        icon="send",
        views=(
            View("open", _l("To follow up"), (Filter("state", "in", ["sent", "read", "interested"]),), "pushed_on"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.policy_application",
        PolicyApplication,
        Titles(_l("Applications for policies"), _l("Application for a policy"), _l("New application for a policy")),
        columns=(
            Col("number", width=130, important=True, link=True),
            Col("firm.name", _l("Firm"), width=220, important=True),
            Col("item.name", _l("Support offered"), width=240),
            Col("asked"),
            Col("approved"),
            Col("paid"),
            Col("verdict", width=110),
            Col("state", width=120, important=True),
            Col("item_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Application for a policy"), ("item_id", "firm_id", "asked", "owner_id")),
            Section(
                _l("Course"), ("number", "verdict", "applied_on", "accepted_on", "decided_on", "approved", "paid", "document_no", "reason")
            ),
        ),
        create=f"{S}.policy_money:create_application",
        change=f"{S}.policy_money:change_application",
        workflow=f"{W}:APPLICATION",
        editable_in=("preparing",),
        load=("item", "firm"),
        search=("number", "firm.name"),
        tabs=(Related("payments", _l("Payments received"), "services.policy_payment", "application_id", order=5),),
        menu=("policy", 40),
        icon="file-dollar",
        views=(
            View("open", _l("Under way"), (Filter("state", "in", ["preparing", "applied", "accepted", "approved"]),), "-id"),
            View("all", _l("All"), (), "-id"),
        ),
    ),
    Resource(
        "services.policy_payment",
        PolicyPayment,
        Titles(_l("Money from policies"), _l("Payment from a policy"), _l("Record a payment")),
        columns=(
            Col("reference", width=140, important=True, link=True),
            Col("firm.name", _l("Firm"), width=240, important=True),
            Col("paid_on", width=105),
            Col("amount", important=True, total="sum"),
            Col("payer", width=180),
            Col("application_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(
            Section(_l("Payment from a policy"), ("application_id", "paid_on", "amount", "payer", "reference")),
            Section(_l("Course"), ("firm_id",)),
        ),
        create=f"{S}.policy_money:record_payment",
        load=("application", "firm"),
        search=("reference", "firm.name"),
        sort="-paid_on",
        parent=("application_id", "services.policy_application"),
        menu=("policy", 50),
        icon="coin",
        money=True,
    ),
]

slots.tab("tenants.firm", Tab("policies", _l("Policies for the firm"), "services/firm_policies.html", firm_data, order=73))
slots.tab("tenants.firm", Related("policy_applications", _l("Policy applications"), "services.policy_application", "firm_id", order=74))
slots.tile(
    Tile(
        "services.policy_follow",
        _l("Policies to follow up"),
        "services.policy_push",
        "open",
        ("operations_clerk",),
        ("firm.name", "pushed_on"),
        78,
    )
)
