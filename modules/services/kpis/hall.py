"""Indicators of the hall. Cases count on the day they were received, results on their day, ratings and tasks on theirs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, cast, func, select

from parkops.i18n import _l
from parkops.kpi.registry import RATIO, SUM, Home, Kpi, Window

from ..models.case import CaseCommitment, ServiceCase
from ..models.demand import ServiceDemand
from ..models.hall import HallVisitors
from ..models.quality import ReviewTask, ServiceRating

C, R, T, M, V, D = ServiceCase, ServiceRating, ReviewTask, CaseCommitment, HallVisitors, ServiceDemand


def _in(column: Any, window: Window) -> tuple[Any, ...]:
    return column >= window.start, column < window.end


def _count(model: Any, day: Any, *where: Any) -> tuple[Any, Any]:
    """(measure, drill) of records whose day lies in the window."""

    def measure(window: Window) -> Any:
        """park_id, numerator."""
        return (
            select(model.park_id, cast(func.count(model.id), BigInteger).label("numerator"))
            .where(*_in(day, window), *where)
            .group_by(model.park_id)
        )

    def drill(window: Window) -> Any:
        """The records behind the number."""
        return select(model.id.label("id")).where(*_in(day, window), *where)

    return measure, drill


def _share(model: Any, day: Any, part: Any, *whole: Any) -> tuple[Any, Any, Any]:
    """(measure, drill, drill of the denominator): records with `part` of those in the window."""

    def measure(window: Window) -> Any:
        """park_id, numerator, denominator."""
        n = cast(func.count(model.id), BigInteger)
        return (
            select(model.park_id, cast(func.count(model.id).filter(part), BigInteger).label("numerator"), n.label("denominator"))
            .where(*_in(day, window), *whole)
            .group_by(model.park_id)
        )

    def drill(window: Window) -> Any:
        """The records that count."""
        return select(model.id.label("id")).where(*_in(day, window), *whole, part)

    def base(window: Window) -> Any:
        """All of them."""
        return select(model.id.label("id")).where(*_in(day, window), *whole)

    return measure, drill, base


def measure_wait(window: Window) -> Any:
    """park_id, minutes, numbers called."""
    return (
        select(
            C.park_id, cast(func.sum(C.waited), BigInteger).label("numerator"), cast(func.count(C.waited), BigInteger).label("denominator")
        )
        .where(*_in(C.received_on, window), C.waited.is_not(None))
        .group_by(C.park_id)
    )


def list_wait(window: Window) -> Any:
    """The cases with their minutes."""
    return select(C.id.label("id"), cast(C.waited, BigInteger).label("amount")).where(*_in(C.received_on, window), C.waited.is_not(None))


def list_called(window: Window) -> Any:
    """The cases that had a number."""
    return select(C.id.label("id")).where(*_in(C.received_on, window), C.waited.is_not(None))


def measure_visitors(window: Window) -> Any:
    """park_id, people counted."""
    return select(V.park_id, cast(func.sum(V.visitors), BigInteger).label("numerator")).where(*_in(V.day, window)).group_by(V.park_id)


def list_visitors(window: Window) -> Any:
    """The days with their count."""
    return select(V.id.label("id"), cast(V.visitors, BigInteger).label("amount")).where(*_in(V.day, window))


def _kpi(
    code: str, title: Any, explain: Any, resource: str, found: tuple[Any, ...], order: int, better: str = "higher", source: str = ""
) -> Kpi:
    """A count, or a share when there is a denominator."""
    if len(found) == 2:
        return Kpi(
            code, title, "count", SUM, found[0], explain, resource=resource, drill=found[1], better=better, order=order, source=source
        )
    return Kpi(
        code,
        title,
        "percent",
        RATIO,
        found[0],
        explain,
        resource=resource,
        drill=found[1],
        drill_denominator=found[2],
        denominator_resource=resource,
        empty="zero",
        better=better,
        order=order,
        source=source,
    )


HOME = [
    Home("operations_manager", "services.on_time services.bad_reviews"),
    Home("leadership", "services.on_time"),
]
KPIS = [
    Kpi(
        "services.visitors",
        _l("Visitors of the hall"),
        "people",
        SUM,
        measure_visitors,
        _l("People counted at the door, or tickets where nobody counted."),
        resource="services.visitors",
        drill=list_visitors,
        order=120,
        empty="missing",
    ),
    _kpi("services.cases", _l("Cases received"), _l("Cases received in the period."), "services.case", _count(C, C.received_on), 121),
    _kpi(
        "services.on_time",
        _l("Cases done in time"),
        _l("Results by the promised day ÷ results of the period."),
        "services.case",
        _share(C, C.completed_on, C.in_time.is_(True), C.in_time.is_not(None)),
        122,
    ),
    _kpi(
        "services.on_the_spot",
        _l("Cases done on the spot"),
        _l("Results on the day of receipt ÷ results of the period."),
        "services.case",
        _share(C, C.completed_on, C.spot.is_(True), C.spot.is_not(None)),
        123,
    ),
    Kpi(
        "services.waiting",
        _l("Minutes waited in the hall"),
        "count",
        RATIO,
        measure_wait,
        _l("Minutes until the call ÷ cases with a queue number."),
        resource="services.case",
        drill=list_wait,
        drill_denominator=list_called,
        denominator_resource="services.case",
        better="lower",
        order=124,
    ),
    _kpi(
        "services.tolerance",
        _l("Cases with tolerance"),
        _l("Commitments signed in the period, without those whose case was taken back or refused."),
        "services.commitment",
        _count(M, M.signed_on, M.state != "void"),
        125,
        "none",
        "广东省优化营商环境条例 32",
    ),
    _kpi(
        "services.tolerance_overdue",
        _l("Commitments overdue"),
        _l("Commitments not kept ÷ commitments signed in the period, without those whose case was taken back or refused."),
        "services.commitment",
        _share(M, M.signed_on, M.state == "overdue", M.state != "void"),
        126,
        "lower",
    ),
    _kpi("services.ratings", _l("Ratings given"), _l("Ratings of clients in the period."), "services.rating", _count(R, R.rated_on), 127),
    _kpi(
        "services.bad_reviews",
        _l("Bad review rate"),
        _l("Ratings of one or two stars ÷ ratings of the period."),
        "services.rating",
        _share(R, R.rated_on, R.stars <= 2),
        128,
        "lower",
    ),
    _kpi(
        "services.call_backs",
        _l("Bad reviews called back"),
        _l("Tasks called back ÷ tasks opened in the period."),
        "services.rectification",
        _share(T, T.opened_on, T.called_back_on.is_not(None)),
        129,
    ),
    _kpi(
        "services.demands",
        _l("Demands received"),
        _l("Demands and complaints received in the period."),
        "services.demand",
        _count(D, D.received_on),
        130,
        "none",
    ),
    _kpi(
        "services.demands_closed",
        _l("Demands closed with the client"),
        _l("Demands closed ÷ demands received in the period."),
        "services.demand",
        _share(D, D.received_on, D.state == "closed"),
        131,
    ),
]
