"""Health centre: packages, orders, slots, visits, invoices by attendance. Rules Y-62 to Y-68. Nothing about results is stored."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, String, cast, func, literal, select, update
from sqlalchemy.exc import IntegrityError

from modules.billing.models.catalogue import ChargeItem
from parkops import clock, records, sequences, settings
from parkops.clock import add_months
from parkops.db import audit
from parkops.db.session import scope_of
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.refs import load
from parkops.security import access

from ..models.facility import AmenityFacility
from ..models.health import COMING, HealthInvoice, HealthOrder, HealthPackage, HealthSlot, HealthVisit
from ..states_health import HEALTH_ORDER, HEALTH_VISIT

VISIT = "amenities.visit"
ORDER = "amenities.health_order"


def _centre(session: Any, values: dict[str, Any], problems: Problems) -> None:
    found = session.get(AmenityFacility, values["facility_id"])
    if found is not None and found.kind != "health":
        problems.add("amenities.Y-62", _l("Choose a health centre."), "facility_id")


def _check_package(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _centre(session, values, problems)
    if (values.get("price") or Decimal(0)) < 0:
        problems.add("amenities.Y-62", _l("This cannot be negative."), "price")


def create_package(session: Any, **values: Any) -> HealthPackage:
    """What is offered (Y-62)."""
    return records.create(session, HealthPackage, {k: v for k, v in values.items() if v is not None}, _check_package)


def change_package(session: Any, row: HealthPackage, **values: Any) -> HealthPackage:
    """Change it; orders keep their price."""
    return records.change(session, row, values, _check_package)


def _check_order(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "starts_on", "ends_on", _l("An order cannot end before it begins."))
    if values["persons"] is not None and values["persons"] < 1:
        problems.add("amenities.Y-63", _l("Enter a number above zero."), "persons")


def create_order(
    session: Any, *, firm_id: int, package_id: int, persons: int, starts_on: date, ends_on: date, price: Decimal | None = None
) -> HealthOrder:
    """A firm orders for its people, at the package's price unless another was agreed (Y-63)."""
    access.require(session, ORDER, "add")
    package = load(session, "amenities.package", package_id)
    values = {
        "firm_id": firm_id,
        "package_id": package_id,
        "persons": persons,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "price": package.price if price is None else price,
        "number": sequences.next_number(session, ORDER, package.park_id, starts_on),
    }
    return records.create(session, HealthOrder, values, _check_order)


def change_order(session: Any, row: HealthOrder, *, persons: int, starts_on: date, ends_on: date, price: Decimal) -> HealthOrder:
    """Change a draft."""
    if row.state != "draft":
        raise RuleError([Problem("amenities.Y-63", _l("The order was confirmed already. Cancel it and write a new one."))])
    return records.change(session, row, {"persons": persons, "starts_on": starts_on, "ends_on": ends_on, "price": price}, _check_order)


def _check_slot(session: Any, values: dict[str, Any], problems: Problems) -> None:
    _centre(session, values, problems)
    if values["places"] is not None and values["places"] < 1:
        problems.add("amenities.Y-64", _l("Enter a number above zero."), "places")


def create_slot(session: Any, **values: Any) -> HealthSlot:
    """A time with places (Y-64)."""
    return records.create(session, HealthSlot, {k: v for k, v in values.items() if v is not None}, _check_slot)


def change_slot(session: Any, row: HealthSlot, *, places: int, minutes: int | None = None) -> HealthSlot:
    """More or fewer places, not fewer than are taken."""
    if places < row.taken:
        raise RuleError([Problem("amenities.Y-64", _l("%(n)s places are taken.", n=row.taken), "places")])
    return records.change(session, row, {"places": places, "minutes": minutes or row.minutes}, _check_slot)


