"""Who was in a carrier during the year: teams and firms, new companies, financed ones, start-ups of the niche."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from modules.tenants.models.firm import Firm
from parkops.i18n import _l

from ..services.measures import absolute, measure
from ..services.stock import firms_during, year_before
from .firms import _financed


@measure(
    "residents_year",
    _l("Teams and firms resident in the year"),
    lack=_l("%(n)s more teams or firms"),
    formula=_l("teams and firms in the carrier on any day of the year before"),
)
def residents_year(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the year before."""
    first, last = year_before(on)
    found = firms_during(session, carriers, first, last, ("team", "incubating"))
    return {
        k: absolute(len(v), _l("In the carrier during %(year)s", year=first.year), [("tenants.firm", f) for f in sorted(v)], v)
        for k, v in found.items()
    }


@measure(
    "new_companies",
    _l("Companies registered in the year"),
    lack=_l("%(n)s more newly registered companies"),
    formula=_l("residents of the year before incorporated in it"),
)
def new_companies(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Firms of the carrier whose company was registered in the year before."""
    first, last = year_before(on)
    found = firms_during(session, carriers, first, last, ("team", "incubating"))
    every = set().union(*found.values()) if found else set()
    new = set(session.scalars(select(Firm.id).where(Firm.id.in_(list(every)), Firm.registered_on.between(first, last))))
    return {
        k: absolute(len(v & new), _l("Registered in %(year)s", year=first.year), [("tenants.firm", f) for f in sorted(v & new)], v & new)
        for k, v in found.items()
    }


@measure(
    "financed_count",
    _l("Firms financed in the year"),
    lack=_l("%(n)s more firms that obtain financing"),
    formula=_l("residents with an equity round paid in the year before"),
)
def financed_count(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the year before."""
    first, last = year_before(on)
    found = firms_during(session, carriers, first, last, ("team", "incubating"))
    hit = _financed(session, set().union(*found.values()) if found else set(), on, last)
    return {
        k: absolute(
            len(v & set(hit)),
            _l("Equity rounds paid in %(year)s", year=first.year),
            [r for f in sorted(v & set(hit)) for r in hit[f]],
            v & set(hit),
        )
        for k, v in found.items()
    }


@measure(
    "niche_firms_min",
    _l("Start-ups served in the niche industry, weaker of two years"),
    lack=_l("%(n)s more start-ups of the niche in the weaker year"),
    formula=_l("firms of the carrier's industry served in the weaker of the last two years"),
)
def niche_firms_min(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the industry written with the carrier (a track or technology field by code or name); another text says nothing."""
    from ..services.niche import condition

    out = {}
    for c in carriers:
        wanted = condition(c.industry)
        if wanted is None:
            out[c.id] = absolute(None, collect=_l("Write the carrier's industry as one of the industry tracks or technology fields"))
            continue
        counts = []
        for back in (1, 2):
            year = on.year - back
            states = ("incubating", "accelerating")
            firms = firms_during(session, [c], date(year, 1, 1), date(year, 12, 31), states)[c.id]
            counts.append(set(session.scalars(select(Firm.id).where(Firm.id.in_(list(firms)), wanted))))
        least = min(counts, key=len)
        out[c.id] = absolute(
            len(least),
            _l("%(a)s in %(year)s and %(b)s in the year before", a=len(counts[0]), b=len(counts[1]), year=on.year - 1),
            [("tenants.firm", f) for f in sorted(least)],
            least,
        )
    return out
