"""What bills announce after they were posted."""

from __future__ import annotations

from parkops.hooks import Signal

bills_posted = Signal(
    "billing.bills_posted",
    doc="session, park_id, ids (of bills, not credit notes, posted just now), on: sent once for all that one call posted, in the same "
        "transaction")
bill_reversed = Signal(
    "billing.bill_reversed",
    doc="session, bill, on: a posted bill was wholly taken back by a credit note, in the same transaction; what was charged on it may be "
        "charged anew under other keys")
