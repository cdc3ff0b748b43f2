"""Rows that belong to a park or to nobody: to-dos, comments, approvals, files, search entries, outbox messages.

`ParkOptional` is confined like `ParkScoped`, except that a row without a park is company-wide and seen by everybody who
holds the right. A record's own park is inherited by what hangs on it, so a comment never leaves the park of its record."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, event, inspect
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from ..errors import NotFound, Refused
from ..i18n import _l
from .session import ParkSession, scope_of


class ParkMarked:
    """Anything with a nullable `park_id` that is read like `ParkOptional` (the audit trail is written by Core only and
    brings its own column without a key)."""

    @declared_attr
    def park_id(cls) -> Mapped[int | None]:
        return mapped_column(BigInteger, ForeignKey("core_park.id", ondelete="RESTRICT"), nullable=True, index=True,
                             sort_order=-9, info={"label": None, "fmt": "ref"})


class ParkOptional(ParkMarked):
    """A row of one park, or company-wide when `park_id` is NULL."""


@event.listens_for(ParkSession, "before_flush")
def guard(session: Session, context: Any, instances: Any) -> None:
    """Refuse to write for a park outside the scope, or to move a row to another park."""
    changed = [o for o in (*session.new, *session.dirty, *session.deleted) if isinstance(o, ParkOptional)]
    if not changed:
        return
    scope = scope_of(session)
    for obj in changed:
        history = inspect(obj).attrs.park_id.history
        old = [p for p in history.deleted if p is not None] if obj not in session.new else []
        for park in (obj.__dict__.get("park_id"), *old):
            if park is not None and not scope.sees(park):
                raise NotFound(_l("There is no such record in your parks."))
        if old and old[0] != obj.park_id:
            raise Refused(_l("A record cannot be moved to another park."))


def owner_park(session: Any, owner: Any) -> int | None:
    """The park of a record (a park's own is itself), None for company-wide records."""
    from ..models import Park

    return owner.id if isinstance(owner, Park) else getattr(owner, "park_id", None)
