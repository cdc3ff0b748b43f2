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
    select,
    type_coerce,
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


def _lines(session: Any, park_id: int, demands: Any, found: list[Window]) -> Any:
    """Each demand with its supply, its period as a range and the days it is exempt on."""
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
    return (
        select(*demands.c, ChargeItem.supply, carrier.label("rate_carrier"), period.label("span"), days.label("days"))
        .select_from(demands)
        .join(ChargeItem, ChargeItem.id == demands.c.item_id)
        .join(Firm, and_(Firm.id == demands.c.firm_id, Firm.park_id == park_id))
        .outerjoin(free, and_(free.c.firm_id == demands.c.firm_id, free.c.carrier_id == demands.c.carrier_id))
        .cte("lines")
    )


def _parts(line: Any, rates: Any) -> Any:
    """One row per line and answer: the days it holds for, treatment, rate."""
    part = column("part", DATERANGE)
    free = func.unnest(line.c.days).table_valued(part).render_derived(name="free")
    rest = func.unnest(func.datemultirange(line.c.span).op("-")(line.c.days)).table_valued(part).render_derived(name="rest")
    base = [c for c in line.c if c.name not in ("days",)]
    outside = select(*base, line.c.span.label("part"), literal("outside").label("treatment"), cast(null(), BigInteger).label("rate")).where(
        line.c.supply == "none"
    )
    exempt = (
        select(*base, free.c.part, literal("exempt").label("treatment"), cast(null(), BigInteger).label("rate"))
        .select_from(line.join(free, literal(True)))
        .where(line.c.supply != "none")
    )
    window = func.daterange(rates.c.starts, rates.c.ends, type_=DATERANGE)
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
        .where(line.c.supply != "none")
    )
    return outside.union_all(exempt, taxed).cte("parts")


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
    return single.union_all(split).cte("shares")


def pieces(session: Any, park_id: int, demands: Any) -> Any:
    """Sub-query of the demands in pieces: their columns, `piece_key`, `first`, `last`, `treatment`, `rate`, `net`, `vat`, `gross` (fen).

    A demand some day of which has no rate is left out."""
    found = windows(session, park_id)
    line = _lines(session, park_id, demands, found)
    share = _shares(_parts(line, _rates(found)))
    rate, amount = share.c.rate, share.c.share
    size, sign = cast(func.abs(amount), Numeric), cast(func.sign(amount), BigInteger)
    whole = HUNDRED_MILLION + rate
    net_in = sign * cast(func.div(2 * size * HUNDRED_MILLION + whole, 2 * whole), BigInteger)
    vat_out = sign * cast(func.div(2 * size * rate + HUNDRED_MILLION, 2 * HUNDRED_MILLION), BigInteger)
    taxed = func.coalesce(rate, 0) > 0
    net = case((and_(taxed, share.c.tax_included), net_in), else_=amount)
    gross = case((and_(taxed, ~share.c.tax_included), amount + vat_out), else_=amount)
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
    return select(one, (one.c.gross - one.c.net).label("vat")).subquery("pieces")


__all__ = ["exempt_days", "pieces", "windows"]
