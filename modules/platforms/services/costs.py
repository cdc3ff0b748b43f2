"""Cost pools: opening, entering costs, computing depreciation, spreading, carrying forward, closing. Rules U-100 to U-106."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select

from parkops import records
from parkops.clock import add_months
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import ZERO, allocate
from parkops.security import access

from .. import calc_depreciation
from ..models.cost import COST_KINDS, REDUCING, CostEntry, CostPool
from ..models.registry import Instrument, Platform
from ..states_cost import POOL

COMPUTED = ("depreciation", "carry")


def open_pool(session: Any, *, platform_id: int, month: date) -> CostPool:
    """Open the pool of a platform and month; depreciation is computed at once (U-100: one pool per platform and month)."""
    pool = records.create(session, CostPool, {"platform_id": platform_id, "month": month.replace(day=1)})
    compute_depreciation(session, pool)
    return pool


def pool_of(session: Any, platform_id: int, month: date) -> CostPool:
    """The open pool of a month, opened when there is none. Raises RuleError when it is closed already (U-102)."""
    first = month.replace(day=1)
    found = session.scalars(select(CostPool).where(CostPool.platform_id == platform_id, CostPool.month == first)).one_or_none()
    if found is None:
        return open_pool(session, platform_id=platform_id, month=first)
    _still_open(found)
    return found


def _still_open(pool: CostPool) -> None:
    if pool.state != "open":
        raise RuleError(
            [
                Problem(
                    "platforms.U-102",
                    _l("The pool of %(month)s is closed; enter the cost in an open month.", month=f"{pool.month:%Y-%m}"),
                    "pool_id",
                )
            ]
        )


def compute_depreciation(session: Any, pool: CostPool) -> int:
    """Write the month's depreciation of every instrument anew (U-101): straight line, to the fen, summing to the value.

    A retired instrument bears its last one in the month it was retired; the rest is no cost of later months."""
    access.require(session, "platforms.cost_entry", "add")
    _still_open(pool)
    session.execute(delete(CostEntry).where(CostEntry.pool_id == pool.id, CostEntry.kind == "depreciation", CostEntry.computed))
    following, made = add_months(pool.month, 1), 0
    rows = session.scalars(
        select(Instrument)
        .where(Instrument.platform_id == pool.platform_id, Instrument.value.is_not(None), Instrument.bought_on.is_not(None))
        .order_by(Instrument.id)
    )
    for i in rows:
        amount = calc_depreciation.of_period(i.value, i.life_years, i.bought_on, pool.month, following, i.retired_on)
        if amount:
            session.add(
                CostEntry(
                    park_id=pool.park_id,
                    pool_id=pool.id,
                    kind="depreciation",
                    title=f"{i.code} {i.name}"[:200],
                    amount=amount,
                    computed=True,
                    instrument_id=i.id,
                    document=_(
                        "%(value)s yuan over %(years)s years since %(day)s",
                        value=f"{i.value:,.2f}",
                        years=i.life_years,
                        day=i.bought_on.isoformat(),
                    ),
                )
            )
            made += 1
    session.flush()
    return made


def recompute_pool(session: Any, pool: CostPool) -> str:
    """The button: depreciation anew."""
    return _("Depreciation of %(n)s instruments was computed.", n=compute_depreciation(session, pool))


def record_entry(
    session: Any,
    *,
    pool_id: int,
    kind: str,
    title: str,
    amount: Decimal,
    document: str,
    funder: str | None = None,
    instrument_id: int | None = None,
) -> CostEntry:
    """Enter a cost or a grant with the paper it stands on (U-103: a grant names its funder)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, CostEntry, values, _check)


def change_entry(
    session: Any,
    entry: CostEntry,
    *,
    kind: str,
    title: str,
    amount: Decimal,
    document: str,
    funder: str | None = None,
    instrument_id: int | None = None,
) -> CostEntry:
    """Correct an entry of an open pool; computed and divided ones are not corrected by hand."""
    _by_hand(entry)
    values = {n: v for n, v in locals().items() if n not in ("session", "entry")}
    return records.change(session, entry, values, _check)


def remove_entry(session: Any, entry: CostEntry) -> None:
    """Take an entry out of an open pool."""
    _by_hand(entry)
    _still_open(entry.pool)
    records.remove(session, entry)


def _by_hand(entry: CostEntry) -> None:
    if entry.computed or entry.shared_cost_id is not None:
        raise RuleError([Problem("platforms.U-101", _l("This entry was computed; correct the instrument or the shared cost instead."))])


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    pool = session.get(CostPool, values["pool_id"])
    if pool is not None and pool.state != "open":
        problems.add(
            "platforms.U-102",
            _l("The pool of %(month)s is closed; enter the cost in an open month.", month=f"{pool.month:%Y-%m}"),
            "pool_id",
        )
    if values["amount"] == 0:
        problems.add("platforms.U-103", _l("An entry of nothing says nothing; enter the amount."), "amount")
    if values["kind"] == "grant" and (not values.get("funder") or values["amount"] < 0):
        problems.add("platforms.U-103", _l("A grant is positive and names who gives it."), "funder")
    if values["kind"] in COMPUTED and not values.get("computed"):
        problems.add("platforms.U-101", _l("Depreciation and balances carried are computed; use the buttons for them."), "kind")


