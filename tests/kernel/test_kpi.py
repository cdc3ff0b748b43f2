"""Figures: exact, honest about what is missing, equal on tile, list, export and API, and final once frozen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from parkops.clock import Period, now
from parkops.db.session import Scope, new_session
from parkops.errors import Conflict, NotAllowed, NotFound, Refused, RuleError
from parkops.i18n import force_locale
from parkops.kpi import catalogue, drill, engine, freeze, store
from parkops.kpi.figures import Figure, combine, short, shown, text_of, value_of
from parkops.kpi.models import KpiFreeze, KpiProblem, KpiTarget, KpiValue
from parkops.kpi.registry import Kpi, Window

TODAY = date(2026, 6, 12)
JUNE, MAY = Period.parse("2026-06"), Period.parse("2026-05")
# Targets stand in for business records: they are park-scoped and have a text, a date and a scaled number.
T = KpiTarget
MINE = T.code.startswith("t.")


def in_window(w):
    return (T.period_start >= w.start, T.period_start < w.end, MINE)


COUNT = Kpi("t.count", "Records", "count", "sum", lambda w: select(T.park_id, func.count().label("numerator")).where(*in_window(w))
            .group_by(T.park_id), "Records begun in the period.", resource="core.kpi_target",
            drill=lambda w: select(T.id).where(*in_window(w)))
BY_CODE = Kpi("t.by_code", "Amount", "money", "sum",
              lambda w: select(T.park_id, T.code.label("key"), func.sum(T.target).label("numerator")).where(*in_window(w))
              .group_by(T.park_id, T.code), "Amount by code.", resource="core.kpi_target", dimension="core.kpi_target",
              drill=lambda w: select(T.id, T.code.label("key"), T.target.label("amount")).where(*in_window(w)))
SHARE = Kpi("t.share", "Share", "percent", "ratio",
            lambda w: select(T.park_id, func.count().filter(T.target > 0).label("numerator"), func.count().label("denominator"))
            .where(*in_window(w)).group_by(T.park_id), "Share with an amount.", resource="core.kpi_target",
            drill=lambda w: select(T.id).where(*in_window(w), T.target > 0), drill_denominator=lambda w: select(T.id).where(*in_window(w)))
PEOPLE = Kpi("t.people", "Codes", "people", "distinct",
             lambda w: select(T.park_id, T.grain.label("key"), T.code.label("member")).where(*in_window(w)), "Different codes.")
STOCK = Kpi("t.stock", "Stock", "count", "last",
            lambda w: select(T.park_id, func.count().label("numerator")).where(MINE, T.period_start <= w.on).group_by(T.park_id),
            "Records at the end of the period.", resource="core.kpi_target", drill=lambda w: select(T.id).where(MINE, T.period_start <= w.on))
REPORTED = Kpi("t.reported", "Reported", "money", "sum",
               lambda w: select(T.park_id, func.sum(T.target).label("numerator")).where(*in_window(w)).group_by(T.park_id), "As reported.")
IN_TIME = replace(SHARE, code="t.in_time", empty="zero")  # a ratio of own records
BROKEN = Kpi("t.broken", "Broken", "count", "sum", lambda w: select(func.count(text("1 / 0")).label("numerator"), T.park_id).group_by(T.park_id), "")
ALL = [COUNT, BY_CODE, SHARE, IN_TIME, PEOPLE, STOCK, REPORTED]


@pytest.fixture(autouse=True)
def declared(monkeypatch):
    monkeypatch.setattr(catalogue, "all_kpis", lambda: {k.code: k for k in ALL})
    for module in (engine, store, freeze):
        monkeypatch.setattr(module, "all_kpis", lambda: {k.code: k for k in ALL})


def put(session, park, code, day, amount, grain="month"):
    session.add(T(park_id=park.id, code=code, grain=grain, period_start=day, target=Decimal(amount)))
    session.flush()


@pytest.fixture
def records(session, park, park2):
    put(session, park, "t.a", date(2026, 6, 1), "100.00")
    put(session, park, "t.b", date(2026, 6, 2), "0")
    put(session, park, "t.a", date(2026, 6, 1), "5.50", grain="year")
    put(session, park2, "t.a", date(2026, 6, 3), "1.25")
    put(session, park, "t.c", date(2026, 5, 3), "7")
    return session


def figure(session, code, period, park_id, key=""):
    rows = store.figures(session, [code], [period], park_id=park_id, keys=bool(key))
    return next((s.figure for s in rows if s.key == key), None)


def company(session, code, period):
    return next((s.figure for s in store.figures(session, [code], [period])), None)


# --- computing ----------------------------------------------------------------------------------------------------


def test_one_statement_covers_keys_parks_and_company(records, park, park2):
    done = engine.compute(records, JUNE, today=TODAY)
    assert done.failed == {}
    assert figure(records, "t.count", JUNE, park.id) == Figure(3)
    assert figure(records, "t.count", JUNE, park2.id) == Figure(1)
    assert company(records, "t.count", JUNE) == Figure(4)
    assert figure(records, "t.by_code", JUNE, park.id, "t.a").numerator == 1055000  # targets have four places
    assert figure(records, "t.by_code", JUNE, park.id).numerator == 1055000
    assert company(records, "t.by_code", JUNE).numerator == 1067500
    assert company(records, "t.share", JUNE) == Figure(3, 4)


def test_people_are_counted_once_at_every_level(records, park):
    engine.compute(records, JUNE, today=TODAY)
    assert figure(records, "t.people", JUNE, park.id, "month") == Figure(2)
    assert figure(records, "t.people", JUNE, park.id, "year") == Figure(1)
    assert figure(records, "t.people", JUNE, park.id) == Figure(2), "a is in both keys and counts once"
    assert company(records, "t.people", JUNE) == Figure(2), "not 2 + 1"


def test_computing_again_overwrites_and_removes_what_is_gone(records, park):
    engine.compute(records, JUNE, today=TODAY)
    before = records.scalar(select(func.count()).select_from(KpiValue))
    engine.compute(records, JUNE, today=TODAY)
    assert records.scalar(select(func.count()).select_from(KpiValue)) == before
    records.delete(records.scalars(select(T).where(T.code == "t.b")).one())
    records.flush()
    engine.compute(records, JUNE, today=TODAY)
    assert figure(records, "t.by_code", JUNE, park.id, "t.b") is None
    assert figure(records, "t.count", JUNE, park.id) == Figure(2)


def test_nothing_is_zero_for_own_records_and_missing_for_reported_facts(records, park, park2):
    april = Period.parse("2026-04")
    engine.compute(records, april, today=TODAY)
    assert figure(records, "t.count", april, park.id) == Figure(0)
    assert company(records, "t.count", april) == Figure(0)
    reported = figure(records, "t.reported", april, park.id)
    assert reported == Figure(None, None, 1) and value_of(REPORTED, reported) is None
    assert company(records, "t.reported", april).numerator is None
    window = Window(april, TODAY)
    for code, kpi, nothing, reads in (("t.share", SHARE, Figure(None, None, 1), ("not reported", "未报")), ("t.in_time", IN_TIME, Figure(0, 0), ("—",))):
        assert figure(records, code, april, park.id) == nothing and text_of(kpi, nothing) in reads
        assert company(records, code, april) == replace(nothing, missing=2 * nothing.missing)
        assert engine.measured_now(records, kpi, window, None).numerator == engine.measured_now(records, kpi, window, park.id).numerator == nothing.numerator


def test_the_companys_figure_says_how_many_parks_are_not_in_it(records, park2):
    engine.compute(records, MAY, today=TODAY)
    assert company(records, "t.reported", MAY) == Figure(70000, None, 1)


def test_one_park_can_be_computed_alone(records, park, park2):
    engine.compute(records, JUNE, today=TODAY)
    put(records, park, "t.z", date(2026, 6, 9), "1")
    put(records, park2, "t.z", date(2026, 6, 9), "1")
    engine.compute(records, JUNE, park_id=park.id, today=TODAY)
    assert (figure(records, "t.count", JUNE, park.id), figure(records, "t.count", JUNE, park2.id)) == (Figure(4), Figure(1))


def test_a_failing_kpi_is_recorded_and_the_others_go_on(records, park, monkeypatch):
    both = {"t.broken": BROKEN, "t.count": COUNT}
    for module in (engine, store, catalogue):
        monkeypatch.setattr(module, "all_kpis", lambda: both)
    done = engine.compute(records, JUNE, today=TODAY)
    assert list(done.failed) == ["t.broken"]
    assert figure(records, "t.count", JUNE, park.id) == Figure(3)
    assert "t.broken" in store.problems(records)
    both["t.broken"] = Kpi("t.broken", "Mended", "count", "sum", COUNT.measure, "")
    engine.compute(records, JUNE, today=TODAY)
    assert records.scalars(select(KpiProblem)).all() == []


def test_a_measure_without_its_columns_is_named(records):
    with pytest.raises(Refused, match="park_id"):
        engine.figures_of(Kpi("t.x", "X", "count", "sum", lambda w: select(T.id.label("numerator")), ""), Window(JUNE, TODAY), None, company=True)
    with pytest.raises(Refused, match="denominator"):
        engine.figures_of(Kpi("t.x", "X", "percent", "ratio", COUNT.measure, ""), Window(JUNE, TODAY), None, company=True)


def test_periods_ahead_are_refused_and_backfill_stops_today(records):
    with pytest.raises(Refused):
        engine.compute(records, Period.parse("2026-07"), today=TODAY)
    done = engine.backfill(records, "t.count", Period.parse("2026-04"), Period.parse("2026-12"), today=TODAY)
    assert [d.period.key for d in done] == ["2026-04", "2026-05", "2026-06", "2026Q2", "2026"]
    assert [p.key for p in engine.due_periods(date(2026, 1, 2))] == ["2025-12", "2026-01", "2025Q4", "2026Q1", "2025", "2026"]


# --- the scope ----------------------------------------------------------------------------------------------------


def scoped(session, parks, role="operations_manager"):
    """A session of a manager of these parks on the test's own uncommitted transaction."""
    from parkops.db.session import ParkSession
    from parkops.security.catalogue import role_rights

    rights = role_rights(frozenset({role})) | {("core.kpi_target", "read")}
    s = ParkSession(bind=session.connection(), join_transaction_mode="create_savepoint")
    s.info["scope"] = Scope(user_id=None, user_name=role, rights=rights, parks=frozenset(parks), park_id=min(parks), via="screen")
    return s


