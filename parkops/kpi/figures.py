"""Figures: a numerator and a denominator, how they combine, and how they read. Pure functions, exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ..errors import Refused
from ..i18n import _, _l, locale
from .registry import DISTINCT, LAST, NONE, RATIO, Kpi

SHOWN_PLACES = {"count": 0, "people": 0, "percent": 6, "money": 2, "area": 2, "hours": 2}


@dataclass(frozen=True)
class Figure:
    """numerator, denominator: whole numbers in the smallest unit, None = not reported; missing: parts not reported."""

    numerator: int | None
    denominator: int | None = None
    missing: int = 0


def value_of(kpi: Kpi, figure: Figure | None) -> Decimal | None:
    """What people read: yuan, ㎡, hours, a count, or for percent a fraction (0.85). None when not reported or ÷ 0."""
    if figure is None or figure.numerator is None:
        return None
    top = Decimal(figure.numerator).scaleb(-kpi.numerator_places)
    if kpi.adds_up != RATIO:
        return top
    if not figure.denominator:
        return None
    with localcontext() as ctx:
        ctx.prec = 40
        places = max(SHOWN_PLACES[kpi.unit], 2)
        ratio = top / Decimal(figure.denominator).scaleb(-kpi.denominator_places)
        return ratio.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def part(kpi: Kpi, units: int | None, *, denominator: bool = False) -> Decimal | None:
    """A numerator or denominator in its own unit."""
    places = kpi.denominator_places if denominator else kpi.numerator_places
    return None if units is None else Decimal(units).scaleb(-places)


def combine(kpi: Kpi, figures: Sequence[Figure], over: str) -> Figure:
    """Roll up over `periods` (in order of time), `parks` or `keys` as the KPI allows.

    SUM adds; LAST adds over parks and takes the last period; RATIO is Σ÷Σ over what reported both. DISTINCT and NONE are
    refused: they must be measured anew at the level shown."""
    if kpi.adds_up in (DISTINCT, NONE) and len(figures) != 1:
        raise Refused(_l("%(title)s cannot be added up; look at one period and one park at a time.", title=str(kpi.title)))
    if not figures:
        return Figure(None)
    if kpi.adds_up == LAST and over == "periods":
        return figures[-1]
    missing = sum(max(f.missing, int(not _reported(kpi, f))) for f in figures)
    known = [f for f in figures if _reported(kpi, f)]
    if not known:
        return Figure(None, None, missing)
    denominator = sum(f.denominator or 0 for f in known) if kpi.adds_up == RATIO else None
    return Figure(sum(f.numerator or 0 for f in known), denominator, missing)


def _reported(kpi: Kpi, f: Figure) -> bool:
    return f.numerator is not None and (kpi.adds_up != RATIO or f.denominator is not None)


def shown(kpi: Kpi, value: Decimal | None) -> str:
    """The text on a screen: separators, two places for money, percent with one; "not reported" for None."""
    if value is None:
        return _("not reported")
    if kpi.unit == "percent":
        return f"{(value * 100).quantize(Decimal('0.1'), rounding=ROUND_HALF_UP):,} %"
    if kpi.unit in ("count", "people") and value == value.to_integral_value():
        return f"{int(value):,}"
    return f"{value.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,}"


def short(kpi: Kpi, value: Decimal | None, like: Decimal | None = None) -> str:
    """`shown` for a tile, a chart or the wall: sums from 100,000 yuan in 10,000 yuan (Chinese) or millions (English). `like`: the
    sum beside it, whose unit a change takes."""
    if value is None or kpi.unit != "money" or max(abs(value), abs(like or 0)) < 100000:
        return shown(kpi, value)
    if locale() == "en":
        return _("%(n)s m", n=f"{value / 1000000:,.2f}")
    return _("%(n)s ten thousand", n=f"{value / 10000:,.1f}")


def text_of(kpi: Kpi, figure: Figure | None) -> str:
    """The figure as a text; a dash where there was nothing to divide by, which is not the same as unreported."""
    if figure is not None and kpi.adds_up == RATIO and figure.numerator is not None and figure.denominator == 0:
        return "—"
    return shown(kpi, value_of(kpi, figure))


def unit_word(kpi: Kpi) -> Any:
    """The unit as a word for headers; '' for counts and percent."""
    return {"money": _l("yuan"), "area": "㎡", "hours": _l("hours"), "people": _l("people")}.get(kpi.unit, "")


def number(value: Decimal | None) -> int | float | None:
    """For JSON: an integer when it is one, else the nearest double (the exact parts stand beside it)."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
