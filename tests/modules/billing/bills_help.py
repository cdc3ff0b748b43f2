"""Builders for the tests of charge lines, bills, runs and e-invoices."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from core_help import entry, incubatee
from sqlalchemy import select
from support_help import carrier

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from modules.billing.services import bills, catalogue, charges, posting
from modules.tenants.models.firm import Firm
from parkops.approval import Approval
from parkops.clock import now
from parkops.i18n import force_locale

_n = count(1)
JAN = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def english() -> Any:
    """Sentences are compared in English, whatever the person's language."""
    with force_locale("en"):
        yield


def qualified(s: Any, since: date = JAN, **values: Any) -> Any:
    """A carrier that qualifies for the exemption from a day on."""
    found = carrier(s)
    catalogue.create_exemption(s, carrier_id=found.id, starts_on=since, basis="国家级孵化器认定", **values)
    return found


def demand(s: Any, firm: Firm, amount: str = "1090.00", item: str = "rent", **values: Any) -> dict[str, Any]:
    """A demand of January 2026 with a key of its own."""
    n = next(_n)
    return {
        "key": f"test:{n}",
        "firm_id": firm.id,
        "carrier_id": firm.carrier_id,
        "item_id": catalogue.by_code(s, item).id,
        "source": "test",
        "source_id": n,
        "period_from": JAN,
        "period_to": date(2026, 1, 31),
        "due_on": date(2026, 1, 5),
        "amount": Decimal(amount),
        **values,
    }


def charged(s: Any, firm: Firm, *amounts: str, **values: Any) -> list[Charge]:
    """Lines of a firm, added."""
    found = [demand(s, firm, a, **values) for a in amounts]
    charges.add_charges(s, firm.park_id, found)
    return list(
        s.scalars(select(Charge).where(Charge.source == "test", Charge.source_id.in_([d["source_id"] for d in found])).order_by(Charge.id))
    )


def draft(s: Any, firm: Firm, *amounts: str, on: date = JAN, **values: Any) -> Bill:
    """A draft of such lines."""
    rows = charged(s, firm, *(amounts or ("1090.00",)), **values)
    return bills.make_bill(s, firm_id=firm.id, charge_ids=[c.id for c in rows], issued_on=on, due_on=date(2026, 1, 5))


def posted(s: Any, firm: Firm, *amounts: str, on: date = JAN, **values: Any) -> Bill:
    """A posted bill."""
    bill = draft(s, firm, *amounts, on=on, **values)
    posting.post_bill(s, bill, on=on)
    return bill


def approved(s: Any, firm: Firm, state: str = "approved") -> Approval:
    """An approval beside the firm, as two people would have given it."""
    row = Approval(
        kind="test",
        resource="tenants.firm",
        record_id=firm.id,
        park_id=firm.park_id,
        title="test",
        payload={},
        needed=1,
        state=state,
        requested_by="test",
        requested_at=now(),
    )
    s.add(row)
    s.flush()
    return row


__all__ = ["approved", "charged", "demand", "draft", "english", "entry", "incubatee", "posted", "qualified"]
