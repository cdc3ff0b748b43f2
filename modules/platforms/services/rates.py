"""Rates of platforms: sheets with a base rate and weekly windows, tiers, discount steps. Rules U-10 to U-15."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import Range

from parkops import records
from parkops.errors import Problems
from parkops.i18n import _l
from parkops.security import access

from ..models.event import UsageEvent
from ..models.rate import DiscountTier, PlatformRate, RateTier
from ..models.registry import Instrument, ServiceItem

OF_SHEET = ("kind", "customer_class", "platform_id", "instrument_id", "item_id")
PRICED = (*OF_SHEET, "basis", "amount", "minimum", "service_fee", "daily_cap", "starts_on")
UNTIMED = ("sample", "consumable")


def during(starts_on: date, last_day: date | None) -> Range[date]:
    """The days from the first to the last one, half-open. A last day before the first is refused by its own sentence."""
    return Range(starts_on, None if last_day is None or last_day < starts_on else last_day + timedelta(days=1))


def create_rate(
    session: Any, *, kind: str, platform_id: int, amount: Decimal, starts_on: date, basis: str = "hour", customer_class: str | None = None,
    instrument_id: int | None = None, item_id: int | None = None, minimum: Decimal | None = None, service_fee: Decimal | None = None,
    daily_cap: Decimal | None = None, weekdays: str | None = None, opens: str | None = None, closes: str | None = None,
    last_day: date | None = None, memo: str | None = None,
) -> PlatformRate:
    """Enter a rate. An overlap with another rate of the sheet is refused and names it (U-10)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    return _save(session, None, values)


def change_rate(
    session: Any, rate: PlatformRate, *, amount: Decimal, starts_on: date, basis: str = "hour", minimum: Decimal | None = None,
    service_fee: Decimal | None = None, daily_cap: Decimal | None = None, weekdays: str | None = None, opens: str | None = None,
    closes: str | None = None, last_day: date | None = None, memo: str | None = None,
) -> PlatformRate:
    """Change a rate nothing was priced with yet; of a used one only the last day (not before its last event) and the note (U-15)."""
    values = {n: v for n, v in locals().items() if n not in ("session", "rate")}
    return _save(session, rate, {**{n: getattr(rate, n) for n in OF_SHEET}, **values})


def remove_rate(session: Any, rate: PlatformRate) -> None:
    """Delete a rate nothing was priced with (U-15)."""
    problems = Problems()
    if used(session, rate):
        problems.add("platforms.U-15", _l("Events were priced with this rate. Give it a last day and enter the new one."))
    if rate.weekdays is None and session.scalar(select(PlatformRate.id).where(
            PlatformRate.subject == rate.subject, PlatformRate.weekdays.is_not(None), PlatformRate.during.op("&&")(rate.during)).limit(1)):
        problems.add("platforms.U-12", _l("Windows rest on this base rate. Delete them first."))
    problems.stop()
    records.remove(session, rate, (RateTier, "rate_id", _l("Delete its tiers first.")))


def used(session: Any, rate: PlatformRate) -> date | None:
    """The last day of an event priced with the rate."""
    return session.scalar(select(func.max(UsageEvent.ended_on)).where(UsageEvent.park_id == rate.park_id, UsageEvent.rate_id == rate.id))


def _save(session: Any, rate: PlatformRate | None, values: dict[str, Any]) -> PlatformRate:
    access.require(session, "platforms.rate", "add" if rate is None else "change")
    values["weekdays"] = "".join(sorted(set(str(values["weekdays"]).replace(",", "").replace(" ", "")))) if values["weekdays"] else None
    starts, last = values["starts_on"], values["last_day"]
    if isinstance(starts, date):
        values["during"] = during(starts, last)
    if rate is None:
        saved = records.create(session, PlatformRate, values, lambda s, v, p: _check(s, v, p, None))
    else:
        saved = records.change(session, rate, values, lambda s, v, p: _check(s, v, p, rate))
    session.refresh(saved)
    return saved


