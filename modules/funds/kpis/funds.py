"""Indicators of funds. Figures of value come from the kept standings (`funds.standing`), which a nightly check holds to flows and marks.

Ratios are Σ ÷ Σ over funds and parks; a rate of return cannot be added, so it is that of the pooled flows of a park."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, cast, func, or_, select, type_coerce

from modules.tenants.kpis._sql import incubating
from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, LAST, NONE, RATIO, Home, Kpi, Window

from ..models.call import FundFlow
from ..models.deal import InvestmentDeal
from ..models.fund import Fund
from ..models.investment import Investment
from ..models.standing import FundStanding

S, F, I = FundStanding, FundFlow, Investment
SOURCE_131 = "工信部科〔2025〕131号 第六条"


def _fen(column: Any) -> Any:
    return type_coerce(column, BigInteger)


def _latest(window: Window, pooled: bool = False) -> Any:
    """The newest kept day of each fund until the window's day."""
    newest = (
        select(S.park_id, S.fund_id, func.max(S.on_date).label("on_date"))
        .where(S.on_date <= window.on, S.fund_id.is_(None) if pooled else S.fund_id.is_not(None))
        .group_by(S.park_id, S.fund_id)
        .subquery("newest")
    )
    return newest, and_(newest.c.park_id == S.park_id, newest.c.fund_id.is_not_distinct_from(S.fund_id), newest.c.on_date == S.on_date)


KEY = cast(S.fund_id, String).label("key")


def _amount(column: Any) -> tuple[Any, Any]:
    def measure(window: Window) -> Any:
        newest, same = _latest(window)
        return select(S.park_id, KEY, _fen(column).label("numerator")).join(newest, same)

    def drill(window: Window) -> Any:
        newest, same = _latest(window)
        return select(S.id.label("id"), KEY, _fen(column).label("amount")).join(newest, same)

    return measure, drill


def _ratio(upper: Any, lower: Any) -> tuple[Any, Any, Any]:
    def measure(window: Window) -> Any:
        newest, same = _latest(window)
        return select(S.park_id, KEY, upper().label("numerator"), lower().label("denominator")).join(newest, same)

    def listed(value: Any) -> Any:
        def drill(window: Window) -> Any:
            newest, same = _latest(window)
            return select(S.id.label("id"), KEY, value().label("amount")).join(newest, same)

        return drill

    return measure, listed(upper), listed(lower)


def _sized(window: Window, *columns: Any) -> Any:
    newest, same = _latest(window)
    return select(*columns).join(newest, same).join(Fund, Fund.id == S.fund_id)


def measure_used(window: Window) -> Any:
    """Paid for investments ÷ size of the funds."""
    return _sized(window, S.park_id, KEY, _fen(S.invested).label("numerator"), _fen(Fund.size).label("denominator"))


def list_used(window: Window) -> Any:
    """The rows with what was paid."""
    return _sized(window, S.id.label("id"), KEY, _fen(S.invested).label("amount"))


def list_sizes(window: Window) -> Any:
    """The rows with the sizes."""
    return _sized(window, S.id.label("id"), KEY, _fen(Fund.size).label("amount"))


def measure_irr(window: Window) -> Any:
    """The net rate of the pooled flows of the park; unknown when it cannot be computed."""
    newest, same = _latest(window, pooled=True)
    return select(S.park_id, _fen(S.net_irr).label("numerator")).join(newest, same)


def list_irr(window: Window) -> Any:
    """The row it stands in."""
    newest, same = _latest(window, pooled=True)
    return select(S.id.label("id"), _fen(S.net_irr).label("amount")).join(newest, same).where(S.net_irr.is_not(None))


def _paid(window: Window, since: bool = False) -> Any:
    first = (F.on_date >= window.start,) if since else ()
    return and_(F.kind == "investment", F.reverses_id.is_(None), F.on_date <= window.on, *first)


def measure_firms(window: Window) -> Any:
    """One row per firm a fund has paid for until the window's day."""
    return (
        select(I.park_id, cast(I.fund_id, String).label("key"), I.firm_id.label("member"))
        .join(F, F.investment_id == I.id)
        .where(_paid(window))
        .distinct()
    )


def list_firms(window: Window) -> Any:
    """Those firms."""
    return (
        select(I.firm_id.label("id"), cast(I.fund_id, String).label("key")).join(F, F.investment_id == I.id).where(_paid(window)).distinct()
    )


def _backed(window: Window, inc: Any) -> Any:
    return (
        select(I.id)
        .join(F, F.investment_id == I.id)
        .join(Fund, Fund.id == I.fund_id)
        .where(I.firm_id == inc.c.firm_id, _paid(window, since=True), Fund.kind.in_(("own", "joint")), I.instrument != "convertible")
        .exists()
    )


def measure_share(window: Window) -> Any:
    """Firms in incubation invested in the period ÷ all."""
    inc = incubating(window.on)
    return select(
        inc.c.park_id, inc.c.key, func.count().filter(_backed(window, inc)).label("numerator"), func.count().label("denominator")
    ).group_by(inc.c.park_id, inc.c.key)


def list_share(window: Window) -> Any:
    """Those invested."""
    inc = incubating(window.on)
    return select(inc.c.firm_id.label("id"), inc.c.key).where(_backed(window, inc))


def list_incubating(window: Window) -> Any:
    """All in incubation."""
    inc = incubating(window.on)
    return select(inc.c.firm_id.label("id"), inc.c.key)


def measure_size(window: Window) -> Any:
    """Size of own and joint funds there on the day."""
    return select(Fund.park_id, cast(Fund.id, String).label("key"), _fen(Fund.size).label("numerator")).where(
        Fund.kind != "outside", Fund.established_on <= window.on
    )


