"""A case: who asked for what through which channel, what was there, when it is due, what came out.

Fields follow domain.md 14, "Case record (minimum)". Instants and days of one event stand side by side: limits count days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _l

from ..states import CASE, DELIVERIES, RESULTS
from ..states_quality import COMMITMENT
from .hall import ServiceHall
from .item import HallItem, ItemMaterial
from .partner import PartnerHall
from .queue import QueueTicket

CHANNELS = Choices(
    "services.channel",
    ("window", _l("Service window")),
    ("kiosk", _l("Self-service machine")),
    ("online", _l("Online")),
    ("phone", _l("By telephone")),
    ("cross", _l("Cross-district")),
)
MATERIAL_STATES = Choices(
    "services.material_state",
    ("have", _l("There"), "green"),
    ("missing_tolerable", _l("Missing, may follow"), "amber"),
    ("missing_fatal", _l("Missing, needed now"), "red"),
)


class ServiceCase(ParkScoped, Record):
    """One request from receipt to the result in the client's hands.

    `promised_days` and `statutory_days` are the item's on receipt. `clock_from` is the day the limits count from: receipt, then the
    day of the supplement (supplementing restarts the clock).
    `spot`: done on the day of receipt. `in_time`: result by the promised day. `stars` repeats the rating for lists."""

    __tablename__ = "services_case"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_services_case_park_id_received_on", "park_id", "received_on"),
        Index("ix_services_case_park_id_completed_on", "park_id", "completed_on"),
        Index(
            "ix_services_case_park_id_promised_due",
            "park_id",
            "promised_due",
            postgresql_where="state IN ('received', 'supplement', 'accepted', 'transferred')",
        ),
        Index("uq_services_case_ticket", "ticket_id", unique=True, postgresql_where="ticket_id IS NOT NULL"),
        Index(
            "uq_services_case_foreign",
            "partner_id",
            "foreign_number",
            unique=True,
            postgresql_where="foreign_number IS NOT NULL AND incoming",
        ),
        CheckConstraint("waited >= 0", name="waited"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("state NOT IN ('completed', 'delivered') OR (completed_on IS NOT NULL AND result IS NOT NULL)", name="completed"),
        CheckConstraint("state NOT IN ('accepted', 'transferred', 'completed', 'delivered') OR accepted_on IS NOT NULL", name="accepted"),
        CheckConstraint("completed_on >= received_on", name="days"),
        CheckConstraint("not incoming OR partner_id IS NOT NULL", name="partner"),
    )
    number: Mapped[str] = field(String(40), _l("Case no."), fmt="code")
    state: Mapped[str] = field(EnumText(CASE.choices), _l("State"), default="received", server_default="received")
    hall_id: Mapped[int] = fk("services_hall.id", _l("Service hall"))
    item_id: Mapped[int] = fk("services_item.id", _l("Service item"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"), help=_l("Empty: not a firm of the park"))
    applicant: Mapped[str] = field(String(200), _l("Applicant of the case"))
    credit_code: Mapped[str | None] = field(String(18), _l("Credit code"), fmt="code")
    contact: Mapped[str | None] = field(String(80), _l("Contact person"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    post_address: Mapped[str | None] = field(String(200), _l("Postal address"), personal="name")
    channel: Mapped[str] = field(EnumText(CHANNELS), _l("Channel"), default="window", server_default="window")
    ticket_id: Mapped[int | None] = fk("services_ticket.id", _l("Queue ticket"), index=False)
    waited: Mapped[int | None] = field(Integer, _l("Minutes waited"))
    first_officer_id: Mapped[int | None] = fk("core_user.id", _l("First asked"))
    officer_id: Mapped[int | None] = fk("core_user.id", _l("Officer in charge"))
    received_at: Mapped[datetime] = field(UTCDateTime, _l("Received at"))
    received_on: Mapped[date] = field(Date, _l("Received on"))
    clock_from: Mapped[date] = field(Date, _l("Clock runs from"))
    restarts: Mapped[int] = field(SmallInteger, _l("Clock restarts"), default=0, server_default="0")
    accepted_on: Mapped[date | None] = field(Date, _l("Case accepted on"))
    deemed: Mapped[bool] = field(Boolean, _l("Deemed accepted"), default=False, server_default="false")
    promised_days: Mapped[int] = field(SmallInteger, _l("Promised working days"), help=_l("As the item promised on the day of receipt"))
    statutory_days: Mapped[int | None] = field(SmallInteger, _l("Statutory working days"))
    promised_due: Mapped[date] = field(Date, _l("Promised for"))
    statutory_due: Mapped[date | None] = field(Date, _l("Statutory limit"))
    deferred_days: Mapped[int] = field(SmallInteger, _l("Days deferred"), default=0, server_default="0")
    completed_at: Mapped[datetime | None] = field(UTCDateTime, _l("Result at"))
    completed_on: Mapped[date | None] = field(Date, _l("Result on"))
    result: Mapped[str | None] = field(EnumText(RESULTS), _l("Result"))
    result_text: Mapped[str | None] = field(Text, _l("Result in words"), long=True)
    spot: Mapped[bool | None] = field(Boolean, _l("On the spot"))
    in_time: Mapped[bool | None] = field(Boolean, _l("In time"))
    delivery: Mapped[str | None] = field(EnumText(DELIVERIES), _l("Handed over"))
    carrier: Mapped[str | None] = field(String(60), _l("Parcel carrier"))
    tracking_no: Mapped[str | None] = field(String(60), _l("Tracking no."), fmt="code")
    delivered_on: Mapped[date | None] = field(Date, _l("Handed over on"))
    stars: Mapped[int | None] = field(SmallInteger, _l("Stars"))
    partner_id: Mapped[int | None] = fk("services_partner.id", _l("Partner hall"))
    incoming: Mapped[bool] = field(Boolean, _l("From a partner"), default=False, server_default="false")
    foreign_number: Mapped[str | None] = field(String(60), _l("Number at the partner"), fmt="code")
    device: Mapped[str | None] = field(String(80), _l("Machine session"), fmt="code", help=_l("Number the self-service machine printed"))
    batch: Mapped[str | None] = field(String(60), _l("Taken over from"), fmt="code")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    hall: Mapped[ServiceHall] = relationship(foreign_keys="ServiceCase.hall_id")
    item: Mapped[HallItem] = relationship(foreign_keys="ServiceCase.item_id")
    firm: Mapped[Firm | None] = relationship(foreign_keys="ServiceCase.firm_id")
    ticket: Mapped[QueueTicket | None] = relationship(foreign_keys="ServiceCase.ticket_id")
    partner: Mapped[PartnerHall | None] = relationship(foreign_keys="ServiceCase.partner_id")
    first_officer: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceCase.first_officer_id")
    officer: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceCase.officer_id")

    __search__ = ("number", "applicant")

    def __str__(self) -> str:
        return self.number


class CaseMaterial(ParkScoped, Record):
    """A line of the case's checklist, copied from the item on receipt so that later changes of the catalogue do not reach it."""

    __tablename__ = "services_case_material"
    __table_args__ = (
        UniqueConstraint("case_id", "position"),
        CheckConstraint("state <> 'missing_tolerable' OR tolerable", name="tolerable"),
        CheckConstraint("(state = 'have') = (supplied_on IS NOT NULL)", name="supplied"),
    )
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"), ondelete="CASCADE", index=False)
    material_id: Mapped[int | None] = fk("services_item_material.id", _l("Material of the item"), ondelete="SET NULL")
    position: Mapped[int] = field(SmallInteger, _l("Line no."))
    name: Mapped[str] = field(String(200), _l("Material"))
    tolerable: Mapped[bool] = field(Boolean, _l("May follow later"))
    state: Mapped[str] = field(EnumText(MATERIAL_STATES), _l("Checklist state"))
    supplied_on: Mapped[date | None] = field(Date, _l("Supplied on"))
    case: Mapped[ServiceCase] = relationship(foreign_keys="CaseMaterial.case_id")
    material: Mapped[ItemMaterial | None] = relationship(foreign_keys="CaseMaterial.material_id")

    def __str__(self) -> str:
        return self.name


