"""Documents kept for inspection: plain records with their own rules (R-83)."""

from __future__ import annotations

from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.exemption import FIRM_PAPERS, ExemptionPaper


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "valid_from", "valid_to", _l("It ends before it begins; correct one of the days."))
    if (values["kind"] in FIRM_PAPERS) != (values.get("firm_id") is not None):
        problems.add("ratings.R-83", _l("Name the firm of a lease or an incubation agreement, and only of these."), "firm_id")
    if values["kind"] == "original_value" and values.get("amount") is None:
        problems.add("ratings.R-83", _l("Enter the original value."), "amount")


def create_paper(session: Any, **values: Any) -> ExemptionPaper:
    """A document kept."""
    return records.create(session, ExemptionPaper, values, _check)


def change_paper(session: Any, row: ExemptionPaper, **values: Any) -> ExemptionPaper:
    """Correct or end it."""
    return records.change(session, row, values, _check)


def remove_paper(session: Any, row: ExemptionPaper) -> None:
    """Entered by mistake; packs already kept name it still."""
    records.remove(session, row)
