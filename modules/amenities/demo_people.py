"""Demo, third part: the health centre's year, classes, events, notices and a survey."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from parkops.clock import ZONE, add_months
from parkops.demo import Context

from . import demo_data as data
from . import demo_living
from .models.care import CareClass
from .models.event import EventRegistration, ParkEvent
from .models.health import HealthOrder, HealthPackage
from .services import care as classes
from .services import events as gatherings
from .services import health as centre
from .services import notices, surveys
from .states_health import HEALTH_ORDER

D = Decimal


def health(context: Context, ids: dict[str, int], firms: list[int]) -> None:
    """The year until the article's day: 24 firms, 860 staff numbers each seen twice (41,280 person-times), taken over set-based.

    The check-ups of the year were paid by the park (price 0), so nothing is charged for them; this year's orders are."""
    with context.scope("operations_manager") as s:
        package = {p.code: p for p in s.scalars(select(HealthPackage))}
        for n, firm in enumerate(firms):
            order = centre.create_order(s, firm_id=firm, package_id=package["TJ-B"].id, persons=1720, starts_on=date(2021, 11, 1), ends_on=data.ARTICLE)
            HEALTH_ORDER.move(s, order, "confirm", on=order.starts_on)
            days = [date(2021, 11, 2) + timedelta(days=5 * n), date(2022, 5, 4) + timedelta(days=6 * n)]
            centre.take_over(s, order_id=order.id, days=days, people=860, prefix="G")
            centre.finish_order(s, order, on=data.ARTICLE)
        today = datetime.now(ZONE).date()
        for n, firm in enumerate(firms[:4]):
            order = centre.create_order(s, firm_id=firm, package_id=package["TJ-A"].id, persons=20, starts_on=add_months(today, -2), ends_on=add_months(today, 2))
            HEALTH_ORDER.move(s, order, "confirm", on=order.starts_on)
            centre.take_over(s, order_id=order.id, days=[today - timedelta(days=20 + n)], people=6 + n, prefix="N")
    with context.scope("finance") as s:
        for order in s.scalars(select(HealthOrder).where(HealthOrder.state == "confirmed").order_by(HealthOrder.id).limit(2)):
            centre.invoice_order(s, order, until=datetime.now(ZONE).date())
    with context.scope("operations_clerk") as s:
        start = datetime.combine(datetime.now(ZONE).date() + timedelta(days=1), time(8), ZONE)
        centre.open_slots(s, facility_id=ids["JKZ"], first=start, days=3, minutes=30, places=6, count=6)


def care(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """Classes nearly full, a waiting list, who picks up."""
    with context.scope("operations_manager") as s:
        for group in s.scalars(select(CareClass).order_by(CareClass.id)):
            for n in range(group.places + 2):
                born = add_months(group.starts_on, -(group.age_from + 2 + n % 9))
                child = classes.create_child(s, name=data.CHILDREN[n % 8], born_on=born, parent=data.NAMES[n % 16], phone=f"1390537{1000 + n:04d}", firm_id=firms[n % len(firms)])
                classes.create_pickup(s, child_id=child.id, name=data.NAMES[(n + 3) % 16], relation=("祖母", "父亲", "外祖父")[n % 3], phone=f"1390537{2000 + n:04d}", since=group.starts_on)
                row = classes.list_child(s, class_id=group.id, child_id=child.id, priority=("both", "one", "resident")[n * 3 // (group.places + 2)])
                s.refresh(group)
                if n < group.places - (group.kind == "nursery"):
                    classes.offer_place(s, row, on=group.starts_on, reason="开学批次同时录取")
                    classes.enrol_child(s, row, starts_on=group.starts_on)


def events(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """Four that took place with ratings, two to come."""
    chance = random.Random(64)
    with context.scope("operations_manager") as s:
        for n, (title, kind, places) in enumerate(data.EVENTS):
            day = today + timedelta(days=-40 + 10 * n if n < 4 else 3 * n - 5)
            start = datetime.combine(day, time(14), ZONE)
            row = gatherings.create_event(s, title=title, kind=kind, place="创达大厦路演大厅", starts_at=start, ends_at=start + timedelta(hours=2), places=places, host="创新谷企业服务部")
            gatherings.publish_event(s, row)
            for k in range(18 + 5 * (n % 3)):
                _seat(s, row, k, firms, chance, held=n < 4)
            if n < 4:
                for seat in s.scalars(select(EventRegistration).where(EventRegistration.event_id == row.id, EventRegistration.state == "attended")):
                    if chance.random() < 0.6:
                        gatherings.rate(s, seat, rating=chance.choice((3, 4, 4, 5, 5, 5)))
                gatherings.close_event(s, row)


def _seat(s: object, row: ParkEvent, k: int, firms: list[int], chance: random.Random, *, held: bool) -> None:
    """A person registers; at past events the list of that day is taken over and most came."""
    values = {"event_id": row.id, "name": data.NAMES[k % 16], "phone": f"1380537{row.id % 10}{k:03d}", "firm_id": firms[k % len(firms)]}
    if not held:
        gatherings.register(s, **values)
        return
    seat = EventRegistration(park_id=row.park_id, code=f"{row.id:06d}{k:014d}", registered_at=row.starts_at - timedelta(days=3), **values)
    s.add(seat)
    s.flush()
    if chance.random() < 0.85:
        gatherings.check_in(s, seat, at=row.starts_at)


def voices(context: Context, ids: dict[str, int], firms: list[int], today: date) -> None:
    """Two notices, one of them scheduled; a survey about the dining complex with answers; then the operator's statement."""
    chance = random.Random(65)
    first = add_months(today.replace(day=1), -1)
    with context.scope("operations_manager") as s:
        row = notices.create_notice(s, title="冬季供暖安排通知", body="供暖自11月15日起，请各企业检查室内阀门。", scope="all", expires_on=today + timedelta(days=60))
        notices.send_notice(s, row)
        later = notices.create_notice(s, title="元旦期间餐饮营业时间", body="1月1日餐饮综合体正常供应早、午餐。", scope="cards", publish_at=datetime.combine(today + timedelta(days=5), time(9), ZONE),
                                      expires_on=today + timedelta(days=40))
        notices.schedule_notice(s, later)
        survey = surveys.create_survey(s, title="餐饮综合体满意度调查", facility_id=ids["XKY"], opens_on=first, closes_on=today + timedelta(days=10))
        rows = [surveys.create_question(s, survey_id=survey.id, position=10 * n, text=text, kind=kind, choices=choices, needed=kind != "text")
                for n, (text, kind, choices) in enumerate(data.QUESTIONS, 1)]
        surveys.open_survey(s, survey)
        for n in range(24):
            answers = {q.id: chance.choice((3, 4, 4, 5, 5)) if q.kind == "score" else chance.choice(surveys.choices_of(q.choices)) if q.kind == "choice" else ("菜品很好" if n % 6 == 0 else None)
                       for q in rows}
            surveys.answer(s, survey, person=f"1380537{n:04d}", answers=answers, on=today, firm_id=firms[n % len(firms)])
    demo_living.submit_statement(context, today)
