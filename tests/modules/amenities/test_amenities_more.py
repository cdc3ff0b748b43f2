"""Rules of hotel, childcare, health centre, venues, events, notices, surveys, operators."""

from datetime import date, timedelta

import pytest
from amenities_help import MARCH, D, agree, card, english, incubatee, local, place, plan, till  # noqa: F401
from sqlalchemy import func, select

from modules.amenities.models.care import CareClass
from modules.amenities.models.health import HealthVisit
from modules.amenities.models.hotel import HotelDay, HotelFolioLine, HotelRoom, HotelRoomType
from modules.amenities.models.notice import NoticeReceipt
from modules.amenities.services import care, events, health, hotel, hotel_days, hotel_setup, notices, operators, statements, surveys, venues
from modules.amenities.services import till as tills
from modules.billing.models.ledger import LedgerEntry
from modules.billing.services import charges
from parkops import clock
from parkops.clock import Period
from parkops.errors import RuleError
from parkops.testing.kpi_checks import check_all


def rooms(s, n=2, price="200"):
    where = place(s, "hotel")
    kind = hotel_setup.create_type(s, facility_id=where.id, code="STD", name="标准间", guests=2)
    for k in range(n):
        hotel_setup.create_room(s, type_id=kind.id, number=f"{300 + k}")
    hotel_setup.create_rate(s, type_id=kind.id, rate_class="public", since=MARCH, until=date(2026, 12, 31), amount=D(price))
    return where, kind


def stay(s, kind, first=1, nights=2, **values):
    start = date(2026, 3, first)
    return hotel.create_reservation(s, **{"type_id": kind.id, "guest": "客人", "arrives_on": start, "leaves_on": start + timedelta(days=nights), **values})


def test_y44_y46_never_more_than_there_are_with_blocks(session):
    _where, kind = rooms(session, 3)
    block = hotel.create_block(session, type_id=kind.id, firm_id=incubatee(session).id, title="会议团", arrives_on=MARCH, leaves_on=date(2026, 3, 3),
                               rooms=2, cut_off_on=MARCH, price=D("150"))
    stay(session, kind)
    with pytest.raises(RuleError, match="2026-03-01"):
        stay(session, kind)
    mine = stay(session, kind, block_id=block.id)
    assert (mine.firm_id, mine.rate_class, hotel.price_of(session, mine, MARCH)) == (block.firm_id, "group", D("150.00"))
    assert hotel.free_rooms(session, kind.id, MARCH, date(2026, 3, 4)) == {MARCH: 0, date(2026, 3, 2): 0, date(2026, 3, 3): 3}
    assert hotel.release_blocks(session, on=date(2026, 3, 2), park_id=kind.park_id) == {"released": 1}
    assert hotel.free_rooms(session, kind.id, MARCH, date(2026, 3, 2)) == {MARCH: 1}


def test_y48_y52_close_posts_nights_once_and_books_the_desk_once(session):
    where, kind = rooms(session)
    guest, firm = stay(session, kind), stay(session, kind, firm_id=incubatee(session).id)
    late = stay(session, kind, first=5)
    assert hotel.check_in(session, guest, on=MARCH) == "Room 300." and hotel.check_in(session, firm, on=MARCH) == "Room 301."
    hotel.pay(session, guest, amount=D("212"), on=MARCH)
    before = session.scalar(select(func.count(LedgerEntry.id)))
    row, fresh = hotel_days.close_day(session, where, day=MARCH)
    again, second = hotel_days.close_day(session, where, day=MARCH)
    assert fresh and not second and again.id == row.id
    assert (row.nights, row.revenue, row.desk, row.rooms, row.missed) == (2, D("400.00"), D("212.00"), 2, 0)
    assert session.scalar(select(func.count(HotelFolioLine.id)).where(HotelFolioLine.kind == "night")) == 2
    assert session.scalar(select(func.count(LedgerEntry.id))) == before + 1
    with pytest.raises(RuleError, match="2026-03-02"):
        hotel_days.close_day(session, where, day=date(2026, 3, 4))
    with pytest.raises(RuleError, match="still to be paid"):
        hotel.check_out(session, guest, on=date(2026, 3, 3))
    agree(session)
    assert late.state == "booked" and hotel.balance(session, guest) == D("188.00")  # 400 owed once both nights are posted, 212 paid


