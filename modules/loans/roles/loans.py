"""Who may do what with loans: clerks prepare and record, managers and leadership approve, finance confirms money. Whoever made
something confirms nothing of it, whatever the role."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
SET_UP = ("scheme", "paper_kind", "stage_promise", "organisation")
CASE = ("case", "case_party", "person", "standing", "paper", "stage", "due", "extension", "tranche", "repayment", "claim", "recovery",
        "subsidy_claim", "subsidy_line", "other_subsidy")
MADE_BY_CLERK = ("case", "case_party", "person", "standing", "tranche", "repayment", "claim", "recovery", "subsidy_claim", "other_subsidy",
                 "extension")

GRANTS = [
    *(Grant(role, f"loans.{name}", "read export") for role in (CLERK, MANAGER, FINANCE, LEADERSHIP) for name in (*SET_UP, *CASE)),
    *(Grant(CLERK, f"loans.{name}", "add change") for name in MADE_BY_CLERK),
    *(Grant(CLERK, f"loans.{name}", "remove") for name in ("case", "case_party", "standing", "tranche", "other_subsidy")),
    Grant(CLERK, "loans.paper", "change"),
    *(Grant(MANAGER, f"loans.{name}", "add change remove") for name in SET_UP),
    *(Grant(MANAGER, f"loans.{name}", "add change remove act") for name in MADE_BY_CLERK),
    Grant(MANAGER, "loans.paper", "change act"),
    Grant(MANAGER, "loans.person", "unmask"),
    *(Grant(FINANCE, f"loans.{name}", "act change") for name in ("tranche", "repayment", "claim", "subsidy_claim")),
    Grant(FINANCE, "loans.repayment", "add"),
    Grant(FINANCE, "loans.case", "act"),
    Grant(FINANCE, "loans.recovery", "add"),
    Grant(LEADERSHIP, "loans.case", "act"),
    Grant(LEADERSHIP, "loans.extension", "act"),
]
