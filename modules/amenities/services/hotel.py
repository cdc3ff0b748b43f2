"""Reservations, group blocks, check-in and check-out, folio. Rules Y-44 to Y-51. Rooms are counted under a lock on their type."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, type_coerce
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.exc import IntegrityError

from modules.tenants.models.firm import Firm
from parkops import records, sequences
from parkops.db.session import scope_of
from parkops.db.types import Money
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.hotel import NO_OVERLAP, STAYING, HotelBlock, HotelFolioLine, HotelRate, HotelReservation, HotelRoom, HotelRoomType
from ..states_hotel import BLOCK, RESERVATION

RESOURCE = "amenities.reservation"
ZERO = Decimal(0)


def nights(first: date, last: date) -> list[date]:
    """The nights of a stay: from arrival to the day before departure."""
    return [first + timedelta(days=n) for n in range((last - first).days)]


def lock_type(session: Any, type_id: int) -> HotelRoomType:
    """The room type's row: whoever sells rooms of it waits here."""
    found = session.scalars(select(HotelRoomType).where(HotelRoomType.id == type_id).with_for_update(of=HotelRoomType)).one_or_none()
    if found is None:
        raise NotFound(_l("There is no such record in your parks."))
    return found


def free_rooms(
    session: Any, type_id: int, first: date, last: date, *, block_id: int | None = None, besides: int | None = None
) -> dict[date, int]:
    """Rooms of a type that can be sold each night: in order, less reservations, less what blocks still keep. For a block: what it keeps."""
    r, b = HotelReservation, HotelBlock
    rooms = session.scalar(select(func.count(HotelRoom.id)).where(HotelRoom.type_id == type_id, HotelRoom.in_order.is_(True)))
    taken = session.execute(
        select(r.arrives_on, func.coalesce(r.left_on, r.leaves_on), r.block_id).where(
            r.type_id == type_id, r.state.in_(STAYING), r.id != (besides or 0), r.arrives_on < last, r.leaves_on > first
        )
    ).all()
    blocks = {
        row.id: row
        for row in session.scalars(select(b).where(b.type_id == type_id, b.state == "held", b.arrives_on < last, b.leaves_on > first))
    }
    out = {}
    for night in nights(first, last):
        used = dict.fromkeys((None, *blocks), 0)
        for start, end, owner in taken:
            if start <= night < end:
                used[owner if owner in blocks else None] += 1
        kept = {k: v.rooms for k, v in blocks.items() if v.arrives_on <= night < v.leaves_on}
        if block_id in kept:
            out[night] = kept[block_id] - used[block_id]
        else:
            out[night] = rooms - used[None] - sum(max(kept.get(k, 0), used[k]) for k in blocks)
    return out


def _full(session: Any, type_id: int, first: date, last: date, wanted: int = 1, **more: Any) -> date | None:
    """The first night with too few rooms."""
    return next((n for n, left in free_rooms(session, type_id, first, last, **more).items() if left < wanted), None)


def price_of(session: Any, reservation: HotelReservation, night: date) -> Decimal | None:
    """The block's price, else the class's of the night, else the public one; None when the night has none (Y-45)."""
    if reservation.block_id is not None and reservation.block.price is not None:
        return reservation.block.price
    r = HotelRate
    found = dict(
        session.execute(
            select(r.rate_class, r.amount).where(
                r.type_id == reservation.type_id, r.since <= night, r.until >= night, r.rate_class.in_((reservation.rate_class, "public"))
            )
        ).all()
    )
    return found.get(reservation.rate_class, found.get("public"))


