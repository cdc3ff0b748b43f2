"""What every step of a small workflow does: right, fields, day order, move."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops import sequences
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _l
from parkops.refs import load
from parkops.security import access


def take(
    session: Any,
    flow: Any,
    row: Any,
    step: str,
    *,
    on: date | None = None,
    after: date | None = None,
    reason: str | None = None,
    **values: Any,
) -> Any:
    """Move `row` by `step` with the fields the step sets. `after`: the day may not lie before it (SV-100)."""
    access.require(session, flow.resource, flow.step(step).word)
    if on is not None and after is not None and on < after:
        raise RuleError([Problem("services.SV-100", _l("This day lies before %(day)s.", day=after.isoformat()), "on")])
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    flow.move(session, row, step, on=on, reason=reason)
    return row


def number(session: Any, name: str, park_id: int | None, on: date) -> str:
    """The next number of that kind in the park."""
    return sequences.next_number(session, f"services.{name}", park_id if park_id is not None else scope_of(session).park_id, on)


def park_of(session: Any, resource: str, record_id: int | None) -> int | None:
    """Park of a record that must be there; the current one without a record."""
    return load(session, resource, record_id).park_id if record_id is not None else scope_of(session).park_id


def refuse(code: str, message: Any, field: str | None = None) -> RuleError:
    """One problem as an error to raise."""
    return RuleError([Problem(f"services.{code}", message, field)])
