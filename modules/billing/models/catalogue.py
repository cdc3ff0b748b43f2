"""The company's chart of accounts, what may be charged, and the dated rules of VAT on it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Rate
from parkops.i18n import _l

ACCOUNT_KINDS = Choices(
    "billing.account_kind",
    ("asset", _l("Asset")), ("liability", _l("Liability")), ("equity", _l("Owners' equity")),
    ("income", _l("Income")), ("expense", _l("Expense")),
)
# What the engine itself posts to; one account each (`accounts.role`).
ACCOUNT_ROLES = Choices(
    "billing.account_role",
    ("cash", _l("Cash")), ("bank", _l("Bank")), ("receivable", _l("Receivables")), ("advance", _l("Advance receipts")),
    ("unidentified", _l("Unidentified receipts")), ("output_vat", _l("Output VAT")), ("deposit_pledge", _l("Pledged deposits")),
    ("deposit_performance", _l("Performance bonds")), ("deposit_earnest", _l("Earnest money")), ("late_fee", _l("Late fees")),
    ("relief", _l("Rent relief granted")), ("relief_exempt", _l("Rent relief granted on exempt income")),
    ("relief_payable", _l("Relief to be refunded")), ("discount", _l("Landlord discounts")),
    ("discount_exempt", _l("Landlord discounts on exempt income")),
    ("subsidy", _l("Subsidies receivable")), ("forfeit", _l("Forfeited deposits")), ("waiver", _l("Waived receivables")),
    ("rounding", _l("Rounding")), ("operator_cost", _l("Fees of platform operators")),
    ("operator_payable", _l("Owed to platform operators")),
    ("result", _l("Result of the year")),
)
SUPPLIES = Choices(  # rows of the VAT table (domain.md 9.2)
    "billing.supply",
    ("real_estate_lease", _l("Leasing of non-residential real estate")),
    ("housing_lease", _l("Leasing of housing")),
    ("property_service", _l("Property management and other modern services")),
    ("movable_lease", _l("Leasing of equipment")),
    ("water", _l("Water supply")),
    ("electricity", _l("Electricity resale")),
    ("heat_gas", _l("Heat and gas resale")),
    ("technology", _l("Technology transfer and development")),
    ("catering", _l("Catering and daily services")),
    ("none", _l("Outside VAT (deposits, compensation)")),
)
SERVICE_CLASSES = Choices(  # the five classes of incubation services (domain.md 9.1) and the rest
    "billing.service_class",
    ("brokerage", _l("Brokerage and agency")), ("lease", _l("Operating lease")), ("research", _l("Research and technology")),
    ("information", _l("Information technology")), ("attestation", _l("Attestation and consulting")),
    ("other", _l("Not an incubation service")),
)
INCUBATION_CLASSES = ("brokerage", "lease", "research", "information", "attestation")
TAXPAYER_KINDS = Choices("billing.taxpayer_kind", ("general", _l("General taxpayer")), ("small", _l("Small-scale taxpayer")))
VAT_METHODS = Choices("billing.vat_method", ("normal", _l("General method")), ("simplified", _l("Simplified")))


class Account(Record):
    """One account of the company's chart. `role` names what the engine posts to it; a role has one account."""

    __tablename__ = "billing_account"
    __table_args__ = (UniqueConstraint("code"), UniqueConstraint("role"))
    code: Mapped[str] = field(String(20), _l("Account code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    kind: Mapped[str] = field(EnumText(ACCOUNT_KINDS), _l("Kind"))
    role: Mapped[str | None] = field(EnumText(ACCOUNT_ROLES), _l("Used by the system for"))
    exempt: Mapped[bool] = field(Boolean, _l("Tax-exempt incubation income"), default=False, server_default="false")
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    kingdee_code: Mapped[str | None] = field(String(40), _l("Code in Kingdee"), fmt="code")
    yonyou_code: Mapped[str | None] = field(String(40), _l("Code in Yonyou"), fmt="code")

    __search__ = ("code", "name", "name_en")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ChargeItem(Record):
    """Something that is charged: rent, property fee, water … with the accounts its income goes to, taxed and exempt apart."""

    __tablename__ = "billing_charge_item"
    __table_args__ = (UniqueConstraint("code"),)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    supply: Mapped[str] = field(EnumText(SUPPLIES), _l("Supply for VAT"))
    service_class: Mapped[str] = field(EnumText(SERVICE_CLASSES), _l("Class of service"))
    account_id: Mapped[int] = fk("billing_account.id", _l("Income account, taxed"))
    exempt_account_id: Mapped[int | None] = fk("billing_account.id", _l("Income account, exempt incubation service"))
    tax_code: Mapped[str | None] = field(String(19), _l("Tax classification code"), fmt="code")
    unit: Mapped[str | None] = field(String(20), _l("Unit"))
    rent: Mapped[bool] = field(Boolean, _l("Counts as rent"), default=False, server_default="false",
                               help=_l("Rent relief, average rent and the e-invoice lease block use it."))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    account: Mapped[Account] = relationship(foreign_keys="ChargeItem.account_id")
    exempt_account: Mapped[Account | None] = relationship(foreign_keys="ChargeItem.exempt_account_id")

    __search__ = ("code", "name", "name_en")

    def __str__(self) -> str:
        return self.name


_KEY = "hashtextextended(supply || '/' || taxpayer || '/' || method, 0)"
_POINT = f"int8range({_KEY}, {_KEY}, '[]')"


class VatRate(Record):
    """The rate of a supply for a kind of taxpayer and method on every day of `during` (half-open), with its document."""

    __tablename__ = "billing_vat_rate"
    __table_args__ = (
        CheckConstraint("rate >= 0 AND rate < 100000000", name="rate"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during"),
        UniqueConstraint("supply", "taxpayer", "method", "starts_on"),
        CheckConstraint("starts_on = lower(during)", name="starts_on"),
        # one rate on a day: without btree_gist an equality of texts is a range of one point
        ExcludeConstraint((text(_POINT), "&&"), ("during", "&&"), using="gist", name="ex_billing_vat_rate_during"),
    )
    supply: Mapped[str] = field(EnumText(SUPPLIES), _l("Supply"))
    taxpayer: Mapped[str] = field(EnumText(TAXPAYER_KINDS), _l("Taxpayer"))
    method: Mapped[str] = field(EnumText(VAT_METHODS), _l("VAT method"), default="normal", server_default="normal")
    rate: Mapped[Decimal] = field(Rate, _l("Rate"))
    exempt: Mapped[bool] = field(Boolean, _l("Exempt"), default=False, server_default="false")
    starts_on: Mapped[date] = field(Date, _l("From"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    doc_no: Mapped[str] = field(String(120), _l("Document number"))
    article: Mapped[str | None] = field(String(80), _l("Article"))
    provenance: Mapped[str] = field(String(4), _l("Provenance"), help=_l("S primary text, S2 secondary source, D park rule, R unverified"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    def __str__(self) -> str:
        return f"{SUPPLIES.label(self.supply)} {self.starts_on}"


class CarrierExemption(ParkScoped, Record):
    """The tax officer's dated statement that a carrier qualifies for the VAT exemption of incubation services.

    Entered, never derived from the carrier's level (domain.md 9.1, open question). Rows of a carrier never overlap."""

    __tablename__ = "billing_carrier_exemption"
    __table_args__ = (
        ExcludeConstraint((text("int8range(carrier_id, carrier_id, '[]')"), "&&"), ("during", "&&"), using="gist",
                          name="ex_billing_carrier_exemption_carrier_id_during"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during"),
        CheckConstraint("starts_on = lower(during)", name="starts_on"),
        CheckConstraint(
            "NOT waived OR last_day IS NULL OR last_day >= (starts_on + interval '36 months' - interval '1 day')::date", name="waived"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    basis: Mapped[str] = field(String(200), _l("Basis"), help=_l("Recognition and tax document the officer relies on"))
    doc_no: Mapped[str | None] = field(String(120), _l("Document number"))
    waived: Mapped[bool] = field(Boolean, _l("Exemption waived"), default=False, server_default="false",
                                 help=_l("A waiver binds for 36 months (VAT Law, article 27)."))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="CarrierExemption.carrier_id")

    def __str__(self) -> str:
        return self.basis


class TaxStatus(ParkScoped, Record):
    """The park's operator is this kind of taxpayer on every day of `during`. Without a row the setting `billing.taxpayer` holds."""

    __tablename__ = "billing_tax_status"
    __table_args__ = (
        ExcludeConstraint((text("int8range(park_id, park_id, '[]')"), "&&"), ("during", "&&"), using="gist",
                          name="ex_billing_tax_status_park_id_during"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during) AND starts_on = lower(during)", name="during"),
    )
    taxpayer: Mapped[str] = field(EnumText(TAXPAYER_KINDS), _l("Taxpayer"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    basis: Mapped[str] = field(String(200), _l("Basis"), help=_l("Notice of the tax office"))

    def __str__(self) -> str:
        return str(TAXPAYER_KINDS.label(self.taxpayer))


class SimplifiedElection(ParkScoped, Record):
    """Real estate of a carrier, acquired before 30 April 2016, is leased under the simplified method (5 %).

    The choice binds for 36 months (domain.md 9.2: 财政部 税务总局公告2026年第10号, article 3(2)3)."""

    __tablename__ = "billing_simplified_election"
    __table_args__ = (
        ExcludeConstraint((text("int8range(carrier_id, carrier_id, '[]')"), "&&"), ("during", "&&"), using="gist",
                          name="ex_billing_simplified_election_carrier_id_during"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during) AND starts_on = lower(during)", name="during"),
        CheckConstraint("acquired_on < DATE '2016-04-30'", name="acquired_on"),
        CheckConstraint("last_day IS NULL OR last_day >= (starts_on + interval '36 months' - interval '1 day')::date", name="lock"),
    )
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    acquired_on: Mapped[date] = field(Date, _l("Acquired on"), help=_l("Before 30 April 2016"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    basis: Mapped[str] = field(String(200), _l("Basis"))
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="SimplifiedElection.carrier_id")

    def __str__(self) -> str:
        return self.basis
