"""Set-based look-ups behind rent relief: lineages, rent by month, months already relieved, listed regions, size classes.

A *lineage* is all versions of one contract (`root`). Versions of another firm (a transfer) are not the applicant's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import and_, func, or_, select

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from modules.tenants import calc as tenants_calc
from modules.tenants.services import fact_queries
from parkops.clock import add_months

from .. import calc_relief as calc
from ..models.lease import Lease, LeaseDue, LeaseLine, LeaseUnit
from ..models.relief import ReliefScheme, RiskListing
from ..models.relief_case import ReliefApplication, ReliefMonth, ReliefSubtenant
from ..models.space import Building, Unit

SIGNED = ("running", "holding_over", "ended", "terminated", "replaced")
RUNNING = ("running", "holding_over")
SOURCE = "leasing.lease_due"
ROOT = func.coalesce(Lease.root_id, Lease.id)
FOREVER = date(9999, 12, 31)


@dataclass(frozen=True)
class ReliefCase:
    """A lease under a scheme: what the rules are asked about. `id` is the lease's; `application` when there is one already."""

    lease: Lease
    scheme: ReliefScheme
    application: ReliefApplication | None = None

    @property
    def id(self) -> int:
        return self.lease.id

    @property
    def park_id(self) -> int:
        return self.lease.park_id

    @property
    def root_id(self) -> int:
        return root_of(self.lease)


def taking_applications(session: Any, *, on: date) -> list[ReliefScheme]:
    """Schemes that are open and whose window of application holds the day, the newest rent first."""
    s = ReliefScheme
    until = or_(s.apply_to.is_(None), s.apply_to >= on)
    return list(session.scalars(select(s).where(s.state == "open", s.apply_from <= on, until).order_by(s.covers_from.desc(), s.id)))


def root_of(lease: Lease) -> int:
    """The first version's id."""
    return lease.root_id or lease.id


def window(scheme: ReliefScheme) -> tuple[date, date]:
    """First and last day of the months whose rent may be relieved."""
    return scheme.covers_from.replace(day=1), add_months(scheme.covers_to.replace(day=1), 1) - (date(2000, 1, 2) - date(2000, 1, 1))


def terms(scheme: ReliefScheme) -> calc.Terms:
    """What the scheme grants, exactly."""
    return calc.Terms(scheme.months, scheme.months_listed, Fraction(scheme.rate), scheme.then_months or 0,
                      Fraction(scheme.then_rate or 0), scheme.pro_rata)


def candidates(session: Any, scheme: ReliefScheme, *, on: date) -> list[Lease]:
    """The newest signed version, per lineage and firm, that runs in the scheme's months and has begun by `on`."""
    first, last = window(scheme)
    query = (select(Lease)
             .where(Lease.park_id == scheme.park_id, Lease.state.in_(SIGNED), Lease.starts_on <= min(last, on), _until() >= first)
             .distinct(ROOT, Lease.firm_id).order_by(ROOT, Lease.firm_id, Lease.revision.desc()))
    return sorted(session.scalars(query), key=lambda lease: lease.id)


def _until() -> Any:
    """The last day a version holds."""
    agreed = func.coalesce(Lease.ends_on, FOREVER)
    return func.coalesce(Lease.ended_on, agreed)


def spans(session: Any, cases: Sequence[ReliefCase]) -> dict[int, list[tuple[date, date]]]:
    """Lease id -> days under signed versions of its lineage and firm."""
    keys = {(c.root_id, c.lease.firm_id): [] for c in cases}
    rows = session.execute(select(ROOT, Lease.firm_id, Lease.starts_on, _until()).where(
        ROOT.in_([root for root, _firm in keys]), Lease.state.in_(SIGNED)))
    for root, firm_id, start, end in rows:
        if (root, firm_id) in keys:
            keys[root, firm_id].append((start, end))
    return {c.id: keys[c.root_id, c.lease.firm_id] for c in cases}


