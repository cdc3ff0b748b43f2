"""Carriers (载体): incubators, makerspaces and accelerators the park operates, what they are recognised as and how they
were graded. Level and grade are dated rows, never columns typed over: what was known on a day can be asked for any day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Date, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText
from parkops.i18n import _l

CARRIER_TYPES = Choices(
    "carrier_type",
    ("incubator", _l("Incubator")),
    ("makerspace", _l("Makerspace")),
    ("accelerator", _l("Accelerator")),
)
CARRIER_LEVELS = Choices(
    "carrier_level",
    ("national", _l("National level")),
    ("national_filed", _l("Filed nationally")),
    ("standard", _l("Ministry standard level")),
    ("excellent", _l("Ministry excellent level")),
    ("provincial", _l("Provincial level")),
    ("municipal", _l("Municipal level")),
)
CARRIER_NATURES = Choices(
    "carrier_nature",
    ("state", _l("State-owned")),
    ("private", _l("Privately owned")),
    ("mixed", _l("Mixed ownership")),
    ("public", _l("Public institution")),
)
GRADES = Choices(
    "carrier_grade",
    ("A", _l("A excellent"), "green"),
    ("B", _l("B good"), "blue"),
    ("C", _l("C qualified"), "amber"),
    ("D", _l("D failed"), "red"),
)
GRADE_SCHEMES = Choices(
    "grade_scheme",
    ("national", _l("National evaluation")),
    ("provincial", _l("Provincial evaluation")),
    ("municipal", _l("Municipal evaluation")),
)
CHANGE_KINDS = Choices(
    "carrier_change_kind",
    ("operator", _l("Operator changed")),
    ("reorganised", _l("Reorganised")),
    ("terminated", _l("Operation ended")),
    ("conditions", _l("Operating conditions changed greatly")),
)


class Carrier(ParkScoped, Record):
    """One incubator, makerspace or accelerator. `closed_on` is the first day it no longer operates."""

    __tablename__ = "tenants_carrier"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        UniqueConstraint("park_id", "name"),
        CheckConstraint("closed_on IS NULL OR founded_on IS NULL OR closed_on > founded_on", name="dates"),
        CheckConstraint("workstations IS NULL OR workstations >= 0", name="workstations"),
        CheckConstraint("incubation_area IS NULL OR area IS NULL OR incubation_area <= area", name="areas"),
    )
    code: Mapped[str] = field(String(40), _l("Code"))
    name: Mapped[str] = field(String(200), _l("Name"))
    name_en: Mapped[str | None] = field(String(200), _l("English name"))
    carrier_type: Mapped[str] = field(EnumText(CARRIER_TYPES), _l("Type"))
    specialised: Mapped[bool] = field(
        Boolean, _l("Specialised"), default=False, server_default="false",
        help=_l("Serves one industry rather than all of them."))
    industry: Mapped[str | None] = field(String(80), _l("Industry served"))
    nature: Mapped[str | None] = field(EnumText(CARRIER_NATURES), _l("Ownership"))
    operator: Mapped[str | None] = field(String(200), _l("Operating company"))
    founded_on: Mapped[date | None] = field(Date, _l("Founded on"))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"), help=_l("First day on which it no longer operates."))
    area: Mapped[Decimal | None] = field(Area, _l("Controllable area"))
    incubation_area: Mapped[Decimal | None] = field(Area, _l("Area for incubated firms"))
    workstations: Mapped[int | None] = field(Integer, _l("Workstations"))
    in_hitech_zone: Mapped[bool | None] = field(Boolean, _l("In a hi-tech zone"))
    hardship_region: Mapped[bool] = field(
        Boolean, _l("In a hardship region"), default=False, server_default="false",
        help=_l("Listed by the human resources ministry; relaxes the standard-level thresholds (131号 art. 10)."))
    address: Mapped[str | None] = field(String(300), _l("Address"))
    contact_name: Mapped[str | None] = field(String(80), _l("Contact"), personal="name")
    contact_phone: Mapped[str | None] = field(String(40), _l("Contact phone"), personal="phone")
    remark: Mapped[str | None] = field(Text, _l("Remark"))
    __search__ = ("code", "name")

    def __str__(self) -> str:
        return self.name


class CarrierRecognition(ParkScoped, Record):
    """A recognition or filing of a carrier: from `recognised_on` until `valid_to` (last valid day; empty = open)."""

    __tablename__ = "tenants_carrier_recognition"
    __table_args__ = (
        UniqueConstraint("park_id", "carrier_id", "level", "recognised_on"),
        CheckConstraint("valid_to IS NULL OR valid_to >= recognised_on", name="dates"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    level: Mapped[str] = field(EnumText(CARRIER_LEVELS), _l("Level"))
    number: Mapped[str | None] = field(String(80), _l("Recognition or filing number"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    issuer: Mapped[str | None] = field(String(200), _l("Issuer"))
    recognised_on: Mapped[date] = field(Date, _l("Recognised on"))
    valid_to: Mapped[date | None] = field(Date, _l("Valid to"), help=_l("Last valid day; empty while it stands."))
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return f"{CARRIER_LEVELS.label(self.level)} {self.recognised_on}"


class CarrierGrade(ParkScoped, Record):
    """The grade of an evaluation year, known from the day it was published. A correction is a later row."""

    __tablename__ = "tenants_carrier_grade"
    __table_args__ = (
        UniqueConstraint("park_id", "carrier_id", "scheme", "year", "published_on"),
        CheckConstraint("year BETWEEN 1990 AND 2200", name="year"),
        CheckConstraint("published_on >= make_date(year, 1, 1)", name="published"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    scheme: Mapped[str] = field(EnumText(GRADE_SCHEMES), _l("Evaluation"), default="national", server_default="national")
    year: Mapped[int] = field(SmallInteger, _l("Evaluation year"), fmt="code")
    grade: Mapped[str] = field(EnumText(GRADES), _l("Grade"))
    published_on: Mapped[date] = field(Date, _l("Published on"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    score: Mapped[str | None] = field(String(20), _l("Score"))
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return f"{self.year} {self.grade}"


class CarrierChange(ParkScoped, Record):
    """A key change that must be reported to the province by `report_due_on` (131号 art. 19: within three months)."""

    __tablename__ = "tenants_carrier_change"
    __table_args__ = (
        CheckConstraint("report_due_on >= changed_on", name="due"),
        CheckConstraint("reported_on IS NULL OR reported_on >= changed_on", name="reported"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    kind: Mapped[str] = field(EnumText(CHANGE_KINDS), _l("Kind of change"))
    changed_on: Mapped[date] = field(Date, _l("Changed on"))
    detail: Mapped[str] = field(Text, _l("What changed"))
    report_due_on: Mapped[date] = field(Date, _l("Report due"))
    reported_on: Mapped[date | None] = field(Date, _l("Reported on"))
    report_no: Mapped[str | None] = field(String(120), _l("Report number"))
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return f"{CHANGE_KINDS.label(self.kind)} {self.changed_on}"
