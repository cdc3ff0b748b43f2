"""Who may do what with statutory forms and tax evidence: clerks prepare, managers review as statisticians, leadership signs as head."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
FORMS = ("form", "form_field", "form_check", "form_run", "form_cell", "form_finding", "form_signature")
EVIDENCE = ("exemption_pack", "exemption_line", "exemption_paper")

GRANTS = [
    *(Grant(role, f"ratings.{name}", "read export") for role in (CLERK, MANAGER, FINANCE, LEADERSHIP) for name in (*FORMS, *EVIDENCE)),
    *(Grant(MANAGER, f"ratings.{name}", "add change remove") for name in ("form", "form_field", "form_check")),
    Grant(MANAGER, "ratings.form", "act"),
    *(Grant(role, "ratings.form_run", "add change") for role in (CLERK, MANAGER, FINANCE)),
    *(Grant(role, f"ratings.{name}", "change") for role in (CLERK, MANAGER, FINANCE) for name in ("form_cell", "form_finding")),
    Grant(MANAGER, "ratings.form_run", "act unmask"),
    Grant(LEADERSHIP, "ratings.form_run", "act"),
    Grant(LEADERSHIP, "ratings.form_signature", "act"),
    *(Grant(role, "ratings.exemption_paper", "add change") for role in (CLERK, MANAGER, FINANCE)),
    Grant(MANAGER, "ratings.exemption_paper", "remove"),
    Grant(FINANCE, "ratings.exemption_pack", "add"),
]