def list_size(window: Window) -> Any:
    """Those funds."""
    return select(Fund.id.label("id"), cast(Fund.id, String).label("key"), _fen(Fund.size).label("amount")).where(
        Fund.kind != "outside", Fund.established_on <= window.on
    )


def _seen(window: Window) -> Any:
    d = InvestmentDeal
    return and_(d.seen_on <= window.on, or_(d.seen_on >= window.start))


def measure_deals(window: Window) -> Any:
    """Deals that entered the pipeline in the period."""
    d = InvestmentDeal
    return (
        select(d.park_id, cast(d.fund_id, String).label("key"), func.count(d.id).label("numerator"))
        .where(_seen(window))
        .group_by(d.park_id, d.fund_id)
    )


def list_deals(window: Window) -> Any:
    """Those deals."""
    return select(InvestmentDeal.id.label("id"), cast(InvestmentDeal.fund_id, String).label("key")).where(_seen(window))


PAID, GIVEN, VALUE, COST = _amount(S.paid_in), _amount(S.distributed), _amount(S.nav), _amount(S.invested)
DPI = _ratio(lambda: _fen(S.distributed), lambda: _fen(S.paid_in))
TVPI = _ratio(lambda: _fen(S.distributed) + _fen(S.nav), lambda: _fen(S.paid_in))
PIC = _ratio(lambda: _fen(S.paid_in), lambda: _fen(S.committed))
ROW = {"resource": "funds.standing", "dimension": "funds.fund", "empty": "missing"}

HOME = [Home("leadership", "funds.invested")]
KPIS = [
    Kpi(
        "funds.size",
        _l("Size of the park's funds"),
        "money",
        LAST,
        measure_size,
        _l("Own and joint funds there on the day."),
        resource="funds.fund",
        drill=list_size,
        dimension="funds.fund",
        order=60,
        empty="missing",
    ),
    Kpi(
        "funds.paid_in",
        _l("Paid in by partners"),
        "money",
        LAST,
        PAID[0],
        _l("Contributions until the day, in cash and in kind."),
        drill=PAID[1],
        order=61,
        **ROW,
    ),
    Kpi(
        "funds.invested",
        _l("Invested by funds"),
        "money",
        LAST,
        COST[0],
        _l("Paid for investments until the day."),
        drill=COST[1],
        order=62,
        **ROW,
    ),
    Kpi(
        "funds.distributed",
        _l("Distributed to partners"),
        "money",
        LAST,
        GIVEN[0],
        _l("Without carry, recallable amounts included."),
        drill=GIVEN[1],
        order=63,
        **ROW,
    ),
    Kpi(
        "funds.nav",
        _l("Net asset value of funds"),
        "money",
        LAST,
        VALUE[0],
        _l("Holdings, proceeds to come and cash, less accrued carry."),
        drill=VALUE[1],
        order=64,
        **ROW,
    ),
    Kpi(
        "funds.tvpi",
        _l("TVPI of funds"),
        "count",
        RATIO,
        TVPI[0],
        _l("(Distributed + net asset value) ÷ paid in, Σ ÷ Σ over funds."),
        drill=TVPI[1],
        drill_denominator=TVPI[2],
        denominator_resource="funds.standing",
        order=10,
        **ROW,
    ),
    Kpi(
        "funds.dpi",
        _l("DPI of funds"),
        "count",
        RATIO,
        DPI[0],
        _l("Distributed ÷ paid in, Σ ÷ Σ over funds."),
        drill=DPI[1],
        drill_denominator=DPI[2],
        denominator_resource="funds.standing",
        order=11,
        **ROW,
    ),
    Kpi(
        "funds.net_irr",
        _l("Net IRR of funds"),
        "percent",
        NONE,
        measure_irr,
        _l(
            "Yearly rate of the pooled flows of all partners with the net "
            "asset value as the last one; unreported when it cannot be computed."
        ),
        resource="funds.standing",
        drill=list_irr,
        order=12,
        places=8,
        empty="missing",
    ),
    Kpi(
        "funds.pic",
        _l("Paid in ÷ committed of funds"),
        "percent",
        RATIO,
        PIC[0],
        _l("How much of the commitments was called and paid."),
        drill=PIC[1],
        drill_denominator=PIC[2],
        denominator_resource="funds.standing",
        order=65,
        **ROW,
    ),
    Kpi(
        "funds.used",
        _l("Use of the park's funds"),
        "percent",
        RATIO,
        measure_used,
        _l("Paid for investments until the day ÷ size of the funds."),
        drill=list_used,
        drill_denominator=list_sizes,
        denominator_resource="funds.standing",
        order=68,
        **ROW,
    ),
    Kpi(
        "funds.firms",
        _l("Firms invested by funds"),
        "count",
        DISTINCT,
        measure_firms,
        _l("Different firms paid for until the day."),
        resource="tenants.firm",
        drill=list_firms,
        dimension="funds.fund",
        order=66,
    ),
    Kpi(
        "funds.invested_share",
        _l("Share of incubated firms invested"),
        "percent",
        RATIO,
        measure_share,
        _l(
            "Firms in incubation at the end of the period that own or joint funds paid for in it, over all. Convertibles do not count."
        ),
        resource="tenants.firm",
        drill=list_share,
        drill_denominator=list_incubating,
        denominator_resource="tenants.firm",
        dimension="tenants.carrier",
        source=SOURCE_131,
        order=13,
    ),
    Kpi(
        "funds.deals",
        _l("Deals entered into the pipeline"),
        "count",
        "sum",
        measure_deals,
        _l("Firms the funds began to look at."),
        resource="funds.deal",
        drill=list_deals,
        dimension="funds.fund",
        order=67,
        better="none",
    ),
]
