"""What the demo funds consist of: partners, calls, how holdings fared. Pure: no session, no clock.

Only the fund's name, size and manager's name are from the public article (F23); everything else is invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

WAN = 10_000
FUND = {
    "code": "PB-1", "name": "磅礴创业投资基金", "name_en": "Pangbo Venture Fund", "kind": "joint", "manager": "上海磅礴投资管理有限公司",
    "filing_code": "SQX055", "size": Decimal(5_500 * WAN), "vintage": 2021, "established_on": date(2021, 6, 18), "invest_until": date(2026, 12, 31),
    "ends_on": date(2028, 6, 17), "firm_limit": Decimal("0.10"), "track_limit": Decimal("0.40"), "bank": "济宁银行高新支行（托管）",
    "note": "与上海磅礴投资共同设立，投向生物医药、软件信息、文化创意和智能制造的在孵企业。",
}
PARTNERS = (  # name, kind, class, commitment in 万元, contact
    ("上海磅礴投资管理有限公司", "manager", "A", 55, "孔维"),
    ("济宁创新谷发展集团有限公司", "park", "B", 1_650, "颜开"),
    ("济宁高新区产业引导基金", "government", "B", 2_200, "孟凡"),
    ("山东鲁创科技投资有限公司", "enterprise", "B", 1_095, "曾悦"),
    ("孙承泽", "individual", "B", 500, "孙承泽"),
)
CALLS = (  # notice, for investments, fee, expenses in 万元
    (date(2021, 7, 5), 960, 110, 30),
    (date(2022, 3, 7), 1_510, 130, 10),
    (date(2023, 4, 10), 930, 110, 10),
    (date(2024, 3, 11), 430, 110, 10),
    (date(2025, 3, 10), 150, 110, 15),
    (date(2026, 3, 9), 105, 110, 10),
)
EXPENSES = (("custody", "济宁银行高新支行", "32000.00", 3), ("audit", "济宁正信会计师事务所", "48000.00", 4), ("legal", "山东孔孟律师事务所", "26500.00", 9))


@dataclass(frozen=True)
class Plan:
    """One investment: day of closing, amount and pre-money value in 万元, round, and the value at the ends of the years as multiples of cost."""

    closed: date
    amount: int
    pre: int
    round: str
    marks: tuple[tuple[int, str, str], ...]  # (year, multiple of cost, basis)
    next_round: tuple[date, int, int] | None = None  # day, amount, pre-money in 万元 of a later round of others


PLANS = (
    Plan(date(2021, 8, 20), 300, 1_700, "angel", ((2022, "1", "cost"), (2023, "1.8", "last_round"), (2024, "2.4", "market")),
         (date(2023, 9, 18), 1_000, 4_000)),
    Plan(date(2021, 9, 28), 260, 1_500, "angel", ((2022, "1.2", "market"), (2023, "1.5", "market"), (2024, "1.6", "market"), (2025, "1.9", "last_round")),
         (date(2025, 6, 20), 800, 3_800)),
    Plan(date(2021, 11, 16), 200, 1_000, "seed", ((2022, "0.6", "write_down"), (2023, "0", "write_off")), None),
    Plan(date(2022, 1, 14), 180, 1_200, "angel", ((2022, "1", "cost"), (2023, "1", "cost"), (2024, "0.7", "write_down"), (2025, "0.7", "write_down"))),
    Plan(date(2022, 4, 8), 320, 2_400, "pre_a", ((2022, "1", "cost"), (2023, "1.6", "market"), (2024, "2.1", "last_round"), (2025, "2.6", "market")),
         (date(2024, 8, 8), 1_500, 6_500)),
    Plan(date(2022, 5, 27), 280, 2_000, "angel", ((2022, "1", "cost"), (2023, "1.3", "market"), (2024, "1.3", "market"), (2025, "1.5", "market"))),
    Plan(date(2022, 7, 19), 240, 1_800, "angel", ((2023, "1", "cost"), (2024, "0.8", "write_down"), (2025, "1", "market")), None),
    Plan(date(2022, 8, 30), 350, 3_000, "pre_a", ((2023, "1.4", "last_round"), (2024, "1.9", "market"), (2025, "2.2", "market")),
         (date(2023, 11, 6), 1_200, 5_200)),
    Plan(date(2023, 5, 19), 260, 1_900, "angel", ((2023, "1", "cost"), (2024, "1.1", "market"), (2025, "1.4", "market"))),
    Plan(date(2023, 8, 11), 220, 1_600, "seed", ((2024, "1", "cost"), (2025, "1.2", "market"))),
    Plan(date(2024, 4, 12), 300, 2_600, "pre_a", ((2024, "1", "cost"), (2025, "1.3", "market"))),
    Plan(date(2025, 4, 18), 210, 1_900, "angel", ((2025, "1", "cost"),), None),
)
EXIT = (0, date(2025, 5, 15), 960)  # the first plan is sold whole for 万元
LOST = (2, date(2024, 6, 28))  # the third plan is given up
AGAIN = 300  # 万元 of the distribution that may be called again
SMALL = {
    "code": "ZT-1", "name": "创新谷种子直投资金", "name_en": "Seed direct investments", "kind": "own", "manager": "济宁创新谷科创服务有限公司",
    "size": Decimal(500 * WAN), "vintage": 2024, "established_on": date(2024, 5, 8), "invest_until": date(2028, 5, 7), "ends_on": date(2031, 5, 7),
    "hurdle": Decimal("0.06"), "carry": Decimal("0.1"), "fee_rate": Decimal("0.01"), "firm_limit": Decimal("0.2"),
    "note": "集团自有资金，对在孵企业以租金、服务换股权或可转换借款方式支持。",
}
SMALL_PARTNERS = (("济宁创新谷科创服务有限公司", "manager", "A", 5, "冉静"), ("济宁创新谷发展集团有限公司", "park", "B", 495, "颜开"))
SMALL_DEALS = (  # instrument, closed, amount, pre-money in 万元, purpose
    ("rent_for_equity", date(2024, 7, 16), 12, 600, "以两年场地租金换取股权，减轻创业初期压力"),
    ("service_for_equity", date(2024, 10, 22), 18, 900, "以专业技术平台机时与申报辅导服务换取股权"),
    ("convertible", date(2025, 2, 26), 50, None, "可转换借款，用于样机试制"),
)
PURPOSES = {  # by the firm's track
    "biomed": "注册检验、临床研究与中试线建设", "software": "核心软件二代产品研发与市场推广", "culture": "内容制作平台与数字版权建设",
    "manufacturing": "样机定型与产线扩建",
}
FINDINGS = {
    "business": "下游客户明确，已取得试用订单，竞品价格高出约三成。", "technology": "核心技术有授权专利支撑，研发人员占比超过一半。",
    "team": "创始人具有十年以上行业经验，核心团队稳定。", "finance": "账务规范，现金流可支撑十个月，应收账款集中度偏高。",
    "legal": "股权清晰，无未决诉讼，社保缴纳合规。",
}
PIPELINE = ("lead", "lead", "diligence", "diligence", "committee", "term_sheet", "declined")
