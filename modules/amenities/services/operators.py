"""Operator contracts of amenities and their clauses. Rules Y-34 to Y-36."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import approval, clock, records, sequences
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from ..models.operator import AmenityOperatorContract, AmenityOperatorKpi
from ..states_operator import CONTRACT

RESOURCE = "amenities.operator_contract"
KIND = approval.ApprovalKind(RESOURCE, _l("Operator contract of an amenity"), RESOURCE)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("A contract cannot end before it begins."))
    if values.get("share_rate") is not None and not 0 <= values["share_rate"] <= 1:
        problems.add("amenities.Y-34", _l("A share lies between 0 and 100 %."), "share_rate")
    if (values.get("minimum") or Decimal(0)) < 0:
        problems.add("amenities.Y-34", _l("This cannot be negative."), "minimum")


def create_contract(
    session: Any, *, facility_id: int, operator_id: int, starts_on: date, ends_on: date, share_rate: Decimal, **values: Any
) -> AmenityOperatorContract:
    """Prepare a contract (Y-34)."""
    access.require(session, RESOURCE, "add")
    park_id = load(session, "amenities.facility", facility_id).park_id
    given = {
        "facility_id": facility_id,
        "operator_id": operator_id,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "share_rate": share_rate,
        "number": sequences.next_number(session, RESOURCE, park_id, starts_on),
        **{k: v for k, v in values.items() if v is not None},
    }
    return records.create(session, AmenityOperatorContract, given, _check)


def _draft(row: AmenityOperatorContract) -> None:
    if row.state != "draft":
        raise RuleError([Problem("amenities.Y-35", _l("The contract was submitted; return it to draft or make a new one."))])


def change_contract(session: Any, row: AmenityOperatorContract, **values: Any) -> AmenityOperatorContract:
    """Change a draft (Y-35)."""
    _draft(row)
    return records.change(session, row, values, _check)


def _check_kpi(session: Any, values: dict[str, Any], problems: Problems) -> None:
    contract = session.get(AmenityOperatorContract, values["contract_id"])
    if contract is not None and contract.state != "draft":
        problems.add("amenities.Y-35", _l("The contract was submitted; return it to draft or make a new one."), "contract_id")
    if values["target"] is not None and values["target"] <= 0:
        problems.add("amenities.Y-36", _l("A target is more than nothing."), "target")
    if values["weight"] is not None and not 0 < values["weight"] <= 1:
        problems.add("amenities.Y-36", _l("A weight lies between 0 and 100 %."), "weight")


def create_kpi(session: Any, **values: Any) -> AmenityOperatorKpi:
    """A performance clause of a draft (Y-36)."""
    return records.create(session, AmenityOperatorKpi, values, _check_kpi)


def change_kpi(session: Any, row: AmenityOperatorKpi, **values: Any) -> AmenityOperatorKpi:
    """Change a clause of a draft."""
    return records.change(session, row, values, _check_kpi)


def remove_kpi(session: Any, row: AmenityOperatorKpi) -> None:
    """Take a clause out of a draft."""
    _draft(row.contract)
    records.remove(session, row)


def why_not_submit(session: Any, row: AmenityOperatorContract) -> str | None:
    """Y-36: clauses, where there are some, make 100 %."""
    total = session.scalar(select(func.sum(AmenityOperatorKpi.weight)).where(AmenityOperatorKpi.contract_id == row.id))
    if total is not None and total != 1:
        return _("The weights of the clauses make %(n)s %%, not 100 %%.", n=f"{total * 100:.2f}")
    return None


def submit_contract(session: Any, row: AmenityOperatorContract, *, on: date) -> AmenityOperatorContract:
    """Ask for approval."""
    if (why := why_not_submit(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-36", why)])
    CONTRACT.move(session, row, "submit", on=on)
    approval.request(
        session,
        row,
        KIND.code,
        title=_("Operator contract %(number)s: %(operator)s", number=row.number, operator=str(row.operator)),
        payload={"from": row.starts_on, "until": row.ends_on, "share": row.share_rate, "minimum": row.minimum},
    )
    return row


def waiting(session: Any, row: Any, kind: str) -> approval.Approval | None:
    """The request that waits for a decision."""
    a = approval.Approval
    return session.scalars(select(a).where(a.kind == kind, a.resource == kind, a.record_id == row.id, a.state == "waiting")).one_or_none()


def why_not_approve(session: Any, row: AmenityOperatorContract) -> str | None:
    """Nobody approves their own request."""
    found = waiting(session, row, KIND.code)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve_contract(session: Any, row: AmenityOperatorContract, *, on: date) -> None:
    """Another person's approval puts it in force."""
    found = waiting(session, row, KIND.code)
    if found is None:
        raise RuleError([Problem("amenities.Y-35", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, True, on=on)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: AmenityOperatorContract) -> None:
    row.approval_id = request.id
    CONTRACT.move(session, row, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: AmenityOperatorContract) -> None:
    if row.state == "submitted":
        CONTRACT.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def give_back(session: Any, row: Any, kind: str, reason: str) -> None:
    """Refuse the waiting request; the record returns to draft."""
    found = waiting(session, row, kind)
    if found is None:
        raise RuleError([Problem("amenities.Y-35", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, False, reason)


def return_contract(session: Any, row: AmenityOperatorContract, *, reason: str) -> None:
    """Back to draft."""
    give_back(session, row, KIND.code, reason)


def end_contract(session: Any, row: AmenityOperatorContract, *, on: date, reason: str) -> None:
    """It ends on a day within its term."""
    if not row.starts_on <= on <= row.ends_on:
        raise RuleError([Problem("amenities.Y-35", _l("Choose a day within the contract."), "on")])
    row.ended_on = on
    CONTRACT.move(session, row, "end", on=on, reason=reason)
