"""The daily close of a hotel (night audit) and what firms are billed. Rules Y-52 to Y-54."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, String, cast, func, literal, select, type_coerce

from modules.billing.models.catalogue import ChargeItem, TaxStatus, VatRate
from modules.billing.services import accounts, ledger
from modules.billing.services.allocations import money_account
from parkops import clock, settings
from parkops.clock import add_months
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import round_fen
from parkops.security import access

from ..models.facility import AmenityFacility
from ..models.hotel import HotelDay, HotelFolioLine, HotelReservation, HotelRoom, HotelRoomType
from ..states_hotel import RESERVATION
from .hotel import post_nights

RESOURCE = "amenities.hotel_day"
INCOME = "600122"
ZERO = Decimal(0)


def close_day(session: Any, facility: AmenityFacility, *, day: date) -> tuple[HotelDay, bool]:
    """Post the nights, mark who did not come, book what the desk took. Again: the same day, False, nothing posted (Y-52)."""
    access.require(session, RESOURCE, "add")
    session.scalars(select(AmenityFacility).where(AmenityFacility.id == facility.id).with_for_update(of=AmenityFacility)).one()
    done = session.scalars(select(HotelDay).where(HotelDay.facility_id == facility.id, HotelDay.day == day)).one_or_none()
    if done is not None:
        return done, False
    _may_close(session, facility, day)
    missed, posted = _missed(session, facility, day), 0
    for row in _staying(session, facility, day):
        posted += post_nights(session, row, [day])
    desk, entry_id = _desk(session, facility, day)
    rooms = session.scalar(
        select(func.count(HotelRoom.id))
        .join(HotelRoomType, HotelRoomType.id == HotelRoom.type_id)
        .where(HotelRoomType.facility_id == facility.id, HotelRoom.in_order.is_(True))
    )
    nights = session.scalar(select(func.count(HotelFolioLine.id)).where(*_lines(facility, day), HotelFolioLine.kind == "night"))
    revenue = session.scalar(
        select(type_coerce(func.coalesce(func.sum(HotelFolioLine.amount), 0), Money)).where(
            *_lines(facility, day), HotelFolioLine.means.is_(None)
        )
    )
    row = HotelDay(
        park_id=facility.park_id,
        facility_id=facility.id,
        day=day,
        rooms=rooms,
        nights=nights,
        missed=missed,
        revenue=revenue,
        desk=desk,
        entry_id=entry_id,
        closed_at=clock.now(),
        closed_by=scope_of(session).user_name or "",
    )
    session.add(row)
    session.flush()
    return row, True


def _may_close(session: Any, facility: AmenityFacility, day: date) -> None:
    """Y-53: day after day, over, with nobody left who should have gone."""
    problems = Problems()
    last = session.scalar(select(func.max(HotelDay.day)).where(HotelDay.facility_id == facility.id))
    if day > clock.today():
        problems.add("amenities.Y-53", _l("A day is closed when it is there."), "day")
    if last is not None and day != last + timedelta(days=1):
        problems.add("amenities.Y-53", _l("Close %(day)s first.", day=last + timedelta(days=1)), "day")
    r = HotelReservation
    late = list(
        session.scalars(
            select(r.number)
            .join(HotelRoomType, HotelRoomType.id == r.type_id)
            .where(HotelRoomType.facility_id == facility.id, r.state == "in_house", r.leaves_on <= day)
            .order_by(r.number)
        )
    )
    if late:
        problems.add("amenities.Y-53", _l("Check out or extend first: %(numbers)s.", numbers="、".join(late)), "day")
    problems.stop()


def _in(facility: AmenityFacility) -> Any:
    return HotelReservation.type_id.in_(select(HotelRoomType.id).where(HotelRoomType.facility_id == facility.id))


def _lines(facility: AmenityFacility, day: date) -> tuple[Any, ...]:
    return HotelFolioLine.day == day, HotelFolioLine.reservation_id.in_(select(HotelReservation.id).where(_in(facility)))


def _staying(session: Any, facility: AmenityFacility, day: date) -> list[HotelReservation]:
    r = HotelReservation
    return list(
        session.scalars(select(r).where(_in(facility), r.state == "in_house", r.arrives_on <= day, r.leaves_on > day).order_by(r.id))
    )


def _missed(session: Any, facility: AmenityFacility, day: date) -> int:
    r = HotelReservation
    found = list(session.scalars(select(r).where(_in(facility), r.state == "booked", r.arrives_on <= day).order_by(r.id)))
    for row in found:
        RESERVATION.move(session, row, "miss", on=day)
    return len(found)


def _desk(session: Any, facility: AmenityFacility, day: date) -> tuple[Decimal, int | None]:
    """One entry for what guests paid: Dr cash and bank, Cr income and output VAT. Income of the desk is booked when it is paid (Y-54)."""
    f = HotelFolioLine
    rows = session.execute(
        select(f.means, type_coerce(-func.sum(f.amount), Money))
        .where(*_lines(facility, day), f.means.is_not(None))
        .group_by(f.means)
        .order_by(f.means)
    ).all()
    taken = {means: amount for means, amount in rows if amount}
    total = sum(taken.values(), ZERO)
    if not taken:
        return total, None
    rate = _vat(session, facility.park_id, day)
    net = round_fen(total / (1 + rate))
    legs = [ledger.Leg(money_account(session, means, None), debit=amount) for means, amount in taken.items()]
    legs += [ledger.Leg(accounts.by_code(session, INCOME).id, credit=net)]
    legs += [ledger.Leg(accounts.by_role(session, "output_vat").id, credit=total - net)] if total != net else []
    entry = ledger.post(
        session,
        park_id=facility.park_id,
        kind="document",
        on=day,
        legs=legs,
        source="amenities.facility",
        source_id=facility.id,
        memo=_("%(hotel)s, desk of %(day)s", hotel=facility.name, day=day),
    )
    return total, entry.id


def _vat(session: Any, park_id: int, day: date) -> Decimal:
    """The rate of lodging on a day for the park's kind of taxpayer."""
    kind = session.scalar(select(TaxStatus.taxpayer).where(TaxStatus.park_id == park_id, TaxStatus.during.contains(day)))
    kind = kind or settings.get(session, "billing.taxpayer", park_id)
    found = session.execute(
        select(VatRate.rate, VatRate.exempt).where(
            VatRate.supply == "catering", VatRate.taxpayer == kind, VatRate.method == "normal", VatRate.during.contains(day)
        )
    ).first()
    if found is None:
        raise RuleError([Problem("amenities.Y-54", _l("There is no VAT rate for lodging on this day. Finance adds it under VAT rates."))])
    return ZERO if found.exempt else found.rate


