"""The checklist of a case: received, waived, expired. Rules LN-23 to LN-25."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from parkops import attachments, records, todos
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.case import LoanCase
from ..models.paper import LoanPaper
from ..models.scheme import LoanPaperKind
from ..states import LIVE

RESOURCE = "loans.paper"


def sync(session: Any, case: LoanCase) -> None:
    """LN-23: the documents the case's scheme asks this kind of borrower for; those of an earlier scheme with the same code stay."""
    have = {row.kind.code: row for row in of_case(session, case)}
    kinds = session.scalars(select(LoanPaperKind).where(
        LoanPaperKind.scheme_id == case.scheme_id, or_(LoanPaperKind.borrower.is_(None), LoanPaperKind.borrower == case.kind))
        .order_by(LoanPaperKind.position))
    session.add_all(LoanPaper(park_id=case.park_id, case_id=case.id, kind_id=k.id) for k in kinds if k.code not in have)
    session.flush()


def of_case(session: Any, case: LoanCase) -> list[LoanPaper]:
    """The checklist in order."""
    return list(session.scalars(select(LoanPaper).join(LoanPaperKind, LoanPaperKind.id == LoanPaper.kind_id)
                                .where(LoanPaper.case_id == case.id).order_by(LoanPaperKind.position, LoanPaper.id)))


def status(paper: LoanPaper, on: date) -> str:
    """missing, received, waived, or expired on the day."""
    if paper.state == "received" and paper.expires_on is not None and paper.expires_on < on:
        return "expired"
    return paper.state


def lacking(session: Any, case: LoanCase, on: date) -> list[LoanPaper]:
    """LN-24: required documents missing or expired on the day."""
    return [p for p in of_case(session, case) if p.kind.required and status(p, on) in ("missing", "expired")]


def _open(paper: LoanPaper, problems: Problems) -> None:
    if paper.case.state not in LIVE:
        problems.add("loans.LN-24", _l("The case is closed; its documents stay as they are."))


def receive_paper(session: Any, paper: LoanPaper, *, on: date, issued_on: date | None = None, expires_on: date | None = None,
                  note: str | None = None, file: Any = None) -> LoanPaper:
    """A document came in. It counts for the days of its kind from the date of issue (default: the day it came), or until `expires_on`."""
    access.require(session, RESOURCE, "change")
    problems, issued = Problems(), issued_on or on
    _open(paper, problems)
    records.not_future({"on": on, "issued_on": issued}, problems, ("on", "issued_on"))
    if expires_on is not None and expires_on < issued:
        problems.add("loans.LN-25", _l("It expires before it was issued; correct one of the days."), "expires_on")
    until = expires_on or (issued + timedelta(days=paper.kind.valid_days) if paper.kind.valid_days else None)
    if until is not None and until < on:
        problems.add("loans.LN-25", _l("It expired on %(day)s; ask for a new one.", day=until.isoformat()), "issued_on")
    problems.stop()
    if file is not None:
        paper.attachment_id = attachments.attach(session, paper.case, getattr(file, "stream", file),
                                                 getattr(file, "filename", None) or "file", kind="loan_paper").id
    if paper.state == "received":  # a new one for the one that was about to expire
        todos.close(session, keys=[f"loans.paper:{paper.id}:{paper.expires_on}"])
    paper.state, paper.received_on, paper.issued_on, paper.expires_on, paper.note = "received", on, issued, until, note or paper.note
    session.flush()
    return paper


def receive_papers(session: Any, rows: Sequence[LoanPaper], *, on: date) -> dict[str, int]:
    """Several at once, issued on the day they came."""
    for row in rows:
        receive_paper(session, row, on=on)
    return {"received": len(rows)}


def waive_paper(session: Any, paper: LoanPaper, *, note: str) -> LoanPaper:
    """Not needed in this case, with the reason."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    _open(paper, problems)
    if not (note or "").strip():
        problems.add("loans.LN-25", _l("Write a reason."), "note")
    problems.stop()
    paper.state, paper.note = "waived", note.strip()
    session.flush()
    return paper
