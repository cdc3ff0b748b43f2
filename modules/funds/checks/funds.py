"""What must hold of every fund whatever happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from parkops import clock
from parkops.checks import Check
from parkops.i18n import _, _l

from ..calc_ownership import Entry, table
from ..models.call import CallPart, CapitalCall, DistributionPart, FundDistribution, FundExpense, FundFlow
from ..models.deal import CommitteeMeeting
from ..models.fund import Fund, FundCommitment
from ..models.investment import Investment, InvestmentExit, ShareEntry
from ..models.standing import FundStanding
from ..services import alerts, calls, returns, standings

F = FundFlow


def _parts(session: Any) -> list[str]:
    """Parts sum to their call or distribution."""
    out = []
    for head, part, key, total in (
        (CapitalCall, CallPart, CallPart.call_id, CapitalCall.total),
        (FundDistribution, DistributionPart, DistributionPart.distribution_id, FundDistribution.amount),
    ):
        summed = func.coalesce(func.sum(part.amount), 0)
        rows = session.execute(
            select(head.number, total, summed)
            .select_from(head)
            .outerjoin(part, key == head.id)
            .where(head.state == "posted")
            .group_by(head.id, head.number, total)
            .having(total != summed)
        )
        out += [_("%(number)s says %(says)s, its parts come to %(sum)s.", number=n, says=a, sum=s) for n, a, s in rows]
    return out


def _book(session: Any) -> list[str]:
    """What documents say was paid is what the book holds."""
    out = []
    for model, kept, key, kind, sign in (
        (CallPart, CallPart.received, F.call_part_id, "contribution", 1),
        (DistributionPart, DistributionPart.paid, F.distribution_part_id, "distribution", -1),
    ):
        flowed = func.coalesce(func.sum(F.amount), 0)
        rows = session.execute(
            select(model.id, kept, flowed)
            .select_from(model)
            .outerjoin(F, (key == model.id) & (F.kind == kind))
            .group_by(model.id, kept)
            .having(kept != (flowed if sign > 0 else -flowed))
        )
        out += [
            _("%(what)s %(id)s says %(says)s, the book holds %(sum)s.", what=model.__tablename__, id=i, says=a, sum=s) for i, a, s in rows
        ]
    spent = func.coalesce(func.sum(F.amount), 0)
    rows = session.execute(
        select(FundExpense.number, FundExpense.amount, spent)
        .select_from(FundExpense)
        .outerjoin(F, F.expense_id == FundExpense.id)
        .where(FundExpense.state == "posted")
        .group_by(FundExpense.id, FundExpense.number, FundExpense.amount)
        .having(or_(and_(FundExpense.amount != -spent, spent != 0), func.count(F.id) == 0))
    )
    return out + [_("%(number)s says %(says)s, its parts come to %(sum)s.", number=n, says=a, sum=-s) for n, a, s in rows]


def _bank(session: Any) -> list[str]:
    """No bank balance is negative at the end of any day."""
    running = func.sum(F.amount).over(partition_by=F.fund_id, order_by=(F.on_date,))
    days = select(F.fund_id, F.on_date, running.label("balance")).select_from(F).where(F.cash).subquery("days")
    rows = session.execute(
        select(Fund.name, func.min(days.c.on_date))
        .select_from(Fund)
        .join(days, days.c.fund_id == Fund.id)
        .where(days.c.balance < 0)
        .group_by(Fund.name)
    )
    return [_("The bank of %(fund)s was overdrawn on %(day)s.", fund=n, day=d) for n, d in rows]


def _limits(session: Any) -> list[str]:
    """Commitments within the size, calls within commitments, payments within what was agreed."""
    total = func.sum(FundCommitment.amount)
    out = [
        _("%(fund)s: %(amount)s committed is more than its size.", fund=n, amount=a)
        for n, a in session.execute(
            select(Fund.name, total)
            .join(FundCommitment, FundCommitment.fund_id == Fund.id)
            .group_by(Fund.id, Fund.name, Fund.size)
            .having(total > Fund.size)
        )
    ]
    for fund in session.scalars(select(Fund)):
        out += [
            _("%(fund)s: a partner was called %(amount)s beyond its commitment.", fund=fund.name, amount=-v)
            for v in calls.unfunded(session, fund.id).values()
            if v < 0
        ]
    spent = func.sum(F.amount)
    out += [
        _("%(number)s says %(says)s, the book holds %(sum)s.", number=n, says=a, sum=-s)
        for n, a, s in session.execute(
            select(Investment.number, Investment.amount, spent)
            .join(F, (F.investment_id == Investment.id) & (F.kind == "investment"))
            .group_by(Investment.id, Investment.number, Investment.amount)
            .having(-spent > Investment.amount)
        )
    ]
    return out


def _standings(session: Any) -> list[str]:
    """Kept figures are those of flows and marks."""
    out = []
    for row, name, kept, now in standings.differences(session)[:50]:
        what = f"{row.fund.name if row.fund else '—'} {row.on_date}"
        out.append(_("%(what)s: %(figure)s is kept as %(says)s, flows and marks give %(sum)s.", what=what, figure=name, says=kept, sum=now))
    return out


def _decided(session: Any) -> list[str]:
    """Every investment from the pipeline rests on an approving meeting of at least its amount."""
    m = CommitteeMeeting
    found = select(m.id).where(m.deal_id == Investment.deal_id, m.state == "approved", m.amount >= Investment.amount).exists()
    rows = session.scalars(select(Investment.number).where(Investment.deal_id.is_not(None), ~found))
    return [_("%(number)s was closed without the committee's approval of its amount.", number=n) for n in rows]


def _registers(session: Any) -> list[str]:
    """No register holds a negative holding."""
    out, firms = [], {}
    for e in session.scalars(select(ShareEntry).order_by(ShareEntry.on_date, ShareEntry.id)):
        firms.setdefault(e.firm_id, []).append(Entry(e.on_date, e.holder, e.shares, e.title))
    for firm_id, rows in firms.items():
        try:
            table(rows, rows[-1].on)
        except ValueError:
            out.append(_("The register of firm %(id)s holds less than nothing.", id=firm_id))
    return out


def _states(session: Any) -> list[str]:
    """An exited holding has its exit; everything sold is marked so."""
    whole = (
        select(InvestmentExit.id)
        .where(InvestmentExit.investment_id == Investment.id, InvestmentExit.state == "agreed", InvestmentExit.part == 1)
        .exists()
    )
    rows = session.execute(select(Investment.number, Investment.state).where((Investment.state.in_(("exited", "written_off"))) != whole))
    return [_("%(number)s is %(state)s, which its exits do not say.", number=n, state=s) for n, s in rows]


def _concentration(session: Any) -> list[str]:
    """Limits of concentration hold on today's figures."""
    on, found = clock.today(), returns.all_funds(session)
    latest = {r.fund_id for r in session.scalars(select(FundStanding).where(FundStanding.fund_id.is_not(None)))}
    out = []
    for fund in found:
        if fund.id in latest:
            firms, tracks = alerts.concentration(session, fund, returns.standing_of(session, fund, on))
            out += [_("%(fund)s: %(what)s is above its limit.", fund=fund.name, what=w.key) for w in (*firms, *tracks) if w.above]
    return out


CHECKS = [
    Check("funds.parts", _l("Parts of calls and distributions add up"), _parts),
    Check("funds.book", _l("Documents of funds agree with the book of flows"), _book),
    Check("funds.bank", _l("No fund was overdrawn"), _bank),
    Check("funds.limits", _l("Commitments, calls and payments keep within their limits"), _limits),
    Check("funds.standings", _l("Kept figures of funds agree with flows and marks"), _standings),
    Check("funds.decided", _l("Investments rest on the committee's approval"), _decided),
    Check("funds.registers", _l("Registers of shares hold nothing negative"), _registers),
    Check("funds.states", _l("Holdings are sold as their exits say"), _states),
    Check("funds.concentration", _l("Concentration limits of funds are kept"), _concentration),
]
