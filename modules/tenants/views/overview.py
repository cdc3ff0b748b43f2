"""What the overview tab of a firm shows: term clock, graduation test, incubatee test, open cases, recent stages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from parkops import clock
from parkops.errors import NotFound
from parkops.rules import engine
from parkops.security import access, masking

from ..models.firm import Firm, FirmMerge
from ..models.graduation import GraduationCase
from ..models.moveout import MoveOut
from ..models.person import PARTS
from ..models.stage import Stage, TermExtension
from ..services import graduation, people, terms
from ..states import FIRM


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


def overview(session: Any, firm: Firm) -> dict[str, Any]:
    """Everything on one screen. Under the rules in force today."""
    on = clock.today()
    incubating = firm.state == "incubating"
    months, source = terms.limit_on(session, on, firm.park_id)
    stages = list(session.scalars(select(Stage).where(Stage.firm_id == firm.id).order_by(Stage.starts_on)))
    return {
        "firm": firm, "on": on, "term": terms.term_of(session, firm, on), "limit_months": months, "limit_source": source,
        "graduation": _test(session, graduation.FAMILY, firm, on) if incubating else None,
        "incubatee": _test(session, "INCUBATEE", firm, on) if incubating else None,
        "stages": [(FIRM.state(s.state), s) for s in stages],
        "cases": _open(session, GraduationCase, firm, ("proposed", "evidence", "approved")),
        "moveouts": _open(session, MoveOut, firm, ("open",)),
        "extensions": _open(session, TermExtension, firm, ("requested",)),
        "people": _people(session, firm, on),
        "merged": session.scalars(select(FirmMerge).where(FirmMerge.firm_id == firm.id)).all(),
    }
