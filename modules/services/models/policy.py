"""Policy library: documents, what they offer, conditions as rules, who was told, who applied, what was paid.

A published item's conditions are a rule set of the kernel's engine (dated, with clauses); its answer is pass, fail or cannot say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l
from parkops.rules.models import PROVENANCE

from ..states_policy import APPLICATION, POLICY_ITEM, PUSH

POLICY_LEVELS = Choices(
    "services.policy_level",
    ("national", _l("National")),
    ("province", _l("Province level")),
    ("city", _l("City level")),
    ("district", _l("District or zone")),
    ("park", _l("The park")),
)
BENEFITS = Choices(
    "services.benefit",
    ("grant", _l("Grant")),
    ("reward", _l("Reward")),
    ("interest", _l("Interest subsidy")),
    ("tax", _l("Tax relief")),
    ("space", _l("Space and rent")),
    ("talent", _l("Talent support")),
    ("voucher", _l("Innovation voucher")),
    ("other", _l("Other help")),
)
MONEY_BENEFITS = ("grant", "reward", "interest", "voucher")  # help that is paid; other help is provided without a payment
COMBINES = Choices("services.combine", ("all", _l("All conditions")), ("any", _l("Any one condition")))
OPS = Choices(
    "services.condition_op",
    ("gte", "≥"),
    ("gt", ">"),
    ("lte", "≤"),
    ("lt", "<"),
    ("eq", "="),
    ("ne", "≠"),
    ("in", _l("is one of")),
    ("contains_any", _l("has any of")),
    ("exists", _l("is on record")),
    ("manual", _l("a person decides")),
)
VERDICTS = Choices(
    "services.policy_verdict",
    ("pass", _l("Qualifies"), "green"),
    ("fail", _l("Does not qualify"), "red"),
    ("unknown", _l("Cannot say"), "amber"),
)


class PolicyDocument(ParkScoped, Record):
    """A published paper; its text or file is attached. `provenance` says how sure we are of its wording."""

    __tablename__ = "services_policy"
    __table_args__ = (
        UniqueConstraint("park_id", "doc_no"),
        CheckConstraint("effective_to IS NULL OR effective_to >= effective_from", name="days"),
    )
    title: Mapped[str] = field(String(300), _l("Policy"))
    doc_no: Mapped[str] = field(String(120), _l("Document no."), fmt="code")
    issuer: Mapped[str] = field(String(200), _l("Issuing authority"))
    level: Mapped[str] = field(EnumText(POLICY_LEVELS), _l("Level of the policy"))
    issued_on: Mapped[date | None] = field(Date, _l("Issued on"))
    effective_from: Mapped[date] = field(Date, _l("In force from"))
    effective_to: Mapped[date | None] = field(Date, _l("In force until"), help=_l("Empty: without an end"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"), default="D", server_default="D")
    url: Mapped[str | None] = field(String(400), _l("Address of the text"))
    text: Mapped[str | None] = field(Text, _l("Text of the policy"), long=True)

    __search__ = ("title", "doc_no")

    def __str__(self) -> str:
        return self.title


class PolicyItem(ParkScoped, Record):
    """One thing a policy offers, with its conditions."""

    __tablename__ = "services_policy_item"
    __table_args__ = (
        UniqueConstraint("park_id", "code"),
        CheckConstraint("amount_max >= 0", name="amount"),
        CheckConstraint("apply_to IS NULL OR apply_from IS NULL OR apply_to >= apply_from", name="days"),
        CheckConstraint("state <> 'published' OR rule_key IS NOT NULL", name="rules"),
    )
    policy_id: Mapped[int] = fk("services_policy.id", _l("Policy"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(200), _l("Support offered"))
    benefit: Mapped[str] = field(EnumText(BENEFITS), _l("Kind of help"))
    amount_max: Mapped[Decimal | None] = field(Money, _l("At most"))
    amount_text: Mapped[str | None] = field(String(300), _l("How it is worked out"))
    combine: Mapped[str] = field(EnumText(COMBINES), _l("How conditions count"), default="all", server_default="all")
    apply_from: Mapped[date | None] = field(Date, _l("Applications from"))
    apply_to: Mapped[date | None] = field(Date, _l("Applications until"))
    office: Mapped[str | None] = field(String(160), _l("Office that decides"))
    materials: Mapped[str | None] = field(Text, _l("Papers needed"), long=True)
    rule_key: Mapped[str | None] = field(String(80), _l("Rule set"), fmt="code")
    state: Mapped[str] = field(EnumText(POLICY_ITEM.choices), _l("State"), default="draft", server_default="draft")
    policy: Mapped[PolicyDocument] = relationship(foreign_keys="PolicyItem.policy_id")

    __search__ = ("name", "code")

    @property
    def gives_money(self) -> bool:
        """Whether firms are paid something; such an application names an amount."""
        return self.benefit in MONEY_BENEFITS or self.amount_max is not None

    def __str__(self) -> str:
        return self.name


class PolicyCondition(ParkScoped, Record):
    """A condition of an item: a fact of the firm, compared with a value, with its clause and what to collect when unknown."""

    __tablename__ = "services_policy_condition"
    __table_args__ = (UniqueConstraint("item_id", "position"),)
    item_id: Mapped[int] = fk("services_policy_item.id", _l("Support offered"), ondelete="CASCADE", index=False)
    position: Mapped[int] = field(SmallInteger, _l("Sequence no."))
    clause: Mapped[str | None] = field(String(80), _l("Clause"))
    fact: Mapped[str] = field(String(80), _l("Fact of the firm"), fmt="code")
    op: Mapped[str] = field(EnumText(OPS), _l("Comparison"))
    value: Mapped[str | None] = field(
        String(200), _l("Compared with"), help=_l("A number in yuan or months, yes or no, or codes separated by commas")
    )
    unit: Mapped[str | None] = field(String(20), _l("Unit"))
    sentence: Mapped[str] = field(String(300), _l("Condition in words"))
    sentence_en: Mapped[str | None] = field(String(300), _l("Condition in English"))
    collect: Mapped[str | None] = field(String(300), _l("What to collect when unknown"))
    any_of: Mapped[str | None] = field(
        String(40), _l("One of the group is enough"), help=_l("Conditions with the same word here count as one")
    )
    item: Mapped[PolicyItem] = relationship(foreign_keys="PolicyCondition.item_id")

    def __str__(self) -> str:
        return self.sentence


class PolicyPush(ParkScoped, Record):
    """A firm was told of an item on a day, with the answer of the rules that day. Once per firm and item."""

    __tablename__ = "services_policy_push"
    __table_args__ = (UniqueConstraint("item_id", "firm_id"),)
    item_id: Mapped[int] = fk("services_policy_item.id", _l("Support offered"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    pushed_on: Mapped[date] = field(Date, _l("Told on"))
    pushed_by: Mapped[str] = field(String(80), _l("Told by"))
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Answer of the rules"))
    why: Mapped[str | None] = field(String(400), _l("Why, or what to collect"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Who follows it up"))
    state: Mapped[str] = field(EnumText(PUSH.choices), _l("State"), default="sent", server_default="sent")
    answered_on: Mapped[date | None] = field(Date, _l("Answered on"))
    item: Mapped[PolicyItem] = relationship(foreign_keys="PolicyPush.item_id")
    firm: Mapped[Firm] = relationship(foreign_keys="PolicyPush.firm_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="PolicyPush.owner_id")

    def __str__(self) -> str:
        return f"{self.item}"


class PolicyApplication(ParkScoped, Record):
    """An application of a firm for an item, as the office deals with it. `paid` is the sum of its payments."""

    __tablename__ = "services_policy_application"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index(
            "uq_services_policy_application_open",
            "item_id",
            "firm_id",
            unique=True,
            postgresql_where="state IN ('preparing', 'applied', 'accepted', 'approved')",
        ),
        CheckConstraint("asked >= 0 AND approved >= 0 AND paid >= 0", name="amounts"),
        CheckConstraint("paid <= coalesce(approved, 0)", name="paid"),
        CheckConstraint("state <> 'refused' OR reason IS NOT NULL", name="reason"),
    )
    number: Mapped[str] = field(String(40), _l("Application no."), fmt="code")
    item_id: Mapped[int] = fk("services_policy_item.id", _l("Support offered"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    asked: Mapped[Decimal | None] = field(Money, _l("Amount asked for"))
    approved: Mapped[Decimal | None] = field(Money, _l("Amount approved"))
    paid: Mapped[Decimal] = field(Money, _l("Paid so far"), default=Decimal(0), server_default="0")
    verdict: Mapped[str | None] = field(EnumText(VERDICTS), _l("Answer of the rules"))
    applied_on: Mapped[date | None] = field(Date, _l("Handed in on"))
    accepted_on: Mapped[date | None] = field(Date, _l("Accepted by the office on"))
    decided_on: Mapped[date | None] = field(Date, _l("Decided on"))
    document_no: Mapped[str | None] = field(String(80), _l("Document no."), fmt="code")
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Who follows it up"))
    state: Mapped[str] = field(EnumText(APPLICATION.choices), _l("State"), default="preparing", server_default="preparing")
    item: Mapped[PolicyItem] = relationship(foreign_keys="PolicyApplication.item_id")
    firm: Mapped[Firm] = relationship(foreign_keys="PolicyApplication.firm_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="PolicyApplication.owner_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class PolicyPayment(ParkScoped, Record):
    """Money a firm received for an application; entered from the payer's notice."""

    __tablename__ = "services_policy_payment"
    __table_args__ = (
        UniqueConstraint("application_id", "reference"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_services_policy_payment_park_id_paid_on", "park_id", "paid_on"),
    )
    application_id: Mapped[int] = fk("services_policy_application.id", _l("Application for a policy"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    paid_on: Mapped[date] = field(Date, _l("Paid on"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    payer: Mapped[str] = field(String(160), _l("Paid out by"))
    reference: Mapped[str] = field(String(80), _l("Reference"), fmt="code")
    application: Mapped[PolicyApplication] = relationship(foreign_keys="PolicyPayment.application_id")
    firm: Mapped[Firm] = relationship(foreign_keys="PolicyPayment.firm_id")

    def __str__(self) -> str:
        return self.reference
