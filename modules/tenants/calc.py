"""Pure calculations of the tenants module: size class, term clock, weighted scores, chain reconciliation, name keys.

No session, no clock: every figure a screen shows can be recomputed here from its inputs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from parkops.clock import add_months

MICRO, SMALL, MEDIUM, LARGE, UNKNOWN = "micro", "small", "medium", "large", "unknown"
WAN = Decimal(10000)

# 工信部联企业〔2011〕300号, article 4. Indicator -> lower bounds of (small, medium, large); staff in persons, revenue and
# assets in 10,000 yuan. A firm is in a class only when it reaches that class's lower bound in every indicator of its row.
SIZE_TABLE: dict[str, dict[str, tuple[int | None, int | None, int | None]]] = {
    "industry": {"staff": (20, 300, 1000), "revenue": (300, 2000, 40000)},
    "construction": {"revenue": (300, 6000, 80000), "assets": (300, 5000, 80000)},
    "wholesale": {"staff": (5, 20, 200), "revenue": (1000, 5000, 40000)},
    "retail": {"staff": (10, 50, 300), "revenue": (100, 500, 20000)},
    "transport": {"staff": (20, 300, 1000), "revenue": (200, 3000, 30000)},
    "storage": {"staff": (20, 100, 200), "revenue": (100, 1000, 30000)},
    "post": {"staff": (20, 300, 1000), "revenue": (100, 2000, 30000)},
    "lodging": {"staff": (10, 100, 300), "revenue": (100, 2000, 10000)},
    "catering": {"staff": (10, 100, 300), "revenue": (100, 2000, 10000)},
    "telecom": {"staff": (10, 100, 2000), "revenue": (100, 1000, 100000)},
    "software": {"staff": (10, 100, 300), "revenue": (50, 1000, 10000)},
    "real_estate": {"revenue": (100, 1000, 200000), "assets": (2000, 5000, 10000)},
    "property": {"staff": (100, 300, 1000), "revenue": (500, 1000, 5000)},
    "leasing_business": {"staff": (10, 100, 300), "assets": (100, 8000, 120000)},
    "other": {"staff": (10, 100, 300)},
}


@dataclass(frozen=True)
class Size:
    """The class, and what is missing when it cannot be said."""

    size: str
    missing: tuple[str, ...] = ()

    @property
    def small_or_micro(self) -> bool | None:
        """None when it cannot be said."""
        return None if self.size == UNKNOWN else self.size in (MICRO, SMALL)


def size_class(sector: str | None, *, staff: int | None = None, revenue: Decimal | None = None,
               assets: Decimal | None = None) -> Size:
    """Size class by the 2011 table (工信部联企业〔2011〕300号); `revenue` and `assets` in yuan.

    The class is the lowest one any indicator of the row allows, so one indicator that already says micro settles it
    even when the other is missing. Agriculture is not in the table here: its bounds were not verified."""
    row = SIZE_TABLE.get(sector or "")
    if row is None:
        return Size(UNKNOWN, ("sector",))
    values = {"staff": staff, "revenue": None if revenue is None else revenue / WAN,
              "assets": None if assets is None else assets / WAN}
    missing = tuple(name for name in row if values[name] is None)
    reached = [sum(values[name] >= bound for bound in row[name] if bound is not None) for name in row if values[name] is not None]
    if missing and (not reached or min(reached) > 0):
        return Size(UNKNOWN, missing)
    return Size((MICRO, SMALL, MEDIUM, LARGE)[min(reached)])


@dataclass(frozen=True)
class Term:
    """The term clock of one firm on one day. `allowed` and `left` are None when no term applies."""

    since: date
    on: date
    days: int
    ends_on: date | None
    allowed: int | None
    left: int | None

    @property
    def over(self) -> bool:
        return self.left is not None and self.left < 0


def term_end(since: date, months: int | None, extension: int = 0) -> date | None:
    """The first day after the term; None when the rules name no limit. An extension lengthens a term, never makes one."""
    return None if months is None else add_months(since, months + extension)


def term(since: date, on: date, ends_on: date | None) -> Term:
    """Days in incubation of days allowed. On the first day one day has been used; `left` is 0 on the last day's morrow."""
    return Term(since, on, (on - since).days + 1, ends_on, None if ends_on is None else (ends_on - since).days,
                None if ends_on is None else (ends_on - on).days)


