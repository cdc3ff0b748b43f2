"""Schemes: which rules, subsidy and rate cap hold in a region from a day on. Who may borrow and how much stands in the rule sets
(`data/rules/schemes.yaml`); here stands what the calculation of subsidy and the check of the rate need, and the document list."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Date, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Rate
from parkops.i18n import _l, i18n_text
from parkops.rules.models import PROVENANCE, same_text

from ..states import PARTIES

KINDS = Choices(
    "loans.borrower_kind",
    ("person", _l("Individual")),
    ("partnership", _l("Partners together")),
    ("firm", _l("Small or micro firm")),
)
SUBSIDIES = Choices(
    "loans.subsidy_rule",
    ("full", _l("The whole interest")),
    ("share_of_interest", _l("A share of the interest paid")),
    ("share_of_lpr", _l("A share of the LPR of the contract")),
    ("above_lpr_minus", _l("What exceeds LPR less basis points")),
    ("none", _l("No subsidy")),
)
TENORS = Choices("loans.lpr_tenor", ("1y", _l("LPR of one year")), ("5y", _l("LPR of five years and more")))
FROM_TO = text("daterange(effective_from, effective_to, '[]')")


class LoanScheme(ParkScoped, Record):
    """A scheme as a region carries it out. A loan keeps the scheme of its contract date. `effective_to` is the last day."""

    __tablename__ = "loans_scheme"
    __table_args__ = (
        UniqueConstraint("park_id", "code", "region"),
        CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="dates"),
        CheckConstraint("rate_cap_bp BETWEEN 0 AND 1000", name="rate_cap_bp"),
        CheckConstraint("day_basis IN (360, 365)", name="day_basis"),
        CheckConstraint("extension_months BETWEEN 0 AND 24", name="extension_months"),
        CheckConstraint("subsidy_share IS NULL OR (subsidy_share > 0 AND subsidy_share <= 100000000)", name="subsidy_share"),
        CheckConstraint("subsidy_bp BETWEEN 0 AND 1000", name="subsidy_bp"),
        ExcludeConstraint((text("int8range(park_id, park_id, '[]')"), "&&"), (same_text("region"), "&&"), (FROM_TO, "&&"),
                          name="ex_loans_scheme_region", using="gist", where=text("enabled")),
    )
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    region: Mapped[str] = field(String(60), _l("Region"))
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    doc_no: Mapped[str] = field(String(200), _l("Policy document number(s)"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    effective_from: Mapped[date] = field(Date, _l("Valid from"))
    effective_to: Mapped[date | None] = field(Date, _l("Last day"))
    rule_person: Mapped[str] = field(String(60), _l("Rules for individuals"), fmt="code")
    rule_partnership: Mapped[str] = field(String(60), _l("Rules for partners"), fmt="code")
    rule_firm: Mapped[str] = field(String(60), _l("Rules for firms"), fmt="code")
    subsidy_person: Mapped[str] = field(EnumText(SUBSIDIES), _l("Subsidy for people"))
    subsidy_firm: Mapped[str] = field(EnumText(SUBSIDIES), _l("Subsidy for firms"))
    subsidy_share: Mapped[Decimal | None] = field(Rate, _l("Share subsidised"))
    subsidy_bp: Mapped[int | None] = field(SmallInteger, _l("Basis points below LPR"))
    subsidy_from: Mapped[date | None] = field(Date, _l("Subsidy rule from"), help=_l("Contracts signed earlier need their own rule"))
    rate_cap_bp: Mapped[int | None] = field(SmallInteger, _l("Rate cap over LPR in basis points"), help=_l("Empty: the scheme names none"))
    lpr_tenor: Mapped[str] = field(EnumText(TENORS), _l("LPR used"), default="1y", server_default="1y")
    day_basis: Mapped[int] = field(SmallInteger, _l("Days of the year for interest"), default=365, server_default="365")
    extension_months: Mapped[int] = field(SmallInteger, _l("Longest loan extension in months"), default=12, server_default="12")
    extension_subsidised: Mapped[bool] = field(Boolean, _l("Extension is subsidised"), default=False, server_default="false")
    enabled: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("code", "title", "doc_no")

    def rule_of(self, kind: str) -> str:
        """Key of the rule set for this kind of borrower."""
        return {"person": self.rule_person, "partnership": self.rule_partnership, "firm": self.rule_firm}[kind]

    def subsidy_of(self, kind: str) -> str:
        """The subsidy rule for this kind of borrower; partners count as people."""
        return self.subsidy_firm if kind == "firm" else self.subsidy_person

    def holds(self, on: date) -> bool:
        """Whether it is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return f"{self.code} {self.region}"


class LoanPaperKind(ParkScoped, Record):
    """A document of a scheme's list. `valid_days`: how long it counts from its date of issue; empty = without end."""

    __tablename__ = "loans_paper_kind"
    __table_args__ = (
        UniqueConstraint("scheme_id", "code"),
        CheckConstraint("valid_days BETWEEN 1 AND 3650", name="valid_days"),
    )
    scheme_id: Mapped[int] = fk("loans_scheme.id", _l("Loan scheme"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(160), _l("Title"))
    title_en: Mapped[str | None] = field(String(160), _l("English title"))
    borrower: Mapped[str | None] = field(EnumText(KINDS), _l("Only for"))
    required: Mapped[bool] = field(Boolean, _l("Required"), default=True, server_default="true")
    valid_days: Mapped[int | None] = field(Integer, _l("Valid for days"), help=_l("From the date of issue; empty = without end"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    scheme: Mapped[LoanScheme] = relationship(foreign_keys="LoanPaperKind.scheme_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class LoanStagePromise(ParkScoped, Record):
    """Whose turn a stage is, and how many working days are promised for it."""

    __tablename__ = "loans_stage_promise"
    __table_args__ = (UniqueConstraint("park_id", "stage"), CheckConstraint("days BETWEEN 0 AND 250", name="days"))
    stage: Mapped[str] = field(String(40), _l("Stage of the case"), fmt="code")
    party: Mapped[str] = field(EnumText(PARTIES), _l("Whose turn"))
    days: Mapped[int] = field(SmallInteger, _l("Promised working days"))

    def __str__(self) -> str:
        return self.stage
