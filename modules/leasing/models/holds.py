"""Holds: a unit kept for a lead or a firm until a day. One hold per unit is in force, later ones wait in line."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import EnumText
from parkops.i18n import _l

from ..states_space import HOLD
from .space import Unit


class Hold(ParkScoped, Record):
    """`expires_on` is the last day it holds. `held_on` is empty while it waits. At most one row of a unit is `held` (unique index)."""

    __tablename__ = "leasing_hold"
    __table_args__ = (
        CheckConstraint("(lead_id IS NULL) <> (firm_id IS NULL)", name="for_whom"),
        CheckConstraint("state = 'queued' OR held_on IS NOT NULL OR ended_on IS NOT NULL", name="held_on"),
        CheckConstraint("expires_on >= asked_on", name="dates"),
        CheckConstraint("NOT extended OR extension_reason IS NOT NULL", name="extension"),
        Index("uq_leasing_hold_unit_id_held", "unit_id", unique=True, postgresql_where="state = 'held'"),
        Index("ix_leasing_hold_park_id_state", "park_id", "state", "expires_on"),
    )
    unit_id: Mapped[int] = fk("leasing_unit.id", _l("Unit no."))
    lead_id: Mapped[int | None] = fk("tenants_lead.id", _l("Lead"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(HOLD.choices), _l("State"), default="queued", server_default="queued")
    asked_on: Mapped[date] = field(Date, _l("Asked for on"))
    held_on: Mapped[date | None] = field(Date, _l("Held since"))
    expires_on: Mapped[date] = field(Date, _l("Held until"), help=_l("Last day"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    extended: Mapped[bool] = field(Boolean, _l("Extended"), default=False, server_default="false")
    extension_reason: Mapped[str | None] = field(String(300), _l("Reason of the extension"))
    end_reason: Mapped[str | None] = field(String(300), _l("Why it ended"))
    holder_id: Mapped[int | None] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="SET NULL"), index=True, info={"label": _l("Held by (user)"), "fmt": "int"}
    )
    holder_name: Mapped[str | None] = field(String(80), _l("Held by"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    unit: Mapped[Unit] = relationship(foreign_keys="Hold.unit_id")
    lead: Mapped[Any] = relationship("Lead", foreign_keys="Hold.lead_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Hold.firm_id")

    def __str__(self) -> str:
        return f"{self.unit} · {self.lead or self.firm}"
