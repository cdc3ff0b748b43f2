"""What recognition asks for and no other module holds: statistics filed, incidents, yearly income of a carrier, dispatched staff."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.credential import StaffMember
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

INCIDENT_KINDS = Choices(
    "ratings.incident_kind",
    ("environment", _l("Environmental accident"), "red"),
    ("quality", _l("Quality accident"), "red"),
    ("safety", _l("Safety accident"), "red"),
    ("dishonest", _l("Listed as seriously dishonest"), "red"),
    ("violation", _l("Serious violation of law"), "red"),
    ("investigation", _l("Under investigation"), "amber"),
)
ACCIDENTS = ("environment", "quality", "safety")
STAFF_BASES = Choices("ratings.staff_basis", ("dispatched", _l("Dispatched")), ("part_time", _l("Part-time")))


class StatisticsFiling(ParkScoped, Record):
    """The statistics of a year were filed for a carrier (131号 art. 6 no. 9)."""

    __tablename__ = "ratings_filing"
    __table_args__ = (
        UniqueConstraint("park_id", "carrier_id", "year"),
        CheckConstraint("year BETWEEN 1990 AND 2200", name="year"),
        CheckConstraint("filed_on >= make_date(year, 1, 1)", name="filed"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    year: Mapped[int] = field(SmallInteger, _l("Year"), fmt="code")
    filed_on: Mapped[date] = field(Date, _l("Filed on"))
    receipt: Mapped[str | None] = field(String(120), _l("Receipt of the filing"))
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return str(self.year)


class CarrierIncident(ParkScoped, Record):
    """An accident, violation or listing of a carrier's operator. `cleared_on`: the day it ended (taken off the list)."""

    __tablename__ = "ratings_incident"
    __table_args__ = (CheckConstraint("cleared_on IS NULL OR cleared_on >= on_date", name="cleared"),)
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    kind: Mapped[str] = field(EnumText(INCIDENT_KINDS), _l("Kind of incident"))
    major: Mapped[bool] = field(Boolean, _l("Major"), default=True, server_default="true")
    on_date: Mapped[date] = field(Date, _l("Date"))
    cleared_on: Mapped[date | None] = field(Date, _l("Cleared on"))
    detail: Mapped[str] = field(Text, _l("What happened"), long=True)
    document: Mapped[str | None] = field(String(200), _l("Document of the incident"))
    carrier: Mapped[Carrier] = relationship()

    def __str__(self) -> str:
        return f"{INCIDENT_KINDS.label(self.kind)} {self.on_date}"


class CarrierIncome(ParkScoped, Record):
    """Income of a carrier's year from its audited accounts; it takes the place of what the park's ledger shows.

    Every part may be unreported; parts never exceed the total."""

    __tablename__ = "ratings_income"
    __table_args__ = (
        UniqueConstraint("park_id", "carrier_id", "year"),
        CheckConstraint("year BETWEEN 1990 AND 2200", name="year"),
        CheckConstraint("total >= 0 AND rent >= 0 AND property >= 0 AND service >= 0 AND investment >= 0", name="sign"),
        CheckConstraint(
            "coalesce(rent, 0) + coalesce(property, 0) + coalesce(service, 0) + coalesce(investment, 0) <= total", name="parts"
        ),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    year: Mapped[int] = field(SmallInteger, _l("Year"), fmt="code")
    total: Mapped[Decimal] = field(Money, _l("Total income"))
    rent: Mapped[Decimal | None] = field(Money, _l("of which rent"))
    property: Mapped[Decimal | None] = field(Money, _l("of which property management"))
    service: Mapped[Decimal | None] = field(Money, _l("of which incubation services"))
    investment: Mapped[Decimal | None] = field(Money, _l("of which investment"))
    separate: Mapped[bool | None] = field(Boolean, _l("Service income accounted for separately"))
    source: Mapped[str] = field(String(200), _l("Source"), help=_l("Audit report or annual accounts"))
    carrier: Mapped[Carrier] = relationship()

    __reported__ = ("rent", "property", "service", "investment")

    def __str__(self) -> str:
        return str(self.year)


class StaffBasis(ParkScoped, Record):
    """A person of the operator who is dispatched or works part-time; whether such people count is a setting."""

    __tablename__ = "ratings_staff_basis"
    __table_args__ = (
        UniqueConstraint("park_id", "staff_id", "starts_on"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
    )
    staff_id: Mapped[int] = fk("tenants_staff.id", _l("Person"))
    basis: Mapped[str] = field(EnumText(STAFF_BASES), _l("Employment"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), help=_l("Last day; empty while it continues"))
    staff: Mapped[Any] = relationship(StaffMember)

    def __str__(self) -> str:
        return str(STAFF_BASES.label(self.basis))
