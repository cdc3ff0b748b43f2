"""Closing, paying and holding an investment. Rules V-40 to V-44. States follow the flows; nobody moves them by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.models.financing import FinancingEvent
from parkops import records, sequences
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_ownership as calc
from ..models.call import FundFlow
from ..models.deal import FUND_ROUNDS, IN_KIND, InvestmentDeal
from ..models.fund import Fund, FundPartner
from ..models.investment import Investment
from ..signals import INVESTED
from ..states_deal import DEAL, INVESTMENT
from . import book, calls, duties, shares, terms
from .setup import lock_fund

RESOURCE = "funds.investment"
ZERO = Decimal(0)
ANGEL = ("seed", "angel")


def why_not_close(session: Any, deal: InvestmentDeal) -> str | None:
    """V-40: terms are signed; shares have a register to be counted in."""
    if terms.signed(session, deal) is None:
        return _("No term sheet is signed yet.")
    if deal.instrument != "convertible" and not shares.entries_of(session, deal.firm_id):
        return _("Enter the firm's register of shares first; the new shares are counted from it.")
    return None


def close_deal(session: Any, deal: InvestmentDeal, *, on: date) -> Investment:
    """The investment of a deal with its duties; equity takes its place in the register at once (V-40, V-41)."""
    access.require(session, RESOURCE, "add")
    sheet = terms.signed(session, deal)
    if (why := why_not_close(session, deal)) is not None or sheet is None:
        raise RuleError([Problem("funds.V-40", why or _l("No term sheet is signed yet."))])
    room(session, deal.fund, sheet.amount)
    row = Investment(
        park_id=deal.park_id,
        number=sequences.next_number(session, RESOURCE, deal.park_id, on),
        fund_id=deal.fund_id,
        firm_id=deal.firm_id,
        deal_id=deal.id,
        round=deal.round,
        instrument=deal.instrument,
        amount=sheet.amount,
        pre_money=sheet.pre_money,
        closed_on=on,
        interest=sheet.interest,
        discount=sheet.discount,
        cap=sheet.cap,
        matures_on=sheet.matures_on,
        use_case=deal.thesis,
        contributor_id=_giver(session, deal) if deal.instrument in IN_KIND else None,
    )
    session.add(row)
    session.flush()
    if deal.instrument != "convertible":
        there = shares.outstanding(session, deal.firm_id, on)
        row.shares = calc.issued(sheet.amount, sheet.pre_money, there)
        shares.issue(
            session, row, row.shares, on, str(FUND_ROUNDS.label(deal.round)), "issue", calc.price_per_share(sheet.pre_money, there)
        )
    duties.after_closing(session, row, sheet)
    DEAL.move(session, deal, "close", on=on)
    return row


def _giver(session: Any, deal: InvestmentDeal) -> int:
    """Rent and services are given by the operating company as a partner."""
    found = session.scalar(select(FundPartner.id).where(FundPartner.fund_id == deal.fund_id, FundPartner.kind == "park").limit(1))
    if found is None:
        raise RuleError(
            [Problem("funds.V-41", _l("The operating company is no partner of this fund; rent and services are its contribution."))]
        )
    return found


def room(session: Any, fund: Fund, amount: Decimal) -> None:
    """V-42: what was agreed and is not paid yet, and this, fit into bank balance and what may still be called. Locks the fund."""
    lock_fund(session, fund.id)
    agreed = session.scalar(select(func.sum(Investment.amount)).where(Investment.fund_id == fund.id, Investment.state == "open")) or ZERO
    free = book.balance(session, fund.id) + sum(calls.unfunded(session, fund.id).values(), ZERO) - agreed
    if amount > free:
        raise RuleError(
            [Problem("funds.V-42", _l("Only %(free)s yuan of the fund are not bound yet.", free=f"{max(free, ZERO):,.2f}"), "amount")]
        )


def create_investment(
    session: Any, *, fund_id: int, firm_id: int, round: str, instrument: str, amount: Decimal, closed_on: date, **values: Any
) -> Investment:
    """Take over an investment made before the pipeline was kept here."""
    access.require(session, RESOURCE, "add")
    fund = session.get(Fund, fund_id)
    number = sequences.next_number(session, RESOURCE, fund.park_id, closed_on) if fund else ""
    full = {
        "fund_id": fund_id,
        "firm_id": firm_id,
        "round": round,
        "instrument": instrument,
        "amount": amount,
        "closed_on": closed_on,
        "number": number,
        **values,
    }
    return records.create(session, Investment, full, _check)


def change_investment(
    session: Any, row: Investment, *, registered_on: date | None = None, use_case: str | None = None, matures_on: date | None = None
) -> Investment:
    """Record the registration, the use of the money, a new day of maturity; amounts stand as agreed (V-41)."""
    return records.change(session, row, {"registered_on": registered_on, "use_case": use_case, "matures_on": matures_on}, _check)


def _check(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ["registered_on", "closed_on"])
    records.date_order(values, problems, "closed_on", "registered_on", _l("It cannot be registered before it was closed."))
    if values["amount"] <= 0:
        problems.add("funds.V-41", _l("Enter an amount above zero."), "amount")
    if values["instrument"] in IN_KIND and values.get("contributor_id") is None:
        problems.add("funds.V-41", _l("Say which partner gives the rent or the services."), "contributor_id")


def paid(session: Any, row: Investment) -> Decimal:
    """What was paid so far."""
    total = session.scalar(select(func.sum(FundFlow.amount)).where(FundFlow.investment_id == row.id, FundFlow.kind == "investment"))
    return -(total or ZERO)


def why_not_pay(session: Any, row: Investment) -> str | None:
    """Nothing is left to pay, or it is over."""
    if row.state in ("exited", "written_off"):
        return _("The investment is closed.")
    return None if paid(session, row) < row.amount else _("It is paid in full.")


def pay_investment(session: Any, row: Investment, *, amount: Decimal, on: date, reference: str | None = None) -> FundFlow:
    """Pay all or a part (V-43: never more than agreed; the bank holds it). In kind, the partner gives it and no cash moves."""
    access.require(session, "funds.flow", "add")
    lock_fund(session, row.fund_id)
    problems, left = Problems(), row.amount - paid(session, row)
    if (why := why_not_pay(session, row)) is not None:
        problems.add("funds.V-43", why)
    elif amount <= 0 or amount > left:
        problems.add("funds.V-43", _l("Enter at most %(left)s yuan, which are still open.", left=f"{left:,.2f}"), "amount")
    if on < row.closed_on:
        problems.add("funds.V-43", _l("The deal was closed on %(day)s.", day=row.closed_on.isoformat()), "on")
    kind = row.instrument in IN_KIND
    if kind and not why and amount > calls.unfunded(session, row.fund_id).get(row.contributor_id, ZERO):
        problems.add("funds.V-43", _l("The partner's commitment does not cover this contribution in kind."), "amount")
    problems.stop()
    if kind:
        book.post(session, row.fund, "contribution", amount, on, cash=False, partner_id=row.contributor_id, reference=reference)
    made = book.post(session, row.fund, "investment", -amount, on, cash=not kind, investment_id=row.id, reference=reference)
    if row.state == "open":
        INVESTMENT.move(session, row, "hold", on=on)
    if not kind:
        _tell(session, row, amount, on)
    return made


def _tell(session: Any, row: Investment, amount: Decimal, on: date) -> None:
    """The firm's financing record (V-44), and whoever listens."""
    session.add(
        FinancingEvent(
            park_id=row.park_id,
            firm_id=row.firm_id,
            kind="angel" if row.round in ANGEL else "vc",
            round={"seed": "seed", "angel": "angel", "pre_a": "pre_a", "a": "a", "b": "b", "c": "c"}[row.round],
            investor=row.fund.name,
            on_date=on,
            currency="CNY",
            amount=amount,
            amount_cny=amount,
            park_fund=row.fund.kind in ("own", "joint"),
            evidence=row.number,
        )
    )
    session.flush()
    INVESTED.send(session, investment=row, amount=amount, on=on)


