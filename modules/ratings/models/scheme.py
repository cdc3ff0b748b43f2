"""Rating schemes as data: editions of dimensions, indicators and grade bands. An edition in use is never edited (trigger)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Json, Rate, UnitPrice
from parkops.i18n import _l, i18n_text
from parkops.rules.models import PROVENANCE

from ..states import SCHEME

SUBJECTS = Choices(
    "ratings.scheme_subject",
    ("incubator", _l("Incubators")),
    ("makerspace", _l("Makerspaces")),
    ("accelerator", _l("Accelerators")),
    ("instrument", _l("Instruments")),
)
INDICATOR_KINDS = Choices(
    "ratings.indicator_kind",
    ("absolute", _l("Absolute figure")),
    ("ratio", _l("Share or average")),
    ("expert", _l("Judged by experts"), "violet"),
    ("bonus", _l("Bonus indicator"), "green"),
    ("veto", _l("Veto"), "red"),
)
OUTLIERS = Choices(
    "ratings.outlier",
    ("none", _l("Every expert counts")),
    ("extremes", _l("Without the highest and the lowest")),
    ("median", _l("Without points far from the median")),
)


class RatingScheme(ParkScoped, Record):
    """One edition of a scheme. `full_mark` is the sum of the dimensions; `bonus_most` caps the bonus."""

    __tablename__ = "ratings_scheme"
    __table_args__ = (
        UniqueConstraint("park_id", "key", "edition"),
        CheckConstraint("edition > 0", name="edition"),
        Index("uq_ratings_scheme_active", "park_id", "key", unique=True, postgresql_where=text("state = 'active'")),
        CheckConstraint("full_mark > 0", name="full_mark"),
        CheckConstraint("bonus_most IS NULL OR bonus_most >= 0", name="bonus_most"),
        CheckConstraint("state = 'draft' OR active_from IS NOT NULL", name="active_from"),
    )
    key: Mapped[str] = field(String(60), _l("Rating scheme"), fmt="code")
    edition: Mapped[int] = field(SmallInteger, _l("Edition"), default=1, server_default="1")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    subject: Mapped[str] = field(EnumText(SUBJECTS), _l("What it rates"))
    doc_no: Mapped[str | None] = field(String(200), _l("Document number"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    full_mark: Mapped[Decimal] = field(UnitPrice, _l("Full mark"), default=Decimal(100), server_default="1000000")
    bonus_most: Mapped[Decimal | None] = field(UnitPrice, _l("Most bonus"))
    state: Mapped[str] = field(EnumText(SCHEME.choices), _l("State"), default="draft", server_default="draft")
    active_from: Mapped[date | None] = field(Date, _l("In use from"))
    retired_on: Mapped[date | None] = field(Date, _l("Replaced on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("key", "title")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return f"{self.label} v{self.edition}"


class RatingDimension(ParkScoped, Record):
    """A first-level dimension. A weight left empty is to be entered before the edition is used."""

    __tablename__ = "ratings_dimension"
    __table_args__ = (UniqueConstraint("scheme_id", "code"), CheckConstraint("weight IS NULL OR weight >= 0", name="weight"))
    scheme_id: Mapped[int] = fk("ratings_scheme.id", _l("Rating scheme"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(160), _l("Title"))
    title_en: Mapped[str | None] = field(String(160), _l("English title"))
    weight: Mapped[Decimal | None] = field(UnitPrice, _l("Weight"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    scheme: Mapped[RatingScheme] = relationship(foreign_keys="RatingDimension.scheme_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class RatingIndicator(ParkScoped, Record):
    """A second-level indicator: the figure it reads (`fact`) and how it scores (`rule`, see calc_scoring.py)."""

    __tablename__ = "ratings_indicator"
    __table_args__ = (UniqueConstraint("scheme_id", "code"), CheckConstraint("most IS NULL OR most >= 0", name="most"))
    scheme_id: Mapped[int] = fk("ratings_scheme.id", _l("Rating scheme"), ondelete="CASCADE", index=False)
    dimension_id: Mapped[int | None] = fk("ratings_dimension.id", _l("Dimension"), ondelete="CASCADE")
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    kind: Mapped[str] = field(EnumText(INDICATOR_KINDS), _l("Kind"))
    fact: Mapped[str | None] = field(String(80), _l("Figure"), fmt="code", help=_l("Name of the figure it reads; empty for experts"))
    most: Mapped[Decimal | None] = field(UnitPrice, _l("Most points"))
    rule: Mapped[dict[str, Any]] = field(Json, _l("Scoring function"))
    article: Mapped[str | None] = field(String(120), _l("Clause"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    scheme: Mapped[RatingScheme] = relationship(foreign_keys="RatingIndicator.scheme_id")
    dimension: Mapped[RatingDimension | None] = relationship(foreign_keys="RatingIndicator.dimension_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


class RatingBand(ParkScoped, Record):
    """A grade: from this score on and, where given, within this share of the ranks."""

    __tablename__ = "ratings_band"
    __table_args__ = (
        UniqueConstraint("scheme_id", "grade"),
        CheckConstraint("rank_share IS NULL OR rank_share > 0 AND rank_share <= 100000000", name="rank_share"),
    )
    scheme_id: Mapped[int] = fk("ratings_scheme.id", _l("Rating scheme"), ondelete="CASCADE", index=False)
    grade: Mapped[str] = field(String(40), _l("Grade"))
    grade_en: Mapped[str | None] = field(String(40), _l("English grade"))
    least: Mapped[Decimal] = field(UnitPrice, _l("Score from"))
    rank_share: Mapped[Decimal | None] = field(Rate, _l("Within the best"), help=_l("Share of the peers; empty: no rank asked"))
    scheme: Mapped[RatingScheme] = relationship(foreign_keys="RatingBand.scheme_id")

    def __str__(self) -> str:
        return self.grade


PARTS = (RatingDimension, RatingIndicator, RatingBand)
GUARD = """
CREATE OR REPLACE FUNCTION ratings_edition_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE mine bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.scheme_id ELSE NEW.scheme_id END;
        before bigint := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.scheme_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM ratings_scheme WHERE id IN (mine, before) AND state <> 'draft') THEN
    RAISE EXCEPTION 'an edition in use is not edited; make a new edition' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""
for _model in PARTS:
    _name = _model.__tablename__
    _up = (
        f"CREATE TRIGGER {_name}_edition BEFORE INSERT OR UPDATE OR DELETE ON {_name} FOR EACH ROW EXECUTE FUNCTION ratings_edition_guard()"
    )
    after_create(_model.__table__, f"{GUARD};\n{_up}", f"DROP TRIGGER IF EXISTS {_name}_edition ON {_name}")
