"""Asked before a month of the books is locked."""

from __future__ import annotations

from parkops.hooks import Signal

closing = Signal(
    "billing.closing",
    doc="session, park_id, month (first day), hard: receivers return or yield Problems for what is unfinished in that month (drafts dated"
        " in it, unidentified receipts …); any Problem stops the lock.")
