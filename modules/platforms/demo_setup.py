"""Demo, first part: platforms, instruments with their calendars, rates, funders of reduced rates, paying projects of the firms."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.services import catalogue
from modules.booking.models.entitlement import Voucher
from modules.booking.models.resource import ResourceGroup
from modules.booking.services import setup
from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from parkops import records
from parkops.demo import Context

from . import demo_data as data
from .models.project import PayingProject
from .models.registry import Instrument, OperatorQualification, Platform, PlatformStaff, ServiceItem
from .services import gap_funders, projects, rates

CLASSES = (("park", data.PARK_PRICE), ("research", data.RESEARCH_PRICE), ("external", data.OUTSIDE_PRICE))
ITEMS = {
    "AM": (("consumable", "AM-POWDER", "钛合金粉末", "千克", 860), ("sample", "AM-TEST", "零件检测", "件", 220)),
    "BIO": (("consumable", "BIO-KIT", "PCR试剂盒", "盒", 480), ("sample", "BIO-SEQ", "样本检测", "份", 260)),
    "MM": (("technician", "MM-TECH", "录音师服务", "小时", 120),), "EC": (("technician", "EC-TECH", "摄影师服务", "小时", 90),),
}


def build(context: Context) -> dict[str, int]:
    """Everything but use; code -> platform id."""
    ids: dict[str, int] = {}
    with context.scope("operations_manager") as s:
        item = catalogue.by_code(s, "equipment_lease").id
        carriers = dict(s.execute(select(Carrier.code, Carrier.id)).tuples().all())
        for n, plat in enumerate(data.PLATS):
            row = records.create(s, Platform, {
                "code": plat.code, "name": plat.name, "operating_model": plat.model, "carrier_id": carriers.get(plat.carrier),
                "charge_item_id": item, "place": plat.place, "area": Decimal(plat.area), "opened_on": date(2020 + n // 3, 5 + n, 18)})
            ids[plat.code] = row.id
            _tools(s, plat, row)
            for name, duty in ((f"{'孟孔曾颜'[n]}工", "engineer"), (f"{'冉闵仲卜'[n]}技", "technician")):
                records.create(s, PlatformStaff, {"platform_id": row.id, "name": name, "duty": duty, "starts_on": date(2021, 1, 4)})
            _rates(s, plat, row.id)
            gap_funders.create_funder(s, platform_id=row.id, customer_class="incubatee", funder="济宁高新区管委会科技创新局",
                                      document=f"济高新科创〔2021〕{11 + n}号", starts_on=date(2021, 1, 1))
    return ids


def _tools(session: Any, plat: data.Plat, row: Platform) -> None:
    """Instruments, each with its calendar of working hours."""
    group = session.scalars(select(ResourceGroup).where(ResourceGroup.code == plat.code)).one_or_none()
    group = group or setup.create_group(session, code=plat.code, name=plat.name)
    for day in "123456":
        setup.create_opening(session, group_id=group.id, weekday=day, opens="08:00", closes="22:00")
    for n, tool in enumerate(plat.tools):
        made = records.create(session, Instrument, {
            "platform_id": row.id, "code": tool.code, "name": tool.name, "maker": tool.maker or None, "value": Decimal(tool.value),
            "bought_on": date(2020, 6, 15) + timedelta(days=40 * n), "life_years": 10, "rated_hours": tool.rated, "needs_training": tool.trained,
            "interlock_id": f"LOCK-{tool.code}", "place": plat.place})
        calendar = setup.create_resource(
            session, code=tool.code, name=tool.name, kind="studio" if plat.code == "EC" else "instrument", group_id=group.id, place=plat.place,
            horizon_days=60, min_minutes=30, max_minutes=720, owner_source="platforms.instrument", owner_id=made.id)
        made.resource_id = calendar.id
    for kind, code, name, unit, _price in ITEMS[plat.code]:
        records.create(session, ServiceItem, {"platform_id": row.id, "kind": kind, "code": code, "name": name, "unit": unit})
    session.flush()


def _rates(session: Any, plat: data.Plat, platform_id: int) -> None:
    """Prices of incubated firms hold for every class without its own; outside users pay in full. Raised in 2024."""
    tools = dict(session.execute(select(Instrument.code, Instrument.id).where(Instrument.platform_id == platform_id)).tuples().all())
    for starts, last, factor in ((date(2021, 1, 1), date(2023, 12, 31), Decimal("0.9")), (date(2024, 1, 1), None, Decimal(1))):
        for tool in plat.tools:
            same = {"kind": "usage", "platform_id": platform_id, "instrument_id": tools[tool.code], "starts_on": starts, "last_day": last}
            rates.create_rate(session, amount=_price(tool.price, factor), **same)
            for code, times in CLASSES:
                rates.create_rate(session, amount=_price(tool.price, factor * Decimal(str(times))), customer_class=code, **same)
    items = dict(session.execute(select(ServiceItem.code, ServiceItem.id).where(ServiceItem.platform_id == platform_id)).tuples().all())
    for kind, code, _name, _unit, price in ITEMS[plat.code]:
        rates.create_rate(session, kind=kind, platform_id=platform_id, item_id=items[code], amount=Decimal(price),
                          basis="hour" if kind == "technician" else "unit", starts_on=date(2021, 1, 1))


def _price(base: int, factor: Decimal) -> Decimal:
    return Decimal(int(base * factor / 5)) * 5


def open_projects(context: Context, today: date) -> dict[str, list[tuple[str, date, date]]]:
    """Paying projects of some 190 firms over the years; platform code -> (number, from, until)."""
    found: dict[str, list[tuple[str, date, date]]] = {p.code: [] for p in data.PLATS}
    with context.scope("operations_clerk") as s:
        firms = s.execute(select(Firm.id, Firm.name, Firm.incubating_since, Firm.registered_on, Firm.moved_out_on).order_by(Firm.id)).all()
        inside = [f for f in firms if f.incubating_since is not None][:165]
        outside = [f for f in firms if f.incubating_since is None and f.registered_on is not None][::2][:48]
        for n, firm in enumerate([*inside, *outside]):
            starts = max(firm.incubating_since or firm.registered_on, data.FIRST).replace(day=1)
            last = firm.moved_out_on or today + timedelta(days=365)
            if last < starts + timedelta(days=60):
                continue
            code = ("EC", "AM", "BIO", "MM", "EC")[n % 5]
            klass = "incubatee" if firm.incubating_since else ("external", "external", "research", "park")[n // 5 % 4]
            made = projects.create_project(
                s, name="平台使用", firm_id=firm.id, customer_class=klass, starts_on=starts, last_day=firm.moved_out_on)
            for one in {code, ("AM", "MM", "EC", "BIO")[n % 4] if n % 6 == 0 else code}:
                found[one].append((made.number, starts, last))
        _trained(s)
        _vouchers(s)
    return found


def _vouchers(session: Any) -> None:
    """Firms that hold an innovation voucher name it in their project."""
    for voucher in session.scalars(select(Voucher).order_by(Voucher.id)):
        mine = select(PayingProject).where(PayingProject.firm_id == voucher.firm_id, PayingProject.last_day.is_(None))
        if (row := session.scalars(mine.order_by(PayingProject.id).limit(1)).one_or_none()) is not None:
            row.voucher_id = voucher.id
    session.flush()


def _trained(session: Any) -> None:
    """The first firms of the list are trained on what asks for training."""
    firms = session.scalars(select(Firm.id).where(Firm.state == "incubating").order_by(Firm.id).limit(12)).all()
    for tool in session.scalars(select(Instrument).where(Instrument.needs_training)):
        for firm_id in firms:
            session.add(OperatorQualification(park_id=tool.park_id, instrument_id=tool.id, firm_id=firm_id, trained_on=date(2025, 3, 10),
                                              expires_on=date(2028, 3, 9), trainer="孟工"))
    session.flush()
