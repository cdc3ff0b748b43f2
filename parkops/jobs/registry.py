"""What a job is. Modules list theirs in `jobs.py: JOBS`. `run` is the very service a clerk can press a button for:
`run(session, *, on, park_id) -> dict | None` (counts for the log). It never commits; the runner does, together with its
marker, so that the effect and "done" are one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cron:
    """When: every day at `hour`:`minute` (park zone); `day` restricts to a day of the month, `weekday` (0 = Monday) to a
    weekday, `month` to months of the year (e.g. (1,) or (1, 4, 7, 10)); `every_minutes` instead of a time for frequent jobs."""

    hour: int = 2
    minute: int = 0
    day: int | None = None
    weekday: int | None = None
    month: tuple[int, ...] = ()
    every_minutes: int | None = None


@dataclass(frozen=True)
class Job:
    """code `module.thing`; per_park: one run per park; catch_up: `all` missed dates oldest first, or `latest` only."""

    code: str
    title: Any
    when: Cron
    run: Callable[..., Any]
    per_park: bool = True
    catch_up: str = "latest"
    timeout_minutes: int = 30
    explain: Any = None
