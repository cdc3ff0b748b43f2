"""Facts for the recognition and rating of incubators: who of the incubated firms got equity from the park's funds, who was financed, how
large the funds are and what the money is for (工信部科〔2025〕131号 art. 6 no. 5; 国科发区〔2018〕300号 art. 6).

Asked on a day of year Y they speak of year Y − 1: paid within it, over the firms in incubation at its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from modules.tenants.kpis._sql import incubating
from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from parkops.i18n import _, _l
from parkops.rules.facts import Fact, provider

from ..calc_returns import ratio
from ..models.call import FundFlow
from ..models.fund import Fund
from ..models.investment import Investment

CARRIER = "tenants.carrier"


def _year(on: date) -> tuple[date, date]:
    return date(on.year - 1, 1, 1), date(on.year - 1, 12, 31)


def _stock(session: Any, carriers: list[int], last: date) -> dict[int, set[int]]:
    """Firms in incubation at the end of the year, by carrier."""
    inc, out = incubating(last), defaultdict(set)
    for firm_id, key in session.execute(select(inc.c.firm_id, inc.c.key)):
        if key is not None and int(key) in carriers:
            out[int(key)].add(firm_id)
    return out


def invested_firms(session: Any, first: date, last: date, *, registered: bool = True) -> dict[int, int]:
    """Firm → an investment of an own or joint fund paid within the days; `registered`: and its change of shareholders registered."""
    i, f = Investment, FundFlow
    query = (
        select(i.firm_id, func.min(i.id))
        .join(f, f.investment_id == i.id)
        .join(Fund, Fund.id == i.fund_id)
        .where(
            f.kind == "investment",
            f.reverses_id.is_(None),
            f.on_date >= first,
            f.on_date <= last,
            Fund.kind.in_(("own", "joint")),
            i.instrument != "convertible",
        )
    )
    if registered:
        query = query.where(i.registered_on.is_not(None))
    return dict(session.execute(query.group_by(i.firm_id)).tuples().all())


def _share(hit: Callable[[Any, date, date], dict[int, int]], resource: str, words: Any) -> Callable[..., dict[int, Fact]]:
    """The share of a carrier's firms in `hit`."""

    def answer(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
        first, last = _year(on)
        found, stock, out = hit(session, first, last), _stock(session, [s.id for s in subjects], last), {}
        for s in subjects:
            firms = stock[s.id]
            if not firms:
                out[s.id] = Fact(collect=_("Firms in incubation at the end of %(year)s", year=last.year))
                continue
            mine = sorted(firms & set(found))
            out[s.id] = Fact(
                ratio(Decimal(len(mine)), Decimal(len(firms)), 6),
                source=_(words, n=len(mine), all=len(firms), year=last.year),
                records=[(resource, found[f]) for f in mine],
            )
        return out

    return answer


def financed_firms(session: Any, first: date, last: date) -> dict[int, int]:
    """Firm → an equity financing within the days."""
    f = FinancingEvent
    return dict(
        session.execute(
            select(f.firm_id, func.min(f.id)).where(f.kind.in_(EQUITY_KINDS), f.on_date >= first, f.on_date <= last).group_by(f.firm_id)
        )
        .tuples()
        .all()
    )


INVESTED_TEXT = _l("%(n)s of %(all)s firms at the end of %(year)s: paid and registered in the year")
FINANCED_TEXT = _l("%(n)s of %(all)s firms at the end of %(year)s obtained equity in the year")
invested_share = provider(CARRIER, "fund_invested_share", title=_l("Firms invested by the park's funds"), fmt="percent")(
    _share(invested_firms, "funds.investment", INVESTED_TEXT.msgid)
)
financed_share = provider(CARRIER, "financed_share", title=_l("Firms financed"), fmt="percent")(
    _share(financed_firms, "tenants.financing", FINANCED_TEXT.msgid)
)


def _funds(session: Any, on: date) -> list[Fund]:
    return list(session.scalars(select(Fund).where(Fund.kind.in_(("own", "joint")), Fund.established_on <= on).order_by(Fund.id)))


@provider(CARRIER, "fund_size", title=_l("Size of the incubation funds"))
def fund_size(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Own and joint funds of the park, in yuan (the same for each of its carriers)."""
    rows, out = _funds(session, on), {}
    for s in subjects:
        mine = [f for f in rows if f.park_id == s.park_id]
        out[s.id] = Fact(
            sum(f.size for f in mine),
            source="、".join(f.name for f in mine) or _("No fund of the park on record"),
            records=[("funds.fund", f.id) for f in mine],
        )
    return out


@provider(CARRIER, "fund_used_share", title=_l("Use of the incubation funds"), fmt="percent")
def fund_used_share(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Paid for investments until the day ÷ size (SA-2 of the reconstructed sheet)."""
    rows, f, out = _funds(session, on), FundFlow, {}
    paid = dict(
        session.execute(
            select(f.park_id, -func.sum(f.amount))
            .join(Fund, Fund.id == f.fund_id)
            .where(f.kind == "investment", f.on_date <= on, Fund.kind.in_(("own", "joint")))
            .group_by(f.park_id)
        )
        .tuples()
        .all()
    )
    for s in subjects:
        size = sum(x.size for x in rows if x.park_id == s.park_id)
        out[s.id] = (
            Fact(ratio(paid.get(s.park_id, 0), size, 6), source=_("%(paid)s of %(size)s yuan", paid=paid.get(s.park_id, 0), size=size))
            if size
            else Fact(collect=_("A fund of the park"))
        )
    return out


@provider(CARRIER, "fund_use_cases", title=_l("Use cases of the incubation funds"))
def fund_use_cases(session: Any, subjects: list[Any], on: date) -> dict[int, Fact]:
    """Investments paid by the day with a written use of the money, in firms that were in the carrier when it was paid."""
    i, f, out = Investment, FundFlow, {}
    rows = session.execute(
        select(i.id, i.firm_id, func.min(f.on_date).label("on"))
        .join(f, f.investment_id == i.id)
        .where(f.kind == "investment", f.on_date <= on, i.use_case.is_not(None))
        .group_by(i.id, i.firm_id)
    ).all()
    from modules.tenants.models.stage import Stage

    where: dict[int, list] = defaultdict(list)
    for stage in session.scalars(select(Stage).where(Stage.firm_id.in_({r.firm_id for r in rows}))):
        where[stage.firm_id].append(stage)
    for s in subjects:
        mine = [r.id for r in rows if any(x.carrier_id == s.id and r.on in x.during for x in where[r.firm_id])]
        out[s.id] = Fact(
            len(mine), source=_("%(n)s investments with a written use", n=len(mine)), records=[("funds.investment", n) for n in mine]
        )
    return out
