"""Contract documents: templates a park may replace, and the numbered documents made from them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText
from parkops.i18n import _l

from .lease import Lease

CONTRACT_KINDS = Choices(
    "leasing.contract_kind",
    ("lease", _l("Lease contract")),
    ("amendment", _l("Supplementary agreement")),
    ("transfer", _l("Transfer agreement")),
    ("termination", _l("Termination agreement")),
)


class ContractTemplate(ParkScoped, Record):
    """A Word file with fields (`{{ firm_name }}`); the active one of a kind is used, without one the built-in text."""

    __tablename__ = "leasing_contract_template"
    __table_args__ = (
        UniqueConstraint("park_id", "kind", "name"),
        Index("uq_leasing_contract_template_active", "park_id", "kind", unique=True, postgresql_where="active"),
    )
    kind: Mapped[str] = field(EnumText(CONTRACT_KINDS), _l("Kind"))
    name: Mapped[str] = field(String(120), _l("Name"))
    active: Mapped[bool] = field(Boolean, _l("In use"), default=False, server_default="false")
    attachment_id: Mapped[int | None] = fk("core_attachment.id", _l("File"))
    note: Mapped[str | None] = field(String(300), _l("Note"))

    def __str__(self) -> str:
        return self.name


class Contract(ParkScoped, Record):
    """A document made for a lease; the Word file and the PDF lie beside the lease."""

    __tablename__ = "leasing_contract"
    __table_args__ = (UniqueConstraint("park_id", "number", "copy"),)
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    copy: Mapped[int] = field(Integer, _l("Issue"), default=1, server_default="1")
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"))
    kind: Mapped[str] = field(EnumText(CONTRACT_KINDS), _l("Kind"))
    template_id: Mapped[int | None] = fk("leasing_contract_template.id", _l("Template"), help=_l("Empty: the built-in text"))
    made_on: Mapped[date] = field(Date, _l("Made on"))
    made_by: Mapped[str] = field(String(80), _l("Made by"))
    docx_id: Mapped[int | None] = fk("core_attachment.id", _l("Word file"))
    pdf_id: Mapped[int | None] = fk("core_attachment.id", _l("PDF"))
    lease: Mapped[Lease] = relationship(foreign_keys="Contract.lease_id")
    template: Mapped[Any] = relationship("ContractTemplate", foreign_keys="Contract.template_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number
