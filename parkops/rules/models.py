"""Dated rules as rows: rule sets, their rules, dated parameters, people's assessments and stored decisions.

A threshold of a regulation is never a constant: it is a row with its document number (文号), article and provenance.
Validity is half-open `[effective_from, effective_to)`; two rule sets of one family never hold on one day (exclusion)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, relationship

from ..db.append_only import protect
from ..db.base import Record, field, fk
from ..db.park_optional import ParkOptional
from ..db.types import Choices, EnumText, Json, UTCDateTime
from ..i18n import _l, i18n_text

PROVENANCE = Choices(
    "provenance", ("S", _l("Primary text"), "green"), ("S2", _l("Secondary source"), "blue"),
    ("D", _l("Park rule or system assumption"), "amber"), ("R", _l("Unverified"), "red"))
COMBINE = Choices("combine", ("all", _l("All must be met")), ("any", _l("Any one is enough")))
OPS = Choices(
    "rule_op", ("eq", "="), ("ne", "≠"), ("gt", ">"), ("gte", "≥"), ("lt", "<"), ("lte", "≤"), ("in", _l("one of")),
    ("contains_any", _l("contains one of")), ("exists", _l("exists")), ("manual", _l("assessed by a person")))
VERDICTS = Choices(
    "verdict", ("pass", _l("Met"), "green"), ("fail", _l("Not met"), "red"), ("unknown", _l("Cannot say"), "amber"))


def same_text(column: str) -> Any:
    """Equality of a text column for an exclusion constraint on a server without contrib: a one-point range of its hash."""
    return text(f"int8range(hashtextextended({column}, 0), hashtextextended({column}, 0), '[]')")


DURING = text("daterange(effective_from, effective_to, '[)')")


class RuleSet(Record):
    """A set of rules of one document (`GRAD-2025`), valid for a time; `family` (`GRAD`) is what callers ask for by date."""

    __tablename__ = "core_rule_set"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="dates"),
        ExcludeConstraint((same_text("family"), "&&"), (DURING, "&&"), name="ex_core_rule_set_family", using="gist",
                          where=text("enabled AND family IS NOT NULL")),
    )
    key: Mapped[str] = field(String(60), _l("Rule set"), fmt="code")
    family: Mapped[str | None] = field(String(60), _l("Family"), index=True)
    subject: Mapped[str] = field(String(80), _l("Applies to"))
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    doc_no: Mapped[str | None] = field(String(200), _l("Document number"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    effective_from: Mapped[date] = field(Date, _l("Valid from"))
    effective_to: Mapped[date | None] = field(Date, _l("Valid until (exclusive)"))
    combine: Mapped[str] = field(EnumText(COMBINE), _l("Combination"))
    note: Mapped[str | None] = field(Text, _l("Note"))
    enabled: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    revision: Mapped[int] = field(Integer, _l("Revision"), default=1, server_default="1")
    content_hash: Mapped[str] = field(String(64), _l("Content hash"), default="", server_default="")
    rules: Mapped[list[Rule]] = relationship(
        back_populates="rule_set", order_by="Rule.position", cascade="all, delete-orphan", lazy="selectin")

    def __str__(self) -> str:
        return f"{self.key} {i18n_text(self, 'title')}"


class Rule(Record):
    """One condition: `fact op value unit`, with its article and sentence. Rules of one `any_of` group: one is enough."""

    __tablename__ = "core_rule"
    __table_args__ = (UniqueConstraint("rule_set_id", "code"),)
    rule_set_id: Mapped[int] = fk("core_rule_set.id", _l("Rule set"), ondelete="CASCADE")
    position: Mapped[int] = field(Integer, _l("Order"))
    code: Mapped[str] = field(String(60), _l("Rule"), fmt="code")
    article: Mapped[str | None] = field(String(120), _l("Article"))
    fact: Mapped[str] = field(String(120), _l("Fact"))
    op: Mapped[str] = field(EnumText(OPS), _l("Operator"))
    value: Mapped[Any] = field(Json, _l("Threshold"), nullable=True)
    unit: Mapped[str | None] = field(String(40), _l("Unit"))
    sentence: Mapped[str] = field(Text, _l("Sentence"))
    sentence_en: Mapped[str | None] = field(Text, _l("English sentence"))
    collect: Mapped[str | None] = field(Text, _l("What to collect"))
    collect_en: Mapped[str | None] = field(Text, _l("What to collect (English)"))
    any_of: Mapped[str | None] = field(String(60), _l("Group (any of)"))
    requires: Mapped[list | None] = field(Json, _l("Facts it depends on"))
    rule_set: Mapped[RuleSet] = relationship(back_populates="rules")

    def __str__(self) -> str:
        return f"{self.code} {i18n_text(self, 'sentence')}"


class Parameter(Record):
    """A single dated value from a document (a rate, a limit, a number of months). Numbers are kept as text, exactly."""

    __tablename__ = "core_parameter"
    __table_args__ = (
        UniqueConstraint("code", "effective_from"),
        CheckConstraint("effective_to IS NULL OR effective_to > effective_from", name="dates"),
        ExcludeConstraint((same_text("code"), "&&"), (DURING, "&&"), name="ex_core_parameter_code", using="gist"),
    )
    code: Mapped[str] = field(String(80), _l("Parameter"), fmt="code")
    title: Mapped[str] = field(String(200), _l("Title"))
    title_en: Mapped[str | None] = field(String(200), _l("English title"))
    value: Mapped[Any] = field(Json, _l("Value"))
    unit: Mapped[str | None] = field(String(40), _l("Unit"))
    effective_from: Mapped[date] = field(Date, _l("Valid from"))
    effective_to: Mapped[date | None] = field(Date, _l("Valid until (exclusive)"))
    doc_no: Mapped[str | None] = field(String(200), _l("Document number"))
    provenance: Mapped[str] = field(EnumText(PROVENANCE), _l("Provenance"))
    note: Mapped[str | None] = field(Text, _l("Note"))

    def __str__(self) -> str:
        return self.title if self.value is None else f"{self.title} {self.value} {self.unit or ''}".strip()


class Assessment(ParkOptional, Record):
    """What a person found about a fact no record can prove (a site visit, an expert opinion), dated; the latest holds."""

    __tablename__ = "core_assessment"
    __table_args__ = (Index("ix_core_assessment_record", "resource", "record_id", "fact", "on_date"),)
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    fact: Mapped[str] = field(String(120), _l("Fact"))
    value: Mapped[Any] = field(Json, _l("Value"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    note: Mapped[str] = field(Text, _l("Grounds"))
    user_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))

    def __str__(self) -> str:
        return f"{self.fact} {self.on_date}"


class Decision(ParkOptional, Record):
    """A verdict kept with its facts and text: what was known, which rules held, what followed. Never recomputed in place."""

    __tablename__ = "core_decision"
    __table_args__ = (Index("ix_core_decision_record", "resource", "record_id", "id"),
                      Index("ix_core_decision_rule_set", "rule_set_key", "id"))
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int] = field(BigInteger, _l("Record"))
    subject_resource: Mapped[str] = field(String(80), _l("Subject's kind"))
    subject_id: Mapped[int] = field(BigInteger, _l("Subject"))
    rule_set_key: Mapped[str] = field(String(60), _l("Rule set"), fmt="code")
    rule_set_revision: Mapped[int] = field(Integer, _l("Revision"))
    combine: Mapped[str] = field(EnumText(COMBINE), _l("Combination"))
    on_date: Mapped[date] = field(Date, _l("Date"))
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Verdict"))
    lines: Mapped[list] = field(Json, _l("Lines"))
    facts: Mapped[dict] = field(Json, _l("Facts"))
    user_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))
    decided_at: Mapped[datetime] = field(UTCDateTime, _l("Time"))

    def __str__(self) -> str:
        return f"{self.rule_set_key} {VERDICTS.label(self.verdict)}"


protect(Assessment)
protect(Decision)
