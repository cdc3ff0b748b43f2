"""Demo, first part: buildings with their units, the island under construction, merchants and established firms."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.demo_data import GIVEN, SURNAMES
from modules.tenants.demo_data import Maker as FirmMaker
from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from modules.tenants.services import firms, statements

from . import demo_data as data
from .services import buildings, units

UNITS_SINCE = date(2019, 1, 1)


def build(session: Any, carriers: dict[str, int], rooms: dict[str, list[tuple[str, int, int]]]) -> dict[tuple[str, str], int]:
    """Every building with its floors and units; (place, code) -> unit id."""
    ids: dict[tuple[str, str], int] = {}
    for place in data.PLACES:
        area = sum(a for _code, _floor, a in rooms[place.code])
        building = buildings.create_building(
            session, code=place.code, name=place.name, carrier_id=carriers.get(place.carrier or ""), construction="in_use",
            built_area=Decimal(area * 4 // 3), completed_on=date(2012, 6, 30), acquired_on=date(2012, 8, 1), region=data.REGION,
            address=place.address, certificate_no=f"鲁(2012)济宁市不动产权第{len(ids) + 1:07d}号", state_owned=True)
        for level in sorted({floor for _code, floor, _area in rooms[place.code]}):
            floor = buildings.create_floor(session, building_id=building.id, level=level, name=f"{level}F")
            for code, own, size in rooms[place.code]:
                if own == level:
                    unit = units.create_unit(
                        session, floor_id=floor.id, code=code, kind=place.kind, lettable_area=Decimal(size), built_area=Decimal(size) * 5 / 4,
                        shared_area=Decimal(size) / 4, incubation=place.code.startswith(("INC", "MS")), list_price=Decimal(place.price),
                        starts_on=UNITS_SINCE)
                    ids[place.code, code] = unit.id
    _island(session)
    return ids


def _island(session: Any) -> None:
    """麒麟岛, phase one: 200,000 ㎡ being built; the eight R&D buildings are topped out."""
    for code, name, area in data.ISLAND:
        buildings.create_building(
            session, code=code, name=name, construction="topped_out" if "研发" in name else "building", phase="一期", built_area=Decimal(area),
            region=data.REGION, address="麒麟岛创业基地", state_owned=True)


def stays(session: Any, maker: data.Maker, until: date) -> list[data.Tenancy]:
    """The stays of teams and incubated firms, from their dated stages."""
    codes = _carrier_codes(session)
    service = dict(session.execute(select(Firm.id, Firm.industry.in_(("software", "other", "leasing_business", "catering")))).all())
    names = dict(session.execute(select(Firm.id, Firm.name)).all())
    found = []
    rows = session.execute(select(Stage.firm_id, Stage.carrier_id, Stage.state, Stage.starts_on, Stage.ends_on).where(
        Stage.state.in_(("team", "incubating", "accelerating")), Stage.starts_on >= data.FIRST).order_by(Stage.starts_on, Stage.id))
    for firm_id, carrier_id, state, starts, ends in rows:
        place = codes[carrier_id]
        first = data.month_start(starts)
        last = data.month_end(ends - timedelta(days=1)) if ends else None
        if state == "incubating" and last:
            last = data.month_end(last + timedelta(days=45))
        if first > until or (last and last < first + timedelta(days=80)) or not _has_lease(firm_id, state):
            continue
        skew = 0 if place != "ACC-1" else -2
        found.append(data.Tenancy(place, firm_id, names[firm_id], first, last if last is None or last < until else None, maker.area(place, max(skew, 0)),
                                  maker.terms(), service=bool(service[firm_id]), team=state == "team"))
    return _one_at_a_time(found)


def _has_lease(firm_id: int, state: str) -> bool:
    """Every second firm rents in the carriers of the park, every third team a desk; the others sit with a partner or at home."""
    return state == "accelerating" or firm_id % (3 if state == "team" else 2) == 0


def _one_at_a_time(found: list[data.Tenancy]) -> list[data.Tenancy]:
    """A firm that moves on (team → incubator → accelerator) leaves the place before when the next stay begins."""
    later: dict[int, data.Tenancy] = {}
    for stay in sorted(found, key=lambda t: t.starts, reverse=True):
        following = later.get(stay.firm_id)
        if following and (stay.ends is None or stay.ends >= following.starts):
            stay.ends = following.starts - timedelta(days=1)
        later[stay.firm_id] = stay
    return [t for t in found if t.ends is None or t.ends >= t.starts + timedelta(days=27)]


def _carrier_codes(session: Any) -> dict[int, str]:
    from modules.tenants.models.carrier import Carrier

    return dict(session.execute(select(Carrier.id, Carrier.code)).all())


def merchants(session: Any, maker: data.Maker) -> list[data.Tenancy]:
    """36 merchants of the food street; two have left since."""
    names, found = FirmMaker(seed=77), []
    for n, name in enumerate(data.MERCHANTS):
        starts = data.FIRST if n < 20 else date(2020 + n % 2, 1 + n % 9, 1)
        firm = firms.register_firm(
            session, name=f"济宁高新区{name}", credit_code=names.credit_code(), registered_on=starts - timedelta(days=60 + n),
            industry="retail" if n in (22, 23, 32, 33, 35) else "catering", registration_type="individual", taxpayer="small",
            legal_representative=SURNAMES[n % len(SURNAMES)] + GIVEN[n % len(GIVEN)], phone=names.phone(), province="山东", city="济宁",
            address="印象·吟龙湾", source="招商入驻")
        ends = date(2023, 3, 31) if n == 7 else date(2024, 8, 31) if n == 19 else None
        found.append(data.Tenancy("YLW", firm.id, firm.name, starts, ends, maker.area("YLW"), (36, 36), service=True, turnover=name in data.TURNOVER))
    return found


def established(session: Any, maker: data.Maker, count: int = 62) -> list[data.Tenancy]:
    """Grown service firms that rent in the accelerator without being incubated, with the figures their size class needs."""
    names, found = FirmMaker(seed=78), []
    for n in range(count):
        trade = data.ESTABLISHED[n % len(data.ESTABLISHED)]
        starts = data.FIRST if n < 40 else date(2020, 3 + n % 9, 1)
        firm = firms.register_firm(
            session, name=f"济宁{names.random.choice(('汇诚', '鲁信', '中科', '天正', '瑞通', '明德', '广联', '信达', '弘毅', '博达'))}{trade}{('', '集团', '发展', '服务', '(山东)')[n // 14]}有限公司",
            credit_code=names.credit_code(), registered_on=date(2012 + n % 6, 1 + n % 12, 15), registration_type="limited", taxpayer="general",
            industry="software" if "软件" in trade or "云" in trade or "数字" in trade else "other", province="山东", city="济宁", address="济宁高新区",
            legal_representative=SURNAMES[(n * 3) % len(SURNAMES)] + GIVEN[(n * 7) % len(GIVEN)], phone=names.phone(), source="招商入驻")
        for year in (2019, 2021):
            statements.create_statement(
                session, firm_id=firm.id, grain="year", period_start=date(year, 1, 1), source="manual", reported_on=date(year + 1, 1, 20),
                staff_total=12 + (n * 7) % 70, revenue=Decimal(80 + (n * 37) % 800) * 10_000, total_assets=Decimal(100 + n * 11) * 10_000)
        found.append(data.Tenancy("ACC-1", firm.id, firm.name, starts, None, maker.area("ACC-1"), (36, 36), service=True))
    return found
