"""Targets of parks and teams, entered many at a time, against the stored figures. Rules R-100 to R-106.

A park's target is the kernel's (`core.kpi_target`); a team's is `ratings.team_target`. The actual figure is the stored KPI of the park,
or of the carrier named; it is never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from parkops import records, settings
from parkops.clock import Period
from parkops.db.session import scope_of
from parkops.errors import Conflict, NotFound, Problems
from parkops.i18n import _l
from parkops.kpi import store
from parkops.kpi.catalogue import readable
from parkops.kpi.figures import SHOWN_PLACES
from parkops.kpi.models import KpiTarget
from parkops.kpi.registry import Kpi
from parkops.security import access

from ..calc_target import Against, against, due_now, spread
from ..models.target import RatingTeam, TeamTarget

RESOURCE = "ratings.team_target"
LIMIT = Decimal(10) ** 14
CARRIER = "tenants.carrier"


@dataclass(frozen=True)
class Line:
    """One KPI of a park or team in a period. owner: None for the park, else the team; carrier: when the figure is one carrier's."""

    kpi: Kpi
    park_id: int
    period: Period
    shown: Any  # the stored figure, None when nothing is stored
    target: Decimal | None
    against: Against
    team: RatingTeam | None = None
    carrier: Carrier | None = None
    row_id: int | None = None

    @property
    def key(self) -> str:
        return str(self.carrier.id) if self.carrier is not None else ""

    @property
    def value(self) -> Decimal | None:
        return self.shown.value if self.shown is not None else None


# --- teams and single team targets ------------------------------------------------------------------------------------------


def create_team(session: Any, **values: Any) -> RatingTeam:
    """A team that answers for figures."""
    return records.create(session, RatingTeam, values)


def change_team(session: Any, row: RatingTeam, **values: Any) -> RatingTeam:
    """Rename it, or take it out of work."""
    return records.change(session, row, values)


def remove_team(session: Any, row: RatingTeam) -> None:
    """Only while it has no targets."""
    records.remove(session, row, (TeamTarget, "team_id", _l("This team has targets. Take it out of work instead of deleting it.")))


def _check_target(session: Any, values: dict[str, Any], problems: Problems) -> None:
    kpi = readable(session).get(values["code"])
    if kpi is None:
        problems.add("ratings.R-100", _l("There is no such indicator, or you may not see its records."), "code")
        return
    if values["grain"] not in kpi.grains:
        problems.add("ratings.R-100", _l("This indicator is not measured for such periods."), "grain")
    elif Period.of(values["grain"], values["period_start"]).start != values["period_start"]:
        problems.add("ratings.R-100", _l("Give the first day of the period."), "period_start")
    if values.get("carrier_id") and kpi.dimension != CARRIER:
        problems.add("ratings.R-101", _l("This indicator is not kept per carrier. Leave the carrier empty."), "carrier_id")
    _number_ok(values["target"], problems, "target")


def _number_ok(value: Decimal, problems: Problems, field: str) -> None:
    if abs(value) >= LIMIT or value != value.quantize(Decimal("0.0001")):
        problems.add("ratings.R-100", _l("Write a target with at most four decimal places."), field)


def create_target(session: Any, **values: Any) -> TeamTarget:
    """R-100, R-101: what a team is to reach; the same park, indicator, period and carrier once."""
    return records.create(session, TeamTarget, values, _check_target)


def change_target(session: Any, row: TeamTarget, **values: Any) -> TeamTarget:
    """Correct it."""
    return records.change(session, row, values, _check_target)


def remove_target(session: Any, row: TeamTarget) -> None:
    """Drop it."""
    records.remove(session, row)


# --- many at a time -----------------------------------------------------------------------------------------------------------


def save_park(
    session: Any,
    park_id: int,
    period: Period,
    values: Mapping[str, Decimal | None],
    *,
    into: str | None = None,
    before: Mapping[str, Decimal | None] | None = None,
) -> int:
    """R-104: the targets of a park for a period, all at once; None removes. `into` month or quarter also spreads each over the parts of
    the period. `before`: what the screen showed; a field left as it was writes nothing (its empty parts are filled), and a target
    somebody else changed meanwhile is a Conflict. Needs act on the KPIs. Returns how many rows changed; every problem at once."""
    access.require(session, store.RESOURCE, "act")
    if not scope_of(session).sees(park_id):
        raise NotFound(_l("There is no such park among yours."))
    t, wanted = KpiTarget, _parts(session, period, values, into)
    starts = {p.start for _c, p in wanted}
    query = select(t).where(t.park_id == park_id, t.code.in_(list(values)), t.period_start.in_(starts))
    have = _stored(session, query)
    return _write(
        session,
        _to_write(wanted, have, period, values, before),
        have,
        lambda code, p, v: KpiTarget(park_id=park_id, code=code, grain=p.grain, period_start=p.start, target=v),
    )


