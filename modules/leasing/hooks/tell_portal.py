"""A firm reads in its portal what was decided on its application for rent relief."""

from __future__ import annotations

from typing import Any

from modules.tenants.services.portal_notify import tell_of_step
from parkops.hooks import receiver
from parkops.i18n import _l
from parkops.workflow import moved

TEXTS = {
    "approve": _l("The rent relief %(number)s is approved."),
    "return": _l("The rent relief %(number)s must be completed: %(reason)s"),
    "reject": _l("The rent relief %(number)s is not granted: %(reason)s"),
    "post": _l("The rent relief %(number)s is posted; your bills are lower by it."),
}


@receiver(moved)
def tell(session: Any, resource: str, obj: Any, step: str, reason: str | None, **_more: Any) -> None:
    """Heads and money people of the firm."""
    if resource == "leasing.relief_application":
        tell_of_step(session, obj, step, "leasing.relief_decided", TEXTS, reason, roles=("owner", "finance"))
