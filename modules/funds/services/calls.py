"""Capital calls: allocated exactly, approved by somebody else, paid in through the book. Rules V-12 to V-15."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, select, tuple_

from parkops import money, records, sequences, settings
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from ..models.call import CallPart, CapitalCall, DistributionPart, FundDistribution, FundFlow
from ..models.fund import Fund, FundCommitment, FundPartner, ShareClass
from ..states import CALL
from . import book, second
from .setup import lock_fund

RESOURCE = "funds.call"
PURPOSES = ("for_investments", "for_fees", "for_expenses")
ZERO = Decimal(0)


def create_call(
    session: Any,
    *,
    fund_id: int,
    notice_on: date,
    due_on: date,
    for_investments: Decimal = ZERO,
    for_fees: Decimal = ZERO,
    for_expenses: Decimal = ZERO,
    purpose: str | None = None,
) -> CapitalCall:
    """Prepare a call and each partner's part of it (V-12)."""
    access.require(session, RESOURCE, "add")
    fund = load(session, "funds.fund", fund_id)
    values = {
        "fund_id": fund_id,
        "notice_on": notice_on,
        "due_on": due_on,
        "for_investments": for_investments,
        "for_fees": for_fees,
        "for_expenses": for_expenses,
        "purpose": purpose,
        "total": for_investments + for_fees + for_expenses,
    }
    values["number"] = sequences.next_number(session, RESOURCE, fund.park_id, notice_on)
    row = records.create(session, CapitalCall, values, _check)
    _allocate(session, row)
    return row


def change_call(
    session: Any,
    row: CapitalCall,
    *,
    notice_on: date,
    due_on: date,
    for_investments: Decimal = ZERO,
    for_fees: Decimal = ZERO,
    for_expenses: Decimal = ZERO,
    purpose: str | None = None,
) -> CapitalCall:
    """Change a draft; its parts are allocated anew."""
    second.drafts_only(row)
    records.change(
        session,
        row,
        {
            "notice_on": notice_on,
            "due_on": due_on,
            "for_investments": for_investments,
            "for_fees": for_fees,
            "for_expenses": for_expenses,
            "purpose": purpose,
            "total": for_investments + for_fees + for_expenses,
        },
        _check,
    )
    _allocate(session, row)
    return row


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    fund = session.get(Fund, values["fund_id"])
    if any(values[n] < 0 for n in PURPOSES) or not values["total"]:
        problems.add("funds.V-12", _l("Say how much is called for investments, fees and expenses."), "for_investments")
    days = settings.get(session, "funds.call_days", fund.park_id) if fund is not None else 0
    if values["due_on"] < values["notice_on"] + timedelta(days=days):
        problems.add("funds.V-12", _l("Partners have at least %(n)s days to pay.", n=days), "due_on")
    if fund is not None and fund.state not in ("investing", "harvesting"):
        problems.add("funds.V-12", _l("The fund does not call capital in its present state."), "fund_id")


def _allocate(session: Any, row: CapitalCall) -> None:
    """By commitment, each purpose on its own and exactly; classes without fee bear none (V-13)."""
    session.execute(delete(CallPart).where(CallPart.call_id == row.id))
    session.flush()
    weights = session.execute(
        select(FundPartner.id, ShareClass.bears_fee, func.sum(FundCommitment.amount).label("committed"))
        .select_from(FundPartner)
        .join(ShareClass, ShareClass.id == FundPartner.share_class_id)
        .join(FundCommitment, FundCommitment.partner_id == FundPartner.id)
        .where(FundPartner.fund_id == row.fund_id, FundCommitment.signed_on <= row.notice_on)
        .group_by(FundPartner.id, ShareClass.bears_fee)
        .order_by(FundPartner.id)
    ).all()
    if not weights:
        raise RuleError([Problem("funds.V-13", _l("Nobody has committed anything yet."))])
    parts = {w.id: dict.fromkeys(PURPOSES, ZERO) for w in weights}
    for name in PURPOSES:
        total = getattr(row, name)
        share = [w.committed if name != "for_fees" or w.bears_fee else ZERO for w in weights]
        if total and not any(share):
            raise RuleError([Problem("funds.V-13", _l("No partner bears the management fee."), "for_fees")])
        for w, amount in zip(weights, money.allocate(total, share) if total else [ZERO] * len(weights), strict=True):
            parts[w.id][name] = amount
    session.add_all(
        CallPart(park_id=row.park_id, call_id=row.id, partner_id=pid, amount=sum(p.values(), ZERO), received=ZERO, **p)
        for pid, p in parts.items()
        if any(p.values())
    )
    session.flush()


def parts_of(session: Any, row: CapitalCall) -> list[CallPart]:
    """The parts, by partner."""
    return list(session.scalars(select(CallPart).where(CallPart.call_id == row.id).order_by(CallPart.partner_id)))


def committed_of(session: Any, partner_id: int) -> Decimal:
    """All a partner promised."""
    return session.scalar(select(func.sum(FundCommitment.amount)).where(FundCommitment.partner_id == partner_id)) or ZERO


