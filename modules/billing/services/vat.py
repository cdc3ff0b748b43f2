"""VAT of charge lines: which rates hold for a park, on which days a line is exempt, and the set-based split of many lines.

Rules B-01 to B-05 of the README. The pure calculation is `calc_vat.py`; `pieces` says the same in one SELECT."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    Numeric,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import DATEMULTIRANGE, DATERANGE

from modules.tenants.models.firm import Firm
from modules.tenants.models.stage import Stage
from parkops import settings

from ..calc_vat import FAR, Window, windows_of
from ..calc_vat import timeline as timeline_of
from ..models.catalogue import INCUBATION_CLASSES, CarrierExemption, ChargeItem, SimplifiedElection, TaxStatus, VatRate

IN_INCUBATION = ("team", "incubating")
HUNDRED_MILLION = 100_000_000  # Rate is kept in 1e-8
SMALL = 10_000_000_000  # fen; twice this times 1e8 stays below 2^63
NOTHING = cast("{}", DATEMULTIRANGE)


def windows(session: Any, park_id: int) -> list[Window]:
    """The rates that hold for the park's operator, by supply, method and (with an election of its own) carrier."""
    rates = [
        (Window(r.supply, r.method, 0, r.starts_on, r.during.upper or FAR, r.rate, r.exempt), r.taxpayer)
        for r in session.scalars(select(VatRate))
    ]
    statuses = session.scalars(select(TaxStatus).where(TaxStatus.park_id == park_id))
    who = timeline_of([(s.starts_on, s.during.upper, s.taxpayer) for s in statuses], settings.get(session, "billing.taxpayer", park_id))
    elections: dict[int, list[tuple[date, date]]] = {}
    for e in session.scalars(select(SimplifiedElection).where(SimplifiedElection.park_id == park_id)):
        elections.setdefault(e.carrier_id, []).append((e.starts_on, e.during.upper or FAR))
    return windows_of(rates, who, elections)


def exempt_days(park_id: int) -> Any:
    """Sub-query firm_id, carrier_id, days: when the firm was in incubation in a carrier that qualified (B-02)."""
    return (
        select(
            Stage.firm_id,
            Stage.carrier_id,
            func.range_agg(Stage.during.op("*")(CarrierExemption.during), type_=DATEMULTIRANGE).label("days"),
        )
        .join(CarrierExemption, and_(CarrierExemption.carrier_id == Stage.carrier_id, CarrierExemption.during.op("&&")(Stage.during)))
        .where(
            Stage.park_id == park_id,
            CarrierExemption.park_id == park_id,
            Stage.state.in_(IN_INCUBATION),
            CarrierExemption.waived.is_(False),
        )
        .group_by(Stage.firm_id, Stage.carrier_id)
        .subquery("exempt_days")
    )


def _rates(found: list[Window]) -> Any:
    """The windows as rows: arrays, not VALUES, so that the statement is compiled once for all months."""
    columns = {"supply": String(), "method": String(), "carrier": BigInteger(), "starts": Date(), "ends": Date(), "rate": BigInteger(),
               "exempt": Boolean()}
    rows = [
        (w.supply, w.method, w.carrier, w.starts, None if w.ends == FAR else w.ends, int(w.rate * HUNDRED_MILLION), w.exempt) for w in found
    ]
    lists = zip(*rows, strict=True) if rows else [()] * len(columns)
    given = (bindparam(None, list(of), ARRAY(t), unique=True) for of, t in zip(lists, columns.values(), strict=True))
    return func.unnest(*given).table_valued(*(column(n, t) for n, t in columns.items()), name="rates").render_derived()


