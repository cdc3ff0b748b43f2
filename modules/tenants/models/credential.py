"""The operator's own staff, their credentials and how they were recruited. Figures are distinct persons as of a day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from .carrier import Carrier

SPECIALTIES = Choices(
    "staff_specialty",
    ("management", _l("Management")),
    ("park_operation", _l("Park operation")),
    ("tech_finance", _l("Technology finance")),
    ("mentoring", _l("Start-up mentoring")),
    ("legal_finance", _l("Law and finance")),
    ("hitech_cultivation", _l("Hi-tech enterprise cultivation")),
    ("project_application", _l("Project applications")),
    ("other", _l("Other")),
)
STAFF_EDUCATION = Choices(
    "staff_education",
    ("doctor", _l("Doctor")),
    ("master", _l("Master")),
    ("bachelor", _l("Bachelor")),
    ("college", _l("College")),
    ("other", _l("Other")),
)
CREDENTIAL_KINDS = Choices(
    "credential_kind",
    ("practitioner_junior", _l("Incubator practitioner, junior")),
    ("practitioner_middle", _l("Incubator practitioner, middle")),
    ("practitioner_senior", _l("Incubator practitioner, senior")),
    ("counsellor", _l("Start-up counsellor")),
    ("technology_manager", _l("Technology manager")),
)
PRACTITIONER = ("practitioner_junior", "practitioner_middle", "practitioner_senior")
RECRUITMENT_WAYS = Choices(
    "recruitment_way",
    ("open", _l("Open recruitment")),
    ("referral", _l("Referral")),
    ("transfer", _l("Transfer")),
)


class StaffMember(ParkScoped, Record):
    """A person who works for the operator from `joined_on` until `left_on` (last day; empty = employed)."""

    __tablename__ = "tenants_staff"
    __table_args__ = (
        UniqueConstraint("park_id", "staff_no"),
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="dates"),
    )
    staff_no: Mapped[str] = field(String(40), _l("Staff number"))
    name: Mapped[str] = field(String(80), _l("Name"))
    department: Mapped[str | None] = field(String(120), _l("Department"))
    position: Mapped[str | None] = field(String(120), _l("Position"))
    specialty: Mapped[str | None] = field(EnumText(SPECIALTIES), _l("Specialty"))
    education: Mapped[str | None] = field(EnumText(STAFF_EDUCATION), _l("Education"))
    incubation_full_time: Mapped[bool] = field(
        Boolean, _l("Full-time incubation staff"), default=False, server_default="false",
        help=_l("Counts for the share of full-time incubation staff (131号 art. 6)."))
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    joined_on: Mapped[date] = field(Date, _l("Joined on"))
    left_on: Mapped[date | None] = field(Date, _l("Employed until"), help=_l("Last day of employment; empty while employed."))
    user_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), index=True, info={"label": _l("Log-in"), "fmt": "int"})
    carrier: Mapped[Carrier | None] = relationship(Carrier)
    __search__ = ("name", "staff_no")

    def __str__(self) -> str:
        return self.name


class Credential(ParkScoped, Record):
    """A certificate of a person. One person may hold several: counts are always DISTINCT persons, never added up."""

    __tablename__ = "tenants_credential"
    __table_args__ = (
        UniqueConstraint("park_id", "kind", "number"),
        CheckConstraint("valid_to IS NULL OR valid_to >= issued_on", name="dates"),
        CheckConstraint("revoked_on IS NULL OR revoked_on >= issued_on", name="revoked"),
    )
    staff_id: Mapped[int] = fk("tenants_staff.id", _l("Person"))
    kind: Mapped[str] = field(EnumText(CREDENTIAL_KINDS), _l("Credential"))
    number: Mapped[str] = field(String(80), _l("Certificate number"))
    issuer: Mapped[str | None] = field(String(200), _l("Issuer"))
    issued_on: Mapped[date] = field(Date, _l("Issued on"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid to"), help=_l("Last valid day; empty when it does not expire."))
    revoked_on: Mapped[date | None] = field(Date, _l("Revoked on"))
    staff: Mapped[StaffMember] = relationship()

    def __str__(self) -> str:
        return f"{CREDENTIAL_KINDS.label(self.kind)} {self.number}"


class Recruitment(ParkScoped, Record):
    """A position filled from outside: announced, then hired. Counted by `hired_on` and specialty."""

    __tablename__ = "tenants_recruitment"
    __table_args__ = (
        CheckConstraint("hired_on IS NULL OR announced_on IS NULL OR hired_on >= announced_on", name="dates"),
        CheckConstraint("hired_on IS NULL OR staff_id IS NOT NULL", name="person"),
    )
    position: Mapped[str] = field(String(120), _l("Position"))
    specialty: Mapped[str] = field(EnumText(SPECIALTIES), _l("Specialty"))
    way: Mapped[str] = field(EnumText(RECRUITMENT_WAYS), _l("How"), default="open", server_default="open")
    announced_on: Mapped[date | None] = field(Date, _l("Announced on"))
    hired_on: Mapped[date | None] = field(Date, _l("Hired on"))
    staff_id: Mapped[int | None] = fk("tenants_staff.id", _l("Person hired"))
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    staff: Mapped[StaffMember | None] = relationship()

    def __str__(self) -> str:
        return self.position
