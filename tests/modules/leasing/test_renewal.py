"""Later versions: amendment, renewal, transfer keep lineage, units and lines; credits, ladder and holding over (C-24, C-30 to C-53)."""

from datetime import date
from decimal import Decimal as D

import pytest
from core_help import incubatee
from lease_help import approve, charged, collect, dues, paper, rent, sign, signed
from space_help import unit
from sqlalchemy import func, select

from modules.leasing.models.lease import Lease, LeaseLine, LeaseUnit
from modules.leasing.models.lease_terms import LeaseDiscount, LeaseIndexation, LeaseStep
from modules.leasing.services import amendments, expiry, leases, renewals, schedule, transfers, versions
from parkops import todos
from parkops.errors import RuleError

RICH = (
    rent(
        "30",
        steps=[(date(2026, 7, 1), D("33"))],
        indexation={"rate": D("0.05")},
        discounts=[{"starts_on": date(2026, 1, 1), "ends_on": date(2027, 12, 31), "percent": D("0.1")}],
    ),
    rent("5", item="property_fee", cycle_months=3),
)
TWO = {"ends": date(2027, 12, 31)}


def shape(session, lease):
    """Units and lines with everything that hangs on them, without ids."""
    lines = leases.lines_text(session, lease)
    count = [
        session.scalar(select(func.count()).select_from(m).where(m.line_id.in_([x.id for x in lines])))
        for m in (LeaseStep, LeaseDiscount, LeaseIndexation)
    ]
    units = session.scalars(select(LeaseUnit.unit_id).where(LeaseUnit.lease_id == lease.id)).all()
    return sorted(units), [(x.item_id, x.basis, x.cycle_months, x.timing) for x in lines], count


def test_renewal_keeps_lineage_units_and_lines(session):
    """The peers' renewals lose the unit or the lines."""
    old = signed(session, *RICH, units=[unit(session), unit(session)], **TWO, deposit_amount=D(5000))
    new = renewals.make_renewal(session, old, months=24, price=D("40"))
    assert (new.root_id, new.previous_id, new.origin, new.starts_on, new.ends_on) == (
        old.id,
        old.id,
        "renewal",
        date(2028, 1, 1),
        date(2029, 12, 31),
    )
    assert shape(session, new)[:2] == shape(session, old)[:2] and new.number != old.number
    assert leases.lines_text(session, new)[0].price == D("40") and leases.lines_text(session, new)[1].price == D("5")
    sign(session, new, on=date(2027, 11, 1))
    assert old.state == "running" and len(dues(session, new)) == 24 + 8
    assert [x.id for x in versions.lineage(session, new)] == [old.id, new.id]
    assert expiry.pass_ends(session, on=date(2028, 1, 1), park_id=old.park_id) == {"replaced": 1, "held_over": 0, "asked": 0}
    session.refresh(old)
    assert old.state == "replaced" and old.ended_on == date(2027, 12, 31)


def test_only_one_later_version(session):
    old = signed(session, **TWO)
    renewals.make_renewal(session, old, months=12)
    with pytest.raises(RuleError, match="later version|后续版本"):
        amendments.make_amendment(session, old, starts_on=date(2026, 6, 1))


def test_amendment_carries_the_price_in_force_and_the_rest_of_the_terms(session):
    old = signed(session, *RICH, **TWO)
    new = amendments.make_amendment(session, old, starts_on=date(2026, 9, 1))
    line = leases.lines_text(session, new)[0]
    assert (new.number, new.revision, str(new)) == (old.number, 2, f"{old.number}-2") and line.price == D("33")
    rise = session.scalars(select(LeaseIndexation).where(LeaseIndexation.line_id == line.id)).one()
    assert rise.first_on == date(2027, 1, 1) and shape(session, new)[2] == [0, 1, 1]
    # nothing changed: the same money for the same days
    before = {f: a for f, _t, a in dues(session, old) if f >= date(2026, 9, 1)}
    after = schedule.preview(session, new).rows
    assert sum(r.amount for r in after if r.line == line.id and r.period_from.month == 9 and r.period_from.year == 2026) == sum(
        a for f, _t, a in dues(session, old, "charge") if f == date(2026, 9, 1)
    ) + sum(a for f, _t, a in dues(session, old, "discount") if f == date(2026, 9, 1))
    assert before and sum(r.amount for r in after) == sum(
        schedule.preview(session, old).rows[i].amount
        for i in range(len(schedule.preview(session, old).rows))
        if schedule.preview(session, old).rows[i].period_from >= date(2026, 9, 1)
    ) - D("0") + _quarter(session, old)


def _quarter(session, old):
    """August of the quarterly fee lies before the day, its September after: the fee line is cut at the amendment."""
    straddling = [r for r in schedule.preview(session, old).rows if r.period_from < date(2026, 9, 1) <= r.period_to]
    return sum(r.amount / 3 for r in straddling)


