"""Legal consultations, labour mediation, stewards and their contacts (红色物业). Rules SV-140 to SV-143."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.desk import LabourMediation, LegalConsultation, MediationSession, PropertyContact, PropertySteward
from ..states_desk import CONSULTATION, MEDIATION
from .calendar import calendar_of
from .steps import number, park_of, refuse, take

ANSWER_DAYS = 3  # working days in which a consultation is answered, unless another day is entered


def create_consultation(
    session: Any, *, firm_id: int, legal_field: str, question: str, asked_on: date | None = None, due_on: date | None = None
) -> LegalConsultation:
    """SV-140: a question of a firm; answered within three working days unless agreed otherwise."""
    on, park = asked_on or clock.today(), park_of(session, "tenants.firm", firm_id)
    values = {
        "firm_id": firm_id,
        "legal_field": legal_field,
        "question": question,
        "asked_on": on,
        "due_on": due_on or calendar_of(session, park).due(on, ANSWER_DAYS),
        "number": number(session, "consultation", park, on),
    }
    return records.create(session, LegalConsultation, values, _due)


def _due(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "asked_on", "due_on", _l("It would be due before it was asked."))


def change_consultation(session: Any, row: LegalConsultation, **values: Any) -> LegalConsultation:
    """While it is open."""
    return records.change(session, row, values, _due)


def answer_consultation(session: Any, row: LegalConsultation, *, adviser: str, answer: str, on: date, minutes: int | None = None) -> None:
    """Who advised what."""
    if minutes is not None and minutes < 1:
        raise refuse("SV-140", _l("Enter a number above zero, or leave it empty."), "minutes")
    take(session, CONSULTATION, row, "answer", on=on, after=row.asked_on, adviser=adviser, answer=answer, minutes=minutes, answered_on=on)


def pass_on_consultation(session: Any, row: LegalConsultation, *, reason: str, on: date) -> None:
    """To a law firm."""
    row.reason = reason[:300]
    take(session, CONSULTATION, row, "pass_on", on=on, after=row.asked_on, reason=reason, answered_on=on)


def create_mediation(session: Any, *, firm_id: int, received_on: date | None = None, **values: Any) -> LabourMediation:
    """SV-141: a dispute is registered."""
    on = received_on or clock.today()
    values |= {"firm_id": firm_id, "received_on": on, "number": number(session, "mediation", park_of(session, "tenants.firm", firm_id), on)}
    return records.create(session, LabourMediation, values)


def change_mediation(session: Any, row: LabourMediation, **values: Any) -> LabourMediation:
    """While it runs."""
    return records.change(session, row, values)


def why_not_begin(session: Any, row: LabourMediation) -> str | None:
    """Somebody mediates."""
    return None if row.mediator else str(_l("Name the mediator first."))


def begin_mediation(session: Any, row: LabourMediation, *, on: date) -> None:
    """SV-141: both sides want to be mediated; nobody is made to."""
    if (why := why_not_begin(session, row)) is not None:
        raise refuse("SV-141", why)
    take(session, MEDIATION, row, "begin", on=on, after=row.received_on)


def create_session(session: Any, **values: Any) -> MediationSession:
    """A meeting; not before the dispute came in and only while it runs."""
    row = session.get(LabourMediation, values["mediation_id"])
    if row is not None and row.state != "running":
        raise refuse("SV-142", _l("Meetings belong to a mediation that runs."))

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        records.not_future(v, problems, ("held_on",))
        if row is not None and v["held_on"] < row.received_on:
            problems.add("services.SV-100", _l("This day lies before %(day)s.", day=row.received_on.isoformat()), "held_on")

    return records.create(session, MediationSession, values, check)


def why_not_agree(session: Any, row: LabourMediation) -> str | None:
    """Both sides met at least once."""
    m = MediationSession
    met = session.scalar(select(func.count(m.id)).where(m.mediation_id == row.id, m.firm_came, m.party_came))
    return None if met else str(_l("Record a meeting at which both sides came first."))


def agree_mediation(
    session: Any, row: LabourMediation, *, agreement: str, perform_by: date, on: date, amount: Decimal | None = None
) -> None:
    """SV-142: after a meeting of both sides, with a day for what was agreed."""
    if (why := why_not_agree(session, row)) is not None:
        raise refuse("SV-142", why)
    if perform_by < on:
        raise refuse("SV-142", _l("It cannot be performed before it is agreed."), "perform_by")
    take(session, MEDIATION, row, "agree", on=on, after=row.received_on, agreement=agreement, perform_by=perform_by, agreed_amount=amount)


def perform_mediation(session: Any, row: LabourMediation, *, on: date) -> None:
    """Done as agreed."""
    take(session, MEDIATION, row, "perform", on=on, after=row.received_on, ended_on=on)


def fail_mediation(session: Any, row: LabourMediation, *, reason: str, on: date) -> None:
    """No agreement; the people are told where to turn (arbitration)."""
    row.reason = reason[:300]
    take(session, MEDIATION, row, "fail", on=on, after=row.received_on, reason=reason, ended_on=on)


def withdraw_mediation(session: Any, row: LabourMediation, *, reason: str, on: date) -> None:
    """Taken back."""
    row.reason = reason[:300]
    take(session, MEDIATION, row, "withdraw", on=on, reason=reason, ended_on=on)


def create_steward(session: Any, **values: Any) -> PropertySteward:
    """Who answers for a building."""
    return records.create(session, PropertySteward, values)


def change_steward(session: Any, row: PropertySteward, **values: Any) -> PropertySteward:
    """Correct or end it."""
    return records.change(session, row, values)


def _contact(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("on_date", "settled_on"))
    records.date_order(values, problems, "on_date", "settled_on", _l("It was settled before it came up."))


def create_contact(session: Any, **values: Any) -> PropertyContact:
    """SV-143: a contact of a steward."""
    return records.create(session, PropertyContact, values, _contact)


def change_contact(session: Any, row: PropertyContact, **values: Any) -> PropertyContact:
    """Such as when it is settled."""
    return records.change(session, row, values, _contact)
