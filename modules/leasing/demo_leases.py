"""Demo, second part: the months from the first lease to today. Leases are signed, renewed and ended, bills run, firms pay."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Integer, String, and_, case, cast, func, literal, or_, select

from modules.billing.models.bill import Bill, BillRun
from modules.billing.models.deposit import Deposit
from modules.billing.models.receipt import BankAccount
from modules.billing.models.refund import Refund
from modules.billing.services import deposits, receipts_bulk, refunds, runs
from parkops import attachments
from parkops.clock import add_months

from . import demo_data as data
from .models.lease import Lease, LeaseLine, LeaseUnit
from .models.settlement import Settlement, SettlementCheck
from .models.space import Unit
from .services import expiry, leases, relief_posting, renewals, settlements, terminations, turnover
from .services.law import OCCUPYING

DAY = timedelta(days=1)
SCAN = b"%PDF-1.4\n% scan of the signed contract (demo)\n%%EOF\n"


class Timeline:
    """Carries the stays through the months; each month in a few transactions, in the names of those who do the work."""

    def __init__(self, scope: Callable[[str], Any], stays: list[data.Tenancy], unit_ids: dict[tuple[str, str], int], today: date) -> None:
        self.scope, self.stays, self.unit_ids, self.today = scope, stays, unit_ids, today
        self.places = {p.code: p for p in data.PLACES}

    def month(self, month: date) -> None:
        """Everything that happens in a month."""
        last = min(data.month_end(month), self.today)
        self._settle(self._end(month), month + timedelta(days=4))
        with self.scope("operations_manager") as s:
            expiry.pass_ends(s, on=month)  # who stayed without a new contract holds over, and is billed
        self._begin(month)
        self._renew(month)
        self._report(month)
        self._bill(month)
        self._pay(month, last)

    def _begin(self, month: date) -> None:
        new = [t for t in self.stays if t.starts == month]
        with self.scope("operations_clerk") as s:
            for stay in new:
                lease = self._draft(s, stay)
                stay.versions.append(lease.id)
        self._decide([t.versions[-1] for t in new], month - timedelta(days=6))
        self._deposits([t.versions[-1] for t in new], min(month + timedelta(days=2), self.today))

    def _draft(self, session: Any, stay: data.Tenancy) -> Lease:
        place, until = self.places[stay.place], self._term(stay, stay.starts, stay.terms[0])
        lines = [self._rent(stay, place, until)]
        if place.fee:
            lines.append({"item": "property_fee", "basis": "sqm_month", "price": Decimal(place.fee), "cycle_months": 3})
        if stay.turnover:
            lines.append({"item": "turnover_rent", "basis": "turnover", "turnover_rate": Decimal("0.06"), "cycle_months": 1})
        return leases.create_lease(
            session, firm_id=stay.firm_id, starts_on=stay.starts, ends_on=until, units=[self.unit_ids[stay.place, stay.unit or ""]], lines=lines,
            tax_included=True, due_day=5, purpose="餐饮商铺" if place.kind == "shop" else "研发办公", late_fee_rate=Decimal("0.0005"),
            deposit_amount=None if stay.team else Decimal(stay.area * place.price * 2))

    def _rent(self, stay: data.Tenancy, place: data.Place, until: date) -> dict[str, Any]:
        rent: dict[str, Any] = {"item": "rent", "basis": "sqm_month", "price": Decimal(place.price), "cycle_months": 1 if stay.team else 3}
        year = min(add_months(stay.starts, 12) - DAY, until)
        if stay.team:
            rent["discounts"] = [{"starts_on": stay.starts, "ends_on": year, "percent": Decimal(1), "reason": "创业团队首年免租"}]
        elif place.code.startswith("INC"):
            rent["discounts"] = [{"starts_on": stay.starts, "ends_on": year, "percent": Decimal("0.5"), "reason": "在孵企业首年减半"}]
        elif place.kind == "shop" and stay.starts > date(2020, 6, 1):
            rent["steps"] = [(add_months(stay.starts, 24), Decimal(place.price + 5))] if add_months(stay.starts, 24) < until else []
        return rent

    def _term(self, stay: data.Tenancy, starts: date, months: int) -> date:
        """The last day of a contract: its term, or the day the firm leaves when that comes before or soon after."""
        until = add_months(starts, months) - DAY
        return stay.ends if stay.ends and stay.ends <= add_months(until, 3) else until

    def _decide(self, ids: list[int], on: date) -> None:
        """Submitted by the clerk, approved and signed by the manager (leadership too where two must approve)."""
        on = max(on, data.FIRST - timedelta(days=20))
        if not ids:
            return
        with self.scope("operations_clerk") as s:
            for lease_id in ids:
                leases.submit_lease(s, s.get(Lease, lease_id), on=on)
        for role in ("operations_manager", "leadership", "finance"):
            with self.scope(role) as s:
                for lease_id in ids:
                    if (lease := s.get(Lease, lease_id)).state == "submitted":
                        leases.approve_lease(s, lease, on=on)
        with self.scope("operations_manager") as s:
            for lease_id in ids:
                lease = s.get(Lease, lease_id)
                attachments.attach(s, lease, io.BytesIO(SCAN), f"{lease.number}.pdf", kind="signed")
                leases.sign_lease(s, lease, on=min(lease.starts_on, self.today) if lease.revision == 1 else on)

    def _renew(self, month: date) -> None:
        """Contracts that end with the next month are renewed in this one; the version before runs out."""
        ends = data.month_end(add_months(month, 1))
        with self.scope("operations_clerk") as s:
            rows = {r.id: r for r in s.scalars(select(Lease).where(Lease.state == "running", Lease.ends_on == ends))}
            made = []
            for stay in self.stays:
                old = rows.get(stay.versions[-1]) if stay.versions else None
                if old is not None and (stay.ends is None or stay.ends > ends) and add_months(ends, 2) < self.today:
                    until = self._term(stay, ends + DAY, stay.terms[1])
                    months = (until.year - ends.year) * 12 + until.month - ends.month
                    new = renewals.make_renewal(s, old, months=months)
                    stay.versions.append(new.id)
                    made.append(new.id)
        self._decide(made, month + timedelta(days=19))

    def _end(self, month: date) -> list[int]:
        """Contracts that ended with the month before: replaced by their renewal, or handed back (their ids)."""
        last, ended = month - DAY, []
        with self.scope("operations_manager") as s:
            rows = {r.id: r for r in s.scalars(select(Lease).where(Lease.state == "running", Lease.ends_on == last))}
            for stay in self.stays:
                for n, lease_id in enumerate(stay.versions):
                    if (lease := rows.get(lease_id)) is None:
                        continue
                    if n + 1 < len(stay.versions):
                        leases.replace_lease(s, lease, on=last)
                    elif stay.ends == last:
                        terminations.end_lease(s, lease, on=last)
                        ended.append(lease_id)
        return ended

    def _settle(self, ids: list[int], on: date) -> None:
        """The settlement of those who left: worked out, approved, posted; the checklist frees the units; refunds are paid."""
        if not ids or on > self.today:
            return
        with self.scope("operations_clerk") as s:
            rows = [settlements.of_lease(s, s.get(Lease, i)) for i in ids]
            for row in rows:
                checks = s.scalars(select(SettlementCheck).where(SettlementCheck.settlement_id == row.id).order_by(SettlementCheck.position)).all()
                settlements.do_checks(s, list(checks)[:-1], on=on)
                settlements.work_out(s, row, on=on)
                settlements.submit_settlement(s, row, on=on)
            sheets = [row.id for row in rows]
        for role in ("operations_manager", "leadership"):
            with self.scope(role) as s:
                for row in s.scalars(select(Settlement).where(Settlement.id.in_(sheets), Settlement.state == "submitted")):
                    settlements.approve_settlement(s, row, on=on)
        with self.scope("finance") as s:
            for row in s.scalars(select(Settlement).where(Settlement.id.in_(sheets))):
                settlements.post_settlement(s, row, on=on)
        self._refund(on)

    def _refund(self, on: date) -> None:
        """What settlements asked back is approved by another person and paid."""
        with self.scope("operations_manager") as s:
            for row in s.scalars(select(Refund).where(Refund.state == "requested")):
                refunds.approve_refund(s, row)
        with self.scope("finance") as s:
            bank = s.scalar(select(BankAccount.id).order_by(BankAccount.id).limit(1))
            for row in s.scalars(select(Refund).where(Refund.state == "approved")):
                refunds.pay_refund(s, row, on=on, bank_account_id=bank)

    def _deposits(self, lease_ids: list[int], on: date) -> None:
        """The pledged deposits of new contracts arrive."""
        with self.scope("finance") as s:
            bank = s.scalar(select(BankAccount.id).order_by(BankAccount.id).limit(1))
            for row in s.scalars(select(Deposit).where(Deposit.source == "leasing.lease", Deposit.source_id.in_(lease_ids), Deposit.held == 0)):
                deposits.receive_deposit(s, row, amount=row.agreed, on=on, bank_account_id=bank)

    def _report(self, month: date) -> None:
        """Merchants with a share of turnover report the month before, since 2024; one has not yet when today's run begins."""
        before = add_months(month, -1)
        if month < data.REPORTED_FROM:
            return
        with self.scope("operations_clerk") as s:
            rows = s.execute(
                select(LeaseLine.id, func.sum(Unit.lettable_area)).join(Lease, Lease.id == LeaseLine.lease_id)
                .join(LeaseUnit, LeaseUnit.lease_id == Lease.id).join(Unit, Unit.id == LeaseUnit.unit_id)
                .where(LeaseLine.basis == "turnover", Lease.starts_on <= before,
                       or_(Lease.state.in_(OCCUPYING), and_(Lease.state == "replaced", Lease.ended_on >= before)))
                .group_by(LeaseLine.id).order_by(LeaseLine.id)).all()
            late = month == self.today.replace(day=1)
            for n, (line_id, area) in enumerate(rows[:-1] if late else rows):
                swing = (13 * before.month + 7 * n + before.year) % 41 - 20  # per cent around 500 yuan a square metre
                turnover.enter_turnover(s, line_id=line_id, month=before, amount=area * (500 + 5 * swing), reported_on=month)

    def _bill(self, month: date) -> None:
        with self.scope("finance") as s:
            run = runs.generate(s, month=month, issued_on=month)
            run_id = run.id
        left = 1
        while left:
            with self.scope("finance") as s:
                run = s.get(BillRun, run_id)
                left = runs.post_next(s, run) if run.state in ("drafted", "posting") else 0

    def _pay(self, month: date, last: date) -> None:
        """Most pay within the month; one in eight a month and a half late; one in thirty has stopped paying since last winter."""
        stopped = date(self.today.year - 1, 11, 1)
        with self.scope("finance") as s:
            relief_posting.use_deductions(s, on=last, park_id=s.info["scope"].park_id)
            bank = s.scalar(select(BankAccount.id).order_by(BankAccount.id).limit(1))
            late = Bill.firm_id % 8 == 3
            never = and_(Bill.firm_id % 30 == 7, Bill.issued_on >= stopped)
            due = case((late, Bill.due_on + 45), else_=Bill.due_on + cast(Bill.firm_id % 6, Integer))
            chosen = receipts_bulk.payable(select(Bill.id).where(
                Bill.park_id == s.info["scope"].park_id, Bill.state == "posted", Bill.kind == "bill", Bill.settled < Bill.gross,
                or_(due <= last, Bill.due_on < add_months(month, -3)), ~never)).subquery()
            receipts_bulk.receive_many(s, park_id=s.info["scope"].park_id, payments=select(
                chosen.c.bill_id, chosen.c.firm_id, chosen.c.amount, cast(literal(last), Date).label("received_on"),
                cast(bank, BigInteger).label("bank_account_id"), cast(literal("网银转账"), String).label("reference")))