def _can_stay(
    session: Any, kind: HotelRoomType, block: HotelBlock | None, block_id: int | None, arrives_on: date, leaves_on: date, guests: int,
    problems: Problems,
) -> None:
    """Y-44 nights, guests and free rooms; Y-46 the block."""
    type_id = kind.id
    if leaves_on <= arrives_on:
        problems.add("amenities.Y-44", _l("The departure lies after the arrival."), "leaves_on")
    elif (leaves_on - arrives_on).days > 180:
        problems.add("amenities.Y-44", _l("A stay of more than 180 nights is an apartment."), "leaves_on")
    if not 1 <= guests <= kind.guests:
        problems.add("amenities.Y-44", _l("This room is for at most %(n)s guests.", n=kind.guests), "guests")
    if block is not None and (
        block.type_id != type_id or block.state != "held" or not block.arrives_on <= arrives_on <= leaves_on <= block.leaves_on
    ):
        problems.add("amenities.Y-46", _l("The group has no rooms of this type in these nights."), "block_id")
    if not problems.found and (night := _full(session, type_id, arrives_on, leaves_on, block_id=block_id)) is not None:
        problems.add("amenities.Y-44", _l("No room of this type is left for the night of %(day)s.", day=night), "arrives_on")


def create_reservation(
    session: Any,
    *,
    type_id: int,
    guest: str,
    arrives_on: date,
    leaves_on: date,
    firm_id: int | None = None,
    block_id: int | None = None,
    guests: int = 1,
    rate_class: str | None = None,
    phone: str | None = None,
    note: str | None = None,
) -> HotelReservation:
    """Reserve a room of a type, never more than there are (Y-44)."""
    access.require(session, RESOURCE, "add")
    kind, problems = lock_type(session, type_id), Problems()
    block = session.get(HotelBlock, block_id) if block_id is not None else None
    _can_stay(session, kind, block, block_id, arrives_on, leaves_on, guests, problems)
    problems.stop()
    payer = block.firm_id if block is not None else firm_id
    values = {
        "type_id": type_id,
        "guest": guest,
        "phone": phone,
        "guests": guests,
        "arrives_on": arrives_on,
        "leaves_on": leaves_on,
        "firm_id": payer,
        "block_id": block_id,
        "note": note,
        "rate_class": rate_class or ("group" if block else "park" if payer else "public"),
        "number": sequences.next_number(session, RESOURCE, kind.park_id, arrives_on),
    }
    return records.create(session, HotelReservation, values)


def change_reservation(
    session: Any, row: HotelReservation, *, leaves_on: date, guest: str, guests: int = 1, phone: str | None = None, note: str | None = None
) -> HotelReservation:
    """Longer, shorter, another name; the nights must be free."""
    lock_type(session, row.type_id)
    problems = Problems()
    if row.state not in ("booked", "in_house"):
        problems.add("amenities.Y-47", _l("This stay is over."))
    elif leaves_on <= row.arrives_on:
        problems.add("amenities.Y-44", _l("The departure lies after the arrival."), "leaves_on")
    elif (night := _full(session, row.type_id, row.arrives_on, leaves_on, block_id=row.block_id, besides=row.id)) is not None:
        problems.add("amenities.Y-44", _l("No room of this type is left for the night of %(day)s.", day=night), "leaves_on")
    problems.stop()
    try:
        with session.begin_nested():
            return records.change(session, row, {"leaves_on": leaves_on, "guest": guest, "guests": guests, "phone": phone, "note": note})
    except IntegrityError as e:
        raise _taken(e) from None


def _taken(e: IntegrityError) -> Exception:
    if NO_OVERLAP not in str(e.orig):
        return e
    return RuleError([Problem("amenities.Y-48", _l("This room is taken in these nights. Choose another one."), "room_id")])


def create_block(
    session: Any,
    *,
    type_id: int,
    firm_id: int,
    title: str,
    arrives_on: date,
    leaves_on: date,
    rooms: int,
    cut_off_on: date,
    price: Decimal | None = None,
) -> HotelBlock:
    """Keep rooms for a group until the cut-off day (Y-46)."""
    access.require(session, "amenities.block", "add")
    kind, problems = lock_type(session, type_id), Problems()
    if session.get(Firm, firm_id) is None:
        raise NotFound(_l("There is no such record in your parks."))
    if leaves_on <= arrives_on or (leaves_on - arrives_on).days > 60:
        problems.add("amenities.Y-46", _l("A group stays for 1 to 60 nights."), "leaves_on")
    if rooms < 1:
        problems.add("amenities.Y-46", _l("Enter a number above zero."), "rooms")
    if cut_off_on > arrives_on:
        problems.add("amenities.Y-46", _l("Rooms are kept at most until the arrival."), "cut_off_on")
    if not problems.found and (night := _full(session, type_id, arrives_on, leaves_on, rooms)) is not None:
        problems.add("amenities.Y-46", _l("Fewer rooms are left for the night of %(day)s.", day=night), "rooms")
    problems.stop()
    values = {
        "type_id": type_id,
        "firm_id": firm_id,
        "title": title,
        "arrives_on": arrives_on,
        "leaves_on": leaves_on,
        "rooms": rooms,
        "price": price,
        "cut_off_on": cut_off_on,
        "number": sequences.next_number(session, "amenities.block", kind.park_id, arrives_on),
    }
    return records.create(session, HotelBlock, values)


