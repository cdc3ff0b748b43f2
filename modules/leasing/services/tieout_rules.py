"""What must tie between contracts, bills, cash and rooms: one select per rule, each row one difference. Rules RR-50 to RR-59.

A rule returns resource, record id, key, label and the values of its sentence, for one park or all. Money stays in yuan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account
from modules.billing.models.charge import Charge
from modules.billing.models.deposit import Deposit, DepositMove
from modules.billing.models.ledger import LedgerLine
from modules.billing.models.receipt import Allocation
from modules.tenants.models.firm import Firm
from parkops.i18n import _l

from ..models.lease import Lease, LeaseDue, LeaseUnit
from ..models.relief_case import ReliefApplication, ReliefMonth
from ..models.space import Building, Unit
from .relief_posting import SOURCE as RELIEF

RUNNING = ("running", "holding_over")
DUE = "leasing.lease_due"


@dataclass(frozen=True)
class Found:
    """One difference. `msgid` with `values` is the sentence."""

    kind: str
    park_id: int
    resource: str
    record_id: int
    label: str
    msgid: str
    values: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.resource}:{self.record_id}"


UNBILLED = _l("Rent of %(n)s past months was not charged, from %(month)s on. Run the bills of these months.")
NO_LEASE = _l("Line %(key)s names an instalment that no lease has. Credit it or restore the lease.")
BILL_LINES = _l("The bill says %(bill)s, its lines come to %(lines)s. Ask the system administrator.")
SETTLED = _l("The bill says %(settled)s settled, its allocations come to %(allocated)s. Ask the system administrator.")
LET_TWICE = _l("The unit is let by %(n)s running leases on the same day. End one of them.")
UNIT_STATE = _l("The unit is occupied by lease %(lease)s, which is not running. End the occupation or correct the lease.")
NOT_OCCUPIED = _l("Lease %(lease)s runs, but its unit is not occupied by it. Correct the days of the unit.")
AREA = _l("Lease %(lease)s has %(let)s ㎡, the unit %(unit)s ㎡. Amend the lease or correct the unit.")
DEPOSIT = _l("Of %(agreed)s agreed only %(held)s were received by %(day)s. Ask the firm for the rest.")
ORPHAN = _l("Relief line %(key)s belongs to no relief application. Take it back.")
RECEIVABLE = _l("The receivables account says %(ledger)s, the open bills %(open)s. Look at the firm's entries and bills.")


def _in(query: Any, column: Any, park_id: int | None) -> Any:
    return query if park_id is None else query.where(column == park_id)


def unbilled(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-50: instalments of past months without a charge."""
    charged = exists().where(Charge.source == DUE, Charge.source_id == LeaseDue.id)
    query = (
        select(Lease.id, Lease.park_id, Lease.number, func.count(LeaseDue.bill_month.distinct()), func.min(LeaseDue.bill_month))
        .join(LeaseDue, LeaseDue.lease_id == Lease.id)
        .where(Lease.state.in_(RUNNING), LeaseDue.kind == "charge", LeaseDue.bill_month < on.replace(day=1), LeaseDue.amount != 0, ~charged)
        .group_by(Lease.id, Lease.park_id, Lease.number)
    )
    for lease_id, park, number, n, month in session.execute(_in(query, Lease.park_id, park_id)):
        yield Found("unbilled", park, "leasing.lease", lease_id, number, UNBILLED.msgid, {"n": n, "month": f"{month:%Y-%m}"})


