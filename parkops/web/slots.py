"""Named places on screens where modules add to what another module owns. Filled while `hooks`/`views` rooms load.

    slots.tab("tenants.firm", Related(...))      a tab on a record page
    slots.action("tenants.firm", Action(...))    a button on a record page
    slots.column("tenants.firm", Col(...))       a column of its lists (with `sql`, and `needs` for whose figures it shows)
    slots.fact("tenants.firm", Fact(...))        a key fact in the header
    slots.tile(Tile(...))                        a card on role homes
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

TABS: dict[str, list[Any]] = defaultdict(list)
ACTIONS: dict[str, list[Any]] = defaultdict(list)
FACTS: dict[str, list[Any]] = defaultdict(list)
COLUMNS: dict[str, list[Any]] = defaultdict(list)
TILES: list[Any] = []


def tab(resource: str, item: Any) -> None:
    TABS[resource].append(item)


def action(resource: str, item: Any) -> None:
    ACTIONS[resource].append(item)


def fact(resource: str, item: Any) -> None:
    FACTS[resource].append(item)


def column(resource: str, item: Any) -> None:
    COLUMNS[resource].append(item)


def tile(item: Any) -> None:
    TILES.append(item)


def clear() -> None:
    """Forget everything (a new registry is loaded)."""
    TABS.clear(), ACTIONS.clear(), FACTS.clear(), COLUMNS.clear(), TILES.clear()
