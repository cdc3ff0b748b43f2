"""Screens of the hotel."""

from __future__ import annotations

from typing import Any

from parkops.i18n import _l
from parkops.web import slots
from parkops.web.resource import Action, Col, Fact, Filter, Input, Related, Resource, Section, Tile, Titles, View

from ..models.hotel import DESK_MEANS, HotelBlock, HotelDay, HotelFolioLine, HotelRate, HotelReservation, HotelRoom, HotelRoomType
from ..services import hotel
from ._common import ON, money

S = "modules.amenities.services.hotel_setup"
H = "modules.amenities.services.hotel"
AMOUNT = Input("amount", "money", _l("Amount"), required=True)


def balance_fact(session: Any, row: HotelReservation) -> tuple[str, str | None]:
    """What is still to be paid."""
    left = hotel.balance(session, row)
    return money(left), "amber" if left > 0 and row.firm_id is None else None


RESOURCES = [
    Resource(
        "amenities.reservation",
        HotelReservation,
        Titles(_l("Hotel reservations"), _l("Hotel reservation"), _l("New reservation")),
        columns=(
            Col("number", width=130, link=True),
            Col("guest", width=100, important=True),
            Col("room.number", _l("Room"), 80, True),
            Col("type.name", _l("Room type"), 120),
            Col("arrives_on", width=105, important=True),
            Col("leaves_on", width=105),
            Col("left_on", width=105, hidden=True),
            Col("firm.name", _l("Firm that pays"), 220),
            Col("rate_class", width=120),
            Col("state", width=110),
            Col("block.number", _l("Group block"), 110, hidden=True),
            Col("type_id", hidden=True),
            Col("room_id", hidden=True),
            Col("firm_id", hidden=True),
            Col("block_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Hotel reservation"),
                ("type_id", "arrives_on", "leaves_on", "guest", "phone", "guests", "firm_id", "block_id", "rate_class", "note"),
            ),
            Section(_l("Stay"), ("room_id", "left_on")),
        ),
        create=f"{H}:create_reservation",
        change=f"{H}:change_reservation",
        workflow="modules.amenities.states_hotel:RESERVATION",
        editable_in=("booked", "in_house"),
        actions=(
            Action(
                "pay",
                _l("Pay at the desk"),
                f"{H}:pay",
                (AMOUNT, ON, Input("means", "choice", _l("Means of payment"), choices=DESK_MEANS, default="cash")),
                money=True,
            ),
            Action(
                "extra",
                _l("Add an extra"),
                f"{H}:add_extra",
                (
                    Input("title", "text", _l("Line"), required=True, max_length=200),
                    AMOUNT,
                    ON,
                    Input("discount", "bool", _l("It is a discount"), default=False),
                ),
                money=True,
            ),
        ),
        views=(
            View("arrivals", _l("Arrivals"), (Filter("state", "eq", "booked"), Filter("arrives_on", "lte", "@today")), "number"),
            View("in_house", _l("In the house"), (Filter("state", "eq", "in_house"),), "room.number"),
            View("departures", _l("Departures"), (Filter("state", "eq", "in_house"), Filter("leaves_on", "lte", "@today")), "room.number"),
            View("coming", _l("Coming"), (Filter("state", "eq", "booked"),), "arrives_on"),
            View("all", _l("All"), (), "-id"),
        ),
        tabs=(Related("folio", _l("Folio"), "amenities.folio_line", "reservation_id", order=5),),
        facts=(Fact(_l("Open on the folio"), balance_fact),),
        load=("type", "room", "firm", "block"),
        search=("number", "firm.name", "room.number"),
        sort="-id",
        menu=("hotel", 10),
        icon="bed",
        code_field="number",
    ),
    Resource(
        "amenities.folio_line",
        HotelFolioLine,
        Titles(_l("Folio lines"), _l("Folio line")),
        columns=(
            Col("day", width=105, important=True),
            Col("kind", width=120),
            Col("title", width=240, important=True, link=True),
            Col("amount", important=True, total="sum"),
            Col("means", width=120),
            Col("entered_by", width=110),
            Col("reservation_id", hidden=True),
        ),
        sections=(Section(_l("Folio line"), ("reservation_id", "day", "kind", "title", "amount", "means", "entered_by", "reverses_id")),),
        actions=(Action("take_back", _l("Take back"), f"{H}:take_back_line", (ON,), word="add", danger=True, money=True),),
        load=("reservation", "reverses"),
        sort="id",
        icon="receipt-2",
    ),
    Resource(
        "amenities.block",
        HotelBlock,
        Titles(_l("Group blocks"), _l("Group block"), _l("New block")),
        columns=(
            Col("number", width=120, link=True),
            Col("title", width=220, important=True),
            Col("firm.name", _l("Firm that pays"), 220),
            Col("type.name", _l("Room type"), 120),
            Col("rooms", width=80, important=True, total="sum"),
            Col("arrives_on", width=105, important=True),
            Col("leaves_on", width=105),
            Col("price"),
            Col("cut_off_on", width=105),
            Col("state", width=100),
            Col("type_id", hidden=True),
            Col("firm_id", hidden=True),
        ),
        sections=(Section(_l("Group block"), ("type_id", "firm_id", "title", "arrives_on", "leaves_on", "rooms", "price", "cut_off_on")),),
        create=f"{H}:create_block",
        workflow="modules.amenities.states_hotel:BLOCK",
        views=(View("held", _l("Held"), (Filter("state", "eq", "held"),), "arrives_on"), View("all", _l("All"), (), "-id")),
        tabs=(Related("reservations", _l("Reservations"), "amenities.reservation", "block_id", order=5),),
        load=("type", "firm"),
        search=("number", "title"),
        sort="-id",
        menu=("hotel", 20),
        icon="users-group",
        code_field="number",
    ),
    Resource(
        "amenities.room",
        HotelRoom,
        Titles(_l("Hotel rooms"), _l("Hotel room"), _l("New room")),
        columns=(
            Col("number", width=90, important=True, link=True),
            Col("type.name", _l("Room type"), 160, True),
            Col("clean", width=90, important=True),
            Col("in_order", width=90),
            Col("type_id", hidden=True),
        ),
        sections=(Section(_l("Hotel room"), ("type_id", "number", "in_order", "clean")),),
        create=f"{S}:create_room",
        change=f"{S}:change_room",
        remove=f"{S}:remove_room",
        bulk=(Action("clean", _l("Mark as clean"), f"{S}:mark_clean"),),
        views=(
            View("dirty", _l("To be cleaned"), (Filter("clean", "eq", False),), "number"),
            View("out", _l("Out of order"), (Filter("in_order", "eq", False),), "number"),
            View("all", _l("All"), (), "number"),
        ),
        tabs=(Related("reservations", _l("Reservations"), "amenities.reservation", "room_id", order=5),),
        load=("type",),
        search=("number",),
        sort="number",
        menu=("hotel", 30),
        icon="key",
    ),
    Resource(
        "amenities.room_type",
        HotelRoomType,
        Titles(_l("Room types"), _l("Room type"), _l("New room type")),
        columns=(
            Col("name", width=200, important=True, link=True),
            Col("code", width=100, important=True),
            Col("facility.name", _l("Hotel"), 200, True),
            Col("guests", width=100),
            Col("facility_id", hidden=True),
        ),
        sections=(Section(_l("Room type"), ("facility_id", "code", "name", "guests")),),
        create=f"{S}:create_type",
        change=f"{S}:change_type",
        tabs=(
            Related("rooms", _l("Rooms"), "amenities.room", "type_id", order=5),
            Related("rates", _l("Room rates"), "amenities.room_rate", "type_id", order=10),
        ),
        load=("facility",),
        sort="code",
        parent=("facility_id", "amenities.facility"),
        menu=("hotel", 50),
        icon="category",
    ),
    Resource(
        "amenities.room_rate",
        HotelRate,
        Titles(_l("Room rates"), _l("Room rate"), _l("New rate")),
        columns=(
            Col("type.name", _l("Room type"), 200, True, link=True),
            Col("rate_class", width=140),
            Col("since", width=105, important=True),
            Col("until", width=105),
            Col("amount", important=True),
            Col("type_id", hidden=True),
        ),
        sections=(Section(_l("Room rate"), ("type_id", "rate_class", "since", "until", "amount")),),
        create=f"{S}:create_rate",
        change=f"{S}:change_rate",
        remove=f"{S}:remove_rate",
        load=("type",),
        sort="-since",
        parent=("type_id", "amenities.room_type"),
        menu=("hotel", 40),
        icon="tag",
    ),
    Resource(
        "amenities.hotel_day",
        HotelDay,
        Titles(_l("Closed days"), _l("Closed day")),
        columns=(
            Col("day", width=105, important=True, link=True),
            Col("facility.name", _l("Hotel"), 180),
            Col("rooms", width=90),
            Col("nights", width=90, important=True, total="sum"),
            Col("missed", width=90, total="sum"),
            Col("revenue", important=True, total="sum"),
            Col("desk", total="sum"),
            Col("closed_by", width=110),
            Col("facility_id", hidden=True),
        ),
        sections=(
            Section(
                _l("Closed day"),
                ("facility_id", "day", "rooms", "nights", "missed", "revenue", "desk", "entry_id", "closed_at", "closed_by"),
            ),
        ),
        load=("facility", "entry"),
        sort="-day",
        menu=("hotel", 60),
        icon="moon",
    ),
]

slots.tile(
    Tile(
        "amenities.arrivals",
        _l("Hotel arrivals"),
        "amenities.reservation",
        "arrivals",
        ("operations_clerk",),
        ("number", "type.name", "firm.name"),
        69,
    )
)
slots.tile(
    Tile("amenities.dirty", _l("Rooms to be cleaned"), "amenities.room", "dirty", ("operations_clerk",), ("number", "type.name"), 70)
)
