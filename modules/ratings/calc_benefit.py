"""What a firm got and what came back: one total each, nothing twice. Pure; money in fen, hours in minutes.

R-86: a benefit is counted once, where it was given. Of machine hours only the reduction counts (list price less what is charged), cut so
that together with vouchers used on the same event it never exceeds the list price; what a voucher pays is counted with the voucher.
Equity counts once, in cash or in kind; rent given for shares is equity and not relief. Relief counts net of claw-backs.
R-87: only money flows are added: given = relief + machine hours + vouchers + interest subsidy + equity (+ free hours when the park
values an hour); back = bills paid + taxes reported + equity returned. Jobs, financing by others, rights and loan repayments stand
beside and are not added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

GIVEN = ("relief", "machine", "voucher", "subsidy", "equity")
HOURS = ("mentoring", "consulting", "mediation", "training")
BACK = ("paid", "tax", "returned")
BESIDE = ("jobs", "financing", "rights", "repaid")


@dataclass(frozen=True)
class Ledger:
    """One firm (or all together). `amounts`: code → whole number, None unreported; `hour_value`: fen an hour, 0 not valued."""

    amounts: Mapping[str, int | None]
    hour_value: int = 0

    def _sum(self, codes: tuple[str, ...]) -> int:
        return sum(self.amounts.get(c) or 0 for c in codes)

    @property
    def minutes(self) -> int:
        """Free service in minutes."""
        return self._sum(HOURS)

    @property
    def hours_value(self) -> int:
        """What the free hours are worth to the park's own rate, rounded once, half up."""
        return int((Decimal(self.minutes) * self.hour_value / 60).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    @property
    def given(self) -> int:
        return self._sum(GIVEN) + self.hours_value

    @property
    def back(self) -> int:
        return self._sum(BACK)

    @property
    def empty(self) -> bool:
        return not any(self.amounts.values())


def machine_benefit(gross: int, net: int, vouchers: int) -> int:
    """The reduction of one event that no voucher pays."""
    return max(0, min(gross - net, gross - vouchers))
