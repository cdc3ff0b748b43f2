"""Registered capital as a register writes it -> amount and currency. Pure; never a guess.

`None, None` unless the whole text is understood. The amount is in units of the currency (not in 10,000), exact to the fen.

The one convention used: `(万)` and `万元` without a currency word mean renminbi. The rule: registered capital is stated in
renminbi (以人民币表示) unless a law says otherwise, 《市场主体登记管理条例》 (国令第746号) art. 13, before it 《公司登记管理条例》
art. 13; who is allowed another currency names it. The register at hand does so (万美元, 万日元): silence is a statement
there, not a gap. A number without any unit stays unknown, because 元 and 万元 are both in use."""

from __future__ import annotations

import re
from decimal import Decimal

CURRENCY = {
    "": "CNY", "元": "CNY", "人民币": "CNY", "元人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "CNY": "CNY",
    "美元": "USD", "美金": "USD", "USD": "USD", "日元": "JPY", "日圆": "JPY", "JPY": "JPY",
    "港元": "HKD", "港币": "HKD", "HKD": "HKD", "欧元": "EUR", "EUR": "EUR", "英镑": "GBP", "GBP": "GBP",
    "韩元": "KRW", "韩币": "KRW", "KRW": "KRW", "新台币": "TWD", "台币": "TWD", "TWD": "TWD",
    "新加坡元": "SGD", "新元": "SGD", "SGD": "SGD", "澳大利亚元": "AUD", "澳元": "AUD", "AUD": "AUD",
    "加拿大元": "CAD", "加元": "CAD", "CAD": "CAD", "瑞士法郎": "CHF", "CHF": "CHF",
}
SCALE = {"": 1, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8}
LARGEST = Decimal(10) ** 15  # beyond any registered capital; also keeps BIGINT fen safe
_FORM = re.compile(
    r"(?P<before>人民币|美元|港币|港元|日元|欧元)?(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<open>\()?(?P<scale>百万|千万|万|亿)?(?P<unit>[一-鿿A-Z]*)(?P<close>\))?")
_WIDE = str.maketrans("（），．０１２３４５６７８９", "(),.0123456789")


def parse_capital(text: str | None) -> tuple[Decimal | None, str | None]:
    """`"2,696(万元人民币)"` -> (26960000, "CNY"); anything not wholly understood -> (None, None).

    A bare number has neither unit nor currency and stays unknown."""
    plain = re.sub(r"\s+", "", (text or "").translate(_WIDE))
    found = _FORM.fullmatch(plain)
    if not found or bool(found["open"]) != bool(found["close"]):
        return None, None
    before, unit, scale = found["before"] or "", found["unit"], found["scale"] or ""
    if not (scale or unit):
        return None, None
    currency = CURRENCY.get(unit)
    if before:
        if unit not in ("", "元") and currency != CURRENCY[before]:
            return None, None
        currency = CURRENCY[before]
    if currency is None:
        return None, None
    amount = Decimal(found["number"].replace(",", "")) * SCALE[scale]
    if amount >= LARGEST or amount != round(amount, 2):
        return None, None
    return amount.quantize(Decimal("0.01")), currency
