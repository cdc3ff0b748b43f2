"""Builders for the tests of amenities."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from core_help import entry, incubatee

from modules.amenities.models.facility import AmenityFacility
from modules.amenities.models.meals import MealCard, MealPlan, Outlet, Till
from modules.amenities.models.operator import AmenityOperatorContract
from modules.amenities.services import facilities, housing_queue, housing_setup, meal_cards
from modules.tenants.services import people
from parkops.clock import ZONE
from parkops.i18n import force_locale

_n = count(1)
D = Decimal
MARCH = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def english() -> Any:
    """Sentences are compared in English."""
    with force_locale("en"):
        yield


def local(day: int, hour: int = 12, minute: int = 0, month: int = 3) -> datetime:
    """A moment of the park's clock in 2026."""
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def place(s: Any, kind: str = "talent_housing", **values: Any) -> AmenityFacility:
    n = next(_n)
    return facilities.create_facility(s, **{"code": f"F{n}", "name": f"测试配套{n}", "kind": kind, **values})


def person(s: Any, **values: Any) -> Any:
    return people.add_person(s, **{"name": f"住户{next(_n)}", "born_on": date(1995, 5, 1), **values})


def beds(s: Any, where: AmenityFacility, n: int = 1, rent: str = "620", deposit: str = "600") -> list[Any]:
    flat = housing_setup.create_apartment(s, facility_id=where.id, code=f"{next(_n)}", layout="single")
    return [housing_setup.create_bed(s, apartment_id=flat.id, code=f"{k}", rent=D(rent), deposit=D(deposit)) for k in range(1, n + 1)]


def applicant(s: Any, where: AmenityFacility, firm: Any = None, level: str = "E", **values: Any) -> Any:
    firm = firm or incubatee(s)
    return housing_queue.create_application(
        s, **{"person_id": person(s).id, "firm_id": firm.id, "facility_id": where.id, "layout": "single", "applied_on": MARCH,
              "talent_level": level, "employed_since": date(2025, 6, 1), "insured_months": 9, "owns_home": False, "months": 12, **values})


def queued(s: Any, where: AmenityFacility, **values: Any) -> Any:
    row = applicant(s, where, **values)
    housing_queue.queue_application(s, row, on=MARCH)
    assert row.state == "queued"
    return row


def contract(s: Any, where: AmenityFacility | None = None, share: str = "0.1", operator: Any = None) -> AmenityOperatorContract:
    """An operator's contract (a draft is enough for tills)."""
    where = where or place(s, "canteen", seats=3000)
    row = AmenityOperatorContract(park_id=where.park_id, number=f"AC-T-{next(_n)}", facility_id=where.id, operator_id=(operator or entry(s)).id,
                                  starts_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), share_rate=D(share), minimum=D(0))
    s.add(row)
    s.flush()
    return row


def till(s: Any, terms: AmenityOperatorContract | None = None) -> Till:
    terms, n = terms or contract(s), next(_n)
    outlet = Outlet(park_id=terms.park_id, facility_id=terms.facility_id, code=f"O{n}", name=f"窗口{n}", contract_id=terms.id)
    s.add(outlet)
    s.flush()
    found = Till(park_id=terms.park_id, outlet_id=outlet.id, code=f"T{n}")
    s.add(found)
    s.flush()
    return found


def card(s: Any, firm: Any = None, balance: str = "100") -> MealCard:
    row = meal_cards.issue_card(s, issued_on=MARCH, holder=f"持卡人{next(_n)}", firm_id=firm.id if firm else None)
    if D(balance):
        meal_cards.top_up(s, row, amount=D(balance), on=MARCH)
    return row


def plan(s: Any, firm: Any, per_meal: str = "8", meals: int = 1, cap: str | None = None) -> MealPlan:
    row = MealPlan(park_id=firm.park_id, firm_id=firm.id, starts_on=date(2026, 1, 1), per_meal=D(per_meal), meals_a_day=meals,
                   month_cap=D(cap) if cap else None)
    s.add(row)
    s.flush()
    return row


def agree(s: Any, month: str = "2026-03", today: date = date(2026, 4, 1)) -> None:
    """Tile, list, export and API of every indicator of amenities agree."""
    from modules.amenities.kpis.amenities import KPIS
    from parkops.clock import Period
    from parkops.testing.kpi_checks import check_all

    assert check_all(s, KPIS, Period.parse(month), today=today) == []
