"""Operator contracts from draft to end. Rules U-120 to U-124."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from parkops import approval, clock, records, sequences
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from ..models.contract import ContractAsset, ContractKpi, OperatorContract, OperatorSettlement
from ..models.registry import Instrument
from ..states_contract import CONTRACT

RESOURCE = "platforms.operator_contract"
KIND = approval.ApprovalKind(RESOURCE, _l("Operator contract"), RESOURCE)
WHOLE = Decimal(1)


def create_contract(
    session: Any,
    *,
    platform_id: int,
    model: str,
    owner: str,
    operator: str,
    starts_on: date,
    ends_on: date,
    signed_for: date | None = None,
    **values: Any,
) -> OperatorContract:
    """Prepare a contract. `signed_for`: the day whose year its number carries (default: its first)."""
    access.require(session, RESOURCE, "add")
    number = sequences.next_number(session, RESOURCE, load(session, "platforms.platform", platform_id).park_id, signed_for or starts_on)
    given = {
        "platform_id": platform_id,
        "model": model,
        "owner": owner,
        "operator": operator,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "number": number,
        **values,
    }
    return records.create(session, OperatorContract, given, _check)


def change_contract(session: Any, row: OperatorContract, **values: Any) -> OperatorContract:
    """Change a draft; a contract in force is changed by a new one (U-121)."""
    _draft(row)
    return records.change(session, row, values, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("A contract cannot end before it begins."))
    share = values.get("revenue_share")
    if share is not None and not 0 <= share <= 1:
        problems.add("platforms.U-120", _l("A share lies between 0 and 100 %."), "revenue_share")
    if values.get("penalty_from", 0) > values.get("bonus_from", 100):
        problems.add("platforms.U-120", _l("The score for a bonus cannot lie below the one for a deduction."), "bonus_from")
    for name in ("base_fee", "bonus_step", "bonus_cap", "penalty_step", "penalty_cap", "area", "fixed_share"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("platforms.U-120", _l("This cannot be negative."), name)


def _draft(row: OperatorContract) -> None:
    if row.state != "draft":
        raise RuleError([Problem("platforms.U-121", _l("The contract was submitted; return it to draft or make a new one."))])


def create_kpi(
    session: Any,
    *,
    contract_id: int,
    metric: str,
    title: str,
    target: Decimal,
    weight: Decimal,
    most: Decimal = Decimal("1.2"),
    period: str | None = None,
    evidence: str | None = None,
) -> ContractKpi:
    """Add a performance clause to a draft."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return records.create(session, ContractKpi, values, _check_kpi)


def change_kpi(
    session: Any,
    row: ContractKpi,
    *,
    metric: str,
    title: str,
    target: Decimal,
    weight: Decimal,
    most: Decimal = Decimal("1.2"),
    period: str | None = None,
    evidence: str | None = None,
) -> ContractKpi:
    """Change a clause of a draft."""
    values = {n: v for n, v in locals().items() if n not in ("session", "row")}
    return records.change(session, row, values, _check_kpi)


def remove_kpi(session: Any, row: ContractKpi) -> None:
    """Take a clause out of a draft."""
    _draft(row.contract)
    records.remove(session, row)


def _check_kpi(session: Any, values: dict[str, Any], problems: Problems) -> None:
    contract = session.get(OperatorContract, values["contract_id"])
    if contract is not None and contract.state != "draft":
        problems.add("platforms.U-121", _l("The contract was submitted; return it to draft or make a new one."), "contract_id")
    if values["target"] <= 0:
        problems.add("platforms.U-122", _l("A target is more than nothing."), "target")
    if not 0 < values["weight"] <= 1:
        problems.add("platforms.U-122", _l("A weight lies between 0 and 100 %."), "weight")
    if values.get("most") is not None and values["most"] < 1:
        problems.add("platforms.U-122", _l("A clause counts at least up to its target: 100 % or more."), "most")


def create_asset(session: Any, *, contract_id: int, instrument_id: int, lent_on: date, condition: str | None = None) -> ContractAsset:
    """Lend an instrument to the operator; it is with one operator at a time (index) and belongs to the contract's platform (U-123)."""
    values = {"contract_id": contract_id, "instrument_id": instrument_id, "lent_on": lent_on, "condition": condition}
    return records.create(session, ContractAsset, values, _check_asset)


def change_asset(
    session: Any, row: ContractAsset, *, lent_on: date, returned_on: date | None = None, condition: str | None = None
) -> ContractAsset:
    """Record the hand-back or correct the day."""
    return records.change(session, row, {"lent_on": lent_on, "returned_on": returned_on, "condition": condition}, _check_asset)


