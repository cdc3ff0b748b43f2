"""Indicators: the chain ties per carrier, unreported is not zero, distinct persons, and tile = list = export for each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from support_help import carrier, firm, statement

from modules.tenants import checks
from modules.tenants.kpis import chain, results, support
from modules.tenants.models.credential import Credential, StaffMember
from modules.tenants.models.financing import FinancingEvent
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.mentor import Mentor, MentorAgreement, MentoringSession
from modules.tenants.models.qualification import Qualification
from modules.tenants.models.visit import FollowUp, Visit
from modules.tenants.services import datacalls, responses
from parkops.clock import Period
from parkops.kpi import engine
from parkops.kpi.catalogue import kpi_of
from parkops.kpi.figures import value_of
from parkops.kpi.registry import Window
from parkops.testing import kpi_checks

TODAY = date(2023, 6, 30)
YEAR = Period.parse("2022")
ALL = [*chain.KPIS, *results.KPIS, *support.KPIS]


def figure(s, code, period=YEAR, park_id=None, key="", today=TODAY):
    return engine.measured_now(s, kpi_of(code), Window(period, today), park_id, key)


def number(s, code, *args, **kw):
    return figure(s, code, *args, **kw).numerator


@pytest.fixture
def story(session):
    """Two carriers over 2022: opening 4 + 0, flows of every kind, closing 2 + 2."""
    a, b = carrier(session, "甲"), carrier(session, "乙")
    out = {"a": a, "b": b}
    out["stays"] = firm(session, ("incubating", a, "2020-05-01"))
    out["graduates"] = firm(session, ("incubating", a, "2020-05-01"), ("graduated", a, "2022-06-15"))
    out["leaves"] = firm(session, ("incubating", a, "2020-05-01"), ("left", a, "2022-12-31"))
    out["moves"] = firm(session, ("incubating", a, "2021-05-01"), ("incubating", b, "2022-02-01"))
    out["new"] = firm(session, ("incubating", a, "2022-01-01"))
    out["team"] = firm(session, ("team", b, "2021-09-01"), ("incubating", b, "2022-04-01"), was_team=True)
    out["gone"] = firm(session, ("incubating", b, "2022-03-01"), ("dissolved", b, "2022-10-01"))
    out["still_team"] = firm(session, ("team", b, "2022-09-01"), was_team=True)
    out["accelerates"] = firm(session, ("incubating", a, "2019-01-01"), ("graduated", a, "2021-01-01"), ("accelerating", a, "2022-01-01"))
    return out


def test_chain_per_carrier(session, story):
    a, b = str(story["a"].id), str(story["b"].id)
    get = lambda code, key="": number(session, f"tenants.{code}", park_id=story["a"].park_id, key=key)  # noqa: E731
    assert [get(c) for c in ("incubating", "admitted", "graduated", "left", "dissolved", "teams", "accelerating")] == [4, 3, 1, 1, 1, 1, 1]
    assert [get(c, a) for c in ("incubating", "admitted", "graduated", "left", "moved_out")] == [2, 1, 1, 1, 1]
    assert [get(c, b) for c in ("incubating", "admitted", "dissolved", "moved_in")] == [2, 2, 1, 1]
    assert get("graduated_total") == 2


def test_opening_and_flows_give_the_closing_for_every_period(session, story):
    for text_ in ("2019", "2020", "2021", "2022", "2022Q1", "2022Q2", "2022-02", "2022-12", "2023-01"):
        rows = checks.reconcile(session, Period.parse(text_))
        assert all(r["difference"] == 0 for r in rows.values()), (text_, rows)
    row = checks.reconcile(session, YEAR)[story["a"].id]
    assert row == {"opening": 4, "admitted": 1, "moved_in": 0, "graduated": 1, "left": 1, "dissolved": 0, "moved_out": 1,
                   "closing": 2, "difference": 0}
    assert [c.run(session) for c in checks.CHECKS if c.code != "tenants.state_is_stage"] == [[], [], [], []]


def test_control_a_hole_in_the_history_is_found(session, story):
    """The reconciliation is no tautology: without the closing row of one firm, opening + flows no longer give the closing."""
    session.execute(text("update tenants_stage set during = daterange('2022-01-01', '2022-05-01') where firm_id = :i"),
                    {"i": story["new"].id})
    session.expire_all()
    row = checks.reconcile(session, YEAR)[story["a"].id]
    assert row["difference"] == 1
    by_code = {c.code: c for c in checks.CHECKS}
    assert by_code["tenants.chain"].run(session)
    assert story["new"].name in by_code["tenants.state_is_stage"].run(session)[0]


def test_control_without_moves_the_carriers_do_not_tie(session, story):
    row = checks.reconcile(session, YEAR)[story["b"].id]
    assert row["opening"] + row["admitted"] - row["graduated"] - row["left"] - row["dissolved"] != row["closing"]


def test_a_returning_firm_is_admitted_again(session):
    c = carrier(session)
    firm(session, ("incubating", c, "2020-01-01"), ("left", c, "2021-01-01"), ("incubating", c, "2022-05-01"))
    assert number(session, "tenants.admitted") == 1
    assert number(session, "tenants.admitted", Period.parse("2020")) == 1
    assert checks.reconcile(session, YEAR)[c.id]["difference"] == 0


def test_unreported_is_missing_and_reported_zero_is_zero(session, story):
    assert figure(session, "tenants.revenue").numerator is None
    statement(session, story["stays"], "2022", revenue="0", staff_total=7)
    statement(session, story["moves"], "2022", revenue="1234.56")
    found = figure(session, "tenants.revenue")
    assert (found.numerator, found.missing) == (123456, 2)
    heads = figure(session, "tenants.headcount")
    assert (heads.numerator, heads.missing) == (7, 3)
    assert value_of(kpi_of("tenants.revenue"), found) == Decimal("1234.56")
    assert value_of(kpi_of("tenants.reporting_share"), figure(session, "tenants.reporting_share")) == Decimal("0.5")
    assert figure(session, "tenants.rd_expense").numerator is None


def test_quarters_come_from_months_and_years_from_annual_figures(session, story):
    for month, revenue, staff in (("2022-07", "10", 5), ("2022-08", "20", 6), ("2022-09", "30", 8)):
        statement(session, story["stays"], month, grain="month", revenue=revenue, staff_total=staff)
    statement(session, story["leaves"], "2022-09", grain="month", staff_total=1)
    q = Period.parse("2022Q3")
    assert number(session, "tenants.revenue", q) == 6000
    assert number(session, "tenants.headcount", q) == 9
    assert number(session, "tenants.headcount", Period.parse("2022-07")) == 5
    assert number(session, "tenants.revenue") is None  # no annual figure is invented from months


def test_firms_that_left_are_not_in_the_figures(session, story):
    statement(session, story["leaves"], "2022", revenue="999")
    assert number(session, "tenants.revenue") is None


def test_ip_as_of_a_day(session, story):
    f = story["stays"]
    for n, kw in enumerate(({"granted_on": date(2021, 5, 1)}, {"granted_on": date(2022, 5, 1)}, {"applied_on": date(2022, 2, 1)},
                            {"granted_on": date(2020, 1, 1), "valid_to": date(2022, 12, 30)},
                            {"granted_on": date(2020, 1, 1), "lapsed_on": date(2022, 12, 31)},
                            {"granted_on": date(2020, 1, 1), "valid_to": date(2022, 12, 31)})):
        session.add(IntellectualProperty(firm_id=f.id, kind="invention", name="x", number=str(n), **kw))
    session.add(IntellectualProperty(firm_id=story["graduates"].id, kind="software", name="y", number="g1", granted_on=date(2022, 6, 14)))
    session.add(IntellectualProperty(firm_id=story["graduates"].id, kind="software", name="z", number="g2", granted_on=date(2022, 6, 15)))
    session.flush()
    assert number(session, "tenants.ip_valid") == 3
    assert number(session, "tenants.ip_granted") == 2  # the second one of the graduate came after its incubation
    assert number(session, "tenants.ip_applied") == 1


def test_qualifications_by_validity(session, story):
    q = lambda f, kind, a, b=None, r=None: session.add(Qualification(  # noqa: E731
        firm_id=story[f].id, kind=kind, obtained_on=a, valid_to=b, revoked_on=r))
    q("stays", "hitech", date(2020, 12, 1), date(2022, 12, 31)), q("stays", "hitech", date(2022, 12, 1))
    q("new", "hitech", date(2020, 12, 1), date(2022, 12, 30)), q("moves", "hitech", date(2021, 1, 1), None, date(2022, 12, 31))
    q("graduates", "hitech", date(2022, 1, 1)), q("moves", "tech_sme", date(2022, 3, 1)), q("moves", "innovative_sme", date(2022, 3, 1))
    session.flush()
    assert number(session, "tenants.hitech_firms") == 1
    share = figure(session, "tenants.tech_sme_share")
    assert (share.numerator, share.denominator) == (1, 4)  # a firm with both kinds counts once


def test_financing_counts_firms_once_and_keeps_undisclosed_apart(session, story):
    for f, kind, amount, day in (("stays", "angel", "100", "2022-03-01"), ("stays", "vc", "200", "2022-09-01"), ("moves", "vc", None, "2022-05-01"),
                                 ("graduates", "vc", "400", "2022-06-14"), ("graduates", "vc", "800", "2022-06-15"),
                                 ("new", "bank", "1600", "2022-05-01")):
        money = Decimal(amount) if amount else None
        session.add(FinancingEvent(firm_id=story[f].id, kind=kind, round="none", on_date=date.fromisoformat(day), currency="CNY",
                                   amount=money, amount_cny=money))
    session.flush()
    assert number(session, "tenants.financed_firms") == 3
    found = figure(session, "tenants.financed_amount")
    assert (found.numerator, found.missing) == (70000, 1)
    assert number(session, "tenants.financed_amount", Period.parse("2021")) == 0


def test_certified_staff_are_distinct_persons_and_never_added(session):
    """21 holders, 6 senior, 5 counsellors of whom 2 are senior too: 21, not 32."""
    for n in range(23):
        person = StaffMember(staff_no=f"T{n}", name=f"人{n}", joined_on=date(2018, 1, 1), left_on=date(2022, 5, 1) if n == 22 else None)
        session.add(person)
        session.flush()
        kinds = (["practitioner_senior"] if n < 6 else ["practitioner_junior"]) + (["counsellor"] if 4 <= n < 9 else [])
        if n == 21:
            continue
        for kind in kinds:
            session.add(Credential(staff_id=person.id, kind=kind, number=f"{kind}-{n}", issued_on=date(2021, 1, 1)))
    session.flush()
    october = Period.parse("2022-10")
    get = lambda code: number(session, code, october)  # noqa: E731
    assert [get(f"tenants.{c}") for c in ("certified_staff", "certified_senior", "counsellors")] == [21, 6, 5]
    rows = session.execute(text("select count(*) from tenants_credential c join tenants_staff s on s.id = c.staff_id where s.left_on is null"))
    assert rows.scalar() == 26  # control: counting certificates would say 26


def test_mentor_coverage(session, story):
    m = Mentor(name="王导师", expertise="technology", appointed_on=date(2021, 1, 1))
    retired = Mentor(name="赵导师", expertise="technology", appointed_on=date(2020, 1, 1), left_on=date(2022, 6, 1))
    session.add_all([m, retired])
    session.flush()
    for f, who, start, end in (("stays", m, "2022-01-01", None), ("stays", retired, "2021-01-01", None), ("new", retired, "2022-02-01", None),
                               ("moves", m, "2022-01-01", "2022-12-30"), ("graduates", m, "2021-01-01", None)):
        session.add(MentorAgreement(firm_id=story[f].id, mentor_id=who.id, from_on=date.fromisoformat(start),
                                    to_on=date.fromisoformat(end) if end else None))
    session.flush()
    found = figure(session, "tenants.mentor_coverage")
    assert (found.numerator, found.denominator) == (1, 4)
    assert number(session, "tenants.mentors") == 1


def test_response_rate(session, story):
    call = datacalls.create_call(session, form_code="monthly-basic", period_start=date(2022, 5, 1), due_on=date(2022, 6, 10))
    datacalls.open_call(session, call, on=date(2022, 6, 1))
    rs = session.scalars(responses.select(responses.DataCallResponse)).all()
    responses.save_answers(session, rs[0], answers={"revenue": "1", "staff_total": "2"})
    responses.submit_response(session, rs[0], on=date(2022, 6, 5))
    responses.excuse_response(session, rs[1], on=date(2022, 6, 5), reason="停业")
    found = figure(session, "tenants.response_rate")
    assert (found.numerator, found.denominator) == (1, len(rs) - 1)


@pytest.fixture
def full(session, story):
    """Something behind every indicator."""
    test_ip_as_of_a_day(session, story), test_qualifications_by_validity(session, story)
    test_financing_counts_firms_once_and_keeps_undisclosed_apart(session, story)
    test_certified_staff_are_distinct_persons_and_never_added(session), test_mentor_coverage(session, story)
    test_response_rate(session, story)
    statement(session, story["stays"], "2022", revenue="12.34", staff_total=7, rd_expense="5", tax_paid="1", staff_graduate=1)
    for m in range(1, 13):
        statement(session, story["stays"], f"2022-{m:02}", grain="month", revenue="1.01", staff_total=m, tax_paid="0.5", staff_graduate=1)
    visit = Visit(firm_id=story["new"].id, subject="走访", findings="好", held_on=date(2022, 8, 1))
    session.add(visit)
    session.add(MentoringSession(firm_id=story["new"].id, mentor_id=session.query(Mentor).first().id, held_on=date(2022, 8, 2), topic="t"))
    for due, done in (("2022-08-05", "2022-08-05"), ("2022-08-06", "2022-08-07"), ("2022-08-07", None)):
        session.add(FollowUp(firm_id=story["new"].id, category="space", title="x", raised_on=date(2022, 8, 1), due_on=date.fromisoformat(due),
                             done_on=date.fromisoformat(done) if done else None, result="ok" if done else None))
    session.flush()
    return story


@pytest.mark.parametrize("text_", ["2022-08", "2022Q3", "2022", "2023-06"])
def test_tile_list_export_and_api_are_one_number(session, full, park, text_):
    period = Period.parse(text_)
    done = engine.compute(session, period, [k.code for k in ALL], today=TODAY)
    assert done.failed == {}
    wrong = [d for k in ALL for p in (park.id, None) for d in kpi_checks.differences(session, k, period, p, today=TODAY)]
    assert wrong == []
    assert number(session, "tenants.promises_kept", Period.parse("2022-08")) == 1


@pytest.mark.parametrize("text_", ["2022Q1", "2022Q2", "2022Q3", "2022Q4", "2023Q2"])
def test_quarters_equal_their_months(session, full, park, text_):
    wrong = [d for k in ALL for d in kpi_checks.roll_up_differences(session, k, Period.parse(text_), park.id, today=date(2023, 5, 15))]
    assert wrong == []


def test_parks_do_not_see_each_other(session, full, park, park2, as_role):
    c = carrier(session, park_id=park2.id)
    firm(session, ("incubating", c, "2020-01-01"))
    session.commit()
    assert number(session, "tenants.incubating", park_id=park2.id) == 1
    assert number(session, "tenants.incubating", park_id=None) == 5
    with as_role("operations_manager", park="west") as s:
        for kpi in ALL:
            rows = s.execute(kpi.measure(Window(YEAR, TODAY))).all()
            assert {r.park_id for r in rows} <= {park2.id}, kpi.code
            if kpi.drill is not None:
                seen = s.execute(kpi.drill(Window(YEAR, TODAY))).all()
                assert len(seen) <= 1, kpi.code


def test_every_indicator_explains_itself():
    assert len({k.code for k in ALL}) == len(ALL) >= 30
    for k in ALL:
        assert str(k.title) and len(k.explain.msgid) > 15 and k.drill is not None, k.code
