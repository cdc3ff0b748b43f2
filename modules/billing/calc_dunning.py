"""Which letter a firm gets next. Pure: one level at a time, none before the last one's period has run out, termination only
after a delivered demand (Civil Code 721-722)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

LADDER = ("reminder", "demand", "final", "termination")
DEMANDS = ("demand", "final")


@dataclass(frozen=True)
class Sent:
    """A delivered letter that still stands."""

    id: int
    level: str
    delivered_on: date
    deadline_on: date


def ripe_demand(sent: Sequence[Sent], on: date) -> Sent | None:
    """The latest demand whose period has run out before `on`; None: no notice of termination yet (N-05)."""
    found = [s for s in sent if s.level in DEMANDS and s.deadline_on < on]
    return max(found, key=lambda s: (s.deadline_on, s.id)) if found else None


def next_level(days: int, sent: Sequence[Sent], on: date, limits: Mapping[str, int]) -> str | None:
    """The next level for arrears of `days` days: the one after the last letter, when its days are reached and the last letter's
    period is over. `limits`: level in use → days. None: nothing to send."""
    ladder = [level for level in LADDER if level in limits]
    if sent and max(s.deadline_on for s in sent) >= on:
        return None
    done = max((LADDER.index(s.level) for s in sent), default=-1)
    level = next((x for x in ladder if LADDER.index(x) > done), None)
    if level is None or days < limits[level]:
        return None
    if level == "termination" and ripe_demand(sent, on) is None:
        return None
    return level
