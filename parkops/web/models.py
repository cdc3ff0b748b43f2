"""What people keep about screens: saved views of a grid, their own settings, and exports that ask for approval."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..db.base import ParkScoped, Record, field, fk
from ..db.types import Choices, EnumText, Json, UTCDateTime
from ..i18n import _l

EXPORT_STATES = Choices(
    "export_state",
    ("waiting", _l("Waiting for approval"), "violet"),
    ("approved", _l("Approved"), "green"),
    ("returned", _l("Returned"), "red"),
    ("done", _l("Delivered"), "grey"),
)


class SavedView(ParkScoped, Record):
    """Filters, sort order and columns of a grid under a name. Without an owner it is shared with the whole park."""

    __tablename__ = "core_saved_view"
    __table_args__ = (
        UniqueConstraint("park_id", "resource", "owner_id", "title", postgresql_nulls_not_distinct=True),
        Index("ix_core_saved_view_resource", "resource", "owner_id"),
    )
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    title: Mapped[str] = field(String(60), _l("Title"))
    owner_id: Mapped[int | None] = fk("core_user.id", _l("Owner"), ondelete="CASCADE")
    made_by_id: Mapped[int | None] = fk("core_user.id", _l("Made by"), ondelete="SET NULL")
    state: Mapped[dict[str, Any]] = field(Json, _l("Filters and columns"))

    def __str__(self) -> str:
        return self.title


class UserPreference(Record):
    """One screen setting of one person, such as the columns of a grid. Small JSON, not worth an audit row."""

    __tablename__ = "core_user_preference"
    __table_args__ = (UniqueConstraint("user_id", "key"),)
    __audited__ = False
    user_id: Mapped[int] = mapped_column(Integer, ForeignKey("ab_user.id", ondelete="CASCADE"), nullable=False)
    key: Mapped[str] = mapped_column(String(120), nullable=False)
    value: Mapped[dict[str, Any]] = mapped_column(Json, nullable=False)


class ExportRequest(ParkScoped, Record):
    """A large export (10,000 rows or more): asked for, approved by somebody else, fetched once by who asked."""

    __tablename__ = "core_export_request"
    __table_args__ = (Index("ix_core_export_request_user", "user_id", "state"),)
    resource: Mapped[str] = field(String(80), _l("Kind of record"))
    title: Mapped[str] = field(String(200), _l("Title"))
    query: Mapped[dict[str, Any]] = field(Json, _l("Filters and columns"))
    file_format: Mapped[str] = field(String(8), _l("Format"))
    row_count: Mapped[int] = field(Integer, _l("Rows"))
    reason: Mapped[str] = field(String(200), _l("Reason"))
    user_id: Mapped[int] = fk("core_user.id", _l("Asked by"), ondelete="CASCADE")
    state: Mapped[str] = field(EnumText(EXPORT_STATES), _l("State"), default="waiting")
    done_at: Mapped[datetime | None] = field(UTCDateTime, _l("Delivered at"))
    __label__ = "title"

    def __str__(self) -> str:
        return self.title


__all__ = ["EXPORT_STATES", "ExportRequest", "SavedView", "UserPreference"]
