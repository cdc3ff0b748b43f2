"""Where a fund stood on a day: kept for indicators and for the nightly tie-out; always worked out from flows and marks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, Index, Integer
from sqlalchemy.orm import Mapped, relationship

from parkops.db.base import ParkScoped, Record, field, fk
from parkops.db.types import Choices, EnumText, Money, Rate, UnitPrice
from parkops.i18n import _l

from .fund import Fund

WHY = Choices(
    "funds.irr_why",
    ("no_flows", _l("Nothing was paid yet")),
    ("no_outflow", _l("Nothing was paid in")),
    ("total_loss", _l("Everything paid is lost")),
    ("too_close", _l("The flows lie too close together for a yearly rate")),
    ("no_rate", _l("No rate solves these flows")),
)


class FundStanding(ParkScoped, Record):
    """`fund_id` empty: all funds of the park as one (sums, pooled flows)."""

    __tablename__ = "funds_standing"
    __table_args__ = (
        Index("uq_funds_standing_day", "park_id", "fund_id", "on_date", unique=True, postgresql_nulls_not_distinct=True),
        CheckConstraint("paid_in >= 0", name="paid_in"),
    )
    fund_id: Mapped[int | None] = fk("funds_fund.id", _l("Fund"))
    on_date: Mapped[date] = field(Date, _l("As of"))
    committed: Mapped[Decimal] = field(Money, _l("Committed amount"))
    paid_in: Mapped[Decimal] = field(Money, _l("Paid-in capital"))
    distributed: Mapped[Decimal] = field(Money, _l("Distributed"))
    recallable: Mapped[Decimal] = field(Money, _l("Of it recallable"))
    invested: Mapped[Decimal] = field(Money, _l("Invested"))
    cost: Mapped[Decimal] = field(Money, _l("Cost of holdings"))
    holdings: Mapped[Decimal] = field(Money, _l("Value of holdings"))
    receivable: Mapped[Decimal] = field(Money, _l("Proceeds still to come"))
    cash: Mapped[Decimal] = field(Money, _l("Bank balance"))
    returned: Mapped[Decimal] = field(Money, _l("Proceeds and income"))
    accrued_carry: Mapped[Decimal] = field(Money, _l("Accrued carry"))
    nav: Mapped[Decimal] = field(Money, _l("Net asset value"), help=_l("Holdings, proceeds to come and cash less accrued carry"))
    firms: Mapped[int] = field(Integer, _l("Firms held"))
    dpi: Mapped[Decimal | None] = field(UnitPrice, _l("DPI"))
    rvpi: Mapped[Decimal | None] = field(UnitPrice, _l("RVPI"))
    tvpi: Mapped[Decimal | None] = field(UnitPrice, _l("TVPI"))
    moic: Mapped[Decimal | None] = field(UnitPrice, _l("MOIC"))
    pic: Mapped[Decimal | None] = field(Rate, _l("Paid in ÷ committed"))
    net_irr: Mapped[Decimal | None] = field(Rate, _l("Net IRR"))
    net_why: Mapped[str | None] = field(EnumText(WHY), _l("Why there is no net IRR"))
    gross_irr: Mapped[Decimal | None] = field(Rate, _l("Gross IRR"))
    gross_why: Mapped[str | None] = field(EnumText(WHY), _l("Why there is no gross IRR"))
    fund: Mapped[Fund | None] = relationship(foreign_keys="FundStanding.fund_id")

    def __str__(self) -> str:
        return f"{self.on_date}"
