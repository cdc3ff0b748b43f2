"""Demo, second part: residents from application to check-out, the hotel's last ten days, six weeks of meals and the operator's statement."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from modules.billing.models.deposit import Deposit
from modules.billing.services import deposits
from modules.tenants.services import people
from parkops.clock import ZONE, add_months
from parkops.demo import Context
from parkops.errors import RuleError

from . import demo_data as data
from .models.facility import AmenityFacility
from .models.hotel import HotelReservation, HotelRoom, HotelRoomType
from .models.housing import HousingApplication, HousingContract
from .models.meals import MealCard
from .models.operator import AmenityOperatorContract, AmenityOperatorStatement
from .services import hotel as stays
from .services import hotel_days, housing_contracts, housing_queue, housing_setup, meal_cards, meal_setup, statements, till

D = Decimal


def housing(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """30 applications; 22 live there, some wait in the queue, one has left and waits for its settlement."""
    chance, since = random.Random(61), add_months(today, -7)
    levels = ("A", "B", "C", "D", "E", "F")
    with context.scope("operations_manager") as s:
        for n in range(30):
            youth = n % 3 == 2
            person = people.add_person(s, name=data.NAMES[n % 16][0] + ("子轩", "雨桐", "浩然", "欣怡", "思远")[n % 5], born_on=date(1990 + n % 9, 1 + n % 12, 10))
            row = housing_queue.create_application(
                s, person_id=person.id, firm_id=firms[n % len(firms)], facility_id=ids["QNG" if youth else "CXG"], layout="bed" if youth else ("one", "single")[n % 2],
                applied_on=since + timedelta(days=n), talent_level="none" if youth else levels[chance.randrange(6)], employed_since=date(2022, 3, 1), insured_months=12 + n,
                owns_home=None if n == 28 else False, months=12)
            housing_queue.queue_application(s, row, on=since + timedelta(days=n))
            if n < 23 and row.state == "queued":
                _house(s, row, since + timedelta(days=n + 3), n)
    with context.scope("operations_clerk") as s:
        row = s.scalars(select(HousingContract).where(HousingContract.state == "living").order_by(HousingContract.id).limit(1)).one()
        housing_contracts.move_out(s, row, on=today - timedelta(days=1), condition="墙面有污损，其余完好", keys_back=1)
        housing_contracts.create_damage(s, contract_id=row.id, title="墙面修补", amount=D(180))


def _house(s: object, row: HousingApplication, on: date, n: int) -> None:
    """Allot, sign, deposit, move in; the last one is left to be signed."""
    beds = housing_setup.free_beds(s, facility_id=row.facility_id, layout=row.layout, first=on, last=add_months(on, 12))
    if not beds:
        return
    made = housing_queue.allot_application(s, row, bed_id=beds[0].id, starts_on=on, on=on, reason="按批次同时分配")
    if n == 22:
        return
    housing_contracts.sign_contract(s, made, on=on)
    deposits.receive_deposit(s, s.get(Deposit, made.deposit_id), amount=made.deposit, on=on, kind="cash")
    housing_contracts.move_in(s, made, on=on, condition="家具家电完好", keys=2)


def hotel(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """Ten days of guests and daily closes; today's arrivals and a group to come."""
    chance = random.Random(62)
    with context.scope("operations_clerk") as s:
        place = s.get(AmenityFacility, ids["KYH"])
        kinds = list(s.scalars(select(HotelRoomType).order_by(HotelRoomType.id)))
        for back in range(10, 0, -1):
            day = today - timedelta(days=back)
            _leave(s, day)
            for n in range(chance.randint(2, 4)):
                try:
                    row = stays.create_reservation(
                        s, type_id=kinds[n % 3].id, guest=chance.choice(data.NAMES), arrives_on=day, leaves_on=day + timedelta(days=chance.randint(1, 3)),
                        firm_id=chance.choice(firms) if n % 2 else None, phone="13905370000")
                    if not (back == 4 and n == 0):
                        _clean(s, row.type_id)
                        stays.check_in(s, row, on=day)
                except RuleError:
                    continue
            for row in s.scalars(select(HotelReservation).where(HotelReservation.state == "in_house", HotelReservation.firm_id.is_(None))):
                if row.arrives_on == day:
                    price = sum((stays.price_of(s, row, night) for night in stays.nights(row.arrives_on, row.leaves_on)), D(0))
                    stays.add_line(s, row, kind="payment", title=None, amount=price, on=day, means=chance.choice(("cash", "bank")))
            hotel_days.close_day(s, place, day=day)
        _leave(s, today)
        stays.create_reservation(s, type_id=kinds[1].id, guest="孙经理", arrives_on=today, leaves_on=today + timedelta(days=2), firm_id=firms[1], phone="13905370009")
        stays.create_block(s, type_id=kinds[0].id, firm_id=firms[2], title="产业峰会嘉宾团", arrives_on=today + timedelta(days=12), leaves_on=today + timedelta(days=14),
                           rooms=6, cut_off_on=today + timedelta(days=9))


def _clean(s: object, type_id: int) -> None:
    """Housekeeping has been through."""
    for room in s.scalars(select(HotelRoom).where(HotelRoom.type_id == type_id, HotelRoom.clean.is_(False))):
        room.clean = True
    s.flush()


def _leave(s: object, day: date) -> None:
    for row in s.scalars(select(HotelReservation).where(HotelReservation.state == "in_house", HotelReservation.leaves_on <= day)):
        stays.check_out(s, row, on=row.leaves_on)


def meals(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """60 cards of six firms, topped up; meals of the working days since the first of last month; last month's statement."""
    chance, first = random.Random(63), add_months(today.replace(day=1), -1)
    with context.scope("finance") as s:
        for n, firm in enumerate(firms[:6]):
            meal_setup.create_plan(s, firm_id=firm, per_meal=D(6 + 2 * (n % 3)), meals_a_day=1 + n % 2, starts_on=date(today.year - 1, 1, 1), month_cap=D(240))
        for n in range(60):
            card = meal_cards.issue_card(s, issued_on=first, firm_id=firms[n % 6], holder=data.NAMES[n % 16])
            meal_cards.top_up(s, card, amount=D(600), on=first, kind="bank")
    with context.scope("operations_clerk") as s:
        cards = list(s.scalars(select(MealCard.number).order_by(MealCard.id)))
        day, k = first, 0
        while day <= today:
            for card in cards if day.weekday() < 5 else cards[::9]:
                at = datetime.combine(day, time(11, 40), ZONE) + timedelta(minutes=int(chance.triangular(0, 95, 30)))
                if day == today and at > datetime.now(ZONE):
                    continue
                k += 1
                try:
                    till.consume(s, till=f"T-{chance.choice(data.OUTLETS[:4])[0]}", card=card, price=D(chance.choice(data.PRICES[:4])), key=f"demo-{k:07d}", at=at)
                except RuleError:
                    continue
            day += timedelta(days=1)
        contract = s.scalars(select(AmenityOperatorContract).where(AmenityOperatorContract.facility_id == ids["XKY"])).one()
        statements.create_statement(s, contract_id=contract.id, month=first)


def submit_statement(context: Context, today: date) -> None:
    """Once the survey has answers every clause has its fact."""
    with context.scope("operations_clerk") as s:
        for row in s.scalars(select(AmenityOperatorStatement)):
            statements.work_out(s, row)
            if statements.why_not_submit(s, row) is None:
                statements.submit_statement(s, row, on=today)
