"""Who may do what with ratings: clerks prepare, managers decide, experts score, leadership signs and reads."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
READ = (
    "assessment",
    "filing",
    "incident",
    "income",
    "staff_basis",
    "scheme",
    "dimension",
    "indicator",
    "band",
    "score",
    "score_line",
    "round",
    "expert_sheet",
    "index",
    "index_dimension",
    "index_indicator",
    "index_value",
)
SCHEME = ("scheme", "dimension", "indicator", "band")
INDEX = ("index", "index_dimension", "index_indicator", "index_value")
RECORDS = ("filing", "incident", "staff_basis")

GRANTS = [
    *(Grant(role, f"ratings.{name}", "read export") for role in (CLERK, MANAGER, FINANCE, LEADERSHIP) for name in READ),
    *(Grant(CLERK, f"ratings.{name}", "add change") for name in RECORDS),
    *(Grant(MANAGER, f"ratings.{name}", "add change remove") for name in (*RECORDS, "income")),
    *(Grant(FINANCE, f"ratings.{name}", "add change") for name in ("income",)),
    *(Grant(role, "ratings.assessment", "add") for role in (CLERK, MANAGER)),
    *(Grant(MANAGER, f"ratings.{name}", "add change remove") for name in (*SCHEME, *INDEX)),
    Grant(MANAGER, "ratings.scheme", "act"),
    Grant(CLERK, "ratings.score", "add change"),
    Grant(CLERK, "ratings.index_value", "add change"),
    Grant(MANAGER, "ratings.score", "add change act"),
    Grant(LEADERSHIP, "ratings.score", "act"),
    *(Grant(role, "ratings.expert_sheet", "add") for role in (MANAGER, FINANCE, LEADERSHIP)),
]
