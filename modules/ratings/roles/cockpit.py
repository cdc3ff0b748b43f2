"""Who reads the cockpit, the forecast, the comparison and the definitions book, and who sets targets. Nobody but a manager sets what
a team is to reach; leadership and finance read."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"

GRANTS = [
    *(Grant(role, "ratings.cockpit", "read export") for role in (MANAGER, FINANCE, LEADERSHIP)),
    *(
        Grant(role, f"ratings.{name}", "read export")
        for role in (CLERK, MANAGER, FINANCE, LEADERSHIP)
        for name in ("definition", "comparison", "forecast")
    ),
    *(Grant(role, f"ratings.{name}", "read export") for role in (CLERK, MANAGER, FINANCE, LEADERSHIP) for name in ("team", "team_target")),
    *(Grant(MANAGER, f"ratings.{name}", "add change remove") for name in ("team", "team_target")),
    Grant(MANAGER, "ratings.forecast", "act"),
]
