"""Figures of a carrier for its statutory form: register, income, staff, premises, firms in incubation and their yearly figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, not_, or_, select

from modules.tenants.kpis import _sql
from modules.tenants.models.carrier import CARRIER_NATURES, CarrierRecognition
from modules.tenants.models.credential import StaffMember
from modules.tenants.models.financing import EQUITY_KINDS, FinancingEvent
from modules.tenants.models.intellectual import IntellectualProperty
from modules.tenants.models.person import FirmPerson, Person
from modules.tenants.models.stage import Stage
from modules.tenants.services import fact_queries as q
from parkops.i18n import Lazy, _l

from . import income
from .form_sources import Answer, Got, Span, source
from .measures import CARRIER, installed
from .stock import firms_on, states_of

NATIONAL = ("national", "national_filed", "excellent", "standard")
COLLEGE = ("doctor", "master", "bachelor", "college")
REGISTER = _l("as entered with the carrier")
STAGE = "tenants.stage"


def _column(name: str, title: Any, choices: Any = None) -> None:
    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        out = {}
        for c in carriers:
            value = getattr(c, name)
            shown = str(choices.label(value).msgid) if choices is not None and value is not None else value
            out[c.id] = Got(shown, REGISTER, ((CARRIER, c.id, None),), "" if value is not None else title)
        return out

    source(f"carrier.{name}", title, formula=REGISTER, choices=choices is not None)(answer)


for _name, _title in (
    ("name", _l("Name")),
    ("founded_on", _l("Founded on")),
    ("in_hitech_zone", _l("In a hi-tech zone")),
    ("specialised", _l("Specialised")),
    ("address", _l("Address")),
    ("operator", _l("Operating company")),
    ("workstations", _l("Workstations")),
    ("area", _l("Controllable area")),
    ("incubation_area", _l("Area for incubated firms")),
):
    _column(_name, _title)
_column("nature", _l("Ownership"), CARRIER_NATURES)


@source("carrier.national", _l("National level"), formula=_l("a national recognition or filing stands on the last day of the period"))
def national(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """Levels of the state; provincial and municipal ones are not."""
    r = CarrierRecognition
    rows = session.execute(
        select(r.carrier_id, r.id)
        .where(r.carrier_id.in_([c.id for c in carriers]), r.level.in_(NATIONAL), r.recognised_on <= span.last)
        .where(or_(r.valid_to.is_(None), r.valid_to >= span.last))
        .order_by(r.id)
    ).all()
    return {
        c.id: Got(bool(mine), _l("Recognitions of the carrier"), tuple(("tenants.carrier_recognition", i, None) for i in mine))
        for c in carriers
        for mine in [[i for k, i in rows if k == c.id]]
    }


def _part(name: str) -> Any:
    def value(y: income.YearIncome) -> Decimal | None:
        if name == "property":
            return None if y.rent is None or y.property is None else y.rent + y.property
        if name == "other":
            parts = (y.rent, y.property, y.service)
            return None if any(p is None for p in parts) else y.total - sum(parts, Decimal(0)) - (y.investment or Decimal(0))  # type: ignore[arg-type]
        return getattr(y, name)

    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        if not span.is_year:
            return {c.id: Got(collect=_l("Income of the period by kind")) for c in carriers}
        out = {}
        for k, y in income.of_year(session, carriers, span.last.year, span.last).items():
            got = None if y is None else value(y)
            text, records = (y.source, y.records) if y is not None else ("", ())
            out[k] = Got(got, text, tuple((r, i, None) for r, i in records), _l("Income of %(year)s by kind", year=span.last.year))
        return out

    return answer


for _name, _title, _formula in (
    ("total", _l("Total income"), _l("all income of the year, from audited accounts or the ledger")),
    ("service", _l("Income of services"), _l("incubation services, from audited accounts or the ledger")),
    ("property", _l("Income of premises"), _l("rent + property management")),
    ("investment", _l("Income of investment"), _l("from audited accounts; the ledger does not say")),
    ("other", _l("Other income"), _l("total − services − premises − investment")),
):
    source(f"income.{_name}", _title, formula=_formula)(_part(_name))


def _staff(condition: Any, collect: Any) -> Any:
    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        from ..facts.carriers import staff_of

        every = staff_of(session, carriers, span.last)
        ids = [i for all_, _full in every.values() for i in all_]
        rows = {r.id: r for r in session.scalars(select(StaffMember).where(StaffMember.id.in_(ids)))}
        out = {}
        for c in carriers:
            mine = [i for i in every[c.id][0] if condition(rows[i])]
            told = _l("%(n)s of %(all)s people on %(day)s", n=len(mine), all=len(every[c.id][0]), day=span.last)
            records = tuple(("tenants.staff", i, Decimal(1)) for i in mine)
            out[c.id] = Got(len(mine), told, records) if every[c.id][0] else Got(collect=collect)
        return out

    return answer


source("staff.total", _l("Staff of the carrier"), formula=_l("people employed on the last day"))(
    _staff(lambda r: True, _l("Staff of the carrier"))
)
source("staff.college", _l("Staff with college degree or above"), formula=_l("people employed on the last day with such an education"))(
    _staff(lambda r: r.education in COLLEGE, _l("Education of the staff"))
)
source("staff.full_time", _l("Full-time incubation staff"), formula=_l("full-time incubation staff on the day"))(
    _staff(lambda r: r.incubation_full_time, _l("Staff of the carrier"))
)


@source("fund.total", _l("Incubation funds"), formula=_l("capital paid in to the park's funds by the last day"))
def funds(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """Chosen definition (domain 13.5): paid in, not committed. Funds are the park's."""
    if not installed("funds"):
        return {c.id: Got(collect=_l("Funds the carrier works with")) for c in carriers}
    from modules.funds.models.call import FundFlow

    f = FundFlow
    rows = session.execute(
        select(f.park_id, f.fund_id, func.sum(f.amount))
        .where(f.kind == "contribution", f.on_date <= span.last)
        .group_by(f.park_id, f.fund_id)
        .order_by(f.fund_id)
    ).all()
    out = {}
    for c in carriers:
        mine = [("funds.fund", r.fund_id, Decimal(r[2])) for r in rows if r.park_id == c.park_id]
        told = _l("Paid in to %(n)s funds of the park by %(day)s", n=len(mine), day=span.last)
        out[c.id] = Got(sum((a for _r, _i, a in mine), Decimal(0)), told, tuple(mine))
    return out