def _check_asset(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "lent_on", "returned_on", _l("It cannot come back before it was lent."))
    contract, instrument = session.get(OperatorContract, values["contract_id"]), session.get(Instrument, values["instrument_id"])
    if contract is not None and instrument is not None and contract.platform_id != instrument.platform_id:
        problems.add("platforms.U-123", _l("This instrument stands on another platform."), "instrument_id")
    other = session.scalar(
        select(OperatorContract.number)
        .join(ContractAsset, ContractAsset.contract_id == OperatorContract.id)
        .where(
            ContractAsset.instrument_id == values["instrument_id"],
            ContractAsset.returned_on.is_(None),
            ContractAsset.contract_id != values["contract_id"],
        )
        .limit(1)
    )
    if other is not None and values.get("returned_on") is None:
        problems.add("platforms.U-123", _l("It is lent under %(number)s; record its hand-back there first.", number=other), "instrument_id")


def why_not_submit(session: Any, row: OperatorContract) -> str | None:
    """U-122: the weights make 100 %; a contract without clauses is one without agreed performance."""
    total = session.scalar(select(func.sum(ContractKpi.weight)).where(ContractKpi.contract_id == row.id))
    if total is None:
        return _("Add the performance clauses first.")
    if total != WHOLE:
        return _("The weights of the clauses make %(n)s %%, not 100 %%.", n=f"{total * 100:.2f}")
    return None


def submit_contract(session: Any, row: OperatorContract, *, on: date) -> OperatorContract:
    """Ask for approval."""
    if (why := why_not_submit(session, row)) is not None:
        raise RuleError([Problem("platforms.U-122", why)])
    CONTRACT.move(session, row, "submit", on=on)
    approval.request(
        session,
        row,
        KIND.code,
        amount=row.base_fee,
        title=_("Operator contract %(number)s: %(operator)s", number=row.number, operator=row.operator),
        payload={
            "platform": str(row.platform),
            "from": row.starts_on,
            "until": row.ends_on,
            "fee": row.base_fee,
            "share": row.revenue_share,
        },
    )
    return row


def waiting(session: Any, row: Any, kind: str) -> approval.Approval | None:
    """The request that waits for a decision."""
    a = approval.Approval
    return session.scalars(select(a).where(a.kind == kind, a.resource == kind, a.record_id == row.id, a.state == "waiting")).one_or_none()


def why_not_approve(session: Any, row: OperatorContract) -> str | None:
    """Nobody approves their own request."""
    found = waiting(session, row, KIND.code)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve_contract(session: Any, row: OperatorContract, *, on: date) -> None:
    """Another person's approval puts it in force."""
    found = waiting(session, row, KIND.code)
    if found is None:
        raise RuleError([Problem("platforms.U-124", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, True, on=on)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: OperatorContract) -> None:
    row.approval_id = request.id
    CONTRACT.move(session, row, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: OperatorContract) -> None:
    if row.state == "submitted":
        CONTRACT.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def return_contract(session: Any, row: OperatorContract, *, reason: str) -> OperatorContract:
    """Back to draft: by whoever may approve, or by the one who submitted it."""
    give_back(session, row, KIND.code, reason)
    return row


def give_back(session: Any, row: Any, kind: str, reason: str) -> None:
    """Withdraw one's own request, or vote against a colleague's."""
    found = waiting(session, row, kind)
    if found is None:
        raise RuleError([Problem("platforms.U-124", _l("No approval is waiting. Submit it first."))])
    if scope_of(session).user_id == found.requested_by_id:
        approval.withdraw(session, found, reason)
    else:
        approval.vote(session, found, False, reason)


def end_contract(session: Any, row: OperatorContract, *, on: date, reason: str) -> OperatorContract:
    """Ends on `on` (its last day): every lent asset is back, every settlement decided (U-124)."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if on < row.starts_on:
        problems.add("platforms.U-124", _l("The contract had not begun on that day."), "on")
    out = session.scalar(
        select(func.count(ContractAsset.id)).where(ContractAsset.contract_id == row.id, ContractAsset.returned_on.is_(None))
    )
    if out:
        problems.add("platforms.U-124", _l("%(n)s lent instruments are not handed back yet.", n=out))
    s = OperatorSettlement
    if session.scalar(select(s.id).where(s.contract_id == row.id, s.state.in_(("draft", "submitted"))).limit(1)) is not None:
        problems.add("platforms.U-124", _l("A settlement of this contract is not decided yet."))
    problems.stop()
    row.ended_on = on
    CONTRACT.move(session, row, "end", on=on, reason=reason)
    return row


def cancel_contract(session: Any, row: OperatorContract, *, reason: str) -> OperatorContract:
    """Nothing comes of a draft."""
    CONTRACT.move(session, row, "cancel", reason=reason)
    return row
