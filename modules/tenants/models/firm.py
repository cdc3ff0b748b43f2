"""The firm master: one row per company, or per start-up team that has no company yet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Computed, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json, Money
from parkops.i18n import _l

from ..states import FIRM

if TYPE_CHECKING:
    from .carrier import Carrier

TRACKS = Choices(
    "tenants.track",
    ("biomed", _l("Biomedicine")),
    ("software", _l("Software and information")),
    ("culture", _l("Culture and creative")),
    ("manufacturing", _l("Smart manufacturing")),
)

FIELDS = Choices(  # technology fields of the statistics form (domain.md 13.3 item 7)
    "tenants.technology_field",
    ("electronics", _l("Electronics and information")),
    ("advanced_manufacturing", _l("Advanced manufacturing")),
    ("aerospace", _l("Aerospace")),
    ("transport", _l("Modern transport")),
    ("biomedicine", _l("Biomedicine and medical devices")),
    ("materials", _l("New materials")),
    ("energy", _l("New energy and energy saving")),
    ("environment", _l("Environmental protection")),
    ("geospace_ocean", _l("Geospace and ocean")),
    ("nuclear", _l("Nuclear technology")),
    ("agriculture", _l("Modern agriculture")),
    ("other", _l("Other")),
)

REGISTRATION_TYPES = Choices(
    "tenants.registration_type",
    ("limited", _l("Limited liability company")),
    ("shares", _l("Company limited by shares")),
    ("sole_person", _l("One-person limited company")),
    ("state", _l("State-owned enterprise")),
    ("collective", _l("Collective enterprise")),
    ("private", _l("Sole proprietorship")),
    ("partnership", _l("Partnership")),
    ("foreign", _l("Foreign-invested enterprise")),
    ("hmt", _l("Enterprise invested from Hong Kong, Macao or Taiwan")),
    ("cooperative", _l("Farmers' cooperative")),
    ("individual", _l("Individual business")),
    ("branch", _l("Branch")),
    ("other", _l("Other")),
)

TAXPAYERS = Choices("tenants.taxpayer", ("general", _l("General taxpayer")), ("small", _l("Small-scale taxpayer")))

CURRENCIES = Choices(
    "tenants.currency",
    ("CNY", _l("Renminbi")), ("USD", _l("US dollar")), ("EUR", _l("Euro")), ("HKD", _l("Hong Kong dollar")),
    ("JPY", _l("Japanese yen")), ("GBP", _l("Pound sterling")), ("KRW", _l("Korean won")), ("TWD", _l("New Taiwan dollar")),
    ("SGD", _l("Singapore dollar")), ("AUD", _l("Australian dollar")), ("CAD", _l("Canadian dollar")), ("CHF", _l("Swiss franc")),
)

INDUSTRIES = Choices(  # sector rows of the 2011 size table (domain.md 6.1); decides the size class
    "tenants.industry",
    ("industry", _l("Industry (mining, manufacturing, utilities)")),
    ("construction", _l("Construction")),
    ("wholesale", _l("Wholesale")),
    ("retail", _l("Retail")),
    ("transport", _l("Transport")),
    ("storage", _l("Storage")),
    ("post", _l("Post")),
    ("lodging", _l("Lodging")),
    ("catering", _l("Catering")),
    ("telecom", _l("Information transmission")),
    ("software", _l("Software and information services")),
    ("real_estate", _l("Real estate development")),
    ("property", _l("Property management")),
    ("leasing_business", _l("Leasing and business services")),
    ("agriculture", _l("Agriculture, forestry, animal husbandry, fishery")),
    ("other", _l("Other industries")),
)

# Computed by the server so that screen, import and merge cannot disagree on when two names are the same.
NAME_KEY = r"lower(regexp_replace(normalize(name, NFKC), '[\s()\[\]{}<>.,·\-_''\"]', '', 'g'))"


class Firm(ParkScoped, Record):
    """A company or team the park deals with. `state` is moved by the FIRM workflow only, with a dated stage row."""

    __tablename__ = "tenants_firm"
    __table_args__ = (
        Index("uq_tenants_firm_park_id_credit_code", "park_id", "credit_code", unique=True,
              postgresql_where="credit_code IS NOT NULL"),
        Index("ix_tenants_firm_park_id_state", "park_id", "state", "id"),
        Index("ix_tenants_firm_park_id_name", "park_id", "name"),
        Index("ix_tenants_firm_park_id_name_key", "park_id", "name_key"),
        Index("ix_tenants_firm_park_id_phone", "park_id", "phone", postgresql_where="phone IS NOT NULL"),
        Index("ix_tenants_firm_park_id_entered_on", "park_id", "entered_on"),
        Index("ix_tenants_firm_park_id_registered_on", "park_id", "registered_on", "id", postgresql_include=["track"]),
        Index("ix_tenants_firm_park_id_term_ends_on", "park_id", "term_ends_on", postgresql_where="term_ends_on IS NOT NULL"),
        CheckConstraint("credit_code ~ '^[0-9A-Z]{18}$'", name="credit_code"),
        CheckConstraint("capital_amount >= 0 AND founding_capital >= 0", name="capital"),
        CheckConstraint("entered_on >= registered_on OR entered_on IS NULL OR registered_on IS NULL OR was_team",
                        name="entered_on"),
        CheckConstraint("length(btrim(name)) > 0", name="name"),
    )

    name: Mapped[str] = field(String(200), _l("Name"))
    credit_code: Mapped[str | None] = field(
        String(18), _l("Unified social credit code"), fmt="code", help=_l("18 characters; leave empty for a team"))
    short_name: Mapped[str | None] = field(String(60), _l("Short name"))
    name_en: Mapped[str | None] = field(String(200), _l("English name"))
    state: Mapped[str] = field(EnumText(FIRM.choices), _l("Stage"), default="prospect", server_default="prospect")
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    technology_field: Mapped[str | None] = field(EnumText(FIELDS), _l("Technology field"))
    industry: Mapped[str | None] = field(EnumText(INDUSTRIES), _l("Industry sector"), help=_l("Row of the 2011 size table"))
    industry_code: Mapped[str | None] = field(String(10), _l("Industry code"), fmt="code", help=_l("GB/T 4754"))
    registration_type: Mapped[str | None] = field(EnumText(REGISTRATION_TYPES), _l("Registration type"))
    firm_type: Mapped[str | None] = field(String(120), _l("Company type as registered"))
    taxpayer: Mapped[str | None] = field(EnumText(TAXPAYERS), _l("Taxpayer type"))
    registered_on: Mapped[date | None] = field(Date, _l("Registered on"))
    entered_on: Mapped[date | None] = field(Date, _l("Entered on"), help=_l("First day in the park; set by admission"))
    incubating_since: Mapped[date | None] = field(Date, _l("In incubation since"), help=_l("Set by admission"))
    term_ends_on: Mapped[date | None] = field(Date, _l("Term ends on"), help=_l("Empty when no term applies"))
    graduated_on: Mapped[date | None] = field(Date, _l("Graduated on"), help=_l("Set by graduation"))
    moved_out_on: Mapped[date | None] = field(Date, _l("Moved out on"), help=_l("Set by a completed move-out"))
    registered_in_carrier: Mapped[bool | None] = field(Boolean, _l("Registered address in the carrier"))
    was_team: Mapped[bool] = field(Boolean, _l("Came as a team"), default=False, server_default="false")
    capital_amount: Mapped[Decimal | None] = field(Money, _l("Registered capital"))
    capital_currency: Mapped[str | None] = field(EnumText(CURRENCIES), _l("Currency"))
    capital_text: Mapped[str | None] = field(String(100), _l("Registered capital as written"))
    founding_capital: Mapped[Decimal | None] = field(Money, _l("Capital at founding"))
    legal_representative: Mapped[str | None] = field(String(80), _l("Legal representative"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    email: Mapped[str | None] = field(String(120), _l("E-mail"), personal="email")
    website: Mapped[str | None] = field(String(200), _l("Website"))
    bank_name: Mapped[str | None] = field(String(120), _l("Bank of the firm"), help=_l("Stands on its invoices"))
    bank_account: Mapped[str | None] = field(String(40), _l("Account at the bank"), personal="bank")
    province: Mapped[str | None] = field(String(40), _l("Province"))
    city: Mapped[str | None] = field(String(60), _l("City"))
    address: Mapped[str | None] = field(String(300), _l("Registered address"))
    business_scope: Mapped[str | None] = field(Text, _l("Business scope"), long=True)
    products: Mapped[str | None] = field(Text, _l("Main products and technology"), long=True)
    source: Mapped[str | None] = field(String(120), _l("Source"))
    watch: Mapped[bool] = field(Boolean, _l("On watch list"), default=False, server_default="false")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    name_key: Mapped[str] = field(Text, _l("Name for comparison"), server_default=Computed(NAME_KEY, persisted=True))

    carrier: Mapped[Carrier | None] = relationship("Carrier", foreign_keys="Firm.carrier_id")

    __search__ = ("name", "short_name", "name_en", "credit_code", "phone")

    def __str__(self) -> str:
        return self.name


class FirmName(ParkScoped, Record):
    """A name the firm bore, with the days it was valid. The current one is on the firm."""

    __tablename__ = "tenants_firm_name"
    __table_args__ = (
        CheckConstraint("until > since OR since IS NULL", name="order"),
        Index("ix_tenants_firm_name_park_id_name", "park_id", "name"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), ondelete="CASCADE")
    name: Mapped[str] = field(String(200), _l("Former name"))
    since: Mapped[date | None] = field(Date, _l("Valid from"))
    until: Mapped[date] = field(Date, _l("Renamed on"))
    firm: Mapped[Firm] = relationship(foreign_keys="FirmName.firm_id")

    def __str__(self) -> str:
        return self.name


class FirmMerge(ParkScoped, Record):
    """Lineage of a merge: which row went into which, with the lost row's values and what moved."""

    __tablename__ = "tenants_firm_merge"
    __table_args__ = (UniqueConstraint("park_id", "dropped_id"),)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Kept firm"))
    dropped_id: Mapped[int] = field(BigInteger, _l("Merged record"))
    dropped_name: Mapped[str] = field(String(200), _l("Merged name"))
    dropped_code: Mapped[str | None] = field(String(18), _l("Merged credit code"), fmt="code")
    merged_on: Mapped[date] = field(Date, _l("Merged on"))
    user_name: Mapped[str] = field(String(80), _l("Merged by"))
    snapshot: Mapped[dict[str, Any]] = field(Json, _l("Values of the merged record"))
    moved: Mapped[dict[str, Any]] = field(Json, _l("Records moved"))
    firm: Mapped[Firm] = relationship(foreign_keys="FirmMerge.firm_id")

    def __str__(self) -> str:
        return self.dropped_name


