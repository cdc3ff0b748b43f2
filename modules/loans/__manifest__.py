{
    "name": "loans",
    "title": "Start-up loans",
    "version": "0.1.0",
    "summary": "Guaranteed start-up loans: schemes, pre-check, cases with their parties and clocks, repayment, interest subsidy.",
    "depends": ("tenants",),
    "icon": "building-bank",
    "order": 60,
    "menu": (
        ("loans", "Start-up loans"),
        ("loan_money", "Loan money"),
        ("loan_setup", "Loan set-up"),
    ),
    "settings": {
        "loans.standing_months": {"type": "int", "default": 12, "min": 1, "max": 60, "title": "Months a firm's loan facts stay current"},
        "loans.due_days": {"type": "int", "default": 15, "min": 1, "max": 180, "title": "Days before an instalment when people are reminded"},
        "loans.paper_days": {"type": "int", "default": 15, "min": 1, "max": 180, "title": "Days before a loan document expires when people are reminded"},
        "loans.two_approvals_from": {"type": "money", "default": "1000000", "title": "Loans of this amount need two approvals"},
        "loans.claim_after_days": {"type": "int", "default": 90, "min": 1, "max": 720, "title": "Days overdue after which the guarantee is claimed"},
    },
    "data": ("rules/schemes.yaml", "rules/lpr.yaml"),
    "sequences": {
        "loans.case": "LN-{year}-{n:04d}",
        "loans.subsidy_claim": "LS-{year}-{n:04d}",
        "loans.claim": "LC-{year}-{n:04d}",
    },
    "demo": True,
}
