"""Who may do what with saved and kept reports. What a kept report shows is asked once more by `report_archive.may_open`."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
READ = ("report_plan", "report_reader", "report_made", "report_run")

GRANTS = [
    *(Grant(role, f"ratings.{name}", "read export") for role in (CLERK, MANAGER, FINANCE, LEADERSHIP) for name in READ),
    *(Grant(role, "ratings.report_made", "add") for role in (MANAGER, FINANCE, LEADERSHIP)),
    *(Grant(role, f"ratings.{name}", "add change remove") for role in (MANAGER, LEADERSHIP) for name in ("report_plan", "report_reader")),
    *(Grant(FINANCE, f"ratings.{name}", "add change") for name in ("report_plan", "report_reader")),
]
