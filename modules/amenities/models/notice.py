"""Notices to firms with their receipts, and satisfaction surveys."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import TRACKS
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_notice import NOTICE, SURVEY
from .facility import AmenityFacility

SCOPES = Choices(
    "amenities.notice_scope",
    ("all", _l("All firms in the park")),
    ("carrier", _l("Firms of a carrier")),
    ("track", _l("Firms of a track")),
    ("residents", _l("Employers of residents of an amenity")),
    ("cards", _l("Firms with meal cards")),
)
QUESTION_KINDS = Choices(
    "amenities.question_kind", ("score", _l("Stars, 1 to 5")), ("choice", _l("One of several")), ("text", _l("Free text"))
)


class ParkNotice(ParkScoped, Record):
    """A notice. `recipients` is the number when it was sent; until then it is counted anew whenever someone looks."""

    __tablename__ = "amenities_notice"
    __table_args__ = (
        CheckConstraint("(scope = 'carrier') = (carrier_id IS NOT NULL)", name="of_carrier"),
        CheckConstraint("(scope = 'track') = (track IS NOT NULL)", name="of_track"),
        CheckConstraint("scope <> 'residents' OR facility_id IS NOT NULL", name="facility"),
        CheckConstraint(
            "expires_on IS NULL OR publish_at IS NULL OR expires_on >= (publish_at AT TIME ZONE 'Asia/Shanghai')::date", name="dates"
        ),
        CheckConstraint("state NOT IN ('published', 'expired') OR (sent_at IS NOT NULL AND recipients IS NOT NULL)", name="sent"),
    )
    title: Mapped[str] = field(String(160), _l("Park notice"))
    body: Mapped[str] = field(Text, _l("Text"), long=True)
    scope: Mapped[str] = field(EnumText(SCOPES), _l("Sent to whom"), default="all", server_default="all")
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    facility_id: Mapped[int | None] = fk("amenities_facility.id", _l("Amenity"))
    publish_at: Mapped[datetime | None] = field(UTCDateTime, _l("Publish at"), help=_l("Empty: when somebody sends it"))
    expires_on: Mapped[date | None] = field(Date, _l("Valid until"))
    state: Mapped[str] = field(EnumText(NOTICE.choices), _l("State"), default="draft", server_default="draft")
    recipients: Mapped[int | None] = field(Integer, _l("Recipients"))
    sent_at: Mapped[datetime | None] = field(UTCDateTime, _l("Sent at"))
    sent_by: Mapped[str | None] = field(String(80), _l("Sent by"))
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="ParkNotice.carrier_id")
    facility: Mapped[AmenityFacility | None] = relationship(foreign_keys="ParkNotice.facility_id")

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title


class NoticeReceipt(ParkScoped, Record):
    """A firm a notice went to, and when somebody there read it."""

    __tablename__ = "amenities_notice_receipt"
    __audited__ = False
    __table_args__ = (UniqueConstraint("notice_id", "firm_id"),)
    notice_id: Mapped[int] = fk("amenities_notice.id", _l("Park notice"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    read_at: Mapped[datetime | None] = field(UTCDateTime, _l("Read at"))
    read_by: Mapped[str | None] = field(String(80), _l("Read by whom"))
    notice: Mapped[ParkNotice] = relationship(foreign_keys="NoticeReceipt.notice_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="NoticeReceipt.firm_id")

    def __str__(self) -> str:
        return str(self.firm_id)


class Survey(ParkScoped, Record):
    """A satisfaction survey about an amenity or the park as a whole."""

    __tablename__ = "amenities_survey"
    __table_args__ = (CheckConstraint("closes_on >= opens_on", name="dates"),)
    title: Mapped[str] = field(String(160), _l("Survey"))
    facility_id: Mapped[int | None] = fk("amenities_facility.id", _l("About"))
    opens_on: Mapped[date] = field(Date, _l("Opens on"))
    closes_on: Mapped[date] = field(Date, _l("Last day for answers"))
    state: Mapped[str] = field(EnumText(SURVEY.choices), _l("State"), default="draft", server_default="draft")
    facility: Mapped[AmenityFacility | None] = relationship(foreign_keys="Survey.facility_id")

    __search__ = ("title",)

    def __str__(self) -> str:
        return self.title


class SurveyQuestion(ParkScoped, Record):
    """A question. `choices`: one a line."""

    __tablename__ = "amenities_survey_question"
    __table_args__ = (CheckConstraint("kind <> 'choice' OR choices IS NOT NULL", name="choices"),)
    survey_id: Mapped[int] = fk("amenities_survey.id", _l("Survey"))
    position: Mapped[int] = field(SmallInteger, _l("Order in the list"), default=10, server_default="10")
    text: Mapped[str] = field(String(200), _l("Survey question"))
    kind: Mapped[str] = field(EnumText(QUESTION_KINDS), _l("Type of answer"), default="score", server_default="score")
    choices: Mapped[str | None] = field(Text, _l("Choices"), long=True, help=_l("One a line"))
    needed: Mapped[bool] = field(Boolean, _l("Must be answered"), default=True, server_default="true")
    survey: Mapped[Survey] = relationship(foreign_keys="SurveyQuestion.survey_id")

    def __str__(self) -> str:
        return self.text


class SurveySheet(ParkScoped, Record):
    """One person's answers, once. `respondent` is a fingerprint: nobody can read from it who answered."""

    __tablename__ = "amenities_survey_sheet"
    __table_args__ = (UniqueConstraint("survey_id", "respondent"),)
    survey_id: Mapped[int] = fk("amenities_survey.id", _l("Survey"), index=False)
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    respondent: Mapped[str] = field(String(64), _l("Respondent"), fmt="code")
    answered_at: Mapped[datetime] = field(UTCDateTime, _l("Answered at"))
    survey: Mapped[Survey] = relationship(foreign_keys="SurveySheet.survey_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="SurveySheet.firm_id")

    def __str__(self) -> str:
        return self.respondent[:8]


class SurveyAnswer(ParkScoped, Record):
    """An answer to one question."""

    __tablename__ = "amenities_survey_answer"
    __table_args__ = (
        UniqueConstraint("sheet_id", "question_id"),
        CheckConstraint("num_nonnulls(score, text) = 1", name="one"),
        CheckConstraint("score IS NULL OR score BETWEEN 1 AND 5", name="score"),
    )
    sheet_id: Mapped[int] = fk("amenities_survey_sheet.id", _l("Answers of a person"), index=False)
    question_id: Mapped[int] = fk("amenities_survey_question.id", _l("Survey question"))
    score: Mapped[int | None] = field(SmallInteger, _l("Stars"))
    text: Mapped[str | None] = field(Text, _l("Survey answer"), long=True)
    sheet: Mapped[SurveySheet] = relationship(foreign_keys="SurveyAnswer.sheet_id")
    question: Mapped[SurveyQuestion] = relationship(foreign_keys="SurveyAnswer.question_id")

    def __str__(self) -> str:
        return str(self.score or self.text)
