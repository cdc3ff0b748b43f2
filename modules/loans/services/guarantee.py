"""代偿: the claim on the guarantee fund for a loan long overdue, its payment and what comes back. Rules LN-64 to LN-67."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import records, sequences, settings
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problems
from parkops.i18n import _, _l
from parkops.security import access

from ..calc_schedule import fen
from ..models.case import LoanCase
from ..models.money import GuaranteeClaim, GuaranteeRecovery, LoanRepayment
from ..states_money import GUARANTEE_CLAIM
from . import servicing

RESOURCE = "loans.claim"
OWN = _l("Whoever prepared the claim does not confirm its payment. Ask a colleague.")


def why_not_claim(session: Any, case: LoanCase) -> str | None:
    """LN-64: overdue longer than the park's days, with a fund, once."""
    days = int(settings.get(session, "loans.claim_after_days", case.park_id))
    if case.state != "overdue" or case.days_overdue <= days:
        return _("The guarantee is claimed when a loan is overdue for more than %(n)s days.", n=days)
    if case.fund_id is None:
        return _("No guarantee fund stands in for this loan.")
    found = session.scalar(select(GuaranteeClaim.number).where(GuaranteeClaim.case_id == case.id, GuaranteeClaim.state != "refused"))
    return _("Claim %(number)s is there already.", number=found) if found is not None else None


def prepare_claim(session: Any, case: LoanCase, *, on: date, interest: Decimal | None = None, note: str | None = None) -> tuple[str, str]:
    """LN-64: the principal left and the interest in arrears (or the interest the bank names)."""
    access.require(session, RESOURCE, "add")
    problems = Problems()
    if why := why_not_claim(session, case):
        problems.add("loans.LN-64", why)
    if interest is not None and interest < 0:
        problems.add("loans.LN-64", _l("This cannot be negative."), "interest")
    records.not_future({"on": on}, problems, ("on",))
    problems.stop()
    late = servicing._arrears(session, case, on)
    claim = records.create(session, GuaranteeClaim, {
        "number": sequences.next_number(session, RESOURCE, case.park_id, on),
        "case_id": case.id, "fund_id": case.fund_id, "prepared_on": on,
        "principal": case.outstanding, "interest": interest if interest is not None else late.interest,
        "fund_share": case.fund.bears or Decimal(1), "prepared_by_id": scope_of(session).user_id, "note": note, "state": "draft"})
    return _("Claim %(number)s is prepared.", number=claim.number), f"/loans/claim/{claim.id}"


def file_claim(session: Any, claim: GuaranteeClaim, *, on: date) -> GuaranteeClaim:
    """Handed to the fund."""
    claim.filed_on = on
    session.flush()
    GUARANTEE_CLAIM.move(session, claim, "file", on=on)
    return claim


def why_not_pay(session: Any, claim: GuaranteeClaim) -> str | None:
    """LN-65: another person."""
    return str(OWN) if scope_of(session).user_id in (None, claim.prepared_by_id) else None


def parts(claim: GuaranteeClaim) -> tuple[Decimal, Decimal]:
    """(principal, interest) the fund pays: its share of both; the rest is the bank's loss."""
    return fen(claim.principal * claim.fund_share), fen(claim.interest * claim.fund_share)


def pay_claim(session: Any, claim: GuaranteeClaim, *, on: date) -> GuaranteeClaim:
    """LN-65: the fund has paid its share; the loan is no longer counted against its line."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if why := why_not_pay(session, claim):
        problems.add("loans.LN-65", why)
    if claim.filed_on is not None and on < claim.filed_on:
        problems.add("loans.LN-65", _l("It was filed on %(day)s; choose that day or a later one.", day=claim.filed_on.isoformat()), "on")
    problems.stop()
    claim.paid_on, claim.paid_by_id = on, scope_of(session).user_id
    session.flush()
    GUARANTEE_CLAIM.move(session, claim, "pay", on=on)
    case, (principal, interest) = claim.case, parts(claim)
    session.add(LoanRepayment(park_id=case.park_id, case_id=case.id, paid_on=on, principal=principal, interest=interest, payer="guarantee",
                              reference=claim.number, source="claim"))
    session.flush()
    session.refresh(case)
    servicing.compensate_case(session, case, on=on)
    session.refresh(case)
    return claim


def record_recovery(session: Any, *, claim_id: int, on_date: date, amount: Decimal, came_from: str, reference: str) -> GuaranteeRecovery:
    """LN-66: money that came back, up to what the fund paid."""
    claim = session.get(GuaranteeClaim, claim_id)
    if claim is None:
        raise NotFound(_l("There is no such record in your parks."))

    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        if claim.state != "paid":
            problems.add("loans.LN-66", _l("Money comes back after the guarantee has paid."))
        elif not 0 < amount <= (left := sum(parts(claim)) - claim.recovered):
            problems.add("loans.LN-66", _l("Between zero and the %(left)s yuan not recovered yet.", left=f"{left:,.2f}"), "amount")
        records.not_future(values, problems, ("on_date",))

    row = records.create(session, GuaranteeRecovery, {"claim_id": claim_id, "on_date": on_date, "amount": amount, "came_from": came_from,
                                                      "reference": reference}, check)
    session.refresh(claim)
    return row


def why_not_close(session: Any, claim: GuaranteeClaim) -> str | None:
    """LN-67: everything the fund paid came back."""
    left = sum(parts(claim)) - claim.recovered
    return _("%(left)s yuan are not recovered yet.", left=f"{left:,.2f}") if left > 0 else None


def close_claim(session: Any, claim: GuaranteeClaim, *, on: date) -> GuaranteeClaim:
    """LN-67: the claim ends, and the loan with it."""
    GUARANTEE_CLAIM.move(session, claim, "close", on=on)
    servicing.settle_case(session, claim.case, on=on)
    return claim


def refuse_claim(session: Any, claim: GuaranteeClaim, *, reason: str) -> GuaranteeClaim:
    """The fund does not pay; a corrected claim may follow."""
    GUARANTEE_CLAIM.move(session, claim, "refuse", reason=reason)
    return claim
