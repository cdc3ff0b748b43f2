"""Arrears and risk class, pure. An instalment is met when what was paid by then covers all due so far, principal and interest each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

ZERO = Decimal("0.00")
RISK_CODES = ("normal", "attention", "substandard", "doubtful", "loss")


@dataclass(frozen=True)
class Owed:
    """An instalment: day, principal, interest."""

    on: date
    principal: Decimal
    interest: Decimal


@dataclass(frozen=True)
class Paid:
    """A payment: day, principal, interest."""

    on: date
    principal: Decimal
    interest: Decimal


@dataclass(frozen=True)
class Arrears:
    """On a day: since when, how many days, how much of what was due is missing."""

    since: date | None
    days: int
    principal: Decimal
    interest: Decimal

    @property
    def amount(self) -> Decimal:
        return self.principal + self.interest


def arrears(dues: Sequence[Owed], paid: Sequence[Paid], on: date) -> Arrears:
    """What is overdue on the evening of `on`; an instalment due today is not overdue yet."""
    due = [d for d in sorted(dues, key=lambda d: d.on) if d.on < on]
    got_p = sum((p.principal for p in paid if p.on <= on), ZERO)
    got_i = sum((p.interest for p in paid if p.on <= on), ZERO)
    owed_p, owed_i, since = ZERO, ZERO, None
    for d in due:
        owed_p, owed_i = owed_p + d.principal, owed_i + d.interest
        if since is None and (owed_p > got_p or owed_i > got_i):
            since = d.on
    days = (on - since).days if since is not None else 0
    return Arrears(since, days, max(ZERO, owed_p - got_p), max(ZERO, owed_i - got_i))


def overdue_days(dues: Sequence[Owed], paid: Sequence[Paid], start: date, end: date) -> set[date]:
    """The days of `[start, end)` on which something was overdue."""
    if end <= start:
        return set()
    changes = sorted({start, end, *(d.on + timedelta(days=1) for d in dues), *(p.on for p in paid)})
    out: set[date] = set()
    for a, b in pairwise(changes):
        if a >= start and b <= end and arrears(dues, paid, a).since is not None:
            out |= {a + timedelta(days=n) for n in range((b - a).days)}
    return out


def risk_class(days: int, limits: Sequence[int] = (90, 270, 360)) -> str:
    """Five classes by days overdue: none, up to 90, above 90, above 270, above 360 (dated parameters give the limits)."""
    if days <= 0:
        return "normal"
    return RISK_CODES[1 + sum(days > limit for limit in limits)]
