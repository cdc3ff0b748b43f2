"""What is remembered of imports: the mapping per kind and headings, the batch, and what each row did (for the undo)."""

from __future__ import annotations

from datetime import datetime

from flask_appbuilder import Model
from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ...db.base import ParkScoped, Record, field
from ...db.types import Choices, EnumText, Json, UTCDateTime
from ...i18n import _l

STATES = Choices(
    "import_state", ("uploaded", _l("File received"), "grey"), ("checking", _l("Checking"), "blue"),
    ("checked", _l("Checked"), "amber"), ("running", _l("Running"), "blue"), ("done", _l("Imported"), "green"),
    ("failed", _l("Failed"), "red"), ("undone", _l("Undone"), "violet"))
MODE_CHOICES = Choices("import_mode", ("upsert", _l("Add new and update existing")), ("insert", _l("Add new only")),
                       ("update", _l("Update existing only")))
POLICIES = Choices("import_policy", ("good", _l("Import the good rows")), ("all", _l("All rows or nothing")))
ACTIONS = Choices("import_action", ("insert", _l("Added")), ("update", _l("Updated")))


class ImportMapping(ParkScoped, Record):
    """Which column goes to which field, remembered per park, kind and headings."""

    __tablename__ = "core_import_mapping"
    __table_args__ = (UniqueConstraint("park_id", "kind", "signature"),)
    kind: Mapped[str] = field(String(80), _l("Kind"))
    signature: Mapped[str] = field(String(64), _l("Headings"))
    columns: Mapped[dict] = field(Json, _l("Columns"))


class ImportBatch(ParkScoped, Record):
    """One file and what became of it."""

    __tablename__ = "core_import_batch"
    __audited__ = False  # the run writes one bulk entry; the list of errors has no place in the trail
    __table_args__ = (Index("ix_core_import_batch_park_created", "park_id", "created_at"),
                      CheckConstraint("total >= 0", name="total"))
    kind: Mapped[str] = field(String(80), _l("Kind"))
    filename: Mapped[str] = field(String(200), _l("Import file"))
    sha256: Mapped[str] = field(String(64), _l("Checksum"))
    state: Mapped[str] = field(EnumText(STATES), _l("State"), default="uploaded")
    mode: Mapped[str] = field(EnumText(MODE_CHOICES), _l("Mode"), default="upsert")
    policy: Mapped[str] = field(EnumText(POLICIES), _l("Rows with errors"), default="good")
    columns: Mapped[dict | None] = field(Json, _l("Columns"))
    header_row: Mapped[int] = field(Integer, _l("Row with the headings"), default=1)
    headings: Mapped[list] = field(Json, _l("Headings"))
    dry_run: Mapped[bool] = field(Boolean, _l("Dry run"), default=True, server_default="true")
    total: Mapped[int] = field(Integer, _l("Rows"), default=0)
    inserted: Mapped[int] = field(Integer, _l("Added"), default=0)
    updated: Mapped[int] = field(Integer, _l("Updated"), default=0)
    unchanged: Mapped[int] = field(Integer, _l("Unchanged"), default=0)
    rejected: Mapped[int] = field(Integer, _l("Rejected"), default=0)
    progress: Mapped[int] = field(Integer, _l("Progress"), default=0, server_default="0")
    heartbeat_at: Mapped[datetime | None] = field(UTCDateTime, _l("Last sign of life"))
    finished_at: Mapped[datetime | None] = field(UTCDateTime, _l("Finished at"))
    message: Mapped[str | None] = field(String(1000), _l("Message"))
    errors: Mapped[list | None] = field(Json, _l("Rejected rows"), deferred=True)  # [[row, field, message], …]
    user_id: Mapped[int | None] = field(BigInteger, _l("User id"))
    user_name: Mapped[str] = field(String(80), _l("Who"))

    def __str__(self) -> str:
        return self.filename


ImportBatch.__resource__ = "core.import"  # the right is granted on imports as a whole


class ImportedRow(ParkScoped, Model):
    """What one row of a batch did, with what an undo needs. No Record: 100,000 of them are written at once."""

    __tablename__ = "core_import_row"
    __table_args__ = (Index("ix_core_import_row_record", "record_id"),)
    __resource__ = "core.import_row"
    batch_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("core_import_batch.id", ondelete="CASCADE"),
                                          primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger, nullable=False)
    action: Mapped[str] = mapped_column(EnumText(ACTIONS), nullable=False)
    version_after: Mapped[int] = mapped_column(Integer, nullable=False)
    before: Mapped[dict | None] = mapped_column(Json)
