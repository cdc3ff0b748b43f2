"""Demo, the plan: which loans were asked for when, of what kind and size. Those paid out by the article's day come to 16,750,000 yuan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from stdnum.cn import ric

SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴徐孙马朱胡郭", ("伟", "芳", "娜", "敏", "静", "磊", "强", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超")
GROUPS = ("graduate", "graduate", "returned", "unemployed", "veteran", "graduate", "online", "poverty", "hardship")
PURPOSES = ("采购研发设备", "补充流动资金", "支付试制材料款", "扩大生产场地", "购买检测服务", "招聘研发人员")
FIRM_SIZES = (1_000_000, 1_000_000, 500_000, 1_000_000, 1_000_000, 500_000, 1_000_000, 500_000, 1_000_000, 1_000_000, 500_000, 1_000_000)


@dataclass(frozen=True)
class Plan:
    """n: place in the story; fate: how it went on (paid | extended | claimed | overdue | early | rejected | withdrawn)."""

    n: int
    kind: str
    applied_on: date
    amount: Decimal
    term: int
    fate: str = "paid"


def workday(day: date) -> date:
    """Monday when it falls on a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def plans(today: date) -> list[Plan]:
    """In order of application. Before the article's day: 5 individuals at 150,000, 30 at 200,000, 12 firms with 10,000,000 together."""
    out: list[tuple[date, str, int, int, str]] = []
    out += [(date(2020, 1, 13) + timedelta(days=4 * n), "person", 150_000, 24, "paid") for n in range(5)]
    for n in range(30):
        fate = {7: "claimed", 12: "early", 20: "early"}.get(n, "paid")
        out.append((date(2020, 5, 6) + timedelta(days=29 * n), "person", 200_000, 24 if n % 3 else 36, fate))
    for n, size in enumerate(FIRM_SIZES):
        out.append((date(2020, 9, 7) + timedelta(days=62 * n), "firm", size, 12 if n % 4 == 3 else 24, "extended" if n == 2 else "paid"))
    out += [(date(2020, 7, 1) + timedelta(days=95 * n), "firm" if n % 2 else "person", 200_000, 24, ("rejected", "withdrawn")[n % 2])
            for n in range(9)]
    later, n = date(2023, 2, 6), 0
    while later < today - timedelta(days=70):
        firm = n % 3 == 0
        amount = (800_000 if n % 2 else 1_500_000) if firm else 200_000 if later < date(2023, 9, 1) else 300_000
        fate = "overdue" if later > today - timedelta(days=560) and n % 7 == 3 else "rejected" if n % 9 == 5 else "paid"
        out.append((later, "firm" if firm else "person", amount, 24 if firm else 36, fate))
        later, n = later + timedelta(days=47), n + 1
    return [Plan(i, kind, workday(on), Decimal(amount), term, fate) for i, (on, kind, amount, term, fate) in enumerate(sorted(out))]


class Maker:
    """Names and numbers that are always the same."""

    def __init__(self) -> None:
        self.random = Random(20221031)
        self.used = 0

    def person(self, on: date, group: str) -> dict[str, Any]:
        """A borrower who has agreed a few days before."""
        self.used += 1
        born = date(1984, 3, 1) + timedelta(days=97 * self.used)
        body = f"370811{born:%Y%m%d}{self.used % 1000:03d}"
        name = SURNAMES[self.used % len(SURNAMES)] + GIVEN[self.used * 7 % len(GIVEN)]
        return {"name": name, "id_number": body + ric.calc_check_digit(body + "0"), "mobile": f"139{self.used:08d}", "identity_group": group,
                "graduated_on": date(on.year - 2, 6, 30) if group == "graduate" else None, "consent_on": on - timedelta(days=3),
                "consent_how": "paper", "consent_text": "PI-2022" if on.year > 2021 else "PI-2020"}