def rents(session: Any, cases: Sequence[ReliefCase]) -> dict[int, list[calc.RentMonth] | None]:
    """Lease id -> months of the scheme's window with rent, in order; None when no schedule was ever written.

    Rent is what was charged for an instalment, else what the schedule says; with base `payable` after discounts."""
    if not cases:
        return {}
    found = _dues(session, cases)
    out: dict[int, list[calc.RentMonth] | None] = {}
    for case in cases:
        rows = found.get((case.root_id, case.lease.firm_id))
        if rows is None:
            out[case.id] = None
            continue
        first, last = window(case.scheme)
        counted = [d for kind, d in rows if case.scheme.rent_base == "payable" or kind in ("charge", "credit")]
        payable = calc.rent_by_month([d for _kind, d in rows]) if case.scheme.rent_base == "contract" else None
        months = [m for m in calc.rent_by_month(counted).values() if first <= m.month <= last]
        out[case.id] = [m if payable is None else _capped(m, payable) for m in months if payable is None or m.month in payable]
    return out


def _capped(month: calc.RentMonth, payable: dict[date, calc.RentMonth]) -> calc.RentMonth:
    """Relief never exceeds what is payable, whatever the base."""
    return calc.RentMonth(month.month, month.start, month.end, min(month.rent, payable[month.month].rent))


def _dues(session: Any, cases: Sequence[ReliefCase]) -> dict[tuple[int, int], list[tuple[str, calc.Due]]]:
    charged = (select(func.sum(Charge.gross))
               .where(Charge.source == SOURCE, Charge.source_id == LeaseDue.id, Charge.firm_id == Lease.firm_id, Charge.kind != "relief")
               .correlate(LeaseDue, Lease).scalar_subquery())
    amount = func.coalesce(charged, LeaseDue.amount)  # asked for per instalment: a sum over the whole park's lines took 7 ms a case
    query = (select(ROOT, Lease.firm_id, LeaseDue.kind, LeaseDue.period_from, LeaseDue.period_to, amount, Lease.ended_on)
             .join(Lease, Lease.id == LeaseDue.lease_id).join(LeaseLine, LeaseLine.id == LeaseDue.line_id)
             .join(ChargeItem, and_(ChargeItem.id == LeaseLine.item_id, ChargeItem.rent))
             .where(ROOT.in_({c.root_id for c in cases}), Lease.state.in_(SIGNED),
                    or_(Lease.ended_on.is_(None), LeaseDue.period_from <= Lease.ended_on))
             .order_by(LeaseDue.period_from, LeaseDue.id))
    out: dict[tuple[int, int], list[tuple[str, calc.Due]]] = defaultdict(list)
    for root, firm_id, kind, start, end, money, _ended in session.execute(query):
        out[root, firm_id].append((kind, calc.Due(start, end, money)))
    return dict(out)


@dataclass
class MonthLines:
    """The rent of one month of an application: when it was due, its charge lines, and those bills that are posted."""

    due_on: date
    charges: list[int]
    unposted: bool
    bills: list[tuple[int, Decimal]]  # (posted bill, its open amount)


def rent_lines(session: Any, app: ReliefApplication) -> dict[date, MonthLines]:
    """Month -> its rent lines: what decides between a line on the coming bill and a credit note."""
    query = (select(ReliefMonth.month, LeaseDue.due_on, Charge.id, Bill.id, Bill.state, Bill.gross - Bill.settled)
             .join(Lease, ROOT == ReliefMonth.root_id)
             .join(LeaseDue, and_(LeaseDue.lease_id == Lease.id, LeaseDue.period_from <= ReliefMonth.period_to,
                                  LeaseDue.period_to >= ReliefMonth.period_from, LeaseDue.kind == "charge"))
             .join(LeaseLine, LeaseLine.id == LeaseDue.line_id).join(ChargeItem, and_(ChargeItem.id == LeaseLine.item_id, ChargeItem.rent))
             .outerjoin(Charge, and_(Charge.source == SOURCE, Charge.source_id == LeaseDue.id, Charge.firm_id == app.firm_id))
             .outerjoin(Bill, Bill.id == Charge.bill_id)
             .where(ReliefMonth.application_id == app.id, Lease.firm_id == app.firm_id, Lease.state.in_(SIGNED))
             .order_by(ReliefMonth.month, Charge.id))
    out: dict[date, MonthLines] = {}
    for month, due_on, charge_id, bill_id, state, left in session.execute(query):
        found = out.setdefault(month, MonthLines(due_on, [], False, []))
        found.due_on = min(found.due_on, due_on)
        if charge_id is not None:
            found.charges.append(charge_id)
        if state in (None, "draft"):
            found.unposted = True
        elif all(bill_id != b for b, _left in found.bills):
            found.bills.append((bill_id, left))
    return out


