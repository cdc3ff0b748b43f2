"""The life of a firm in the park, step by step. Every step is dated, leaves a row in the stage history and moves the
state by the FIRM workflow; nothing else writes a firm's state, carrier, entry or graduation day.

Rules T-10 to T-19 of the README. Functions take the day (`on`); a day in the future is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from parkops import clock
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access
from parkops.workflow import Transition

from .. import errors, signals
from ..models.application import Application
from ..models.carrier import Carrier
from ..models.firm import Firm, FirmName
from ..models.graduation import GraduationCase
from ..models.moveout import MoveOut
from ..models.stage import Stage
from ..states import FIRM, MOVEOUT_CASE
from . import terms

IN_PARK = ("team", "incubating", "graduated", "accelerating")
RESOURCE = "tenants.firm"


def current_stage(session: Any, firm: Firm) -> Stage | None:
    """The open (last) row of the firm's history; None for a register entry."""
    return session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on.desc()).limit(1)).first()


def check_day(session: Any, problems: Problems, firm: Firm, on: date | None) -> None:
    """T-11: a step is dated after the last one, so that the history stays one line; T-02: never in the future."""
    if on is None:
        problems.add("tenants.required", _l("Fill in this field."), "on")
        return
    errors.not_future(problems, "on", on)
    errors.not_before_1900(problems, "on", on)
    last = current_stage(session, firm)
    if last is not None and on <= last.starts_on:
        problems.add("tenants.T-11", _l("The firm's last change of stage was on %(day)s; choose a later day.",
                                        day=last.starts_on.isoformat()), "on")


def _check_carrier(session: Any, problems: Problems, carrier_id: int | None, on: date | None,
                   kinds: tuple[str, ...] = ()) -> Carrier | None:
    """T-12: the carrier is open on that day and of a kind that fits."""
    carrier = session.scalars(select(Carrier).where(Carrier.id == carrier_id)).one_or_none() if carrier_id else None
    if carrier is None:
        problems.add("tenants.T-12", _l("Choose a carrier of this park."), "carrier_id")
        return None
    if on is not None and carrier.closed_on is not None and carrier.closed_on <= on:
        problems.add("tenants.T-12", _l("The carrier closed on %(day)s; choose another one.",
                                        day=carrier.closed_on.isoformat()), "carrier_id")
    if kinds and carrier.carrier_type not in kinds:
        problems.add("tenants.T-12", _l("This kind of carrier does not take firms of that stage; choose another one."),
                     "carrier_id")
    return carrier


def _begin(session: Any, firm: Firm, state: str, carrier_id: int | None, on: date, step: str, reason: str | None) -> Stage:
    """Close the row in force at `on` and open the next one."""
    last = current_stage(session, firm)
    if last is not None and last.ends_on is None:
        last.during = Range(last.starts_on, on, bounds="[)")
        session.flush()
        session.refresh(last, ["starts_on", "ends_on"])
    row = Stage(firm=firm, park_id=firm.park_id, state=state, carrier_id=carrier_id, step=step,
                during=Range(on, None, bounds="[)"), reason=errors.clean(reason))
    session.add(row)
    session.flush()
    return row


def _take(session: Any, firm: Firm, step: str, on: date, reason: str | None, *, carrier_id: int | None) -> Stage:
    """Move the state and write the history row."""
    target = FIRM.step(step).target
    FIRM.move(session, firm, step, on=on, reason=reason)
    row = _begin(session, firm, target, carrier_id, on, step, reason)
    firm.carrier_id = carrier_id if target in IN_PARK else firm.carrier_id
    return row


def why_not_admit(session: Any, firm: Firm) -> str | None:
    """T-13: a company needs its credit code and registration date before it counts as a firm in incubation."""
    if firm.credit_code is None:
        return _("Enter the unified social credit code first, or admit it as a team.")
    if firm.registered_on is None:
        return _("Enter the date of registration first.")
    return None


def why_not_admit_team(session: Any, firm: Firm) -> str | None:
    """A company is admitted as a company."""
    return _("This is a registered company; admit it to incubation.") if firm.credit_code is not None else None


