"""Builders for the tests of firms, intake, graduation and move-out."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from stdnum.cn import uscc
from support_help import carrier

from modules.tenants.models.firm import Firm
from modules.tenants.services import firms, moveout, stages

_n = count(1)
START = date(2021, 3, 1)


def code(n: int | None = None) -> str:
    """A valid unified social credit code."""
    n = next(_n) if n is None else n
    body = f"91370800MA{n:07d}"
    return body + uscc.calc_check_digit(body)


def entry(s: Any, **values: Any) -> Firm:
    """A register entry."""
    n = next(_n)
    values.setdefault("name", f"济宁测试科技{n}有限公司")
    values.setdefault("registered_on", date(2020, 6, 1))
    if "credit_code" not in values:
        values["credit_code"] = code()
    return firms.register_firm(s, **values)


def incubatee(s: Any, on: date = START, where: Any = None, **values: Any) -> Firm:
    """A firm admitted on `on`."""
    where = where or carrier(s)
    return stages.admit_firm(s, entry(s, **values), on=on, carrier_id=where.id, reason="test")


def team(s: Any, on: date = START, where: Any = None, **values: Any) -> Firm:
    """A start-up team admitted on `on`."""
    where = where or carrier(s, kind="makerspace")
    firm = entry(s, **{"credit_code": None, "registered_on": None, **values})
    return stages.admit_team(s, firm, on=on, carrier_id=where.id, reason="test")


def settle(s: Any, firm: Firm, on: date, outcome: str = "left") -> Any:
    """A move-out with everything done."""
    case = moveout.open_moveout(s, firm, outcome=outcome, announced_on=on, reason="lease ended")
    for item in moveout.items_of(s, case):
        moveout.settle_item(s, item, on=on)
    return case
