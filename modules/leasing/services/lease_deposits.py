"""Deposits a lease asks for, by kind, never mixed. They hang on the first version (`root_id`), so a renewal keeps them. Rule C-34."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.billing.models.deposit import Deposit
from parkops.errors import Problem, RuleError
from parkops.i18n import _

from ..models.lease import Lease

SOURCE = "leasing.lease"
KINDS = {"pledge": "deposit_amount", "performance": "performance_amount", "earnest": "earnest_amount"}


def deposits_of(session: Any, lease: Lease, *, everybody: bool = False) -> list[Deposit]:
    """Deposits of the lease's whole lineage, of this tenant (or of everybody who was)."""
    query = select(Deposit).where(Deposit.source == SOURCE, Deposit.source_id == (lease.root_id or lease.id)).order_by(Deposit.id)
    return list(session.scalars(query if everybody else query.where(Deposit.firm_id == lease.firm_id)))


def agree(session: Any, lease: Lease) -> list[Deposit]:
    """Note what the signed lease asks for beyond what its earlier versions asked for already."""
    from modules.billing.services import deposits

    have: dict[str, Decimal] = {}
    for row in deposits_of(session, lease):
        have[row.kind] = have.get(row.kind, Decimal(0)) + row.agreed
    new = []
    for kind, name in KINDS.items():
        wanted = getattr(lease, name) or Decimal(0)
        if wanted > have.get(kind, Decimal(0)):
            new.append(
                deposits.agree_deposit(
                    session,
                    firm_id=lease.firm_id,
                    kind=kind,
                    agreed=wanted - have.get(kind, Decimal(0)),
                    source=SOURCE,
                    source_id=lease.root_id or lease.id,
                    subject_amount=lease.total_amount if kind == "earnest" else None,
                    due_on=lease.starts_on,
                )
            )
    return new


def why_not_move(session: Any, lease: Lease) -> str | None:
    """Only where a transfer is signed and the leaving firm's deposits are still with it."""
    before = session.get(Lease, lease.previous_id) if lease.previous_id else None
    if lease.origin != "transfer" or before is None or lease.signed_on is None:
        return _("Only a signed transfer takes deposits over.")
    held = any(d.held > 0 and d.kind != "earnest" for d in deposits_of(session, before))
    return None if held else _("No deposit of the leaving firm is left to move.")


def take_over(session: Any, lease: Lease, *, on: date) -> str:
    """The button of finance on a signed transfer."""
    if why := why_not_move(session, lease):
        raise RuleError([Problem("leasing.C-33", why)])
    return _("%(n)s deposits moved.", n=move_to(session, session.get(Lease, lease.previous_id), lease, on=on))


def move_to(session: Any, before: Lease, lease: Lease, *, on: date) -> int:
    """C-33: a transfer takes the leaving firm's deposits over to the new firm, kind by kind, in one ledger entry each."""
    from modules.billing.services import deposits

    moved = 0
    for old in deposits_of(session, before):
        if old.held <= 0 or old.kind == "earnest":
            continue
        new = next((d for d in deposits_of(session, lease) if d.kind == old.kind and d.agreed - d.held >= old.held), None)
        if new is None:
            new = deposits.agree_deposit(
                session,
                firm_id=lease.firm_id,
                kind=old.kind,
                agreed=old.held,
                source=SOURCE,
                source_id=lease.root_id or lease.id,
                due_on=lease.starts_on,
            )
        deposits.move_deposit(session, old, to_id=new.id, amount=old.held, on=on, between_firms=True)
        moved += 1
    return moved
