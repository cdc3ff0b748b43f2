"""The schedule of a loan, pure: instalments from the dated flows, interest on actual days of the balance that is really out.

Flows are payouts (+). What was paid back earlier than due (more than ten days before an instalment) lowers the balance from its
day on and stands in the schedule as a row of its own. Interest of an instalment = sum of balance x rate x days / basis, rounded
half up to the fen once; the last instalment takes the rest of the principal: the principal of the schedule is what was paid out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from parkops.clock import add_months

METHODS = ("bullet", "equal_principal", "annuity")
EARLY_DAYS = 10
FEN = Decimal("0.01")
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Instalment:
    """No. `seq`, due on `due_on`, for `days` since the one before; `balance` is left afterwards. Yuan."""

    seq: int
    due_on: date
    days: int
    principal: Decimal
    interest: Decimal
    balance: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest


def fen(value: Decimal) -> Decimal:
    """Rounded half up to the fen."""
    return value.quantize(FEN, ROUND_HALF_UP)


def due_days(start: date, end: date, every: int) -> list[date]:
    """Every `every` months after `start`, the last one on `end`."""
    days, n = [], 1
    while (day := add_months(start, every * n)) < end:
        days.append(day)
        n += 1
    return [*days, end]


def accrued(balance: Decimal, rate: Decimal, days: int, basis: int) -> Decimal:
    """Interest before rounding."""
    return balance * rate * days / basis


def _annuity(balance: Decimal, rate: Decimal, every: int, left: int) -> Decimal:
    """The equal instalment of `left` periods of `every` months."""
    r = rate * every / 12
    if not r:
        return fen(balance / left)
    return fen(balance * r / (1 - (1 + r) ** -left))


def _part(method: str, balance: Decimal, left: int, interest: Decimal, payment: Decimal) -> Decimal:
    """Principal of an instalment when `left` are left, this one included; `payment`: the equal instalment."""
    if left == 1:
        return balance
    if method == "bullet":
        return ZERO
    if method == "equal_principal":
        return min(balance, fen(balance / left))
    return min(balance, max(ZERO, payment - interest))


def schedule(flows: Sequence[tuple[date, Decimal]], *, rate: Decimal, start: date, end: date, every: int, method: str, basis: int = 365,
             repaid: Sequence[tuple[date, Decimal]] = ()) -> list[Instalment]:
    """Instalments from the first payout to `end`. `repaid`: principal paid back by day; what exceeds the instalments so far is early."""
    if method not in METHODS:
        raise ValueError(f"unknown way of repayment {method!r}")
    dues = due_days(start, end, every)
    events = sorted([(d, 1, a) for d, a in flows] + [(_counted(d, dues), 2, a) for d, a in repaid])
    out: list[Instalment] = []
    balance, prev, paid, early, owed, payment = ZERO, start, ZERO, ZERO, ZERO, None
    for n, due in enumerate(dues):
        interest, at = Decimal(0), prev
        while events and (events[0][0] < due or (due == dues[-1] and events[0][1] == 1)):
            day, kind, amount = events.pop(0)
            interest += accrued(balance, rate, (min(day, due) - at).days, basis)
            at = max(at, min(day, due))
            if kind == 1:
                balance, payment = balance + amount, None
            else:
                paid += amount
                more = max(ZERO, min(balance, paid - early - owed))
                early, balance = early + more, balance - more
                if more:
                    payment = None
                    out.append(Instalment(len(out) + 1, day, 0, more, ZERO, balance))
        interest = fen(interest + accrued(balance, rate, (due - at).days, basis))
        if payment is None:  # equal until money moves
            payment = _annuity(balance, rate, every, len(dues) - n)
        principal = _part(method, balance, len(dues) - n, interest, payment)
        balance, owed = balance - principal, owed + principal
        out.append(Instalment(len(out) + 1, due, (due - prev).days, principal, interest, balance))
        prev = due
    return out


def _counted(day: date, dues: Sequence[date]) -> date:
    """A payment shortly before an instalment counts on its day."""
    return next((d for d in dues if day <= d <= day + timedelta(days=EARLY_DAYS)), day)


@dataclass(frozen=True)
class Totals:
    """Sums of a schedule or of a year of it."""

    principal: Decimal
    interest: Decimal

    @property
    def total(self) -> Decimal:
        return self.principal + self.interest


def totals(rows: Sequence[Instalment]) -> Totals:
    """Of the rows given."""
    return Totals(sum((r.principal for r in rows), ZERO), sum((r.interest for r in rows), ZERO))


def by_year(rows: Sequence[Instalment]) -> dict[int, Totals]:
    """Subtotals per calendar year, in order."""
    return {y: totals([r for r in rows if r.due_on.year == y]) for y in dict.fromkeys(r.due_on.year for r in rows)}
