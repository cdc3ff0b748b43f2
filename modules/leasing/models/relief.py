"""Rent relief, the policy side: schemes with their documents, budgets, thresholds and papers, and listed regions.

Money is yuan; `rate` is the share of a month's rent (1 = 100 %). What a park or a regulation says is data with its
document number and provenance (domain.md 8.1, 0.1); nothing here decides, the rule set named by the scheme does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate
from parkops.i18n import _l, i18n_text
from parkops.rules.models import PROVENANCE

from ..states_relief import RELIEF_SCHEME

LANDLORDS = Choices(
    "leasing.relief_landlord",
    ("state", _l("State-owned houses (firms, public institutions)")), ("any", _l("Any landlord")),
)
PRO_RATA = Choices(
    "leasing.relief_pro_rata",
    ("none", _l("Full months whatever the tenancy")),
    ("months", _l("Months × tenancy months ÷ 12")),
    ("days", _l("Months × tenancy days ÷ days of the year")),
)
RENT_BASES = Choices(
    "leasing.relief_base",
    ("payable", _l("Rent payable, after the landlord's discounts")), ("contract", _l("Rent by contract, before discounts")),
)
RISK_LEVELS = Choices("leasing.risk_level", ("medium", _l("Medium risk"), "amber"), ("high", _l("High risk"), "red"))


class ReliefScheme(ParkScoped, Record):
    """A relief policy as the park carries it out. `committed` is the sum of applications approved or later, kept by the
    database; it can never exceed `budget` (CHECK), whoever approves at the same moment."""

    __tablename__ = "leasing_relief_scheme"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("covers_to >= covers_from", name="covers"),
        CheckConstraint("apply_to IS NULL OR apply_to >= apply_from", name="window"),
        CheckConstraint("months BETWEEN 1 AND 12 AND (months_listed IS NULL OR months_listed BETWEEN months AND 12)", name="months"),
        CheckConstraint("rate > 0 AND rate <= 100000000", name="rate"),
        CheckConstraint("(then_months IS NULL) = (then_rate IS NULL)", name="then"),
        CheckConstraint("then_rate IS NULL OR (then_rate > 0 AND then_rate <= 100000000 AND then_months BETWEEN 1 AND 12)",
                        name="then_rate"),
        CheckConstraint("unlimited = (budget IS NULL)", name="unlimited"),
        CheckConstraint("committed >= 0 AND (budget IS NULL OR committed <= budget)", name="budget"),
        CheckConstraint("publicity_days BETWEEN 0 AND 90", name="publicity_days"),
        CheckConstraint("exempts OR deducts OR refunds", name="methods"),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    state: Mapped[str] = field(EnumText(RELIEF_SCHEME.choices), _l("State"), default="draft", server_default="draft")
    doc_no: Mapped[str] = field(String(300), _l("Policy document number(s)"), help=_l("Separate several with a semicolon"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    landlord: Mapped[str] = field(EnumText(LANDLORDS), _l("Landlord"))
    rule_set: Mapped[str] = field(String(60), _l("Rule set"), fmt="code",
                                  help=_l("Key of the rules that decide who qualifies, such as RELIEF-2022"))
    months: Mapped[int] = field(SmallInteger, _l("Months"), default=3, server_default="3")
    months_listed: Mapped[int | None] = field(SmallInteger, _l("Months where the county was listed"),
                                              help=_l("Total, as medium- or high-risk region"))
    rate: Mapped[Decimal] = field(Rate, _l("Share of the rent"), default=Decimal(1), server_default="100000000")
    then_months: Mapped[int | None] = field(SmallInteger, _l("Further months"))
    then_rate: Mapped[Decimal | None] = field(Rate, _l("Share in the further months"))
    pro_rata: Mapped[str] = field(EnumText(PRO_RATA), _l("Part of a year"), default="none", server_default="none",
                                  help=_l("How the months shrink when the tenancy covers only part of the year; a park rule (D)."))
    rent_base: Mapped[str] = field(EnumText(RENT_BASES), _l("Rent base"), default="payable", server_default="payable")
    covers_from: Mapped[date] = field(Date, _l("Rent from"), help=_l("First month whose rent may be relieved"), fmt="month")
    covers_to: Mapped[date] = field(Date, _l("Rent until"), help=_l("Last month whose rent may be relieved"), fmt="month")
    apply_from: Mapped[date] = field(Date, _l("Applications from"))
    apply_to: Mapped[date | None] = field(Date, _l("Applications until"))
    unlimited: Mapped[bool] = field(Boolean, _l("Without a budget"), default=False, server_default="false")
    budget: Mapped[Decimal | None] = field(Money, _l("Relief budget"))
    by_carrier: Mapped[bool] = field(Boolean, _l("Budget per carrier too"), default=False, server_default="false")
    committed: Mapped[Decimal] = field(Money, _l("Committed"), default=Decimal(0), server_default="0")
    exempts: Mapped[bool] = field(Boolean, _l("May be exempted"), default=True, server_default="true")
    deducts: Mapped[bool] = field(Boolean, _l("May be deducted from later rent"), default=True, server_default="true")
    refunds: Mapped[bool] = field(Boolean, _l("May be refunded"), default=True, server_default="true")
    publicity_days: Mapped[int] = field(SmallInteger, _l("Days of public notice"), default=5, server_default="5")
    pass_through: Mapped[bool] = field(Boolean, _l("Must reach the actual operator of sub-let premises"),
                                       default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("code", "title", "doc_no")

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods the scheme allows, in the order of the policy."""
        return tuple(m for m, yes in (("exempt", self.exempts), ("deduct", self.deducts), ("refund", self.refunds)) if yes)

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class ReliefThreshold(ParkScoped, Record):
    """From this amount on, so many different people must approve."""

    __tablename__ = "leasing_relief_threshold"
    __table_args__ = (UniqueConstraint("scheme_id", "from_amount"), CheckConstraint("from_amount >= 0", name="from_amount"),
                      CheckConstraint("people BETWEEN 1 AND 9", name="people"))
    scheme_id: Mapped[int] = fk("leasing_relief_scheme.id", _l("Relief scheme"), ondelete="CASCADE", index=False)
    from_amount: Mapped[Decimal] = field(Money, _l("From amount"))
    people: Mapped[int] = field(SmallInteger, _l("People who approve"))
    scheme: Mapped[ReliefScheme] = relationship(foreign_keys="ReliefThreshold.scheme_id")

    def __str__(self) -> str:
        return f"{self.from_amount} / {self.people}"


