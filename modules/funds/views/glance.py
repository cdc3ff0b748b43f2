"""What tabs and pages show of a fund, a partner, an investment, a firm. Reads only; the numbers come from `calc_standing`."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from parkops import clock
from parkops.i18n import _
from parkops.security import access
from parkops.web.values import day_typed

from ..calc_account import account
from ..calc_returns import Irr
from ..calc_standing import Book, Standing, pooled, standing
from ..models.deal import InvestmentDeal
from ..models.fund import Fund, FundPartner
from ..models.investment import BASES, Investment, Valuation
from ..models.standing import WHY
from ..services import alerts, calls, duties, returns, shares

ZERO = Decimal(0)


def asked_day() -> date:
    """`?on=2025-12-31`, at most today; today when it is left out. Refused when it is no day."""
    return min(day_typed(request.args.get("on")) or clock.today(), clock.today())


def rate_text(found: Irr) -> tuple[str, str | None]:
    """The rate, or a dash with the reason."""
    if found.rate is None:
        return "—", str(WHY.label(found.why))
    return f"{found.rate * 100:.1f} %", (
        _("The flows change sign more than once; other rates may solve them too.") if found.several else None
    )


def times(value: Decimal | None) -> str:
    """A multiple."""
    return "—" if value is None else f"{value:.2f}×"


def quarters(first: date, last: date) -> list[date]:
    """Quarter ends from the first to the last day, and the last day itself."""
    out, start = [], date(first.year, 3 * ((first.month - 1) // 3) + 1, 1)
    while (end := clock.add_months(start, 3) - timedelta(days=1)) < last:
        out.append(end)
        start = clock.add_months(start, 3)
    return [*out, last]


def chart(books: list[Book], first: date, on: date) -> dict[str, Any]:
    """Called, distributed and value by quarter, in yuan; for the chart's JSON."""
    ends = quarters(first, on)
    paid, back, value, before = [], [], [], None
    for end in ends:
        now = pooled(books, end)
        paid.append(str(now.paid_in - (before.paid_in if before else ZERO)))
        back.append(str(now.distributed - (before.distributed if before else ZERO)))
        value.append(str(now.nav))
        before = now
    return {
        "quarters": [f"{e.year}Q{(e.month - 1) // 3 + 1}" for e in ends],
        "paid": paid,
        "back": back,
        "value": value,
        "words": {"paid": _("Paid-in capital"), "back": _("Distributed"), "value": _("Net asset value"), "wan": _("10,000 yuan")},
    }


def rows_of(session: Any, found: Standing, on: date) -> list[dict[str, Any]]:
    """The portfolio line by line."""
    ids = [p.investment for p in found.positions]
    known = {i.id: i for i in session.scalars(select(Investment).options(joinedload(Investment.firm)).where(Investment.id.in_(ids)))}
    out = []
    for p in found.positions:
        rate, why = rate_text(p.irr(on))
        out.append(
            {
                "row": known[p.investment],
                "p": p,
                "basis": "—" if p.sold == 1 else BASES.label(p.basis) if p.basis else _("at cost, not valued yet"),
                "moic": times(p.moic),
                "irr": rate,
                "why": why,
            }
        )
    return sorted(out, key=lambda r: (-r["p"].value, r["row"].id))


def figures(found: Standing) -> list[tuple[str, str, str | None]]:
    """The large figures: (label, text, remark)."""
    m = found.multiples
    net, gross = rate_text(found.net), rate_text(found.gross)
    return [
        ("TVPI", times(m.tvpi), None),
        ("DPI", times(m.dpi), _("Of it recallable: %(n)s", n=f"{found.recallable:,.2f}") if found.recallable else None),
        ("RVPI", times(m.rvpi), None),
        ("MOIC", times(found.moic), None),
        (_("Net IRR"), *net),
        (_("Gross IRR"), *gross),
        (_("Paid in ÷ committed"), "—" if m.pic is None else f"{m.pic * 100:.1f} %", None),
    ]