def test_y51_a_firms_folio_becomes_one_line_and_a_closed_day_takes_no_lines(session, park):
    where, kind = rooms(session)
    row = stay(session, kind, firm_id=incubatee(session).id)
    hotel.check_in(session, row, on=MARCH)
    hotel.add_extra(session, row, title="早餐", amount=D("30"), on=MARCH)
    hotel_days.close_day(session, where, day=MARCH)
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError, match="closed hotel day"), session.begin_nested():
        hotel.add_extra(session, row, title="洗衣", amount=D("30"), on=MARCH)
    hotel.check_out(session, row, on=date(2026, 3, 3))
    found = session.execute(hotel_days.demands(session, park.id, MARCH)).mappings().all()
    assert [(f["amount"], f["period_from"]) for f in found] == [(D("430.00"), date(2026, 3, 3))]
    assert charges.add_charges(session, park.id, hotel_days.demands(session, park.id, MARCH)) == 1
    assert session.scalar(select(HotelRoom.clean).where(HotelRoom.id == row.room_id)) is False
    assert session.scalar(select(func.count(HotelRoomType.id))) == 1 == session.scalar(select(func.count(HotelDay.id)))


def group(s, places=1, **values):
    where = place(s, "education", area=D("10000"))
    return care.create_class(s, **{"facility_id": where.id, "name": "小一班", "kind": "kindergarten", "starts_on": date(2026, 3, 1), "ends_on": date(2026, 7, 10),
                                   "age_from": 36, "age_to": 48, "places": places, "fee": D("1200"), **values})


def child(s, firm, born=date(2022, 12, 1)):
    return care.create_child(s, name="小宝", born_on=born, parent="家长", phone="13900000001", firm_id=firm.id)


def test_y56_y60_list_order_places_and_fees(session, park):
    firm, room = incubatee(session), group(session)
    with pytest.raises(RuleError, match="months old"):
        care.list_child(session, class_id=room.id, child_id=child(session, firm, date(2024, 1, 1)).id, priority="one")
    near, both = (care.list_child(session, class_id=room.id, child_id=child(session, firm).id, priority=p) for p in ("resident", "both"))
    assert (care.place_on_list(session, both), care.place_on_list(session, near)) == (1, 2)
    with pytest.raises(RuleError, match="before this one"):
        care.offer_place(session, near, on=MARCH)
    care.offer_place(session, both, on=MARCH)
    session.refresh(room)
    assert room.taken == 1 and "taken" in care.why_not_offer(session, near)
    with pytest.raises(RuleError, match="All 1 places are taken"):
        care.offer_place(session, near, on=MARCH, reason="test")
    care.enrol_child(session, both, starts_on=date(2026, 3, 10))
    agree(session)
    care.leave_class(session, both, on=date(2026, 5, 4))
    found = session.execute(care.demands(session, park.id, date(2026, 6, 1))).mappings().all()
    assert [(f["period_from"], f["amount"]) for f in found] == care.fee_months(both.starts_on, both.ends_on, D("1200"))
    session.refresh(room)
    assert room.taken == 0 and session.get(CareClass, room.id).places == 1


def test_y61_pickup_list_holds_on_a_day(session):
    who = child(session, incubatee(session))
    care.create_pickup(session, child_id=who.id, name="奶奶", relation="祖母", phone="13900000002", since=MARCH)
    care.create_pickup(session, child_id=who.id, name="司机", relation="司机", phone="13900000003", since=MARCH, until=date(2026, 3, 5))
    assert [p.relation for p in care.pickups(session, who, on=date(2026, 3, 6))] == ["祖母"]


