"""The public price list: what holds today and what is coming, by platform, thing and class. Rule U-19."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from ..models.rate import PlatformRate, RateTier
from ..models.registry import Instrument, Platform, ServiceItem


@dataclass(frozen=True)
class Priced:
    """One rate as it is shown."""

    platform: str
    thing: str
    rate: PlatformRate
    tiers: list[RateTier]
    coming: bool


def of_park(session: Any, park_id: int, on: date) -> list[Priced]:
    """Rates of active platforms that hold on a day or begin later; machines first, base rates before their windows."""
    r = PlatformRate
    rows = session.execute(
        select(r, Platform.name, Instrument.name, ServiceItem.name)
        .join(Platform, Platform.id == r.platform_id).outerjoin(Instrument, Instrument.id == r.instrument_id)
        .outerjoin(ServiceItem, ServiceItem.id == r.item_id)
        .where(r.park_id == park_id, Platform.active.is_(True), or_(r.last_day.is_(None), r.last_day >= on))
        .order_by(Platform.code, r.kind.desc(), Instrument.code, ServiceItem.code, r.customer_class.nulls_first(), r.starts_on,
                  r.weekdays.nulls_first(), r.opens)).all()
    tiers: dict[int, list[RateTier]] = {}
    for tier in session.scalars(select(RateTier).where(RateTier.park_id == park_id).order_by(RateTier.after)):
        tiers.setdefault(tier.rate_id, []).append(tier)
    return [Priced(platform, instrument or item or "", rate, tiers.get(rate.id, []), rate.starts_on > on)
            for rate, platform, instrument, item in rows]
