"""Tables of a scheme and period: who got how much by which document (统计表), how far each case is (进度表), and the tie-out of
lines, ledger and indicator. One reader for the report and the audit pack, so that they cannot differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, and_, func, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.catalogue import Account
from modules.billing.models.charge import Charge
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from parkops.clock import Period
from parkops.kpi import engine
from parkops.kpi.catalogue import all_kpis
from parkops.kpi.registry import Window
from parkops.money import yuan

from ..models.relief import ReliefScheme
from ..models.relief_case import ReliefApplication, ReliefMonth
from .relief_posting import SOURCE


@dataclass(frozen=True)
class ReliefLine:
    """One relief line on a posted document."""

    application: ReliefApplication
    month: date
    document: str
    issued_on: date
    entry: str
    charge_id: int
    net: Decimal
    vat: Decimal
    amount: Decimal  # relief is above zero, a claw-back below


@dataclass
class Tie:
    """The same sum by three roads, in yuan; `kpi` and `ledger` are of all schemes, as are the lines they are compared with."""

    lines: Decimal
    vat: Decimal
    ledger: Decimal
    kpi: Decimal

    @property
    def ties(self) -> bool:
        return self.lines == self.ledger == self.kpi


@dataclass
class Statistics:
    """What one tenant got from one landlord."""

    landlord: str
    tenant: str
    credit_code: str | None
    leases: set[str] = field(default_factory=set)
    months: int = 0
    exempt: Decimal = Decimal("0.00")
    deduct: Decimal = Decimal("0.00")
    refund: Decimal = Decimal("0.00")

    @property
    def total(self) -> Decimal:
        return self.exempt + self.deduct + self.refund


def lines(session: Any, park_id: int, start: date, end: date, *, scheme: ReliefScheme | None = None) -> list[ReliefLine]:
    """Relief lines of documents issued in `[start, end)`, in order of issue."""
    query = (
        select(
            ReliefApplication,
            ReliefMonth.month,
            Bill.number,
            Bill.issued_on,
            LedgerEntry.number,
            Charge.id,
            Charge.net,
            Charge.vat,
            Charge.gross,
        )
        .join(ReliefMonth, ReliefMonth.application_id == ReliefApplication.id)
        .join(Charge, and_(Charge.source == SOURCE, Charge.source_id == ReliefMonth.id, Charge.kind == "relief"))
        .join(Bill, Bill.id == Charge.bill_id)
        .join(LedgerEntry, LedgerEntry.id == Bill.entry_id)
        .where(ReliefApplication.park_id == park_id, Bill.state != "draft", Bill.issued_on >= start, Bill.issued_on < end)
        .order_by(Bill.issued_on, Bill.id, Charge.id)
    )
    query = query.where(ReliefApplication.scheme_id == scheme.id) if scheme is not None else query
    return [
        ReliefLine(app, month, number, on, entry, cid, -net, -vat, -gross)
        for app, month, number, on, entry, cid, net, vat, gross in session.execute(query)
    ]


def statistics(found: list[ReliefLine]) -> list[Statistics]:
    """减免统计表: landlord × tenant, by method, gross; a claw-back is taken off."""
    out: dict[tuple[str, int], Statistics] = {}
    for line in found:
        app = line.application
        row = out.setdefault((app.landlord or "", app.firm_id), Statistics(app.landlord or "—", app.firm.name, app.credit_code))
        row.leases.add(str(app.lease))
        row.months += (line.amount > 0) - (line.amount < 0)
        setattr(row, app.method, getattr(row, app.method) + line.amount)
    return sorted(out.values(), key=lambda r: (r.landlord, r.tenant))


def progress(session: Any, scheme: ReliefScheme, end: date) -> list[ReliefApplication]:
    """进度表: every application of the scheme made before `end`, in order of number."""
    return list(
        session.scalars(
            select(ReliefApplication)
            .where(ReliefApplication.scheme_id == scheme.id, ReliefApplication.applied_on < end)
            .order_by(ReliefApplication.number)
        )
    )


def tie(session: Any, park_id: int, period: Period, *, today: date) -> Tie:
    """Lines of posted documents = relief accounts of the ledger + the VAT on those lines = the indicator, to the fen."""
    found = lines(session, park_id, period.start, period.end)
    net = func.sum(type_coerce(LedgerLine.debit, BigInteger) - type_coerce(LedgerLine.credit, BigInteger))
    booked = session.scalar(
        select(net)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .join(Account, Account.id == LedgerLine.account_id)
        .where(
            LedgerEntry.park_id == park_id,
            Account.role.in_(("relief", "relief_exempt")),
            LedgerEntry.entry_date >= period.start,
            LedgerEntry.entry_date < period.end,
        )
    )
    vat = sum((line.vat for line in found), Decimal("0.00"))
    kpis = all_kpis()
    granted = engine.measured_now(session, kpis["leasing.relief_granted"], Window(period, today), park_id).numerator or 0
    back = sum((line.amount for line in found if line.amount < 0), Decimal("0.00"))
    return Tie(sum((line.amount for line in found), Decimal("0.00")), vat, yuan(int(booked or 0)) + vat, yuan(int(granted)) + back)
