"""Term sheets. Rules V-38 and V-39."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l

from ..models.deal import CommitteeMeeting, InvestmentDeal, TermSheet
from ..states_deal import DEAL, TERM_SHEET


def create_terms(session: Any, *, deal_id: int, amount: Decimal, **values: Any) -> TermSheet:
    """Write down what was negotiated for a deal the committee approved (V-38)."""
    return records.create(session, TermSheet, {"deal_id": deal_id, "amount": amount, **values}, _check)


def change_terms(session: Any, row: TermSheet, **values: Any) -> TermSheet:
    """Change a draft."""
    if row.state != "draft":
        raise RuleError([Problem("funds.V-39", _l("The term sheet was sent; drop it and write another one."))])
    return records.change(session, row, values, _check)


def approved_amount(session: Any, deal_id: int) -> Decimal | None:
    """What the committee approved for a deal."""
    m = CommitteeMeeting
    return session.scalar(select(m.amount).where(m.deal_id == deal_id, m.state == "approved").order_by(m.id.desc()).limit(1))


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    deal = session.get(InvestmentDeal, values["deal_id"])
    if deal is not None and deal.state != "term_sheet":
        problems.add("funds.V-38", _l("Terms are written once the committee has approved the deal."), "deal_id")
    most = approved_amount(session, values["deal_id"])
    if values["amount"] <= 0:
        problems.add("funds.V-38", _l("Enter an amount above zero."), "amount")
    if most is not None and values["amount"] > most:
        problems.add("funds.V-38", _l("The committee approved at most %(most)s yuan.", most=f"{most:,.2f}"), "amount")
    if deal is not None and deal.instrument == "convertible":
        if values.get("matures_on") is None:
            problems.add("funds.V-38", _l("A convertible loan has a day on which it matures."), "matures_on")
    elif values.get("pre_money") is None:
        problems.add("funds.V-38", _l("Shares have a price: enter the pre-money value."), "pre_money")
    if not 0 <= values.get("discount", 0) < 1 or values.get("interest", 0) < 0 or values.get("preference", 0) < 0:
        problems.add("funds.V-38", _l("A discount lies between 0 and 100 %; interest and preference are not negative."), "discount")


def sign_terms(session: Any, row: TermSheet, *, on: date) -> TermSheet:
    """Both sides have signed."""
    row.signed_on = on
    TERM_SHEET.move(session, row, "sign", on=on)
    return row


def signed(session: Any, deal: InvestmentDeal) -> TermSheet | None:
    """The signed term sheet of a deal."""
    return session.scalars(select(TermSheet).where(TermSheet.deal_id == deal.id, TermSheet.state == "signed")).first()


def why_not_sign(session: Any, deal: InvestmentDeal) -> str | None:
    """V-39: closing begins with signed terms."""
    return None if signed(session, deal) is not None else _("No term sheet is signed yet.")


def sign_deal(session: Any, deal: InvestmentDeal, *, on: date) -> InvestmentDeal:
    """Prepare closing."""
    DEAL.move(session, deal, "sign", on=on)
    return deal
