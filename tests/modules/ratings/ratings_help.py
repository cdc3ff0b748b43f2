"""Builders: a carrier as in the worked example 17.1 of the domain notes (synthetic input under INC-2025-STD)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from support_help import carrier, firm, statement

from modules.ratings.models.filing import CarrierIncome, StatisticsFiling
from modules.tenants.models.credential import StaffMember
from modules.tenants.models.financing import FinancingEvent
from modules.tenants.models.mentor import Mentor, MentorAgreement
from modules.tenants.models.qualification import Qualification
from parkops.errors import RuleError
from parkops.rules import facts
from parkops.security.catalogue import role_rights

ON = date(2026, 3, 1)  # asks about 2025
MANUAL = ("legal_person", "team_lead", "lawful")


def example(
    s: Any,
    *,
    sme: int = 11,
    invested: int = 3,
    financed: int = 8,
    growing: int = 13,
    entered: int = 8,
    graduates: int = 4,
    firms: int = 40,
    mentors: int = 4,
    staff: int = 10,
    full: int = 8,
    total: str = "5000000",
    rent: str = "3400000",
    area: str = "6200",
    assessed: bool = True,
    **values: Any,
) -> tuple[Any, list[Any]]:
    """The carrier and its 40 firms in incubation at the end of 2025."""
    c = carrier(s, founded_on=date(2015, 1, 1), area=Decimal(area), operator="测试孵化器有限公司", **values)
    rows = [firm(s, ("incubating", c, "2025-03-01" if n < entered else "2023-03-01")) for n in range(firms)]
    for n in range(graduates):
        firm(s, ("incubating", c, "2022-03-01"), ("graduated", c, f"2025-0{n % 9 + 1}-10"))
    for f in rows[:sme]:
        s.add(Qualification(firm_id=f.id, park_id=f.park_id, kind="tech_sme", obtained_on=date(2025, 6, 1), valid_to=date(2026, 5, 31)))
    if sme:  # the same firm with both qualifications counts once
        s.add(Qualification(firm_id=rows[0].id, park_id=c.park_id, kind="innovative_sme", obtained_on=date(2025, 6, 1)))
    for f in rows[:financed]:
        s.add(
            FinancingEvent(
                firm_id=f.id, park_id=f.park_id, kind="vc", on_date=date(2025, 5, 1), amount=Decimal(100), amount_cny=Decimal(100)
            )
        )
    for n, f in enumerate(rows):
        statement(s, f, "2024", revenue="1000")
        statement(s, f, "2025", revenue="1300" if n < growing else "1200")  # 20 % exactly is not more than 20 %
    invest(s, rows[:invested])
    for n in range(mentors):
        m = Mentor(name=f"导师{c.id}-{n}", organisation="测试", expertise="technology", appointed_on=date(2020, 1, 1), park_id=c.park_id)
        s.add(m)
        s.flush()
        s.add(MentorAgreement(firm_id=rows[n].id, mentor_id=m.id, from_on=date(2024, 1, 1), park_id=c.park_id))
    for n in range(staff):
        s.add(
            StaffMember(
                staff_no=f"S{c.id}-{n}",
                name=f"员工{n}",
                carrier_id=c.id,
                incubation_full_time=n < full,
                joined_on=date(2020, 1, 1),
                park_id=c.park_id,
            )
        )
    s.add(
        CarrierIncome(
            carrier_id=c.id,
            park_id=c.park_id,
            year=2025,
            total=Decimal(total),
            rent=Decimal(rent),
            property=Decimal(0),
            separate=True,
            source="审计报告",
        )
    )
    s.add(StatisticsFiling(carrier_id=c.id, park_id=c.park_id, year=2024, filed_on=date(2025, 1, 20)))
    s.flush()
    for fact in MANUAL if assessed else ():
        facts.assess(s, c, fact, True, on=date(2026, 1, 5), note="现场核查")
    return c, rows


def invest(s: Any, firms: list[Any]) -> None:
    """Paid and registered investments of the park's own fund."""
    from modules.funds.models.call import FundFlow
    from modules.funds.models.fund import Fund
    from modules.funds.models.investment import Investment

    if not firms:
        return
    fund = Fund(
        code=f"F{firms[0].id}",
        name="测试基金",
        kind="own",
        manager="测试",
        size=Decimal(10_000_000),
        vintage=2024,
        park_id=firms[0].park_id,
        established_on=date(2024, 1, 1),
        invest_until=date(2028, 1, 1),
        ends_on=date(2031, 1, 1),
    )
    s.add(fund)
    s.flush()
    for f in firms:
        i = Investment(
            number=f"I{f.id}",
            fund_id=fund.id,
            firm_id=f.id,
            park_id=f.park_id,
            instrument="equity",
            round="a",
            amount=Decimal(1000),
            closed_on=date(2025, 6, 1),
            registered_on=date(2025, 7, 1),
        )
        s.add(i)
        s.flush()
        s.add(
            FundFlow(
                fund_id=fund.id,
                investment_id=i.id,
                park_id=f.park_id,
                kind="investment",
                on_date=date(2025, 6, 1),
                amount=Decimal(-1000),
                entered_by="test",
            )
        )
    s.flush()


@contextmanager
def acting(s: Any, role: str, user: str | None = None) -> Iterator[Any]:
    """The same session in the name and with the rights of a persona's user, or of another user with these rights."""
    before = s.info["scope"]
    uid = s.execute(text("SELECT id FROM ab_user WHERE username = :n"), {"n": user or role}).scalar()
    s.info["scope"] = replace(
        before, user_id=uid, user_name=role, roles=frozenset({role}), system=False, rights=role_rights(frozenset({role}))
    )
    try:
        yield s
    finally:
        s.info["scope"] = before


@contextmanager
def refused(code: str, says: str = "") -> Iterator[None]:
    """Refused under this rule, whatever the language; `says` is a number its sentence names."""
    with pytest.raises(RuleError) as found:
        yield
    mine = [str(p.message) for p in found.value.problems if p.code == code]
    assert mine and any(says in m for m in mine), [(p.code, str(p.message)) for p in found.value.problems]
