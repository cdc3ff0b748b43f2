"""From a notice to the person's channels: what is wanted is written to the outbox with the change and sent after its commit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from .. import outbox, settings
from ..i18n import Lazy, force_locale
from ..outbox import OutboxMessage
from ..security.models import UserProfile
from ..todos import Notice
from . import mail, robots
from .kinds import CHANNELS, kind_of
from .models import NotifyAddress, NotifyDelivery, NotifyPreference

TOPIC = "core.notify"


def tell(
    session: Any,
    user_ids: Iterable[int],
    kind: str,
    text: Lazy,
    values: dict | None = None,
    *,
    owner: Any = None,
    park_id: int | None = None,
) -> int:
    """Tell people something of a declared kind: the bell now, the other channels they want after the commit. Returns how many."""
    from .. import todos

    people = sorted(set(user_ids))
    for user_id in people:
        todos.notify(session, user_id, text, values, owner=owner, park_id=park_id, kind=kind)
    return len(people)


def fan_out(session: Any, notice: Notice, kind: str) -> list[NotifyDelivery]:
    """Queue a new notice for the channels its reader wants; called by `todos.notify`."""
    known, made = kind_of(kind), []
    for channel in wanted(session, notice.user_id, kind, known.mail):
        row = NotifyDelivery(user_id=notice.user_id, kind=kind, channel=channel, notice_id=notice.id, park_id=notice.park_id)
        session.add(row)
        session.flush()
        key = f"{notice.id}:{channel}"
        row.outbox_id = outbox.publish_id(session, TOPIC, {"delivery": row.id}, key=key, park_id=notice.park_id)
        made.append(row)
    if made:
        session.flush()
    return made


def wanted(session: Any, user_id: int, kind: str, mail_by_default: bool) -> list[str]:
    """The channels of a person for a kind: an address in use, and the person's wish or the kind's own setting. One statement."""
    rows = session.execute(
        select(NotifyAddress.channel, NotifyPreference.wanted)
        .outerjoin(
            NotifyPreference,
            (NotifyPreference.user_id == NotifyAddress.user_id)
            & (NotifyPreference.channel == NotifyAddress.channel)
            & (NotifyPreference.kind == kind),
        )
        .where(NotifyAddress.user_id == user_id, NotifyAddress.is_on),
        execution_options={"parkops_unscoped": True},
    )
    return sorted(channel for channel, wish in rows if (wish if wish is not None else mail_by_default or channel != "email"))


@outbox.handler(TOPIC)
def deliver(session: Any, payload: dict, message: OutboxMessage) -> None:
    """Send one delivery. A person who has left, or taken the address away since, gets nothing, and that is no failure."""
    row = session.get(NotifyDelivery, payload["delivery"])
    if row is None:
        return
    person = session.get(UserProfile, row.user_id)
    address = session.scalars(
        select(NotifyAddress).where(NotifyAddress.user_id == row.user_id, NotifyAddress.channel == row.channel, NotifyAddress.is_on)
    ).one_or_none()
    if person is None or not person.active or address is None:
        return
    with force_locale(person.locale):
        title, text = str(kind_of(row.kind).title), row.notice.text
    link = _link(session, row.notice, person.is_portal)
    body = f"{text}\n\n{link}" if link else text
    if row.channel == "email":
        mail.send(mail.server(session), address.address, text if len(text) <= 120 else title, body, message.idempotency_key)
    else:
        robots.send(row.channel, address.address, f"ParkOps · {title}", body)


def _link(session: Any, notice: Notice, portal: bool) -> str:
    base = settings.public_url(session)
    path = "/portal/notices/" if portal else notice.url or "/me/inbox"
    return base + path if base else ""


__all__ = ["CHANNELS", "TOPIC", "deliver", "fan_out", "tell", "wanted"]
