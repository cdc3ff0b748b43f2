"""Leases from draft to signature: create, change, submit, approve (different people), sign, cancel. Rules C-01 to C-16."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError

from parkops import approval, attachments, clock, records, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import Conflict, Problem, Problems, Refused, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.space import Building, Unit
from ..states import LEASE
from . import holds, law, schedule

RESOURCE = "leasing.lease"
KIND = approval.ApprovalKind("leasing.lease", _l("Lease"), RESOURCE)
DAY = timedelta(days=1)
BY_STEPS = (
    "number",
    "revision",
    "root_id",
    "previous_id",
    "origin",
    "state",
    "signed_on",
    "ended_on",
    "total_amount",
    "remedy",
    "penalty_amount",
    "notice_on",
    "other_signed_on",
    "sign_note",
    "due_until",
    "taken_over_on",
)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    law.check_term(problems, values.get("starts_on"), values.get("ends_on"), values.get("proration"))
    if values.get("due_day") is not None and not 1 <= values["due_day"] <= 31:
        problems.add("leasing.C-12", _l("The day instalments are due lies between 1 and 31."), "due_day")
    for name in ("deposit_amount", "performance_amount", "earnest_amount", "late_fee_rate"):
        if values.get(name) is not None and values[name] <= 0:
            problems.add("leasing.C-12", _l("Leave this empty or enter more than zero."), name)


def create_lease(
    session: Any,
    *,
    firm_id: int,
    starts_on: date,
    ends_on: date | None = None,
    units: Any = (),
    lines: Any = (),
    rent_item_id: int | None = None,
    rent_basis: str | None = None,
    rent_price: Decimal | None = None,
    rent_cycle: int | None = None,
    rent_timing: str | None = None,
    **values: Any,
) -> Lease:
    """A draft. units: ids, or dicts with unit_id and area (default the lettable area). lines: dicts of `lease_lines.add_line`.
    The `rent_*` values are a first line in short, as the form offers it."""
    from . import lease_lines

    _refuse_steps(values)
    lease = _draft(session, {"firm_id": firm_id, "starts_on": starts_on, "ends_on": ends_on, **values})
    for unit in units or ():
        lease_lines.add_unit(session, lease, **(unit if isinstance(unit, dict) else {"unit_id": getattr(unit, "id", unit)}))
    lines = list(lines or ())
    if rent_price is not None or rent_item_id is not None:
        lines.insert(
            0,
            {
                "item_id": rent_item_id,
                "basis": rent_basis or "sqm_month",
                "price": rent_price,
                "cycle_months": rent_cycle or 1,
                "timing": rent_timing or "advance",
            },
        )
    for line in lines:
        lease_lines.add_line(session, lease, **line)
    return lease


def _draft(session: Any, values: dict[str, Any]) -> Lease:
    values = {k: v for k, v in values.items() if v is not None or k in ("ends_on",)}
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if values.get("starts_on") is None:
        problems.add("record.missing", _l("Fill this in."), "starts_on")
    problems.stop()
    park_id = values.pop("park_id", None) or scope_of(session).park_id
    number = values.pop("number", None) or sequences.next_number(session, "leasing.lease", park_id, values["starts_on"])
    lease = records.create(session, Lease, {"number": number, "state": "draft", **values}, _check)
    if lease.root_id is None:
        lease.root_id = lease.id
        session.flush()
    return lease


def change_lease(session: Any, lease: Lease, **values: Any) -> Lease:
    """Correct a draft. C-13: what was submitted is returned first; what is signed is amended."""
    access.require(session, RESOURCE, "change")
    require_draft(lease)
    values = {k: v for k, v in values.items() if not k.startswith("rent_") and k not in ("units", "lines")}
    _refuse_steps(values)
    return records.change(session, lease, values, _check)


def _refuse_steps(values: dict[str, Any]) -> None:
    if wrong := sorted(set(values) & set(BY_STEPS)):
        raise Refused(_l("These change by steps only, not by editing: %(names)s.", names=", ".join(wrong)))


def require_draft(lease: Lease) -> None:
    """C-13 as an error."""
    if lease.state != "draft":
        raise RuleError([Problem("leasing.C-13", _l("Only a draft is edited. Return a submitted lease to draft; amend a signed one."))])


def remove_lease(session: Any, lease: Lease) -> None:
    """C-14: numbers have no gaps, so a draft is cancelled, never deleted."""
    access.require(session, RESOURCE, "remove")
    raise RuleError([Problem("leasing.C-14", _l("A lease is cancelled, not deleted: its number stays."))])


def people_needed(session: Any, lease: Lease) -> int:
    """How many different people approve: by the contract total and the park's two limits."""
    total = lease.total_amount or Decimal(0)
    n = 1
    for key, people in (("leasing.two_approvals_from", 2), ("leasing.three_approvals_from", 3)):
        limit = settings.get(session, key, park_id=lease.park_id)
        n = people if limit is not None and total >= limit else n
    return n


