"""Figures rating indicators read beyond recognition: income and staff of firms, entries, occupancy, tax, financing, certified staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import or_, select

from modules.tenants.kpis import _sql
from modules.tenants.models.credential import PRACTITIONER, Credential
from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from modules.tenants.models.firm import Firm
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.services import fact_queries as q
from parkops.i18n import _l

from ..services import income, space
from ..services.measures import absolute, installed, measure, part
from ..services.stock import bases, year_before
from .carriers import staff_of
from .firms import _changes

WAN = Decimal(10_000)
REPORTED = _l("%(n)s of %(all)s firms reported %(year)s")


def _sums(session: Any, carriers: Any, on: date, figure: str) -> dict[int, tuple[Decimal | None, int, int, list[tuple[str, int]]]]:
    """Carrier → (sum of the year before, firms that reported, firms, statements)."""
    base, year = bases(session, carriers, on), on.year - 1
    found = q.figure_by_year(session, set().union(*(b.firms for b in base.values())), figure, on)
    out = {}
    for c in carriers:
        mine = {f: found[f][year] for f in base[c.id].firms if year in found.get(f, {})}
        total = sum((Decimal(x.value) for x in mine.values()), Decimal(0)) if mine else None
        out[c.id] = (total, len(mine), len(base[c.id].firms), [r for f in sorted(mine) for r in mine[f].records])
    return out


def _total(figure: str, scale: Decimal = Decimal(1)) -> Callable[..., Any]:
    def answer(session: Any, carriers: Any, on: date) -> dict[int, Any]:
        return {
            k: absolute(
                None if n is None else n / scale,
                _l(REPORTED.msgid, n=told, all=every, year=on.year - 1),
                rows,
                collect=_l("Annual statements of the firms"),
            )
            for k, (n, told, every, rows) in _sums(session, carriers, on, figure).items()
        }

    return answer


def _average(figure: str, scale: Decimal = Decimal(1)) -> Callable[..., Any]:
    def answer(session: Any, carriers: Any, on: date) -> dict[int, Any]:
        return {
            k: part(
                None if n is None else n / scale,
                told or None,
                _l(REPORTED.msgid, n=told, all=every, year=on.year - 1),
                rows,
                collect=_l("Annual statements of the firms"),
            )
            for k, (n, told, every, rows) in _sums(session, carriers, on, figure).items()
        }

    return answer


measure("jobs", _l("Jobs in the firms"), lack=_l("%(n)s more jobs"), formula=_l("sum of the staff firms reported for the year before"))(
    _total("staff_total")
)
measure("jobs_per_firm", _l("Jobs per firm"), formula=_l("staff ÷ firms that reported"))(_average("staff_total"))
measure("graduates_hired", _l("Fresh graduates hired by the firms"), formula=_l("sum of the fresh graduates firms reported"))(
    _total("staff_graduate")
)
measure("revenue_per_firm", _l("Revenue per firm (10,000 yuan)"), formula=_l("revenue ÷ firms that reported"))(_average("revenue", WAN))
measure("tax_amount", _l("Taxes paid by the firms (10,000 yuan)"), formula=_l("sum of taxes and fees firms reported"))(
    _total("tax_paid", WAN)
)


@measure("rd_intensity", _l("R&D expense in revenue"), fmt="percent", formula=_l("R&D expense ÷ revenue of the firms that reported"))
def rd_intensity(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Both as reported for the year before."""
    spent, earned = _sums(session, carriers, on, "rd_expense"), _sums(session, carriers, on, "revenue")
    return {
        c.id: part(
            spent[c.id][0],
            earned[c.id][0] or None,
            _l(REPORTED.msgid, n=spent[c.id][1], all=spent[c.id][2], year=on.year - 1),
            spent[c.id][3],
            collect=_l("Annual statements of the firms"),
        )
        for c in carriers
    }