def _lines(session: Any, park_id: int, demands: Any, found: list[Window], rates: Any) -> Any:
    """Each demand with its supply, its period as a range and the days it is exempt on; `known`: one answer holds for all of its days
    (the usual line), found by one join. No supply: no item or no firm of the park."""
    free = exempt_days(park_id)
    exempt_supplies = sorted({w.supply for w in found if w.exempt})
    own = sorted({w.carrier for w in found if w.carrier})
    by = settings.get(session, "billing.vat_date", park_id)
    first, last = (demands.c.period_from, demands.c.period_to) if by == "period" else (demands.c.due_on, demands.c.due_on)
    period = func.daterange(first, last, "[]", type_=DATERANGE)
    eligible = and_(ChargeItem.service_class.in_(INCUBATION_CLASSES), ChargeItem.supply.not_in([*exempt_supplies, "none"]))
    whole = func.datemultirange(period, type_=DATEMULTIRANGE)
    days = case((and_(eligible, free.c.days.is_not(None)), free.c.days.op("*", return_type=DATEMULTIRANGE())(whole)), else_=NOTHING)
    carrier = (
        case((and_(ChargeItem.supply == "real_estate_lease", demands.c.carrier_id.in_(own)), demands.c.carrier_id), else_=0)
        if own
        else literal(0)
    )
    fits = and_(rates.c.supply == ChargeItem.supply, rates.c.method == demands.c.vat_method, rates.c.carrier == carrier,
                rates.c.starts <= first, or_(rates.c.ends.is_(None), rates.c.ends > last))
    known = and_(Firm.id.is_not(None), ChargeItem.id.is_not(None),
                 or_(ChargeItem.supply == "none", and_(rates.c.supply.is_not(None), days == NOTHING)))
    return (
        select(*demands.c, case((Firm.id.is_not(None), ChargeItem.supply)).label("supply"), carrier.label("rate_carrier"),
               period.label("span"), days.label("days"), known.label("known"), rates.c.exempt.label("known_exempt"),
               rates.c.rate.label("known_rate"))
        .select_from(demands)
        .outerjoin(ChargeItem, ChargeItem.id == demands.c.item_id)
        .outerjoin(Firm, and_(Firm.id == demands.c.firm_id, Firm.park_id == park_id))
        .outerjoin(free, and_(free.c.firm_id == demands.c.firm_id, free.c.carrier_id == demands.c.carrier_id))
        .outerjoin(rates, fits)
        .cte("lines")
    )


def _window(rates: Any) -> Any:
    return func.daterange(rates.c.starts, rates.c.ends, type_=DATERANGE)


def _whole(line: Any) -> Any:
    """The lines one answer holds for, with it: one piece with the whole amount."""
    base = [c for c in line.c if c.name in _kept(line)]
    taxed = and_(line.c.supply != "none", ~line.c.known_exempt)
    treatment = case((line.c.supply == "none", "outside"), (line.c.known_exempt, "exempt"), else_="taxed")
    return select(*base, line.c.span.label("part"), treatment.label("treatment"), case((taxed, line.c.known_rate)).label("rate"),
                  cast(1, BigInteger).label("n"), type_coerce(line.c.amount, BigInteger).label("share")).where(line.c.known)


def _kept(line: Any) -> list[str]:
    return [c.name for c in line.c if c.name not in ("days", "known", "known_exempt", "known_rate")]


def _parts(line: Any, rates: Any) -> Any:
    """One row per line and answer, of the other lines: the days it holds for, treatment, rate."""
    part = column("part", DATERANGE)
    free = func.unnest(line.c.days).table_valued(part).render_derived(name="free")
    rest = func.unnest(func.datemultirange(line.c.span).op("-")(line.c.days)).table_valued(part).render_derived(name="rest")
    base = [line.c[name] for name in _kept(line)]
    exempt = (
        select(*base, free.c.part, literal("exempt").label("treatment"), cast(null(), BigInteger).label("rate"))
        .select_from(line.join(free, literal(True)))
    )
    window = _window(rates)
    fits = and_(
        rates.c.supply == line.c.supply,
        rates.c.method == line.c.vat_method,
        rates.c.carrier == line.c.rate_carrier,
        window.op("&&")(rest.c.part),
    )
    taxed = (
        select(
            *base,
            rest.c.part.op("*", return_type=DATERANGE())(window).label("part"),
            case((rates.c.exempt, "exempt"), else_="taxed").label("treatment"),
            case((rates.c.exempt, null()), else_=rates.c.rate).label("rate"),
        )
        .select_from(line.join(rest, literal(True)).join(rates, fits))
    )
    return exempt.union_all(taxed).cte("parts")


