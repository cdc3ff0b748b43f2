"""Builders for the tests of leases: drafts, signed leases, charges, settlements."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from core_help import incubatee
from space_help import unit
from sqlalchemy import select

import modules.billing
from modules.billing.models.charge import Charge
from modules.billing.services.reference import load_file
from modules.leasing.models.lease import Lease, LeaseDue
from modules.leasing.services import collecting, leases
from modules.leasing.states import LEASE
from parkops import approval, attachments
from parkops.db.session import scope_of

DATA = Path(modules.billing.__file__).parent / "data"
START, END = date(2026, 1, 1), date(2026, 12, 31)


def reference(s: Any) -> None:
    """Accounts, charge items and VAT rates as `parkops upgrade` loads them."""
    for name in ("accounts", "items", "vat"):
        load_file(s, DATA / f"{name}.yaml")


def rent(price: Any = "30", **values: Any) -> dict[str, Any]:
    """A rent line per ㎡ and month."""
    return {"item": "rent", "basis": "sqm_month", "price": Decimal(str(price)), **values}


def draft(
    s: Any, *lines: dict[str, Any], units: Any = None, firm: Any = None, starts: date = START, ends: date | None = END, **values: Any
) -> Lease:
    """A draft over one unit of 100 ㎡ with a rent line of 30 yuan."""
    reference(s)
    firm = firm or incubatee(s)
    return leases.create_lease(
        s, firm_id=firm.id, starts_on=starts, ends_on=ends, units=[u.id for u in units or [unit(s)]], lines=lines or [rent()], **values
    )


def paper(s: Any, lease: Lease) -> None:
    """The signed document."""
    attachments.attach(s, lease, io.BytesIO(b"%PDF-1.4 signed " + str(lease).encode()), "signed.pdf", kind="signed")


def approve(s: Any, lease: Lease, on: date | None = None) -> Lease:
    """Submit and let the database's approval stand as given (the vote itself has its own test)."""
    leases.submit_lease(s, lease, on=on or lease.starts_on)
    request = leases.open_request(s, lease)
    request.state, request.decided_at = "approved", approval.now()
    s.flush()
    LEASE.move(s, lease, "approve", on=on or lease.starts_on)
    return lease


def sign(s: Any, lease: Lease, on: date | None = None) -> Lease:
    """Submit, approve, attach, sign."""
    approve(s, lease, on)
    paper(s, lease)
    return leases.sign_lease(s, lease, on=on or lease.starts_on)


def signed(s: Any, *lines: dict[str, Any], **values: Any) -> Lease:
    """A running lease."""
    return sign(s, draft(s, *lines, **values))


def collect(s: Any, park_id: int, month: date) -> int:
    """What the monthly run charges of leases."""
    from modules.billing.services import charges

    return charges.add_charges(s, park_id, collecting.demands(park_id, month))


def dues(s: Any, lease: Lease, kind: str | None = None) -> list[tuple[date, date, Decimal]]:
    """(from, to, amount) of a lease's due rows."""
    query = select(LeaseDue.period_from, LeaseDue.period_to, LeaseDue.amount).where(LeaseDue.lease_id == lease.id)
    return [
        tuple(r)
        for r in s.execute((query if kind is None else query.where(LeaseDue.kind == kind)).order_by(LeaseDue.period_from, LeaseDue.id))
    ]


def charged(s: Any, lease: Lease) -> dict[str, Decimal]:
    """Key → gross of the lease's charges (split lines added up)."""
    ids = select(LeaseDue.id).where(LeaseDue.lease_id == lease.id)
    out: dict[str, Decimal] = {}
    for key, gross in s.execute(select(Charge.key, Charge.gross).where(Charge.source == "leasing.lease_due", Charge.source_id.in_(ids))):
        out[key.partition("#")[0]] = out.get(key.partition("#")[0], Decimal(0)) + gross
    return out


def me(s: Any) -> Any:
    return scope_of(s).user_id
