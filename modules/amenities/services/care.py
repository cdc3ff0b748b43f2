"""Childcare: classes, waiting list in a published order, places, fees, who picks up. Rules Y-55 to Y-61."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Date, Interval, String, and_, cast, func, literal, literal_column, or_, select, true
from sqlalchemy.exc import IntegrityError

from modules.billing.models.catalogue import ChargeItem
from parkops import clock, records, settings
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.security import access

from ..calc_housing import whole_months
from ..models.care import CARE_RANKS, CareClass, CarePlace, Child, PickupPerson
from ..models.facility import AmenityFacility
from ..states_care import PLACE

RESOURCE = "amenities.place"


def _check_class(session: Any, values: dict[str, Any], problems: Problems) -> None:
    found = session.get(AmenityFacility, values["facility_id"])
    if found is not None and found.kind != "education":
        problems.add("amenities.Y-55", _l("Choose an education complex."), "facility_id")
    if values["ends_on"] <= values["starts_on"]:
        problems.add("amenities.Y-55", _l("The school year ends after it begins."), "ends_on")
    if not 0 <= values["age_from"] < values["age_to"] <= 96:
        problems.add("amenities.Y-55", _l("Ages are months from 0 to 96, the second above the first."), "age_to")
    if values["places"] < 1:
        problems.add("amenities.Y-55", _l("Enter a number above zero."), "places")
    if values["fee"] < 0:
        problems.add("amenities.Y-55", _l("This cannot be negative."), "fee")


def create_class(session: Any, **values: Any) -> CareClass:
    """A class of a school year (Y-55)."""
    return records.create(session, CareClass, values, _check_class)


def change_class(session: Any, row: CareClass, **values: Any) -> CareClass:
    """Change it; not fewer places than are taken."""

    def check(s: Any, v: dict[str, Any], problems: Problems) -> None:
        _check_class(s, v, problems)
        if v["places"] < row.taken:
            problems.add("amenities.Y-55", _l("%(n)s places are taken.", n=row.taken), "places")

    return records.change(session, row, values, check)


def create_child(session: Any, **values: Any) -> Child:
    """A child and whom to call."""
    return records.create(session, Child, values, _born)


def change_child(session: Any, row: Child, **values: Any) -> Child:
    """Correct it."""
    return records.change(session, row, values, _born)


def _born(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.not_future(values, problems, ("born_on",))


def list_child(session: Any, *, class_id: int, child_id: int, priority: str, payer_id: int | None = None) -> CarePlace:
    """Put a child on the waiting list of a class it is of age for (Y-56)."""
    access.require(session, RESOURCE, "add")
    group, child, problems = session.get(CareClass, class_id), session.get(Child, child_id), Problems()
    if group is None or child is None:
        raise NotFound(_l("There is no such record in your parks."))
    age = whole_months(child.born_on, group.starts_on)
    if not group.age_from <= age < group.age_to:
        problems.add(
            "amenities.Y-56",
            _l(
                "The child will be %(age)s months old; the class takes children from %(from)s to below %(to)s.",
                age=age,
                **{"from": group.age_from, "to": group.age_to},
            ),
            "class_id",
        )
    open_ = select(CarePlace.id).where(
        CarePlace.class_id == class_id, CarePlace.child_id == child_id, CarePlace.state.in_(("waiting", "offered", "enrolled"))
    )
    if session.scalar(open_) is not None:
        problems.add("amenities.Y-56", _l("The child is on this list already."), "child_id")
    if priority not in CARE_RANKS:
        problems.add("amenities.Y-56", _l("Choose one of the values offered."), "priority")
    problems.stop()
    values = {
        "class_id": class_id,
        "child_id": child_id,
        "priority": priority,
        "rank": CARE_RANKS[priority],
        "payer_id": payer_id or child.firm_id,
        "listed_at": clock.now(),
    }
    return records.create(session, CarePlace, values)


def before(row: CarePlace) -> Any:
    """Condition: stands before `row` on the list of the class: priority, then time (Y-57)."""
    p = CarePlace
    earlier = or_(p.listed_at < row.listed_at, and_(p.listed_at == row.listed_at, p.id < row.id))
    return and_(p.class_id == row.class_id, p.state == "waiting", p.id != row.id, or_(p.rank < row.rank, and_(p.rank == row.rank, earlier)))


def place_on_list(session: Any, row: CarePlace) -> int | None:
    """1 for who is next."""
    return 1 + session.scalar(select(func.count(CarePlace.id)).where(before(row))) if row.state == "waiting" else None


def why_not_offer(session: Any, row: CarePlace) -> str | None:
    """A place must be free."""
    group = session.get(CareClass, row.class_id)
    return None if group.taken < group.places else _("All %(n)s places are taken.", n=group.places)


def offer_place(session: Any, row: CarePlace, *, on: date, reason: str | None = None) -> None:
    """In the published order, or with a reason; never more than there are (Y-57, Y-58)."""
    access.require(session, RESOURCE, "act")
    problems = Problems()
    if session.scalar(select(CarePlace.id).where(before(row)).limit(1)) is not None and not (reason or "").strip():
        problems.add("amenities.Y-57", _l("Another child is before this one. Offer it there, or write why not."), "reason")
    problems.stop()
    row.answer_by = on + timedelta(days=settings.get(session, "amenities.offer_days", row.park_id))
    try:
        with session.begin_nested():
            PLACE.move(session, row, "offer", on=on, reason=(reason or "").strip() or None)
    except IntegrityError as e:
        if "ck_amenities_care_class_taken" not in str(e.orig):
            raise
        raise RuleError([Problem("amenities.Y-58", _l("The last place of this class was just taken."))]) from None


def enrol_child(session: Any, row: CarePlace, *, starts_on: date) -> None:
    """The parents accept; the fee of the class holds from that day (Y-59)."""
    access.require(session, RESOURCE, "change")
    group = session.get(CareClass, row.class_id)
    if not group.starts_on <= starts_on <= group.ends_on:
        raise RuleError([Problem("amenities.Y-59", _l("Choose a day of the school year."), "starts_on")])
    row.starts_on, row.ends_on, row.fee = starts_on, group.ends_on, group.fee
    PLACE.move(session, row, "enrol", on=starts_on)


def leave_class(session: Any, row: CarePlace, *, on: date) -> None:
    """The place is free; the fee of the month is the last."""
    if row.starts_on is not None and on < row.starts_on:
        raise RuleError([Problem("amenities.Y-59", _l("Choose a day from the first one on."), "on")])
    row.ends_on = min(on, row.ends_on)
    PLACE.move(session, row, "leave", on=on)


def expire_offers(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: offers nobody answered go back to the list."""
    query = select(CarePlace).where(CarePlace.state == "offered", CarePlace.answer_by < on)
    found = list(session.scalars(query if park_id is None else query.where(CarePlace.park_id == park_id)))
    for row in found:
        PLACE.move(session, row, "decline", on=on, reason=_("Not answered by %(day)s", day=row.answer_by))
    return {"expired": len(found)}


