"""The form of a lease: columns of the record and, for a new one, its units and first line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ..models.lease import Lease
from . import leases


def create_from_form(
    session: Any,
    *,
    firm_id: int,
    starts_on: date,
    ends_on: date | None = None,
    purpose: str | None = None,
    units: Any = None,
    rent_item_id: int | None = None,
    rent_basis: str | None = None,
    rent_price: Decimal | None = None,
    rent_cycle: int | None = None,
    rent_timing: str | None = None,
    proration: str = "actual_days",
    due_day: int = 5,
    tax_included: bool = True,
    late_fee_rate: Decimal | None = None,
    deposit_amount: Decimal | None = None,
    performance_amount: Decimal | None = None,
    earnest_amount: Decimal | None = None,
    carrier_id: int | None = None,
    sublet_allowed: bool = False,
    sublet: bool = False,
    note: str | None = None,
) -> Lease:
    """A draft with its units and, when a price is given, a first line of rent."""
    values = {k: v for k, v in locals().items() if k != "session"}
    if rent_price is not None and rent_item_id is None:
        from modules.billing.services.catalogue import by_code

        values["rent_item_id"] = by_code(session, "turnover_rent" if rent_basis == "turnover" else "rent").id
    if rent_price is None:
        values = {k: v for k, v in values.items() if not k.startswith("rent_")}
    return leases.create_lease(session, **values)


def change_from_form(
    session: Any,
    lease: Lease,
    *,
    firm_id: int,
    starts_on: date,
    ends_on: date | None = None,
    purpose: str | None = None,
    proration: str = "actual_days",
    due_day: int = 5,
    tax_included: bool = True,
    late_fee_rate: Decimal | None = None,
    deposit_amount: Decimal | None = None,
    performance_amount: Decimal | None = None,
    earnest_amount: Decimal | None = None,
    carrier_id: int | None = None,
    sublet_allowed: bool = False,
    sublet: bool = False,
    note: str | None = None,
) -> Lease:
    """Correct a draft; units and lines are edited on their own."""
    values = {k: v for k, v in locals().items() if k not in ("session", "lease")}
    return leases.change_lease(session, lease, **values)
