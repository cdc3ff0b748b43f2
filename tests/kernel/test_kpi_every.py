"""Every indicator of every module over generated records: figure, list, footer, export and API are one number, for any period, park
and key; a frozen quarter never changes. The records are those of `bench/_kpi_data.py`, made once per run."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from modules.ratings.services.measures import MEASURES
from modules.tenants.models.carrier import Carrier
from parkops import refs
from parkops.clock import Period, add_months, now
from parkops.db.session import Scope, dispose, new_session, system_scope
from parkops.kpi import drill, engine, freeze, store
from parkops.kpi.catalogue import all_kpis
from parkops.kpi.models import KpiValue
from parkops.kpi.registry import DISTINCT, NONE, Window
from parkops.registry import discover, registry
from parkops.testing import kpi_checks
from parkops.testing.benches import neighbour
from parkops.testing.depth import depth
from parkops.testing.plugin import PASSWORD, _in_database

registry().load(list(discover()))
CODES = list(all_kpis())
TODAY, FIRST = date(2025, 1, 15), date(2022, 1, 1)
KEPT = [Period.parse(p) for p in ("2022", "2023", "2024", "2024Q3", "2024-08")]
BASE = neighbour("_kpi_volume").BASE
PARKS = [BASE + 1, BASE + 2, BASE + 3]
READER = "auditor"
FLOWS = ("graduate_share", "new_registered_share")  # who left or came in the year, against the stock: not part of it


def _build(name: str) -> int:
    rows = neighbour("_kpi_data").fill(name, len(PARKS), 90)
    _in_database(name, _compute)
    return rows


def _compute() -> None:
    """The figures the pages show, and a reader of everything."""
    from parkops.security.models import Role, User, UserProfile

    with system_scope("test") as s:
        done = engine.compute_all(s, KEPT, today=TODAY)
        assert [d.failed for d in done if d.failed] == []
        reader = s.scalars(select(User).where(User.username == READER)).one()
        reader.roles = list(s.scalars(select(Role)))
        s.execute(update(UserProfile).where(UserProfile.user_id == reader.id).values(all_parks=True, locale="en"),
                  execution_options={"synchronize_session": False})


@pytest.fixture(scope="module")
def generated(prepared, _worker_db):
    """The name of the database of this module; only read and rolled back."""
    name, rows = prepared("kpis", _build)
    assert rows > 5000
    dispose()
    os.environ["_PARKOPS_TEST_DB"] = name
    yield name
    dispose()
    os.environ["_PARKOPS_TEST_DB"] = _worker_db


@pytest.fixture(scope="module")
def world(generated):
    """One session for the whole module, rolled back."""
    s = new_session(Scope(parks=None, system=True, via="system", user_name="test", reason="test"))
    yield s
    s.rollback()
    s.close()


@pytest.fixture(scope="module")
def reader(generated, _app):
    """A client of somebody who may read and export everything, in English."""
    client = _app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login/").get_data(as_text=True))[1]
    client.post("/login/", data={"username": READER, "password": PASSWORD, "csrf_token": token})
    page = client.get("/").get_data(as_text=True)
    client.token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    return client


# --- the records --------------------------------------------------------------------------------------------------


def test_every_indicator_has_records_and_a_list(world):
    """So that no comparison below is one of nothing with nothing."""
    counted = set(world.scalars(select(KpiValue.code).where(KpiValue.numerator != 0)))
    assert sorted(set(CODES) - counted) == []
    assert [k.code for k in all_kpis().values() if not drill.has_drill(k)] == []
    assert [k.code for k in all_kpis().values() if k.adds_up == "ratio" and not drill.has_drill(k, "denominator")] == []


# --- one number ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_figure_list_and_json_agree_for_any_period_park_and_key(world, code):
    kpi = all_kpis()[code]

    @settings(max_examples=depth(2, 60), deadline=None, database=None)
    @given(month=st.integers(0, 35), grain=st.sampled_from(kpi.grains), park_id=st.sampled_from([*PARKS, None]), pick=st.integers(0, 999))
    def one_number(month, grain, park_id, pick):
        period = Period.of(grain, add_months(FIRST, month))
        done = engine.compute(world, period, [code], today=TODAY)
        assert done.failed == {}
        rows = [s for s in store.figures(world, [code], [period], park_id=park_id, keys=True) if s.park_id == park_id]
        assert rows or kpi.adds_up in (DISTINCT, NONE)
        for row in {0, pick % len(rows)} if rows else ():
            assert kpi_checks.row_differences(world, rows[row], Window(period, TODAY)) == []

    one_number()


def test_control_a_list_that_leaves_one_record_out_is_found(world):
    from dataclasses import replace

    kpi = all_kpis()["services.cases"]
    least = min(drill.drill_ids(world, kpi, Window(KEPT[1], TODAY), None))

    def short(window):
        sub = kpi.drill(window).subquery()
        return select(sub.c.id).where(sub.c.id != least)

    row = next(s for s in store.figures(world, [kpi.code], [KEPT[1]]) if s.park_id is None)
    wrong = replace(row, kpi=replace(kpi, drill=short))
    assert kpi_checks.row_differences(world, row, Window(KEPT[1], TODAY)) == []
    assert "the list has" in kpi_checks.row_differences(world, wrong, Window(KEPT[1], TODAY))[0]


@pytest.mark.parametrize("code", depth(sorted({(k.module, k.adds_up): c for c, k in all_kpis().items()}.values()), CODES))
def test_many_periods_together_are_each_period_alone(world, code):
    kpi = all_kpis()[code]
    months = [p for p in (Period.parse("2023-12"), Period.parse("2024-01")) if p.grain in kpi.grains] or KEPT[:2]

    def kept():
        v = KpiValue
        return set(world.execute(select(v.park_id, v.period_key, v.key, v.numerator, v.denominator, v.missing).where(
            v.code == code, v.period_key.in_([p.key for p in months]))))

    together = [(d.period.key, d.values) for d in engine.compute_all(world, months, [code], today=TODAY)]
    first = kept()
    alone = [(d.period.key, d.values) for d in (engine.compute(world, p, [code], today=TODAY) for p in months)]
    assert (first, together) == (kept(), alone) and first


@pytest.mark.parametrize("name", sorted(MEASURES))
def test_measures_of_carriers_are_their_firms_and_records(world, name):
    """What rating indicators, gates and the what-if read: numerator = the firms that count, denominator = the firms they are a share of,
    every record there and of the carrier's park, any number of carriers at once as each alone."""
    carriers = list(world.scalars(select(Carrier).order_by(Carrier.id)))

    @settings(max_examples=depth(2, 60), deadline=None, database=None)
    @given(on=st.dates(date(2022, 2, 1), date(2024, 12, 31)), pick=st.sampled_from(carriers))
    def holds(on, pick):
        found = MEASURES[name].fn(world, carriers, on)
        assert set(found) == {c.id for c in carriers} and found[pick.id] == MEASURES[name].fn(world, [pick], on)[pick.id]
        m = found[pick.id]
        assert not m.hits or len(set(m.hits)) == len(m.hits) == m.count.numerator
        assert not m.base or len(set(m.base)) == len(m.base) == m.count.denominator
        assert not m.base or name in FLOWS or set(m.hits) <= set(m.base)
        for resource, model_ids in by_resource([*m.records, *(("tenants.firm", i) for i in (*m.hits, *m.base))]).items():
            model = refs.model_of(resource)
            park = model.id if resource == "core.park" else getattr(model, "park_id", None)
            there = set(world.execute(select(model.id, *([park] if park is not None else [])).where(model.id.in_(model_ids))).all())
            assert len(there) == len(model_ids), (resource, name)
            assert park is None or {r[1] for r in there} == {pick.park_id}

    holds()


