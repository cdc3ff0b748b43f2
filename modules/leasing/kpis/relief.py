"""Indicators of rent relief. Relief counts gross, on the day the bill or credit note that carries it was issued (domain.md 8.2).

Figures come from the charge lines of posted documents; lists show the months they belong to. A claw-back is a line of its own: the
relief of its period stays, the cumulative figure falls by it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, cast, func, or_, select, type_coerce

from modules.billing.models.bill import Bill
from modules.billing.models.charge import Charge
from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, LAST, RATIO, SUM, Home, Kpi, Window

from ..models.relief import ReliefScheme
from ..models.relief_case import ReliefApplication, ReliefMonth
from ..services.relief_posting import SOURCE

DOC = "发改财金〔2022〕271号；国资厅财评〔2022〕29号"


def _lines(*columns: Any) -> Any:
    """Relief lines on posted documents, with the month they relieve."""
    return (
        select(*columns)
        .select_from(Charge)
        .join(ReliefMonth, and_(Charge.source == SOURCE, Charge.source_id == ReliefMonth.id))
        .join(Bill, Bill.id == Charge.bill_id)
        .where(Charge.kind == "relief", Bill.state != "draft")
    )


def _in(window: Window) -> Any:
    return and_(Bill.issued_on >= window.start, Bill.issued_on < window.end)


KEY = cast(Charge.carrier_id, String).label("key")
FEN = -func.sum(type_coerce(Charge.gross, BigInteger))


def measure_granted(window: Window) -> Any:
    """park_id, key, numerator in fen."""
    return (
        _lines(Charge.park_id, KEY, cast(FEN, BigInteger).label("numerator"))
        .where(_in(window), Charge.gross < 0)
        .group_by(Charge.park_id, Charge.carrier_id)
    )


def list_granted(window: Window) -> Any:
    """The months behind it."""
    return (
        _lines(ReliefMonth.id.label("id"), KEY, cast(FEN, BigInteger).label("amount"))
        .where(_in(window), Charge.gross < 0)
        .group_by(ReliefMonth.id, Charge.carrier_id)
    )


def measure_cumulative(window: Window) -> Any:
    """All relief until the window's day, claw-backs taken off."""
    return (
        _lines(Charge.park_id, KEY, cast(FEN, BigInteger).label("numerator"))
        .where(Bill.issued_on <= window.on)
        .group_by(Charge.park_id, Charge.carrier_id)
    )


def list_cumulative(window: Window) -> Any:
    """Every month relieved until then; one taken back again adds up to nothing and is left out."""
    return (
        _lines(ReliefMonth.id.label("id"), KEY, cast(FEN, BigInteger).label("amount"))
        .where(Bill.issued_on <= window.on)
        .group_by(ReliefMonth.id, Charge.carrier_id)
        .having(FEN != 0)
    )


def measure_firms(window: Window) -> Any:
    """One row per firm relieved in the period."""
    return _lines(Charge.park_id, KEY, Charge.firm_id.label("member")).where(_in(window), Charge.gross < 0).distinct()


def list_firms(window: Window) -> Any:
    """The firms."""
    return _lines(Charge.firm_id.label("id"), KEY).where(_in(window), Charge.gross < 0).distinct()


def measure_months(window: Window) -> Any:
    """Lease months relieved by documents of the period."""
    return (
        _lines(Charge.park_id, KEY, func.count(ReliefMonth.id.distinct()).label("numerator"))
        .where(_in(window), Charge.gross < 0)
        .group_by(Charge.park_id, Charge.carrier_id)
    )


def list_months(window: Window) -> Any:
    """Those months."""
    return _lines(ReliefMonth.id.label("id"), KEY).where(_in(window), Charge.gross < 0).distinct()


