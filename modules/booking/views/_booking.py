"""Computed columns and words of bookings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, func

from parkops.i18n import _
from parkops.money import yuan

from ..calc_policy import length_words


def minutes(model: Any, context: Any) -> Any:
    """Length of a booking in minutes."""
    return cast(func.extract("epoch", model.ends_at - model.starts_at) / 60, BigInteger)


def length(session: Any, obj: Any) -> tuple[str, str | None]:
    """Hours and minutes of a booking."""
    return length_words(int((obj.ends_at - obj.starts_at).total_seconds()) // 60), None


def amount(unit: str, value: int | None) -> str:
    """Minutes as hours, fen as yuan; unlimited is said."""
    if value is None:
        return _("Unlimited")
    return _("%(time)s h", time=length_words(value)) if unit == "minutes" else f"¥{yuan(value):,.2f}"
