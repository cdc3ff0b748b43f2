"""Does a financing product suit a request, and why or why not. Pure; reasons are codes, said in the reader's language by the screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

REASONS = ("kind", "amount", "term", "security", "offered")


@dataclass(frozen=True)
class Reason:
    """`code` of REASONS, whether it is met, and the two sides compared."""

    code: str
    met: bool
    asked: str
    offered: str

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "met": self.met, "asked": self.asked, "offered": self.offered}


def reasons(request: Any, product: Any, on: date) -> list[Reason]:
    """One line per bound: kind, amount, term, security, still offered that day."""
    until = product.valid_to
    offered = product.valid_from <= on and (until is None or on <= until)
    return [
        Reason("kind", request.kind in (None, product.kind), request.kind or "", product.kind),
        Reason(
            "amount",
            product.amount_from <= request.amount <= product.amount_to,
            _money(request.amount),
            f"{_money(product.amount_from)}–{_money(product.amount_to)}",
        ),
        Reason(
            "term",
            product.term_from <= request.term_months <= product.term_to,
            str(request.term_months),
            f"{product.term_from}–{product.term_to}",
        ),
        Reason("security", product.collateral in ("none", request.security), request.security, product.collateral),
        Reason("offered", offered, on.isoformat(), f"{product.valid_from}–{until or ''}"),
    ]


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def fits(found: list[Reason]) -> bool:
    """Every bound is met."""
    return all(r.met for r in found)


def order(product: Any, found: list[Reason]) -> tuple[Any, ...]:
    """What suits first, then fewest bounds missed, then the cheaper one; an unknown rate comes last."""
    rate = product.rate
    return (sum(not r.met for r in found), rate is None, rate if rate is not None else Decimal(0), product.bank, product.id)
