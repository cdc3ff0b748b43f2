"""Where a person is reached, what about, and what was sent: the log of deliveries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db.base import Record, field, fk
from ..db.park_optional import ParkOptional
from ..db.types import EnumText
from ..i18n import _l
from ..outbox import OutboxMessage
from ..security.models import UserProfile
from ..security.sealing import SealedText
from ..todos import Notice
from .kinds import CHANNELS


class NotifyAddress(Record):
    """One way to reach a person. The address is sealed: of a robot it is the token, which nobody reads back."""

    __tablename__ = "core_notify_address"
    __table_args__ = (UniqueConstraint("user_id", "channel"),)
    user_id: Mapped[int] = fk("core_user.id", _l("User"), ondelete="CASCADE", index=False)
    channel: Mapped[str] = field(EnumText(CHANNELS), _l("Channel"))
    address: Mapped[str] = mapped_column(SealedText(length=600), nullable=False)
    shown: Mapped[str] = field(String(80), _l("Address"))
    is_on: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")

    def __str__(self) -> str:
        return f"{CHANNELS.label(self.channel)} {self.shown}"


class NotifyPreference(Record):
    """A person's wish for one kind and channel; without a row the kind's own setting holds."""

    __tablename__ = "core_notify_preference"
    __table_args__ = (UniqueConstraint("user_id", "kind", "channel"),)
    __audited__ = False
    user_id: Mapped[int] = fk("core_user.id", _l("User"), ondelete="CASCADE", index=False)
    kind: Mapped[str] = field(String(80), _l("Kind"))
    channel: Mapped[str] = field(EnumText(CHANNELS), _l("Channel"))
    wanted: Mapped[bool] = field(Boolean, _l("Wanted"))

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}"


class NotifyDelivery(ParkOptional, Record):
    """One notification on its way through one channel; how far it is stands on its message in the outbox."""

    __tablename__ = "core_notify_delivery"
    __table_args__ = (UniqueConstraint("notice_id", "channel"),)
    __audited__ = False
    user_id: Mapped[int] = fk("core_user.id", _l("To whom"), ondelete="CASCADE")
    kind: Mapped[str] = field(String(80), _l("Kind"))
    channel: Mapped[str] = field(EnumText(CHANNELS), _l("Channel"))
    notice_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("core_notice.id", ondelete="CASCADE"), nullable=False, info={"label": _l("Notice told"), "fmt": "ref"}
    )
    outbox_id: Mapped[int | None] = fk("core_outbox.id", _l("Outgoing message"), ondelete="SET NULL")
    user: Mapped[UserProfile] = relationship(UserProfile, foreign_keys="NotifyDelivery.user_id")
    notice: Mapped[Notice] = relationship(Notice)
    message: Mapped[OutboxMessage | None] = relationship(OutboxMessage)

    def __str__(self) -> str:
        notice: Any = self.__dict__.get("notice")
        return notice.text if notice is not None else f"#{self.id}"