def save_team(
    session: Any,
    team: RatingTeam,
    period: Period,
    values: Mapping[str, Decimal | None],
    *,
    carrier_id: int | None = None,
    into: str | None = None,
    before: Mapping[str, Decimal | None] | None = None,
) -> int:
    """The same for a team, of the park or of one of its carriers. Rows made need add, rows dropped need remove."""
    access.require(session, RESOURCE, "change")
    kpis, problems = readable(session), Problems()
    if carrier_id is not None:
        carrier = session.get(Carrier, carrier_id)
        if carrier is None or carrier.park_id != team.park_id:
            raise NotFound(_l("There is no such record in your parks."))
        if any(v is not None and c in kpis and kpis[c].dimension != CARRIER for c, v in values.items()):
            problems.add("ratings.R-101", _l("This indicator is not kept per carrier. Leave the carrier empty."), "carrier_id")
    problems.stop()
    t, wanted = TeamTarget, _parts(session, period, values, into)
    have = _stored(
        session,
        select(t).where(
            t.team_id == team.id, t.code.in_(list(values)), t.carrier_id.is_(None) if carrier_id is None else t.carrier_id == carrier_id
        ),
    )
    changes = _to_write(wanted, have, period, values, before)
    stored = [(have.get((c, p.grain, p.start)), v) for (c, p), v in changes.items()]
    if any(row is None and v is not None for row, v in stored):
        access.require(session, RESOURCE, "add")
    if any(row is not None and v is None for row, v in stored):
        access.require(session, RESOURCE, "remove")
    return _write(
        session,
        changes,
        have,
        lambda code, p, v: TeamTarget(
            park_id=team.park_id, team_id=team.id, carrier_id=carrier_id, code=code, grain=p.grain, period_start=p.start, target=v
        ),
    )


def _parts(
    session: Any, period: Period, values: Mapping[str, Decimal | None], into: str | None
) -> dict[tuple[str, Period], Decimal | None]:
    kpis, problems, out = readable(session), Problems(), {}
    parts = parts_of(period, into)
    for code, value in values.items():
        kpi = kpis.get(code)
        if kpi is None or period.grain not in kpi.grains:
            problems.add("ratings.R-100", _l("This indicator is not measured for such periods."), code)
            continue
        if value is not None:
            _number_ok(value, problems, code)
        out[code, period] = value
        if parts and parts[0].grain in kpi.grains:
            each = [None] * len(parts) if value is None else spread(value, kpi.adds_up, len(parts), min(SHOWN_PLACES[kpi.unit], 4))
            out |= {(code, p): v for p, v in zip(parts, each, strict=True)}
    problems.stop()
    return out


def _stored(session: Any, query: Any) -> dict[tuple, Any]:
    """The rows as they are now, locked (a row read earlier in this session is read again)."""
    rows = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {(r.code, r.grain, r.period_start): r for r in rows}


def _to_write(
    wanted: Mapping[tuple[str, Period], Decimal | None],
    have: Mapping[tuple, Any],
    period: Period,
    values: Mapping[str, Decimal | None],
    before: Mapping[str, Decimal | None] | None,
) -> dict[tuple[str, Period], Decimal | None]:
    """R-104: what of it is written. Parts are deleted only with a target of the period that is cleared here; an untouched field is spread
    only while none of its parts has a target. Raises Conflict where the stored target is neither the one shown nor the one wanted."""
    whole = {c: have.get((c, period.grain, period.start)) for c in values}
    stored = {c: None if row is None else row.target for c, row in whole.items()}
    touched = {c for c, v in values.items() if before is None or before.get(c) != v}
    if before is not None and any(stored[c] not in (before.get(c), values[c]) for c in touched):
        raise Conflict(_l("Somebody else changed these targets meanwhile. Load the page again before you save."))
    divided = {code for code, p in wanted if p != period and (code, p.grain, p.start) in have}
    out = {}
    for (code, p), value in wanted.items():
        cleared = value is None and stored[code] is None
        if not cleared and (code in touched or (values[code] == stored[code] and code not in divided)):
            out[code, p] = value
    return out


def parts_of(period: Period, into: str | None) -> list[Period]:
    """The months or quarters of a year, the months of a quarter; nothing for a month."""
    order = ("month", "quarter", "year")
    if into not in order or order.index(into) >= order.index(period.grain):
        return []
    out = [Period.of(into, period.start)]
    while out[-1].end < period.end:
        out.append(out[-1].next())
    return out


def _write(session: Any, wanted: Mapping[tuple[str, Period], Decimal | None], have: Mapping[tuple, Any], make: Any) -> int:
    changed = 0
    for (code, p), value in wanted.items():
        row = have.get((code, p.grain, p.start))
        if value is None:
            if row is not None:
                session.delete(row)
                changed += 1
        elif row is None:
            session.add(make(code, p, value))
            changed += 1
        elif row.target != value:
            row.target = value
            changed += 1
    session.flush()
    return changed