class CaseNotice(ParkScoped, Record):
    """The one-time notice: everything that is missing, told once (行政许可法, article 32). A case has one; it is never changed."""

    __tablename__ = "services_case_notice"
    __table_args__ = (UniqueConstraint("case_id"), UniqueConstraint("park_id", "number"))
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"), index=False)
    number: Mapped[str] = field(String(40), _l("Notice no."), fmt="code")
    given_on: Mapped[date] = field(Date, _l("Told on"))
    given_at: Mapped[datetime] = field(UTCDateTime, _l("Told at"))
    latest_on: Mapped[date] = field(Date, _l("Last day to tell"))
    fatal: Mapped[list] = field(Json, _l("Needed now"))
    later: Mapped[list] = field(Json, _l("May follow"))
    given_by: Mapped[str] = field(String(80), _l("Told by"))
    case: Mapped[ServiceCase] = relationship(foreign_keys="CaseNotice.case_id")

    def __str__(self) -> str:
        return self.number


class CaseCommitment(ParkScoped, Record):
    """A written promise to supply tolerable materials by a day; not kept: the case is not approved (滨州: 2 working days' notice)."""

    __tablename__ = "services_commitment"
    __table_args__ = (
        UniqueConstraint("case_id"),
        Index("ix_services_commitment_due", "park_id", "due_on", postgresql_where="state = 'open'"),
        CheckConstraint("due_on >= signed_on", name="due_on"),
    )
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"), index=False)
    signed_by: Mapped[str] = field(String(80), _l("Signed by"), personal="name")
    signed_on: Mapped[date] = field(Date, _l("Commitment signed on"))
    due_on: Mapped[date] = field(Date, _l("To be supplied by"))
    materials: Mapped[list] = field(Json, _l("Materials promised"))
    state: Mapped[str] = field(EnumText(COMMITMENT.choices), _l("State"), default="open", server_default="open")
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    case: Mapped[ServiceCase] = relationship(foreign_keys="CaseCommitment.case_id")

    def __str__(self) -> str:
        return f"{self.case_id}"


class CaseTransfer(ParkScoped, Record):
    """Who passed the case to whom and why; the first asked stays answerable (首问负责). Never changed."""

    __tablename__ = "services_transfer"
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    from_id: Mapped[int | None] = fk("core_user.id", _l("Handed by"))
    to_id: Mapped[int | None] = fk("core_user.id", _l("Handed to"))
    to_text: Mapped[str | None] = field(String(160), _l("To an office outside"))
    reason: Mapped[str] = field(String(300), _l("Reason"))
    case: Mapped[ServiceCase] = relationship(foreign_keys="CaseTransfer.case_id")
    sender: Mapped[Any] = relationship("UserProfile", foreign_keys="CaseTransfer.from_id")
    receiver: Mapped[Any] = relationship("UserProfile", foreign_keys="CaseTransfer.to_id")

    def __str__(self) -> str:
        return f"{self.on_date}: {self.reason}"


for _model in (CaseNotice, CaseTransfer):
    protect(_model)
