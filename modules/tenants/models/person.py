"""People: founders, legal representatives and contacts, and the part each plays at a firm."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, Text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l
from parkops.security.masking import mask

from .firm import Firm

GENDERS = Choices("tenants.gender", ("male", _l("Male")), ("female", _l("Female")))

EDUCATIONS = Choices(
    "tenants.education",
    ("doctor", _l("Doctorate")),
    ("master", _l("Master")),
    ("bachelor", _l("Bachelor")),
    ("college", _l("Junior college")),
    ("below", _l("Below college")),
)

TRAITS = Choices(  # start-up characteristic of the person in charge (statistics form, domain.md 13.3 item 13)
    "tenants.founder_trait",
    ("student", _l("University student or recent graduate")),
    ("returnee", _l("Returned from study abroad")),
    ("scientist", _l("Scientist or university teacher")),
    ("executive", _l("Senior staff of a large company")),
    ("serial", _l("Serial entrepreneur")),
    ("veteran", _l("Veteran")),
    ("foreign", _l("Foreign national")),
    ("rural", _l("Returned to the home town")),
    ("other", _l("Other")),
)

PARTS = Choices(
    "tenants.firm_person_part",
    ("founder", _l("Founder")),
    ("legal_representative", _l("Legal representative")),
    ("contact", _l("Contact")),
    ("finance_contact", _l("Finance contact")),
    ("statistician", _l("Statistics contact")),
    ("shareholder", _l("Shareholder")),
    ("core_staff", _l("Core staff")),
)


class Person(ParkScoped, Record):
    """A natural person the park deals with. Identifying values are masked without the right to see them."""

    __tablename__ = "tenants_person"
    __table_args__ = (
        Index("ix_tenants_person_park_id_name", "park_id", "name"),
        Index("ix_tenants_person_park_id_mobile", "park_id", "mobile"),
        Index("uq_tenants_person_park_id_id_number", "park_id", "id_number", unique=True,
              postgresql_where="id_number IS NOT NULL"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
    )
    name: Mapped[str] = field(String(80), _l("Name"), personal="name")
    gender: Mapped[str | None] = field(EnumText(GENDERS), _l("Gender"))
    born_on: Mapped[date | None] = field(Date, _l("Born on"))
    nationality: Mapped[str | None] = field(String(40), _l("Nationality"))
    id_number: Mapped[str | None] = field(String(40), _l("Identity number"), personal="id_number")
    mobile: Mapped[str | None] = field(String(40), _l("Mobile"), personal="phone")
    email: Mapped[str | None] = field(String(120), _l("E-mail"), personal="email")
    education: Mapped[str | None] = field(EnumText(EDUCATIONS), _l("Education"))
    school: Mapped[str | None] = field(String(120), _l("School"))
    trait: Mapped[str | None] = field(EnumText(TRAITS), _l("Founder trait"), help=_l("Statistics form item 13"))
    serial: Mapped[bool | None] = field(Boolean, _l("Serial entrepreneur"), help=_l("Statistics form item 14"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("name", "mobile")

    def __str__(self) -> str:
        return mask("name", self.name)  # the label goes into titles, lists and the audit trail of readers without the right


class FirmPerson(ParkScoped, Record):
    """The part a person plays at a firm, from a day to a day."""

    __tablename__ = "tenants_firm_person"
    __table_args__ = (
        CheckConstraint("until >= since OR since IS NULL OR until IS NULL", name="order"),
        Index("uq_tenants_firm_person_current", "park_id", "firm_id", "person_id", "part", unique=True,
              postgresql_where="until IS NULL"),
        Index("uq_tenants_firm_person_representative", "park_id", "firm_id", unique=True,
              postgresql_where="until IS NULL AND part = 'legal_representative'"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    person_id: Mapped[int] = fk("tenants_person.id", _l("Person"))
    part: Mapped[str] = field(EnumText(PARTS), _l("Part"))
    position: Mapped[str | None] = field(String(80), _l("Position"))
    since: Mapped[date | None] = field(Date, _l("From"))
    until: Mapped[date | None] = field(Date, _l("Until"))
    is_main: Mapped[bool] = field(Boolean, _l("First contact"), default=False, server_default="false")
    firm: Mapped[Firm] = relationship(foreign_keys="FirmPerson.firm_id")
    person: Mapped[Person] = relationship(foreign_keys="FirmPerson.person_id")

    def __str__(self) -> str:
        return f"{self.person} · {PARTS.label(self.part)}"
