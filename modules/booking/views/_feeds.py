"""Calendar addresses as people copy them: whole, shown this once."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _
from parkops.web.addresses import public_url

from ..services import feeds


def address(session: Any, token: str) -> str:
    """What a calendar program subscribes to."""
    return f"{public_url(session)}/booking/feed/{token}.ics"


def for_person(session: Any, person: Any) -> str:
    """The button on a person."""
    return _shown(session, contact_id=person.id)


def for_firm(session: Any, firm: Any) -> str:
    """The button on a firm."""
    return _shown(session, firm_id=firm.id)


def for_resource(session: Any, resource: Any) -> str:
    """The button on a resource."""
    return _shown(session, resource_id=resource.id)


def _shown(session: Any, **whose: int) -> str:
    _row, token = feeds.issue_token(session, **whose)
    return _("Copy this address now, it is shown this once: %(url)s", url=address(session, token))
