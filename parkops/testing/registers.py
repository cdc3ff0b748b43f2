"""Generated business registers for tests and benchmarks: valid credit codes, the wording of a real register, no real firm."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from stdnum.cn import uscc

HEADINGS = ("企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表", "注册资金", "经营范围", "所在省份", "地区", "注册地址")
# wording of registered capital and how often a register of 1,250 rows used it
CAPITAL = (("{}万元", 532), ("{}(万)", 339), ("{}万人民币", 172), ("N/A", 117), ("{}(万元人民币)", 49), ("{}(万美元)", 37),
           ("{}万美元", 3), ("{}(万日元)", 1))
PLACES = ("济南", "青岛", "济宁")
WORDS = "华鲁泰恒瑞新科创智远博达信诚安康明辉盛世宏图金泉海天𠮷䶮"
TRADES = ("生物科技", "软件", "文化传媒", "智能装备", "商贸", "铸造", "信息技术", "医疗器械")
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(n: int, *, region: str = "370800") -> str:
    """The n-th valid unified social credit code of a region (GB 32100-2015: check character computed)."""
    body, rest = "", n
    for _digit in range(9):
        rest, at = divmod(rest, len(_ALPHABET))
        body = _ALPHABET[at] + body
    head = "91" + region + body
    return head + uscc.calc_check_digit(head)


def register_rows(count: int, *, seed: int = 1, start: int = 0) -> Iterator[tuple[str, ...]]:
    """`count` rows in the headings' order."""
    rng = random.Random(seed)
    forms, weights = zip(*CAPITAL, strict=True)
    for n in range(start, start + count):
        place = rng.choice(PLACES)
        name = f"{place}市{''.join(rng.choices(WORDS, k=3))}{rng.choice(TRADES)}有限公司{n:06d}"
        amount = f"{rng.choice((10, 50, 100, 500, 1450, 2696)) + n % 7:,}" if n % 3 else str(rng.randint(0, 9000))
        capital = rng.choices(forms, weights)[0].format(amount)
        day = (date(1996, 1, 1) + timedelta(days=rng.randint(0, 9000))).isoformat()
        scope = "、".join(rng.choices(TRADES, k=6)) + "的研发、生产与销售；技术咨询服务。"
        yield (name, credit_code(n), day, rng.choice(("N/A", "N/A", "有限责任公司", "个人独资企业")), rng.choice("刘孙臧陈王李") + "某",
               capital, scope, "山东", place, f"{place}市高新区创新大道{rng.randint(1, 999)}号")


def write_csv(path: Path, rows: Iterator[tuple[str, ...]] | list, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    with path.open("w", encoding=encoding, newline="") as f:
        out = csv.writer(f, delimiter=delimiter)
        out.writerow(HEADINGS)
        out.writerows(rows)
    return path


def write_xlsx(path: Path, rows: Iterator[tuple[str, ...]] | list) -> Path:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    for i, row in enumerate([HEADINGS, *rows]):
        for j, value in enumerate(row):
            if value:
                sheet.write_string(i, j, value)
    book.close()
    return path
