"""The month run into billing, its dry run, voiding, rights, adjustments before and after the bill, quotes (U-30 to U-60)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from core_help import entry
from front_help import MARCH, english, instrument, local, project, rate, usage  # noqa: F401
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services import runs
from modules.booking.models.entitlement import EntitlementGrant, EntitlementPlan, PlanLine
from modules.platforms.checks.front import CHECKS
from modules.platforms.models.adjustment import EventAdjustment
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.run import MonthRun
from modules.platforms.services import adjustments, events, loading, month_records, month_runs, pricing, quotes, rates
from parkops.errors import NotAllowed, RuleError

DAY = date(2026, 4, 2)


@pytest.fixture
def machine(session):
    found = instrument(session)
    rate(session, found, "200")
    return found


def refused(found):
    return [p.code.removeprefix("platforms.") for p in found.value.problems]


def billed(session, month=MARCH):
    """The month priced, its bills made and posted."""
    month_runs.price_month(session, month=month)
    run = runs.generate(session, month=month, issued_on=month)
    while run.state != "collected" and runs.post_next(session, run):
        pass
    return run


def lines(session):
    mine = Charge.source == "platforms.event", Charge.corrects_id.is_(None)  # the lines of credit notes correct one of them
    return session.scalars(select(Charge).where(*mine).order_by(Charge.source_id)).all()


def test_each_event_is_a_line_that_leads_back_to_it(session, machine):
    firm, sponsor = entry(session), entry(session)
    a = usage(session, machine, project(session, firm), local(2), 90)
    b = usage(session, machine, project(session, firm, payer_id=sponsor.id), local(3), 30)
    waived = usage(session, machine, project(session, firm), local(4), 60, state="waived", waived_reason="试用")
    billed(session)
    assert [(c.source_id, c.firm_id, c.gross, c.quantity, c.unit_price) for c in lines(session)] == [
        (a.id, firm.id, D("300.00"), D("1.5000"), D("200.0000")), (b.id, sponsor.id, D("100.00"), D("0.5000"), D("200.0000"))]
    session.refresh(waived)
    assert (waived.gross, waived.waived, waived.net) == (D("200.00"), D("200.00"), D("0.00"))
    assert {b.state for b in session.scalars(select(Bill))} == {"posted"}


def test_billing_again_makes_nothing(session, machine):
    usage(session, machine, project(session), local(2))
    billed(session)
    before = session.execute(select(Charge.id, Charge.version, Charge.bill_id)).all()
    billed(session)
    billed(session, date(2026, 4, 1))
    assert session.execute(select(Charge.id, Charge.version, Charge.bill_id)).all() == before


def test_a_month_is_billed_in_few_statements(session, machine, query_count):
    """More events make no more statements, and the modules that answer are asked for their lines in two at most."""
    pays, counts = project(session), []
    for later, n in ((0, 2), (31, 9)):
        for i in range(n):
            usage(session, machine, pays, local(2 + i) + timedelta(days=later))
        month = (local(2) + timedelta(days=later)).date().replace(day=1)
        with query_count() as q:
            month_runs.price_month(session, month=month)
            assert runs.generate(session, month=month, issued_on=month).charges == n
        counts.append(q.count)
        assert sum("INTO billing_tmp_line" in s for s in q.statements) <= 3, q.statements  # and one for lines that wait
    assert counts[1] <= counts[0] < 110, counts


@pytest.mark.parametrize(("block", "sizes"), [(2, [2, 2, 1]), (5000, [5])])
def test_the_records_of_a_month_come_in_pieces(as_role, session, machine, monkeypatch, block, sizes):
    """All of them whatever the size of a piece; the month before has none, and who may not read events gets none."""
    monkeypatch.setattr(month_records, "BLOCK", block)
    firm = entry(session)
    mine = [usage(session, machine, project(session, firm), local(d), 60).id for d in (2, 3, 4, 5, 6)]
    billed(session)
    found = [json.loads(f"[{t}]") for t in month_records.pieces(session, month=MARCH)]
    assert [len(p) for p in found] == sizes and sorted(r["id"] for p in found for r in p) == mine
    whole = json.loads(month_records.as_json(session, month=MARCH))
    assert sorted(r["id"] for r in whole) == mine and {(r["net"], r["charged"], r["firm"]) for r in whole} == {(20000, 20000, firm.name)}
    assert json.loads(month_records.as_json(session, month=date(2026, 1, 1))) == []
    with as_role("system_administrator") as s, pytest.raises(NotAllowed):
        month_records.pieces(s, month=MARCH)


def test_prices_find_room_in_the_page_of_their_event(session, machine):
    """Whoever fills pages fuller makes every fourth event of a month leave its page, and all indexes be written for it."""
    pays = project(session)
    rows = [(machine.code, pays.number, local(2 + i % 20), local(2 + i % 20, 10)) for i in range(200)]
    loading.load_usage(session, rows, at=local(31))
    page = text("SELECT id, (ctid::text::point)[0] FROM platforms_event WHERE project_id = :p")
    before = dict(session.execute(page, {"p": pays.id}).all())
    assert month_runs.price_month(session, month=MARCH).events == len(before) == 200
    assert dict(session.execute(page, {"p": pays.id}).all()) == before


def test_dry_run_shows_what_happens_and_leaves_nothing(session, machine):
    pays = project(session, cap=D("100.00"))
    usage(session, machine, pays, local(2))
    usage(session, machine, pays, local(3), state="done")
    no_rate = usage(session, instrument(session), project(session), local(4))
    events.start_usage(session, instrument_id=machine.id, project_id=project(session).id, at=local(5))
    found = month_runs.dry_run(session, month=MARCH)
    assert (found.events, found.totals["net"], [p["net"] for p in found.payers]) == (1, D("200.00"), [D("200.00")])
    assert sorted(e.code for e in found.exceptions) == ["no_rate", "over_cap", "running", "unvalidated"]
    assert [e.record_id for e in found.exceptions if e.code == "no_rate"] == [no_rate.id]
    assert session.scalar(select(func.count(MonthRun.id))) == 0
    assert session.scalar(select(func.count(UsageEvent.id)).where(UsageEvent.net.is_not(None))) == 0
    assert month_runs.price_month(session, month=MARCH).net == found.totals["net"]


def test_voiding_takes_prices_back_while_nothing_stands_on_a_bill(session, machine):
    event = usage(session, machine, project(session), local(2))
    run = month_runs.price_month(session, month=MARCH)
    with pytest.raises(DBAPIError), session.begin_nested():  # what is priced keeps its values, whoever writes
        session.execute(text("update platforms_event set minutes = 1 where id = :i"), {"i": event.id})
    month_runs.void_run(session, run, reason="费率有误")
    session.refresh(event)
    assert (event.net, event.run_id, run.state) == (None, None, "voided")
    second = month_runs.price_month(session, month=MARCH)
    assert second.id != run.id and second.net == D("200.00")
    draft = runs.generate(session, month=MARCH, issued_on=MARCH)
    with pytest.raises(RuleError) as found:
        month_runs.void_run(session, second, reason="again")
    assert refused(found) == ["U-33"]
    runs.void_run(session, draft)
    month_runs.void_run(session, second, reason="again")
    assert lines(session) == []


def test_rights_of_firms_cover_hours_whatever_order_they_came_in(session, machine):
    firm = entry(session)
    pays = project(session, firm)
    plan = EntitlementPlan(park_id=firm.park_id, code="H", name="每月机时")
    session.add(plan)
    session.flush()
    session.add_all([PlanLine(park_id=firm.park_id, plan_id=plan.id, unit="minutes", minutes=100),
                     EntitlementGrant(park_id=firm.park_id, plan_id=plan.id, firm_id=firm.id, starts_on=date(2026, 1, 1))])
    later, earlier = usage(session, machine, pays, local(9), 60), usage(session, machine, pays, local(2), 60)
    other = usage(session, machine, project(session), local(3), 60)
    month_runs.price_month(session, month=MARCH)
    for e in (later, earlier, other):
        session.refresh(e)
    assert [(e.entitled, e.net) for e in (earlier, later, other)] == [
        (D("200.00"), D("0.00")), (D("133.33"), D("66.67")), (D("0.00"), D("200.00"))]


def test_adjustment_before_pricing_changes_the_event(session, machine):
    event = usage(session, machine, project(session), local(2), 120, state="done")
    row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="忘记关机", want_end=local(2, 10))
    with pytest.raises(RuleError) as found:
        adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="x", waive=True)
    assert refused(found) == ["U-53"]
    adjustments.approve_adjustment(session, row, reason="属实")
    adjustments.apply_adjustment(session, row, on=DAY)
    session.refresh(event)
    assert (event.minutes, row.state, row.was_end, row.difference) == (60, "applied", local(2, 11), None)


def test_adjustment_of_a_posted_bill_makes_a_credit_note(session, machine):
    event = usage(session, machine, project(session), local(2), 120)
    billed(session)
    row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="故障停机", want_end=local(2, 10))
    adjustments.approve_adjustment(session, row, reason="属实")
    adjustments.apply_adjustment(session, row, on=DAY)
    session.refresh(event)
    note = session.get(Bill, row.credit_id)
    assert (event.net, row.difference, note.gross, note.state) == (D("200.00"), D("-200.00"), D("-200.00"), "posted")
    billed(session)
    assert len(lines(session)) == 1  # the event is not charged again


def test_adjustment_for_more_is_a_line_on_the_next_bill_and_a_waiver_credits_all(session, machine):
    pays = project(session)
    short, gone = usage(session, machine, pays, local(2), 60), usage(session, machine, pays, local(3), 60)
    billed(session)
    for event, wish in ((short, {"want_end": local(2, 10, 30)}), (gone, {"waive": True})):
        row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="更正", **wish)
        adjustments.approve_adjustment(session, row, reason="同意")
        adjustments.apply_adjustment(session, row, on=DAY)
    more = session.scalars(select(Charge).where(Charge.source == "platforms.adjustment")).one()
    assert (more.gross, more.kind, more.bill_id) == (D("100.00"), "adjustment", None)
    session.refresh(gone)
    assert (gone.state, gone.net, gone.waived) == ("waived", D("0.00"), D("200.00"))
    assert session.scalar(select(func.sum(Bill.gross)).where(Bill.kind == "credit")) == D("-200.00")


def test_adjustments_have_limits_and_two_people(as_role, session, machine):
    event = usage(session, machine, project(session), local(2), 60, state="done")
    session.commit()
    with pytest.raises(RuleError) as found:
        adjustments.raise_adjustment(session, event_id=event.id, raised_on=date(2026, 6, 1), reason="x", waive=True)
    assert refused(found) == ["U-53"]
    with pytest.raises(RuleError) as found:
        adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="x", want_end=local(1, month=4))
    assert refused(found) == ["U-54"]
    with as_role("operations_manager") as s:
        row = adjustments.raise_adjustment(s, event_id=event.id, raised_on=DAY, reason="x", waive=True)
        with pytest.raises(RuleError) as found:
            adjustments.approve_adjustment(s, row, reason="y")
        assert refused(found) == ["U-55"]
        s.commit()
        number = row.id
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        adjustments.approve_adjustment(s, s.get(EventAdjustment, number), reason="y")
    with as_role("finance") as s:
        row = adjustments.approve_adjustment(s, s.get(EventAdjustment, number), reason="y")
        adjustments.apply_adjustment(s, row, on=DAY)
        assert s.get(UsageEvent, event.id).state == "waived"


def test_quote_is_priced_approved_by_another_and_becomes_a_project(as_role, session, machine):
    rates.create_tier(session, rate_id=session.scalars(select(rates.PlatformRate.id)).one(), after=600, amount=D("100"))
    firm = entry(session)
    where, machine_id, firm_id = machine.platform_id, machine.id, firm.id
    session.commit()
    with as_role("operations_clerk") as s:
        quote = quotes.create_quote(s, platform_id=where, firm_id=firm_id, customer_class="external", quoted_on=DAY)
        with pytest.raises(RuleError) as found:
            quotes.submit_quote(s, quote)
        assert refused(found) == ["U-59"]
        with pytest.raises(RuleError) as found:
            quotes.add_line(s, quote_id=quote.id, kind="sample", quantity=D("1"))
        assert refused(found) == ["U-58"]
        line = quotes.add_line(s, quote_id=quote.id, kind="usage", instrument_id=machine_id, quantity=D("20"))
        assert (line.amount, quote.total, quote.valid_until) == (D("3000.00"), D("3000.00"), DAY + timedelta(days=30))
        quotes.submit_quote(s, quote)
        with pytest.raises(NotAllowed):
            quotes.approve_quote(s, quote)
        s.commit()
        number = quote.id
    with as_role("operations_manager") as s:
        own = quotes.create_quote(s, platform_id=where, firm_id=firm_id, customer_class="external", quoted_on=DAY)
        quotes.add_line(s, quote_id=own.id, kind="usage", instrument_id=machine_id, quantity=D("1"))
        quotes.submit_quote(s, own)
        with pytest.raises(RuleError):
            quotes.approve_quote(s, own)  # who prepared it does not approve it
        quotes.approve_quote(s, s.get(quotes.PlatformQuote, number))
        s.commit()
    quote = session.get(quotes.PlatformQuote, number)
    session.refresh(quote)
    assert (quote.state, quote.approved_by) == ("approved", "operations_manager")
    with pytest.raises(RuleError) as found:
        quotes.accept_quote(session, quote, on=DAY + timedelta(days=31))
    assert refused(found) == ["U-60"]
    opened = quotes.accept_quote(session, quote, on=DAY)
    assert (opened.cap, opened.firm_id, quote.state) == (D("3000.00"), firm_id, "accepted")
    old = quotes.create_quote(session, platform_id=where, firm_id=firm_id, customer_class="external", quoted_on=DAY)
    assert quotes.expire_quotes(session, on=DAY + timedelta(days=31)) == {"expired": 1} and old.state == "expired"


def test_quote_on_paper(session, machine):
    from modules.platforms.reports.quote import quote_sheet
    from parkops.clock import now
    from parkops.reports.registry import Request
    from parkops.reports.typst import compile_document

    quote = quotes.create_quote(session, platform_id=machine.platform_id, firm_id=entry(session).id, customer_class="external", quoted_on=DAY)
    quotes.add_line(session, quote_id=quote.id, kind="usage", instrument_id=machine.id, quantity=D("2"))
    document = quote_sheet(session, Request(quote.park_id, None, DAY, now(), quote.id, "t"))
    assert document.sections[1].table.totals[-1] == D("400.00")
    assert compile_document(document).startswith(b"%PDF")


def test_finance_prices_and_the_manager_does_not(as_role, session, machine):
    usage(session, machine, project(session), local(2))
    session.commit()
    with as_role("operations_manager") as s, pytest.raises(NotAllowed):
        month_runs.price_month(s, month=MARCH)
    with as_role("finance") as s:
        assert month_runs.price_month(s, month=MARCH).net == D("200.00")


def test_months_of_another_park_are_not_seen(as_role, session, machine):
    usage(session, machine, project(session), local(2))
    session.commit()
    with as_role("finance", park="west") as s:
        assert month_runs.dry_run(s, month=MARCH).events == 0
        assert month_runs.price_month(s, month=MARCH).events == 0


def test_estimate_equals_the_run(session, machine):
    event = usage(session, machine, project(session), local(2), 77)
    guess = pricing.of_event(session, event)
    month_runs.price_month(session, month=MARCH)
    session.refresh(event)
    assert guess == event.net


def test_tie_outs_hold_and_see_damage(session, machine):
    event = usage(session, machine, project(session), local(2), 120)
    billed(session)
    row = adjustments.raise_adjustment(session, event_id=event.id, raised_on=DAY, reason="更正", want_end=local(2, 10))
    adjustments.approve_adjustment(session, row, reason="同意")
    adjustments.apply_adjustment(session, row, on=DAY)
    assert [check.run(session) for check in CHECKS] == [[], [], [], []]
    session.execute(text("update platforms_month_run set net = net + 1"))
    session.execute(text("update platforms_adjustment set state = 'withdrawn'"))
    assert [bool(check.run(session)) for check in CHECKS] == [False, True, True, False]