def submit_lease(session: Any, lease: Lease, *, on: date) -> Lease:
    """Check everything, fix the total, ask for approval. Nobody approves what they submitted."""
    problems = Problems()
    problems.extend(law.problems_of(session, lease))
    problems.stop()
    found = schedule.preview(session, lease, on)
    lease.total_amount = found.total
    law.check_earnest(problems, lease.earnest_amount, found.total)
    problems.stop()
    if lease.carrier_id is None:
        lease.carrier_id = session.scalar(
            select(Building.carrier_id)
            .join(Unit, Unit.building_id == Building.id)
            .join(LeaseUnit, LeaseUnit.unit_id == Unit.id)
            .where(LeaseUnit.lease_id == lease.id)
            .order_by(LeaseUnit.id)
            .limit(1)
        )
    session.flush()
    LEASE.move(session, lease, "submit", on=on)
    approval.request(
        session,
        lease,
        KIND.code,
        needed=people_needed(session, lease),
        amount=found.total,
        payload={"number": lease.number, "firm": str(lease.firm), "total": found.total, "from": lease.starts_on, "until": lease.ends_on},
        title=_("Lease %(number)s: %(firm)s, %(total)s yuan", number=str(lease), firm=str(lease.firm), total=found.total),
    )
    return lease


def open_request(session: Any, lease: Lease) -> approval.Approval | None:
    """The approval that is waiting for this lease."""
    return session.scalars(
        select(approval.Approval).where(
            approval.Approval.kind == KIND.code,
            approval.Approval.resource == RESOURCE,
            approval.Approval.record_id == lease.id,
            approval.Approval.state == "waiting",
        )
    ).one_or_none()


def why_not_approve(session: Any, lease: Lease) -> str | None:
    """Why the actor may not approve it now (own request, voted already)."""
    found = open_request(session, lease)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve_lease(session: Any, lease: Lease, *, on: date) -> str | None:
    """One person's approval; the last one needed moves the lease on."""
    found = open_request(session, lease)
    if found is None:
        raise RuleError([Problem("leasing.C-15", _l("No approval is waiting for this lease. Submit it first."))])
    approval.vote(session, found, True, on=on)
    if found.state == "approved":
        return None
    return _("Approved; %(n)s more needed.", n=found.needed - found.given)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, lease: Lease) -> None:
    LEASE.move(session, lease, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, lease: Lease) -> None:
    if lease.state == "submitted":
        LEASE.move(session, lease, "return", reason=request.reason or str(_l("The request for approval was closed")))


def return_lease(session: Any, lease: Lease, *, reason: str) -> Lease:
    """Back to draft: by a person who may approve, or by the one who submitted it."""
    found = open_request(session, lease)
    if found is None:
        LEASE.move(session, lease, "return", reason=reason)
    elif scope_of(session).user_id == found.requested_by_id:
        approval.withdraw(session, found, reason)
    else:
        approval.vote(session, found, False, reason)
    return lease


def cancel_lease(session: Any, lease: Lease, *, reason: str) -> Lease:
    """Nothing comes of it. A waiting request for approval is closed with it."""
    if open_request(session, lease) is not None:
        return_lease(session, lease, reason=reason)
        session.refresh(lease)
    LEASE.move(session, lease, "cancel", reason=reason)
    return lease