@measure("ip_per_firm", _l("Valid rights per firm"), formula=_l("valid rights of firms in incubation ÷ firms in incubation"))
def ip_per_firm(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """On the base's day."""
    out = {}
    for k, b in bases(session, carriers, on).items():
        rows = session.scalars(
            select(IntellectualProperty.id).where(IntellectualProperty.firm_id.in_(list(b.firms)), q.ip_valid(b.day))
        ).all()
        out[k] = part(len(rows), b.size or None, _l("%(n)s rights", n=len(rows)), [("tenants.ip", i) for i in rows], base=b.firms)
    return out


def _entered(kind: str) -> Callable[..., Any]:
    def answer(session: Any, carriers: Any, on: date) -> dict[int, Any]:
        first, last = year_before(on)
        state = "team" if kind == "team" else "incubating"
        found = _changes(
            session,
            carriers,
            lambda c: (c.c.state == state) & or_(c.c.old_state.is_(None), c.c.old_state != state),
            "carrier_id",
            last,
            first,
        )
        every = set().union(*found.values()) if found else set()
        sole = set(session.scalars(select(Firm.id).where(Firm.id.in_(list(every)), Firm.registration_type == "individual")))
        keep = {"team": every, "company": every - sole, "sole": sole}[kind]
        return {
            k: absolute(len(v & keep), _l("Began in %(year)s", year=first.year), [("tenants.firm", f) for f in sorted(v & keep)], v & keep)
            for k, v in found.items()
        }

    return answer


measure("new_teams", _l("New teams of the year"), lack=_l("%(n)s more teams"), formula=_l("teams that came in the year before"))(
    _entered("team")
)
measure(
    "new_firms",
    _l("New companies of the year"),
    lack=_l("%(n)s more companies"),
    formula=_l("companies whose incubation began in the year before"),
)(_entered("company"))
measure(
    "new_sole",
    _l("New individual businesses of the year"),
    lack=_l("%(n)s more individual businesses"),
    formula=_l("individual businesses that came in the year before"),
)(_entered("sole"))


@measure("graduates_year", _l("Graduates of the year"), lack=_l("%(n)s more graduates"), formula=_l("graduations of the year before"))
def graduates_year(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Of the year before."""
    first, last = year_before(on)
    found = _changes(session, carriers, lambda c: _sql.ended(c, "graduated"), "old_carrier", last, first)
    return {
        k: absolute(len(v), _l("Graduations of %(year)s", year=first.year), [("tenants.firm", f) for f in sorted(v)], v)
        for k, v in found.items()
    }


@measure(
    "financed_amount",
    _l("Equity obtained by the firms (10,000 yuan)"),
    formula=_l("equity paid in the year before to firms of the carrier"),
)
def financed_amount(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """An undisclosed amount makes the sum unknown only when nothing else is known."""
    first, last = year_before(on)
    e, out = FinancingEvent, {}
    for k, b in bases(session, carriers, on).items():
        rows = session.execute(
            select(e.id, e.amount_cny).where(e.firm_id.in_(list(b.firms)), e.kind.in_(EQUITY_KINDS), e.on_date.between(first, last))
        ).all()
        known = [r for r in rows if r.amount_cny is not None]
        total = sum((r.amount_cny for r in known), Decimal(0)) / WAN if known or not rows else None
        out[k] = absolute(
            total,
            _l("%(n)s of %(all)s amounts are known", n=len(known), all=len(rows)),
            [("tenants.financing", r.id) for r in known],
            collect=_l("Amounts of the financing rounds"),
        )
    return out


@measure(
    "occupancy",
    _l("Occupancy"),
    fmt="percent",
    unit="m²",
    lack=_l("%(n)s m² more to be let"),
    formula=_l("let area ÷ lettable area of the carrier's buildings"),
)
def occupancy(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """From the space ledger."""
    found = space.occupancy(session, carriers, on) if installed("leasing") else {}
    return {
        c.id: part(
            *((found[c.id].total, found[c.id].of or None) if c.id in found else (None, None)),
            _l("Space ledger"),
            [("leasing.unit", u) for u in found[c.id].units] if c.id in found else (),
            collect=_l("Buildings of the carrier in the space ledger"),
        )
        for c in carriers
    }


@measure(
    "certified_staff_share",
    _l("Certified staff"),
    fmt="percent",
    lack=_l("%(n)s more certified people"),
    formula=_l("staff with an incubator practitioner certificate ÷ staff"),
)
def certified_staff_share(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """Distinct people, certificates valid on the day."""
    c, staff = Credential, staff_of(session, carriers, on)
    held = set(
        session.scalars(
            select(c.staff_id).where(
                c.kind.in_(PRACTITIONER),
                c.issued_on <= on,
                or_(c.valid_to.is_(None), c.valid_to >= on),
                or_(c.revoked_on.is_(None), c.revoked_on > on),
            )
        )
    )
    return {
        k: part(
            len(set(every) & held),
            len(every) or None,
            _l("%(n)s of %(all)s people", n=len(set(every) & held), all=len(every)),
            [("tenants.staff", i) for i in sorted(set(every) & held)],
            collect=_l("Staff of the carrier"),
        )
        for k, (every, _full) in staff.items()
    }


@measure(
    "income_growth",
    _l("Growth of the carrier's income"),
    fmt="percent",
    formula=_l("(income of the year before − of its year before) ÷ of its year before"),
    moves=False,
)
def income_growth(session: Any, carriers: Any, on: date) -> dict[int, Any]:
    """A base of zero is not computable."""
    now, before = (income.of_year(session, carriers, on.year - back, on) for back in (1, 2))
    out = {}
    for c in carriers:
        a, b = now[c.id], before[c.id]
        ok = a is not None and b is not None and b.total > 0
        out[c.id] = part(
            a.total - b.total if ok else None,
            b.total if ok else None,
            a.source if a else "",
            (*a.records, *b.records) if ok else (),
            collect=_l("Income of the last two years"),
        )
    return out
