"""Time: instants in UTC, days in the park's zone, and periods. Services take dates; only views, jobs and commands ask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The instant, aware, UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The day in the park's zone."""
    return datetime.now(ZONE).date()


def local(instant: datetime) -> datetime:
    """An instant as the park's wall clock shows it."""
    return instant.astimezone(ZONE)


def add_months(day: date, months: int) -> date:
    """Same day of a later (or earlier) month, clipped to its end: 31 January + 1 month = 28/29 February."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True, order=True)
class Period:
    """A month, quarter or year: half-open `[start, end)`. Text forms `2022-06`, `2022Q2`, `2022`."""

    start: date
    end: date
    grain: str  # month | quarter | year

    @classmethod
    def month(cls, day: date) -> Period:
        start = day.replace(day=1)
        return cls(start, add_months(start, 1), "month")

    @classmethod
    def quarter(cls, day: date) -> Period:
        start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        return cls(start, add_months(start, 3), "quarter")

    @classmethod
    def year(cls, day: date) -> Period:
        return cls(date(day.year, 1, 1), date(day.year + 1, 1, 1), "year")

    @classmethod
    def of(cls, grain: str, day: date) -> Period:
        return {"month": cls.month, "quarter": cls.quarter, "year": cls.year}[grain](day)

    @classmethod
    def parse(cls, text: str) -> Period:
        """Raises ValueError with a sentence when the text is no period."""
        text = text.strip().upper()
        if m := re.fullmatch(r"(\d{4})-(\d{1,2})", text):
            if 1 <= int(m[2]) <= 12:
                return cls.month(date(int(m[1]), int(m[2]), 1))
        elif m := re.fullmatch(r"(\d{4})-?Q([1-4])", text):
            return cls.quarter(date(int(m[1]), int(m[2]) * 3 - 2, 1))
        elif m := re.fullmatch(r"\d{4}", text):
            return cls.year(date(int(text), 1, 1))
        raise ValueError(f"{text!r} is no period; write 2022-06, 2022Q2 or 2022")

    @property
    def key(self) -> str:
        if self.grain == "month":
            return f"{self.start:%Y-%m}"
        if self.grain == "quarter":
            return f"{self.start.year}Q{(self.start.month + 2) // 3}"
        return str(self.start.year)

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    def previous(self) -> Period:
        return Period.of(self.grain, self.start - timedelta(days=1))

    def next(self) -> Period:
        return Period.of(self.grain, self.end)

    def __str__(self) -> str:
        return self.key
