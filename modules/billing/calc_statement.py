"""Bank statements as numbers: balances that must add up, order of lines, keys that find a line again. Pure; amounts in yuan."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True)
class Entry:
    """One line as the bank wrote it; `amount` is above zero for money in."""

    on: date
    amount: Decimal
    balance: Decimal | None = None
    payer: str | None = None
    payer_account: str | None = None
    payer_bank: str | None = None
    text: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Parsed:
    """A read file: its lines, oldest first, and the balances it states (None: it states none)."""

    format: str
    entries: tuple[Entry, ...]
    opening: Decimal | None = None
    closing: Decimal | None = None
    account: str | None = None

    @property
    def turnover(self) -> Decimal:
        return sum((e.amount for e in self.entries), ZERO)

    @property
    def difference(self) -> Decimal | None:
        """Closing less (opening + lines); None while a balance is not known."""
        return None if self.opening is None or self.closing is None else self.closing - self.opening - self.turnover


def broken_at(entries: Sequence[Entry]) -> tuple[int, Decimal] | None:
    """(place from 1, difference) of the first line whose balance does not follow from the one before; None when all do."""
    before: Decimal | None = None
    for place, entry in enumerate(entries, 1):
        if entry.balance is None:
            continue
        if before is not None and before + entry.amount != entry.balance:
            return place, entry.balance - before - entry.amount
        before = entry.balance
    return None


def ordered(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Oldest first. Banks print either way round, also inside one day: the way in which the balances follow is taken."""
    found = tuple(entries)
    descending = len(found) > 1 and found[0].on > found[-1].on
    candidates = [found[::-1], found] if descending else [found, found[::-1]]
    for candidate in candidates:
        days = [e.on for e in candidate]
        if days == sorted(days) and broken_at(candidate) is None:
            return candidate
    return candidates[0]


def with_balances(parsed: Parsed, opening: Decimal | None = None, closing: Decimal | None = None) -> Parsed:
    """Opening and closing: as stated by the file, else from the balances of its lines, else as typed."""
    first = parsed.opening
    last = parsed.closing
    if parsed.entries and all(e.balance is not None for e in parsed.entries):
        first = parsed.entries[0].balance - parsed.entries[0].amount if first is None else first
        last = parsed.entries[-1].balance if last is None else last
    return replace(parsed, opening=opening if first is None else first, closing=closing if last is None else last)


def keys(account_id: int, entries: Sequence[Entry]) -> list[str]:
    """A key for each line, the same in every file that holds the line. What the bank's own number or the running balance does
    not tell apart gets its place among equal ones."""
    out, seen = [], Counter()
    for e in entries:
        told = e.reference or ""
        parts = (
            str(account_id),
            e.on.isoformat(),
            f"{e.amount:.2f}",
            told,
            "" if told or e.balance is None else f"{e.balance:.2f}",
            "" if told else (e.payer_account or ""),
            "" if told else (e.text or ""),
        )
        base = "\x1f".join(parts)
        seen[base] += 1
        out.append(hashlib.sha256(f"{base}\x1f{seen[base]}".encode()).hexdigest())
    return out
