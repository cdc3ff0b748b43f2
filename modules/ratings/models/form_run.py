"""A filing of a statutory form: one carrier (or firm) and period with its cells, findings and signatures. Signed it is frozen (triggers).

A cell keeps what was computed in the smallest exact unit (yuan, m², people), what the form shows, the records behind it with their
amounts, and a corrected value with reason and person. An empty value is unreported, never zero."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.carrier import Carrier
from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.ddl import after_create
from parkops.db.types import Choices, EnumText, Json, UTCDateTime
from parkops.i18n import _l

from ..states_forms import FILING
from .filing import StatisticsFiling
from .form import FORM_GRAINS, FormField, StatForm

FINDINGS = Choices(
    "ratings.form_finding",
    ("check", _l("Cross-check fails"), "red"),
    ("open", _l("Required item is unreported"), "amber"),
    ("jump", _l("Moved more than the limit"), "amber"),
)
SIGNERS = Choices(
    "ratings.form_signer",
    ("preparer", _l("Preparer of the form")),
    ("statistician", _l("Person in charge of statistics")),
    ("head", _l("Head of the unit")),
)


class FormRun(ParkScoped, Record):
    """One form of one carrier (or firm) and period. `turn` counts how often it began its way of signatures."""

    __tablename__ = "ratings_form_run"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index(
            "uq_ratings_form_run_once",
            "park_id",
            "form_key",
            "carrier_id",
            "firm_id",
            "period_start",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("last_day >= period_start AND due_on >= last_day", name="period"),
        CheckConstraint("open_cells >= 0 AND open_findings >= 0", name="counts"),
        CheckConstraint("state NOT IN ('signed', 'filed') OR (seal IS NOT NULL AND frozen_on IS NOT NULL)", name="sealed"),
        CheckConstraint("state <> 'filed' OR (filed_on IS NOT NULL AND receipt IS NOT NULL)", name="filed"),
        Index("ix_ratings_form_run_due", "park_id", "due_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    form_id: Mapped[int] = fk("ratings_form.id", _l("Statutory form"))
    form_key: Mapped[str] = field(String(60), _l("Key of the form"), fmt="code")
    carrier_id: Mapped[int] = fk("tenants_carrier.id", _l("Carrier"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    grain: Mapped[str] = field(EnumText(FORM_GRAINS), _l("How often"))
    period_start: Mapped[date] = field(Date, _l("First day of the period"))
    last_day: Mapped[date] = field(Date, _l("Last day of the period"))
    due_on: Mapped[date] = field(Date, _l("Due on"))
    state: Mapped[str] = field(EnumText(FILING.choices), _l("State"), default="draft", server_default="draft")
    turn: Mapped[int] = field(SmallInteger, _l("Turn of signatures"), default=1, server_default="1")
    open_cells: Mapped[int] = field(Integer, _l("Unreported items"), default=0, server_default="0")
    open_findings: Mapped[int] = field(Integer, _l("Findings to explain"), default=0, server_default="0")
    counted_at: Mapped[datetime | None] = field(UTCDateTime, _l("Counted at"))
    prepared_by_id: Mapped[int | None] = fk("core_user.id", _l("Form prepared by"))
    head_name: Mapped[str | None] = field(String(80), _l("Head of the unit"), personal="name")
    statistician: Mapped[str | None] = field(String(80), _l("Person in charge of statistics"), personal="name")
    filled_by: Mapped[str | None] = field(String(80), _l("Filled in by"), personal="name")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    seal: Mapped[str | None] = field(String(64), _l("Seal"), fmt="code", help=_l("SHA-256 of the frozen form"))
    frozen_on: Mapped[date | None] = field(Date, _l("Frozen on"))
    filed_on: Mapped[date | None] = field(Date, _l("Form filed on"))
    receipt: Mapped[str | None] = field(String(120), _l("Receipt of the filing"))
    filing_id: Mapped[int | None] = fk("ratings_filing.id", _l("Statistics filed"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    form: Mapped[StatForm] = relationship(foreign_keys="FormRun.form_id")
    carrier: Mapped[Carrier] = relationship(foreign_keys="FormRun.carrier_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="FormRun.firm_id")
    prepared_by: Mapped[Any] = relationship("UserProfile", foreign_keys="FormRun.prepared_by_id")
    filing: Mapped[StatisticsFiling | None] = relationship(foreign_keys="FormRun.filing_id")

    __search__ = ("number",)

    @property
    def period_key(self) -> str:
        quarter = (self.period_start.month + 2) // 3
        return f"{self.period_start.year}" if self.grain == "year" else f"{self.period_start.year}Q{quarter}"

    def __str__(self) -> str:
        return self.number


class FormCell(ParkScoped, Record):
    """One item of a filing. `value` and `corrected` are exact (yuan, m², text); `shown` is what stands on the form in its unit.

    records: [resource, id, exact amount or null] of every record behind the value. source, collect: a message with its values."""

    __tablename__ = "ratings_form_cell"
    __table_args__ = (
        UniqueConstraint("run_id", "field_id"),
        CheckConstraint("corrected IS NULL OR (reason IS NOT NULL AND corrected_by IS NOT NULL)", name="corrected"),
    )
    run_id: Mapped[int] = fk("ratings_form_run.id", _l("Filing"), ondelete="CASCADE", index=False)
    field_id: Mapped[int] = fk("ratings_form_field.id", _l("Item of the form"))
    value: Mapped[str | None] = field(String(300), _l("Value counted"))
    shown: Mapped[str | None] = field(String(300), _l("Shown on the form"))
    source: Mapped[dict[str, Any] | None] = field(Json, _l("Source"))
    collect: Mapped[dict[str, Any] | None] = field(Json, _l("To be collected"))
    records: Mapped[list[Any]] = field(Json, _l("Records"))
    previous: Mapped[str | None] = field(String(300), _l("Period before"))
    corrected: Mapped[str | None] = field(String(300), _l("Corrected value"))
    reason: Mapped[str | None] = field(String(500), _l("Reason"))
    corrected_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    corrected_by: Mapped[str | None] = field(String(80), _l("Corrected by"))
    run: Mapped[FormRun] = relationship(foreign_keys="FormCell.run_id")
    item: Mapped[FormField] = relationship(foreign_keys="FormCell.field_id")

    __reported__ = ("value", "shown")

    @property
    def final(self) -> str | None:
        """The exact value that is filed."""
        return self.corrected if self.corrected is not None else self.value

    def __str__(self) -> str:
        return f"#{self.id}"


class FormFinding(ParkScoped, Record):
    """What a cross-check, an empty required item or a jump says before filing, and how it was explained."""

    __tablename__ = "ratings_form_finding"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "code"),
        CheckConstraint("explanation IS NULL OR explained_by IS NOT NULL", name="explained"),
    )
    run_id: Mapped[int] = fk("ratings_form_run.id", _l("Filing"), ondelete="CASCADE", index=False)
    kind: Mapped[str] = field(EnumText(FINDINGS), _l("Kind of finding"))
    code: Mapped[str] = field(String(40), _l("Code"), fmt="code")
    field_id: Mapped[int | None] = fk("ratings_form_field.id", _l("Item of the form"))
    check_id: Mapped[int | None] = fk("ratings_form_check.id", _l("Cross-check"))
    left_value: Mapped[str | None] = field(String(60), _l("Left side"))
    right_value: Mapped[str | None] = field(String(60), _l("Right side"))
    explanation: Mapped[str | None] = field(String(500), _l("Explanation"))
    explained_by_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    explained_by: Mapped[str | None] = field(String(80), _l("Explained by"))
    run: Mapped[FormRun] = relationship(foreign_keys="FormFinding.run_id")
    item: Mapped[FormField | None] = relationship(foreign_keys="FormFinding.field_id")
    check: Mapped[Any] = relationship("FormCheck", foreign_keys="FormFinding.check_id")

    def __str__(self) -> str:
        return self.code


class FormSignature(ParkScoped, Record):
    """One signature of a turn. Three parts, three people (unique); never changed."""

    __tablename__ = "ratings_form_signature"
    __table_args__ = (
        UniqueConstraint("run_id", "turn", "part"),
        UniqueConstraint("run_id", "turn", "user_id"),
    )
    run_id: Mapped[int] = fk("ratings_form_run.id", _l("Filing"), index=False)
    turn: Mapped[int] = field(SmallInteger, _l("Turn of signatures"))
    part: Mapped[str] = field(EnumText(SIGNERS), _l("Signed as"))
    user_id: Mapped[int] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Signed by"))
    signed_on: Mapped[date] = field(Date, _l("Day of signature"))
    run: Mapped[FormRun] = relationship(foreign_keys="FormSignature.run_id")

    def __str__(self) -> str:
        return f"{self.user_name} {self.signed_on}"


protect(FormSignature)
KEPT = (
    "number",
    "form_id",
    "form_key",
    "carrier_id",
    "firm_id",
    "grain",
    "period_start",
    "last_day",
    "due_on",
    "turn",
    "open_cells",
    "open_findings",
    "prepared_by_id",
    "head_name",
    "statistician",
    "filled_by",
    "phone",
    "seal",
    "frozen_on",
    "note",
)
_OLD, _NEW = (", ".join(f"{side}.{name}" for name in KEPT) for side in ("OLD", "NEW"))
GUARD = f"""
CREATE OR REPLACE FUNCTION ratings_form_frozen() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'ratings_form_run' THEN
    IF OLD.state = 'filed' OR TG_OP = 'DELETE' OR NEW.state NOT IN ('signed', 'filed') OR ROW({_OLD}) IS DISTINCT FROM ROW({_NEW}) THEN
      RAISE EXCEPTION 'a signed form is never changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT 1 FROM ratings_form_run WHERE state IN ('signed', 'filed')
             AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.run_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.run_id END)) THEN
    RAISE EXCEPTION 'a signed form is never changed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$"""
after_create(
    FormRun.__table__,
    f"{GUARD};\nCREATE TRIGGER ratings_form_run_frozen BEFORE UPDATE OR DELETE ON ratings_form_run FOR EACH ROW"
    " WHEN (OLD.state IN ('signed', 'filed')) EXECUTE FUNCTION ratings_form_frozen()",
    "DROP TRIGGER IF EXISTS ratings_form_run_frozen ON ratings_form_run",
)
for _model in (FormCell, FormFinding):
    _name = _model.__tablename__
    after_create(
        _model.__table__,
        f"CREATE TRIGGER {_name}_frozen BEFORE INSERT OR UPDATE OR DELETE ON {_name} FOR EACH ROW EXECUTE FUNCTION ratings_form_frozen()",
        f"DROP TRIGGER IF EXISTS {_name}_frozen ON {_name}",
    )
