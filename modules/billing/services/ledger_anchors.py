"""The end of each chain, kept outside the database: a file per park under `PARKOPS_DATA_DIR/anchors`, and an audit event.

A chain alone cannot see that its tail was cut off together with the kept end. Whoever cuts would have to change this file too, and
every copy of it: take the folder into the off-site backup."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.config import config
from parkops.db import audit
from parkops.i18n import _
from parkops.models import Park

from ..models.ledger import LedgerEntry, LedgerHead
from .ledger_verify import Finding


def folder() -> Path:
    """Where the anchors are kept; made on first need, for this account only."""
    path = config().data_dir / "anchors"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def file_of(park: Park) -> Path:
    return folder() / f"ledger-{park.code}.jsonl"


def drop_anchor(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """Write the end of the park's chain to its file and the audit trail. The daily job; nothing new writes nothing."""
    park = session.get(Park, park_id)
    head = session.execute(select(LedgerHead.sequence, LedgerHead.hash).where(LedgerHead.park_id == park_id)).one_or_none()
    if head is None or head.sequence == 0:
        return {"anchored": 0}
    known = read(park)
    if known and (known[-1]["sequence"], known[-1]["hash"]) == (head.sequence, bytes(head.hash).hex()):
        return {"anchored": 0}
    row = {"on": on.isoformat(), "at": clock.now().isoformat(), "park": park.code, "sequence": head.sequence,
           "hash": bytes(head.hash).hex()}
    with file_of(park).open("a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
        out.flush()
        os.fsync(out.fileno())
    audit.event(session, "anchor", row, resource=LedgerEntry.__resource__, label=f"{park.code} {head.sequence}", park_id=park_id)
    return {"anchored": 1}


def read(park: Park) -> list[dict[str, Any]]:
    """The anchors of a park, oldest first."""
    path = file_of(park)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def compare(session: Any, park: Park) -> list[Finding]:
    """Every anchor against the entry at its place."""
    anchors = read(park)
    if not anchors:
        return []
    kept = {s: bytes(h).hex() for s, h in session.execute(select(LedgerEntry.sequence, LedgerEntry.hash).where(
        LedgerEntry.park_id == park.id, LedgerEntry.sequence.in_([a["sequence"] for a in anchors])))}
    found = []
    for a in anchors:
        if a["sequence"] not in kept:
            found.append(Finding("anchor", park.id, a["sequence"], None, _(
                "The anchor of %(day)s knows entry %(n)s of the chain; it is missing.", day=a["on"], n=a["sequence"])))
        elif kept[a["sequence"]] != a["hash"]:
            found.append(Finding("anchor", park.id, a["sequence"], None, _(
                "The chain up to place %(n)s is not the one that was anchored on %(day)s.", day=a["on"], n=a["sequence"])))
    return found


def compare_all(session: Any) -> list[Finding]:
    """The anchors of every park the session sees."""
    return [f for park in session.scalars(select(Park).order_by(Park.id)) for f in compare(session, park)]
