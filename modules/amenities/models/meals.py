"""Outlets and tills, firms' meal plans, meal cards, top-ups and consumption."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from ..states import MEAL_CARD
from .facility import AmenityFacility
from .operator import AmenityOperatorContract

OUTLET_KINDS = Choices(
    "amenities.outlet_kind",
    ("canteen", _l("Canteen counter")), ("restaurant", _l("Restaurant")), ("snack", _l("Snacks and drinks")), ("shop", _l("Shop")))
MEALS = Choices(
    "amenities.meal", ("breakfast", _l("Breakfast")), ("lunch", _l("Lunch")), ("dinner", _l("Dinner")), ("other", _l("Outside meal times")))
TOP_UP_KINDS = Choices(
    "amenities.top_up_kind", ("cash", _l("Cash payment")), ("bank", _l("Bank transfer")), ("refund", _l("Paid back"), "amber"))


class Outlet(ParkScoped, Record):
    """A counter, restaurant or shop that takes meal cards. `contract_id`: the third party that runs it."""

    __tablename__ = "amenities_outlet"
    __table_args__ = (UniqueConstraint("park_id", "code"), CheckConstraint("seats IS NULL OR seats > 0", name="seats"),
                      CheckConstraint("meal_most > 0", name="meal_most"))
    facility_id: Mapped[int] = fk("amenities_facility.id", _l("Amenity"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    name: Mapped[str] = field(String(80), _l("Outlet"))
    kind: Mapped[str] = field(EnumText(OUTLET_KINDS), _l("Kind of outlet"), default="canteen", server_default="canteen")
    contract_id: Mapped[int] = fk("amenities_operator_contract.id", _l("Operator contract"))
    seats: Mapped[int | None] = field(SmallInteger, _l("Seats"))
    meal_most: Mapped[Decimal] = field(Money, _l("One meal costs at most"), default=Decimal(200), server_default="20000")
    active: Mapped[bool] = field(Boolean, _l("Open"), default=True, server_default="true")
    facility: Mapped[AmenityFacility] = relationship(foreign_keys="Outlet.facility_id")
    contract: Mapped[AmenityOperatorContract] = relationship(foreign_keys="Outlet.contract_id")

    __search__ = ("name", "code")

    def __str__(self) -> str:
        return self.name


class Till(ParkScoped, Record):
    """A till of an outlet; it names itself by its code in every message."""

    __tablename__ = "amenities_till"
    __table_args__ = (UniqueConstraint("park_id", "code"),)
    outlet_id: Mapped[int] = fk("amenities_outlet.id", _l("Outlet"))
    code: Mapped[str] = field(String(40), _l("Till"), fmt="code")
    active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    outlet: Mapped[Outlet] = relationship(foreign_keys="Till.outlet_id")

    def __str__(self) -> str:
        return self.code


class MealPlan(ParkScoped, Record):
    """What a firm pays of its people's meals: so much a meal, for so many meals a day, at most so much a person and month."""

    __tablename__ = "amenities_meal_plan"
    __table_args__ = (
        CheckConstraint("per_meal > 0", name="per_meal"),
        CheckConstraint("meals_a_day BETWEEN 1 AND 4", name="meals_a_day"),
        CheckConstraint("month_cap IS NULL OR month_cap > 0", name="month_cap"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        ExcludeConstraint((text("int8range(firm_id, firm_id, '[]')"), "&&"), (text("daterange(starts_on, ends_on, '[]')"), "&&"),
                          using="gist", name="ex_amenities_meal_plan_firm_id"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    ends_on: Mapped[date | None] = field(Date, _l("Last day"))
    per_meal: Mapped[Decimal] = field(Money, _l("Subsidy a meal"))
    meals_a_day: Mapped[int] = field(SmallInteger, _l("Subsidised meals a day"), default=1, server_default="1")
    month_cap: Mapped[Decimal | None] = field(Money, _l("At most a person and month"))
    firm: Mapped[Any] = relationship("Firm", foreign_keys="MealPlan.firm_id")

    def __str__(self) -> str:
        return f"{self.firm} {self.starts_on}"


class MealCard(ParkScoped, Record):
    """A card with the holder's own money. The balance is never negative (CHECK); the counters bound the firm's subsidy."""

    __tablename__ = "amenities_meal_card"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("day_meals >= 0 AND month_subsidy >= 0", name="counters"),
    )
    number: Mapped[str] = field(String(40), _l("Card number"), fmt="code")
    holder: Mapped[str] = field(String(80), _l("Holder"), personal="name")
    person_id: Mapped[int | None] = fk("tenants_person.id", _l("Person"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Employer"))
    state: Mapped[str] = field(EnumText(MEAL_CARD.choices), _l("State"), default="active", server_default="active")
    balance: Mapped[Decimal] = field(Money, _l("Balance"), default=Decimal(0), server_default="0")
    last_day: Mapped[date | None] = field(Date, _l("Last used on"))
    day_meals: Mapped[int] = field(SmallInteger, _l("Subsidised meals that day"), default=0, server_default="0")
    month_subsidy: Mapped[Decimal] = field(Money, _l("Subsidy of that month"), default=Decimal(0), server_default="0")
    issued_on: Mapped[date] = field(Date, _l("Card issued on"))
    person: Mapped[Any] = relationship("Person", foreign_keys="MealCard.person_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="MealCard.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class MealTopUp(ParkScoped, Record):
    """Money that came onto a card, or was paid back. Never changed; its ledger entry stands beside it."""

    __tablename__ = "amenities_top_up"
    __audited__ = False
    __table_args__ = (
        CheckConstraint("(kind = 'refund') = (amount < 0) AND amount <> 0", name="amount"),
        Index("ix_amenities_top_up_park_id_on_date", "park_id", "on_date"),
    )
    card_id: Mapped[int] = fk("amenities_meal_card.id", _l("Meal card"))
    kind: Mapped[str] = field(EnumText(TOP_UP_KINDS), _l("Kind"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    entry_id: Mapped[int | None] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    entered_by: Mapped[str] = field(String(80), _l("Entered by"))
    card: Mapped[MealCard] = relationship(foreign_keys="MealTopUp.card_id")
    entry: Mapped[Any] = relationship("LedgerEntry", foreign_keys="MealTopUp.entry_id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.amount}"


class MealUse(ParkScoped, Record):
    """A meal bought with a card: price = the holder's part + the firm's. Append-only; taken back by a row with the opposite sums.

    `key` is the till's one-time key: the same message twice is one row. The row is its own audit record."""

    __tablename__ = "amenities_meal_use"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("park_id", "till_id", "key"),
        CheckConstraint("price = own + subsidy", name="sum"),
        CheckConstraint("price <> 0 AND (price > 0) = (reverses_id IS NULL)", name="price"),
        CheckConstraint("subsidy = 0 OR firm_id IS NOT NULL", name="firm"),
        Index("uq_amenities_meal_use_reverses", "reverses_id", unique=True, postgresql_where="reverses_id IS NOT NULL"),
        Index("ix_amenities_meal_use_park_id_on_date", "park_id", "on_date"),
        Index("ix_amenities_meal_use_firm_id_on_date", "firm_id", "on_date", postgresql_where="subsidy <> 0"),
        Index("ix_amenities_meal_use_outlet_id_on_date", "outlet_id", "on_date"),
    )
    card_id: Mapped[int] = fk("amenities_meal_card.id", _l("Meal card"))
    till_id: Mapped[int] = fk("amenities_till.id", _l("Till"))
    outlet_id: Mapped[int] = fk("amenities_outlet.id", _l("Outlet"), index=False)
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Employer"), index=False)
    key: Mapped[str] = field(String(100), _l("Key"), fmt="code")
    used_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    meal: Mapped[str] = field(EnumText(MEALS), _l("Meal"))
    price: Mapped[Decimal] = field(Money, _l("Price"))
    own: Mapped[Decimal] = field(Money, _l("Paid from the card"))
    subsidy: Mapped[Decimal] = field(Money, _l("Paid by the firm"))
    balance: Mapped[Decimal] = field(Money, _l("Balance afterwards"))
    reverses_id: Mapped[int | None] = fk("amenities_meal_use.id", _l("Takes back"), index=False)
    card: Mapped[MealCard] = relationship(foreign_keys="MealUse.card_id")
    till: Mapped[Till] = relationship(foreign_keys="MealUse.till_id")
    outlet: Mapped[Outlet] = relationship(foreign_keys="MealUse.outlet_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="MealUse.firm_id")
    reverses: Mapped[MealUse | None] = relationship(foreign_keys="MealUse.reverses_id", remote_side="MealUse.id")

    def __str__(self) -> str:
        return f"{self.on_date} {self.price}"


protect(MealTopUp)
protect(MealUse)
