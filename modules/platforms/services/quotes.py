"""Quotes: priced by the rates of their day, approved by somebody else, valid until a day, turned into a paying project.

Rules U-58 to U-60."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.firm import Firm
from parkops import approval, records, sequences, settings
from parkops.clock import ZONE
from parkops.db.session import scope_of
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import ZERO
from parkops.security import access

from .. import calc_pricing as calc
from ..models.project import PayingProject
from ..models.quote import PlatformQuote, QuoteLine
from ..models.registry import Instrument, ServiceItem
from ..states_quote import QUOTE
from . import pricing, projects

RESOURCE = "platforms.quote"
KIND = "platforms.quote"
TIMED = ("usage", "technician", "training")
HOUR = Decimal(60)

approval.ApprovalKind(KIND, _l("Quotes of platforms"), RESOURCE, "act")


def create_quote(
    session: Any, *, platform_id: int, firm_id: int, customer_class: str, quoted_on: date, valid_until: date | None = None,
    terms: str | None = None,
) -> PlatformQuote:
    """Begin a quote; empty `valid_until`: as long as the setting says."""
    access.require(session, RESOURCE, "add")
    firm, scope = session.get(Firm, firm_id) if firm_id else None, scope_of(session)
    park = firm.park_id if firm is not None else scope.park_id
    until = valid_until or quoted_on + timedelta(days=settings.get(session, "platforms.quote_days", park))
    values = {"platform_id": platform_id, "firm_id": firm_id, "customer_class": customer_class, "quoted_on": quoted_on,
              "valid_until": until, "terms": terms, "prepared_by_id": scope.user_id, "prepared_by": scope.user_name}
    with session.begin_nested():
        values["number"] = sequences.next_number(session, RESOURCE, park, quoted_on)
        return records.create(session, PlatformQuote, values, _check)


def change_quote(session: Any, quote: PlatformQuote, *, valid_until: date, terms: str | None = None) -> PlatformQuote:
    """Change a draft."""
    _draft(quote)
    return records.change(session, quote, {"valid_until": valid_until, "terms": terms}, _check)


def _check(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "quoted_on", "valid_until", _l("The last day lies before the first."))


def _draft(quote: PlatformQuote | None) -> None:
    problems = Problems()
    if quote is not None and quote.state != "draft":
        problems.add("platforms.U-58", _l("Only a draft is changed. Return the quote first."))
    problems.stop()


def add_line(
    session: Any, *, quote_id: int, kind: str, quantity: Decimal, instrument_id: int | None = None, item_id: int | None = None,
    memo: str | None = None,
) -> QuoteLine:
    """A line priced by the base rate of the quote's day: hours of an instrument, or units of what is ordered (U-58)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    quote = session.get(PlatformQuote, quote_id)
    _draft(quote)
    if quote is not None and quantity is not None and quantity > 0:
        values["unit_price"], values["amount"] = _priced(session, quote, kind, quantity, instrument_id, item_id)
    line = records.create(session, QuoteLine, values, _check_line)
    _sum(session, quote)
    return line


def remove_line(session: Any, line: QuoteLine) -> None:
    """Take a line off a draft."""
    quote = session.get(PlatformQuote, line.quote_id)
    _draft(quote)
    records.remove(session, line)
    _sum(session, quote)


def _check_line(session: Any, v: dict[str, Any], problems: Problems) -> None:
    if v["quantity"] <= 0:
        problems.add("platforms.U-58", _l("Enter how many hours or units."), "quantity")
    quote = session.get(PlatformQuote, v["quote_id"])
    for model, name in ((Instrument, "instrument_id"), (ServiceItem, "item_id")):
        found = session.get(model, v[name]) if v[name] else None
        if found is not None and quote is not None and found.platform_id != quote.platform_id:
            problems.add("platforms.U-13", _l("This is offered by another platform."), name)


def _priced(session: Any, quote: PlatformQuote, kind: str, quantity: Decimal, instrument_id: Any, item_id: Any) -> tuple[Decimal, Decimal]:
    rate = pricing.rate_for(session, kind=kind, platform_id=quote.platform_id, customer_class=quote.customer_class, on=quote.quoted_on,
                            instrument_id=instrument_id, item_id=item_id)
    if rate is None:
        raise RuleError([Problem("platforms.U-58", _l("No rate holds for this on the day of the quote. Enter one under Rates."), "kind")])
    tariff = pricing.tariff_of(session, rate, quote.quoted_on)
    plain = calc.Tariff(tariff.basis, tariff.amount, tariff.minimum, tariff.service_fee, None, tariff.tiers)
    start = datetime.combine(quote.quoted_on, time(9), ZONE)
    minutes = int((quantity * HOUR).to_integral_value()) if kind in TIMED and rate.basis == "hour" else 0
    return rate.amount, calc.price(plain, start=start, end=start + timedelta(minutes=minutes), quantity=quantity)


