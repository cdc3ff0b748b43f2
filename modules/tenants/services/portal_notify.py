"""Telling a firm's people something, through the bell and the channels each of them wants."""

from __future__ import annotations

from typing import Any

from parkops.i18n import Lazy
from parkops.notify import sending

from .portal_accounts import people_of


def tell_firm(
    session: Any, firm_id: int, kind: str, text: Lazy, values: dict | None = None, *, owner: Any = None, roles: tuple[str, ...] = ()
) -> int:
    """Tell the active accounts of a firm (of these portal roles when given). Returns how many; a firm without accounts is told
    nothing here."""
    people = people_of(session, [firm_id], roles).get(firm_id, [])
    return sending.tell(session, people, kind, text, values, owner=owner) if people else 0
