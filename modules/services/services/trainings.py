"""Trainings with their people and certificates; activities held at the hall. Rules SV-146 to SV-147."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import clock, records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.outreach import HallActivity, ServiceTraining, TrainingAttendee
from ..states_desk import TRAINING
from .steps import number, refuse, take

A = TrainingAttendee


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["hours"] <= 0 or values["hours"] > Decimal(200):
        problems.add("services.SV-146", _l("Enter hours above zero, at most 200."), "hours")


def create_training(session: Any, **values: Any) -> ServiceTraining:
    """Announce a training (SV-146)."""
    return records.create(session, ServiceTraining, values, _check)


def change_training(session: Any, row: ServiceTraining, **values: Any) -> ServiceTraining:
    """Before it takes place."""
    return records.change(session, row, values, _check)


def add_attendee(session: Any, *, training_id: int, name: str, firm_id: int | None = None, user_id: int | None = None) -> TrainingAttendee:
    """Somebody on the list, while places are left; the training's row is locked meanwhile (SV-146)."""
    row = session.scalars(
        select(ServiceTraining).where(ServiceTraining.id == training_id).with_for_update(of=ServiceTraining)
    ).one_or_none()
    if row is not None and row.state == "cancelled":
        raise refuse("SV-146", _l("This training was called off."), "training_id")
    if (
        row is not None
        and row.places is not None
        and session.scalar(select(func.count(A.id)).where(A.training_id == training_id)) >= row.places
    ):
        raise refuse("SV-146", _l("All places of this training are taken."), "training_id")
    return records.create(session, A, {"training_id": training_id, "name": name, "firm_id": firm_id, "user_id": user_id})


def note_attended(session: Any, row: TrainingAttendee) -> None:
    """Was there."""
    records.change(session, row, {"attended": True})


def remove_attendee(session: Any, row: TrainingAttendee) -> None:
    """Off the list, unless certified."""
    if row.certificate_no is not None:
        raise refuse("SV-147", _l("A certificate was issued; it stays on the list."))
    records.remove(session, row)


def why_not_hold(session: Any, row: ServiceTraining) -> str | None:
    """The day must have come."""
    return None if row.held_on <= clock.today() else str(_l("It has not begun yet."))


def hold_training(session: Any, row: ServiceTraining) -> None:
    """It took place."""
    if (why := why_not_hold(session, row)) is not None:
        raise refuse("SV-146", why)
    take(session, TRAINING, row, "hold", on=row.held_on)


def cancel_training(session: Any, row: ServiceTraining, *, reason: str) -> None:
    """It does not."""
    take(session, TRAINING, row, "cancel", reason=reason)


def issue_certificates(session: Any, row: ServiceTraining) -> str:
    """SV-147: a numbered certificate for everybody who was there, once."""
    access.require(session, "services.training_attendee", "change")
    if row.state != "held":
        raise refuse("SV-147", _l("Certificates are issued when the training took place."))
    found = list(session.scalars(select(A).where(A.training_id == row.id, A.attended, A.certificate_no.is_(None)).order_by(A.id)))
    for person in found:
        person.certificate_no = number(session, "certificate", row.park_id, row.held_on)
        person.certified_on = row.held_on
    session.flush()
    return _("%(n)s certificates were issued.", n=len(found))


def _activity(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("held_on",))


def create_activity(session: Any, **values: Any) -> HallActivity:
    """An activity that was held; counts stay empty when nobody counted."""
    return records.create(session, HallActivity, values, _activity)


def change_activity(session: Any, row: HallActivity, **values: Any) -> HallActivity:
    """Correct it."""
    return records.change(session, row, values, _activity)


def remove_activity(session: Any, row: HallActivity) -> None:
    """Entered by mistake."""
    records.remove(session, row)
