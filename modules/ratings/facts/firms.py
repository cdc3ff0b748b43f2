"""Shares of firms: qualified, invested, financed, growing, graduated, newly registered, with intellectual property."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select

from modules.tenants.kpis import _sql
from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from modules.tenants.models.firm import Firm
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.qualification import Qualification
from modules.tenants.services import fact_queries as q
from parkops import settings
from parkops.i18n import _l

from ..calc_gates import growth
from ..services.measures import absolute, installed, measure, part
from ..services.stock import bases, plain, year_before

SME_KINDS = ("tech_sme", "innovative_sme")
NO_FIRMS = _l("Firms in incubation on %(day)s")


def _none(day: date) -> str:
    return _l(NO_FIRMS.msgid, day=day.isoformat())


def _of_base(found: Callable[[Any, set[int], date, Any], dict[int, list[tuple[str, int]]]], words: Any) -> Callable[..., Any]:
    """firm → records, over the base of each carrier."""

    def answer(session: Any, carriers: Any, on: date) -> dict[int, Any]:
        base, out = bases(session, carriers, on), {}
        hit = found(session, set().union(*(b.firms for b in base.values())), on, next(iter(base.values())).day if base else on)
        for c in carriers:
            b = base[c.id]
            mine = sorted(b.firms & set(hit))
            source = _l(words.msgid, n=len(mine), all=plain(b.size), day=b.day.isoformat())
            out[c.id] = part(
                len(mine),
                b.size,
                source,
                [r for f in mine for r in hit[f]],
                hits=mine,
                base=b.firms,
                collect="" if b.size else _none(b.day),
            )
        return out

    return answer


@measure(
    "incubatee_count",
    _l("Firms in incubation"),
    lack=_l("%(n)s more firms in incubation"),
    formula=_l("firms of the carrier on the day of the stock"),
)
def incubatee_count(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """The base itself."""
    return {
        k: absolute(b.size, _l("Stock on %(day)s", day=b.day.isoformat()), [("tenants.firm", f) for f in sorted(b.firms)], b.firms)
        for k, b in bases(session, carriers, on).items()
    }


def qualified(session: Any, firms: Iterable[int], day: date, kinds: tuple[str, ...]) -> dict[int, list[tuple[str, int]]]:
    """Firms that hold one of the qualifications on the day, each once."""
    out: dict[int, list[tuple[str, int]]] = {}
    query = (
        select(Qualification.firm_id, Qualification.id)
        .where(Qualification.firm_id.in_(list(firms)), Qualification.kind.in_(kinds), q.qualification_valid(day))
        .order_by(Qualification.id)
    )
    for firm_id, record_id in session.execute(query):
        out.setdefault(firm_id, []).append(("tenants.qualification", record_id))
    return out


def _holders(kinds: tuple[str, ...]) -> Callable[..., Any]:
    return lambda session, firms, on, day: qualified(session, firms, day, kinds)


SHARE = _l("%(n)s of %(all)s firms on %(day)s")
measure(
    "sme_share",
    _l("Technology and innovative SMEs"),
    fmt="percent",
    lack=_l("%(n)s more firms with an SME qualification"),
    formula=_l("firms with a valid technology-based or innovative SME qualification ÷ firms in incubation"),
)(_of_base(_holders(SME_KINDS), SHARE))
measure(
    "hitech_sme_share",
    _l("Technology SMEs and hi-tech enterprises"),
    fmt="percent",
    lack=_l("%(n)s more qualified firms"),
    formula=_l("firms holding the technology-based SME or hi-tech qualification ÷ firms in incubation"),
)(_of_base(_holders(("tech_sme", "hitech")), SHARE))


def _invested(session: Any, firms: set[int], on: date, _day: date) -> dict[int, list[tuple[str, int]]]:
    first, last = year_before(on)
    if installed("funds"):
        from modules.funds.facts.carriers import invested_firms

        return {f: [("funds.investment", i)] for f, i in invested_firms(session, first, last).items()}
    e = FinancingEvent
    rows = session.execute(
        select(e.firm_id, func.min(e.id)).where(e.park_fund, e.kind.in_(EQUITY_KINDS), e.on_date.between(first, last)).group_by(e.firm_id)
    )
    return {f: [("tenants.financing", i)] for f, i in rows}


def _financed(session: Any, firms: set[int], on: date, _day: date) -> dict[int, list[tuple[str, int]]]:
    first, last = year_before(on)
    e = FinancingEvent
    rows = session.execute(
        select(e.firm_id, func.min(e.id))
        .where(e.firm_id.in_(list(firms)), e.kind.in_(EQUITY_KINDS), e.on_date.between(first, last))
        .group_by(e.firm_id)
    )
    return {f: [("tenants.financing", i)] for f, i in rows}


IN_YEAR = _l("%(n)s of %(all)s firms on %(day)s, in the year before")
measure(
    "invested_firm_share",
    _l("Firms with equity of the park's funds in the year before"),
    fmt="percent",
    lack=_l("%(n)s more firms invested by an own or joint fund, paid and registered"),
    formula=_l("firms an own or joint fund invested in, paid and registered in the year before ÷ firms in incubation"),
)(_of_base(_invested, IN_YEAR))
measure(
    "financed_firm_share",
    _l("Firms that obtained equity financing in the year before"),
    fmt="percent",
    lack=_l("%(n)s more firms that obtain financing"),
    formula=_l("firms with an equity round paid in the year before ÷ firms in incubation"),
)(_of_base(_financed, IN_YEAR))


def growth_of(session: Any, firms: Iterable[int], on: date) -> dict[int, tuple[dict[str, Decimal], list[tuple[str, int]]]]:
    """firm → (growth of revenue and R&D of the year before over its year before, statements). Not computable ones are absent."""
    year, ids, out = on.year - 1, list(firms), {}
    for figure in ("revenue", "rd_expense"):
        for firm_id, years in q.figure_by_year(session, ids, figure, on).items():
            now, before = years.get(year), years.get(year - 1)
            rate = growth(before.value if before else None, now.value if now else None)
            if rate is not None:
                rates, records = out.setdefault(firm_id, ({}, []))
                rates[figure] = rate
                records += [r for r in (*before.records, *now.records) if r not in records]
    return out


def _growing(limit: Decimal) -> Callable[..., Any]:
    def answer(session: Any, carriers: Any, on: date) -> dict[int, Any]:
        base, out = bases(session, carriers, on), {}
        rates = growth_of(session, set().union(*(b.firms for b in base.values())), on)
        for c in carriers:
            b = base[c.id]
            known = b.firms & set(rates)
            mine = sorted(f for f in known if max(rates[f][0].values()) > limit)
            excluded = settings.get(session, "ratings.missing_growth", c.park_id) == "exclude"
            size = b.size - (len(b.firms) - len(known)) if excluded else b.size
            source = _l(
                "%(n)s of %(all)s firms grow; of %(missing)s no growth can be worked out",
                n=len(mine),
                all=plain(size),
                missing=len(b.firms) - len(known),
            )
            out[c.id] = part(
                len(mine) if known else None,
                size,
                source,
                [r for f in mine for r in rates[f][1]],
                hits=mine,
                base=known if excluded else b.firms,
                collect=_l("Annual statements of %(year)s and the year before", year=on.year - 1),
            )
        return out

    return answer


GROWTH = _l("firms whose revenue or R&D expense of the year before grew by more than the rate ÷ firms in incubation")
measure(
    "growth_share",
    _l("Firms growing by more than 20 %"),
    fmt="percent",
    lack=_l("%(n)s more firms growing by more than 20 %%"),
    formula=GROWTH,
)(_growing(Decimal("0.2")))
measure(
    "growth_share_10",
    _l("Firms growing by more than 10 %"),
    fmt="percent",
    lack=_l("%(n)s more firms growing by more than 10 %%"),
    formula=GROWTH,
)(_growing(Decimal("0.1")))


def _changes(session: Any, carriers: Any, condition: Any, key: str, last: date, first: date | None = None) -> dict[int, set[int]]:
    c, out = _sql.changes(), {x.id: set() for x in carriers}
    query = select(c.c[key], c.c.firm_id).where(condition(c), c.c.starts_on <= last, c.c[key].in_(list(out)))
    if first:
        query = query.where(c.c.starts_on >= first)
    for carrier_id, firm_id in session.execute(query):
        out[carrier_id].add(firm_id)
    return out


@measure(
    "new_registered_share",
    _l("Firms newly registered in the year before"),
    fmt="percent",
    lack=_l("%(n)s more newly registered firms"),
    formula=_l("firms registered into the carrier in the year before ÷ firms in incubation"),
)
def new_registered_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """By the park's reading: admitted in the year (firms known to be registered elsewhere left out), or incorporated in it."""
    first, last = year_before(on)
    base, out = bases(session, carriers, on), {}
    entered = _changes(session, carriers, _sql.admitted, "carrier_id", last, first)
    everyone = set().union(*(b.firms for b in base.values()), *entered.values())
    facts = {
        f: (r, inside)
        for f, r, inside in session.execute(
            select(Firm.id, Firm.registered_on, Firm.registered_in_carrier).where(Firm.id.in_(list(everyone)))
        )
    }
    for c in carriers:
        b = base[c.id]
        if settings.get(session, "ratings.newly_registered", c.park_id) == "incorporated":
            mine = {f for f in b.firms if facts[f][0] and first <= facts[f][0] <= last}
        else:
            mine = {f for f in entered[c.id] if facts[f][1] is not False}
        out[c.id] = part(
            len(mine),
            b.size,
            _l("%(n)s firms in %(year)s of %(all)s", n=len(mine), year=first.year, all=plain(b.size)),
            [("tenants.firm", f) for f in sorted(mine)],
            hits=mine,
            base=b.firms,
            collect="" if b.size else _none(b.day),
        )
    return out


