"""Builders for the tests of rates, events and month runs of platforms."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from core_help import entry

from modules.billing.services import catalogue
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.project import PayingProject
from modules.platforms.models.registry import Instrument, Platform, ServiceItem
from modules.platforms.services import rates
from parkops.clock import ZONE
from parkops.i18n import force_locale

_n = count(1)
JAN, MARCH = date(2026, 1, 1), date(2026, 3, 1)


@pytest.fixture(autouse=True)
def english() -> Any:
    """Sentences are compared in English, whatever the person's language."""
    with force_locale("en"):
        yield


def local(day: int, hour: int = 9, minute: int = 0, month: int = 3) -> datetime:
    """A moment of the park's clock in 2026 (March unless said; the 2nd is a Monday)."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def platform(s: Any, **values: Any) -> Platform:
    n = next(_n)
    item = catalogue.by_code(s, "service_fee").id
    return _put(s, Platform(**{"code": f"P{n}", "name": f"测试平台{n}", "charge_item_id": item, **values}))


def instrument(s: Any, where: Platform | None = None, **values: Any) -> Instrument:
    n, where = next(_n), where or platform(s)
    return _put(s, Instrument(**{"platform_id": where.id, "code": f"I{n}", "name": f"测试仪器{n}", "interlock_id": f"lock-{n}", **values}))


def item(s: Any, where: Platform, kind: str = "sample", **values: Any) -> ServiceItem:
    n = next(_n)
    return _put(s, ServiceItem(**{"platform_id": where.id, "kind": kind, "code": f"S{n}", "name": f"测试项目{n}", **values}))


def project(s: Any, firm: Any = None, **values: Any) -> PayingProject:
    n, firm = next(_n), firm or entry(s)
    return _put(s, PayingProject(**{"number": f"PP-T-{n}", "name": "研发", "firm_id": firm.id, "customer_class": "incubatee",
                                    "starts_on": JAN, **values}))


def rate(s: Any, machine: Instrument, amount: str = "200", **values: Any) -> Any:
    """A base rate per hour of an instrument for every class from January on."""
    return rates.create_rate(s, **{"kind": "usage", "platform_id": machine.platform_id, "instrument_id": machine.id,
                                   "amount": Decimal(amount), "starts_on": JAN, **values})


def usage(s: Any, machine: Instrument, pays: PayingProject, start: datetime, minutes: int | None = 60, **values: Any) -> UsageEvent:
    """Use that was validated already."""
    end = start + timedelta(minutes=minutes or 0)
    return _put(s, UsageEvent(**{
        "kind": "usage", "state": "validated", "platform_id": machine.platform_id, "instrument_id": machine.id, "firm_id": pays.firm_id,
        "project_id": pays.id, "customer_class": pays.customer_class, "started_at": start, "ended_at": end, "ended_on": end.date(),
        "minutes": minutes, **values}))


def _put(s: Any, obj: Any) -> Any:
    from parkops.db.session import scope_of

    obj.park_id = scope_of(s).park_id
    s.add(obj)
    s.flush()
    return obj