def test_y64_y68_persons_and_person_times_apart_and_charged_once(session, park):
    where, firm = place(session, "health"), incubatee(session)
    package = health.create_package(session, facility_id=where.id, code="A", name="入职体检", kind="checkup", price=D("260"))
    order = health.create_order(session, firm_id=firm.id, package_id=package.id, persons=40, starts_on=MARCH, ends_on=date(2026, 12, 31))
    from modules.amenities.states_health import HEALTH_ORDER

    HEALTH_ORDER.move(session, order, "confirm")
    assert health.take_over(session, order_id=order.id, days=[date(2026, 3, 2), date(2026, 3, 9)], people=15, prefix="E") == 30
    assert health.counted(session, facility_id=where.id, first=MARCH, last=date(2026, 3, 31)) == (15, 30)
    assert "30 persons, 7,800.00" in health.invoice_order(session, order, until=date(2026, 3, 31))
    with pytest.raises(RuleError, match="Nobody came"):
        health.invoice_order(session, order, until=date(2026, 3, 31))
    assert [r["amount"] for r in session.execute(health.demands(session, park.id, MARCH)).mappings()] == [D("7800.00")]
    names = {c.name for c in HealthVisit.__table__.columns}
    assert not [n for n in names if "result" in n or "finding" in n or "diagnos" in n]
    from modules.amenities.kpis.amenities import KPIS

    assert check_all(session, [k for k in KPIS if k.code.endswith(("served", "times", "occupancy"))], Period.parse("2026-03"), today=date(2026, 4, 1)) == []


def test_y70_venue_is_a_resource_with_a_price(session):
    where = place(session, "sports")
    hall = venues.create_venue(session, facility_id=where.id, code="BALL", name="羽毛球场", kind="court", park_price=D("30"), public_price=D("50"))
    assert (hall.resource.owner_source, hall.resource.owner_id, hall.resource.kind) == ("amenities.venue", hall.id, "venue")
    inside, start = incubatee(session), local(2, 18)
    for firm_id, amount in ((inside.id, "45.00"), (None, "75.00")):
        lines = venues.price_lines(session, resource=hall.resource, starts_at=start, ends_at=start + timedelta(minutes=90), firm_id=firm_id)
        assert [x["amount"] for x in lines] == [amount]


def test_y71_y72_rights_pay_first_then_the_hour_is_charged_once(session, park):
    from modules.booking.models.booking import Booking
    from modules.booking.services import entitlements, setup

    where, firm = place(session, "sports"), incubatee(session)
    hall = venues.create_venue(session, facility_id=where.id, code="LQ", name="篮球场", kind="court", park_price=D("30"), public_price=D("50"))
    rights = setup.create_plan(session, code="SPORT", name="文体权益")
    entitlements.create_plan_line(session, plan_id=rights.id, unit="minutes", minutes=60, kind="venue")
    entitlements.create_grant(session, plan_id=rights.id, firm_id=firm.id, starts_on=MARCH)
    for day, minutes in ((2, 90), (9, 60)):
        start = local(day, 18)
        session.add(Booking(park_id=park.id, resource_id=hall.resource_id, firm_id=firm.id, starts_at=start, ends_at=start + timedelta(minutes=minutes),
                            state="finished", checked_in_at=start, finished_at=start + timedelta(minutes=minutes)))
    session.flush()
    assert venues.demands(session, park.id, MARCH, date(2026, 3, 31)) == []
    found = venues.demands(session, park.id, date(2026, 4, 1), date(2026, 4, 20))
    assert [row["amount"] for row in found] == [D("15.00"), D("30.00")] and "rights cover 30.00" in found[0]["memo"]
    assert charges.add_charges(session, park.id, found) == 2
    assert venues.demands(session, park.id, date(2026, 4, 1), date(2026, 4, 20)) == []


def event(s, places=2, at=None):
    start = at or clock.now() + timedelta(minutes=5)
    row = events.create_event(s, title="融资路演", kind="roadshow", place="路演大厅", starts_at=start, ends_at=start + timedelta(hours=2), places=places)
    events.publish_event(s, row)
    return row


