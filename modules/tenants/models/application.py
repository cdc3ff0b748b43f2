"""Intake: leads, applications, documents, reviewers, score sheets and the minute of the decision."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l
from parkops.security.models import UserProfile

from ..states import APPLICATION, LEAD
from .carrier import Carrier
from .checklist import ChecklistItem
from .firm import INDUSTRIES, TRACKS, Firm

SOURCES = Choices(
    "tenants.lead_source",
    ("visit", _l("Visit to the park")),
    ("event", _l("Event or road show")),
    ("referral", _l("Referral")),
    ("invitation", _l("Investment invitation")),
    ("government", _l("Government recommendation")),
    ("website", _l("Website")),
    ("makerspace", _l("Own makerspace")),
    ("other", _l("Other")),
)


class Lead(ParkScoped, Record):
    """A firm or team that may come. Nothing here counts as a tenant."""

    __tablename__ = "tenants_lead"
    __table_args__ = (
        Index("ix_tenants_lead_park_id_state", "park_id", "state"),
        Index("ix_tenants_lead_park_id_next_on", "park_id", "next_on"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
    )
    name: Mapped[str] = field(String(200), _l("Firm or team"))
    credit_code: Mapped[str | None] = field(String(18), _l("Unified social credit code"), fmt="code")
    state: Mapped[str] = field(EnumText(LEAD.choices), _l("State"), default="new", server_default="new")
    source: Mapped[str | None] = field(EnumText(SOURCES), _l("Source"))
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    contact_name: Mapped[str | None] = field(String(80), _l("Contact"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    project: Mapped[str | None] = field(String(200), _l("Project"))
    area_wanted: Mapped[Decimal | None] = field(Area, _l("Area wanted"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Owner"))
    found_on: Mapped[date] = field(Date, _l("First contact"))
    next_on: Mapped[date | None] = field(Date, _l("Next follow-up"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Known firm"))
    lost_reason: Mapped[str | None] = field(Text, _l("Why lost"), long=True)
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm | None] = relationship(foreign_keys="Lead.firm_id")
    owner: Mapped[UserProfile | None] = relationship(foreign_keys="Lead.owner_id")

    __search__ = ("name", "credit_code", "phone")

    def __str__(self) -> str:
        return self.name


APPLICANTS = Choices("tenants.applicant_kind", ("company", _l("Company")), ("team", _l("Start-up team")))


class Application(ParkScoped, Record):
    """A request to come in. Facts the entry rules ask for are columns; empty means not stated, never zero."""

    __tablename__ = "tenants_application"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("ix_tenants_application_park_id_state", "park_id", "state"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
        CheckConstraint("kind = 'company' OR credit_code IS NULL", name="team_code"),
        CheckConstraint("team_size >= 0 AND rd_people >= 0 AND ip_count >= 0 AND rd_people <= team_size", name="people"),
        CheckConstraint("revenue_last_year >= 0 AND funds_committed >= 0 AND investment >= 0", name="money"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Applicant"))
    kind: Mapped[str] = field(EnumText(APPLICANTS), _l("Applicant is"))
    state: Mapped[str] = field(EnumText(APPLICATION.choices), _l("State"), default="draft", server_default="draft")
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    lead_id: Mapped[int | None] = fk("tenants_lead.id", _l("Lead"))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier wanted"))
    credit_code: Mapped[str | None] = field(String(18), _l("Unified social credit code"), fmt="code")
    track: Mapped[str] = field(EnumText(TRACKS), _l("Industry track"))
    industry: Mapped[str | None] = field(EnumText(INDUSTRIES), _l("Industry sector"))
    project: Mapped[str] = field(String(200), _l("Project"))
    summary: Mapped[str | None] = field(Text, _l("Summary"), long=True)
    applied_on: Mapped[date] = field(Date, _l("Applied on"))
    area_wanted: Mapped[Decimal | None] = field(Area, _l("Area wanted"))
    registered_on: Mapped[date | None] = field(Date, _l("Registered on"))
    team_size: Mapped[int | None] = field(Integer, _l("People"))
    rd_people: Mapped[int | None] = field(Integer, _l("of whom in R&D"))
    ip_count: Mapped[int | None] = field(Integer, _l("Own intellectual property"))
    revenue_last_year: Mapped[Decimal | None] = field(Money, _l("Revenue last year"))
    funds_committed: Mapped[Decimal | None] = field(Money, _l("Funds committed"))
    investment: Mapped[Decimal | None] = field(Money, _l("Planned investment"))
    in_catalogue: Mapped[bool | None] = field(Boolean, _l("Project in the track's catalogue"))
    environment_cleared: Mapped[bool | None] = field(Boolean, _l("Environmental impact cleared"))
    safety_cleared: Mapped[bool | None] = field(Boolean, _l("Safety conditions cleared"))
    licence_cleared: Mapped[bool | None] = field(Boolean, _l("Licences for the trade held or not needed"))
    contact_name: Mapped[str | None] = field(String(80), _l("Contact"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    submitted_on: Mapped[date | None] = field(Date, _l("Submitted on"))
    decided_on: Mapped[date | None] = field(Date, _l("Decided on"))
    admitted_on: Mapped[date | None] = field(Date, _l("Admitted on"))
    created_by_id: Mapped[int | None] = fk("core_user.id", _l("Entered by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm | None] = relationship(foreign_keys="Application.firm_id")
    lead: Mapped[Lead | None] = relationship(foreign_keys="Application.lead_id")
    carrier: Mapped[Carrier | None] = relationship(foreign_keys="Application.carrier_id")
    created_by: Mapped[UserProfile | None] = relationship(foreign_keys="Application.created_by_id")

    __search__ = ("number", "name", "credit_code", "project")

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


DOCUMENT_STATES = Choices(
    "tenants.document_state",
    ("missing", _l("Missing"), "amber"),
    ("received", _l("Received"), "green"),
    ("waived", _l("Waived"), "grey"),
)


class ApplicationDocument(ParkScoped, Record):
    """One document of an application's checklist."""

    __tablename__ = "tenants_application_document"
    __table_args__ = (
        UniqueConstraint("park_id", "application_id", "item_id"),
    )
    application_id: Mapped[int] = fk("tenants_application.id", _l("Application"), ondelete="CASCADE")
    item_id: Mapped[int] = fk("tenants_checklist_item.id", _l("Document"))
    required: Mapped[bool] = field(Boolean, _l("Required"), default=True, server_default="true")
    state: Mapped[str] = field(EnumText(DOCUMENT_STATES), _l("State"), default="missing", server_default="missing")
    received_on: Mapped[date | None] = field(Date, _l("Received on"))
    note: Mapped[str | None] = field(String(200), _l("Note"))
    application: Mapped[Application] = relationship(foreign_keys="ApplicationDocument.application_id")
    item: Mapped[ChecklistItem] = relationship(foreign_keys="ApplicationDocument.item_id")

    def __str__(self) -> str:
        return str(self.item)


