"""Graduation: the case with its evidence, and the candidates of a month."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Json
from parkops.i18n import _l
from parkops.security.models import UserProfile

from ..states import GRADUATION_CASE
from .firm import Firm

VERDICTS = Choices(
    "tenants.verdict",
    ("pass", _l("Met"), "green"),
    ("fail", _l("Not met"), "grey"),
    ("unknown", _l("Cannot say"), "amber"),
)


class GraduationCase(ParkScoped, Record):
    """The examination of one firm under the rule set in force on `tested_on`."""

    __tablename__ = "tenants_graduation_case"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_tenants_graduation_case_park_id_firm_id_open", "park_id", "firm_id", unique=True,
              postgresql_where="state IN ('proposed', 'evidence', 'approved')"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(GRADUATION_CASE.choices), _l("State"), default="proposed", server_default="proposed")
    tested_on: Mapped[date] = field(Date, _l("Tested as of"), help=_l("Chooses the rule set"))
    rule_set: Mapped[str] = field(String(40), _l("Rule set"), fmt="code")
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Result"))
    criteria: Mapped[str | None] = field(String(120), _l("Criteria met"), fmt="code")
    decision_id: Mapped[int | None] = field(BigInteger, _l("Stored rule result"))
    proposed_by_id: Mapped[int | None] = fk("core_user.id", _l("Proposed by"))
    approved_by_id: Mapped[int | None] = fk("core_user.id", _l("Approved by"))
    graduated_on: Mapped[date | None] = field(Date, _l("Graduated on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="GraduationCase.firm_id")
    proposed_by: Mapped[UserProfile | None] = relationship(foreign_keys="GraduationCase.proposed_by_id")
    approved_by: Mapped[UserProfile | None] = relationship(foreign_keys="GraduationCase.approved_by_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return f"{self.number} {self.firm.name}"


EVIDENCE_KINDS = Choices(
    "tenants.evidence_kind",
    ("certificate", _l("Certificate of recognition")),
    ("capital_record", _l("Record of the capital paid in")),
    ("statements", _l("Annual statements")),
    ("announcement", _l("Announcement of the exit")),
    ("other", _l("Other")),
)


class GraduationEvidence(ParkScoped, Record):
    """A proof for one criterion: a file, or the record behind the fact."""

    __tablename__ = "tenants_graduation_evidence"
    __table_args__ = (
        CheckConstraint("attachment_id IS NOT NULL OR record_id IS NOT NULL", name="proof"),
        CheckConstraint("(resource IS NULL) = (record_id IS NULL)", name="record"),
        Index("ix_tenants_graduation_evidence_park_id_case_id", "park_id", "case_id"),
    )
    case_id: Mapped[int] = fk("tenants_graduation_case.id", _l("Case"), ondelete="CASCADE")
    criterion: Mapped[str] = field(String(40), _l("Criterion"), fmt="code")
    kind: Mapped[str] = field(EnumText(EVIDENCE_KINDS), _l("Kind of evidence"))
    attachment_id: Mapped[int | None] = field(BigInteger, _l("File"))
    resource: Mapped[str | None] = field(String(80), _l("Kind of record"))
    record_id: Mapped[int | None] = field(BigInteger, _l("Record"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    case: Mapped[GraduationCase] = relationship(foreign_keys="GraduationEvidence.case_id")

    def __str__(self) -> str:
        return f"{self.criterion} {EVIDENCE_KINDS.label(self.kind)}"


class GraduationCandidate(ParkScoped, Record):
    """How a firm in incubation stood at the end of a month: verdict, criteria met, criteria that cannot be judged."""

    __tablename__ = "tenants_graduation_candidate"
    __table_args__ = (
        UniqueConstraint("park_id", "month", "firm_id"),
        Index("ix_tenants_graduation_candidate_park_id_month_verdict", "park_id", "month", "verdict"),
    )
    month: Mapped[date] = field(Date, _l("Month"), fmt="month")
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), ondelete="CASCADE")
    tested_on: Mapped[date] = field(Date, _l("Tested as of"))
    rule_set: Mapped[str] = field(String(40), _l("Rule set"), fmt="code")
    verdict: Mapped[str] = field(EnumText(VERDICTS), _l("Result"))
    met: Mapped[str | None] = field(String(120), _l("Criteria met"), fmt="code")
    unknown: Mapped[str | None] = field(String(120), _l("Criteria that cannot be judged"), fmt="code")
    unknown_count: Mapped[int] = field(Integer, _l("Open criteria"), default=0, server_default="0")
    lines: Mapped[list[Any]] = field(Json, _l("Lines"))
    firm: Mapped[Firm] = relationship(foreign_keys="GraduationCandidate.firm_id")

    def __str__(self) -> str:
        return f"{self.firm.name} {self.month:%Y-%m}"
