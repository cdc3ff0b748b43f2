"""What must hold of rent relief whatever happened: budgets, sums, posted lines."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, select

from modules.billing.models.charge import Charge
from parkops.checks import Check
from parkops.i18n import _, _l

from ..models.relief import ReliefScheme
from ..models.relief_case import ReliefApplication, ReliefMonth
from ..services.relief_posting import SOURCE
from ..states_relief import COMMITTED_STATES


def _budgets(session: Any) -> list[str]:
    """`committed` is the sum of what is approved or later."""
    total = func.coalesce(func.sum(ReliefApplication.amount), 0)
    rows = session.execute(select(ReliefScheme.code, ReliefScheme.committed, total).outerjoin(
        ReliefApplication, and_(ReliefApplication.scheme_id == ReliefScheme.id, ReliefApplication.state.in_(COMMITTED_STATES)))
        .group_by(ReliefScheme.id, ReliefScheme.code, ReliefScheme.committed).having(ReliefScheme.committed != total))
    return [_("Scheme %(code)s says %(says)s committed, its applications come to %(sum)s.", code=c, says=a, sum=b) for c, a, b in rows]


def _sums(session: Any) -> list[str]:
    """An application is the sum of its months."""
    total = func.coalesce(func.sum(ReliefMonth.amount), 0)
    rows = session.execute(select(ReliefApplication.number, ReliefApplication.amount, total).outerjoin(
        ReliefMonth, ReliefMonth.application_id == ReliefApplication.id).group_by(
        ReliefApplication.id, ReliefApplication.number, ReliefApplication.amount).having(ReliefApplication.amount != total))
    return [_("Application %(number)s says %(says)s, its months come to %(sum)s.", number=n, says=a, sum=b) for n, a, b in rows]


def _posted(session: Any) -> list[str]:
    """Lines of a month add up to its relief while posted, to nothing when clawed back."""
    total = func.coalesce(func.sum(-Charge.gross), 0)
    rows = session.execute(select(ReliefApplication.number, ReliefApplication.state, ReliefMonth.month, ReliefMonth.amount, total)
                           .join(ReliefMonth, ReliefMonth.application_id == ReliefApplication.id)
                           .outerjoin(Charge, and_(Charge.source == SOURCE, Charge.source_id == ReliefMonth.id, Charge.kind == "relief"))
                           .where(ReliefApplication.state.in_(("posted", "clawed_back")))
                           .group_by(ReliefApplication.number, ReliefApplication.state, ReliefMonth.id, ReliefMonth.month,
                                     ReliefMonth.amount))
    return [_("Application %(number)s, %(month)s: its lines come to %(sum)s.", number=n, month=f"{m:%Y-%m}", sum=s)
            for n, state, m, amount, s in rows if s != (amount if state == "posted" else 0)]


CHECKS = [
    Check("leasing.relief_budgets", _l("Relief committed is the sum of approved applications"), _budgets),
    Check("leasing.relief_sums", _l("Relief applications are the sum of their months"), _sums),
    Check("leasing.relief_posted", _l("Relief lines add up to the months relieved"), _posted),
]
