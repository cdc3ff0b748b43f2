"""Who pays a meal, which meal it is, how many sit at once: pure calculations.

subsidy = min(price, plan's sum a meal, what the month's cap leaves) for breakfast, lunch and dinner while the day has subsidised meals
left; the holder pays the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from html import escape

ZERO = Decimal("0.00")
TIMES = (("breakfast", time(6), time(9, 30)), ("lunch", time(10, 30), time(14)), ("dinner", time(16, 30), time(20, 30)))
BIN = 5  # minutes


@dataclass(frozen=True)
class Plan:
    """What the firm pays."""

    per_meal: Decimal
    meals_a_day: int
    month_cap: Decimal | None


@dataclass(frozen=True)
class Counters:
    """What the card has used; `last_day` says of which day and month."""

    last_day: date | None
    day_meals: int
    month_subsidy: Decimal

    def on(self, day: date) -> Counters:
        """The counters as of a day: a new day or month begins at nothing."""
        same_day = self.last_day == day
        same_month = self.last_day is not None and (self.last_day.year, self.last_day.month) == (day.year, day.month)
        return Counters(day, self.day_meals if same_day else 0, self.month_subsidy if same_month else ZERO)


def meal_of(at: time) -> str:
    """Which meal a time of day belongs to."""
    return next((name for name, start, end in TIMES if start <= at < end), "other")


def subsidy_of(price: Decimal, meal: str, plan: Plan | None, used: Counters) -> Decimal:
    """What the firm pays of a price."""
    if plan is None or meal == "other" or used.day_meals >= plan.meals_a_day:
        return ZERO
    left = plan.per_meal if plan.month_cap is None else min(plan.per_meal, max(plan.month_cap - used.month_subsidy, ZERO))
    return min(price, left)


def seated(arrivals: Mapping[int, int], stay: int) -> list[int]:
    """People seated at every five minutes of a day: who came within the last `stay` minutes. Keys are minutes since midnight."""
    window, total = max(stay // BIN, 1), 24 * 60 // BIN
    came = [arrivals.get(n * BIN, 0) for n in range(total)]
    return [sum(came[max(n - window + 1, 0) : n + 1]) for n in range(total)]


def by_hour(arrivals: Mapping[int, int]) -> list[int]:
    """Meals of each hour."""
    out = [0] * 24
    for minute, n in arrivals.items():
        out[minute // 60] += n
    return out


def chart(meals: Sequence[int], peaks: Sequence[int], capacity: int | None, title: str, labels: tuple[str, str]) -> str:
    """Bars of meals an hour with the most people seated in it under the line of the capacity, as SVG that needs no script.

    The line is to scale while the bars reach a third of it; above that it stands at the top, broken, with its number."""
    most = max([*meals, *peaks, 1])
    near = capacity is not None and capacity <= most * 3
    top = max(most, capacity or 0) if near else most
    width, height, left, base, step, full = 760, 230, 48, 190, 38, 165 if near else 130
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" class="am-chart" role="img" '
        f'aria-label="{escape(title)}" font-size="11" font-family="sans-serif">'
    ]
    for n, hour in enumerate(range(5, 23)):
        x = left + n * step
        for k, (value, css) in enumerate(((meals[hour], "am-meals"), (peaks[hour], "am-seated"))):
            h = round(value * full / top)
            out.append(
                f'<rect x="{x + k * 15}" y="{base - h}" width="13" height="{h}" class="{css}">'
                f"<title>{hour}:00 {escape(labels[k])} {value}</title></rect>"
            )
        if meals[hour]:
            y = base - round(meals[hour] * full / top) - 4
            out.append(f'<text x="{x + 6}" y="{y}" text-anchor="middle" class="am-t">{meals[hour]}</text>')
        out.append(f'<text x="{x + 14}" y="{base + 16}" text-anchor="middle" class="am-t">{hour}</text>')
    if capacity:
        y = base - round(capacity * full / top) if near else 26
        out.append(
            f'<line x1="{left - 8}" x2="{width - 16}" y1="{y}" y2="{y}" class="am-cap"/>'
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end" class="am-t">{"" if near else "≈ "}{capacity}</text>'
        )
    return "".join(out) + "</svg>"
