"""Indicators of ratings: recognition, gates, own scores and published grades, as of the last day of the window. A carrier is judged by
the newest kept assessment of the basic level (the excellent level and provincial packs are read beside it)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, and_, cast, func, or_, select, type_coerce

from modules.tenants.models.carrier import Carrier, CarrierGrade, CarrierRecognition
from modules.tenants.services.carriers import operating
from parkops.i18n import _l
from parkops.kpi.registry import LAST, RATIO, Home, Kpi, Window

from ..models.assessment import RecognitionAssessment
from ..models.scheme import RatingScheme
from ..models.score import RatingScore

A, S = RecognitionAssessment, RatingScore
BASIC = ("INC-2025-STD", "INC-2018-GEN", "INC-2018-SPE", "MS-FILING")
KEY = "tenants.carrier"


def _big(value: Any) -> Any:
    return cast(value, BigInteger)


def newest(window: Window) -> Any:
    """The newest kept assessment per carrier under a basic rule set, of carriers that operate on the day."""
    return (
        select(A.id, A.park_id, cast(A.carrier_id, String).label("key"), A.verdict, A.failed, A.unknown)
        .join(Carrier, Carrier.id == A.carrier_id)
        .where(A.rule_set.in_(BASIC), A.on_date <= window.on, operating(window.on))
        .distinct(A.carrier_id)
        .order_by(A.carrier_id, A.on_date.desc(), A.id.desc())
        .subquery("newest")
    )


def measure_passing(window: Window) -> Any:
    """Assessments that pass ÷ assessments."""
    n = newest(window)
    passed = _big(func.count().filter(n.c.verdict == "pass"))
    return select(n.c.park_id, n.c.key, passed.label("numerator"), _big(func.count()).label("denominator")).group_by(n.c.park_id, n.c.key)


def list_passing(window: Window) -> Any:
    """Those that pass."""
    n = newest(window)
    return select(n.c.id, n.c.key).where(n.c.verdict == "pass")


def list_assessed(window: Window) -> Any:
    """All of them."""
    n = newest(window)
    return select(n.c.id, n.c.key)


def _gates(column: str) -> tuple[Any, Any]:
    def measure(window: Window) -> Any:
        """Conditions of that verdict in the newest assessments."""
        n = newest(window)
        return select(n.c.park_id, n.c.key, _big(n.c[column]).label("numerator"))

    def drill(window: Window) -> Any:
        """The assessments with such conditions."""
        n = newest(window)
        return select(n.c.id, n.c.key, _big(n.c[column]).label("amount")).where(n.c[column] > 0)

    return measure, drill


def _recognised(window: Window) -> Any:
    r = CarrierRecognition
    return (
        select(Carrier.id, Carrier.park_id, cast(Carrier.id, String).label("key"))
        .join(r, r.carrier_id == Carrier.id)
        .where(operating(window.on), r.recognised_on <= window.on, or_(r.valid_to.is_(None), r.valid_to >= window.on))
        .distinct()
        .subquery("recognised")
    )


def measure_recognised(window: Window) -> Any:
    """Carriers with a recognition or filing that stands."""
    r = _recognised(window)
    return select(r.c.park_id, r.c.key, _big(func.count()).label("numerator")).group_by(r.c.park_id, r.c.key)


def list_recognised(window: Window) -> Any:
    """These carriers."""
    r = _recognised(window)
    return select(r.c.id, r.c.key)


def _sheets(window: Window) -> Any:
    """The newest finished sheet per carrier."""
    four = lambda column: type_coerce(column, BigInteger)  # noqa: E731
    return (
        select(
            S.id,
            S.park_id,
            cast(S.carrier_id, String).label("key"),
            four(S.total).label("total"),
            four(RatingScheme.full_mark).label("full"),
        )
        .join(RatingScheme, RatingScheme.id == S.scheme_id)
        .where(S.state.in_(("scored", "signed")), S.on_date <= window.on)
        .distinct(S.carrier_id)
        .order_by(S.carrier_id, S.on_date.desc(), S.id.desc())
        .subquery("sheets")
    )


def measure_score(window: Window) -> Any:
    """Points ÷ full marks, each with four decimal places."""
    s = _sheets(window)
    return select(s.c.park_id, s.c.key, _big(s.c.total).label("numerator"), _big(s.c.full).label("denominator"))


def list_scores(window: Window) -> Any:
    """The sheets with their points."""
    s = _sheets(window)
    return select(s.c.id, s.c.key, _big(s.c.total).label("amount"))


def list_full_marks(window: Window) -> Any:
    """The sheets with their full marks."""
    s = _sheets(window)
    return select(s.c.id, s.c.key, _big(s.c.full).label("amount"))


def _grades(window: Window) -> Any:
    g = CarrierGrade
    return (
        select(g.id, g.park_id, cast(g.carrier_id, String).label("key"), g.grade)
        .join(Carrier, and_(Carrier.id == g.carrier_id, operating(window.on)))
        .where(g.scheme == "national", g.published_on <= window.on)
        .distinct(g.carrier_id)
        .order_by(g.carrier_id, g.year.desc(), g.published_on.desc(), g.id.desc())
        .subquery("grades")
    )


def measure_grade_a(window: Window) -> Any:
    """Carriers whose newest national grade is A."""
    g = _grades(window)
    return select(g.c.park_id, g.c.key, _big(func.count()).label("numerator")).where(g.c.grade == "A").group_by(g.c.park_id, g.c.key)


def list_grade_a(window: Window) -> Any:
    """These grades."""
    g = _grades(window)
    return select(g.c.id, g.c.key).where(g.c.grade == "A")


_unknown, _failed = _gates("unknown"), _gates("failed")
DOC = "工信部科〔2025〕131号"

HOME = [Home("leadership", "ratings.passing"), Home("finance", "ratings.exempt_share")]
KPIS = [
    Kpi(
        "ratings.recognised",
        _l("Carriers recognised"),
        "count",
        LAST,
        measure_recognised,
        _l("Carriers in operation with a recognition or filing that stands on the last day, each once."),
        resource="tenants.carrier",
        drill=list_recognised,
        dimension=KEY,
        order=10,
        source=DOC,
    ),
    Kpi(
        "ratings.passing",
        _l("Carriers that pass every gate"),
        "percent",
        RATIO,
        measure_passing,
        _l("Carriers whose newest kept assessment under the basic level passes ÷ carriers with such an assessment."),
        resource="ratings.assessment",
        drill=list_passing,
        drill_denominator=list_assessed,
        dimension=KEY,
        order=11,
        source=f"{DOC} art. 6",
    ),
    Kpi(
        "ratings.gates_failed",
        _l("Gates not met"),
        "count",
        LAST,
        _failed[0],
        _l("Conditions not met in the newest kept assessment of each carrier."),
        resource="ratings.assessment",
        drill=_failed[1],
        better="lower",
        dimension=KEY,
        order=12,
        empty="missing",
        source=f"{DOC} art. 6",
    ),
    Kpi(
        "ratings.gates_unknown",
        _l("Gates that cannot be judged"),
        "count",
        LAST,
        _unknown[0],
        _l("Conditions nobody can judge for lack of a figure, in the newest kept assessment of each carrier."),
        resource="ratings.assessment",
        drill=_unknown[1],
        better="lower",
        dimension=KEY,
        order=13,
        empty="missing",
        source=f"{DOC} art. 6",
    ),
    Kpi(
        "ratings.own_score",
        _l("Own score in percent of the full mark"),
        "percent",
        RATIO,
        measure_score,
        _l("Points of the newest finished sheet of each carrier ÷ full marks of these sheets (Σ÷Σ)."),
        resource="ratings.score",
        drill=list_scores,
        drill_denominator=list_full_marks,
        dimension=KEY,
        order=14,
        places=4,
        denominator_places=4,
    ),
    Kpi(
        "ratings.grade_a",
        _l("Carriers graded A"),
        "count",
        LAST,
        measure_grade_a,
        _l("Carriers whose newest published national grade is A; a published grade is never computed."),
        resource="tenants.carrier_grade",
        drill=list_grade_a,
        dimension=KEY,
        order=15,
        source="国科火字〔2022〕222号",
    ),
]
