"""Indicators of space: occupancy, area of incubated firms, average rent, WALE, expiry wall, vacancy by cause.

Areas are 1/100 ㎡ and money fen; every figure is as of the last day of the period. Rent of a running lease is what its schedule
charges for the month of that day (services/stacking.py: monthly); its area is the area let."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Integer, String, and_, case, cast, func, literal, select, type_coerce

from modules.billing.models.catalogue import ChargeItem
from modules.tenants.models.stage import Stage
from modules.tenants.services.fact_queries import stage_on
from parkops.i18n import _l
from parkops.kpi.registry import LAST, RATIO, Home, Kpi, Window

from ..models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.space import Unit
from ..services import stacking, units, vacancy


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _whole(value: Any) -> Any:
    return cast(func.round(value), BigInteger)


# ---- occupancy: let ÷ lettable


def _let_rows(window: Window) -> Any:
    """Units that count as lettable and are let."""
    return select(Unit.park_id, Unit.id, _fen(Unit.lettable_area).label("amount")).where(
        units.lettable_on(window.on), Unit.id.in_(units.let_ids(window.on))
    )


def occupancy(window: Window) -> Any:
    """park_id, let area, lettable area."""
    let = _let_rows(window).subquery()
    total = func.coalesce(func.sum(let.c.amount), 0)
    return (
        select(
            Unit.park_id,
            cast(total, BigInteger).label("numerator"),
            cast(func.sum(_fen(Unit.lettable_area)), BigInteger).label("denominator"),
        )
        .select_from(Unit)
        .outerjoin(let, let.c.id == Unit.id)
        .where(units.lettable_on(window.on))
        .group_by(Unit.park_id)
    )


def list_let(window: Window) -> Any:
    """The let units."""
    rows = _let_rows(window).subquery()
    return select(rows.c.id, rows.c.amount)


def list_lettable(window: Window) -> Any:
    """The lettable units."""
    return select(Unit.id, _fen(Unit.lettable_area).label("amount")).where(units.lettable_on(window.on))


def lettable(window: Window) -> Any:
    """park_id, lettable area."""
    return (
        select(Unit.park_id, cast(func.sum(_fen(Unit.lettable_area)), BigInteger).label("numerator"))
        .where(units.lettable_on(window.on))
        .group_by(Unit.park_id)
    )


# ---- area of firms in incubation


def _incubatee(window: Window) -> Any:
    firms = select(Stage.firm_id).where(Stage.state == "incubating", stage_on(window.on))
    return and_(LeaseUnit.during.contains(window.on), Lease.firm_id.in_(firms))


def incubatee_area(window: Window) -> Any:
    """park_id, area let to firms in incubation."""
    return (
        select(LeaseUnit.park_id, cast(func.sum(_fen(LeaseUnit.area)), BigInteger).label("numerator"))
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(_incubatee(window))
        .group_by(LeaseUnit.park_id)
    )


def list_incubatee(window: Window) -> Any:
    """The units of firms in incubation."""
    return (
        select(LeaseUnit.unit_id.label("id"), _fen(LeaseUnit.area).label("amount"))
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(_incubatee(window))
    )


def incubatee_share(window: Window) -> Any:
    """park_id, area of firms in incubation, all let area."""
    mine = incubatee_area(window).subquery()
    let = (
        select(LeaseUnit.park_id, cast(func.sum(_fen(LeaseUnit.area)), BigInteger).label("area"))
        .where(LeaseUnit.during.contains(window.on))
        .group_by(LeaseUnit.park_id)
        .subquery()
    )
    return select(let.c.park_id, func.coalesce(mine.c.numerator, 0).label("numerator"), let.c.area.label("denominator")).outerjoin(
        mine, mine.c.park_id == let.c.park_id
    )


def list_let_area(window: Window) -> Any:
    """All let units with the area let."""
    return select(LeaseUnit.unit_id.label("id"), _fen(LeaseUnit.area).label("amount")).where(LeaseUnit.during.contains(window.on))


# ---- leases running on the day: area, rent, days to their end


def running(window: Window) -> Any:
    """lease id, park, area, rent (fen a month, NULL when its schedule charges none that day), days to the agreed end (NULL: none)."""
    area = (
        select(LeaseUnit.lease_id, func.sum(_fen(LeaseUnit.area)).label("area"))
        .where(LeaseUnit.during.contains(window.on))
        .group_by(LeaseUnit.lease_id)
        .subquery()
    )
    rent = (
        select(LeaseDue.lease_id, _whole(func.sum(stacking.monthly())).label("rent"))
        .join(LeaseLine, LeaseLine.id == LeaseDue.line_id)
        .join(ChargeItem, ChargeItem.id == LeaseLine.item_id)
        .where(
            ChargeItem.rent.is_(True),
            LeaseDue.kind.in_(("charge", "discount")),
            LeaseDue.period_from <= window.on,
            LeaseDue.period_to >= window.on,
        )
        .group_by(LeaseDue.lease_id)
        .subquery()
    )
    days = case((Lease.ends_on.is_(None), None), else_=cast(func.greatest(Lease.ends_on - window.on, 0), Integer))
    return (
        select(Lease.park_id, Lease.id, area.c.area, rent.c.rent, days.label("days"), Lease.ends_on)
        .join(area, area.c.lease_id == Lease.id)
        .outerjoin(rent, rent.c.lease_id == Lease.id)
        .subquery("running")
    )


def average_rent(window: Window) -> Any:
    """park_id, rent a month, area of the leases that charge rent on the day."""
    r = running(window)
    return (
        select(
            r.c.park_id, cast(func.sum(r.c.rent), BigInteger).label("numerator"), cast(func.sum(r.c.area), BigInteger).label("denominator")
        )
        .where(r.c.rent.is_not(None))
        .group_by(r.c.park_id)
    )


def _weighted(weight: str) -> tuple[Callable[[Window], Any], Callable[[Window], Any], Callable[[Window], Any]]:
    """WALE: Σ days × weight ÷ Σ weight over leases with an agreed end; a lease past its end counts 0 days."""

    def measure(window: Window) -> Any:
        r = running(window)
        w = r.c[weight]
        return (
            select(
                r.c.park_id, cast(func.sum(r.c.days * w), BigInteger).label("numerator"), cast(func.sum(w), BigInteger).label("denominator")
            )
            .where(r.c.days.is_not(None), w.is_not(None))
            .group_by(r.c.park_id)
        )

    def drill(window: Window) -> Any:
        r = running(window)
        return select(r.c.id, cast(r.c.days * r.c[weight], BigInteger).label("amount")).where(
            r.c.days.is_not(None), r.c[weight].is_not(None)
        )

    def drill_denominator(window: Window) -> Any:
        r = running(window)
        return select(r.c.id, cast(r.c[weight], BigInteger).label("amount")).where(r.c.days.is_not(None), r.c[weight].is_not(None))

    return measure, drill, drill_denominator


def _amounts(column: str, *, rent_only: bool = True) -> Callable[[Window], Any]:
    def drill(window: Window) -> Any:
        r = running(window)
        found = select(r.c.id, cast(r.c[column], BigInteger).label("amount"))
        return found.where(r.c.rent.is_not(None)) if rent_only else found

    return drill


def _wall(column: str) -> tuple[Callable[[Window], Any], Callable[[Window], Any]]:
    """By year of the agreed end: `2027`; `over` when it has passed, `open` when none is agreed."""

    def key(r: Any, window: Window) -> Any:
        return case(
            (r.c.ends_on.is_(None), literal("open")),
            (r.c.ends_on < window.on, literal("over")),
            else_=cast(cast(func.extract("year", r.c.ends_on), Integer), String),
        )

    def measure(window: Window) -> Any:
        r = running(window)
        amount = cast(r.c[column], BigInteger).label("numerator")
        return select(r.c.park_id, key(r, window).label("key"), amount).where(r.c[column].is_not(None))  # the engine sums the leases

    def drill(window: Window) -> Any:
        r = running(window)
        return select(r.c.id, key(r, window).label("key"), cast(r.c[column], BigInteger).label("amount")).where(r.c[column].is_not(None))

    return measure, drill


# ---- vacancy


def _not_let(window: Window) -> Any:
    cause = vacancy.cause_on(window.on)
    return (
        select(Unit.park_id, Unit.id, cause.label("key"), _fen(Unit.lettable_area).label("amount"))
        .where(units.exists_on(window.on), Unit.lettable_area > 0, Unit.kind != "public", Unit.id.not_in(units.let_ids(window.on)))
        .subquery("not_let")
    )


def vacant(window: Window) -> Any:
    """park_id, cause, area not let."""
    r = _not_let(window)
    return select(r.c.park_id, r.c.key, cast(func.sum(r.c.amount), BigInteger).label("numerator")).group_by(r.c.park_id, r.c.key)


def list_vacant(window: Window) -> Any:
    """The units behind it."""
    r = _not_let(window)
    return select(r.c.id, r.c.key, r.c.amount)


WALE_AREA, WALE_RENT, WALL_AREA, WALL_RENT = _weighted("area"), _weighted("rent"), _wall("area"), _wall("rent")
LEASE, UNIT = "leasing.lease", "leasing.unit"

HOME = [
    Home("finance", "leasing.average_rent"),
    Home("operations_manager", "leasing.occupancy"),
    Home("leadership", "leasing.occupancy"),
]
KPIS = [
    Kpi(
        "leasing.occupancy",
        _l("Occupancy"),
        "percent",
        RATIO,
        occupancy,
        _l("Let area ÷ lettable area on the last day. Not lettable: public space, own use, buildings under construction or closed."),
        resource=UNIT,
        drill=list_let,
        drill_denominator=list_lettable,
        order=1,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "leasing.lettable_area",
        _l("Lettable area"),
        "area",
        LAST,
        lettable,
        _l("Area that can be let on the last day."),
        resource=UNIT,
        drill=list_lettable,
        order=2,
        empty="zero",
    ),
    Kpi(
        "leasing.incubatee_area",
        _l("Area of firms in incubation"),
        "area",
        LAST,
        incubatee_area,
        _l('Area let to firms whose stage covers the last day with "in incubation".'),
        resource=UNIT,
        drill=list_incubatee,
        order=3,
        empty="zero",
        source="工信部科〔2025〕131号 art. 6",
    ),
    Kpi(
        "leasing.incubatee_share",
        _l("Share of firms in incubation"),
        "percent",
        RATIO,
        incubatee_share,
        _l("Area of firms in incubation ÷ all let area on the last day."),
        resource=UNIT,
        drill=list_incubatee,
        drill_denominator=list_let_area,
        order=4,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "leasing.average_rent",
        _l("Average rent per ㎡ and month"),
        "money",
        RATIO,
        average_rent,
        _l("Month's rent of the leases running on the last day ÷ their area; leases in a rent-free period are left out."),
        resource=LEASE,
        drill=_amounts("rent"),
        drill_denominator=_amounts("area"),
        order=5,
        denominator_places=2,
    ),
    Kpi(
        "leasing.wale_area",
        _l("Average days to the end of leases, by area"),
        "count",
        RATIO,
        WALE_AREA[0],
        _l("Days to the agreed end weighted by area; leases past their end count 0, leases without an end are left out."),
        resource=LEASE,
        drill=WALE_AREA[1],
        drill_denominator=WALE_AREA[2],
        order=6,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "leasing.wale_rent",
        _l("Average days to the end of leases, by rent"),
        "count",
        RATIO,
        WALE_RENT[0],
        _l("Days to the agreed end weighted by the month's rent."),
        resource=LEASE,
        drill=WALE_RENT[1],
        drill_denominator=WALE_RENT[2],
        order=7,
        places=2,
        denominator_places=2,
    ),
    Kpi(
        "leasing.expiring_area",
        _l("Area by the year its lease ends"),
        "area",
        LAST,
        WALL_AREA[0],
        _l("Let area by the year of the agreed end; over: past its end, open: none agreed."),
        resource=LEASE,
        drill=WALL_AREA[1],
        order=8,
        better="none",
    ),
    Kpi(
        "leasing.expiring_rent",
        _l("Rent by the year its lease ends"),
        "money",
        LAST,
        WALL_RENT[0],
        _l("Month's rent by the year of the agreed end."),
        resource=LEASE,
        drill=WALL_RENT[1],
        order=9,
        better="none",
    ),
    Kpi(
        "leasing.vacant_area",
        _l("Area not let, by cause"),
        "area",
        LAST,
        vacant,
        _l("Area that is not let on the last day: never let, left, outage, held, reserved, under construction, closed."),
        resource=UNIT,
        drill=list_vacant,
        order=10,
        better="lower",
        empty="zero",
    ),
]
