"""Split, merge, measure again and undo: areas on every day, lineage, what stands in the way. Rules S-12 to S-16."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from core_help import entry
from space_help import START, floor, lease, unit
from sqlalchemy import func, select

from modules.leasing.models.space import Unit, UnitChange, UnitLineage
from modules.leasing.services import holds, outages, splits, units
from modules.leasing.services.splits import Part
from parkops.errors import NotAllowed, RuleError

DAY = date(2022, 7, 1)


def parts(*areas: str, code: str = "301") -> list[Part]:
    return [Part(f"{code}-{i}", Decimal(a)) for i, a in enumerate(areas, 1)]


def alive(session, f, on):
    rows = session.scalars(select(Unit).where(Unit.floor_id == f.id, units.exists_on(on)).order_by(Unit.code))
    return {u.code: str(u.lettable_area) for u in rows}


def test_total_area_is_constant_through_split_and_merge(session):
    f = floor(session)
    a, b = unit(session, f, "120.50", code="301"), unit(session, f, "80", code="302")
    days = [START, DAY - timedelta(1), DAY, date(2022, 12, 31), date(2023, 1, 1), date(2024, 1, 1)]
    splits.split_unit(session, a, on=DAY, parts=parts("60.25", "40", "20.25"))
    two = session.scalars(select(Unit).where(Unit.code.in_(["301-2", "301-3"]))).all()
    splits.merge_units(session, [*two, b], on=date(2023, 1, 1), code="310")
    assert [str(units.lettable_area_on(session, d)) for d in days] == ["200.50"] * len(days)
    assert alive(session, f, DAY - timedelta(1)) == {"301": "120.50", "302": "80.00"}
    assert alive(session, f, DAY) == {"301-1": "60.25", "301-2": "40.00", "301-3": "20.25", "302": "80.00"}
    assert alive(session, f, date(2023, 1, 1)) == {"301-1": "60.25", "310": "140.25"}
    assert units.area_of(a, DAY - timedelta(1)) == Decimal("120.50") and units.area_of(a, DAY) is None


def test_children_take_over_what_the_parent_is(session):
    a = unit(session, area=100, kind="lab", incubation=True, list_price=Decimal("28.5"), certificate_no="鲁1号")
    splits.split_unit(session, a, on=DAY, parts=parts("50", "50"))
    kept = {
        (u.kind, u.incubation, u.list_price, u.certificate_no, u.floor_id)
        for u in session.scalars(select(Unit).where(Unit.starts_on == DAY))
    }
    assert kept == {("lab", True, Decimal("28.5"), "鲁1号", a.floor_id)}
    lines = session.scalars(select(UnitLineage)).all()
    assert {(line.parent_id, line.parent_ends_on) for line in lines} == {(a.id, None)} and len(lines) == 2


def test_a_difference_needs_a_reason(session):
    a = unit(session, area="100")
    with pytest.raises(RuleError) as e:
        splits.split_unit(session, a, on=DAY, parts=parts("50", "48"))
    assert e.value.codes == ["leasing.S-14"] and "-2" in str(e.value)
    change = splits.split_unit(session, a, on=DAY, parts=parts("50", "48"), reason="新增隔墙")
    assert change.difference == Decimal("-2.00")


def test_every_problem_at_once_and_nothing_changed(session):
    f = floor(session)
    a = unit(session, f, 100, code="301")
    unit(session, f, code="302")
    with pytest.raises(RuleError) as e:
        splits.split_unit(session, a, on=START, parts=[Part("302", Decimal(0))])
    assert sorted(e.value.codes) == ["leasing.S-03", "leasing.S-12", "leasing.S-13", "leasing.S-14", "leasing.S-14"]
    assert a.ends_on is None and session.scalar(select(func.count(UnitChange.id))) == 0
    with pytest.raises(RuleError) as e:
        splits.split_unit(session, a, on=DAY, parts=[Part("9", Decimal(50)), Part("9", Decimal(50))])
    assert e.value.codes == ["leasing.S-03"]


def test_one_part_may_keep_the_code(session):
    a = unit(session, area=100, code="301")
    splits.split_unit(session, a, on=DAY, parts=[Part("301", Decimal(70)), Part("301A", Decimal(30))])
    assert session.scalars(select(Unit.lettable_area).where(Unit.code == "301").order_by(Unit.starts_on)).all() == [100, 70]


@pytest.mark.parametrize("agreed", ["running", "approved", "later", "hold"])
def test_refused_while_something_is_agreed(session, agreed):
    a = unit(session, code="301")
    if agreed == "hold":
        holds.hold_unit(session, unit_id=a.id, firm_id=entry(session).id, asked_on=date(2022, 6, 25))
    else:
        starts = {"running": date(2022, 1, 1), "approved": date(2022, 8, 1), "later": date(2022, 12, 1)}[agreed]
        lease(session, a, starts=starts, ends=date(2023, 6, 30), state="approved" if agreed == "approved" else "running")
    with pytest.raises(RuleError) as e:
        splits.split_unit(session, a, on=DAY, parts=parts("50", "50"))
    assert e.value.codes == ["leasing.S-15"] and "301" in str(e.value)


def test_allowed_on_the_day_after_the_lease(session):
    a = unit(session)
    lease(session, a, ends=date(2022, 6, 30))
    assert splits.split_unit(session, a, on=DAY, parts=parts("50", "50")).id


def test_merge_keeps_to_one_floor_and_missing_is_not_zero(session):
    f = floor(session)
    a, b, other = unit(session, f, built_area=Decimal(120)), unit(session, f), unit(session)
    with pytest.raises(RuleError) as e:
        splits.merge_units(session, [a, other], on=DAY, code="X")
    assert e.value.codes == ["leasing.S-12"]
    splits.merge_units(session, [a, b], on=DAY, code="X")
    merged = session.scalar(select(Unit).where(Unit.code == "X"))
    assert (merged.lettable_area, merged.built_area) == (200, None)


def test_measured_again_keeps_both_areas(session):
    a = unit(session, area="100", code="301")
    lease(session, a, ends=date(2022, 6, 30))
    splits.remeasure_unit(session, a, on=DAY, lettable_area=Decimal("102.35"), reason="测绘报告 2022-18")
    assert [str(units.lettable_area_on(session, d)) for d in (DAY - timedelta(1), DAY)] == ["100.00", "102.35"]


def test_undo_while_nothing_refers(session):
    a = unit(session, area=100, ends_on=None)
    change = splits.split_unit(session, a, on=DAY, parts=parts("50", "50"))
    splits.undo_change(session, change, reason="录入错误")
    session.expire_all()
    assert a.ends_on is None and session.scalar(select(func.count(Unit.id)).where(Unit.starts_on == DAY)) == 0
    change = splits.split_unit(session, a, on=DAY, parts=parts("50", "50"))
    child = session.scalar(select(Unit).where(Unit.code == "301-1"))
    outages.create_outage(session, unit_id=child.id, cause="repair", starts_on=DAY)
    with pytest.raises(RuleError) as e:
        splits.undo_change(session, change, reason="x")
    assert e.value.codes == ["leasing.S-16"] and "leasing.outage" in str(e.value)


def test_undo_only_the_last_change(session):
    a = unit(session, area=100)
    first = splits.split_unit(session, a, on=DAY, parts=parts("50", "50"))
    child = session.scalar(select(Unit).where(Unit.code == "301-1"))
    second = splits.split_unit(session, child, on=date(2022, 9, 1), parts=parts("25", "25", code="301-1"))
    with pytest.raises(RuleError) as e:
        splits.undo_change(session, first, reason="x")
    assert "leasing.S-16" in e.value.codes
    splits.undo_change(session, second, reason="x")
    splits.undo_change(session, first, reason="x")
    assert a.ends_on is None


def test_parts_as_lines(session):
    found = splits.read_parts("301-1 60.5\n\n301-2，40 ㎡\n")
    assert [(p.code, str(p.lettable_area)) for p in found] == [("301-1", "60.5"), ("301-2", "40")]
    for wrong in ("301-1", "301-1 x", "301-1 1.234", "a b c"):
        with pytest.raises(RuleError, match="1"):
            splits.read_parts(wrong)


def test_rights(as_role, session):
    a = unit(session)
    session.commit()
    with as_role("finance") as s, pytest.raises(NotAllowed):
        splits.split_unit(s, s.get(Unit, a.id), on=DAY, parts=parts("50", "50"))
