"""Typed conditions for grids: `(column, operator, value)` from a client becomes SQL, or one sentence says why not.

| columns | operators |
|---|---|
| text, code, longtext (a user name `…_by`: its person's full name too) | contains starts eq ne in notin empty notempty |
| choice | eq ne in notin empty notempty |
| ref | eq ne in notin contains empty notempty |
| money int decimal percent area date datetime month | eq ne gt gte lt lte between in empty notempty |
| bool | eq ne empty notempty |

Dates also take the words `@today`, `@today+30`, `@month`, `@month-1`, `@year`; references to users take `@me`.
`between` holds both ends; either may be null. Percentages are fractions (0.1 = 10 %), money is yuan."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import String, and_, cast, false, not_, or_, select

from ..clock import ZONE, Period, add_months
from ..db.types import Scaled
from ..errors import Refused
from ..i18n import _l
from .compile import ResolvedColumn
from .values import BadValue, clean_text, number

EMPTY = ("empty", "notempty")
OPS = {
    "text": ("contains", "starts", "eq", "ne", "in", "notin", *EMPTY),
    "choice": ("eq", "ne", "in", "notin", *EMPTY),
    "ref": ("eq", "ne", "in", "notin", "contains", *EMPTY),
    "range": ("eq", "ne", "gt", "gte", "lt", "lte", "between", "in", *EMPTY),
    "bool": ("eq", "ne", *EMPTY),
}
DAYS = ("date", "datetime", "month")
TEXT_LIMIT, LIST_LIMIT = 200, 1000
WORD = re.compile(r"@(today|month|year)([+-]\d{1,4})?", re.ASCII)
ID_MAX = 2**63 - 1


@dataclass(frozen=True)
class Context:
    """What relative words and computed columns may know."""

    today: date
    user_id: int | None = None


def family(column: ResolvedColumn) -> str:
    """Which row of the table above a column belongs to; `none` when it cannot be filtered."""
    if column.col.filter == "none":
        return "none"
    if column.fmt in ("choice", "ref", "bool"):
        return "text" if column.fmt == "choice" and column.choices is None else column.fmt
    return "range" if column.fmt in ("money", "int", "decimal", "percent", "area", *DAYS) else "text"


def escaped(text: str) -> str:
    """`%`, `_` and the escape sign itself, taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def like(expr: Any, text: str, *, starts: bool = False) -> Any:
    """Contains (or begins with), ignoring case; plain LIKE where the text has no upper and lower case (twice as fast)."""
    pattern = f"{'' if starts else '%'}{escaped(text)}%"
    if text.lower() == text.upper():
        return expr.like(pattern, escape="\\")
    return expr.ilike(pattern, escape="\\")


def condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, text_expr: Any = None) -> Any:
    """The SQL condition. `text_expr` is the shown text of a reference. Raises Refused with the column's title."""
    kind = family(column)
    if kind == "none":
        raise Refused(_l("The list cannot be filtered by %(title)s; remove that filter.", title=column.title))
    if not isinstance(op, str) or op not in OPS[kind]:
        raise Refused(
            _l("%(title)s cannot be filtered with that operator; use one of: %(ops)s.", title=column.title, ops=", ".join(OPS[kind]))
        )
    if op in EMPTY:
        written = kind == "text" and column.attr is not None and isinstance(expr.type, String)  # a year shown as a code is a number
        blank = or_(expr.is_(None), expr == "") if written else expr.is_(None)
        return blank if op == "empty" else not_(blank)
    try:
        return _BUILD[kind](column, expr, op, value, context, text_expr)
    except BadValue as e:
        raise Refused(_l("Filter %(title)s: %(why)s", title=column.title, why=e.message)) from None


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value or len(value) > LIST_LIMIT:
        raise BadValue(_l("Give a list of 1 to %(n)s values.", n=LIST_LIMIT))
    return value


