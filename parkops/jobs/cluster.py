"""Units of jobs on a dask cluster (extra `parkops[dask]`, setting PARKOPS_DASK_SCHEDULER).

The scheduler process submits; a worker opens its own session, runs the unit and commits the effect together with the mark in
`core_job_run` (`runner.run_one`). Dask promises at least once: a unit whose worker dies is given to another one. The mark makes
that exactly once: what was committed answers `already`, what was not was rolled back by the database with the connection."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from ..clock import now
from ..errors import Refused
from ..i18n import _l
from .registry import job_of
from .runner import Outcome, record_loss, run_one
from .schedule import Due
from .units import Say, name_of, same_instant

log = logging.getLogger(__name__)
CONNECT_SECONDS = 10
LET_GO_SECONDS = 60  # how long a dead worker's transaction may hold the unit before this attempt gives up
LOOK_SECONDS = 0.5


@lru_cache(maxsize=1)
def _boot() -> None:
    """Once per worker process: the installed modules, the safety of the server."""
    from .. import upgrade
    from ..db.session import engine, refuse_unsafe
    from ..registry import registry

    refuse_unsafe(engine())
    registry().load(upgrade.installed())


_booting = threading.Lock()


def run_unit(code: str, park_id: int | None, slot: str) -> dict[str, Any]:
    """On a worker: run one date of a job in one park; a plain record of the outcome.

    `busy` is waited for: after the death of a worker the database needs a moment to notice and to roll back."""
    with _booting:
        _boot()
    job, due, until = job_of(code), datetime.fromisoformat(slot), time.monotonic() + LET_GO_SECONDS
    while True:
        found = run_one(job, park_id, due)
        if found.state != "busy" or time.monotonic() > until:
            return {"state": found.state, "counts": found.counts, "error": found.error, "run_id": found.run_id}
        time.sleep(LOOK_SECONDS)


class Cluster:
    """The workers behind one dask scheduler; the connection is kept for the life of the process."""

    _kept: dict[str, Cluster] = {}

    def __init__(self, address: str):
        self.address = address
        self._client: Any = None

    @classmethod
    def of(cls, address: str) -> Cluster:
        """The one of this process."""
        return cls._kept.setdefault(address, cls(address))

    def client(self) -> Any:
        """The connection; a lost one is made anew. Refused when the package is missing or nobody answers."""
        if self._client is not None and self._client.status == "running":
            return self._client
        self.close()
        try:
            from distributed import Client
        except ImportError as e:
            raise Refused(_l("PARKOPS_DASK_SCHEDULER is set, but dask is not installed: install parkops[dask].")) from e
        try:
            self._client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False, name="parkops")
        except (OSError, ValueError) as e:
            raise Refused(_l("The dask scheduler %(address)s does not answer: start it, or unset PARKOPS_DASK_SCHEDULER.",
                             address=self.address)) from e
        return self._client

    def close(self) -> None:
        """Leave the cluster."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def waves(self, due: list[Due]) -> Iterator[list[Due]]:
        """All of one instant together."""
        return same_instant(due)

    def run(self, units: list[Due], *, stop: Any = None, say: Say = None) -> Iterator[tuple[Due, Outcome]]:
        """Submit, then hand out each outcome as it arrives. When stopped nobody waits any longer: what a worker has begun it
        finishes and marks, what none has begun is due again."""
        client = self.client()
        key = f"parkops-{time.time_ns()}"
        if say is not None and units:
            say(", ".join(name_of(d) for d in units[:3]))
        open_ = {client.submit(run_unit, d.job.code, d.park_id, d.scheduled_for.isoformat(), key=f"{key}-{n}", pure=False): d
                 for n, d in enumerate(units)}
        while open_:
            ended = [f for f in open_ if f.done()]
            if not ended:
                if stop is not None and stop.is_set():
                    client.cancel([f for f in open_ if f.status == "pending"])
                time.sleep(LOOK_SECONDS / 10)
                continue
            for future in ended:
                d = open_.pop(future)
                if say is not None and open_:
                    say(", ".join(name_of(left) for left in list(open_.values())[:3]))
                yield d, _outcome(future, d)


def _outcome(future: Any, d: Due) -> Outcome:
    """What a unit came to; one that no worker survived has failed: it is tried again after a pause, and told of as any other."""
    if future.status in ("cancelled", "lost"):
        return Outcome("lost")
    try:
        return Outcome(**future.result())
    except Exception as e:
        log.exception("a unit was lost by the cluster")
        record_loss(d.job, d.park_id, d.scheduled_for, e, now())
        return Outcome("failed", error=f"{type(e).__name__}: {e}"[:2000])
