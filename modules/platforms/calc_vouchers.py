"""What an innovation voucher pays of a month's use. Pure, whole fen.

A voucher pays at most its share of what each project used, as far as the quota reaches, projects in the order they are given
(domain.md 11: quota, use, redemption). What was agreed before is taken as given and only ever added to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """A project's month: what it used within the voucher's days (`cost`), uses agreed already (`agreed`), a use still to be
    agreed (`waiting`); all fen. The waiting one is worked out anew."""

    key: int
    cost: int
    agreed: int = 0
    waiting: int = 0


def most(cost: int, percent: int) -> int:
    """The voucher's share of a cost, half up to the fen, never below zero."""
    return max((2 * cost * percent + 100) // 200, 0)


def allot(left: int, percent: int, demands: Iterable[Demand]) -> dict[int, int]:
    """What each project gets beside what was agreed. `left`: of the quota beside everything used, waiting uses of these projects too."""
    found = list(demands)
    left, out = max(left + sum(d.waiting for d in found), 0), {}
    for d in found:
        take = min(max(most(d.cost, percent) - d.agreed, 0), left)
        left -= take
        out[d.key] = take
    return out


def overdrawn(percent: int, demand: Demand) -> int:
    """How much more was agreed than the voucher pays now (a use that became cheaper), 0 when nothing."""
    return max(demand.agreed - most(demand.cost, percent), 0)
