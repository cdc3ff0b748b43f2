"""VAT of one charged amount, pure: rates on every day, exemption day by day, the split where the answer changes.

Amounts are Decimal yuan, rates fractions (0.09). Rounded once per piece, half-up to the fen. The set-based twin is
`services/vat.py: pieces`; a property test holds both equal. Rules: domain.md 9.1 and 9.2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from parkops.money import ZERO, allocate, round_fen

FAR = date.max
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The rate of a supply and method on the days `[starts, ends)`; carrier 0: every carrier without an own row."""

    supply: str
    method: str
    carrier: int
    starts: date
    ends: date
    rate: Decimal
    exempt: bool = False


@dataclass(frozen=True)
class Piece:
    """A part of an amount with one answer. Days inclusive."""

    first: date
    last: date
    treatment: str  # taxed | exempt | outside
    rate: Decimal | None
    net: Decimal
    vat: Decimal
    gross: Decimal


class NoRate(ValueError):
    """No rate is known on a day of the period."""

    def __init__(self, day: date) -> None:
        super().__init__(day.isoformat())
        self.day = day


def split_vat(amount: Decimal, rate: Decimal | None, included: bool) -> tuple[Decimal, Decimal, Decimal]:
    """(net, vat, gross) of an amount that includes VAT or not. The sign is kept; `None` is no VAT."""
    if not rate:
        return amount, ZERO, amount
    if included:
        net = round_fen(amount / (1 + rate))
        return net, amount - net, amount
    vat = round_fen(amount * rate)
    return amount, vat, amount + vat


def merged(windows: Iterable[Window]) -> list[Window]:
    """Windows with neighbours of the same rate joined, so that a renewed document splits no line."""
    out: list[Window] = []
    for w in sorted(windows, key=lambda w: (w.supply, w.method, w.carrier, w.starts)):
        last = out[-1] if out else None
        if last and (last.supply, last.method, last.carrier, last.ends, last.rate, last.exempt) == (
            w.supply,
            w.method,
            w.carrier,
            w.starts,
            w.rate,
            w.exempt,
        ):
            out[-1] = Window(last.supply, last.method, last.carrier, last.starts, w.ends, last.rate, last.exempt)
        else:
            out.append(w)
    return out


def pieces(
    amount: Decimal,
    first: date,
    last: date,
    *,
    included: bool,
    windows: Sequence[Window],
    exempt: Sequence[tuple[date, date]] = (),
    outside: bool = False,
) -> list[Piece]:
    """The amount of the days `first..last` (inclusive) in pieces of one answer each, in order of time.

    windows: those of the line's supply, method and carrier, merged. exempt: half-open day ranges on which the incubation
    exemption holds for this line. The days' shares are by largest remainder and sum exactly. Raises NoRate."""
    if outside:
        return [Piece(first, last, "outside", None, amount, ZERO, amount)]
    cuts = {first, last + DAY}
    for start, end in [*exempt, *((w.starts, w.ends) for w in windows)]:
        cuts |= {c for c in (start, end) if first < c <= last}
    days = sorted(cuts)
    answers: list[tuple[date, date, str, Decimal | None]] = []
    for start, end in pairwise(days):
        answer = _answer(start, windows, exempt)
        if answers and answers[-1][2:] == answer:
            answers[-1] = (answers[-1][0], end, *answer)
        else:
            answers.append((start, end, *answer))
    shares = allocate(amount, [(end - start).days for start, end, *_ in answers])
    return [
        Piece(start, end - DAY, treatment, rate, *split_vat(share, rate, included))
        for (start, end, treatment, rate), share in zip(answers, shares, strict=True)
    ]


def _answer(day: date, windows: Sequence[Window], exempt: Sequence[tuple[date, date]]) -> tuple[str, Decimal | None]:
    if any(start <= day < end for start, end in exempt):
        return "exempt", None
    for w in windows:
        if w.starts <= day < w.ends:
            return ("exempt", None) if w.exempt else ("taxed", w.rate)
    raise NoRate(day)


Span = tuple[date, date]


def timeline(rows: Iterable[tuple[date, date | None, str]], default: str) -> list[tuple[date, date, str]]:
    """Who the operator is to the tax office on every day: dated rows, `default` where none holds."""
    out, at = [], date.min
    for start, end, kind in sorted(rows, key=lambda r: r[0]):
        if start > at:
            out.append((at, start, default))
        out.append((start, end or FAR, kind))
        at = end or FAR
    if at < FAR:
        out.append((at, FAR, default))
    return out


def minus(spans: Iterable[Span], holes: Sequence[Span]) -> list[Span]:
    """The half-open spans without the holes."""
    out = []
    for start, end in spans:
        for h_start, h_end in sorted(holes):
            if h_end <= start or h_start >= end:
                continue
            if h_start > start:
                out.append((start, h_start))
            start = max(start, h_end)
        if start < end:
            out.append((start, end))
    return out


def windows_of(
    rates: Iterable[tuple[Window, str]],
    who: Sequence[tuple[date, date, str]],
    elections: dict[int, list[Span]],
    supply: str = "real_estate_lease",
) -> list[Window]:
    """The rates that hold for an operator: the rows of the kind of taxpayer it is on each day; a carrier whose real estate is
    taxed by the simplified method has rows of its own."""
    base = [
        Window(w.supply, w.method, 0, max(w.starts, s), min(w.ends, e), w.rate, w.exempt)
        for w, of in rates
        for s, e, kind in who
        if of == kind and max(w.starts, s) < min(w.ends, e)
    ]
    own = []
    for carrier, spans in elections.items():
        for w in base:
            if w.supply != supply:
                continue
            inside = [(max(w.starts, s), min(w.ends, e)) for s, e in spans if max(w.starts, s) < min(w.ends, e)]
            parts = inside if w.method == "simplified" else minus([(w.starts, w.ends)], spans)
            own += [Window(w.supply, "normal", carrier, s, e, w.rate, w.exempt) for s, e in parts]
            if w.method == "simplified":
                own.append(Window(w.supply, "simplified", carrier, w.starts, w.ends, w.rate, w.exempt))
    return merged([*base, *own])
