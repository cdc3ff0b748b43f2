"""The settlement of a firm that moves out: what is still owed, what is given back, and the exit checklist that frees the units."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, UnitPrice
from parkops.i18n import _l

from ..states_settlement import SETTLEMENT
from .lease import Lease

EXIT_ITEMS = Choices(
    "leasing.exit_item",
    ("readings", _l("Final meter readings taken")),
    ("damages", _l("Rooms and fittings looked at, damages noted")),
    ("keys", _l("Keys, cards and parking permits handed back")),
    ("fire", _l("Fire safety equipment complete")),
    ("waste", _l("Waste and own equipment removed")),
    ("address", _l("Registered address moved away")),
    ("finance", _l("Settlement posted by finance")),
)
SETTLEMENT_LINES = Choices(
    "leasing.settlement_line",
    ("arrears", _l("Open bills"), "red"),
    ("unbilled", _l("Not billed yet"), "amber"),
    ("reading", _l("Final meter reading"), "blue"),
    ("damages", _l("Damages"), "red"),
    ("late_fee", _l("Late fees"), "red"),
    ("penalty", _l("Penalty for ending early"), "red"),
    ("prepaid", _l("Prepaid rent given back"), "green"),
    ("advance", _l("Advance of the firm"), "green"),
    ("pledge", _l("Pledged deposit"), "green"),
    ("performance", _l("Performance bond"), "green"),
    ("earnest", _l("Earnest money"), "green"),
    ("other", _l("Other"), "grey"),
)


class Settlement(ParkScoped, Record):
    """One settlement sheet of a lease that ended. `balance` is what the firm still pays (+) or gets back (−)."""

    __tablename__ = "leasing_settlement"
    __table_args__ = (
        UniqueConstraint("park_id", "number"),
        Index("uq_leasing_settlement_lease_id_open", "lease_id", unique=True, postgresql_where="state <> 'cancelled'"),
        CheckConstraint("released_on IS NULL OR released_on >= handed_back_on", name="released_on"),
    )
    number: Mapped[str] = field(String(40), _l("Number"), fmt="code")
    lease_id: Mapped[int] = fk("leasing_lease.id", _l("Lease"), index=False)
    firm_id: Mapped[int] = fk("tenants_firm.id", _l("Firm"))
    state: Mapped[str] = field(EnumText(SETTLEMENT.choices), _l("State"), default="draft", server_default="draft")
    handed_back_on: Mapped[date] = field(Date, _l("Handed back on"))
    released_on: Mapped[date | None] = field(Date, _l("Units free since"), help=_l("Set when the exit checklist is done"))
    balance: Mapped[Decimal | None] = field(Money, _l("To pay (+) or to refund (−)"))
    worked_out_on: Mapped[date | None] = field(Date, _l("Worked out on"))
    bank_account_id: Mapped[int | None] = fk("billing_bank_account.id", _l("Refunded from"))
    note: Mapped[str | None] = field(Text, _l("Note"), long=True)
    lease: Mapped[Lease] = relationship(foreign_keys="Settlement.lease_id")
    firm: Mapped[Any] = relationship("Firm", foreign_keys="Settlement.firm_id")
    bank_account: Mapped[Any] = relationship("BankAccount", foreign_keys="Settlement.bank_account_id")

    __search__ = ("number",)

    def __str__(self) -> str:
        return self.number


class SettlementLine(ParkScoped, Record):
    """One line of the sheet: owed by the firm (+) or given back to it (−). Derived lines are worked out anew; own ones stay."""

    __tablename__ = "leasing_settlement_line"
    __table_args__ = (CheckConstraint("own OR kind <> 'damages'", name="own"),)
    settlement_id: Mapped[int] = fk("leasing_settlement.id", _l("Settlement"), ondelete="CASCADE")
    kind: Mapped[str] = field(EnumText(SETTLEMENT_LINES), _l("Kind"))
    title: Mapped[str] = field(String(200), _l("Settlement line"))
    amount: Mapped[Decimal] = field(Money, _l("Amount"))
    quantity: Mapped[Decimal | None] = field(UnitPrice, _l("Quantity"))
    unit_price: Mapped[Decimal | None] = field(UnitPrice, _l("Unit price"))
    item_id: Mapped[int | None] = fk("billing_charge_item.id", _l("Charged for"))
    source: Mapped[str | None] = field(String(80), _l("Kind of source"), fmt="code")
    source_id: Mapped[int | None] = field(BigInteger, _l("Source record"))
    explain: Mapped[str | None] = field(String(300), _l("How it was worked out"))
    own: Mapped[bool] = field(Boolean, _l("Entered by hand"), default=False, server_default="false")
    settlement: Mapped[Settlement] = relationship(foreign_keys="SettlementLine.settlement_id")
    item: Mapped[Any] = relationship("ChargeItem", foreign_keys="SettlementLine.item_id")

    def __str__(self) -> str:
        return self.title


class SettlementCheck(ParkScoped, Record):
    """One item of the exit checklist; all done: the units are free."""

    __tablename__ = "leasing_settlement_check"
    __table_args__ = (UniqueConstraint("settlement_id", "position"), CheckConstraint("(done_on IS NULL) = (done_by IS NULL)", name="done"))
    settlement_id: Mapped[int] = fk("leasing_settlement.id", _l("Settlement"), index=False, ondelete="CASCADE")
    position: Mapped[int] = field(Integer, _l("Order in the list"))
    item: Mapped[str] = field(EnumText(EXIT_ITEMS), _l("Item"))
    done_on: Mapped[date | None] = field(Date, _l("Done on"))
    done_by: Mapped[str | None] = field(String(80), _l("Done by"))
    note: Mapped[str | None] = field(String(300), _l("Note"))
    settlement: Mapped[Settlement] = relationship(foreign_keys="SettlementCheck.settlement_id")

    def __str__(self) -> str:
        return str(EXIT_ITEMS.label(self.item))
