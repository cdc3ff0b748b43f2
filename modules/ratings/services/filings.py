"""Plain records recognition reads: filings, incidents, yearly income, employment of staff. Rules R-07 to R-10."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.filing import CarrierIncident, CarrierIncome, StaffBasis, StatisticsFiling


def _check_filing(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["filed_on"])
    if values["filed_on"] < date(values["year"], 1, 1):
        problems.add("ratings.R-07", _l("A year's statistics cannot be filed before that year."), "filed_on")


def create_filing(session: Any, **values: Any) -> StatisticsFiling:
    """R-07: a year's statistics were filed."""
    return records.create(session, StatisticsFiling, values, _check_filing)


def change_filing(session: Any, row: StatisticsFiling, **values: Any) -> StatisticsFiling:
    """Correct a filing."""
    return records.change(session, row, values, _check_filing)


def remove_filing(session: Any, row: StatisticsFiling) -> None:
    """Delete a filing entered by mistake."""
    records.remove(session, row)


def _check_incident(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["on_date", "cleared_on"])
    records.date_order(values, problems, "on_date", "cleared_on", _l("It cannot be cleared before it happened."))


def create_incident(session: Any, **values: Any) -> CarrierIncident:
    """R-08: an accident, violation or listing."""
    return records.create(session, CarrierIncident, values, _check_incident)


def change_incident(session: Any, row: CarrierIncident, **values: Any) -> CarrierIncident:
    """Correct or clear an incident."""
    return records.change(session, row, values, _check_incident)


def remove_incident(session: Any, row: CarrierIncident) -> None:
    """Delete an incident entered by mistake."""
    records.remove(session, row)


def _check_income(session: Any, values: dict[str, Any], problems: Problems) -> None:
    parts = [values.get(n) for n in ("rent", "property", "service", "investment")]
    if any(p is not None and p < 0 for p in (values["total"], *parts)):
        problems.add("ratings.R-09", _l("Income cannot be negative."), "total")
    if sum(p for p in parts if p is not None) > values["total"]:
        problems.add("ratings.R-09", _l("The parts exceed the total income; correct one of them."), "total")


def create_income(session: Any, **values: Any) -> CarrierIncome:
    """R-09: a carrier's income of a year from its audited accounts."""
    return records.create(session, CarrierIncome, values, _check_income)


def change_income(session: Any, row: CarrierIncome, **values: Any) -> CarrierIncome:
    """Correct it; assessments already kept stay as they are."""
    return records.change(session, row, values, _check_income)


def remove_income(session: Any, row: CarrierIncome) -> None:
    """Delete a year entered by mistake; the ledger speaks again."""
    records.remove(session, row)


def _check_basis(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("It ends before it begins; correct one of the days."))


def create_staff_basis(session: Any, **values: Any) -> StaffBasis:
    """R-10: a person is dispatched or part-time."""
    return records.create(session, StaffBasis, values, _check_basis)


def change_staff_basis(session: Any, row: StaffBasis, **values: Any) -> StaffBasis:
    """Correct or end it."""
    return records.change(session, row, values, _check_basis)


def remove_staff_basis(session: Any, row: StaffBasis) -> None:
    """Delete an entry made by mistake."""
    records.remove(session, row)
