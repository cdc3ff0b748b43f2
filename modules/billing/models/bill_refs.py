"""The firm and the run of a bill are there and stay, checked once per statement instead of row by row.

A month of bills is one INSERT of thousands; the foreign keys to park, firm and run, checked row by row, took half of its time. As for
charge lines (`charge_refs`) the constraints stay declared and are NOT ENFORCED from PostgreSQL 18 on; the triggers here hold the
same and more: the firm is one of the bill's park, so that the park is there too."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .bill import Bill
from .charge import SAFE

REFS = {"firm_id": ("tenants_firm", " AND b.park_id = g.park_id"), "run_id": ("billing_bill_run", "")}


def _refused(column: str) -> str:
    return f"""
    RAISE EXCEPTION 'insert or update on table "billing_bill" violates foreign key constraint "fk_billing_bill_{column}"'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_{column}';"""


def _there(column: str, table: str) -> str:
    return f"""
  wanted := array(SELECT DISTINCT f.{column} FROM fresh f WHERE f.{column} IS NOT NULL);
  PERFORM 1 FROM {table} t WHERE t.id = ANY(wanted) ORDER BY t.id FOR KEY SHARE;
  GET DIAGNOSTICS found = ROW_COUNT;
  IF found <> cardinality(wanted) THEN{_refused(column)}
  END IF;"""


def _needed(column: str, table: str, same: str) -> str:
    said = f'update or delete on table "{table}" violates foreign key constraint "fk_billing_bill_{column}" on table "billing_bill"'
    return f"""
CREATE OR REPLACE FUNCTION billing_bill_needs_{column}() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_bill b ON b.{column} = g.id{same}) THEN
    RAISE EXCEPTION '{said}'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_bill', CONSTRAINT = 'fk_billing_bill_{column}';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_needs_{column} AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_needs_{column}();"""


CHECKED = (
    f"""
CREATE OR REPLACE FUNCTION billing_bill_there() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
DECLARE wanted bigint[]; found bigint;
BEGIN"""
    + "".join(_there(column, table) for column, (table, _same) in REFS.items())
    + f"""
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT park_id, firm_id FROM fresh) f LEFT JOIN tenants_firm t ON t.id = f.firm_id
              WHERE t.park_id IS DISTINCT FROM f.park_id) THEN{_refused("firm_id")}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_there AFTER INSERT ON billing_bill REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_bill_there();
-- who pays a bill changes none of these: the function runs only when one is changed
CREATE OR REPLACE FUNCTION billing_bill_moved() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  PERFORM 1 FROM tenants_firm t WHERE t.id = NEW.firm_id AND t.park_id = NEW.park_id FOR KEY SHARE;
  IF NOT FOUND THEN{_refused("firm_id")}
  END IF;
  PERFORM 1 FROM billing_bill_run t WHERE t.id = NEW.run_id FOR KEY SHARE;
  IF NOT FOUND AND NEW.run_id IS NOT NULL THEN{_refused("run_id")}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_bill_moved AFTER UPDATE ON billing_bill FOR EACH ROW
  WHEN (ROW(OLD.park_id, OLD.firm_id, OLD.run_id) IS DISTINCT FROM ROW(NEW.park_id, NEW.firm_id, NEW.run_id))
  EXECUTE FUNCTION billing_bill_moved();"""
    + "".join(_needed(column, *ref) for column, ref in REFS.items())
    + """
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN"""
    + "".join(f"\n    EXECUTE 'ALTER TABLE billing_bill ALTER CONSTRAINT fk_billing_bill_{c} NOT ENFORCED';" for c in ("park_id", *REFS))
    + "\n  END IF;\nEND $$"
)
UNCHECKED = (
    "DROP TRIGGER IF EXISTS billing_bill_there ON billing_bill;\nDROP TRIGGER IF EXISTS billing_bill_moved ON billing_bill;\n"
    + "".join(f"DROP TRIGGER IF EXISTS billing_bill_needs_{c} ON {table};\nDROP FUNCTION IF EXISTS billing_bill_needs_{c}();\n"
              for c, (table, _same) in REFS.items())
    + "DROP FUNCTION IF EXISTS billing_bill_moved();\nDROP FUNCTION IF EXISTS billing_bill_there()"
)
after_create(Bill.__table__, CHECKED, UNCHECKED)
