"""What the demo park consists of: names, codes, dates and figures, made from one seed. Pure: no session, no clock.

Names are invented; only what the public article names (carriers, three projects, honours) is taken from it. Phone numbers
use a block that reaches nobody."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from stdnum.cn import uscc

SEED = 20221031
START = date(2019, 11, 1)
ARTICLE = date(2022, 10, 31)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = ("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞", "平",
         "刚", "桂英", "建华", "文博", "思远", "雨桐", "子涵", "浩然", "欣怡", "志强", "海燕", "晓东", "国庆", "雪梅", "佳宁",
         "一鸣", "承宇", "若溪", "景行", "清扬", "慧敏", "立新", "新宇", "瑞林", "春生", "凤霞", "永康", "书瑶", "致远", "天佑")
BRANDS = ("启明", "鸿创", "众源", "瑞泽", "云帆", "科讯", "博远", "恒信", "天际", "微光", "拓维", "方舟", "星河", "海川", "中谷", "优品",
          "华泰", "卓越", "智汇", "易联", "润泽", "百川", "安博", "同创", "朗润", "飞跃", "万象", "凌云", "力合", "正源", "嘉禾", "锐思",
          "凯瑞", "联众", "德润", "金穗", "亿通", "晨光", "盛世", "和润", "普惠", "慧眼", "知行", "青禾", "蓝海", "新锐", "迈科", "思创",
          "长风", "灵犀", "格物", "元启", "道远", "清源", "汇能", "合众", "远航", "维度", "智谷", "泽惠")
TRADES = {
    "biomed": ("生物科技", "医药科技", "医疗器械", "基因技术", "生物工程"),
    "software": ("软件", "信息技术", "数据科技", "网络科技", "智能科技"),
    "culture": ("文化创意", "数字传媒", "影视文化", "设计", "文化科技"),
    "manufacturing": ("智能装备", "自动化科技", "精密机械", "机器人", "新材料"),
}
TRACKS = tuple(TRADES)
SCOPES = {
    "biomed": "生物技术研发、技术咨询、技术服务；第二类医疗器械销售；医学研究和试验发展。",
    "software": "软件开发；信息系统集成服务；数据处理和存储支持服务；互联网信息服务。",
    "culture": "数字内容制作服务；组织文化艺术交流活动；广告设计、代理；影视策划。",
    "manufacturing": "智能基础制造装备制造；工业自动控制系统装置制造；新材料技术研发。",
}
FIELDS = {"biomed": "biomedicine", "software": "electronics", "culture": "other", "manufacturing": "advanced_manufacturing"}
INDUSTRY = {"biomed": "industry", "software": "software", "culture": "other", "manufacturing": "industry"}


@dataclass(frozen=True)
class CarrierPlan:
    code: str
    name: str
    kind: str
    operator: str
    industry: str | None
    founded: date
    level: str
    recognised: date
    area: int
    workstations: int
    track: str | None
    grades: tuple[tuple[int, str, date], ...] = ()


# Two incubators were class A when the article appeared; the third became A by the result published 2022-12-26 (222号).
PUBLISHED_2020, PUBLISHED_2021 = date(2021, 12, 31), date(2022, 12, 26)
CARRIERS = (
    CarrierPlan("INC-1", "济宁创新谷创达孵化器", "incubator", "山东高新创达科技创业服务有限公司", "智能制造", date(2009, 6, 18), "national",
                date(2013, 12, 24), 32000, 420, "manufacturing", ((2020, "A", PUBLISHED_2020), (2021, "A", PUBLISHED_2021))),
    CarrierPlan("INC-2", "济宁软件园孵化器", "incubator", "济宁高新软件园服务有限公司", "软件信息", date(2010, 9, 1), "national",
                date(2015, 1, 8), 28000, 560, "software", ((2020, "A", PUBLISHED_2020), (2021, "A", PUBLISHED_2021))),
    CarrierPlan("INC-3", "济宁文化创意产业园孵化器", "incubator", "济宁高新文化创意产业园服务有限公司", "文化创意", date(2012, 3, 15), "national",
                date(2018, 1, 2), 18000, 260, "culture", ((2020, "B", PUBLISHED_2020), (2021, "A", PUBLISHED_2021))),
    CarrierPlan("MS-1", "创新谷创客空间", "makerspace", "济宁创新谷发展集团有限公司", None, date(2015, 5, 4), "national_filed", date(2016, 9, 13), 2200, 180, None),
    CarrierPlan("MS-2", "生命健康众创空间", "makerspace", "济宁创新谷发展集团有限公司", "生物医药", date(2015, 10, 20), "national_filed", date(2016, 9, 13), 1500, 90, "biomed"),
    CarrierPlan("MS-3", "软件园极客空间", "makerspace", "济宁高新软件园服务有限公司", "软件信息", date(2016, 3, 1), "national_filed", date(2017, 12, 29), 1800, 160, "software"),
    CarrierPlan("MS-4", "文创梦工场", "makerspace", "济宁高新文化创意产业园服务有限公司", "文化创意", date(2016, 6, 12), "national_filed", date(2017, 12, 29), 1200, 110, "culture"),
    CarrierPlan("MS-5", "智造工坊", "makerspace", "山东高新创达科技创业服务有限公司", "智能制造", date(2017, 4, 26), "national_filed", date(2018, 11, 5), 1600, 100, "manufacturing"),
    CarrierPlan("ACC-1", "创新谷企业加速器", "accelerator", "济宁创新谷发展集团有限公司", None, date(2018, 9, 1), "municipal", date(2019, 6, 28), 36000, 0, None),
)
HOME = {"manufacturing": ("INC-1", "MS-5"), "software": ("INC-2", "MS-3"), "culture": ("INC-3", "MS-4"), "biomed": ("INC-1", "MS-2")}

BATCHES = (  # 集中签约批次 of 2022: six, 66 projects in all
    (date(2022, 1, 18), "2022年第一批集中签约", 12), (date(2022, 3, 30), "2022年第二批集中签约", 9), (date(2022, 5, 27), "2022年第三批集中签约", 11),
    (date(2022, 7, 21), "2022年第四批集中签约", 13), (date(2022, 8, 31), "2022年第五批集中签约", 10), (date(2022, 10, 14), "2022年第六批集中签约", 11),
)
NAMED_PROJECTS = (("金蝶软件企业数字共生空间", "software"), ("用友大数据综合运营中心", "software"), ("环聚医药多肽合成研发中心", "biomed"))


@dataclass
class FirmPlan:
    """One firm's life. Dates are None when the event never happens."""

    name: str
    code: str
    track: str
    carrier: str
    registered_on: date
    entered_on: date
    representative: str
    phone: str
    capital: Decimal
    team_name: str | None = None
    incorporated_on: date | None = None
    outcome: str | None = None  # graduated | left | dissolved
    outcome_on: date | None = None
    criterion: str | None = None  # hitech | round | revenue
    accelerated_on: date | None = None
    figures: dict[int, dict[str, int | None]] = field(default_factory=dict)
    has_mentor: bool = False
    hitech_on: date | None = None
    tech_sme_years: tuple[int, ...] = ()
    round_on: date | None = None
    round_amount: Decimal | None = None
    patents: int = 0
    copyrights: int = 0


