"""Users as this product sees them, their web and API sessions, failed log-ins and former passwords.

FAB's `ab_user` keeps user name, e-mail and password hash; `UserProfile` has the same id and holds everything else. Its
resource is `core.user`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role
from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, event, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..clock import now
from ..db.base import Record, field, fk
from ..db.types import Choices, EnumText, Json, UTCDateTime
from ..i18n import _l

LOCALES = Choices("locale", ("zh", _l("Chinese")), ("en", _l("English")))
ENDINGS = Choices(
    "session_end", ("logout", _l("Logged out")), ("idle", _l("Idle too long")), ("expired", _l("Ended after twelve hours")),
    ("password", _l("Password changed")), ("rights", _l("Rights changed")), ("deactivated", _l("User deactivated")),
    ("killed", _l("Ended by an administrator")), ("self", _l("Ended by the user")))
KINDS = Choices("session_kind", ("screen", _l("Browser")), ("api", _l("Interface")))


class UserProfile(Record):
    """A user. `id` equals `ab_user.id`, so a reference to a user and to the profile are one number.

    epoch: grows when every session of the user must end; preferences: screen settings (JSON, small)."""

    __tablename__ = "core_user"
    __table_args__ = (UniqueConstraint("user_id"), CheckConstraint("id = user_id", name="same_id"))
    __label__ = "name"

    user_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, info={"label": _l("User"), "fmt": "int"})
    username: Mapped[str] = field(String(128), _l("User name"))  # this, e-mail and active repeat ab_user: one table to list
    name: Mapped[str] = field(String(64), _l("Full name"))
    email: Mapped[str | None] = field(String(320), _l("E-mail"), personal="email")
    active: Mapped[bool] = field(Boolean, _l("Active"), default=True, server_default="true")
    phone: Mapped[str | None] = field(String(40), _l("Phone"), personal="phone")
    locale: Mapped[str] = field(EnumText(LOCALES), _l("Language"), default="zh", server_default="zh")
    home_role: Mapped[str | None] = field(String(64), _l("Home page of"))
    all_parks: Mapped[bool] = field(Boolean, _l("All parks"), default=False, server_default="false")
    current_park_id: Mapped[int | None] = fk("core_park.id", _l("Current park"), ondelete="SET NULL")
    epoch: Mapped[int] = mapped_column(Integer, nullable=False, default=0, server_default="0")
    must_change_password: Mapped[bool] = field(Boolean, _l("Must change the password"), default=True, server_default="true")
    password_changed_at: Mapped[datetime | None] = field(UTCDateTime, _l("Password changed at"))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_enabled: Mapped[bool] = field(Boolean, _l("Two-step log-in"), default=False, server_default="false")
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    is_portal: Mapped[bool] = field(
        Boolean, _l("Firm's user"), default=False, server_default="false",
        help=_l("Logs in at the portal only and sees one firm's records; holds no staff role."))
    is_demo: Mapped[bool] = field(Boolean, _l("Demo user"), default=False, server_default="false")
    last_seen_at: Mapped[datetime | None] = field(UTCDateTime, _l("Last log-in"))
    preferences: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False, default=dict, server_default="{}")

    user: Mapped[User] = relationship(User, lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return self.name

    @property
    def role_codes(self) -> list[str]:
        """Names of the user's roles (personas and site roles), sorted."""
        return sorted(role.name for role in self.user.roles)

    @property
    def park_ids(self) -> list[int]:
        """Ids of the parks the user may work in (none are listed when `all_parks`)."""
        from sqlalchemy.orm import object_session

        from ..models import UserPark

        session = object_session(self)
        return [] if session is None else list(session.scalars(
            select(UserPark.park_id).where(UserPark.user_id == self.user_id).order_by(UserPark.park_id)))


@event.listens_for(UserProfile, "before_insert")
def _same_id(mapper: Any, connection: Any, profile: UserProfile) -> None:
    """One number for user and profile; what repeats FAB's row is taken from it."""
    profile.id = profile.user_id
    row = connection.execute(select(User.username, User.first_name, User.last_name, User.email, User.active).where(
        User.id == profile.user_id)).one()
    profile.username, profile.email, profile.active = row.username, row.email, bool(row.active)
    profile.name = profile.name or f"{row.first_name} {row.last_name}".strip()[:64] or row.username[:64]


class PasswordHistory(Record):
    """Hashes of a user's former passwords; the last five are refused."""

    __tablename__ = "core_password_history"
    __audited__ = False
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False, index=True)
    password: Mapped[str] = mapped_column(String(256), nullable=False)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False)


class UserSession(Record):
    """A log-in: browser cookie or API token. The secret itself is never stored, only its SHA-256."""

    __tablename__ = "core_session"
    __table_args__ = (UniqueConstraint("token_hash"), Index("ix_core_session_open", "user_id", "ended_at"))
    __audited__ = False
    user_id: Mapped[int] = fk("core_user.id", _l("User"), ondelete="CASCADE", index=False)
    token_hash: Mapped[str] = mapped_column(String(64), nullable=False)
    kind: Mapped[str] = field(EnumText(KINDS), _l("Kind"), default="screen")
    epoch: Mapped[int] = mapped_column(Integer, nullable=False)
    started_at: Mapped[datetime] = field(UTCDateTime, _l("Started"), default=now)
    last_seen_at: Mapped[datetime] = field(UTCDateTime, _l("Last seen"), default=now)
    expires_at: Mapped[datetime] = field(UTCDateTime, _l("Ends at the latest"))
    address: Mapped[str | None] = field(String(64), _l("Address"))
    agent: Mapped[str | None] = field(String(200), _l("Program"))
    ended_at: Mapped[datetime | None] = field(UTCDateTime, _l("Ended"))
    ended_why: Mapped[str | None] = field(EnumText(ENDINGS), _l("Why it ended"))
    user: Mapped[UserProfile] = relationship(UserProfile, lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return f"{self.user.name} {self.address or ''}".strip()


class LoginAttempt(Record):
    """Failed log-ins per user name (hashed: people type passwords into the name field). Decides the lock-out, for every
    worker and over restarts."""

    __tablename__ = "core_login_attempt"
    __table_args__ = (UniqueConstraint("name_hash"),)
    __audited__ = False
    name_hash: Mapped[str] = mapped_column(String(64), nullable=False)
    fails: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    window_start: Mapped[datetime] = mapped_column(UTCDateTime, nullable=False, index=True)
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    address: Mapped[str | None] = mapped_column(String(64))


__all__ = ["LoginAttempt", "PasswordHistory", "Role", "User", "UserProfile", "UserSession", "assoc_user_role"]

from . import audit_guard  # noqa: E402, F401 - the trail's triggers belong to the schema
