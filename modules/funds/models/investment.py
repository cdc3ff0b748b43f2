"""Investments, the register of shares, valuations, exits, duties and covenants."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from ..states import EXIT, VALUATION
from ..states_deal import DUTY, INVESTMENT
from .call import GUARD, guarded
from .deal import FUND_ROUNDS, INSTRUMENTS, InvestmentDeal
from .fund import Fund, FundPartner

BASES = Choices(
    "funds.valuation_basis",
    ("cost", _l("At cost"), "grey"),
    ("last_round", _l("Price of the last round"), "blue"),
    ("market", _l("Market approach"), "blue"),
    ("write_down", _l("Written down"), "amber"),
    ("write_off", _l("Written off entirely"), "red"),
)
EXIT_WAYS = Choices(
    "funds.exit_way",
    ("trade_sale", _l("Sale to an industrial buyer")),
    ("transfer", _l("Transfer to another investor")),
    ("buyback", _l("Bought back by the founders")),
    ("ipo", _l("Listing")),
    ("liquidation", _l("Liquidation of the firm")),
    ("write_off", _l("Nothing recovered")),
)
HOLDERS = Choices(
    "funds.holder_kind",
    ("founder", _l("Founders")),
    ("fund", _l("This fund")),
    ("park", _l("Operating company")),
    ("investor", _l("Other investor")),
    ("pool", _l("Option pool")),
)
EVENTS = Choices(
    "funds.share_event",
    ("founding", _l("Founding")),
    ("issue", _l("New shares")),
    ("transfer", _l("Share transfer")),
    ("conversion", _l("Conversion")),
    ("split", _l("Split")),
    ("buyback", _l("Buy-back")),
)
DUTY_KINDS = Choices(
    "funds.duty_kind",
    ("registration", _l("Registration of the change of shareholders")),
    ("report", _l("Report of the firm")),
    ("audit", _l("Audited accounts")),
    ("board", _l("Board or shareholders' meeting")),
    ("visit", _l("Post-investment visit")),
    ("other", _l("Other duty")),
)
COVENANTS = Choices(
    "funds.covenant_metric",
    ("revenue", _l("Revenue of the year")),
    ("rd_expense", _l("R&D spending of the year")),
    ("net_profit", _l("Profit of the year")),
    ("staff_total", _l("Staff at the end of the year")),
    ("manual", _l("Found by inspection")),
)
OPERATORS = Choices("funds.operator", ("gte", _l("at least")), ("lte", _l("at most")))


class Investment(ParkScoped, Record):
    """What a fund put into a firm in one round. `amount` is what was agreed; what was paid stands in the flows.

    In kind (rent or services for equity): `contributor` is the partner who gives the rent or service; no cash moves."""

    __tablename__ = "funds_investment"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("amount > 0", name="amount"),
        Index("uq_funds_investment_deal", "deal_id", unique=True, postgresql_where="deal_id IS NOT NULL"),
        CheckConstraint("shares IS NULL OR shares > 0", name="shares"),
        CheckConstraint("instrument NOT IN ('rent_for_equity', 'service_for_equity') OR contributor_id IS NOT NULL", name="contributor"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    fund_id: Mapped[int] = fk("funds_fund.id", _l("Fund"))
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    deal_id: Mapped[int | None] = fk("funds_deal.id", _l("Deal"))
    contributor_id: Mapped[int | None] = fk("funds_partner.id", _l("Given by the partner"))
    round: Mapped[str] = field(EnumText(FUND_ROUNDS), _l("Investment round"))
    instrument: Mapped[str] = field(EnumText(INSTRUMENTS), _l("Investment instrument"))
    amount: Mapped[Decimal] = field(Money, _l("Amount agreed"))
    pre_money: Mapped[Decimal | None] = field(Money, _l("Pre-money value"))
    shares: Mapped[Decimal | None] = field(UnitPrice, _l("Shares obtained"))
    closed_on: Mapped[date] = field(Date, _l("Closing date"))
    registered_on: Mapped[date | None] = field(
        Date, _l("Change registered on"), help=_l("Change of shareholders registered; the rating asks for it")
    )
    interest: Mapped[Decimal] = field(Rate, _l("Interest a year"), default=Decimal(0), server_default="0")
    discount: Mapped[Decimal] = field(Rate, _l("Conversion discount"), default=Decimal(0), server_default="0")
    cap: Mapped[Decimal | None] = field(Money, _l("Valuation cap"))
    matures_on: Mapped[date | None] = field(Date, _l("Matures on"))
    use_case: Mapped[str | None] = field(Text, _l("What the money is for"), long=True, help=_l("The use case the rating asks for"))
    state: Mapped[str] = field(EnumText(INVESTMENT.choices), _l("State"), default="open", server_default="open")
    fund: Mapped[Fund] = relationship(foreign_keys="Investment.fund_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Investment.firm_id")
    deal: Mapped[InvestmentDeal | None] = relationship(foreign_keys="Investment.deal_id")
    contributor: Mapped[FundPartner | None] = relationship(foreign_keys="Investment.contributor_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number

    @property
    def label(self) -> str:
        return f"{self.number} {self.firm.name}"


class ShareEntry(ParkScoped, Record):
    """A line of a firm's register of shares: a holder got (negative: gave) shares on a day. For a limited company: yuan of capital."""

    __tablename__ = "funds_share_entry"
    __table_args__ = (
        CheckConstraint("shares <> 0", name="shares"),
        Index("ix_funds_share_entry_firm_day", "firm_id", "on_date"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    event: Mapped[str] = field(EnumText(EVENTS), _l("Change of shares"))
    title: Mapped[str] = field(String(80), _l("Name of the event"))
    holder: Mapped[str] = field(String(120), _l("Holder"))
    holder_kind: Mapped[str] = field(EnumText(HOLDERS), _l("Kind of holder"))
    shares: Mapped[Decimal] = field(UnitPrice, _l("Shares"))
    price: Mapped[Decimal | None] = field(UnitPrice, _l("Price per share"))
    investment_id: Mapped[int | None] = fk("funds_investment.id", _l("Fund investment"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="ShareEntry.firm_id")
    investment: Mapped[Investment | None] = relationship(foreign_keys="ShareEntry.investment_id")

    def __str__(self) -> str:
        return f"{self.holder} {self.shares}"


class Valuation(ParkScoped, Record):
    """What a holding is worth on a day, with basis and evidence. Confirmed by a second person it is never changed (trigger); a later
    mark replaces it from its day on, a correction is a mark of the same day confirmed later."""

    __tablename__ = "funds_valuation"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("basis <> 'write_off' OR value = 0", name="write_off"),
        CheckConstraint("state <> 'confirmed' OR approval_id IS NOT NULL", name="approved"),
        Index("ix_funds_valuation_day", "investment_id", "on_date"),
    )
    investment_id: Mapped[int] = fk("funds_investment.id", _l("Fund investment"))
    on_date: Mapped[date] = field(Date, _l("Valued as of"))
    basis: Mapped[str] = field(EnumText(BASES), _l("Basis"))
    value: Mapped[Decimal] = field(Money, _l("Value of the holding"))
    evidence: Mapped[str] = field(Text, _l("Evidence"), long=True, help=_l("Which contract, report or price; attach it as a file"))
    state: Mapped[str] = field(EnumText(VALUATION.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    investment: Mapped[Investment] = relationship(foreign_keys="Valuation.investment_id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.value:,.2f}"


class InvestmentExit(ParkScoped, Record):
    """A sale of all or part of a holding. `part` is the share of the holding sold; proceeds are entered as flows when they arrive."""

    __tablename__ = "funds_exit"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("part > 0 AND part <= 100000000", name="part"),
        CheckConstraint("proceeds >= 0", name="proceeds"),
        CheckConstraint("state <> 'agreed' OR approval_id IS NOT NULL", name="approved"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    investment_id: Mapped[int] = fk("funds_investment.id", _l("Fund investment"))
    way: Mapped[str] = field(EnumText(EXIT_WAYS), _l("Way of exit"))
    on_date: Mapped[date] = field(Date, _l("Date of exit"))
    part: Mapped[Decimal] = field(Rate, _l("Part of the holding"), default=Decimal(1), server_default="100000000")
    proceeds: Mapped[Decimal] = field(Money, _l("Proceeds agreed"))
    buyer: Mapped[str | None] = field(String(120), _l("Buyer of the holding"))
    cost: Mapped[Decimal | None] = field(Money, _l("Cost of what was sold"))
    gain: Mapped[Decimal | None] = field(Money, _l("Gain"))
    state: Mapped[str] = field(EnumText(EXIT.choices), _l("State"), default="draft", server_default="draft")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    investment: Mapped[Investment] = relationship(foreign_keys="InvestmentExit.investment_id")

    def __str__(self) -> str:
        return self.number


class InvestmentDuty(ParkScoped, Record):
    """What is to be done after investing, on a day, perhaps every so many months."""

    __tablename__ = "funds_duty"
    __table_args__ = (
        CheckConstraint("every_months IS NULL OR every_months BETWEEN 1 AND 120", name="every"),
        CheckConstraint("state <> 'done' OR done_on IS NOT NULL", name="done"),
        Index("ix_funds_duty_due", "state", "due_on"),
    )
    investment_id: Mapped[int] = fk("funds_investment.id", _l("Fund investment"))
    kind: Mapped[str] = field(EnumText(DUTY_KINDS), _l("Kind of duty"))
    title: Mapped[str] = field(String(200), _l("Task of the fund"))
    due_on: Mapped[date] = field(Date, _l("Due"))
    every_months: Mapped[int | None] = field(Integer, _l("Again every so many months"))
    done_on: Mapped[date | None] = field(Date, _l("Done on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    state: Mapped[str] = field(EnumText(DUTY.choices), _l("State"), default="open", server_default="open")
    investment: Mapped[Investment] = relationship(foreign_keys="InvestmentDuty.investment_id")

    def __str__(self) -> str:
        return self.title


class InvestmentCovenant(ParkScoped, Record):
    """What the firm promised: a figure of a year, at least or at most. Measured from its annual statements or by inspection."""

    __tablename__ = "funds_covenant"
    __table_args__ = (UniqueConstraint("park_id", "investment_id", "metric", "year", "title"),)
    investment_id: Mapped[int] = fk("funds_investment.id", _l("Fund investment"))
    title: Mapped[str] = field(String(200), _l("Covenant"))
    metric: Mapped[str] = field(EnumText(COVENANTS), _l("Covenant figure"))
    year: Mapped[int] = field(Integer, _l("Year"), fmt="code")
    op: Mapped[str] = field(EnumText(OPERATORS), _l("Condition"), default="gte", server_default="gte")
    threshold: Mapped[Decimal] = field(Money, _l("Threshold"))
    found: Mapped[Decimal | None] = field(Money, _l("Found by inspection"))
    waived: Mapped[str | None] = field(Text, _l("Waived because"), long=True)
    investment: Mapped[Investment] = relationship(foreign_keys="InvestmentCovenant.investment_id")

    def __str__(self) -> str:
        return self.title


guarded(Valuation, GUARD)
guarded(InvestmentExit, GUARD)
