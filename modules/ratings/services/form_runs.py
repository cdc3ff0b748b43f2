"""Filings of statutory forms: begun for a carrier or firm, and counted from the records. Rules R-75, R-76, R-79."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from modules.tenants.models.carrier import Carrier
from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from parkops import clock, sequences
from parkops.clock import Period
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.form import FormField, StatForm
from ..models.form_run import FormCell, FormRun
from . import form_sources as sources
from . import forms
from .form_cells import NOT_DRAFT, RESOURCE, cells_of, findings_by_run, judge, kept_words, require_draft, text_of
from .form_sources import Got, Span


def span_of(period: Period) -> Span:
    """The days of a period."""
    return Span(period.start, period.last_day)


def create_run(
    session: Any,
    *,
    form_id: int,
    carrier_id: int,
    period: str,
    firm_id: int | None = None,
    head_name: str | None = None,
    statistician: str | None = None,
    filled_by: str | None = None,
    phone: str | None = None,
    note: str | None = None,
) -> FormRun:
    """R-75: one filing per form, carrier (or firm) and period, under the edition in use; counted at once."""
    access.require(session, RESOURCE, "add")
    form, carrier = session.get(StatForm, form_id), session.get(Carrier, carrier_id)
    firm = session.get(Firm, firm_id) if firm_id else None
    if form is None or carrier is None or (firm_id and firm is None) or form.park_id != carrier.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    found = _period(form, period)
    _fits(session, form, carrier, firm, found)
    foot = {"note": note, "head_name": head_name, "statistician": statistician, "filled_by": filled_by, "phone": phone}
    (row,) = _begin(session, form, carrier, [firm], found, **foot)
    count_run(session, row)
    return row


def _period(form: StatForm, text: str) -> Period:
    try:
        found = Period.parse((text or "").strip())
    except ValueError:
        found = None
    if found is None or found.grain != form.grain:
        raise RuleError(
            [Problem("ratings.R-75", _l("Enter a year such as 2025, or a quarter such as 2025Q1, as the form asks."), "period")]
        )
    return found


def _fits(session: Any, form: StatForm, carrier: Carrier, firm: Firm | None, period: Period) -> None:
    problems = Problems()
    if form.state != "active":
        problems.add("ratings.R-75", _l("This edition is not in use."), "form_id")
    if form.carrier_types and carrier.carrier_type not in [t.strip() for t in form.carrier_types.split(",")]:
        problems.add("ratings.R-75", _l("This form is not for carriers of this type."), "carrier_id")
    if (form.subject == "firm") != (firm is not None):
        problems.add("ratings.R-75", _l("Choose a firm exactly when the form is filled in for a firm."), "firm_id")
    where = (
        FormRun.park_id == carrier.park_id,
        FormRun.form_key == form.key,
        FormRun.carrier_id == carrier.id,
        FormRun.firm_id == firm.id if firm else FormRun.firm_id.is_(None),
        FormRun.period_start == period.start,
    )
    if session.scalar(select(FormRun.id).where(*where)) is not None:
        problems.add("ratings.R-75", _l("This form of the period was begun already; go on with that one."), "period")
    problems.stop()


def _begin(session: Any, form: StatForm, carrier: Carrier, firms: Sequence[Firm | None], period: Period, **values: Any) -> list[FormRun]:
    if not firms:
        return []
    taken = sequences.take(session, RESOURCE, carrier.park_id, period.last_day, len(firms))
    rows = [
        FormRun(
            park_id=carrier.park_id,
            number=number,
            form_id=form.id,
            form_key=form.key,
            carrier_id=carrier.id,
            firm_id=firm.id if firm else None,
            grain=form.grain,
            period_start=period.start,
            last_day=period.last_day,
            due_on=period.last_day + timedelta(days=form.due_days),
            prepared_by_id=scope_of(session).user_id,
            **values,
        )
        for firm, number in zip(firms, taken.numbers(), strict=True)
    ]
    session.add_all(rows)
    session.flush()
    return rows


def firms_asked(session: Any, carrier: Carrier, span: Span) -> list[Firm]:
    """Firms in incubation on the last day, and those that graduated in the period: who fills in the per-enterprise form."""
    s = Stage
    stock = (s.state == "incubating") & (s.starts_on <= span.last) & (s.ends_on.is_(None) | (s.ends_on > span.last))
    new = (s.state == "graduated") & s.starts_on.between(span.first, span.last)
    ids = select(s.firm_id).where(s.carrier_id == carrier.id, stock | new)
    return list(session.scalars(select(Firm).where(Firm.id.in_(ids)).order_by(Firm.id)))


def create_firm_runs(session: Any, form: StatForm, *, carrier_id: int, period: str) -> int:
    """Begin the per-enterprise form for every firm of a carrier that has none yet; counted together. Number begun."""
    access.require(session, RESOURCE, "add")
    carrier = session.get(Carrier, carrier_id)
    if carrier is None or carrier.park_id != form.park_id:
        raise NotFound(_l("There is no such record in your parks."))
    found = _period(form, period)
    if form.subject != "firm" or form.state != "active":
        raise RuleError([Problem("ratings.R-75", _l("Choose a form for firms that is in use."))])
    have = set(
        session.scalars(
            select(FormRun.firm_id).where(
                FormRun.form_key == form.key, FormRun.carrier_id == carrier.id, FormRun.period_start == found.start
            )
        )
    )
    rows = _begin(session, form, carrier, [f for f in firms_asked(session, carrier, span_of(found)) if f.id not in have], found)
    count_runs(session, form, rows)
    return len(rows)


def change_run(
    session: Any,
    row: FormRun,
    *,
    head_name: str | None = None,
    statistician: str | None = None,
    filled_by: str | None = None,
    phone: str | None = None,
    note: str | None = None,
) -> FormRun:
    """Who stands at the foot of the form."""
    access.require(session, RESOURCE, "change")
    require_draft(session, row)
    row.head_name, row.statistician, row.filled_by, row.phone, row.note = head_name, statistician, filled_by, phone, note
    session.flush()
    return row


def count_run(session: Any, row: FormRun) -> None:
    """R-76: every cell from its source records; corrections and explanations stay."""
    access.require(session, RESOURCE, "change")
    require_draft(session, row)
    count_runs(session, row.form, [row])


def why_not_count(session: Any, row: FormRun) -> str | None:
    """Why the button is not offered."""
    return None if row.state == "draft" else _(NOT_DRAFT.msgid)


def count_runs(session: Any, form: StatForm, rows: Sequence[FormRun]) -> None:
    """Count many filings of one form and period together: each figure is asked once."""
    if not rows:
        return
    items = forms.fields_of(session, form)
    answers, checks = compute(session, form, items, rows), forms.checks_of(session, form)
    cells, findings = cells_of(session, rows), findings_by_run(session, rows)
    before = previous(session, form, rows)
    for row in rows:
        mine = cells.setdefault(row.id, {})
        for item in items:
            got = answers[row.id].get(item.source or "", Got(collect="" if item.source else _l("Entered by hand")))
            cell = mine.get(item.id)
            if cell is None:
                cell = mine[item.id] = FormCell(park_id=row.park_id, run_id=row.id, field_id=item.id, records=[])
                session.add(cell)
            cell.value, cell.source, cell.collect = text_of(got.value), kept_words(got.source), kept_words(got.collect)
            cell.records = [[r, i, None if a is None else format(Decimal(a), "f")] for r, i, a in got.records]
            cell.previous = before.get((row.carrier_id, row.firm_id), {}).get(item.code)
        row.counted_at = clock.now()
        judge(session, row, items, mine, checks, findings[row.id])
    session.flush()


def compute(session: Any, form: StatForm, items: Sequence[FormField], rows: Sequence[FormRun]) -> dict[int, dict[str, Got]]:
    """run id → source → answer, without storing anything: the count, and what a frozen form would say today."""
    span = Span(rows[0].period_start, rows[0].last_day)
    firms = {f.id: f for f in session.scalars(select(Firm).where(Firm.id.in_([r.firm_id for r in rows if r.firm_id])))}
    subject = {r.id: (firms[r.firm_id] if form.subject == "firm" else r.carrier) for r in rows}
    names = [x.source for x in items if x.source]
    out: dict[int, dict[str, Got]] = {}
    for carrier_id in sorted({r.carrier_id for r in rows}) if form.subject == "firm" else (None,):
        mine = [r for r in rows if carrier_id in (None, r.carrier_id)]
        subjects = list({subject[r.id].id: subject[r.id] for r in mine}.values())
        found = sources.gather(session, names, form.subject, subjects, replace(span, carrier_id=carrier_id))
        out |= {r.id: found[subject[r.id].id] for r in mine}
    return out


def previous(session: Any, form: StatForm, rows: Sequence[FormRun]) -> dict[tuple[int, int | None], dict[str, str]]:
    """(carrier, firm) → code → exact value filed for the latest earlier period that was signed."""
    r, out = FormRun, {}
    query = (
        select(r.carrier_id, r.firm_id, FormField.code, FormCell.value, FormCell.corrected)
        .join(FormCell, FormCell.run_id == r.id)
        .join(FormField, FormField.id == FormCell.field_id)
        .where(r.form_key == form.key, r.carrier_id.in_([x.carrier_id for x in rows]), r.state.in_(("signed", "filed")))
        .where(r.period_start < rows[0].period_start)
        .order_by(r.period_start)
    )
    for carrier_id, firm_id, code, value, corrected in session.execute(query):
        final = corrected if corrected is not None else value
        if final is not None:
            out.setdefault((carrier_id, firm_id), {})[code] = final
    return out


def changes_since(session: Any, row: FormRun) -> list[tuple[FormField, str | None, str | None]]:
    """Items whose sources say something else today than what was counted: a delta beside the form, never a changed past."""
    items, cells = forms.fields_of(session, row.form), cells_of(session, [row])[row.id]
    now = compute(session, row.form, items, [row])[row.id]
    found = [(x, cells[x.id].value, text_of(now[x.source].value)) for x in items if x.source in now]
    return [(x, then, today) for x, then, today in found if then != today]
