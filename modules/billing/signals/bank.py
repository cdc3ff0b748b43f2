"""What matching and late fees ask of the modules that hold contracts."""

from __future__ import annotations

from parkops.hooks import Signal

payer_references = Signal(
    "billing.payer_references",
    doc="session, park_id: answer with a list of (number as it may stand in a payment's text, firm id), "
    "such as numbers of contracts in force",
)
late_fee_terms = Signal(
    "billing.late_fee_terms",
    doc="session, bill_ids: answer with {bill id: rate per day (Decimal, 0.0005 = 0.05 %)} for bills whose "
    "lines come from a contract that agrees one",
)
