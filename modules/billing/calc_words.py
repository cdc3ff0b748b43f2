"""Amounts in Chinese capitals, as receipts and contracts write them (《支付结算办法》 annex 1: 人民币, 元, 整)."""

from __future__ import annotations

from decimal import Decimal

from parkops import money


def capitals(amount: Decimal) -> str:
    """`1234.50` → 人民币壹仟贰佰叁拾肆元伍角整; exact, from the fen."""
    import cn2an  # a quarter of a second of tables, wanted by documents only

    fen = money.fen(abs(amount))
    whole, jiao, rest = fen // 100, fen // 10 % 10, fen % 10
    digits = "零壹贰叁肆伍陆柒捌玖"
    words = f"{cn2an.an2cn(str(whole), 'up')}元" if whole or not fen else ""
    if jiao:
        words += f"{digits[jiao]}角"
    elif rest and whole:
        words += "零"
    words += f"{digits[rest]}分" if rest else "整"
    return ("负" if amount < 0 else "") + f"人民币{words}"
