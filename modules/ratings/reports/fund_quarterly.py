"""`fund-quarterly`: every fund of the park in one report of a quarter; each part is the fund's own quarterly report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from parkops.i18n import _, _l
from parkops.models import Park
from parkops.reports import annex, charts
from parkops.reports.document import Column, Document, Section, Table
from parkops.reports.registry import Report, Request

from ..services.measures import installed
from . import _parts

TAKEN = ("Committed amount", "Paid-in capital", "Distributed", "Net asset value")


def fund_quarterly(session: Any, request: Request) -> Document:
    """The funds one after the other, a comparison before them, definitions behind."""
    from modules.funds.models.fund import Fund
    from modules.funds.reports.quarter import quarter_report

    period, park = request.period, session.get(Park, request.park_id)
    assert period is not None and park is not None
    funds = list(session.scalars(select(Fund).where(Fund.park_id == park.id, Fund.established_on <= period.last_day).order_by(Fund.id)))
    found = [(f, quarter_report(session, replace(request, record_id=f.id))) for f in funds]
    sections = [_compare(found)] if found else [Section(_l("All funds"), text=(_l("None."),))]
    for fund, document in found:
        parts = document.sections
        sections.append(replace(parts[0], title=fund.name, level=1))
        sections += [replace(p, level=3) for p in parts[1:]]
    sections.append(_parts.book(session, annex.module_codes("funds")))
    context, more = f"{park} · {period.key}", {"landscape": True, "outline": len(found) > 1}
    return Document(_l("Quarterly report of the funds"), context, tuple(sections), request.at, request.made_by, **more)


def _compare(found: list[tuple[Any, Document]]) -> Section:
    """Four amounts of each fund, as in its own part."""
    picked = []
    for fund, document in found:
        facts = {getattr(label, "msgid", str(label)): value for label, value, _fmt in document.sections[0].facts}
        picked.append((fund.name, [facts.get(name) for name in TAKEN]))
    titles = (_l("Committed amount"), _l("Paid-in capital"), _l("Distributed"), _l("Net asset value"))
    columns = (Column(_l("Fund"), width=2.4), *(Column(t, "money") for t in titles))
    series = [charts.Series(str(t), [values[i] for _name, values in picked]) for i, t in enumerate(titles)]
    svg = charts.columns([name for name, _values in picked], series, "money", title=_("All funds"), width=960)
    return Section(_l("All funds"), table=Table(columns, [[name, *values] for name, values in picked]), svg=svg)


REPORTS = (
    [
        Report(
            "fund-quarterly",
            _l("Quarterly report of the funds"),
            fund_quarterly,
            resource="funds.fund",
            needs=("period", "park"),
            explain=_l("Every fund of the park: figures, transactions, portfolio, costs, partners, and the definitions."),
        )
    ]
    if installed("funds")
    else []
)
