"""What clients thought, what was done about it, what the hall itself found.

好差评: five grades, once per case, the two lowest are bad; a bad review is verified, put right in 15 working days, called back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, SmallInteger, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_quality import RECTIFICATION
from .case import ServiceCase

GRADES = Choices(
    "services.grade",
    ("5", _l("Very satisfied"), "green"),
    ("4", _l("Satisfied"), "green"),
    ("3", _l("Basically satisfied"), "blue"),
    ("2", _l("Dissatisfied"), "red"),
    ("1", _l("Very dissatisfied"), "red"),
)
BAD = ("1", "2")
RATED_BY = Choices(
    "services.rated_by",
    ("device", _l("Device at the window")),
    ("link", _l("Link or QR code")),
    ("phone", _l("Asked by telephone")),
    ("import", _l("Taken over")),
)
OFFLINE = ("efficiency", "skill", "attitude")
ONLINE = ("speed", "guide", "convenience", "platform")


class ServiceRating(ParkScoped, Record):
    """A client's rating. Once per case (unique), never changed. Sub-scores: three for halls, four for online services."""

    __tablename__ = "services_rating"
    __table_args__ = (
        UniqueConstraint("case_id"),
        Index("ix_services_rating_park_id_rated_on", "park_id", "rated_on"),
        *(CheckConstraint(f"{n} BETWEEN 1 AND 5", name=n) for n in (*OFFLINE, *ONLINE)),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    )
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"), index=False)
    stars: Mapped[int] = field(SmallInteger, _l("Stars"))
    online: Mapped[bool] = field(Boolean, _l("Online service"), default=False, server_default="false")
    efficiency: Mapped[int | None] = field(SmallInteger, _l("Efficiency"))
    skill: Mapped[int | None] = field(SmallInteger, _l("Competence"))
    attitude: Mapped[int | None] = field(SmallInteger, _l("Attitude"))
    speed: Mapped[int | None] = field(SmallInteger, _l("Speed online"))
    guide: Mapped[int | None] = field(SmallInteger, _l("Accuracy of the guide"))
    convenience: Mapped[int | None] = field(SmallInteger, _l("Convenience"))
    platform: Mapped[int | None] = field(SmallInteger, _l("Ease of the platform"))
    remark: Mapped[str | None] = field(Text, _l("Client's words"), long=True)
    rated_by: Mapped[str] = field(EnumText(RATED_BY), _l("Rated through"))
    rated_on: Mapped[date] = field(Date, _l("Rated on"))
    rated_at: Mapped[datetime] = field(UTCDateTime, _l("Rated at"))
    officer_id: Mapped[int | None] = fk("core_user.id", _l("Officer rated"))
    case: Mapped[ServiceCase] = relationship(foreign_keys="ServiceRating.case_id")
    officer: Mapped[Any] = relationship("UserProfile", foreign_keys="ServiceRating.officer_id")

    def __str__(self) -> str:
        return "★" * self.stars


protect(ServiceRating)


class ReviewTask(ParkScoped, Record):
    """The loop of a bad review: verified, put right by `due_on`, called back."""

    __tablename__ = "services_rectification"
    __table_args__ = (
        UniqueConstraint("rating_id"),
        Index("ix_services_rectification_due", "park_id", "due_on", postgresql_where="state <> 'closed'"),
    )
    rating_id: Mapped[int] = fk("services_rating.id", _l("Client rating"), index=False)
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Owner"))
    opened_on: Mapped[date] = field(Date, _l("Task opened on"))
    due_on: Mapped[date] = field(Date, _l("To be put right by"))
    state: Mapped[str] = field(EnumText(RECTIFICATION.choices), _l("State"), default="open", server_default="open")
    holds: Mapped[bool | None] = field(Boolean, _l("The complaint holds"))
    finding: Mapped[str | None] = field(Text, _l("Verification finding"), long=True)
    verified_on: Mapped[date | None] = field(Date, _l("Verified on"))
    measure: Mapped[str | None] = field(Text, _l("Measure taken"), long=True)
    rectified_on: Mapped[date | None] = field(Date, _l("Put right on"))
    rectified_by_id: Mapped[int | None] = fk("core_user.id", _l("Put right by"))
    answer: Mapped[str | None] = field(Text, _l("What the client said"), long=True)
    content: Mapped[bool | None] = field(Boolean, _l("Content now"))
    called_back_on: Mapped[date | None] = field(Date, _l("Called back on"))
    rating: Mapped[ServiceRating] = relationship(foreign_keys="ReviewTask.rating_id")
    case: Mapped[ServiceCase] = relationship(foreign_keys="ReviewTask.case_id")
    owner: Mapped[Any] = relationship("UserProfile", foreign_keys="ReviewTask.owner_id")

    def __str__(self) -> str:
        return str(self.case)


class QualityCheck(ParkScoped, Record):
    """The hall's own look at a case: never the client's rating, never by who handled the case."""

    __tablename__ = "services_quality_check"
    __table_args__ = (
        UniqueConstraint("case_id", "checker_id"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score"),
    )
    case_id: Mapped[int] = fk("services_case.id", _l("Hall case"), index=False)
    checker_id: Mapped[int] = fk("core_user.id", _l("Checked by"))
    checked_on: Mapped[date] = field(Date, _l("Checked on"))
    score: Mapped[int] = field(SmallInteger, _l("Score of 100"))
    materials_right: Mapped[bool] = field(Boolean, _l("Materials asked for rightly"), default=True, server_default="true")
    told_once: Mapped[bool] = field(Boolean, _l("Told everything at once"), default=True, server_default="true")
    limits_kept: Mapped[bool] = field(Boolean, _l("Limits kept"), default=True, server_default="true")
    file_complete: Mapped[bool] = field(Boolean, _l("File complete"), default=True, server_default="true")
    findings: Mapped[str | None] = field(Text, _l("Check findings"), long=True)
    case: Mapped[ServiceCase] = relationship(foreign_keys="QualityCheck.case_id")
    checker: Mapped[Any] = relationship("UserProfile", foreign_keys="QualityCheck.checker_id")

    def __str__(self) -> str:
        return f"{self.checked_on}: {self.score}"
