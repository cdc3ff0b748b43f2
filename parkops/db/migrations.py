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


def revision(name: str, message: str) -> str:
    """Write a new revision for `core` or a module by comparing models and database; returns the file's path.

    The first one of a module carries its branch label and depends on the heads of what the module depends on."""
    folder = locations()[0] if name == "core" else reg.discover()[name].path / "migrations"
    folder.mkdir(exist_ok=True)
    script = ScriptDirectory.from_config(alembic_config())
    heads = {label: r.revision for r in script.walk_revisions() if r.is_head for label in _labels(script, r)}
    first = name not in heads
    needs = () if name == "core" else tuple(heads[d] for d in ("core", *reg.discover()[name].depends))

    def go(cfg: AlembicConfig) -> Any:
        cfg.attributes["only"] = ("core_", "ab_") if name == "core" else (f"{name}_",)
        return command.revision(cfg, message, autogenerate=True, head="base" if first else f"{name}@head", version_path=str(folder),
                                branch_label=name if first else None, depends_on=needs or None if first else None,
                                rev_id=f"{name}_{len(list(folder.glob('*.py'))) + 1:04d}")

    return with_connection(go).path


def _labels(script: ScriptDirectory, revision: Any) -> set[str]:
    """Branch labels of a head (the label sits on the branch's first revision)."""
    return {label for r in script.iterate_revisions(revision.revision, "base") for label in r.branch_labels}


def _create_all() -> None:
    from .base import metadata

    metadata.create_all(engine(owner=True))