def by_resource(records):
    out = {}
    for resource, record_id in records:
        out.setdefault(resource, set()).add(record_id)
    return out


def test_incubated_firms_of_a_carrier_are_the_same_for_rules_and_indicators(world):
    """`measure:incubatee_count` (by default the stock at the end of the year before) and the KPI `tenants.incubating` of the carrier."""
    carriers = list(world.scalars(select(Carrier).order_by(Carrier.id)))
    for period in KEPT[:3]:
        found = MEASURES["incubatee_count"].fn(world, carriers, add_months(period.end, 5))
        kept = {s.key: s.figure.numerator for s in store.figures(world, ["tenants.incubating"], [period], every_park=True, keys=True)}
        assert {str(k): m.count.numerator or 0 for k, m in found.items()} == {str(c.id): kept.get(str(c.id), 0) for c in carriers}


# --- the screens, the export and the API --------------------------------------------------------------------------


def _ask(client, url, **data):
    answer = client.post(url, data=json.dumps(data), content_type="application/json", headers={"X-CSRFToken": client.token}) if data \
        else client.get(url)
    assert answer.status_code == 200, (url, answer.status_code, answer.get_data(as_text=True)[:500])
    return answer


@pytest.mark.parametrize("code", CODES)
def test_page_list_footer_export_and_api_say_the_figure(reader, world, code):
    kpi, period, park_id = all_kpis()[code], KEPT[1], PARKS[CODES.index(code) % 3]
    place = f"period={period.key}&park={park_id}"
    kept = {s.key: s.figure for s in store.figures(world, [code], [period], park_id=park_id, keys=True)}
    told = _ask(reader, f"/api/v1/core/kpi/?{place}&code={code}").get_json()["figures"]
    places = kpi.numerator_places
    assert {f["key"]: f["numerator"] if f["numerator"] is None else round(Decimal(str(f["numerator"])).scaleb(places)) for f in told} == {
        key: f.numerator for key, f in kept.items()}
    count, amount = drill.drill_total(world, kpi, Window(period, TODAY), park_id)
    page = _ask(reader, f"/core/kpi/{code}/list?{place}").get_data(as_text=True)
    assert f"{count:,} records" in page
    if amount is not None and count:
        assert (amount or 0) == ((kept[""].numerator if "" in kept else amount) or 0)
    listed = re.search(r'data-api="([^"]+)" data-fixed="\[\]" data-ids="([^"]+)"', page)
    if listed is None:
        assert count == 0 or count > 300 or page.count("<li><a href=") >= min(count, 100)
        return
    ids, api = json.loads(listed[2].replace("&#34;", '"')), listed[1]
    assert len(ids) == count
    rows = _ask(reader, f"{api}?q={json.dumps({'ids': ids, 'size': 5})}").get_json()
    assert rows["count"] == count
    sheet = _ask(reader, f"{api}_export", q={"ids": ids}, format="csv").get_data().decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(sheet)))) - 1 == count