class Reviewer(ParkScoped, Record):
    """A user asked to review an application, with the declaration about interest."""

    __tablename__ = "tenants_reviewer"
    __table_args__ = (
        UniqueConstraint("park_id", "application_id", "user_id"),
    )
    application_id: Mapped[int] = fk("tenants_application.id", _l("Application"), ondelete="CASCADE")
    user_id: Mapped[int] = fk("core_user.id", _l("Reviewer"))
    user_name: Mapped[str] = field(String(80), _l("Reviewer's name"))
    conflict: Mapped[bool] = field(Boolean, _l("Conflict of interest"), default=False, server_default="false")
    conflict_reason: Mapped[str | None] = field(String(300), _l("Interest declared"))
    total: Mapped[Decimal | None] = field(Area, _l("Weighted score"), fmt="decimal")
    recommends: Mapped[bool | None] = field(Boolean, _l("Recommends admission"))
    opinion: Mapped[str | None] = field(Text, _l("Opinion"), long=True)
    scored_at: Mapped[datetime | None] = field(UTCDateTime, _l("Scored at"))
    application: Mapped[Application] = relationship(foreign_keys="Reviewer.application_id")
    user: Mapped[UserProfile] = relationship(foreign_keys="Reviewer.user_id")

    def __str__(self) -> str:
        return self.user_name


class ReviewScore(ParkScoped, Record):
    """One criterion of one reviewer's sheet, with the weight as it was on that day."""

    __tablename__ = "tenants_review_score"
    __table_args__ = (
        UniqueConstraint("park_id", "reviewer_id", "item_id"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
    )
    reviewer_id: Mapped[int] = fk("tenants_reviewer.id", _l("Reviewer"), ondelete="CASCADE")
    item_id: Mapped[int] = fk("tenants_checklist_item.id", _l("Criterion"))
    weight: Mapped[int] = field(Integer, _l("Weight in percent"))
    score: Mapped[int] = field(Integer, _l("Score"))
    reviewer: Mapped[Reviewer] = relationship(foreign_keys="ReviewScore.reviewer_id")
    item: Mapped[ChecklistItem] = relationship(foreign_keys="ReviewScore.item_id")

    def __str__(self) -> str:
        return f"{self.item}: {self.score}"


DECISIONS = Choices(
    "tenants.minute_decision",
    ("approve", _l("Approve"), "green"),
    ("reject", _l("Reject"), "red"),
    ("return", _l("Return"), "amber"),
)


class DecisionMinute(ParkScoped, Record):
    """The minute of the meeting that decided on an application."""

    __tablename__ = "tenants_decision_minute"
    __table_args__ = (Index("ix_tenants_decision_minute_park_id_held_on", "park_id", "held_on"),)
    application_id: Mapped[int] = fk("tenants_application.id", _l("Application"))
    held_on: Mapped[date] = field(Date, _l("Held on"))
    chair: Mapped[str] = field(String(80), _l("Chair"))
    attendance: Mapped[str] = field(Text, _l("Attendance"), long=True)
    decision: Mapped[str] = field(EnumText(DECISIONS), _l("Decision"))
    text: Mapped[str] = field(Text, _l("Minute"), long=True)
    decision_record_id: Mapped[int | None] = field(BigInteger, _l("Stored rule result"))
    application: Mapped[Application] = relationship(foreign_keys="DecisionMinute.application_id")

    def __str__(self) -> str:
        return f"{self.held_on} {DECISIONS.label(self.decision)}"
