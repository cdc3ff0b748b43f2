"""Consumption at a till: one locked card, one row, once per key. Rules Y-27 to Y-32.

The path is short on purpose, two statements: the card with its plan is read under a lock; the row is written unless its key is there,
together with the card's balance and counters. The CHECK on the balance stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, and_, bindparam, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from modules.tenants.models.firm import Firm
from parkops import clock
from parkops.db.session import scope_of
from parkops.errors import Conflict, NotFound, Problem, RuleError
from parkops.i18n import _l
from parkops.security import access

from .. import calc_meals as calc
from ..models.meals import MEALS, MealCard, MealPlan, MealUse, Outlet, Till

RESOURCE = "amenities.meal_use"
FIELDS = (
    "park_id",
    "card_id",
    "till_id",
    "outlet_id",
    "firm_id",
    "key",
    "used_at",
    "on_date",
    "meal",
    "price",
    "own",
    "subsidy",
    "balance",
)


@dataclass(frozen=True)
class Sold:
    """What the till gets back."""

    id: int
    card: str
    meal: str
    price: Decimal
    own: Decimal
    subsidy: Decimal
    balance: Decimal
    again: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the till's answer."""
        return {
            "id": self.id,
            "card": self.card,
            "meal": self.meal,
            "meal_text": str(MEALS.label(self.meal)),
            "price": str(self.price),
            "own": str(self.own),
            "subsidy": str(self.subsidy),
            "balance": str(self.balance),
        }


def _refuse(code: str, sentence: Any, field: str | None = None) -> RuleError:
    return RuleError([Problem(f"amenities.{code}", sentence, field)])


def _reading() -> Any:
    """Till, outlet, card (locked) and the plan that holds. Built once: a sale spends its time in the database, not on making SQL."""
    c, t, o, p, day = MealCard, Till, Outlet, MealPlan, bindparam("day", type_=Date)
    return (
        select(
            c.id,
            c.park_id,
            c.number,
            c.state,
            c.balance,
            c.last_day,
            c.day_meals,
            c.month_subsidy,
            c.firm_id,
            t.id.label("till_id"),
            o.id.label("outlet_id"),
            o.meal_most,
            and_(t.active, o.active).label("open"),
            p.per_meal,
            p.meals_a_day,
            p.month_cap,
        )
        .select_from(c)
        .join(t, t.park_id == c.park_id)
        .join(o, o.id == t.outlet_id)
        .outerjoin(p, and_(p.firm_id == c.firm_id, p.starts_on <= day, or_(p.ends_on.is_(None), p.ends_on >= day)))
        .where(c.number == bindparam("card"), c.park_id == bindparam("park"), t.code == bindparam("till"))
        .with_for_update(of=c)
    )


def _writing() -> Any:
    """The row, unless its key is there, and with it the card: one statement. Parameters have own names, or the update takes them."""
    use, card = MealUse.__table__, MealCard.__table__

    def given(name: str, column: Any) -> Any:
        return bindparam(f"p_{name}", type_=column.type)

    values = {n: given(n, use.c[n]) for n in FIELDS}
    new = (
        pg_insert(use)
        .values({**values, "version": literal(1)})
        .on_conflict_do_nothing(index_elements=["park_id", "till_id", "key"])
        .returning(use.c.id)
        .cte("sold")
    )
    paid = (
        update(card)
        .where(card.c.id == given("card_id", use.c.card_id), exists(select(new.c.id)))
        .values(
            balance=given("balance", use.c.balance),
            last_day=given("on_date", use.c.on_date),
            day_meals=given("day_meals", card.c.day_meals),
            month_subsidy=given("month_subsidy", card.c.month_subsidy),
            version=card.c.version + 1,
        )
        .returning(card.c.id)
        .cte("paid")
    )
    return select(new.c.id).add_cte(paid)


READ, WRITE = _reading(), _writing()


def consume(session: Any, *, till: str, card: str, price: Decimal, key: str, at: datetime) -> Sold:
    """Sell a meal. Raises RuleError with one sentence (unknown or blocked card, empty card), Conflict for a key used otherwise."""
    access.require(session, RESOURCE, "add")
    local = clock.local(at)
    day = local.date()
    row = _locked(session, till, card, day)
    if price <= 0 or price > row.meal_most:
        raise _refuse("Y-28", _l("Check the price: it is above zero and not above what one meal may cost."), "price")
    used = calc.Counters(row.last_day, row.day_meals, row.month_subsidy).on(day)
    meal = calc.meal_of(local.time())
    plan = calc.Plan(row.per_meal, row.meals_a_day, row.month_cap) if row.per_meal is not None else None
    subsidy = calc.subsidy_of(price, meal, plan, used)
    own = price - subsidy
    if row.state != "active" or own > row.balance:
        return _again(session, row, key, card, price) or _no(row, own)
    new = _write(
        session,
        row,
        key=key,
        used_at=at,
        on_date=day,
        meal=meal,
        price=price,
        own=own,
        subsidy=subsidy,
        balance=row.balance - own,
        day_meals=used.day_meals + (1 if subsidy else 0),
        month_subsidy=used.month_subsidy + subsidy,
    )
    if new is None:
        return _again(session, row, key, card, price)
    return Sold(new, row.number, meal, price, own, subsidy, row.balance - own)


def _locked(session: Any, till: str, card: str, day: date) -> Any:
    """What the sale needs, of the session's own park; NotFound says which is unknown."""
    park = scope_of(session).park_id
    row = session.connection().execute(READ, {"day": day, "card": card, "park": park, "till": till}).first() if park is not None else None
    if row is None:
        known = session.scalar(select(Till.id).where(Till.code == till, Till.park_id == park))
        raise NotFound(_l("No card of this number was issued here.") if known else _l("This till is not known. Enter it under Tills."))
    if not row.open:
        raise _refuse("Y-29", _l("This till or its outlet is out of use."), "till")
    return row


