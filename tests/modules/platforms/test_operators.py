"""Operator contracts, scorecard, settlement; results and evaluation; maintenance; heat map; indicators (U-120 to U-138)."""

import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import recovery_help as h
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

import modules.platforms
from modules.platforms import calc_heatmap
from modules.platforms import calc_operator as calc
from modules.platforms.kpis.recovery import KPIS
from modules.platforms.models.contract import OperatorLine
from modules.platforms.services import contracts, costs, evaluations, heatmap, maintenance, results
from modules.platforms.services import operator_settlements as settlements
from parkops import attachments, todos
from parkops.clock import ZONE, Period
from parkops.errors import RuleError
from parkops.rules.loader import load_file
from parkops.testing.kpi_checks import check_all

D = Decimal
YEAR = {"starts_on": date(2021, 1, 1), "ends_on": date(2021, 12, 31)}


@pytest.mark.parametrize(("score", "share", "months", "expected"), [
    ("106", "0", 12, ("240000.00", "0.00", "14400.00", "0.00")), ("130", "0", 12, ("240000.00", "0.00", "24000.00", "0.00")),
    ("100", "0.25", 6, ("120000.00", "25000.00", "0.00", "0.00")), ("70", "0", 12, ("240000.00", "0.00", "0.00", "24000.00")),
    (None, "0", 1, ("20000.00", "0.00", "0.00", "0.00"))])
def test_payment(score, share, months, expected):
    terms = calc.Terms(D(240_000), D(share), 100, D("0.01"), D("0.1"), 80, D("0.01"), D("0.3"))
    paid = calc.payment(terms, D(score) if score else None, D(100_000), months)
    assert (paid.base, paid.share, paid.bonus, paid.penalty) == tuple(map(D, expected))
    assert paid.total == paid.base + paid.share + paid.bonus - paid.penalty


def test_points_are_capped_and_never_negative():
    assert calc.points(calc.Clause(D(100), D("0.6"), D("1.2"), D(500))) == 72
    assert calc.points(calc.Clause(D(100), D("0.6"), D("1.2"), D(-5))) == 0
    assert calc.score([calc.Clause(D(1), D(1), D(1), None)]) is None and calc.score([]) is None


def test_weights_make_a_whole_before_it_is_submitted(session):
    row = h.contract(session, h.platform(session), running=False)
    extra = contracts.create_kpi(session, contract_id=row.id, metric="patents", title="专利", target=D(3), weight=D("0.1"))
    with pytest.raises(RuleError, match="110"):
        contracts.submit_contract(session, row, on=date(2021, 1, 1))
    contracts.remove_kpi(session, extra)
    contracts.submit_contract(session, row, on=date(2021, 1, 1))
    with pytest.raises(RuleError, match="已提交"):
        contracts.change_contract(session, row, operator="另一家")


def test_an_instrument_is_lent_once(session):
    p = h.platform(session)
    one, two, i = h.contract(session, p), h.contract(session, p), h.instrument(session, p)
    lent = contracts.create_asset(session, contract_id=one.id, instrument_id=i.id, lent_on=date(2021, 1, 1))
    with pytest.raises(RuleError, match=one.number):
        contracts.create_asset(session, contract_id=two.id, instrument_id=i.id, lent_on=date(2021, 2, 1))
    with pytest.raises(RuleError, match="未交还"):
        contracts.end_contract(session, one, on=date(2021, 12, 31), reason="期满")
    contracts.change_asset(session, lent, lent_on=date(2021, 1, 1), returned_on=date(2021, 12, 30))
    contracts.end_contract(session, one, on=date(2021, 12, 31), reason="期满")
    assert one.state == "ended"


def used(session, p):
    """50 hours by one firm, 40 by another; charged 9,000."""
    i = h.instrument(session, p)
    for n, hours in enumerate((50, 40)):
        h.event(session, i, h.project(session), date(2021, 3, 1 + n * 5), hours, gross=hours * 100, hour=0)
    return i


