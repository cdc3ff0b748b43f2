"""What meters and shared costs have to be charged for a month, and what stands in the way. Rules M-17 to M-19.

Keys: `meter:<meter>:<first day>:<firm>` and `share:<sheet line>`; asking again is harmless."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import String, case, cast, exists, func, literal, select
from sqlalchemy.orm import selectinload

from modules.billing.models.catalogue import ChargeItem
from modules.billing.models.charge import Charge
from parkops import settings
from parkops.clock import add_months
from parkops.i18n import _

from .. import calc_meters
from ..models.meters import Meter, MeterReading, ShareLine, ShareRule, ShareSheet
from ..models.space import Building
from . import tariffs
from .shares import ONE_DAY, SOURCE, tenancies

METER_SOURCE = "leasing.meter_reading"
ITEM = {"water": "water", "electricity": "electricity", "gas": "gas_heat", "heat": "gas_heat"}


@dataclass(frozen=True)
class Stuck:
    """A reading that cannot be charged, and why."""

    resource: str
    record_id: int
    label: str
    why: str


def open_readings(session: Any, park_id: int, month: date) -> list[MeterReading]:
    """Readings of tenants' meters up to the end of the month for which nothing is charged yet and something was used."""
    charged = exists().where(Charge.source == METER_SOURCE, Charge.source_id == MeterReading.id)
    query = (
        select(MeterReading)
        .join(Meter, Meter.id == MeterReading.meter_id)
        .where(
            MeterReading.park_id == park_id,
            MeterReading.read_on < add_months(month.replace(day=1), 1),
            Meter.unit_id.is_not(None),
            Meter.charged,
            MeterReading.usage > 0,
            ~charged,
        )
        .options(selectinload(MeterReading.meter).selectinload(Meter.unit))
    )
    return list(session.scalars(query.order_by(MeterReading.id)))


def meter_demands(session: Any, park_id: int, month: date) -> tuple[list[dict[str, Any]], list[Stuck]]:
    """M-17: demands of tenants' meters, one per tenant and price span, and the readings that have no price. Few statements."""
    found = open_readings(session, park_id, month)
    if not found:
        return [], []
    items = dict(session.execute(select(ChargeItem.code, ChargeItem.id)).all())
    names = dict(session.execute(select(ChargeItem.code, ChargeItem.name)).all())
    carriers = dict(session.execute(select(Building.id, Building.carrier_id)).all())
    known, days = tariffs.prices(session, park_id), settings.get(session, "leasing.utility_due_days", park_id)
    first, last = min(r.from_on for r in found) + ONE_DAY, max(r.read_on for r in found)
    who = tenancies(session, {r.meter.unit_id for r in found}, first, last)
    demands, stuck = [], []
    for row in found:
        try:
            parts = calc_meters.charge(
                row.from_on + ONE_DAY, row.read_on, _usage(row), who.get(row.meter.unit_id, ()), tariffs.prices_for(known, row.meter)
            )
        except calc_meters.CannotCharge as e:
            stuck.append(Stuck("leasing.meter_reading", row.id, str(row), _("There is no price on %(day)s.", day=e.day.isoformat())))
            continue
        code = ITEM[row.meter.kind]
        demands += [
            _demand(row, p, items[code], names[code], carriers.get(row.meter.building_id), days)
            for p in parts
            if p.firm_id is not None and p.amount > 0 and code in items
        ]
    return demands, stuck


def _usage(row: MeterReading) -> calc_meters.Usage:
    return calc_meters.Usage(row.usage, row.usage_peak, row.usage_flat, row.usage_valley)


def _demand(row: MeterReading, part: calc_meters.Part, item_id: int, item: str, carrier_id: int | None, days: int) -> dict[str, Any]:
    price = (
        part.price.price
        if part.price.kind == "flat"
        else (part.amount / part.quantity).quantize(Decimal("0.0001"))
        if part.quantity
        else None
    )
    return {
        "key": f"meter:{row.meter_id}:{part.first.isoformat()}:{part.firm_id}",
        "firm_id": part.firm_id,
        "carrier_id": carrier_id,
        "item_id": item_id,
        "source": METER_SOURCE,
        "source_id": row.id,
        "period_from": part.first,
        "period_to": part.last,
        "due_on": row.read_on + timedelta(days=days),
        "quantity": part.quantity,
        "unit_price": price,
        "amount": part.amount,
        "tax_included": part.price.tax_included,
        "memo": f"{item} {row.meter.unit.code} ({row.meter.code})"[:300],
    }


def share_demands(session: Any, park_id: int, month: date) -> Any:
    """M-18: a select of the confirmed sheets' lines of tenants, up to the end of the month."""
    days = settings.get(session, "leasing.utility_due_days", park_id)
    code = case((Meter.kind.in_(("gas", "heat")), literal("gas_heat")), else_=Meter.kind)
    return (
        select(
            (literal("share:") + cast(ShareLine.id, String)).label("key"),
            ShareLine.firm_id.label("firm_id"),
            Building.carrier_id.label("carrier_id"),
            ChargeItem.id.label("item_id"),
            literal(SOURCE).label("source"),
            ShareLine.id.label("source_id"),
            ShareLine.period_from.label("period_from"),
            ShareLine.period_to.label("period_to"),
            (ShareSheet.period_to + days).label("due_on"),
            ShareLine.quantity.label("quantity"),
            ShareLine.amount.label("amount"),
            ShareSheet.tax_included.label("tax_included"),
            func.concat_ws(" ", ChargeItem.name, ShareRule.name).label("memo"),
        )
        .select_from(ShareLine)
        .join(ShareSheet, ShareSheet.id == ShareLine.sheet_id)
        .join(ShareRule, ShareRule.id == ShareSheet.rule_id)
        .join(Meter, Meter.id == ShareRule.meter_id)
        .join(ChargeItem, ChargeItem.code == code)
        .join(Building, Building.id == Meter.building_id)
        .where(
            ShareLine.park_id == park_id,
            ShareSheet.state == "confirmed",
            ShareLine.firm_id.is_not(None),
            ShareLine.amount > 0,
            ShareSheet.period_to < add_months(month.replace(day=1), 1),
        )
    )
