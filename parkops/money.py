"""Money as exact fen. Values in Python are `Decimal` yuan; the database holds BIGINT fen; nothing is a float.

Round once, where the rule says, half-up to the fen; give remainders away with `allocate` (largest remainder)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

FEN = Decimal("0.01")
ZERO = Decimal("0.00")


def D(value: str | int | Decimal) -> Decimal:
    """The one constructor; a float is refused because it has already lost the answer."""
    if isinstance(value, float):
        raise TypeError("money never comes from a float; pass a string, an int or a Decimal")
    return Decimal(value)


def round_fen(value: Decimal) -> Decimal:
    """Half-up to the fen with the precision widened first."""
    with localcontext() as ctx:
        ctx.prec = 60
        return value.quantize(FEN, rounding=ROUND_HALF_UP)


def fen(value: Decimal | int | str) -> int:
    """Yuan -> integer fen; refuses an amount finer than a fen instead of rounding silently."""
    amount = D(value)
    rounded = round_fen(amount)
    if rounded != amount:
        raise ValueError(f"{amount} is finer than a fen; round it where the rule says")
    return int(rounded.scaleb(2))


def yuan(amount: int) -> Decimal:
    """Integer fen -> yuan with two places."""
    return Decimal(amount).scaleb(-2).quantize(FEN) if amount else ZERO


def allocate(total: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Split `total` (yuan) by `weights` so that the parts sum exactly and differ at most one fen from the exact share.

    Largest remainder; ties go to the earlier part. Raises ValueError on empty, negative or all-zero weights."""
    if not weights or any(w < 0 for w in weights) or sum(weights) == 0:
        raise ValueError("weights must be non-negative and not all zero")
    units, base = fen(total), sum(D(w) for w in weights)
    sign = -1 if units < 0 else 1
    with localcontext() as ctx:
        ctx.prec = 60
        exact = [Decimal(abs(units)) * D(w) / base for w in weights]
    parts = [int(x) for x in exact]
    rest = abs(units) - sum(parts)
    for i in sorted(range(len(parts)), key=lambda i: (-(exact[i] - parts[i]), i))[:rest]:
        parts[i] += 1
    return [yuan(sign * p) for p in parts]
