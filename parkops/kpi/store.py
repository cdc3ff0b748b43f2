"""Reading figures: stored, frozen, their trend, their target. The scope confines every read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from ..clock import Period
from ..db.session import scope_of
from ..errors import NotFound, Problem, RuleError
from ..i18n import _l
from ..models import Park
from ..security import access
from .catalogue import all_kpis, kpi_of
from .figures import Figure, combine, number, part, value_of
from .models import KpiFreeze, KpiProblem, KpiSnapshot, KpiTarget, KpiValue
from .registry import DISTINCT, NONE, Kpi

RESOURCE = "core.kpi"


@dataclass(frozen=True)
class Shown:
    """A figure as shown. stored: there is a figure at all; frozen: the period is final, `live` is what recomputing gives
    today and `delta` the correction since."""

    kpi: Kpi
    period: Period
    park_id: int | None
    key: str = ""
    figure: Figure | None = None
    live: Figure | None = None
    frozen: bool = False
    computed_at: datetime | None = None
    target: Decimal | None = None

    @property
    def stored(self) -> bool:
        return self.figure is not None

    @property
    def value(self) -> Decimal | None:
        return value_of(self.kpi, self.figure)

    @property
    def live_value(self) -> Decimal | None:
        return value_of(self.kpi, self.live)

    @property
    def delta(self) -> Decimal | None:
        """What changed since the freeze; None when nothing is frozen or one of both is not reported."""
        if not self.frozen or self.value is None or self.live_value is None:
            return None
        return self.live_value - self.value

    def as_json(self, parks: dict[int, str]) -> dict[str, Any]:
        """The shape of `kpi show --json` and of the API."""
        f = self.figure or Figure(None)
        out = {"code": self.kpi.code, "period": self.period.key, "park": parks.get(self.park_id) if self.park_id else None,
               "key": self.key, "value": number(self.value), "numerator": number(part(self.kpi, f.numerator)),
               "denominator": number(part(self.kpi, f.denominator, denominator=True)), "missing": f.missing,
               "unit": self.kpi.unit, "frozen": self.frozen, "target": number(self.target)}
        if self.frozen:
            out |= {"live": number(self.live_value), "delta": number(self.delta)}
        return out


def park_codes(session: Any) -> dict[int, str]:
    """id -> code of the parks in scope."""
    scope = scope_of(session)
    query = select(Park.id, Park.code).order_by(Park.id)
    return dict(session.execute(query if scope.parks is None else query.where(Park.id.in_(tuple(scope.parks)))).all())


def figures(session: Any, codes: Iterable[str], periods: Iterable[Period], *, park_id: int | None = None, every_park: bool = False,
            keys: bool = False) -> list[Shown]:
    """Figures of several KPIs and periods: of one park, of each park (`every_park`), or (None) of all parks together.

    Together means the stored company figure for those who see every park, else the parks in scope rolled up (figures that
    must not be added up are left out). `keys` adds the split by the KPI's dimension."""
    access.require(session, RESOURCE, "read")
    kpis, wanted = [kpi_of(c) for c in codes], list(periods)
    scope = scope_of(session)
    if park_id is not None and not scope.sees(park_id):
        raise NotFound(_l("There is no such park among yours."))
    found = _read(session, kpis, wanted, keys, park_id, company=scope.parks is None and park_id is None and not every_park)
    if every_park or park_id is not None:
        picked = [s for s in found if s.park_id is not None and park_id in (None, s.park_id)]
    elif scope.parks is None:
        picked = [s for s in found if s.park_id is None]
    else:
        picked = _together(found)
    return _with_targets(session, _with_frozen(session, picked))


def _read(session: Any, kpis: list[Kpi], periods: list[Period], keys: bool, park_id: int | None, *, company: bool) -> list[Shown]:
    """Stored figures: of one park, of the company alone (its own rows, not those of 200 parks), or of every park in scope."""
    if not kpis or not periods:
        return []
    by_code, by_start = {k.code: k for k in kpis}, {(p.grain, p.start): p for p in periods}
    query = select(KpiValue.code, KpiValue.kpi_version, KpiValue.grain, KpiValue.period_start, KpiValue.park_id, KpiValue.key,
                   KpiValue.numerator, KpiValue.denominator, KpiValue.missing, KpiValue.computed_at).where(
        KpiValue.code.in_(list(by_code)), KpiValue.period_start.in_({p.start for p in periods}),
        KpiValue.grain.in_({p.grain for p in periods}))
    if not keys:
        query = query.where(KpiValue.key == "")
    if company:
        query = query.where(KpiValue.park_id.is_(None))
    elif park_id is not None:
        query = query.where(KpiValue.park_id == park_id)
    out = []
    for r in session.execute(query.order_by(KpiValue.period_start, KpiValue.park_id.nulls_first(), KpiValue.key)):
        kpi, period = by_code[r.code], by_start.get((r.grain, r.period_start))
        if period is not None and kpi.version == r.kpi_version:
            out.append(Shown(kpi, period, r.park_id, r.key, Figure(r.numerator, r.denominator, r.missing), computed_at=r.computed_at))
    order = {k.code: i for i, k in enumerate(kpis)}
    return sorted(out, key=lambda s: (order[s.kpi.code], s.period.start, s.park_id or 0, s.key))


