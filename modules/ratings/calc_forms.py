"""Statutory forms: exact values, what the form shows in its unit, cross-checks and jumps. Pure.

The rule of units (R-76): exact values are kept and checked; what is shown is rounded half up to the form's unit. Where a check says that
parts make a total and the exact parts do, the shown parts are given out by the largest remainder, so that they sum to the total
shown; every shown part lies less than one unit from its exact value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext

Terms = tuple[tuple[int, str], ...]
TERM = re.compile(r"\s*([+-]?)\s*([A-Za-z0-9_.]+)\s*")
ONE = Decimal(1)


@dataclass(frozen=True)
class Check:
    """`left op right`; op is eq, lte or iff (the left is yes exactly when the right is filled)."""

    code: str
    left: Terms
    op: str
    right: Terms

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(c for _sign, c in (*self.left, *self.right))

    @property
    def total(self) -> str | None:
        """The code all left terms add up to: a total whose parts are rounded together."""
        plus = all(sign > 0 for sign, _code in self.left)
        return (
            self.right[0][1] if self.op == "eq" and len(self.right) == 1 and self.right[0][0] > 0 and plus and len(self.left) > 1 else None
        )


def parse(text: str) -> Terms:
    """`A1+A2-A3` → ((1, A1), (1, A2), (-1, A3)). ValueError with the place that cannot be read."""
    out, at, text = [], 0, text or ""
    while at < len(text):
        found = TERM.match(text, at)
        if found is None or (out and not found[1]):
            raise ValueError(text[at:].strip()[:20])
        out.append((-1 if found[1] == "-" else 1, found[2]))
        at = found.end()
    if not out:
        raise ValueError("")
    return tuple(out)


def side(terms: Terms, values: Mapping[str, Decimal | None]) -> Decimal | None:
    """The sum of a side; None while one of its items is unreported."""
    found = [(sign, values.get(code)) for sign, code in terms]
    return None if any(v is None for _sign, v in found) else sum((sign * v for sign, v in found if v is not None), Decimal(0))


def holds(check: Check, values: Mapping[str, Decimal | None]) -> bool | None:
    """None: cannot say."""
    if check.op == "iff":
        yes = values.get(check.left[0][1])
        return None if yes is None else bool(yes) == (values.get(check.right[0][1]) is not None)
    left, right = side(check.left, values), side(check.right, values)
    if left is None or right is None:
        return None
    return left == right if check.op == "eq" else left <= right


def rounded(exact: Decimal, unit: int = 1, places: int = 0) -> Decimal:
    """The exact value in the unit, half up."""
    with localcontext() as ctx:
        ctx.prec = 60
        return (exact / unit).quantize(ONE.scaleb(-places), rounding=ROUND_HALF_UP)


def parts_shown(total: Decimal, parts: Sequence[Decimal], unit: int) -> list[Decimal]:
    """Parts in the unit that sum to the total shown: floors, the rest by the largest remainder (ties: the earlier part).

    ValueError when the exact parts do not make the total."""
    if sum(parts, Decimal(0)) != total:
        raise ValueError("the parts do not make the total")
    with localcontext() as ctx:
        ctx.prec = 60
        exact = [p / unit for p in parts]
        floors = [p.to_integral_value(rounding=ROUND_FLOOR) for p in exact]
        rest = int(rounded(total, unit) - sum(floors, Decimal(0)))
        order = sorted(range(len(parts)), key=lambda i: (-(exact[i] - floors[i]), i))
    for i in order[:rest]:
        floors[i] += 1
    return floors


def shown_values(values: Mapping[str, Decimal | None], units: Mapping[str, int], checks: Sequence[Check]) -> dict[str, Decimal | None]:
    """Every money item in its form's unit. A part is given out with the first total that names it; other items are rounded alone."""
    out = {c: None if values.get(c) is None else rounded(values[c], u) for c, u in units.items()}  # type: ignore[arg-type]
    fixed: set[str] = set()
    for check in checks:
        codes = [c for _sign, c in check.left]
        total = check.total
        same = total is not None and len({units.get(c) for c in (*codes, total)}) == 1 and units.get(total) is not None
        if not same or total is None or fixed & set(codes) or total in codes or holds(check, values) is not True:
            continue
        if total in fixed and out[total] != rounded(values[total], units[total]):  # type: ignore[arg-type]
            continue  # the total is itself a part that was given out; its own parts stay rounded alone
        for code, part in zip(codes, parts_shown(values[total], [values[c] for c in codes], units[total]), strict=True):  # type: ignore[arg-type, misc]
            out[code] = part
        fixed |= {*codes, total}
    return out


def jumped(before: Decimal | None, now: Decimal | None, percent: int) -> bool:
    """Whether a figure moved by more than `percent` of the period before. From zero every other value is a jump; unknown is none."""
    if before is None or now is None or before == now:
        return False
    return before == 0 or abs(now - before) * 100 > abs(before) * percent
