"""Firms' own people in the portal: invitations, accounts, and the files the park shares with a firm."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, relationship

from parkops.attachments import Attachment
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, UTCDateTime
from parkops.i18n import _l
from parkops.security.models import UserProfile
from parkops.security.portal import ROLES

from .firm import Firm

ACCOUNT_STATES = Choices("tenants.portal_account_state", ("active", _l("May log in"), "green"), ("withdrawn", _l("Withdrawn"), "grey"))
INVITATION_STATES = Choices(
    "tenants.portal_invitation_state", ("open", _l("Not taken up yet"), "amber"), ("used", _l("Taken up"), "green"),
    ("withdrawn", _l("Withdrawn"), "grey"))


class PortalInvitation(ParkScoped, Record):
    """A link for one person of a firm, good once and until a moment. Of the link only its fingerprint is kept."""

    __tablename__ = "tenants_portal_invitation"
    __table_args__ = (
        UniqueConstraint("park_id", "token_hash"),
        Index("ix_tenants_portal_invitation_token", "token_hash"),
        CheckConstraint("(state = 'used') = (used_at IS NOT NULL)", name="used"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    name: Mapped[str] = field(String(64), _l("Full name"), personal="name")
    email: Mapped[str] = field(String(300), _l("E-mail"), personal="email")
    role: Mapped[str] = field(EnumText(ROLES), _l("Role in the portal"))
    token_hash: Mapped[str] = field(String(64), _l("Fingerprint of the link"), fmt="code")
    expires_at: Mapped[datetime] = field(UTCDateTime, _l("Valid until"))
    state: Mapped[str] = field(EnumText(INVITATION_STATES), _l("State"), default="open", server_default="open")
    used_at: Mapped[datetime | None] = field(UTCDateTime, _l("Taken up at"))
    invited_by: Mapped[str] = field(String(80), _l("Invited by"))
    firm: Mapped[Firm] = relationship(foreign_keys="PortalInvitation.firm_id")

    def __str__(self) -> str:
        return self.name


class PortalAccount(ParkScoped, Record):
    """A log-in of a person of a firm, and what the person is there. One log-in acts for one firm at a time; withdrawn accounts stay."""

    __tablename__ = "tenants_portal_account"
    __table_args__ = (
        UniqueConstraint("park_id", "user_id", "firm_id"),
        Index("uq_tenants_portal_account_active", "user_id", unique=True, postgresql_where=text("state = 'active'")),
        CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
    )
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    user_id: Mapped[int] = fk("core_user.id", _l("User"))
    role: Mapped[str] = field(EnumText(ROLES), _l("Role in the portal"))
    state: Mapped[str] = field(EnumText(ACCOUNT_STATES), _l("State"), default="active", server_default="active")
    joined_at: Mapped[datetime] = field(UTCDateTime, _l("Joined at"))
    invited_by: Mapped[str] = field(String(80), _l("Invited by"))
    withdrawn_at: Mapped[datetime | None] = field(UTCDateTime, _l("Withdrawn at"))
    withdrawn_by: Mapped[str | None] = field(String(80), _l("Withdrawn by"))
    withdrawn_reason: Mapped[str | None] = field(String(300), _l("Reason"))
    firm: Mapped[Firm] = relationship(foreign_keys="PortalAccount.firm_id")
    user: Mapped[UserProfile] = relationship(foreign_keys="PortalAccount.user_id")

    def __str__(self) -> str:
        user = self.__dict__.get("user")
        return user.name if user is not None else f"#{self.id}"


class SharedFile(ParkScoped, Record):
    """A file of the park's records that a firm may open in the portal."""

    __tablename__ = "tenants_shared_file"
    __table_args__ = (UniqueConstraint("park_id", "firm_id", "attachment_id"),)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    attachment_id: Mapped[int] = fk("core_attachment.id", _l("File"), ondelete="CASCADE")
    title: Mapped[str] = field(String(160), _l("Title"))
    shared_on: Mapped[date] = field(Date, _l("Shared on"))
    shared_by: Mapped[str] = field(String(80), _l("Shared by whom"))
    firm: Mapped[Firm] = relationship(foreign_keys="SharedFile.firm_id")
    attachment: Mapped[Attachment] = relationship(foreign_keys="SharedFile.attachment_id")

    def __str__(self) -> str:
        return self.title
