"""The price of one event by the pure calculation: previews before booking and at the machine, quotes, what a project has used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, or_, select

from parkops.clock import local
from parkops.i18n import _
from parkops.money import ZERO

from .. import calc_pricing as calc
from ..models.event import UsageEvent
from ..models.rate import PlatformRate, RateTier


@dataclass(frozen=True)
class Estimate:
    """A price before reductions and how it came about; `rate` is None when no rate holds (amount unknown, not zero)."""

    amount: Decimal | None
    rate: PlatformRate | None
    lines: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """For REST."""
        return {"amount": None if self.amount is None else str(self.amount), "rate_id": self.rate.id if self.rate else None,
                "lines": [{k: str(v) if v is not None else None for k, v in line.items()} for line in self.lines]}


def rate_for(
    session: Any, *, kind: str, platform_id: int, customer_class: str, on: date, instrument_id: int | None = None,
    item_id: int | None = None,
) -> PlatformRate | None:
    """The base rate that holds: the most special of those that fit (U-02)."""
    r = PlatformRate
    fits = [r.kind == kind, r.platform_id == platform_id, r.weekdays.is_(None), r.during.contains(on),
            or_(r.instrument_id.is_(None), r.instrument_id == instrument_id), or_(r.item_id.is_(None), r.item_id == item_id),
            or_(r.customer_class.is_(None), r.customer_class == customer_class)]
    special = (cast(r.item_id.is_not(None), Integer) * 4 + cast(r.instrument_id.is_not(None), Integer) * 2
               + cast(r.customer_class.is_not(None), Integer))
    return session.scalars(select(r).where(*fits).order_by(special.desc()).limit(1)).first()


def any_rate(session: Any, *, kind: str, platform_id: int, on: date) -> bool:
    """Whether the platform charges the kind at all on a day, of whomever."""
    r = PlatformRate
    held = select(r.id).where(r.kind == kind, r.platform_id == platform_id, r.weekdays.is_(None), r.during.contains(on)).limit(1)
    return session.scalar(held) is not None


def tariff_of(session: Any, rate: PlatformRate, on: date) -> calc.Tariff:
    """The rate with its tiers and the windows of its sheet on a day."""
    tiers = session.execute(select(RateTier.after, RateTier.amount).where(RateTier.rate_id == rate.id)).all()
    windows = session.scalars(select(PlatformRate).where(PlatformRate.subject == rate.subject, PlatformRate.weekdays.is_not(None),
                                                         PlatformRate.during.contains(on)))
    return calc.Tariff(
        rate.basis, rate.amount, rate.minimum, rate.service_fee, rate.daily_cap, tuple((t.after, t.amount) for t in tiers),
        tuple(calc.Window(frozenset(int(d) for d in w.weekdays), w.from_minute, w.to_minute, w.amount) for w in windows))


def estimate(
    session: Any, *, kind: str, platform_id: int, customer_class: str, starts_at: datetime, ends_at: datetime,
    instrument_id: int | None = None, item_id: int | None = None, quantity: Decimal | None = None,
) -> Estimate:
    """What an event would cost before its day's cap, discounts and rights. Times are instants; the park's clock decides."""
    start, end = local(starts_at), local(ends_at)
    rate = rate_for(session, kind=kind, platform_id=platform_id, customer_class=customer_class, on=end.date(), instrument_id=instrument_id,
                    item_id=item_id)
    if rate is None:
        return Estimate(None, None, [])
    tariff = tariff_of(session, rate, end.date())
    amount = calc.price(tariff, start=start, end=end, quantity=quantity)
    return Estimate(amount, rate, _lines(tariff, start, end, quantity, amount))


def _lines(tariff: calc.Tariff, start: datetime, end: datetime, quantity: Decimal | None, amount: Decimal) -> list[dict[str, Any]]:
    """The pieces in words; what the minimum adds and the fee are lines of their own."""
    texts = {"minute": _("Machine time"), "unit": _("Units"), "day": _("Days"), "flat": _("Once")}
    out, sum_ = [], ZERO
    for piece in calc.pieces(tariff, start=start, end=end, quantity=quantity):
        value, sum_ = calc.half_up(piece.exact), sum_ + calc.half_up(piece.exact)
        hours = piece.quantity / 60 if piece.unit == "minute" else piece.quantity
        out.append({"text": texts[piece.unit], "quantity": hours.quantize(Decimal("0.01")), "unit_price": piece.amount, "amount": value})
    fee = tariff.service_fee or ZERO
    if amount - fee > sum_ and tariff.minimum:
        out.append({"text": _("Up to the minimum"), "quantity": None, "unit_price": None, "amount": amount - fee - sum_})
    if fee:
        out.append({"text": _("Service fee"), "quantity": None, "unit_price": None, "amount": fee})
    return out


def of_event(session: Any, event: UsageEvent, *, until: datetime | None = None) -> Decimal | None:
    """What an event costs: as priced, else as it looks now (running use until `until`); None when no rate holds."""
    if event.net is not None:
        return event.net
    if event.kind == "custom":
        return event.amount
    if event.state in ("waived", "void"):
        return ZERO
    end = event.ended_at or max(until or event.started_at, event.started_at + timedelta(minutes=1))
    return estimate(session, kind=event.kind, platform_id=event.platform_id, customer_class=event.customer_class,
                    starts_at=event.started_at, ends_at=end, instrument_id=event.instrument_id, item_id=event.item_id,
                    quantity=event.quantity).amount
