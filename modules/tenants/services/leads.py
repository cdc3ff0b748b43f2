"""Leads: who may come, who looks after it, when it is followed up next. Rules T-70 to T-72."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import errors
from ..models.application import Application, Lead
from ..states import LEAD
from ._forms import takes
from .firms import collisions

OWN = ("state", "firm_id", "lost_reason")


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        errors.not_future(problems, "found_on", values.get("found_on"))
        errors.contact_data(problems, values.get("phone"), None)
        found = collisions(session, credit_code=values.get("credit_code"), name=values.get("name"), phone=values.get("phone"),
                           skip_lead=own_id)
        for reason, record, label in found:
            if isinstance(record, Lead):
                problems.add("tenants.T-70", _l("%(name)s is already a lead; go on with that one.", name=label), "name")
                break
            if reason in ("credit_code", "name") and record.state in ("team", "incubating", "graduated", "accelerating"):
                problems.add("tenants.T-71", _l("%(name)s is already a tenant; open that firm instead.", name=label), "name")
                break

    return check


def _prepare(values: dict[str, Any], problems: Problems) -> dict[str, Any]:
    values = {k: v for k, v in errors.clean_values(values).items() if k not in OWN}
    if "credit_code" in values:
        values["credit_code"] = errors.credit_code(problems, values["credit_code"])
    return values


@takes(Lead, OWN)
def add_lead(session: Any, **values: Any) -> Lead:
    """A new lead. T-70 one lead per firm, T-71 no lead for a tenant; a register entry with the same code or name is linked."""
    access.require(session, "tenants.lead", "add")
    problems = Problems()
    values = _prepare(values, problems)
    problems.stop()
    values.setdefault("owner_id", scope_of(session).user_id)
    lead = records.create(session, Lead, values, _check(None))
    _link(session, lead)
    return lead


def _link(session: Any, lead: Lead) -> None:
    for reason, record, _label in collisions(session, credit_code=lead.credit_code, name=lead.name, skip_lead=lead.id):
        if not isinstance(record, Lead) and reason in ("credit_code", "name", "former_name"):
            lead.firm = record
            session.flush()
            return


@takes(Lead, OWN)
def change_lead(session: Any, lead: Lead, **values: Any) -> Lead:
    """Correct a lead or plan the next follow-up."""
    access.require(session, "tenants.lead", "change")
    problems = Problems()
    values = _prepare(values, problems)
    problems.stop()
    return records.change(session, lead, values, _check(lead.id))


def remove_lead(session: Any, lead: Lead) -> None:
    """Remove a lead entered by mistake; one with an application stays."""
    records.remove(session, lead, (Application, "lead_id", _l("This lead has an application; give it up instead.")))


def _step(session: Any, lead: Lead, step: str, on: date, reason: str | None = None) -> Lead:
    problems = Problems()
    errors.not_future(problems, "on", on)
    problems.stop()
    LEAD.move(session, lead, step, on=on, reason=reason)
    session.flush()
    return lead


def contact_lead(session: Any, lead: Lead, *, on: date) -> Lead:
    """First talk held."""
    return _step(session, lead, "contact", on)


def visit_lead(session: Any, lead: Lead, *, on: date) -> Lead:
    """They came to see the park."""
    return _step(session, lead, "visit", on)


def negotiate_lead(session: Any, lead: Lead, *, on: date) -> Lead:
    """Terms are being discussed."""
    return _step(session, lead, "negotiate", on)


def lose_lead(session: Any, lead: Lead, *, on: date, reason: str) -> Lead:
    """They will not come; the reason is kept."""
    _step(session, lead, "lose", on, reason)
    lead.lost_reason, lead.next_on = errors.clean(reason), None
    session.flush()
    return lead


def reopen_lead(session: Any, lead: Lead, *, on: date) -> Lead:
    """They may come after all."""
    return _step(session, lead, "reopen", on)


def why_not_apply(session: Any, lead: Lead) -> str | None:
    """T-72: an application needs to know the track and the project."""
    return None if lead.track and lead.project else _("Enter the industry track and the project of the lead first.")


def apply_lead(session: Any, lead: Lead, *, on: date) -> Application:
    """Turn the lead into a draft application with what is known."""
    from .applications import add_application

    _step(session, lead, "apply", on)
    lead.next_on = None
    return add_application(
        session, name=lead.name, kind="company" if lead.credit_code else "team", credit_code=lead.credit_code, track=lead.track,
        project=lead.project, applied_on=on, area_wanted=lead.area_wanted, contact_name=lead.contact_name, phone=lead.phone,
        lead_id=lead.id, firm_id=lead.firm_id)


def due_leads(session: Any, *, on: date) -> list[Lead]:
    """Open leads whose follow-up is due on or before a day, oldest first."""
    return list(session.scalars(select(Lead).where(Lead.next_on <= on, Lead.state.not_in(("won", "lost")))
                                .order_by(Lead.next_on, Lead.id)))
