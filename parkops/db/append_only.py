"""Tables nobody may rewrite: a trigger refuses UPDATE, DELETE and TRUNCATE for every role of ours, administrators included."""

from __future__ import annotations

from typing import Any

from .ddl import after_create

FUNCTION = """
CREATE OR REPLACE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""


def protect(model: Any) -> None:
    """Make the model's table append-only."""
    name = model.__tablename__
    up = (f"{FUNCTION};\n"
          f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} FOR EACH ROW EXECUTE FUNCTION core_append_only();\n"
          f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT EXECUTE FUNCTION core_append_only()")
    down = f"DROP TRIGGER IF EXISTS {name}_append_only ON {name};\nDROP TRIGGER IF EXISTS {name}_no_truncate ON {name}"
    after_create(model.__table__, up, down)
