"""Demo, first part: places with what is in them, the operator of the dining complex, firms that take part."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from modules.tenants.services import firms as register
from parkops.demo import Context

from . import demo_data as data
from .models.operator import AmenityOperatorContract
from .services import care, facilities, health, hotel_setup, housing_setup, meal_setup, operators, venues

D = Decimal


def firms(context: Context) -> list[int]:
    """Firms in the park on the article's day and today."""
    with context.scope("operations_manager") as s:
        return list(s.scalars(select(Firm.id).where(Firm.state == "incubating", Firm.entered_on <= data.ARTICLE).order_by(Firm.id).limit(24)))


def build(context: Context, today: date) -> dict[str, int]:
    """Everything that stands still."""
    with context.scope("operations_manager") as s:
        ids = {}
        for code, name, kind, area, seats, building in data.PLACES:
            ids[code] = facilities.create_facility(s, code=code, name=name, kind=kind, area=D(area) if area else None, seats=seats, building_code=building,
                                                   opened_on=data.FIRST, address="山东省济宁市高新区").id
        title, authority, on = data.TITLE
        facilities.create_title(s, facility_id=ids["JZX"], title=title, authority=authority, awarded_on=on)
        _apartments(s, ids)
        _hotel(s, ids, today)
        _rest(s, ids, today)
    _operator(context, ids, today)
    return ids


def _apartments(s: object, ids: dict[str, int]) -> None:
    """24 flats let whole, 12 rooms of two beds."""
    for n in range(24):
        layout, rent = (("one", 980), ("single", 720), ("two", 1480))[n % 3]
        flat = housing_setup.create_apartment(s, facility_id=ids["CXG"], code=f"{n // 6 + 2}0{n % 6 + 1}", floor=n // 6 + 2, layout=layout, area=D(28 + 9 * (n % 3)))
        housing_setup.create_bed(s, apartment_id=flat.id, code="A", people=1 + n % 3, rent=D(rent), deposit=D(rent))
    for n in range(12):
        flat = housing_setup.create_apartment(s, facility_id=ids["QNG"], code=f"{n // 4 + 1}1{n % 4 + 1}", floor=n // 4 + 1, layout="bed", area=D(24))
        for bed in "AB":
            housing_setup.create_bed(s, apartment_id=flat.id, code=bed, rent=D(380), deposit=D(300))


def _hotel(s: object, ids: dict[str, int], today: date) -> None:
    for code, name, price, count in (("STD", "标准间", 238, 10), ("BIG", "大床房", 268, 6), ("SUI", "商务套房", 468, 2)):
        kind = hotel_setup.create_type(s, facility_id=ids["KYH"], code=code, name=name, guests=2)
        for n in range(count):
            hotel_setup.create_room(s, type_id=kind.id, number=f"{ {'STD': 3, 'BIG': 4, 'SUI': 5}[code] }{n + 1:02d}")
        for rate_class, part in (("public", 100), ("park", 85), ("group", 75)):
            hotel_setup.create_rate(s, type_id=kind.id, rate_class=rate_class, since=date(today.year - 1, 1, 1), until=date(today.year + 1, 12, 31),
                                    amount=D(price) * part / 100)


def _rest(s: object, ids: dict[str, int], today: date) -> None:
    """Classes, packages, venues."""
    start = date(today.year - (today.month < 9), 9, 1)
    for name, kind, low, high, places, fee in (("托小班", "nursery", 18, 36, 6, 1800), ("小一班", "kindergarten", 36, 48, 8, 1280), ("中一班", "kindergarten", 48, 60, 8, 1280)):
        care.create_class(s, facility_id=ids["EDU"], name=name, kind=kind, starts_on=start, ends_on=date(start.year + 1, 7, 10), age_from=low, age_to=high,
                          places=places, fee=D(fee))
    for code, name, kind, price in (("TJ-A", "入职体检", "checkup", 180), ("TJ-B", "年度健康体检", "checkup", 0), ("TJ-Z", "职业健康检查", "occupational", 260),
                                    ("ZX", "健康咨询", "advice", 0)):
        health.create_package(s, facility_id=ids["JKZ"], code=code, name=name, kind=kind, price=D(price))
    for code, name, kind, price, public, place, seats in (
            ("YMQ", "羽毛球馆", "court", 30, 50, "GYM", 40), ("LQ", "篮球场", "court", 60, 100, "GYM", 60), ("DJH", "党建报告厅", "hall", 0, 300, "DJG", 200)):
        venues.create_venue(s, facility_id=ids[place], code=code, name=name, kind=kind, park_price=D(price), public_price=D(public), seats=seats)


def _operator(context: Context, ids: dict[str, int], today: date) -> None:
    """The third party that runs the dining complex: prepared by the clerk, approved by the manager; outlets with a till each."""
    with context.scope("operations_clerk") as s:
        firm = register.register_firm(s, name="济宁鲜达餐饮管理有限公司", registered_on=date(2017, 4, 6), industry="catering", taxpayer="general", source="委托运营")
        row = operators.create_contract(s, facility_id=ids["XKY"], operator_id=firm.id, starts_on=date(today.year - 1, 1, 1), ends_on=date(today.year + 1, 12, 31),
                                        share_rate=D("0.08"), minimum=D(500))
        for metric, text, target, weight in (("meals", "月供餐量", 1500, "0.5"), ("satisfaction", "满意度", 4, "0.5")):
            operators.create_kpi(s, contract_id=row.id, metric=metric, title=text, target=D(target), weight=D(weight))
        operators.submit_contract(s, row, on=today - timedelta(days=300))
        pk = row.id
    with context.scope("operations_manager") as s:
        operators.approve_contract(s, s.get(AmenityOperatorContract, pk), on=today)
        for n, (code, name, kind) in enumerate(data.OUTLETS):
            outlet = meal_setup.create_outlet(s, facility_id=ids["XKY"], contract_id=pk, code=code, name=name, kind=kind, seats=(800, 800, 500, 300, 200, None)[n])
            meal_setup.create_till(s, outlet_id=outlet.id, code=f"T-{code}")
