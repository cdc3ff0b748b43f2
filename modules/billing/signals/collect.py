"""What the monthly run asks every module: what is there to be charged."""

from __future__ import annotations

from parkops.hooks import Signal

collect = Signal(
    "billing.collect",
    doc="session, park_id, month: answer with a Select or a list of dicts of demands (columns of services/charges.py: DEMAND) whose "
    "month of billing is `month` or earlier; what was charged before is skipped by its key, so answering again is harmless. An answer "
    "that leaves out itself what has a line, by the same key, says so: charges.Uncharged(demands)",
)
lease_block = Signal(
    "billing.lease_block",
    doc="session, park_id, source, source_ids: answer with {source_id: LeaseBlock} (calc_einvoice.py), the address, certificate and "
    "area the e-invoice of leased real estate must show for charge lines of that source",
)
not_ready = Signal(
    "billing.not_ready",
    doc="session, park_id, month: answer with (resource, record_id, label, count) of what would be charged by `month` but is not known yet "
        "(a turnover not reported, an index not published); the run shows it as an exception, nothing else waits for it")
