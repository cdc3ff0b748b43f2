"""The list question as data: what `GET …/?q=` may hold. Every mistake is a `Refused` with one sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import Refused
from ..i18n import _l
from . import filters
from .values import BadValue

PAGE_LIMIT, PAGE_SIZE, DEEPEST = 100, 25, 1_000_000
FILTER_LIMIT, SORT_LIMIT, GROUP_LIMIT, IDS_LIMIT = 30, 5, 2, 1000
KEYS = {"filters", "sort", "page", "size", "columns", "text", "view", "totals", "group", "ids", "count"}


@dataclass(frozen=True)
class Query:
    """What is asked. filters: (column, op, value); sort: (column, descending); ids: only these records."""

    filters: tuple[tuple[str, str, Any], ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    page: int = 0
    size: int = PAGE_SIZE
    columns: tuple[str, ...] = ()
    text: str = ""
    view: str | None = None
    totals: bool = False
    count: bool = True
    group: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


def parse(raw: Any) -> Query:
    """A `Query` from decoded JSON. Every mistake is a Refused with one sentence."""
    if raw is None:
        return Query()
    if not isinstance(raw, dict):
        raise Refused(_l("The list query must be a JSON object."))
    if unknown := sorted(set(map(str, raw)) - KEYS):
        raise Refused(
            _l("The list query does not know %(name)s; known are %(names)s.", name=unknown[0][:40], names=", ".join(sorted(KEYS)))
        )
    view = raw.get("view")
    if view is not None and not isinstance(view, str):
        raise Refused(_l("There is no such view of this list."))
    return Query(
        filters=tuple(_filter(f) for f in _list(raw, "filters", FILTER_LIMIT)),
        sort=tuple(_sort(s) for s in _list(raw, "sort", SORT_LIMIT)),
        page=_number(raw, "page", 0, 0, DEEPEST),
        size=_number(raw, "size", PAGE_SIZE, 1, PAGE_LIMIT),
        columns=tuple(_name(c) for c in _list(raw, "columns", 100)),
        text=_search_text(raw.get("text")),
        view=view,
        totals=_flag(raw, "totals", False),
        count=_flag(raw, "count", True),
        group=tuple(_name(c) for c in _list(raw, "group", GROUP_LIMIT)),
        ids=tuple(_ids(raw)),
    )


def _list(raw: dict, key: str, limit: int) -> list[Any]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > limit:
        raise Refused(_l("%(key)s must be a list of at most %(limit)s entries.", key=key, limit=limit))
    return value


def _number(raw: dict, key: str, default: int, least: int, most: int) -> int:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refused(_l("%(key)s must be a whole number from %(least)s to %(most)s.", key=key, least=least, most=most))
    return value


def _flag(raw: dict, key: str, default: bool) -> bool:
    value = raw.get(key, default)
    if not isinstance(value, bool):
        raise Refused(_l("%(key)s must be true or false.", key=key))
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 120:
        raise Refused(_l("A column is named by text."))
    return value


def _filter(item: Any) -> tuple[str, str, Any]:
    if not isinstance(item, list) or len(item) not in (2, 3) or not isinstance(item[1], str):
        raise Refused(_l("A filter is written [column, operator, value]."))
    return _name(item[0]), item[1], item[2] if len(item) == 3 else None


def _sort(item: Any) -> tuple[str, bool]:
    if not isinstance(item, list) or len(item) != 2 or item[1] not in ("asc", "desc"):
        raise Refused(_l('A sort order is written [column, "asc"] or [column, "desc"].'))
    return _name(item[0]), item[1] == "desc"


def _search_text(value: Any) -> str:
    if value is None or value == "":
        return ""
    try:
        return filters._text(value)
    except BadValue as e:
        raise Refused(e.message) from None


def _ids(raw: dict) -> Iterable[int]:
    for value in _list(raw, "ids", IDS_LIMIT):
        try:
            yield filters.record_id(value)
        except BadValue as e:
            raise Refused(e.message) from None
