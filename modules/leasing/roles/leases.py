"""Who may do what with leases: clerks prepare, managers decide and sign, finance settles money, leadership reads."""

from __future__ import annotations

from parkops.security.roles import Grant

PARTS = ("lease_unit", "lease_line", "lease_step", "lease_rent_free", "lease_indexation", "lease_discount", "lease_subsidy")
BESIDE = ("lease_turnover", "index_value", "lease_sublet", "building_sale", "sale_notice")
CASES = ("settlement", "settlement_line", "settlement_check")
PAPERS = ("contract", "contract_template")
READ_ONLY = ("lease_due",)
ALL = ("lease", *PARTS, *BESIDE, *CASES, *PAPERS, *READ_ONLY)

GRANTS = [
    Grant("operations_clerk", "leasing.lease", "read add change export"),
    *(Grant("operations_clerk", f"leasing.{name}", "read add change remove export") for name in (*PARTS, "settlement_line")),
    *(
        Grant("operations_clerk", f"leasing.{name}", "read add change export")
        for name in (*BESIDE, "settlement", "settlement_check", "contract")
    ),
    *(Grant("operations_clerk", f"leasing.{name}", "read export") for name in ("contract_template", *READ_ONLY)),
    *(Grant("operations_manager", f"leasing.{name}", "read add change remove act export") for name in ALL if name not in READ_ONLY),
    *(Grant("operations_manager", f"leasing.{name}", "read export") for name in READ_ONLY),
    Grant("operations_manager", "billing.deposit", "add"),  # signing agrees the deposits of the lease
    *(Grant("finance", f"leasing.{name}", "read export") for name in ALL if name not in CASES),
    *(Grant("finance", f"leasing.{name}", "read change act export") for name in ("settlement", "settlement_line", "settlement_check")),
    *(Grant("leadership", f"leasing.{name}", "read export") for name in ALL),
]