def _check(session: Any, v: dict[str, Any], problems: Problems, rate: PlatformRate | None) -> None:
    records.date_order(v, problems, "starts_on", "last_day", _l("The last day lies before the first."))
    _shape(v, problems)
    _belongs(session, v, problems)
    if rate is not None and (last := used(session, rate)):
        if any(getattr(rate, n) != v[n] for n in PRICED) or (v["last_day"] is not None and v["last_day"] < last):
            problems.add("platforms.U-15", _l("Events until %(day)s were priced with this rate. Give it a last day then or later and enter "
                                              "the new one.", day=last.isoformat()), "amount")
    if not problems.found:
        _overlap(session, v, problems, rate)
        _sheet(session, v, problems, rate)


def _shape(v: dict[str, Any], problems: Problems) -> None:
    """What fits together within one rate (U-11)."""
    window = (v["weekdays"], v["opens"], v["closes"])
    if any(window) and not all(window):
        problems.add("platforms.U-11", _l("A window has weekdays, a time from and a time to; a base rate has none of them."), "weekdays")
    elif all(window):
        if not set(v["weekdays"]) <= set("1234567"):
            problems.add("platforms.U-11", _l("Weekdays are figures from 1 (Monday) to 7 (Sunday), such as 12345."), "weekdays")
        if not (_clock(v["opens"]) and _clock(v["closes"]) and v["opens"] < v["closes"]) or v["opens"] == "24:00":
            problems.add("platforms.U-11", _l("Times look like 08:30, at most 24:00; a window over midnight is entered as two."), "opens")
        if v["basis"] != "hour" or v["minimum"] or v["service_fee"] or v["daily_cap"]:
            problems.add("platforms.U-11", _l("A window has a price per hour only; minimum, fee and cap belong to the base rate."), "basis")
    if v["kind"] == "custom":
        problems.add("platforms.U-11", _l("Other charges bring their own amount and have no rate."), "kind")
    if v["kind"] in UNTIMED and v["basis"] == "hour":
        problems.add("platforms.U-11", _l("Samples and consumables are priced per unit or per event, not per hour."), "basis")
    if v["minimum"] is not None and v["basis"] not in ("hour", "unit"):
        problems.add("platforms.U-11", _l("A minimum goes with prices per hour or unit only."), "minimum")
    if v["amount"] is not None and v["amount"] < 0:
        problems.add("platforms.U-11", _l("A price is not negative; use a discount or a waiver."), "amount")


def _clock(value: str) -> bool:
    hours, colon, minutes = (value or "").partition(":")
    if not (colon and len(value) == 5 and hours.isdigit() and minutes.isdigit()):
        return False
    return (int(hours) < 24 and int(minutes) < 60) or value == "24:00"


def _belongs(session: Any, v: dict[str, Any], problems: Problems) -> None:
    """Instrument and item belong to the platform; the item's kind is the event's."""
    instrument = session.get(Instrument, v["instrument_id"]) if v["instrument_id"] else None
    item = session.get(ServiceItem, v["item_id"]) if v["item_id"] else None
    if instrument is not None and instrument.platform_id != v["platform_id"]:
        problems.add("platforms.U-13", _l("This instrument belongs to another platform."), "instrument_id")
    if item is not None and item.platform_id != v["platform_id"]:
        problems.add("platforms.U-13", _l("This is offered by another platform."), "item_id")
    if item is not None and item.kind != v["kind"]:
        problems.add("platforms.U-13", _l("The kind of event is not the kind of what is ordered."), "kind")


def _same_sheet(v: dict[str, Any]) -> Any:
    return and_(*(getattr(PlatformRate, n).is_not_distinct_from(v[n]) for n in OF_SHEET))


def _others(v: dict[str, Any], rate: PlatformRate | None) -> Any:
    """Rates of the sheet that hold on some of the same days."""
    found = select(PlatformRate).where(_same_sheet(v), PlatformRate.during.op("&&")(v["during"]))
    return found if rate is None else found.where(PlatformRate.id != rate.id)


def _overlap(session: Any, v: dict[str, Any], problems: Problems, rate: PlatformRate | None) -> None:
    """U-10: the sentence before the database's EXCLUDE says the same."""
    query = _others(v, rate)
    if v["weekdays"] is None:
        query = query.where(PlatformRate.weekdays.is_(None))
    else:
        shared = or_(*(PlatformRate.weekdays.contains(d) for d in v["weekdays"]))
        query = query.where(shared, PlatformRate.opens < v["closes"], PlatformRate.closes > v["opens"])
    other = session.scalars(query.order_by(PlatformRate.starts_on).limit(1)).first()
    if other is not None:
        last = other.last_day.isoformat() if other.last_day else _l("until further notice")
        problems.add("platforms.U-10", _l("Rate %(rate)s holds from %(first)s, %(last)s, for the same use. Give it a last day first.",
                                          rate=other.amount, first=other.starts_on.isoformat(), last=last), "starts_on")