def _firms(found: dict[int, Any], carriers: Sequence[Any], words: Any, span: Span, resource: str = "tenants.firm") -> Answer:
    out = {}
    for c in carriers:
        mine = sorted(found.get(c.id, ()))
        told = Lazy(words.msgid, n=len(mine), first=span.first, last=span.last)
        out[c.id] = Got(len(mine), told, tuple((resource, i, Decimal(1)) for i in mine))
    return out


@source("stock.end", _l("Firms in incubation at the end"), formula=_l("firms of the carrier on the last day"))
def stock_end(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """On the last day."""
    return _firms(firms_on(session, carriers, span.last), carriers, _l("%(n)s firms on %(last)s"), span)


@source("stock.opening", _l("Firms in incubation at the beginning"), formula=_l("firms of the carrier on the day before the period"))
def stock_opening(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """On the day before the period: a firm that came on its first day is new."""
    before = date.fromordinal(span.first.toordinal() - 1)
    return _firms(firms_on(session, carriers, before), carriers, _l("%(n)s firms before %(first)s"), span)


def _changes() -> Any:
    """Every stage row with its id and the stage and carrier before it."""
    s, past = Stage, {"partition_by": Stage.firm_id, "order_by": Stage.starts_on}
    old_state, old_carrier = func.lag(s.state).over(**past), func.lag(s.carrier_id).over(**past)
    return select(s.id, s.state, s.carrier_id, s.starts_on, old_state.label("old_state"), old_carrier.label("old_carrier")).subquery(
        "changes"
    )


def _events(session: Any, carriers: Sequence[Any], span: Span, key: str, condition: Any, ever: bool = False) -> dict[int, set[int]]:
    """Carrier → stage rows: a firm admitted twice in the period came twice, so that the stock adds up. Teams count in a makerspace."""
    c, out = _changes(), {}
    for states in sorted({states_of(x) for x in carriers}):
        mine = [x.id for x in carriers if states_of(x) == states]
        query = select(c.c[key], c.c.id).where(c.c[key].in_(mine), condition(c, states), c.c.starts_on <= span.last)
        for carrier_id, stage_id in session.execute(query if ever else query.where(c.c.starts_on >= span.first)):
            out.setdefault(carrier_id, set()).add(stage_id)
    return out


def _came(c: Any, states: tuple[str, ...]) -> Any:
    before = and_(func.coalesce(c.c.old_state, "").in_(states), c.c.old_carrier.is_not_distinct_from(c.c.carrier_id))
    return and_(c.c.state.in_(states), not_(before))


def _went(c: Any, states: tuple[str, ...]) -> Any:
    still = and_(c.c.state.in_(states), c.c.carrier_id.is_not_distinct_from(c.c.old_carrier))
    return and_(c.c.old_state.in_(states), not_(still))


def _graduates(c: Any, states: tuple[str, ...]) -> Any:
    return _sql.ended(c, "graduated")


@source("stock.entered", _l("New firms of the period"), formula=_l("admitted or moved in from another carrier in the period"))
def entered(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """Counted from the history of stages."""
    found = _events(session, carriers, span, "carrier_id", _came)
    return _firms(found, carriers, _l("%(n)s firms came from %(first)s to %(last)s"), span, STAGE)


@source(
    "stock.left", _l("Firms that left in the period"), formula=_l("graduated, left, dissolved or moved to another carrier in the period")
)
def left(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """Counted from the history of stages, for the carrier they left."""
    found = _events(session, carriers, span, "old_carrier", _went)
    return _firms(found, carriers, _l("%(n)s firms left from %(first)s to %(last)s"), span, STAGE)


@source("stock.graduated", _l("Graduates of the period"), formula=_l("graduations in the period"))
def graduated(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """For the carrier they left."""
    found = _events(session, carriers, span, "old_carrier", _graduates)
    return _firms(found, carriers, _l("%(n)s firms graduated from %(first)s to %(last)s"), span, STAGE)


@source("stock.graduated_total", _l("Graduates so far"), formula=_l("all graduations by the last day"))
def graduated_total(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """Since the carrier began."""
    found = _events(session, carriers, span, "old_carrier", _graduates, ever=True)
    return _firms(found, carriers, _l("%(n)s firms graduated by %(last)s"), span, STAGE)


@source(
    "stock.returnee",
    _l("Firms founded by returnees"),
    formula=_l("firms on the last day with a founder or representative back from abroad"),
)
def returnees(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
    """By the founder trait of people who play a part at the firm."""
    stock = firms_on(session, carriers, span.last)
    ids = set().union(*stock.values()) if stock else set()
    fp = FirmPerson
    query = select(fp.firm_id).join(Person, Person.id == fp.person_id).where(fp.firm_id.in_(ids), Person.trait == "returnee")
    query = query.where(or_(fp.since.is_(None), fp.since <= span.last), or_(fp.until.is_(None), fp.until >= span.last))
    hit = set(session.scalars(query.where(fp.part.in_(("founder", "legal_representative")))))
    return _firms({k: v & hit for k, v in stock.items()}, carriers, _l("%(n)s firms on %(last)s"), span)


@source("sum", _l("Sum of a figure of the firms"), formula=_l("sum of what firms in incubation on the last day reported for the year"))
def summed(session: Any, carriers: Sequence[Any], span: Span, figure: str = "revenue") -> Answer:
    """None while no firm reported; firms that did not are named in the source."""
    if not span.is_year:
        return {c.id: Got(collect=_l("This figure is counted for years only")) for c in carriers}
    stock = firms_on(session, carriers, span.last)
    found = q.figure_by_year(session, set().union(*stock.values()) if stock else set(), figure)
    out = {}
    for c in carriers:
        mine = [found[f][span.last.year] for f in sorted(stock[c.id]) if span.last.year in found.get(f, {})]
        records = tuple((r, i, Decimal(m.value)) for m in mine for r, i in m.records)
        told = _l("%(n)s of %(all)s firms reported %(year)s", n=len(mine), all=len(stock[c.id]), year=span.last.year)
        total = sum((Decimal(m.value) for m in mine), Decimal(0)) if mine else None
        out[c.id] = Got(total, told, records, _l("Annual statements of the firms"))
    return out


def _rounds(session: Any, carriers: Sequence[Any], span: Span, since: date | None) -> dict[int, list[Any]]:
    """Equity rounds of firms that were ever in incubation in the carrier by the last day, up to it."""
    e = FinancingEvent
    ever = select(Stage.firm_id, Stage.carrier_id).where(Stage.state == "incubating", Stage.starts_on <= span.last).distinct().subquery()
    query = (
        select(ever.c.carrier_id, e.id, e.firm_id, e.amount_cny)
        .select_from(e)
        .join(ever, ever.c.firm_id == e.firm_id)
        .where(e.kind.in_(EQUITY_KINDS), e.on_date <= span.last, ever.c.carrier_id.in_([c.id for c in carriers]))
        .order_by(e.id)
    )
    out: dict[int, list[Any]] = {c.id: [] for c in carriers}
    for row in session.execute(query.where(e.on_date >= since) if since else query):
        out[row.carrier_id].append(row)
    return out


def _financed(amount: bool, ever: bool) -> Any:
    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        out = {}
        for k, rows in _rounds(session, carriers, span, None if ever else span.first).items():
            if amount:
                known = [r for r in rows if r.amount_cny is not None]
                told = _l("%(n)s of %(all)s amounts are known", n=len(known), all=len(rows))
                total = sum((r.amount_cny for r in known), Decimal(0)) if known or not rows else None
                records = tuple(("tenants.financing", r.id, r.amount_cny) for r in known)
                out[k] = Got(total, told, records, _l("Amounts of the financing rounds"))
            else:
                firms = sorted({r.firm_id for r in rows})
                records = tuple(("tenants.firm", f, Decimal(1)) for f in firms)
                out[k] = Got(len(firms), _l("%(n)s financing rounds", n=len(rows)), records)
        return out

    return answer


for _name, _title, _amount, _ever, _formula in (
    ("financing.firms", _l("Firms financed so far"), False, True, _l("firms ever incubated here with an equity round by the last day")),
    ("financing.amount", _l("Equity obtained so far"), True, True, _l("equity rounds of firms ever incubated here by the last day")),
    (
        "financing.firms_period",
        _l("Firms financed in the period"),
        False,
        False,
        _l("firms ever incubated here with an equity round in the period"),
    ),
    (
        "financing.amount_period",
        _l("Equity obtained in the period"),
        True,
        False,
        _l("equity rounds in the period of firms ever incubated here"),
    ),
):
    source(_name, _title, formula=_formula)(_financed(_amount, _ever))


def _area(which: str) -> Any:
    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        from . import space

        rows = space.units_of(session, carriers, span.last) if installed("leasing") else {}
        out = {}
        for c in carriers:
            units = rows.get(c.id)
            if units is None:
                value = {"total": c.area, "incubation": c.incubation_area}.get(which)
                out[c.id] = Got(value, REGISTER, ((CARRIER, c.id, None),), _l("Buildings of the carrier in the space ledger"))
                continue
            mine = [u for u in units if which == "total" or space.use_of(u) == which]
            told = _l("%(n)s units of the space ledger", n=len(mine))
            out[c.id] = Got(
                sum((u.lettable_area for u in mine), Decimal(0)), told, tuple(("leasing.unit", u.id, u.lettable_area) for u in mine)
            )
        return out

    return answer


for _name, _title, _formula in (
    ("total", _l("Area of the premises"), _l("units of the carrier's buildings on the last day")),
    ("office", _l("Area used by the operator"), _l("units out of use because the operator uses them itself")),
    ("incubation", _l("Area for incubated firms"), _l("units marked for incubated firms")),
    ("public", _l("Area of public services"), _l("units of public services")),
    ("other", _l("Other area"), _l("all other units")),
):
    source(f"area.{_name}", _title, formula=_formula)(_area(_name))


def _rights(*kinds: str) -> Any:
    def answer(session: Any, carriers: Sequence[Any], span: Span) -> Answer:
        ip, stock = IntellectualProperty, firms_on(session, carriers, span.last)
        every = set().union(*stock.values()) if stock else set()
        query = select(ip.firm_id, ip.id).where(ip.firm_id.in_(every), q.ip_valid(span.last)).order_by(ip.id)
        rows = session.execute(query.where(ip.kind.in_(kinds)) if kinds else query).all()
        out = {}
        for c in carriers:
            mine = [r.id for r in rows if r.firm_id in stock[c.id]]
            told = _l("%(n)s rights", n=len(mine))
            out[c.id] = Got(len(mine), told, tuple(("tenants.ip", i, Decimal(1)) for i in mine))
        return out

    return answer


for _name, _title, _kinds in (
    ("rights.valid", _l("Valid rights of the firms"), ()),
    ("rights.invention", _l("Valid inventions of the firms"), ("invention",)),
    ("rights.software", _l("Valid software copyrights of the firms"), ("software",)),
):
    source(_name, _title, formula=_l("rights in the register of firms in incubation on the last day that stand on it"))(_rights(*_kinds))
