"""Which resources exist and which rights each role holds, computed once from models, screens and grants."""

from __future__ import annotations

from functools import lru_cache

from ..registry import registry
from .roles import KERNEL_GRANTS, Grant, compile_grants


def resource_names() -> list[str]:
    """Every resource: the models' `__resource__`, the screens' RESOURCES, and names used in grants."""
    from ..db.base import Record

    names: set[str] = set()
    todo = list(Record.__subclasses__())
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if getattr(cls, "__resource__", None):
            names.add(cls.__resource__)
    names |= {r.name for r in registry().collect("views", "RESOURCES")} if registry().screens else set()
    names |= {g.resource for g in grants() if not g.resource.endswith("*")}
    return sorted(names | {"core.audit"})


def grants() -> list[Grant]:
    """The kernel's grants, then every module's."""
    return [*KERNEL_GRANTS, *registry().collect("roles", "GRANTS")]


@lru_cache(maxsize=1)
def compiled() -> dict[str, frozenset[tuple[str, str]]]:
    """role -> rights. Call `compiled.cache_clear()` after loading more modules."""
    return compile_grants(grants(), resource_names())


_unions: dict[frozenset[str], frozenset[tuple[str, str]]] = {}
_of: list[object] = [None]


def role_rights(roles: frozenset[str]) -> frozenset[tuple[str, str]]:
    """The union of the rights of persona roles (kept per combination; asked on every request)."""
    table = compiled()
    if _of[0] is not table:
        _unions.clear()
        _of[0] = table
    if roles not in _unions:
        _unions[roles] = frozenset().union(*(table.get(role, frozenset()) for role in roles))
    return _unions[roles]