@dataclass(frozen=True)
class Row:
    """A stage row as the database holds it: `[start, end)`, end None = still."""

    state: str
    carrier_id: int | None
    start: date
    end: date | None


def status_on(rows: Iterable[Row], day: date) -> Row | None:
    """The row that holds on `day`; None before the first. Rows do not overlap."""
    return next((r for r in rows if r.start <= day and (r.end is None or day < r.end)), None)


@dataclass(frozen=True)
class Chain:
    """One carrier's (or the park's) chain of a period. `moved` is the net of moves between carriers."""

    opening: int
    new: int
    graduated: int
    left: int
    dissolved: int
    closing: int
    moved: int = 0

    @property
    def difference(self) -> int:
        """0 when opening + new + moved - graduated - left - dissolved = closing (domain.md 5.3)."""
        return self.opening + self.new + self.moved - self.graduated - self.left - self.dissolved - self.closing


def chain(histories: Mapping[int, list[Row]], start: date, end: date, *, carrier_id: int | None = None,
          state: str = "incubating") -> Chain:
    """Count the chain of `[start, end)` from stage rows of firms (ordered by start). carrier_id None = all carriers."""
    opening = closing = moved = 0
    out = {"graduated": 0, "left": 0, "dissolved": 0}
    new = 0
    for rows in histories.values():
        for before, row in zip([None, *rows[:-1]], rows, strict=True):
            was, now = _in(before, row.start, state, carrier_id), row.state == state and carrier_id in (None, row.carrier_id)
            if now and _covers(row, start - _DAY):
                opening += 1
            if now and _covers(row, end - _DAY):
                closing += 1
            if start <= row.start < end and was != now:
                stays = before is not None and before.state == state and row.state == state
                if stays:
                    moved += 1 if now else -1
                elif now:
                    new += 1
                else:
                    out[row.state if row.state in out else "left"] += 1
    return Chain(opening, new, out["graduated"], out["left"], out["dissolved"], closing, moved)


_DAY = date(2000, 1, 2) - date(2000, 1, 1)


def _covers(row: Row, day: date) -> bool:
    return row.start <= day and (row.end is None or day < row.end)


def _in(row: Row | None, day: date, state: str, carrier_id: int | None) -> bool:
    """Was the firm, up to `day`, counted here? A gap before `day` means no."""
    return row is not None and row.end == day and row.state == state and carrier_id in (None, row.carrier_id)


def weighted(scores: Iterable[tuple[int, int]]) -> Decimal | None:
    """Σ(weight · score) / Σ weight, two places half-up; None without weight. Scores 0..100."""
    pairs = list(scores)
    total = sum(w for w, _ in pairs)
    if not total:
        return None
    return (Decimal(sum(w * s for w, s in pairs)) / total).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def mean(values: Iterable[Decimal]) -> Decimal | None:
    """The average to two places; None of nothing."""
    found = list(values)
    if not found:
        return None
    return (sum(found, Decimal(0)) / len(found)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


_NOISE = re.compile(r"[\s()\[\]{}<>.,·\-_'\"]")


def name_key(name: str) -> str:
    """How two names are compared: NFKC, without blanks, brackets and punctuation, lower case.

    The same expression is a generated column of the firm (`NAME_KEY`); a test holds both together."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", name)).lower()


def phone_key(phone: str | None) -> str | None:
    """Digits only, without the country code; None when too few to tell people apart."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone or ""))
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    return digits if len(digits) >= 7 else None


def months_between(start: date, end: date) -> int:
    """Whole months from `start` to `end` (0 when less than one)."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months - (add_months(start, months) > end) if months > 0 else 0
