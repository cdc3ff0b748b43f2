"""What the tabs of schemes and loan partners show."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, or_, select

from parkops import clock
from parkops.rules.models import Parameter

from ..models.case import LoanCase
from ..models.organisation import LoanOrganisation
from ..models.scheme import KINDS, SUBSIDIES, LoanScheme
from ..services import schemes
from ..states import EXPOSED, LOAN


def scheme_data(session: Any, scheme: LoanScheme) -> dict[str, Any]:
    """The rules of the three kinds of borrower, and the history of the LPR the scheme uses."""
    code = schemes.LPR[scheme.lpr_tenor]
    history = session.scalars(select(Parameter).where(Parameter.code == code).order_by(Parameter.effective_from.desc())).all()
    return {
        "scheme": scheme,
        "kinds": KINDS,
        "sets": {k: schemes.rule_set(session, scheme, k) for k in KINDS},
        "lpr": history,
        "subsidies": SUBSIDIES,
        "today": clock.today(),
    }


def organisation_data(session: Any, row: LoanOrganisation) -> dict[str, Any]:
    """Loans by state: a fund's exposure, else the loans it takes part in."""
    c = LoanCase
    part = or_(c.bank_id == row.id, c.fund_id == row.id, c.hr_id == row.id, c.finance_id == row.id, c.channel_id == row.id)
    counts = session.execute(
        select(c.state, func.count(), func.coalesce(func.sum(c.disbursed), 0), func.coalesce(func.sum(c.exposure), 0))
        .where(part)
        .group_by(c.state)
    ).all()
    order = list(LOAN.choices)
    percent = min(100, int(row.committed * 100 / row.line)) if row.line else None
    return {
        "row": row,
        "counts": sorted(counts, key=lambda x: order.index(x[0])),
        "states": LOAN.choices,
        "percent": percent,
        "exposed": EXPOSED,
    }
