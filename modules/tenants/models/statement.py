"""Figures a firm reported for a year or a month. NULL means not reported and is never read as zero. Money is in yuan."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Area, Choices, EnumText, Money
from parkops.i18n import _l

if TYPE_CHECKING:
    from .firm import Firm

STATEMENT_GRAINS = Choices("statement_grain", ("year", _l("Year")), ("month", _l("Month")))
STATEMENT_SOURCES = Choices(
    "statement_source",
    ("data_call", _l("Data call")),
    ("import", _l("Import")),
    ("manual", _l("Entered by staff")),
)
STAFF_PARTS = ("staff_doctor", "staff_college", "staff_returnee", "staff_talent", "staff_graduate", "staff_rd")
IP_PARTS = ("ip_invention", "ip_software", "ip_plant", "ip_layout")
NOT_NEGATIVE = (
    "rd_expense", "tax_paid", "imports", "exports", "total_assets", "angel_vc", "premises_area", "staff_total", *STAFF_PARTS,
    "ip_applied", "ip_granted", "ip_valid", *IP_PARTS, "foreign_patents_bought", "tech_contracts", "tech_contract_amount",
    "national_projects", "provincial_awards")


class FirmStatement(ParkScoped, Record):
    """One firm's figures of one period. `net_profit` may be negative; every part is at most its total (CHECKs)."""

    __tablename__ = "tenants_statement"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "grain", "period_start"),
        Index("ix_tenants_statement_period", "park_id", "grain", "period_start"),
        CheckConstraint("period_start = date_trunc('month', period_start::timestamp)::date", name="first_day"),
        CheckConstraint("grain <> 'year' OR extract(month from period_start) = 1", name="first_month"),
        *(CheckConstraint(f"{n} IS NULL OR {n} >= 0", name=f"{n}_sign") for n in NOT_NEGATIVE),
        *(CheckConstraint(f"{n} IS NULL OR staff_total IS NULL OR {n} <= staff_total", name=f"{n}_part") for n in STAFF_PARTS),
        CheckConstraint(
            "ip_valid IS NULL OR coalesce(ip_invention, 0) + coalesce(ip_software, 0) + coalesce(ip_plant, 0)"
            " + coalesce(ip_layout, 0) <= ip_valid", name="ip_parts"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    grain: Mapped[str] = field(EnumText(STATEMENT_GRAINS), _l("Year or month"))
    period_start: Mapped[date] = field(Date, _l("Period"), fmt="month")
    source: Mapped[str] = field(EnumText(STATEMENT_SOURCES), _l("Source"), default="manual", server_default="manual")
    form_version: Mapped[str | None] = field(String(60), _l("Form"))
    reported_on: Mapped[date] = field(Date, _l("Reported on"))
    revenue: Mapped[Decimal | None] = field(Money, _l("Total revenue"))
    net_profit: Mapped[Decimal | None] = field(Money, _l("Net profit"))
    rd_expense: Mapped[Decimal | None] = field(Money, _l("R&D expense"))
    tax_paid: Mapped[Decimal | None] = field(Money, _l("Taxes and fees paid"))
    imports: Mapped[Decimal | None] = field(Money, _l("Import value"))
    exports: Mapped[Decimal | None] = field(Money, _l("Export value"))
    total_assets: Mapped[Decimal | None] = field(Money, _l("Total assets"))
    angel_vc: Mapped[Decimal | None] = field(Money, _l("Angel or venture capital obtained"))
    premises_area: Mapped[Decimal | None] = field(Area, _l("Area occupied in the carrier"))
    staff_total: Mapped[int | None] = field(Integer, _l("Staff"))
    staff_doctor: Mapped[int | None] = field(Integer, _l("Staff with a doctorate"))
    staff_college: Mapped[int | None] = field(Integer, _l("Staff with college degree or above"))
    staff_returnee: Mapped[int | None] = field(Integer, _l("Returned overseas staff"))
    staff_talent: Mapped[int | None] = field(Integer, _l("Staff from talent programmes"))
    staff_graduate: Mapped[int | None] = field(Integer, _l("Fresh graduates hired"))
    staff_rd: Mapped[int | None] = field(Integer, _l("R&D staff"))
    ip_applied: Mapped[int | None] = field(Integer, _l("IP applications in the year"))
    ip_granted: Mapped[int | None] = field(Integer, _l("IP granted in the year"))
    ip_valid: Mapped[int | None] = field(Integer, _l("Valid IP held"))
    ip_invention: Mapped[int | None] = field(Integer, _l("of which invention patents"))
    ip_software: Mapped[int | None] = field(Integer, _l("of which software copyrights"))
    ip_plant: Mapped[int | None] = field(Integer, _l("of which plant varieties"))
    ip_layout: Mapped[int | None] = field(Integer, _l("of which IC layout designs"))
    foreign_patents_bought: Mapped[int | None] = field(Integer, _l("Foreign patents bought"))
    tech_contracts: Mapped[int | None] = field(Integer, _l("Technology contracts"))
    tech_contract_amount: Mapped[Decimal | None] = field(Money, _l("Amount of technology contracts"))
    national_projects: Mapped[int | None] = field(Integer, _l("National science projects undertaken"))
    provincial_awards: Mapped[int | None] = field(Integer, _l("Awards of provincial level or above"))
    firm: Mapped[Firm] = relationship("Firm")

    def __str__(self) -> str:
        return f"{self.period_start:%Y}" if self.grain == "year" else f"{self.period_start:%Y-%m}"


FIGURES = tuple(c.name for c in FirmStatement.__table__.columns if c.name == "revenue" or c.name in {
    "net_profit", *NOT_NEGATIVE})
FirmStatement.__reported__ = FIGURES  # an empty one reads "not reported" on every screen
