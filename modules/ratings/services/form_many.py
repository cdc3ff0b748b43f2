"""Many forms at once: the per-enterprise form of a carrier's firms is begun, counted and signed together. Rules R-75, R-78, R-79."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..models.form import StatForm
from ..models.form_run import FormRun
from . import form_runs, form_signing
from .form_cells import RESOURCE, require_draft


def why_not_firm_runs(session: Any, form: StatForm) -> str | None:
    """Why the button is not offered."""
    if form.subject != "firm":
        return _("This form is filled in for carriers.")
    if form.state != "active":
        return _("This edition is not in use.")
    return None if access.may(session, RESOURCE, "add") else _("Whoever prepares forms begins them.")


def begin_firm_runs(session: Any, form: StatForm, *, carrier_id: int, period: str) -> str:
    """The button of a form for firms."""
    made = form_runs.create_firm_runs(session, form, carrier_id=carrier_id, period=period)
    return _("%(n)s forms begun.", n=made)


def count_many(session: Any, rows: Sequence[FormRun]) -> str:
    """Count them again, together by form and period."""
    access.require(session, RESOURCE, "change")
    require_draft(session, *rows)
    ordered = sorted(rows, key=lambda r: (r.form_id, r.period_start, r.id))
    for _key, group in groupby(ordered, key=lambda r: (r.form_id, r.period_start)):
        mine = list(group)
        form_runs.count_runs(session, mine[0].form, mine)
    return _("%(n)s forms counted.", n=len(rows))


def _each(rows: Sequence[FormRun], state: str, work: Any) -> str:
    """All of them or none: a form that is not ready is named before anything happens."""
    problems = Problems()
    wrong = [r.number for r in rows if r.state != state]
    if wrong:
        problems.add("ratings.R-79", _l("These forms are not at this step: %(numbers)s.", numbers="、".join(wrong[:12])))
    problems.stop()
    for row in rows:
        work(row)
    return _("%(n)s forms done.", n=len(rows))


def submit_many(session: Any, rows: Sequence[FormRun], *, on: date) -> str:
    """Hand them to the statistician."""
    problems = Problems()
    unexplained = [r.number for r in rows if r.open_findings]
    if unexplained:
        problems.add("ratings.R-78", _l("Findings are not explained yet: %(numbers)s.", numbers="、".join(unexplained[:12])))
    problems.stop()
    return _each(rows, "draft", lambda r: form_signing.submit_run(session, r, on=on))


def review_many(session: Any, rows: Sequence[FormRun], *, on: date) -> str:
    """Review them."""
    return _each(rows, "submitted", lambda r: form_signing.review_run(session, r, on=on))


def sign_many(session: Any, rows: Sequence[FormRun], *, on: date) -> str:
    """Sign them as head."""
    return _each(rows, "reviewed", lambda r: form_signing.sign_run(session, r, on=on))