@pytest.mark.parametrize("park", [*PARKS, "all"])
def test_the_exported_sheet_has_every_figure_as_stored(reader, world, park):
    period, park_id = KEPT[3], None if park == "all" else park
    stored = [s for s in store.figures(world, CODES, [period], park_id=park_id) if s.key == "" and s.park_id == park_id]
    sheet = json.loads(_ask(reader, f"/reports/kpi-sheet?period={period.key}&park={park}&format=json").get_data())
    rows = [r for s in sheet["sections"][:-1] for r in s["table"]["rows"]]
    wanted = [None if s.value is None else float(s.value) for s in stored]
    quarterly = [c for c in CODES if "quarter" in all_kpis()[c].grains]
    found = [r[2] for code, r in zip(quarterly, rows, strict=True) if code in {s.kpi.code for s in stored}]
    numbers = [float(v) if re.fullmatch(r"-?[0-9.]+", str(v)) else None for v in found]
    assert numbers == pytest.approx(wanted, abs=0.000001) and len(numbers) > 120


# --- frozen -------------------------------------------------------------------------------------------------------

CHANGES = {
    "services.visitors": "update services_visitors set visitors = visitors + 1000 where park_id = :p and day between :a and :b",
    "tenants.mentors": "update tenants_mentor set left_on = date '2024-01-01' where park_id = :p",
    "platforms.recovery_billed": "update platforms_cost_entry set amount = amount + 500 where park_id = :p",
    "amenities.hotel_occupancy": "update amenities_hotel_day set nights = nights + 1 where park_id = :p and day between :a and :b",
    "funds.nav": "update funds_standing set nav = nav + 7 where park_id = :p",
}


def test_a_frozen_quarter_shows_corrections_beside_it_and_never_changes(world):
    period, park_id = KEPT[3], PARKS[0]
    with world.begin_nested() as savepoint:
        head = freeze.freeze(world, period, park_id=park_id, reason="report sent", today=TODAY, at=now())
        before = {(s.kpi.code, s.key): s.figure for s in store.figures(world, CODES, [period], park_id=park_id, keys=True)}
        for statement in CHANGES.values():
            values = {"p": park_id, "a": period.start, "b": period.last_day} if ":a" in statement else {"p": park_id}
            assert world.connection().execute(text(statement), values).rowcount > 0, statement
        engine.compute(world, period, park_id=park_id, today=TODAY)
        shown = {(s.kpi.code, s.key): s for s in store.figures(world, CODES, [period], park_id=park_id, keys=True)}
        assert {k: shown[k].figure for k in before} == before and all(shown[k].frozen for k in before)
        moved = {code for (code, key), s in shown.items() if key == "" and s.delta}
        assert set(CHANGES) <= moved
        untouched = {c for c in CODES if c.split(".")[0] in ("loans", "booking", "leasing", "billing")}
        assert not moved & untouched
        reopened = freeze.reopen(world, head, "services.visitors", today=TODAY)
        assert reopened.live.numerator > reopened.frozen.numerator == before["services.visitors", ""].numerator
        assert freeze.differences(world) == []
        savepoint.rollback()