def _text(raw: Any) -> str:
    text = clean_text(str(raw) if isinstance(raw, int | Decimal) and not isinstance(raw, bool) else raw, TEXT_LIMIT, lines=False)
    if text is None:
        raise BadValue(_l("Write the text to look for."))
    return text


def _text_condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, _text_expr: Any) -> Any:
    if not isinstance(expr.type, String):
        expr = cast(expr, String)
    if column.person:
        return _person_condition(expr, op, value)
    return _written(expr, op, value)


def _person_condition(expr: Any, op: str, value: Any) -> Any:
    """The row keeps a user name, the list shows the full one: either is found, and left out only where neither fits."""
    from ..security.models import UserProfile

    if op in ("ne", "notin"):
        return and_(_written(expr, op, value), not_(_named(expr, UserProfile, {"ne": "eq", "notin": "in"}[op], value)))
    return or_(_written(expr, op, value), _named(expr, UserProfile, op, value))


def _named(expr: Any, people: Any, op: str, value: Any) -> Any:
    return select(people.id).where(people.username == expr, _written(people.name, op, value)).exists()


def _written(expr: Any, op: str, value: Any) -> Any:
    if op in ("in", "notin"):
        return _members(expr, op, [_text(v) for v in _listed(value)])
    text = _text(value)
    if op in ("contains", "starts"):
        return like(expr, text, starts=op == "starts")
    return expr == text if op == "eq" else expr.is_distinct_from(text)


def _members(expr: Any, op: str, values: list[Any]) -> Any:
    return expr.in_(values) if op == "in" else or_(expr.is_(None), expr.not_in(values))


def _choice_condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, _text_expr: Any) -> Any:
    def code(raw: Any) -> str:
        if not isinstance(raw, str) or raw not in column.choices:
            raise BadValue(_l("Choose one of the offered values."))
        return raw

    if op in ("in", "notin"):
        return _members(expr, op, [code(v) for v in _listed(value)])
    return expr == code(value) if op == "eq" else expr.is_distinct_from(code(value))


def record_id(raw: Any) -> int:
    """A record's number; raises BadValue."""
    if isinstance(raw, bool) or not isinstance(raw, int | str) or not re.fullmatch(r"\d{1,19}", str(raw), re.ASCII) or int(raw) > ID_MAX:
        raise BadValue(_l("Choose a record from the list."))
    return int(raw)


def _ref_condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, text_expr: Any) -> Any:
    def target(raw: Any) -> int:
        if raw == "@me":
            return context.user_id if context.user_id is not None else -1
        return record_id(raw)

    if op == "contains":
        return like(text_expr, _text(value)) if text_expr is not None else false()
    if op in ("in", "notin"):
        return _members(expr, op, [target(v) for v in _listed(value)])
    return expr == target(value) if op == "eq" else expr.is_distinct_from(target(value))


def _bool_condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, _text_expr: Any) -> Any:
    if not isinstance(value, bool):
        raise BadValue(_l("Choose yes or no."))
    return expr.is_(value) if op == "eq" else expr.is_not(value)


def _range_condition(column: ResolvedColumn, expr: Any, op: str, value: Any, context: Context, _text_expr: Any) -> Any:
    span = _day_span if column.fmt in DAYS else _number_span
    bounds: Callable[[Any], tuple[Any, Any]] = lambda raw: span(column, expr, raw, context)  # noqa: E731
    if op == "in":
        return or_(*(_within(expr, *bounds(v)) for v in _listed(value)))
    if op == "between":
        if not isinstance(value, list) or len(value) != 2 or (value[0] is None and value[1] is None):
            raise BadValue(_l("Give two values, the first and the last."))
        low = bounds(value[0])[0] if value[0] is not None else None
        high = bounds(value[1])[1] if value[1] is not None else None
        return _within(expr, low, high)
    low, high = bounds(value)
    if op == "ne":
        return or_(expr.is_(None), not_(_within(expr, low, high)))
    parts = {"eq": (low, high), "gte": (low, None), "lte": (None, high)}
    if op in parts:
        return _within(expr, *parts[op])
    return expr > high if op == "gt" else expr < low


