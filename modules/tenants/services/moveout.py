"""Move-out: the checklist that must be settled before a firm leaves. Rules T-50 to T-54.

Other modules add lines by the signal `moveout_items` (answering with `MoveOutLine`) and settle them with `settle_code`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from parkops import sequences
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import errors, signals
from ..models.firm import Firm
from ..models.moveout import OUTCOMES, MoveOut, MoveOutItem
from ..states import MOVEOUT_CASE
from . import checklists, stages

RESOURCE = "tenants.moveout"
FITTING = {"left": ("team", "incubating"), "dissolved": ("team", "incubating", "graduated", "accelerating"),
           "graduated": ("graduated", "accelerating")}


@dataclass(frozen=True)
class MoveOutLine:
    """A line another module adds: `code` unique in the case (`leasing.lease`), title shown, `source` module name."""

    code: str
    title: Any
    required: bool = True
    source: str = ""


def open_moveout_of(session: Any, firm: Firm) -> MoveOut | None:
    """The firm's open case."""
    return session.scalars(select(MoveOut).where(MoveOut.firm_id == firm.id, MoveOut.state == "open")).one_or_none()


def why_not_open(session: Any, firm: Firm) -> str | None:
    """T-50: one open case per firm that is in the park."""
    if firm.state not in stages.IN_PARK or firm.moved_out_on is not None:
        return _("Only a firm that is in the park can move out.")
    return _("A move-out of this firm is already open.") if open_moveout_of(session, firm) is not None else None


def open_moveout(session: Any, firm: Firm, *, outcome: str, announced_on: date, reason: str, planned_on: date | None = None,
                 destination: str | None = None) -> MoveOut:
    """Open the case with the park's checklist and the lines other modules add. `outcome` left | dissolved | graduated."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    errors.not_future(problems, "announced_on", announced_on)
    errors.required(problems, {"announced_on": announced_on, "reason": errors.clean(reason)}, "announced_on", "reason")
    if why := why_not_open(session, firm):
        problems.add("tenants.T-50", why)
    elif outcome not in OUTCOMES or firm.state not in FITTING[outcome]:
        problems.add("tenants.T-51", _l("This outcome does not fit the firm's stage; choose another one."), "outcome")
    if planned_on is not None and announced_on is not None and planned_on < announced_on:
        problems.add("tenants.T-51", _l("The firm cannot plan to leave before it announced it."), "planned_on")
    problems.stop()
    case = MoveOut(number=sequences.next_number(session, RESOURCE, firm.park_id, announced_on), firm=firm, state="open",
                   park_id=firm.park_id, outcome=outcome, announced_on=announced_on, planned_on=planned_on,
                   destination=errors.clean(destination), reason=errors.clean(reason))
    session.add(case)
    session.flush()
    _fill(session, case)
    return case


def _fill(session: Any, case: MoveOut) -> None:
    lines = [MoveOutLine(i.code, i.label, i.required, "tenants")
             for i in checklists.ensure_defaults(session, "moveout", case.park_id)]
    for answer in signals.moveout_items.send(session, firm=case.firm, moveout=case):
        lines += [answer] if isinstance(answer, MoveOutLine) else list(answer or ())
    for n, line in enumerate(lines, 1):
        session.add(MoveOutItem(moveout=case, park_id=case.park_id, code=line.code, title=str(line.title)[:200], state="open",
                                required=line.required, source=line.source or "tenants", position=10 * n))
    session.flush()


def items_of(session: Any, case: MoveOut) -> list[MoveOutItem]:
    """The case's lines in order."""
    return list(session.scalars(select(MoveOutItem).where(MoveOutItem.moveout_id == case.id)
                                .order_by(MoveOutItem.position, MoveOutItem.id)))


def _settle(session: Any, item: MoveOutItem, state: str, on: date | None, reason: str | None = None) -> MoveOutItem:
    access.require(session, RESOURCE, "change" if state != "waived" else "act")
    problems = Problems()
    errors.not_future(problems, "on", on)
    if item.moveout.state != "open":
        problems.add("tenants.T-52", _l("The move-out is closed; its checklist no longer changes."))
    if state != "open" and on is None:
        problems.add("tenants.required", _l("Fill in this field."), "on")
    if state == "waived" and errors.clean(reason) is None:
        problems.add("tenants.T-53", _l("Write why this item is waived."), "reason")
    problems.stop()
    item.state, item.waive_reason = state, errors.clean(reason) if state == "waived" else None
    item.settled_on = on if state != "open" else None
    item.settled_by = scope_of(session).user_name if state != "open" else None
    session.flush()
    return item


def settle_item(session: Any, item: MoveOutItem, *, on: date, note: str | None = None) -> MoveOutItem:
    """The item is done."""
    if errors.clean(note):
        item.note = errors.clean(note)
    return _settle(session, item, "done", on)


