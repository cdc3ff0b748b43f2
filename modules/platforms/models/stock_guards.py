"""What the database itself keeps: stock is the sum of its moves; a priced event is not changed behind the bill's back."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .event import StockMove, UsageEvent
from .rate import PlatformRate
from .run import MonthRun

STOCK = """
CREATE OR REPLACE FUNCTION platforms_stock_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'a stock move is never changed or deleted; write another one' USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE platforms_service_item SET stock = coalesce(stock, 0) + NEW.quantity, version = version + 1
    WHERE id = NEW.item_id AND park_id = NEW.park_id AND kind = 'consumable';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'stock is kept of consumables only' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$"""
PRICED = """
CREATE OR REPLACE FUNCTION platforms_event_priced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a billable event is cancelled, never deleted' USING ERRCODE = 'restrict_violation';
  END IF;
  RAISE EXCEPTION 'event % is priced; take the price back first', OLD.id USING ERRCODE = 'restrict_violation';
END $$"""
USED = """
CREATE OR REPLACE FUNCTION platforms_rate_used() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM platforms_event WHERE park_id = OLD.park_id AND rate_id = OLD.id) THEN
    RAISE EXCEPTION 'rate % has priced events' , OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$"""
RUN_KEPT = """
CREATE OR REPLACE FUNCTION platforms_run_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'a month run is voided, never deleted' USING ERRCODE = 'restrict_violation'; END $$"""
# AFTER, not BEFORE: a trigger before the update would lock every row of a month run once more
FIXED = (
    "state", "kind", "instrument_id", "item_id", "firm_id", "project_id", "customer_class", "started_at", "ended_at", "minutes", "quantity",
    "amount")
CHANGED = "(" + ", ".join(f"OLD.{n}" for n in FIXED) + ") IS DISTINCT FROM (" + ", ".join(f"NEW.{n}" for n in FIXED) + ")"

after_create(
    StockMove.__table__,
    f"{STOCK};\nCREATE TRIGGER platforms_stock_moved BEFORE INSERT OR UPDATE OR DELETE ON platforms_stock_move "
    "FOR EACH ROW EXECUTE FUNCTION platforms_stock_moved()",
    "DROP TRIGGER IF EXISTS platforms_stock_moved ON platforms_stock_move;\nDROP FUNCTION IF EXISTS platforms_stock_moved()")
after_create(
    UsageEvent.__table__,
    f"{PRICED};\nCREATE TRIGGER platforms_event_priced AFTER UPDATE ON platforms_event FOR EACH ROW "
    f"WHEN (OLD.net IS NOT NULL AND NEW.net IS NOT NULL AND {CHANGED}) EXECUTE FUNCTION platforms_event_priced();\n"
    "CREATE TRIGGER platforms_event_kept BEFORE DELETE ON platforms_event FOR EACH ROW EXECUTE FUNCTION platforms_event_priced()",
    "DROP TRIGGER IF EXISTS platforms_event_kept ON platforms_event;\nDROP TRIGGER IF EXISTS platforms_event_priced ON platforms_event;\n"
    "DROP FUNCTION IF EXISTS platforms_event_priced()")
after_create(
    PlatformRate.__table__,
    f"{USED};\nCREATE TRIGGER platforms_rate_kept BEFORE DELETE ON platforms_rate FOR EACH ROW EXECUTE FUNCTION platforms_rate_used();\n"
    "CREATE TRIGGER platforms_rate_fixed BEFORE UPDATE ON platforms_rate FOR EACH ROW "
    "WHEN ((OLD.kind, OLD.customer_class, OLD.platform_id, OLD.instrument_id, OLD.item_id, OLD.basis, OLD.amount, OLD.minimum, "
    "OLD.service_fee, OLD.daily_cap, OLD.starts_on) IS DISTINCT FROM (NEW.kind, NEW.customer_class, NEW.platform_id, NEW.instrument_id, "
    "NEW.item_id, NEW.basis, NEW.amount, NEW.minimum, NEW.service_fee, NEW.daily_cap, NEW.starts_on)) "
    "EXECUTE FUNCTION platforms_rate_used()",
    "DROP TRIGGER IF EXISTS platforms_rate_fixed ON platforms_rate;\nDROP TRIGGER IF EXISTS platforms_rate_kept ON platforms_rate;\n"
    "DROP FUNCTION IF EXISTS platforms_rate_used()")
after_create(
    MonthRun.__table__,
    f"{RUN_KEPT};\nCREATE TRIGGER platforms_run_kept BEFORE DELETE ON platforms_month_run "
    "FOR EACH ROW EXECUTE FUNCTION platforms_run_kept()",
    "DROP TRIGGER IF EXISTS platforms_run_kept ON platforms_month_run;\nDROP FUNCTION IF EXISTS platforms_run_kept()")
