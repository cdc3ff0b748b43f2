"""The kernel's masters: parks, who works where, and which modules are installed."""

from __future__ import annotations

from datetime import datetime

import flask_appbuilder.security.sqla.models  # noqa: F401 - our keys point to ab_user
from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .db.base import Record, field
from .db.types import UTCDateTime
from .i18n import _l


class Park(Record):
    """A park: the unit of scope, numbering and reporting."""

    __tablename__ = "core_park"
    __table_args__ = (UniqueConstraint("code"),)
    code: Mapped[str] = field(String(40), _l("Code"))
    name: Mapped[str] = field(String(120), _l("Name"))
    name_en: Mapped[str | None] = field(String(120), _l("English name"))
    company: Mapped[str | None] = field(String(200), _l("Operating company"))
    region_code: Mapped[str | None] = field(String(6), _l("Region code"))
    address: Mapped[str | None] = field(String(300), _l("Address"))
    is_active: Mapped[bool] = field(Boolean, _l("In use"), default=True, server_default="true")
    __search__ = ("code", "name")

    def __str__(self) -> str:
        return self.name


class UserPark(Record):
    """A user's right to work in a park. A user with `all_parks` in the profile needs none."""

    __tablename__ = "core_user_park"
    __table_args__ = (UniqueConstraint("user_id", "park_id"),)
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    park_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_park.id", ondelete="CASCADE"), nullable=False, index=True)


class InstalledModule(Record):
    """What is installed: never inferred from Alembic's version table."""

    __tablename__ = "core_module"
    __table_args__ = (UniqueConstraint("name"),)
    name: Mapped[str] = field(String(40), _l("Module"))
    module_version: Mapped[str] = field(String(20), _l("Version"))
    installed_at: Mapped[datetime] = field(UTCDateTime, _l("Installed at"))
    demo_loaded_at: Mapped[datetime | None] = field(UTCDateTime, _l("Demo loaded at"))

    def __str__(self) -> str:
        return self.name
