"""Transfer of a lease to another firm: both sign, the deposits go with it. Rules C-16, C-33."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.lease import Lease
from . import versions


def transfer_lease(session: Any, lease: Lease, *, firm_id: int, starts_on: date, reason: str | None = None) -> tuple[str, str]:
    """The draft of the lease with the new firm, from `starts_on`."""
    new = make_transfer(session, lease, firm_id=firm_id, starts_on=starts_on, reason=reason)
    return _("Transfer %(number)s prepared. Both firms sign it.", number=new.number), f"/leasing/lease/{new.id}"


def make_transfer(session: Any, lease: Lease, *, firm_id: int, starts_on: date, reason: str | None = None) -> Lease:
    """As `transfer_lease`, giving the draft."""
    if firm_id == lease.firm_id:
        raise RuleError([Problem("leasing.C-33", _l("Choose another firm; this one is the tenant already."), "firm_id")])
    versions.refuse_day(lease, starts_on)
    new = versions.make_version(
        session, lease, origin="transfer", starts_on=starts_on, ends_on=lease.ends_on, firm_id=firm_id, own_number=True
    )
    if reason:
        new.note = reason
    session.flush()
    return new


def why_not_other_signed(session: Any, lease: Lease) -> str | None:
    """Only a transfer is signed by two firms, before it runs."""
    if lease.origin != "transfer" or lease.signed_on is not None:
        return _("Only a transfer that is not signed yet is signed by the leaving firm.")
    return _("The leaving firm signed on %(day)s.", day=lease.other_signed_on) if lease.other_signed_on else None


def other_signed(session: Any, lease: Lease, *, on: date) -> Lease:
    """The leaving firm signed the transfer on `on`."""
    access.require(session, "leasing.lease", "change")
    if why := why_not_other_signed(session, lease):
        raise RuleError([Problem("leasing.C-16", why)])
    lease.other_signed_on = on
    session.flush()
    return lease
