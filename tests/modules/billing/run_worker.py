"""The work of a process that the test of G10 kills: a month's run in small steps, saying how far it is after each.

Forked, not started: a start would cost more than the run. The child leaves by `os._exit` or by the kill."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import func, literal, select, text

from modules.billing.models.catalogue import ChargeItem
from modules.billing.services import runs
from modules.billing.signals.collect import collect
from modules.tenants.models.firm import Firm
from parkops.db import session as db

Say = Callable[[str], None]


def in_child(work: Callable[[Say], None], stop_after: int | None = None, rng: random.Random | None = None) -> tuple[int, list[str]]:
    """Run `work` in a forked process; kill it after so many lines (and up to 20 ms later). Returns (exit status, lines)."""
    db.dispose()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            work(lambda line: os.write(writing, (line + "\n").encode()))
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    lines: list[str] = []
    with os.fdopen(reading) as stream:
        for line in stream:
            lines.append(line.strip())
            if stop_after is not None and len(lines) > stop_after:
                if rng is not None:
                    time.sleep(rng.random() * 0.02)
                os.kill(child, signal.SIGKILL)
                break
    return os.waitpid(child, 0)[1], lines


def run_month(park: int, month: date, say: Say) -> None:
    """Start, draft and post the run of a month in batches of 15."""
    for fn in collect.receivers():
        collect.disconnect(fn)

    def answer(session: Any, park_id: int, month: date, **_more: Any) -> Any:
        item = select(ChargeItem.id).where(ChargeItem.code == "rent").scalar_subquery()
        return select(
            (literal(f"run:{month}:") + func.to_char(Firm.id, "FM999999999")).label("key"),
            Firm.id.label("firm_id"),
            item.label("item_id"),
            literal("run").label("source"),
            Firm.id.label("source_id"),
            literal(month).label("period_from"),
            literal(month).label("period_to"),
            literal(month).label("due_on"),
            literal(10900).label("amount"),
        ).where(Firm.name.like("run firm %"))

    collect.connect(answer)
    with db.system_scope("worker", park_id=park) as s:
        run_id = runs.start_run(s, month=month, issued_on=month, park_id=park).id
        say("counted")
    with db.system_scope("worker", park_id=park) as s:
        made = runs.draft_run(s, s.get(runs.BillRun, run_id)).state != "collected"
        say("before the commit of the drafts")
    say("drafted")
    left = int(made)  # a month that was finished before has nothing to draft
    while left:
        with db.system_scope("worker", park_id=park) as s:
            left = runs.post_next(s, s.get(runs.BillRun, run_id), size=15)
            say("before the commit of a batch")
        say(f"left {left}")


def naive(month: date, say: Say, halt: int | None = None) -> None:
    """Control: what a plain loop does, each step on its own; stands still after the debit of the firm number `halt`."""
    with db.engine(owner=True).connect() as c:
        for n, firm in enumerate(c.execute(text("select id from tenants_firm where name like 'run firm %' order by id")).scalars().all()):
            values = {"f": firm, "m": month}
            c.execute(text("insert into naive_bill (firm_id, month) values (:f, :m)"), values)
            c.commit()
            c.execute(text("insert into naive_entry (firm_id, side, amount) values (:f, 'debit', 1)"), values)
            c.commit()
            if n == halt:
                say("debit")
                signal.pause()
            c.execute(text("insert into naive_entry (firm_id, side, amount) values (:f, 'credit', 1)"), values)
            c.commit()
