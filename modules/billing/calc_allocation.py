"""How a payment is spread over what is owed: pure rules, no session, no clock. Amounts are Decimal yuan.

Rules (`RULES`), each a total order of the open bills; the amount is then given to them one after the other:

- `named`: what the payer named, first to last. Civil Code 560 (1): the debtor's own designation comes first.
- `oldest`: due first, then the older document. House rule, the default.
- `civil_code`: due before not due; costs → interest → principal; unsecured before secured; the heavier burden first; due first;
  equal ones in proportion. Civil Code 560 (2), 561.
- `priority`: by the park's list of charged items (late fee, damages, property fee, utilities, rent …), then due first. House
  rule, setting `billing.allocation_priority`.

Within one bill that is paid in part, `cover_lines` says which lines count as paid: costs, interest, principal; then the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby

from parkops import money

RULES = ("oldest", "civil_code", "priority")
COSTS, INTEREST, PRINCIPAL = 0, 1, 2  # Civil Code 561
DEFAULT_PRIORITY = (
    "late_fee",
    "damages",
    "property_fee",
    "water",
    "electricity",
    "gas_heat",
    "parking",
    "service_fee",
    "equipment_lease",
    "rent",
    "turnover_rent",
)
UNLISTED = 999


@dataclass(frozen=True)
class Claim:
    """One open bill. nature: 0 costs, 1 interest, 2 principal. secured: a deposit stands behind it. burden: what delay costs
    (daily late fee in fen per 10,000 yuan, or any comparable number). rank: place in the park's list."""

    bill_id: int
    due_on: date
    open: Decimal
    nature: int = PRINCIPAL
    secured: bool = False
    burden: int = 0
    rank: int = UNLISTED


@dataclass(frozen=True)
class Share:
    """So much goes to a bill; `left` of it stays open."""

    bill_id: int
    amount: Decimal
    left: Decimal


@dataclass(frozen=True)
class Plan:
    """What a payment would do: shares, and the rest that becomes an advance."""

    shares: tuple[Share, ...]
    rest: Decimal

    @property
    def allocated(self) -> Decimal:
        return sum((s.amount for s in self.shares), Decimal(0))

    def pairs(self) -> list[tuple[int, Decimal]]:
        """(bill id, amount) of what is not zero."""
        return [(s.bill_id, s.amount) for s in self.shares if s.amount]


def rank_of(codes: Sequence[str], priority: Sequence[str]) -> int:
    """The best place any of a bill's items has in the list."""
    places = [priority.index(c) for c in codes if c in priority]
    return min(places, default=UNLISTED)


def _key(rule: str, claim: Claim, on: date) -> tuple:
    if rule == "oldest":
        return (claim.due_on,)
    if rule == "priority":
        return claim.rank, claim.due_on
    if rule == "civil_code":
        return claim.due_on > on, claim.nature, claim.secured, -claim.burden, claim.due_on
    raise ValueError(f"there is no allocation rule {rule!r}; use one of {', '.join(RULES)}")


def spread(amount: Decimal, claims: Sequence[Claim], rule: str, on: date) -> Plan:
    """Give `amount` to the claims by `rule` on day `on`. The parts and the rest add up to the amount exactly.

    `civil_code` gives equal claims shares in proportion to what is open (largest remainder); the other rules take the older
    document first."""
    if amount < 0 or any(c.open < 0 for c in claims):
        raise ValueError("amounts are never negative here")
    left, shares = amount, []
    ordered = sorted(claims, key=lambda c: (*_key(rule, c, on), c.bill_id))
    for _same, group in groupby(ordered, key=lambda c: _key(rule, c, on)):
        same = [c for c in group if c.open]
        if not same:
            continue
        parts = _proportional(left, same) if rule == "civil_code" else _one_by_one(left, same)
        shares += [Share(c.bill_id, part, c.open - part) for c, part in zip(same, parts, strict=True)]
        left -= sum(parts, Decimal(0))
    return Plan(tuple(shares), left)


def _one_by_one(amount: Decimal, claims: Sequence[Claim]) -> list[Decimal]:
    out = []
    for claim in claims:
        part = min(amount, claim.open)
        out.append(part)
        amount -= part
    return out


def _proportional(amount: Decimal, claims: Sequence[Claim]) -> list[Decimal]:
    total = sum((c.open for c in claims), Decimal(0))
    return [c.open for c in claims] if amount >= total else money.allocate(amount, [c.open for c in claims])


def named(amount: Decimal, pairs: Sequence[tuple[int, Decimal]], claims: Sequence[Claim]) -> Plan:
    """What the payer named (Civil Code 560 (1)). ValueError names the bill that is not open, named twice or over-paid."""
    known = {c.bill_id: c for c in claims}
    shares: list[Share] = []
    for bill_id, part in pairs:
        claim = known.pop(bill_id, None)
        if claim is None or part <= 0 or part > claim.open:
            raise ValueError(bill_id)
        shares.append(Share(bill_id, part, claim.open - part))
    rest = amount - sum((s.amount for s in shares), Decimal(0))
    if rest < 0:
        raise ValueError(None)
    return Plan(tuple(shares), rest)


@dataclass(frozen=True)
class Line:
    """A line of a bill: item code, kind of charge, amount (reducing lines are negative)."""

    line_id: int
    item: str
    kind: str
    amount: Decimal
    paid: Decimal = Decimal(0)

    @property
    def nature(self) -> int:
        """Costs of collecting the debt, interest (late fee), or principal (Civil Code 561)."""
        return COSTS if self.item == "collection_costs" else INTEREST if self.kind == "penalty" or self.item == "late_fee" else PRINCIPAL


def cover_lines(lines: Sequence[Line], paid: Decimal, priority: Sequence[str] = DEFAULT_PRIORITY) -> list[Line]:
    """Which lines of a bill `paid` covers: reductions shorten the lines they stand beside (same item first, then any), then
    costs, interest, principal; within each by the list. The parts add up to min(paid, total)."""
    net = {line.line_id: line.amount for line in lines}
    for minus in (x for x in lines if x.amount < 0):
        rest, net[minus.line_id] = -minus.amount, Decimal(0)
        for line in sorted((x for x in lines if x.amount > 0), key=lambda x: (x.item != minus.item, x.line_id)):
            part = min(rest, net[line.line_id])
            net[line.line_id] -= part
            rest -= part
    out, left = {}, paid
    for line in sorted(lines, key=lambda x: (x.nature, rank_of([x.item], priority), x.line_id)):
        part = max(min(left, net[line.line_id]), Decimal(0))
        out[line.line_id] = part
        left -= part
    return [replace(line, paid=out[line.line_id]) for line in lines]