def _application_approved(session: Any, firm: Firm) -> bool:
    return session.scalar(select(func.count()).select_from(Application).where(
        Application.firm_id == firm.id, Application.state.in_(("approved", "admitted")))) > 0


def _admit(session: Any, firm: Firm, step: str, on: date, carrier_id: int, reason: str | None) -> Firm:
    access.require(session, RESOURCE, "act")
    problems, reason = Problems(), errors.clean(reason)
    check_day(session, problems, firm, on)
    kinds = ("makerspace", "incubator") if step == "admit_team" else ("incubator", "makerspace", "accelerator")
    _check_carrier(session, problems, carrier_id, on, kinds)
    if step == "admit" and on is not None and firm.registered_on is not None and on < firm.registered_on and not firm.was_team:
        problems.add("tenants.T-14", _l("The firm was registered on %(day)s; it cannot have entered earlier.",
                                        day=firm.registered_on.isoformat()), "on")
    if reason is None and not _application_approved(session, firm):
        problems.add("tenants.T-15", _l("There is no approved application; write the reason for admitting it directly."),
                     "reason")
    problems.stop()
    _take(session, firm, step, on, reason, carrier_id=carrier_id)
    firm.entered_on, firm.moved_out_on = on, None
    if step == "admit_team":
        firm.was_team = True
    else:
        firm.incubating_since = on
    session.flush()
    terms.refresh_terms(session, on=on, firm_ids=[firm.id])
    session.refresh(firm)
    signals.firm_admitted.send(session, firm=firm, on=on, state=firm.state)
    return firm


def admit_firm(session: Any, firm: Firm, *, on: date, carrier_id: int, reason: str | None = None) -> Firm:
    """Register entry (or returning firm) -> in incubation from `on` in a carrier.

    Needs a credit code and registration date (T-13), an approved application or a written reason (T-15).
    Raises RuleError, NotAllowed, Conflict."""
    return _admit(session, firm, "admit", on, carrier_id, reason)


def admit_team(session: Any, firm: Firm, *, on: date, carrier_id: int, reason: str | None = None) -> Firm:
    """Register entry -> start-up team from `on`. Same conditions as `admit_firm`, but without a company."""
    return _admit(session, firm, "admit_team", on, carrier_id, reason)


def incorporate_team(session: Any, firm: Firm, *, on: date, credit_code: str, name: str, registered_on: date,
                     carrier_id: int | None = None) -> Firm:
    """A team's company is registered: it gets its code and counts as in incubation from `on` (domain.md 5.3).

    `on` is not before `registered_on`. The team's name is kept among the former names."""
    from .firms import check_code_free

    access.require(session, RESOURCE, "act")
    problems = Problems()
    name = errors.clean(name) or ""
    check_day(session, problems, firm, on)
    errors.not_future(problems, "registered_on", registered_on)
    errors.required(problems, {"credit_code": credit_code, "name": name, "registered_on": registered_on},
                    "credit_code", "name", "registered_on")
    code = errors.credit_code(problems, errors.clean(credit_code))
    check_code_free(session, problems, code, firm.id)
    errors.lengths(problems, Firm, {"name": name})
    if on is not None and registered_on is not None and on < registered_on:
        problems.add("tenants.T-14", _l("The firm was registered on %(day)s; it cannot have entered earlier.",
                                        day=registered_on.isoformat()), "on")
    carrier_id = carrier_id or firm.carrier_id
    _check_carrier(session, problems, carrier_id, on)
    problems.stop()
    _take(session, firm, "incorporate", on, None, carrier_id=carrier_id)
    if name != firm.name:
        session.add(FirmName(firm=firm, park_id=firm.park_id, name=firm.name, since=firm.entered_on, until=on))
    firm.credit_code, firm.name, firm.registered_on = code, name, registered_on
    firm.incubating_since, firm.was_team = on, True
    session.flush()
    terms.refresh_terms(session, on=on, firm_ids=[firm.id])
    session.refresh(firm)
    signals.firm_incorporated.send(session, firm=firm, on=on)
    return firm