def book_visit(
    session: Any,
    *,
    firm_id: int,
    person_code: str,
    package_id: int | None = None,
    order_id: int | None = None,
    slot_id: int | None = None,
    name: str | None = None,
) -> HealthVisit:
    """Register a person for a slot, within the order, never above the slot's places (Y-64, Y-65)."""
    access.require(session, VISIT, "add")
    order = session.get(HealthOrder, order_id) if order_id is not None else None
    problems = Problems()
    if order_id is not None and (order is None or order.firm_id != firm_id or order.state != "confirmed"):
        problems.add("amenities.Y-65", _l("Choose a confirmed order of this firm."), "order_id")
    elif order is not None:
        session.scalars(select(HealthOrder).where(HealthOrder.id == order.id).with_for_update(of=HealthOrder)).one()
        coming = session.scalar(select(func.count(HealthVisit.id)).where(HealthVisit.order_id == order.id, HealthVisit.state.in_(COMING)))
        if coming >= order.persons:
            problems.add("amenities.Y-65", _l("The order is for %(n)s persons and they are all registered.", n=order.persons), "order_id")
    if order is None and package_id is None:
        problems.add("amenities.Y-65", _l("Choose a package or an order."), "package_id")
    problems.stop()
    values = {
        "firm_id": firm_id,
        "person_code": person_code,
        "package_id": order.package_id if order else package_id,
        "order_id": order_id,
        "slot_id": slot_id,
        "name": name,
    }
    try:
        with session.begin_nested():
            return records.create(session, HealthVisit, values)
    except IntegrityError as e:
        raise _full(e) from None


def _full(e: IntegrityError) -> Exception:
    if "ck_amenities_slot_taken" in str(e.orig):
        return RuleError([Problem("amenities.Y-64", _l("This slot is full. Choose another time."), "slot_id")])
    if "uq_amenities_visit_slot_person" in str(e.orig):
        return RuleError([Problem("amenities.Y-65", _l("This person is registered for the slot already."), "person_code")])
    return e


def attend(session: Any, row: HealthVisit, *, on: date) -> None:
    """The person came (Y-66)."""
    if on > clock.today():
        raise RuleError([Problem("amenities.Y-66", _l("This date lies in the future. Enter the day it happened."), "on")])
    row.attended_on = on
    HEALTH_VISIT.move(session, row, "attend", on=on)


def attend_many(session: Any, rows: list[HealthVisit], *, on: date) -> str:
    """The desk's list of a day."""
    done = [row for row in rows if row.state == "booked"]
    for row in done:
        attend(session, row, on=on)
    return _("%(n)s visits recorded.", n=len(done))


def take_over(session: Any, *, order_id: int, days: list[date], people: int, prefix: str) -> int:
    """Attendance lists of an order taken over set-based: `people` staff numbers on each of the days (Y-66). Returns person-times."""
    access.require(session, VISIT, "add")
    order = load(session, ORDER, order_id)
    if order.state != "confirmed" or people < 1 or people > 100_000 or len(days) * people > order.persons:
        raise RuleError([Problem("amenities.Y-65", _l("The lists name more visits than the order is for."))])
    from sqlalchemy import insert

    numbers = func.generate_series(1, people).table_valued("n").render_derived()
    for day in days:
        session.execute(
            insert(HealthVisit.__table__).from_select(
                ["park_id", "order_id", "package_id", "firm_id", "person_code", "state", "attended_on"],
                select(
                    literal(order.park_id),
                    literal(order.id),
                    literal(order.package_id),
                    literal(order.firm_id),
                    literal(prefix) + func.lpad(cast(numbers.c.n, String), 5, "0"),
                    literal("attended"),
                    cast(literal(day), Date),
                ),
            )
        )
    audit.bulk(session, HealthVisit, "insert", len(days) * people, park_id=order.park_id)
    return len(days) * people


def invoice_order(session: Any, row: HealthOrder, *, until: date) -> str:
    """Charge who came up to a day and was not charged yet (Y-67): one line of the next bill."""
    access.require(session, "amenities.health_invoice", "add")
    session.scalars(select(HealthOrder).where(HealthOrder.id == row.id).with_for_update(of=HealthOrder)).one()
    open_ = (
        HealthVisit.order_id == row.id,
        HealthVisit.state == "attended",
        HealthVisit.invoice_id.is_(None),
        HealthVisit.attended_on <= until,
    )
    n = session.scalar(select(func.count(HealthVisit.id)).where(*open_))
    if not n:
        raise RuleError([Problem("amenities.Y-67", _l("Nobody came who was not charged yet."), "until")])
    invoice = HealthInvoice(
        park_id=row.park_id, order_id=row.id, until=until, persons=n, amount=row.price * n, entered_by=scope_of(session).user_name or ""
    )
    session.add(invoice)
    session.flush()
    session.execute(
        update(HealthVisit)
        .where(*open_)
        .values(invoice_id=invoice.id, version=HealthVisit.version + 1)
        .execution_options(synchronize_session=False)
    )
    audit.bulk(session, HealthVisit, "update", n, park_id=row.park_id)
    session.expire_all()
    return _("%(n)s persons, %(amount)s yuan go on the next bill.", n=n, amount=f"{row.price * n:,.2f}")


