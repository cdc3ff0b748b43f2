"""Settling an operator's period: scorecard, payment explained line by line, approval by somebody else. Rules U-126 to U-129."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from parkops import approval, clock, records, sequences
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from .. import calc_operator as calc
from ..models.contract import SHARE_BASES, OperatorContract, OperatorLine, OperatorSettlement
from ..states_contract import SETTLEMENT
from . import contracts, scorecard

RESOURCE = "platforms.operator_settlement"
KIND = approval.ApprovalKind(RESOURCE, _l("Operator settlement"), RESOURCE, thresholds=((Decimal(200_000), 2),))


def create_settlement(session: Any, *, contract_id: int, starts_on: date, ends_on: date) -> OperatorSettlement:
    """Open the settlement of a period of whole months within the contract (U-126) and work it out."""
    access.require(session, RESOURCE, "add")
    number = sequences.next_number(session, RESOURCE, load(session, contracts.RESOURCE, contract_id).park_id, ends_on)
    values = {"contract_id": contract_id, "starts_on": starts_on, "ends_on": ends_on, "number": number}
    row = records.create(session, OperatorSettlement, values, _check)
    work_out(session, row, on=ends_on)
    return row


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("A period cannot end before it begins."))
    contract = session.get(OperatorContract, values["contract_id"])
    first, last = values["starts_on"], values["ends_on"]
    if first.day != 1 or (last + timedelta(days=1)).day != 1:
        problems.add("platforms.U-126", _l("Settle whole months: from a first to the last day of a month."), "ends_on")
    if contract is None:
        return
    if contract.state not in ("running", "ended"):
        problems.add("platforms.U-126", _l("Only contracts in force are settled."), "contract_id")
    if first < contract.starts_on.replace(day=1) or first > (contract.ended_on or contract.ends_on):
        problems.add("platforms.U-126", _l("The period lies outside the contract."), "starts_on")
    s = OperatorSettlement
    other = session.scalar(
        select(s.number)
        .where(s.contract_id == contract.id, s.state.not_in(("cancelled", "reversed")), s.starts_on <= last, s.ends_on >= first)
        .limit(1)
    )
    if other is not None:
        problems.add("platforms.U-126", _l("%(number)s settles some of these days already.", number=other), "starts_on")


def lines_of(session: Any, row: OperatorSettlement) -> list[OperatorLine]:
    """The lines in order."""
    return list(session.scalars(select(OperatorLine).where(OperatorLine.settlement_id == row.id).order_by(OperatorLine.position)))


def work_out(session: Any, row: OperatorSettlement, *, on: date) -> str:
    """The button: everything anew from today's facts; what an inspection found stays (U-127: only a draft)."""
    _draft(row)
    contract = row.contract
    typed = {line.kpi_id: line.actual for line in lines_of(session, row) if line.kpi_id is not None and line.kpi.metric == "manual"}
    scored, reached = scorecard.score_of(session, contract, row.starts_on, row.ends_on, typed)
    session.execute(delete(OperatorLine).where(OperatorLine.settlement_id == row.id))
    found = [_clause(row, n, x) for n, x in enumerate(scored, 1)]
    earned = scorecard.revenue(session, contract, row.starts_on, row.ends_on)
    months = calc.months((row.starts_on.year, row.starts_on.month), (row.ends_on.year, row.ends_on.month))
    paid = calc.payment(_terms(contract), reached, earned, months)
    found += _amounts(row, contract, paid, reached, earned, months, len(found))
    session.add_all(found)
    row.score, row.payment, row.worked_out_on = reached, paid.total, on
    session.flush()
    return _("Worked out: %(amount)s yuan.", amount=f"{paid.total:,.2f}")


def _terms(c: OperatorContract) -> calc.Terms:
    return calc.Terms(c.base_fee, c.revenue_share, c.bonus_from, c.bonus_step, c.bonus_cap, c.penalty_from, c.penalty_step, c.penalty_cap)


def _clause(row: OperatorSettlement, position: int, x: scorecard.Scored) -> OperatorLine:
    return OperatorLine(
        park_id=row.park_id,
        settlement_id=row.id,
        position=position,
        kind="kpi",
        title=x.kpi.title,
        kpi_id=x.kpi.id,
        target=x.target,
        actual=x.fact.value,
        weight=x.kpi.weight,
        points=x.points,
        explain=x.how[:300],
    )


def _percent(value: Decimal) -> str:
    return f"{value * 100:.2f}".rstrip("0").rstrip(".")


