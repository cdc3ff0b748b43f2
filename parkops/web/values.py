"""Typed values from what people type and what programs send, and back. Every refusal is a `BadValue` with one sentence.

Forms write percentages as percent (12.5), money in yuan, days as 2026-11-22; REST sends the stored fraction, exact
decimals as text or number (never through a binary float), instants with an offset. Opening and saving a form changes
nothing: `to_text` keeps every stored place and `parse` reads it back exactly."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..clock import ZONE, local
from ..errors import Refused
from ..i18n import _l
from .compile import ResolvedField

AMOUNT_MAX = 10**13  # yuan; the limit of inputs that are no column
TEXT_MAX = 20_000
ALLOWED_CONTROL = {"\n", "\r", "\t"}


class BadValue(ValueError):
    """What is wrong with a value, as one lazy sentence in `message`."""

    def __init__(self, message: Any):
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


def clean_text(raw: Any, max_length: int | None, *, lines: bool) -> str | None:
    """Stripped text without control characters; empty is None."""
    if not isinstance(raw, str):
        raise BadValue(_l("Write text here."))
    for c in raw:
        if (ord(c) < 32 and (c not in ALLOWED_CONTROL or not lines)) or 0xD800 <= ord(c) <= 0xDFFF or ord(c) == 127:
            raise BadValue(_l("This text holds a character that cannot be stored; type it again instead of pasting it."))
    text = raw.replace("\r\n", "\n").strip()
    limit = max_length or TEXT_MAX
    if len(text) > limit:
        raise BadValue(_l("This is %(n)s characters long; shorten it to %(limit)s.", n=len(text), limit=limit))
    return text or None


def number(raw: Any, places: int, limit: int = AMOUNT_MAX) -> Decimal:
    """An exact decimal with at most `places` places and a magnitude of at most `limit`."""
    if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
        raise BadValue(_l("Write a number, for example 1234.56."))
    text = unicodedata.normalize("NFKC", str(raw)).strip().replace(",", "")
    if not re.fullmatch(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})", text):
        if not (isinstance(raw, Decimal) and raw.is_finite() and abs(raw.adjusted()) < 30):
            raise BadValue(_l("Write a number, for example 1234.56."))
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadValue(_l("Write a number, for example 1234.56.")) from None
    if value != 0 and -value.normalize().as_tuple().exponent > places:
        raise BadValue(_l("Write at most %(places)s decimal places.", places=places))
    if abs(value) > limit:
        raise BadValue(_l("This number is too large; check the unit."))
    return value


def amount_typed(raw: Any) -> Decimal | None:
    """Yuan as typed on a page with a form of its own, None for nothing; Refused in one sentence when it is no amount."""
    if blank(raw):
        return None
    try:
        return number(raw, 2)
    except BadValue as e:
        raise Refused(e.message) from None


def day_typed(raw: Any) -> date | None:
    """A day as typed on a page with a form of its own, None for nothing; Refused in one sentence when it is none."""
    if blank(raw):
        return None
    try:
        return _day(raw)
    except BadValue as e:
        raise Refused(e.message) from None


def month_typed(raw: Any) -> date | None:
    """The first day of a month as typed on a page with a form of its own, None for nothing; Refused in one sentence."""
    if blank(raw):
        return None
    try:
        return _first_day(raw)
    except BadValue as e:
        raise Refused(e.message) from None


def id_typed(raw: Any) -> int | None:
    """The number of a record as a page's form or address gives it, None for nothing; Refused in one sentence."""
    if blank(raw):
        return None
    if not (isinstance(raw, str) and re.fullmatch(r"\d{1,18}", raw.strip(), re.ASCII)):
        raise Refused(_l("Choose a record from the list."))
    return int(raw)


def _int(field: ResolvedField, raw: Any, form: bool) -> int:
    return int(number(raw, 0, field.limit))


def _decimal(field: ResolvedField, raw: Any, form: bool) -> Decimal:
    value = number(raw, field.places or 2, min(field.limit, AMOUNT_MAX))
    return value.quantize(Decimal(1).scaleb(-(field.places or 2)))


