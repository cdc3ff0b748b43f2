"""Meeting rooms and venues of the demo park with the last weeks' bookings, today's and the coming days', and rights of some firms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops import clock, records
from parkops.clock import ZONE
from parkops.demo import Context
from parkops.errors import RuleError

from .models.booking import Booking
from .models.entitlement import EntitlementGrant, PlanLine
from .models.resource import BookableResource
from .services import attendance, bookings, setup, vouchers

FIGURES: list[Any] = []
ROOMS = (
    ("ROOM-A", "一号会议室", "room", 12, "创达大厦三层"), ("ROOM-B", "二号会议室", "room", 20, "创达大厦三层"),
    ("ROOM-C", "洽谈室", "room", 6, "软件园1号楼二层"), ("TRAIN", "培训教室", "room", 60, "文创园1号楼一层"),
    ("ROADSHOW", "路演大厅", "venue", 200, "创达大厦一层"),
)
PURPOSES = ("项目评审", "客户洽谈", "新员工培训", "产品发布", "融资路演", "周例会")
DAYS_BACK, DAYS_AHEAD = 21, 7


def load(context: Context) -> None:
    """Build the demo; called once per database."""
    today = clock.today()
    with context.scope("operations_manager") as s:
        ids = _rooms(s)
        firms = list(s.scalars(select(Firm.id).where(Firm.state == "incubating").order_by(Firm.id).limit(30)))
        _rights(s, firms, today)
    context.say(f"booking: {len(ids)} rooms")
    made = 0
    for ahead in range(-DAYS_BACK, DAYS_AHEAD):
        with context.scope("operations_clerk") as s:
            made += _day(s, ids, firms, today + timedelta(days=ahead), today)
    context.say(f"booking: {made} bookings")


def _rooms(session: Any) -> list[int]:
    """One group, working hours on six days; the hall needs approval."""
    group = setup.create_group(session, code="ROOMS", name="会议与活动场地", name_en="Meeting rooms and venues", position=10)
    for day in "123456":
        setup.create_opening(session, group_id=group.id, weekday=day, opens="08:00", closes="21:00")
    out = []
    for code, name, kind, seats, place in ROOMS:
        row = setup.create_resource(
            session, code=code, name=name, kind=kind, group_id=group.id, place=place, seats=seats, horizon_days=60, min_minutes=30,
            max_minutes=480, per_day=3, cancel_minutes=120, missed_minutes=30, needs_approval=code == "ROADSHOW")
        out.append(row.id)
    return out


def _rights(session: Any, firms: list[int], today: date) -> None:
    """Ten hours of rooms a month for incubated firms; two hold innovation vouchers."""
    plan = setup.create_plan(session, code="INCUBATEE", name="在孵企业会议室权益")
    records.create(session, PlanLine, {"plan_id": plan.id, "unit": "minutes", "minutes": 600, "kind": "room"})
    for firm_id in firms[:20]:
        records.create(session, EntitlementGrant, {"plan_id": plan.id, "firm_id": firm_id, "starts_on": date(today.year, 1, 1)})
    for firm_id in firms[:2]:
        vouchers.create_voucher(session, firm_id=firm_id, number=f"CXQ-{today.year}-{firm_id:04d}", issuer="济宁市科技局", quota=Decimal(20_000),
                                valid_from=date(today.year, 1, 1), valid_to=date(today.year, 12, 31))


def _day(session: Any, ids: list[int], firms: list[int], day: date, today: date) -> int:
    """A day's bookings: two or three a room; what is past was used, one in nine was missed."""
    made = 0
    if day.weekday() > 4:
        return 0
    for n, resource_id in enumerate(ids):
        for k, (hour, minutes) in enumerate(((9, 90), (14, 120), (16, 60))):
            if (day.toordinal() + n + k) % 3 == 0:
                continue
            firm_id = firms[(day.toordinal() * 3 + n * 5 + k) % len(firms)]
            made += _one(session, resource_id, firm_id, datetime(day.year, day.month, day.day, hour, n % 2 * 30, tzinfo=ZONE), minutes, day < today)
    return made


def _one(session: Any, resource_id: int, firm_id: int, start: datetime, minutes: int, past: bool) -> int:
    resource = session.get(BookableResource, resource_id)
    try:
        with session.begin_nested():
            booking = bookings.book(session, resource=resource, starts_at=start, ends_at=start + timedelta(minutes=minutes), firm_id=firm_id,
                                    people=4, memo=PURPOSES[(firm_id + minutes) % len(PURPOSES)], at=start - timedelta(days=2))
    except RuleError:
        return 0
    if past and booking.state == "confirmed":
        _use(session, booking, start, minutes)
    return 1


def _use(session: Any, booking: Booking, start: datetime, minutes: int) -> None:
    if booking.id % 9 == 4:
        attendance.mark_missed(session, booking, at=start + timedelta(minutes=31))
        return
    attendance.check_in(session, booking, at=start)
    attendance.finish(session, booking, at=start + timedelta(minutes=minutes))