def amounts(found: Standing) -> list[tuple[str, Decimal]]:
    """The amounts behind them."""
    m = found.multiples
    return [
        (_("Committed amount"), found.committed),
        (_("Paid-in capital"), found.paid_in),
        (_("Still to be called"), m.unfunded),
        (_("Distributed"), found.distributed),
        (_("Of it recallable"), found.recallable),
        (_("Invested"), found.invested),
        (_("Value of holdings"), found.holdings),
        (_("Proceeds still to come"), found.receivable),
        (_("Bank balance"), found.cash),
        (_("Accrued carry"), found.accrued_carry),
        (_("Net asset value"), found.nav),
    ]


def of_fund(session: Any, fund: Fund) -> dict[str, Any]:
    """Everything of one fund on the day asked for."""
    on, book = asked_day(), returns.book_of(session, fund)
    found = standing(book, on)
    firms, tracks = alerts.concentration(session, fund, found)
    return {
        "fund": fund,
        "on": on,
        "found": found,
        "figures": figures(found),
        "amounts": amounts(found),
        "rows": rows_of(session, found, on),
        "chart": chart([book], fund.established_on, on),
        "alerts": alerts.of_fund(session, fund, book, on),
        "firms": firms[:6],
        "tracks": tracks,
        "may_export": access.may(session, "funds.fund", "export"),
        "quarter": clock.Period.quarter(on).previous().key,
    }


def of_partner(session: Any, partner: FundPartner) -> dict[str, Any]:
    """A partner's account: flows, what is open to call, its share of the value, its own rate."""
    on, book = asked_day(), returns.book_of(session, partner.fund)
    found = account(book, standing(book, on), partner.id)
    rate, why = rate_text(found.net)
    left = calls.unfunded(session, partner.fund_id).get(partner.id, ZERO)
    return {"on": on, "a": found, "irr": rate, "why": why, "dpi": times(found.dpi), "tvpi": times(found.tvpi), "unfunded": left}


def of_investment(session: Any, row: Investment) -> dict[str, Any]:
    """The position today, its marks, the register."""
    on = asked_day()
    found = _position(session, row, on)
    marks = session.scalars(
        select(Valuation)
        .where(Valuation.investment_id == row.id, Valuation.state == "confirmed")
        .order_by(Valuation.on_date.desc(), Valuation.approval_id.desc())
    ).all()
    rate, why = rate_text(found.irr(on)) if found else ("—", None)
    return {
        "row": row,
        "on": on,
        "p": found,
        "irr": rate,
        "why": why,
        "moic": times(found.moic if found else None),
        "marks": marks,
        "bases": BASES,
        "register": shares.register(session, row.firm_id, on),
        "dilution": shares.dilution_of(session, row.firm_id, row.fund.name),
        "covenants": duties.measured(session, investments=[row.id]),
    }


def _position(session: Any, row: Investment, on: date) -> Any:
    found = standing(returns.book_of(session, row.fund), on)
    return next((p for p in found.positions if p.investment == row.id), None)


def value_fact(session: Any, row: Investment) -> tuple[str, str | None]:
    """What it is worth today."""
    found = _position(session, row, clock.today())
    return ("—" if found is None else f"{found.value:,.2f}"), None


def moic_fact(session: Any, row: Investment) -> tuple[str, str | None]:
    """Multiple of what was paid."""
    found = _position(session, row, clock.today())
    return times(found.moic if found else None), None


def of_firm(session: Any, firm: Any) -> dict[str, Any]:
    """A firm's rounds with the funds, its register and what is under way."""
    on = clock.today()
    mine = list(
        session.scalars(
            select(Investment).options(joinedload(Investment.fund)).where(Investment.firm_id == firm.id).order_by(Investment.closed_on)
        )
    )
    loaded = returns.books(session, {i.fund for i in mine})
    rows = []
    for i in mine:
        p = next((x for x in standing(loaded[i.fund_id], on).positions if x.investment == i.id), None)
        rows.append({"row": i, "p": p, "moic": times(p.moic if p else None), "irr": rate_text(p.irr(on))[0] if p else "—"})
    deals = session.scalars(
        select(InvestmentDeal).where(
            InvestmentDeal.firm_id == firm.id, InvestmentDeal.state.in_(("lead", "diligence", "committee", "term_sheet", "closing"))
        )
    ).all()
    register = shares.register(session, firm.id, on)
    return {
        "firm": firm,
        "rows": rows,
        "register": register,
        "deals": deals,
        "entries": shares.entries_of(session, firm.id),
        "total": sum((r.shares for r in register), ZERO),
    }
