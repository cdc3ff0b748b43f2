"""One process, one APScheduler with an in-memory store, two bells: a heartbeat and a round of everything due.

Nothing is kept in APScheduler: killing this process, starting two of them or renaming a job's function loses nothing and
repeats nothing. SIGTERM and SIGINT stop it after the run at hand."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.blocking import BlockingScheduler
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from parkops.clock import now as clock_now
from parkops.config import config
from parkops.db.session import engine, refuse_unsafe, system_scope
from parkops.errors import Refused
from parkops.jobs import control
from parkops.jobs.models import Heartbeat
from parkops.registry import registry

log = logging.getLogger("scheduler")
INTERVAL = 30  # seconds between rounds and between heartbeats
FORGET = timedelta(days=1)  # heartbeats of processes that are long gone


class Runtime:
    """A scheduler process: `start()` blocks until `stop()` (or a signal)."""

    def __init__(self, interval: int = INTERVAL, name: str | None = None):
        self.interval = interval
        self.name = name or f"{socket.gethostname()}:{os.getpid()}"
        self.stopping = threading.Event()
        self.started_at = clock_now()
        self.working_on: str | None = None
        self.ticked_at: datetime | None = None
        self._closing: threading.Thread | None = None
        self.scheduler = BlockingScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": ThreadPoolExecutor(2)}, timezone=UTC,
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1})

    def boot(self) -> None:
        """Load the installed modules; refuses an empty database or an unsafe server."""
        from parkops import upgrade

        refuse_unsafe(engine())
        names = upgrade.installed()
        if not names:
            raise Refused("the database is empty; run `parkops upgrade` first")
        registry().load(names)

    def start(self) -> None:
        """Ring at once and then every interval, until stopped."""
        first = datetime.now(UTC)
        for job_id, ring in (("heartbeat", self.beat), ("round", self.tick)):
            self.scheduler.add_job(ring, "interval", seconds=self.interval, id=job_id, next_run_time=first)
        log.info("scheduler %s started, every %s s", self.name, self.interval)
        self.scheduler.start()
        if self._closing is not None:
            self._closing.join()
        log.info("scheduler %s stopped", self.name)

    def stop(self, *_signal: Any) -> None:
        """Finish the run at hand, start nothing new, leave."""
        self.stopping.set()
        if self.scheduler.running and self._closing is None:
            self._closing = threading.Thread(target=self.scheduler.shutdown, kwargs={"wait": True})
            self._closing.start()

    def beat(self) -> None:
        """Write the sign of life; a database that is away is tried again next time."""
        try:
            with system_scope("scheduler: heartbeat", via="job") as s:
                new = insert(Heartbeat).values(name=self.name, started_at=self.started_at, beat_at=clock_now(),
                                               ticked_at=self.ticked_at, interval_seconds=self.interval, working_on=self.working_on)
                s.execute(new.on_conflict_do_update(index_elements=["name"], set_={
                    "beat_at": new.excluded.beat_at, "ticked_at": new.excluded.ticked_at, "working_on": new.excluded.working_on}))
                s.execute(delete(Heartbeat).where(Heartbeat.beat_at < clock_now() - FORGET))
        except Exception:
            log.exception("heartbeat could not be written")

    def tick(self) -> dict[str, int]:
        """One round: deliver the outbox, then run everything due. Never raises."""
        counts: dict[str, int] = {}
        try:
            self._deliver()
            counts = control.run_due(clock_now(), stop=self.stopping, say=self._working)
            self.ticked_at = clock_now()
        except Exception:
            log.exception("this round failed; the next one tries again")
        finally:
            self.working_on = None
        if counts:
            log.info("round: %s", ", ".join(f"{n} {state}" for state, n in sorted(counts.items())))
        return counts

    def _working(self, text: str) -> None:
        self.working_on = text[:200]

    def _deliver(self) -> None:
        from parkops import outbox

        try:
            outbox.deliver_each(limit=200)
        except Exception:
            log.exception("the outbox could not be delivered in this round")


def main() -> int:
    """Boot, ring until SIGTERM or SIGINT."""
    logging.basicConfig(level=config().log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    runtime = Runtime()
    signal.signal(signal.SIGTERM, runtime.stop)
    signal.signal(signal.SIGINT, runtime.stop)
    runtime.boot()
    if not runtime.stopping.is_set():
        runtime.start()
    return 0
