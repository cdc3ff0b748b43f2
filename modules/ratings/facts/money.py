"""Income of a carrier by kind, as recognition asks for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from parkops.i18n import _l
from parkops.rules.facts import Fact, provider

from ..services import income
from ..services.measures import CARRIER, measure, part


@measure(
    "non_rent_income_share",
    _l("Income other than rent and property management"),
    fmt="percent",
    unit="元",
    lack=_l("%(n)s yuan more of other income"),
    formula=_l("(total income − rent − property management) ÷ total income of the year before"),
)
def non_rent_income_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the year before, from audited accounts or the ledger."""
    return {
        k: part(
            None if y is None or y.other is None else y.other,
            None if y is None else y.total or None,
            y.source if y else "",
            y.records if y else (),
            collect=_l("Income of %(year)s by kind", year=on.year - 1),
        )
        for k, y in income.of_year(session, carriers, on.year - 1, on).items()
    }


@provider(CARRIER, "income_separate", title=_l("Incubation service income accounted for separately"))
def income_separate(session: Any, subjects: Any, on: date) -> dict[int, Fact]:
    """The ledger keeps service income in accounts of its own; accounts entered by hand say so themselves."""
    found = income.of_year(session, subjects, on.year - 1, on)
    return {
        k: Fact(y.separate, y.source, y.records)
        if y and y.separate is not None
        else Fact(collect=_l("Whether service income is accounted for separately"))
        for k, y in found.items()
    }


@measure(
    "service_investment_share_min",
    _l("Service and investment income, weaker of two years"),
    fmt="percent",
    unit="元",
    lack=_l("%(n)s yuan more of service or investment income in the weaker year"),
    formula=_l("(service income + investment income) ÷ total income, in the weaker of the last two years"),
)
def service_investment_share_min(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Both years must be known."""
    years = [income.of_year(session, carriers, on.year - back, on) for back in (1, 2)]
    out = {}
    for c in carriers:
        found = [y[c.id] for y in years]
        known = [y for y in found if y is not None and y.total and y.gained is not None]
        weak = min(known, key=lambda y: y.gained / y.total, default=None)
        whole = len(known) == 2
        out[c.id] = part(
            weak.gained if whole else None,
            weak.total if whole else None,
            weak.source if weak else "",
            weak.records if weak else (),
            collect=_l("Income of the last two years by kind"),
        )
    return out
