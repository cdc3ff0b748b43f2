"""Who may do what with firms, intake, graduation and move-out; the support half adds its own in `roles_support.py`.

`act` on a firm are the dated steps (graduating and leaving hang on a case that a manager approves); `remove` covers
merging and belongs to the manager. The clerk prepares everything, sees contact data (each unmask is logged) and carries
cases to the point where a second person decides."""

from __future__ import annotations

from parkops.security.roles import Grant

from .roles_support import GRANTS as SUPPORT

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
RECORDS = ("person", "firm_person", "lead", "signing_batch", "signing_project", "application", "application_document")
CASES = ("graduation_case", "graduation_evidence", "moveout", "moveout_item")
READ_ONLY = ("firm_name", "firm_merge", "stage", "graduation_candidate", "reviewer", "review_score", "decision_minute")

CORE = [
    Grant(CLERK, "tenants.firm", "read add change act export unmask"),
    Grant(CLERK, "tenants.person", "unmask"),
    Grant(CLERK, "tenants.lead", "act unmask"),
    Grant(CLERK, "tenants.application", "unmask"),
    *(Grant(CLERK, f"tenants.{thing}", "read add change remove export") for thing in RECORDS),
    *(Grant(CLERK, f"tenants.{thing}", "read add change export") for thing in CASES),
    *(Grant(CLERK, f"tenants.{thing}", "read export") for thing in READ_ONLY),
    Grant(CLERK, "tenants.term_extension", "read add export"),
    Grant(CLERK, "tenants.duplicate_pair", "read add change export"),
    Grant(CLERK, "tenants.checklist_item", "read"),
    Grant(MANAGER, "tenants.firm", "read add change remove act export unmask"),
    *(Grant(MANAGER, f"tenants.{thing}", "read add change remove act export unmask") for thing in RECORDS),
    *(Grant(MANAGER, f"tenants.{thing}", "read add change remove act export") for thing in CASES),
    *(Grant(MANAGER, f"tenants.{thing}", "read export") for thing in READ_ONLY),
    Grant(MANAGER, "tenants.graduation_candidate", "add act"),
    Grant(MANAGER, "tenants.decision_minute", "add"),
    Grant(MANAGER, "tenants.term_extension", "read add act export"),
    Grant(MANAGER, "tenants.duplicate_pair", "read add change act export"),
    Grant(MANAGER, "tenants.checklist_item", "read add change remove export"),
    *(Grant(role, f"tenants.{thing}", "read export") for role in (FINANCE, LEADERSHIP) for thing in (
        "firm", "firm_name", "stage", "signing_batch", "signing_project", "graduation_case", "graduation_candidate", "moveout",
        "moveout_item", "term_extension")),
    *(Grant(LEADERSHIP, f"tenants.{thing}", "read") for thing in (
        "lead", "application", "decision_minute", "firm_person", "person", "graduation_evidence")),
    Grant(FINANCE, "tenants.term_extension", "act"),  # the second signature beside the manager's
    Grant(FINANCE, "tenants.application", "read"),  # may be asked to review one (T-78)
    Grant(FINANCE, "tenants.decision_minute", "read"),
    Grant(FINANCE, "tenants.person", "read"),
    Grant(FINANCE, "tenants.firm_person", "read"),
]
GRANTS = [*CORE, *SUPPORT]
