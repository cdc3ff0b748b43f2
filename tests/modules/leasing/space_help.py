"""Builders for the tests of space: buildings, floors, units, signed leases with their schedule, and the standing charge items."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from core_help import entry
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range

from modules.billing.models.catalogue import Account, ChargeItem
from modules.leasing.models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from modules.leasing.models.space import Building, Floor, Unit
from modules.leasing.services import buildings, units
from parkops.clock import add_months

_n = count(1)
START = date(2020, 1, 1)
ITEMS = {
    "rent": ("real_estate_lease", True),
    "water": ("water", False),
    "electricity": ("electricity", False),
    "gas_heat": ("electricity", False),
}


def building(s: Any, **values: Any) -> Building:
    """A finished building of the current park."""
    n = next(_n)
    return buildings.create_building(
        s, **{"code": f"B{n}", "name": f"{n}号楼", "region": "山东省济宁市高新区", "address": f"创新谷路{n}号", **values}
    )


def floor(s: Any, where: Building | None = None, level: int = 1) -> Floor:
    where = where or building(s)
    return buildings.create_floor(s, building_id=where.id, level=level, name=f"{level}F")


def unit(s: Any, where: Floor | None = None, area: Any = "100", **values: Any) -> Unit:
    """A unit of `area` ㎡ that exists since 2020."""
    where = where or floor(s)
    values = {"code": f"U{next(_n)}", "kind": "office", "starts_on": START, **values}
    return units.create_unit(s, floor_id=where.id, lettable_area=Decimal(str(area)), **values)


def item(s: Any, code: str = "rent") -> ChargeItem:
    """A charge item as the reference data hold it; made when they are not loaded."""
    found = s.scalar(select(ChargeItem).where(ChargeItem.code == code))
    if found is None:
        account = s.scalar(select(Account).where(Account.code == "T6001")) or Account(code="T6001", name="收入", kind="income")
        s.add(account)
        s.flush()
        supply, rent = ITEMS[code]
        found = ChargeItem(
            code=code, name=code, supply=supply, service_class="lease" if rent else "other", account_id=account.id, rent=rent
        )
        s.add(found)
        s.flush()
    return found


def lease(
    s: Any,
    *let: Unit,
    firm: Any = None,
    starts: date = date(2022, 1, 1),
    ends: date | None = date(2022, 12, 31),
    price: Any = "30",
    state: str = "running",
    cycle: int = 1,
    **values: Any,
) -> Lease:
    """A lease over units with one rent line per ㎡ and month, its days occupied and its instalments written."""
    firm = firm or entry(s)
    signed = state not in ("draft", "submitted", "approved", "cancelled")
    row = Lease(
        park_id=let[0].park_id,
        number=f"T-{next(_n)}",
        firm_id=firm.id,
        starts_on=starts,
        ends_on=ends,
        state=state,
        signed_on=starts if signed else None,
        root_id=None,
        **values,
    )
    s.add(row)
    s.flush()
    area = sum(u.lettable_area for u in let)
    during = Range(starts, ends + timedelta(days=1) if ends else None) if signed else None
    s.add_all(LeaseUnit(park_id=row.park_id, lease_id=row.id, unit_id=u.id, area=u.lettable_area, during=during) for u in let)
    line = LeaseLine(park_id=row.park_id, lease_id=row.id, item_id=item(s).id, basis="sqm_month", price=Decimal(price), cycle_months=cycle)
    s.add(line)
    s.flush()
    first = starts
    while signed and first <= (ends or add_months(starts, 36)):
        following = add_months(first, cycle)
        s.add(
            LeaseDue(
                park_id=row.park_id,
                lease_id=row.id,
                line_id=line.id,
                period_from=first,
                period_to=following - timedelta(days=1),
                bill_month=first.replace(day=1),
                due_on=first,
                amount=(area * Decimal(price) * cycle).quantize(Decimal("0.01")),
            )
        )
        first = following
    s.flush()
    return row
