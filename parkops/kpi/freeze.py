"""Freezing a period: the figures that were reported stay what they were, with the records behind them; corrections after
that show as a delta. The database refuses to change or delete a frozen row."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from ..clock import Period
from ..db import audit
from ..db.session import scope_of
from ..errors import Conflict, NotFound, Problems, Refused
from ..i18n import _l
from ..security import access
from . import engine
from .catalogue import all_kpis, kpi_of
from .drill import drill_select, has_drill, hash_of
from .figures import Figure
from .models import KpiFreeze, KpiSnapshot, KpiValue
from .registry import Kpi, Window

RESOURCE = "core.kpi"
KEEP_IDS = 20_000  # above this only the number and the hash of the records are kept


@dataclass(frozen=True)
class Reopened:
    """A frozen figure beside today's. added/removed: records that would come or go; None when only the hash was kept."""

    kpi: Kpi
    frozen: Figure
    live: Figure
    same_records: bool | None
    added: list[int] | None
    removed: list[int] | None


def freeze(session: Any, period: Period, *, park_id: int, reason: str, today: date, at: datetime) -> KpiFreeze:
    """Compute the period once more and keep it for good. Needs act on core.kpi.

    Problems: the period has not ended, no reason, an indicator cannot be computed. Conflict: frozen already."""
    access.require(session, RESOURCE, "act")
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such park among yours."))
    problems = Problems()
    if period.end > today:
        problems.add("core.kpi_open", _l("%(period)s has not ended; freeze it after its last day.", period=period.key), "period")
    if not (reason or "").strip():
        problems.add("core.kpi_reason", _l("Say why the period is frozen, e.g. which report was sent."), "reason")
    elif len(reason) > 500:
        problems.add("core.kpi_reason", _l("The reason is too long; use at most 500 characters."), "reason")
    problems.stop()
    if frozen(session, period, park_id) is not None:
        raise Conflict(_l("%(period)s is frozen already.", period=period.key))
    done = engine.compute(session, period, park_id=park_id, today=today)
    if done.failed:
        raise Refused(_l("These indicators cannot be computed, so the period cannot be frozen: %(codes)s.",
                         codes=", ".join(sorted(done.failed))))
    rows = _rows(session, period, park_id, today)
    head = KpiFreeze(park_id=park_id, grain=period.grain, period_start=period.start, period_key=period.key, frozen_at=at,
                     frozen_by=scope_of(session).user_name, reason=reason.strip(), hash=digest(park_id, period.key, rows))
    try:
        with session.begin_nested():
            session.add(head)
            session.flush()
    except IntegrityError:
        raise Conflict(_l("%(period)s is frozen already.", period=period.key)) from None
    if rows:
        session.execute(insert(KpiSnapshot), [{**r, "park_id": park_id, "freeze_id": head.id} for r in rows])
    audit.event(session, "kpi_freeze", {"period": period.key, "figures": len(rows), "hash": head.hash}, resource="core.kpi",
                record_id=head.id, label=period.key, park_id=park_id)
    return head


def frozen(session: Any, period: Period, park_id: int) -> KpiFreeze | None:
    """The freeze of a period, or None."""
    return session.scalars(select(KpiFreeze).where(KpiFreeze.park_id == park_id, KpiFreeze.grain == period.grain,
                                                   KpiFreeze.period_start == period.start)).one_or_none()


def frozen_parks(session: Any, period: Period) -> set[int]:
    """Ids of the parks in scope whose period is frozen."""
    return set(session.scalars(select(KpiFreeze.park_id).where(KpiFreeze.grain == period.grain, KpiFreeze.period_start == period.start)))


def _rows(session: Any, period: Period, park_id: int, today: date) -> list[dict[str, Any]]:
    """Every current figure of the park and period with the records behind it."""
    kpis, out = all_kpis(), []
    values = session.execute(select(KpiValue.code, KpiValue.kpi_version, KpiValue.key, KpiValue.numerator, KpiValue.denominator).where(
        KpiValue.park_id == park_id, KpiValue.grain == period.grain, KpiValue.period_start == period.start)
        .order_by(KpiValue.code, KpiValue.key))
    for v in values:
        kpi = kpis.get(v.code)
        if kpi is None or kpi.version != v.kpi_version:
            continue
        ids = _ids(session, kpi, Window(period, today), park_id, v.key)
        out.append({"code": v.code, "kpi_version": v.kpi_version, "key": v.key, "numerator": v.numerator, "denominator": v.denominator,
                    "drill_count": None if ids is None else len(ids), "drill_hash": None if ids is None else hash_of(ids),
                    "drill_ids": ids if ids is not None and len(ids) <= KEEP_IDS else None})
    return out


def _ids(session: Any, kpi: Kpi, window: Window, park_id: int, key: str) -> list[int] | None:
    if not has_drill(kpi) or (key and "key" not in kpi.drill(window).selected_columns.keys()):  # type: ignore[misc]
        return None
    return list(session.scalars(select(drill_select(kpi, window, park_id, key).subquery().c.id).order_by("id")))


def digest(park_id: int, period_key: str, rows: list[dict[str, Any]]) -> str:
    """SHA-256 over the frozen figures in a fixed order."""
    names = ("code", "kpi_version", "key", "numerator", "denominator", "drill_count", "drill_hash")
    text = json.dumps([park_id, period_key, [[r[n] for n in names] for r in sorted(rows, key=lambda r: (r["code"], r["key"]))]],
                      ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def reopen(session: Any, head: KpiFreeze, code: str, *, today: date, key: str = "") -> Reopened:
    """A past number and its records beside what counting again gives now. Needs read on core.kpi and on the records."""
    access.require(session, RESOURCE, "read")
    kpi = kpi_of(code)
    row = session.scalars(select(KpiSnapshot).where(KpiSnapshot.freeze_id == head.id, KpiSnapshot.code == code,
                                                    KpiSnapshot.key == key)).one_or_none()
    if row is None:
        raise NotFound(_l("This indicator was not part of the freeze."))
    window = Window(Period.of(head.grain, head.period_start), today)
    live = engine.measured_now(session, kpi, window, head.park_id, key)
    ids = None
    if row.drill_hash is not None:
        access.require(session, kpi.resource or RESOURCE, "read")
        ids = _ids(session, kpi, window, head.park_id, key)
    then, now = set(row.drill_ids or ()), set(ids or ())
    kept = row.drill_ids is not None and ids is not None
    return Reopened(kpi, Figure(row.numerator, row.denominator), live,
                    None if row.drill_hash is None or ids is None else hash_of(ids) == row.drill_hash,
                    sorted(now - then) if kept else None, sorted(then - now) if kept else None)


def differences(session: Any) -> list[str]:
    """For `parkops check`: freezes whose rows no longer give their hash, one sentence each."""
    out = []
    for head in session.scalars(select(KpiFreeze).order_by(KpiFreeze.id)):
        rows = [{"code": r.code, "kpi_version": r.kpi_version, "key": r.key, "numerator": r.numerator, "denominator": r.denominator,
                 "drill_count": r.drill_count, "drill_hash": r.drill_hash}
                for r in session.scalars(select(KpiSnapshot).where(KpiSnapshot.freeze_id == head.id))]
        if digest(head.park_id, head.period_key, rows) != head.hash:
            out.append(f"the frozen figures of {head.period_key} in park {head.park_id} do not match their hash")
    return out
