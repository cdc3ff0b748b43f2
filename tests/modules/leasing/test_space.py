"""Buildings, floors and units: what they may be, and the state that follows from facts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from core_help import entry
from space_help import START, building, floor, lease, unit
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from modules.leasing.models.space import Building, Floor, Unit
from modules.leasing.services import buildings, holds, outages, units
from parkops.errors import NotAllowed, RuleError

ON = date(2022, 6, 15)


def codes(error) -> list[str]:
    return error.value.codes


def test_region_and_address_fit_the_e_invoice(session):
    buildings.create_building(session, code="X1", name="甲", region="山" * 40, address="路" * 80)
    with pytest.raises(RuleError) as e:
        buildings.create_building(session, code="X2", name="乙", region="山" * 41, address="路" * 80)
    assert codes(e) == ["leasing.S-09"] and "121" in str(e.value)


def test_control_the_database_refuses_a_long_address_too(session):
    b = building(session)
    with pytest.raises(IntegrityError, match="invoice_address"):
        session.execute(update(Building).where(Building.id == b.id).values(region="山" * 80, address="路" * 80))


def test_simplified_vat_only_before_may_2016(session):
    building(session, acquired_on=date(2016, 4, 30), simplified_vat=True)
    with pytest.raises(RuleError) as e:
        building(session, acquired_on=date(2016, 5, 1), simplified_vat=True)
    assert codes(e) == ["leasing.S-10"]


def test_certificate_of_the_unit_else_of_the_building(session):
    b = building(session, certificate_no="鲁(2018)济宁市不动产权第0001号")
    f = floor(session, b)
    own, plain = unit(session, f, certificate_no="鲁(2019)第9号"), unit(session, f)
    assert buildings.certificate_of(own) == "鲁(2019)第9号" and buildings.certificate_of(plain) == b.certificate_no
    assert buildings.certificate_of(unit(session)) == "无"


def test_floors_in_one_go_without_a_level_zero(session):
    b = building(session)
    floor(session, b, 2)
    buildings.add_floors(session, b, first=-1, last=3)
    names = session.scalars(select(Floor.name).where(Floor.building_id == b.id).order_by(Floor.level)).all()
    assert names == ["B1", "1F", "2F", "3F"]
    with pytest.raises(RuleError):
        buildings.create_floor(session, building_id=b.id, level=0, name="0F")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("301-303", ["301", "302", "303"]),
        ("A08-A10", ["A08", "A09", "A10"]),
        ("A08-10", ["A08", "A09", "A10"]),
        ("301 302，305", ["301", "302", "305"]),
        ("商-1", ["商-1"]),
        ("", []),
        ("9-7", ["9-7"]),
    ],
)
def test_codes_in_one_go(text, expected):
    assert buildings.code_list(text) == expected


def test_units_of_a_floor_in_one_go_all_or_none(session):
    f = floor(session)
    buildings.add_units(session, f, codes="301-304", kind="office", lettable_area=Decimal("60.5"), starts_on=START)
    assert session.scalar(select(func.count(Unit.id)).where(Unit.floor_id == f.id)) == 4
    with pytest.raises(RuleError) as e:
        buildings.add_units(session, f, codes="304-305", kind="office", lettable_area=Decimal(60), starts_on=START)
    assert codes(e) == ["leasing.S-03"]
    assert session.scalar(select(func.count(Unit.id)).where(Unit.floor_id == f.id)) == 4


def test_every_problem_of_a_unit_at_once(session):
    f = floor(session)
    unit(session, f, code="301")
    with pytest.raises(RuleError) as e:
        unit(session, f, area="-1", code="301", built_area=Decimal(10), usable_area=Decimal(11), ends_on=date(2019, 1, 1))
    assert sorted(codes(e)) == ["leasing.S-01", "leasing.S-01", "record.date_order"]  # no days, so no day on which the code is taken
    with pytest.raises(RuleError) as e:
        unit(session, f, code="301", starts_on=date(2021, 1, 1))
    assert codes(e) == ["leasing.S-03"]


def test_a_code_may_come_back_after_its_unit_ended(session):
    f = floor(session)
    old = unit(session, f, code="301")
    units.end_unit(session, old, on=date(2021, 12, 31), reason="拆除")
    assert unit(session, f, code="301", starts_on=date(2022, 1, 1)).id != old.id


def test_control_the_database_refuses_one_code_twice_on_a_day(session):
    f = floor(session)
    unit(session, f, code="301")
    session.add(
        Unit(
            park_id=f.park_id,
            building_id=f.building_id,
            floor_id=f.id,
            code="301",
            kind="office",
            lettable_area=Decimal(1),
            starts_on=date(2021, 1, 1),
        )
    )
    with pytest.raises(IntegrityError, match="code_during"):
        session.flush()


def test_the_days_of_a_unit_cannot_be_written_apart_from_its_dates(session):
    u = unit(session)
    assert (u.during.lower, u.during.upper) == (START, None)
    with pytest.raises(ProgrammingError):
        session.execute(update(Unit).where(Unit.id == u.id).values(during=None))


def test_floor_of_another_building_is_refused_and_moving_follows_the_floor(session):
    a, b = floor(session), floor(session)
    u = unit(session, a)
    units.change_unit(session, u, floor_id=b.id)
    assert u.building_id == b.building_id


def test_area_of_a_let_unit_is_history(session):
    u = unit(session)
    units.change_unit(session, u, lettable_area=Decimal("99"))
    lease(session, u)
    with pytest.raises(RuleError) as e:
        units.change_unit(session, u, lettable_area=Decimal("98"))
    assert codes(e) == ["leasing.S-04"]
    units.change_unit(session, u, list_price=Decimal("35.5"))


def test_a_unit_with_records_ends_instead_of_being_deleted(session):
    u = unit(session)
    lease(session, u)
    with pytest.raises(RuleError) as e:
        units.remove_unit(session, u)
    assert codes(e) == ["leasing.S-08"] and "leasing.lease_unit" in str(e.value)
    with pytest.raises(RuleError) as e:
        units.end_unit(session, u, on=date(2022, 6, 30), reason="x")
    assert codes(e) == ["leasing.S-07"]
    units.end_unit(session, u, on=date(2022, 12, 31), reason="x")
    lonely = unit(session)
    units.remove_unit(session, lonely)
    assert session.get(Unit, lonely.id) is None


def states(session, on=ON):
    return {u.code: state for u, state in session.execute(select(Unit, units.state_on(on)))}


@pytest.fixture
def street(session):
    """One unit for every state on 2022-06-15."""
    f = floor(session)
    made = {
        name: unit(session, f, code=name)
        for name in ("let", "reserved", "signed_later", "held", "vacant", "repair", "let_in_repair", "own_use")
    }
    lease(session, made["let"])
    lease(session, made["let_in_repair"])
    lease(session, made["reserved"], state="approved", starts=date(2022, 7, 1), ends=date(2023, 6, 30))
    later = lease(session, made["signed_later"], starts=date(2022, 9, 1), ends=date(2023, 8, 31))
    later.signed_on = date(2022, 6, 1)
    holds.hold_unit(session, unit_id=made["held"].id, firm_id=entry(session).id, asked_on=date(2022, 6, 10))
    for name in ("repair", "let_in_repair"):
        outages.create_outage(session, unit_id=made[name].id, cause="repair", starts_on=date(2022, 6, 1), ends_on=date(2022, 6, 15))
    outages.create_outage(session, unit_id=made["own_use"].id, cause="own_use", starts_on=date(2021, 1, 1))
    made["site"] = unit(session, floor(session, building(session, construction="building", phase="一期")), code="site")
    made["closed"] = unit(session, floor(session, building(session, closed_on=date(2022, 6, 1))), code="closed")
    made["gone"] = unit(session, f, code="gone", ends_on=date(2022, 6, 14))
    return made


def test_states_follow_from_facts(session, street):
    assert states(session) == {
        "let": "let",
        "let_in_repair": "let",
        "reserved": "reserved",
        "signed_later": "reserved",
        "held": "held",
        "vacant": "vacant",
        "repair": "out_of_use",
        "own_use": "out_of_use",
        "closed": "out_of_use",
        "site": "under_construction",
        "gone": None,
    }
    by_id = units.unit_states(session, ON)
    assert by_id[street["let"].id] == "let" and street["gone"].id not in by_id
    assert units.unit_states(session, ON, [street["held"].id]) == {street["held"].id: "held"}


def test_states_on_other_days(session, street):
    before, after = states(session, date(2022, 5, 31)), states(session, date(2022, 6, 25))
    assert (before["signed_later"], before["closed"], before["gone"], before["held"]) == ("vacant", "vacant", "vacant", "vacant")
    assert (after["repair"], after["held"]) == ("vacant", "vacant")  # the outage and the hold were over on their last days
    assert states(session, date(2022, 6, 24))["held"] == "held"
    assert states(session, date(2022, 12, 31))["let"] == "let" and states(session, date(2023, 1, 1))["let"] == "vacant"


def test_completion_ends_construction(session):
    b = building(session, construction="building")
    u = unit(session, floor(session, b), code="site")
    buildings.change_building(session, b, construction="in_use", completed_on=date(2022, 6, 20))
    assert units.unit_states(session, ON)[u.id] == "under_construction"
    assert units.unit_states(session, date(2022, 6, 20))[u.id] == "vacant"


def test_lettable_area_leaves_out_sites_own_use_and_public_space(session, street):
    unit(session, street["let"].floor, code="hall", kind="public", area=500)
    assert units.lettable_area_on(session, ON) == Decimal("700.00")  # let 2, reserved, signed later, held, vacant, repair
    lease(session, street["site"])  # what is let counts in any case
    assert units.lettable_area_on(session, ON) == Decimal("800.00")


def test_own_use_never_covers_a_lease(session):
    u = unit(session)
    lease(session, u)
    with pytest.raises(RuleError) as e:
        outages.create_outage(session, unit_id=u.id, cause="own_use", starts_on=date(2022, 12, 1))
    assert codes(e) == ["leasing.S-17"]
    outages.create_outage(session, unit_id=u.id, cause="own_use", starts_on=date(2023, 1, 1))


def test_outages_do_not_overlap(session):
    u = unit(session)
    first = outages.create_outage(session, unit_id=u.id, cause="repair", starts_on=date(2022, 1, 1))
    with pytest.raises(RuleError) as e:
        outages.create_outage(session, unit_id=u.id, cause="safety", starts_on=date(2022, 3, 1), ends_on=date(2022, 3, 2))
    assert codes(e) == ["leasing.S-17"]
    outages.finish_outage(session, first, on=date(2022, 2, 28))
    outages.create_outage(session, unit_id=u.id, cause="safety", starts_on=date(2022, 3, 1), ends_on=date(2022, 3, 2))


def test_rights(as_role, session):
    f = floor(session)
    session.commit()
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        units.create_unit(s, floor_id=f.id, code="9", kind="office", lettable_area=Decimal(1), starts_on=START)
    with as_role("operations_clerk") as s:
        assert units.create_unit(s, floor_id=f.id, code="9", kind="office", lettable_area=Decimal(1), starts_on=START).id
    with as_role("operations_manager", park="west") as s, pytest.raises(RuleError) as e:
        units.create_unit(s, floor_id=f.id, code="8", kind="office", lettable_area=Decimal(1), starts_on=START)
    assert codes(e) == ["record.no_such_record"]
