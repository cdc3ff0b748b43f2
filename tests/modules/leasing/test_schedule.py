"""The schedule in the database: what is previewed is what is billed, and asking in any order gives the same (C-20 to C-27)."""

import random
from datetime import date
from decimal import Decimal as D

import pytest
from core_help import entry
from lease_help import charged, collect, draft, dues, rent, sign, signed
from sqlalchemy import func, select

from modules.billing.models.charge import Charge
from modules.leasing.models.lease import LeaseDue
from modules.leasing.services import leases, schedule
from parkops.clock import add_months

TEN = {"starts": date(2026, 3, 15), "ends": date(2036, 3, 14)}
LINES = (
    rent("31.27"),
    rent("4.55", item="property_fee", cycle_months=3),
    rent("0", item="equipment_lease", basis="year", cycle_months=12) | {"price": D("1234.56")},
)


def months(first, last):
    while first <= last:
        yield first
        first = add_months(first, 1)


def by_period(session, lease):
    """(item, period, gross) whatever the ids are."""
    ids = select(LeaseDue.id).where(LeaseDue.lease_id == lease.id)
    return sorted(
        session.execute(
            select(Charge.item_id, Charge.period_from, Charge.period_to, Charge.due_on, Charge.gross).where(
                Charge.source_id.in_(ids), Charge.source == schedule.SOURCE
            )
        ).all()
    )


@pytest.mark.parametrize("way", ["once", "monthly", "late", "shuffled", "twice"])
def test_ten_years_come_to_the_same_charges_in_any_order(session, park, way):
    """The peers' cursor bug ("next invoice date", wrong for four years) cannot exist: there is no cursor."""
    lease = signed(session, *LINES, tax_included=True, **TEN)
    all_months = list(months(date(2026, 3, 1), date(2036, 3, 1)))
    asked = {
        "once": all_months[-1:],
        "monthly": all_months,
        "late": all_months[40::20],
        "twice": [m for m in all_months[-4:] for _x in "ab"],
        "shuffled": [*random.Random(4).sample(all_months, 12), all_months[-1]],
    }[way]
    for month in asked:
        collect(session, park.id, month)
    found = by_period(session, lease)
    assert len(found) == 121 + 41 + 11 and sum(r.gross for r in found) == lease.total_amount
    assert [(r.period_from, r.period_to, r.gross) for r in sorted(found, key=lambda r: (r.period_from, r.item_id))] == sorted(
        [(d.period_from, d.period_to, d.amount) for d in schedule.dues_of(session, lease)],
        key=lambda t: (t[0], next(r.item_id for r in found if r.period_from == t[0] and r.gross == t[2])),
    )
    assert collect(session, park.id, all_months[-1]) == 0


def test_preview_equals_dues_equals_charges_to_the_fen(session, park):
    lease = draft(
        session,
        rent(
            "33.33",
            cycle_months=2,
            steps=[(date(2026, 5, 17), D("35.01"))],
            discounts=[{"starts_on": date(2026, 1, 1), "ends_on": date(2026, 8, 9), "percent": D("0.3333"), "area_cap": D("77.5")}],
        ),
    )
    seen = schedule.preview(session, lease)
    sign(session, lease)
    assert [(r.period_from, r.period_to, r.amount) for r in seen.rows] == dues(session, lease)
    collect(session, park.id, date(2026, 12, 1))
    assert sum(charged(session, lease).values()) == seen.total == lease.total_amount
    assert sum(y["total"] for y in seen.years().values()) == sum(seen.by_line().values()) == seen.total


def test_writing_dues_again_adds_nothing(session):
    lease = signed(session)
    before = dues(session, lease)
    assert len(before) == 12 and schedule.write_dues(session, lease) == 0 and dues(session, lease) == before


def test_deleting_a_draft_line_frees_its_key(session, park):
    lease = signed(session)
    collect(session, park.id, date(2026, 2, 1))
    one = session.scalars(select(Charge).where(Charge.source == schedule.SOURCE).order_by(Charge.id).limit(1)).one()
    session.delete(one)
    session.flush()
    assert collect(session, park.id, date(2026, 2, 1)) == 1 and len(charged(session, lease)) == 2


def test_rent_free_months_are_not_charged(session, park):
    lease = draft(session)
    from modules.leasing.services import lease_lines

    lease_lines.create_rent_free(session, lease_id=lease.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 28), reason="装修")
    sign(session, lease)
    assert [a for _f, _t, a in dues(session, lease)][:3] == [D(0), D(0), D(3000)] and lease.total_amount == D(30000)
    assert collect(session, park.id, date(2026, 3, 1)) == 1


def test_a_subsidy_is_owed_by_its_funder_and_leaves_the_vat_sales_alone(session, park):
    office = entry(session, name="高新区管委会", credit_code=None)
    lease = signed(
        session,
        rent("10.90", subsidies=[{"funder_id": office.id, "starts_on": date(2026, 1, 1), "ends_on": date(2026, 1, 31), "amount": D(400)}]),
    )
    collect(session, park.id, date(2026, 1, 1))
    rows = session.execute(
        select(Charge.firm_id, Charge.treatment, Charge.net, Charge.vat, Charge.gross)
        .where(Charge.source == schedule.SOURCE)
        .order_by(Charge.gross)
    ).all()
    assert [tuple(r) for r in rows] == [
        (lease.firm_id, "outside", D(-400), D(0), D(-400)),
        (office.id, "outside", D(400), D(0), D(400)),
        (lease.firm_id, "taxed", D(1000), D(90), D(1090)),
    ]


def test_an_indefinite_lease_is_written_ahead_and_rolls_on(session, park):
    from modules.leasing.services import expiry

    lease = signed(session, ends=None)
    assert len(dues(session, lease)) == 13 and lease.due_until == date(2027, 1, 1)
    assert expiry.roll_schedules(session, on=date(2026, 1, 20), park_id=park.id) == {"written": 0}
    assert expiry.roll_schedules(session, on=date(2026, 6, 20), park_id=park.id) == {"written": 5}
    assert [f for f, _t, _a in dues(session, lease)][-1] == date(2027, 6, 1)


def test_simplified_vat_follows_the_building(session, park):
    from space_help import building, floor, unit

    old = building(session, acquired_on=date(2010, 5, 1), simplified_vat=True)
    lease = signed(session, units=[unit(session, floor(session, old))])
    rows = session.execute(schedule_demands(park.id)).all()
    assert {r.vat_method for r in rows} == {"simplified"} and {r.carrier_id for r in rows} == {lease.carrier_id}


def schedule_demands(park_id):
    from modules.leasing.services import collecting

    return collecting.demands(park_id, date(2026, 12, 1))


def test_only_a_draft_is_edited(session):
    lease = signed(session)
    with pytest.raises(Exception, match="leasing.C-13|草稿|draft"):
        leases.change_lease(session, lease, purpose="x")
    assert session.scalar(select(func.count()).select_from(LeaseDue).where(LeaseDue.lease_id == lease.id)) == 12
