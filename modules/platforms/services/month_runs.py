"""The month run of a park: price every event of the month in one go; billing's run collects what it comes to. Rules U-30 to U-34.

A dry run does exactly the same in a savepoint that is given back. Running again prices what came since and, anew, what stands on no
bill yet, so that the month comes out as if priced in one go; what stands on a bill keeps its price. Voiding takes the prices of a run
back while no line of it stands on a bill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, and_, cast, func, select, update

from modules.billing.models.charge import Charge
from modules.billing.services.temporary import many_rows
from modules.tenants.models.firm import Firm
from parkops import settings
from parkops.clock import Period, now
from parkops.db import audit
from parkops.db.session import scope_of, unprepared
from parkops.errors import NotFound, Problems
from parkops.i18n import _l
from parkops.money import ZERO
from parkops.security import access

from ..models.event import UsageEvent
from ..models.project import PayingProject
from ..models.run import MonthRun
from . import pricing_sql, rights, run_exceptions, voucher_uses
from .reversed_bills import charge_key

RESOURCE = "platforms.month_run"
SOURCE = "platforms.event"
LOCK = 7_215_102 << 32  # advisory lock of a park's month runs
SHOWN = 200
PRICE = ("gross", "discount", "entitled", "waived", "net")


@dataclass(frozen=True)
class Preview:
    """What a run would do: totals in yuan, one row per payer, exceptions."""

    month: date
    events: int
    totals: dict[str, Decimal]
    payers: list[dict[str, Any]]
    exceptions: list[run_exceptions.Waiting] = field(default_factory=list)
    vouchers: list[voucher_uses.Offset] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For REST."""
        return {
            "month": f"{self.month:%Y-%m}", "events": self.events, "totals": {k: str(v) for k, v in self.totals.items()},
            "payers": [{k: str(v) if isinstance(v, Decimal) else v for k, v in p.items()} for p in self.payers],
            "exceptions": [e.as_json() for e in self.exceptions], "vouchers": [v.as_json() for v in self.vouchers],
        }


def park_of(session: Any, park_id: int | None) -> int:
    """The park asked for, or the current one; it must be one of the session's."""
    park = park_id or scope_of(session).park_id
    if park is None or not scope_of(session).sees(park):
        raise NotFound(_l("There is no such record in your parks."))
    return park


def states(session: Any, park_id: int) -> tuple[str, ...]:
    """In which states events are priced (U-31)."""
    wait = settings.get(session, "platforms.validate_events", park_id)
    return pricing_sql.BILLABLE if wait else (*pricing_sql.BILLABLE, "done")


def live_run(session: Any, park_id: int, month: date) -> MonthRun | None:
    """The run whose prices hold."""
    return session.scalars(
        select(MonthRun).where(MonthRun.park_id == park_id, MonthRun.month == month, MonthRun.state == "priced")
        .execution_options(populate_existing=True)).one_or_none()


def dry_run(session: Any, *, month: date, park_id: int | None = None) -> Preview:
    """What the run would price now, and what keeps events from it; nothing stays of it (U-30)."""
    access.require(session, RESOURCE, "read")
    park, month = park_of(session, park_id), month.replace(day=1)
    session.flush()
    with _given_back(session):
        run = MonthRun(park_id=park, month=month, state="voided", started_by="-")
        session.add(run)
        session.flush()
        found, _changed = _price(session, park, month, run.id)
        figures = _summary(session, park, month, run.id)
        offsets, waiting = voucher_uses.settle(session, park, month, dry=True)
        preview = Preview(month, *figures, found + waiting, offsets)
    return preview


@contextmanager
def _given_back(session: Any) -> Iterator[None]:
    """Whatever happens inside is undone."""
    point = session.begin_nested()
    try:
        yield
    finally:
        point.rollback()
        session.expire_all()


def price_month(session: Any, *, month: date, park_id: int | None = None) -> MonthRun:
    """Price what waits in the month (U-31) and anew what stands on no bill (U-32); the month's live run is gone on with. Running again
    changes nothing."""
    access.require(session, RESOURCE, "add")
    park, month = park_of(session, park_id), month.replace(day=1)
    run = _run_of(session, park, month)
    found, changed = _price(session, park, month, run.id)
    count(session, run)
    offsets, waiting = voucher_uses.settle(session, park, month)
    found += waiting
    if changed:
        run.finished_at = now()
        audit.bulk(session, UsageEvent, "price", changed, {"run": run.id, "month": month.isoformat()}, park)
    run.exceptions = len(found)
    run.detail = {"exceptions": [e.as_json() for e in found[:SHOWN]], "vouchers": [v.as_json() for v in offsets[:SHOWN]]}
    session.flush()
    return run


def reprice(session: Any, event: UsageEvent) -> None:
    """Price one event anew, in its month's run, and with it what stands on no bill (U-56, U-32). The caller has checked who may."""
    month = event.ended_on.replace(day=1)
    run = _run_of(session, event.park_id, month)
    _price(session, event.park_id, month, run.id, only=event.id)
    count(session, run)
    voucher_uses.settle(session, event.park_id, month)
    session.flush()
    session.refresh(event)


def unprice(session: Any, event: UsageEvent) -> None:
    """Take the price of one event back; its run counts without it."""
    run = session.get(MonthRun, event.run_id) if event.run_id else None
    for name in (*PRICE, "run_id", "rate_id"):
        setattr(event, name, None)
    session.flush()
    if run is not None:
        count(session, run)
        session.flush()


