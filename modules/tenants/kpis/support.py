"""What the park does for its firms: mentors, certified staff, visits, promises kept, data calls answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select

from parkops.i18n import _l
from parkops.kpi.registry import DISTINCT, RATIO, SUM, Home, Kpi, Window

from ..models.credential import PRACTITIONER, Credential, StaffMember
from ..models.datacall import DataCall, DataCallResponse
from ..models.mentor import Mentor, MentorAgreement, MentoringSession
from ..models.visit import FollowUp, Visit
from ..services.credentials import credential_valid, employed
from ..services.datacalls import ANSWERED
from ..services.mentors import agreement_runs
from . import _sql
from .results import all_incubating

Pair = tuple[Callable[[Window], Any], Callable[[Window], Any]]


def _mentored(window: Window, inc: Any) -> Any:
    return select(MentorAgreement.id).join(Mentor, Mentor.id == MentorAgreement.mentor_id).where(
        MentorAgreement.firm_id == inc.c.firm_id, agreement_runs(window.on)).exists()


def _coverage(window: Window) -> Any:
    inc = _sql.incubating(window.on)
    return select(inc.c.park_id, inc.c.key, func.count().filter(_mentored(window, inc)).label("numerator"),
                  func.count().label("denominator")).group_by(inc.c.park_id, inc.c.key)


def _covered(window: Window) -> Any:
    inc = _sql.incubating(window.on)
    return select(inc.c.firm_id.label("id"), inc.c.key).where(_mentored(window, inc))


def _active_mentors(window: Window) -> Any:
    return and_(Mentor.appointed_on <= window.on, or_(Mentor.left_on.is_(None), Mentor.left_on >= window.on))


def _certified(kinds: tuple[str, ...] | None) -> Pair:
    """Distinct employed persons with a valid certificate; never added over kinds."""
    def rows(window: Window, *columns: Any) -> Any:
        query = select(*columns).select_from(StaffMember).join(Credential, Credential.staff_id == StaffMember.id).where(
            employed(window.on), credential_valid(window.on))
        return query.where(Credential.kind.in_(kinds)) if kinds else query

    return (lambda w: rows(w, StaffMember.park_id, StaffMember.id.label("member")),
            lambda w: rows(w, StaffMember.id.label("id")).distinct())


def _counted(model: Any, day: Any, *conditions: Any) -> Pair:
    """Records dated in the window."""
    def where(window: Window) -> tuple[Any, ...]:
        return (day >= window.start, day < window.end, *conditions)

    return (lambda w: select(model.park_id, func.count(model.id).label("numerator")).where(*where(w)).group_by(model.park_id),
            lambda w: select(model.id.label("id")).where(*where(w)))


def _due(window: Window) -> tuple[Any, ...]:
    """Follow-ups whose day fell into the window (up to the measuring day)."""
    return FollowUp.due_on >= window.start, FollowUp.due_on <= window.on


_IN_TIME = FollowUp.done_on <= FollowUp.due_on


def _kept(window: Window) -> Any:
    return select(FollowUp.park_id, func.count().filter(_IN_TIME).label("numerator"), func.count().label("denominator")).where(
        *_due(window)).group_by(FollowUp.park_id)


def _asked(window: Window, *columns: Any) -> Any:
    """Responses of calls due in the window; excused firms are not asked."""
    r = DataCallResponse
    return select(*columns).select_from(r).join(DataCall, DataCall.id == r.call_id).where(
        DataCall.due_on >= window.start, DataCall.due_on < window.end, DataCall.state != "draft", r.state != "excused")


def _answered(window: Window) -> Any:
    r = DataCallResponse
    return _asked(window, r.park_id, cast(r.call_id, String).label("key"), func.count().filter(r.state.in_(ANSWERED)).label("numerator"),
                  func.count().label("denominator")).group_by(r.park_id, r.call_id)


def _responses(window: Window) -> Any:
    return _asked(window, DataCallResponse.id.label("id"), cast(DataCallResponse.call_id, String).label("key"))


def _active_measure(window: Window) -> Any:
    return select(Mentor.park_id, Mentor.id.label("member")).where(_active_mentors(window))


_staff, _senior, _counsellors = _certified(None), _certified(("practitioner_senior",)), _certified(("counsellor",))
_practitioners = _certified(PRACTITIONER)
_sessions = _counted(MentoringSession, MentoringSession.held_on)
_visits = _counted(Visit, Visit.held_on)
_NEVER_ADDED = _l("Distinct employed persons with such a valid certificate on the last day; kinds overlap and are never added up.")

HOME = [Home("operations_manager", "tenants.mentor_coverage tenants.promises_kept")]
KPIS = [
    Kpi("tenants.mentor_coverage", _l("Mentor coverage"), "percent", RATIO, _coverage,
        _l("Firms in incubation with a running mentoring relation on the last day ÷ firms in incubation."),
        resource="tenants.firm", drill=_covered, drill_denominator=all_incubating, dimension="tenants.carrier", order=40,
        source="工信部科〔2025〕131号 art. 6(3)"),
    Kpi("tenants.mentors", _l("Active mentors"), "people", DISTINCT, _active_measure,
        _l("Mentors whose appointment covers the last day."), resource="tenants.mentor",
        drill=lambda w: select(Mentor.id.label("id")).where(_active_mentors(w)), order=41),
    Kpi("tenants.mentoring_sessions", _l("Mentoring sessions"), "count", SUM, _sessions[0],
        _l("Sessions held in the period."), resource="tenants.mentoring_session", drill=_sessions[1], order=42),
    Kpi("tenants.certified_staff", _l("Certified staff"), "people", DISTINCT, _staff[0],
        _l("Distinct employed persons with any valid certificate on the last day."), resource="tenants.staff",
        drill=_staff[1], order=43),
    Kpi("tenants.certified_practitioners", _l("Certified incubator practitioners"), "people", DISTINCT, _practitioners[0],
        _NEVER_ADDED, resource="tenants.staff", drill=_practitioners[1], order=44),
    Kpi("tenants.certified_senior", _l("Senior incubator practitioners"), "people", DISTINCT, _senior[0],
        _NEVER_ADDED, resource="tenants.staff", drill=_senior[1], order=45),
    Kpi("tenants.counsellors", _l("Start-up counsellors"), "people", DISTINCT, _counsellors[0], _NEVER_ADDED,
        resource="tenants.staff", drill=_counsellors[1], order=46),
    Kpi("tenants.visits", _l("Visits held"), "count", SUM, _visits[0], _l("Visits to firms held in the period."),
        resource="tenants.visit", drill=_visits[1], order=47),
    Kpi("tenants.promises_kept", _l("Follow-ups done in time"), "percent", RATIO, _kept,
        _l("Follow-ups due in the period and done by their day ÷ follow-ups due in the period."),
        resource="tenants.follow_up", drill=lambda w: select(FollowUp.id.label("id")).where(*_due(w), _IN_TIME),
        drill_denominator=lambda w: select(FollowUp.id.label("id")).where(*_due(w)), empty="zero", order=48),
    Kpi("tenants.response_rate", _l("Data call response rate"), "percent", RATIO, _answered,
        _l("Answers submitted or accepted ÷ firms asked, over the calls due in the period; excused firms are in neither."),
        resource="tenants.data_call_response", drill=lambda w: _responses(w).where(DataCallResponse.state.in_(ANSWERED)),
        drill_denominator=_responses, dimension="tenants.data_call", empty="zero", order=49),
]
