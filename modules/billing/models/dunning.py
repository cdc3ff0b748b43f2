"""Chasing arrears: the levels, the letters with what they demand, promises to pay, and waivers of late fees.

Civil Code 721-722: rent unpaid is demanded with a reasonable period before the lease can be terminated; the CHECKs and the
trigger keep a notice of termination tied to the demand it follows (N-05)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import FUNCTION
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Json, Money, UTCDateTime
from parkops.i18n import _l

from ..states_dunning import LETTER, PROMISE, WAIVER, WAYS
from .receipt import dropped, never_changed, never_removed

LEVELS = Choices(
    "billing.dunning_level",
    ("reminder", _l("Reminder"), "blue"),
    ("demand", _l("Demand for payment"), "amber"),
    ("final", _l("Final demand"), "red"),
    ("termination", _l("Notice of termination"), "violet"),
)
DELIVERIES = Choices("billing.delivery", *WAYS)


class DunningLevel(ParkScoped, Record):
    """When a park sends which letter, and its text. `days`: days past due from which on it is proposed; `deadline_days`: days
    from delivery until payment is expected."""

    __tablename__ = "billing_dunning_level"
    __table_args__ = (UniqueConstraint("park_id", "level"), CheckConstraint("days >= 1 AND deadline_days >= 1", name="days"))
    level: Mapped[str] = field(EnumText(LEVELS), _l("Level"))
    days: Mapped[int] = field(Integer, _l("Days past due"))
    deadline_days: Mapped[int] = field(Integer, _l("Days to pay from delivery"))
    subject: Mapped[str] = field(String(200), _l("Heading"))
    subject_en: Mapped[str | None] = field(String(200), _l("Subject (English)"))
    body: Mapped[str] = field(Text, _l("Text"), long=True, help=_l("{firm} {total} {deadline} {demand} stand for what the letter says"))
    body_en: Mapped[str | None] = field(Text, _l("Text (English)"), long=True)
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")

    def __str__(self) -> str:
        return str(LEVELS.label(self.level))


class DunningLetter(ParkScoped, Record):
    """One letter to one firm with the open items of its day. Once delivered it stays as it is."""

    __tablename__ = "billing_dunning_letter"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("total > 0", name="total"),
        CheckConstraint(
            "(delivered_on IS NULL) = (delivery IS NULL) AND (delivered_on IS NULL) = (deadline_on IS NULL)", name="delivery_day"
        ),
        CheckConstraint("state NOT IN ('delivered', 'settled') OR delivered_on IS NOT NULL", name="delivered"),
        CheckConstraint("deadline_on > delivered_on", name="deadline"),
        CheckConstraint("(level = 'termination') = (follows_id IS NOT NULL)", name="follows"),
        Index("uq_billing_dunning_letter_draft", "park_id", "firm_id", unique=True, postgresql_where="state = 'draft'"),
        Index("ix_billing_dunning_letter_park_id_firm_id", "park_id", "firm_id", "on_date"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    level: Mapped[str] = field(EnumText(LEVELS), _l("Level"))
    on_date: Mapped[date] = field(Date, _l("Date of the letter"))
    total: Mapped[Decimal] = field(Money, _l("Amount demanded"))
    days: Mapped[int] = field(Integer, _l("Days past due"))
    deadline_days: Mapped[int] = field(Integer, _l("Days to pay from delivery"))
    items: Mapped[list[dict[str, Any]]] = field(Json, _l("Open bills"))
    subject: Mapped[str] = field(String(200), _l("Heading"))
    subject_en: Mapped[str | None] = field(String(200), _l("Subject (English)"))
    body: Mapped[str] = field(Text, _l("Text"), long=True)
    body_en: Mapped[str | None] = field(Text, _l("Text (English)"), long=True)
    state: Mapped[str] = field(EnumText(LETTER.choices), _l("State"), default="draft", server_default="draft")
    follows_id: Mapped[int | None] = fk("billing_dunning_letter.id", _l("Follows the demand"))
    delivery: Mapped[str | None] = field(EnumText(DELIVERIES), _l("Delivered by"))
    delivered_on: Mapped[date | None] = field(Date, _l("Delivered on"))
    delivered_to: Mapped[str | None] = field(String(120), _l("Signed for by"))
    proof: Mapped[str | None] = field(String(200), _l("Proof of delivery"))
    deadline_on: Mapped[date | None] = field(Date, _l("Pay by"))
    sent_by: Mapped[str | None] = field(String(80), _l("Delivery recorded by"))
    made_by: Mapped[str] = field(String(80), _l("Drafted by"))
    made_at: Mapped[datetime] = field(UTCDateTime, _l("Drafted at"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="DunningLetter.firm_id")
    follows: Mapped[DunningLetter | None] = relationship(foreign_keys="DunningLetter.follows_id", remote_side="DunningLetter.id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class PaymentPromise(ParkScoped, Record):
    """The firm says it pays so much by a day; until then no letter is proposed."""

    __tablename__ = "billing_payment_promise"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("promised_on >= made_on", name="days"),
        Index("uq_billing_payment_promise_open", "park_id", "firm_id", unique=True, postgresql_where="state = 'open'"),
        Index("ix_billing_payment_promise_park_id_firm_id", "park_id", "firm_id"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    letter_id: Mapped[int | None] = fk("billing_dunning_letter.id", _l("After letter"))
    made_on: Mapped[date] = field(Date, _l("Promised on"))
    promised_on: Mapped[date] = field(Date, _l("Pays by"))
    amount: Mapped[Decimal] = field(Money, _l("Amount promised"))
    made_by: Mapped[str] = field(String(120), _l("Promised by"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    state: Mapped[str] = field(EnumText(PROMISE.choices), _l("State"), default="open", server_default="open")
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="PaymentPromise.firm_id")
    letter: Mapped[DunningLetter | None] = relationship(foreign_keys="PaymentPromise.letter_id")

    def __str__(self) -> str:
        return f"{self.promised_on} {self.amount:,.2f}"


class FeeWaiver(ParkScoped, Record):
    """A late fee, or part of it, is not claimed: asked for by one person, approved by another, written as a line of its own."""

    __tablename__ = "billing_fee_waiver"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state NOT IN ('approved', 'applied') OR approval_id IS NOT NULL", name="approved"),
        CheckConstraint("applied_on IS NULL OR state = 'applied'", name="applied"),
        Index("uq_billing_fee_waiver_open", "charge_id", unique=True, postgresql_where="state IN ('requested', 'approved')"),
        Index("ix_billing_fee_waiver_charge_id", "charge_id"),
    )
    charge_id: Mapped[int] = fk("billing_charge.id", _l("Late fee"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    amount: Mapped[Decimal] = field(Money, _l("Amount waived"))
    asked_on: Mapped[date] = field(Date, _l("Asked on"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    state: Mapped[str] = field(EnumText(WAIVER.choices), _l("State"), default="requested", server_default="requested")
    approval_id: Mapped[int | None] = fk("core_approval.id", _l("Approval"))
    applied_on: Mapped[date | None] = field(Date, _l("Carried out on"))
    line_id: Mapped[int | None] = field(BigInteger, _l("Waiver line"))
    credit_id: Mapped[int | None] = fk("billing_bill.id", _l("Credit note"))
    asked_by: Mapped[str] = field(String(80), _l("Asked by"))
    charge: Mapped[Any] = relationship("Charge", foreign_keys="FeeWaiver.charge_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="FeeWaiver.firm_id")
    approval: Mapped[Any] = relationship("Approval", foreign_keys="FeeWaiver.approval_id")
    credit: Mapped[Any] = relationship("Bill", foreign_keys="FeeWaiver.credit_id")

    def __str__(self) -> str:
        return f"{self.charge} −{self.amount:,.2f}"


ORDER = """
CREATE OR REPLACE FUNCTION billing_dunning_order() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM billing_dunning_letter d WHERE d.id = NEW.follows_id AND d.firm_id = NEW.firm_id AND d.park_id = NEW.park_id
      AND d.level IN ('demand', 'final') AND d.state = 'delivered' AND d.deadline_on < NEW.on_date) THEN
    RAISE EXCEPTION 'a notice of termination follows a delivered demand whose period has run out' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$"""
_LETTER = [
    FUNCTION,
    ORDER,
    never_changed(
        DunningLetter.__table__,
        (
            "state",
            "version",
            "delivery",
            "delivered_on",
            "delivered_to",
            "proof",
            "deadline_on",
            "sent_by",
            "subject",
            "subject_en",
            "body",
            "body_en",
        ),
    ),
    "CREATE TRIGGER billing_dunning_letter_sent BEFORE UPDATE ON billing_dunning_letter FOR EACH ROW WHEN (OLD.state <> 'draft' AND"
    " ROW(OLD.body, OLD.subject, OLD.delivered_on, OLD.deadline_on, OLD.delivery) IS DISTINCT FROM"
    " ROW(NEW.body, NEW.subject, NEW.delivered_on, NEW.deadline_on, NEW.delivery)) EXECUTE FUNCTION core_append_only()",
    "CREATE TRIGGER billing_dunning_letter_order BEFORE INSERT ON billing_dunning_letter FOR EACH ROW WHEN (NEW.level = 'termination')"
    " EXECUTE FUNCTION billing_dunning_order()",
    *never_removed("billing_dunning_letter"),
]
after_create(DunningLetter.__table__, ";\n".join(_LETTER), dropped(_LETTER) + ";\nDROP FUNCTION IF EXISTS billing_dunning_order()")