def no_lease(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-51: charges that name an instalment which does not exist."""
    query = select(Charge.id, Charge.park_id, Charge.key).where(Charge.source == DUE, ~exists().where(LeaseDue.id == Charge.source_id))
    for charge_id, park, key in session.execute(_in(query, Charge.park_id, park_id)):
        yield Found("no_lease", park, "billing.charge", charge_id, key, NO_LEASE.msgid, {"key": key})


def bill_lines(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-52: a bill is the sum of its lines."""
    total = func.coalesce(func.sum(Charge.gross), 0)
    query = (
        select(Bill.id, Bill.park_id, Bill.number, Bill.gross, total)
        .outerjoin(Charge, Charge.bill_id == Bill.id)
        .group_by(Bill.id, Bill.park_id, Bill.number, Bill.gross)
        .having(Bill.gross != total)
    )
    for bill_id, park, number, gross, lines in session.execute(_in(query, Bill.park_id, park_id)):
        yield Found(
            "bill_lines", park, "billing.bill", bill_id, number or str(bill_id), BILL_LINES.msgid, {"bill": str(gross), "lines": str(lines)}
        )


def settled(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-53: what a bill or credit note says is settled is what its allocations come to."""
    got = (
        select(Allocation.bill_id.label("id"), func.sum(Allocation.amount).label("amount"))
        .where(Allocation.bill_id.is_not(None))
        .group_by(Allocation.bill_id)
    )
    used = (
        select(Allocation.credit_id, func.sum(-Allocation.amount)).where(Allocation.credit_id.is_not(None)).group_by(Allocation.credit_id)
    )
    rows = got.union_all(used).subquery("rows")
    total = func.coalesce(func.sum(rows.c.amount), 0)
    query = (
        select(Bill.id, Bill.park_id, Bill.number, Bill.settled, total)
        .outerjoin(rows, rows.c.id == Bill.id)
        .where(Bill.state != "draft")
        .group_by(Bill.id, Bill.park_id, Bill.number, Bill.settled)
        .having(Bill.settled != total)
    )
    for bill_id, park, number, says, amount in session.execute(_in(query, Bill.park_id, park_id)):
        yield Found(
            "settled",
            park,
            "billing.bill",
            bill_id,
            number or str(bill_id),
            SETTLED.msgid,
            {"settled": str(says), "allocated": str(amount)},
        )


def _holds(on: date) -> Any:
    """The lease's days contain `on`."""
    end = func.coalesce(Lease.ended_on, Lease.ends_on)
    return and_(Lease.starts_on <= on, or_(end.is_(None), end >= on, Lease.state == "holding_over"))


def let_twice(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-54: one running lease per unit and day."""
    query = (
        select(Unit.id, Unit.park_id, Building.name, Unit.code, func.count(Lease.id))
        .join(LeaseUnit, LeaseUnit.unit_id == Unit.id)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Building, Building.id == Unit.building_id)
        .where(Lease.state.in_(RUNNING), _holds(on))
        .group_by(Unit.id, Unit.park_id, Building.name, Unit.code)
        .having(func.count(Lease.id) > 1)
    )
    for unit_id, park, building, code, n in session.execute(_in(query, Unit.park_id, park_id)):
        yield Found("let_twice", park, "leasing.unit", unit_id, f"{building} {code}", LET_TWICE.msgid, {"n": n})


def unit_state(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-55: occupied means a running lease, and a running lease occupies."""
    base = (
        select(Unit.id, Unit.park_id, Building.name, Unit.code, Lease.number, Lease.state.in_(RUNNING).label("runs"))
        .join(LeaseUnit, LeaseUnit.unit_id == Unit.id)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Building, Building.id == Unit.building_id)
    )
    covers = func.coalesce(LeaseUnit.during.contains(on), False)
    query = base.where(
        or_(and_(covers, Lease.state.not_in(RUNNING), Lease.starts_on <= on), and_(~covers, Lease.state.in_(RUNNING), _holds(on)))
    )
    for unit_id, park, building, code, number, runs in session.execute(_in(query, Unit.park_id, park_id)):
        yield Found(
            "unit_state",
            park,
            "leasing.unit",
            unit_id,
            f"{building} {code}",
            (NOT_OCCUPIED if runs else UNIT_STATE).msgid,
            {"lease": number},
        )


def area(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-56: the area let is the unit's."""
    query = (
        select(LeaseUnit.lease_id, Unit.park_id, Building.name, Unit.code, Lease.number, LeaseUnit.area, Unit.lettable_area)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .join(Building, Building.id == Unit.building_id)
        .where(Lease.state.in_(RUNNING), LeaseUnit.area != Unit.lettable_area)
    )
    for lease_id, park, building, code, number, let, whole in session.execute(_in(query, Unit.park_id, park_id)):
        yield Found(
            "area",
            park,
            "leasing.lease",
            lease_id,
            f"{building} {code}",
            AREA.msgid,
            {"lease": number, "let": str(let), "unit": str(whole)},
        )


def deposit(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-57: agreed deposits are received by their day."""
    m = DepositMove
    came = func.coalesce(
        select(func.sum(m.amount)).where(m.deposit_id == Deposit.id, m.kind.in_(("received", "reversed")), m.amount != 0)
        .correlate(Deposit).scalar_subquery(), 0)  # fmt: skip
    query = select(Deposit.id, Deposit.park_id, Deposit.number, Deposit.agreed, came, Deposit.due_on).where(
        Deposit.closed_on.is_(None), came < Deposit.agreed, Deposit.due_on < on
    )
    for deposit_id, park, number, agreed, held, day in session.execute(_in(query, Deposit.park_id, park_id)):
        yield Found(
            "deposit",
            park,
            "billing.deposit",
            deposit_id,
            number,
            DEPOSIT.msgid,
            {"agreed": str(agreed), "held": str(held), "day": day.isoformat()},
        )


def relief(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-58: every relief line is a month of an application with the same approval."""
    known = exists(
        select(ReliefMonth.id)
        .join(ReliefApplication, ReliefApplication.id == ReliefMonth.application_id)
        .where(Charge.source == RELIEF, ReliefMonth.id == Charge.source_id, ReliefApplication.approval_id == Charge.approval_id)
        .correlate(Charge)
    )
    line = aliased(Charge)
    of_known = exists(select(line.id).where(line.id == Charge.corrects_id, line.source == RELIEF).correlate(Charge))
    query = select(Charge.id, Charge.park_id, Charge.key).where(Charge.kind == "relief", ~known, or_(Charge.gross <= 0, ~of_known))
    for charge_id, park, key in session.execute(_in(query, Charge.park_id, park_id)):
        yield Found("relief", park, "billing.charge", charge_id, key, ORPHAN.msgid, {"key": key})


def receivable(session: Any, on: date, park_id: int | None) -> Iterator[Found]:
    """RR-59: the receivables account of a firm is what its bills and credit notes leave open."""
    booked = (
        select(LedgerLine.park_id, LedgerLine.firm_id, func.sum(LedgerLine.debit - LedgerLine.credit).label("amount"))
        .join(Account, Account.id == LedgerLine.account_id)
        .where(Account.role == "receivable", LedgerLine.firm_id.is_not(None))
        .group_by(LedgerLine.park_id, LedgerLine.firm_id)
        .subquery("booked")
    )
    left = (
        select(Bill.park_id, Bill.firm_id, func.sum(Bill.gross - Bill.settled).label("amount"))
        .where(Bill.state != "draft")
        .group_by(Bill.park_id, Bill.firm_id)
        .subquery("left_open")
    )
    ledger, open_ = func.coalesce(booked.c.amount, 0), func.coalesce(left.c.amount, 0)
    query = (
        select(Firm.id, Firm.park_id, Firm.name, ledger, open_)
        .outerjoin(booked, booked.c.firm_id == Firm.id)
        .outerjoin(left, left.c.firm_id == Firm.id)
        .where(ledger != open_)
    )
    for firm_id, park, name, says, amount in session.execute(_in(query, Firm.park_id, park_id)):
        yield Found("receivable", park, "tenants.firm", firm_id, name, RECEIVABLE.msgid, {"ledger": str(says), "open": str(amount)})


RULES: dict[str, Callable[[Any, date, int | None], Iterator[Found]]] = {
    "unbilled": unbilled,
    "no_lease": no_lease,
    "bill_lines": bill_lines,
    "settled": settled,
    "let_twice": let_twice,
    "unit_state": unit_state,
    "area": area,
    "deposit": deposit,
    "relief": relief,
    "receivable": receivable,
}
# Who gets the to-do.
ROLE = {"let_twice": "operations_manager", "unit_state": "operations_manager", "area": "operations_manager"}
