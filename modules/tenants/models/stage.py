"""Dated history of a firm's stage and carrier, and extensions of its incubation term."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, Computed, Date, Index, Integer, String, Text
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, relationship
from sqlalchemy.sql import text

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from ..states import FIRM
from .firm import Firm


class Stage(ParkScoped, Record):
    """The firm was in `state` in `carrier` on every day of `during` (half-open). Rows of a firm never overlap.

    Graduated, left and dissolved firms keep an open row with the carrier they came from, so that "state on day D" has
    an answer and leavers count for the carrier they left. `step` names the workflow step that began the row; a move
    between carriers has the step `move`."""

    __tablename__ = "tenants_stage"
    __table_args__ = (
        ExcludeConstraint((text("int8range(firm_id, firm_id, '[]')"), "&&"), ("during", "&&"), using="gist",
                          name="ex_tenants_stage_firm_id_during"),
        CheckConstraint("NOT isempty(during) AND NOT lower_inf(during)", name="during"),
        Index("ix_tenants_stage_park_id_state_starts_on", "park_id", "state", "starts_on"),
        Index("ix_tenants_stage_firm_id_starts_on", "firm_id", "starts_on"),
        Index("ix_tenants_stage_during", "during", postgresql_using="gist"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    carrier_id: Mapped[int | None] = fk("tenants_carrier.id", _l("Carrier"))
    state: Mapped[str] = field(EnumText(FIRM.choices), _l("Stage"))
    step: Mapped[str] = field(String(40), _l("Step"))
    during: Mapped[Range[date]] = field(DATERANGE, _l("Period"))
    starts_on: Mapped[date] = field(Date, _l("From"), server_default=Computed("lower(during)", persisted=True))
    ends_on: Mapped[date | None] = field(Date, _l("Until"), server_default=Computed("upper(during)", persisted=True))
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="Stage.firm_id")
    carrier: Mapped[Any] = relationship("Carrier", foreign_keys="Stage.carrier_id")

    def __str__(self) -> str:
        return str(FIRM.choices.label(self.state))


EXTENSION_STATES = Choices(
    "tenants.extension_state",
    ("requested", _l("Waiting for approval"), "violet"),
    ("approved", _l("Approved"), "green"),
    ("returned", _l("Returned"), "red"),
)


class TermExtension(ParkScoped, Record):
    """A longer incubation term for one firm; counts only when approved."""

    __tablename__ = "tenants_term_extension"
    __table_args__ = (
        CheckConstraint("months > 0", name="months"),
        Index("uq_tenants_term_extension_park_id_firm_id_open", "park_id", "firm_id", unique=True,
              postgresql_where="state = 'requested'"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    months: Mapped[int] = field(Integer, _l("Months"))
    requested_on: Mapped[date] = field(Date, _l("Requested on"))
    decided_on: Mapped[date | None] = field(Date, _l("Decided on"))
    reason: Mapped[str] = field(Text, _l("Reason"), long=True)
    state: Mapped[str] = field(EnumText(EXTENSION_STATES), _l("State"), default="requested", server_default="requested")
    answer: Mapped[str | None] = field(Text, _l("Answer"), long=True)
    firm: Mapped[Firm] = relationship(foreign_keys="TermExtension.firm_id")

    def __str__(self) -> str:
        return f"{self.firm.name} +{self.months}"
