"""The quarterly report of a fund and the capital account of a partner, with the transaction types of the ILPA template.

Both hold in every format the same figures: they are read from `calc_standing` like the pages."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from parkops.clock import Period
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.reports.document import Cell, Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..calc_account import account
from ..calc_returns import Irr
from ..calc_standing import Standing, standing
from ..calc_transactions import TYPES, Line, lines
from ..models.call import EXPENSE_KINDS, CallPart, DistributionPart, FundExpense, FundFlow
from ..models.fund import Fund, FundPartner
from ..models.investment import BASES, Investment
from ..models.standing import WHY
from ..services import returns

ZERO = Decimal(0)
NAMES = {
    "call_investments": _l("Capital call: investments"),
    "call_fees": _l("Capital call: management fee"),
    "call_expenses": _l("Capital call: partnership expenses"),
    "in_kind": _l("Contribution in kind"),
    "distribution_capital": _l("Distribution: return of capital"),
    "distribution_recallable": _l("Distribution: return of capital, recallable"),
    "distribution_gain": _l("Distribution: realised gain and income"),
    "carry": _l("Carried interest paid"),
}


def _period(request: Request) -> Period:
    return request.period or Period.quarter(request.today).previous()


def _last(period: Period, today: date) -> date:
    return min(period.last_day, today)


def transactions(session: Any, fund_id: int, partner_id: int | None = None) -> list[Line]:
    """Every movement with partners split by transaction type; partial receipts in the proportion of their part."""
    f, c, d = FundFlow, CallPart, DistributionPart
    query = (
        select(
            f.on_date,
            f.kind,
            f.amount,
            f.cash,
            f.partner_id,
            f.reverses_id,
            c.for_investments,
            c.for_fees,
            c.for_expenses,
            d.capital,
            d.preferred,
            d.excess,
            d.carry,
            d.recallable,
        )
        .select_from(f)
        .outerjoin(c, c.id == f.call_part_id)
        .outerjoin(d, d.id == f.distribution_part_id)
        .where(f.fund_id == fund_id, f.kind.in_(("contribution", "distribution")))
    )
    if partner_id is not None:
        query = query.where(f.partner_id == partner_id)
    return [x for r in session.execute(query.order_by(f.on_date, f.id)) for x in lines(r)]


def _types(found: list[Line], period: Period, last: date) -> Section:
    """Quarter, year to date and since inception by type."""
    spans = ((period.start, last), (date(last.year, 1, 1), last), (date.min, last))
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for x in found:
        for n, (first, end) in enumerate(spans):
            if first <= x.on <= end:
                sums[x.type][n] += x.amount
    rows = [[str(NAMES[t]), *sums[t]] for t in TYPES if t in sums]
    columns = (
        Column(_l("Transaction type"), width=3),
        Column(period.key, "money"),
        Column(_l("Year to date"), "money"),
        Column(_l("Since inception"), "money"),
    )
    note = _("Calls count what was paid in. Distributions to partners are shown without carry.")
    return Section(
        _l("Transactions"), table=Table(columns, rows, [_("Net of all"), *(sum((r[n] for r in rows), ZERO) for n in (1, 2, 3))]), note=note
    )


def _rate(found: Irr) -> Any:
    return Cell("—", "text", WHY.label(found.why)) if found.rate is None else found.rate


def _facts(found: Standing) -> tuple[tuple[Any, Any, str], ...]:
    m = found.multiples
    return (
        (_l("Committed amount"), found.committed, "money"),
        (_l("Paid-in capital"), found.paid_in, "money"),
        (_l("Still to be called"), m.unfunded, "money"),
        (_l("Distributed"), found.distributed, "money"),
        (_l("Of it recallable"), found.recallable, "money"),
        (_l("Net asset value"), found.nav, "money"),
        (_l("Accrued carry"), found.accrued_carry, "money"),
        (_l("Bank balance"), found.cash, "money"),
        (_l("Paid in ÷ committed"), m.pic, "percent"),
        ("DPI", m.dpi, "decimal"),
        (_l("DPI without what is recallable"), m.dpi_final, "decimal"),
        ("RVPI", m.rvpi, "decimal"),
        ("TVPI", m.tvpi, "decimal"),
        ("MOIC", found.moic, "decimal"),
        (_l("Net IRR"), _rate(found.net), "percent"),
        (_l("Gross IRR"), _rate(found.gross), "percent"),
    )


PORTFOLIO = (
    Column(_l("Firm"), width=3),
    Column(_l("Closing date"), "date", 1.2),
    Column(_l("Paid"), "money", 1.3),
    Column(_l("Cost left"), "money", 1.3),
    Column(_l("Came back"), "money", 1.3),
    Column(_l("Fair value"), "money", 1.3),
    Column(_l("Basis"), width=1.4),
    Column("MOIC", "decimal", 0.8),
    Column("IRR", "percent", 0.9),
)


def _portfolio(session: Any, found: Standing, on: date) -> Section:
    known = {i.id: i for i in session.scalars(select(Investment).where(Investment.id.in_([p.investment for p in found.positions])))}
    rows = [
        [
            known[p.investment].firm.name,
            known[p.investment].closed_on,
            p.paid,
            p.cost,
            p.returned,
            p.value + p.receivable,
            "—" if p.sold == 1 else str(BASES.label(p.basis)) if p.basis else _("at cost, not valued yet"),
            p.moic,
            _rate(p.irr(on)),
        ]
        for p in sorted(found.positions, key=lambda x: (-x.value, x.investment))
    ]
    total = [
        _("Total"),
        None,
        found.invested,
        found.cost,
        found.returned,
        found.holdings + found.receivable,
        "",
        found.moic,
        _rate(found.gross),
    ]
    return Section(
        _l("Portfolio"),
        table=Table(PORTFOLIO, rows, total),
        note=_("Value of holdings is the last confirmed mark moved on by payments and sales since; proceeds still to come are part of it."),
    )


def _costs(session: Any, fund: Fund, period: Period, last: date) -> Section:
    e, f = FundExpense, FundFlow
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for kind, on, amount in session.execute(
        select(e.kind, f.on_date, -f.amount).join(f, f.expense_id == e.id).where(e.fund_id == fund.id, f.on_date <= last)
    ):
        sums[kind][1] += amount
        if on >= period.start:
            sums[kind][0] += amount
    rows = [[str(EXPENSE_KINDS.label(k)), *sums[k]] for k in EXPENSE_KINDS if k in sums]
    columns = (Column(_l("Fees and expenses"), width=3), Column(period.key, "money"), Column(_l("Since inception"), "money"))
    return Section(_l("Fees and expenses"), table=Table(columns, rows, [_("Total"), *(sum((r[n] for r in rows), ZERO) for n in (1, 2))]))


def _partners(session: Any, fund: Fund, book: Any, found: Standing) -> Section:
    columns = (
        Column(_l("Partner"), width=3),
        Column(_l("Committed amount"), "money"),
        Column(_l("Paid-in capital"), "money"),
        Column(_l("Distributed"), "money"),
        Column(_l("Of it recallable"), "money"),
        Column(_l("Part of the net asset value"), "money"),
    )
    rows = []
    for p in session.scalars(select(FundPartner).where(FundPartner.fund_id == fund.id).order_by(FundPartner.id)):
        a = account(book, found, p.id)
        rows.append([p.name, a.committed, a.paid, a.back, a.recallable, a.value])
    return Section(_l("Fund partners"), table=Table(columns, rows, [_("Total"), *(sum((r[n] for r in rows), ZERO) for n in range(1, 6))]))


def quarter_report(session: Any, request: Request) -> Document:
    """A fund's quarter."""
    fund: Fund = load(session, "funds.fund", request.record_id)
    period = _period(request)
    on, book = _last(period, request.today), returns.book_of(session, fund)
    found = standing(book, on)
    sections = (
        Section(_l("Figures"), facts=_facts(found)),
        _types(transactions(session, fund.id), period, on),
        _portfolio(session, found, on),
        _costs(session, fund, period, on),
        _partners(session, fund, book, found),
    )
    return Document(_("Quarterly report of a fund"), f"{fund.name} · {period.key}", sections, request.at, request.made_by, landscape=True)


