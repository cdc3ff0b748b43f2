"""Prices of water, electricity, gas and heat: dated, with the document that set them. Rules M-01 and M-02."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from modules.billing.models.charge import Charge
from parkops import records
from parkops.errors import Problems
from parkops.i18n import _, _l
from parkops.security import access

from .. import calc_meters
from ..models.meters import Meter, MeterReading, Tariff, TariffTier


def create_tariff(
    session: Any,
    *,
    medium: str,
    kind: str,
    name: str,
    doc_no: str,
    starts_on: date,
    price: Any = None,
    peak_price: Any = None,
    flat_price: Any = None,
    valley_price: Any = None,
    tax_included: bool = True,
    ends_on: date | None = None,
) -> Tariff:
    """Record a price. M-01: a price of the same medium and kind that is still open ends the day before."""
    values = {n: v for n, v in locals().items() if n != "session"}
    access.require(session, "leasing.tariff", "add")
    if isinstance(starts_on, date) and medium in calc_media() and kind:
        _close_open(session, medium, kind, starts_on)
    return records.create(session, Tariff, values, _check(None))


def calc_media() -> Any:
    """The media a meter may measure."""
    return Tariff.__table__.c.medium.type.choices


def _close_open(session: Any, medium: str, kind: str, starts_on: date) -> None:
    query = select(Tariff).where(Tariff.medium == medium, _slot(kind), Tariff.ends_on.is_(None), Tariff.starts_on < starts_on)
    for open_one in session.scalars(query):
        open_one.ends_on = starts_on - timedelta(days=1)
    session.flush()


def _slot(kind: str) -> Any:
    return Tariff.kind == "pfv" if kind == "pfv" else Tariff.kind != "pfv"


def change_tariff(
    session: Any,
    tariff: Tariff,
    *,
    name: str,
    doc_no: str,
    price: Any = None,
    peak_price: Any = None,
    flat_price: Any = None,
    valley_price: Any = None,
    tax_included: bool = True,
    ends_on: date | None = None,
) -> Tariff:
    """Correct a price. M-02: one that was charged keeps its amounts; it only ends, and a new one begins."""
    values = {n: v for n, v in locals().items() if n not in ("session", "tariff")}
    money = ("price", "peak_price", "flat_price", "valley_price", "tax_included")
    if any(values[n] != getattr(tariff, n) for n in money) and was_charged(session, tariff):
        problems = Problems()
        problems.add("leasing.M-02", _l("This price was charged already; let it end and record a new one."), "price")
        problems.stop()
    return records.change(session, tariff, values, _check(tariff.id))


def remove_tariff(session: Any, tariff: Tariff) -> None:
    """Delete a price entered by mistake."""
    problems = Problems()
    if was_charged(session, tariff):
        problems.add("leasing.M-02", _l("This price was charged already; let it end and record a new one."))
    problems.stop()
    for tier in session.scalars(select(TariffTier).where(TariffTier.tariff_id == tariff.id)):
        access.require(session, "leasing.tariff", "remove")
        session.delete(tier)
    records.remove(session, tariff)


def was_charged(session: Any, tariff: Tariff) -> bool:
    """Whether readings of the medium on its days were charged."""
    query = (
        select(Charge.id)
        .join(MeterReading, MeterReading.id == Charge.source_id)
        .join(Meter, Meter.id == MeterReading.meter_id)
        .where(Charge.source == "leasing.meter_reading", Meter.kind == tariff.medium, Charge.period_to >= tariff.starts_on)
    )
    query = query.where(Charge.period_from <= tariff.ends_on) if tariff.ends_on is not None else query
    return session.scalar(query.limit(1)) is not None


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        kind = values["kind"]
        records.date_order(values, problems, "starts_on", "ends_on", _l("A price cannot end before it begins."))
        needed = {"flat": ("price",), "pfv": ("peak_price", "flat_price", "valley_price"), "tiers": ()}[kind]
        for name in needed:
            if values.get(name) is None:
                problems.add("leasing.M-01", _l("This kind of price needs an amount here."), name)
        for name in ("price", "peak_price", "flat_price", "valley_price"):
            if values.get(name) is not None and values[name] < 0:
                problems.add("leasing.S-01", _l("This cannot be negative."), name)
        if kind == "pfv" and values["medium"] != "electricity":
            problems.add("leasing.M-01", _l("Only electricity has peak, flat and valley prices."), "kind")
        _no_overlap(session, values, problems, own_id)

    return check


def _no_overlap(session: Any, values: dict[str, Any], problems: Problems, own_id: int | None) -> None:
    query = select(Tariff.name).where(
        Tariff.medium == values["medium"], _slot(values["kind"]), or_(Tariff.ends_on.is_(None), Tariff.ends_on >= values["starts_on"])
    )
    query = query.where(Tariff.starts_on <= values["ends_on"]) if values.get("ends_on") is not None else query
    other = session.scalar((query.where(Tariff.id != own_id) if own_id is not None else query).limit(1))
    if other is not None:
        problems.add("leasing.M-01", _l("%(name)s holds on some of these days; let it end first.", name=other), "starts_on")


def create_tier(session: Any, *, tariff_id: int, above: Any, price: Any) -> TariffTier:
    """Add a tier: above so much per month each unit costs `price`."""
    return records.create(session, TariffTier, {"tariff_id": tariff_id, "above": above, "price": price}, _check_tier)


def change_tier(session: Any, tier: TariffTier, *, above: Any, price: Any) -> TariffTier:
    """Correct a tier."""
    return records.change(session, tier, {"above": above, "price": price}, _check_tier)


def remove_tier(session: Any, tier: TariffTier) -> None:
    """Delete a tier."""
    problems = Problems()
    if was_charged(session, session.get(Tariff, tier.tariff_id)):
        problems.add("leasing.M-02", _l("This price was charged already; let it end and record a new one."))
    problems.stop()
    records.remove(session, tier)


def _check_tier(session: Any, values: dict[str, Any], problems: Problems) -> None:
    tariff = session.get(Tariff, values["tariff_id"])
    if tariff.kind != "tiers":
        problems.add("leasing.M-01", _l("This price has no tiers; record one of the kind “tiers”."), "tariff_id")
    elif was_charged(session, tariff):
        problems.add("leasing.M-02", _l("This price was charged already; let it end and record a new one."))
    for name in ("above", "price"):
        if values.get(name) is not None and values[name] < 0:
            problems.add("leasing.S-01", _l("This cannot be negative."), name)


def prices(session: Any, park_id: int) -> dict[tuple[str, bool], list[calc_meters.Price]]:
    """(medium, by peak/flat/valley) -> every price of the park, for the calculation."""
    tiers: dict[int, list[Any]] = {}
    for t in session.scalars(select(TariffTier).where(TariffTier.park_id == park_id).order_by(TariffTier.above)):
        tiers.setdefault(t.tariff_id, []).append((t.above, t.price))
    out: dict[tuple[str, bool], list[calc_meters.Price]] = {}
    for t in session.scalars(select(Tariff).where(Tariff.park_id == park_id).order_by(Tariff.starts_on)):
        if t.kind == "tiers" and t.id not in tiers:
            continue  # a price without a tier says nothing; the exception list names the day
        made = calc_meters.Price(
            t.starts_on,
            t.ends_on,
            t.kind,
            t.price or 0,
            t.peak_price or 0,
            t.flat_price or 0,
            t.valley_price or 0,
            tuple(tiers.get(t.id, ())),
            t.tax_included,
            t.doc_no,
            t.id,
        )
        out.setdefault((t.medium, t.kind == "pfv"), []).append(made)
    return out


def prices_for(known: dict[tuple[str, bool], list[calc_meters.Price]], meter: Meter) -> list[calc_meters.Price]:
    """What holds for a meter: prices by register where it has registers and such prices exist, else the plain ones."""
    if meter.registers == "pfv" and (meter.kind, True) in known:
        return known[meter.kind, True]
    return known.get((meter.kind, False), [])


def end_tariff(session: Any, tariff: Tariff, *, on: date) -> str:
    """`on` is its last day."""
    records.change(session, tariff, {"ends_on": on}, _check(tariff.id))
    return _("The price ends on %(day)s.", day=on.isoformat())
