"""Manifests, order and loading of modules. The manifest is data: one literal dict in `__manifest__.py`, read with
`ast.literal_eval` before anything is imported, so a broken module is reported by name."""

from __future__ import annotations

import ast
import difflib
import gc
import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType
from typing import Any

from .errors import Refused

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "modules"
ROOMS = ("errors", "states", "models", "signals", "services", "facts", "roles", "kpis", "jobs", "exports", "checks", "notify", "hooks")
SCREEN_ROOMS = ("views",)
SELDOM = (10_000, 20, 20)  # the collector's thresholds: a few MB more are held, a tenth of the work is left


@contextmanager
def resting_collector() -> Iterator[None]:
    """The cyclic garbage collector rests inside and never looks at what was built there (code and maps, which live as long as
    the process): looking at it again and again doubles the time of a start. Afterwards it works seldom: by default it looks after
    every 700 new objects, which a dozen records read make, and that took a tenth of the processor's time of long work."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*SELDOM)
        gc.enable() if was else None


@dataclass(frozen=True)
class Manifest:
    """Who a module is. `title` and `menu` titles are msgids; `depends` are hard, `extends` are soft."""

    name: str
    title: str
    version: str
    summary: str = ""
    depends: tuple[str, ...] = ()
    extends: tuple[str, ...] = ()
    icon: str = "package"
    order: int = 50
    menu: tuple[tuple[str, str], ...] = ()  # (section code, title msgid) in order
    settings: dict[str, dict] = field(default_factory=dict)
    sequences: dict[str, str] = field(default_factory=dict)
    data: tuple[str, ...] = ()  # files under data/, loaded in order by `parkops upgrade`
    demo: bool = False
    path: Path = Path()

    @property
    def package(self) -> str:
        return f"modules.{self.name}"


def read_manifest(folder: Path) -> Manifest:
    """Read one `__manifest__.py`; every mistake is a sentence with the file's name."""
    file = folder / "__manifest__.py"
    where = f"modules/{folder.name}/__manifest__.py"
    try:
        raw = ast.literal_eval(file.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as e:
        raise Refused(f"{where}: must hold one literal dict ({e})") from None
    if not isinstance(raw, dict):
        raise Refused(f"{where}: must hold one literal dict")
    known = set(Manifest.__dataclass_fields__) - {"path"}
    for key in raw:
        if key not in known:
            hint = difflib.get_close_matches(key, known, 1)
            raise Refused(f"{where}: unknown key {key!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
    for key in ("name", "title", "version"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            raise Refused(f"{where}: {key!r} is missing")
    if raw["name"] != folder.name:
        raise Refused(f"{where}: name {raw['name']!r} must equal the folder {folder.name!r}")
    for key in ("depends", "extends", "data"):
        raw[key] = tuple(raw.get(key, ()))
    raw["menu"] = tuple((code, title) for code, title in raw.get("menu", ()))
    return Manifest(**raw, path=folder)


@lru_cache(maxsize=1)
def discover() -> dict[str, Manifest]:
    """Every module in the source tree, in dependency order (ties by `order`, then name)."""
    found = {p.parent.name: read_manifest(p.parent) for p in sorted(MODULES.glob("*/__manifest__.py"))}
    for m in found.values():
        for d in m.depends:
            if d not in found:
                hint = difflib.get_close_matches(d, found, 1)
                raise Refused(f"modules/{m.name}/__manifest__.py: depends names {d!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
    return {name: found[name] for name in _order(found)}


def _order(found: dict[str, Manifest]) -> list[str]:
    graph = TopologicalSorter({m.name: {*m.depends, *(e for e in m.extends if e in found)} for m in found.values()})
    try:
        graph.prepare()
    except CycleError as e:
        raise Refused(f"modules depend on each other in a circle: {' -> '.join(e.args[1])}") from None
    out: list[str] = []
    while graph.is_active():
        ready = sorted(graph.get_ready(), key=lambda n: (found[n].order, n))
        out += ready
        graph.done(*ready)
    return out


def with_dependencies(name: str) -> list[str]:
    """`name` and all it needs, in order."""
    found, need, todo = discover(), set(), [name]
    while todo:
        n = todo.pop()
        if n not in found:
            hint = difflib.get_close_matches(n, found, 1)
            raise Refused(f"there is no module {n!r}" + (f"; did you mean {hint[0]!r}?" if hint else ""))
        if n not in need:
            need.add(n)
            todo += found[n].depends
    return [n for n in found if n in need]


class Registry:
    """The loaded modules and everything they declare. One per process (`registry()`)."""

    def __init__(self) -> None:
        self.manifests: dict[str, Manifest] = {}
        self.screens = False

    def load(self, names: list[str], *, screens: bool = False) -> Registry:
        """Import the rooms of `names` (dependency order), kernel first. `screens` adds the views room."""
        from . import kernel_rooms

        with resting_collector():
            kernel_rooms.load(screens=screens)
            for name in names:
                manifest = discover()[name]
                for room in (*ROOMS, *(SCREEN_ROOMS if screens else ())):
                    _import_room(manifest, room)
                self.manifests[name] = manifest
        self.screens = self.screens or screens
        from .security import catalogue

        catalogue.compiled.cache_clear()  # rights known before these modules were loaded are stale
        return self

    def rooms(self, room: str) -> Iterator[ModuleType]:
        """The loaded modules' Python module for a room (and its submodules for package rooms)."""
        for manifest in self.manifests.values():
            yield from _import_room(manifest, room)

    def collect(self, room: str, name: str) -> list[Any]:
        """All items of the list `name` declared in a room, in module order."""
        return [item for module in self.rooms(room) for item in getattr(module, name, ())]


def _import_room(manifest: Manifest, room: str) -> list[ModuleType]:
    base = manifest.path / room
    full = f"{manifest.package}.{room}"
    if base.with_suffix(".py").exists():
        return [importlib.import_module(full)]
    if base.is_dir():
        names = sorted(p.stem for p in base.glob("*.py") if not p.stem.startswith("_"))
        package = [importlib.import_module(full)] if (base / "__init__.py").exists() else []
        return package + [importlib.import_module(f"{full}.{n}") for n in names]
    return []


_registry = Registry()


def registry() -> Registry:
    """The process's registry."""
    return _registry
