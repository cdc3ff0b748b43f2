"""What must hold of costs, shares, settlements and results whatever happened."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, case, func, select

from modules.billing.models.catalogue import ACCOUNT_ROLES, Account
from modules.billing.models.ledger import LedgerEntry, LedgerLine
from parkops.attachments import Attachment
from parkops.checks import Check
from parkops.i18n import _, _l
from parkops.money import ZERO

from ..models.contract import OperatorLine, OperatorSettlement
from ..models.cost import REDUCING, CostEntry, CostPool, CostShare, SharedCost
from ..models.registry import Platform
from ..models.result import PlatformResult
from ..services.operator_payments import COST, OWED


def _closed(session: Any) -> list[str]:
    """A closed pool still says what its entries come to."""
    signed = func.coalesce(func.sum(case((CostEntry.kind.in_(REDUCING), -CostEntry.amount), else_=CostEntry.amount)), 0)
    rows = session.execute(
        select(Platform.code, CostPool.month, CostPool.cost, signed)
        .join(Platform, Platform.id == CostPool.platform_id)
        .outerjoin(CostEntry, CostEntry.pool_id == CostPool.id)
        .where(CostPool.state == "closed")
        .group_by(Platform.code, CostPool.id, CostPool.month, CostPool.cost)
        .having(CostPool.cost != signed)
    )
    return [
        _("Pool %(platform)s %(month)s was closed at %(says)s, its entries come to %(sum)s.", platform=p, month=f"{m:%Y-%m}", says=a, sum=s)
        for p, m, a, s in rows
    ]


def _shares(session: Any) -> list[str]:
    """The parts of a divided cost, and what stands in the pools, are the cost."""
    parts = select(func.coalesce(func.sum(CostShare.amount), 0)).where(CostShare.shared_cost_id == SharedCost.id).scalar_subquery()
    entered = select(func.coalesce(func.sum(CostEntry.amount), 0)).where(CostEntry.shared_cost_id == SharedCost.id).scalar_subquery()
    rows = session.execute(
        select(SharedCost.title, SharedCost.amount, parts, entered).where(
            SharedCost.state == "posted", (parts != SharedCost.amount) | (entered != SharedCost.amount)
        )
    )
    return [
        _("Shared cost %(title)s: %(amount)s, its parts %(parts)s, in the pools %(entered)s.", title=t, amount=a, parts=p, entered=e)
        for t, a, p, e in rows
    ]


def _payments(session: Any) -> list[str]:
    """A payment is the sum of its lines."""
    total = func.coalesce(func.sum(OperatorLine.amount), 0)
    rows = session.execute(
        select(OperatorSettlement.number, OperatorSettlement.payment, total)
        .outerjoin(OperatorLine, OperatorLine.settlement_id == OperatorSettlement.id)
        .where(OperatorSettlement.payment.is_not(None))
        .group_by(OperatorSettlement.id, OperatorSettlement.number, OperatorSettlement.payment)
        .having(OperatorSettlement.payment != total)
    )
    return [_("Operator settlement %(number)s says %(says)s, its lines come to %(sum)s.", number=n, says=a, sum=s) for n, a, s in rows]


def _posted(session: Any) -> list[str]:
    """What the ledger owes operators is what approved settlements that were posted and not paid come to; fees are all posted ones."""
    s = OperatorSettlement
    account = Account.role
    net = func.coalesce(func.sum(LedgerLine.debit - LedgerLine.credit), 0, type_=s.payment.type)
    book = dict(session.execute(
        select(account, net).select_from(LedgerLine).join(Account, Account.id == LedgerLine.account_id)
        .join(LedgerEntry, LedgerEntry.id == LedgerLine.entry_id)
        .where(account.in_((COST, OWED)), LedgerEntry.source == s.__resource__).group_by(account)).tuples().all())
    total = func.coalesce(func.sum(s.payment), 0, type_=s.payment.type)
    fees = session.scalar(select(total).where(s.state.in_(("posted", "paid"))))
    owed = session.scalar(select(total).where(s.state == "posted"))
    sides = ((COST, book.get(COST, ZERO), fees), (OWED, -book.get(OWED, ZERO), owed))
    return [_("%(role)s: the ledger says %(says)s, operator settlements come to %(sum)s.", role=ACCOUNT_ROLES.label(role), says=a, sum=b)
            for role, a, b in sides if a != b]


def _evidence(session: Any) -> list[str]:
    """A confirmed result has its evidence."""
    rows = session.scalars(
        select(PlatformResult.reference)
        .outerjoin(Attachment, and_(Attachment.resource == PlatformResult.__resource__, Attachment.record_id == PlatformResult.id))
        .where(PlatformResult.state == "confirmed", Attachment.id.is_(None))
    )
    return [_("Result %(reference)s is confirmed without evidence.", reference=r) for r in rows]


CHECKS = [
    Check("platforms.closed_pools", _l("Closed cost pools are the sum of their entries"), _closed),
    Check("platforms.cost_shares", _l("Parts of shared costs add up"), _shares),
    Check("platforms.operator_payments", _l("Operator payments are the sum of their lines"), _payments),
    Check("platforms.operator_ledger", _l("Operator settlements in the ledger"), _posted),
    Check("platforms.result_evidence", _l("Confirmed results have evidence"), _evidence),
]
