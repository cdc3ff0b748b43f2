"""Who may do what with instruments, rates, paying projects, events, quotes and month runs.

Clerks record use and prepare, the manager decides (validate, waive, adjust, approve) and sets rates, finance prices and voids months
and takes prepaid money. `act` on an event is validating, waiving and cancelling."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
REGISTRY = ("platform", "instrument", "service_item", "staff", "operator_qualification", "question")
RATES = ("rate", "rate_tier", "discount_tier")
USE = ("project", "project_fund", "event", "answer", "stock_move", "adjustment", "quote", "quote_line", "month_run")

GRANTS = [
    *(Grant(MANAGER, f"platforms.{thing}", "read add change remove export") for thing in (*REGISTRY, *RATES)),
    Grant(MANAGER, "platforms.event", "read add change act export"),
    Grant(MANAGER, "platforms.answer", "read export"),
    Grant(MANAGER, "platforms.project", "read add change export"),
    Grant(MANAGER, "platforms.project_fund", "read export"),
    Grant(MANAGER, "platforms.stock_move", "read add export"),
    Grant(MANAGER, "platforms.adjustment", "read add change act export"),
    Grant(MANAGER, "platforms.quote", "read add change act export"),
    Grant(MANAGER, "platforms.quote_line", "read add remove export"),
    Grant(MANAGER, "platforms.month_run", "read export"),
    *(Grant(CLERK, f"platforms.{thing}", "read") for thing in (*REGISTRY, *RATES)),
    *(Grant(CLERK, f"platforms.{thing}", "read add change export") for thing in ("event", "project", "adjustment", "quote")),
    *(Grant(CLERK, f"platforms.{thing}", "read add") for thing in ("stock_move", "operator_qualification")),
    Grant(CLERK, "platforms.quote_line", "read add remove"),
    *(Grant(CLERK, f"platforms.{thing}", "read") for thing in ("answer", "project_fund", "month_run")),
    Grant(FINANCE, "platforms.month_run", "read add remove export"),
    Grant(FINANCE, "platforms.project_fund", "read add export"),
    *(Grant(FINANCE, f"platforms.{thing}", "read export")
      for thing in ("event", "answer", "project", "stock_move", "quote", "quote_line", *REGISTRY, *RATES)),
    Grant(FINANCE, "platforms.adjustment", "read act export"),
    *(Grant(LEADERSHIP, f"platforms.{thing}", "read export") for thing in (*REGISTRY, *RATES, *USE)),
]
