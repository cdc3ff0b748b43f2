"""The monthly bill run of a park: collect, look at the exceptions, draft, post. Rules B-20 to B-25 of the README.

Collecting writes nothing but counts. Drafting is one transaction: all bills and lines, or none. Posting goes in batches, each
complete in itself, so that an interrupted run goes on where it stopped; a run that is repeated makes nothing. One open run per
park and month (unique index): two clerks get the same one."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from parkops.clock import now
from parkops.db import audit
from parkops.db.session import scope_of, unprepared
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from ..models.bill import Bill, BillRun
from . import charges, posting, run_exceptions, run_lines

BATCH = 2500  # a second or two of work; the page shows progress after each
OPEN = ("collected", "drafted", "posting")


def start_run(session: Any, *, month: date, issued_on: date | None = None, park_id: int | None = None) -> BillRun:
    """The open run of the month, or a new one; counted anew while nothing is drafted (B-20). `issued_on`: the bills' date."""
    access.require(session, "billing.bill_run", "add")
    park, month = park_id or scope_of(session).park_id, month.replace(day=1)
    if park is None or not scope_of(session).sees(park):
        raise NotFound(_l("There is no such record in your parks."))
    _make_sure(session, park, month, issued_on)
    run = session.scalars(
        select(BillRun)
        .where(BillRun.park_id == park, BillRun.month == month, BillRun.state.in_(OPEN))
        .with_for_update(of=BillRun)
        .execution_options(populate_existing=True)
    ).one()
    if run.state == "collected":
        if issued_on is not None:
            run.issued_on = issued_on
        collect_run(session, run)
    return run


def _make_sure(session: Any, park: int | None, month: date, issued_on: date | None) -> None:
    """A month has one open run. The index's condition stands as text: with parameters a plan kept by the server cannot prove it."""
    new = pg_insert(BillRun.__table__).values(
        park_id=park, month=month, issued_on=issued_on or month, state="collected", started_by=scope_of(session).user_name
    )
    session.execute(new.on_conflict_do_nothing(
        index_elements=["park_id", "month"], index_where=text("state IN ('collected', 'drafted', 'posting')")))


def collect_run(session: Any, run: BillRun) -> BillRun:
    """Count what the run would bill and what keeps lines from it (B-21). Writes nothing else."""
    access.require(session, "billing.bill_run", "change")
    run = _locked(session, run)
    _in_state(run, ("collected",))
    with unprepared(session):
        lines = run_lines.gather(session, run)
        found = run_exceptions.find(session, run, lines)
        counts = run_lines.totals(session, run, lines, run_exceptions.blocked(lines, found))
    run.charges, run.drafts, run.gross, run.exceptions = counts.lines, counts.bills, counts.gross, len(found)
    run.detail = {"waiting": counts.waiting, "exceptions": [e.as_json() for e in found[: run_exceptions.SHOWN]]}
    session.flush()
    return run


def draft_run(session: Any, run: BillRun) -> BillRun:
    """Make the drafts with their lines in one go (B-22). A run that has drafts is left as it is."""
    access.require(session, "billing.bill_run", "change")
    run = _locked(session, run)
    if run.state in ("drafted", "posting"):
        return run
    _in_state(run, ("collected",))
    charges.lock(session, run.park_id)
    with unprepared(session):
        lines = run_lines.gather(session, run)
        found = run_exceptions.find(session, run, lines)
        made = run_lines.write(session, run, lines, run_exceptions.blocked(lines, found))
    run.charges, run.drafts, run.gross, run.exceptions = made.lines, made.bills, made.gross, len(found)
    run.detail = {"waiting": made.waiting, "exceptions": [e.as_json() for e in found[: run_exceptions.SHOWN]]}
    run.state = "drafted" if made.bills else "collected"
    audit.bulk(
        session,
        Bill,
        "generate",
        made.bills,
        {"run": run.id, "month": run.month.isoformat(), "lines": made.lines, "gross": str(made.gross), "exceptions": len(found)},
        run.park_id,
    )
    session.flush()
    return run


