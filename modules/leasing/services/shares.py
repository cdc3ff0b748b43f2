"""Shared costs: what a main meter shows beyond its sub-meters, priced and divided over units and their tenants. Rules M-12 to M-16."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, func, or_, select

from modules.billing.models.charge import Charge
from parkops import records
from parkops.errors import Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.money import round_fen
from parkops.security import access

from .. import calc_meters, calc_shares
from ..models.lease import Lease, LeaseUnit
from ..models.meters import Meter, MeterReading, ShareLine, ShareMember, ShareRule, ShareSheet
from ..models.space import Unit
from ..states_space import SHARE_SHEET
from . import tariffs

SOURCE = "leasing.share_line"
ONE_DAY = timedelta(days=1)


def create_rule(
    session: Any, *, meter_id: int, key: str, name: str, starts_on: date, basis: str | None = None, ends_on: date | None = None
) -> ShareRule:
    """Say how the difference of a main meter is borne. M-12: only main meters, one rule a day."""
    values = {"meter_id": meter_id, "key": key, "name": name, "starts_on": starts_on, "basis": basis, "ends_on": ends_on}
    return records.create(session, ShareRule, values, _check_rule(None))


def change_rule(session: Any, rule: ShareRule, *, name: str, basis: str | None = None, ends_on: date | None = None) -> ShareRule:
    """Rename a rule or let it end; another key is another rule."""
    return records.change(session, rule, {"name": name, "basis": basis, "ends_on": ends_on}, _check_rule(rule.id))


def remove_rule(session: Any, rule: ShareRule) -> None:
    """Delete a rule nothing was divided by."""
    records.remove(
        session,
        rule,
        (ShareSheet, "rule_id", _l("Costs were divided by this rule; let it end instead.")),
        (ShareMember, "rule_id", _l("Delete its members first.")),
    )


def _check_rule(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        records.date_order(values, problems, "starts_on", "ends_on", _l("A rule cannot end before it begins."))
        meter = session.get(Meter, values["meter_id"])
        if meter is not None and meter.unit_id is not None:
            problems.add("leasing.M-12", _l("This is the meter of a unit; choose the main meter of the building."), "meter_id")
        query = select(ShareRule.name).where(
            ShareRule.meter_id == values["meter_id"], or_(ShareRule.ends_on.is_(None), ShareRule.ends_on >= values["starts_on"])
        )
        query = query.where(ShareRule.starts_on <= values["ends_on"]) if values.get("ends_on") is not None else query
        other = session.scalar((query.where(ShareRule.id != own_id) if own_id is not None else query).limit(1))
        if other is not None:
            problems.add("leasing.M-12", _l("%(name)s holds on some of these days; let it end first.", name=other), "starts_on")

    return check


def create_member(session: Any, *, rule_id: int, unit_id: int, weight: Decimal = Decimal(1)) -> ShareMember:
    """A unit that bears a part. Without any, every unit of the building does."""
    return records.create(session, ShareMember, {"rule_id": rule_id, "unit_id": unit_id, "weight": weight}, _check_member)


def change_member(session: Any, member: ShareMember, *, weight: Decimal) -> ShareMember:
    """Change the fixed share."""
    return records.change(session, member, {"weight": weight}, _check_member)


def remove_member(session: Any, member: ShareMember) -> None:
    """Take a unit out of the rule."""
    records.remove(session, member)


def _check_member(session: Any, values: dict[str, Any], problems: Problems) -> None:
    if values["weight"] is not None and values["weight"] < 0:
        problems.add("leasing.S-01", _l("This cannot be negative."), "weight")
    rule, unit = session.get(ShareRule, values["rule_id"]), session.get(Unit, values["unit_id"])
    if rule is not None and unit is not None and unit.building_id != rule.meter.building_id:
        problems.add("leasing.M-12", _l("This unit stands in another building; choose one of the meter's building."), "unit_id")


def share_out(session: Any, rule: ShareRule, *, on: date) -> str:
    """The button: every reading of the main meter up to `on` that was not divided yet."""
    access.require(session, "leasing.share_sheet", "add")
    done = exists().where(ShareSheet.reading_id == MeterReading.id, ShareSheet.state != "discarded")
    found = list(
        session.scalars(
            select(MeterReading)
            .where(
                MeterReading.meter_id == rule.meter_id,
                MeterReading.read_on <= on,
                MeterReading.from_on >= rule.starts_on - ONE_DAY,
                or_(rule.ends_on is None, MeterReading.read_on <= (rule.ends_on or date.max)),
                ~done,
            )
            .order_by(MeterReading.read_on)
        )
    )
    for reading in found:
        make_sheet(session, rule, reading)
    return (
        _("%(n)s readings were divided; check and confirm the sheets.", n=len(found)) if found else _("There is no reading left to divide.")
    )


def make_sheet(session: Any, rule: ShareRule, reading: MeterReading) -> ShareSheet:
    """Divide one reading. M-13 the sub-meters were read on the same days, M-14 subs not above main, M-15 there is a price and a weight."""
    access.require(session, "leasing.share_sheet", "add")
    first, last = reading.from_on + ONE_DAY, reading.read_on
    subs, by_unit = _subs(session, rule.meter, reading)
    try:
        left = calc_shares.difference(reading.usage, subs)
        amount, why, taxed = _priced(session, rule.meter, reading, left)
        shares = calc_shares.divide(left, amount, rule.key, _bearers(session, rule, first, last, by_unit))
    except calc_shares.CannotShare as e:
        raise RuleError([_cannot(e.why, reading)]) from None
    except calc_meters.CannotCharge as e:
        raise RuleError(
            [
                Problem(
                    "leasing.M-15",
                    _l("There is no price of this medium on %(day)s; finance records it under prices.", day=e.day.isoformat()),
                )
            ]
        ) from None
    sheet = ShareSheet(
        park_id=rule.park_id,
        rule_id=rule.id,
        reading_id=reading.id,
        period_from=first,
        period_to=last,
        main_usage=reading.usage,
        subs_usage=sum(subs, Decimal(0)),
        difference=left,
        amount=amount,
        explain=why,
        tax_included=taxed,
        park_amount=sum((s.amount for s in shares if s.bearer.firm_id is None), Decimal(0)),
    )
    session.add(sheet)
    session.flush()
    session.add_all(_line(sheet, s, rule) for s in shares)
    session.flush()
    return sheet


def _line(sheet: ShareSheet, share: calc_shares.Share, rule: ShareRule) -> ShareLine:
    b = share.bearer
    return ShareLine(
        park_id=sheet.park_id,
        sheet_id=sheet.id,
        unit_id=b.unit_id,
        firm_id=b.firm_id,
        period_from=b.first,
        period_to=b.last,
        days=b.days,
        weight=share.weight.quantize(Decimal("0.0001")),
        area=b.base if rule.key == "area" else None,
        quantity=share.quantity,
        amount=share.amount,
    )


def _cannot(why: str, reading: MeterReading) -> Problem:
    if why == "negative":
        return Problem(
            "leasing.M-14",
            _l("On %(day)s the sub-meters show more than the main meter; check the readings of that day.", day=reading.read_on.isoformat()),
        )
    return Problem("leasing.M-15", _l("All shares are nil; choose another key or give the members their shares."))


def _subs(session: Any, main: Meter, reading: MeterReading) -> tuple[list[Decimal], dict[int, Decimal]]:
    """Usage of every sub-meter over the main meter's days, and by unit. M-13."""
    rows: dict[int, list[Any]] = defaultdict(list)
    meters = list(session.scalars(select(Meter).where(Meter.parent_id == main.id)))
    for row in session.scalars(
        select(MeterReading).where(
            MeterReading.meter_id.in_([m.id for m in meters]),
            MeterReading.read_on > reading.from_on,
            MeterReading.from_on < reading.read_on,
        )
    ):
        rows[row.meter_id].append(row)
    problems, subs, by_unit = Problems(), [], defaultdict(Decimal)
    for meter in meters:
        mine = rows.get(meter.id, [])
        if not mine and not meter.active:
            continue
        if not mine or max(r.read_on for r in mine) != reading.read_on or min(r.from_on for r in mine) < reading.from_on:
            problems.add(
                "leasing.M-13",
                _l(
                    "Sub-meter %(code)s was not read on %(a)s and %(b)s like the main meter; read them on the same day.",
                    code=meter.code,
                    a=reading.from_on.isoformat(),
                    b=reading.read_on.isoformat(),
                ),
            )
            continue
        subs.append(sum((r.usage for r in mine), Decimal(0)))
        if meter.unit_id is not None:
            by_unit[meter.unit_id] += subs[-1]
    problems.stop()
    return subs, by_unit


