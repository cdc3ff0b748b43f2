"""What ledger lines, entries, receipts and allocations point to is there and stays, checked once per statement instead of row by row.

Paying 10,000 bills writes 50,000 rows with some 200,000 references; looked at one by one they took a quarter of its time. The
constraints stay declared, and enforced where the server knows no other way; from PostgreSQL 18 on these are NOT ENFORCED, because

- the account and the firm of a line are locked FOR KEY SHARE and counted here, and nobody deletes them while a line names them;
- an entry's park has an end of its chain (`billing_entry_inserted`), which names the park, and is never removed;
- a receipt stands in the park of its entry (here); an entry is never removed;
- the documents an allocation joins are of its park, posted, and never removed (`billing_allocation_apply`); nor is the row it undoes."""

from __future__ import annotations

from parkops.db.ddl import after_create

from .ledger import LedgerEntry, LedgerLine
from .ledger_guards import SAFE
from .receipt import Allocation, Receipt

LINE = {"account_id": "billing_account", "firm_id": "tenants_firm"}  # column -> table
RECEIPT = ("park_id", "entry_id")
ALLOCATION = ("park_id", "bill_id", "receipt_id", "credit_id", "refund_id", "undoes_id")


def refusal(table: str, column: str, said: str) -> str:
    """RAISE as the server's own foreign key would."""
    name = f"fk_{table}_{column}"
    return f"""RAISE EXCEPTION '{said} violates foreign key constraint "{name}"'
        USING ERRCODE = 'foreign_key_violation', TABLE = '{table}', CONSTRAINT = '{name}';"""


def not_enforced(table: str, *columns: str) -> str:
    """From PostgreSQL 18 on the server leaves these constraints to us."""
    return (
        "DO $$ BEGIN\n  IF current_setting('server_version_num')::int >= 180000 THEN"
        + "".join(f"\n    EXECUTE 'ALTER TABLE {table} ALTER CONSTRAINT fk_{table}_{c} NOT ENFORCED';" for c in columns)
        + "\n  END IF;\nEND $$"
    )


def enforced(table: str, *columns: str) -> str:
    """The way back."""
    return not_enforced(table, *columns).replace("NOT ENFORCED", "ENFORCED")


def _there(column: str, table: str) -> str:
    return f"""
  SELECT array_agg(DISTINCT {column}) INTO asked FROM fresh WHERE {column} IS NOT NULL;
  IF asked IS NOT NULL THEN
    PERFORM 1 FROM {table} t WHERE t.id = ANY(asked) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked) THEN
      {refusal("billing_ledger_line", column, 'insert on table "billing_ledger_line"')}
    END IF;
  END IF;"""


def _needed(column: str, table: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION billing_ledger_line_needs_{column}() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN billing_ledger_line l ON l.{column} = g.id) THEN
    {refusal("billing_ledger_line", column, f'delete on table "{table}"')}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_needs_{column} AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_line_needs_{column}();"""


LINES = (
    f"""
CREATE OR REPLACE FUNCTION billing_ledger_line_there() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
DECLARE asked bigint[]; found bigint;
BEGIN"""
    + "".join(_there(column, table) for column, table in LINE.items())
    + """
  RETURN NULL;
END $$;
CREATE TRIGGER billing_ledger_line_there AFTER INSERT ON billing_ledger_line REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_line_there();"""
    + "".join(_needed(column, table) for column, table in LINE.items())
    + "\n"
    + not_enforced("billing_ledger_line", *LINE)
)
UNLINES = (
    enforced("billing_ledger_line", *LINE)
    + ";\nDROP TRIGGER IF EXISTS billing_ledger_line_there ON billing_ledger_line;\nDROP FUNCTION IF EXISTS billing_ledger_line_there()"
    + "".join(f";\nDROP TRIGGER IF EXISTS billing_ledger_line_needs_{c} ON {table};\n"
              f"DROP FUNCTION IF EXISTS billing_ledger_line_needs_{c}()" for c, table in LINE.items())
)
RECEIPTS = f"""
CREATE OR REPLACE FUNCTION billing_receipt_there() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM fresh f LEFT JOIN billing_ledger_entry e ON e.id = f.entry_id WHERE e.park_id IS DISTINCT FROM f.park_id) THEN
    {refusal("billing_receipt", "entry_id", 'insert on table "billing_receipt"')}
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER billing_receipt_there AFTER INSERT ON billing_receipt REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION billing_receipt_there();
{not_enforced("billing_receipt", *RECEIPT)}"""
UNRECEIPTS = f"""{enforced("billing_receipt", *RECEIPT)};
DROP TRIGGER IF EXISTS billing_receipt_there ON billing_receipt;
DROP FUNCTION IF EXISTS billing_receipt_there()"""

after_create(LedgerEntry.__table__, not_enforced("billing_ledger_entry", "park_id"), enforced("billing_ledger_entry", "park_id"))
after_create(LedgerLine.__table__, LINES, UNLINES)
after_create(Receipt.__table__, RECEIPTS, UNRECEIPTS)
after_create(Allocation.__table__, not_enforced("billing_allocation", *ALLOCATION), enforced("billing_allocation", *ALLOCATION))
