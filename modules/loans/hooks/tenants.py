"""A firm that moves out: loans that run are lines of its move-out. Two records of one firm: loan facts of one day stand once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.tenants.services.moveout import MoveOutLine
from modules.tenants.signals import before_merge, moveout_items
from parkops.errors import Problem
from parkops.hooks import receiver
from parkops.i18n import _, _l

from ..models.case import LoanCase
from ..models.standing import LoanStanding
from ..states import LIVE


@receiver(moveout_items)
def loan_items(session: Any, firm: Any, moveout: Any, **_more: Any) -> list[MoveOutLine]:
    """One line per loan case that is not closed; it does not keep the firm from leaving, bank and fund are told."""
    numbers = session.scalars(select(LoanCase.number).where(LoanCase.firm_id == firm.id, LoanCase.state.in_(LIVE)).order_by(LoanCase.id))
    return [MoveOutLine(f"loans.case.{n}", _("Loan %(number)s: tell bank and guarantee fund", number=n), False, "loans") for n in numbers]


@receiver(before_merge)
def same_day_facts(session: Any, kept: Any, dropped: Any, **_more: Any) -> list[Problem]:
    """LN-18: both records have loan facts of the same day; a person decides which ones are right."""
    days = select(LoanStanding.on_date).where(LoanStanding.firm_id == kept.id)
    both = session.scalars(select(LoanStanding.on_date).where(LoanStanding.firm_id == dropped.id, LoanStanding.on_date.in_(days))).all()
    return [Problem("loans.LN-18", _l("Both have loan facts of %(day)s; remove one of them first.", day=day.isoformat())) for day in both]
