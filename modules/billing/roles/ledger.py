"""Rights around the ledger. `act` on a manual entry, an exception or a month is the second person's word; nobody acts on their own
request (parkops.approval). The system administrator has no right here: no money."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
READ = ("ledger_entry", "ledger_line", "account", "book_period", "period_exception", "manual_entry", "manual_line", "voucher_export")

GRANTS = [
    *(Grant(FINANCE, f"billing.{thing}", "read export") for thing in READ),
    Grant(FINANCE, "billing.account", "add change remove"),
    Grant(FINANCE, "billing.ledger_entry", "act"),
    Grant(FINANCE, "billing.book_period", "change act"),
    Grant(FINANCE, "billing.period_exception", "add act"),
    Grant(FINANCE, "billing.manual_entry", "add change remove act"),
    Grant(FINANCE, "billing.manual_line", "add change remove"),
    Grant(FINANCE, "billing.voucher_export", "add act"),
    *(Grant(MANAGER, f"billing.{thing}", "read") for thing in READ),
    Grant(MANAGER, "billing.book_period", "act"),  # the second signature where a park has one person in finance
    Grant(MANAGER, "billing.period_exception", "act"),
    Grant(MANAGER, "billing.manual_entry", "act"),
    *(Grant(LEADERSHIP, f"billing.{thing}", "read export") for thing in ("ledger_entry", "ledger_line", "account", "book_period")),
    Grant(CLERK, "billing.account", "read"),
]
