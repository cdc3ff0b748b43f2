"""Extension of a loan: once, for hardship or disaster, within the scheme's months; asked by one, granted by another. Rule LN-63."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.clock import add_months
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.case import LoanCase
from ..models.money import LoanExtension
from ..states_money import EXTENSION
from . import servicing

RESOURCE = "loans.extension"
OWN = _l("Whoever asked for the extension does not grant it. Ask a colleague.")


def why_not_ask(session: Any, case: LoanCase) -> str | None:
    """Once, while it is owed."""
    if case.state not in ("running", "matured", "overdue"):
        return _("Only a loan that is paid out and owed is extended.")
    if session.scalar(select(LoanExtension.id).where(LoanExtension.case_id == case.id, LoanExtension.state != "refused")) is not None:
        return _("A loan is extended once.")
    return None if case.scheme.extension_months else _("The scheme knows no extension.")


def ask_extension(session: Any, case: LoanCase, *, new_day: date, reason: str, on: date) -> str:
    """LN-63: the bank and the fund agree to a later last day; a colleague grants the record."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if why := why_not_ask(session, case):
        problems.add("loans.LN-63", why)
    problems.stop()
    if not case.matures_on < new_day <= add_months(case.matures_on, case.scheme.extension_months):
        problems.add("loans.LN-63", _l("The new day lies after %(old)s and at most %(n)s months later.", old=case.matures_on.isoformat(),
                                       n=case.scheme.extension_months), "new_day")
    problems.stop()
    values = {"case_id": case.id, "old_day": case.matures_on, "new_day": new_day, "reason": reason, "asked_on": on,
              "asked_by_id": scope_of(session).user_id, "state": "asked"}
    records.create(session, LoanExtension, values, lambda s, v, p: records.not_future(v, p, ("asked_on",)))
    return _("Asked for; a colleague grants it.")


def why_not_grant(session: Any, row: LoanExtension) -> str | None:
    """Another person."""
    return str(OWN) if scope_of(session).user_id in (None, row.asked_by_id) else None


def grant_extension(session: Any, row: LoanExtension, *, on: date) -> LoanExtension:
    """LN-63: the loan runs to the new day; its schedule is made anew. Days of the extension bear no subsidy unless the scheme says so."""
    problems = Problems()
    if why := why_not_grant(session, row):
        problems.add("loans.LN-63", why)
    problems.stop()
    row.granted_on, row.granted_by_id = on, scope_of(session).user_id
    session.flush()
    EXTENSION.move(session, row, "grant", on=on)
    case = row.case
    case.extended_to = row.new_day
    session.flush()
    servicing.extend_case(session, case, on=on)
    servicing.rebuild(session, case)
    servicing.watch(session, [case], on=on)
    return row


def refuse_extension(session: Any, row: LoanExtension, *, reason: str) -> LoanExtension:
    """It falls due as agreed."""
    EXTENSION.move(session, row, "refuse", reason=reason)
    return row
