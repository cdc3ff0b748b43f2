"""Registered capital text: amount and currency, or nothing. The wording is that of real registers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.tenants.calc_capital import LARGEST, parse_capital
from modules.tenants.models.firm import CURRENCIES

CERTAIN = [
    ("2,696(万元人民币)", "26960000", "CNY"), ("800(万)", "8000000", "CNY"), ("1450万人民币", "14500000", "CNY"),
    ("50(万美元)", "500000", "USD"), ("500万元", "5000000", "CNY"), ("3万日元", "30000", "JPY"), ("0万元", "0", "CNY"),
    ("100000元", "100000", "CNY"), ("1.5亿元", "150000000", "CNY"), ("12万欧元", "120000", "EUR"),
    ("1,234.5678万元", "12345678", "CNY"), ("人民币100万元", "1000000", "CNY"), ("（１００万元）".strip("（）"), "1000000", "CNY"),
    ("20万港币", "200000", "HKD"), ("35.5(万美元)", "355000", "USD"), (" 500 万元 ", "5000000", "CNY"), ("100元人民币", "100", "CNY"),
    ("0.01万元", "100", "CNY"), ("5000万韩元", "50000000", "KRW"),
]
UNCERTAIN = ["N/A", "", None, "100", "100.5", "100(万", "100万)", "2,69(万)", "26,96万元", "万元", "元", "100万法郎", "1.234567元",
             "-5万元", "约500万元", "500-800万元", "500万元以上", "五百万元", "500万美元或人民币", "美元100万日元", "1e5元", "100万 人民币 美元",
             "99999999999999999亿元", "500万元 (2019年)", "无", "０", "1..5万元", "\x00", "=1+1"]


@pytest.mark.parametrize("text,amount,currency", CERTAIN)
def test_certain(text: str, amount: str, currency: str) -> None:
    assert parse_capital(text) == (Decimal(amount), currency)


@pytest.mark.parametrize("text", UNCERTAIN)
def test_uncertain_is_nothing(text: str | None) -> None:
    assert parse_capital(text) == (None, None)


@given(st.text(alphabet="0123456789,.()（）万亿元美日人民币港欧约- N/A", max_size=20))
def test_never_half_an_answer(text: str) -> None:
    """Amount and currency come together, exact to the fen, within range, in a currency the firm may hold."""
    amount, currency = parse_capital(text)
    assert (amount is None) == (currency is None)
    if amount is not None:
        assert 0 <= amount < LARGEST and amount == amount.quantize(Decimal("0.01")) and currency in CURRENCIES


@given(st.integers(0, 10**9), st.sampled_from(["{}万元", "{}(万)", "{}万人民币", "{}(万元人民币)"]))
def test_thousands_separators_change_nothing(number: int, form: str) -> None:
    assert parse_capital(form.format(f"{number:,}")) == parse_capital(form.format(number)) == (number * 10_000, "CNY")
