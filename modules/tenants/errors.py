"""Checks that several services of this module share. Rule numbers (T-..) are those of the README."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from parkops import clock
from parkops.errors import Problems
from parkops.i18n import _l

PHONE = re.compile(r"^\+?[0-9][0-9 ()\-/转,，;；]{4,38}$")
EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}$")
PLACEHOLDERS = {"-", "—", "n/a", "na", "无", "none", "null"}


def clean(text: Any) -> str | None:
    """Trimmed text; None for empty text and for the usual words for nothing. Control characters are dropped."""
    if text is None:
        return None
    out = "".join(c for c in str(text) if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
    return None if not out or out.lower() in PLACEHOLDERS else out


def clean_values(values: dict[str, Any]) -> dict[str, Any]:
    """`clean` for every text among the values."""
    return {k: clean(v) if isinstance(v, str) else v for k, v in values.items()}


def credit_code(problems: Problems, text: str | None, field: str = "credit_code") -> str | None:
    """T-01: a unified social credit code has 18 characters and a right check digit (GB 32100-2015)."""
    if text is None:
        return None
    code = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    try:
        return uscc.validate(code)
    except ValidationError:
        problems.add("tenants.T-01", _l("The credit code %(code)s is not valid: copy its 18 characters from the business"
                                        " licence (GB 32100).", code=code[:40]), field)
        return code


def not_future(problems: Problems, field: str, day: date | None, today: date | None = None) -> None:
    """T-02: what has happened cannot lie in the future. `today` is for tests and for work done for another day."""
    if day is not None and day > (today or clock.today()):
        problems.add("tenants.T-02", _l("The date %(day)s lies in the future; give the day it happened.",
                                        day=day.isoformat()), field)


def not_before_1900(problems: Problems, field: str, day: date | None) -> None:
    """A year before 1900 is a typing error."""
    if day is not None and day.year < 1900:
        problems.add("tenants.T-03", _l("The date %(day)s is too early; check the year.", day=day.isoformat()), field)


def required(problems: Problems, values: dict[str, Any], *names: str) -> None:
    """Every named value must be there."""
    for name in names:
        if values.get(name) is None or values.get(name) == "":
            problems.add("tenants.required", _l("Fill in this field."), name)


def contact_data(problems: Problems, phone: str | None, email: str | None, *, phone_field: str = "phone") -> None:
    """A phone number has digits, an e-mail address has an @ and a domain."""
    if phone is not None and not PHONE.match(phone):
        problems.add("tenants.phone", _l("Write the phone number with digits, for example 0537-3163358."), phone_field)
    if email is not None and not EMAIL.match(email):
        problems.add("tenants.email", _l("Write the e-mail address as name@example.com."), "email")


def lengths(problems: Problems, model: Any, values: dict[str, Any]) -> None:
    """No text may be longer than its column."""
    for name, value in values.items():
        column = model.__table__.columns.get(name)
        limit = getattr(column.type, "length", None) if column is not None else None
        if limit and isinstance(value, str) and len(value) > limit:
            problems.add("record.too_long", _l("This text has %(n)s characters; at most %(limit)s fit.", n=len(value),
                                                limit=limit), name)
