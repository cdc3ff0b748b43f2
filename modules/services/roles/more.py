"""Clerks prepare and record; managers sign, publish, revoke, decide; leadership names tasks and approves awards."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
WALLET = ("permit", "licence_code")
PROJECT = ("project", "milestone", "agreement", "pledge", "agreement_material")
POLICY = ("policy", "policy_item", "policy_condition", "policy_push", "policy_application", "policy_payment")
DESKS = (
    "finance_product",
    "finance_request",
    "introduction",
    "consultation",
    "mediation",
    "mediation_session",
    "machine",
    "machine_session",
    "steward",
    "property_contact",
    "training",
    "training_attendee",
    "aid_visit",
    "aid_problem",
    "activity",
)
CONTEST = (
    "star_band",
    "star_nomination",
    "assignment",
    "challenge",
    "bid",
    "panel_seat",
    "panel_score",
    "arena",
    "arena_score",
    "point_rule",
    "point",
)
REPAIR = ("repair", "incident", "incident_ticket")
ALL = (*WALLET, "licence_lookup", *PROJECT, "benchmark", *POLICY, *DESKS, *CONTEST, *REPAIR)
CLERK_WRITES = (*WALLET, *PROJECT, "policy_push", "policy_application", "policy_payment", *DESKS, *REPAIR)

GRANTS = [
    *(Grant(role, f"services.{n}", "read export") for role in (CLERK, MANAGER, LEADERSHIP) for n in ALL),
    *(Grant(CLERK, f"services.{n}", "add change") for n in CLERK_WRITES),
    *(
        Grant(CLERK, f"services.{n}", "remove")
        for n in ("permit", "milestone", "pledge", "agreement_material", "activity", "incident_ticket", "training_attendee")
    ),
    *(
        Grant(MANAGER, f"services.{n}", "add change remove act")
        for n in (*WALLET, *PROJECT, *POLICY, *DESKS, *CONTEST, *REPAIR)
        if n != "point"
    ),
    Grant(MANAGER, "services.benchmark", "add"),
    Grant(MANAGER, "services.point", "act"),
    *(
        Grant(MANAGER, f"services.{n}", "unmask")
        for n in ("mediation", "repair", "steward", "training_attendee", "finance_product", "aid_visit", "agreement")
    ),
    *(Grant(CLERK, f"services.{n}", "unmask") for n in ("mediation", "repair")),
    *(Grant(role, f"services.{n}", "add change") for role in (CLERK, FINANCE, LEADERSHIP) for n in ("bid", "panel_score")),
    *(Grant(role, f"services.{n}", "add") for role in (CLERK, LEADERSHIP) for n in ("star_nomination",)),
    *(Grant(role, "services.assignment", "change") for role in (CLERK, FINANCE)),
    *(
        Grant(FINANCE, f"services.{n}", "read")
        for n in ("challenge", "bid", "panel_seat", "panel_score", "assignment", "star_nomination", "star_band", "point", "repair")
    ),
    Grant(FINANCE, "services.policy_payment", "read add export"),
    Grant(FINANCE, "services.policy_application", "read"),
    *(Grant(LEADERSHIP, f"services.{n}", "add change act") for n in ("assignment", "challenge", "panel_seat", "star_nomination")),
    *(Grant(role, "services.award", "read add change export") for role in (MANAGER,)),
    *(Grant(role, "services.award", "read act export") for role in (LEADERSHIP, FINANCE)),
    Grant(MANAGER, "services.award", "act"),
]