REASONS = Choices(
    "tenants.duplicate_reason",
    ("credit_code", _l("Same credit code"), "red"),
    ("name", _l("Same name"), "red"),
    ("former_name", _l("Same as a former name"), "amber"),
    ("phone", _l("Same phone"), "amber"),
    ("pinyin", _l("Same pinyin"), "grey"),
)
VERDICTS = Choices(
    "tenants.duplicate_state",
    ("open", _l("To be checked"), "amber"),
    ("different", _l("Not a duplicate"), "grey"),
)


class DuplicatePair(ParkScoped, Record):
    """Two firms that may be one. Found by a run; a pair judged different is not reported again."""

    __tablename__ = "tenants_duplicate_pair"
    __table_args__ = (
        UniqueConstraint("park_id", "firm_id", "other_id"),
        CheckConstraint("firm_id < other_id", name="order"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), ondelete="CASCADE")
    other_id: Mapped[int] = fk("tenants_firm.id", _l("Other firm"), ondelete="CASCADE")
    reason: Mapped[str] = field(EnumText(REASONS), _l("Why"))
    state: Mapped[str] = field(EnumText(VERDICTS), _l("State"), default="open", server_default="open")
    found_on: Mapped[date] = field(Date, _l("Found on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="DuplicatePair.firm_id")
    other: Mapped[Firm] = relationship(foreign_keys="DuplicatePair.other_id")

    def __str__(self) -> str:
        return f"{self.firm.name} / {self.other.name}"
