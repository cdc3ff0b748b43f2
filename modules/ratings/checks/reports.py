"""Tie-out of kept reports: figures and files still give the hashes they were made with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.report_made import ReportMade
from ..services import report_archive


def kept_reports(session: Any) -> list[str]:
    """One sentence for each report that is not what it was."""
    words = report_archive.PARTS
    return [
        _("The kept report %(name)s is not what it was: %(what)s does not give its hash.", name=str(made), what=str(words[what]))
        for made in session.scalars(select(ReportMade).order_by(ReportMade.id))
        for what in report_archive.problems_of(session, made)
    ]


CHECKS = [Check("ratings.reports", _l("Kept reports are what they were"), kept_reports)]
