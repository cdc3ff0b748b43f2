"""The tie-out's rules as checks of `parkops check`, over all parks."""

from __future__ import annotations

from functools import partial
from typing import Any

from parkops.checks import Check
from parkops.clock import today
from parkops.i18n import _, _l

from ..models.tieout import TIES
from ..services import tieout


def _run(session: Any, kind: str) -> list[str]:
    return [f"{f.label}: {_(f.msgid, **f.values)}" for f in tieout.find(session, on=today(), kinds=(kind,))[:200]]


TITLES = {
    "unbilled": _l("Running leases are charged for past months"), "no_lease": _l("Charges of leases have their instalment"),
    "bill_lines": _l("Bills are the sum of their lines"), "settled": _l("Settled is the sum of allocations"),
    "let_twice": _l("No unit is let twice"), "unit_state": _l("Occupied units have a running lease"),
    "area": _l("Let areas are the units' areas"), "deposit": _l("Agreed deposits are received"),
    "relief": _l("Relief lines have their application"), "receivable": _l("Receivables account equals the open bills"),
}
CHECKS = [Check(f"leasing.tie_{kind}", TITLES[kind], partial(_run, kind=kind)) for kind in TIES]