def taken(session: Any, cases: Sequence[ReliefCase]) -> dict[int, dict[date, str]]:
    """Lease id -> month -> number of the other application that relieves it."""
    rows = session.execute(select(ReliefMonth.root_id, ReliefMonth.month, ReliefApplication.id, ReliefApplication.number)
                           .join(ReliefApplication, ReliefApplication.id == ReliefMonth.application_id)
                           .where(ReliefMonth.live, ReliefMonth.root_id.in_({c.root_id for c in cases}))).all()
    out: dict[int, dict[date, str]] = {c.id: {} for c in cases}
    for case in cases:
        own = case.application.id if case.application is not None else None
        out[case.id] = {m: number for root, m, app_id, number in rows if root == case.root_id and app_id != own}
    return out


def buildings(session: Any, lease_ids: Iterable[int]) -> dict[int, list[Building]]:
    """The buildings each lease has units in."""
    out: dict[int, list[Building]] = defaultdict(list)
    query = (select(LeaseUnit.lease_id, Building).join(Unit, Unit.id == LeaseUnit.unit_id).join(Building, Building.id == Unit.building_id)
             .where(LeaseUnit.lease_id.in_(list(lease_ids))).order_by(Building.id).distinct())
    for lease_id, building in session.execute(query):
        out[lease_id].append(building)
    return dict(out)


def listed(session: Any, cases: Sequence[ReliefCase], *, on: date) -> dict[int, RiskListing | None]:
    """Lease id -> the listing of its region in the scheme's year that is known on `on`, or None."""
    if not cases:
        return {}
    found, where = list(session.scalars(select(RiskListing).order_by(RiskListing.listed_on))), buildings(session, [c.id for c in cases])
    out: dict[int, RiskListing | None] = {}
    for case in cases:
        first, last = date(case.scheme.covers_from.year, 1, 1), date(case.scheme.covers_to.year, 12, 31)
        regions = [b.region for b in where.get(case.id, []) if b.region]
        out[case.id] = next((r for r in found if r.park_id == case.park_id and first <= r.listed_on <= min(last, on)
                             and any(region.startswith(r.region) for region in regions)), None)
    return out


def sizes(session: Any, firms: Iterable[Any], on: date) -> dict[int, tuple[tenants_calc.Size, Any]]:
    """Firm id -> size class by the 2011 table on the newest annual statement known on `on`, and that statement."""
    firms = {f.id: f for f in firms}
    latest = fact_queries.latest_statement(session, list(firms), on)
    return {i: (tenants_calc.size_class(f.industry, staff=getattr(latest.get(i), "staff_total", None),
                                        revenue=getattr(latest.get(i), "revenue", None),
                                        assets=getattr(latest.get(i), "total_assets", None)), latest.get(i)) for i, f in firms.items()}


def passed_on(session: Any, application_ids: Iterable[int]) -> dict[int, tuple[Decimal, int, int]]:
    """Application id -> (amount proven to have been passed on, sub-tenants, of them without proof)."""
    proven = func.coalesce(func.sum(ReliefSubtenant.amount).filter(ReliefSubtenant.proven_on.is_not(None)), 0)
    without = func.count().filter(ReliefSubtenant.proven_on.is_(None))
    rows = session.execute(select(ReliefSubtenant.application_id, proven, func.count(), without)
                           .where(ReliefSubtenant.application_id.in_(list(application_ids))).group_by(ReliefSubtenant.application_id))
    return {i: (amount, n, open_ones) for i, amount, n, open_ones in rows}
