"""Builders for the tests of bank statements and matching."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from receipts_help import bank, bill, firm

from modules.billing.models.bank import BankLine, BankStatement
from modules.billing.models.receipt import BankAccount
from parkops import i18n
from parkops.clock import now

_n = count(1)
D = Decimal
ON = date(2026, 4, 20)
ICBC = (
    "交易日期,凭证号,借方发生额,贷方发生额,余额,对方户名,对方账号,摘要,用途,附言\n"
    "2026-04-02,1,,1090.00,11090.00,甲科技有限公司,6222000000000001,转账,房租,B-2026-000001\n"
    "2026-04-03,2,10.00,,11080.00,,,手续费,,\n"
    "2026-04-05,3,,500.00,11580.00,乙软件有限公司,6222000000000002,转账,,\n"
)
CCB = (
    "交易时间,收入金额,支出金额,账户余额,对方户名,对方账号,对方开户机构,摘要\n"
    "20260405 101500,500.00,,11580.00,乙软件有限公司,6222000000000002,中国建设银行济宁分行,转账\n"
    "20260403 090000,,10.00,11080.00,,,,手续费\n"
    '20260402 140000,"1,090.00",,11090.00,甲科技有限公司,6222000000000001,中国建设银行济宁分行,房租 B-2026-000001\n'
)
ABC = (
    "账号：6228000000001234567,,,,,,\n交易日期,交易金额,借贷标志,账户余额,对方户名,对方账号,摘要\n"
    "2026/4/2,1090.00,贷,11090.00,甲科技有限公司,6222000000000001,房租\n2026/4/3,10.00,借,11080.00,,,手续费\n"
    "2026/4/5,500.00,贷,11580.00,乙软件有限公司,6222000000000002,转账\n合计,1600.00,,,,,\n"
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are compared in English."""
    with i18n.force_locale("en"):
        yield


def written(tmp_path: Path, text: str | bytes, name: str = "statement.csv", encoding: str = "utf-8") -> Path:
    """A file with a text."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def line(
    s: Any,
    account: BankAccount,
    amount: Any,
    *,
    payer: str | None = None,
    payer_account: str | None = None,
    text: str | None = None,
    on: date = ON,
) -> BankLine:
    """One open line, on a statement of its own."""
    n, amount = next(_n), D(amount)
    statement = BankStatement(
        park_id=account.park_id,
        bank_account_id=account.id,
        format="table",
        filename=f"t{n}.csv",
        sha256=f"{n:064d}",
        starts_on=on,
        ends_on=on,
        opening=D(0),
        turnover=amount,
        closing=amount,
        lines=1,
        imported_at=now(),
        imported_by="test",
    )
    s.add(statement)
    s.flush()
    row = BankLine(
        park_id=account.park_id,
        statement_id=statement.id,
        bank_account_id=account.id,
        place=1,
        key=f"{n:064d}",
        on_date=on,
        amount=amount,
        payer=payer,
        payer_account=payer_account,
        text=text,
    )
    s.add(row)
    s.flush()
    return row


__all__ = ["ABC", "CCB", "D", "ICBC", "ON", "bank", "bill", "english", "firm", "line", "written"]
