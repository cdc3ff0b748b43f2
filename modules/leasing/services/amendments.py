"""Amending a running lease: a new revision from a day on. Rules C-30, C-31, C-24."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops.i18n import _

from ..models.lease import Lease
from . import versions


def amend_lease(session: Any, lease: Lease, *, starts_on: date, reason: str | None = None) -> tuple[str, str]:
    """The draft of the next revision, to be changed, approved and signed. It replaces this one from `starts_on`; what is not
    charged for later days is then withdrawn, what is charged is credited."""
    new = make_amendment(session, lease, starts_on=starts_on, reason=reason)
    return _("Version %(n)s prepared. Change it, then submit it.", n=new.revision), f"/leasing/lease/{new.id}"


def make_amendment(session: Any, lease: Lease, *, starts_on: date, reason: str | None = None) -> Lease:
    """As `amend_lease`, giving the draft."""
    versions.refuse_day(lease, starts_on)
    new = versions.make_version(session, lease, origin="amendment", starts_on=starts_on, ends_on=lease.ends_on)
    if reason:
        new.note = reason
    session.flush()
    return new
