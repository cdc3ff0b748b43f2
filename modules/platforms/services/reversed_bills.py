"""A bill that was wholly reversed frees its events: they lose their price and may be priced and billed anew (U-35)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, case, cast, func, literal, select, update

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from parkops.db import audit

from ..models.event import UsageEvent
from ..models.run import MonthRun

SOURCE = "platforms.event"


def charge_key(e: Any = UsageEvent) -> Any:
    """`UsageEvent.charge_key` in SQL."""
    plain = literal(SOURCE + ":") + cast(e.id, String)
    return case((e.reversals > 0, plain + ":" + cast(e.reversals + 1, String)), else_=plain)


def free(session: Any, bill: Bill) -> int:
    """Take the prices of the bill's events back; their runs count without them. Returns how many events."""
    from . import month_runs

    on_it = select(Charge.source_id).where(
        Charge.park_id == bill.park_id, Charge.bill_id == bill.id, Charge.source == SOURCE, Charge.corrects_id.is_(None),
        Charge.key == charge_key(), Charge.source_id == UsageEvent.id).correlate(UsageEvent).exists()
    mine = (UsageEvent.park_id == bill.park_id, UsageEvent.run_id.is_not(None), on_it)
    months = sorted(session.scalars(select(func.date_trunc("month", UsageEvent.ended_on)).where(*mine).distinct()))
    if not months:
        return 0
    session.execute(select(func.pg_advisory_xact_lock(cast(month_runs.LOCK + bill.park_id, BigInteger))))
    runs = list(session.scalars(select(UsageEvent.run_id).where(*mine).distinct()))
    found = session.execute(update(UsageEvent).where(*mine).values(
        **dict.fromkeys((*month_runs.PRICE, "run_id", "rate_id")), reversals=UsageEvent.reversals + 1, version=UsageEvent.version + 1)
        .execution_options(synchronize_session=False, preserve_rowcount=True)).rowcount
    session.expire_all()
    for run in session.scalars(select(MonthRun).where(MonthRun.id.in_(runs)).order_by(MonthRun.id)):
        month_runs.count(session, run)
    session.flush()
    audit.bulk(session, UsageEvent, "free", found, {"bill": bill.id}, bill.park_id)
    return found
