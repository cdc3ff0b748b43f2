"""Alembic, configured in Python: one environment, one branch per module (`core` for the kernel), `depends_on` between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory

from .. import registry as reg
from .session import engine

HERE = Path(__file__).resolve().parent.parent


def locations() -> list[Path]:
    """Every folder with revisions: the kernel's and each module's, installed or not (retired revisions must stay findable)."""
    found = [HERE / "migrations" / "versions"]
    return found + [m.path / "migrations" for m in reg.discover().values() if (m.path / "migrations").is_dir()]


def alembic_config() -> AlembicConfig:
    cfg = AlembicConfig()
    cfg.set_main_option("script_location", str(HERE / "db" / "alembic"))
    cfg.set_main_option("version_locations", "\n".join(str(p) for p in locations()))
    cfg.set_main_option("path_separator", "newline")
    return cfg


def with_connection(work: Any) -> Any:
    """Run an Alembic command on the owner's connection."""
    cfg = alembic_config()
    with engine(owner=True).connect() as c:
        cfg.attributes["connection"] = c
        out = work(cfg)
        c.commit()
        return out


def upgrade(names: list[str]) -> None:
    """Kernel to its head, then each named module to its head."""
    if not list(locations()[0].glob("*.py")):
        _create_all()
        return

    def go(cfg: AlembicConfig) -> None:
        command.upgrade(cfg, "core@head")
        labels = branches()
        for name in names:
            if name in labels:
                command.upgrade(cfg, f"{name}@head")

    with_connection(go)


def branches() -> set[str]:
    script = ScriptDirectory.from_config(alembic_config())
    return {label for r in script.walk_revisions() for label in r.branch_labels}


def downgrade(name: str) -> None:
    """A module's branch back to nothing."""
    with_connection(lambda cfg: command.downgrade(cfg, f"{name}@base"))


def check() -> None:
    """Raise when models and migrations differ."""
    with_connection(command.check)


def _create_all() -> None:
    from .base import metadata

    metadata.create_all(engine(owner=True))
