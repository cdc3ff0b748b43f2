"""Personal data on screens, in files and in answers: masked unless the reader holds `unmask` on the resource, and every
unmasking is in the audit trail (G34; Personal Information Protection Law art. 51(3), GB/T 35273-2020 6.3).

`mask(kind, value)` is pure. `shown(...)` decides and logs for one value of one record; lists call `log_unmask` once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect

from ..db import audit
from .access import may_unmask

STAR = "*"


def _middle(text: str, head: int, tail: int) -> str:
    """Stars between the first `head` and the last `tail` characters; short texts vanish wholly."""
    if len(text) <= head + tail:
        return STAR * len(text)
    return text[:head] + STAR * (len(text) - head - tail) + text[len(text) - tail:]


def _phone(text: str) -> str:
    def one(match: re.Match) -> str:
        digits = re.sub(r"\D", "", match[0])
        if len(digits) > 14:  # no telephone number is that long (ITU-T E.164: 15 with the country code)
            return _middle(digits, 3, 2)
        if len(digits) >= 11:
            return digits[:-8] + "****" + digits[-4:]
        return _middle(digits, 1, 2) if len(digits) >= 7 else STAR * len(digits)

    return re.sub(r"\d[\d\s\-()（）]*\d|\d", one, text)


def _id_number(text: str) -> str:
    return _middle(text.strip(), 3, 2)


def _bank(text: str) -> str:
    return _middle(re.sub(r"\s", "", text), 0, 4)


def _email(text: str) -> str:
    name, at, domain = text.strip().rpartition("@")
    return f"{name[:1]}***@{domain}" if at and name else STAR * 6


def _name(text: str) -> str:
    text = text.strip()
    return text[:1] + STAR * max(len(text) - 1, 1) if text else text


KINDS = {"phone": _phone, "id_number": _id_number, "bank": _bank, "email": _email, "name": _name}
ALWAYS_MASKED = ("phone", "id_number", "bank", "email")  # each look is recorded, so a page (a GET) never shows them


def mask(kind: str, value: Any) -> Any:
    """`mask("phone", "13812345678")` -> `138****5678`. None stays None; an unknown kind is all stars, never the value."""
    if value is None or value == "":
        return value
    text = str(value)
    return KINDS[kind](text) if kind in KINDS else STAR * 6


def kind_of(obj: Any, column: str) -> str | None:
    """The personal-data kind declared for a model's column."""
    attr = inspect(type(obj)).column_attrs.get(column)
    return None if attr is None else (getattr(attr.columns[0], "info", None) or {}).get("personal")


def shown(session: Any, resource: str, obj: Any, column: str, *, unmask: bool = True) -> Any:
    """The value as this actor may see it. With the right and `unmask=True` the plain value, and an audit entry."""
    value, kind = getattr(obj, column), kind_of(obj, column)
    if kind is None or value in (None, ""):
        return value
    if not unmask or not may_unmask(session, resource):
        return mask(kind, value)
    log_unmask(session, resource, [obj.id], [column], park_id=getattr(obj, "park_id", None))
    return value


def log_unmask(session: Any, resource: str, ids: Iterable[int], columns: Iterable[str], *, park_id: int | None = None) -> None:
    """One audit entry for the records and columns shown in the clear by this action."""
    ids, columns = list(ids), sorted(columns)
    audit.event(session, "unmask", {"columns": columns, "ids": ids[:200], "count": len(ids)}, resource=resource,
                record_id=ids[0] if len(ids) == 1 else None, park_id=park_id)
