"""Who may do what with rent relief and the tie-out. A clerk prepares; managers and finance check, approve and answer; finance posts
(that needs the rights on bills too). Whoever made an application decides nothing about it, whatever their role (RR-16)."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
SET_UP = ("relief_scheme", "relief_threshold", "relief_budget", "relief_paper_kind", "risk_listing")
CASES = ("relief_application", "relief_month", "relief_paper", "relief_subtenant", "relief_objection")

GRANTS = [
    *(Grant(CLERK, f"leasing.{thing}", "read export") for thing in SET_UP),
    Grant(CLERK, "leasing.risk_listing", "add change"),
    Grant(CLERK, "leasing.relief_application", "read add change remove export"),
    Grant(CLERK, "leasing.relief_month", "read export"),
    Grant(CLERK, "leasing.relief_paper", "read change export"),
    Grant(CLERK, "leasing.relief_subtenant", "read add change remove export"),
    Grant(CLERK, "leasing.relief_objection", "read add export"),
    *(Grant(MANAGER, f"leasing.{thing}", "read add change remove export") for thing in SET_UP),
    Grant(MANAGER, "leasing.relief_scheme", "act"),
    Grant(MANAGER, "leasing.relief_application", "read add change act export"),
    Grant(MANAGER, "leasing.relief_month", "read export"),
    Grant(MANAGER, "leasing.relief_paper", "read change act export"),
    Grant(MANAGER, "leasing.relief_subtenant", "read add change remove act export"),
    Grant(MANAGER, "leasing.relief_objection", "read add act export unmask"),
    *(Grant(FINANCE, f"leasing.{thing}", "read export") for thing in (*SET_UP, *CASES)),
    Grant(FINANCE, "leasing.relief_application", "act"),
    Grant(FINANCE, "leasing.relief_subtenant", "act"),
    *(Grant(LEADERSHIP, f"leasing.{thing}", "read export") for thing in (*SET_UP, *CASES)),
    *(
        Grant(role, f"leasing.{thing}", "read export")
        for role in (CLERK, MANAGER, FINANCE, LEADERSHIP)
        for thing in ("tie_run", "tie_difference")
    ),
    *(Grant(role, "leasing.tie_run", "act") for role in (MANAGER, FINANCE)),
]
