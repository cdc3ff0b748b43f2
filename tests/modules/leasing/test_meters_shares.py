"""Shared costs: main minus sub-meters, divided exactly; what stands in the way; what is charged. Rules M-12 to M-16, M-18."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from core_help import entry
from hypothesis import given, settings
from hypothesis import strategies as st
from space_help import building, floor, item, lease, unit
from sqlalchemy import func, select
from test_meters import JUL31, JUN30, MAY31, price, read, refused

from modules.leasing import calc_shares as calc
from modules.leasing.models.meters import ShareLine, ShareSheet
from modules.leasing.services import meters, shares, utility_charges
from parkops.errors import NotAllowed, RuleError

D = Decimal
FIRST = date(2022, 6, 1)


def bearer(n, firm, base, first=FIRST, last=JUN30, days=30):
    return calc.Bearer(n, firm, first, last, D(base), days)


def test_by_area_with_a_vacant_fortnight():
    rows = [bearer(1, 1, 100), bearer(2, 2, 50), bearer(3, 3, 50, last=date(2022, 6, 15)), bearer(3, None, 50, first=date(2022, 6, 16))]
    found = calc.divide(D(125), D(100), "area", rows)
    assert [(s.amount, s.quantity) for s in found] == [
        (D("50.00"), D("62.5")),
        (D("25.00"), D("31.25")),
        (D("12.50"), D("15.625")),
        (D("12.50"), D("15.625")),
    ]


@pytest.mark.parametrize(
    ("key", "bases", "expected"),
    [("usage", ("300", "100"), ("75.00", "25.00")), ("fixed", ("2", "1"), ("66.67", "33.33")), ("area", ("1", "1"), ("50.00", "50.00"))],
)
def test_keys(key, bases, expected):
    found = calc.divide(D(10), D(100), key, [bearer(i, i, b) for i, b in enumerate(bases)])
    assert tuple(str(s.amount) for s in found) == expected


def test_usage_of_a_unit_is_spread_over_its_tenants_by_days():
    rows = [bearer(1, 1, 300, last=date(2022, 6, 10)), bearer(1, 2, 300, first=date(2022, 6, 11)), bearer(2, 3, 100)]
    assert [s.amount for s in calc.divide(D(10), D(100), "usage", rows)] == [D("25.00"), D("50.00"), D("25.00")]


def test_refused():
    with pytest.raises(calc.CannotShare, match="negative"):
        calc.difference(D(10), [D(6), D(5)])
    for rows in ([], [bearer(1, 1, 0)]):
        with pytest.raises(calc.CannotShare, match="weightless"):
            calc.divide(D(1), D(1), "area", rows)


@settings(max_examples=150, deadline=None)
@given(
    usage=st.integers(0, 10**9),
    amount=st.integers(0, 10**9),
    key=st.sampled_from(["area", "usage", "fixed"]),
    rows=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 29), st.integers(0, 29)), min_size=1, max_size=40),
)
def test_parts_sum_exactly_and_stay_within_a_fen_of_fair(usage, amount, key, rows):
    bearers = [
        bearer(i, i, D(base).scaleb(-2), FIRST + timedelta(min(a, b)), FIRST + timedelta(max(a, b))) for i, (base, a, b) in enumerate(rows)
    ]
    weights = [calc.weight(b, key) for b in bearers]
    if sum(weights) == 0:
        return
    u, y = D(usage).scaleb(-4), D(amount).scaleb(-2)
    found = calc.divide(u, y, key, bearers)
    assert (sum(s.quantity for s in found), sum(s.amount for s in found)) == (u, y)
    assert all(abs(s.amount - y * w / sum(weights)) < D("0.01") for s, w in zip(found, weights, strict=True))
    assert all(s.amount >= 0 and s.quantity >= 0 for s in found)


# ---- with the database


@pytest.fixture
def house(session):
    """Main meter 1,000, sub-meters 500 and 250 (left 250) in June at 0.80; 100 ㎡ let, 50 ㎡ let until the 15th, 50 ㎡ never let."""
    item(session, "electricity")
    price(session)
    b = building(session)
    f = floor(session, b)
    big, half, empty = unit(session, f, 100, code="101"), unit(session, f, 50, code="102"), unit(session, f, 50, code="103")
    firms = [entry(session), entry(session)]
    lease(session, big, firm=firms[0])
    lease(session, half, firm=firms[1], ends=date(2022, 6, 15))
    main = meters.create_meter(session, code="E0", kind="electricity", building_id=b.id, starts_on=MAY31)
    subs = [
        meters.create_meter(
            session, code=f"E{u.code}", kind="electricity", building_id=b.id, unit_id=u.id, parent_id=main.id, starts_on=MAY31
        )
        for u in (big, half)
    ]
    rule = shares.create_rule(
        session, meter_id=main.id, key="area", name="公共用电", starts_on=date(2022, 1, 1), basis="物业服务合同第八条"
    )
    return {"main": main, "subs": subs, "rule": rule, "firms": firms, "units": [big, half, empty]}


def round_(session, house, values=("1000", "500", "250"), on=JUN30):
    for m, v in zip([house["main"], *house["subs"]], values, strict=True):
        read(session, m, on, v, reason="x")


def sheet_of(session, house, on=JUN30):
    shares.share_out(session, house["rule"], on=on)
    return session.scalar(select(ShareSheet).where(ShareSheet.state == "draft").order_by(ShareSheet.id.desc()))


def test_the_difference_is_divided_and_vacant_days_are_the_parks(session, house):
    round_(session, house)
    sheet = sheet_of(session, house)
    assert (sheet.main_usage, sheet.subs_usage, sheet.difference, sheet.amount) == (1000, 750, 250, D("200.00"))
    lines = session.scalars(select(ShareLine).where(ShareLine.sheet_id == sheet.id).order_by(ShareLine.id)).all()
    a, b = house["firms"]
    assert [(line.unit.code, line.firm_id, line.days, line.amount) for line in lines] == [
        ("101", a.id, 30, D("100.00")),
        ("102", b.id, 15, D("25.00")),
        ("102", None, 15, D("25.00")),
        ("103", None, 30, D("50.00")),
    ]
    assert sheet.park_amount == D("75.00") and shares.why_not_confirm(session, sheet) is None


def test_sub_meters_must_be_read_on_the_same_days(session, house):
    read(session, house["main"], JUN30, "1000")
    read(session, house["subs"][0], JUN30, "500")
    text = refused("leasing.M-13", shares.share_out, session, house["rule"], on=JUN30)
    assert "E102" in text and "2022-06-30" in text


def test_subs_above_main_are_refused(session, house):
    round_(session, house, ("700", "500", "250"))
    refused("leasing.M-14", shares.share_out, session, house["rule"], on=JUN30)


def test_fixed_shares_and_by_usage(session, house):
    round_(session, house)
    shares.change_rule(session, house["rule"], name="公共用电", ends_on=JUN30)
    sheet = sheet_of(session, house)
    shares.discard_sheet(session, sheet, reason="改为按用量")
    rule = house["rule"]
    rule.key = "usage"  # written past the service: the calculation is what is tested here
    lines = session.scalars(select(ShareLine).where(ShareLine.sheet_id == sheet_of(session, house).id).order_by(ShareLine.id)).all()
    assert [line.amount for line in lines] == [D("133.34"), D("33.33"), D("33.33"), D("0.00")]


def test_members_limit_who_bears(session, house):
    for u, w in zip(house["units"][:2], ("2", "1"), strict=True):
        shares.create_member(session, rule_id=house["rule"].id, unit_id=u.id, weight=D(w))
    round_(session, house)
    sheet = sheet_of(session, house)
    assert session.scalar(select(func.count(ShareLine.id)).where(ShareLine.sheet_id == sheet.id)) == 3


def demands(session, park):
    return session.execute(utility_charges.share_demands(session, park.id, FIRST)).mappings().all()


def test_only_confirmed_lines_of_tenants_are_charged(session, park, house):
    round_(session, house)
    sheet = sheet_of(session, house)
    assert demands(session, park) == []
    shares.confirm_sheet(session, sheet, on=date(2022, 7, 2))
    found = demands(session, park)
    assert [(d["firm_id"], D(d["amount"]), d["period_to"], d["due_on"]) for d in found] == [
        (house["firms"][0].id, D("100.00"), JUN30, date(2022, 7, 15)),
        (house["firms"][1].id, D("25.00"), date(2022, 6, 15), date(2022, 7, 15)),
    ]
    assert {d["item_id"] for d in found} == {item(session, "electricity").id} and len({d["key"] for d in found}) == 2


def test_a_reading_is_divided_once(session, house):
    round_(session, house)
    sheet_of(session, house)
    shares.share_out(session, house["rule"], on=JUL31)
    assert session.scalar(select(func.count(ShareSheet.id))) == 1
    with pytest.raises(RuleError):
        from modules.leasing.services import readings

        readings.correct_reading(session, session.scalar(select(ShareSheet)).reading, value=D(1100))


def test_a_sheet_whose_lines_do_not_sum_is_not_confirmed(session, house):
    round_(session, house)
    sheet = sheet_of(session, house)
    line = session.scalar(select(ShareLine).where(ShareLine.sheet_id == sheet.id).limit(1))
    line.amount += D("0.01")
    session.flush()
    assert shares.why_not_confirm(session, sheet)
    with pytest.raises(RuleError):
        shares.confirm_sheet(session, sheet, on=date(2022, 7, 2))


def test_rights(as_role, session, house):
    round_(session, house)
    sheet = sheet_of(session, house)
    session.commit()
    with as_role("operations_clerk") as s, pytest.raises(NotAllowed):
        shares.confirm_sheet(s, s.get(ShareSheet, sheet.id), on=date(2022, 7, 2))


def test_the_bill_run_charges_both_once(session, park, house):
    """Usage and shared costs through `billing.collect` and `add_charges`: net and VAT sum to what was worked out, a second run adds nothing."""
    from modules.billing.models.charge import Charge
    from modules.billing.services import charges, reference
    from modules.billing.signals.collect import collect

    reference.load_file(session, next(p for p in reference_files() if p.stem == "vat"))
    round_(session, house)
    shares.confirm_sheet(session, sheet_of(session, house), on=date(2022, 7, 2))
    answers = [a for a in collect.send(session, park_id=park.id, month=FIRST) if a is not None]
    first = [charges.add_charges(session, park.id, getattr(a, "demands", a)) for a in answers]
    later = [a for a in collect.send(session, park_id=park.id, month=FIRST) if a is not None]
    again = [charges.add_charges(session, park.id, getattr(a, "demands", a)) for a in later]
    sums = dict(session.execute(select(Charge.source, func.sum(Charge.gross)).group_by(Charge.source)).all())
    assert sum(first) > 0 and sum(again) == 0
    # E101: 500 kWh, E102: 250 kWh over 30 days, 15 of them let: 125 kWh
    assert (sums["leasing.meter_reading"], sums["leasing.share_line"]) == (D("500.00"), D("125.00"))


def reference_files():
    from pathlib import Path

    return sorted((Path(__file__).resolve().parents[3] / "modules" / "billing" / "data").glob("*.yaml"))