def move_firm(session: Any, firm: Firm, *, on: date, carrier_id: int, reason: str | None = None) -> Firm:
    """The firm changes its carrier inside the park; its stage stays. One new history row with the step `move`."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    _check_carrier(session, problems, carrier_id, on)
    if why := why_not_move(session, firm):
        problems.add("tenants.T-16", why)
    elif carrier_id == firm.carrier_id:
        problems.add("tenants.T-16", _l("The firm is already in this carrier; choose another one."), "carrier_id")
    problems.stop()
    before = firm.carrier_id
    _begin(session, firm, firm.state, carrier_id, on, "move", reason)
    firm.carrier_id = carrier_id
    session.flush()
    audit.event(session, "move", {"carrier_id": [before, carrier_id], "on": on.isoformat()}, resource=RESOURCE,
                record_id=firm.id, label=firm.name, park_id=firm.park_id)
    signals.firm_moved.send(session, firm=firm, on=on, carrier_id=carrier_id, before=before)
    return firm


def why_not_move(session: Any, firm: Firm) -> str | None:
    """Only who is in the park can move inside it."""
    if firm.state not in IN_PARK or firm.moved_out_on is not None:
        return _("Only a firm that is in the park can change its carrier.")
    return None


def why_not_graduate(session: Any, firm: Firm) -> str | None:
    """T-17: a graduation is decided in a case with evidence, never by a button alone."""
    approved = session.scalar(select(func.count()).select_from(GraduationCase).where(
        GraduationCase.firm_id == firm.id, GraduationCase.state == "approved"))
    return None if approved else _("Open a graduation case and have it approved first.")


def graduate_firm(session: Any, firm: Firm, *, on: date, reason: str | None = None) -> Firm:
    """In incubation -> graduated on `on`, by an approved graduation case (T-17); closes that case."""
    from .graduation import close_case

    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    problems.stop()
    _take(session, firm, "graduate", on, reason, carrier_id=firm.carrier_id)
    firm.graduated_on, firm.term_ends_on = on, None
    session.flush()
    close_case(session, firm, on=on)
    signals.firm_graduated.send(session, firm=firm, on=on)
    return firm


def accelerate_firm(session: Any, firm: Firm, *, on: date, carrier_id: int, reason: str | None = None) -> Firm:
    """Graduated -> in acceleration, in an accelerator of the park."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    _check_carrier(session, problems, carrier_id, on, ("accelerator",))
    problems.stop()
    _take(session, firm, "accelerate", on, reason, carrier_id=carrier_id)
    session.flush()
    return firm


def why_not_leave(session: Any, firm: Firm) -> str | None:
    """T-18: a firm leaves when its move-out is settled."""
    from .moveout import open_moveout_of, why_not_complete

    case = open_moveout_of(session, firm)
    return _("Open a move-out first.") if case is None else why_not_complete(session, case)


def leave_firm(session: Any, firm: Firm, *, on: date, reason: str) -> Firm:
    """Team or firm in incubation -> left without graduating (肄业). Needs a settled move-out, which it completes."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    problems.extend(signals.before_leave.collect(session, firm=firm, on=on))
    problems.stop()
    _take(session, firm, "leave", on, reason, carrier_id=firm.carrier_id)
    return _gone(session, firm, on)


def dissolve_firm(session: Any, firm: Firm, *, on: date, reason: str) -> Firm:
    """Any stage -> dissolved (注销/吊销) on the day of the registry. An open move-out is completed with it."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    problems.stop()
    _take(session, firm, "dissolve", on, reason, carrier_id=firm.carrier_id)
    return _gone(session, firm, on)


