"""Entitlements: who pays for what in a month, whatever the order of entry; vouchers from quota to redemption."""

import io
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from booking_help import at, book, firm, group, room
from hypothesis import given, settings
from hypothesis import strategies as st

from modules.booking.calc_entitlements import CREDIT, PLAN, Right, Use, allocate
from modules.booking.models.entitlement import CreditGrant, EntitlementGrant, EntitlementPlan
from modules.booking.services import bookings, entitlements, vouchers
from modules.booking.signals.booking import booking_price
from parkops.errors import RuleError
from parkops.testing.depth import depth

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def right(key="r", unit="minutes", quantity=60, tier=PLAN, **values):
    values = {"unlimited": quantity is None, "starts_on": MARCH, "ends_on": date(2026, 3, 31), **values}
    return Right(key, tier, unit, quantity, **values)


def use(key="u", day=3, minutes=60, amount=10000, resource_id=1, kind="room", group_id=None, kept=None):
    return Use(key, at(day, 10), minutes, resource_id, kind, group_id, amount, kept=kept)


@pytest.mark.parametrize(("rights", "uses", "expected"), [
    ([right()], [use()], [("u", "r", 60, 10000)]),
    ([right(quantity=20)], [use(amount=10000)], [("u", "r", 20, 3333)]),
    ([right("t", quantity=20), right("m", "money", 5000)], [use()], [("u", "t", 20, 3333), ("u", "m", 0, 5000)]),
    ([right("c", tier=CREDIT, ends_on=None), right("p", quantity=30)], [use()], [("u", "p", 30, 5000), ("u", "c", 30, 5000)]),
    ([right("wide"), right("narrow", quantity=30, resource_id=1)], [use()], [("u", "narrow", 30, 5000), ("u", "wide", 30, 5000)]),
    ([right("free", quantity=None), right("c", tier=CREDIT)], [use()], [("u", "free", 60, 10000)]),
    ([right(kind="studio")], [use()], []),
    ([right(group_id=7)], [use(group_id=7)], [("u", "r", 60, 10000)]),
    ([right()], [use(amount=None)], [("u", "r", 60, 0)]),  # time is used although nothing is charged
    ([right("m", "money", 5000)], [use(amount=None)], []),
    ([right(ends_on=date(2026, 3, 2))], [use()], []),
    ([right(quantity=90)], [use("a"), use("b", day=2)], [("b", "r", 60, 10000), ("a", "r", 30, 5000)]),
    # what a bill has stays: the earlier use came in later and gets the rest
    ([right(quantity=90)], [use("a", kept=10000), use("b", day=2)], [("a", "r", 60, 10000), ("b", "r", 30, 5000)]),
    ([right(quantity=90)], [use("a", kept=5000), use("b", day=2)], [("b", "r", 60, 10000), ("a", "r", 30, 5000)]),
    ([right(quantity=90)], [use("a", kept=3333), use("b", day=2)], [("a", "r", 20, 3333), ("b", "r", 60, 10000)]),
    ([right(quantity=90)], [use("a", day=2, kept=0), use("b")], [("b", "r", 60, 10000)]),
    ([right("t", quantity=20), right("m", "money", 5000)], [use("a", kept=7000), use("b", day=2)],
     [("a", "t", 20, 3333), ("a", "m", 0, 3667), ("b", "m", 0, 1333)]),
    ([right(quantity=30)], [use("a", kept=10000), use("b", day=2)], [("a", "r", 30, 5000)]),  # the plan gives less now
])
def test_who_pays(rights, uses, expected):
    assert [(s.use, s.right, s.minutes, s.amount) for s in allocate(rights, uses)] == expected


def test_unlimited_is_said_never_guessed():
    with pytest.raises(ValueError, match="unlimited or has a quantity"):
        Right("r", PLAN, "minutes", None, False, MARCH)
    with pytest.raises(ValueError, match="unlimited or has a quantity"):
        Right("r", PLAN, "minutes", 0, True, MARCH)


RIGHTS = st.lists(st.builds(
    lambda tier, unit, quantity, kind, resource, start, length: {
        "tier": tier, "unit": unit, "quantity": quantity, "unlimited": quantity is None, "kind": None if resource else kind,
        "resource_id": resource, "starts_on": MARCH + timedelta(days=start), "ends_on": MARCH + timedelta(days=start + length)},
    st.sampled_from([PLAN, CREDIT]), st.sampled_from(["minutes", "money"]), st.none() | st.integers(0, 400),
    st.none() | st.sampled_from(["room", "studio"]), st.none() | st.integers(1, 2), st.integers(0, 20), st.integers(0, 20)), max_size=6)
USES = st.lists(st.builds(
    lambda day, minutes, resource, amount: {
        "starts_at": at(1 + day, 10), "minutes": minutes, "resource_id": resource, "kind": "room" if resource == 1 else "studio",
        "amount": amount},
    st.integers(0, 5), st.integers(0, 180), st.integers(1, 2), st.none() | st.integers(0, 999)), max_size=8)