def _percent(field: ResolvedField, raw: Any, form: bool) -> Decimal:
    places = field.places or 8
    if not form:
        return number(raw, places, min(field.limit, AMOUNT_MAX))
    text = raw.strip().rstrip("%％") if isinstance(raw, str) else raw
    return number(text, places - 2, min(field.limit, AMOUNT_MAX)).scaleb(-2)


def _day(raw: Any) -> date:
    if isinstance(raw, str):
        text = unicodedata.normalize("NFKC", raw).strip()
        if m := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text, re.ASCII):
            try:
                found = date(int(m[1]), int(m[2]), int(m[3]))
            except ValueError:
                raise BadValue(_l("There is no such day; write it as 2026-11-22.")) from None
            if 1900 <= found.year <= 2200:
                return found
            raise BadValue(_l("Write a year between 1900 and 2200."))
    raise BadValue(_l("Write the day as 2026-11-22."))


def _date(field: ResolvedField, raw: Any, form: bool) -> date:
    return _day(raw)


def _first_day(raw: Any) -> date:
    if isinstance(raw, str):
        if m := re.fullmatch(r"\s*(\d{4})[-/.](\d{1,2})([-/.]0?1)?\s*", raw, re.ASCII):
            if 1 <= int(m[2]) <= 12 and 1900 <= int(m[1]) <= 2200:
                return date(int(m[1]), int(m[2]), 1)
    raise BadValue(_l("Write the month as 2026-11."))


def _month(field: ResolvedField, raw: Any, form: bool) -> Any:
    first = _first_day(raw)
    return f"{first:%Y-%m}" if field.column and field.python is str else first


def _datetime(field: ResolvedField, raw: Any, form: bool) -> datetime:
    try:
        found = datetime.fromisoformat(raw.strip().replace(" ", "T", 1)) if isinstance(raw, str) else None
    except ValueError:
        found = None
    if found is None or not 1900 <= found.year <= 2200:
        raise BadValue(_l("Write the time as 2026-11-22 14:30."))
    return (found.replace(tzinfo=ZONE) if found.tzinfo is None else found).astimezone(UTC)


def _bool(field: ResolvedField, raw: Any, form: bool) -> bool:
    if isinstance(raw, bool):
        return raw
    if form and raw in ("1", "true", "on", "y", "yes"):
        return True
    if form and raw in ("0", "false", "off", "n", "no"):
        return False
    raise BadValue(_l("Choose yes or no."))


def choice_items(field: ResolvedField, session: Any) -> list[tuple[str, Any]]:
    """(code, label) pairs of a choice field; `choices` may be Choices, a mapping, pairs or a function of the session."""
    choices = field.choices
    if callable(choices) and not hasattr(choices, "labels"):
        choices = choices(session)
    if choices is None:
        return []
    items: Iterable[Any] = choices.items() if hasattr(choices, "items") else choices
    return [(str(i[0]), i[1]) if isinstance(i, tuple | list) else (str(i), i) for i in items]


def _choice(field: ResolvedField, raw: Any, session: Any) -> str:
    codes = {code for code, _label in choice_items(field, session)}
    if not isinstance(raw, str) or raw not in codes:
        raise BadValue(_l("Choose one of the offered values."))
    return raw


def _ref(field: ResolvedField, raw: Any, session: Any) -> int:
    text = str(raw).strip() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    if not re.fullmatch(r"\d{1,18}", text, re.ASCII):
        raise BadValue(_l("Choose a record from the list."))
    if field.ref and (find_ref(session, field.ref, int(text)) is None or not is_offered(session, field.ref, int(text))):
        raise BadValue(_l("The chosen record is no longer there; choose another one."))
    return int(text)


def is_offered(session: Any, resource: str, pk: int) -> bool:
    """Whether the kind of record lets this one be chosen (`Resource.offered`)."""
    from .grid import Grid
    from .gridquery import Query
    from .resources import all_resources, resolved

    known = all_resources().get(resource)
    if known is None or not known.offered:
        return True
    filters = tuple((f.column, f.op, f.value) for f in known.offered)
    return pk in Grid(session, resolved(resource), Query(ids=(pk,), filters=filters, count=False)).page_ids()


