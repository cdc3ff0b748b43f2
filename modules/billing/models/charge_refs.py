"""What a charge line points to is there and stays, checked once per statement instead of row by row.

A month of charges is one INSERT of tens of thousands of lines; five foreign keys checked row by row took 40 % of its time. The
constraints stay declared, and enforced where the server knows no other way; from PostgreSQL 18 on they are NOT ENFORCED and the
triggers here hold the same: the rows pointed to are locked FOR KEY SHARE and counted, and nobody deletes them while a line names them."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .charge import SAFE, Charge

# column -> table, and the column both share that leads the index a delete looks in
REFS = {"firm_id": ("tenants_firm", "park_id"), "item_id": ("billing_charge_item", None), "carrier_id": ("tenants_carrier", None),
        "corrects_id": ("billing_charge", None), "approval_id": ("core_approval", None)}


def _there(column: str, table: str) -> str:
    return f"""
  IF asked.{column} IS NOT NULL THEN
    PERFORM 1 FROM {table} t WHERE t.id = ANY(asked.{column}) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.{column}) THEN
      RAISE EXCEPTION 'insert or update on table "billing_charge" violates foreign key constraint "fk_billing_charge_{column}"'
        USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_{column}';
    END IF;
  END IF;"""


def _needed(column: str, table: str, shared: str | None) -> str:
    same = f" AND c.{shared} = g.{shared}" if shared else ""
    said = f'update or delete on table "{table}" violates foreign key constraint "fk_billing_charge_{column}" on table "billing_charge"'
    return f"""
CREATE OR REPLACE FUNCTION billing_charge_needs_{column}() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_charge c ON c.{column} = g.id{same}) THEN
    RAISE EXCEPTION '{said}'
      USING ERRCODE = 'foreign_key_violation', TABLE = 'billing_charge', CONSTRAINT = 'fk_billing_charge_{column}';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_charge_needs_{column} AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_needs_{column}();"""


_EACH = ", ".join(f"array_agg(DISTINCT {c}) FILTER (WHERE {c} IS NOT NULL) AS {c}" for c in REFS)
CHECKED = (
    f"""
CREATE OR REPLACE FUNCTION billing_charge_there() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
DECLARE asked record; found bigint;
BEGIN
  SELECT {_EACH} INTO asked FROM (SELECT DISTINCT {", ".join(REFS)} FROM fresh) f;"""
    + "".join(_there(column, table) for column, (table, _shared) in REFS.items())
    + """
  RETURN NULL;
END $$;
CREATE TRIGGER billing_charge_there_new AFTER INSERT ON billing_charge REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_there();
CREATE TRIGGER billing_charge_there_changed AFTER UPDATE ON billing_charge REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_charge_there();"""
    + "".join(_needed(column, table, shared) for column, (table, shared) in REFS.items())
    + """
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN"""
    + "".join(f"\n    EXECUTE 'ALTER TABLE billing_charge ALTER CONSTRAINT fk_billing_charge_{c} NOT ENFORCED';" for c in REFS)
    + "\n  END IF;\nEND $$"
)
UNCHECKED = (
    "DROP TRIGGER IF EXISTS billing_charge_there_new ON billing_charge;\n"
    "DROP TRIGGER IF EXISTS billing_charge_there_changed ON billing_charge;\n"
    + "".join(f"DROP TRIGGER IF EXISTS billing_charge_needs_{c} ON {table};\nDROP FUNCTION IF EXISTS billing_charge_needs_{c}();\n"
              for c, (table, _shared) in REFS.items())
    + "DROP FUNCTION IF EXISTS billing_charge_there()"
)
after_create(Charge.__table__, CHECKED, UNCHECKED)
