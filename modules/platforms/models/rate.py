"""Rates of platforms: what an event costs, for whom, when in the week and from which day on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import DATERANGE, INT4MULTIRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from .event import EVENT_KINDS
from .project import CUSTOMER_CLASSES
from .registry import Instrument, Platform, ServiceItem

RATE_BASES = Choices(
    "platforms.rate_basis",
    ("hour", _l("Per hour")),
    ("unit", _l("Per unit")),
    ("flat", _l("Once per event")),
    ("day", _l("Once per day")),
)
_KEY = "hashtextextended(subject, 0)"
_POINT = f"int8range({_KEY}, {_KEY}, '[]')"


class PlatformRate(ParkScoped, Record):
    """One rate. A *sheet* is all rates of one subject: kind of event, class, platform, instrument, item.

    A sheet has a base rate (no window), which carries tiers, minimum, service fee and daily cap, and may have weekly windows
    with prices of their own; tiers and windows do not go together. Two rates of a sheet never hold in the same minute of the
    same day (EXCLUDE over `subject`, `during` and `slots`; the trigger derives subject, slots and minutes)."""

    __tablename__ = "platforms_rate"
    __table_args__ = (
        ExcludeConstraint((text(_POINT), "&&"), ("during", "&&"), ("slots", "&&"), using="gist", name="ex_platforms_rate_during"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during) AND starts_on = lower(during)", name="during"),
        CheckConstraint("amount BETWEEN 0 AND 1000000000000", name="amount"),
        CheckConstraint("minimum IS NULL OR (minimum >= 0 AND basis IN ('hour', 'unit'))", name="minimum"),
        CheckConstraint("service_fee IS NULL OR service_fee >= 0", name="service_fee"),
        CheckConstraint("daily_cap IS NULL OR daily_cap >= 0", name="daily_cap"),
        CheckConstraint("weekdays IS NULL OR weekdays ~ '^[1-7]{1,7}$'", name="weekdays"),
        CheckConstraint("(weekdays IS NULL) = (opens IS NULL) AND (weekdays IS NULL) = (closes IS NULL)", name="window"),
        CheckConstraint(r"opens IS NULL OR opens ~ '^([01]\d|2[0-3]):[0-5]\d$'", name="opens"),
        CheckConstraint(r"closes IS NULL OR closes ~ '^(([01]\d|2[0-3]):[0-5]\d|24:00)$'", name="closes"),
        CheckConstraint("opens IS NULL OR closes > opens", name="window_order"),
        CheckConstraint(
            "weekdays IS NULL OR (basis = 'hour' AND minimum IS NULL AND service_fee IS NULL AND daily_cap IS NULL)", name="window_plain"),
        Index("ix_platforms_rate_subject", "park_id", "subject", "starts_on"),
    )
    kind: Mapped[str] = field(EnumText(EVENT_KINDS), _l("Kind of event"))
    customer_class: Mapped[str | None] = field(EnumText(CUSTOMER_CLASSES), _l("Class of user"), help=_l("Empty: every class"))
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    instrument_id: Mapped[int | None] = fk("platforms_instrument.id", _l("Instrument"), help=_l("Empty: every instrument"))
    item_id: Mapped[int | None] = fk("platforms_service_item.id", _l("Ordered"))
    basis: Mapped[str] = field(EnumText(RATE_BASES), _l("Price basis of the rate"), default="hour", server_default="hour")
    amount: Mapped[Decimal] = field(UnitPrice, _l("Price"))
    minimum: Mapped[Decimal | None] = field(Money, _l("Minimum per event"))
    service_fee: Mapped[Decimal | None] = field(Money, _l("Service fee per event"))
    daily_cap: Mapped[Decimal | None] = field(Money, _l("At most per day"), help=_l("Per paying project and rate"))
    weekdays: Mapped[str | None] = field(String(7), _l("Weekdays"), help=_l("1 Monday to 7 Sunday, such as 12345; empty: base rate"))
    opens: Mapped[str | None] = field(String(5), _l("From time"), help=_l("Such as 08:30"))
    closes: Mapped[str | None] = field(String(5), _l("To time"), help=_l("Such as 17:00; 24:00 is midnight"))
    starts_on: Mapped[date] = field(Date, _l("Valid from"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    subject: Mapped[str | None] = field(String(200), _l("Sheet"), fmt="code")
    slots: Mapped[Any | None] = field(INT4MULTIRANGE, _l("Minutes of the week"))
    from_minute: Mapped[int | None] = field(SmallInteger, _l("From minute"))
    to_minute: Mapped[int | None] = field(SmallInteger, _l("To minute"))
    memo: Mapped[str | None] = field(String(200), _l("Note"))
    platform: Mapped[Platform] = relationship(foreign_keys="PlatformRate.platform_id")
    instrument: Mapped[Instrument | None] = relationship(foreign_keys="PlatformRate.instrument_id")
    item: Mapped[ServiceItem | None] = relationship(foreign_keys="PlatformRate.item_id")

    def __str__(self) -> str:
        return self.memo or f"{self.amount.normalize():f} {RATE_BASES.label(self.basis)}"


class RateTier(ParkScoped, Record):
    """Beyond `after` (minutes of an hourly rate, units of a unit rate) the price is `amount`; the part before keeps its own."""

    __tablename__ = "platforms_rate_tier"
    __table_args__ = (
        UniqueConstraint("rate_id", "after"),
        CheckConstraint("after > 0", name="after"),
        CheckConstraint("amount >= 0", name="amount"),
    )
    rate_id: Mapped[int] = fk("platforms_rate.id", _l("Platform rate"), index=False)
    after: Mapped[int] = field(Integer, _l("Beyond"), help=_l("Minutes, or units of a rate per unit"))
    amount: Mapped[Decimal] = field(UnitPrice, _l("Price"))
    rate: Mapped[PlatformRate] = relationship(foreign_keys="RateTier.rate_id")

    def __str__(self) -> str:
        return f"> {self.after}: {self.amount.normalize():f}"


class DiscountTier(ParkScoped, Record):
    """A firm whose priced use of a month comes to `reached` or more gets `percent` off all of it; the highest step reached counts."""

    __tablename__ = "platforms_discount_tier"
    __table_args__ = (
        ExcludeConstraint((text("int8range(park_id, park_id, '[]')"), "&&"), (text("int8range(reached, reached, '[]')"), "&&"),
                          ("during", "&&"), using="gist", name="ex_platforms_discount_tier_during"),
        CheckConstraint("reached > 0", name="reached"),
        CheckConstraint("percent > 0 AND percent <= 100000000", name="percent"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during) AND starts_on = lower(during)", name="during"),
    )
    name: Mapped[str] = field(String(120), _l("Name"))
    reached: Mapped[Decimal] = field(Money, _l("From use of"))
    percent: Mapped[Decimal] = field(Rate, _l("Discount in percent"))
    starts_on: Mapped[date] = field(Date, _l("Valid from"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))

    def __str__(self) -> str:
        return self.name


DERIVE = """
CREATE OR REPLACE FUNCTION platforms_rate_derive() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.subject := concat_ws('/', NEW.park_id, NEW.kind, coalesce(NEW.customer_class, '*'), NEW.platform_id,
                           coalesce(NEW.instrument_id::text, '*'), coalesce(NEW.item_id::text, '*'));
  IF NEW.weekdays IS NULL THEN
    NEW.from_minute := NULL; NEW.to_minute := NULL; NEW.slots := int4multirange(int4range(-1, 0));
  ELSE
    NEW.from_minute := split_part(NEW.opens, ':', 1)::int * 60 + split_part(NEW.opens, ':', 2)::int;
    NEW.to_minute := split_part(NEW.closes, ':', 1)::int * 60 + split_part(NEW.closes, ':', 2)::int;
    SELECT range_agg(int4range((d::int - 1) * 1440 + NEW.from_minute, (d::int - 1) * 1440 + NEW.to_minute)) INTO NEW.slots
      FROM unnest(string_to_array(NEW.weekdays, NULL)) d;
  END IF;
  RETURN NEW;
END $$"""

after_create(
    PlatformRate.__table__,
    f"{DERIVE};\nCREATE TRIGGER platforms_rate_derive BEFORE INSERT OR UPDATE ON platforms_rate "
    "FOR EACH ROW EXECUTE FUNCTION platforms_rate_derive()",
    "DROP TRIGGER IF EXISTS platforms_rate_derive ON platforms_rate;\nDROP FUNCTION IF EXISTS platforms_rate_derive()")