def spread_cost(
    session: Any,
    *,
    platform_id: int,
    kind: str,
    title: str,
    amount: Decimal,
    document: str,
    first_month: date,
    months: int,
    funder: str | None = None,
) -> list[CostEntry]:
    """Spread one amount over months so that the parts sum exactly (rent of a year, a yearly service contract, a grant)."""
    problems = Problems()
    if not 1 <= months <= 120:
        problems.add("platforms.U-104", _l("Spread over 1 to 120 months."), "months")
    if kind not in COST_KINDS or kind in COMPUTED:
        problems.add("platforms.U-101", _l("Depreciation and balances carried are computed; use the buttons for them."), "kind")
    problems.stop()
    parts = allocate(amount, [1] * months)
    return [
        record_entry(
            session,
            pool_id=pool_of(session, platform_id, add_months(first_month, n)).id,
            kind=kind,
            title=title,
            amount=part,
            document=document,
            funder=funder,
        )
        for n, part in enumerate(parts)
        if part
    ]


def spread_on_pool(
    session: Any, pool: CostPool, *, kind: str, title: str, amount: Decimal, document: str, months: int, funder: str | None = None
) -> str:
    """The button on a pool: from its month on."""
    made = spread_cost(
        session,
        platform_id=pool.platform_id,
        kind=kind,
        title=title,
        amount=amount,
        document=document,
        first_month=pool.month,
        months=months,
        funder=funder,
    )
    return _("Entered in %(n)s months.", n=len(made))


def total(session: Any, pool: CostPool) -> Decimal:
    """Costs less grants and surplus carried."""
    rows = session.execute(select(CostEntry.kind, func.sum(CostEntry.amount)).where(CostEntry.pool_id == pool.id).group_by(CostEntry.kind))
    return sum((-amount if kind in REDUCING else amount for kind, amount in rows), ZERO)


def why_not_close(session: Any, pool: CostPool) -> str | None:
    """A pool without any cost says nothing (missing is not zero)."""
    if session.scalar(select(CostEntry.id).where(CostEntry.pool_id == pool.id).limit(1)) is None:
        return _("Nothing was entered for this month yet.")
    return None


def close_pool(session: Any, pool: CostPool, *, on: date) -> CostPool:
    """Freeze the month (U-105): not before it is over, and never with nothing in it. The total is kept beside it."""
    problems = Problems()
    if on < add_months(pool.month, 1):
        problems.add("platforms.U-105", _l("The month is not over yet; close it from the first of the next one on."), "on")
    if (why := why_not_close(session, pool)) is not None:
        problems.add("platforms.U-105", why)
    problems.stop()
    session.execute(select(CostPool.id).where(CostPool.id == pool.id).with_for_update(key_share=True))
    pool.cost, pool.closed_on, pool.closed_by = total(session, pool), on, scope_of(session).user_name
    POOL.move(session, pool, "close", on=on)
    return pool


def carry_forward(session: Any, platform: Platform, *, year: int, on: date) -> CostEntry | None:
    """Carry a year's surplus (positive) or deficit (negative) into January of the next (U-106), once; nothing when it balanced.

    Recharge practice: no large surplus or deficit is kept, it lowers or raises the next rates."""
    from parkops.clock import Period

    from . import recovery

    access.require(session, "platforms.cost_entry", "add")
    if on < date(year + 1, 1, 1):
        raise RuleError([Problem("platforms.U-106", _l("The year is not over yet."), "year")])
    found = recovery.of_platform(session, platform, Period.year(date(year, 1, 1)), on)
    if found.sheet.cost is None:
        raise NotFound(_l("There are no costs of %(year)s to carry forward.", year=year))
    pool = pool_of(session, platform.id, date(year + 1, 1, 1))
    session.execute(delete(CostEntry).where(CostEntry.pool_id == pool.id, CostEntry.kind == "carry", CostEntry.computed))
    amount = found.sheet.billed - found.sheet.cost
    if not amount:
        return None
    entry = CostEntry(
        park_id=pool.park_id,
        pool_id=pool.id,
        kind="carry",
        title=_("Balance of %(year)s", year=year),
        amount=amount,
        document=_("Recovery sheet %(year)s", year=year),
        computed=True,
    )
    session.add(entry)
    session.flush()
    return entry


def carry_into_pool(session: Any, pool: CostPool, *, on: date) -> str:
    """The button on a pool of January: the balance of the year before."""
    if pool.month.month != 1:
        raise RuleError([Problem("platforms.U-106", _l("The balance of a year is carried into January; open that pool."))])
    entry = carry_forward(session, pool.platform, year=pool.month.year - 1, on=on)
    return _("Carried forward: %(amount)s yuan.", amount=f"{entry.amount:,.2f}") if entry else _("The year balanced; nothing is carried.")


def open_month(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """The monthly job: a pool for every platform in use, with its depreciation."""
    month = on.replace(day=1)
    there = select(CostPool.platform_id).where(CostPool.month == month)
    query = select(Platform).where(Platform.active, Platform.id.not_in(there))
    found = list(session.scalars(query.where(Platform.park_id == park_id) if park_id is not None else query))
    for platform in found:
        open_pool(session, platform_id=platform.id, month=month)
    return {"opened": len(found)}