def find_ref(session: Any, resource: str, pk: int) -> Any:
    """The referenced record inside the actor's scope, or None."""
    from sqlalchemy import select

    from .. import refs

    try:
        model = refs.model_of(resource)
    except Refused:
        return None
    key = next(iter(model.__mapper__.primary_key))
    return session.execute(select(model).where(model.__mapper__.get_property_by_column(key).class_attribute == pk)).scalars().first()


SCALARS = {"int": _int, "money": _decimal, "decimal": _decimal, "area": _decimal, "percent": _percent, "date": _date,
           "month": _month, "datetime": _datetime, "bool": _bool}


def _many(field: ResolvedField, raw: Any, session: Any) -> list[Any]:
    items = raw if isinstance(raw, list) else [raw]
    if len(items) > 1000:
        raise BadValue(_l("Choose at most 1000."))
    one = _choice if field.kind == "multichoice" else _ref
    return [one(field, x, session) for x in dict.fromkeys(x for x in items if isinstance(x, str | int) and x != "")]


def blank(raw: Any) -> bool:
    """Nothing was given: empty text, an empty list, null or an empty upload."""
    if raw is None or raw == "" or raw == []:
        return True
    if isinstance(raw, str):
        return not raw.strip()
    return hasattr(raw, "filename") and not raw.filename


def parse(field: ResolvedField, raw: Any, session: Any, *, form: bool = True) -> Any:
    """The typed value, None when blank; raises BadValue."""
    if field.kind in ("multichoice", "refs"):
        found = _many(field, raw, session) if not blank(raw) else []
        if field.required and not found:
            raise BadValue(_l("Please fill this in."))
        return found
    if isinstance(raw, list | dict):
        raise BadValue(_l("Write one value here."))
    if blank(raw):
        if field.required:
            raise BadValue(_l("Please fill this in."))
        if field.kind == "bool" and not field.nullable:
            return False
        return None
    if field.kind in SCALARS:
        return SCALARS[field.kind](field, raw, form)
    if field.kind == "choice":
        return _choice(field, raw, session)
    if field.kind == "ref":
        return _ref(field, raw, session)
    if field.kind == "file":
        if not hasattr(raw, "filename"):
            raise BadValue(_l("Choose a file."))
        return raw
    if field.kind == "password":
        return raw if isinstance(raw, str) and "\0" not in raw and len(raw) <= 200 else _refuse_password()
    text = clean_text(raw, field.max_length, lines=field.kind == "longtext")
    if text is None and field.required:
        raise BadValue(_l("Please fill this in."))
    return text


def _refuse_password() -> Any:
    raise BadValue(_l("Write a password of at most 200 characters."))


def plain_decimal(value: Decimal, least: int = 0) -> str:
    """All significant places, no exponent, at least `least` places."""
    text = format(value.normalize(), "f")
    have = len(text.partition(".")[2])
    return format(value, f".{least}f") if have < least else text


def to_text(field: ResolvedField, value: Any) -> Any:
    """What stands in the form's field for a stored value; `parse` reads it back to the same value."""
    if value is None:
        return [] if field.kind in ("multichoice", "refs") else ""
    if field.kind == "percent":
        return plain_decimal(Decimal(value).scaleb(2))
    if isinstance(value, Decimal):
        return plain_decimal(value, 2 if field.kind in ("money", "area") else 0)
    if field.kind == "datetime" and isinstance(value, datetime):
        found = local(value)
        return found.strftime("%Y-%m-%dT%H:%M") if not found.second and not found.microsecond else found.replace(tzinfo=None).isoformat()
    if field.kind == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if isinstance(value, bool):
        return "1" if value else "0"
    if field.kind in ("multichoice", "refs"):
        return [str(getattr(v, "id", v)) for v in value]
    return value.isoformat() if isinstance(value, date) else str(value)


def to_json(value: Any) -> Any:
    """A JSON value that loses nothing: decimals as text, days and instants in ISO form."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str | int | bool | list | dict) or value is None:
        return value
    return str(value)