def sign_lease(session: Any, lease: Lease, *, on: date, document: Any = None, note: str | None = None) -> Lease:
    """The lease runs: its units are taken (the database refuses a second tenant), its due rows written, its deposits agreed, the
    version it replaces ended. C-10 no overlap, C-11 in writing, C-16 a transfer is signed by both firms."""
    access.require(session, RESOURCE, "act")
    if document is not None:
        attachments.attach(session, lease, getattr(document, "stream", document), document.filename or "signed.pdf", kind="signed")
    problems = Problems()
    law.check_signature(session, problems, lease, note)
    if lease.origin == "transfer" and lease.other_signed_on is None:
        problems.add("leasing.C-16", _l("The leaving firm has not signed yet; record its signature first."))
    if lease.state == "approved":
        problems.extend(law.problems_of(session, lease))
    problems.stop()
    _in_one_piece(session, lease, on, note)
    return lease


def _in_one_piece(session: Any, lease: Lease, on: date, note: str | None) -> None:
    """The writing part; what the database refuses becomes a sentence."""
    try:
        with session.begin_nested():
            lease.signed_on, lease.sign_note = on, (note or "").strip() or None
            LEASE.move(session, lease, "sign", on=on)
            _replace_previous(session, lease, on)
            occupy(session, lease)
            schedule.write_dues(session, lease, on)
    except DBAPIError as error:
        refused = refusal(error)
        session.expire(lease)
        if refused is None:
            raise
        raise refused from None
    _agree_deposits(session, lease)
    holds.use_holds(session, lease, on=on)


def refusal(error: DBAPIError) -> Exception | None:
    """C-10 from the database: the exclusion constraint (23P01) or the deadlock it may cause (40P01)."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "23P01":
        return RuleError(
            [Problem("leasing.C-10", _l("A unit of this lease has just been let to another firm; choose other days or units."))]
        )
    if state in ("40P01", "40001", "55P03"):
        return Conflict(_l("Somebody else is signing a lease of the same units right now. Look at it again in a moment."))
    return None


def occupy(session: Any, lease: Lease) -> None:
    """Mark the units as taken from the first day to the last (without end when indefinite), in order of the units."""
    for row in session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.unit_id)):
        row.during = Range(lease.starts_on, lease.ends_on + DAY if lease.ends_on else None)
    session.flush()


def previous_of(session: Any, lease: Lease) -> Lease | None:
    return session.get(Lease, lease.previous_id) if lease.previous_id is not None else None


def _replace_previous(session: Any, lease: Lease, on: date) -> None:
    """An amendment or transfer ends the version before on the day before; a renewal lets it run out."""
    before = previous_of(session, lease)
    if before is None or lease.origin == "renewal" or before.state not in law.OCCUPYING:
        return
    replace_lease(session, before, on=lease.starts_on - DAY)


def why_not_replace(session: Any, lease: Lease) -> str | None:
    """Only a signed later version replaces one."""
    return None if successor_of(session, lease) is not None else _("Sign the later version first; it replaces this one.")


def successor_of(session: Any, lease: Lease) -> Lease | None:
    """The later version that is signed."""
    return session.scalars(
        select(Lease).where(Lease.previous_id == lease.id, Lease.signed_on.is_not(None), Lease.state != "cancelled").limit(1)
    ).first()


def replace_lease(session: Any, lease: Lease, *, on: date) -> Lease:
    """The last day of this version is `on`: units free for the next one, due rows after it withdrawn, charged ones taken back by
    credit rows, which the next monthly run bills."""
    lease.ended_on = on
    LEASE.move(session, lease, "replace", on=on)
    for row in session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id).order_by(LeaseUnit.unit_id)):
        row.during = Range(lease.starts_on, on + DAY)
    session.flush()
    schedule.cut_dues(session, lease, on)
    return lease


def _agree_deposits(session: Any, lease: Lease) -> None:
    from . import lease_deposits

    lease_deposits.agree(session, lease)


def lines_text(session: Any, lease: Lease) -> list[LeaseLine]:
    """The lines in order."""
    return list(session.scalars(select(LeaseLine).where(LeaseLine.lease_id == lease.id).order_by(LeaseLine.id)))
