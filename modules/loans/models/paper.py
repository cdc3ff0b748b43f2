"""Documents of a case and the clock of its stages."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from ..states import LOAN, PARTIES
from .case import LoanCase
from .scheme import LoanPaperKind

PAPER_STATES = Choices(
    "loans.paper_state",
    ("missing", _l("Missing"), "amber"), ("received", _l("Received"), "green"), ("waived", _l("Not needed"), "grey"),
)


class LoanPaper(ParkScoped, Record):
    """A document of the scheme's list in one case. It counts until `expires_on` (included)."""

    __tablename__ = "loans_paper"
    __table_args__ = (
        UniqueConstraint("case_id", "kind_id"),
        CheckConstraint("state <> 'received' OR received_on IS NOT NULL", name="received_on"),
        CheckConstraint("state <> 'waived' OR note IS NOT NULL", name="waived"),
        CheckConstraint("expires_on IS NULL OR issued_on IS NULL OR expires_on >= issued_on", name="expires_on"),
        Index("ix_loans_paper_expires_on", "park_id", "expires_on"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), ondelete="CASCADE", index=False)
    kind_id: Mapped[int] = fk("loans_paper_kind.id", _l("Document"))
    state: Mapped[str] = field(EnumText(PAPER_STATES), _l("State"), default="missing", server_default="missing")
    received_on: Mapped[date | None] = field(Date, _l("Received on"))
    issued_on: Mapped[date | None] = field(Date, _l("Date of issue"))
    expires_on: Mapped[date | None] = field(Date, _l("Valid until"))
    attachment_id: Mapped[int | None] = field(BigInteger, _l("File"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanPaper.case_id")
    kind: Mapped[LoanPaperKind] = relationship(foreign_keys="LoanPaper.kind_id")

    def __str__(self) -> str:
        return str(self.kind)


class LoanStage(ParkScoped, Record):
    """Days of a case in one stage with one party: the clock of that party runs from `from_on` to `to_on` (exclusive; empty = now)."""

    __tablename__ = "loans_stage"
    __table_args__ = (
        CheckConstraint("to_on IS NULL OR to_on >= from_on", name="order"),
        CheckConstraint("(to_on IS NULL) = (days IS NULL)", name="days"),
        Index("uq_loans_stage_open", "case_id", unique=True, postgresql_where="to_on IS NULL"),
        ExcludeConstraint((text("int8range(case_id, case_id, '[]')"), "&&"), (text("daterange(from_on, to_on, '[)')"), "&&"),
                          name="ex_loans_stage_days", using="gist"),
        Index("ix_loans_stage_case_id", "case_id", "id"),
    )
    case_id: Mapped[int] = fk("loans_case.id", _l("Loan case"), ondelete="CASCADE", index=False)
    stage: Mapped[str] = field(EnumText(LOAN.choices), _l("Stage of the case"))
    party: Mapped[str] = field(EnumText(PARTIES), _l("Whose turn"))
    promised: Mapped[int | None] = field(SmallInteger, _l("Promised working days"))
    from_on: Mapped[date] = field(Date, _l("Since"))
    to_on: Mapped[date | None] = field(Date, _l("Until"))
    days: Mapped[int | None] = field(Integer, _l("Working days"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    case: Mapped[LoanCase] = relationship(foreign_keys="LoanStage.case_id")

    def __str__(self) -> str:
        return f"{LOAN.choices.label(self.stage)} · {PARTIES.label(self.party)}"
