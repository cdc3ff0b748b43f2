"""What the leasing demo consists of: buildings, prices, merchants and who rents what for how long, made from one seed.

Pure: no session, no clock. Names are invented but for those of the public article (麒麟岛, 印象·吟龙湾). Areas are multiples of
10 ㎡ and prices of 5 yuan, so that every month's rent is a round sum."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

SEED = 20221031
FIRST = date(2019, 11, 1)  # the books begin
REPORTED_FROM = date(2024, 2, 1)  # merchants report their turnover since then
REGION = "山东省济宁市高新区"


@dataclass(frozen=True)
class Place:
    """A building of the demo: price is yuan per ㎡ and month, fee the property fee; spare is the share of units beyond what is let."""

    code: str
    name: str
    carrier: str | None
    floors: int
    price: int
    fee: int
    areas: tuple[int, ...]
    kind: str
    address: str
    spare: float = 0.14


PLACES = (
    Place("INC-1", "创达大厦", "INC-1", 8, 20, 2, (60, 80, 100, 120, 150, 200, 260, 320), "office", "崇文大道6699号"),
    Place("INC-2", "软件园1号楼", "INC-2", 10, 25, 3, (60, 80, 100, 120, 160, 200, 240), "office", "海川路9号"),
    Place("INC-3", "文创园1号楼", "INC-3", 6, 25, 3, (50, 80, 100, 120, 140, 180), "office", "吴泰闸路77号"),
    Place("MS-1", "创客空间楼", "MS-1", 2, 20, 0, (20, 30, 40), "desk", "崇文大道6699号"),
    Place("MS-2", "生命健康楼", "MS-2", 2, 20, 0, (20, 30, 40), "desk", "红星东路8号"),
    Place("MS-3", "极客空间楼", "MS-3", 2, 20, 0, (20, 30, 40), "desk", "海川路9号"),
    Place("MS-4", "梦工场楼", "MS-4", 2, 20, 0, (20, 30, 40), "desk", "吴泰闸路77号"),
    Place("MS-5", "智造工坊楼", "MS-5", 2, 20, 0, (20, 30, 40), "desk", "崇文大道6699号"),
    Place("ACC-1", "加速器1号楼", "ACC-1", 6, 20, 2, (300, 400, 500, 600, 800, 1000, 1200), "workshop", "开源路11号", 0.1),
    Place("YLW", "印象·吟龙湾美食街区", None, 2, 50, 5, (60, 80, 100, 120, 150, 180), "shop", "龙湾路1号", 0.08),
)
# Phase one of 麒麟岛: 200,000 ㎡ under construction, eight R&D buildings topped out when the article appeared.
ISLAND = (*((f"QLD-{n}", f"麒麟岛研发{n}号楼", 15_000) for n in range(1, 9)), ("QLD-T1", "麒麟岛塔楼A座", 35_000),
          ("QLD-T2", "麒麟岛塔楼B座", 30_000), ("QLD-C", "麒麟岛配套商业", 15_000))

MERCHANTS = ("运河人家", "鲁味居", "老济宁甏肉干饭", "微山湖鱼馆", "孔府小厨", "川渝印象", "湘里湘亲", "粤港茶餐厅", "兰州牛肉面", "巷口烧烤", "渔家小馆", "龙湾火锅",
             "青柠奶茶", "一口面包", "果然鲜水果", "江南小笼", "东北饺子馆", "新疆烤肉", "韩式石锅拌饭", "和风日料", "意面工坊", "素心斋", "早安豆浆", "五谷粥铺",
             "麻辣香锅", "酸菜鱼庄", "潮汕牛肉", "云南米线", "重庆小面", "北平炸酱面", "咖啡时光", "精酿酒馆", "便利生活超市", "花漾花店", "洁净洗衣", "康源药店")
ESTABLISHED = ("检测技术服务", "知识产权代理", "财税咨询", "软件服务", "工程设计", "人力资源", "云计算服务", "数字营销", "认证咨询", "会展服务", "供应链管理", "环境技术服务",
               "电子商务", "科技咨询")
TURNOVER = frozenset({"龙湾火锅", "渔家小馆", "精酿酒馆", "和风日料", "便利生活超市", "咖啡时光"})


@dataclass
class Tenancy:
    """One firm's stay in one place, first to last day (None: still there). `unit` is set by `place`."""

    place: str
    firm_id: int
    name: str
    starts: date
    ends: date | None
    area: int
    terms: tuple[int, ...]
    service: bool = False
    team: bool = False
    turnover: bool = False
    unit: str | None = None
    versions: list[int] = field(default_factory=list)  # ids of its lease versions


def month_start(day: date) -> date:
    """The first of the month in which a stay begins: of the next one when it is late in the month."""
    first = day.replace(day=1)
    return first if day.day <= 15 else (first + timedelta(days=32)).replace(day=1)


def month_end(day: date) -> date:
    """The last day of the day's month."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


class Maker:
    """Deterministic choices."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = random.Random(seed)

    def area(self, place: str, skew: int = 0) -> int:
        areas = next(p for p in PLACES if p.code == place).areas
        return areas[min(self.random.randrange(len(areas)) + skew, len(areas) - 1)]

    def terms(self) -> tuple[int, ...]:
        """Months of the first contract and of its renewals."""
        return self.random.choice(((12, 24), (24, 24), (36, 24), (36, 36)))


def place(tenancies: list[Tenancy]) -> dict[str, list[tuple[str, int, int]]]:
    """Give every stay a unit that is free all the while; returns place -> (code, floor, area), spare units included.

    Stays are taken in order of their first day; a unit is reused when its last tenant left before."""
    units: dict[str, list[list]] = {p.code: [] for p in PLACES}  # [area, free from, number]
    for stay in sorted(tenancies, key=lambda t: (t.starts, t.firm_id)):
        pool = units[stay.place]
        found = next((u for u in pool if u[0] == stay.area and u[1] is not None and u[1] < stay.starts), None)
        if found is None:
            found = [stay.area, None, len(pool)]
            pool.append(found)
        found[1] = stay.ends + timedelta(days=45) if stay.ends else None
        stay.unit = str(found[2])
    out = {}
    for p in PLACES:
        pool = units[p.code]
        pool += [[p.areas[n % len(p.areas)], None, len(pool) + n] for n in range(max(2, int(len(pool) * p.spare)))]
        per_floor = -(-len(pool) // p.floors)
        out[p.code] = [(f"{1 + n // per_floor}{n % per_floor + 1:02d}", 1 + n // per_floor, area) for n, (area, _free, _no) in enumerate(pool)]
    for stay in tenancies:
        stay.unit = out[stay.place][int(stay.unit or 0)][0]
    return out


def choose(amounts: dict[int, int], target: int) -> set[int]:
    """Keys whose amounts (whole fen) sum to `target` exactly, large ones first: the firms that applied. Raises ValueError.

    A reachable-sums walk over integers as bit sets; the amounts share a divisor, which keeps it small."""
    from math import gcd

    step = gcd(target, *amounts.values())
    keys, goal = sorted(amounts, key=lambda k: (-amounts[k], k)), target // step
    reach, mask = [1], (1 << (goal + 1)) - 1
    for key in keys:
        reach.append((reach[-1] | reach[-1] << (amounts[key] // step)) & mask)
    if not reach[-1] >> goal & 1:
        raise ValueError("no set of applications reaches the sum")
    chosen = set()
    for n in range(len(keys), 0, -1):
        if not reach[n - 1] >> goal & 1:
            chosen.add(keys[n - 1])
            goal -= amounts[keys[n - 1]] // step
    return chosen
