"""A firm that moves out: loans that run are lines of its move-out."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from modules.tenants.services.moveout import MoveOutLine
from modules.tenants.signals import moveout_items
from parkops.hooks import receiver
from parkops.i18n import _

from ..models.case import LoanCase
from ..states import LIVE


@receiver(moveout_items)
def loan_items(session: Any, firm: Any, moveout: Any, **_more: Any) -> list[MoveOutLine]:
    """One line per loan case that is not closed; it does not keep the firm from leaving, bank and fund are told."""
    numbers = session.scalars(select(LoanCase.number).where(LoanCase.firm_id == firm.id, LoanCase.state.in_(LIVE)).order_by(LoanCase.id))
    return [MoveOutLine(f"loans.case.{n}", _("Loan %(number)s: tell bank and guarantee fund", number=n), False, "loans") for n in numbers]