def test_amendment_withdraws_what_is_open_and_credits_what_is_charged(session, park):
    old = signed(session, rent("30"), rent("5", item="property_fee", cycle_months=3))
    collect(session, park.id, date(2026, 4, 1))  # rent to April, fee to June
    new = amendments.make_amendment(session, old, starts_on=date(2026, 4, 16))
    sign(session, new, on=date(2026, 4, 10))
    session.refresh(old)
    assert old.state == "replaced" and old.ended_on == date(2026, 4, 15)
    assert dues(session, old, "credit") == [
        (date(2026, 4, 16), date(2026, 4, 30), D("-1500.00")),
        (date(2026, 4, 16), date(2026, 6, 30), D("-1250.00")),
    ]
    assert max(t for _f, t, _a in dues(session, old)) == date(2026, 6, 30) and not [
        1 for f, _t, _a in dues(session, old) if f >= date(2026, 5, 1)
    ]
    collect(session, park.id, date(2026, 6, 1))
    assert sum(charged(session, old).values()) == D("3000") * 3 + D("1500") + D("1500") + D("250")
    assert sum(charged(session, new).values()) == D("1500") + D("3000") * 2 + D("250") + D("500") * 2
    assert schedule.cut_dues(session, old, date(2026, 4, 15)) == []  # again: nothing more


def test_transfer_needs_both_signatures_and_takes_the_deposits(session, park):
    from modules.billing.services import deposits
    from modules.leasing.services import lease_deposits

    old = signed(session, deposit_amount=D(6000), performance_amount=D(1000))
    for d in lease_deposits.deposits_of(session, old):
        deposits.receive_deposit(session, d, amount=d.agreed, on=date(2026, 1, 2), kind="cash")
    other = incubatee(session)
    new = approve(session, transfers.make_transfer(session, old, firm_id=other.id, starts_on=date(2026, 7, 1)), on=date(2026, 6, 1))
    paper(session, new)
    with pytest.raises(RuleError, match="leaving firm|原承租方"):
        leases.sign_lease(session, new, on=date(2026, 6, 20))
    transfers.other_signed(session, new, on=date(2026, 6, 19))
    leases.sign_lease(session, new, on=date(2026, 6, 20))
    assert "2" in lease_deposits.take_over(session, new, on=date(2026, 7, 1))
    assert {(d.kind, d.held, d.firm_id) for d in lease_deposits.deposits_of(session, new, everybody=True)} == {
        ("pledge", D(6000), other.id),
        ("performance", D(1000), other.id),
        ("pledge", D(0), old.firm_id),
        ("performance", D(0), old.firm_id),
    }
    assert (
        {x.firm_id for x in versions.lineage(session, new)} == {old.firm_id, other.id}
        and len(dues(session, old)) == 6
        and len(dues(session, new)) == 6
    )


LADDER = [
    (date(2026, 9, 1), 0),
    (date(2026, 9, 2), 1),
    (date(2026, 9, 20), 1),
    (date(2026, 10, 2), 2),
    (date(2026, 11, 1), 3),
    (date(2026, 12, 1), 4),
    (date(2026, 12, 31), 4),
]


def test_ladder_of_expiry_once_each_and_not_when_renewed(session, park):
    lease = signed(session)
    key = f"leasing.expiry:{lease.id}:%"

    def made():
        return session.scalar(select(func.count()).select_from(todos.Todo).where(todos.Todo.key.like(key)))

    for on, wanted in LADDER:
        for _again in range(2):
            expiry.remind_expiring(session, on=on, park_id=park.id)
        assert made() == wanted, on
    other = signed(session)
    renewals.make_renewal(session, other, months=12)
    assert expiry.remind_expiring(session, on=date(2026, 12, 1), park_id=park.id)["made"] == 0


def test_holding_over_goes_on_month_by_month_at_the_last_price(session, park):
    lease = signed(session, rent("30", cycle_months=3, steps=[(date(2026, 7, 1), D("36"))]), ends=date(2026, 11, 30))
    assert dues(session, lease)[-1] == (date(2026, 10, 1), date(2026, 11, 30), D("7200.00"))
    assert expiry.pass_ends(session, on=date(2026, 12, 1), park_id=park.id) == {"replaced": 0, "held_over": 1, "asked": 0}
    session.refresh(lease)
    assert lease.state == "holding_over" and dues(session, lease)[4] == (date(2026, 12, 1), date(2026, 12, 31), D("3600.00"))
    row = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    assert row.during.upper is None
    assert expiry.pass_ends(session, on=date(2026, 12, 2), park_id=park.id)["held_over"] == 0
    count = len(dues(session, lease))
    assert expiry.roll_schedules(session, on=date(2027, 6, 1), park_id=park.id)["written"] > 0 and len(dues(session, lease)) > count


def test_no_holding_over_where_the_next_firm_has_signed(session, park):
    place = unit(session)
    lease = signed(session, units=[place])
    signed(session, units=[place], starts=date(2027, 1, 1), ends=date(2027, 12, 31))
    assert expiry.pass_ends(session, on=date(2027, 1, 1), park_id=park.id) == {"replaced": 0, "held_over": 0, "asked": 1}
    session.refresh(lease)
    assert lease.state == "running"


def test_all_versions_occupy_the_unit_without_gap_or_overlap(session):
    old = signed(session, **TWO)
    sign(session, amendments.make_amendment(session, old, starts_on=date(2026, 5, 1)), on=date(2026, 4, 20))
    rows = (
        session.execute(
            select(LeaseUnit.during)
            .join(Lease, Lease.id == LeaseUnit.lease_id)
            .where((Lease.root_id == old.id) | (Lease.id == old.id))
            .order_by(func.lower(LeaseUnit.during))
        )
        .scalars()
        .all()
    )
    assert [(r.lower, r.upper) for r in rows] == [(date(2026, 1, 1), date(2026, 5, 1)), (date(2026, 5, 1), date(2028, 1, 1))]
    assert session.scalar(select(func.count()).select_from(LeaseLine)) == 2
