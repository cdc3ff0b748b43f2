"""`parkops upgrade`: migrate, record versions, load reference data, sync permissions. Idempotent; the only place that
changes the schema. Processes that serve only read."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import select, text

from . import registry as reg
from .clock import now
from .db.session import engine, system_scope
from .errors import Refused

LOCK = 7_215_001


def installed() -> list[str]:
    """Names of the installed modules in dependency order; [] on an empty database."""
    with engine().connect() as c:
        if c.execute(text("select to_regclass('core_module')")).scalar() is None:
            return []
        names = set(c.execute(text("select name from core_module")).scalars())
    return [n for n in reg.discover() if n in names]


def run(*, only: list[str] | None = None, quiet: bool = False, say: Callable[[str], Any] = print) -> list[str]:
    """Bring the database to this version of the kernel and of the installed modules (all of them on a new database)."""
    tell = (lambda *_: None) if quiet else say
    names = only if only is not None else (installed() or list(reg.discover()))
    with engine(owner=True).connect() as lock:
        lock.execute(text("select pg_advisory_lock(:k)"), {"k": LOCK})
        try:
            reg.registry().load(names)
            from .db import migrations

            tell("migrating …")
            migrations.upgrade(names)
            _record(names)
            tell("loading reference data …")
            _reference_data(names)
            tell("syncing roles and permissions …")
            _permissions()
        finally:
            lock.execute(text("select pg_advisory_unlock(:k)"), {"k": LOCK})
            lock.commit()
    return names


def _record(names: list[str]) -> None:
    from .models import InstalledModule

    with system_scope("upgrade: record versions") as s:
        have = {m.name: m for m in s.scalars(select(InstalledModule))}
        for name in names:
            manifest = reg.discover()[name]
            if name not in have:
                s.add(InstalledModule(name=name, module_version=manifest.version, installed_at=now()))
            elif have[name].module_version != manifest.version:
                have[name].module_version = manifest.version


def _reference_data(names: list[str]) -> None:
    """Rules go to the rules engine; any other file to the module's `services/reference.py: load_file(session, path)`, idempotent."""
    from .rules import loader

    with system_scope("upgrade: reference data") as s:
        for name in names:
            manifest = reg.discover()[name]
            for file in manifest.data:
                path = manifest.path / "data" / file
                if not path.exists():
                    raise Refused(f"modules/{name}/__manifest__.py: data names {file!r}, which does not exist")
                if path.parent.name == "rules":
                    loader.load_file(s, path)
                else:
                    importlib.import_module(f"modules.{name}.services.reference").load_file(s, path)


def _permissions() -> None:
    from .security.sync import sync_all

    reg.registry().load(list(reg.registry().manifests), screens=True)
    with system_scope("upgrade: permissions") as s:
        sync_all(s)


def uninstall(name: str) -> None:
    """Remove a module's tables and its entry. Refused while an installed module depends on it."""
    have = installed()
    if name not in have:
        raise Refused(f"module {name!r} is not installed; see `parkops module list`")
    needed = [n for n in have if name in reg.discover()[n].depends]
    if needed:
        raise Refused(f"{', '.join(needed)} depend on {name}; uninstall them first")
    from .db import migrations
    from .models import InstalledModule

    reg.registry().load(have)
    migrations.downgrade(name)
    with system_scope(f"uninstall {name}") as s:
        for row in s.scalars(select(InstalledModule).where(InstalledModule.name == name)):
            s.delete(row)