def outcome(rights, uses, numbers):
    """What each kind of use got from each kind of right, the numbers of the records left out."""
    numbers = list(numbers)
    made_rights = [Right(key=f"r{numbers[i]}", **r) for i, r in enumerate(rights)]
    made_uses = [Use(key=f"u{numbers[-1 - i]}", **u) for i, u in enumerate(uses)]
    found = allocate(made_rights, made_uses)
    as_right = {r.key: tuple(sorted(v.items(), key=str)) for r, v in zip(made_rights, rights, strict=True)}
    as_use = {u.key: tuple(sorted(v.items(), key=str)) for u, v in zip(made_uses, uses, strict=True)}
    per_use = Counter()
    for u in made_uses:
        mine = sorted(((as_right[s.right], s.minutes, s.amount) for s in found if s.use == u.key), key=str)
        per_use[(as_use[u.key], str(mine))] += 1
    return per_use, found, made_rights, made_uses


@given(RIGHTS, USES, st.randoms(use_true_random=False))
@settings(max_examples=depth(150, 5000), deadline=None)
def test_the_order_of_entry_never_matters(rights, uses, rng: random.Random):
    first, *_more = outcome(rights, uses, range(20))
    numbers = list(range(20))
    rng.shuffle(numbers)
    shuffled_rights, shuffled_uses = rng.sample(rights, len(rights)), rng.sample(uses, len(uses))
    assert outcome(shuffled_rights, shuffled_uses, numbers)[0] == first


@given(RIGHTS, USES)
@settings(max_examples=depth(150, 5000), deadline=None)
def test_nobody_gives_more_than_there_is(rights, uses):
    _per_use, shares, made_rights, made_uses = outcome(rights, uses, range(20))
    for r in made_rights:
        spent = sum(s.minutes if r.unit == "minutes" else s.amount for s in shares if s.right == r.key)
        assert r.unlimited or spent <= r.quantity
    for u in made_uses:
        minutes, amount = sum(s.minutes for s in shares if s.use == u.key), sum(s.amount for s in shares if s.use == u.key)
        assert minutes <= u.minutes and amount <= (u.amount or 0)
        assert minutes < u.minutes or u.amount is None or u.minutes == 0 or amount == u.amount  # time paid in full leaves nothing to pay


# ---- from the records


@pytest.fixture
def member(session):
    """A firm with a plan of three hours a month for meeting rooms, unlimited for one desk."""
    f, g = firm(session), group(session)
    plan = EntitlementPlan(park_id=f.park_id, code=f"P{f.id}", name="孵化套餐")
    session.add(plan)
    session.flush()
    entitlements.create_plan_line(session, plan_id=plan.id, unit="minutes", minutes=180, kind="room")
    entitlements.create_plan_line(session, plan_id=plan.id, unit="minutes", unlimited=True, group_id=g.id)
    entitlements.create_grant(session, plan_id=plan.id, firm_id=f.id, starts_on=date(2026, 1, 1))
    return f, g


def covered(session, f, month=MARCH):
    found = entitlements.allocation(session, firm_id=f.id, month=month)
    return {u.key: found.of_use(u.key)[0] for u in found.uses}, found


def test_a_month_from_its_records(session, member):
    f, g = member
    r, desk = room(session), room(session, kind="desk", group_id=g.id)
    a, b, c = book(session, r, at(4, 9), 120, firm_id=f.id), book(session, r, at(3, 9), 120, firm_id=f.id), \
        book(session, desk, at(3, 9), 480, firm_id=f.id)
    minutes, found = covered(session, f)
    assert minutes == {f"booking:{b.id}": 120, f"booking:{a.id}": 60, f"booking:{c.id}": 480}
    assert sorted(v is None for v in found.left.values()) == [False, True] and 0 in found.left.values()
    bookings.cancel(session, b, at=at(2, 9))
    assert covered(session, f)[0][f"booking:{a.id}"] == 120  # the later one gets it back by itself


def test_plans_end_with_the_month_credits_last(session, member):
    f, _g = member
    entitlements.create_credit(session, firm_id=f.id, unit="minutes", minutes=60, granted_on=MARCH, reason="路演获奖")
    r = room(session, horizon_days=None)
    book(session, r, at(3, 9), 240, firm_id=f.id)
    april = book(session, r, at(3, 9) + timedelta(days=31), 240, firm_id=f.id)
    assert list(covered(session, f)[0].values()) == [240]
    assert covered(session, f, APRIL)[0] == {f"booking:{april.id}": 180}  # the credit went in March, three hours are new
    credit = [k for k in covered(session, f, APRIL)[1].left if k.startswith("credit")]
    assert [covered(session, f, APRIL)[1].left[k] for k in credit] == [0]