def _run_of(session: Any, park: int, month: date) -> MonthRun:
    """The month's live run, made when there is none; others wait until this transaction ends."""
    session.flush()
    session.execute(select(func.pg_advisory_xact_lock(cast(LOCK + park, BigInteger))))
    run = live_run(session, park, month)
    if run is None:
        run = MonthRun(park_id=park, month=month, started_by=scope_of(session).user_name)
        session.add(run)
        session.flush()
    return run


def count(session: Any, run: MonthRun) -> None:
    """The run's figures from its events."""
    e, sums = UsageEvent, [func.sum(getattr(UsageEvent, n)).label(n) for n in PRICE]
    each = (select(e.project_id, func.count().label("events"), *sums).select_from(e).where(_of_run(run.park_id, run.month, run.id))
            .group_by(e.project_id).subquery("each"))
    payer = func.coalesce(PayingProject.payer_id, PayingProject.firm_id)
    query = select(
        func.coalesce(func.sum(each.c.events), 0).label("events"), func.count(payer.distinct()).label("firms"),
        *(func.coalesce(func.sum(each.c[n]), 0, type_=e.net.type).label(n) for n in PRICE)
    ).select_from(each).join(PayingProject, PayingProject.id == each.c.project_id)
    with unprepared(session), many_rows(session):
        one = session.execute(query).one()
    run.events, run.firms = int(one.events), one.firms
    for name in PRICE:
        setattr(run, name, getattr(one, name) or ZERO)


def _of_run(park: int, month: date, run_id: int) -> Any:
    """Events a run priced: they end in its month (the index is by day)."""
    e = UsageEvent
    return and_(e.park_id == park, e.run_id == run_id, e.ended_on >= month, e.ended_on < Period.month(month).end)


def _price(session: Any, park: int, month: date, run_id: int, only: int | None = None) -> tuple[list[run_exceptions.Waiting], int]:
    """Prepare, cover by rights, write; returns what waits and how many prices are new or others."""
    no_shows = run_exceptions.no_shows(session, park, month) if only is None else []
    bound = pricing_sql.values(park, month, Period.month(month).end, states(session, park), only)
    with unprepared(session), many_rows(session):
        pricing_sql.prepare(session, bound)
        pricing_sql.put_rights(session, rights.shares(session, park, month))
        unrated = pricing_sql.unrated(session, bound)
        changed = pricing_sql.write(session, bound, run_id)
        if only is not None:
            return [], changed
        found = run_exceptions.find(session, park, month, unrated)
        return found + no_shows + run_exceptions.over_cap(session, park, month, run_id), changed


def _summary(session: Any, park: int, month: date, run_id: int) -> tuple[int, dict[str, Decimal], list[dict[str, Any]]]:
    """Events, totals and one row per payer of a run."""
    mine = _of_run(park, month, run_id)
    sums = [func.coalesce(func.sum(getattr(UsageEvent, n)), 0, type_=UsageEvent.net.type).label(n) for n in PRICE]
    one = session.execute(select(func.count(UsageEvent.id).label("events"), *sums).where(mine)).one()
    totals = {n: getattr(one, n) or ZERO for n in PRICE}
    payer = func.coalesce(PayingProject.payer_id, PayingProject.firm_id)
    query = (
        select(Firm.id.label("firm_id"), Firm.name.label("firm"), func.count(UsageEvent.id).label("events"), *sums)
        .select_from(UsageEvent).join(PayingProject, PayingProject.id == UsageEvent.project_id).join(Firm, Firm.id == payer)
        .where(mine).group_by(Firm.id, Firm.name).order_by(func.sum(UsageEvent.net).desc(), Firm.id))
    return one.events, totals, [dict(r) for r in session.execute(query).mappings()]


def why_not_void(session: Any, run: MonthRun) -> str | None:
    """U-33: what stands on a bill keeps its price."""
    if run.state != "priced":
        return str(_l("The run of %(month)s is voided already.", month=f"{run.month:%Y-%m}"))
    if on_bills(session, run):
        return str(_l("Lines of this run stand on bills. Throw the draft bills away first; correct posted ones by adjustments."))
    return voucher_uses.why_not_take_back(session, run.park_id, run.month)


def on_bills(session: Any, run: MonthRun) -> int:
    """How many lines of the run billing has taken."""
    return session.scalar(
        select(func.count(Charge.id)).join(UsageEvent, UsageEvent.id == Charge.source_id)
        .where(Charge.park_id == run.park_id, Charge.source == SOURCE, Charge.key == charge_key(), UsageEvent.park_id == run.park_id,
               UsageEvent.run_id == run.id)) or 0


def void_run(session: Any, run: MonthRun, *, reason: str) -> MonthRun:
    """Take the prices of a run back (U-33); the next run prices the month anew."""
    access.require(session, RESOURCE, "remove")
    session.execute(select(func.pg_advisory_xact_lock(cast(LOCK + run.park_id, BigInteger))))
    session.refresh(run)
    problems = Problems()
    if not (reason or "").strip():
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    if why := why_not_void(session, run):
        problems.add("platforms.U-33", why)
    problems.stop()
    empty = dict.fromkeys((*PRICE, "run_id", "rate_id"))
    session.execute(update(UsageEvent).where(UsageEvent.park_id == run.park_id, UsageEvent.run_id == run.id)
                    .values(**empty, version=UsageEvent.version + 1).execution_options(synchronize_session=False))
    voucher_uses.take_back(session, run.park_id, run.month, reason.strip())
    run.state, run.finished_at = "voided", now()
    run.detail = {**(run.detail or {}), "void": {"by": scope_of(session).user_name, "reason": reason.strip()}}
    audit.bulk(session, UsageEvent, "void", run.events, {"run": run.id, "month": run.month.isoformat()}, run.park_id)
    session.flush()
    session.expire_all()
    return run
