"""Which vouchers went to which bookkeeping system, so that none is handed over twice unnoticed or forgotten."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Date, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.append_only import protect
from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UTCDateTime
from parkops.i18n import _l

from .ledger import LedgerEntry

TARGETS = Choices("billing.voucher_target", ("kingdee", _l("Kingdee")), ("yonyou", _l("Yonyou")), ("beancount", _l("beancount")))


class VoucherExport(ParkScoped, Record):
    """One file that was made: for whom, which days, how many vouchers, the sum and the file's SHA-256."""

    __tablename__ = "billing_voucher_export"
    target: Mapped[str] = field(EnumText(TARGETS), _l("Target system"))
    starts_on: Mapped[date] = field(Date, _l("From"))
    last_day: Mapped[date] = field(Date, _l("Last day"))
    vouchers: Mapped[int] = field(Integer, _l("Vouchers"))
    lines: Mapped[int] = field(Integer, _l("Entry lines"))
    total: Mapped[Decimal] = field(Money, _l("Total"))
    again: Mapped[bool] = field(Boolean, _l("Holds vouchers exported before"), default=False, server_default="false")
    reason: Mapped[str | None] = field(Text, _l("Reason"), long=True)
    sha256: Mapped[str | None] = field(String(64), _l("SHA-256 of the file"), fmt="code")
    made_at: Mapped[datetime] = field(UTCDateTime, _l("Made at"))
    made_by: Mapped[str] = field(String(80), _l("Made by"))

    def __str__(self) -> str:
        return f"{self.target} {self.starts_on} – {self.last_day}"


class ExportedVoucher(ParkScoped, Record):
    """A voucher in a file."""

    __tablename__ = "billing_exported_voucher"
    __table_args__ = (UniqueConstraint("export_id", "entry_id"),)
    __audited__ = False
    export_id: Mapped[int] = fk("billing_voucher_export.id", _l("Export"), index=False)
    entry_id: Mapped[int] = fk("billing_ledger_entry.id", _l("Ledger entry"))
    export: Mapped[VoucherExport] = relationship(foreign_keys="ExportedVoucher.export_id")
    entry: Mapped[LedgerEntry] = relationship(foreign_keys="ExportedVoucher.entry_id")

    def __str__(self) -> str:
        return str(self.entry_id)


protect(ExportedVoucher)
