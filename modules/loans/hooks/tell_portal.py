"""A firm reads in its portal how its loan case goes on."""

from __future__ import annotations

from typing import Any

from modules.tenants.services.portal_notify import tell_of_step
from parkops.hooks import receiver
from parkops.i18n import _l
from parkops.workflow import moved

TEXTS = {
    "collect": _l("For the loan %(number)s documents are needed; the portal names them."),
    "approve": _l("The loan %(number)s is approved; the contract can be signed."),
    "return": _l("The loan %(number)s must be completed: %(reason)s"),
    "reject": _l("The loan %(number)s is not granted: %(reason)s"),
}


@receiver(moved)
def tell(session: Any, resource: str, obj: Any, step: str, reason: str | None, **_more: Any) -> None:
    """Heads and money people of the firm."""
    if resource == "loans.case":
        tell_of_step(session, obj, step, "loans.case_decided", TEXTS, reason, roles=("owner", "finance"))