def generate(session: Any, *, month: date, issued_on: date | None = None, park_id: int | None = None) -> BillRun:
    """Collect and draft in one step: the automatic run and who needs no preview."""
    access.require(session, "billing.bill_run", "add")
    park = park_id or scope_of(session).park_id
    month = month.replace(day=1)
    _make_sure(session, park, month, issued_on)
    run = session.scalars(select(BillRun).where(BillRun.park_id == park, BillRun.month == month, BillRun.state.in_(OPEN))).one()
    return draft_run(session, run)


def post_next(session: Any, run: BillRun, *, size: int = BATCH) -> int:
    """Post the next drafts of the run and return how many are left (B-23). The caller commits after each call."""
    access.require(session, "billing.bill_run", "act")
    run = _locked(session, run)
    _in_state(run, ("drafted", "posting", "posted"))
    if run.state == "posted":
        return 0
    ids = list(
        session.scalars(
            select(Bill.id).where(Bill.park_id == run.park_id, Bill.run_id == run.id, Bill.state == "draft").order_by(Bill.id).limit(size)
        )
    )
    if ids:
        with unprepared(session):
            run.posted += posting.post_bills(session, park_id=run.park_id, bills=ids, on=run.issued_on)
    left = drafts_left(session, run)
    run.state = "posting" if left else "posted"
    run.finished_at = None if left else now()
    session.flush()
    return left


def drafts_left(session: Any, run: BillRun) -> int:
    """How many drafts of the run wait to be posted."""
    return (
        session.scalar(
            select(func.count()).select_from(Bill).where(Bill.park_id == run.park_id, Bill.run_id == run.id, Bill.state == "draft")
        )
        or 0
    )


def void_run(session: Any, run: BillRun) -> BillRun:
    """Throw away the drafts of a run (B-24). What is posted stays; a run with posted bills ends there."""
    access.require(session, "billing.bill_run", "remove")
    run = _locked(session, run)
    _in_state(run, OPEN)
    charges.lock(session, run.park_id)
    drafts = select(Bill.id).where(Bill.park_id == run.park_id, Bill.run_id == run.id, Bill.state == "draft")
    charges.free_lines(session, drafts)
    gone = session.execute(Bill.__table__.delete().where(Bill.__table__.c.id.in_(drafts))).rowcount
    session.expire_all()
    run = _locked(session, run)
    run.state, run.finished_at, run.drafts = ("posted" if run.posted else "voided"), now(), run.posted
    audit.bulk(session, Bill, "void", gone, {"run": run.id, "month": run.month.isoformat()}, run.park_id)
    session.flush()
    return run


def progress(session: Any, run: BillRun) -> dict[str, Any]:
    """The figures of the result sheet, counted from the bills themselves."""
    rows = session.execute(
        select(Bill.state, func.count(), func.coalesce(func.sum(Bill.gross), 0))
        .where(Bill.park_id == run.park_id, Bill.run_id == run.id)
        .group_by(Bill.state)
    ).all()
    found = {state: (count, gross or ZERO) for state, count, gross in rows}
    done = sum(count for state, (count, _g) in found.items() if state != "draft")
    return {
        "state": run.state,
        "total": sum(c for c, _g in found.values()),
        "posted": done,
        "left": found.get("draft", (0, ZERO))[0],
        "gross": sum((g for _c, g in found.values()), ZERO),
    }


def _locked(session: Any, run: BillRun) -> BillRun:
    return session.scalars(
        select(BillRun).where(BillRun.id == run.id).with_for_update(of=BillRun).execution_options(populate_existing=True)
    ).one()


def _in_state(run: BillRun, states: tuple[str, ...]) -> None:
    problems = Problems()
    if run.state not in states:
        problems.add("billing.B-25", _l("The run of %(month)s has gone on meanwhile. Load the page again.", month=f"{run.month:%Y-%m}"))
    problems.stop()


__all__ = ["collect_run", "draft_run", "generate", "post_next", "progress", "start_run", "void_run"]
