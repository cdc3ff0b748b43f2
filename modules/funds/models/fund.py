"""Funds, their share classes, partners and commitments. Limits are kept under the lock of the fund's row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate
from parkops.i18n import _l

from ..states import FUND

FUND_KINDS = Choices("funds.kind", ("own", _l("Own fund")), ("joint", _l("Fund with others")), ("outside", _l("Fund of others")))
WATERFALLS = Choices("funds.waterfall", ("european", _l("Whole fund (European)")), ("deal", _l("Deal by deal")))
FEE_BASES = Choices("funds.fee_basis", ("committed", _l("Committed capital")), ("invested", _l("Cost of holdings")))
PARTNER_KINDS = Choices(
    "funds.partner_kind",
    ("manager", _l("General partner")),
    ("park", _l("Operating company")),
    ("government", _l("Government guidance fund")),
    ("enterprise", _l("Enterprise")),
    ("institution", _l("Financial institution")),
    ("individual", _l("Individual")),
)


class Fund(ParkScoped, Record):
    """A fund with its terms. Rates are fractions (0.08 = 8 %). Until `invest_until` the fee rests on commitments, then on cost."""

    __tablename__ = "funds_fund"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("carry >= 0 AND carry < 100000000", name="carry"),
        CheckConstraint("hurdle >= 0", name="hurdle"),
        CheckConstraint("catch_up BETWEEN 0 AND 100000000", name="catch_up"),
        CheckConstraint("invest_until >= established_on AND ends_on >= invest_until", name="dates"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Fund"))
    name_en: Mapped[str | None] = field(String(200), _l("English name"))
    kind: Mapped[str] = field(EnumText(FUND_KINDS), _l("Kind of fund"))
    state: Mapped[str] = field(EnumText(FUND.choices), _l("State"), default="raising", server_default="raising")
    manager: Mapped[str] = field(String(120), _l("Fund manager"))
    filing_code: Mapped[str | None] = field(
        String(40), _l("AMAC filing code"), fmt="code", help=_l("Filed with the Asset Management Association")
    )
    size: Mapped[Decimal] = field(Money, _l("Fund size"), help=_l("Commitments never exceed it"))
    vintage: Mapped[int] = field(Integer, _l("Vintage"), fmt="code")
    established_on: Mapped[date] = field(Date, _l("Established on"))
    invest_until: Mapped[date] = field(Date, _l("Investment period until"))
    ends_on: Mapped[date] = field(Date, _l("Term ends"))
    waterfall: Mapped[str] = field(EnumText(WATERFALLS), _l("Waterfall"), default="european", server_default="european")
    hurdle: Mapped[Decimal] = field(Rate, _l("Hurdle a year"), default=Decimal("0.08"), server_default="8000000")
    compound: Mapped[bool] = field(Boolean, _l("Hurdle compounds"), default=True, server_default="true")
    catch_up: Mapped[Decimal] = field(Rate, _l("Catch-up"), default=Decimal(1), server_default="100000000")
    carry: Mapped[Decimal] = field(Rate, _l("Carried interest"), default=Decimal("0.2"), server_default="20000000")
    fee_rate: Mapped[Decimal] = field(Rate, _l("Management fee a year"), default=Decimal("0.02"), server_default="2000000")
    fee_after: Mapped[str] = field(EnumText(FEE_BASES), _l("Fee afterwards on"), default="invested", server_default="invested")
    firm_limit: Mapped[Decimal | None] = field(Rate, _l("Limit for one firm"), help=_l("Share of the commitments"))
    track_limit: Mapped[Decimal | None] = field(Rate, _l("Limit for one industry track"), help=_l("Share of the commitments"))
    quorum: Mapped[Decimal] = field(Rate, _l("Quorum of the committee"), default=Decimal("0.6667"), server_default="66670000")
    majority: Mapped[Decimal] = field(Rate, _l("Majority of the committee"), default=Decimal("0.6667"), server_default="66670000")
    bank: Mapped[str | None] = field(String(120), _l("Custodian bank"))
    bank_account: Mapped[str | None] = field(String(60), _l("Bank account"), personal="bank")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("code", "name", "name_en")

    def __str__(self) -> str:
        return self.name


class ShareClass(ParkScoped, Record):
    """A class of partners' shares: whether it bears carry and its own fee."""

    __tablename__ = "funds_share_class"
    __table_args__ = (UniqueConstraint("park_id", "fund_id", "code"),)
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    code: Mapped[str] = field(String(20), _l("Class code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    bears_carry: Mapped[bool] = field(Boolean, _l("Bears carry"), default=True, server_default="true")
    bears_fee: Mapped[bool] = field(Boolean, _l("Bears the management fee"), default=True, server_default="true")
    fund: Mapped[Fund] = relationship(foreign_keys="ShareClass.fund_id")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class FundPartner(ParkScoped, Record):
    """A partner of a fund. The general partner receives the carry; there is one."""

    __tablename__ = "funds_partner"
    __table_args__ = (
        UniqueConstraint("park_id", "fund_id", "name"),
        Index("uq_funds_partner_manager", "fund_id", unique=True, postgresql_where="kind = 'manager'"),
    )
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    share_class_id: Mapped[int] = fk("funds_share_class.id", _l("Share class"))
    name: Mapped[str] = field(String(120), _l("Partner"))
    kind: Mapped[str] = field(EnumText(PARTNER_KINDS), _l("Kind of partner"))
    contact: Mapped[str | None] = field(String(80), _l("Contact"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    email: Mapped[str | None] = field(String(120), _l("E-mail"), personal="email")
    bank: Mapped[str | None] = field(String(120), _l("Bank name"))
    bank_account: Mapped[str | None] = field(String(60), _l("Bank account"), personal="bank")
    fund: Mapped[Fund] = relationship(foreign_keys="FundPartner.fund_id")
    share_class: Mapped[ShareClass] = relationship(foreign_keys="FundPartner.share_class_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name


class FundCommitment(ParkScoped, Record):
    """What a partner promised on a day; an increase is a row of its own. Never changed once something was called from it (V-03)."""

    __tablename__ = "funds_commitment"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"),)
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    partner_id: Mapped[int] = fk("funds_partner.id", _l("Partner"))
    amount: Mapped[Decimal] = field(Money, _l("Committed amount"))
    signed_on: Mapped[date] = field(Date, _l("Signed on"))
    document: Mapped[str | None] = field(String(120), _l("Document"))
    fund: Mapped[Fund] = relationship(foreign_keys="FundCommitment.fund_id")
    partner: Mapped[Any] = relationship("FundPartner", foreign_keys="FundCommitment.partner_id")

    def __str__(self) -> str:
        return f"{self.amount:,.2f}"
