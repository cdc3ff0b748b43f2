"""Carriers: what they are recognised as, how they were graded as known on a day, and changes that must be reported."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from parkops import records, todos
from parkops.clock import add_months
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.carrier import Carrier, CarrierChange, CarrierGrade, CarrierRecognition
from ..models.firm import Firm
from ..models.stage import Stage

REPORT_MONTHS = 3  # 工信部科〔2025〕131号 art. 19


def create_carrier(session: Any, **values: Any) -> Carrier:
    """Record a carrier."""
    return records.create(session, Carrier, values, _check_carrier)


def change_carrier(session: Any, carrier: Carrier, **values: Any) -> Carrier:
    """Change a carrier's facts."""
    return records.change(session, carrier, values, _check_carrier)


def remove_carrier(session: Any, carrier: Carrier) -> None:
    """Delete a carrier nothing refers to; an operating one is closed by its closing day instead."""
    used = _l("Firms belong to this carrier. Enter the day it closed instead of deleting it.")
    records.remove(session, carrier, (Firm, "carrier_id", used), (Stage, "carrier_id", used),
                    (CarrierRecognition, "carrier_id", _l("Delete its recognitions first.")),
                    (CarrierGrade, "carrier_id", _l("Delete its grades first.")),
                    (CarrierChange, "carrier_id", _l("Changes of this carrier were recorded. Close it instead of deleting it.")))


