"""Screens of the policy library: documents, items, conditions, who was told, applications, money."""

from __future__ import annotations

from typing import Any

from parkops import clock
from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Fact, Filter, Input, Related, Tab, Tile, View

from ..models.policy import PolicyApplication, PolicyCondition, PolicyDocument, PolicyItem, PolicyPayment, PolicyPush
from ..services import policies, policy_money
from ._make import S, plain

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
    plain(
        PolicyDocument,
        _l("Policy documents"),
        _l("Policy document"),
        _l("New policy document"),
        "title!:340 doc_no!:180 issuer:200 level:110 effective_from!:105 effective_to:105",
        "title doc_no issuer level issued_on effective_from effective_to provenance url text",
        "policies:create_policy/change_policy/remove_policy",
        search=("title", "doc_no"),
        tabs=(Related("items", _l("What is offered"), "services.policy_item", "policy_id", order=5),),
        menu=("policy", 10),
        icon="book",
    ),
    plain(
        PolicyItem,
        _l("Policy items"),
        _l("Policy item"),
        _l("New policy item"),
        "name!:300 policy.title:280 benefit:120 amount_max!: apply_to:105 state!:110 code-:100 policy_id-",
        "policy_id code name benefit amount_max amount_text combine apply_from apply_to office materials",
        "policies:create_item/change_item",
        more="rule_key",
        labels={"policy.title": _l("Policy")},
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
    plain(
        PolicyCondition,
        _l("Conditions of policies"),
        _l("Condition of a policy"),
        _l("Add a condition"),
        "sentence!:340 fact!:170 op:90 value!:120 unit:60 clause:140 position-:70 item_id-",
        "item_id position clause fact op value unit sentence sentence_en collect any_of",
        "policies:create_condition/change_condition/remove_condition",
        load=("item",),
        sort="position",
        parent=("item_id", "services.policy_item"),
        icon="checklist",
    ),
    plain(
        PolicyPush,
        _l("Firms told of policies"),
        _l("Firm told of a policy"),
        None,
        "firm.name!:240 item.name:260 verdict!:120 state!:130 pushed_on:105 why:260 item_id- firm_id-",
        "item_id firm_id pushed_on pushed_by verdict why owner_id answered_on",
        labels={"item.name": _l("What is offered")},
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
    plain(
        PolicyApplication,
        _l("Applications for policies"),
        _l("Application for a policy"),
        _l("New application for a policy"),
        "number!:130 firm.name!:220 item.name:240 asked: approved: paid: verdict:110 state!:120 item_id- firm_id-",
        "item_id firm_id asked owner_id",
        "policy_money:create_application/change_application",
        more="number verdict applied_on accepted_on decided_on approved paid document_no reason",
        labels={"item.name": _l("What is offered")},
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
    plain(
        PolicyPayment,
        _l("Money from policies"),
        _l("Payment from a policy"),
        _l("Record a payment"),
        "reference!:140 firm.name!:240 paid_on:105 amount!: payer:180 application_id- firm_id-",
        "application_id paid_on amount payer reference",
        "policy_money:record_payment",
        more="firm_id",
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