def _priced(session: Any, main: Meter, reading: MeterReading, left: Decimal) -> tuple[Decimal, str, bool]:
    """The shared usage at the average price the main meter comes to over these days."""
    found = tariffs.prices_for(tariffs.prices(session, main.park_id), main)
    first, last = reading.from_on + ONE_DAY, reading.read_on
    usage = calc_meters.Usage(reading.usage, reading.usage_peak, reading.usage_flat, reading.usage_valley)
    parts = calc_meters.charge(first, last, usage, [], found)
    whole = sum((p.amount for p in parts), Decimal(0))
    amount = round_fen(whole * left / reading.usage) if reading.usage else Decimal(0)
    docs = ", ".join(dict.fromkeys(p.price.doc_no for p in parts))
    return (
        amount,
        _("%(whole)s × %(left)s ÷ %(usage)s; price: %(docs)s", whole=whole, left=left, usage=reading.usage, docs=docs)[:300],
        all(p.price.tax_included for p in parts),
    )


def tenancies(session: Any, unit_ids: Iterable[int], first: date, last: date) -> dict[int, list[calc_meters.Tenancy]]:
    """Unit id -> who has it on the days (signed leases), in order."""
    out: dict[int, list[calc_meters.Tenancy]] = defaultdict(list)
    query = (
        select(LeaseUnit.unit_id, LeaseUnit.during, Lease.firm_id, Lease.id)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(LeaseUnit.unit_id.in_(list(unit_ids)), LeaseUnit.during.op("&&")(func.daterange(first, last, "[]")))
    )
    for unit_id, during, firm_id, lease_id in session.execute(query.order_by(LeaseUnit.unit_id, func.lower(LeaseUnit.during))):
        until = during.upper - ONE_DAY if during.upper is not None else last
        out[unit_id].append(calc_meters.Tenancy(max(during.lower, first), min(until, last), firm_id, lease_id))
    return out


