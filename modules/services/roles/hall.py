"""Clerks serve people, managers set up, verify, approve and close, leadership reads; the administrator keeps the calendar."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP, ADMIN = "operations_clerk", "operations_manager", "finance", "leadership", "system_administrator"
SET_UP = ("hall", "window", "item", "item_material", "calendar_day", "partner")
DESK = ("ticket", "case", "case_material", "commitment", "demand", "visitors")
QUALITY = ("rating", "rectification", "quality_check")
KEPT = ("case_notice", "transfer", "partner_message")
ALL = (*SET_UP, *DESK, *QUALITY, *KEPT)

GRANTS = [
    *(Grant(role, f"services.{n}", "read export") for role in (CLERK, MANAGER, LEADERSHIP) for n in ALL),
    *(Grant(FINANCE, f"services.{n}", "read") for n in ("hall", "item", "item_material", "case", "visitors")),
    *(Grant(CLERK, f"services.{n}", "add change") for n in DESK),
    Grant(CLERK, "services.ticket", "act"),
    Grant(CLERK, "services.case", "unmask"),
    Grant(CLERK, "services.demand", "unmask"),
    Grant(CLERK, "services.transfer", "add"),
    Grant(CLERK, "services.rating", "add"),
    Grant(CLERK, "services.rectification", "change act"),
    Grant(CLERK, "services.quality_check", "add change"),
    *(Grant(MANAGER, f"services.{n}", "add change remove") for n in SET_UP),
    *(Grant(MANAGER, f"services.{n}", "add change act unmask") for n in (*DESK, *QUALITY)),
    Grant(MANAGER, "services.visitors", "remove"),
    Grant(MANAGER, "services.partner", "unmask"),
    Grant(MANAGER, "services.transfer", "add"),
    Grant(LEADERSHIP, "services.case", "act"),
    Grant(ADMIN, "services.calendar_day", "read add change remove export"),
    Grant(ADMIN, "services.hall", "read"),
]
