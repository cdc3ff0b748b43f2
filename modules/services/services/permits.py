"""Permits of firms. Rules SV-101 to SV-103."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from parkops import records, todos
from parkops.errors import Problems
from parkops.i18n import _, _l

from .. import calc_wallet
from ..models.wallet import PERMIT_KINDS, FirmPermit
from ..states_wallet import PERMIT
from .steps import take

STANDINGS = {
    "valid": _l("Valid today"),
    "suspended": _l("Suspended"),
    "revoked": _l("Revoked by the issuer"),
    "given_up": _l("Given up"),
    "not_yet": _l("Not in force yet"),
    "expired": _l("Expired"),
}


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "valid_from", "valid_to", _l("The permit ends before it begins."))


def create_permit(session: Any, **values: Any) -> FirmPermit:
    """A permit of a firm; kind and number once per firm (SV-101)."""
    return records.create(session, FirmPermit, values, _check)


def change_permit(session: Any, row: FirmPermit, **values: Any) -> FirmPermit:
    """Correct or prolong it."""
    return records.change(session, row, values, _check)


def remove_permit(session: Any, row: FirmPermit) -> None:
    """An entry made by mistake."""
    records.remove(session, row)


def suspend_permit(session: Any, row: FirmPermit, *, reason: str, on: date) -> None:
    """From now on the code shows it as suspended."""
    take(session, PERMIT, row, "suspend", on=on, after=row.valid_from, reason=reason)


def resume_permit(session: Any, row: FirmPermit, *, on: date) -> None:
    """In force again."""
    take(session, PERMIT, row, "resume", on=on)


def revoke_permit(session: Any, row: FirmPermit, *, reason: str, on: date) -> None:
    """The authority took it away; the code shows that at once (SV-102)."""
    row.reason = reason
    take(session, PERMIT, row, "revoke", on=on, after=row.valid_from, reason=reason, ended_on=on)


def give_up_permit(session: Any, row: FirmPermit, *, reason: str, on: date) -> None:
    """The firm handed it back."""
    row.reason = reason
    take(session, PERMIT, row, "give_up", on=on, after=row.valid_from, reason=reason, ended_on=on)


def standing(row: FirmPermit, on: date) -> str:
    """Code of its standing on a day."""
    return calc_wallet.standing(row.state, row.valid_from, row.valid_to, on)


def of_firm(session: Any, firm_id: int) -> list[FirmPermit]:
    """Permits of a firm: the licence first."""
    found = session.scalars(select(FirmPermit).where(FirmPermit.firm_id == firm_id).order_by(FirmPermit.valid_from, FirmPermit.id))
    return sorted(found, key=lambda p: (p.kind != "business_licence", list(PERMIT_KINDS).index(p.kind)))


def remind_permits(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """SV-103, job: one to-do per permit 60, 30 and 7 days before its last day."""
    query = select(FirmPermit).where(
        FirmPermit.state == "valid", FirmPermit.valid_to.between(on, on + timedelta(days=max(calc_wallet.REMIND)))
    )
    known = set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like("services.permit:%"))))
    made = 0
    for row in session.scalars(query.where(FirmPermit.park_id == park_id) if park_id else query):
        key = f"services.permit:{row.id}:{row.valid_to}:{calc_wallet.reminder(row.valid_to, on)}"
        if key not in known:
            title = _("%(firm)s: %(permit)s ends on %(day)s", firm=row.firm.name, permit=str(row), day=row.valid_to)
            todos.add(session, row, title, due_on=row.valid_to, key=key)
            made += 1
    return {"made": made}
