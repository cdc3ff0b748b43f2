"""The definitions book: every KPI of the installed modules."""

from __future__ import annotations

import difflib
from typing import Any

from ..errors import Refused
from ..i18n import _l
from ..security import access
from .registry import Kpi

EXTRA: list[Kpi] = []  # tests of the machinery declare theirs here


_made: list[Any] = [None, {}]  # of which modules, and their book: asked for every figure, so it is made once


def all_kpis() -> dict[str, Kpi]:
    """code -> Kpi in module order, then `order`. Two of one code are refused."""
    from ..registry import registry

    modules = (*registry().manifests.values(), *EXTRA)
    if _made[0] is None or len(_made[0]) != len(modules) or any(a is not b for a, b in zip(_made[0], modules, strict=True)):
        _made[:] = [modules, _collect(registry())]
    return dict(_made[1])


def _collect(loaded: Any) -> dict[str, Kpi]:
    found: dict[str, Kpi] = {}
    place = {name: i for i, name in enumerate(loaded.manifests)}
    kpis = [*loaded.collect("kpis", "KPIS"), *EXTRA]
    for kpi in sorted(kpis, key=lambda k: (place.get(k.module, 99), k.order, k.code)):
        if kpi.code in found and found[kpi.code] is not kpi:
            raise Refused(f"the indicator {kpi.code} is declared twice")
        found[kpi.code] = kpi
    return found


def on_home(role: str) -> set[str]:
    """Codes of the indicators that modules put on a role's home."""
    from ..registry import registry

    return {code for home in registry().collect("kpis", "HOME") if home.role == role for code in home.codes.split()}


def readable(session: Any) -> dict[str, Kpi]:
    """The KPIs whose records the actor may read (a figure tells about its records)."""
    return {k.code: k for k in all_kpis().values() if access.may(session, k.resource or "core.kpi", "read")}


def kpi_of(code: str) -> Kpi:
    """One KPI; Refused with the nearest name otherwise."""
    found = all_kpis()
    if code not in found:
        near = difflib.get_close_matches(code, found, 1)
        raise Refused(_l("There is no indicator %(code)s; did you mean %(near)s?", code=code, near=near[0]) if near
                      else _l("There is no indicator %(code)s; see the list of indicators.", code=code))
    return found[code]
