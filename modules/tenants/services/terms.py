"""The incubation term: how long a firm may stay by the rules in force, who runs out, and extensions.

The limit is the dated parameter `tenants.incubation_months` (300号: 48 months; 131号 from 2025-07-10: none). A park that
keeps a term of its own where the rules name none switches on `tenants.park_term`. `Firm.term_ends_on` is derived from
both and refreshed by admissions, extensions and the daily job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Date, Integer, cast, func, null, select, update

from parkops import approval, clock, settings
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.rules import parameters
from parkops.security import access

from .. import calc, errors
from ..models.firm import Firm
from ..models.stage import TermExtension

KIND = approval.ApprovalKind("tenants.extension", _l("Extension of the incubation term"), "tenants.term_extension", needed=2)
RESOURCE = "tenants.term_extension"
EXTENDABLE_FIELDS = ("biomedicine", "agriculture", "electronics")  # 300号: biomedicine, modern agriculture, integrated circuits


def limit_on(session: Any, on: date, park_id: int | None = None) -> tuple[int | None, str]:
    """Months a firm may stay by the rules of that day and where that stands; None = no limit."""
    found = parameters.find(session, "tenants.incubation_months", on)
    if found is not None and found.value is not None:
        return int(found.value), found.doc_no or ""
    if settings.get(session, "tenants.park_term", park_id=park_id):
        return int(settings.get(session, "tenants.term_months", park_id=park_id)), _("Park rule")
    return None, found.doc_no or "" if found is not None else ""


def _extended(firm_id: Any) -> Any:
    """SQL: months of the firm's approved extensions."""
    return (select(func.coalesce(func.sum(TermExtension.months), 0)).where(
        TermExtension.firm_id == firm_id, TermExtension.state == "approved").scalar_subquery())


def refresh_terms(session: Any, *, on: date | None, park_id: int | None = None, firm_ids: Sequence[int] | None = None) -> int:
    """Write `term_ends_on` of every firm in incubation for the rules in force on `on`; set-based, idempotent.

    Returns how many rows changed. A change of rules (2025-07-10) therefore shows the next morning."""
    if on is None:
        return 0
    months, _source = limit_on(session, on, park_id)
    end: Any = null()
    if months is not None:
        end = cast(Firm.incubating_since + func.make_interval(0, cast(_extended(Firm.id) + months, Integer)), Date)
    statement = update(Firm).where(Firm.state == "incubating", Firm.term_ends_on.is_distinct_from(end))
    if park_id is not None:
        statement = statement.where(Firm.park_id == park_id)
    if firm_ids is not None:
        statement = statement.where(Firm.id.in_(list(firm_ids)))
    return session.execute(statement.values(term_ends_on=end).execution_options(synchronize_session=False)).rowcount


def term_of(session: Any, firm: Firm, on: date) -> calc.Term | None:
    """The term clock of a firm on a day; None when it is not in incubation on record."""
    if firm.incubating_since is None or on < firm.incubating_since:
        return None
    months, _source = limit_on(session, on, firm.park_id)
    extension = session.scalar(select(_extended(firm.id))) or 0
    until = min(on, firm.graduated_on or on, firm.moved_out_on or on)
    return calc.term(firm.incubating_since, until, calc.term_end(firm.incubating_since, months, int(extension)))


def expiring_firms(session: Any, *, on: date, days: int) -> list[Firm]:
    """Firms in incubation whose term ends within `days` after `on`, or has ended; the most urgent first."""
    return list(session.scalars(select(Firm).where(
        Firm.state == "incubating", Firm.term_ends_on.is_not(None), Firm.term_ends_on <= on + timedelta(days=days))
        .order_by(Firm.term_ends_on, Firm.id)))


def why_not_extend(session: Any, firm: Firm) -> str | None:
    """T-21: only a firm in incubation with a term, and one request at a time."""
    if firm.state != "incubating":
        return _("Only a firm in incubation has a term to extend.")
    if firm.term_ends_on is None:
        return _("No incubation term applies to this firm, so there is nothing to extend.")
    if session.scalar(select(TermExtension.id).where(TermExtension.firm_id == firm.id, TermExtension.state == "requested")):
        return _("An extension is already waiting for approval.")
    return None


def request_extension(session: Any, firm: Firm, *, months: int, reason: str, on: date) -> TermExtension:
    """Ask for a longer term; two different people approve it (`tenants.extension`), nobody their own request.

    T-22: under 300号 only biomedicine, modern agriculture and integrated circuits may be extended; a park's own term may be
    extended for any firm. At most `tenants.extension_months_max` at a time."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    errors.not_future(problems, "on", on)
    reason_text = errors.clean(reason)
    errors.required(problems, {"reason": reason_text, "on": on, "months": months}, "reason", "on", "months")
    if why := why_not_extend(session, firm):
        problems.add("tenants.T-21", why)
    longest = settings.get(session, "tenants.extension_months_max", park_id=firm.park_id)
    if months is not None and not 0 < months <= longest:
        problems.add("tenants.T-22", _l("An extension lasts between 1 and %(n)s months.", n=longest), "months")
    found = parameters.find(session, "tenants.incubation_months", on) if on else None
    if found is not None and found.value is not None and firm.track != "biomed" and (
            firm.technology_field not in EXTENDABLE_FIELDS):
        problems.add("tenants.T-22", _l("Only firms in biomedicine, modern agriculture or integrated circuits may stay"
                                        " longer (%(doc)s); set the firm's technology field first.", doc=found.doc_no or ""))
    problems.stop()
    row = TermExtension(firm=firm, park_id=firm.park_id, months=months, requested_on=on, reason=reason_text, state="requested")
    session.add(row)
    session.flush()
    approval.request(session, row, KIND.code, payload={"firm": firm.name, "months": months, "term_ends_on": firm.term_ends_on},
                     title=_("%(firm)s: %(n)s more months", firm=firm.name, n=months), reason=reason_text)
    return row


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: TermExtension) -> None:
    row.state, row.decided_on = "approved", clock.local(request.decided_at).date()
    session.flush()
    refresh_terms(session, on=row.decided_on, firm_ids=[row.firm_id])
    session.expire(row.firm, ["term_ends_on"])


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: TermExtension) -> None:
    row.state, row.decided_on, row.answer = "returned", clock.local(request.decided_at).date(), request.reason
