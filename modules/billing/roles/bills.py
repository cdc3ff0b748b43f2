"""Who may do what with charge lines, bills, runs, e-invoices and disputes. Finance makes and posts them; the manager decides
disputes; operations read and enter disputes. `act` on a bill is posting and crediting."""

from __future__ import annotations

from parkops.security.roles import Grant

CLERK, MANAGER, FINANCE, LEADERSHIP = "operations_clerk", "operations_manager", "finance", "leadership"
TAX = ("vat_rate", "carrier_exemption", "tax_status", "simplified_election")

GRANTS = [
    Grant(FINANCE, "billing.charge_item", "read add change remove export"),
    *(Grant(FINANCE, f"billing.{thing}", "read add change export") for thing in TAX),
    Grant(FINANCE, "billing.charge", "read add remove export"),
    Grant(FINANCE, "billing.bill", "read add change remove act export"),
    Grant(FINANCE, "billing.bill_run", "read add change remove act export"),
    Grant(FINANCE, "billing.einvoice", "read add change export"),
    Grant(FINANCE, "billing.dispute", "read add change act export"),
    *(Grant(MANAGER, f"billing.{thing}", "read") for thing in ("charge_item", *TAX)),
    Grant(MANAGER, "billing.charge", "read add export"),
    *(Grant(MANAGER, f"billing.{thing}", "read export") for thing in ("bill", "bill_run", "einvoice")),
    Grant(MANAGER, "billing.dispute", "read add change act export"),
    Grant(CLERK, "billing.charge_item", "read"),
    Grant(CLERK, "billing.charge", "read add export"),
    *(Grant(CLERK, f"billing.{thing}", "read export") for thing in ("bill", "bill_run")),
    Grant(CLERK, "billing.einvoice", "read"),
    Grant(CLERK, "billing.dispute", "read add change export"),
    *(Grant(LEADERSHIP, f"billing.{thing}", "read export") for thing in ("charge", "bill", "bill_run", "dispute")),
    *(Grant(LEADERSHIP, f"billing.{thing}", "read") for thing in ("charge_item", "einvoice", *TAX)),
]
