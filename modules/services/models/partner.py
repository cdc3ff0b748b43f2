"""Partner halls of cross-district service and every message to or from them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _l
from parkops.security.sealing import SealedText

from .hall import ServiceHall

DIRECTIONS = Choices("services.direction", ("in", _l("Came in"), "blue"), ("out", _l("Sent out"), "violet"))
MESSAGES = Choices(
    "services.message_kind",
    ("case", _l("Case passed on")),
    ("result", _l("Result sent back")),
    ("withdraw", _l("Case taken back")),
)
SIDES = Choices("services.side", ("first", _l("Our hall")), ("second", _l("The partner hall")))


class PartnerHall(ParkScoped, Record):
    """A hall elsewhere with which an agreement of cross-district service holds.

    `key_id` names the pair's common key (both halls enter the same); the key itself is sealed at rest. `side` says which end of the
    pair this hall is: it is signed with every message, so that a message sent back to its sender is not taken for the partner's."""

    __tablename__ = "services_partner"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        UniqueConstraint("park_id", "key_id"),
        Index("uq_services_partner_key", "key_id", unique=True),
        CheckConstraint("ends_on IS NULL OR ends_on >= signed_on", name="days"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Partner hall"))
    district: Mapped[str | None] = field(String(120), _l("District"))
    hall_id: Mapped[int] = fk("services_hall.id", _l("Our hall"))
    signed_on: Mapped[date | None] = field(Date, _l("Agreement of"))
    ends_on: Mapped[date | None] = field(Date, _l("Agreement ends"))
    url: Mapped[str | None] = field(String(300), _l("Address of its interface"), help=_l("Such as https://hall.example.cn"))
    key_id: Mapped[str] = field(String(80), _l("Key id"), fmt="code")
    key: Mapped[str | None] = field(SealedText(), _l("Common key"), personal="id_number")
    side: Mapped[str] = field(EnumText(SIDES), _l("Who made the key"), help=_l("The partner chooses the other one"))
    post_address: Mapped[str | None] = field(String(200), _l("Postal address of the hall"))
    phone: Mapped[str | None] = field(String(40), _l("Telephone of the hall"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    hall: Mapped[ServiceHall] = relationship(foreign_keys="PartnerHall.hall_id")

    __search__ = ("name", "code")

    def holds(self, on: date) -> bool:
        """Whether the agreement holds on that day."""
        return self.active and (self.signed_on is None or self.signed_on <= on) and (self.ends_on is None or on <= self.ends_on)

    def __str__(self) -> str:
        return self.name


class PartnerMessage(ParkScoped, Record):
    """A message once each: `nonce` is never seen twice from a partner, `key` answers a repetition with the same answer."""

    __tablename__ = "services_partner_message"
    __table_args__ = (
        UniqueConstraint("partner_id", "direction", "key"),
        Index("uq_services_partner_message_nonce", "partner_id", "nonce", unique=True, postgresql_where="direction = 'in'"),
    )
    partner_id: Mapped[int] = fk("services_partner.id", _l("Partner hall"), index=False)
    direction: Mapped[str] = field(EnumText(DIRECTIONS), _l("Direction"))
    kind: Mapped[str] = field(EnumText(MESSAGES), _l("Kind of message"))
    key: Mapped[str] = field(String(120), _l("Message key"), fmt="code")
    nonce: Mapped[str | None] = field(String(80), _l("Nonce"), fmt="code")
    case_id: Mapped[int | None] = fk("services_case.id", _l("Hall case"))
    body: Mapped[dict] = field(Json, _l("Content"))
    answer: Mapped[dict | None] = field(Json, _l("Answer of the other side"))
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    sent_at: Mapped[datetime | None] = field(UTCDateTime, _l("Delivered at"))
    partner: Mapped[PartnerHall] = relationship(foreign_keys="PartnerMessage.partner_id")

    def __str__(self) -> str:
        return self.key
