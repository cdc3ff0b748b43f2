"""Who may do what with funds. Clerks prepare deals, marks, duties; finance prepares calls, distributions and expenses and enters money;
managers and leadership approve and sit on the committee; whoever submitted something never approves it (V-10)."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
SET_UP = ("fund", "share_class", "partner", "commitment", "member", "interest")
MONEY = ("call", "call_part", "distribution", "distribution_part", "expense", "flow")
DEALS = ("deal", "diligence", "meeting", "vote", "term_sheet")
PORTFOLIO = ("investment", "share_entry", "valuation", "exit", "duty", "covenant")
ALL = (*SET_UP, *MONEY, *DEALS, *PORTFOLIO, "standing")

GRANTS = [
    *(Grant(CLERK, f"funds.{t}", "read export") for t in ALL),
    *(
        Grant(CLERK, f"funds.{t}", "add change")
        for t in ("deal", "diligence", "term_sheet", "investment", "share_entry", "valuation", "exit", "duty", "covenant")
    ),
    Grant(CLERK, "funds.share_entry", "remove"),
    Grant(CLERK, "funds.meeting", "add"),
    *(Grant(MANAGER, f"funds.{t}", "read export") for t in ALL),
    *(
        Grant(MANAGER, f"funds.{t}", "add change act")
        for t in ("fund", "share_class", "partner", "commitment", "member", "interest", *DEALS, *PORTFOLIO)
    ),
    *(Grant(MANAGER, f"funds.{t}", "remove") for t in ("commitment", "interest", "share_entry")),
    *(Grant(MANAGER, f"funds.{t}", "act") for t in ("call", "distribution", "expense")),
    *(Grant(FINANCE, f"funds.{t}", "read export") for t in ALL),
    *(Grant(FINANCE, f"funds.{t}", "add change act") for t in MONEY),
    *(Grant(FINANCE, f"funds.{t}", "act") for t in ("valuation", "exit")),
    Grant(FINANCE, "funds.vote", "add"),
    *(Grant(LEADERSHIP, f"funds.{t}", "read export") for t in ALL),
    *(Grant(LEADERSHIP, f"funds.{t}", "act") for t in ("call", "distribution", "expense", "valuation", "exit")),
    Grant(LEADERSHIP, "funds.vote", "add"),
]
