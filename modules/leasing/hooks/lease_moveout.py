"""A firm that moves out: its leases are lines of the case, and it does not leave before its units are free (C-66)."""

from __future__ import annotations

from datetime import date
from typing import Any

from modules.tenants.services.moveout import MoveOutLine
from modules.tenants.signals import before_leave, moveout_items
from parkops.errors import Problem
from parkops.hooks import receiver
from parkops.i18n import _, _l

from ..services import occupying


@receiver(moveout_items)
def lease_items(session: Any, firm: Any, moveout: Any, **_more: Any) -> list[MoveOutLine]:
    """One line per lease the firm still occupies units under."""
    return [
        MoveOutLine(occupying.code_of(lease), _("Lease %(number)s: settlement and hand-back", number=str(lease)), True, "leasing")
        for lease in occupying.leases_of(session, firm.id)
    ]


@receiver(before_leave)
def units_free(session: Any, firm: Any, on: date, **_more: Any) -> list[Problem]:
    """C-66: nobody leaves while the exit checklist of a lease is open."""
    return [
        Problem(
            "leasing.C-66", _l("Lease %(number)s still occupies units; finish its settlement and exit checklist first.", number=str(lease))
        )
        for lease in occupying.leases_of(session, firm.id)
    ]
