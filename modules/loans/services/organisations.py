"""Banks, guarantee funds, offices and channels. Rule LN-05."""

from __future__ import annotations

from typing import Any

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l

from ..models.case import LoanCase
from ..models.organisation import LoanOrganisation


def _check(row: LoanOrganisation | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        fund = values.get("kind") == "fund"
        if fund and values.get("line") is None:
            problems.add("loans.LN-05", _l("Enter the line of the guarantee fund."), "line")
        if not fund and (values.get("line") is not None or values.get("bears") is not None):
            problems.add("loans.LN-05", _l("Only a guarantee fund has a line and a share."), "line")
        if row is not None and fund and values.get("line") is not None and values["line"] < row.committed:
            problems.add("loans.LN-05", _l("The fund stands in for %(amount)s yuan already; the line cannot be lower.",
                                           amount=f"{row.committed:,.2f}"), "line")
        if values.get("line") is not None and values["line"] < 0:
            problems.add("loans.LN-05", _l("This cannot be negative."), "line")

    return check


def create_organisation(session: Any, *, kind: str, name: str, name_en: str | None = None, line: Any = None, bears: Any = None,
                        contact: str | None = None, phone: str | None = None, is_active: bool = True,
                        note: str | None = None) -> LoanOrganisation:
    """Record a bank, fund, office or channel."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, LoanOrganisation, values, _check(None))


def change_organisation(session: Any, row: LoanOrganisation, *, name: str, name_en: str | None = None, line: Any = None, bears: Any = None,
                        contact: str | None = None, phone: str | None = None, is_active: bool = True,
                        note: str | None = None) -> LoanOrganisation:
    """Correct it; a line never falls below what the fund stands in for."""
    values = {n: v for n, v in locals().items() if n not in ("session", "row")}
    return records.change(session, row, values, _check(row))


def remove_organisation(session: Any, row: LoanOrganisation) -> None:
    """Unused only."""
    sentence = _l("Loan cases name it; switch it off instead of removing it.")
    records.remove(session, row, *((LoanCase, f"{n}_id", sentence) for n in ("bank", "fund", "hr", "finance", "channel")))
