"""Cost pools of platforms month by month, what goes into them, shared costs of several operators, and who bears the gap of a class."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Money, UnitPrice
from parkops.i18n import _l

from ..states_cost import POOL, SHARED
from .project import CUSTOMER_CLASSES
from .registry import Platform

COST_KINDS = Choices(
    "platforms.cost_kind",
    ("depreciation", _l("Depreciation"), "blue"),
    ("staff", _l("Wages of staff"), "blue"),
    ("energy", _l("Energy"), "blue"),
    ("materials", _l("Materials"), "blue"),
    ("maintenance", _l("Maintenance"), "blue"),
    ("space", _l("Use of rooms"), "blue"),
    ("other", _l("Other costs"), "grey"),
    ("grant", _l("Earmarked grant"), "green"),
    ("carry", _l("Surplus carried forward"), "violet"),
)
REDUCING = ("grant", "carry")
SHARE_KEYS = Choices(
    "platforms.share_key",
    ("hours", _l("By hours used")),
    ("area", _l("By floor area")),
    ("meter", _l("By meter")),
    ("fixed", _l("By fixed shares")),
)


class CostPool(ParkScoped, Record):
    """The costs of one platform and month. Closed, it is frozen: no entry comes, changes or goes (trigger)."""

    __tablename__ = "platforms_cost_pool"
    __table_args__ = (
        UniqueConstraint("park_id", "platform_id", "month"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        CheckConstraint("state <> 'closed' OR (closed_on IS NOT NULL AND cost IS NOT NULL)", name="closed"),
    )
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    state: Mapped[str] = field(EnumText(POOL.choices), _l("State"), default="open", server_default="open")
    cost: Mapped[Decimal | None] = field(Money, _l("Net cost at closing"), help=_l("Costs less grants and surplus carried, as closed"))
    closed_on: Mapped[date | None] = field(Date, _l("Closed on"))
    closed_by: Mapped[str | None] = field(String(80), _l("Closed by"))
    platform: Mapped[Platform] = relationship(foreign_keys="CostPool.platform_id")

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class SharedCost(ParkScoped, Record):
    """Material or energy that several operators used together (共担材料能耗); divided by a key into their platforms' pools."""

    __tablename__ = "platforms_shared_cost"
    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="month"),
        CheckConstraint("kind IN ('energy', 'materials', 'maintenance', 'space', 'other')", name="shared_kind"),
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_platforms_shared_cost_park_id_month", "park_id", "month"),
    )
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    kind: Mapped[str] = field(EnumText(COST_KINDS), _l("Kind of cost"))
    title: Mapped[str] = field(String(200), _l("What for"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    key: Mapped[str] = field(EnumText(SHARE_KEYS), _l("Shared"))
    document: Mapped[str] = field(String(200), _l("Voucher or invoice"), help=_l("The paper the amount stands on"))
    state: Mapped[str] = field(EnumText(SHARED.choices), _l("State"), default="draft", server_default="draft")

    def __str__(self) -> str:
        return self.title


class CostEntry(ParkScoped, Record):
    """One cost, grant or balance carried in a pool. Grants and surpluses reduce the cost and are positive here; a deficit carried is
    negative. `computed` entries are worked out anew while the pool is open."""

    __tablename__ = "platforms_cost_entry"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("kind <> 'grant' OR (amount > 0 AND funder IS NOT NULL)", name="grant"),
        Index(
            "uq_platforms_cost_entry_depreciation",
            "pool_id",
            "instrument_id",
            unique=True,
            postgresql_where="kind = 'depreciation' AND instrument_id IS NOT NULL",
        ),
        Index("uq_platforms_cost_entry_shared", "pool_id", "shared_cost_id", unique=True, postgresql_where="shared_cost_id IS NOT NULL"),
        Index("ix_platforms_cost_entry_park_id_kind", "park_id", "kind"),
    )
    pool_id: Mapped[int] = fk("platforms_cost_pool.id", _l("Cost pool"))
    kind: Mapped[str] = field(EnumText(COST_KINDS), _l("Kind of cost"))
    title: Mapped[str] = field(String(200), _l("What for"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    document: Mapped[str] = field(String(200), _l("Voucher or invoice"), help=_l("The paper the amount stands on"))
    funder: Mapped[str | None] = field(String(120), _l("Funder"), help=_l("Who gives the grant"))
    instrument_id: Mapped[int | None] = fk("platforms_instrument.id", _l("Instrument"))
    shared_cost_id: Mapped[int | None] = fk("platforms_shared_cost.id", _l("Shared cost"))
    computed: Mapped[bool] = field(Boolean, _l("Computed"), default=False, server_default="false")
    pool: Mapped[CostPool] = relationship(foreign_keys="CostEntry.pool_id")
    instrument: Mapped[Any] = relationship("Instrument", foreign_keys="CostEntry.instrument_id")
    shared_cost: Mapped[SharedCost | None] = relationship(foreign_keys="CostEntry.shared_cost_id")

    def __str__(self) -> str:
        return self.title


class CostShare(ParkScoped, Record):
    """An operator's part of a shared cost. The parts sum to the cost exactly once it is posted (`parkops check`)."""

    __tablename__ = "platforms_cost_share"
    __table_args__ = (
        UniqueConstraint("park_id", "shared_cost_id", "contract_id"),
        CheckConstraint("weight IS NULL OR weight >= 0", name="weight"),
    )
    shared_cost_id: Mapped[int] = fk("platforms_shared_cost.id", _l("Shared cost"), ondelete="CASCADE")
    contract_id: Mapped[int] = fk("platforms_operator_contract.id", _l("Operator contract"))
    weight: Mapped[Decimal | None] = field(UnitPrice, _l("Weight"), help=_l("Hours, ㎡, meter units or shares; empty: not known yet"))
    amount: Mapped[Decimal | None] = field(Money, _l("Amount"))
    shared_cost: Mapped[SharedCost] = relationship(foreign_keys="CostShare.shared_cost_id")
    contract: Mapped[Any] = relationship("OperatorContract", foreign_keys="CostShare.contract_id")

    def __str__(self) -> str:
        return str(self.contract_id)


class GapFunder(ParkScoped, Record):
    """Who bears the gap of a class that pays less than break-even: a lower rate needs a named funder."""

    __tablename__ = "platforms_gap_funder"
    __table_args__ = (CheckConstraint("last_day IS NULL OR last_day >= starts_on", name="dates"),)
    platform_id: Mapped[int] = fk("platforms_platform.id", _l("Platform"))
    customer_class: Mapped[str] = field(EnumText(CUSTOMER_CLASSES), _l("Class of user"))
    funder: Mapped[str] = field(String(120), _l("Funder"))
    document: Mapped[str] = field(String(200), _l("Decision"), help=_l("The paper by which the funder bears the gap"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date | None] = field(Date, _l("Last day"))
    platform: Mapped[Platform] = relationship(foreign_keys="GapFunder.platform_id")

    def __str__(self) -> str:
        return self.funder


FROZEN = """
CREATE OR REPLACE FUNCTION platforms_cost_entry_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  -- whoever closes the pool holds its row; wait for them and look at what they left
  PERFORM 1 FROM platforms_cost_pool p WHERE p.id IN (SELECT pool_id FROM touched) ORDER BY p.id FOR SHARE;
  IF EXISTS (SELECT 1 FROM platforms_cost_pool p WHERE p.id IN (SELECT pool_id FROM touched) AND p.state <> 'open') THEN
    RAISE EXCEPTION 'the cost pool is closed and frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION platforms_cost_entry_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM platforms_cost_pool p
    WHERE p.id IN (SELECT pool_id FROM touched UNION SELECT pool_id FROM stale) ORDER BY p.id FOR SHARE;
  IF EXISTS (SELECT 1 FROM platforms_cost_pool p
             WHERE p.id IN (SELECT pool_id FROM touched UNION SELECT pool_id FROM stale) AND p.state <> 'open') THEN
    RAISE EXCEPTION 'the cost pool is closed and frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION platforms_cost_pool_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'closed' THEN
    RAISE EXCEPTION 'the cost pool is closed and frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER platforms_cost_entry_insert AFTER INSERT ON platforms_cost_entry REFERENCING NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION platforms_cost_entry_guard();
CREATE TRIGGER platforms_cost_entry_update AFTER UPDATE ON platforms_cost_entry REFERENCING OLD TABLE AS stale NEW TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION platforms_cost_entry_changed();
CREATE TRIGGER platforms_cost_entry_delete AFTER DELETE ON platforms_cost_entry REFERENCING OLD TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION platforms_cost_entry_guard();
CREATE TRIGGER platforms_cost_pool_guard BEFORE UPDATE OR DELETE ON platforms_cost_pool
  FOR EACH ROW EXECUTE FUNCTION platforms_cost_pool_guard()"""
THAWED = """
DROP TRIGGER IF EXISTS platforms_cost_entry_insert ON platforms_cost_entry;
DROP TRIGGER IF EXISTS platforms_cost_entry_update ON platforms_cost_entry;
DROP TRIGGER IF EXISTS platforms_cost_entry_delete ON platforms_cost_entry;
DROP TRIGGER IF EXISTS platforms_cost_pool_guard ON platforms_cost_pool;
DROP FUNCTION IF EXISTS platforms_cost_entry_guard();
DROP FUNCTION IF EXISTS platforms_cost_entry_changed();
DROP FUNCTION IF EXISTS platforms_cost_pool_guard()"""
after_create(CostEntry.__table__, FROZEN, THAWED)
