"""The way of a form: preparer, statistician, head (three people), frozen with a seal, filed with its copy and receipt. Rules R-78, R-79."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import attachments, records
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.filing import StatisticsFiling
from ..models.form import FormField
from ..models.form_run import FormCell, FormFinding, FormRun, FormSignature
from ..states_forms import FILING
from . import form_layout
from .form_cells import RESOURCE, judge_again, lock, makers_of, open_findings, require_draft

HEAD = "ratings.form_signature"
COPY = "filed_copy"
attachments.CLEAR[RESOURCE, COPY] = ("head_name", "statistician", "filled_by", "phone")  # the copy names them in full
WORKED = _l("You corrected or explained something on this form; somebody else reviews and signs it.")
SAME = _l("You signed this form already; preparer, statistician and head are three people.")


def signatures_of(session: Any, row: FormRun, *, turn: int | None = None) -> list[FormSignature]:
    """Of the present turn, or of all of them when `turn` is 0."""
    s = FormSignature
    query = select(s).where(s.run_id == row.id).order_by(s.id)
    return list(session.scalars(query if turn == 0 else query.where(s.turn == (turn or row.turn))))


BEFORE = {"preparer": "draft", "statistician": "submitted", "head": "reviewed"}


def _sign(session: Any, row: FormRun, part: str, on: date) -> None:
    """One more signature of the turn; R-79: every part by another person."""
    scope = scope_of(session)
    problems = Problems()
    lock(session, row)
    if row.state != BEFORE[part]:
        problems.add("ratings.R-79", _l("It is not your turn: preparer, statistician and head sign in this order."))
    if scope.user_id is None:
        problems.add("ratings.R-79", _l("A form is signed by a person who is logged in."))
    if any(s.user_id == scope.user_id for s in signatures_of(session, row)):
        problems.add("ratings.R-79", SAME)
    if part != "preparer" and scope.user_id in makers_of(session, row):
        problems.add("ratings.R-79", WORKED)
    records.not_future({"on": on}, problems, ["on"])
    if on <= row.last_day and not problems.found:
        problems.add("ratings.R-79", _l("The period ends on %(day)s; sign after it.", day=row.last_day), "on")
    problems.stop()
    session.add(
        FormSignature(
            park_id=row.park_id, run_id=row.id, turn=row.turn, part=part, user_id=scope.user_id, user_name=scope.user_name, signed_on=on
        )
    )
    session.flush()


def why_not_submit(session: Any, row: FormRun) -> str | None:
    """Why the button is not offered."""
    if row.counted_at is None:
        return _("Count the form first.")
    return _("%(n)s findings are not explained yet.", n=row.open_findings) if row.open_findings else None


def submit_run(session: Any, row: FormRun, *, on: date) -> None:
    """R-78: handed on when every finding is corrected or explained."""
    access.require(session, RESOURCE, "change")
    require_draft(session, row)
    judge_again(session, row)
    if found := open_findings(session, row):
        codes = "、".join(f.code for f in found[:12])
        raise RuleError([Problem("ratings.R-78", _l("Explain or correct these findings first: %(codes)s.", codes=codes))])
    _sign(session, row, "preparer", on)
    FILING.move(session, row, "submit", on=on)


def review_run(session: Any, row: FormRun, *, on: date) -> None:
    """The person in charge of statistics looked at figures and explanations."""
    access.require(session, RESOURCE, "act")
    _sign(session, row, "statistician", on)
    FILING.move(session, row, "review", on=on)


def why_not_sign(session: Any, row: FormRun) -> str | None:
    """Why the button is not offered."""
    return None if access.may(session, HEAD, "act") else _("The head of the unit signs.")


def sign_run(session: Any, row: FormRun, *, on: date) -> None:
    """The head signs; from then on nothing of it changes (trigger), and the seal covers every cell."""
    access.require(session, RESOURCE, "act")
    access.require(session, HEAD, "act")
    _sign(session, row, "head", on)
    row.frozen_on, row.seal = on, seal_of(session, row)
    session.flush()
    FILING.move(session, row, "sign", on=on)


def return_run(session: Any, row: FormRun, *, reason: str | None = None) -> None:
    """Back to the preparer with a reason; signing begins anew, the signatures so far stay on record."""
    access.require(session, RESOURCE, "act")
    FILING.move(session, row, "return", reason=reason)
    row.turn += 1
    session.flush()


def seal_of(session: Any, row: FormRun) -> str:
    """SHA-256 of what is frozen: form, edition, carrier, firm, period, every cell, every finding, the turn's signatures."""
    c, f, s = FormCell, FormFinding, FormSignature
    cells = session.execute(
        select(FormField.code, c.value, c.corrected, c.shown, c.reason, c.corrected_by, c.records)
        .join(FormField, FormField.id == c.field_id)
        .where(c.run_id == row.id)
        .order_by(FormField.position, FormField.id)
    )
    findings = session.execute(
        select(f.kind, f.code, f.left_value, f.right_value, f.explanation, f.explained_by)
        .where(f.run_id == row.id)
        .order_by(f.kind, f.code)
    )
    signed = session.execute(
        select(s.part, s.user_id, s.user_name, s.signed_on).where(s.run_id == row.id, s.turn == row.turn).order_by(s.id)
    )
    content = [
        row.number,
        row.form.key,
        row.form.edition,
        row.carrier_id,
        row.firm_id,
        row.period_start.isoformat(),
        row.last_day.isoformat(),
        [row.head_name, row.statistician, row.filled_by, row.phone],
        [list(r) for r in cells],
        [list(r) for r in findings],
        [[*r[:3], r[3].isoformat()] for r in signed],
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def file_run(session: Any, row: FormRun, *, on: date, receipt: str) -> None:
    """It was sent: the filed copy is kept beside it; a yearly form that counts as statistics is the filing recognition asks for."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    records.not_future({"on": on}, problems, ["on"])
    if row.frozen_on is None or on < row.frozen_on:
        problems.add("ratings.R-79", _l("It is filed on or after the day the head signed."), "on")
    if not (receipt or "").strip():
        problems.add("ratings.R-79", _l("Enter the receipt of the portal."), "receipt")
    if seal_of(session, row) != row.seal:
        problems.add("ratings.R-79", _l("The seal does not match the form; have it checked."))
    problems.stop()
    attachments.attach(session, row, io.BytesIO(form_layout.workbook(session, row, plain=True)), f"{row.number}.xlsx", kind=COPY)
    row.receipt, row.filed_on = receipt.strip()[:120], on
    if row.form.counts_as_statistics and row.firm_id is None and row.grain == "year":
        row.filing_id = _filing(session, row, on).id
    session.flush()
    FILING.move(session, row, "file", on=on)


def _filing(session: Any, row: FormRun, on: date) -> StatisticsFiling:
    """The carrier's filing of the year: there is one; the first form of the year makes it."""
    f, year = StatisticsFiling, row.last_day.year
    found = session.scalars(select(f).where(f.carrier_id == row.carrier_id, f.year == year)).one_or_none()
    if found is None:
        found = f(park_id=row.park_id, carrier_id=row.carrier_id, year=year, filed_on=on, receipt=row.receipt)
        session.add(found)
        session.flush()
    return found


def altered(session: Any) -> list[str]:
    """For `parkops check`: frozen forms whose content no longer gives their seal."""
    rows = session.scalars(select(FormRun).where(FormRun.state.in_(("signed", "filed"))).order_by(FormRun.id))
    return [_("Form %(number)s no longer gives its seal.", number=r.number) for r in rows if seal_of(session, r) != r.seal]
