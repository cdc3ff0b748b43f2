"""Three-valued logic and comparison, pure. An unknown value never yields `pass` on its own line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from .facts import UNKNOWN, as_json, number

PASS, FAIL, CANNOT_SAY = "pass", "fail", "unknown"
NUMERIC = {"gt", "gte", "lt", "lte"}


def all_of(verdicts: Iterable[str]) -> str:
    """Any fail -> fail, else any unknown -> unknown, else pass. Nothing at all proves nothing."""
    seen = set(verdicts)
    if not seen:
        return CANNOT_SAY
    return FAIL if FAIL in seen else CANNOT_SAY if CANNOT_SAY in seen else PASS


def any_of(verdicts: Iterable[str]) -> str:
    """Any pass -> pass, else any unknown -> unknown, else fail. Nothing at all proves nothing."""
    seen = set(verdicts)
    if not seen:
        return CANNOT_SAY
    return PASS if PASS in seen else CANNOT_SAY if CANNOT_SAY in seen else FAIL


COMBINE = {"all": all_of, "any": any_of}


def _said(met: bool) -> str:
    return PASS if met else FAIL


def compare(op: str, value: Any, threshold: Any) -> str:
    """One line's verdict. Numbers compare exactly, ISO days as days; what cannot be compared cannot be said."""
    if value is UNKNOWN or value is None:
        return CANNOT_SAY
    if op == "manual":
        return _said(value) if isinstance(value, bool) else CANNOT_SAY
    if op == "exists":
        return _said(bool(value))
    if op in NUMERIC:
        return _ordered(op, value, threshold)
    if op in ("eq", "ne"):
        return _said(_equal(value, threshold) == (op == "eq"))
    if op == "in":
        return _said(any(_equal(value, t) for t in _many(threshold)))
    if op == "contains_any":
        return _said(any(_equal(v, t) for v in _many(value) for t in _many(threshold)))
    raise ValueError(f"unknown operator {op!r}")


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    left, right = number(as_json(a)), number(as_json(b))
    if left is not None and right is not None:
        return left == right
    return as_json(a) == as_json(b)


def _ordered(op: str, value: Any, threshold: Any) -> str:
    left, right = comparable(value), comparable(threshold)
    if left is None or right is None or type(left) is not type(right):
        return CANNOT_SAY
    return _said({"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op])


def comparable(value: Any) -> Decimal | date | None:
    """The value as an exact number or a day; None when it is neither."""
    found = number(as_json(value))
    if found is not None:
        return found
    try:
        return date.fromisoformat(str(as_json(value)))
    except ValueError:
        return None


def gap(op: str, value: Any, threshold: Any) -> Decimal | None:
    """How far a failed numeric line is from its threshold, in the rule's unit (for > and < the threshold itself is not
    enough); None when it does not apply."""
    left, right = comparable(value) if value is not UNKNOWN else None, comparable(threshold)
    if op not in NUMERIC or not isinstance(left, Decimal) or not isinstance(right, Decimal):
        return None
    missing = right - left if op in ("gt", "gte") else left - right
    return missing if missing > 0 or (missing == 0 and op in ("gt", "lt")) else None