@measure(
    "graduate_share",
    _l("Firms graduated in the year before"),
    fmt="percent",
    lack=_l("%(n)s more graduates"),
    formula=_l("graduations of the year before ÷ firms in incubation"),
)
def graduate_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Counted for the carrier they left."""
    first, last = year_before(on)
    base = bases(session, carriers, on)
    left = _changes(session, carriers, lambda c: _sql.ended(c, "graduated"), "old_carrier", last, first)
    return {
        c.id: part(
            len(left[c.id]),
            base[c.id].size,
            _l("%(n)s firms in %(year)s of %(all)s", n=len(left[c.id]), year=first.year, all=plain(base[c.id].size)),
            [("tenants.firm", f) for f in sorted(left[c.id])],
            hits=left[c.id],
            base=base[c.id].firms,
            collect="" if base[c.id].size else _none(base[c.id].day),
        )
        for c in carriers
    }


@measure("graduates_total", _l("Graduates so far"), lack=_l("%(n)s more graduates"), formula=_l("all graduations by the day"))
def graduates_total(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Up to the day."""
    left = _changes(session, carriers, lambda c: _sql.ended(c, "graduated"), "old_carrier", on)
    return {
        k: absolute(len(v), _l("Graduations until %(day)s", day=on.isoformat()), [("tenants.firm", f) for f in sorted(v)], v)
        for k, v in left.items()
    }