def partner_report(session: Any, request: Request) -> Document:
    """A partner's capital account at the end of a period (the last complete quarter when none is named)."""
    partner: FundPartner = load(session, "funds.partner", request.record_id)
    period = _period(request)
    on, book = _last(period, request.today), returns.book_of(session, partner.fund)
    found = standing(book, on)
    a = account(book, found, partner.id)
    facts = (
        (_l("Committed amount"), a.committed, "money"),
        (_l("Paid-in capital"), a.paid, "money"),
        (_l("Distributed"), a.back, "money"),
        (_l("Of it recallable"), a.recallable, "money"),
        (_l("Carry"), a.carry, "money"),
        (_l("Part of the net asset value"), a.value, "money"),
        ("DPI", a.dpi, "decimal"),
        ("TVPI", a.tvpi, "decimal"),
        (_l("Net IRR"), _rate(a.net), "percent"),
    )
    sections = (
        Section(partner.name, facts=facts),
        _types(transactions(session, partner.fund_id, partner.id), period, on),
        _portfolio(session, found, on),
    )
    return Document(
        _("Capital account of a partner"), f"{partner.fund.name} · {period.key}", sections, request.at, request.made_by, landscape=True
    )


REPORTS = [
    Report(
        "fund-quarter",
        _l("Quarterly report of a fund"),
        quarter_report,
        "funds.fund",
        needs=("record",),
        explain=_l("Figures, transactions by type, portfolio, costs and partners of a fund."),
    ),
    Report(
        "fund-partner",
        _l("Capital account of a partner"),
        partner_report,
        "funds.partner",
        needs=("record",),
        explain=_l("What a partner committed, paid, received and still holds."),
    ),
]
