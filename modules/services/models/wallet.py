"""Licence wallet (证照合一): a firm's licence and permits, the one code that shows them, and every look at it.

The code holds an address with a random number and a signature, nothing of the firm. What it shows is read when it is scanned."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from modules.tenants.models.firm import Firm
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.park_optional import ParkOptional
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l

from ..states_wallet import CODE, PERMIT

PERMIT_KINDS = Choices(
    "services.permit_kind",
    ("business_licence", _l("Business licence"), "blue"),
    ("food", _l("Food business permit")),
    ("hr_service", _l("Human resources service permit")),
    ("labour_dispatch", _l("Labour dispatch permit")),
    ("bookkeeping", _l("Bookkeeping agency permit")),
    ("foreign_trade", _l("Foreign trade filing")),
    ("medical_device", _l("Medical device permit")),
    ("drug_retail", _l("Drug retail permit")),
    ("hygiene", _l("Hygiene permit of public places")),
    ("publication", _l("Publication permit")),
    ("telecom", _l("Value-added telecom permit")),
    ("construction", _l("Building works permit")),
    ("discharge", _l("Discharge permit")),
    ("safety", _l("Safe production permit")),
    ("other", _l("Other permit")),
)
LOOKUP_RESULTS = Choices(
    "services.lookup_result",
    ("shown", _l("Shown"), "green"),
    ("revoked", _l("Code was revoked"), "red"),
    ("replaced", _l("Code was replaced"), "amber"),
    ("unknown", _l("No such code"), "grey"),
)


class FirmPermit(ParkScoped, Record):
    """A licence or permit of a firm with who issued it and how long it holds; the last day counts, empty means no end.

    Its scan is an attachment. Expiry is a date, not a state: nobody needs to press anything for a permit to be over."""

    __tablename__ = "services_permit"
    __table_args__ = (
        UniqueConstraint("firm_id", "kind", "number"),
        Index("ix_services_permit_park_id_valid_to", "park_id", "valid_to", postgresql_where="valid_to IS NOT NULL AND state = 'valid'"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days"),
        CheckConstraint("state IN ('valid', 'suspended') OR ended_on IS NOT NULL", name="ended"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    kind: Mapped[str] = field(EnumText(PERMIT_KINDS), _l("Kind of permit"))
    number: Mapped[str] = field(String(80), _l("Permit no."), fmt="code")
    issuer: Mapped[str] = field(String(160), _l("Issuing authority"))
    scope: Mapped[str | None] = field(Text, _l("What it allows"), long=True)
    valid_from: Mapped[date] = field(Date, _l("In force from"))
    valid_to: Mapped[date | None] = field(Date, _l("In force until"), help=_l("Empty: without an end"))
    state: Mapped[str] = field(EnumText(PERMIT.choices), _l("State"), default="valid", server_default="valid")
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    firm: Mapped[Firm] = relationship(foreign_keys="FirmPermit.firm_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return f"{PERMIT_KINDS.label(self.kind)} {self.number}"


class LicenceCode(ParkScoped, Record):
    """The code of a firm. At most one is in use (unique index); a replaced or revoked one never comes back."""

    __tablename__ = "services_licence_code"
    __table_args__ = (
        UniqueConstraint("park_id", "public_id"),
        UniqueConstraint("firm_id", "serial"),
        Index("uq_services_licence_code_one", "firm_id", unique=True, postgresql_where="state = 'active'"),
        Index("uq_services_licence_code_public_id", "public_id", unique=True),
        CheckConstraint("serial > 0", name="serial"),
        CheckConstraint("state = 'active' OR ended_on IS NOT NULL", name="ended_on"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"), index=False)
    serial: Mapped[int] = field(Integer, _l("Issue of the code"))
    public_id: Mapped[str] = field(String(40), _l("Random number of the code"), fmt="code")
    state: Mapped[str] = field(EnumText(CODE.choices), _l("State"), default="active", server_default="active")
    issued_on: Mapped[date] = field(Date, _l("Issued on"))
    issued_by: Mapped[str] = field(String(80), _l("Issued by"))
    ended_on: Mapped[date | None] = field(Date, _l("Ended on"))
    reason: Mapped[str | None] = field(String(300), _l("Reason"))
    firm: Mapped[Firm] = relationship(foreign_keys="LicenceCode.firm_id")

    def __str__(self) -> str:
        return f"{self.public_id[:6]}… ({self.serial})"


class LicenceLookup(ParkOptional, Record):
    """One look at a code by somebody without a log-in. The visitor's address is kept as a keyed fingerprint only.

    `park_id` is empty when the code is unknown: nobody can say whose it was."""

    __tablename__ = "services_licence_lookup"
    __table_args__ = (Index("ix_services_licence_lookup_visitor", "visitor", "at"), Index("ix_services_licence_lookup_at", "at"))
    __audited__ = False
    code_id: Mapped[int | None] = fk("services_licence_code.id", _l("Licence code"), ondelete="CASCADE")
    at: Mapped[datetime] = field(UTCDateTime, _l("Time"))
    result: Mapped[str] = field(EnumText(LOOKUP_RESULTS), _l("What was shown"))
    visitor: Mapped[str] = field(String(64), _l("Visitor (fingerprint)"), fmt="code")
    permits: Mapped[int | None] = field(Integer, _l("Permits shown"))
    code: Mapped[LicenceCode | None] = relationship(foreign_keys="LicenceLookup.code_id")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