class Maker:
    """Deterministic makers of names, codes and dates."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = random.Random(seed)
        self.names: set[str] = set()
        self.codes: set[str] = set()

    def person(self) -> str:
        return self.random.choice(SURNAMES) + self.random.choice(GIVEN)

    def phone(self) -> str:
        return f"1990000{self.random.randrange(10_000):04d}"

    def credit_code(self) -> str:
        """A valid code (GB 32100) of the region 3708xx that is not used yet."""
        while True:
            body = "91370800MA" + "".join(self.random.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(7))
            code = body + uscc.calc_check_digit(body)
            if code not in self.codes:
                self.codes.add(code)
                return code

    def firm_name(self, track: str) -> str:
        for _ in range(1000):
            name = (self.random.choice(("济宁", "济宁", "山东", "济宁市")) + self.random.choice(BRANDS)
                    + self.random.choice(TRADES[track]) + self.random.choice(("有限公司", "有限公司", "有限责任公司")))
            if name not in self.names:
                self.names.add(name)
                return name
        raise ValueError("the demo ran out of names")

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.random.randrange((last - first).days + 1))


def _figures(m: Maker, plan: FirmPlan, last_year: int) -> None:
    """Yearly figures from the year of entry on; some items and some years stay unreported."""
    r = m.random
    staff, revenue = r.randint(3, 22), r.randint(20, 260) * 10_000
    for year in range(max(plan.entered_on.year, 2019), last_year + 1):
        if plan.outcome in ("left", "dissolved") and plan.outcome_on and year >= plan.outcome_on.year:
            break
        growth = r.choice((0.85, 0.95, 1.05, 1.15, 1.25, 1.4, 1.7))
        revenue, staff = int(revenue * growth) // 1000 * 1000, max(2, round(staff * (0.6 + 0.4 * growth)))
        if r.random() < 0.06:
            continue
        plan.figures[year] = {
            "revenue": revenue, "rd": int(revenue * r.uniform(0.05, 0.22)) // 1000 * 1000 if r.random() > 0.05 else None,
            "tax": int(revenue * r.uniform(0.02, 0.06)) // 1000 * 1000, "profit": int(revenue * r.uniform(-0.15, 0.2)) // 1000 * 1000,
            "staff": staff, "college": min(staff, round(staff * r.uniform(0.5, 1))), "doctors": r.choice((0, 0, 0, 1)) if staff > 3 else 0,
            "graduates": min(staff, r.choice((0, 0, 1, 2, 3))),
        }


def _outcome(m: Maker, plan: FirmPlan, until: date) -> None:
    """Who graduates, leaves or dissolves: not before a year in the park, mostly within five."""
    r, since = m.random, plan.incorporated_on or plan.entered_on
    first, last = since + timedelta(days=400), min(until, since + timedelta(days=1800))
    if first >= last:
        return
    luck = r.random()
    if luck < 0.46:
        plan.outcome, plan.outcome_on = "graduated", m.day(first, last)
        plan.criterion = r.choice(("hitech", "hitech", "round", "revenue"))
        if plan.criterion == "revenue" and plan.outcome_on.month < 3:  # last year's figures are reported by the end of January
            plan.outcome_on = min(plan.outcome_on.replace(month=4, day=15), until)
        if r.random() < 0.3:
            plan.accelerated_on = plan.outcome_on + timedelta(days=30)
    elif luck < 0.66:
        plan.outcome, plan.outcome_on = "left", m.day(first, last)
    elif luck < 0.74:
        plan.outcome, plan.outcome_on = "dissolved", m.day(first, last)


def _merits(m: Maker, plan: FirmPlan, until: date) -> None:
    """Mentor, qualifications, financing and IP; what a graduation criterion needs comes before the graduation."""
    r, since = m.random, plan.incorporated_on or plan.entered_on
    plan.has_mentor = r.random() < 0.62
    if plan.criterion == "hitech" or r.random() < 0.12:
        end = plan.outcome_on or until
        first = max(since + timedelta(days=100), end - timedelta(days=700))  # a certificate stands three years
        plan.hitech_on = m.day(first, end - timedelta(days=20)) if first < end - timedelta(days=20) else None
    if plan.criterion == "round" or r.random() < 0.10:
        end = plan.outcome_on or until
        first = since + timedelta(days=60)
        if first < end - timedelta(days=10):
            plan.round_on = m.day(first, end - timedelta(days=10))
            high = plan.criterion == "round"
            plan.round_amount = Decimal(r.choice((600, 800, 1000, 1500) if high else (50, 100, 200, 300))) * 10_000
    if plan.criterion == "revenue" and plan.outcome_on:
        for year in (plan.outcome_on.year - 1, plan.outcome_on.year - 2):
            plan.figures[year] = {**_blank(), **plan.figures.get(year, {}), "revenue": r.randint(560, 900) * 10_000}
    plan.tech_sme_years = tuple(y for y in range(2020, until.year + 1) if y >= plan.entered_on.year and r.random() < 0.45)
    plan.patents, plan.copyrights = r.choice((0, 0, 1, 1, 2, 3)), r.choice((0, 0, 1, 2, 4))


def _blank() -> dict[str, int | None]:
    return dict.fromkeys(("revenue", "rd", "tax", "profit", "staff", "college", "doctors", "graduates"))


def firms(m: Maker, count: int, first: date, last: date, until: date) -> list[FirmPlan]:
    """`count` admissions between two days, and what became of them by `until`: most companies, some teams that incorporate later."""
    plans = []
    for number in range(count):
        track = TRACKS[number % 4]
        incubator, makerspace = HOME[track]
        entered = m.day(first, last)
        as_team = m.random.random() < 0.28
        registered = entered - timedelta(days=m.random.randint(20, 600))
        plan = FirmPlan(m.firm_name(track), m.credit_code(), track, makerspace if as_team else incubator, registered, entered, m.person(),
                        m.phone(), Decimal(m.random.choice((10, 30, 50, 100, 100, 200, 300, 500, 1000))) * 10_000)
        plans.append(plan)
        if as_team:
            plan.team_name = f"{plan.representative}{m.random.choice(BRANDS)}团队{entered:%y%m}-{number:03d}"
            ready = entered + timedelta(days=m.random.randint(60, 420))
            if m.random.random() < 0.72 and ready < until:
                plan.incorporated_on, plan.registered_on = ready, ready - timedelta(days=3)
            else:
                if m.random.random() < 0.6 and entered + timedelta(days=500) < until:
                    plan.outcome, plan.outcome_on = "left", entered + timedelta(days=m.random.randint(200, 480))
                continue
        _outcome(m, plan, until)
        _figures(m, plan, until.year - 1)
        _merits(m, plan, until)
    return plans
