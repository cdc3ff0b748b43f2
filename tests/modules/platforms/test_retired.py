"""A retired instrument: its last day bounds depreciation, rated hours, utilisation and hours open (U-17, U-101, U-113)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import recovery_help as h
from sqlalchemy import select

from modules.platforms import calc_depreciation
from modules.platforms.kpis.recovery import KPIS
from modules.platforms.models.cost import CostEntry
from modules.platforms.services import costs, recovery, registry
from parkops import clock
from parkops.clock import Period
from parkops.errors import RuleError
from parkops.kpi.registry import Window
from parkops.testing.kpi_checks import check_all

D = Decimal
ON = date(2021, 12, 31)


@pytest.mark.parametrize(("gone", "start", "end", "expected"), [
    (None, (2021, 1, 1), (2022, 1, 1), "12000"), ((2021, 3, 15), (2021, 3, 1), (2021, 4, 1), "1000"),
    ((2021, 3, 1), (2021, 3, 1), (2021, 4, 1), "1000"), ((2021, 2, 28), (2021, 3, 1), (2021, 4, 1), "0"),
    ((2021, 3, 15), (2021, 1, 1), (2022, 1, 1), "3000"), ((2020, 12, 20), (2021, 1, 1), (2022, 1, 1), "0"),
    ((2030, 1, 1), (2021, 1, 1), (2022, 1, 1), "12000")])
def test_depreciation_until_the_month_it_left(gone, start, end, expected):
    found = calc_depreciation.of_period(D(60_000), 5, date(2020, 12, 10), date(*start), date(*end), date(*gone) if gone else None)
    assert found == D(expected)


def depreciation(session, p, month):
    pool = costs.pool_of(session, p.id, month)
    return sum(session.scalars(select(CostEntry.amount).where(CostEntry.pool_id == pool.id, CostEntry.kind == "depreciation")), D(0))


def test_retired_it_costs_nothing_more_from_the_next_month_on(session):
    p = h.platform(session)
    i = h.instrument(session, p)
    registry.change_instrument(session, i, state="retired", retired_on=date(2021, 3, 15))
    assert [depreciation(session, p, date(2021, n, 1)) for n in (2, 3, 4, 12)] == [1000, 1000, 0, 0]


def test_earlier_periods_keep_its_rated_hours(session):
    p = h.platform(session)
    i, other = h.instrument(session, p, rated_hours=1200), h.instrument(session, p, rated_hours=2400)
    h.event(session, i, h.project(session), date(2021, 2, 1), 30)

    def sheet(text):
        return recovery.of_platform(session, p, Period.parse(text), ON).sheet

    before = sheet("2021-02")
    registry.change_instrument(session, i, state="retired", retired_on=date(2021, 3, 15))
    assert before.rated == 300 == sheet("2021-02").rated and sheet("2021-02").utilisation == before.utilisation == D("0.1")
    assert (sheet("2021-03").rated, sheet("2021-04").rated, sheet("2021").rated) == (300, 200, 2700)
    registry.change_instrument(session, other, state="retired", retired_on=date(2021, 3, 31))
    assert sheet("2021-04").rated is None and sheet("2021-03").rated == 300
    for text in ("2021-02", "2021-03", "2021-04", "2021"):
        assert check_all(session, KPIS, Period.parse(text), today=ON) == []


def test_the_indicator_counts_it_for_the_periods_before(session):
    p = h.platform(session)
    i = h.instrument(session, p, rated_hours=1200)
    h.instrument(session, p, rated_hours=2400)
    kpi = next(k for k in KPIS if k.code == "platforms.utilisation")
    registry.change_instrument(session, i, state="retired", retired_on=date(2021, 3, 15))

    def rated(text):
        return {r.key: r.denominator for r in session.execute(kpi.measure(Window(Period.parse(text), ON)))}[str(p.id)] / 60

    assert [rated(t) for t in ("2021-02", "2021-03", "2021-04", "2021")] == [300, 300, 200, 2700]


def test_a_retired_one_without_its_day_counts_as_before(session):
    p = h.platform(session)
    i = h.instrument(session, p)
    i.state = "retired"
    session.flush()
    assert recovery.of_platform(session, p, Period.parse("2021-02"), ON).sheet.rated is None
    assert depreciation(session, p, date(2021, 4, 1)) == 1000
    registry.change_instrument(session, i, place="库房")  # stays as it is
    registry.change_instrument(session, i, retired_on=date(2021, 3, 15))
    assert costs.compute_depreciation(session, costs.pool_of(session, p.id, date(2021, 4, 1))) == 0


def test_the_day_goes_with_the_state(session):
    i = h.instrument(session, h.platform(session))
    tomorrow = clock.today() + timedelta(days=1)
    for values in ({"state": "retired"}, {"retired_on": date(2021, 3, 1)}, {"state": "retired", "retired_on": date(2020, 12, 9)},
                   {"state": "retired", "retired_on": tomorrow}):
        with pytest.raises(RuleError) as refused:
            registry.change_instrument(session, i, **values)
        assert [x.field for x in refused.value.problems] == ["retired_on"]
    registry.change_instrument(session, i, state="retired", retired_on=date(2021, 3, 1))
    registry.change_instrument(session, i, state="in_use", retired_on=date(2021, 3, 1))
    assert i.retired_on is None
