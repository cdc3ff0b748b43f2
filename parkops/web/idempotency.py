"""One-time keys: a form posted twice, or a REST call repeated with the same key, has one effect.

The key is claimed at the start of the very transaction that does the work: a second claim waits for the first
transaction and then finds its answer. Same key with another body is a Conflict."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, String, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from ..clock import now
from ..db.base import Model
from ..db.session import scope_of
from ..db.types import Json, UTCDateTime
from ..errors import Conflict, Refused
from ..i18n import _l

KEY = re.compile(r"[\x21-\x7e]{8,100}")


class OnceKey(Model):
    """A claimed key of one user, and what the call answered."""

    __tablename__ = "core_once_key"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(String(140), nullable=False, unique=True)
    body: Mapped[str] = mapped_column(String(64), nullable=False)
    answer: Mapped[dict | None] = mapped_column(Json)
    at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, index=True)


@dataclass(frozen=True)
class Claim:
    """`answer` is None when the work is still to be done, else what the first call answered."""

    key: str | None
    answer: dict | None = None


def new_key() -> str:
    """A fresh key for a form."""
    return secrets.token_urlsafe(18)


def digest(body: Any) -> str:
    """A stable hash of a body (mapping of texts)."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def claim(session: Any, key: str | None, where: str, body: Any, *, needed: bool = False) -> Claim:
    """Claim `key` for the actor and `where` (an address). No key: no protection, or Refused when the command moves money
    (`needed`). Raises Conflict on another body."""
    if not key:
        if needed:
            raise Refused(_l("This command moves money and needs a one-time key. Load the page again, or send an Idempotency-Key."))
        return Claim(None)
    if not KEY.fullmatch(key):
        raise Refused(_l("The idempotency key must be 8 to 100 printable characters."))
    full = hashlib.sha256(f"{scope_of(session).user_id}\n{where}\n{key}".encode()).hexdigest()
    hashed = digest(body)
    row = session.connection().execute(
        insert(OnceKey.__table__).values(key=full, body=hashed, at=now()).on_conflict_do_nothing().returning(OnceKey.__table__.c.id)
    ).first()
    if row is not None:
        return Claim(full)
    found = session.connection().execute(select(OnceKey.__table__).where(OnceKey.__table__.c.key == full)).one()
    if found.body != hashed:
        raise Conflict(_l("This form was already sent with other values. Reload the page and check what was saved."))
    return Claim(full, found.answer or {})


def answered(session: Any, key: str | None, where: str, body: Any) -> dict | None:
    """What an earlier call with this key answered, before anything else is looked at: the first call may have moved the record
    out of the list it was reached through. Raises Conflict on another body."""
    if not key or not KEY.fullmatch(key):
        return None
    full = hashlib.sha256(f"{scope_of(session).user_id}\n{where}\n{key}".encode()).hexdigest()
    found = session.connection().execute(select(OnceKey.__table__).where(OnceKey.__table__.c.key == full)).one_or_none()
    if found is not None and found.body != digest(body):
        raise Conflict(_l("This form was already sent with other values. Reload the page and check what was saved."))
    return None if found is None else found.answer or {}


def keep(session: Any, claimed: Claim, answer: dict) -> None:
    """Store the answer beside the claim, in the same transaction."""
    if claimed.key is not None:
        table = OnceKey.__table__
        session.connection().execute(update(table).where(table.c.key == claimed.key).values(answer=answer))


def purge(session: Any, before: datetime) -> int:
    """Forget keys older than `before` (a nightly job); returns how many."""
    table = OnceKey.__table__
    return session.connection().execute(delete(table).where(table.c.at < before)).rowcount
