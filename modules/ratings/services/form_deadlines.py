"""Deadlines of statutory forms: filings are begun and announced when their period is over, and again when they are late. Rule R-90."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.models.carrier import Carrier
from parkops import todos
from parkops.clock import Period
from parkops.i18n import Lazy, _l, force_locale
from parkops.security.models import UserProfile

from ..models.form import StatForm
from ..models.form_run import FormRun
from . import form_runs
from .form_cells import RESOURCE
from .report_readers import who

LATE_DAYS = 90  # beyond that nobody is reminded of a period any more


def asked(session: Any, on: date, park_id: int | None) -> Iterator[tuple[StatForm, Carrier, Period, date]]:
    """Form, carrier, period and due day of every carrier's form whose period is over and whose day is not long past."""
    query = select(StatForm).where(StatForm.state == "active", StatForm.subject == "carrier").order_by(StatForm.id)
    for form in session.scalars(query.where(StatForm.park_id == park_id) if park_id else query):
        period = Period.of(form.grain, on).previous()
        due = period.last_day + timedelta(days=form.due_days)
        if on > due + timedelta(days=LATE_DAYS):
            continue
        for carrier in _carriers(session, form, period):
            yield form, carrier, period, due


def _carriers(session: Any, form: StatForm, period: Period) -> list[Carrier]:
    c = Carrier
    query = select(c).where(
        c.park_id == form.park_id,
        or_(c.founded_on.is_(None), c.founded_on <= period.last_day),
        or_(c.closed_on.is_(None), c.closed_on > period.last_day),
    )
    types = [t.strip() for t in (form.carrier_types or "").split(",") if t.strip()]
    return list(session.scalars((query.where(c.carrier_type.in_(types)) if types else query).order_by(c.id)))


def open_filings(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Job: begin what is asked for, one to-do per preparer, and a second one when its day has passed."""
    begun, made = 0, 0
    for form, carrier, period, due in asked(session, on, park_id):
        where = (FormRun.form_key == form.key, FormRun.carrier_id == carrier.id, FormRun.period_start == period.start)
        run = session.scalars(select(FormRun).where(*where, FormRun.firm_id.is_(None))).one_or_none()
        if run is None:
            run = form_runs.create_run(session, form_id=form.id, carrier_id=carrier.id, period=period.key)
            begun += 1
        if run.state != "filed":
            made += _remind(session, run, form, carrier, due, on)
    return {"begun": begun, "made": made}


def preparers(session: Any, run: FormRun) -> dict[int, str]:
    """Users who are asked to prepare it, with their language: who began it, else everybody who may begin forms and does not review them."""
    found = who(session, session.scalars(select(UserProfile.id)), run.park_id).values()
    able = [w for w in found if w.active and w.here and (RESOURCE, "add") in w.rights]
    makers = [w for w in able if (RESOURCE, "act") not in w.rights] or able
    ids = {w.user_id for w in able if w.user_id == run.prepared_by_id} or {w.user_id for w in makers}
    rows = session.execute(select(UserProfile.id, UserProfile.locale).where(UserProfile.id.in_(ids)).order_by(UserProfile.id))
    return dict(rows.all())


OPEN = _l("File %(form)s of %(carrier)s for %(period)s by %(day)s")
LATE = _l("Late: %(form)s of %(carrier)s for %(period)s, due %(day)s")


def _remind(session: Any, run: FormRun, form: StatForm, carrier: Carrier, due: date, on: date) -> int:
    """One to-do per preparer, in the preparer's language; never a second one, also not after it was ticked off."""
    late = on > due
    key = f"ratings.form:{run.id}:{'late' if late else 'open'}:"
    if session.scalar(select(todos.Todo.id).where(todos.Todo.key.like(f"{key}%")).limit(1)) is not None:
        return 0
    values = {"carrier": carrier.name[:80], "period": run.period_key, "day": due}
    for user_id, language in preparers(session, run).items():
        with force_locale(language):
            title = str(Lazy((LATE if late else OPEN).msgid, form=form.label[:80], **values))
        todos.add(session, run, title[:300], due_on=due, assignee_id=user_id, key=f"{key}{user_id}")
    return 1


def late_forms(session: Any, on: date) -> list[FormRun]:
    """Filings whose day has passed and that were not filed."""
    return list(session.scalars(select(FormRun).where(FormRun.due_on < on, FormRun.state != "filed").order_by(FormRun.due_on)))
