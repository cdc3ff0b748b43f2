"""Builders for the tests of the hall."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import count
from typing import Any

import pytest

from modules.services.services import cases, catalogue, halls
from parkops.clock import ZONE
from parkops.i18n import force_locale

_n = count(1)
MON = date(2026, 3, 2)  # a Monday without holidays around


@pytest.fixture(autouse=True)
def english():
    """Sentences are compared in English."""
    with force_locale("en"):
        yield


def at(day: date = MON, hour: int = 9, minute: int = 0) -> datetime:
    """An instant of the park's day."""
    return datetime.combine(day, time(hour, minute), ZONE)


def hall(s: Any, **values: Any) -> Any:
    """A hall."""
    return halls.create_hall(s, **{"code": f"H{next(_n)}", "name": "企业服务中心", "phone": "0537-1234567", **values})


def window(s: Any, where: Any, code: str = "W1", **values: Any) -> Any:
    """A window of it."""
    return halls.create_window(s, hall_id=where.id, code=code, name="综合窗口", **values)


def item(s: Any, materials: tuple = (("申请书", False), ("住所证明", True)), **values: Any) -> Any:
    """An item; materials are (name, may follow)."""
    values = {
        "code": f"I{next(_n)}",
        "name": "公司设立登记",
        "item_class": "startup",
        "label": "authority",
        "promised_days": 3,
        "statutory_days": 20,
        "tolerance": True,
        "tolerance_days": 2,
        "shared": True,
        "online": True,
        **values,
    }
    row = catalogue.create_item(s, **values)
    for name, later in materials:
        catalogue.create_material(s, item_id=row.id, name=name, tolerable=later)
    return row


def case(s: Any, what: Any = None, day: date = MON, where: Any = None, **values: Any) -> Any:
    """A request received at 09:00."""
    what = what or item(s)
    return cases.create_case(s, hall_id=(where or hall(s)).id, item_id=what.id, at=at(day), **{"applicant": "济宁测试有限公司", **values})


def have(s: Any, row: Any, *names: str, on: date = MON) -> None:
    """Tick these lines of the checklist."""
    cases.check_materials(s, row, have=[m.id for m in cases.checklist(s, row) if m.name in names], on=on)


def done(s: Any, row: Any = None, on: date = MON, **values: Any) -> Any:
    """A case with its result."""
    from modules.services.services import closing

    row = row or case(s, item(s, ()))
    cases.accept_case(s, row, on=on)
    return closing.complete_case(s, row, **{"result": "approved", "delivery": "pickup", "on": on, **values})
