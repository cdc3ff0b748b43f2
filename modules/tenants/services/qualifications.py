"""Qualifications and intellectual property of firms: dated records with validity."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops import records
from parkops.clock import add_months
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.firm import Firm
from ..models.intellectual import IntellectualProperty
from ..models.qualification import Qualification

YEARS_VALID = {"hitech": 3, "specialised_sme": 3, "innovative_sme": 3, "little_giant": 3}  # default only; the certificate decides


def create_qualification(session: Any, **values: Any) -> Qualification:
    """Record a qualification of a firm."""
    return records.create(session, Qualification, values, _check_qualification)


def change_qualification(session: Any, qualification: Qualification, **values: Any) -> Qualification:
    """Change a qualification."""
    return records.change(session, qualification, values, _check_qualification)


def remove_qualification(session: Any, qualification: Qualification) -> None:
    """Delete a qualification entered by mistake; one that was withdrawn gets its day of revocation instead."""
    records.remove(session, qualification)


def _check_qualification(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "obtained_on", "valid_to", _l("A qualification cannot expire before it was obtained."))
    records.date_order(values, problems, "obtained_on", "revoked_on", _l("A qualification cannot be revoked before it was obtained."))
    records.not_future(values, problems, ["obtained_on", "revoked_on"])
    firm = session.get(Firm, values["firm_id"])
    if firm.registered_on and values["obtained_on"] < firm.registered_on:
        problems.add("tenants.before_firm", _l("The firm was not registered on that day. Correct the day or the firm."), "obtained_on")


def revoke_qualification(session: Any, qualification: Qualification, *, on: date) -> None:
    """The issuer withdrew it from `on`."""
    access.require(session, "tenants.qualification", "act")
    problems = Problems()
    records.date_order({"obtained_on": qualification.obtained_on, "revoked_on": on}, problems, "obtained_on", "revoked_on",
                        _l("A qualification cannot be revoked before it was obtained."))
    records.not_future({"on": on}, problems, ["on"])
    problems.stop()
    qualification.revoked_on = on
    session.flush()


def renew_qualification(session: Any, qualification: Qualification, *, obtained_on: date, valid_to: date | None = None,
                        certificate_no: str | None = None) -> str:
    """A renewal is a new dated record; the old one stays as it was."""
    if obtained_on <= qualification.obtained_on:
        raise RuleError([Problem("record.date_order", _l("A renewal lies after the qualification it renews."), "obtained_on")])
    years = YEARS_VALID.get(qualification.kind)
    create_qualification(
        session, firm_id=qualification.firm_id, kind=qualification.kind, issuer=qualification.issuer, obtained_on=obtained_on,
        valid_to=valid_to or (add_months(obtained_on, 12 * years) if years else None), certificate_no=certificate_no)
    return _("The renewal is recorded as a qualification of its own.")


def create_ip(session: Any, **values: Any) -> IntellectualProperty:
    """Record a right of a firm."""
    return records.create(session, IntellectualProperty, values, _check_ip)


def change_ip(session: Any, right: IntellectualProperty, **values: Any) -> IntellectualProperty:
    """Change a right: granted, lapsed, transferred."""
    return records.change(session, right, values, _check_ip)


def remove_ip(session: Any, right: IntellectualProperty) -> None:
    """Delete a right entered by mistake."""
    records.remove(session, right)


def _check_ip(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if not values.get("applied_on") and not values.get("granted_on"):
        problems.add("tenants.undated", _l("Enter the day it was applied for or granted."), "applied_on")
    for later, needs in (("valid_to", _l("Enter the day of grant before the day it ends.")),
                         ("lapsed_on", _l("Enter the day of grant before the day it lapsed."))):
        if values.get(later) and not values.get("granted_on"):
            problems.add("tenants.not_granted", needs, "granted_on")
    records.date_order(values, problems, "applied_on", "granted_on", _l("A right cannot be granted before it was applied for."))
    records.date_order(values, problems, "granted_on", "valid_to", _l("A right cannot end before it was granted."))
    records.date_order(values, problems, "granted_on", "lapsed_on", _l("A right cannot lapse before it was granted."))
    records.not_future(values, problems, ["applied_on", "granted_on", "lapsed_on"])