def test_money_rights_pay_the_price_others_name(session, member):
    f, _g = member
    entitlements.create_credit(session, firm_id=f.id, unit="money", amount=Decimal("150.00"), granted_on=MARCH, reason="补贴")

    def price(_session, *, starts_at, ends_at, **_more):
        hours = int((ends_at - starts_at) / timedelta(hours=1))
        return [{"text": "会议室", "quantity": hours, "unit_price": Decimal("100"), "amount": Decimal(100 * hours)}]

    booking_price.connect(price)
    try:
        b = book(session, room(session), at(3, 9), 300, firm_id=f.id)
        found = entitlements.allocation(session, firm_id=f.id, month=MARCH)
    finally:
        booking_price.disconnect(price)
    assert found.of_use(f"booking:{b.id}") == (180, 30000 + 15000)


def test_quantities_are_said_in_full(session, member):
    f, _g = member
    for values in ({"unit": "minutes"}, {"unit": "minutes", "minutes": 5, "unlimited": True}, {"unit": "money", "minutes": 5},
                   {"unit": "minutes", "minutes": 5, "kind": "room", "group_id": 1}):
        plan = session.query(EntitlementGrant).filter_by(firm_id=f.id).one().plan_id
        with pytest.raises(RuleError) as refused:
            entitlements.create_plan_line(session, plan_id=plan, **values)
        assert set(refused.value.codes) <= {"booking.K-29", "record.no_such_record"}


def test_a_credit_is_ended_with_a_reason(session, member):
    f, _g = member
    credit = entitlements.create_credit(session, firm_id=f.id, unit="minutes", minutes=60, granted_on=MARCH, reason="路演获奖")
    with pytest.raises(RuleError) as refused:
        entitlements.expire_credit(session, credit, on=date(2026, 2, 1), reason=" ")
    assert refused.value.codes == ["booking.K-30", "booking.K-30"]
    entitlements.expire_credit(session, credit, on=date(2026, 3, 2), reason="发错")
    assert session.get(CreditGrant, credit.id).expires_on == date(2026, 3, 2)


# ---- vouchers


@pytest.fixture
def voucher(session):
    f = firm(session)
    return vouchers.create_voucher(session, number=f"CXQ-{f.id}", firm_id=f.id, issuer="济宁市科学技术局", quota=Decimal("10000"),
                                   share_percent=50, valid_from=MARCH, valid_to=date(2026, 12, 31))


def applied(session, v, **values):
    values = {"voucher_id": v.id, "used_on": date(2026, 3, 5), "cost": Decimal("12000"), "amount": Decimal("6000"), "service": "检测", **values}
    return vouchers.apply_use(session, **values)


def test_uses_never_exceed_the_quota(session, voucher):
    first = applied(session, voucher)
    assert vouchers.left_of(session, voucher) == Decimal("4000")
    with pytest.raises(RuleError) as refused:
        applied(session, voucher, amount=Decimal("4000.01"), cost=Decimal("8000"), used_on=date(2027, 1, 1))
    assert refused.value.codes == ["booking.K-32", "booking.K-34", "booking.K-33"]
    vouchers.reject_use(session, first, on=date(2026, 3, 6), reason="合同不符")
    assert vouchers.left_of(session, voucher) == Decimal("10000")
    applied(session, voucher, amount=Decimal("10000"), cost=Decimal("20000"))
    with pytest.raises(RuleError):
        vouchers.change_voucher(session, voucher, quota=Decimal("9000"))


def test_redemption_needs_both_proofs(session, voucher):
    item = applied(session, voucher)
    vouchers.approve_use(session, item, on=date(2026, 3, 6))
    for kind in ("contract", "payment"):
        with pytest.raises(RuleError) as refused:
            vouchers.claim_use(session, item, on=date(2026, 3, 7))
        assert refused.value.codes == ["booking.K-36"]
        file = io.BytesIO(b"%PDF-1.4\n%proof " + kind.encode() + b"\n%%EOF")
        file.filename = f"{kind}.pdf"
        vouchers.add_proof(session, item, kind=kind, file=file)
    vouchers.claim_use(session, item, on=date(2026, 3, 7))
    with pytest.raises(RuleError):
        vouchers.redeem_use(session, item, on=date(2026, 4, 1), amount=Decimal("6000.01"))
    vouchers.redeem_use(session, item, on=date(2026, 4, 1), amount=Decimal("5800"))
    assert (item.state, item.redeemed) == ("redeemed", Decimal("5800"))


def test_nobody_approves_the_use_they_applied_for(as_role, session):
    with as_role("operations_manager") as s:
        f = firm(s)
        v = vouchers.create_voucher(s, number=f"X-{f.id}", firm_id=f.id, issuer="科技局", quota=Decimal("100"), valid_from=MARCH,
                                    valid_to=date(2026, 12, 31))
        item = applied(s, v, amount=Decimal("10"), cost=Decimal("10"))
        with pytest.raises(RuleError):
            vouchers.approve_use(s, item, on=date(2026, 3, 6))