def _bearers(session: Any, rule: ShareRule, first: date, last: date, by_unit: dict[int, Decimal]) -> list[calc_shares.Bearer]:
    """One row per unit and tenant; vacant days are the park's."""
    members = dict(session.execute(select(ShareMember.unit_id, ShareMember.weight).where(ShareMember.rule_id == rule.id)).all())
    query = select(Unit).where(Unit.starts_on <= last, or_(Unit.ends_on.is_(None), Unit.ends_on >= first)).order_by(Unit.code, Unit.id)
    query = query.where(Unit.id.in_(members)) if members else query.where(Unit.building_id == rule.meter.building_id)
    found = list(session.scalars(query))
    tenants = tenancies(session, [u.id for u in found], first, last)
    out = []
    for unit in found:
        begin, end = max(first, unit.starts_on), min(last, unit.ends_on or last)
        base = {"area": unit.lettable_area, "usage": by_unit.get(unit.id, Decimal(0)), "fixed": members.get(unit.id, Decimal(1))}[rule.key]
        for t in calc_meters.fill(begin, end, tenants.get(unit.id, [])):
            out.append(calc_shares.Bearer(unit.id, t.firm_id, t.first, t.last, base, (end - begin).days + 1))
    return out


def confirm_sheet(session: Any, sheet: ShareSheet, *, on: date) -> None:
    """The sheet is right; the next bill run charges its lines."""
    SHARE_SHEET.move(session, sheet, "confirm", on=on)


def why_not_confirm(session: Any, sheet: ShareSheet) -> str | None:
    """Guard: the lines sum to the sheet (M-16)."""
    quantity, amount = session.execute(
        select(func.sum(ShareLine.quantity), func.sum(ShareLine.amount)).where(ShareLine.sheet_id == sheet.id)
    ).one()
    return (
        None
        if (quantity, amount) == (sheet.difference, sheet.amount)
        else _("The lines do not add up to the sheet; discard it and divide again.")
    )


def discard_sheet(session: Any, sheet: ShareSheet, *, reason: str) -> None:
    """Throw the sheet away, so that the reading can be divided again. Not after its lines were charged."""
    SHARE_SHEET.move(session, sheet, "discard", reason=reason)


def why_not_discard(session: Any, sheet: ShareSheet) -> str | None:
    """Guard of the button."""
    lines = select(ShareLine.id).where(ShareLine.sheet_id == sheet.id)
    charged = session.scalar(select(Charge.id).where(Charge.source == SOURCE, Charge.source_id.in_(lines)).limit(1))
    return _("Lines of this sheet were charged; credit those bills instead.") if charged is not None else None