def _within(expr: Any, low: Any, high: Any) -> Any:
    if low is not None and high is not None and low == high:
        return expr == low
    return and_(*([expr >= low] if low is not None else []), *([expr <= high] if high is not None else []))


def _number_span(column: ResolvedColumn, expr: Any, raw: Any, context: Context) -> tuple[Any, Any]:
    places = column.places or (0 if column.fmt == "int" else 8)
    value = number(raw, places)
    if isinstance(expr.type, Scaled):
        return value, value
    if column.fmt in ("money", "area") and column.sql is not None:
        whole = int(value.scaleb(places))  # a computed column without a scaled type holds the stored integer
        return whole, whole
    return (int(value), int(value)) if column.fmt == "int" else (value, value)


def day_span(raw: Any, today: date) -> tuple[date, date]:
    """First and last day that a day, a month, a year or a relative word stands for. Raises BadValue."""
    if not isinstance(raw, str) or len(raw) > 40:
        raise BadValue(_l("Write the day as 2026-11-22."))
    text = raw.strip()
    if m := WORD.fullmatch(text):
        shift = int(m[2] or 0)
        if m[1] == "today":
            return today + timedelta(days=shift), today + timedelta(days=shift)
        months = shift if m[1] == "month" else shift * 12
        if not -1200 <= months <= 1200:
            raise BadValue(_l("Write a year between 1900 and 2200."))
        period = Period.of(m[1], add_months(today.replace(day=1), months))
        return period.start, period.last_day
    try:
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text, re.ASCII):
            year, month, day = map(int, text.split("-"))
            if not 1 < year < 9999:  # the day after must exist
                raise BadValue(_l("Write a year between 1900 and 2200."))
            return date(year, month, day), date(year, month, day)
        if re.fullmatch(r"\d{4}(-\d{1,2}|Q[1-4])?", text.upper(), re.ASCII) and 1900 <= int(text[:4]) <= 2200:
            period = Period.parse(text)
            return period.start, period.last_day
    except ValueError:
        pass
    raise BadValue(_l("Write the day as 2026-11-22."))


def _instant(raw: str) -> datetime | None:
    if "T" not in raw and ":" not in raw:
        return None
    try:
        found = datetime.fromisoformat(raw.strip().replace(" ", "T", 1))
    except ValueError:
        raise BadValue(_l("Write the time as 2026-11-22 14:30.")) from None
    if not 1900 <= found.year <= 2200:
        raise BadValue(_l("Write a year between 1900 and 2200."))
    return (found.replace(tzinfo=ZONE) if found.tzinfo is None else found).astimezone(UTC)


def _day_span(column: ResolvedColumn, expr: Any, raw: Any, context: Context) -> tuple[Any, Any]:
    if column.fmt == "datetime":
        if isinstance(raw, str) and (instant := _instant(raw)) is not None:
            return instant, instant
        first, last = day_span(raw, context.today)
        end = datetime.combine(last + timedelta(days=1), time(), ZONE) - timedelta(microseconds=1)
        return datetime.combine(first, time(), ZONE).astimezone(UTC), end.astimezone(UTC)
    first, last = day_span(raw, context.today)
    if column.fmt == "month":
        if isinstance(expr.type, String):
            return f"{first:%Y-%m}", f"{last:%Y-%m}"
        return first.replace(day=1), last.replace(day=1)
    return first, last


def any_contains(exprs: list[Any], text: str) -> Any:
    """Every word of `text` is found in at least one of the expressions."""
    words = _text(text).split()[:5]
    return and_(*(or_(*(like(e, w) for e in exprs)) for w in words))


_BUILD: dict[str, Callable[..., Any]] = {
    "text": _text_condition,
    "choice": _choice_condition,
    "ref": _ref_condition,
    "bool": _bool_condition,
    "range": _range_condition,
}

__all__ = ["Context", "OPS", "any_contains", "condition", "day_span", "escaped", "family", "like", "record_id"]
