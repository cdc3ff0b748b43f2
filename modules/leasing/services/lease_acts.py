"""Sub-letting (718), sale of a building (725, 726): records with the days the Civil Code counts. Rules C-95 to C-97."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l

from ..models.lease import Lease, LeaseUnit
from ..models.lease_law import BuildingSale, LeaseSublet, SaleNotice
from ..models.space import Unit
from .law import OCCUPYING


def record_sublet(
    session: Any,
    *,
    lease_id: int,
    occupant: str,
    known_on: date,
    area: Decimal | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    note: str | None = None,
) -> LeaseSublet:
    """C-95: the park was asked, or learned of a sub-letting on `known_on`; six months of silence count as consent (718)."""

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        lease = session.get(Lease, values["lease_id"])
        if lease.ends_on is not None and values.get("ends_on") is not None and values["ends_on"] > lease.ends_on:
            problems.add("leasing.C-95", _l("A sub-letting does not last longer than the lease (Civil Code 717)."), "ends_on")

    row = records.create(
        session,
        LeaseSublet,
        {
            "lease_id": lease_id,
            "occupant": occupant,
            "known_on": known_on,
            "area": area,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "note": note,
        },
        check,
    )
    session.get(Lease, lease_id).sublet = True
    session.flush()
    return row


def answer_sublet(session: Any, row: LeaseSublet, *, answer: str, on: date) -> LeaseSublet:
    """The park agrees or refuses."""
    return records.change(session, row, {"answer": answer, "answered_on": on if answer != "open" else None})


def announce_sale(
    session: Any, *, building_id: int, announced_on: date, buyer: str | None = None, price: Decimal | None = None, note: str | None = None
) -> BuildingSale:
    """C-96: a building is to be sold: every running lease in it gets its notice (726). The leases go on (725)."""
    sale = records.create(
        session, BuildingSale, {"building_id": building_id, "announced_on": announced_on, "buyer": buyer, "price": price, "note": note}
    )
    leases = session.scalars(
        select(Lease.id)
        .join(LeaseUnit, LeaseUnit.lease_id == Lease.id)
        .join(Unit, Unit.id == LeaseUnit.unit_id)
        .where(Unit.building_id == building_id, Lease.state.in_(OCCUPYING), LeaseUnit.during.contains(announced_on))
        .distinct()
        .order_by(Lease.id)
    )
    for lease_id in leases:
        session.add(SaleNotice(park_id=sale.park_id, sale_id=sale.id, lease_id=lease_id, notified_on=announced_on))
    session.flush()
    return sale


def answer_notice(session: Any, row: SaleNotice, *, answer: str, on: date) -> SaleNotice:
    """The tenant buys or does not; after fifteen days without answer the right is waived."""
    from .law import notice_answer

    if answer == "buys" and notice_answer(row.notified_on, "open", on) == "silent":
        raise RuleError(
            [
                Problem(
                    "leasing.C-96", _l("Fifteen days passed without answer: the right to buy first is waived (Civil Code 726)."), "answer"
                )
            ]
        )
    return records.change(session, row, {"answer": answer, "answered_on": on if answer != "open" else None})


def complete_sale(session: Any, sale: BuildingSale, *, on: date) -> str:
    """C-97: sold on `on`; not while a tenant who may still answer has not."""
    from .law import notice_answer

    waiting = [
        n
        for n in session.scalars(select(SaleNotice).where(SaleNotice.sale_id == sale.id))
        if notice_answer(n.notified_on, n.answer, on) in ("open", "buys")
    ]
    if waiting:
        raise RuleError(
            [Problem("leasing.C-97", _l("%(n)s tenants want to buy or may still answer; wait for them first.", n=len(waiting)))]
        )
    records.change(session, sale, {"sold_on": on})
    return _("Sold. The leases go on with the new owner (Civil Code 725).")
