"""Trial balance of a park and period, and income by VAT treatment for the tax office."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..models.catalogue import ACCOUNT_KINDS
from ..models.charge import TREATMENTS
from ..services import ledger_balance as books
from ..services import ledger_income as income

SIDES = (_l("Opening debit"), _l("Opening credit"), _l("Debit"), _l("Credit"), _l("Closing debit"), _l("Closing credit"))


def trial_balance(session: Any, request: Request) -> Document:
    """Every account with entries up to the end of the period; the three pairs of totals are equal."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    rows = books.trial_balance(session, period.start, period.end, park_id=park.id)
    columns = (Column(_l("Account code"), width=0.8), Column(_l("Account"), width=2.6), Column(_l("Kind"), width=0.7),
               *(Column(t, "money") for t in SIDES))
    table = Table(columns, [[r.account.code, r.account.name, str(ACCOUNT_KINDS.label(r.account.kind)), *r.sides] for r in rows],
                  ["", _("Total"), None, *books.totals(rows)])
    return Document(_l("Trial balance"), f"{park} · {period.key} · {_('in yuan')}", (Section(_l("Accounts"), table=table),), request.at,
                    request.made_by, landscape=True)


def income_split(session: Any, request: Request) -> Document:
    """Exempt incubation services apart from taxed income, by month and carrier, and the share of input VAT not creditable."""
    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    rows = income.sales(session, period.start, period.end, park_id=park.id)
    columns = (Column(_l("Month"), "month", 0.7), Column(_l("Carrier"), width=2.2), Column(_l("VAT treatment")),
               Column(_l("VAT rate"), "percent"), Column(_l("Net"), "money"), Column(_l("VAT"), "money"), Column(_l("Gross"), "money"))
    lines = [[r.month, r.carrier or "—", str(TREATMENTS.label(r.treatment)), "—" if r.rate is None else r.rate, r.net, r.vat, r.gross]
             for r in rows]
    totals = [None, _("Total"), None, None, *(sum((getattr(r, n) for r in rows), Decimal(0)) for n in ("net", "vat", "gross"))]
    return Document(_l("Income by VAT treatment"), f"{park} · {period.key} · {_('in yuan')}", (
        Section(_l("Income"), table=Table(columns, lines, totals)), _shares(rows)), request.at, request.made_by, landscape=True)


def _shares(rows: list[income.Sales]) -> Section:
    months = [[m, s.exempt, s.taxed, s.total, s.ratio] for m, s in income.share_by_month(rows).items()]
    whole = income.share(rows)
    columns = (Column(_l("Month"), "month"), Column(_l("Exempt sales"), "money"), Column(_l("Taxed sales"), "money"),
               Column(_l("All sales"), "money"), Column(_l("Share not creditable"), "percent"))
    return Section(
        _l("Input VAT of mixed use"), table=Table(columns, months, [None, whole.exempt, whole.taxed, whole.total, whole.ratio]),
        note=_l("Not creditable = input VAT that belongs to no single use × exempt sales ÷ all sales (VAT Law, article 22). Each month"
                " by its own figures; corrected once by those of the whole year. Income outside VAT is no sale."))


REPORTS = [
    Report("trial-balance", _l("Trial balance"), trial_balance, resource="billing.ledger_entry", needs=("period", "park"),
           explain=_l("Opening, movement and closing of every account.")),
    Report("income-split", _l("Income by VAT treatment"), income_split, resource="billing.ledger_entry", needs=("period", "park"),
           explain=_l("Exempt incubation services apart from taxed income, by month and carrier, for the tax office.")),
]
