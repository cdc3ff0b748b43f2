"""Distributions: tiers by the fund's terms, parts that sum exactly, approved by somebody else, paid through the book. V-16 to V-19."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select

from parkops import money, records, sequences
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from .. import calc_standing as standing
from .. import calc_waterfall as calc
from ..models.call import DistributionPart, FundDistribution, FundFlow
from ..models.fund import FundPartner, ShareClass
from ..states import DISTRIBUTION
from . import book, returns, second
from .setup import lock_fund

RESOURCE = "funds.distribution"
ZERO = Decimal(0)


def create_distribution(
    session: Any,
    *,
    fund_id: int,
    on_date: date,
    amount: Decimal,
    recallable: Decimal = ZERO,
    exit_id: int | None = None,
    purpose: str | None = None,
) -> FundDistribution:
    """Prepare a distribution and work out who gets what (V-16)."""
    access.require(session, RESOURCE, "add")
    fund = load(session, "funds.fund", fund_id)
    number = sequences.next_number(session, RESOURCE, fund.park_id, on_date)
    row = records.create(
        session,
        FundDistribution,
        {
            "fund_id": fund_id,
            "number": number,
            "on_date": on_date,
            "amount": amount,
            "recallable": recallable,
            "exit_id": exit_id,
            "purpose": purpose,
        },
        _check,
    )
    work_out(session, row)
    return row


def change_distribution(
    session: Any, row: FundDistribution, *, on_date: date, amount: Decimal, recallable: Decimal = ZERO, purpose: str | None = None
) -> FundDistribution:
    """Change a draft; it is worked out anew."""
    second.drafts_only(row)
    records.change(session, row, {"on_date": on_date, "amount": amount, "recallable": recallable, "purpose": purpose}, _check)
    work_out(session, row)
    return row


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["amount"] <= 0 or not 0 <= values["recallable"] <= values["amount"]:
        problems.add("funds.V-16", _l("Distribute more than nothing, and of it at most everything may be called again."), "recallable")
    records.not_future(values, problems, ["on_date"])


def partners_of(session: Any, found: standing.Book, fund_id: int, on: date) -> list[calc.Partner]:
    """The partners with what weighs the tiers on a day."""
    rows = session.execute(
        select(FundPartner.id, FundPartner.kind, ShareClass.bears_carry)
        .join(ShareClass, ShareClass.id == FundPartner.share_class_id)
        .where(FundPartner.fund_id == fund_id)
        .order_by(FundPartner.id)
    ).all()
    moves, out = found.until(on), []
    for r in rows:
        mine = [m for m in moves if m.partner == r.id]
        paid = sum((m.amount for m in mine if m.kind == "contribution"), ZERO)
        back = sum((m.capital for m in mine), ZERO)
        committed = sum((a for p, d, a in found.commitments if p == r.id and d <= on), ZERO)
        out.append(calc.Partner(r.id, committed, paid, max(paid - back, ZERO), r.bears_carry, r.kind == "manager"))
    return out


def work_out(session: Any, row: FundDistribution) -> None:
    """The tiers and parts of a draft, anew from the book of the day (V-17: whole fund or deal by deal; the parts sum to the amount)."""
    second.drafts_only(row)
    fund, found = row.fund, returns.book_of(session, row.fund)
    partners = partners_of(session, found, fund.id, row.on_date)
    if not any(p.paid_in for p in partners):
        raise RuleError([Problem("funds.V-17", _l("Nobody has paid in anything by that day."), "on_date")])
    bearing, free = calc.shares(row.amount, partners)
    paid = standing.realised_contributions(found, row.on_date) if found.deal_by_deal else standing.contributions(found, row.on_date)
    split = calc.distribute(paid, standing.priors(found, row.on_date), bearing, row.on_date, found.terms)
    try:
        parts = calc.to_partners(split, free, partners)
    except ValueError as e:
        raise RuleError([Problem("funds.V-17", _l("Name the general partner, who receives the carry."))]) from e
    session.execute(delete(DistributionPart).where(DistributionPart.distribution_id == row.id))
    session.flush()
    parts = [p for p in parts if p.total]
    again = money.allocate(row.recallable, [p.total - p.carry for p in parts]) if row.recallable else [ZERO] * len(parts)
    for p, r in zip(parts, again, strict=True):
        session.add(
            DistributionPart(
                park_id=row.park_id,
                distribution_id=row.id,
                partner_id=p.key,
                capital=p.capital,
                preferred=p.preferred,
                excess=p.excess,
                carry=p.carry,
                amount=p.total,
                recallable=r,
                paid=ZERO,
            )
        )
    for name in ("capital", "preferred", "excess", "carry"):
        setattr(row, name, sum((getattr(p, name) for p in parts), ZERO))
    session.flush()


def parts_of(session: Any, row: FundDistribution) -> list[DistributionPart]:
    """The parts, by partner."""
    return list(
        session.scalars(select(DistributionPart).where(DistributionPart.distribution_id == row.id).order_by(DistributionPart.partner_id))
    )


def ready(session: Any, row: FundDistribution) -> list[Problem]:
    """V-18: the bank holds it, earlier ones are paid out, the tiers are those of today's book; asked under the fund's lock."""
    lock_fund(session, row.fund_id)
    found, d = [], FundDistribution
    if (left := book.balance(session, row.fund_id)) < row.amount:
        found.append(
            Problem("funds.V-18", _("The fund has only %(left)s yuan in the bank. Call capital first.", left=f"{left:,.2f}"), "amount")
        )
    unpaid = session.scalar(
        select(d.number)
        .join(DistributionPart, DistributionPart.distribution_id == d.id)
        .where(d.fund_id == row.fund_id, d.state == "posted", d.id != row.id, DistributionPart.paid < DistributionPart.amount)
        .limit(1)
    )
    if unpaid is not None:
        found.append(Problem("funds.V-18", _("Pay out %(number)s first.", number=unpaid)))
    if sum((p.amount for p in parts_of(session, row)), ZERO) != row.amount:
        found.append(Problem("funds.V-17", _("The parts do not sum to the distribution; save it again.")))
    later = session.scalar(
        select(FundFlow.on_date)
        .where(FundFlow.fund_id == row.fund_id, FundFlow.kind == "distribution", FundFlow.on_date > row.on_date)
        .limit(1)
    )
    if later is not None:
        found.append(
            Problem("funds.V-18", _("Money was distributed on %(day)s already; date this one later.", day=later.isoformat()), "on_date")
        )
    return found


second.register(
    DISTRIBUTION,
    _l("Distribution to partners"),
    two=True,
    ready=ready,
    done=lambda session, row: None,
    title=lambda r: _("Distribution %(number)s: %(amount)s yuan", number=r.number, amount=f"{r.amount:,.2f}"),
    amount=lambda r: r.amount,
    payload=lambda r: {
        "fund": r.fund.name,
        "on": r.on_date,
        "capital": r.capital,
        "preferred": r.preferred,
        "excess": r.excess,
        "carry": r.carry,
        "recallable": r.recallable,
    },
)


def why_not_pay(session: Any, part: DistributionPart) -> str | None:
    """Only approved distributions are paid, and only once."""
    if part.distribution.state != "posted":
        return _("The distribution is not approved yet.")
    return None if part.paid < part.amount else _("It is paid out already.")


def pay_part(session: Any, part: DistributionPart, *, on: date, reference: str | None = None) -> FundFlow:
    """The partner's money left the bank, all of it at once (V-19)."""
    access.require(session, "funds.flow", "add")
    row = part.distribution
    lock_fund(session, row.fund_id)
    session.refresh(part, with_for_update=True)
    problems = Problems()
    if (why := why_not_pay(session, part)) is not None:
        problems.add("funds.V-19", why)
    if on < row.on_date:
        problems.add("funds.V-19", _l("The distribution is dated %(day)s.", day=row.on_date.isoformat()), "on")
    problems.stop()
    part.paid = part.amount
    return book.post(
        session,
        row.fund,
        "distribution",
        -part.amount,
        on,
        partner_id=part.partner_id,
        distribution_part_id=part.id,
        exit_id=row.exit_id,
        reference=reference,
    )


def why_not_pay_all(session: Any, row: FundDistribution) -> str | None:
    """Only approved distributions are paid, and only what is open."""
    if row.state != "posted":
        return _("The distribution is not approved yet.")
    return None if any(p.paid < p.amount for p in parts_of(session, row)) else _("It is paid out already.")


def pay_all(session: Any, row: FundDistribution, *, on: date) -> str:
    """Everything still open of a distribution left the bank on one day."""
    n = 0
    for part in parts_of(session, row):
        if part.paid < part.amount:
            pay_part(session, part, on=on)
            n += 1
    if not n:
        raise RuleError([Problem("funds.V-19", _l("It is paid out already."))])
    return _("%(n)s partners were paid.", n=n)
