"""Composite indices: definition, dimensions, indicators and the values of the years."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Boolean, CheckConstraint, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Rate, UnitPrice
from parkops.i18n import _l, i18n_text
from parkops.rules.models import PROVENANCE

METHODS = Choices("ratings.index_method", ("base_year", _l("Ratio to the base year")), ("min_max", _l("Range from least to most")))
MISSING = Choices(
    "ratings.index_missing",
    ("refuse", _l("No index without it")),
    ("reweight", _l("The rest is weighted anew")),
    ("carry", _l("The last known value counts")),
)


class CompositeIndex(ParkScoped, Record):
    """One index. Weights left empty are equal weights."""

    __tablename__ = "ratings_index"
    __table_args__ = (UniqueConstraint("park_id", "key"), CheckConstraint("base_year BETWEEN 1990 AND 2200", name="base_year"))
    key: Mapped[str] = field(String(60), _l("Index key"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    base_year: Mapped[int] = field(SmallInteger, _l("Base year"), fmt="code")
    method: Mapped[str] = field(EnumText(METHODS), _l("Method of the index"), default="base_year", server_default="base_year")
    missing: Mapped[str] = field(EnumText(MISSING), _l("When a value is missing"), default="refuse", server_default="refuse")
    doc_no: Mapped[str | None] = field(String(200), _l("Document number"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("key", "title")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class IndexDimension(ParkScoped, Record):
    """A dimension of an index."""

    __tablename__ = "ratings_index_dimension"
    __table_args__ = (UniqueConstraint("index_id", "code"), CheckConstraint("weight IS NULL OR weight >= 0", name="weight"))
    index_id: Mapped[int] = fk("ratings_index.id", _l("Composite index"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(160), _l("Title"))
    title_en: Mapped[str | None] = field(String(160), _l("English title"))
    weight: Mapped[Decimal | None] = field(Rate, _l("Weight"), help=_l("Empty for all: equal weights"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    index: Mapped[CompositeIndex] = relationship(foreign_keys="IndexDimension.index_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class IndexIndicator(ParkScoped, Record):
    """An indicator of a dimension."""

    __tablename__ = "ratings_index_indicator"
    __table_args__ = (UniqueConstraint("dimension_id", "code"), CheckConstraint("weight IS NULL OR weight >= 0", name="weight"))
    dimension_id: Mapped[int] = fk("ratings_index_dimension.id", _l("Dimension of the index"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    unit: Mapped[str | None] = field(String(40), _l("Unit"))
    weight: Mapped[Decimal | None] = field(Rate, _l("Weight"), help=_l("Empty for all: equal weights"))
    positive: Mapped[bool] = field(Boolean, _l("More is better"), default=True, server_default="true")
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    dimension: Mapped[IndexDimension] = relationship(foreign_keys="IndexIndicator.dimension_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return self.label


class IndexFigure(ParkScoped, Record):
    """The value of an indicator in a year, with its source."""

    __tablename__ = "ratings_index_value"
    __table_args__ = (UniqueConstraint("indicator_id", "year"), CheckConstraint("year BETWEEN 1990 AND 2200", name="year"))
    indicator_id: Mapped[int] = fk("ratings_index_indicator.id", _l("Indicator of the index"), index=False)
    year: Mapped[int] = field(SmallInteger, _l("Year"), fmt="code")
    value: Mapped[Decimal] = field(UnitPrice, _l("Value"))
    source: Mapped[str] = field(String(200), _l("Source"))
    indicator: Mapped[IndexIndicator] = relationship(foreign_keys="IndexFigure.indicator_id")

    def __str__(self) -> str:
        return f"{self.year}"
