"""Telling firms of a policy: once per firm and item, with the answer of the rules that day. Rules SV-124 to SV-125."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from modules.tenants.services.portal_accounts import people_of
from parkops import clock, todos
from parkops.db.session import scope_of
from parkops.errors import Problem, RuleError
from parkops.i18n import _, _l
from parkops.notify import sending
from parkops.security import access

from ..models.policy import PolicyApplication, PolicyItem, PolicyPush
from ..signals.policy import policy_pushed
from ..states_policy import PUSH
from . import policies, policy_money
from .steps import take

RESOURCE = "services.policy_push"
TOLD = {
    "pass": _l("Your firm qualifies for “%(item)s”. Ask the park how to apply."),
    "unknown": _l("Your firm may qualify for “%(item)s”; the park lacks some details. Ask what is missing."),
}


def push(session: Any, item: PolicyItem, *, on: date, with_unknown: bool = True) -> dict[str, int]:
    """SV-124: tell every firm that qualifies, and those of which the park cannot say; each once. A to-do follows each up in a week."""
    access.require(session, RESOURCE, "add")
    if (why := policies.holds(item, on)) is not None:
        raise RuleError([Problem("services.SV-124", why)])
    scope, wanted = scope_of(session), ("pass", "unknown") if with_unknown else ("pass",)
    told = set(session.scalars(select(PolicyPush.firm_id).where(PolicyPush.item_id == item.id)))
    found = [r for r in policies.match(session, item, on=on).rows if r.verdict in wanted and r.firm.id not in told]
    rows = [
        PolicyPush(
            park_id=item.park_id,
            item_id=item.id,
            firm_id=r.firm.id,
            pushed_on=on,
            pushed_by=scope.user_name[:80],
            verdict=r.verdict,
            why=r.why[:400] or None,
            owner_id=scope.user_id,
        )
        for r in found
    ]
    session.add_all(rows)
    session.flush()
    people = people_of(session, [r.firm_id for r in rows])
    for row, line in zip(rows, found, strict=True):
        sending.tell(session, people.get(row.firm_id, []), "services.policy", TOLD[line.verdict], {"item": item.name}, owner=row)
        if line.verdict == "pass":
            title = _("%(firm)s: ask about %(item)s", firm=line.firm.name, item=item.name)
            todos.add(session, row, title, due_on=on + timedelta(days=7), key=f"services.push:{row.id}")
    policy_pushed.send(session, item=item, pushes=rows)
    return {"told": len(rows), "qualify": sum(r.verdict == "pass" for r in found)}


def push_text(session: Any, item: PolicyItem, *, with_unknown: bool | None = None) -> str:
    """The button on an item."""
    made = push(session, item, on=clock.today(), with_unknown=bool(with_unknown))
    return _("%(n)s firms were told, %(m)s of them qualify.", n=made["told"], m=made["qualify"])


def why_not_push(session: Any, item: PolicyItem) -> str | None:
    """Guard of the button."""
    return policies.holds(item, clock.today())


def mark_read(session: Any, row: PolicyPush) -> None:
    """The firm has seen it (portal or by telephone)."""
    take(session, PUSH, row, "read")


def mark_interested(session: Any, row: PolicyPush) -> None:
    """It wants to apply."""
    take(session, PUSH, row, "want", answered_on=clock.today())


def decline_push(session: Any, row: PolicyPush, *, reason: str) -> None:
    """It does not, and says why."""
    take(session, PUSH, row, "decline", reason=reason, answered_on=clock.today())


def apply_from_push(session: Any, row: PolicyPush, *, on: date) -> PolicyApplication:
    """SV-125: an application with the answer of the rules as of that day."""
    made = policy_money.create_application(session, item_id=row.item_id, firm_id=row.firm_id)
    take(session, PUSH, row, "apply", on=on, after=row.pushed_on, answered_on=on)
    return made
