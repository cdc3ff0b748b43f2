"""Movements with partners by transaction type, as the performance template of the ILPA asks (granular method). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from parkops.money import ZERO, allocate

TYPES = (
    "call_investments",
    "call_fees",
    "call_expenses",
    "in_kind",
    "distribution_capital",
    "distribution_recallable",
    "distribution_gain",
    "carry",
)


@dataclass(frozen=True)
class Line:
    """Seen by the partner: paid in negative, received positive."""

    on: date
    type: str
    amount: Decimal
    partner: int | None = None


def lines(row: Any) -> list[Line]:
    """The types of one flow. `row`: on_date, kind, amount, cash, partner_id, the purposes of its call part and the tiers of its
    distribution part (None where there is none). A partial receipt is split in the proportion of its part, exactly."""
    if row.kind == "contribution":
        if not row.cash:
            return [Line(row.on_date, "in_kind", -row.amount, row.partner_id)]
        purposes = [row.for_investments or ZERO, row.for_fees or ZERO, row.for_expenses or ZERO]
        if not any(purposes):
            return [Line(row.on_date, "call_investments", -row.amount, row.partner_id)]
        found = zip(TYPES[:3], allocate(-row.amount, purposes), strict=True)
        return [Line(row.on_date, t, a, row.partner_id) for t, a in found if a]
    capital = row.capital or ZERO
    recallable = min(row.recallable or ZERO, capital + (row.preferred or ZERO) + (row.excess or ZERO))
    plain = max(capital - recallable, ZERO)
    gain = (row.preferred or ZERO) + (row.excess or ZERO) - max(recallable - capital, ZERO)
    sign = -1 if row.reverses_id is not None else 1
    found = zip(TYPES[4:], (plain, recallable, gain, row.carry or ZERO), strict=True)
    return [Line(row.on_date, t, sign * a, row.partner_id) for t, a in found if a]
