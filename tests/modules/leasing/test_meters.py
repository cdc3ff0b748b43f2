"""Meters: usage, plausibility, prices, replacement, and what a bill run charges to whom. Worked numbers of calc_meters.py. Rules M-01 to M-11, M-17."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from core_help import entry
from hypothesis import given, settings
from hypothesis import strategies as st
from space_help import building, floor, item, lease, unit
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from modules.leasing import calc_meters as calc
from modules.leasing.models.meters import MeterDevice, MeterReading, Tariff
from modules.leasing.services import meters, readings, tariffs, utility_charges
from parkops.errors import NotAllowed, RuleError

D = Decimal
MAY31, JUN30, JUL31 = date(2022, 5, 31), date(2022, 6, 30), date(2022, 7, 31)


@pytest.mark.parametrize(
    ("before", "after", "options", "expected"),
    [
        ("100", "150", {}, "50"),
        ("100", "100", {}, "0"),
        ("10.5", "12.25", {"multiplier": D(40)}, "70"),
        ("9990", "12", {"digits": 4, "multiplier": D(40), "rolled_over": True}, "880"),
        ("100", "150", {"rolled_over": True}, "50"),
    ],
)
def test_usage(before, after, options, expected):
    assert calc.usage_of(D(before), D(after), **options) == D(expected)


@pytest.mark.parametrize(
    ("before", "after", "options"), [("100", "99", {}), ("100", "10000", {"digits": 4}), ("0", "-1", {"rolled_over": True})]
)
def test_usage_refused(before, after, options):
    with pytest.raises(ValueError):
        calc.usage_of(D(before), D(after), **options)


@pytest.mark.parametrize(
    ("usage", "days", "last", "last_days", "expected"),
    [
        ("300", 30, "300", 30, 0),
        ("450", 30, "300", 30, 50),
        ("310", 31, "300", 30, 0),
        ("0", 30, "300", 30, 100),
        ("10", 30, "0", 30, 100),
        ("0", 30, "0", 30, None),
        ("10", 30, None, 0, None),
    ],
)
def test_jump(usage, days, last, last_days, expected):
    assert calc.jump_percent(D(usage), days, None if last is None else D(last), last_days) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2022, 6, 1), JUN30, Fraction(1)),
        (date(2022, 2, 1), date(2022, 2, 28), Fraction(1)),
        (date(2022, 5, 16), date(2022, 6, 15), Fraction(1)),
        (date(2022, 1, 1), date(2022, 12, 31), Fraction(12)),
        (date(2022, 6, 1), date(2022, 6, 10), Fraction(120, 365)),
    ],
)
def test_months(first, last, expected):
    assert calc.months_of(first, last) == expected


TIERS = calc.Price(date(2020, 1, 1), None, "tiers", tiers=((D(0), D(3)), (D(20), D("4.5")), (D(40), D(6))))


@pytest.mark.parametrize(
    ("price", "usage", "months", "expected"),
    [
        (calc.Price(date(2020, 1, 1), None, price=D("0.8123")), calc.Usage(D("1234.5")), 1, "1002.78"),
        (TIERS, calc.Usage(D(20)), 1, "60.00"),
        (TIERS, calc.Usage(D(50)), 1, "210.00"),
        (TIERS, calc.Usage(D(50)), 2, "165.00"),
        (TIERS, calc.Usage(D(0)), 1, "0.00"),
        (
            calc.Price(date(2020, 1, 1), None, "pfv", peak=D("1.2"), flat=D("0.8"), valley=D("0.4")),
            calc.Usage(D(350), D(100), D(200), D(50)),
            1,
            "300.00",
        ),
    ],
)
def test_cost(price, usage, months, expected):
    assert price.cost(usage, Fraction(months)) == D(expected)


def test_tenants_bear_their_days_and_the_park_the_vacant_ones():
    who = [calc.Tenancy(date(2021, 1, 1), date(2022, 6, 10), 1), calc.Tenancy(date(2022, 6, 16), date(2023, 1, 1), 2)]
    parts = calc.charge(date(2022, 6, 1), JUN30, calc.Usage(D(900)), who, [calc.Price(date(2022, 1, 1), None, price=D("0.8"))])
    assert [(p.firm_id, p.first.day, p.last.day, p.quantity, p.amount) for p in parts] == [
        (1, 1, 10, D(300), D("240.00")),
        (None, 11, 15, D(150), D("120.00")),
        (2, 16, 30, D(450), D("360.00")),
    ]


def test_a_change_of_price_cuts_the_days():
    old, new = calc.Price(date(2020, 1, 1), date(2022, 6, 10), price=D(1)), calc.Price(date(2022, 6, 11), None, price=D(2))
    parts = calc.charge(date(2022, 6, 1), JUN30, calc.Usage(D(300)), [calc.Tenancy(date(2022, 1, 1), JUN30, 7)], [new, old])
    assert [(p.first.day, p.quantity, p.amount) for p in parts] == [(1, D(100), D("100.00")), (11, D(200), D("400.00"))]
    with pytest.raises(calc.CannotCharge) as e:
        calc.charge(date(2022, 6, 1), JUN30, calc.Usage(D(300)), [], [new])
    assert e.value.day == date(2022, 6, 1)


DAYS = st.integers(0, 60)


@settings(max_examples=80, deadline=None)
@given(
    usage=st.integers(0, 10**9),
    price=st.integers(0, 10**6),
    length=st.integers(0, 60),
    change=DAYS,
    spans=st.lists(st.tuples(DAYS, DAYS), max_size=4),
)
def test_what_is_charged_adds_up_and_covers_every_day_once(usage, price, length, change, spans):
    first = date(2022, 1, 1)
    last, cut = first + timedelta(length), first + timedelta(change)
    prices = [calc.Price(date(2020, 1, 1), cut - timedelta(1), price=D(price).scaleb(-4)), calc.Price(cut, None, price=D(price).scaleb(-3))]
    who, day = [], first
    for i, (gap, n) in enumerate(spans):
        start = day + timedelta(gap)
        who.append(calc.Tenancy(start, start + timedelta(n), i))
        day = start + timedelta(n + 1)
    total = calc.Usage(D(usage).scaleb(-4))
    parts = calc.charge(first, last, total, who, prices)
    assert sum(p.quantity for p in parts) == total.total
    assert [p.first for p in parts[1:]] == [p.last + timedelta(1) for p in parts[:-1]]
    assert (parts[0].first, parts[-1].last) == (first, last)
    whole = calc.charge(first, last, total, [], prices)
    assert sum(p.amount for p in parts) == sum(p.amount for p in whole)


# ---- with the database


def meter(s, u=None, kind="electricity", starts=MAY31, **values):
    u = u or unit(s)
    return meters.create_meter(
        s, code=values.pop("code", f"M{u.id}-{kind}"), kind=kind, building_id=u.building_id, unit_id=u.id, starts_on=starts, **values
    )


def read(s, m, on, value, **more):
    return readings.record_reading(s, meter_id=m.id, read_on=on, value=None if value is None else D(value), **more)


def refused(expected, call, *args, **kwargs):
    with pytest.raises(RuleError) as e:
        call(*args, **kwargs)
    assert set(e.value.codes) == {expected}, e.value.codes
    return str(e.value)


def price(s, medium="electricity", **values):
    values = {"kind": "flat", "price": D("0.8"), "starts_on": date(2020, 1, 1), "name": "电价", "doc_no": "鲁发改价格〔2020〕1号", **values}
    return tariffs.create_tariff(s, medium=medium, **values)


def test_readings_follow_each_other(session):
    m = meter(session, multiplier=D(40), start_value=D(100))
    assert read(session, m, JUN30, "110").usage == 400
    second = read(session, m, JUL31, "120.5")
    assert (second.from_on, second.usage) == (JUN30, D(420))
    refused("leasing.M-07", read, session, m, JUL31, "130")
    refused("leasing.M-07", read, session, m, date(2022, 7, 1), "130")


def test_lower_than_the_last_needs_a_roll_over_and_a_reason(session):
    m = meter(session, digits=4, start_value=D(9990), multiplier=D(40))
    assert "9990" in refused("leasing.M-08", read, session, m, JUN30, "12")
    refused("leasing.M-08", read, session, m, JUN30, "12", rolled_over=True)
    refused("leasing.M-08", read, session, m, JUN30, "10000")
    assert read(session, m, JUN30, "12", rolled_over=True, reason="四位表过零").usage == 880


def test_a_jump_needs_a_reason(session):
    m = meter(session)
    read(session, m, JUN30, "300")
    assert "100" in refused("leasing.M-09", read, session, m, JUL31, "920")
    assert read(session, m, JUL31, "920", reason="新增两条产线").usage == 620


def test_peak_flat_valley(session):
    m = meter(session, registers="pfv", multiplier=D(10))
    refused("leasing.M-10", read, session, m, JUN30, None, peak=D(10), flat=D(20))
    row = read(session, m, JUN30, None, peak=D(10), flat=D(20), valley=D(5))
    assert (row.usage, row.usage_peak, row.usage_flat, row.usage_valley, row.value) == (350, 100, 200, 50, 35)


def test_replacement_keeps_history(session):
    m = meter(session, start_value=D(500), multiplier=D(2))
    read(session, m, JUN30, "600")
    meters.replace_device(session, m, on=date(2022, 7, 10), end_value=D(640), start_value=D(7), serial="N2", multiplier=D(1), reason="损坏")
    assert read(session, m, JUL31, "60", reason="更换").usage == 53
    rows = session.execute(select(MeterReading.from_on, MeterReading.read_on, MeterReading.usage).order_by(MeterReading.read_on)).all()
    assert rows == [(MAY31, JUN30, 200), (JUN30, date(2022, 7, 10), 80), (date(2022, 7, 10), JUL31, 53)]
    old, new = session.scalars(select(MeterDevice).order_by(MeterDevice.starts_on)).all()
    assert (old.end_value, old.ends_on, new.start_value, new.serial) == (640, date(2022, 7, 10), 7, "N2")


def test_only_the_last_uncharged_reading_is_corrected(session):
    m = meter(session)
    first, last = read(session, m, JUN30, "100"), read(session, m, JUL31, "200")
    refused("leasing.M-11", readings.correct_reading, session, first, value=D(101))
    assert readings.correct_reading(session, last, value=D(210)).usage == 110
    readings.remove_reading(session, last)
    assert readings.correct_reading(session, first, value=D(90)).usage == 90


def test_meters_hang_together(session):
    b, other = building(session), building(session)
    main = meters.create_meter(session, code="E-0", kind="electricity", building_id=b.id, starts_on=MAY31)
    refused("leasing.M-03", meters.create_meter, session, code="W", kind="water", building_id=b.id, starts_on=MAY31, parent_id=main.id)
    refused(
        "leasing.M-03",
        meters.create_meter,
        session,
        code="X",
        kind="water",
        building_id=other.id,
        starts_on=MAY31,
        unit_id=unit(session, floor(session, b)).id,
    )
    refused("leasing.M-04", meters.create_meter, session, code="Y", kind="water", building_id=b.id, starts_on=MAY31, multiplier=D(0))
    sub = meters.create_meter(session, code="E-1", kind="electricity", building_id=b.id, starts_on=MAY31, parent_id=main.id)
    refused("leasing.M-03", meters.change_meter, session, main, code="E-0", parent_id=sub.id)
    refused("record.in_use", meters.remove_meter, session, main)
    meters.remove_meter(session, sub)


def test_a_new_price_ends_the_old_and_none_overlap(session):
    old = price(session)
    price(session, starts_on=date(2022, 7, 1), price=D(1))
    assert old.ends_on == JUN30
    refused("leasing.M-01", price, session, starts_on=date(2021, 1, 1), ends_on=date(2021, 2, 1))
    price(session, kind="pfv", peak_price=D("1.2"), flat_price=D("0.8"), valley_price=D("0.4"))  # beside it, for meters with registers
    refused("leasing.M-01", price, session, "water", kind="pfv", peak_price=D(1), flat_price=D(1), valley_price=D(1))
    refused("leasing.M-01", price, session, "gas", kind="flat", price=None)


def test_control_the_database_refuses_two_prices_on_a_day(session, park):
    price(session)
    session.add(Tariff(park_id=park.id, medium="electricity", kind="tiers", name="x", doc_no="x", starts_on=JUN30))
    with pytest.raises(IntegrityError, match="tariff_during"):
        session.flush()


def test_what_is_due_to_be_read(session, park):
    m = meter(session)
    assert meters.due_meters(session, date(2022, 6, 30), park.id) == []
    assert meters.due_meters(session, date(2022, 7, 1), park.id) == [m]
    read(session, m, JUN30, "1")
    assert meters.due_meters(session, date(2022, 7, 30), park.id) == []


@pytest.fixture
def june(session, park):
    """900 kWh in June; one tenant until the 10th, another from the 16th."""
    for code in ("electricity", "water"):
        item(session, code)
    u, a, b = unit(session), entry(session), entry(session)
    lease(session, u, firm=a, ends=date(2022, 6, 10))
    lease(session, u, firm=b, starts=date(2022, 6, 16))
    m = meter(session, u)
    row = read(session, m, JUN30, "900")
    return m, row, a, b


def demands(session, park, month=date(2022, 6, 1)):
    return utility_charges.meter_demands(session, park.id, month)


def test_usage_goes_to_whom_the_unit_was_let(session, park, june):
    _m, row, a, b = june
    assert demands(session, park)[0] == []
    assert [s.record_id for s in demands(session, park)[1]] == [row.id]  # no price yet: named, not lost
    price(session)
    found, stuck = demands(session, park)
    assert stuck == [] and demands(session, park, date(2022, 5, 1)) == ([], [])
    assert [(d["firm_id"], d["period_from"], d["period_to"], d["quantity"], d["amount"], d["unit_price"]) for d in found] == [
        (a.id, date(2022, 6, 1), date(2022, 6, 10), D(300), D("240.00"), D("0.8")),
        (b.id, date(2022, 6, 16), JUN30, D(450), D("360.00"), D("0.8")),
    ]
    assert {d["due_on"] for d in found} == {date(2022, 7, 15)} and len({d["key"] for d in found}) == 2


def test_a_reading_at_the_handover_divides_exactly(session, park):
    item(session, "electricity")
    price(session)
    u, a, b = unit(session), entry(session), entry(session)
    lease(session, u, firm=a, ends=date(2022, 6, 10))
    lease(session, u, firm=b, starts=date(2022, 6, 11))
    m = meter(session, u)
    read(session, m, date(2022, 6, 10), "700", kind="handover")
    read(session, m, JUN30, "900", reason="换租户")
    assert [(d["firm_id"], d["quantity"]) for d in demands(session, park)[0]] == [(a.id, 700), (b.id, 200)]


def test_few_statements_for_many_readings(session, park, query_count, june):
    price(session)
    f = floor(session)
    for _n in range(30):
        read(session, meter(session, unit(session, f)), JUN30, "10")
    session.flush()
    session.expire_all()
    with query_count() as q:
        demands(session, park)
    assert q.count <= 14


def test_rights(as_role, session):
    m = meter(session)
    session.commit()
    with as_role("leadership") as s, pytest.raises(NotAllowed):
        read(s, m, JUN30, "1")
