"""Side effects outside the database: a row written with the change, delivered after its commit, at least once.

    outbox.publish(session, "tenants.reminder", {"firm": 7}, key="reminder-7-2026-06")
    @outbox.handler("tenants.reminder")
    def send(session, payload, message): ...          # `message.idempotency_key` goes with every outside call

A message that fails waits longer each time; after `MAX_ATTEMPTS` it is dead: visible in the list, retried by a person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Index, Integer, String, Text, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Mapped

from .clock import now
from .db.base import Record, field
from .db.park_optional import ParkOptional
from .db.session import scope_of, system_scope
from .db.types import Choices, EnumText, Json, UTCDateTime
from .errors import Problem, RuleError
from .i18n import _l
from .security import access

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 8
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
ROUND_SECONDS = 30.0
STATES = Choices("outbox", ("pending", _l("Waiting"), "blue"), ("done", _l("Delivered"), "green"), ("dead", _l("Failed"), "red"))


class OutboxMessage(ParkOptional, Record):
    """One effect to come: topic, payload, and how delivery went."""

    __tablename__ = "core_outbox"
    __table_args__ = (
        Index("uq_core_outbox_topic_key", "topic", "key", unique=True, postgresql_where=text("key IS NOT NULL")),
        Index("ix_core_outbox_due", "next_at", "id", postgresql_where=text("state = 'pending'")),
    )
    __audited__ = False
    topic: Mapped[str] = field(String(80), _l("Topic"))
    payload: Mapped[dict] = field(Json, _l("Content"))
    key: Mapped[str | None] = field(String(200), _l("Key"))
    state: Mapped[str] = field(EnumText(STATES), _l("State"), default="pending")
    attempts: Mapped[int] = field(Integer, _l("Attempts"), default=0)
    next_at: Mapped[datetime] = field(UTCDateTime, _l("Next attempt"))
    done_at: Mapped[datetime | None] = field(UTCDateTime, _l("Delivered at"))
    last_error: Mapped[str | None] = field(Text, _l("Last error"))

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt; outside systems use it to ignore a repetition."""
        return f"{self.topic}:{self.key or self.id}"

    def __str__(self) -> str:
        return self.idempotency_key


HANDLERS: dict[str, Callable[..., Any]] = {}


def handler(topic: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: `fn(session, payload, message)` delivers a topic; raising means try again later."""

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        have = HANDLERS.get(topic)
        if have is not None and (have.__module__, have.__qualname__) != (fn.__module__, fn.__qualname__):
            raise ValueError(f"outbox topic {topic} has two handlers")
        HANDLERS[topic] = fn
        return fn

    return register


def publish(session: Any, topic: str, payload: dict, key: str | None = None, *, park_id: int | None = None) -> bool:
    """Write the message in the caller's transaction. The same topic and key twice is one message; returns whether new."""
    return publish_id(session, topic, payload, key, park_id=park_id) is not None


def publish_id(session: Any, topic: str, payload: dict, key: str | None = None, *, park_id: int | None = None) -> int | None:
    """`publish` for who keeps the message's number: None when the key was published before."""
    session.flush()
    table = OutboxMessage.__table__
    statement = pg_insert(table).values(
        topic=topic, payload=payload, key=key, park_id=park_id if park_id is not None else scope_of(session).park_id,
        state="pending", attempts=0, next_at=now())
    if key is not None:
        statement = statement.on_conflict_do_nothing(index_elements=["topic", "key"], index_where=text("key IS NOT NULL"))
    return session.connection().execute(statement.returning(table.c.id)).scalar()


def deliver(session: Any, limit: int = 100, *, at: datetime | None = None) -> dict[str, int]:
    """Deliver what is due; each message in its own savepoint, claimed with SKIP LOCKED so that workers never share one.

    The caller commits; a crash before that means the messages are delivered again. Returns counts for the job log."""
    moment = at or now()
    rows = session.execute(
        select(OutboxMessage).where(OutboxMessage.state == "pending", OutboxMessage.next_at <= moment)
        .order_by(OutboxMessage.next_at, OutboxMessage.id).limit(limit)
        .with_for_update(skip_locked=True)).scalars().all()
    counts = {"delivered": 0, "failed": 0, "dead": 0}
    for row in rows:
        counts[_attempt(session, row, moment)] += 1
    session.flush()
    return counts


def _attempt(session: Any, row: OutboxMessage, moment: datetime) -> str:
    row.attempts += 1
    session.flush()
    try:
        with session.begin_nested():
            HANDLERS[row.topic](session, row.payload, row)
    except Exception as e:  # any failure of a foreign system is a later attempt, never a lost message
        return _failed(row, e, moment)
    row.state, row.done_at, row.last_error = "done", moment, None
    return "delivered"


def _failed(row: OutboxMessage, error: Exception, moment: datetime) -> str:
    log.warning("outbox %s failed, attempt %s: %s", row.idempotency_key, row.attempts, error)
    known = row.topic in HANDLERS
    row.last_error = (f"{type(error).__name__}: {error}" if known else f"no module handles the topic {row.topic}")[:2000]
    if row.attempts >= MAX_ATTEMPTS:
        row.state = "dead"
        return "dead"
    row.next_at = moment + min(LONGEST_WAIT, FIRST_WAIT * 2 ** (row.attempts - 1))
    return "failed"


def deliver_each(limit: int = 100, *, seconds: float = ROUND_SECONDS) -> dict[str, int]:
    """Deliver with one transaction per message: a crash repeats at most the message in hand. For the scheduler's tick and the
    hourly job. No message is begun after `seconds`, so that a silent mail server does not hold up the round."""
    total = {"delivered": 0, "failed": 0, "dead": 0}
    moment, until = now(), monotonic() + seconds
    for _turn in range(limit):
        if monotonic() > until:
            break
        with system_scope("outbox delivery", via="job") as session:
            counts = deliver(session, 1, at=moment)
        if not any(counts.values()):
            break
        for name, n in counts.items():
            total[name] += n
    return total


def retry(session: Any, message: OutboxMessage) -> OutboxMessage:
    """Try a dead (or waiting) message again now; needs `core.outbox` act."""
    access.require(session, "core.outbox", "act")
    if message.state == "done":
        raise RuleError([Problem("outbox.done", _l("This message has been delivered; there is nothing to repeat."))])
    message.state, message.attempts, message.next_at = "pending", 0, now()
    session.flush()
    return message
