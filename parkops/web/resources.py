"""All resources and special pages of the process: the kernel's admin modules first, then each module's views room."""

from __future__ import annotations

from types import ModuleType

from .. import kernel_rooms
from ..errors import NotFound, Refused
from ..i18n import _l
from ..registry import registry
from .compile import Resolved, resolve
from .compile import clear as clear_resolved
from .resource import Resource

NAMING = frozenset(("resource", "subject", "subject_resource", "source"))  # columns that hold the name of a kind of record

_found: dict[str, Resource] = {}
_extra: dict[str, Resource] = {}
_seen: list[tuple] = []


def _modules() -> list[ModuleType]:
    return [*kernel_rooms.screens(), *registry().rooms("views")] if registry().screens or registry().manifests else kernel_rooms.screens()


def all_resources() -> dict[str, Resource]:
    """name -> Resource, in menu order of declaration. Two of one name are refused."""
    loaded = (registry().screens, *registry().manifests)
    if _seen != [loaded]:  # the registry has loaded more since
        _found.clear()
        _seen[:] = [loaded]
        for module in _modules():
            for resource in getattr(module, "RESOURCES", ()):
                if resource.name in _found and _found[resource.name] is not resource:
                    raise Refused(f"{module.__name__}: the resource {resource.name!r} is declared twice")
                _found[resource.name] = resource
    return {**_found, **_extra}


def all_pages() -> list[type]:
    """The special pages (`PAGES` lists of the same modules), each once."""
    pages: dict[type, None] = {}
    for module in _modules():
        pages.update(dict.fromkeys(getattr(module, "PAGES", ())))
    return list(pages)


def resolved(name: str) -> Resolved:
    """The resolved resource; NotFound when nothing of that name is installed."""
    resource = all_resources().get(name)
    if resource is None:
        raise NotFound(_l("There is no such kind of record."))
    return resolve(resource)


def has(name: str | None) -> bool:
    return name is not None and name in all_resources()


def kind_title(name: str | None) -> str | None:
    """What one record of a kind is called: by its screen, by a room's `UNLISTED` (kinds without a screen); None if unknown."""
    if has(name):
        return str(resolved(name).resource.titles.one)
    for module in _modules():
        if (title := getattr(module, "UNLISTED", {}).get(name)) is not None:
            return str(title)
    return None


def add(resource: Resource) -> None:
    """Declare a resource at run time (tests of the machinery)."""
    _extra[resource.name] = resource


def clear() -> None:
    """Forget the collected lists (the registry was loaded anew)."""
    _found.clear(), _extra.clear(), _seen.clear(), clear_resolved()


__all__ = ["add", "all_pages", "all_resources", "clear", "has", "kind_title", "resolved"]