def _sum(session: Any, quote: PlatformQuote) -> None:
    total = select(func.coalesce(func.sum(QuoteLine.amount), 0, type_=QuoteLine.amount.type)).where(QuoteLine.quote_id == quote.id)
    quote.total = session.scalar(total) or ZERO
    session.flush()


def lines_of(session: Any, quote: PlatformQuote) -> list[QuoteLine]:
    """In the order they were entered."""
    return list(session.scalars(select(QuoteLine).where(QuoteLine.quote_id == quote.id).order_by(QuoteLine.id)))


def why_not_submit(session: Any, quote: PlatformQuote) -> str | None:
    """U-59: a quote has lines."""
    return None if lines_of(session, quote) else _("The quote has no lines yet. Add one.")


def submit_quote(session: Any, quote: PlatformQuote) -> PlatformQuote:
    """Ask for approval: one person, two from the amount of the setting on (U-59)."""
    access.require(session, RESOURCE, "change")
    if why := why_not_submit(session, quote):
        raise RuleError([Problem("platforms.U-59", why)])
    two = quote.total >= settings.get(session, "platforms.quote_two_from", quote.park_id)
    QUOTE.move(session, quote, "submit")
    quote.approval_id = approval.request(session, quote, KIND, needed=2 if two else 1, amount=quote.total).id
    session.flush()
    return quote


def _request(session: Any, quote: PlatformQuote) -> approval.Approval | None:
    return session.get(approval.Approval, quote.approval_id) if quote.approval_id else None


def why_not_approve(session: Any, quote: PlatformQuote) -> str | None:
    """U-59: who prepared it does not approve it, and nobody twice."""
    asked = _request(session, quote)
    if asked is None or asked.state == "approved":  # the last vote moves the quote itself
        return None
    problem = approval.why_not(session, asked)
    return str(problem.message) if problem is not None else None


def approve_quote(session: Any, quote: PlatformQuote) -> PlatformQuote:
    """One vote for it."""
    access.require(session, RESOURCE, "act")
    approval.vote(session, _request(session, quote), True)
    session.refresh(quote)
    return quote


def return_quote(session: Any, quote: PlatformQuote, *, reason: str) -> PlatformQuote:
    """Back to who prepared it."""
    access.require(session, RESOURCE, "act")
    approval.vote(session, _request(session, quote), False, reason)
    session.refresh(quote)
    return quote


@approval.on_approved(KIND)
def approved(session: Any, request: approval.Approval, quote: PlatformQuote) -> None:
    """Everybody needed has agreed."""
    scope = scope_of(session)
    quote.approved_by_id, quote.approved_by = scope.user_id, scope.user_name
    session.flush()
    QUOTE.move(session, quote, "approve")


@approval.on_returned(KIND)
def returned(session: Any, request: approval.Approval, quote: PlatformQuote) -> None:
    """Somebody has not."""
    QUOTE.move(session, quote, "return", reason=request.reason or _("Returned"))


def accept_quote(session: Any, quote: PlatformQuote, *, on: date) -> PayingProject:
    """The customer agrees in time: a paying project up to the total is opened (U-60)."""
    access.require(session, RESOURCE, "change")
    problems = Problems()
    if on > quote.valid_until:
        problems.add("platforms.U-60", _l("The quote held until %(day)s. Write a new one.", day=quote.valid_until.isoformat()), "on")
    problems.stop()
    project = projects.create_project(
        session, name=quote.number, firm_id=quote.firm_id, customer_class=quote.customer_class, starts_on=on,
        platform_id=quote.platform_id, cap=quote.total)
    quote.project_id = project.id
    session.flush()
    QUOTE.move(session, quote, "accept", on=on)
    return project


def expire_quotes(session: Any, *, on: date, park_id: int | None = None) -> dict[str, int]:
    """Quotes past their last day expire (daily job)."""
    access.require(session, RESOURCE, "change")
    query = select(PlatformQuote).where(PlatformQuote.state.in_(("draft", "approved")), PlatformQuote.valid_until < on)
    rows = list(session.scalars(query if park_id is None else query.where(PlatformQuote.park_id == park_id)))
    for quote in rows:
        QUOTE.move(session, quote, "expire", on=on)
    return {"expired": len(rows)}