def _together(found: list[Shown]) -> list[Shown]:
    groups: dict[tuple, list[Shown]] = {}
    for s in found:
        if s.park_id is not None:
            groups.setdefault((s.kpi.code, s.period, s.key), []).append(s)
    out = []
    for members in groups.values():
        first = members[0]
        if len(members) == 1:
            out.append(first)
        elif first.kpi.adds_up not in (DISTINCT, NONE):
            total = combine(first.kpi, [m.figure or Figure(None) for m in members], "parks")
            out.append(replace(first, park_id=None, figure=total))
    return out


def _with_frozen(session: Any, found: list[Shown]) -> list[Shown]:
    """Frozen periods show their frozen figure; what is stored now becomes `live`."""
    parks = {s.park_id for s in found if s.park_id is not None}
    if not parks:
        return found
    query = select(KpiFreeze.park_id, KpiFreeze.grain, KpiFreeze.period_start, KpiSnapshot.code, KpiSnapshot.key,
                   KpiSnapshot.numerator, KpiSnapshot.denominator).join(KpiSnapshot, KpiSnapshot.freeze_id == KpiFreeze.id).where(
        KpiFreeze.park_id.in_(parks), KpiFreeze.period_start.in_({s.period.start for s in found}),
        KpiSnapshot.code.in_({s.kpi.code for s in found}))
    fixed = {(r[0], r[1], r[2], r[3], r[4]): Figure(r[5], r[6]) for r in session.execute(query)}
    out = []
    for s in found:
        frozen = fixed.get((s.park_id, s.period.grain, s.period.start, s.kpi.code, s.key)) if s.park_id else None
        out.append(s if frozen is None else replace(s, figure=frozen, live=s.figure, frozen=True))
    return out


def _with_targets(session: Any, found: list[Shown]) -> list[Shown]:
    parks = {s.park_id for s in found if s.park_id is not None}
    if not parks:
        return found
    rows = session.execute(select(KpiTarget.park_id, KpiTarget.code, KpiTarget.grain, KpiTarget.period_start, KpiTarget.target).where(
        KpiTarget.park_id.in_(parks), KpiTarget.code.in_({s.kpi.code for s in found})))
    targets = {(r[0], r[1], r[2], r[3]): r[4] for r in rows}
    if not targets:
        return found
    return [replace(s, target=targets.get((s.park_id, s.kpi.code, s.period.grain, s.period.start))) if s.key == "" else s for s in found]


def show(session: Any, code: str, period: Period, *, park_id: int | None = None, keys: bool = False) -> list[Shown]:
    """One KPI and period: one park, or every park in scope and the company."""
    if park_id is not None:
        return figures(session, [code], [period], park_id=park_id, keys=keys)
    each = figures(session, [code], [period], every_park=True, keys=keys)
    return each + [s for s in figures(session, [code], [period], keys=keys) if s.park_id is None]


def trend(session: Any, codes: Iterable[str], until: Period, n: int, *, park_id: int | None = None) -> dict[str, list[Shown]]:
    """The last `n` periods up to `until` per KPI, oldest first; a period without a figure is there with `stored` False."""
    periods = [until]
    while len(periods) < n:
        periods.insert(0, periods[0].previous())
    kpis = [kpi_of(c) for c in codes]
    have = {(s.kpi.code, s.period): s for s in figures(session, [k.code for k in kpis], periods, park_id=park_id)}
    return {k.code: [have.get((k.code, p)) or Shown(k, p, park_id) for p in periods] for k in kpis}


def problems(session: Any) -> dict[str, KpiProblem]:
    """The latest failure per KPI code, empty when all is well."""
    access.require(session, RESOURCE, "read")
    known = set(all_kpis())
    return {p.code: p for p in session.scalars(select(KpiProblem).order_by(KpiProblem.at)) if p.code in known}


def set_target(session: Any, code: str, period: Period, *, park_id: int, target: Decimal | None) -> KpiTarget | None:
    """Set (or with None remove) what a park wants to reach, as shown; percent as a fraction. Needs act on core.kpi."""
    access.require(session, RESOURCE, "act")
    kpi = kpi_of(code)
    if target is not None and (abs(target) >= Decimal(10) ** 14 or target != target.quantize(Decimal("0.0001"))):
        raise RuleError([Problem("core.kpi_target", _l("Write a target with at most four decimal places."), "target")])
    if period.grain not in kpi.grains:
        raise RuleError([Problem("core.kpi_grain", _l("This indicator is not measured for such periods."), "period")])
    row = session.scalars(select(KpiTarget).where(KpiTarget.park_id == park_id, KpiTarget.code == code, KpiTarget.grain == period.grain,
                                                  KpiTarget.period_start == period.start).with_for_update()).one_or_none()
    if target is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        row = KpiTarget(park_id=park_id, code=code, grain=period.grain, period_start=period.start, target=target)
        session.add(row)
    else:
        row.target = target
    session.flush()
    return row if target is not None else None


def last_computed(session: Any) -> datetime | None:
    """When a figure in scope was last computed."""
    return session.scalars(select(KpiValue.computed_at).order_by(KpiValue.computed_at.desc()).limit(1)).first()


__all__ = ["Shown", "figures", "last_computed", "park_codes", "problems", "set_target", "show", "trend"]