def _sheet(session: Any, v: dict[str, Any], problems: Problems, rate: PlatformRate | None) -> None:
    """U-12: windows rest on one base rate per hour without tiers that holds on all their days."""
    others = list(session.scalars(_others(v, rate)))
    if v["weekdays"] is not None:
        bases = [r for r in others if r.weekdays is None]
        covered = all(any(_within(day, r) for r in bases) for day in (v["starts_on"], v["last_day"])) and bool(bases)
        if not covered:
            problems.add("platforms.U-12", _l("A window needs a base rate for the same use on all its days. Enter it first."), "starts_on")
        tiers = session.scalar(select(RateTier.id).where(RateTier.rate_id.in_([r.id for r in bases])).limit(1))
        if tiers or any(r.basis != "hour" for r in bases):
            problems.add("platforms.U-12", _l("Windows go with a base rate per hour that has no tiers."), "weekdays")
    elif v["basis"] != "hour" and any(r.weekdays for r in others):
        problems.add("platforms.U-12", _l("Windows go with a base rate per hour that has no tiers."), "basis")


def _within(day: date | None, rate: PlatformRate) -> bool:
    if day is None:
        return rate.last_day is None
    return rate.starts_on <= day and (rate.last_day is None or day <= rate.last_day)


def create_tier(session: Any, *, rate_id: int, after: int, amount: Decimal) -> RateTier:
    """Beyond so many minutes or units another price (U-14)."""
    return records.create(session, RateTier, {"rate_id": rate_id, "after": after, "amount": amount}, _check_tier)


def remove_tier(session: Any, tier: RateTier) -> None:
    """Take a step away again while nothing was priced with the rate."""
    problems = Problems()
    _fixed(session, tier.rate_id, problems)
    problems.stop()
    records.remove(session, tier)


def _fixed(session: Any, rate_id: int, problems: Problems) -> None:
    rate = session.get(PlatformRate, rate_id)
    if rate is not None and used(session, rate):
        problems.add("platforms.U-15", _l("Events were priced with this rate. Give it a last day and enter the new one."), "rate_id")


def _check_tier(session: Any, v: dict[str, Any], problems: Problems) -> None:
    rate = session.get(PlatformRate, v["rate_id"])
    if v["after"] <= 0 or v["amount"] < 0:
        problems.add("platforms.U-14", _l("A tier begins beyond more than nothing and its price is not negative."), "after")
    if rate is None:
        return
    _fixed(session, rate.id, problems)
    windows = session.scalar(select(PlatformRate.id).where(PlatformRate.subject == rate.subject, PlatformRate.weekdays.is_not(None),
                                                           PlatformRate.during.op("&&")(rate.during)).limit(1))
    if rate.weekdays is not None or rate.basis not in ("hour", "unit") or windows:
        problems.add("platforms.U-14", _l("Tiers go with a base rate per hour or unit without windows."), "rate_id")


def create_discount(
    session: Any, *, name: str, reached: Decimal, percent: Decimal, starts_on: date, last_day: date | None = None
) -> DiscountTier:
    """A discount for payers whose use of a month reaches a sum (U-08)."""
    values = {n: v for n, v in locals().items() if n != "session"}
    if isinstance(starts_on, date):
        values["during"] = during(starts_on, last_day)
    return records.create(session, DiscountTier, values, _check_discount)


def end_discount(session: Any, tier: DiscountTier, *, last_day: date) -> DiscountTier:
    """Give a discount its last day."""
    values = {"last_day": last_day, "during": during(tier.starts_on, last_day)}
    return records.change(session, tier, values, _check_discount)


def _check_discount(session: Any, v: dict[str, Any], problems: Problems) -> None:
    records.date_order(v, problems, "starts_on", "last_day", _l("The last day lies before the first."))
    if v["reached"] <= 0 or not 0 < v["percent"] <= 1:
        problems.add("platforms.U-08", _l("A discount begins at a sum above nothing and is at most 100 percent."), "percent")