class ReliefBudget(ParkScoped, Record):
    """A carrier's part of the budget; `committed` as on the scheme."""

    __tablename__ = "leasing_relief_budget"
    __table_args__ = (UniqueConstraint("scheme_id", "carrier_id"),
                      CheckConstraint("committed >= 0 AND committed <= amount", name="budget"))
    scheme_id: Mapped[int] = fk("leasing_relief_scheme.id", _l("Relief scheme"), ondelete="CASCADE", index=False)
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    amount: Mapped[Decimal] = field(Money, _l("Relief budget"))
    committed: Mapped[Decimal] = field(Money, _l("Committed"), default=Decimal(0), server_default="0")
    scheme: Mapped[ReliefScheme] = relationship(foreign_keys="ReliefBudget.scheme_id")
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="ReliefBudget.carrier_id")

    def __str__(self) -> str:
        return str(self.carrier)


class ReliefPaperKind(ParkScoped, Record):
    """A document a scheme asks for; `sublet_only` only where the premises are sub-let."""

    __tablename__ = "leasing_relief_paper_kind"
    __table_args__ = (UniqueConstraint("scheme_id", "code"),)
    scheme_id: Mapped[int] = fk("leasing_relief_scheme.id", _l("Relief scheme"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(120), _l("Title"))
    title_en: Mapped[str | None] = field(String(120), _l("English title"))
    required: Mapped[bool] = field(Boolean, _l("Required"), default=True, server_default="true")
    sublet_only: Mapped[bool] = field(Boolean, _l("Only for sub-let premises"), default=False, server_default="false")
    position: Mapped[int] = field(SmallInteger, _l("Position"), default=10, server_default="10")
    scheme: Mapped[ReliefScheme] = relationship(foreign_keys="ReliefPaperKind.scheme_id")

    def __str__(self) -> str:
        return i18n_text(self, "title")


class RiskListing(ParkScoped, Record):
    """A region listed as medium or high risk from a day on (domain.md 8.1). A building counts when its region begins with it."""

    __tablename__ = "leasing_risk_listing"
    __table_args__ = (UniqueConstraint("park_id", "region", "listed_on"),
                      CheckConstraint("lifted_on IS NULL OR lifted_on >= listed_on", name="dates"),
                      Index("ix_leasing_risk_listing_park_id_listed_on", "park_id", "listed_on"))
    region: Mapped[str] = field(String(80), _l("Region"), help=_l("Written as on the building: province, city and district"))
    level: Mapped[str] = field(EnumText(RISK_LEVELS), _l("Risk level"))
    listed_on: Mapped[date] = field(Date, _l("Listed on"))
    lifted_on: Mapped[date | None] = field(Date, _l("Lifted on"))
    doc_no: Mapped[str] = field(String(200), _l("Notice or document number"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    def __str__(self) -> str:
        return f"{self.region} {self.listed_on}"
