"""What bills announce after they were posted."""

from __future__ import annotations

from parkops.hooks import Signal

bill_reversed = Signal(
    "billing.bill_reversed",
    doc="session, bill, on: a posted bill was wholly taken back by a credit note, in the same transaction; what was charged on it may be "
        "charged anew under other keys")
