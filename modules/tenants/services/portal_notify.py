"""Telling a firm's people something, through the bell and the channels each of them wants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parkops.db.session import scope_of
from parkops.i18n import Lazy
from parkops.notify import sending

from .portal_accounts import people_of


def tell_firm(
    session: Any, firm_id: int, kind: str, text: Lazy, values: dict | None = None, *, owner: Any = None, roles: tuple[str, ...] = ()
) -> int:
    """Tell the active accounts of a firm (of these portal roles when given). Returns how many; a firm without accounts is told
    nothing here."""
    return tell_firms(session, [firm_id], kind, text, values, owner=owner, roles=roles)


def tell_firms(
    session: Any, firm_ids: Iterable[int], kind: str, text: Lazy, values: dict | None = None, *, owner: Any = None,
    roles: tuple[str, ...] = ()
) -> int:
    """The same for many firms: who has an account is found in one statement."""
    found = people_of(session, sorted(set(firm_ids)), roles)
    people = [user_id for users in found.values() for user_id in users]
    return sending.tell(session, people, kind, text, values, owner=owner) if people else 0


def tell_of_step(
    session: Any, obj: Any, step: str, kind: str, texts: dict[str, Lazy], reason: str | None, *, roles: tuple[str, ...] = ()
) -> int:
    """Tell the firm of a record what a step decided; steps without a sentence, and the firm's own, tell nothing."""
    if step not in texts or obj.firm_id is None or scope_of(session).firm_id is not None:
        return 0
    return tell_firm(session, obj.firm_id, kind, texts[step], {"number": obj.number, "reason": reason or ""}, owner=obj, roles=roles)
