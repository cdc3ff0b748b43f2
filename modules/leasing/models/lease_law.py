"""Records the Civil Code asks for beside a lease: consent to sub-letting (718), sale of the building and notices (725, 726)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money
from parkops.i18n import _l

from .lease import Lease
from .space import Building

SUBLET_ANSWERS = Choices(
    "leasing.sublet_answer", ("open", _l("Not answered"), "amber"), ("agreed", _l("Agreed"), "green"), ("refused", _l("Not agreed"), "red")
)
NOTICE_ANSWERS = Choices(
    "leasing.notice_answer",
    ("open", _l("Not answered"), "amber"),
    ("buys", _l("Wants to buy"), "blue"),
    ("waived", _l("Does not buy"), "grey"),
)


class LeaseSublet(ParkScoped, Record):
    """A sub-letting the park was asked for or learned of. Six months of silence count as consent (Civil Code 718)."""

    __tablename__ = "leasing_lease_sublet"
    __table_args__ = (
        CheckConstraint("(answer = 'open') = (answered_on IS NULL)", name="answered"),
        CheckConstraint("answered_on IS NULL OR answered_on >= known_on", name="order"),
    )
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"))
    occupant: Mapped[str] = field(String(200), _l("Sub-tenant"))
    area: Mapped[Decimal | None] = field(Area, _l("Area"))
    known_on: Mapped[date] = field(Date, _l("Known since"))
    answer: Mapped[str] = field(EnumText(SUBLET_ANSWERS), _l("Reply"), default="open", server_default="open")
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    starts_on: Mapped[date | None] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Until"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    lease: Mapped[Lease] = relationship(foreign_keys="LeaseSublet.lease_id")

    def __str__(self) -> str:
        return self.occupant


class BuildingSale(ParkScoped, Record):
    """A building changes its owner. Leases go on (Civil Code 725); their tenants are told first (726)."""

    __tablename__ = "leasing_building_sale"
    building_id: Mapped[int] = fk("leasing_building.id", _l("Building"))
    announced_on: Mapped[date] = field(Date, _l("Tenants told on"))
    sold_on: Mapped[date | None] = field(Date, _l("Sold on"))
    buyer: Mapped[str | None] = field(String(200), _l("Buyer"))
    price: Mapped[Decimal | None] = field(Money, _l("Price"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    building: Mapped[Building] = relationship(foreign_keys="BuildingSale.building_id")

    def __str__(self) -> str:
        return f"{self.building} {self.announced_on}"


class SaleNotice(ParkScoped, Record):
    """The notice of a sale to one lease; fifteen days of silence waive the right to buy first (Civil Code 726)."""

    __tablename__ = "leasing_sale_notice"
    __table_args__ = (
        UniqueConstraint("sale_id", "lease_id"),
        CheckConstraint("(answer = 'open') = (answered_on IS NULL)", name="answered"),
    )
    sale_id: Mapped[int] = fk("leasing_building_sale.id", _l("Sale"), index=False)
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"))
    notified_on: Mapped[date] = field(Date, _l("Notified on"))
    answer: Mapped[str] = field(EnumText(NOTICE_ANSWERS), _l("Reply"), default="open", server_default="open")
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    sale: Mapped[BuildingSale] = relationship(foreign_keys="SaleNotice.sale_id")
    lease: Mapped[Lease] = relationship(foreign_keys="SaleNotice.lease_id")

    def __str__(self) -> str:
        return f"{self.notified_on}"
