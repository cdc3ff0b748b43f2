"""What the kernel itself declares: models of every kernel package (imported for the metadata), settings, screens."""

from __future__ import annotations

import importlib
from types import ModuleType

MODELS = (
    "parkops.db.base", "flask_appbuilder.security.sqla.models",  # our naming convention before FAB names its keys
    "parkops.db.audit", "parkops.db.scope", "parkops.db.walls", "parkops.models", "parkops.security.models", "parkops.workflow",
    "parkops.approval",
    "parkops.rules.models", "parkops.settings", "parkops.sequences", "parkops.outbox", "parkops.search", "parkops.attachments",
    "parkops.comments", "parkops.todos", "parkops.notify.models", "parkops.notify.sending",
    "parkops.jobs.models", "parkops.kpi.models", "parkops.web.models",
    "parkops.web.importer.models",
    "parkops.web.idempotency",
)
FACTS = ("parkops.rules.facts",)
JOBS = ("parkops.jobs.kernel_jobs",)
SCREENS = ("parkops.web.admin",)


def _all(names: tuple[str, ...]) -> list[ModuleType]:
    return [importlib.import_module(n) for n in names]


def load(*, screens: bool = False) -> None:
    """Import the kernel's rooms."""
    _all(MODELS)
    _all(FACTS)
    _all(JOBS)


def screens() -> list[ModuleType]:
    """Modules holding the kernel's RESOURCES and pages: `parkops.web.admin`, `parkops.web.portal` and their submodules."""
    import pkgutil

    out = []
    for name in ("parkops.web.admin", "parkops.web.portal"):
        package = importlib.import_module(name)
        out += [package, *(importlib.import_module(f"{name}.{m.name}") for m in pkgutil.iter_modules(package.__path__))]
    return out