def test_a_park_computes_and_sees_only_its_own(records, park, park2):
    """INSERT … SELECT runs under the scope: a manager of the west park can neither write nor read the east."""
    with scoped(records, {park2.id}) as s:
        done = engine.compute(s, JUNE, today=TODAY)
        assert done.failed == {}
        assert set(s.scalars(select(KpiValue.park_id))) == {park2.id}
        assert figure(s, "t.count", JUNE, park2.id) == Figure(1)
        with pytest.raises(NotFound):
            store.figures(s, ["t.count"], [JUNE], park_id=park.id)
        s.commit()
    assert set(records.scalars(select(KpiValue.park_id))) == {park2.id}


def test_control_without_the_scope_the_same_call_reads_every_park(records):
    with scoped(records, {-5}) as s:
        s.info["scope"] = Scope(parks=None, system=True)
        engine.compute(s, JUNE, today=TODAY)
        assert len(set(s.scalars(select(KpiValue.park_id)))) == 3


def test_company_figures_are_hidden_from_those_who_see_some_parks(records, park, park2):
    engine.compute(records, JUNE, today=TODAY)
    with scoped(records, {park.id}) as s:
        assert None not in set(s.scalars(select(KpiValue.park_id)))
        assert company(s, "t.count", JUNE) == Figure(3), "one park: its own figure"
    with scoped(records, {park.id, park2.id}) as s:
        assert company(s, "t.count", JUNE) == Figure(4)
        assert company(s, "t.people", JUNE) is None, "people must not be added up"
        assert engine.measured_now(s, PEOPLE, Window(JUNE, TODAY), None) == Figure(2), "but can be counted anew"