def unfunded(session: Any, fund_id: int, *, but: int | None = None, before: CapitalCall | None = None) -> dict[int, Decimal]:
    """What may still be called from each partner: commitment − called (what came back recallable opens it again) − in kind.

    but: a call left out. before: as it stood when this call was noticed."""
    days: dict[str, tuple[Any, ...]] = {"call": (), "back": (), "kind": ()}
    if before is not None:
        earlier = tuple_(CapitalCall.notice_on, CapitalCall.id) < tuple_(before.notice_on, before.id)
        on = before.notice_on
        days = {"call": (earlier,), "back": (FundDistribution.on_date <= on,), "kind": (FundFlow.on_date <= on,)}
    out = dict(
        session.execute(
            select(FundCommitment.partner_id, func.sum(FundCommitment.amount))
            .where(FundCommitment.fund_id == fund_id)
            .group_by(FundCommitment.partner_id)
        )
        .tuples()
        .all()
    )
    called = (
        select(CallPart.partner_id, func.sum(CallPart.amount))
        .join(CapitalCall, CapitalCall.id == CallPart.call_id)
        .where(CapitalCall.fund_id == fund_id, CapitalCall.state == "posted", CapitalCall.id != (but or 0), *days["call"])
        .group_by(CallPart.partner_id)
    )
    recall = (
        select(DistributionPart.partner_id, -func.sum(DistributionPart.recallable))
        .join(FundDistribution, FundDistribution.id == DistributionPart.distribution_id)
        .where(FundDistribution.fund_id == fund_id, FundDistribution.state == "posted", *days["back"])
        .group_by(DistributionPart.partner_id)
    )
    kind = (
        select(FundFlow.partner_id, func.sum(FundFlow.amount))
        .where(FundFlow.fund_id == fund_id, FundFlow.kind == "contribution", ~FundFlow.cash, *days["kind"])
        .group_by(FundFlow.partner_id)
    )
    for query in (called, recall, kind):
        for partner_id, used in session.execute(query):
            out[partner_id] = out.get(partner_id, ZERO) - used
    return out


def ready(session: Any, row: CapitalCall) -> list[Problem]:
    """V-14: nobody is called beyond their commitment; asked under the fund's lock."""
    lock_fund(session, row.fund_id)
    left, found = unfunded(session, row.fund_id, but=row.id), []
    parts = parts_of(session, row)
    if sum((p.amount for p in parts), ZERO) != row.total:
        found.append(Problem("funds.V-13", _("The parts do not sum to the call; save it again.")))
    for part in parts:
        if part.amount > left.get(part.partner_id, ZERO):
            found.append(
                Problem(
                    "funds.V-14",
                    _(
                        "%(name)s has only %(left)s yuan left to call.",
                        name=part.partner.name,
                        left=f"{left.get(part.partner_id, ZERO):,.2f}",
                    ),
                )
            )
    return found


second.register(
    CALL,
    _l("Capital call"),
    two=True,
    ready=ready,
    done=lambda session, row: None,
    title=lambda r: _("Capital call %(number)s: %(amount)s yuan", number=r.number, amount=f"{r.total:,.2f}"),
    amount=lambda r: r.total,
    payload=lambda r: {"fund": r.fund.name, "due": r.due_on, **{n: getattr(r, n) for n in PURPOSES}, "total": r.total},
)


def why_not_receive(session: Any, part: CallPart) -> str | None:
    """Only posted calls are paid, and only once."""
    if part.call.state != "posted":
        return _("The call is not approved yet.")
    return None if part.received < part.amount else _("It is paid in full.")


def receive_part(session: Any, part: CallPart, *, amount: Decimal, on: date, reference: str | None = None) -> FundFlow:
    """Money of a partner arrived (V-15: never more than was called)."""
    access.require(session, "funds.flow", "add")
    lock_fund(session, part.call.fund_id)
    session.refresh(part, with_for_update=True)
    problems = Problems()
    if (why := why_not_receive(session, part)) is not None:
        problems.add("funds.V-15", why)
    elif amount <= 0 or amount > part.amount - part.received:
        problems.add(
            "funds.V-15", _l("Enter at most %(left)s yuan, which are still open.", left=f"{part.amount - part.received:,.2f}"), "amount"
        )
    if on < part.call.notice_on:
        problems.add("funds.V-15", _l("The notice is dated %(day)s.", day=part.call.notice_on.isoformat()), "on")
    problems.stop()
    part.received += amount
    return book.post(
        session, part.call.fund, "contribution", amount, on, partner_id=part.partner_id, call_part_id=part.id, reference=reference
    )


def why_not_receive_all(session: Any, row: CapitalCall) -> str | None:
    """Only posted calls are paid, and only what is open."""
    if row.state != "posted":
        return _("The call is not approved yet.")
    return None if any(p.received < p.amount for p in parts_of(session, row)) else _("It is paid in full.")


def receive_all(session: Any, row: CapitalCall, *, on: date) -> str:
    """Everything still open of a call arrived on one day."""
    n = 0
    for part in parts_of(session, row):
        if part.received < part.amount:
            receive_part(session, part, amount=part.amount - part.received, on=on)
            n += 1
    if not n:
        raise RuleError([Problem("funds.V-15", _l("It is paid in full."))])
    return _("%(n)s partners have paid.", n=n)
