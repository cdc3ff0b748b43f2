"""Score sheets of carriers, their lines, rounds of experts and what each expert gave. A signed sheet is never changed (trigger)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Json, Rate, UnitPrice, UTCDateTime
from parkops.i18n import _l

from ..states import SCORE
from ..words import Words
from .scheme import OUTLIERS, RatingIndicator, RatingScheme

ROUND_STATES = Choices("ratings.round_state", ("open", _l("Round open"), "violet"), ("closed", _l("Round closed"), "green"))


class RatingScore(ParkScoped, Record):
    """One carrier under one edition as of a day. `total` and `grade` are worked out; `exact` keeps every digit of the total."""

    __tablename__ = "ratings_score"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        CheckConstraint("place IS NULL OR (peers IS NOT NULL AND place BETWEEN 1 AND peers)", name="place"),
        CheckConstraint("state <> 'signed' OR (signed_by_id IS NOT NULL AND seal IS NOT NULL)", name="signed"),
        CheckConstraint("signed_by_id IS NULL OR signed_by_id IS DISTINCT FROM prepared_by_id", name="two_people"),
        CheckConstraint("signed_by_id IS NULL OR signed_by_id IS DISTINCT FROM changed_by_id", name="not_changer"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    scheme_id: Mapped[int] = fk("ratings_scheme.id", _l("Rating scheme"))
    year: Mapped[int] = field(SmallInteger, _l("Evaluation year"), fmt="code")
    on_date: Mapped[date] = field(Date, _l("As of"))
    state: Mapped[str] = field(EnumText(SCORE.choices), _l("State"), default="draft", server_default="draft")
    total: Mapped[Decimal] = field(UnitPrice, _l("Score"), default=Decimal(0), server_default="0")
    bonus: Mapped[Decimal] = field(UnitPrice, _l("Bonus points"), default=Decimal(0), server_default="0")
    exact: Mapped[str] = field(String(60), _l("Score with every digit"), fmt="code", default="0", server_default="0")
    open_lines: Mapped[int] = field(Integer, _l("Indicators that cannot be judged"), default=0, server_default="0")
    grade: Mapped[str | None] = field(String(40), _l("Own grade"))
    place: Mapped[int | None] = field(Integer, _l("Place among the peers"))
    peers: Mapped[int | None] = field(Integer, _l("Number of peers"))
    automatic: Mapped[bool] = field(Boolean, _l("Best grade by another decision"), default=False, server_default="false")
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Sheet prepared by"))
    changed_by_id: Mapped[int | None] = fk("core_user.id", _l("Sheet last changed by"))
    signed_by_id: Mapped[int | None] = fk("core_user.id", _l("Signed by"))
    signed_on: Mapped[date | None] = field(Date, _l("Sheet signed on"))
    seal: Mapped[str | None] = field(String(64), _l("Seal"), fmt="code", help=_l("SHA-256 of the signed sheet"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    carrier: Mapped[Carrier] = relationship(foreign_keys="RatingScore.carrier_id")
    scheme: Mapped[RatingScheme] = relationship(foreign_keys="RatingScore.scheme_id")
    prepared_by: Mapped[Any] = relationship("UserProfile", foreign_keys="RatingScore.prepared_by_id")
    changed_by: Mapped[Any] = relationship("UserProfile", foreign_keys="RatingScore.changed_by_id")
    signed_by: Mapped[Any] = relationship("UserProfile", foreign_keys="RatingScore.signed_by_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class ScoreLine(ParkScoped, Record):
    """One indicator of a sheet: the figure, the counts behind it, points and source. Empty points: cannot be judged."""

    __tablename__ = "ratings_score_line"
    __table_args__ = (UniqueConstraint("score_id", "indicator_id"),)
    score_id: Mapped[int] = fk("ratings_score.id", _l("Score sheet"), ondelete="CASCADE", index=False)
    indicator_id: Mapped[int] = fk("ratings_indicator.id", _l("Indicator"))
    value: Mapped[str | None] = field(String(60), _l("Value"))
    numerator: Mapped[str | None] = field(String(60), _l("Numerator"))
    denominator: Mapped[str | None] = field(String(60), _l("Denominator"))
    points: Mapped[str | None] = field(String(60), _l("Points given"))
    most: Mapped[Decimal] = field(UnitPrice, _l("Most points"))
    source: Mapped[str | None] = field(Words, _l("Source"))
    records: Mapped[list[Any]] = field(Json, _l("Records"))
    score: Mapped[RatingScore] = relationship(foreign_keys="ScoreLine.score_id")
    indicator: Mapped[RatingIndicator] = relationship(foreign_keys="ScoreLine.indicator_id")

    def __str__(self) -> str:
        return str(self.indicator)


class ExpertRound(ParkScoped, Record):
    """A round: how many experts it needs and how outliers are treated."""

    __tablename__ = "ratings_round"
    __table_args__ = (
        UniqueConstraint("score_id", "position"),
        CheckConstraint("needed BETWEEN 1 AND 15", name="needed"),
        CheckConstraint("tolerance >= 0", name="tolerance"),
    )
    score_id: Mapped[int] = fk("ratings_score.id", _l("Score sheet"), index=False)
    position: Mapped[int] = field(SmallInteger, _l("Round"))
    needed: Mapped[int] = field(SmallInteger, _l("Experts needed"))
    outlier: Mapped[str] = field(EnumText(OUTLIERS), _l("Rule for outliers"))
    tolerance: Mapped[Decimal] = field(UnitPrice, _l("Tolerated distance from the median"), default=Decimal(5), server_default="50000")
    state: Mapped[str] = field(EnumText(ROUND_STATES), _l("State"), default="open", server_default="open")
    score: Mapped[RatingScore] = relationship(foreign_keys="ExpertRound.score_id")

    def __str__(self) -> str:
        return f"{self.score.number}-{self.position}"


class ExpertSheet(ParkScoped, Record):
    """What one expert gave in a round; once signed it stays."""

    __tablename__ = "ratings_expert_sheet"
    __table_args__ = (UniqueConstraint("round_id", "user_id"),)
    round_id: Mapped[int] = fk("ratings_round.id", _l("Round of experts"), index=False)
    user_id: Mapped[int] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Expert"))
    points: Mapped[dict[str, Any]] = field(Json, _l("Points given"))
    remark: Mapped[str | None] = field(Text, _l("Remark"), long=True)
    signed_at: Mapped[datetime] = field(UTCDateTime, _l("Signed at"))
    left_out: Mapped[list[Any] | None] = field(Json, _l("Left out as outlier"))
    share: Mapped[Decimal | None] = field(Rate, _l("Share of the full mark"))
    round: Mapped[ExpertRound] = relationship(foreign_keys="ExpertSheet.round_id")

    def __str__(self) -> str:
        return self.user_name


GUARD = """
CREATE OR REPLACE FUNCTION ratings_signed_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'ratings_score' THEN
    IF OLD.state = 'signed' THEN
      RAISE EXCEPTION 'a signed score sheet is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP <> 'INSERT' AND EXISTS (SELECT 1 FROM ratings_score WHERE id = OLD.score_id AND state = 'signed')
     OR TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM ratings_score WHERE id = NEW.score_id AND state = 'signed') THEN
    RAISE EXCEPTION 'a signed score sheet is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""
for _model, _events in ((RatingScore, "UPDATE OR DELETE"), (ScoreLine, "INSERT OR UPDATE OR DELETE")):
    _name = _model.__tablename__
    after_create(
        _model.__table__,
        f"{GUARD};\nCREATE TRIGGER {_name}_signed BEFORE {_events} ON {_name} FOR EACH ROW EXECUTE FUNCTION ratings_signed_guard()",
        f"DROP TRIGGER IF EXISTS {_name}_signed ON {_name}",
    )
