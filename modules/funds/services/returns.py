"""Reads funds into the pure `Book` of `calc_standing`, for any day. A handful of statements for any number of funds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from ..calc_standing import Book, Mark, Movement, Sale, Standing, pooled, standing
from ..calc_waterfall import Terms
from ..models.call import DistributionPart, FundFlow
from ..models.fund import Fund, FundCommitment, FundPartner, ShareClass
from ..models.investment import Investment, InvestmentExit, Valuation

ZERO = Decimal(0)


def terms_of(fund: Fund) -> Terms:
    """The carry terms of a fund."""
    return Terms(fund.hurdle, fund.carry, fund.catch_up, fund.compound)


def books(session: Any, funds: Iterable[Fund]) -> dict[int, Book]:
    """Everything known of each fund."""
    found = list(funds)
    ids = [f.id for f in found]
    movements, marks, sales = _movements(session, ids), _marks(session, ids), _sales(session, ids)
    commitments: dict[int, list] = defaultdict(list)
    for c in session.execute(
        select(FundCommitment.fund_id, FundCommitment.partner_id, FundCommitment.signed_on, FundCommitment.amount)
        .where(FundCommitment.fund_id.in_(ids))
        .order_by(FundCommitment.id)
    ):
        commitments[c.fund_id].append((c.partner_id, c.signed_on, c.amount))
    bearing: dict[int, set[int]] = defaultdict(set)
    for fund_id, partner_id in session.execute(
        select(FundPartner.fund_id, FundPartner.id)
        .join(ShareClass, ShareClass.id == FundPartner.share_class_id)
        .where(FundPartner.fund_id.in_(ids), ShareClass.bears_carry)
    ):
        bearing[fund_id].add(partner_id)
    return {
        f.id: Book(
            tuple(movements[f.id]),
            tuple(marks[f.id]),
            tuple(sales[f.id]),
            tuple(commitments[f.id]),
            terms_of(f),
            f.waterfall == "deal",
            frozenset(bearing[f.id]),
        )
        for f in found
    }


def _movements(session: Any, ids: list[int]) -> dict[int, list[Movement]]:
    f, p, out = FundFlow, DistributionPart, defaultdict(list)
    query = (
        select(
            f.fund_id,
            f.on_date,
            f.kind,
            f.amount,
            f.cash,
            f.partner_id,
            f.investment_id,
            f.exit_id,
            f.reverses_id,
            p.capital,
            p.carry,
            p.recallable,
            p.amount.label("whole"),
        )
        .select_from(f)
        .outerjoin(p, p.id == f.distribution_part_id)
    )
    for r in session.execute(query.where(f.fund_id.in_(ids)).order_by(f.on_date, f.id)):
        sign = -1 if r.reverses_id is not None else 1
        tiers = (sign * r.capital, sign * r.carry, sign * r.recallable) if r.whole is not None else (ZERO, ZERO, ZERO)
        out[r.fund_id].append(Movement(r.on_date, r.kind, r.amount, r.cash, r.partner_id, r.investment_id, r.exit_id, *tiers))
    return out


def _marks(session: Any, ids: list[int]) -> dict[int, list[Mark]]:
    v, out = Valuation, defaultdict(list)
    query = (
        select(Investment.fund_id, v.investment_id, v.on_date, v.value, v.basis, v.approval_id)
        .select_from(v)
        .join(Investment, Investment.id == v.investment_id)
        .where(Investment.fund_id.in_(ids), v.state == "confirmed")
    )
    for r in session.execute(query.order_by(v.on_date, v.approval_id)):
        out[r.fund_id].append(Mark(r.investment_id, r.on_date, r.value, r.basis, r.approval_id))
    return out


def _sales(session: Any, ids: list[int]) -> dict[int, list[Sale]]:
    e, out = InvestmentExit, defaultdict(list)
    query = (
        select(Investment.fund_id, e.id, e.investment_id, e.on_date, e.part, e.proceeds)
        .select_from(e)
        .join(Investment, Investment.id == e.investment_id)
        .where(Investment.fund_id.in_(ids), e.state == "agreed")
    )
    for r in session.execute(query.order_by(e.on_date, e.id)):
        out[r.fund_id].append(Sale(r.id, r.investment_id, r.on_date, r.part, r.proceeds))
    return out


def book_of(session: Any, fund: Fund) -> Book:
    """One fund."""
    return books(session, [fund])[fund.id]


def standing_of(session: Any, fund: Fund, on: date) -> Standing:
    """One fund on a day."""
    return standing(book_of(session, fund), on)


def all_funds(session: Any, park_id: int | None = None) -> list[Fund]:
    """The park's own and joint funds; funds of others are only linked."""
    query = select(Fund).where(Fund.kind != "outside").order_by(Fund.vintage, Fund.id)
    return list(session.scalars(query.where(Fund.park_id == park_id) if park_id else query))


def by_vintage(session: Any, on: date, park_id: int | None = None) -> dict[int, Standing]:
    """Pooled per vintage year."""
    found = all_funds(session, park_id)
    loaded, groups = books(session, found), defaultdict(list)
    for f in found:
        groups[f.vintage].append(loaded[f.id])
    return {year: pooled(rows, on) for year, rows in sorted(groups.items())}
