"""Income by VAT treatment for the tax office: exempt incubation services apart from taxed income (单独核算), by month and carrier, and
the share of input VAT that cannot be credited.

Exemption and separate accounting: 财政部 税务总局 科技部 教育部公告2023年第42号, kept for 2026-2027 by 公告2026年第10号 art. 2(2)26(11).
Not creditable input VAT that belongs to no single use = input VAT × exempt sales ÷ all sales (增值税法 art. 22 and its regulations);
monthly, and corrected by the figures of the whole year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, func, select, type_coerce

from modules.tenants.models.carrier import Carrier
from parkops.db.types import Money

from .. import calc_ledger as calc
from ..models.bill import Bill
from ..models.charge import Charge


@dataclass(frozen=True)
class Sales:
    """Posted charge lines of a month and carrier with one treatment and rate; amounts in yuan, without and with VAT."""

    month: date
    carrier: str | None
    treatment: str
    rate: Decimal | None
    net: Decimal
    vat: Decimal
    gross: Decimal


def sales(session: Any, start: date, end: date, *, park_id: int | None = None) -> list[Sales]:
    """Lines of bills and credit notes issued in `[start, end)`; reliefs and discounts reduce the treatment they belong to."""
    day = Bill.issued_on
    month = (day - cast(func.extract("day", day), Integer) + 1).label("month")
    query = select(
        month, Carrier.name, Charge.treatment, Charge.vat_rate,
        *(type_coerce(func.sum(column), Money).label(name) for name, column in (
            ("net", Charge.net), ("vat", Charge.vat), ("gross", Charge.gross))),
    ).select_from(Charge).join(Bill, Bill.id == Charge.bill_id).outerjoin(Carrier, Carrier.id == Charge.carrier_id).where(
        Bill.state != "draft", day >= start, day < end)
    if park_id is not None:
        query = query.where(Charge.park_id == park_id)
    query = query.group_by(month, Carrier.name, Charge.treatment, Charge.vat_rate).order_by(
        month, Carrier.name, Charge.treatment, Charge.vat_rate)
    return [Sales(*row) for row in session.execute(query)]


def share_by_month(rows: list[Sales]) -> dict[date, calc.Apportionment]:
    """Exempt and all sales of each month, without VAT; what lies outside VAT is no sale."""
    return {m: calc.apportionment((r.treatment, r.net) for r in rows if r.month == m) for m in sorted({r.month for r in rows})}


def share(rows: list[Sales]) -> calc.Apportionment:
    """The same for all rows together (the yearly correction)."""
    return calc.apportionment((r.treatment, r.net) for r in rows)
