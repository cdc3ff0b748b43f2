"""A firm reads in its portal what was decided on its apartments, which notices the park sends and which surveys are open."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.tenants.models.portal import PortalAccount
from modules.tenants.services.portal_notify import tell_firms, tell_of_step
from parkops.hooks import receiver
from parkops.i18n import _l
from parkops.workflow import moved

from ..models.notice import NoticeReceipt

HOUSING = {
    "allot": _l("An apartment is allotted for the application %(number)s; sign the contract in time."),
    "refuse": _l("The application %(number)s for an apartment is refused: %(reason)s"),
    "requeue": _l("The application %(number)s is back in the queue: %(reason)s"),
}


@receiver(moved)
def tell(session: Any, resource: str, obj: Any, step: str, reason: str | None, **_more: Any) -> None:
    """Apartments: heads and money people; notices and surveys: everybody with access."""
    if resource == "amenities.housing_application":
        tell_of_step(session, obj, step, "amenities.housing_decided", HOUSING, reason, roles=("owner", "finance"))
    elif resource == "amenities.notice" and step == "send":
        reached = session.scalars(select(NoticeReceipt.firm_id).where(NoticeReceipt.notice_id == obj.id))
        tell_firms(session, reached, "amenities.notice", _l("The park tells you: %(title)s"), {"title": obj.title}, owner=obj)
    elif resource == "amenities.survey" and step == "open":
        firms = session.scalars(select(PortalAccount.firm_id).where(PortalAccount.park_id == obj.park_id, PortalAccount.state == "active"))
        values = {"title": obj.title, "day": obj.closes_on.isoformat()}
        tell_firms(session, firms, "amenities.survey", _l("Please answer until %(day)s: %(title)s"), values, owner=obj)
