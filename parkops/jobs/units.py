"""Where the units of jobs run. A unit is one date of one job in one park, the very thing `runner.run_one` does exactly once.

Here: one after another in this process, the oldest first. With PARKOPS_DASK_SCHEDULER: the units of one instant together on
the workers of that cluster (`jobs.cluster`). Both go by the same table of runs, so changing over loses and repeats nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, Protocol

from ..config import config
from . import runner
from .schedule import Due

Say = Callable[[str], None] | None


class Place(Protocol):
    """Runs units. `waves` says which of the units due may run side by side; `run` yields each with its outcome as it ends."""

    def waves(self, due: list[Due]) -> Iterator[list[Due]]: ...

    def run(self, units: list[Due], *, stop: Any = None, say: Say = None) -> Iterator[tuple[Due, runner.Outcome]]: ...


class Here:
    """This process, one unit at a time."""

    def waves(self, due: list[Due]) -> Iterator[list[Due]]:
        """Each alone."""
        yield from ([d] for d in due)

    def run(self, units: list[Due], *, stop: Any = None, say: Say = None) -> Iterator[tuple[Due, runner.Outcome]]:
        """One after another, in transactions of their own."""
        for d in units:
            if say is not None:
                say(name_of(d))
            yield d, runner.run_one(d.job, d.park_id, d.scheduled_for)


def place() -> Place:
    """Where this installation runs its units. The cluster's package is imported only when one is configured."""
    address = config().dask_scheduler
    if not address:
        return Here()
    from .cluster import Cluster

    return Cluster.of(address)


def same_instant(due: list[Due]) -> Iterator[list[Due]]:
    """Units of the same instant side by side (they are of different jobs or parks), the oldest instant first."""
    for _at, units in groupby(due, key=lambda d: d.scheduled_for):
        yield list(units)


def name_of(d: Due) -> str:
    """What the heartbeat shows."""
    return f"{d.job.code} {d.park_id or '-'} {d.scheduled_for:%Y-%m-%d %H:%M}"
