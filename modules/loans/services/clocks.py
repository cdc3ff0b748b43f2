"""Whose turn it is: spans of stages with their party; a clock stops when the ball is elsewhere. Rules LN-16, LN-17."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import todos
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_days
from ..models.case import LoanCase
from ..models.paper import LoanStage
from ..models.scheme import LoanStagePromise
from ..states import LOAN, PARTIES, STAGE_OWNERS


def open_span(session: Any, case: LoanCase) -> LoanStage | None:
    """The span that runs."""
    return session.scalars(select(LoanStage).where(LoanStage.case_id == case.id, LoanStage.to_on.is_(None))).one_or_none()


def promise(session: Any, park_id: int, stage: str) -> tuple[str, int] | None:
    """(party, promised working days) of a stage; None when nobody's clock runs in it."""
    p = LoanStagePromise
    row = session.scalars(select(p).where(p.park_id == park_id, p.stage == stage)).one_or_none()
    return (row.party, row.days) if row is not None else STAGE_OWNERS.get(stage)


def not_before(session: Any, case: LoanCase, on: date, problems: Problems) -> None:
    """LN-16: days of a case do not run backwards."""
    span = open_span(session, case)
    if span is not None and on < span.from_on:
        problems.add("loans.LN-16", _l("This stage began on %(day)s; choose that day or a later one.", day=span.from_on.isoformat()), "on")


def close(session: Any, case: LoanCase, on: date) -> None:
    """End the running span."""
    span = open_span(session, case)
    if span is not None:
        span.to_on, span.days = on, calc_days.working_days(span.from_on, on)
        todos.close(session, keys=[f"loans.stage:{span.id}"])


def enter(session: Any, case: LoanCase, on: date, *, party: str | None = None, note: str | None = None) -> None:
    """Start the span of the case's present stage, with the stage's owner unless another party has the ball."""
    close(session, case, on)
    found = promise(session, case.park_id, case.state)
    if found is None:
        return
    session.add(LoanStage(park_id=case.park_id, case_id=case.id, stage=case.state, party=party or found[0],
                          promised=found[1] if party in (None, found[0]) else None, from_on=on, note=note))
    session.flush()


def advance(session: Any, case: LoanCase, step: str, *, on: date, reason: str | None = None) -> None:
    """Take a step of the workflow and move the clock with it (LN-16)."""
    problems = Problems()
    not_before(session, case, on, problems)
    problems.stop()
    LOAN.move(session, case, step, on=on, reason=reason)
    enter(session, case, on)


def why_not_hand_over(session: Any, case: LoanCase) -> str | None:
    """Only in a stage that has a clock."""
    return None if open_span(session, case) is not None else _("No clock runs in this stage.")


def hand_over(session: Any, case: LoanCase, *, party: str, on: date, note: str) -> str:
    """LN-17: the ball goes to another party within the stage (a question to the firm, a document from the bank)."""
    access.require(session, "loans.case", "change")
    problems = Problems()
    span = open_span(session, case)
    if span is None:
        problems.add("loans.LN-17", _l("No clock runs in this stage."))
    elif span.party == party:
        problems.add("loans.LN-17", _l("It is this party's turn already."), "party")
    not_before(session, case, on, problems)
    problems.stop()
    enter(session, case, on, party=party, note=note)
    return _("It is now the turn of: %(party)s", party=PARTIES.label(party))


@dataclass
class Turn:
    """A stage of a case: the owner's promise, its working days, those of others."""

    stage: str
    owner: str
    promised: int | None
    own: int = 0
    others: int = 0
    spans: list[LoanStage] = field(default_factory=list)

    @property
    def late(self) -> int:
        """Working days beyond the promise."""
        return max(0, self.own - self.promised) if self.promised is not None else 0


def spans_of(session: Any, case: LoanCase) -> list[LoanStage]:
    """Every span in order."""
    return list(session.scalars(select(LoanStage).where(LoanStage.case_id == case.id).order_by(LoanStage.id)))


def turns(session: Any, case: LoanCase, on: date) -> list[Turn]:
    """Stage by stage in the order they were entered."""
    out: dict[str, Turn] = {}
    for span in spans_of(session, case):
        found = promise(session, case.park_id, span.stage) or (span.party, None)
        turn = out.setdefault(span.stage, Turn(span.stage, found[0], found[1]))
        days = span.days if span.days is not None else calc_days.working_days(span.from_on, max(on, span.from_on))
        turn.spans.append(span)
        if span.party == turn.owner:
            turn.own += days
        else:
            turn.others += days
    return list(out.values())


def days_by_party(session: Any, case_ids: Sequence[int], on: date) -> dict[int, dict[str, int]]:
    """Case -> party -> working days until `on`."""
    rows = session.execute(select(LoanStage.case_id, LoanStage.party, LoanStage.from_on, LoanStage.to_on).where(
        LoanStage.case_id.in_(list(case_ids)), LoanStage.from_on <= on))
    spans: dict[int, list[tuple[str, date, date | None]]] = {}
    for case_id, party, start, end in rows:
        spans.setdefault(case_id, []).append((party, start, end))
    return {i: calc_days.by_party(found, on) for i, found in spans.items()}
