"""May this actor do that? The one question services, screens, REST and jobs ask. The answer is in the scope's rights."""

from __future__ import annotations

from typing import Any

from ..db.session import scope_of
from ..errors import NotAllowed
from ..i18n import _l


def may(session: Any, resource: str, word: str) -> bool:
    """True when the actor holds (resource, word); the system scope holds all."""
    scope = scope_of(session)
    return scope.system or (resource, word) in scope.rights


def require(session: Any, resource: str, word: str) -> None:
    """Raise NotAllowed unless the actor holds the right."""
    if not may(session, resource, word):
        raise NotAllowed(_l("You are not allowed to do this. Ask a system administrator for the right, or a colleague who has it."))


def may_unmask(session: Any, resource: str) -> bool:
    return may(session, resource, "unmask")