def test_a_settlement_is_explained_line_by_line(session):
    p = h.platform(session, "delegated")
    used(session, p)
    row = h.contract(session, p, base_fee=D(120_000), revenue_share=D("0.3"), share_basis="billed")
    made = settlements.create_settlement(session, contract_id=row.id, **YEAR)
    lines = {line.kind if line.kind != "kpi" else line.kpi.metric: line for line in settlements.lines_of(session, made)}
    assert lines["hours"].actual == 90 and lines["hours"].points == 54 and lines["firms"].points == 40  # 0.9 × 60 + 1 × 40
    assert made.score == 94 and lines["base"].amount == 120_000 and lines["share"].amount == 2_700
    assert "9,000.00" in lines["share"].explain and "30" in lines["share"].explain
    assert made.payment == 122_700 == sum(x.amount for x in lines.values() if x.amount is not None)
    with pytest.raises(RuleError, match=made.number):
        settlements.create_settlement(session, contract_id=row.id, **YEAR)


def test_what_is_found_by_inspection_must_be_entered(session):
    p = h.platform(session)
    row = h.contract(session, p, running=False)
    for kpi in session.scalars(select(contracts.ContractKpi)).all():
        contracts.remove_kpi(session, kpi)
    contracts.create_kpi(session, contract_id=row.id, metric="manual", title="满意度", target=D(90), weight=D(1))
    contracts.submit_contract(session, row, on=date(2021, 1, 1))
    request = contracts.waiting(session, row, contracts.KIND.code)
    request.state, row.approval_id, row.state = "approved", request.id, "running"
    made = settlements.create_settlement(session, contract_id=row.id, **YEAR)
    with pytest.raises(RuleError, match="满意度"):
        settlements.submit_settlement(session, made, on=date(2022, 1, 5))
    line = settlements.lines_of(session, made)[0]
    settlements.enter_actual(session, line, actual=D(81), on=date(2022, 1, 5))
    assert made.score == 90
    settlements.submit_settlement(session, made, on=date(2022, 1, 6))
    assert made.state == "submitted"
    with pytest.raises(DBAPIError, match="submitted operator settlement"), session.begin_nested():
        session.execute(text(f"UPDATE platforms_operator_line SET amount = 1 WHERE settlement_id = {made.id} AND kind = 'base'"))


def test_another_person_approves_and_then_nothing_changes(session, park):
    p = h.platform(session)
    used(session, p)
    row = h.contract(session, p, base_fee=D(12_000))
    made = settlements.create_settlement(session, contract_id=row.id, **YEAR)
    settlements.submit_settlement(session, made, on=date(2022, 1, 6))
    request = contracts.waiting(session, made, settlements.KIND.code)
    request.requested_by_id = session.info["scope"].user_id or 1
    session.flush()
    assert settlements.why_not_approve(session, made) is not None  # own request, or nobody is logged in
    request.state, made.approval_id = "approved", request.id
    settlements._approved(session, _Decided(request), made)
    assert made.state == "approved"
    session.flush()
    for statement in ("UPDATE platforms_operator_settlement SET payment = 1", "DELETE FROM platforms_operator_line"):
        with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
            session.execute(text(statement))
    assert session.scalar(select(OperatorLine.id).limit(1)) is not None


class _Decided:
    def __init__(self, request):
        self.id, self.decided_at = request.id, datetime(2022, 1, 7, tzinfo=ZONE)


def test_a_result_counts_after_another_person_saw_the_evidence(session, park):
    p = h.platform(session)
    row = results.record_result(session, platform_id=p.id, kind="patent", title="一种夹具", reference="ZL2021", on_date=date(2021, 5, 1))
    assert "登记人不能" in results.why_not_confirm(session, row)
    row.recorded_by = "另一人"
    with pytest.raises(RuleError, match="佐证"):
        results.confirm_result(session, row, on=date(2021, 6, 1))
    attachments.attach(session, row, io.BytesIO(b"%PDF-1.4 patent"), "patent.pdf")
    results.confirm_result(session, row, on=date(2021, 6, 1))
    with pytest.raises(RuleError, match="已确认"):
        results.change_result(session, row, title="x", reference="y", on_date=date(2021, 5, 1))
    with pytest.raises(RuleError) as refused:
        results.record_result(session, platform_id=p.id, kind="patent", title="x", reference="ZL2021", on_date=date(2021, 5, 1), amount=D(5))
    assert "platforms.U-130" in refused.value.codes


