"""Alembic environment: one metadata, the owner's connection, one branch per module, lock time-out."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import text

from parkops.db.base import metadata
from parkops.registry import registry

connection = context.config.attributes["connection"]


def include_name(name: str | None, type_: str, parents: Any) -> bool:
    """Compare only tables of the kernel, FAB and the loaded modules."""
    if type_ != "table" or name is None:
        return True
    return name.startswith(("core_", "ab_")) or name.split("_", 1)[0] in registry().manifests


connection.execute(text("set lock_timeout = '30s'"))
context.configure(
    connection=connection, target_metadata=metadata, include_name=include_name, compare_type=True,
    compare_server_default=False, transaction_per_migration=False, render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
