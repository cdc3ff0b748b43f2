"""To-dos before instalments, the last day and the expiry of documents, and for stages beyond their promise. Rules LN-80 to LN-82."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from parkops import settings, todos
from parkops.i18n import _

from .. import calc_days, calc_overdue
from ..models.case import LoanCase
from ..models.money import LoanDue
from ..models.paper import LoanPaper, LoanStage
from ..states import BEFORE, LOAN, OWING, PARTIES
from . import servicing


def _park(query: Any, model: Any, park_id: int | None) -> Any:
    return query.where(model.park_id == park_id) if park_id else query


def _assignee(case: LoanCase) -> int | None:
    return case.prepared_by_id


def _add(session: Any, known: set[str], case: LoanCase, key: str, title: str, due_on: date) -> int:
    """One to-do per key, ever."""
    if key in known:
        return 0
    todos.add(session, case, title, due_on=due_on, assignee_id=_assignee(case), key=key)
    return 1


def _known(session: Any, prefix: str) -> set[str]:
    return set(session.scalars(select(todos.Todo.key).where(todos.Todo.key.like(f"{prefix}%"))))


def remind_dues(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """LN-80, job: one to-do per instalment within the park's days, once; it is done when the instalment is paid."""
    days, known = int(settings.get(session, "loans.due_days", park_id)), _known(session, "loans.due:")
    query = (
        select(LoanDue, LoanCase)
        .join(LoanCase, LoanCase.id == LoanDue.case_id)
        .where(LoanDue.live, LoanDue.due_on.between(on, on + timedelta(days=days)), LoanCase.state.in_(OWING))
    )
    made = 0
    for due, case in session.execute(_park(query, LoanDue, park_id).order_by(LoanDue.due_on, LoanDue.id)):
        if due.total:
            title = _(
                "%(firm)s: loan %(number)s, instalment of %(amount)s yuan on %(day)s",
                firm=case.firm.name,
                number=case.number,
                amount=f"{due.total:,.2f}",
                day=due.due_on,
            )
            made += _add(session, known, case, f"loans.due:{case.id}:{due.due_on}", title, due.due_on)
    return {"made": made, "closed": _close_paid(session, on, park_id)}


def _close_paid(session: Any, on: date, park_id: int | None) -> int:
    """To-dos of instalments that all payments until now cover."""
    t, paid_up = todos.Todo, []
    waiting = list(session.scalars(_park(select(t).where(t.key.like("loans.due:%"), t.resource == "loans.case", ~t.is_done), t, park_id)))
    cases = list(session.scalars(select(LoanCase).where(LoanCase.id.in_([w.record_id for w in waiting]))))
    found = servicing.books(session, cases) if cases else {}
    for w in waiting:
        dues, paid = found.get(w.record_id, ([], []))
        until = [d for d in dues if d.on <= w.due_on]
        if until and not calc_overdue.arrears(until, paid, max(on, w.due_on + timedelta(days=1))).amount:
            paid_up.append(w.key)
    return todos.close(session, keys=paid_up)


def remind_papers(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """LN-81, job: one to-do per document of a case not decided yet that expires within the park's days."""
    days, known = int(settings.get(session, "loans.paper_days", park_id)), _known(session, "loans.paper:")
    query = (
        select(LoanPaper, LoanCase)
        .join(LoanCase, LoanCase.id == LoanPaper.case_id)
        .where(LoanPaper.state == "received", LoanPaper.expires_on.between(on, on + timedelta(days=days)), LoanCase.state.in_(BEFORE))
    )
    made = 0
    for paper, case in session.execute(_park(query, LoanPaper, park_id).order_by(LoanPaper.expires_on, LoanPaper.id)):
        title = _(
            "%(firm)s: %(paper)s of %(number)s expires on %(day)s",
            firm=case.firm.name,
            paper=str(paper.kind),
            number=case.number,
            day=paper.expires_on,
        )
        made += _add(session, known, case, f"loans.paper:{paper.id}:{paper.expires_on}", title, paper.expires_on)
    return {"made": made}


def remind_stages(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """LN-82, job: one to-do per stage whose party has had the case longer than promised."""
    known, made = _known(session, "loans.stage:"), 0
    query = (
        select(LoanStage, LoanCase)
        .join(LoanCase, LoanCase.id == LoanStage.case_id)
        .where(LoanStage.to_on.is_(None), LoanStage.promised.is_not(None), LoanStage.from_on <= on)
    )
    for span, case in session.execute(_park(query, LoanStage, park_id).order_by(LoanStage.id)):
        days = calc_days.working_days(span.from_on, on)
        if days > span.promised:
            title = _(
                "%(number)s %(stage)s: %(party)s has had it for %(days)s working days, promised were %(promised)s",
                number=case.number,
                stage=LOAN.choices.label(span.stage),
                party=PARTIES.label(span.party),
                days=days,
                promised=span.promised,
            )
            made += _add(session, known, case, f"loans.stage:{span.id}", title, on)
    return {"made": made}
