"""Statutory forms as data: editions of field maps with their cross-checks. An edition in use is never edited (trigger).

A field names the figure it shows (`source`, see services/form_sources.py), its unit and its place on the printed sheet (`cell`)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l, i18n_text
from parkops.rules.models import PROVENANCE

from ..states_forms import FORM

FORM_SUBJECTS = Choices("ratings.form_subject", ("carrier", _l("One per carrier")), ("firm", _l("One per firm")))
FORM_GRAINS = Choices("ratings.form_grain", ("year", _l("Every year")), ("quarter", _l("Every quarter")))
FORM_UNITS = Choices(
    "ratings.form_unit",
    ("thousand", _l("Thousand yuan")),
    ("wan", _l("Ten thousand yuan")),
    ("yuan", _l("Yuan")),
    ("sqm", _l("m²")),
    ("persons", _l("Persons")),
    ("count", _l("Count (number)")),
    ("percent", _l("Percent")),
    ("text", _l("Text")),
    ("date", _l("Date")),
    ("yesno", _l("Yes or no")),
)
MONEY_UNITS = {"thousand": 1000, "wan": 10_000, "yuan": 1}
CHECK_OPS = Choices("ratings.form_check_op", ("eq", _l("equals")), ("lte", _l("is at most")), ("iff", _l("exactly when filled")))


class StatForm(ParkScoped, Record):
    """One edition of a form. Due `due_days` after the period's last day; a figure that moves by more than `jump_percent` needs a reason."""

    __tablename__ = "ratings_form"
    __table_args__ = (
        UniqueConstraint("park_id", "key", "edition"),
        Index("uq_ratings_form_active", "park_id", "key", unique=True, postgresql_where=text("state = 'active'")),
        CheckConstraint("edition > 0", name="edition"),
        CheckConstraint("due_days BETWEEN 0 AND 400", name="due_days"),
        CheckConstraint("jump_percent BETWEEN 1 AND 10000", name="jump"),
        CheckConstraint("state = 'draft' OR active_from IS NOT NULL", name="active_from"),
    )
    key: Mapped[str] = field(String(60), _l("Statutory form"), fmt="code")
    edition: Mapped[int] = field(SmallInteger, _l("Edition"), default=1, server_default="1")
    version_name: Mapped[str] = field(
        String(60), _l("Year of the form"), fmt="code", help=_l("The version the authority published, such as 2017-enterprise")
    )
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    subject: Mapped[str] = field(EnumText(FORM_SUBJECTS), _l("Filled in for"))
    carrier_types: Mapped[str | None] = field(
        String(80), _l("Types of carriers"), help=_l("Codes with commas, such as incubator; empty: all of them")
    )
    counts_as_statistics: Mapped[bool] = field(
        Boolean,
        _l("Counts as statistics filed"),
        default=False,
        server_default="false",
        help=_l("Filing it for a year is the yearly statistics recognition asks for; applications are not"),
    )
    grain: Mapped[str] = field(EnumText(FORM_GRAINS), _l("How often"), default="year", server_default="year")
    due_days: Mapped[int] = field(
        SmallInteger, _l("Days until it is due"), default=46, server_default="46", help=_l("After the period's last day; 46 is 15 February")
    )
    jump_percent: Mapped[int] = field(Integer, _l("Jump that needs a reason (%)"), default=50, server_default="50")
    doc_no: Mapped[str | None] = field(String(200), _l("Document number"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    state: Mapped[str] = field(EnumText(FORM.choices), _l("State"), default="draft", server_default="draft")
    active_from: Mapped[date | None] = field(Date, _l("In use from"))
    retired_on: Mapped[date | None] = field(Date, _l("Replaced on"))

    __search__ = ("key", "title")

    @property
    def label(self) -> str:
        return i18n_text(self, "title")

    def __str__(self) -> str:
        return f"{self.label} v{self.edition}"


class FormField(ParkScoped, Record):
    """One item of the form. Without a `source` the system cannot count it: it is entered with a reason, or stays unreported."""

    __tablename__ = "ratings_form_field"
    __table_args__ = (UniqueConstraint("form_id", "code"), CheckConstraint("cell ~ '^[A-Z]{1,2}[1-9][0-9]{0,3}$'", name="cell"))
    form_id: Mapped[int] = fk("ratings_form.id", _l("Statutory form"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    section: Mapped[str | None] = field(String(120), _l("Part of the form"))
    section_en: Mapped[str | None] = field(String(120), _l("English name of the part"))
    caption: Mapped[str] = field(String(200), _l("Caption"))
    caption_en: Mapped[str | None] = field(String(200), _l("English caption"))
    unit: Mapped[str] = field(EnumText(FORM_UNITS), _l("Unit"))
    source: Mapped[str | None] = field(
        String(80), _l("Figure it shows"), fmt="code", help=_l("A name of the list of figures; empty: entered by hand")
    )
    required: Mapped[bool] = field(Boolean, _l("Required item"), default=True, server_default="true")
    watched: Mapped[bool] = field(Boolean, _l("Compared with the last period"), default=False, server_default="false")
    cell: Mapped[str | None] = field(String(8), _l("Cell on the sheet"), fmt="code", help=_l("Where the value stands, such as D7"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    provenance: Mapped[str | None] = field(EnumText(PROVENANCE), _l("Provenance"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    form: Mapped[StatForm] = relationship(foreign_keys="FormField.form_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "caption")

    @property
    def part(self) -> str:
        """The part of the form it stands in."""
        return i18n_text(self, "section")

    def __str__(self) -> str:
        return f"{self.code} {self.label}"


class FormCheck(ParkScoped, Record):
    """A cross-check of one form: codes with + and − on both sides; an `eq` with one code on the right is also how a total is rounded."""

    __tablename__ = "ratings_form_check"
    __table_args__ = (UniqueConstraint("form_id", "code"),)
    form_id: Mapped[int] = fk("ratings_form.id", _l("Statutory form"), ondelete="CASCADE", index=False)
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    left_side: Mapped[str] = field(String(300), _l("Left side"), fmt="code", help=_l("Codes of the form with + and -, such as A1+A2-A3"))
    op: Mapped[str] = field(EnumText(CHECK_OPS), _l("Condition"), default="eq", server_default="eq")
    right_side: Mapped[str] = field(String(300), _l("Right side"), fmt="code")
    sentence: Mapped[str] = field(String(200), _l("What must hold"))
    sentence_en: Mapped[str | None] = field(String(200), _l("What must hold (English)"))
    provenance: Mapped[str | None] = field(EnumText(PROVENANCE), _l("Provenance"))
    position: Mapped[int] = field(Integer, _l("Place in the list"), default=50, server_default="50")
    form: Mapped[StatForm] = relationship(foreign_keys="FormCheck.form_id")

    @property
    def label(self) -> str:
        return i18n_text(self, "sentence")

    def __str__(self) -> str:
        return self.code


GUARD = """
CREATE OR REPLACE FUNCTION ratings_form_edition_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE mine bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.form_id ELSE NEW.form_id END;
        before bigint := CASE WHEN TG_OP = 'INSERT' THEN NULL ELSE OLD.form_id END;
BEGIN
  IF EXISTS (SELECT 1 FROM ratings_form WHERE id IN (mine, before) AND state <> 'draft') THEN
    RAISE EXCEPTION 'an edition in use is not edited; make a new edition' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""
for _model in (FormField, FormCheck):
    _name: Any = _model.__tablename__
    after_create(
        _model.__table__,
        f"{GUARD};\nCREATE TRIGGER {_name}_edition BEFORE INSERT OR UPDATE OR DELETE ON {_name} FOR EACH ROW"
        " EXECUTE FUNCTION ratings_form_edition_guard()",
        f"DROP TRIGGER IF EXISTS {_name}_edition ON {_name}",
    )
