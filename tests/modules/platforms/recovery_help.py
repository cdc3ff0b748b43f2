"""Builders for the tests of costs, recovery, operators and results."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from core_help import entry
from sqlalchemy import select

import modules.billing
from modules.billing.models.catalogue import ChargeItem
from modules.billing.services.reference import load_file
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.project import PayingProject
from modules.platforms.models.registry import Instrument, Platform
from modules.platforms.models.run import MonthRun
from modules.platforms.services import contracts
from parkops.clock import ZONE
from parkops.db.session import scope_of

DATA = Path(modules.billing.__file__).parent / "data"
_n = count(1)
D = Decimal


def platform(s: Any, model: str = "self", **values: Any) -> Platform:
    """A platform charged under the first charge item."""
    for name in ("accounts", "items", "vat"):
        load_file(s, DATA / f"{name}.yaml")
    n = next(_n)
    row = Platform(park_id=scope_of(s).park_id, code=f"P{n}", name=f"测试平台{n}", operating_model=model,
                   charge_item_id=s.scalar(select(ChargeItem.id).order_by(ChargeItem.id).limit(1)), **values)
    s.add(row)
    s.flush()
    return row


def instrument(s: Any, p: Platform, value: Any = "60000", bought: date = date(2020, 12, 10), **values: Any) -> Instrument:
    """An instrument of 60,000 yuan over five years: 1,000 a month."""
    n = next(_n)
    row = Instrument(park_id=p.park_id, platform_id=p.id, code=f"I{n}", name=f"测试仪器{n}", value=D(value), bought_on=bought, **values)
    s.add(row)
    s.flush()
    return row


def project(s: Any, firm: Any = None, klass: str = "incubatee") -> PayingProject:
    """An open paying project."""
    firm = firm or entry(s)
    row = PayingProject(park_id=firm.park_id, number=f"T-{next(_n)}", name="测试", firm_id=firm.id, customer_class=klass, starts_on=date(2020, 1, 1))
    s.add(row)
    s.flush()
    return row


def run(s: Any, month: date) -> MonthRun:
    """The live run of a month."""
    found = s.scalars(select(MonthRun).where(MonthRun.month == month, MonthRun.state == "priced")).one_or_none()
    if found is None:
        found = MonthRun(park_id=scope_of(s).park_id, month=month, started_by="test")
        s.add(found)
        s.flush()
    return found


def event(s: Any, i: Instrument, p: PayingProject, on: date, hours: Any = 1, gross: Any = None, waived: Any = 0, hour: int = 9,
          state: str = "validated") -> UsageEvent:
    """A use of so many hours; priced when `gross` is given."""
    start = datetime(on.year, on.month, on.day, hour, tzinfo=ZONE)
    end = start + timedelta(minutes=int(D(str(hours)) * 60))
    row = UsageEvent(
        park_id=i.park_id, kind="usage", state="waived" if D(waived) else state, platform_id=i.platform_id, instrument_id=i.id, firm_id=p.firm_id,
        project_id=p.id, customer_class=p.customer_class, started_at=start, ended_at=end, ended_on=on, minutes=int(D(str(hours)) * 60),
        waived_reason="test" if D(waived) else None)
    if gross is not None:
        row.run_id, row.gross, row.discount, row.entitled = run(s, on.replace(day=1)).id, D(gross), D(0), D(0)
        row.waived, row.net = D(waived), D(gross) - D(waived)
    s.add(row)
    s.flush()
    return row


def contract(s: Any, p: Platform, starts: date = date(2021, 1, 1), ends: date = date(2023, 12, 31), running: bool = True,
             **values: Any) -> Any:
    """A contract; in force with an approval that the database has as given (the vote has its own test)."""
    values = {"model": "delegated", "owner": "测试集团", "operator": f"运营公司{next(_n)}", **values}
    row = contracts.create_contract(s, platform_id=p.id, starts_on=starts, ends_on=ends, **values)
    contracts.create_kpi(s, contract_id=row.id, metric="hours", title="有效机时", target=D(100), weight=D("0.6"))
    contracts.create_kpi(s, contract_id=row.id, metric="firms", title="服务企业", target=D(2), weight=D("0.4"))
    if running:
        contracts.submit_contract(s, row, on=starts)
        request = contracts.waiting(s, row, contracts.KIND.code)
        request.state, row.approval_id, row.state = "approved", request.id, "running"
        s.flush()
    return row
