"""The stacking plan and the vacancy timeline: pure stretches, what a plan holds, few statements, pages, picture and workbook."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from core_help import entry
from space_help import building, floor, lease, unit
from sqlalchemy import insert, select

from modules.leasing import calc_space as calc
from modules.leasing import calc_stack_svg as svg
from modules.leasing.models.space import Unit
from modules.leasing.services import holds, outages, stacking, units, vacancy
from parkops.clock import today

D = date.fromisoformat
ON = date(2022, 6, 15)


@pytest.mark.parametrize(
    ("first", "last", "n"),
    [("2022-01-15", "2022-02-14", 0), ("2022-01-15", "2022-02-15", 1), ("2022-01-31", "2023-01-30", 11), ("2022-06-15", "2022-01-01", 0)],
)
def test_months_between(first, last, n):
    assert calc.months_between(D(first), D(last)) == n


@pytest.mark.parametrize(
    ("ends", "state", "band"),
    [
        ("2022-07-14", "running", "m1"),
        ("2022-07-15", "running", "m3"),
        ("2022-09-15", "running", "m6"),
        ("2022-12-15", "running", "m12"),
        ("2023-06-15", "running", "later"),
        (None, "running", "open"),
        ("2022-06-14", "running", "over"),
        ("2023-06-15", "holding_over", "over"),
    ],
)
def test_bands(ends, state, band):
    assert calc.expiry_band(ON, D(ends) if ends else None, state) == band


def test_lost_rent_and_missing_is_not_zero():
    assert calc.lost_rent(Decimal(100), Decimal(30), 73) == Decimal("7200.00")
    assert calc.lost_rent(Decimal(100), None, 73) is None


def test_a_life_has_one_cause_every_day():
    spans = [
        calc.Span("let", D("2022-02-01"), D("2022-03-31"), "甲"),
        calc.Span("let", D("2022-07-01"), None, "乙"),
        calc.Span("outage", D("2022-03-20"), D("2022-04-30"), "维修"),
        calc.Span("held", D("2022-06-20"), D("2022-07-10")),
    ]
    found = calc.timeline(D("2022-01-01"), D("2022-12-31"), spans)
    assert [(s.what, s.first.isoformat(), s.last.isoformat()) for s in found] == [
        ("never_let", "2022-01-01", "2022-01-31"),
        ("let", "2022-02-01", "2022-03-31"),
        ("outage", "2022-04-01", "2022-04-30"),
        ("between", "2022-05-01", "2022-06-19"),
        ("held", "2022-06-20", "2022-06-30"),
        ("let", "2022-07-01", "2022-12-31"),
    ]
    assert sum(s.days for s in found) == 365
    assert calc.timeline(D("2022-02-01"), D("2022-01-31"), spans) == []
    assert [s.what for s in calc.timeline(D("2022-01-01"), D("2022-12-31"), spans[:1])] == ["never_let", "let", "after"]


def test_picture_is_well_formed_to_scale_and_safe():
    levels = [
        svg.Level(
            "2F", "200 ㎡", "", [svg.Box(Decimal(150), "let", ("201", "<甲&乙>有限公司", "30")), svg.Box(Decimal(50), "vacant", ("202",))]
        ),
        svg.Level("B1", "900 ㎡", "", [svg.Box(Decimal(900), "vacant", ("B1",))], counts=False),
    ]
    root = ET.fromstring(svg.draw("甲 & 乙", "x", [("let", "已租")], levels))
    rects = [float(r.get("width")) for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("rx") == "3" and r.get("height") != "16"]
    room = svg.WIDTH - svg.LABEL - svg.RIGHT
    assert rects == [pytest.approx(room * 0.75 - svg.GAP), pytest.approx(room * 0.25 - svg.GAP), pytest.approx(room - svg.GAP)]
    assert any(t.text == "<甲&乙>有限公司" for t in root.iter("{http://www.w3.org/2000/svg}text"))
    assert svg.clipped("济宁创新谷发展集团", 13, 60) == "济宁创新…"


@pytest.fixture
def house(session):
    b = building(session, name="创新大厦")
    low, high = floor(session, b, 1), floor(session, b, 2)
    made = {
        "let": unit(session, high, 100, code="201"),
        "never": unit(session, high, 50, code="202", list_price=Decimal(32)),
        "held": unit(session, low, 80, code="101"),
        "out": unit(session, low, 20, code="102"),
        "soon": unit(session, low, 60, code="103"),
    }
    made["lease"] = lease(
        session, made["let"], firm=entry(session, name="济宁启明软件有限公司"), price="30", ends=date(2022, 12, 31), cycle=3
    )
    lease(session, made["soon"], state="approved", starts=date(2022, 8, 1), ends=date(2023, 7, 31))
    holds.hold_unit(session, unit_id=made["held"].id, firm_id=entry(session).id, asked_on=date(2022, 6, 10))
    outages.create_outage(session, unit_id=made["out"].id, cause="repair", starts_on=date(2022, 6, 1))
    return b, made


def test_what_a_plan_holds(session, house):
    b, _made = house
    plan = stacking.plan_of(session, b, ON)
    assert [s.floor.level for s in plan.storeys] == [2, 1]
    cells = {c.unit.code: c for c in plan.cells}
    assert {k: c.state for k, c in cells.items()} == {"201": "let", "202": "vacant", "101": "held", "102": "out_of_use", "103": "reserved"}
    assert (cells["201"].rent, cells["201"].rent_sqm, cells["201"].band) == (Decimal("3000.00"), Decimal("30.00"), "m12")
    assert cells["101"].hold is not None and cells["102"].outage is not None and cells["103"].coming.starts_on == date(2022, 8, 1)
    assert plan.totals() == [("let", 1, 100), ("reserved", 1, 60), ("held", 1, 80), ("vacant", 1, 50), ("out_of_use", 1, 20)]
    past = {c.unit.code: c.state for c in stacking.plan_of(session, b, date(2021, 6, 1)).cells}
    assert past["201"] == past["101"] == "vacant"


def test_rent_of_a_lease_over_two_units_goes_by_area(session):
    f = floor(session)
    a, b = unit(session, f, 100), unit(session, f, 50)
    row = lease(session, a, b, price="30")
    assert stacking.unit_rents(session, ON, [row.id]) == {(row.id, a.id): Decimal("3000.00"), (row.id, b.id): Decimal("1500.00")}


def test_few_statements_whatever_the_size(session, query_count):
    b = building(session)
    for level in range(1, 6):
        f = floor(session, b, level)
        for u in [unit(session, f) for _n in range(6)][:3]:
            lease(session, u)
    session.flush()
    session.expire_all()
    with query_count() as q:
        stacking.plan_of(session, b, ON)
    assert q.count <= 12
    session.expire_all()
    found = session.scalars(select(Unit).where(Unit.building_id == b.id)).all()
    with query_count() as q:
        vacancy.timelines(session, found, date(2021, 1, 1), ON)
    assert q.count <= 6


def test_vacancy_columns_agree_with_the_pure_calculation(session, house):
    b, _made = house
    query = select(Unit.code, vacancy.days_vacant(ON), vacancy.lost_rent(ON), vacancy.cause_on(ON)).where(Unit.building_id == b.id)
    rows = {code: (days, lost, cause) for code, days, lost, cause in session.execute(query)}
    days = (ON - date(2020, 1, 1)).days + 1
    assert rows["201"] == (None, None, None)
    assert rows["202"] == (days, calc.lost_rent(Decimal(50), Decimal(32), days), "never_let")
    assert (rows["101"][2], rows["102"][2], rows["103"][2]) == ("held", "outage", "reserved")
    assert dict(session.execute(select(Unit.code, vacancy.days_vacant(date(2023, 1, 10))).where(Unit.code == "201")).all()) == {"201": 10}


def test_twenty_thousand_units_in_one_statement(session, park, query_count):
    """State of every unit of a very large estate: one statement, each list hashed once; filter, sort and total as in the grid."""
    from sqlalchemy import func

    f = floor(session)
    rows = [
        {
            "park_id": park.id,
            "building_id": f.building_id,
            "floor_id": f.id,
            "code": f"U{n:05d}",
            "kind": "office",
            "lettable_area": Decimal(50),
            "starts_on": date(2020, 1, 1),
        }
        for n in range(20_000)
    ]
    session.execute(insert(Unit), rows)
    lease(session, *session.scalars(select(Unit).where(Unit.floor_id == f.id).order_by(Unit.code).limit(300)))
    state = units.state_on(ON)
    with query_count() as q:
        found = dict(session.execute(select(state, func.count()).where(Unit.floor_id == f.id).group_by(state)).all())
        page = session.execute(select(Unit.code).where(Unit.floor_id == f.id, state == "let").order_by(Unit.code.desc()).limit(25)).all()
    assert found == {"let": 300, "vacant": 19_700} and page[0].code == "U00299" and q.count == 2


# ---- pages


@pytest.fixture
def shown(session, park, client, login_as):
    b = building(session, name="创新大厦")
    f = floor(session, b, 3)
    u = unit(session, f, 100, code="301", starts_on=date(2020, 1, 1))
    lease(session, u, firm=entry(session, name="济宁启明软件有限公司"), starts=today() - timedelta(30), ends=today() + timedelta(20))
    unit(session, f, 40, code="302")
    session.commit()
    login_as(client, "operations_clerk")
    return b, u


def test_the_page_shows_never_let_units_firm_area_and_rent(client, shown):
    b, u = shown
    page = client.get(f"/leasing/stacking/{b.id}").get_data(as_text=True)
    assert "济宁启明软件有限公司" in page and "302" in page and "30.00" in page and f"/leasing/unit/{u.id}/do/outage" in page
    assert page.count('class="sk-unit ') == 2 and 'data-key="let"' in page
    assert 'data-key="m1"' in client.get(f"/leasing/stacking/{b.id}?colour=expiry").get_data(as_text=True)
    assert 'data-key="let"' not in client.get(f"/leasing/stacking/{b.id}?on=2021-01-01").get_data(as_text=True)


def test_picture_workbook_and_vacancy(client, shown):
    b, _u = shown
    picture = client.get(f"/leasing/stacking/{b.id}/picture.svg")
    assert picture.status_code == 200 and ET.fromstring(picture.data).tag.endswith("svg")
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/leasing/stacking/{b.id}/list.xlsx").data))
    values = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    assert any("301" in row and "济宁启明软件有限公司" in row for row in values)
    page = client.get(f"/leasing/vacancy/{b.id}?months=12").get_data(as_text=True)
    assert "vc-never_let" in page and "vc-let" in page


def test_leadership_reads_and_the_administrator_sees_nothing(app, login_as, shown):
    b, u = shown
    client = app.test_client()
    login_as(client, "leadership")
    page = client.get(f"/leasing/stacking/{b.id}")
    assert page.status_code == 200 and f"/leasing/unit/{u.id}/do/hold" not in page.get_data(as_text=True)
    client = app.test_client()
    login_as(client, "system_administrator")
    assert client.get(f"/leasing/stacking/{b.id}").status_code == 403


@pytest.mark.parametrize("url", ["/leasing/stacking/", "/leasing/vacancy/", "/leasing/meter-round/"])
def test_pages_open_without_any_building(client, login_as, url):
    login_as(client, "operations_clerk")
    assert client.get(url).status_code == 200
