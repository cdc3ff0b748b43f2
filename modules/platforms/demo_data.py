"""What the demo of platforms consists of, made from one seed. Pure: no session, no clock.

Platform names are those of the public article; instruments, operators, sums and titles of results are invented."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

SEED = 20221031
FIRST = date(2021, 6, 1)  # usage begins
ARTICLE = date(2022, 10, 31)
ZONE = ZoneInfo("Asia/Shanghai")
OUTSIDE_PRICE, RESEARCH_PRICE, PARK_PRICE = 1.8, 1.3, 1.4  # times the price of incubated firms


@dataclass(frozen=True)
class Tool:
    """An instrument: value in yuan, price per hour for incubated firms, hours of a usual use."""

    code: str
    name: str
    value: int
    price: int
    hours: tuple[float, float]
    rated: int = 1400
    trained: bool = False
    maker: str = ""


@dataclass(frozen=True)
class Plat:
    """A platform. staff, energy, materials, upkeep, space: yuan a month; use: events a month when it has grown."""

    code: str
    name: str
    model: str
    carrier: str
    place: str
    area: int
    tools: tuple[Tool, ...]
    staff: int
    energy: int
    materials: int
    upkeep: int
    space: int
    use: int
    operators: tuple[str, ...]
    grant: int = 0  # a year


PLATS = (
    Plat("AM", "增材制造与设计验证创新中心", "delegated", "INC-1", "创达大厦一层", 1200, (
        Tool("AM-SLM", "金属3D打印机", 2_600_000, 400, (4, 10), 800, True, "西安铂力特"),
        Tool("AM-SLA", "光固化3D打印机", 380_000, 120, (3, 8), 1400, False, "上海联泰"),
        Tool("AM-CT", "工业CT检测系统", 1_800_000, 480, (1, 3), 800, True, "蔡司"),
        Tool("AM-CMM", "三坐标测量机", 620_000, 180, (1, 4), 1400, True, "海克斯康"),
        Tool("AM-SCAN", "手持三维扫描仪", 240_000, 90, (1, 4), 1400, False, "先临三维")),
        30_000, 8_000, 7_000, 8_000, 15_000, 46, ("济宁增材智造技术服务有限公司",), 200_000),
    Plat("BIO", "生命健康科研转化中心", "self", "INC-1", "生命健康楼二层", 1500, (
        Tool("BIO-FCM", "流式细胞仪", 1_200_000, 270, (1, 4), 1400, True, "贝克曼"),
        Tool("BIO-LSM", "激光共聚焦显微镜", 2_100_000, 380, (1, 4), 1400, True, "徕卡"),
        Tool("BIO-HPLC", "高效液相色谱仪", 450_000, 140, (2, 8), 1400, True, "安捷伦"),
        Tool("BIO-PCR", "荧光定量PCR仪", 320_000, 100, (1.5, 3), 1400, False, "赛默飞"),
        Tool("BIO-ULTRA", "超速离心机", 560_000, 150, (2, 6), 800, True, "贝克曼")),
        42_000, 8_000, 12_000, 7_000, 18_000, 54, (), 300_000),
    Plat("MM", "文化多媒体创新中心", "joint", "INC-3", "文创园1号楼三层", 900, (
        Tool("MM-MOCAP", "动作捕捉系统", 900_000, 280, (2, 8), 800, True, "度量科技"),
        Tool("MM-REC", "录音棚", 420_000, 150, (2, 6), 1400, False, ""),
        Tool("MM-EDIT", "4K后期工作站", 260_000, 70, (3, 9), 1400, False, "达芬奇"),
        Tool("MM-CAM", "8K摄影机组", 480_000, 170, (4, 9), 800, False, "索尼")),
        20_000, 4_000, 3_000, 4_000, 12_000, 36, ("山东云影数字文化有限公司", "济宁文创产业运营有限公司")),
    Plat("EC", "电商拍摄基地", "joint", "INC-2", "软件园1号楼五层", 800, (
        Tool("EC-LIVE1", "直播间A", 120_000, 70, (2, 6), 1400, False, ""),
        Tool("EC-LIVE2", "直播间B", 120_000, 70, (2, 6), 1400, False, ""),
        Tool("EC-STILL", "静物摄影棚", 160_000, 85, (2, 8), 1400, False, ""),
        Tool("EC-SPIN", "360度转台拍摄系统", 90_000, 65, (1, 4), 1400, False, "")),
        12_000, 3_000, 2_000, 2_000, 8_000, 60, ("济宁电商服务联盟", "鲁西南新媒体运营有限公司")),
)
PATENTS = ("一种金属粉末铺粉装置", "增材制造支撑结构优化方法", "一种随形冷却流道模具", "复杂腔体CT检测夹具", "一种多材料喷头组件", "轻量化点阵结构连接件",
           "三维扫描标定靶标", "一种液压阀体打印工艺", "细胞样本低温转运盒", "一种微流控检测芯片", "中药提取物液相分析方法", "一种荧光探针及其应用",
           "外泌体分离富集方法", "核酸快速提取试剂盒", "一种培养皿防污染结构", "肿瘤标志物联合检测方法", "虚拟数字人表情驱动方法", "一种动作捕捉标记服",
           "运河文化场景建模方法", "多机位同步录制装置", "一种移动录音隔声屏", "直播间智能补光装置", "商品360度自动拍摄转台", "一种静物拍摄背景切换装置")
TRANSFERS = ("液压阀体增材制造工艺", "点阵结构轻量化支架", "微流控检测芯片", "核酸提取试剂盒", "运河数字文化资源包", "多机位同步录制装置", "商品自动拍摄转台")
STEPS = ((date(2021, 6, 1), 0.35), (date(2022, 1, 1), 0.6), (date(2022, 7, 1), 0.8), (date(2023, 1, 1), 1.0), (date(2024, 1, 1), 1.15),
         (date(2025, 1, 1), 1.3), (date(2026, 1, 1), 1.4))


class Maker:
    """Deterministic choices."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = random.Random(seed)

    def volume(self, plat: Plat, month: date) -> int:
        """Events of a month: grown over the years, quieter in February."""
        factor = next(f for start, f in reversed(STEPS) if month >= start)
        return int(plat.use * factor * (0.55 if month.month == 2 else self.random.uniform(0.85, 1.15)))

    def uses(self, plat: Plat, month: date, projects: list[str], until: datetime) -> Iterator[tuple[str, str, datetime, datetime]]:
        """Instrument, project, start and end of the month's uses, mostly in working hours; a machine does one thing at a time."""
        free: dict[tuple[str, date], float] = {}
        for n in range(self.volume(plat, month)):
            tool = self.random.choice(plat.tools)
            project = projects[n % len(projects)] if n < len(projects) // 3 else self.random.choice(projects)
            day = month + timedelta(days=self.random.randrange(28))
            if day.weekday() >= 5 and self.random.random() < 0.75:
                day += timedelta(days=self.random.randrange(1, 6) + (1 if day.weekday() == 5 else 0)) if day.day < 22 else timedelta(days=-3)
            begin = max(free.get((tool.code, day), 0), self.random.choice((8.5, 9, 9, 9.5, 10, 13.5, 14, 14, 15, 18.5)))
            hours = round(self.random.uniform(*tool.hours) * 4) / 4
            free[tool.code, day] = begin + hours + 0.25
            start = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(hours=begin)
            if begin + hours < 23.5 and start + timedelta(hours=hours) < until:
                yield tool.code, project, start, start + timedelta(hours=hours)

    def results(self) -> Iterator[tuple[str, str, str, date]]:
        """Kind, platform, title, day: 35 patents and 7 transfers by the article's day, some more since."""
        for n in range(35):
            title = PATENTS[n % len(PATENTS)] + ("" if n < len(PATENTS) else "(改进型)")
            yield "patent", _home(title, n), title, date(2021, 8, 1) + timedelta(days=12 * n + n % 5)
        for n, title in enumerate(TRANSFERS):
            yield "transfer", _home(title, n), title, date(2021, 11, 5) + timedelta(days=48 * n)
        for n in range(12):
            yield "patent", ("AM", "BIO", "MM", "EC")[n % 4], f"{PATENTS[n * 2]}(二代)", date(2023, 2, 10) + timedelta(days=100 * n)


def _home(title: str, n: int) -> str:
    """The platform a title belongs to."""
    words = {"AM": ("金属", "增材", "流道", "CT", "喷头", "点阵", "扫描", "液压"), "MM": ("虚拟", "动作", "运河", "多机位", "录音", "数字文化"),
             "EC": ("直播", "商品", "静物")}
    return next((code for code, marks in words.items() if any(m in title for m in marks)), "BIO")
