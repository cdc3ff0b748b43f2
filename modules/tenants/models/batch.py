"""Signing batches and the projects signed in them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money
from parkops.i18n import _l

from .firm import TRACKS, Firm

PROJECT_STATES = Choices(
    "tenants.project_state",
    ("signed", _l("Signed"), "blue"),
    ("landed", _l("Landed"), "green"),
    ("stopped", _l("Stopped"), "red"),
)


class SigningBatch(ParkScoped, Record):
    """One signing ceremony."""

    __tablename__ = "tenants_signing_batch"
    __table_args__ = (
        UniqueConstraint("park_id", "name"),
        Index("ix_tenants_signing_batch_park_id_signed_on", "park_id", "signed_on"),
    )
    name: Mapped[str] = field(String(120), _l("Name"))
    signed_on: Mapped[date] = field(Date, _l("Signed on"))
    place: Mapped[str | None] = field(String(120), _l("Place"))
    host: Mapped[str | None] = field(String(120), _l("Host"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name


class SigningProject(ParkScoped, Record):
    """A project signed in a batch; it may have no firm yet."""

    __tablename__ = "tenants_signing_project"
    __table_args__ = (
        UniqueConstraint("park_id", "batch_id", "name"),
        CheckConstraint("investment >= 0", name="investment"),
    )
    batch_id: Mapped[int] = fk("tenants_signing_batch.id", _l("Batch"))
    name: Mapped[str] = field(String(200), _l("Project"))
    track: Mapped[str | None] = field(EnumText(TRACKS), _l("Industry track"))
    firm_id: Mapped[int | None] = fk("tenants_firm.id", _l("Firm"))
    investor: Mapped[str | None] = field(String(200), _l("Investor"))
    investment: Mapped[Decimal | None] = field(Money, _l("Investment"))
    state: Mapped[str] = field(EnumText(PROJECT_STATES), _l("State"), default="signed", server_default="signed")
    landed_on: Mapped[date | None] = field(Date, _l("Landed on"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    batch: Mapped[SigningBatch] = relationship(foreign_keys="SigningProject.batch_id")
    firm: Mapped[Firm | None] = relationship(foreign_keys="SigningProject.firm_id")

    __search__ = ("name",)

    def __str__(self) -> str:
        return self.name
