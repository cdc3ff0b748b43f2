"""Target against actual: the traffic light and the part of a sum that is due while its period still runs. Pure; R-102 to R-104."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"


@dataclass(frozen=True)
class Against:
    """light; due: what the target asks for today; share: actual ÷ due (None when nothing is due)."""

    light: str
    due: Decimal | None = None
    share: Decimal | None = None

    @property
    def reached(self) -> bool:
        return self.light == GREEN


def due_now(target: Decimal, adds_up: str, start: date, end: date, on: date) -> Decimal:
    """R-103: of a sum, target × days gone ÷ days of the period (the day itself counts as gone); stocks and shares are asked in full."""
    days, gone = (end - start).days, (on - start).days + 1
    if adds_up != "sum" or gone >= days:
        return target
    return (target * max(gone, 0) / days).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def against(
    actual: Decimal | None, target: Decimal | None, *, better: str, due: Decimal | None = None, amber: Decimal = Decimal("0.1")
) -> Against:
    """R-102: green reached; amber missed by no more than `amber` of what is due; red beyond; grey without target or figure (a missing
    figure is never a failure). `better` lower: less is better; none counts as higher."""
    if target is None:
        return Against(GREY)
    due = target if due is None else due
    if actual is None:
        return Against(GREY, due)
    short = actual - due if better == "lower" else due - actual
    share = (actual / due).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP) if due else None
    if short <= 0:
        return Against(GREEN, due, share)
    return Against(AMBER if short <= abs(due) * amber else RED, due, share)


def spread(target: Decimal, adds_up: str, parts: int, places: int) -> list[Decimal]:
    """R-104: a year's target over its months or quarters: a sum in equal parts to the last place (the first ones carry the rest), a
    stock or share the same for each."""
    if adds_up != "sum":
        return [target] * parts
    step = Decimal(1).scaleb(-places)
    whole = int((target / step).to_integral_value(rounding=ROUND_HALF_UP))
    each, rest = divmod(whole, parts)
    return [(each + (n < rest)) * step for n in range(parts)]
