"""Financing desk (融驿站): products, requests, matches with reasons, introductions and outcomes. Rules SV-130 to SV-134."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops import clock, records, refs
from parkops.db.session import scope_of
from parkops.errors import NotFound, ParkOpsError, Problems
from parkops.i18n import _l

from .. import calc_finance
from ..models.financing import FinanceIntroduction, FinanceProduct, FinanceRequest
from ..states_policy import FINANCE_REQUEST, INTRODUCTION
from .steps import number, park_of, refuse, take

I, R = FinanceIntroduction, FinanceRequest
LOAN_CASE = "loans.case"


def _product(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["amount_to"] < values["amount_from"] or values["amount_from"] < 0:
        problems.add("services.SV-130", _l("The largest amount lies below the smallest."), "amount_to")
    if values["term_to"] < values["term_from"] or values["term_from"] < 1:
        problems.add("services.SV-130", _l("The longest term lies below the shortest."), "term_to")
    records.date_order(values, problems, "valid_from", "valid_to", _l("The offer ends before it begins."))


def create_product(session: Any, **values: Any) -> FinanceProduct:
    """What an institution offers (SV-130)."""
    return records.create(session, FinanceProduct, values, _product)


def change_product(session: Any, row: FinanceProduct, **values: Any) -> FinanceProduct:
    """Correct it; introductions keep what the match said."""
    return records.change(session, row, values, _product)


def _request(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["amount"] <= 0:
        problems.add("services.SV-131", _l("Enter an amount above zero."), "amount")
    if not 1 <= values["term_months"] <= 360:
        problems.add("services.SV-131", _l("Enter between 1 and 360 months."), "term_months")
    records.date_order(values, problems, "asked_on", "needed_on", _l("It is needed before it was asked for."))


def create_request(session: Any, *, firm_id: int, **values: Any) -> FinanceRequest:
    """SV-131: a firm looks for money."""
    on = values.get("asked_on") or clock.today()
    values |= {"firm_id": firm_id, "asked_on": on, "owner_id": values.get("owner_id") or scope_of(session).user_id}
    values["number"] = number(session, "finance_request", park_of(session, "tenants.firm", firm_id), on)
    return records.create(session, R, values, _request)


def change_request(session: Any, row: FinanceRequest, **values: Any) -> FinanceRequest:
    """While nothing is granted."""
    return records.change(session, row, values, _request)


def matches(session: Any, row: FinanceRequest, *, on: date) -> list[tuple[FinanceProduct, list[calc_finance.Reason]]]:
    """SV-132: every product with its reasons, the best first."""
    found = session.scalars(select(FinanceProduct).where(FinanceProduct.park_id == row.park_id))
    return sorted(((p, calc_finance.reasons(row, p, on)) for p in found), key=lambda x: calc_finance.order(*x))


def introduce(session: Any, row: FinanceRequest, *, product_id: int, on: date) -> FinanceIntroduction:
    """SV-133: the firm meets the institution; what the match says that day is kept, also when it does not fit. Once per product."""
    product = session.get(FinanceProduct, product_id)
    if product is None:
        raise NotFound(_l("There is no such record in your parks."))
    found = calc_finance.reasons(row, product, on)
    values = {
        "request_id": row.id,
        "product_id": product_id,
        "introduced_on": on,
        "fits": calc_finance.fits(found),
        "reasons": [r.as_json() for r in found],
    }
    made = records.create(session, I, values)
    take(session, FINANCE_REQUEST, row, "introduce", on=on, after=row.asked_on)
    return made


def grant(
    session: Any, row: FinanceIntroduction, *, amount: Decimal, on: date, rate: Decimal | None = None, loan_case: str | None = None
) -> None:
    """SV-134: the bank gives it; the request is settled by its first grant. A loan case of the loans module is named by its number."""
    if amount <= 0:
        raise refuse("SV-134", _l("Enter an amount above zero."), "amount")
    request = session.scalars(
        select(R).where(R.id == row.request_id).with_for_update(of=R).execution_options(populate_existing=True)
    ).one()
    if request.state not in ("introduced", "granted"):
        raise refuse("SV-134", _l("The firm's request has ended. Enter a new request and introduce it first."))
    resource, record_id = _loan(session, request, loan_case) if loan_case else (None, None)
    take(
        session,
        INTRODUCTION,
        row,
        "grant",
        on=on,
        after=row.introduced_on,
        amount=amount,
        rate=rate,
        ended_on=on,
        resource=resource,
        record_id=record_id,
    )
    request.granted = (request.granted or Decimal(0)) + amount
    session.flush()
    if request.state == "introduced":
        request.ended_on = on
        FINANCE_REQUEST.move(session, request, "grant", on=on)


def only_by_introduction(session: Any, row: FinanceRequest) -> str | None:
    """SV-134: the request is settled by a bank's grant, never by its own button."""
    found = session.scalar(select(I.id).where(I.request_id == row.id, I.state == "granted").limit(1))
    return None if found is not None else str(_l("Note the bank's grant at its introduction; that settles the request."))


def by_introduction_only(session: Any, row: FinanceRequest) -> None:
    """Nobody settles a request by hand, whatever their role."""
    raise refuse("SV-134", _l("Note the bank's grant at its introduction; that settles the request."))


def _loan(session: Any, request: FinanceRequest, text: str) -> tuple[str, int]:
    """The firm's loan case of that number in its park, when the loans module is installed."""
    try:
        model = refs.model_of(LOAN_CASE)
    except ParkOpsError:
        raise refuse("SV-134", _l("The loans module is not installed; leave the number empty."), "loan_case") from None
    mine = (model.park_id == request.park_id, model.firm_id == request.firm_id)
    found = session.scalar(select(model.id).where(model.number == text.strip(), *mine))
    if found is None:
        raise refuse("SV-134", _l("The firm has no loan case %(number)s; enter one of its own.", number=text), "loan_case")
    return LOAN_CASE, found


def refuse_introduction(session: Any, row: FinanceIntroduction, step: str, reason: str, on: date) -> None:
    """Shared end; the request looks further."""
    row.reason = reason[:300]
    take(session, INTRODUCTION, row, step, on=on, after=row.introduced_on, reason=reason, ended_on=on)


def refuse_bank(session: Any, row: FinanceIntroduction, *, reason: str, on: date) -> None:
    """The bank said no, and why."""
    refuse_introduction(session, row, "refuse", reason, on)


def drop(session: Any, row: FinanceIntroduction, *, reason: str, on: date) -> None:
    """Nobody follows it up."""
    refuse_introduction(session, row, "drop", reason, on)


def fail_request(session: Any, row: FinanceRequest, *, reason: str, on: date) -> None:
    """Nothing was found."""
    row.reason = reason[:300]
    take(session, FINANCE_REQUEST, row, "fail", on=on, after=row.asked_on, reason=reason, ended_on=on)


def withdraw_request(session: Any, row: FinanceRequest, *, reason: str, on: date) -> None:
    """The firm needs it no more."""
    row.reason = reason[:300]
    take(session, FINANCE_REQUEST, row, "withdraw", on=on, reason=reason, ended_on=on)
