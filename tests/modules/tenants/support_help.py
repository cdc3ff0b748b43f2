"""Small builders for the tests of the support half: firms with a stage history written directly, services tested apart."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy.dialects.postgresql import Range

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from modules.tenants.models.statement import FirmStatement

_n = count(1)


def carrier(s: Any, name: str = "孵化器", kind: str = "incubator", **values: Any) -> Carrier:
    n = next(_n)
    row = Carrier(code=f"C{n}", name=f"{name}{n}", carrier_type=kind, **values)
    s.add(row)
    s.flush()
    return row


def firm(s: Any, *stages: tuple[str, Any, str], name: str | None = None, **values: Any) -> Firm:
    """firm(s, ("incubating", carrier, "2021-03-01"), ("graduated", carrier, "2022-05-01")): each stage lasts until the next."""
    n = next(_n)
    values.setdefault("registered_on", date(2015, 1, 1))
    if stages:
        values.setdefault("entered_on", date.fromisoformat(stages[0][2]))
        values.setdefault("carrier_id", stages[-1][1].id)
        if values.get("park_id") is None and stages[0][1].park_id:
            values["park_id"] = stages[0][1].park_id
    row = Firm(name=name or f"测试企业{n}", state=stages[-1][0] if stages else "prospect", **values)
    s.add(row)
    s.flush()
    for i, (state, where, start) in enumerate(stages):
        end = date.fromisoformat(stages[i + 1][2]) if i + 1 < len(stages) else None
        s.add(Stage(firm_id=row.id, park_id=row.park_id, carrier_id=where.id, state=state, step="test",
                    during=Range(date.fromisoformat(start), end, bounds="[)")))
    s.flush()
    return row


def statement(s: Any, of: Firm, period: str, grain: str = "year", **figures: Any) -> FirmStatement:
    start = date.fromisoformat(period if len(period) == 10 else f"{period}-01-01" if len(period) == 4 else f"{period}-01")
    row = FirmStatement(firm_id=of.id, park_id=of.park_id, grain=grain, period_start=start, reported_on=start,
                        **{k: Decimal(v) if isinstance(v, str) else v for k, v in figures.items()})
    s.add(row)
    s.flush()
    return row
