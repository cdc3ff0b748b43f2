"""Who may do what with receipts, deposits, refunds and statements. Who asks for a refund never approves it (approval)."""

from __future__ import annotations

from parkops.security.roles import Grant

GRANTS = [
    Grant("finance", "billing.open_item", "read act export"),
    Grant("operations_manager", "billing.open_item", "read export"),
    Grant("operations_clerk", "billing.open_item", "read export"),
    Grant("leadership", "billing.open_item", "read export"),
    Grant("finance", "billing.receipt", "read add act export"),
    Grant("finance", "billing.allocation", "read add act export"),
    Grant("finance", "billing.bank_account", "read add change remove export"),
    Grant("finance", "billing.deposit", "read add change act export"),
    Grant("finance", "billing.deposit_move", "read add export"),
    Grant("finance", "billing.refund", "read add change act export"),
    Grant("finance", "billing.statement", "read add change export"),
    Grant("operations_manager", "billing.receipt", "read export"),
    Grant("operations_manager", "billing.allocation", "read export"),
    Grant("operations_manager", "billing.bank_account", "read"),
    Grant("operations_manager", "billing.deposit", "read add change export"),
    Grant("operations_manager", "billing.deposit_move", "read export"),
    Grant("operations_manager", "billing.refund", "read change act export"),
    Grant("operations_manager", "billing.statement", "read export"),
    Grant("operations_clerk", "billing.receipt", "read"),
    Grant("operations_clerk", "billing.allocation", "read"),
    Grant("operations_clerk", "billing.deposit", "read add change export"),
    Grant("operations_clerk", "billing.deposit_move", "read"),
    Grant("operations_clerk", "billing.refund", "read"),
    Grant("operations_clerk", "billing.statement", "read export"),
    Grant("leadership", "billing.receipt", "read export"),
    Grant("leadership", "billing.allocation", "read"),
    Grant("leadership", "billing.deposit", "read export"),
    Grant("leadership", "billing.deposit_move", "read"),
    Grant("leadership", "billing.refund", "read"),
    Grant("leadership", "billing.statement", "read export"),
]