def test_rights(records, park):
    with scoped(records, {park.id}, role="operations_clerk") as s:
        for order in (lambda: engine.compute(s, JUNE, today=TODAY),
                      lambda: freeze.freeze(s, MAY, park_id=park.id, reason="x", today=TODAY, at=now()),
                      lambda: store.set_target(s, "t.count", JUNE, park_id=park.id, target=Decimal(1))):
            with pytest.raises(NotAllowed):
                order()
    s = new_session(Scope(parks=frozenset({park.id}), user_name="nobody"))
    with pytest.raises(NotAllowed):
        store.figures(s, ["t.count"], [JUNE])
    s.close()


# --- tile = list = now --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kpi", ALL, ids=lambda k: k.code)
def test_stored_live_and_list_agree(records, park, park2, kpi):
    from parkops.testing import kpi_checks

    engine.compute(records, JUNE, today=TODAY)
    for park_id in (park.id, park2.id, None):
        assert kpi_checks.differences(records, kpi, JUNE, park_id, today=TODAY) == []


def test_control_a_list_that_differs_from_its_measure_is_found(records, park, monkeypatch):
    from parkops.testing import kpi_checks

    wrong = Kpi("t.wrong", "Wrong", "count", "sum", COUNT.measure, "", resource="core.kpi_target",
                drill=lambda w: select(T.id).where(*in_window(w), T.code == "t.a"))
    ALL.append(wrong)
    try:
        engine.compute(records, JUNE, today=TODAY)
        assert kpi_checks.differences(records, wrong, JUNE, park.id, today=TODAY) != []
    finally:
        ALL.remove(wrong)


