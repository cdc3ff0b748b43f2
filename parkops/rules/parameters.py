"""Dated single values: `parameters.get(session, "tenants.incubation_months", on)`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from ..errors import Refused
from ..i18n import _l
from .facts import number
from .models import Parameter


@dataclass(frozen=True)
class Value:
    """A parameter's value on a day with its source; whole numbers are int, others Decimal."""

    value: Any
    unit: str | None
    doc_no: str | None
    provenance: str
    effective_from: date


def find(session: Any, code: str, on: date) -> Value | None:
    """The value in force on a day, None when there is none."""
    row = session.execute(select(Parameter).where(
        Parameter.code == code, Parameter.effective_from <= on,
        or_(Parameter.effective_to.is_(None), Parameter.effective_to > on))).scalar_one_or_none()
    if row is None:
        return None
    exact = number(row.value) if not isinstance(row.value, bool) else None
    value = row.value if exact is None else int(exact) if exact == exact.to_integral_value() else exact
    return Value(value, row.unit, row.doc_no, row.provenance, row.effective_from)


def get(session: Any, code: str, on: date) -> Value:
    """Like `find`, but a missing value is refused in one sentence."""
    found = find(session, code, on)
    if found is None:
        raise Refused(_l("There is no value of %(code)s on %(day)s. Enter one under Settings, Parameters.",
                         code=code, day=on.isoformat()))
    return found


def decimal(session: Any, code: str, on: date) -> Decimal:
    """The value as an exact number."""
    return Decimal(str(get(session, code, on).value))
