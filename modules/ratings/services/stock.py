"""Which firms a share is taken of: the open points of 工信部科〔2025〕131号 art. 6 as park settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, or_, select

from modules.tenants.models.stage import Stage
from modules.tenants.services.fact_queries import stage_on
from parkops import settings
from parkops.i18n import _l

OPTIONS = ("denominator", "missing_growth", "newly_registered", "dispatched_staff", "relax_shares", "area_source")

READINGS = (  # labels of the settings' choices, which the manifest can only name
    _l("Stock at the end of the year before"),
    _l("Stock at its beginning"),
    _l("Average of the two"),
    _l("Stock on the day"),
    _l("They stay in the denominator"),
    _l("They are left out"),
    _l("Registered into the carrier in the year"),
    _l("Newly incorporated in the year"),
    _l("Units of the space ledger"),
    _l("Area entered with the carrier"),
)


@dataclass(frozen=True)
class Base:
    """The firms of a carrier a share is taken of: on `day`; `size` may be an average of two days."""

    day: date
    firms: frozenset[int]
    size: Decimal


def plain(value: Decimal) -> str:
    """A number without trailing zeros and without an exponent."""
    return f"{value.normalize():f}"


def options_of(session: Any, park_id: int) -> dict[str, Any]:
    """The park's readings of the open points."""
    return {name: settings.get(session, f"ratings.{name}", park_id) for name in OPTIONS}


def year_before(on: date) -> tuple[date, date]:
    """First and last day of the year before."""
    return date(on.year - 1, 1, 1), date(on.year - 1, 12, 31)


def states_of(carrier: Any) -> tuple[str, ...]:
    """The stages that count: a makerspace counts its teams too."""
    return ("team", "incubating") if carrier.carrier_type == "makerspace" else ("incubating",)


def firms_on(session: Any, carriers: Sequence[Any], day: date) -> dict[int, frozenset[int]]:
    """Carrier → firms in it on the day."""
    found: dict[int, set[int]] = defaultdict(set)
    states = {c.id: states_of(c) for c in carriers}
    for firm_id, carrier_id, state in session.execute(
        select(Stage.firm_id, Stage.carrier_id, Stage.state).where(Stage.carrier_id.in_(list(states)), stage_on(day))
    ):
        if state in states[carrier_id]:
            found[carrier_id].add(firm_id)
    return {c.id: frozenset(found[c.id]) for c in carriers}


def firms_during(
    session: Any, carriers: Sequence[Any], first: date, last: date, states: Iterable[str] | None = None
) -> dict[int, frozenset[int]]:
    """Carrier → firms that were in it on any day from `first` to `last`."""
    found: dict[int, set[int]] = defaultdict(set)
    wanted = {c.id: tuple(states) if states else states_of(c) for c in carriers}
    for firm_id, carrier_id, state in session.execute(
        select(Stage.firm_id, Stage.carrier_id, Stage.state).where(
            Stage.carrier_id.in_(list(wanted)), and_(Stage.starts_on <= last, or_(Stage.ends_on.is_(None), Stage.ends_on > first))
        )
    ):
        if state in wanted[carrier_id]:
            found[carrier_id].add(firm_id)
    return {c.id: frozenset(found[c.id]) for c in carriers}


def bases(session: Any, carriers: Sequence[Any], on: date) -> dict[int, Base]:
    """Carrier → base, by each park's setting `ratings.denominator`."""
    first, last = year_before(on)
    before = date(first.year - 1, 12, 31)
    how = {c.id: settings.get(session, "ratings.denominator", c.park_id) for c in carriers}
    days = {"year_end": last, "average": last, "opening": before, "current": on}
    needed = {days[h] for h in how.values()} | ({before} if "average" in how.values() else set())
    stock = {day: firms_on(session, carriers, day) for day in sorted(needed)}
    out = {}
    for c in carriers:
        day = days[how[c.id]]
        firms = stock[day][c.id]
        size = Decimal(len(firms))
        if how[c.id] == "average":
            size = (size + len(stock[before][c.id])) / 2
        out[c.id] = Base(day, firms, size)
    return out
