"""The firm at a glance: who it is, its term, support and standing in numbers, results over the years, graduation test,
open cases, stages. Each number leads to the tab it counts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from parkops import clock
from parkops.errors import NotFound
from parkops.i18n import _l
from parkops.rules import engine
from parkops.security import access, masking

from ..models.financing import FinancingEvent
from ..models.firm import FIELDS, TRACKS, Firm, FirmMerge
from ..models.graduation import GraduationCase
from ..models.intellectual import IntellectualProperty
from ..models.mentor import MentoringSession
from ..models.moveout import MoveOut
from ..models.person import PARTS
from ..models.qualification import Qualification
from ..models.stage import Stage, TermExtension
from ..models.visit import FollowUp, Visit
from ..services import graduation, people, terms
from ..services.mentors import mentors_of
from ..states import FIRM
from .statements import result_charts

COUNTS = (  # title, model, tab, condition
    (_l("Qualifications"), Qualification, "standing", None), (_l("Intellectual property"), IntellectualProperty, "standing", None),
    (_l("Financing"), FinancingEvent, "capital", None), (_l("Mentoring sessions"), MentoringSession, "support", None),
    (_l("Visits held"), Visit, "support", lambda m: m.held_on.is_not(None)),
    (_l("Open follow-ups"), FollowUp, "support", lambda m: m.done_on.is_(None)))


def _test(session: Any, family: str, firm: Firm, on: Any) -> Any:
    """The outcome under the rules of the day; None when no rule set of the family is in force."""
    try:
        return engine.evaluate(session, None, firm, on, family=family)
    except NotFound:
        return None


def _open(session: Any, model: Any, firm: Firm, states: tuple[str, ...]) -> list[Any]:
    if not access.may(session, model.__resource__, "read"):
        return []
    return list(session.scalars(select(model).where(model.firm_id == firm.id, model.state.in_(states)).order_by(model.id)))


def _people(session: Any, firm: Firm, on: Any) -> list[dict[str, Any]]:
    """Who plays which part today; names as the reader may see them."""
    if not access.may(session, "tenants.person", "read"):
        return []
    return [{"id": row.person_id, "name": masking.shown(session, "tenants.person", row.person, "name", unmask=False),
             "part": PARTS.label(row.part), "position": row.position} for row in people.people_of(session, firm, on)]


def _numbers(session: Any, firm: Firm) -> list[tuple[Any, int, str]]:
    """How many records of each kind the reader may see."""
    out = []
    for title, model, tab, condition in COUNTS:
        if access.may(session, model.__resource__, "read"):
            statement = select(func.count(model.id)).where(model.firm_id == firm.id)
            out.append((title, session.scalar(statement if condition is None else statement.where(condition(model))), tab))
    return out


def _who(session: Any, firm: Firm, on: Any) -> list[tuple[Any, Any]]:
    """What one asks first about a firm."""
    mentors = mentors_of(session, [firm.id], on).get(firm.id, []) if access.may(session, "tenants.mentor", "read") else []
    return [(_l("Industry track"), TRACKS.label(firm.track) if firm.track else None),
            (_l("Technology field"), FIELDS.label(firm.technology_field) if firm.technology_field else None),
            (_l("Carrier"), firm.carrier), (_l("Registered on"), firm.registered_on), (_l("Entered on"), firm.entered_on),
            (_l("Mentor"), "、".join(mentors) or None), (_l("Main products and technology"), firm.products)]


def overview(session: Any, firm: Firm) -> dict[str, Any]:
    """Everything on one screen. Under the rules in force today."""
    on = clock.today()
    incubating = firm.state == "incubating"
    months, source = terms.limit_on(session, on, firm.park_id)
    stages = list(session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on)))
    return {
        "firm": firm, "on": on, "who": _who(session, firm, on), "numbers": _numbers(session, firm),
        "results": result_charts(session, firm) if access.may(session, "tenants.statement", "read") else None,
        "term": terms.term_of(session, firm, on), "limit_months": months, "limit_source": source,
        "graduation": _test(session, graduation.FAMILY, firm, on) if incubating else None,
        "incubatee": _test(session, "INCUBATEE", firm, on) if incubating else None,
        "stages": [(FIRM.state(s.state), s) for s in stages],
        "cases": _open(session, GraduationCase, firm, ("proposed", "evidence", "approved")),
        "moveouts": _open(session, MoveOut, firm, ("open",)),
        "extensions": _open(session, TermExtension, firm, ("requested",)),
        "people": _people(session, firm, on),
        "merged": session.scalars(select(FirmMerge).where(FirmMerge.firm_id == firm.id)).all(),
    }
