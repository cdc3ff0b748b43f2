"""Applications for apartments: checked by the rules, queued in a published order, allotted. Rules Y-06 to Y-12."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import IntegrityError

from modules.tenants.models.firm import Firm
from parkops import clock, records, sequences, settings
from parkops.clock import add_months
from parkops.errors import NotFound, Problem, Problems, RuleError
from parkops.i18n import _, _l
from parkops.rules import engine
from parkops.security import access

from ..models.facility import HOUSING, AmenityFacility
from ..models.housing import NO_OVERLAP, RANKS, Apartment, ApartmentBed, HousingApplication, HousingContract
from ..states import HOUSING_APPLICATION, HOUSING_CONTRACT

RESOURCE = "amenities.housing_application"
FAMILIES = {"talent_housing": "HOUSE-TALENT", "youth_housing": "HOUSE-YOUTH"}
OPEN = ("draft", "queued", "allotted")


def _check(own_id: int | None) -> Any:
    def check(session: Any, values: dict[str, Any], problems: Problems) -> None:
        place = session.get(AmenityFacility, values["facility_id"])
        if place is not None and place.kind not in HOUSING:
            problems.add("amenities.Y-04", _l("Choose talent or youth apartments."), "facility_id")
        if not 1 <= (values.get("months") or 0) <= 60:
            problems.add("amenities.Y-06", _l("An apartment is let for 1 to 60 months."), "months")
        if (values.get("insured_months") or 0) < 0:
            problems.add("amenities.Y-06", _l("This cannot be negative."), "insured_months")
        records.not_future(values, problems, ("employed_since",))
        other = select(HousingApplication.number).where(
            HousingApplication.person_id == values["person_id"], HousingApplication.state.in_(OPEN), HousingApplication.id != (own_id or 0)
        )
        if (number := session.scalar(other.limit(1))) is not None:
            problems.add(
                "amenities.Y-07", _l("This person has the open application %(number)s. Go on with that one.", number=number), "person_id"
            )

    return check


def create_application(
    session: Any, *, person_id: int, firm_id: int, facility_id: int, layout: str, applied_on: date, **values: Any
) -> HousingApplication:
    """Write an application down; one open application a person (Y-07)."""
    access.require(session, RESOURCE, "add")
    firm = session.get(Firm, firm_id)
    if firm is None:
        raise NotFound(_l("There is no such record in your parks."))
    level = values.get("talent_level") or "none"
    number = sequences.next_number(session, RESOURCE, firm.park_id, applied_on)
    given = {
        **values,
        "person_id": person_id,
        "firm_id": firm_id,
        "facility_id": facility_id,
        "layout": layout,
        "applied_on": applied_on,
        "number": number,
        "talent_level": level,
        "rank": RANKS.get(level, 0),
    }
    return records.create(session, HousingApplication, given, _check(None))


def change_application(session: Any, row: HousingApplication, **values: Any) -> HousingApplication:
    """Correct an application that is not in the queue yet (Y-08)."""
    if row.state != "draft":
        raise RuleError([Problem("amenities.Y-08", _l("It is in the queue already. Withdraw it and write a new one."))])
    level = values.get("talent_level") or row.talent_level
    return records.change(session, row, {**values, "talent_level": level, "rank": RANKS.get(level, 0)}, _check(row.id))


def examine(session: Any, row: HousingApplication, *, on: date) -> Any:
    """What the rules of the place say on a day; nothing is stored."""
    return engine.evaluate(session, None, row, on, family=FAMILIES[row.facility.kind])


def queue_application(session: Any, row: HousingApplication, *, on: date) -> str:
    """Y-08: only who meets every condition enters the queue; the decision is stored with its facts."""
    access.require(session, RESOURCE, "change")
    outcome = examine(session, row, on=on)
    row.verdict = outcome.verdict
    engine.store(session, outcome, row)
    if outcome.verdict != "pass":
        session.flush()
        lines = [line for line in outcome.lines if line.verdict != "pass"]
        words = "；".join(
            f"{line.sentence}{_(' (to collect: %(what)s)', what=line.collect) if line.verdict == 'unknown' else ''}" for line in lines
        )
        return _("Not in the queue: %(why)s", why=words)
    row.queued_at = clock.now()
    HOUSING_APPLICATION.move(session, row, "queue", on=on)
    return _("Place %(n)s in the queue.", n=place_in_queue(session, row))


def before(row: HousingApplication) -> Any:
    """Condition: stands before `row` in the queue of the same place and layout (Y-09)."""
    a = HousingApplication
    earlier = or_(a.queued_at < row.queued_at, and_(a.queued_at == row.queued_at, a.id < row.id))
    return and_(
        a.state == "queued",
        a.facility_id == row.facility_id,
        a.layout == row.layout,
        a.id != row.id,
        or_(a.rank > row.rank, and_(a.rank == row.rank, earlier)),
    )


def place_in_queue(session: Any, row: HousingApplication) -> int | None:
    """1 for who is next; None when not in the queue."""
    if row.state != "queued":
        return None
    return 1 + session.scalar(select(func.count(HousingApplication.id)).where(before(row)))


def why_not_allot(session: Any, row: HousingApplication) -> str | None:
    """Nothing to allot without a fresh decision."""
    return None if row.verdict == "pass" else _("The conditions are not met.")


def _in_turn(session: Any, row: HousingApplication, reason: str | None, problems: Problems) -> None:
    """Y-09: whoever is passed over is told why."""
    first = session.scalars(
        select(HousingApplication)
        .where(before(row))
        .order_by(HousingApplication.rank.desc(), HousingApplication.queued_at, HousingApplication.id)
        .limit(1)
    ).first()
    if first is not None and not (reason or "").strip():
        problems.add(
            "amenities.Y-09",
            _l("%(number)s is before this application. Allot to that one, or write why not.", number=first.number),
            "reason",
        )


def allot_application(
    session: Any, row: HousingApplication, *, bed_id: int, starts_on: date, on: date, payer_id: int | None = None, reason: str | None = None
) -> HousingContract:
    """Give a bed from a day on (Y-09 in the published order, or with a reason; Y-10 never twice). Returns the contract to be signed."""
    access.require(session, RESOURCE, "act")
    bed, payer, problems = session.get(ApartmentBed, bed_id), session.get(Firm, payer_id or row.firm_id), Problems()
    if bed is None or payer is None:
        raise NotFound(_l("There is no such record in your parks."))
    flat = session.get(Apartment, bed.apartment_id)
    if not bed.active or flat.facility_id != row.facility_id or flat.layout != row.layout:
        problems.add("amenities.Y-10", _l("This bed is not let, or of another place or layout than applied for."), "bed_id")
    if starts_on < on:
        problems.add("amenities.Y-10", _l("A contract does not begin in the past."), "starts_on")
    _in_turn(session, row, reason, problems)
    problems.stop()
    contract = HousingContract(
        park_id=row.park_id,
        number=sequences.next_number(session, "amenities.housing_contract", row.park_id, on),
        application_id=row.id,
        person_id=row.person_id,
        firm_id=row.firm_id,
        payer_id=payer.id,
        bed_id=bed.id,
        starts_on=starts_on,
        ends_on=add_months(starts_on, row.months) - timedelta(days=1),
        rent=bed.rent,
        deposit=bed.deposit,
        allotted_on=on,
        answer_by=on + timedelta(days=settings.get(session, "amenities.answer_days", row.park_id)),
    )
    HOUSING_APPLICATION.move(session, row, "allot", on=on, reason=(reason or "").strip() or None)
    occupy(session, contract)
    return contract


def occupy(session: Any, contract: HousingContract) -> None:
    """Write a contract; a bed that is taken in its days refuses (Y-10, kept by the database)."""
    try:
        with session.begin_nested():
            session.add(contract)
            session.flush()
    except IntegrityError as e:
        if NO_OVERLAP not in str(e.orig):
            raise
        raise RuleError(
            [Problem("amenities.Y-10", _l("This bed is taken in these days. Choose another bed or a later day."), "bed_id")]
        ) from None


def requeue_application(session: Any, row: HousingApplication, *, reason: str) -> None:
    """Not signed: the bed is free again and the applicant keeps the place by rank and day (Y-11)."""
    access.require(session, RESOURCE, "act")
    for contract in session.scalars(
        select(HousingContract).where(HousingContract.application_id == row.id, HousingContract.state == "allotted")
    ):
        HOUSING_CONTRACT.move(session, contract, "lapse", reason=reason)
    HOUSING_APPLICATION.move(session, row, "requeue", reason=reason)


def _signed(session: Any, row: HousingApplication) -> bool:
    c = HousingContract
    return (
        session.scalar(select(c.id).where(c.application_id == row.id, c.signed_on.is_not(None), c.state != "lapsed").limit(1)) is not None
    )


def why_not_housed(session: Any, row: HousingApplication) -> str | None:
    """The contract itself moves the application on."""
    return None if _signed(session, row) else _("Sign the contract; the application follows.")


def housed_application(session: Any, row: HousingApplication) -> None:
    """The contract is signed."""
    if (why := why_not_housed(session, row)) is not None:
        raise RuleError([Problem("amenities.Y-12", why)])
    HOUSING_APPLICATION.move(session, row, "housed")


def lapse_unsigned(session: Any, *, on: date, park_id: int | None) -> dict[str, int]:
    """The job: allotments nobody signed by their day lapse; the applicant is withdrawn, the bed goes to the next (Y-11)."""
    query = select(HousingContract).where(HousingContract.state == "allotted", HousingContract.answer_by < on)
    found = list(session.scalars(query if park_id is None else query.where(HousingContract.park_id == park_id)))
    for contract in found:
        HOUSING_CONTRACT.move(session, contract, "lapse", on=on, reason=_("Not signed by %(day)s", day=contract.answer_by))
        if contract.application is not None and contract.application.state == "allotted":
            HOUSING_APPLICATION.move(
                session, contract.application, "requeue", on=on, reason=_("Not signed by %(day)s", day=contract.answer_by)
            )
    return {"lapsed": len(found)}