def _no(row: Any, own: Decimal) -> Any:
    if row.state != "active":
        raise _refuse("Y-29", _l("This card is blocked or closed."), "card")
    raise _refuse("Y-27", _l("The card holds %(balance)s yuan, %(own)s are needed. Top it up first.", balance=row.balance, own=own), "card")


def _write(session: Any, row: Any, **values: Any) -> int | None:
    """The id of the new row; None when the till's key is there already: then nothing is written."""
    given = {
        "park_id": row.park_id,
        "card_id": row.id,
        "till_id": row.till_id,
        "outlet_id": row.outlet_id,
        "firm_id": row.firm_id,
        **values,
    }
    return session.connection().execute(WRITE, {f"p_{k}": v for k, v in given.items()}).scalar()


def _again(session: Any, row: Any, key: str, card: str, price: Decimal) -> Sold | None:
    """What the first message with this key answered (Y-30); None when there was none."""
    u = MealUse
    found = session.execute(
        select(u.id, u.card_id, u.meal, u.price, u.own, u.subsidy, u.balance).where(u.till_id == row.till_id, u.key == key)
    ).first()
    if found is None:
        return None
    if found.card_id != row.id or found.price != price:
        raise Conflict(_l("This key was used for another meal. Every sale has a key of its own."))
    return Sold(found.id, card, found.meal, found.price, found.own, found.subsidy, found.balance, True)


def _opposite(session: Any, row: MealUse, at: datetime, day: date, balance: Decimal) -> int:
    """The row with the opposite sums; returns its id."""
    return session.execute(
        insert(MealUse.__table__)
        .values(
            park_id=row.park_id,
            card_id=row.card_id,
            till_id=row.till_id,
            outlet_id=row.outlet_id,
            firm_id=row.firm_id,
            key=f"back:{row.id}",
            used_at=at,
            on_date=day,
            meal=row.meal,
            price=-row.price,
            own=-row.own,
            subsidy=-row.subsidy,
            balance=balance,
            reverses_id=row.id,
        )
        .returning(MealUse.__table__.c.id)
    ).scalar_one()


def _give_back(session: Any, row: MealUse, card: Any) -> None:
    """Money back on the card; counters of the same day and month."""
    same_day, same_month = card.last_day == row.on_date, card.last_day and card.last_day.replace(day=1) == row.on_date.replace(day=1)
    table = MealCard.__table__
    session.execute(
        update(table)
        .where(table.c.id == card.id)
        .values(
            balance=card.balance + row.own,
            version=table.c.version + 1,
            day_meals=max(card.day_meals - 1, 0) if same_day and row.subsidy else card.day_meals,
            month_subsidy=max(card.month_subsidy - row.subsidy, Decimal(0)) if same_month else card.month_subsidy,
        )
    )


def take_back(session: Any, row: MealUse, *, reason: str) -> MealUse:
    """A sale was wrong: the opposite row, money back on the card (Y-31). Once, and on the month's own statement only."""
    access.require(session, RESOURCE, "act")
    u = MealUse
    if row.reverses_id is not None or session.scalar(select(u.id).where(u.reverses_id == row.id)) is not None:
        raise _refuse("Y-31", _l("It was taken back already."))
    at = clock.now()
    card = session.execute(
        select(MealCard.id, MealCard.balance, MealCard.last_day, MealCard.day_meals, MealCard.month_subsidy, MealCard.state)
        .where(MealCard.id == row.card_id)
        .with_for_update(of=MealCard)
    ).one()
    if card.state == "closed":
        raise _refuse("Y-31", _l("This card is blocked or closed."))
    day = clock.local(at).date()
    back = _opposite(session, row, at, day, card.balance + row.own)
    _give_back(session, row, card)
    session.expire_all()
    from parkops import comments

    comments.add(session, session.get(MealCard, row.card_id), reason)
    return session.get(MealUse, back)


def why_not_back(session: Any, row: MealUse) -> str | None:
    """Only a sale, once."""
    if row.reverses_id is not None or session.scalar(select(MealUse.id).where(MealUse.reverses_id == row.id)) is not None:
        return str(_l("It was taken back already."))
    return None


def balance_of(session: Any, *, card: str) -> dict[str, Any]:
    """What the till shows before a sale."""
    access.require(session, RESOURCE, "add")
    c = MealCard
    row = session.execute(
        select(c.number, c.state, c.balance, Firm.name)
        .outerjoin(Firm, Firm.id == c.firm_id)
        .where(c.number == card, c.park_id == scope_of(session).park_id)
    ).first()
    if row is None:
        raise NotFound(_l("No card of this number was issued here."))
    return {"card": row.number, "state": row.state, "balance": str(row.balance), "firm": row.name}


def arrivals(session: Any, *, facility_id: int, day: date) -> dict[int, int]:
    """Meals of a day by five minutes since midnight."""
    access.require(session, RESOURCE, "read")
    local = func.timezone("Asia/Shanghai", MealUse.used_at)
    minute = func.extract("hour", local) * 60 + func.floor(func.extract("minute", local) / calc.BIN) * calc.BIN
    rows = session.execute(
        select(minute, func.count(MealUse.id))
        .join(Outlet, Outlet.id == MealUse.outlet_id)
        .where(Outlet.facility_id == facility_id, MealUse.on_date == day, MealUse.price > 0)
        .group_by(minute)
    )
    return {int(m): n for m, n in rows}
