"""Who may do what with costs, recovery, operators, results and maintenance. Finance keeps the pools; clerks prepare, managers decide."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
COSTS = ("cost_pool", "cost_entry", "shared_cost", "cost_share", "gap_funder")
PARTS = ("contract_kpi", "contract_asset")
CONTRACTS = ("operator_contract", *PARTS, "operator_settlement", "operator_line")
RESULTS = ("result", "instrument_year")
WORK = ("maintenance_plan", "maintenance_work")
ALL = (*COSTS, *CONTRACTS, *RESULTS, *WORK)

GRANTS = [
    *(Grant(FINANCE, f"platforms.{name}", "read add change remove act export") for name in COSTS),
    *(Grant(FINANCE, f"platforms.{name}", "read export") for name in (*PARTS, "operator_contract", *RESULTS, *WORK)),
    *(Grant(FINANCE, f"platforms.{name}", "read act export") for name in ("operator_settlement", "operator_line")),
    *(Grant(CLERK, f"platforms.{name}", "read export") for name in COSTS),
    *(Grant(CLERK, f"platforms.{name}", "read add change remove export") for name in (*CONTRACTS, *RESULTS, *WORK)
      if name != "operator_line"),
    Grant(CLERK, "platforms.operator_line", "read change export"),
    *(Grant(MANAGER, f"platforms.{name}", "read add change remove act export") for name in (*CONTRACTS, *RESULTS, *WORK)),
    *(Grant(MANAGER, f"platforms.{name}", "read export") for name in COSTS),
    *(Grant(LEADERSHIP, f"platforms.{name}", "read export") for name in ALL),
    *(Grant(LEADERSHIP, f"platforms.{name}", "act") for name in ("operator_contract", "operator_settlement")),
]
