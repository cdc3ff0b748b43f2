"""Income of a firm by day and status for the tax-exemption evidence. Pure; amounts are fen.

R-80: a billed line is spread over the days of its period; days are cut at months and where the firm's or the carrier's status changes,
and the pieces sum to the line (largest remainder). R-81: what was billed exempt, taxed and outside VAT adds up to what was billed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

DAY = timedelta(days=1)
Span = tuple[date, date | None]  # from (included) to (excluded), open when None


@dataclass(frozen=True)
class Line:
    """A posted line: its days (both included), net in fen, how it was treated, whether it is rent and of an exempt class of service."""

    id: int
    first: date
    last: date
    net: int
    treatment: str
    rent: bool
    eligible: bool


@dataclass
class Piece:
    """Days of one month with one status."""

    first: date
    last: date
    incubated: bool
    qualified: bool
    rent: int = 0
    exempt: int = 0
    taxable: int = 0
    outside: int = 0
    lines: set[int] = field(default_factory=set)
    wrong: set[tuple[int, str]] = field(default_factory=set)  # line, `entitled` (taxed though entitled) or `not_entitled`

    @property
    def billed(self) -> int:
        return self.exempt + self.taxable + self.outside

    @property
    def entitled(self) -> bool:
        return self.incubated and self.qualified


def covers(spans: Iterable[Span], day: date) -> bool:
    """Whether one of the half-open spans holds on the day."""
    return any(a <= day and (b is None or day < b) for a, b in spans)


def kept(papers: Iterable[Span], first: date, last: date) -> bool:
    """Whether documents, days of both ends included, together hold on every day from first to last."""
    day = first
    for a, b in sorted(papers, key=lambda x: x[0]):
        if a > day:
            break
        if b is None or b >= last:
            return True
        day = max(day, b + DAY)
    return day > last


def cuts(first: date, last: date, spans: Iterable[Span]) -> list[tuple[date, date]]:
    """The days from first to last in pieces of one month and one status."""
    edges = {first, last + DAY}
    day = first.replace(day=1)
    while day <= last:
        edges.add(max(first, day))
        day = (day.replace(day=28) + 4 * DAY).replace(day=1)
    for a, b in spans:
        edges |= {e for e in (a, b) if e is not None and first < e <= last}
    ordered = sorted(edges)
    return [(a, b - DAY) for a, b in pairwise(ordered)]


def spread(amount: int, days: Sequence[int]) -> list[int]:
    """Fen by days, largest remainder; the sum is the amount."""
    whole = sum(days)
    exact = [Decimal(abs(amount)) * d / whole for d in days]
    parts = [int(x) for x in exact]
    for i in sorted(range(len(parts)), key=lambda i: (-(exact[i] - parts[i]), i))[: abs(amount) - sum(parts)]:
        parts[i] += 1
    return [-p if amount < 0 else p for p in parts]


def pieces(lines: Iterable[Line], incubated: Sequence[Span], qualified: Sequence[Span]) -> list[Piece]:
    """Every line of one firm on its days, added up by piece of days."""
    lines = list(lines)
    if not lines:
        return []
    edges: list[Span] = [*incubated, *qualified, *((x.first, x.last + DAY) for x in lines)]
    first, last = min(x.first for x in lines), max(x.last for x in lines)
    found = [Piece(a, b, covers(incubated, a), covers(qualified, a)) for a, b in cuts(first, last, edges)]
    for line in lines:
        mine = [p for p in found if p.first >= line.first and p.last <= line.last]
        for piece, part in zip(mine, spread(line.net, [(p.last - p.first).days + 1 for p in mine]), strict=True):
            _put(piece, line, part)
    return _joined([p for p in found if p.lines])


def _put(piece: Piece, line: Line, part: int) -> None:
    name = {"exempt": "exempt", "taxed": "taxable"}.get(line.treatment, "outside")
    setattr(piece, name, getattr(piece, name) + part)
    piece.rent += part if line.rent else 0
    piece.lines.add(line.id)
    if line.treatment == "exempt" and line.eligible and not piece.entitled:
        piece.wrong.add((line.id, "not_entitled"))
    elif line.treatment == "taxed" and line.eligible and piece.entitled:
        piece.wrong.add((line.id, "entitled"))


def _joined(found: list[Piece]) -> list[Piece]:
    """Pieces of the same month and status next to each other are one."""
    out: list[Piece] = []
    for p in found:
        q = out[-1] if out else None
        same = q is not None and (q.incubated, q.qualified) == (p.incubated, p.qualified)
        if q is not None and same and q.last + DAY == p.first and (q.first.year, q.first.month) == (p.first.year, p.first.month):
            q.last = p.last
            for n in ("rent", "exempt", "taxable", "outside"):
                setattr(q, n, getattr(q, n) + getattr(p, n))
            q.lines |= p.lines
            q.wrong |= p.wrong
        else:
            out.append(p)
    return out
