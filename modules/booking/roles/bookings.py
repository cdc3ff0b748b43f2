"""Who may do what with bookings. The clerk books for firms and runs the desk; the manager decides on requests, overrides rules and
owns the set-up. Finance and leadership read; the auditor reads all by the kernel."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
DAILY = ("booking", "series", "series_exception", "waiting")
SETUP = ("group", "resource", "attribute", "opening", "closure")

GRANTS = [
    *(Grant(CLERK, f"booking.{name}", "read add change export") for name in DAILY),
    Grant(CLERK, "booking.series_exception", "remove"),
    *(Grant(CLERK, f"booking.{name}", "read export") for name in (*SETUP, "override")),
    Grant(CLERK, "booking.closure", "add change"),
    Grant(CLERK, "booking.calendar_token", "read add change"),
    *(Grant(MANAGER, f"booking.{name}", "read add change remove act export") for name in (*DAILY, *SETUP)),
    Grant(MANAGER, "booking.override", "read add export"),
    Grant(MANAGER, "booking.calendar_token", "read add change act export"),
    *(Grant(role, f"booking.{name}", "read export") for role in (FINANCE, LEADERSHIP) for name in (*DAILY, *SETUP, "override")),
]