def _committed(window: Window) -> Any:
    """Approved by the window's day and not taken back by then."""
    a = ReliefApplication
    return and_(
        a.approval_id.is_not(None),
        a.approved_on <= window.on,
        or_(a.clawed_on.is_(None), a.clawed_on > window.on),
        a.state.in_(("approved", "publicity", "cleared", "posted", "clawed_back")),
    )


def _begun(window: Window) -> Any:
    return and_(ReliefScheme.budget.is_not(None), ReliefScheme.apply_from <= window.on, ReliefScheme.state != "draft")


def measure_budget(window: Window) -> Any:
    """Committed ÷ budget of the schemes begun by the window's day; without a budget nothing is said."""
    used = (
        select(ReliefApplication.scheme_id, func.sum(type_coerce(ReliefApplication.amount, BigInteger)).label("used"))
        .where(_committed(window))
        .group_by(ReliefApplication.scheme_id)
        .subquery("used")
    )
    return (
        select(
            ReliefScheme.park_id,
            cast(func.coalesce(func.sum(used.c.used), 0), BigInteger).label("numerator"),
            cast(func.sum(type_coerce(ReliefScheme.budget, BigInteger)), BigInteger).label("denominator"),
        )
        .outerjoin(used, used.c.scheme_id == ReliefScheme.id)
        .where(_begun(window))
        .group_by(ReliefScheme.park_id)
    )


def list_budget(window: Window) -> Any:
    """The applications that use it."""
    return (
        select(ReliefApplication.id.label("id"), type_coerce(ReliefApplication.amount, BigInteger).label("amount"))
        .join(ReliefScheme, ReliefScheme.id == ReliefApplication.scheme_id)
        .where(_committed(window), _begun(window))
    )


def list_budgets(window: Window) -> Any:
    """The schemes with a budget."""
    return select(ReliefScheme.id.label("id"), type_coerce(ReliefScheme.budget, BigInteger).label("amount")).where(_begun(window))


HOME = [
    Home("finance", "leasing.relief_granted leasing.relief_budget_used"),
    Home("leadership", "leasing.relief_cumulative"),
]
KPIS = [
    Kpi(
        "leasing.relief_granted",
        _l("Rent relief in the period"),
        "money",
        SUM,
        measure_granted,
        _l("Relief lines of bills and credit notes issued in the period, gross."),
        resource="leasing.relief_month",
        drill=list_granted,
        better="none",
        dimension="tenants.carrier",
        source=DOC,
        order=60,
        empty="zero",
    ),
    Kpi(
        "leasing.relief_cumulative",
        _l("Rent relief, cumulative"),
        "money",
        LAST,
        measure_cumulative,
        _l("All relief lines issued until the end of the period, claw-backs taken off."),
        resource="leasing.relief_month",
        drill=list_cumulative,
        better="none",
        dimension="tenants.carrier",
        source=DOC,
        order=61,
        empty="zero",
    ),
    Kpi(
        "leasing.relief_firms",
        _l("Firms relieved"),
        "count",
        DISTINCT,
        measure_firms,
        _l("Firms with a relief line issued in the period."),
        resource="tenants.firm",
        drill=list_firms,
        better="none",
        dimension="tenants.carrier",
        order=62,
        source=DOC,
    ),
    Kpi(
        "leasing.relief_months",
        _l("Months relieved"),
        "count",
        SUM,
        measure_months,
        _l("Months of leases whose relief was issued in the period."),
        resource="leasing.relief_month",
        drill=list_months,
        better="none",
        dimension="tenants.carrier",
        order=63,
        source=DOC,
    ),
    Kpi(
        "leasing.relief_budget_used",
        _l("Relief budget used"),
        "percent",
        RATIO,
        measure_budget,
        _l("Relief approved and not taken back ÷ budgets of the schemes begun."),
        resource="leasing.relief_application",
        drill=list_budget,
        drill_denominator=list_budgets,
        denominator_resource="leasing.relief_scheme",
        better="none",
        order=64,
        places=2,
        denominator_places=2,
    ),
]
