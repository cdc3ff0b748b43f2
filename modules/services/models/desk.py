"""Service desks: legal consultations and labour mediation (劳动关系调解); stewards and contacts of 红色物业."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states_desk import CONSULTATION, MEDIATION

LEGAL_FIELDS = Choices(
    "services.legal_field",
    ("contract", _l("Contracts")),
    ("company", _l("Company and shares")),
    ("labour", _l("Labour law")),
    ("ip", _l("Intellectual property")),
    ("tax", _l("Tax law")),
    ("dispute", _l("Disputes and courts")),
    ("other", _l("Other matter")),
)
DISPUTES = Choices(
    "services.dispute_kind",
    ("wages", _l("Wages")),
    ("contract", _l("Labour contract")),
    ("insurance", _l("Social insurance")),
    ("injury", _l("Injury at work")),
    ("dismissal", _l("Dismissal")),
    ("hours", _l("Hours and leave")),
    ("other", _l("Other matter")),
)
MATTERS = Choices(
    "services.property_matter",
    ("environment", _l("Surroundings")),
    ("safety", _l("Safety")),
    ("parking", _l("Parking")),
    ("facility", _l("Facilities")),
    ("neighbour", _l("Between neighbours")),
    ("help", _l("Help to people")),
    ("other", _l("Other matter")),
)


class LegalConsultation(ParkScoped, Record):
    """A firm asks, an adviser answers."""

    __tablename__ = "services_consultation"
    __table_args__ = (UniqueConstraint("park_id", "number"), CheckConstraint("minutes > 0", name="minutes"))
    number: Mapped[str] = field(String(40), _l("Consultation no."), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    legal_field: Mapped[str] = field(EnumText(LEGAL_FIELDS), _l("Field of law"))
    question: Mapped[str] = field(Text, _l("Question"), long=True)
    asked_on: Mapped[date] = field(Date, _l("Asked on"))
    due_on: Mapped[date] = field(Date, _l("Answer by"))
    adviser: Mapped[str | None] = field(String(80), _l("Adviser"))
    answer: Mapped[str | None] = field(Text, _l("Advice given"), long=True)
    minutes: Mapped[int | None] = field(Integer, _l("Minutes spent"))
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    state: Mapped[str] = field(EnumText(CONSULTATION.choices), _l("State"), default="asked", server_default="asked")
    firm: Mapped[Firm] = relationship(foreign_keys="LegalConsultation.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class LabourMediation(ParkScoped, Record):
    """A dispute between a firm and people who work there, mediated at the hall. Both sides agree to it first."""

    __tablename__ = "services_mediation"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("people > 0", name="people"),
        CheckConstraint("claimed >= 0 AND agreed_amount >= 0", name="amounts"),
        CheckConstraint("state NOT IN ('agreed', 'performed') OR agreement IS NOT NULL", name="agreement"),
    )
    number: Mapped[str] = field(String(40), _l("Mediation no."), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(DISPUTES), _l("Kind of dispute"))
    party: Mapped[str] = field(String(120), _l("Employee"), personal="name")
    people: Mapped[int] = field(Integer, _l("People concerned"), default=1, server_default="1")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    claim: Mapped[str] = field(Text, _l("What is claimed"), long=True)
    claimed: Mapped[Decimal | None] = field(Money, _l("Amount claimed"))
    received_on: Mapped[date] = field(Date, _l("Received on"))
    mediator: Mapped[str | None] = field(String(80), _l("Mediator"))
    agreement: Mapped[str | None] = field(Text, _l("Terms of the agreement"), long=True)
    agreed_amount: Mapped[Decimal | None] = field(Money, _l("Amount agreed"))
    perform_by: Mapped[date | None] = field(Date, _l("To be performed by"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    state: Mapped[str] = field(EnumText(MEDIATION.choices), _l("State"), default="received", server_default="received")
    firm: Mapped[Firm] = relationship(foreign_keys="LabourMediation.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class MediationSession(ParkScoped, Record):
    """One meeting of a mediation, with who was there."""

    __tablename__ = "services_mediation_session"
    __table_args__ = (CheckConstraint("minutes > 0", name="minutes"),)
    mediation_id: Mapped[int] = fk("services_mediation.id", _l("Mediation"), ondelete="CASCADE")
    held_on: Mapped[date] = field(Date, _l("Held on"))
    minutes: Mapped[int | None] = field(Integer, _l("Minutes"))
    firm_came: Mapped[bool] = field(Boolean, _l("The firm came"), default=True, server_default="true")
    party_came: Mapped[bool] = field(Boolean, _l("The employee came"), default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("What was said"), long=True)
    mediation: Mapped[LabourMediation] = relationship(foreign_keys="MediationSession.mediation_id")

    def __str__(self) -> str:
        return str(self.held_on)


class PropertySteward(ParkScoped, Record):
    """Who answers for a building under the Party-led property service (红色物业); the seed names the service, not its rules."""

    __tablename__ = "services_steward"
    __table_args__ = (UniqueConstraint("park_id", "place"), CheckConstraint("until IS NULL OR until >= since", name="days"))
    place: Mapped[str] = field(String(160), _l("Building or area"))
    name: Mapped[str] = field(String(80), _l("Steward"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    branch: Mapped[str | None] = field(String(160), _l("Party branch"))
    duties: Mapped[str | None] = field(Text, _l("Duties of the steward"), long=True)
    since: Mapped[date] = field(Date, _l("Since"))
    until: Mapped[date | None] = field(Date, _l("Until"))

    def __str__(self) -> str:
        return self.place


class PropertyContact(ParkScoped, Record):
    """A steward saw a firm or was called: what about, and whether it is settled."""

    __tablename__ = "services_property_contact"
    __table_args__ = (
        Index("ix_services_property_contact_park_id_on_date", "park_id", "on_date"),
        CheckConstraint("settled_on >= on_date", name="days"),
    )
    steward_id: Mapped[int] = fk("services_steward.id", _l("Steward"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    matter: Mapped[str] = field(EnumText(MATTERS), _l("Matter"))
    text: Mapped[str] = field(String(300), _l("What it was about"))
    settled_on: Mapped[date | None] = field(Date, _l("Settled on"))
    answer: Mapped[str | None] = field(String(300), _l("What was done"))
    steward: Mapped[PropertySteward] = relationship(foreign_keys="PropertyContact.steward_id")
    firm: Mapped[Firm | None] = relationship(foreign_keys="PropertyContact.firm_id")

    def __str__(self) -> str:
        return self.text[:60]