def close_by_button(session: Any, facility: AmenityFacility, *, day: date) -> str:
    """The button on the hotel."""
    row, fresh = close_day(session, facility, day=day)
    if not fresh:
        return _("%(day)s is closed already; nothing was posted again.", day=day)
    return _("%(day)s closed: %(nights)s nights, %(amount)s yuan.", day=day, nights=row.nights, amount=f"{row.revenue:,.2f}")


def why_not_close(session: Any, facility: AmenityFacility) -> str | None:
    """Only hotels have days."""
    return None if facility.kind == "hotel" else _("This is no hotel.")


def demands(session: Any, park_id: int, month: date) -> Any:
    """Folios of firms whose guests have left: one line a stay."""
    r, f = HotelReservation, HotelFolioLine
    due = settings.get(session, "amenities.due_days", park_id)
    item = select(ChargeItem.id).where(ChargeItem.code == "hotel_stay").scalar_subquery()
    total = func.sum(type_coerce(f.amount, BigInteger))
    return (
        select(
            (literal("amenities.reservation:") + cast(r.id, String)).label("key"),
            r.firm_id.label("firm_id"),
            item.label("item_id"),
            literal("amenities.reservation").label("source"),
            r.id.label("source_id"),
            r.left_on.label("period_from"),
            r.left_on.label("period_to"),
            cast(r.left_on + due, Date).label("due_on"),
            type_coerce(cast(total, BigInteger), Money).label("amount"),
            func.left(r.number, 300).label("memo"),
        )
        .join(f, f.reservation_id == r.id)
        .where(r.park_id == park_id, r.state == "left", r.firm_id.is_not(None), r.left_on < add_months(month, 1))
        .group_by(r.id)
        .having(total > 0)
    )
