"""The jobs of recognition: an assessment kept each month per carrier, to-dos before a recognition ends and when a gate is lost.
Rules R-123 to R-125."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import CARRIER_LEVELS, Carrier, CarrierRecognition
from parkops import todos
from parkops.i18n import _

from ..kpis.ratings import BASIC
from ..models.assessment import RecognitionAssessment
from . import recognition

A = RecognitionAssessment
AHEAD = timedelta(days=180)


def keep_monthly(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """R-123: one assessment per carrier, basic rule set and month; a month that has one is left as it is. Sets that are unverified or not
    in force on the day decide nothing and are left out."""
    first = on.replace(day=1)
    have = set(session.execute(select(A.carrier_id, A.rule_set).where(A.on_date >= first, A.on_date <= on)).tuples())
    sets = [s for s in recognition.rule_sets(session, on) if s.key in BASIC and s.provenance != "R"]
    kept = left = 0
    for carrier in recognition.carriers_on(session, on):
        if park_id is not None and carrier.park_id != park_id:
            continue
        for rule_set in recognition.fitting(sets, carrier):
            if (carrier.id, rule_set.key) in have:
                left += 1
                continue
            recognition.keep_assessment(session, carrier, rule_set=rule_set.key, on=on)
            kept += 1
    return {"kept": kept, "left": left}


def remind(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """R-124: one to-do per recognition that ends within 180 days. R-125: one per carrier and month whose newest assessment fails after
    one that passed, with what is missing."""
    return {"ending": _ending(session, on, park_id), "lost": _lost(session, on, park_id)}


def _ending(session: Any, on: date, park_id: int | None) -> int:
    r, known, made = CarrierRecognition, _known(session, "ratings.ending:"), 0
    query = (
        select(r, Carrier).join(Carrier, Carrier.id == r.carrier_id).where(r.valid_to.between(on, on + AHEAD)).order_by(r.valid_to, r.id)
    )
    for row, carrier in session.execute(query if park_id is None else query.where(r.park_id == park_id)):
        key = f"ratings.ending:{row.id}"
        if key not in known:
            text = _(
                "%(carrier)s: %(level)s ends on %(day)s; prepare the renewal",
                carrier=carrier.name,
                level=CARRIER_LEVELS.label(row.level),
                day=row.valid_to,
            )
            todos.add(session, carrier, text[:300], row.valid_to, key=key)
            made += 1
    return made


def _lost(session: Any, on: date, park_id: int | None) -> int:
    known, made = _known(session, "ratings.lost:"), 0
    for before, now in _pairs(session, on, park_id):
        key = f"ratings.lost:{now.carrier_id}:{now.rule_set}:{now.on_date:%Y-%m}"
        if before.verdict == "pass" and now.verdict == "fail" and key not in known:
            text = _(
                "%(carrier)s no longer meets %(rules)s: %(missing)s",
                carrier=now.carrier.name,
                rules=now.rule_set,
                missing=now.missing or "—",
            )
            todos.add(session, now.carrier, text[:300], on, key=key)
            made += 1
    return made


def _pairs(session: Any, on: date, park_id: int | None) -> list[tuple[RecognitionAssessment, RecognitionAssessment]]:
    """Per carrier and basic set the newest assessment with the one before it."""
    query = select(A).where(A.rule_set.in_(BASIC), A.on_date <= on, A.on_date > on - timedelta(days=400)).order_by(A.on_date, A.id)
    rows: dict[tuple[int, str], list[RecognitionAssessment]] = {}
    for a in session.scalars(query if park_id is None else query.where(A.park_id == park_id)):
        rows.setdefault((a.carrier_id, a.rule_set), []).append(a)
    return [(found[-2], found[-1]) for found in rows.values() if len(found) > 1]


def _known(session: Any, prefix: str) -> set[str]:
    return set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like(f"{prefix}%"))))


__all__ = ["keep_monthly", "remind"]