def demands(session: Any, park_id: int, month: date) -> Any:
    """Y-60: a fee for every month a child has a place, in full, until `month`."""
    p = CarePlace
    months = (
        func.generate_series(
            func.date_trunc("month", p.starts_on), func.least(p.ends_on, cast(literal(month), Date)), cast(literal("1 month"), Interval)
        )
        .table_valued("m")
        .render_derived()
        .lateral("months")
    )
    start = cast(months.c.m, Date)
    end = cast(start + literal_column("interval '1 month'") - literal_column("interval '1 day'"), Date)
    item = select(ChargeItem.id).where(ChargeItem.code == "care_fee").scalar_subquery()
    due = settings.get(session, "amenities.due_days", park_id)
    return (
        select(
            (literal("amenities.place:") + cast(p.id, String) + ":" + func.to_char(start, "YYYY-MM")).label("key"),
            p.payer_id.label("firm_id"),
            item.label("item_id"),
            literal("amenities.place").label("source"),
            cast(p.id, BigInteger).label("source_id"),
            start.label("period_from"),
            end.label("period_to"),
            cast(start + due, Date).label("due_on"),
            p.fee.label("amount"),
            func.left(CareClass.name + " " + func.to_char(start, "YYYY-MM"), 300).label("memo"),
        )
        .select_from(p)
        .join(CareClass, CareClass.id == p.class_id)
        .join(months, true())
        .where(p.park_id == park_id, p.state.in_(("enrolled", "left")), p.fee > 0, start <= month)
    )


def _check_pickup(session: Any, values: dict[str, Any], problems: Problems) -> None:
    records.date_order(values, problems, "since", "until", _l("The end lies before the beginning; correct one of them."))


def create_pickup(session: Any, **values: Any) -> PickupPerson:
    """Who may pick the child up (Y-61)."""
    return records.create(session, PickupPerson, values, _check_pickup)


def change_pickup(session: Any, row: PickupPerson, **values: Any) -> PickupPerson:
    """Change it, or enter until when."""
    return records.change(session, row, values, _check_pickup)


def pickups(session: Any, child: Child, *, on: date) -> list[PickupPerson]:
    """Who may pick the child up on a day."""
    access.require(session, "amenities.pickup", "read")
    p = PickupPerson
    return list(
        session.scalars(select(p).where(p.child_id == child.id, p.since <= on, or_(p.until.is_(None), p.until >= on)).order_by(p.id))
    )


def fee_months(starts_on: date, ends_on: date, fee: Decimal) -> list[tuple[date, Decimal]]:
    """The months that are charged, as the select above makes them (tests hold both equal)."""
    out, month = [], starts_on.replace(day=1)
    while month <= ends_on:
        out.append((month, fee))
        month = clock.add_months(month, 1)
    return out