def test_y75_y79_registration_code_check_in_rating(session):
    row, firm = event(session), incubatee(session)
    seats = [events.register(session, event_id=row.id, name=f"听众{n}", phone=f"1390000000{n}", firm_id=firm.id) for n in range(2)]
    with pytest.raises(RuleError, match="All places"):
        events.register(session, event_id=row.id, name="迟到", phone="13900000009")
    with pytest.raises(RuleError, match="registered already|All places"):
        events.register(session, event_id=row.id, name="听众0", phone="13900000000")
    svg = events.qr_svg(seats[0])
    assert svg.startswith("<svg") and "听众" not in svg and events.find_code(session, f"PARKOPS:EVENT:{seats[0].code}").id == seats[0].id
    with pytest.raises(RuleError, match="Only who came"):
        events.rate(session, seats[0], rating=5)
    events.check_in(session, seats[0], at=row.starts_at)
    with pytest.raises(RuleError, match="already"):
        events.check_in(session, seats[0], at=row.starts_at)
    with pytest.raises(RuleError, match="not today"):
        events.check_in(session, seats[1], at=row.starts_at + timedelta(days=3))
    events.rate(session, seats[0], rating=4, remark="好")
    with pytest.raises(RuleError, match="rated already"):
        events.rate(session, seats[0], rating=5)
    events.EVENT.move(session, row, "close")
    agree(session, f"{clock.local(row.starts_at):%Y-%m}", clock.today())
    assert events.by_firm(session, row) == [(firm.name, 2, 1)] and events.mean_rating(session, row) == (4, 1)


def test_y82_y84_recipients_before_sending_then_receipts(session, park):
    a, b = incubatee(session, track="software"), incubatee(session, track="biomed")
    row = notices.create_notice(session, title="停水通知", body="明日停水。", scope="track", track="software", expires_on=clock.today() + timedelta(days=3))
    assert notices.recipients(session, row) == 1
    assert notices.send_notice(session, row) == "Sent to 1 firms."
    receipt = session.scalars(select(NoticeReceipt).where(NoticeReceipt.notice_id == row.id)).one()
    assert receipt.firm_id == a.id != b.id
    notices.mark_read(session, receipt, by="张三")
    first = session.get(NoticeReceipt, receipt.id).read_at
    notices.mark_read(session, receipt, by="李四")
    session.refresh(receipt)
    assert (receipt.read_by, receipt.read_at) == ("张三", first)
    with pytest.raises(RuleError, match="Only drafts"):
        notices.change_notice(session, row, title="x")
    empty = notices.create_notice(session, title="无人", body="x", scope="track", track="culture")
    with pytest.raises(RuleError, match="reaches nobody"):
        notices.send_notice(session, empty)
    later = notices.create_notice(session, title="预约", body="x", publish_at=clock.now() - timedelta(minutes=1))
    assert notices.schedule_notice(session, later) == "Goes to 2 firms."
    assert notices.due(session, on=clock.today() + timedelta(days=9), park_id=park.id) == {"sent": 1, "expired": 1, "empty": 0}


def test_y86_y88_survey_once_a_person_and_results(session):
    row = surveys.create_survey(session, title="餐饮满意度", opens_on=MARCH, closes_on=date(2026, 3, 31))
    stars = surveys.create_question(session, survey_id=row.id, text="总体满意度", kind="score")
    dish = surveys.create_question(session, survey_id=row.id, text="最喜欢", kind="choice", choices="面\n饭")
    surveys.open_survey(session, row)
    with pytest.raises(RuleError) as refused:
        surveys.answer(session, row, person="13900000001", answers={stars.id: "9", dish.id: "鱼"}, on=MARCH)
    assert refused.value.codes == ["amenities.Y-88", "amenities.Y-88"]
    surveys.answer(session, row, person="13900000001", answers={stars.id: "5", dish.id: "面"}, on=MARCH)
    sheet = surveys.answer(session, row, person="13900000002", answers={stars.id: "4", dish.id: "面"}, on=MARCH)
    with pytest.raises(RuleError, match="answered already"):
        surveys.answer(session, row, person="13900000001", answers={stars.id: "1", dish.id: "饭"}, on=MARCH)
    found = surveys.results(session, row)
    assert (found["sheets"], found["rows"][0]["mean"], dict(found["rows"][1]["counts"])) == (2, 450, {"面": 2, "饭": 0})
    assert "139" not in sheet.respondent[:3] or len(sheet.respondent) == 64