def _check_carrier(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "founded_on", "closed_on", _l("A carrier cannot close before it was founded."))
    if values.get("closed_on") and values.get("closed_on") == values.get("founded_on"):
        problems.add("record.date_order", _l("A carrier cannot close on the day it was founded."), "closed_on")
    records.not_future(values, problems, ["founded_on", "closed_on"])
    area, part = values.get("area"), values.get("incubation_area")
    if area is not None and part is not None and part > area:
        problems.add("tenants.area_part", _l("The area for incubated firms cannot exceed the controllable area."), "incubation_area")
    for name in ("area", "incubation_area", "workstations"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("tenants.negative", _l("This cannot be negative."), name)


def create_recognition(session: Any, **values: Any) -> CarrierRecognition:
    """Record a recognition or filing."""
    return records.create(session, CarrierRecognition, values, _check_recognition)


def change_recognition(session: Any, recognition: CarrierRecognition, **values: Any) -> CarrierRecognition:
    """Change a recognition, for instance end its validity."""
    return records.change(session, recognition, values, _check_recognition)


def remove_recognition(session: Any, recognition: CarrierRecognition) -> None:
    """Delete a recognition entered by mistake."""
    records.remove(session, recognition)


def _check_recognition(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "recognised_on", "valid_to", _l("It cannot end before it was recognised."))
    records.not_future(values, problems, ["recognised_on"])


def create_grade(session: Any, **values: Any) -> CarrierGrade:
    """Record a published grade; a correction is recorded as a second grade with its own publication day."""
    return records.create(session, CarrierGrade, values, _check_grade)


def change_grade(session: Any, grade: CarrierGrade, **values: Any) -> CarrierGrade:
    """Correct a typing mistake in a grade."""
    return records.change(session, grade, values, _check_grade)


def remove_grade(session: Any, grade: CarrierGrade) -> None:
    """Delete a grade entered by mistake."""
    records.remove(session, grade)


def _check_grade(session: Any, values: dict[str, Any], problems: Problems) -> None:
    year = values["year"]
    if not isinstance(year, int) or not 1990 <= year <= 2200:
        problems.add("tenants.year", _l("Enter the evaluation year with four digits."), "year")
    elif values["published_on"].year < year:
        problems.add("tenants.published_early", _l("A year's grade cannot be published before that year."), "published_on")
    records.not_future(values, problems, ["published_on"])


def grades_known_on(session: Any, on: date, scheme: str = "national") -> dict[int, CarrierGrade]:
    """Carrier id -> the grade that stood on `on`: the latest evaluation year published by then, its latest publication.

    Grades are dated by publication, so 2022-10-31 still counts what a list of 2022-12-26 changed later."""
    g = CarrierGrade
    rows = session.scalars(select(g).where(g.published_on <= on, g.scheme == scheme).order_by(g.carrier_id, g.year, g.published_on))
    return {row.carrier_id: row for row in rows}


def count_graded(session: Any, grade: str, on: date, *, scheme: str = "national", carrier_type: str | None = None) -> int:
    """How many operating carriers hold `grade` as known on `on`."""
    held = [cid for cid, row in grades_known_on(session, on, scheme).items() if row.grade == grade]
    query = select(func.count(Carrier.id)).where(Carrier.id.in_(held), operating(on))
    if carrier_type:
        query = query.where(Carrier.carrier_type == carrier_type)
    return session.scalar(query)


def operating(on: date) -> Any:
    """SQL condition: the carrier operates on `on`."""
    return (or_(Carrier.founded_on.is_(None), Carrier.founded_on <= on)) & (or_(Carrier.closed_on.is_(None), Carrier.closed_on > on))


def recognised(on: date, levels: tuple[str, ...] | None = None) -> Any:
    """SQL condition on CarrierRecognition: it stands on `on`."""
    r = CarrierRecognition
    standing = (r.recognised_on <= on) & or_(r.valid_to.is_(None), r.valid_to >= on)
    return standing & r.level.in_(levels) if levels else standing


def count_recognised(session: Any, on: date, *, carrier_type: str, levels: tuple[str, ...],
                     specialised: bool | None = None) -> int:
    """Carriers of a type that hold one of `levels` on `on` (each counted once)."""
    r = CarrierRecognition
    query = select(func.count(Carrier.id.distinct())).join(r, r.carrier_id == Carrier.id).where(
        Carrier.carrier_type == carrier_type, operating(on), recognised(on, levels))
    if specialised is not None:
        query = query.where(Carrier.specialised == specialised)
    return session.scalar(query)


def levels_on(session: Any, on: date) -> dict[int, list[str]]:
    """Carrier id -> levels that stand on `on`, latest first."""
    out: dict[int, list[str]] = {}
    r = CarrierRecognition
    for row in session.execute(select(r.carrier_id, r.level).where(recognised(on)).order_by(r.recognised_on.desc(), r.id)):
        out.setdefault(row.carrier_id, []).append(row.level)
    return out


def report_change(session: Any, carrier: Carrier, *, kind: str, changed_on: date, detail: str,
                  assignee_id: int | None = None) -> str:
    """Record a key change; makes the to-do to report it to the province within three months (131号 art. 19)."""
    access.require(session, "tenants.carrier", "act")
    record = create_change(session, carrier_id=carrier.id, kind=kind, changed_on=changed_on, detail=detail,
                           assignee_id=assignee_id)
    return _("Report this change to the province by %(day)s.", day=record.report_due_on.isoformat())


def create_change(session: Any, *, assignee_id: int | None = None, **values: Any) -> CarrierChange:
    """The record behind `report_change`; the due day is never typed."""
    changed = values.get("changed_on")
    values["report_due_on"] = add_months(changed, REPORT_MONTHS) if isinstance(changed, date) else None
    record = records.create(session, CarrierChange, values, _check_change)
    todos.add(session, session.get(Carrier, record.carrier_id), _("Report the change of the carrier to the province"),
              due_on=record.report_due_on, assignee_id=assignee_id, key=_todo_key(record))
    return record


def _todo_key(record: CarrierChange) -> str:
    return f"tenants.carrier_change:{record.id}"


def change_change(session: Any, record: CarrierChange, **values: Any) -> CarrierChange:
    """Correct a recorded change; a new day of change moves the due day."""
    if isinstance(values.get("changed_on"), date):
        values["report_due_on"] = add_months(values["changed_on"], REPORT_MONTHS)
    return records.change(session, record, values, _check_change)


def _check_change(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["changed_on", "reported_on"])
    records.date_order(values, problems, "changed_on", "reported_on", _l("It cannot be reported before it happened."))


def why_not_report(session: Any, record: CarrierChange) -> str | None:
    """Guard of the button."""
    return _("This change was reported already.") if record.reported_on else None


def mark_reported(session: Any, record: CarrierChange, *, on: date, report_no: str | None = None) -> None:
    """The province has the report."""
    access.require(session, "tenants.carrier_change", "act")
    if record.reported_on is not None:
        raise RuleError([Problem("tenants.reported_already", _l("This change was reported already."))])
    values = {"changed_on": record.changed_on, "reported_on": on}
    problems = Problems()
    _check_change(session, values, problems)
    problems.stop()
    record.reported_on, record.report_no = on, (report_no or "").strip()[:120] or None
    todos.close(session, keys=[_todo_key(record)])
