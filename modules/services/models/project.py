"""Projects of firms: agent service (帮办代办) with milestones, and the agreement of tolerance with two commitments (双容双承诺).

双容: materials may follow and steps may run ahead of the formal decision. 双承诺: the park promises its part, the firm its own, each
with a day and what happens otherwise. What exactly the seed's park agreed is not published;
content and consequences are texts of the agreement."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from ..states_project import AGREEMENT, MILESTONE, PLEDGE, PROJECT

PROJECT_KINDS = Choices(
    "services.project_kind",
    ("new", _l("New works")),
    ("extension", _l("Extension of works")),
    ("upgrade", _l("Technical upgrade")),
    ("fitting", _l("Fitting-out")),
    ("power", _l("Power supply")),
)
PARTIES = Choices("services.pledge_party", ("park", _l("The park"), "blue"), ("firm", _l("The firm"), "violet"))
TOLERANCES = Choices(
    "services.tolerance",
    ("material", _l("Material follows later")),
    ("ahead", _l("Step runs ahead of the decision")),
)
DAY_UNITS = Choices("services.day_unit", ("working", _l("Working days")), ("calendar", _l("Calendar days")))


class ServiceBenchmark(Record):
    """How long a thing took before and takes now somewhere, with where that is published. Known to every park.

    `before_days` stays empty where the source gives none."""

    __tablename__ = "services_benchmark"
    __table_args__ = (UniqueConstraint("code"), CheckConstraint("days > 0 AND (before_days IS NULL OR before_days > 0)", name="days"))
    code: Mapped[str] = field(String(60), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(200), _l("What was done"))
    place: Mapped[str] = field(String(120), _l("Where"))
    days: Mapped[int] = field(Integer, _l("Days taken"))
    before_days: Mapped[int | None] = field(Integer, _l("Days before"))
    unit: Mapped[str] = field(EnumText(DAY_UNITS), _l("Kind of days"), default="calendar", server_default="calendar")
    source: Mapped[str] = field(String(300), _l("Source"))

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title


class ServiceProject(ParkScoped, Record):
    """A project for which the park's agent fetches the permits."""

    __tablename__ = "services_project"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("investment >= 0", name="investment"),
        CheckConstraint("state <> 'running' OR agent_id IS NOT NULL", name="agent"),
    )
    number: Mapped[str] = field(String(40), _l("Project no."), fmt="code")
    name: Mapped[str] = field(String(200), _l("Project"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    kind: Mapped[str] = field(EnumText(PROJECT_KINDS), _l("Kind of project"))
    place: Mapped[str | None] = field(String(200), _l("Place of the works"))
    investment: Mapped[Decimal | None] = field(Money, _l("Investment"))
    agent_id: Mapped[int | None] = fk("core_user.id", _l("Agent of the park"))
    started_on: Mapped[date | None] = field(Date, _l("Started on"))
    target_on: Mapped[date | None] = field(Date, _l("All permits wanted by"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    state: Mapped[str] = field(EnumText(PROJECT.choices), _l("State"), default="planned", server_default="planned")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="ServiceProject.firm_id")
    agent: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceProject.agent_id")

    __search__ = ("number", "name")

    def __str__(self) -> str:
        return self.name


class ProjectMilestone(ParkScoped, Record):
    """A permit on the way: which authority, promised and taken days. `days` are counted once, when it is obtained."""

    __tablename__ = "services_milestone"
    __table_args__ = (
        UniqueConstraint("project_id", "position"),
        Index("ix_services_milestone_due", "park_id", "due_on", postgresql_where="state = 'running'"),
        CheckConstraint("promised_days > 0", name="promised"),
        CheckConstraint("state <> 'done' OR (days IS NOT NULL AND ended_on IS NOT NULL)", name="done"),
        CheckConstraint("ended_on >= submitted_on", name="order"),
    )
    project_id: Mapped[int] = fk("services_project.id", _l("Project"), ondelete="CASCADE", index=False)
    position: Mapped[int] = field(SmallInteger, _l("Sequence no."))
    name: Mapped[str] = field(String(200), _l("Permit or step"))
    authority: Mapped[str] = field(String(160), _l("Authority"))
    promised_days: Mapped[int] = field(Integer, _l("Days promised"))
    day_unit: Mapped[str] = field(EnumText(DAY_UNITS), _l("Kind of days"), default="working", server_default="working")
    benchmark_id: Mapped[int | None] = fk("services_benchmark.id", _l("Benchmark"))
    submitted_on: Mapped[date | None] = field(Date, _l("Handed in on"))
    due_on: Mapped[date | None] = field(Date, _l("Promised for"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    days: Mapped[int | None] = field(Integer, _l("Days taken"))
    document_no: Mapped[str | None] = field(String(80), _l("Document no."), fmt="code")
    state: Mapped[str] = field(EnumText(MILESTONE.choices), _l("State"), default="planned", server_default="planned")
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    project: Mapped[ServiceProject] = relationship(foreign_keys="ProjectMilestone.project_id")
    benchmark: Mapped[ServiceBenchmark | None] = relationship(foreign_keys="ProjectMilestone.benchmark_id")

    def __str__(self) -> str:
        return self.name


class ProjectAgreement(ParkScoped, Record):
    """The signed agreement of tolerance with two commitments. One per project is in force (unique index)."""

    __tablename__ = "services_agreement"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_services_agreement_one", "project_id", unique=True, postgresql_where="state IN ('draft', 'signed')"),
        CheckConstraint("state = 'draft' OR signed_on IS NOT NULL", name="signed"),
        CheckConstraint("state <> 'broken' OR consequence IS NOT NULL", name="consequence"),
    )
    project_id: Mapped[int] = fk("services_project.id", _l("Project"))
    number: Mapped[str] = field(String(40), _l("Agreement no."), fmt="code")
    basis: Mapped[str | None] = field(String(300), _l("Basis"))
    ahead: Mapped[bool] = field(Boolean, _l("Steps may run ahead"), default=False, server_default="false")
    state: Mapped[str] = field(EnumText(AGREEMENT.choices), _l("State"), default="draft", server_default="draft")
    signed_on: Mapped[date | None] = field(Date, _l("Signed on"))
    park_signer: Mapped[str | None] = field(String(80), _l("Signed for the park by"))
    firm_signer: Mapped[str | None] = field(String(80), _l("Signed for the firm by"), personal="name")
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    consequence: Mapped[str | None] = field(Text, _l("Consequence"), long=True)
    project: Mapped[ServiceProject] = relationship(foreign_keys="ProjectAgreement.project_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class AgreementPledge(ParkScoped, Record):
    """One commitment of one side: what, until when, what happens otherwise."""

    __tablename__ = "services_pledge"
    __table_args__ = (
        Index("ix_services_pledge_due", "park_id", "due_on", postgresql_where="state = 'open'"),
        CheckConstraint("state = 'open' OR ended_on IS NOT NULL", name="ended"),
        CheckConstraint("state <> 'broken' OR consequence IS NOT NULL", name="consequence"),
    )
    agreement_id: Mapped[int] = fk("services_agreement.id", _l("Agreement"), ondelete="CASCADE")
    party: Mapped[str] = field(EnumText(PARTIES), _l("Who promises"))
    text: Mapped[str] = field(String(400), _l("What is promised"))
    due_on: Mapped[date] = field(Date, _l("To be kept by"))
    otherwise: Mapped[str | None] = field(String(300), _l("What happens otherwise"))
    state: Mapped[str] = field(EnumText(PLEDGE.choices), _l("State"), default="open", server_default="open")
    proof: Mapped[str | None] = field(String(300), _l("Proof that it was kept"))
    consequence: Mapped[str | None] = field(Text, _l("Consequence"), long=True)
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    agreement: Mapped[ProjectAgreement] = relationship(foreign_keys="AgreementPledge.agreement_id")

    def __str__(self) -> str:
        return self.text[:60]


class AgreementMaterial(ParkScoped, Record):
    """A material that may follow, or a step that runs ahead, and when it was there."""

    __tablename__ = "services_agreement_material"
    agreement_id: Mapped[int] = fk("services_agreement.id", _l("Agreement"), ondelete="CASCADE")
    tolerance: Mapped[str] = field(EnumText(TOLERANCES), _l("What is tolerated"))
    name: Mapped[str] = field(String(200), _l("Material or step"))
    due_on: Mapped[date] = field(Date, _l("To be supplied by"))
    supplied_on: Mapped[date | None] = field(Date, _l("Supplied on"))
    agreement: Mapped[ProjectAgreement] = relationship(foreign_keys="AgreementMaterial.agreement_id")

    def __str__(self) -> str:
        return self.name