def waive_item(session: Any, item: MoveOutItem, *, on: date, reason: str) -> MoveOutItem:
    """T-53: an item may be waived with a reason, by whom may act on move-outs."""
    return _settle(session, item, "waived", on, reason)


def reopen_item(session: Any, item: MoveOutItem) -> MoveOutItem:
    """It was ticked wrongly."""
    return _settle(session, item, "open", None)


def settle_items(session: Any, items: list[MoveOutItem], *, on: date) -> tuple[str, None]:
    """Several at once (bulk action)."""
    for item in items:
        if item.state == "open":
            _settle(session, item, "done", on)
    return _("%(n)s items settled.", n=len(items)), None


def settle_code(session: Any, firm: Firm, code: str, *, on: date) -> bool:
    """Another module reports that the item it added is settled (lease ended, arrears paid). True when there was one."""
    case = open_moveout_of(session, firm)
    item = session.scalars(select(MoveOutItem).where(MoveOutItem.moveout_id == (case.id if case else 0),
                                                     MoveOutItem.code == code, MoveOutItem.state == "open")).one_or_none()
    if item is not None:
        _settle(session, item, "done", on)
    return item is not None


def add_item(session: Any, *, moveout_id: int, title: str, required: bool = True, note: str | None = None) -> MoveOutItem:
    """A line for this case only."""
    access.require(session, RESOURCE, "change")
    case = session.scalars(select(MoveOut).where(MoveOut.id == moveout_id)).one_or_none()
    problems = Problems()
    title = errors.clean(title) or ""
    errors.required(problems, {"title": title}, "title")
    errors.lengths(problems, MoveOutItem, {"title": title, "note": note})
    if case is None or case.state != "open":
        problems.add("tenants.T-52", _l("Choose an open move-out of this park."), "moveout_id")
    problems.stop()
    number = len(items_of(session, case)) + 1
    row = MoveOutItem(moveout=case, park_id=case.park_id, code=f"own-{number}", title=title, required=required, state="open",
                      source="tenants", position=10 * number, note=errors.clean(note))
    session.add(row)
    session.flush()
    return row


def change_moveout(session: Any, case: MoveOut, *, planned_on: date | None = None, destination: str | None = None,
                   reason: str | None = None) -> MoveOut:
    """Plan, destination and reason may be corrected while the case is open."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if case.state != "open":
        problems.add("tenants.T-52", _l("The move-out is closed; its checklist no longer changes."))
    if planned_on is not None and planned_on < case.announced_on:
        problems.add("tenants.T-51", _l("The firm cannot plan to leave before it announced it."), "planned_on")
    problems.stop()
    case.planned_on, case.destination = planned_on, errors.clean(destination)
    case.reason = errors.clean(reason) or case.reason
    session.flush()
    return case


def why_not_complete(session: Any, case: MoveOut) -> str | None:
    """T-54: every required item is done or waived."""
    waiting = [i.title for i in items_of(session, case) if i.required and i.state == "open"]
    if not waiting:
        return None
    return _("Settle or waive first: %(items)s.", items=", ".join(waiting[:6]) + ("…" if len(waiting) > 6 else ""))


def complete_moveout(session: Any, case: MoveOut, *, on: date) -> MoveOut:
    """The firm leaves on `on` by the outcome of the case; the case closes with it."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if on is not None and on < case.announced_on:
        problems.add("tenants.T-51", _l("The move-out was announced on %(day)s; choose a later day.",
                                        day=case.announced_on.isoformat()), "on")
    if why := why_not_complete(session, case):
        problems.add("tenants.T-54", why)
    problems.stop()
    leave = {"left": stages.leave_firm, "dissolved": stages.dissolve_firm, "graduated": stages.depart_firm}[case.outcome]
    leave(session, case.firm, on=on, reason=case.reason)
    session.refresh(case)
    return case


def cancel_moveout(session: Any, case: MoveOut, *, on: date, reason: str) -> MoveOut:
    """The firm stays."""
    MOVEOUT_CASE.move(session, case, "cancel", on=on, reason=reason)
    session.flush()
    return case


def open_from_firm(session: Any, firm: Firm, *, announced_on: date, reason: str, planned_on: date | None = None,
                   destination: str | None = None) -> tuple[str, str]:
    """The button on a firm: the outcome follows from its stage. Leads to the case."""
    outcome = "graduated" if firm.state in FITTING["graduated"] else "left"
    case = open_moveout(session, firm, outcome=outcome, announced_on=announced_on, reason=reason, planned_on=planned_on,
                        destination=destination)
    return _("Move-out %(number)s opened.", number=case.number), f"/tenants/moveout/{case.id}"
