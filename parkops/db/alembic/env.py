"""Alembic environment: one metadata, the owner's connection, one branch per module, lock time-out.

A revision that creates a table also creates the triggers and functions declared beside the model (`parkops.db.ddl`)."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.operations import ops
from sqlalchemy import text
from sqlalchemy.types import TypeDecorator

from parkops.db.base import metadata
from parkops.db.ddl import EXTRAS
from parkops.registry import registry

connection = context.config.attributes["connection"]
only = context.config.attributes.get("only")


def include_name(name: str | None, type_: str, parents: Any) -> bool:
    """Compare only tables of the kernel, FAB and the loaded modules (or of the module a revision is written for)."""
    if type_ != "table" or name is None:
        return True
    if only:
        return name.startswith(only)
    return name.startswith(("core_", "ab_")) or name.split("_", 1)[0] in registry().manifests


def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    return include_name(name, type_, {}) if type_ == "table" else True


def add_extras(context_: Any, revision: Any, directives: list[Any]) -> None:
    """Append each created table's triggers; drop them first on the way down."""
    script = directives[0]
    created = [op.table_name for op in script.upgrade_ops.ops if isinstance(op, ops.CreateTableOp)]
    for table, up, down in EXTRAS:
        if table in created:
            script.upgrade_ops.ops.append(ops.ExecuteSQLOp(up))
            script.downgrade_ops.ops.insert(0, ops.ExecuteSQLOp(down))


def render_item(type_: str, item: Any, autogen_context: Any) -> Any:
    """Write our column types as the plain types they are in the database: a revision must not depend on today's code."""
    if type_ == "type" and isinstance(item, TypeDecorator) and type(item).__module__.startswith(("parkops.", "modules.")):
        plain = item.impl
        text_ = repr(plain() if isinstance(plain, type) else plain)
        return text_ if text_.startswith("sa.") else f"sa.{text_}"
    return False


connection.execute(text("set lock_timeout = '30s'"))
context.configure(
    connection=connection, target_metadata=metadata, include_name=include_name, include_object=include_object, compare_type=True,
    compare_server_default=False, transaction_per_migration=False, render_as_batch=False, process_revision_directives=add_extras,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
