"""Foreign keys checked once per statement instead of row by row: for tables that are written by the ten thousand.

A month of charge lines is one INSERT; five keys of each line, looked at one by one, took 40 % of its time. The constraints stay declared,
and enforced where the server knows no other way; from PostgreSQL 18 on they are NOT ENFORCED and triggers hold the same: the rows pointed
to are locked FOR KEY SHARE and counted, and nobody deletes them while a row names them. A refusal looks like the server's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .ddl import LOOPS, SAFE


class Reference(NamedTuple):
    """The table a column points to by its id, and the column both tables share that leads the index a delete looks in."""

    table: str
    shared: str | None = None


def refusal(table: str, column: str, said: str) -> str:
    """RAISE as the server's own foreign key of `column` would; `said` begins the sentence."""
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


def _looked_up(table: str, column: str, target: str) -> str:
    return f"""
  IF asked.{column} IS NOT NULL THEN
    PERFORM 1 FROM {target} t WHERE t.id = ANY(asked.{column}) ORDER BY t.id FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> cardinality(asked.{column}) THEN
      {refusal(table, column, f'insert or update on table "{table}"')}
    END IF;
  END IF;"""


def _needed(table: str, column: str, ref: Reference) -> str:
    same = f" AND r.{ref.shared} = g.{ref.shared}" if ref.shared else ""
    return f"""
CREATE OR REPLACE FUNCTION {table}_needs_{column}() RETURNS trigger LANGUAGE plpgsql {SAFE} AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM gone g JOIN {table} r ON r.{column} = g.id{same}) THEN
    {refusal(table, column, f'update or delete on table "{ref.table}"')}
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER {table}_needs_{column} AFTER DELETE ON {ref.table} REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION {table}_needs_{column}();"""


def checked(table: str, refs: Mapping[str, Reference], *, changed: bool = False, also: str = "") -> str:
    """Statements: rows inserted (and, with `changed`, updated) point to what is there, and it stays.

    `also`: more of the function's body, over the inserted rows (`fresh`)."""
    each = ", ".join(f"array_agg(DISTINCT {c}) FILTER (WHERE {c} IS NOT NULL) AS {c}" for c in refs)
    update = f"""
CREATE OR REPLACE TRIGGER {table}_there_changed AFTER UPDATE ON {table} REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION {table}_there();"""
    return (
        f"""
CREATE OR REPLACE FUNCTION {table}_there() RETURNS trigger LANGUAGE plpgsql {LOOPS} AS $$
DECLARE asked record; found bigint;
BEGIN
  SELECT {each} INTO asked FROM (SELECT DISTINCT {", ".join(refs)} FROM fresh) f;"""
        + "".join(_looked_up(table, column, ref.table) for column, ref in refs.items())
        + f"""{also}
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER {table}_there AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION {table}_there();{update if changed else ""}"""
        + "".join(_needed(table, column, ref) for column, ref in refs.items())
        + "\n"
        + not_enforced(table, *refs)
    )


def unchecked(table: str, refs: Mapping[str, Reference]) -> str:
    """Statements: the way back, the constraints enforced by the server again."""
    return (
        enforced(table, *refs)
        + f";\nDROP TRIGGER IF EXISTS {table}_there ON {table};\nDROP TRIGGER IF EXISTS {table}_there_changed ON {table}"
        + f";\nDROP FUNCTION IF EXISTS {table}_there()"
        + "".join(f";\nDROP TRIGGER IF EXISTS {table}_needs_{c} ON {ref.table};\nDROP FUNCTION IF EXISTS {table}_needs_{c}()"
                  for c, ref in refs.items())
    )
