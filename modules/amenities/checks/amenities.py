"""Cards, folios and counters against their records and the ledger."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, type_coerce

from modules.billing.models.catalogue import Account
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from parkops.checks import Check
from parkops.db.types import Money
from parkops.i18n import _, _l

from ..models.care import CareClass, CarePlace
from ..models.event import EventRegistration, ParkEvent
from ..models.health import HealthSlot, HealthVisit
from ..models.hotel import HotelDay, HotelFolioLine, HotelReservation, HotelRoomType
from ..models.meals import MealCard, MealTopUp, MealUse
from ..models.operator import AmenityOperatorStatement
from ..services.meal_cards import BALANCES

SHOWN = 20


def _sum(column: Any) -> Any:
    return type_coerce(func.coalesce(func.sum(column), 0), Money)


def _cards(session: Any) -> list[str]:
    """Every balance is what came in less what was eaten."""
    came = select(MealTopUp.card_id, func.sum(MealTopUp.amount).label("n")).group_by(MealTopUp.card_id).subquery()
    ate = select(MealUse.card_id, func.sum(MealUse.own).label("n")).group_by(MealUse.card_id).subquery()
    should = type_coerce(func.coalesce(came.c.n, 0) - func.coalesce(ate.c.n, 0), Money)
    rows = session.execute(
        select(MealCard.number, MealCard.balance, should)
        .outerjoin(came, came.c.card_id == MealCard.id)
        .outerjoin(ate, ate.c.card_id == MealCard.id)
        .where(MealCard.balance != should)
        .limit(SHOWN)
    )
    return [_("Card %(number)s holds %(says)s, its records say %(sum)s.", number=n, says=a, sum=b) for n, a, b in rows]


def _ledger(session: Any) -> list[str]:
    """What the ledger owes to holders is what cards hold and what no statement has posted yet."""
    book = session.scalar(
        select(_sum(LedgerLine.credit - LedgerLine.debit))
        .join(Account, Account.id == LedgerLine.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(Account.code == BALANCES, LedgerEntry.kind != "manual")
    )
    held = session.scalar(select(_sum(MealCard.balance)))
    eaten = session.scalar(select(_sum(MealUse.own)))
    s = AmenityOperatorStatement
    posted = session.scalar(select(_sum(s.own)).where(s.state.in_(("posted", "paid"))))
    should = held + eaten - posted
    return [] if book == should else [_("Meal card balances: the ledger says %(says)s, the records %(sum)s.", says=book, sum=should)]


def _days(session: Any) -> list[str]:
    """A closed hotel day says what its folio lines say."""
    f, d = HotelFolioLine, HotelDay
    nights = func.count(f.id).filter(f.kind == "night")
    rows = session.execute(
        select(d.day, d.nights, nights)
        .select_from(d)
        .outerjoin(HotelRoomType, HotelRoomType.facility_id == d.facility_id)
        .outerjoin(HotelReservation, HotelReservation.type_id == HotelRoomType.id)
        .outerjoin(f, (f.reservation_id == HotelReservation.id) & (f.day == d.day))
        .group_by(d.id)
        .having(d.nights != nights)
        .limit(SHOWN)
    )
    return [_("Hotel day %(day)s says %(says)s nights, its folios %(sum)s.", day=day, says=a, sum=b) for day, a, b in rows]


def _counters(session: Any) -> list[str]:
    """Places taken are the records that take them."""
    out = []
    pairs = (
        (HealthSlot, HealthVisit, HealthVisit.slot_id, ("booked", "attended")),
        (CareClass, CarePlace, CarePlace.class_id, ("offered", "enrolled")),
        (ParkEvent, EventRegistration, EventRegistration.event_id, ("registered", "attended")),
    )
    for owner, row, key, states in pairs:
        found = select(key.label("k"), func.count(row.id).label("n")).where(row.state.in_(states)).group_by(key).subquery()
        n = func.coalesce(found.c.n, 0)
        for obj, count in session.execute(select(owner, n).outerjoin(found, found.c.k == owner.id).where(owner.taken != n).limit(SHOWN)):
            out.append(_("%(record)s counts %(says)s, its records %(sum)s.", record=str(obj), says=obj.taken, sum=count))
    return out


CHECKS = [
    Check("amenities.cards", _l("Balances of meal cards"), _cards),
    Check("amenities.ledger", _l("Meal cards in the ledger"), _ledger),
    Check("amenities.hotel_days", _l("Closed hotel days"), _days),
    Check("amenities.counters", _l("Places taken"), _counters),
]