def test_lists_of_one_key(records, park):
    window = Window(JUNE, TODAY)
    ids = drill.drill_ids(records, BY_CODE, window, park.id, "t.a")
    assert len(ids) == 2
    assert drill.drill_total(records, BY_CODE, window, park.id, "t.a") == (2, 1055000)
    assert drill.drill_ids(records, BY_CODE, window, park.id, "t.nothing") == []
    with pytest.raises(Refused):
        drill.drill_ids(records, COUNT, window, park.id, "t.a")
    with pytest.raises(Refused):
        drill.drill_ids(records, PEOPLE, window, park.id)


# --- rolling up ---------------------------------------------------------------------------------------------------


def test_roll_up_rules():
    assert combine(COUNT, [Figure(1), Figure(2)], "periods") == Figure(3)
    assert combine(STOCK, [Figure(5), Figure(4)], "periods") == Figure(4)
    assert combine(STOCK, [Figure(5), Figure(4)], "parks") == Figure(9)
    assert combine(STOCK, [Figure(5), Figure(None)], "periods") == Figure(None)
    assert combine(SHARE, [Figure(1, 2), Figure(9, 10)], "parks") == Figure(10, 12)
    assert combine(SHARE, [Figure(1, 2), Figure(None, 10)], "parks") == Figure(1, 2, 1)
    assert combine(REPORTED, [Figure(100), Figure(None)], "parks") == Figure(100, None, 1)
    assert combine(REPORTED, [Figure(None), Figure(None)], "parks") == Figure(None, None, 2)
    for kpi in (PEOPLE, Kpi("t.none", "None", "count", "none", COUNT.measure, "")):
        with pytest.raises(Refused):
            combine(kpi, [Figure(1), Figure(2)], "parks")


def test_the_roll_up_of_one_grain_fails_when_all_of_that_grain_failed(session, monkeypatch):
    """An indicator of years only cannot fail for months: it does not keep the alarm from ringing."""
    monthly, yearly = (replace(COUNT, code=f"t.{g}", grains=(g,)) for g in ("month", "year"))
    monkeypatch.setattr(engine, "all_kpis", lambda: {k.code: k for k in (monthly, yearly)})
    monkeypatch.setattr(engine, "compute_all", lambda *a, **k: [engine.Computed(MAY, failed={monthly.code: "no such table"})])
    with pytest.raises(Refused):
        engine.roll_up(session, today=TODAY, grains=("month",))
    assert engine.roll_up(session, today=TODAY, grains=("month", "year"))["kpis"] == 2


def test_a_quarter_is_what_its_months_give(records, park):
    for kpi in (COUNT, STOCK, SHARE):
        engine.backfill(records, kpi.code, Period.parse("2026-04"), Period.parse("2026-06"), today=TODAY)
        months = [figure(records, kpi.code, Period.parse(f"2026-0{n}"), park.id) for n in (4, 5, 6)]
        quarter = figure(records, kpi.code, Period.parse("2026Q2"), park.id)
        assert combine(kpi, months, "periods").numerator == quarter.numerator
        assert combine(kpi, months, "periods").denominator == quarter.denominator


@pytest.mark.parametrize(("kpi", "figure_", "expected"), [
    (COUNT, Figure(1234), "1,234"),
    (SHARE, Figure(1, 3), "33.3 %"),
    (SHARE, Figure(1, 0), "未报"),
    (REPORTED, Figure(123456), "1,234.56"),
    (REPORTED, Figure(None), "未报"),
])
def test_how_figures_read(kpi, figure_, expected):
    text_ = shown(kpi, value_of(kpi, figure_))
    assert text_ in (expected, "not reported" if expected == "未报" else expected)


@pytest.mark.parametrize(("value", "like", "zh", "en"), [
    ("99999.99", None, "99,999.99", "99,999.99"), ("100000", None, "10.0 万", "0.10 m"), ("-12345678.9", None, "-1,234.6 万", "-12.35 m"),
    ("62494.47", "1371000", "6.2 万", "0.06 m"), ("62494.47", "99999", "62,494.47", "62,494.47"),
])
def test_sums_read_short_on_tiles(value, like, zh, en):
    """From 100,000 yuan on in a bigger unit; a change in that of the sum beside it. A count is never short."""
    for code, expected in (("zh", zh), ("en", en)):
        with force_locale(code):
            assert short(REPORTED, Decimal(value), Decimal(like) if like else None) == expected
            assert short(COUNT, Decimal(1234567)) == "1,234,567"


