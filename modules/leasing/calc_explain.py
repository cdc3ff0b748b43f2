"""How an instalment came about, in words: price, area, months or days. Pure; the words follow the reader's language."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from parkops.i18n import _, _l

WORDS = {
    "sqm_month": _l("%(area)s ㎡ × %(price)s a month"),
    "sqm_day": _l("%(area)s ㎡ × %(price)s a day"),
    "month": _l("%(price)s a month"),
    "year": _l("%(price)s a year"),
}


def explain_parts(rule: str, line: Any, parts: Any) -> str:
    """How the amount came about, in words: price, area, months or days; equal months are counted together."""
    pieces: dict[tuple, int] = {}
    for unit in parts:
        if not unit:
            pieces[("free",)] = pieces.get(("free",), 0) + 1
        for p in unit:
            key = (p.price, "whole") if p.days == p.charged == p.whole else (p.price, p.days, p.charged, p.whole)
            pieces[key] = pieces.get(key, 0) + (p.whole if line.basis == "sqm_day" and key[1] == "whole" and rule == "actual_days" else 1)
    return " + ".join(_piece(rule, line, key, n) for key, n in pieces.items())[:200]


def _piece(rule: str, line: Any, key: tuple, n: int) -> str:
    if key == ("free",):
        return _("rent-free months: %(n)s", n=n)
    price = (
        _("%(area)s ㎡ × %(price)s a month", area=line.area, price=short(key[0]))
        if line.basis == "sqm_month"
        else str(WORDS[line.basis]) % {"area": line.area, "price": short(key[0])}
    )
    if key[1] == "whole":
        if line.basis == "sqm_day":
            if rule == "actual_days":
                return price + " × " + _("%(n)s days", n=n)
            return price + (" × 30" if rule == "days_30" else " × 365 ÷ 12") + " × " + _("%(n)s months", n=n)
        return price + " × " + _("%(n)s months", n=n)
    _price, days, charged, whole = key
    part = _day_words(rule, line, days, charged, whole)
    return price + " × " + part + (f" × {n}" if n > 1 else "")


def _day_words(rule: str, line: Any, days: int, charged: int, whole: int) -> str:
    if line.basis == "sqm_day" and (charged < whole or rule == "actual_days"):
        return _("%(n)s days", n=days)
    if charged >= whole or rule in ("actual_days", "full_months"):
        return _("%(days)s of %(whole)s days", days=days, whole=whole)
    if rule == "days_30":
        return _("%(days)s of %(whole)s days", days=days, whole=30)
    return _("12 months × %(days)s of 365 days", days=days)


def short(price: Decimal) -> str:
    """A price without needless zeros."""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def reduction_words(found: list[Any]) -> str:
    """What discounts or subsidies say, each once: a share (for at most so many ㎡) or an amount a month."""
    out = []
    for r in dict.fromkeys(found):
        text = _("%(amount)s a month", amount=r.amount) if r.amount is not None else f"{short(r.percent * 100)} %"
        out.append(text + (" ≤ " + _("%(area)s ㎡", area=r.area_cap) if r.area_cap is not None else ""))
    return "; ".join(out)[:120]
