"""Which rights pay for which uses of a firm's month. Pure, exact, and independent of the order in which anything was entered.

Uses are taken by their start, rights in this order: unlimited first, then plan before credit, narrow before wide, what expires
first before what lasts; time before money. Ties are broken by what a right or use is, never by its number, so that two equal
rights or uses may change places without any figure changing. Time given covers use minute by minute and takes its share of the
price along; money given covers what is left of the price (peers.md 4.2, rules 2 to 6).

What rights paid of a use on a bill stays. Usually that is what everything together comes to anyway; where something came in later,
the kept parts are drawn first and the other uses share the rest, so that a right never gives more than it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from parkops.clock import ZONE

PLAN, CREDIT = "plan", "credit"
FOREVER = date.max


@dataclass(frozen=True)
class Right:
    """key: who it is for the caller. unit: minutes | money (fen). quantity: None only when `unlimited`. At most one of kind, group_id,
    resource_id names what it is for. It pays for uses from `starts_on` to `ends_on`, both included."""

    key: str
    tier: str
    unit: str
    quantity: int | None
    unlimited: bool
    starts_on: date
    ends_on: date | None = None
    kind: str | None = None
    group_id: int | None = None
    resource_id: int | None = None
    title: str = ""

    def __post_init__(self) -> None:
        if self.unlimited == (self.quantity is not None):
            raise ValueError("a right is unlimited or has a quantity")

    def covers(self, use: Use) -> bool:
        """Whether it may pay for the use."""
        day = use.starts_at.astimezone(ZONE).date()
        if not self.starts_on <= day <= (self.ends_on or FOREVER):
            return False
        return ((self.resource_id is None or self.resource_id == use.resource_id)
                and (self.group_id is None or self.group_id == use.group_id) and (self.kind is None or self.kind == use.kind))

    @property
    def order(self) -> tuple:
        """What comes first is spent first."""
        width = 0 if self.resource_id is not None else 1 if self.group_id is not None else 2 if self.kind is not None else 3
        return (self.unit != "minutes", not self.unlimited, self.tier != PLAN, width, self.ends_on or FOREVER, self.starts_on,
                self.kind or "", self.group_id or 0, self.resource_id or 0, self.quantity or 0, self.key)


@dataclass(frozen=True)
class Use:
    """A booking or event (`source` names its kind of record): minutes used and what it costs (fen; None: unknown or free of charge).
    `kept`: what rights paid of it (fen) and is not changed; None: open."""

    key: str
    starts_at: datetime
    minutes: int
    resource_id: int
    kind: str
    group_id: int | None = None
    amount: int | None = None
    title: str = ""
    source: str = "booking.booking"
    kept: int | None = None

    @property
    def order(self) -> tuple:
        return (self.starts_at, self.resource_id, self.minutes, self.amount if self.amount is not None else -1, self.kind,
                self.group_id or 0, self.key)


@dataclass(frozen=True)
class Share:
    """A right pays part of a use: minutes of it, fen of its price."""

    use: str
    right: str
    minutes: int
    amount: int


def allocate(grants: Iterable[Right], uses: Iterable[Use]) -> list[Share]:
    """Who pays for what. The same rights and uses give the same shares in whatever order they come."""
    rights = sorted(grants, key=lambda r: r.order)
    if len({r.key for r in rights}) != len(rights):
        raise ValueError("two rights have the same key")
    ordered = sorted(uses, key=lambda u: u.order)
    kept = {u.key: u.kept for u in ordered if u.kept is not None}
    out = _spend(rights, [replace(u, kept=None) if u.key in kept else u for u in ordered])
    if kept:
        paid: Counter[str] = Counter()
        for share in out:
            paid[share.use] += share.amount
        if any(paid[key] != amount for key, amount in kept.items()):
            out = _spend(rights, sorted(ordered, key=lambda u: u.kept is None))
    return out


def _spend(rights: list[Right], uses: list[Use]) -> list[Share]:
    """The uses in this order through the rights in theirs."""
    left = {r.key: r.quantity for r in rights}
    return [share for use in uses for share in _pay(use, [r for r in rights if r.covers(use)], left)]


def _pay(use: Use, rights: list[Right], left: dict[str, int | None]) -> list[Share]:
    """One use through the rights in their order; `left` is drawn down. Of a kept use no more than was paid."""
    shares, minutes, paid = [], use.minutes, 0
    for right in rights:
        if right.unit == "minutes":
            taken = _draw(left, right.key, minutes - (use.minutes - _most(use)))
            if taken:
                minutes -= taken
                amount = _part(use, use.minutes - minutes) - paid
                paid += amount
                shares.append(Share(use.key, right.key, taken, amount))
        elif use.amount is not None:
            taken = _draw(left, right.key, (use.amount if use.kept is None else min(use.kept, use.amount)) - paid)
            if taken:
                paid += taken
                shares.append(Share(use.key, right.key, 0, taken))
    return shares


def _draw(left: dict[str, int | None], key: str, wanted: int) -> int:
    """Take at most what is left; an unlimited right has all of it."""
    have = left[key]
    taken = max(wanted if have is None else min(have, wanted), 0)
    if have is not None:
        left[key] = have - taken
    return taken


def _most(use: Use) -> int:
    """How many minutes of a use rights may pay: all of it, of a kept one as many as what was paid is the price of."""
    if use.kept is None:
        return use.minutes
    if not use.kept or not use.amount:
        return 0
    return min(use.minutes, (2 * use.minutes * use.kept + use.minutes - 1) // (2 * use.amount))


def _part(use: Use, minutes: int) -> int:
    """The price of the first `minutes` of a use, half-up; summing in steps never loses a fen."""
    if use.amount is None or use.minutes == 0:
        return 0
    return (2 * use.amount * minutes + use.minutes) // (2 * use.minutes)