def _shares(part: Any) -> Any:
    """Each part's share of the amount by days, largest remainder first; a line in one piece keeps its amount (B-04)."""
    amount, size = type_coerce(part.c.amount, BigInteger), type_coerce(func.upper(part.c.part) - func.lower(part.c.part), BigInteger)
    total = type_coerce(func.upper(part.c.span) - func.lower(part.c.span), BigInteger)
    plain = list(part.c)
    single = select(*plain, cast(1, BigInteger).label("n"), amount.label("share")).where(part.c.part == part.c.span)
    share, left = func.div(cast(func.abs(amount) * size, Numeric), total), cast(func.abs(amount) * size, Numeric) % total
    one = (
        select(
            *plain,
            cast(share, BigInteger).label("base"),
            left.label("left"),
            func.sum(size).over(partition_by=part.c.key).label("covered"),
            total.label("total"),
            func.row_number().over(partition_by=part.c.key, order_by=func.lower(part.c.part)).label("n"),
        )
        .where(part.c.part != part.c.span)
        .subquery("cut")
    )
    two = (
        select(
            one,
            (func.abs(type_coerce(one.c.amount, BigInteger)) - func.sum(one.c.base).over(partition_by=one.c.key)).label("rest"),
            func.row_number().over(partition_by=one.c.key, order_by=(one.c.left.desc(), one.c.n)).label("place"),
        )
        .where(one.c.covered == one.c.total)
        .subquery("ranked")
    )
    amount = func.sign(type_coerce(two.c.amount, BigInteger)) * (two.c.base + case((two.c.place <= two.c.rest, 1), else_=0))
    split = select(*[two.c[c.name] for c in part.c], two.c.n, cast(amount, BigInteger).label("share"))
    return single.union_all(split).cte("cuts")


def pieces(session: Any, park_id: int, demands: Any, found: list[Window] | None = None) -> tuple[Any, Any]:
    """Two of one statement: sub-query of the demands in pieces, that is their columns, `piece_key`, `first`, `last`, `treatment`, `rate`,
    `net`, `vat`, `gross` (fen); and SELECT of the demands that come to none: no rate on some day, or no item or firm of the park.

    `found`: the rates (`windows`), by who asks for many."""
    found = windows(session, park_id) if found is None else found
    rates = _rates(found)
    line = _lines(session, park_id, demands, found, rates)
    other = select(*line.c).where(~line.c.known).cte("others")
    cuts = _shares(_parts(other, _rates(found)))
    share = union_all(_whole(line), select(*cuts.c)).subquery("shares")
    net, gross = _sums(share)
    by_period = settings.get(session, "billing.vat_date", park_id) == "period"
    first = func.lower(share.c.part) if by_period else share.c.period_from
    last = func.upper(share.c.part) - 1 if by_period else share.c.period_to
    one = select(
        *[c for c in share.c if c.name not in ("supply", "rate_carrier", "span", "part", "share", "n")],
        case((share.c.n > 1, share.c.key + "#" + cast(share.c.n, String)), else_=share.c.key).label("piece_key"),
        cast(first, Date).label("first"),
        cast(last, Date).label("last"),
        (share.c.part == share.c.span).label("whole"),
        cast(net, BigInteger).label("net"),
        cast(gross, BigInteger).label("gross"),
    ).subquery("sums")
    missing = select(*(other.c[c.name] for c in demands.c)).where(other.c.key.not_in(select(cuts.c.key)))
    return select(one, (one.c.gross - one.c.net).label("vat")).subquery("pieces"), missing


def _sums(share: Any) -> tuple[Any, Any]:
    """Net and gross of each share, rounded half up once. Whole numbers of 64 bits hold sums below 100 million yuan; others are numeric."""
    rate, amount = share.c.rate, cast(share.c.share, BigInteger)  # an answer may bring sums, which are numeric
    taxed = func.coalesce(rate, 0) > 0
    whole = HUNDRED_MILLION + rate
    net_in = _rounded(amount, HUNDRED_MILLION, whole)
    vat_out = _rounded(amount, rate, literal(HUNDRED_MILLION, BigInteger))
    net = case((and_(taxed, share.c.tax_included), net_in), else_=amount)
    return net, case((and_(taxed, ~share.c.tax_included), amount + vat_out), else_=amount)


def _rounded(amount: Any, times: Any, by: Any) -> Any:
    """amount × times / by, half up away from zero."""
    size, sign = type_coerce(func.abs(amount), BigInteger), cast(func.sign(amount), BigInteger)
    big = cast(func.div(2 * cast(size, Numeric) * times + by, 2 * by), BigInteger)
    return sign * case((size < SMALL, (2 * size * times + by) // (2 * by)), else_=big)


__all__ = ["exempt_days", "pieces", "windows"]