def test_the_evaluation_of_an_instrument_by_the_dated_parameters(session):
    load_file(session, Path(modules.platforms.__file__).parent / "data/rules/evaluation.yaml")
    p = h.platform(session)
    i = h.instrument(session, p, value="800000")
    for n in range(14):
        h.event(session, i, h.project(session), date(2021, 2, 1) + timedelta(days=20 * n), 80, gross=100, hour=0)
    h.event(session, i, h.project(session, klass="external"), date(2021, 12, 1), 0, gross="15999.99")
    row = evaluations.create_year(session, instrument_id=i.id, year=2021, operators=5, guided=3, shown=59, national_awards=0,
                                  provincial_awards=0, own_awards=1, functions=10, functions_used=8, functions_new=1)
    assert "核心期刊论文" in evaluations.evaluate_year(session, row, on=date(2022, 1, 5)) and row.score is None and row.grade is None
    evaluations.change_year(session, row, papers=4)
    evaluations.evaluate_year(session, row, on=date(2022, 1, 5))
    assert row.score == D("64.15") and row.grade == "passed"  # 80/60/40/75/58
    assert evaluations.sharing(session, row) == {"share": 0, "income": D("2.38"), "hours": 11}


def test_an_outage_takes_the_instrument_out_and_the_plan_moves_on(session):
    i = h.instrument(session, h.platform(session))
    plan = maintenance.create_plan(session, instrument_id=i.id, title="更换滤芯", every_days=30, next_on=date(2021, 3, 1))
    assert maintenance.remind_due(session, on=date(2021, 2, 28), park_id=i.park_id)["due"] == 0
    for _n in range(2):
        assert maintenance.remind_due(session, on=date(2021, 3, 2), park_id=i.park_id)["due"] == 1
    assert len(todos.of(session, plan)) == 1
    at = datetime(2021, 3, 3, 9, tzinfo=ZONE)
    work = maintenance.report_work(session, instrument_id=i.id, kind="planned", title="更换滤芯", starts_at=at, plan_id=plan.id)
    assert i.state == "out_of_order"
    with pytest.raises(RuleError, match="已在停用"):
        maintenance.report_work(session, instrument_id=i.id, kind="fault", title="x", starts_at=at)
    with pytest.raises(RuleError, match="不能早于停用时间"):
        maintenance.finish_work(session, work, at=at)
    maintenance.finish_work(session, work, at=at + timedelta(hours=2), cost=D(300))
    assert i.state == "in_use" and plan.next_on == date(2021, 4, 2) and todos.of(session, plan)[0].is_done


def test_the_heat_map_cuts_events_at_the_hours(session):
    p = h.platform(session)
    i = h.instrument(session, p)
    h.event(session, i, h.project(session), date(2021, 3, 1), D("2.5"), hour=9)  # a Monday
    h.event(session, i, h.project(session), date(2021, 3, 8), 1, hour=11)
    found = heatmap.minutes(session, date(2021, 3, 1), date(2021, 3, 15), platform_id=p.id)
    assert found == {(1, 9): 60, (1, 10): 60, (1, 11): 90}
    assert heatmap.minutes(session, date(2021, 3, 1), date(2021, 3, 15), instrument_id=-1) == {}
    svg = calc_heatmap.draw(found, heatmap.weeks(date(2021, 3, 1), date(2021, 3, 15), date(2021, 4, 1)), 1, list("一二三四五六日"), "x")
    assert svg.count("<rect") == 7 * 24 and "11:00 · 75 %" in svg


@pytest.mark.parametrize(("part", "level"), [(None, 0), (D(0), 0), (D("0.01"), 1), (D("0.2"), 2), (D("0.99"), 5), (D(1), 5)])
def test_levels_of_the_heat_map(part, level):
    assert calc_heatmap.level(part) == level


def test_tiles_lists_and_roll_ups_agree(session):
    p = h.platform(session)
    i = used(session, p)
    out = h.project(session, klass="external")
    h.event(session, i, out, date(2021, 3, 20), 5, gross=800)
    h.event(session, i, out, date(2021, 3, 21), 5, gross=800, waived=800)
    costs.open_pool(session, platform_id=p.id, month=date(2021, 3, 1))
    row = results.record_result(session, platform_id=p.id, kind="patent", title="t", reference="r", on_date=date(2021, 3, 1))
    row.state, row.confirmed_by, row.confirmed_on = "confirmed", "x", date(2021, 3, 2)
    session.flush()
    assert check_all(session, KPIS, Period.parse("2021-03"), today=date(2021, 4, 1)) == []
