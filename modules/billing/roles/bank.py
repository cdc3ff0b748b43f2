"""Who imports and matches bank lines, charges late fees and chases arrears. Who asks for a waiver never approves it (approval)."""

from __future__ import annotations

from parkops.security.roles import Grant

GRANTS = [
    Grant("finance", "billing.bank_statement", "read add act export"),
    Grant("finance", "billing.bank_line", "read act export unmask"),
    Grant("finance", "billing.bank_match", "read act export"),
    Grant("finance", "billing.payer_rule", "read change remove export unmask"),
    Grant("finance", "billing.dunning_level", "read change export"),
    Grant("finance", "billing.dunning_letter", "read add act export"),
    Grant("finance", "billing.payment_promise", "read add act export"),
    Grant("finance", "billing.fee_waiver", "read add act export"),
    Grant("operations_manager", "billing.bank_statement", "read"),
    Grant("operations_manager", "billing.bank_line", "read export"),
    Grant("operations_manager", "billing.bank_match", "read"),
    Grant("operations_manager", "billing.payer_rule", "read"),
    Grant("operations_manager", "billing.dunning_level", "read change export"),
    Grant("operations_manager", "billing.dunning_letter", "read add act export"),
    Grant("operations_manager", "billing.payment_promise", "read add act export"),
    Grant("operations_manager", "billing.fee_waiver", "read act export"),
    Grant("operations_clerk", "billing.dunning_letter", "read add export"),
    Grant("operations_clerk", "billing.dunning_level", "read"),
    Grant("operations_clerk", "billing.payment_promise", "read add act export"),
    Grant("operations_clerk", "billing.fee_waiver", "read add"),
    Grant("leadership", "billing.dunning_letter", "read export"),
    Grant("leadership", "billing.payment_promise", "read"),
    Grant("leadership", "billing.fee_waiver", "read"),
]