def _amounts(
    row: OperatorSettlement, c: OperatorContract, paid: calc.Payment, reached: Decimal | None, earned: Decimal, months: int, after: int
) -> list[OperatorLine]:
    """The lines of money: fee, share, bonus, deduction; each says how."""
    basis, rate = SHARE_BASES.label(c.share_basis), _percent(c.revenue_share)
    texts = [
        ("base", _("Basic fee"), paid.base, _("%(fee)s a year × %(n)s ÷ 12 months", fee=f"{c.base_fee:,.2f}", n=months)),
        ("share", _("Revenue share"), paid.share, _("%(basis)s %(sum)s × %(rate)s %%", basis=basis, sum=f"{earned:,.2f}", rate=rate)),
    ]
    if paid.bonus:
        texts.append(("bonus", _("Bonus"), paid.bonus, _above(reached, c)))
    if paid.penalty:
        texts.append(("penalty", _("Deduction"), -paid.penalty, _below(reached, c)))
    return [
        OperatorLine(park_id=row.park_id, settlement_id=row.id, position=after + n, kind=kind, title=title, amount=amount, explain=why)
        for n, (kind, title, amount, why) in enumerate(texts, 1)
    ]


def _above(reached: Decimal | None, c: OperatorContract) -> str:
    return _(
        "score %(score)s, %(step)s %% of the fee for each point above %(from)s, at most %(cap)s %%",
        score=reached, step=_percent(c.bonus_step), cap=_percent(c.bonus_cap), **{"from": c.bonus_from},
    )  # fmt: skip


def _below(reached: Decimal | None, c: OperatorContract) -> str:
    return _(
        "score %(score)s, %(step)s %% of the fee for each point below %(from)s, at most %(cap)s %%",
        score=reached, step=_percent(c.penalty_step), cap=_percent(c.penalty_cap), **{"from": c.penalty_from},
    )  # fmt: skip


def _draft(row: OperatorSettlement) -> None:
    if row.state != "draft":
        raise RuleError([Problem("platforms.U-127", _l("The settlement was submitted; return it to draft first."))])


def enter_actual(session: Any, line: OperatorLine, *, actual: Decimal, on: date) -> str:
    """What an inspection found for a clause that cannot be counted."""
    _draft(line.settlement)
    if line.kind != "kpi" or line.kpi.metric != "manual":
        raise RuleError([Problem("platforms.U-125", _l("This value is counted from records; correct the records instead."), "actual")])
    records.change(session, line, {"actual": actual})
    return work_out(session, line.settlement, on=on)


def why_not_submit(session: Any, row: OperatorSettlement) -> str | None:
    """U-127: every clause has its fact."""
    if row.payment is None:
        return _("Work it out first.")
    left = [line.title for line in lines_of(session, row) if line.kind == "kpi" and line.actual is None]
    return _("Nobody entered what was reached for: %(names)s", names="、".join(left)) if left else None


def submit_settlement(session: Any, row: OperatorSettlement, *, on: date) -> OperatorSettlement:
    """Work it out once more and ask for approval; from 200,000 yuan two people approve (U-128)."""
    work_out(session, row, on=on)
    if (why := why_not_submit(session, row)) is not None:
        raise RuleError([Problem("platforms.U-127", why)])
    row.submitted_by_id = scope_of(session).user_id
    SETTLEMENT.move(session, row, "submit", on=on)
    approval.request(
        session,
        row,
        KIND.code,
        amount=row.payment,
        payload={"contract": row.contract.number, "starts_on": row.starts_on, "ends_on": row.ends_on, "score": row.score,
                 "payment": row.payment},
        title=_(
            "Operator settlement %(number)s: %(operator)s, %(amount)s yuan",
            number=row.number,
            operator=row.contract.operator,
            amount=f"{row.payment:,.2f}",
        ),
    )
    return row


def why_not_approve(session: Any, row: OperatorSettlement) -> str | None:
    """Nobody approves their own request."""
    found = contracts.waiting(session, row, KIND.code)
    problem = approval.why_not(session, found) if found is not None else None
    return str(problem.message) if problem else None


def approve_settlement(session: Any, row: OperatorSettlement, *, on: date) -> str | None:
    """One person's approval; the last one needed fixes it for payment."""
    found = contracts.waiting(session, row, KIND.code)
    if found is None:
        raise RuleError([Problem("platforms.U-128", _l("No approval is waiting. Submit it first."))])
    approval.vote(session, found, True, on=on)
    return None if found.state == "approved" else _("Approved; %(n)s more needed.", n=found.needed - found.given)


@approval.on_approved(KIND.code)
def _approved(session: Any, request: Any, row: OperatorSettlement) -> None:
    row.approval_id = request.id
    SETTLEMENT.move(session, row, "approve", on=clock.local(request.decided_at).date())


@approval.on_returned(KIND.code)
def _returned(session: Any, request: Any, row: OperatorSettlement) -> None:
    if row.state == "submitted":
        SETTLEMENT.move(session, row, "return", reason=request.reason or str(_l("The request for approval was closed")))


def return_settlement(session: Any, row: OperatorSettlement, *, reason: str) -> OperatorSettlement:
    """Back to draft."""
    contracts.give_back(session, row, KIND.code, reason)
    return row


def cancel_settlement(session: Any, row: OperatorSettlement, *, reason: str) -> OperatorSettlement:
    """Nothing comes of a draft; the period can be settled anew."""
    SETTLEMENT.move(session, row, "cancel", reason=reason)
    return row