# --- freezing -----------------------------------------------------------------------------------------------------


def test_a_frozen_period_keeps_its_figures_and_shows_corrections(records, park):
    head = freeze.freeze(records, MAY, park_id=park.id, reason="annual report sent", today=TODAY, at=now())
    put(records, park, "t.late", date(2026, 5, 20), "3")
    engine.compute(records, MAY, today=TODAY)
    row = store.figures(records, ["t.count"], [MAY], park_id=park.id)[0]
    assert (row.frozen, row.value, row.live_value, row.delta) == (True, 1, 2, 1)
    again = freeze.reopen(records, head, "t.count", today=TODAY)
    assert (again.frozen.numerator, again.live.numerator, again.same_records) == (1, 2, False)
    assert len(again.added) == 1 and again.removed == []
    assert freeze.differences(records) == []


def test_freezing_is_refused_before_the_end_without_reason_and_twice(records, park):
    with pytest.raises(RuleError) as e:
        freeze.freeze(records, JUNE, park_id=park.id, reason=" ", today=TODAY, at=now())
    assert e.value.codes == ["core.kpi_open", "core.kpi_reason"]
    freeze.freeze(records, MAY, park_id=park.id, reason="sent", today=TODAY, at=now())
    with pytest.raises(Conflict):
        freeze.freeze(records, MAY, park_id=park.id, reason="sent", today=TODAY, at=now())


@pytest.mark.parametrize("statement", [
    "update core_kpi_snapshot set numerator = 999", "delete from core_kpi_snapshot", "update core_kpi_freeze set reason = 'x'",
    "delete from core_kpi_freeze"])
def test_the_database_refuses_to_change_frozen_rows(records, park, statement):
    freeze.freeze(records, MAY, park_id=park.id, reason="sent", today=TODAY, at=now())
    with pytest.raises(Exception, match="frozen period"), records.begin_nested():
        records.execute(text(statement))


def test_control_without_the_trigger_the_hash_finds_the_change(fresh_db):
    from parkops.db.session import engine as db_engine
    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("test") as s:
        park = s.scalars(select(Park).order_by(Park.id)).first()
        freeze.freeze(s, MAY, park_id=park.id, reason="sent", today=TODAY, at=now())
    with db_engine(owner=True).begin() as c:
        c.execute(text("alter table core_kpi_snapshot disable trigger user"))
        c.execute(text("update core_kpi_snapshot set numerator = 999 where code = 't.count'"))
    with system_scope("test") as s:
        assert len(freeze.differences(s)) == 1


def test_two_racing_freezes_leave_one(fresh_db):
    import threading

    from parkops.db.session import system_scope
    from parkops.models import Park

    gate, results = threading.Barrier(2), []

    def work():
        try:
            with system_scope("test") as s:
                park_id = s.scalars(select(Park.id).order_by(Park.id)).first()
                gate.wait(20)
                freeze.freeze(s, MAY, park_id=park_id, reason="sent", today=TODAY, at=now())
            results.append("done")
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert sorted(results) == ["conflict", "done"]
    with system_scope("test") as s:
        assert s.scalar(select(func.count()).select_from(KpiFreeze)) == 1


# --- targets and trends -------------------------------------------------------------------------------------------


def test_targets_are_set_changed_and_removed(records, park):
    engine.compute(records, JUNE, today=TODAY)
    store.set_target(records, "t.share", JUNE, park_id=park.id, target=Decimal("0.8"))
    store.set_target(records, "t.share", JUNE, park_id=park.id, target=Decimal("0.85"))
    assert store.figures(records, ["t.share"], [JUNE], park_id=park.id)[0].target == Decimal("0.85")
    store.set_target(records, "t.share", JUNE, park_id=park.id, target=None)
    assert store.figures(records, ["t.share"], [JUNE], park_id=park.id)[0].target is None
    with pytest.raises(RuleError):
        store.set_target(records, "t.share", JUNE, park_id=park.id, target=Decimal("0.12345"))


def test_a_trend_shows_periods_without_a_figure(records, park):
    engine.compute(records, JUNE, today=TODAY)
    line = store.trend(records, ["t.count"], JUNE, 3, park_id=park.id)["t.count"]
    assert [(s.period.key, s.stored) for s in line] == [("2026-04", False), ("2026-05", False), ("2026-06", True)]
    assert line[0].value is None


def test_unknown_codes_are_refused_with_a_hint(session):
    with pytest.raises(Refused, match=r"t\.count"):
        store.figures(session, ["t.cuont"], [JUNE])
