"""Computed columns the lists of the support half share. `context.today` is the day the list is looked at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from parkops.db.types import Choices
from parkops.i18n import _l

from ..models.carrier import CarrierGrade, CarrierRecognition
from ..models.credential import Credential
from ..models.firm import Firm
from ..models.mentor import MentorAgreement, MentoringSession
from ..models.qualification import Qualification
from ..models.stage import Stage

VALIDITY = Choices(
    "tenants.validity",
    ("valid", _l("Valid"), "green"),
    ("soon", _l("Ends within 90 days"), "amber"),
    ("over", _l("Expired"), "red"),
    ("revoked", _l("Revoked"), "red"),
    ("renewed", _l("Renewed"), "grey"),
)


def days_left(column: str) -> Any:
    """Days until a date column; negative once it is past."""

    def sql(model: Any, context: Any) -> Any:
        return cast(getattr(model, column) - context.today, Integer)

    return sql


def validity(model: Any, context: Any) -> Any:
    """valid, soon (90 days), over or revoked, from `valid_to` and `revoked_on` where the model has one."""
    end, gone = model.valid_to, getattr(model, "revoked_on", None)
    whens = [(gone.is_not(None) & (gone <= context.today), "revoked")] if gone is not None else []
    if hasattr(model, "certificate_no"):
        whens.append((renewed(model, context), "renewed"))
    return case(*whens, (end < context.today, "over"), (cast(end - context.today, Integer) <= 90, "soon"), else_="valid")


def renewed(model: Any, context: Any) -> Any:
    """A later qualification of the same kind of the same firm is on record."""
    later = aliased(Qualification)
    return select(later.id).where(later.firm_id == model.firm_id, later.kind == model.kind, later.obtained_on > model.obtained_on).exists()


def level_now(model: Any, context: Any) -> Any:
    """The latest recognition that stands today."""
    r = CarrierRecognition
    return (
        select(r.level)
        .where(r.carrier_id == model.id, r.recognised_on <= context.today, or_(r.valid_to.is_(None), r.valid_to >= context.today))
        .order_by(r.recognised_on.desc(), r.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _grade(model: Any, context: Any, column: Any) -> Any:
    g = CarrierGrade
    return (
        select(column)
        .where(g.carrier_id == model.id, g.scheme == "national", g.published_on <= context.today)
        .order_by(g.year.desc(), g.published_on.desc())
        .limit(1)
        .scalar_subquery()
    )


def grade_now(model: Any, context: Any) -> Any:
    """The national grade as known today."""
    return _grade(model, context, CarrierGrade.grade)


def grade_year(model: Any, context: Any) -> Any:
    """The evaluation year of that grade."""
    return _grade(model, context, CarrierGrade.year)


def incubating_now(model: Any, context: Any) -> Any:
    """Firms in incubation in the carrier today."""
    return (
        select(func.count(Stage.id))
        .where(
            Stage.carrier_id == model.id,
            Stage.state == "incubating",
            Stage.starts_on <= context.today,
            or_(Stage.ends_on.is_(None), Stage.ends_on > context.today),
        )
        .scalar_subquery()
    )


def firms_advised(model: Any, context: Any) -> Any:
    """Firms the mentor advises today."""
    a = MentorAgreement
    return (
        select(func.count(a.firm_id.distinct()))
        .where(a.mentor_id == model.id, a.from_on <= context.today, or_(a.to_on.is_(None), a.to_on >= context.today))
        .scalar_subquery()
    )


def last_session(model: Any, context: Any) -> Any:
    """Day of the mentor's last session."""
    return select(func.max(MentoringSession.held_on)).where(MentoringSession.mentor_id == model.id).scalar_subquery()


def certificates(model: Any, context: Any) -> Any:
    """Valid certificates of the person today."""
    c = Credential
    return (
        select(func.count(c.id))
        .where(
            c.staff_id == model.id,
            c.issued_on <= context.today,
            or_(c.valid_to.is_(None), c.valid_to >= context.today),
            or_(c.revoked_on.is_(None), c.revoked_on > context.today),
        )
        .scalar_subquery()
    )


def firm_state(model: Any, context: Any) -> Any:
    """The firm's stage."""
    return select(Firm.state).where(Firm.id == model.firm_id).scalar_subquery()


def running(start: str, end: str) -> Any:
    """Whether today lies between two date columns (the last day included)."""

    def sql(model: Any, context: Any) -> Any:
        first, last = getattr(model, start), getattr(model, end)
        return and_(first <= context.today, or_(last.is_(None), last >= context.today))

    return sql