def depart_firm(session: Any, firm: Firm, *, on: date, reason: str | None = None) -> Firm:
    """A graduated or accelerating firm moves out of the park. It stays graduated; `moved_out_on` ends its residence."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    check_day(session, problems, firm, on)
    problems.extend(signals.before_leave.collect(session, firm=firm, on=on))
    if firm.state not in ("graduated", "accelerating"):
        problems.add("tenants.T-18", _l("Only a graduated firm moves out and stays graduated."))
    problems.stop()
    return _gone(session, firm, on)


def _gone(session: Any, firm: Firm, on: date) -> Firm:
    """What every departure ends: the residence, the term, the open move-out."""
    if firm.entered_on is not None and firm.moved_out_on is None:
        firm.moved_out_on = on
    firm.term_ends_on = None
    for case in session.scalars(select(MoveOut).where(MoveOut.firm_id == firm.id, MoveOut.state == "open")):
        _close_moveout(session, case, on)
    session.flush()
    signals.firm_left.send(session, firm=firm, on=on, state=firm.state)
    return firm


def _close_moveout(session: Any, case: MoveOut, on: date) -> None:
    """Complete the case; a dissolved firm's unsettled list is cancelled, because nobody is left to settle it with."""
    from .moveout import why_not_complete

    if why_not_complete(session, case) is None:
        MOVEOUT_CASE.move(session, case, "complete", on=on)
        case.moved_on = on
    else:
        MOVEOUT_CASE.move(session, case, "cancel", on=on, reason=_("The firm was dissolved."))


def undo_last_stage(session: Any, firm: Firm, *, reason: str) -> Firm:
    """Take back the last step when it was entered wrongly (T-19): the row is removed, the one before is open again.

    Both rows stay in the audit trail; a step that a settled case or a later record depends on is undone there first."""
    from .graduation import reopen_after_undo

    access.require(session, RESOURCE, "act")
    problems = Problems()
    rows = list(session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on.desc()).limit(2)))
    if errors.clean(reason) is None:
        problems.add("workflow.reason_missing", _l("Write a reason."), "reason")
    if not rows:
        problems.add("tenants.T-19", _l("There is no step to take back."))
    problems.stop()
    last, before = rows[0], rows[1] if len(rows) > 1 else None
    old, target = firm.state, before.state if before is not None else "prospect"
    session.delete(last)
    session.flush()
    if before is not None:
        before.during = Range(before.starts_on, None, bounds="[)")
    firm.state, firm.carrier_id = target, before.carrier_id if before is not None else None
    _restore_days(session, firm)
    scope = scope_of(session)
    session.add(Transition(resource=RESOURCE, record_id=firm.id, park_id=firm.park_id, from_state=old, to_state=target,
                           step="undo", on_date=last.starts_on, reason=errors.clean(reason), user_id=scope.user_id,
                           user_name=scope.user_name, at=clock.now()))
    if last.step == "graduate":
        reopen_after_undo(session, firm, str(errors.clean(reason)))
    session.flush()
    return firm


def _restore_days(session: Any, firm: Firm) -> None:
    """Make the firm's dates agree with its history again."""
    session.flush()
    rows = list(session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on)))
    firm.entered_on = next((r.starts_on for r in reversed(rows) if r.step in ("admit", "admit_team")), None)
    firm.incubating_since = next((r.starts_on for r in reversed(rows) if r.step in ("admit", "incorporate")), None)
    firm.graduated_on = next((r.starts_on for r in reversed(rows) if r.step == "graduate"), None)
    if firm.state in IN_PARK:
        firm.moved_out_on = None
    session.flush()
    terms.refresh_terms(session, on=rows[-1].starts_on if rows else None, firm_ids=[firm.id])
    session.refresh(firm)


def why_not_undo(session: Any, firm: Firm) -> str | None:
    """There must be a step to take back."""
    return None if current_stage(session, firm) is not None else _("There is no step to take back.")


def move_firms(session: Any, firms: list[Firm], *, on: date, carrier_id: int, reason: str | None = None) -> tuple[str, None]:
    """Several firms change to one carrier on one day (bulk action); all or none."""
    for firm in firms:
        move_firm(session, firm, on=on, carrier_id=carrier_id, reason=reason)
    return _("%(n)s firms moved.", n=len(firms)), None