# --- against the figures -------------------------------------------------------------------------------------------------------


def lines(session: Any, period: Period, today: date, *, park_id: int | None = None) -> list[Line]:
    """Every target of a period with its figure: parks (None: each in scope), then teams. Six statements whatever their number."""
    access.require(session, store.RESOURCE, "read")
    known = readable(session)
    park_rows = _park_targets(session, period, known, park_id)
    team_rows = _team_targets(session, period, known, park_id)
    codes = list(dict.fromkeys([r.code for r in park_rows] + [r.code for r, *_x in team_rows]))
    keyed = any(r.carrier_id for r, *_x in team_rows)
    found = store.figures(session, codes, [period], park_id=park_id, every_park=park_id is None, keys=keyed) if codes else []
    have = {(s.park_id, s.kpi.code, s.key): s for s in found}
    amber = amber_share(session, park_id)
    out = [_line(known[r.code], period, today, amber, have, r.park_id, r.target) for r in park_rows]
    for r, team, carrier in team_rows:
        out.append(_line(known[r.code], period, today, amber, have, r.park_id, r.target, team, carrier, r.id))
    return out


def _line(
    kpi: Kpi,
    period: Period,
    today: date,
    amber: Decimal,
    have: Mapping[tuple, Any],
    park_id: int,
    target: Decimal,
    team: Any = None,
    carrier: Any = None,
    row_id: int | None = None,
) -> Line:
    shown = have.get((park_id, kpi.code, str(carrier.id) if carrier is not None else ""))
    due = due_now(target, kpi.adds_up, period.start, period.end, min(period.last_day, today))
    value = shown.value if shown is not None else None
    return Line(kpi, park_id, period, shown, target, against(value, target, better=kpi.better, due=due, amber=amber), team, carrier, row_id)


def amber_share(session: Any, park_id: int | None) -> Decimal:
    """How far below its target a figure is still amber (setting `ratings.amber_percent`)."""
    return Decimal(settings.get(session, "ratings.amber_percent", park_id)) / 100


def _park_targets(session: Any, period: Period, known: Mapping[str, Kpi], park_id: int | None) -> Sequence[Any]:
    t = KpiTarget
    query = select(t).where(t.grain == period.grain, t.period_start == period.start)
    rows = session.scalars(query if park_id is None else query.where(t.park_id == park_id)).all()
    order = {c: n for n, c in enumerate(known)}
    return sorted((r for r in rows if r.code in known), key=lambda r: (r.park_id, order[r.code]))


def _team_targets(session: Any, period: Period, known: Mapping[str, Kpi], park_id: int | None) -> Sequence[Any]:
    if not access.may(session, RESOURCE, "read"):
        return []
    t = TeamTarget
    query = (
        select(t, RatingTeam, Carrier)
        .join(RatingTeam, RatingTeam.id == t.team_id)
        .outerjoin(Carrier, Carrier.id == t.carrier_id)
        .where(t.grain == period.grain, t.period_start == period.start)
        .order_by(t.park_id, RatingTeam.name, t.id)
    )
    rows = session.execute(query if park_id is None else query.where(t.park_id == park_id)).all()
    return [r for r in rows if r[0].code in known]


def sheet(
    session: Any, period: Period, *, park_id: int, team: RatingTeam | None = None, carrier_id: int | None = None
) -> list[dict[str, Any]]:
    """The rows of the entry screen: every readable KPI of that grain with the year before, the figure now and the target."""
    kpis = [k for k in readable(session).values() if period.grain in k.grains and (carrier_id is None or k.dimension == CARRIER)]
    codes, key = [k.code for k in kpis], str(carrier_id) if carrier_id else ""
    before = Period.of(period.grain, period.start.replace(year=period.start.year - 1))
    found = store.figures(session, codes, [before, period], park_id=park_id, keys=bool(key))
    have = {(s.kpi.code, s.period.start): s for s in found if s.key == key}
    targets = _targets_of(session, period, park_id, team, carrier_id)
    return [
        {"kpi": k, "before": have.get((k.code, before.start)), "now": have.get((k.code, period.start)), "target": targets.get(k.code)}
        for k in kpis
    ]


def _targets_of(session: Any, period: Period, park_id: int, team: RatingTeam | None, carrier_id: int | None) -> dict[str, Decimal]:
    if team is None:
        t = KpiTarget
        query = select(t.code, t.target).where(t.park_id == park_id)
    else:
        t = TeamTarget
        query = select(t.code, t.target).where(
            t.team_id == team.id, t.carrier_id.is_(None) if carrier_id is None else t.carrier_id == carrier_id
        )
    return dict(session.execute(query.where(t.grain == period.grain, t.period_start == period.start)).all())
