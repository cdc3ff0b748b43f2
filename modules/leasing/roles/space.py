"""Who may do what with space and meters. Leadership and finance read; the auditor reads all by the kernel."""

from __future__ import annotations

from parkops.security.roles import Grant

SPACE = ("building", "floor", "unit", "outage", "hold")
METERS = ("meter", "meter_device", "meter_reading", "share_rule", "share_member", "share_sheet")
READ_ONLY = ("unit_change", "unit_lineage", "share_line")
PRICES = ("tariff", "tariff_tier")

GRANTS = [
    *(Grant("operations_clerk", f"leasing.{name}", "read add change export") for name in (*SPACE, *METERS)),
    Grant("operations_clerk", "leasing.hold", "act"),
    Grant("operations_clerk", "leasing.unit", "act"),
    *(Grant("operations_clerk", f"leasing.{name}", "read export") for name in (*READ_ONLY, *PRICES)),
    *(Grant("operations_manager", f"leasing.{name}", "read add change remove act export") for name in (*SPACE, *METERS, *PRICES)),
    *(Grant("operations_manager", f"leasing.{name}", "read act export") for name in READ_ONLY),
    *(Grant("finance", f"leasing.{name}", "read export") for name in (*SPACE, *METERS, *READ_ONLY)),
    *(Grant("finance", f"leasing.{name}", "read add change export") for name in PRICES),
    *(Grant("leadership", f"leasing.{name}", "read export") for name in (*SPACE, *METERS, *READ_ONLY, *PRICES)),
]
