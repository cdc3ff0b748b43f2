"""Cost pools, shared costs and the recovery sheet (rules U-100 to U-116)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
import recovery_help as h
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from modules.platforms.checks.costs import CHECKS
from modules.platforms.models.cost import CostEntry, CostPool, GapFunder
from modules.platforms.services import cost_shares, costs, recovery
from parkops.clock import Period
from parkops.errors import NotAllowed, RuleError

D = Decimal
JAN, FEB = date(2021, 1, 1), date(2021, 2, 1)


@pytest.fixture
def plat(session):
    return h.platform(session)


def entries(session, pool):
    return {e.kind: e.amount for e in session.scalars(select(CostEntry).where(CostEntry.pool_id == pool.id))}


def test_a_pool_begins_with_the_months_depreciation(session, plat):
    h.instrument(session, plat)
    h.instrument(session, plat, value="100.00", bought=date(2021, 1, 5))  # begins in February
    pool = costs.open_pool(session, platform_id=plat.id, month=date(2021, 1, 20))
    assert pool.month == JAN and entries(session, pool) == {"depreciation": D("1000.00")}
    assert costs.compute_depreciation(session, pool) == 1 and entries(session, pool) == {"depreciation": D("1000.00")}
    assert costs.compute_depreciation(session, costs.pool_of(session, plat.id, FEB)) == 2


def test_every_problem_of_an_entry(session, plat):
    pool = costs.open_pool(session, platform_id=plat.id, month=JAN)
    with pytest.raises(RuleError) as refused:
        costs.record_entry(session, pool_id=pool.id, kind="grant", title="补贴", amount=D(0), document="文件")
    assert refused.value.codes == ["platforms.U-103", "platforms.U-103"]
    with pytest.raises(RuleError, match="系统计算"):
        costs.record_entry(session, pool_id=pool.id, kind="depreciation", title="x", amount=D(1), document="文件")


def test_a_year_spread_over_months_sums_exactly(session, plat):
    made = costs.spread_cost(session, platform_id=plat.id, kind="space", title="场地费", amount=D("1000.00"), document="合同1", first_month=JAN,
                             months=12)
    assert len(made) == 12 and sum(e.amount for e in made) == 1000 and {e.amount for e in made} == {D("83.33"), D("83.34")}


def test_closing_freezes_the_pool_for_everybody(session, plat):
    pool = costs.open_pool(session, platform_id=plat.id, month=JAN)
    with pytest.raises(RuleError, match="尚未录入"):
        costs.close_pool(session, pool, on=FEB)
    entry = costs.record_entry(session, pool_id=pool.id, kind="staff", title="工资", amount=D(5000), document="工资表")
    costs.record_entry(session, pool_id=pool.id, kind="grant", title="补助", amount=D(2000), document="文件", funder="管委会")
    with pytest.raises(RuleError, match="尚未结束"):
        costs.close_pool(session, pool, on=date(2021, 1, 31))
    costs.close_pool(session, pool, on=FEB)
    assert pool.state == "closed" and pool.cost == 3000
    with pytest.raises(RuleError, match="已关闭"):
        costs.record_entry(session, pool_id=pool.id, kind="staff", title="x", amount=D(1), document="y")
    for statement in (f"UPDATE platforms_cost_entry SET amount = 1 WHERE id = {entry.id}", f"DELETE FROM platforms_cost_entry WHERE id = {entry.id}",
                      f"UPDATE platforms_cost_pool SET state = 'open', closed_on = NULL, cost = NULL WHERE id = {pool.id}"):
        with pytest.raises(DBAPIError, match="frozen"), session.begin_nested():
            session.execute(text(statement))


def _pool_with_entry():
    """A committed open pool with one entry; (pool id, entry id)."""
    from parkops.db.session import system_scope
    from parkops.models import Park

    with system_scope("test") as s:
        east = s.scalars(select(Park.id).where(Park.code == "east")).one()
    with system_scope("test", {east}, park_id=east) as s:
        pool = costs.open_pool(s, platform_id=h.platform(s).id, month=JAN)
        entry = costs.record_entry(s, pool_id=pool.id, kind="staff", title="工资", amount=D(5000), document="工资表")
        return east, pool.id, entry.id


def _late_entry(east, pool_id):
    """An entry that comes while another connection closes the pool: sent first, answered after the closing committed."""
    from parkops.db.session import engine, system_scope

    with system_scope("test", {east}, park_id=east) as s:
        costs.close_pool(s, s.get(CostPool, pool_id), on=FEB)
        s.flush()
        with ThreadPoolExecutor(1) as other:
            sql = text("INSERT INTO platforms_cost_entry (park_id, pool_id, kind, title, amount, document, version, created_at) "
                       f"VALUES ({east}, {pool_id}, 'staff', 'x', 1, 'y', 1, now())")

            def write():
                with engine().begin() as c:
                    c.execute(text("SET LOCAL lock_timeout = '20s'"))
                    c.execute(sql)

            sent = other.submit(write)
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not sent.done() and not s.connection().execute(waiting).scalar_one():
                pass
            s.commit()
            return sent.exception()


def _differences():
    from parkops.db.session import system_scope

    with system_scope("test") as s:
        return next(c for c in CHECKS if c.code == "platforms.closed_pools").run(s)


def test_an_entry_that_races_with_the_closing_is_refused(fresh_db):
    east, pool_id, _entry = _pool_with_entry()
    assert "frozen" in str(_late_entry(east, pool_id)) and _differences() == []


def test_control_without_the_triggers_the_race_is_lost_and_the_check_says_so(fresh_db):
    from parkops.db.session import engine

    east, pool_id, entry_id = _pool_with_entry()
    with engine(owner=True).begin() as c:
        c.execute(text("ALTER TABLE platforms_cost_entry DISABLE TRIGGER USER"))
    assert _late_entry(east, pool_id) is None and len(_differences()) == 1
    with engine().begin() as c:
        c.execute(text(f"UPDATE platforms_cost_entry SET amount = 1 WHERE id = {entry_id}"))


def test_only_finance_keeps_the_pools(session, plat, as_role):
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        costs.open_pool(s, platform_id=plat.id, month=JAN)


def test_shared_energy_by_hours_area_and_fixed_shares(session):
    plats = [h.platform(session, "joint") for _n in range(3)]
    for n, p in enumerate(plats):
        h.contract(session, p, model="joint", share_key="hours", area=D(50 * (n + 1)), fixed_share=D(1))
    equal = cost_shares.create_shared(session, month=JAN, kind="energy", title="电费", amount=D("100.00"), key="fixed", document="电费单")
    cost_shares.post_shared(session, equal, on=FEB)
    assert [s.amount for s in cost_shares.shares_of(session, equal)] == [D("33.34"), D("33.33"), D("33.33")]
    by_area = cost_shares.create_shared(session, month=JAN, kind="materials", title="耗材", amount=D("100.01"), key="area", document="发票")
    cost_shares.post_shared(session, by_area, on=FEB)
    assert [s.amount for s in cost_shares.shares_of(session, by_area)] == [D("16.67"), D("33.34"), D("50.00")]
    pool = costs.pool_of(session, plats[0].id, JAN)
    assert entries(session, pool) == {"energy": D("33.34"), "materials": D("16.67")}
    assert next(c for c in CHECKS if c.code == "platforms.cost_shares").run(session) == []
    with pytest.raises(RuleError, match="已入池"):
        cost_shares.change_shared(session, by_area, title="x", amount=D(1), document="y")


def test_hours_come_from_events_and_a_meter_nobody_read_is_refused(session):
    one, two = h.platform(session, "joint"), h.platform(session, "joint")
    names = [h.contract(session, p, model="joint", share_key="hours").operator for p in (one, two)]
    for p, hours in ((one, 3), (two, 1)):
        h.event(session, h.instrument(session, p), h.project(session), date(2021, 1, 8), hours)
    row = cost_shares.create_shared(session, month=JAN, kind="energy", title="电费", amount=D(100), key="hours", document="电费单")
    assert [s.weight for s in cost_shares.shares_of(session, row)] == [3, 1]
    metered = cost_shares.create_shared(session, month=JAN, kind="energy", title="水费", amount=D(100), key="meter", document="水费单")
    with pytest.raises(RuleError) as refused:
        cost_shares.post_shared(session, metered, on=FEB)
    assert all(n in str(refused.value) for n in names)
    for share, weight in zip(cost_shares.shares_of(session, metered), (D(0), D(7)), strict=True):
        cost_shares.set_weight(session, share, weight=weight)
    cost_shares.post_shared(session, metered, on=FEB)
    assert [s.amount for s in cost_shares.shares_of(session, metered)] == [0, 100]


def year_of_use(session, plat):
    """C = 12,000 depreciation + 8,000 staff − 2,000 grant; 100 h incubated at 60, 50 h outside at 200, 10 h waived."""
    i = h.instrument(session, plat, rated_hours=1200)
    for month in range(1, 13):
        costs.open_pool(session, platform_id=plat.id, month=date(2021, month, 1))
    costs.spread_cost(session, platform_id=plat.id, kind="staff", title="工资", amount=D(8000), document="工资表", first_month=JAN, months=12)
    costs.spread_cost(session, platform_id=plat.id, kind="grant", title="补助", amount=D(2000), document="文件", funder="科技局",
                      first_month=JAN, months=2)
    session.add(GapFunder(park_id=plat.park_id, platform_id=plat.id, customer_class="incubatee", funder="管委会", document="会议纪要",
                          starts_on=JAN))
    inc, out = h.project(session), h.project(session, klass="external")
    for n in range(10):
        h.event(session, i, inc, date(2021, 3, 1 + n), 10, gross=600, hour=8)
    for n in range(5):
        h.event(session, i, out, date(2021, 4, 1 + n), 10, gross=2000, hour=8)
    h.event(session, i, out, date(2021, 5, 1), 10, gross=2000, waived=2000)
    return i


def test_the_sheet_of_a_year(session, plat):
    year_of_use(session, plat)
    found = recovery.of_platform(session, plat, Period.parse("2021"), date(2022, 1, 1))
    s = found.sheet
    assert (s.cost, s.gross_cost, s.hours, s.billed, s.waived, s.cash) == (18_000, 20_000, 160, 16_000, 2_000, 0)
    assert s.recovery_billed == D("0.888889") and s.recovery_cash == 0 and s.own_income == D("0.8")
    assert s.break_even == D("112.5") and s.outside == (18_000 - 6_000) / D(60) and s.utilisation == D("0.133333")
    assert {line.use.code: (line.gap, line.use.funder) for line in s.lines} == {
        "incubatee": (D("5250.00"), "管委会"), "external": (D("-3250.00"), None)}
    assert s.gap == 2_000 and found.months_missing == [] and found.unpriced == 0
    assert [y.sheet.cost for y in recovery.years_of(session, plat, Period.parse("2021"), date(2022, 1, 1))] == [None, None, 18_000]


def test_a_deficit_is_carried_into_the_next_january_once(session, plat):
    year_of_use(session, plat)
    for _n in range(2):
        entry = costs.carry_forward(session, plat, year=2021, on=date(2022, 1, 15))
    pool = session.scalars(select(CostPool).where(CostPool.month == date(2022, 1, 1))).one()
    assert entry.amount == -2_000 and costs.total(session, pool) == 3_000  # 1,000 depreciation and the deficit
    with pytest.raises(RuleError, match="尚未结束"):
        costs.carry_forward(session, plat, year=2022, on=date(2022, 12, 31))


def test_months_without_costs_are_named(session, plat):
    costs.open_pool(session, platform_id=plat.id, month=JAN)
    found = recovery.of_platform(session, plat, Period.parse("2021Q1"), date(2021, 3, 5))
    assert found.months_missing == [FEB, date(2021, 3, 1)] and found.sheet.cost is None


def test_the_job_opens_what_is_missing(session, plat):
    assert costs.open_month(session, on=date(2021, 6, 1), park_id=plat.park_id)["opened"] == 1
    assert costs.open_month(session, on=date(2021, 6, 1), park_id=plat.park_id)["opened"] == 0
