"""The log of notifications on their way: sent, waiting, failed with the reason."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ... import outbox
from ...errors import NotFound
from ...i18n import _, _l
from ...notify.kinds import KindChoices
from ...notify.models import NotifyDelivery
from ...outbox import STATES, OutboxMessage
from ..resource import Action, Col, Filter, Input, Resource, Section, Titles, View

HERE = "parkops.web.admin.notify"


def _of_message(name: str) -> Any:
    """SQL: a column of the delivery's message."""

    def sql(model: Any, context: Any) -> Any:
        return select(getattr(OutboxMessage, name)).where(OutboxMessage.id == model.outbox_id).scalar_subquery()

    return sql


def _message(session: Any, row: NotifyDelivery) -> OutboxMessage:
    found = session.get(OutboxMessage, row.outbox_id) if row.outbox_id is not None else None
    if found is None:
        raise NotFound(_l("The message of this notification is gone."))
    return found


def why_not_retry(session: Any, row: NotifyDelivery) -> str | None:
    """What was sent is not sent again."""
    found = session.get(OutboxMessage, row.outbox_id) if row.outbox_id is not None else None
    return _("This message has been delivered; there is nothing to repeat.") if found is None or found.state == "done" else None


def retry(session: Any, row: NotifyDelivery) -> str:
    """Try again now."""
    outbox.retry(session, _message(session, row))
    return _("It goes out within a minute.")


def retry_many(session: Any, rows: list[NotifyDelivery]) -> str:
    """Bulk: all that is not sent yet."""
    left = [m for m in (_message(session, r) for r in rows) if m.state != "done"]
    for message in left:
        outbox.retry(session, message)
    return _("%(n)s messages go out within a minute.", n=len(left))


DELIVERY = Resource(
    name="core.notify_delivery",
    model=NotifyDelivery,
    titles=Titles(_l("Sent notifications"), _l("Sent notification")),
    icon="mail-forward",
    columns=(
        Col("created_at", _l("Queued at"), important=True, link=True, width=140),
        Col("user_id", important=True, width=130),
        Col("channel", width=120),
        Col("kind", width=170, fmt="choice", choices=KindChoices()),
        Col("how", _l("State"), important=True, width=100, sql=_of_message("state"), fmt="choice", choices=STATES),
        Col("tries", _l("Attempts"), 80, sql=_of_message("attempts"), fmt="int"),
        Col("done_at", _l("Delivered at"), 140, sql=_of_message("done_at"), fmt="datetime"),
        Col("error", _l("Last error"), 340, sql=_of_message("last_error")),
    ),
    sections=(Section(_l("Sent notification"), ("created_at", "user_id", "channel", Input("kind", "choice", choices=KindChoices()))),),
    views=(
        View("failed", _l("Failed"), (Filter("how", "eq", "dead"),), sort="-id"),
        View("waiting", _l("Waiting"), (Filter("how", "eq", "pending"),), sort="-id"),
        View("all", _l("All"), (), sort="-id"),
    ),
    actions=(Action("retry", _l("Try again now"), f"{HERE}:retry", guard=f"{HERE}:why_not_retry", primary=True),),
    bulk=(Action("retry", _l("Try again now"), f"{HERE}:retry_many"),),
    load=("user", "notice"),
    sort="-id",
    menu=("system", 52),
)

RESOURCES = [DELIVERY]
