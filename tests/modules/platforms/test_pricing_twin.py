"""The set-based pricing of a month equals the pure calculation to the fen, whatever rates and events there are."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal as D

import pytest
from front_help import MARCH, english, instrument, item, local, platform, project, rate, usage  # noqa: F401
from sqlalchemy import select

from modules.platforms.calc_pricing import Tariff, Window, capped, fresh_days, price, reduced, tier_percent
from modules.platforms.models.event import UsageEvent
from modules.platforms.models.rate import PlatformRate, RateTier
from modules.platforms.services import month_runs, rates
from parkops.clock import ZONE
from parkops.testing.depth import depth

STEPS = [(D("3000.00"), D("0.05")), (D("9000.00"), D("0.125"))]
LATER = date(2026, 3, 16)


def some_price(r):
    return str(D(r.randrange(0, 4_000_000)).scaleb(-4))


def sheets(s, r, machine):
    """Random base rates (one until the 15th, one after) with what may belong to them."""
    for starts, last in ((date(2026, 1, 1), LATER - timedelta(days=1)), (LATER, None)):
        form = r.choice(["plain", "plain", "tiers", "windows", "day", "flat", "cap", "class"])
        extra = {"starts_on": starts, "last_day": last}
        if form in ("plain", "tiers", "windows", "cap"):
            extra |= {"minimum": r.choice([None, D("50.00")]), "service_fee": r.choice([None, D("9.99")])}
        if form == "cap":
            extra["daily_cap"] = D("300.00")
        base = rate(s, machine, some_price(r), basis={"day": "day", "flat": "flat"}.get(form, "hour"), **extra)
        if form == "tiers":
            for after in r.sample(range(1, 400), r.randrange(1, 4)):
                rates.create_tier(s, rate_id=base.id, after=after, amount=D(some_price(r)))
        if form == "windows":
            days = {"starts_on": starts, "last_day": last}
            rate(s, machine, some_price(r), weekdays="12345", opens="08:30", closes="17:00", **days)
            rate(s, machine, some_price(r), weekdays="12345", opens="17:00", closes="24:00", **days)
            rate(s, machine, some_price(r), weekdays="67", opens="00:00", closes="12:07", **days)
        if form == "class":
            rate(s, machine, some_price(r), customer_class="external", **extra)


def expected(s, events):
    """Gross of each event by the pure functions."""
    out = {e.id: e.amount for e in events if e.kind == "custom"}
    groups = defaultdict(list)
    for e in events:
        if e.kind != "custom":
            groups[chosen(s, e).id].append(e)
    for rate_id, members in groups.items():
        tariff = tariff_of(s, s.get(PlatformRate, rate_id), members[0])
        by_project = defaultdict(list)
        for e in sorted(members, key=lambda e: (e.started_at, e.ended_at, e.state == "waived", e.instrument_id or 0, e.id)):
            by_project[e.project_id].append(e)
        for mine in by_project.values():
            clock = [(e.started_at.astimezone(ZONE), e.ended_at.astimezone(ZONE)) for e in mine]
            fresh = fresh_days(clock)
            found = [price(tariff_of(s, s.get(PlatformRate, rate_id), e), start=a, end=b, quantity=e.quantity, days=n)
                     for e, (a, b), n in zip(mine, clock, fresh, strict=True)]
            by_day = defaultdict(list)
            for e, amount in zip(mine, found, strict=True):
                by_day[e.ended_on].append(((e.started_at, amount, e.state == "waived", e.instrument_id or 0, e.id), amount))
            for rows in map(sorted, by_day.values()):
                out |= dict(zip([k[-1] for k, _a in rows], capped([a for _k, a in rows], tariff.daily_cap), strict=True))
    return out


def chosen(s, e):
    found = [r for r in s.scalars(select(PlatformRate).where(PlatformRate.kind == e.kind, PlatformRate.weekdays.is_(None)))
             if e.ended_on in r.during and r.instrument_id in (None, e.instrument_id) and r.item_id in (None, e.item_id)
             and r.customer_class in (None, e.customer_class) and r.platform_id == e.platform_id]
    return max(found, key=lambda r: (r.item_id is not None, r.instrument_id is not None, r.customer_class is not None))


def tariff_of(s, r, e):
    tiers = tuple((t.after, t.amount) for t in s.scalars(select(RateTier).where(RateTier.rate_id == r.id)))
    windows = tuple(
        Window(frozenset(int(d) for d in w.weekdays), w.from_minute, w.to_minute, w.amount)
        for w in s.scalars(select(PlatformRate).where(PlatformRate.subject == r.subject, PlatformRate.weekdays.is_not(None)))
        if e.ended_on in w.during)
    return Tariff(r.basis, r.amount, r.minimum, r.service_fee, r.daily_cap, tiers, windows)


@pytest.mark.parametrize("seed", range(depth(3, 40)))
def test_twin_of_a_random_month(session, seed):
    r = random.Random(seed)
    where = platform(session)
    machines = [instrument(session, where) for _n in range(5)]
    for machine in machines:
        sheets(session, r, machine)
    rates.create_rate(session, kind="consumable", platform_id=where.id, basis="unit", amount=D("12.3456"), starts_on=date(2026, 1, 1),
                      minimum=D("20.00"))
    goods = item(session, where, "consumable")
    special = rates.create_rate(session, kind="consumable", platform_id=where.id, item_id=goods.id, basis="unit", amount=D("3.3333"),
                                starts_on=date(2026, 1, 1))
    rates.create_tier(session, rate_id=special.id, after=5, amount=D("1.1111"))
    other = item(session, where, "consumable")
    for reached, percent in STEPS:
        rates.create_discount(session, name="梯度优惠", reached=reached, percent=percent, starts_on=date(2026, 1, 1))
    payers = [project(session, customer_class=r.choice(["incubatee", "external"])) for _n in range(3)]
    events = []
    for _n in range(120):
        pays = r.choice(payers)
        start = local(1) + timedelta(minutes=r.randrange(0, 60 * 24 * 28))
        if r.random() < 0.2:
            events.append(usage(session, r.choice(machines), pays, start, None, kind="consumable", instrument_id=None,
                                item_id=r.choice([goods, other]).id, quantity=D(r.randrange(1, 200_000)).scaleb(-4)))
        elif r.random() < 0.05:
            events.append(usage(session, machines[0], pays, start, None, kind="custom", instrument_id=None, amount=D("-12.34")))
        else:
            state = {"state": "waived", "waived_reason": "试用"} if r.random() < 0.1 else {}
            events.append(usage(session, r.choice(machines), pays, start, r.choice([1, 7, 30, 61, 90, 600, 1500, 3000]), **state))
    gross = expected(session, events)
    totals = defaultdict(D)
    for e in events:
        totals[e.project_id] += gross[e.id]
    run = month_runs.price_month(session, month=MARCH)
    in_month = [e for e in events if e.ended_on.month == 3]
    assert len(in_month) == len(events) and run.events == len(events)
    for e in session.scalars(select(UsageEvent).where(UsageEvent.run_id == run.id)):
        percent = tier_percent(totals[e.project_id], STEPS)
        want = reduced(gross[e.id], percent, waived=e.state == "waived")
        assert (e.gross, e.discount, e.entitled, e.waived, e.net) == (gross[e.id], *want), (e.id, e.kind, e.minutes, e.rate_id)
    assert run.net == sum(e.net for e in session.scalars(select(UsageEvent).where(UsageEvent.run_id == run.id)))


def test_running_again_changes_nothing(session):
    machine = instrument(session)
    rate(session, machine, "100", daily_cap=D("150.00"))
    pays = project(session)
    first = usage(session, machine, pays, local(2), 60)
    run = month_runs.price_month(session, month=MARCH)
    before = session.execute(select(UsageEvent.id, UsageEvent.version, UsageEvent.net)).all()
    again = month_runs.price_month(session, month=MARCH)
    assert again.id == run.id and again.version == run.version
    assert session.execute(select(UsageEvent.id, UsageEvent.version, UsageEvent.net)).all() == before
    late = usage(session, machine, pays, local(2, 12), 60)
    third = month_runs.price_month(session, month=MARCH)
    session.refresh(first), session.refresh(late)
    assert (third.events, first.net, late.net) == (2, D("100.00"), D("50.00"))  # the day's cap counts what was priced before