def why_not_finish(session: Any, row: HealthOrder) -> str | None:
    """Everything that happened is charged first."""
    left = session.scalar(
        select(func.count(HealthVisit.id)).where(
            HealthVisit.order_id == row.id, HealthVisit.state == "attended", HealthVisit.invoice_id.is_(None)
        )
    )
    return _("%(n)s visits are not charged yet.", n=left) if left and row.price else None


def finish_order(session: Any, row: HealthOrder, *, on: date) -> None:
    """Done; who is still registered did not come."""
    if (why := why_not_finish(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-67", why)])
    for visit in session.scalars(select(HealthVisit).where(HealthVisit.order_id == row.id, HealthVisit.state == "booked")):
        HEALTH_VISIT.move(session, visit, "miss", on=on)
    HEALTH_ORDER.move(session, row, "finish", on=on)


def cancel_order(session: Any, row: HealthOrder, *, reason: str) -> None:
    """With its registrations; not once somebody came."""
    if session.scalar(select(HealthVisit.id).where(HealthVisit.order_id == row.id, HealthVisit.state == "attended").limit(1)) is not None:
        raise RuleError([Problem("amenities.Y-63", _l("People came under this order. Charge and complete it instead."))])
    for visit in session.scalars(select(HealthVisit).where(HealthVisit.order_id == row.id, HealthVisit.state == "booked")):
        HEALTH_VISIT.move(session, visit, "cancel")
    HEALTH_ORDER.move(session, row, "cancel", reason=reason)


def counted(session: Any, *, facility_id: int, first: date, last: date) -> tuple[int, int]:
    """(different persons, person-times) of a centre between two days, never mixed (Y-68)."""
    access.require(session, VISIT, "read")
    v = HealthVisit
    return tuple(
        session.execute(
            select(func.count(func.distinct(func.concat(v.firm_id, ":", v.person_code))), func.count(v.id))
            .join(HealthPackage, HealthPackage.id == v.package_id)
            .where(HealthPackage.facility_id == facility_id, v.state == "attended", v.attended_on >= first, v.attended_on <= last)
        ).one()
    )


def demands(session: Any, park_id: int, month: date) -> Any:
    """Invoices by attendance."""
    i, o = HealthInvoice, HealthOrder
    item = select(ChargeItem.id).where(ChargeItem.code == "health_check").scalar_subquery()
    due = settings.get(session, "amenities.due_days", park_id)
    return (
        select(
            (literal("amenities.health_invoice:") + cast(i.id, String)).label("key"),
            o.firm_id.label("firm_id"),
            item.label("item_id"),
            literal("amenities.health_invoice").label("source"),
            i.id.label("source_id"),
            i.until.label("period_from"),
            i.until.label("period_to"),
            cast(i.until + due, Date).label("due_on"),
            i.amount.label("amount"),
            func.left(o.number + " × " + cast(i.persons, String), 300).label("memo"),
        )
        .join(o, o.id == i.order_id)
        .where(i.park_id == park_id, i.amount > 0, i.until < add_months(month, 1))
    )


def open_slots(session: Any, *, facility_id: int, first: datetime, days: int, minutes: int, places: int, count: int) -> int:
    """Slots of several days at once: `count` a day from the hour of `first`. Returns how many are new."""
    if session.get(AmenityFacility, facility_id) is None:
        raise NotFound(_l("There is no such record in your parks."))
    made = 0
    for day in range(days):
        for n in range(count):
            at = first + timedelta(days=day, minutes=minutes * n)
            if session.scalar(select(HealthSlot.id).where(HealthSlot.facility_id == facility_id, HealthSlot.starts_at == at)) is None:
                create_slot(session, facility_id=facility_id, starts_at=at, minutes=minutes, places=places)
                made += 1
    return made
