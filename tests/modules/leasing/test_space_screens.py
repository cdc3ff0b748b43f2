"""Lists, forms, imports, tabs and the meter round through the real application."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from core_help import entry
from space_help import building, floor, lease, unit
from sqlalchemy import func, select

from modules.leasing.exports.readings import IMPORTS as READINGS
from modules.leasing.exports.units import IMPORTS as UNITS
from modules.leasing.models.holds import Hold
from modules.leasing.models.meters import MeterReading
from modules.leasing.models.space import Unit
from modules.leasing.services import meters
from parkops.clock import today
from parkops.web.importer import engine, mapping
from parkops.web.importer.reader import open_table

ON = date(2022, 7, 1)


@pytest.fixture
def run(session, tmp_path):
    def work(kind, header, *rows, on=ON):
        path = tmp_path / "x.csv"
        path.write_text("\n".join([",".join(header), *(",".join(r) for r in rows)]), encoding="utf-8")
        table = open_table(path)
        found = mapping.find_header(kind, table)
        return engine.run_import(session, kind, table, header=found, columns=mapping.guess(kind, found), on=on)

    return work


HEAD = ("楼栋", "楼层", "房号", "用途", "可租面积", "挂牌价")


def why(outcome):
    return [(r.row, r.field) for r in outcome.rejected]


def test_units_from_a_workbook(session, run):
    b = building(session, code="A1")
    floor(session, b, 3)
    done = run(
        UNITS[0],
        HEAD,
        ("A1", "3F", "301", "办公室", "60.5", "30"),
        ("A1", "3", "302", "商铺", "40", ""),
        ("A9", "3F", "303", "办公室", "1", ""),
        ("A1", "9F", "304", "办公室", "1", ""),
        ("A1", "3F", "305", "办公室", "-1", ""),
    )
    assert (done.inserted, why(done)) == (2, [(4, "building_id"), (5, "floor_id"), (6, "lettable_area")])
    u = session.scalar(select(Unit).where(Unit.code == "301"))
    assert (u.lettable_area, u.starts_on, u.during.lower, u.kind) == (Decimal("60.50"), ON, ON, "office")


def test_a_second_import_changes_and_a_let_unit_keeps_its_area(session, run):
    b = building(session, code="A1")
    f = floor(session, b, 3)
    a, let = unit(session, f, 60, code="301"), unit(session, f, 60, code="302")
    lease(session, let)
    done = run(UNITS[0], HEAD, ("A1", "3F", "301", "办公室", "61", "35"), ("A1", "3F", "302", "办公室", "61", ""))
    session.refresh(a)
    assert (done.inserted, done.updated, why(done)) == (0, 1, [(3, "lettable_area")])
    assert (a.lettable_area, a.list_price, a.starts_on) == (61, 35, date(2020, 1, 1))


def test_readings_from_a_workbook(session, run):
    u = unit(session)
    m = meters.create_meter(
        session, code="E1", kind="electricity", building_id=u.building_id, unit_id=u.id, starts_on=date(2022, 4, 30), multiplier=Decimal(10)
    )
    head = ("表号", "抄表日期", "读数", "原因")
    rows = (
        ("E1", "2022-06-30", "21", ""),
        ("E1", "2022-05-31", "10", ""),
        ("E1", "2022-07-01", "5", ""),
        ("E2", "2022-06-30", "1", ""),
        ("E1", "2023-01-01", "9", ""),
    )
    done = run(READINGS[0], head, *rows)
    assert (done.inserted, why(done)) == (2, [(4, "value"), (5, "meter_id"), (6, "read_on")])
    found = session.execute(
        select(MeterReading.from_on, MeterReading.read_on, MeterReading.usage)
        .where(MeterReading.meter_id == m.id)
        .order_by(MeterReading.read_on)
    ).all()
    assert found == [(date(2022, 4, 30), date(2022, 5, 31), 100), (date(2022, 5, 31), date(2022, 6, 30), 110)]
    again = run(READINGS[0], head, *rows[:2])
    assert (again.inserted, again.unchanged, again.rejected) == (0, 2, [])


def rows_of(client, url, **query):
    return client.get(f"{url}?q={json.dumps(query)}").get_json()


@pytest.fixture
def estate(session):
    f = floor(session, building(session, name="创新大厦"))
    let, free, old = unit(session, f, 100, code="A"), unit(session, f, 50, code="B", list_price=Decimal(30)), unit(session, f, 70, code="C")
    firm = entry(session, name="济宁启明软件有限公司")
    lease(session, let, firm=firm, starts=today() - timedelta(100), ends=today() + timedelta(30))
    lease(session, old, starts=today() - timedelta(300), ends=today() - timedelta(11), state="ended")
    session.commit()
    return {"firm": firm, "let": let, "free": free, "old": old, "floor": f}


def test_state_is_filtered_sorted_and_summed_like_a_stored_column(client, login_as, estate, query_count):
    login_as(client, "operations_clerk")
    with query_count() as q:
        got = rows_of(
            client,
            "/api/v1/leasing/unit/",
            filters=[["state", "eq", "vacant"]],
            sort=[["days_vacant", "asc"]],
            totals=True,
            columns=["code", "state", "days_vacant", "lettable_area", "cause"],
        )
    assert [(r["code"], r["days_vacant"], r["cause"]) for r in got["rows"]] == [
        ("C", 11, "after"),
        ("B", (today() - date(2020, 1, 1)).days + 1, "never_let"),
    ]
    assert q.count <= 12
    let = rows_of(client, "/api/v1/leasing/unit/", filters=[["tenant", "contains", "启明"]], columns=["code", "tenant", "lease_ends"])[
        "rows"
    ]
    assert [(r["code"], r["lease_ends"]) for r in let] == [("A", (today() + timedelta(30)).isoformat())]


def test_hold_from_the_form_and_tabs_on_the_firm(client, login_as, session, estate):
    login_as(client, "operations_clerk")
    made = client.post(
        f"/api/v1/leasing/unit/{estate['free'].id}/do/hold",
        json={"firm_id": estate["firm"].id, "asked_on": today().isoformat()},
        headers=headers(client),
    )
    assert made.status_code == 200, made.get_data(as_text=True)
    assert session.scalar(select(Hold.state)) == "held"
    tab = client.get(f"/tenants/firm/{estate['firm'].id}?tab=space").get_data(as_text=True)
    assert "创新大厦" in tab and "100.00" in tab
    for url in (f"/leasing/unit/{estate['old'].id}?tab=life", f"/leasing/building/{estate['floor'].building_id}", "/leasing/unit/new", "/"):
        assert client.get(url).status_code == 200, url


def headers(client):
    import re

    return {"X-CSRFToken": re.search(r'name="csrf-token" content="([^"]+)"', client.get("/account/").get_data(as_text=True))[1]}


def test_the_round_keeps_what_is_right_and_names_what_is_not(client, login_as, session, estate):
    ids = [meters.create_meter(session, code=f"E{c}", kind="electricity", building_id=estate["floor"].building_id, unit_id=u.id,
                               starts_on=today() - timedelta(31), start_value=Decimal(100)).id for c, u in (("A", estate["let"]), ("B", estate["free"]))]  # fmt: skip
    session.commit()
    login_as(client, "operations_clerk")
    url = f"/leasing/meter-round/{estate['floor'].building_id}"
    page = client.get(url).get_data(as_text=True)
    assert page.index("EA") < page.index("EB") and "启明" in page
    form = {"csrf_token": headers(client)["X-CSRFToken"], "on": today().isoformat(), f"value.{ids[0]}": "150.5", f"value.{ids[1]}": "99"}
    answer = client.post(f"{url}/save", data=form)
    assert answer.status_code == 422 and 'value="99"' in answer.get_data(as_text=True)
    assert session.scalars(select(MeterReading.usage)).all() == [Decimal("50.5")]
    form[f"value.{ids[1]}"] = "120"
    assert client.post(f"{url}/save", data=form).status_code == 303  # the first one is there already and is passed over
    assert session.scalar(select(func.count(MeterReading.id))) == 2
