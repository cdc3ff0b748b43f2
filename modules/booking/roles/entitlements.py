"""Who may do what with entitlements: the clerk prepares voucher uses, the manager grants and approves, finance records redemption."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
RIGHTS = ("plan", "plan_line", "grant", "credit")
VOUCHERS = ("voucher", "voucher_use")

GRANTS = [
    *(Grant(CLERK, f"booking.{name}", "read export") for name in RIGHTS),
    Grant(CLERK, "booking.grant", "add change"),
    *(Grant(CLERK, f"booking.{name}", "read add change export") for name in VOUCHERS),
    *(Grant(MANAGER, f"booking.{name}", "read add change remove act export") for name in RIGHTS),
    *(Grant(MANAGER, f"booking.{name}", "read add change act export") for name in VOUCHERS),
    *(Grant(role, f"booking.{name}", "read export") for role in (FINANCE, LEADERSHIP) for name in (*RIGHTS, *VOUCHERS)),
    Grant(FINANCE, "booking.voucher_use", "change act"),
]