def unpaid(session: Any, row: Investment, flow: FundFlow, *, on: date) -> None:
    """A payment was reversed: the financing record goes with it, and nothing paid means to be paid again (V-22)."""
    f = FinancingEvent
    told = session.scalars(
        select(f).where(f.firm_id == row.firm_id, f.evidence == row.number, f.on_date == flow.on_date, f.amount == -flow.amount).limit(1)
    ).first()
    if told is not None:
        session.delete(told)
        session.flush()
    if not paid(session, row) and row.state == "held":
        INVESTMENT.move(session, row, "reopen", on=on)


def add_income(session: Any, row: Investment, *, amount: Decimal, on: date, reference: str | None = None) -> FundFlow:
    """A dividend, or interest of a convertible, arrived."""
    access.require(session, "funds.flow", "add")
    if amount <= 0 or row.state == "open":
        raise RuleError([Problem("funds.V-43", _l("Only holdings that were paid for bring income, and more than nothing."), "amount")])
    return book.post(session, row.fund, "income", amount, on, investment_id=row.id, reference=reference)


def convert_loan(session: Any, row: Investment, *, on: date, price: Decimal) -> str:
    """A convertible becomes shares at a round's price: the lower of price less discount and cap ÷ shares (V-47)."""
    access.require(session, RESOURCE, "act")
    if row.instrument != "convertible" or row.shares is not None or row.state not in ("held", "partly_sold"):
        raise RuleError([Problem("funds.V-47", _l("Only a paid convertible loan that is not converted yet becomes shares."))])
    there = shares.outstanding(session, row.firm_id, on)
    if there <= 0 or price <= 0 or on < row.closed_on:
        raise RuleError(
            [Problem("funds.V-47", _l("Enter the firm's register of shares first; the new shares are counted from it."), "price")]
        )
    got, best, whole = calc.convert(
        paid(session, row), row.interest, (on - row.closed_on).days, price=price, discount=row.discount, cap=row.cap, shares=there
    )
    row.shares = got
    shares.issue(session, row, got, on, _("Conversion"), "conversion", best)
    return _("%(amount)s yuan became %(shares)s shares at %(price)s.", amount=f"{whole:,.2f}", shares=f"{got:,}", price=best)


def only_by_flows(session: Any, row: Investment) -> str | None:
    """The state follows payments and exits."""
    return None


def by_flows_only(session: Any, row: Investment) -> None:
    """Nobody moves it by hand."""
    raise RuleError([Problem("funds.V-41", _l("The state follows payments and exits; enter those."))])