def cancel_block(session: Any, row: HotelBlock, *, reason: str) -> None:
    """With its reservations that nobody came for yet."""
    for r in session.scalars(select(HotelReservation).where(HotelReservation.block_id == row.id, HotelReservation.state == "booked")):
        RESERVATION.move(session, r, "cancel", reason=reason)
    BLOCK.move(session, row, "cancel", reason=reason)


def release_blocks(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: rooms of blocks past their cut-off day are sold to others."""
    query = select(HotelBlock).where(HotelBlock.state == "held", HotelBlock.cut_off_on < on)
    found = list(session.scalars(query if park_id is None else query.where(HotelBlock.park_id == park_id)))
    for row in found:
        BLOCK.move(session, row, "release", on=on)
    return {"released": len(found)}


def check_in(session: Any, row: HotelReservation, *, on: date, room_id: int | None = None) -> str:
    """A clean room in order that is free for the whole stay (Y-48)."""
    access.require(session, RESOURCE, "change")
    lock_type(session, row.type_id)
    problems = Problems()
    if not row.arrives_on <= on < row.leaves_on:
        problems.add("amenities.Y-48", _l("The stay is from %(from)s to %(to)s.", **{"from": row.arrives_on, "to": row.leaves_on}), "on")
    busy = select(HotelReservation.room_id).where(
        HotelReservation.room_id.is_not(None),
        HotelReservation.state.in_(STAYING),
        HotelReservation.id != row.id,
        HotelReservation.during.op("&&")(func.daterange(row.arrives_on, row.leaves_on, "[)")),
    )
    rooms = select(HotelRoom).where(HotelRoom.type_id == row.type_id, HotelRoom.in_order.is_(True), HotelRoom.id.not_in(busy))
    rooms = rooms.where(HotelRoom.clean.is_(True)) if room_id is None else rooms.where(HotelRoom.id == room_id)
    room = session.scalars(rooms.order_by(HotelRoom.number).limit(1)).first()
    if room is None:
        problems.add("amenities.Y-48", _l("No such room is free, clean and in order. Ask housekeeping or choose another one."), "room_id")
    problems.stop()
    row.room_id, room.clean = room.id, False
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as e:
        raise _taken(e) from None
    RESERVATION.move(session, row, "check_in", on=on)
    return _("Room %(number)s.", number=room.number)


def balance(session: Any, row: HotelReservation) -> Decimal:
    """What is still to be paid on the folio."""
    found = session.scalar(select(type_coerce(func.sum(HotelFolioLine.amount), Money)).where(HotelFolioLine.reservation_id == row.id))
    return found or ZERO


def post_nights(session: Any, row: HotelReservation, days: list[date]) -> int:
    """The nights that are not on the folio yet; asking again adds nothing (Y-49)."""
    found = set(session.scalars(select(HotelFolioLine.day).where(HotelFolioLine.reservation_id == row.id, HotelFolioLine.kind == "night")))
    added = 0
    for day in (d for d in days if d not in found):
        price = price_of(session, row, day)
        if price is None:
            raise RuleError(
                [
                    Problem(
                        "amenities.Y-45",
                        _l("%(type)s has no price for the night of %(day)s. Enter it under Room rates.", type=str(row.type), day=day),
                    )
                ]
            )
        if price:
            added += session.execute(
                pg_insert(HotelFolioLine.__table__)
                .values(
                    park_id=row.park_id,
                    reservation_id=row.id,
                    day=day,
                    kind="night",
                    title=_("Night of %(day)s", day=day),
                    amount=price,
                    entered_by=scope_of(session).user_name or "",
                )
                .on_conflict_do_nothing()
            ).rowcount
    return added


def add_line(
    session: Any, row: HotelReservation, *, kind: str, title: str | None, amount: Decimal, on: date, means: str | None = None
) -> HotelFolioLine:
    """An extra, a discount or a payment at the desk (Y-50)."""
    access.require(session, "amenities.folio_line", "add")
    problems = Problems()
    if row.state != "in_house" and not (kind == "payment" and row.state == "booked"):
        problems.add("amenities.Y-50", _l("The guest is not in the house."))
    if amount is None or amount <= 0:
        problems.add("amenities.Y-50", _l("Enter an amount above zero."), "amount")
    if kind not in ("extra", "discount", "payment"):
        problems.add("amenities.Y-50", _l("Choose extra, discount or payment."), "kind")
    if kind == "payment" and row.firm_id is not None:
        problems.add("amenities.Y-50", _l("The firm pays this stay by its bill."), "kind")
    problems.stop()
    values = {
        "reservation_id": row.id,
        "day": on,
        "kind": kind,
        "title": title or _("Paid at the desk"),
        "amount": amount if kind == "extra" else -amount,
        "means": (means or "cash") if kind == "payment" else None,
        "entered_by": scope_of(session).user_name or "",
    }
    return records.create(session, HotelFolioLine, values)


def add_extra(session: Any, row: HotelReservation, *, title: str, amount: Decimal, on: date, discount: bool = False) -> None:
    """The button."""
    add_line(session, row, kind="discount" if discount else "extra", title=title, amount=amount, on=on)


def pay(session: Any, row: HotelReservation, *, amount: Decimal, on: date, means: str = "cash") -> str:
    """The guest pays at the desk."""
    add_line(session, row, kind="payment", title=None, amount=amount, on=on, means=means)
    return _("Still to be paid: %(amount)s yuan.", amount=f"{balance(session, row):,.2f}")


def take_back_line(session: Any, row: HotelFolioLine, *, on: date) -> None:
    """A line was wrong: the opposite one on an open day."""
    access.require(session, "amenities.folio_line", "add")
    if row.kind == "reversal" or session.scalar(select(HotelFolioLine.id).where(HotelFolioLine.reverses_id == row.id)) is not None:
        raise RuleError([Problem("amenities.Y-50", _l("It was taken back already."))])
    if row.reservation.state not in ("booked", "in_house"):
        raise RuleError([Problem("amenities.Y-47", _l("This stay is over."))])
    records.create(
        session,
        HotelFolioLine,
        {
            "reservation_id": row.reservation_id,
            "day": on,
            "kind": "reversal",
            "title": _("Taken back: %(line)s", line=row.title)[:200],
            "amount": -row.amount,
            "means": row.means,
            "reverses_id": row.id,
            "entered_by": scope_of(session).user_name or "",
        },
    )


def why_not_check_out(session: Any, row: HotelReservation) -> str | None:
    """Y-51: who pays at the desk has paid."""
    left = balance(session, row)
    if row.firm_id is None and left > 0:
        return _("%(amount)s yuan are still to be paid.", amount=f"{left:,.2f}")
    return None


def check_out(session: Any, row: HotelReservation, *, on: date) -> str:
    """The last nights come on the folio, the room is to be cleaned; a firm's folio waits for its bill (Y-51)."""
    access.require(session, RESOURCE, "change")
    if on < row.arrives_on or on > row.leaves_on:
        raise RuleError(
            [Problem("amenities.Y-51", _l("The stay is from %(from)s to %(to)s.", **{"from": row.arrives_on, "to": row.leaves_on}), "on")]
        )
    post_nights(session, row, nights(row.arrives_on, on))
    if (why := why_not_check_out(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-51", why)])
    row.left_on = on
    if row.room_id is not None:
        session.get(HotelRoom, row.room_id).clean = False
    RESERVATION.move(session, row, "check_out", on=on)
    return _("Checked out; folio %(amount)s yuan.", amount=f"{balance(session, row):,.2f}")
