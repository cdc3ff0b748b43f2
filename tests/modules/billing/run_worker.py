"""A process that runs a month in small steps and says after each commit how far it is, so that a test can kill it there.

    run_worker.py PARK 2026-01 [naive]

`naive` is the control: one commit per bill and no key, number by count, entry in a transaction of its own."""

from __future__ import annotations

import os
import sys
from datetime import date

os.environ.setdefault("PARKOPS_TESTING", "1")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    park, month = int(sys.argv[1]), date.fromisoformat(sys.argv[2] + "-01")
    from parkops.registry import discover, registry

    registry().load(list(discover()))
    if len(sys.argv) > 3:
        naive(park, month)
        return
    from sqlalchemy import func, literal, select

    from modules.billing.models.catalogue import ChargeItem
    from modules.billing.services import runs
    from modules.billing.signals.collect import collect
    from modules.tenants.models.firm import Firm
    from parkops.db.session import system_scope

    for fn in collect.receivers():
        collect.disconnect(fn)

    def answer(session, park_id, month, **_more):
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
    say("loaded")
    with system_scope("worker", park_id=park) as s:
        run = runs.start_run(s, month=month, issued_on=month, park_id=park)
        run_id = run.id
        say("counted")
    say("started")
    with system_scope("worker", park_id=park) as s:
        runs.draft_run(s, s.get(runs.BillRun, run_id))
        say("before commit of drafts")
    say("drafted")
    left = 1
    while left:
        with system_scope("worker", park_id=park) as s:
            left = runs.post_next(s, s.get(runs.BillRun, run_id), size=15)
            say("before commit of a batch")
        say(f"left {left}")


def naive(park: int, month: date) -> None:
    """What a plain loop does: look, insert, post, each on its own."""
    from sqlalchemy import text

    from parkops.db.session import engine

    say("loaded")
    with engine(owner=True).connect() as c:
        firms = list(c.execute(text("select id from tenants_firm where name like 'run firm %' order by id")).scalars())
        for firm in firms:
            c.execute(
                text("insert into naive_bill (firm_id, month, number) select :f, :m, count(*) + 1 from naive_bill"), {"f": firm, "m": month}
            )
            c.commit()
            say("bill")
            c.execute(text("insert into naive_entry (firm_id, month, side, amount) values (:f, :m, 'debit', 1)"), {"f": firm, "m": month})
            c.commit()
            say("debit")
            c.execute(text("insert into naive_entry (firm_id, month, side, amount) values (:f, :m, 'credit', 1)"), {"f": firm, "m": month})
            c.commit()
            say("credit")


main()