@measure(
    "same_industry_share",
    _l("Firms of the same industry"),
    fmt="percent",
    lack=_l("%(n)s more firms of the carrier's industry"),
    formula=_l("firms of the largest industry track ÷ firms in incubation"),
)
def same_industry_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """The largest track among the firms; firms without a track are not of it."""
    base, out = bases(session, carriers, on), {}
    tracks = dict(
        session.execute(select(Firm.id, Firm.track).where(Firm.id.in_(list(set().union(*(b.firms for b in base.values())))))).all()
    )
    for c in carriers:
        b, groups = base[c.id], {}
        for f in b.firms:
            if tracks.get(f):
                groups.setdefault(tracks[f], set()).add(f)
        _name, mine = max(groups.items(), key=lambda g: (len(g[1]), g[0]), default=("", set()))
        out[c.id] = part(
            len(mine) if groups else None,
            b.size,
            _l("%(n)s of %(all)s firms of one industry track", n=len(mine), all=plain(b.size)),
            [("tenants.firm", f) for f in sorted(mine)],
            hits=mine,
            base=b.firms,
            collect=_l("Industry tracks of the firms"),
        )
    return out


def _ip(valid: bool) -> Callable[..., Any]:
    def found(session: Any, firms: set[int], on: date, day: date) -> dict[int, list[tuple[str, int]]]:
        ip, out = IntellectualProperty, {}
        when = q.ip_valid(day) if valid else and_(ip.applied_on <= day, ip.kind.in_(("invention", "utility", "design")))
        for f, i in session.execute(select(ip.firm_id, ip.id).where(ip.firm_id.in_(list(firms)), when).order_by(ip.id)):
            out.setdefault(f, []).append(("tenants.ip", i))
        return out

    return found


measure(
    "ip_applied_share",
    _l("Firms that applied for patents"),
    fmt="percent",
    lack=_l("%(n)s more firms that apply for a patent"),
    formula=_l("firms that applied for a patent ÷ firms in incubation"),
)(_of_base(_ip(False), SHARE))
measure(
    "ip_valid_share",
    _l("Firms with valid intellectual property"),
    fmt="percent",
    lack=_l("%(n)s more firms with valid intellectual property"),
    formula=_l("firms with a valid right ÷ firms in incubation"),
)(_of_base(_ip(True), SHARE))