def test_y34_to_y41_operator_from_contract_to_payment(session, park, as_role):
    from core_help import entry
    from receipts_help import bank

    where, runs_it, firm = place(session, "canteen", seats=3000), entry(session), incubatee(session)
    account = bank(session)
    session.commit()
    with as_role("operations_clerk") as s:
        terms = operators.create_contract(s, facility_id=where.id, operator_id=runs_it.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31),
                                          share_rate=D("0.1"), minimum=D("2"))
        operators.create_kpi(s, contract_id=terms.id, metric="meals", title="供餐量", target=D("2"), weight=D("1"))
        operators.submit_contract(s, terms, on=MARCH)
        assert operators.why_not_approve(s, terms) is not None
        s.commit()
    with as_role("operations_manager") as s:
        operators.approve_contract(s, s.get(type(terms), terms.id), on=MARCH)
        s.commit()
    terms = session.get(type(terms), terms.id)
    session.refresh(terms)
    plan(session, firm)
    box, c = till(session, terms), card(session, firm)
    for n in range(2):
        tills.consume(session, till=box.code, card=c.number, price=D("15"), key=f"key-{n:05d}", at=local(2 + n))
    session.commit()
    with as_role("operations_clerk") as s:
        row = statements.create_statement(s, contract_id=terms.id, month=MARCH)
        assert (row.meals, row.turnover, row.own, row.subsidy, row.share, row.score) == (2, D("30.00"), D("14.00"), D("16.00"), D("3.00"), D("100.0000"))
        with pytest.raises(RuleError, match=row.number):
            statements.create_statement(s, contract_id=terms.id, month=MARCH)
        statements.submit_statement(s, row, on=date(2026, 4, 1))
        s.commit()
    with as_role("operations_manager") as s:
        mine = s.get(type(row), row.id)
        statements.approve_statement(s, mine, on=date(2026, 4, 1))
        assert "You approved" in statements.why_not_post(s, mine)
        s.commit()
    with as_role("finance") as s:
        mine = s.get(type(row), row.id)
        assert statements.why_not_post(s, mine) is None
        statements.post_statement(s, mine, on=date(2026, 4, 2))
        with pytest.raises(RuleError, match="You posted"):
            statements.pay_statement(s, mine, on=date(2026, 4, 3), bank_account_id=account.id, reference="x")
        s.commit()
    row = session.get(type(row), row.id)
    session.refresh(row)
    statements.pay_statement(session, row, on=date(2026, 4, 3), bank_account_id=account.id, reference="网银0403")
    assert row.state == "paid"
    assert [(r["firm_id"], r["amount"]) for r in session.execute(statements.demands(session, park.id, date(2026, 4, 1))).mappings()] == [(runs_it.id, D("3.00"))]
    from modules.amenities.checks.amenities import CHECKS

    assert [found for check in CHECKS for found in check.run(session)] == []


def test_y38_share_of_turnover():
    for turnover, rate, least, share in (("100", "0.1", "50", "50"), ("30", "0.1", "50", "30"), ("12345.67", "0.085", "0", "1049.38"), ("0", "0.1", "5", "0")):
        assert statements.share_of(D(turnover), D(rate), D(least)) == D(share)


def test_the_statement_on_paper(session, park):
    from datetime import datetime

    from amenities_help import contract

    from modules.amenities.models.operator import AmenityOperatorStatement
    from modules.amenities.reports.statement import statement_sheet
    from parkops.clock import ZONE
    from parkops.reports.registry import Request

    terms, row = contract(session), None
    box, c = till(session, terms), card(session)
    tills.consume(session, till=box.code, card=c.number, price=D("15"), key="paper-0001", at=local(2))
    row = AmenityOperatorStatement(park_id=park.id, number="AS-T", contract_id=terms.id, month=MARCH, meals=1, turnover=D("15"), own=D("15"))
    session.add(row)
    session.flush()
    made = statement_sheet(session, Request(park_id=park.id, period=None, today=MARCH, at=datetime(2026, 4, 1, tzinfo=ZONE), record_id=row.id, made_by="test"))
    assert "AS-T" in str(made.context) and list(made.sections[1].table.rows[0])[1:] == [1, D("15.00"), D("0.00"), D("15.00")]
