"""Generated services: bookings, housing, hotel, meals, care, events, cases of the hall, desks."""

from __future__ import annotations

from typing import Any

from parkops.testing.benches import neighbour

volume = neighbour("_kpi_volume")
BASE, FIRST, DAYS, day, month = volume.BASE, volume.FIRST, volume.DAYS, volume.day, volume.month


def _booking(v: Any, _f: int) -> None:
    n = v.add("booking_resource", 5 * v.parks, capacity="1", kind="'room'")
    v.add(
        "booking_opening",
        7 * n,
        resource_id=v.of("booking_resource"),
        weekday=f"(1 + ((g - 1) / {n}) % 7)::text",
        opens="'08:00'",
        closes="'18:00'",
    )
    on = f"({FIRST} + ((g - 1) / {n} * 7 + g % 5)::int)"
    v.add(
        "booking_booking",
        156 * n,
        starts_at=f"{on} + time '09:00' + (g % 4) * interval '1 hour'",
        ends_at=f"{on} + time '11:00' + (g % 4) * interval '1 hour'",
        state="case when g % 9 = 0 then 'missed' else 'finished' end",
        checked_in_at=f"{on} + time '09:00'",
    )


def _amenities(v: Any, f: int) -> None:
    p = v.parks
    beds = v.add("amenities_bed", 20 * p, active="true")
    start = f"({FIRST} + ((g - 1) / {beds} * 365 + (g % {beds}) * 37 % 270)::int)"
    v.add(
        "amenities_housing_contract",
        3 * beds,
        payer_id=v.of("tenants_firm"),
        firm_id=v.of("tenants_firm"),
        starts_on=start,
        ends_on=f"{start} + 90",
        state="'living'",
        signed_on=start,
        checked_in_on=start,
    )
    v.add("amenities_hotel_day", DAYS * p, day=f"({FIRST} + ((g - 1) / {p})::int)", rooms="60", nights="g % 60")
    v.add("amenities_meal_use", f, on_date=day(107), price="1200", own="1200", subsidy="0", key="'k' || g")
    v.add(
        "amenities_care_class",
        4 * p,
        places="25",
        starts_on=f"({FIRST} + ((g - 1) / {p} * 200)::int)",
        ends_on=f"({FIRST} + ((g - 1) / {p} * 200 + 500)::int)",
        age_from="1",
        age_to="3",
    )
    v.add(
        "amenities_place",
        40 * p,
        child_id=f"{BASE} + g",
        payer_id=v.of("tenants_firm"),
        starts_on=day(109),
        ends_on=f"{day(109)} + 300",
        state="(array['enrolled', 'left'])[1 + g % 2]",
    )
    at = f"({day(113)} + time '10:00')"
    v.add("amenities_event", 40 * p, starts_at=at, ends_at=f"{at} + interval '2 hours'", state="'held'")
    v.add("amenities_registration", f / 2, state="'attended'", checked_in_at="now()", code="'r' || g", phone="'p' || g")
    v.add("amenities_visit", f / 2, state="'attended'", attended_on=day(127), person_code="'q' || (g % 977)")


def _hall(v: Any, f: int) -> None:
    n = v.add(
        "services_case",
        2 * f,
        received_on=day(131),
        received_at=f"{day(131)} + time '09:00'",
        clock_from=day(131),
        promised_days="5",
        promised_due=f"{day(131)} + 7",
        state="'completed'",
        accepted_on=day(131),
        completed_on=f"{day(131)} + (g % 9)::int",
        result="'done'",
        in_time="g % 10 > 0",
        spot="g % 3 = 0",
        waited="case when g % 4 = 0 then null else (g % 40) end",
    )
    v.add(
        "services_commitment",
        f / 10,
        signed_on=day(131),
        due_on=f"{day(131)} + 20",
        state="(array['open', 'kept', 'overdue', 'void'])[1 + g % 4]",
    )
    v.add("services_rating", min(f, n), stars="1 + g % 5", rated_on=day(137))
    v.add(
        "services_rectification",
        f / 10,
        opened_on=day(139),
        due_on=f"{day(139)} + 5",
        called_back_on=f"case when g % 3 = 0 then {day(139)} + 3 end",
    )
    v.add(
        "services_visitors",
        DAYS * v.parks,
        hall_id=f"1 + (g - 1) % {v.parks}",
        day=f"({FIRST} + ((g - 1) / {v.parks})::int)",
        visitors="g % 300",
    )
    v.add("services_demand", f / 5, received_on=day(149), due_on=f"{day(149)} + 5", state="(array['open', 'closed'])[1 + g % 2]")


def _desks(v: Any, f: int) -> None:
    own = {"number": "'n' || g"}
    v.add("services_permit", f / 5, valid_from=day(151), valid_to=f"case when g % 2 = 0 then {day(151)} + 400 end", state="'valid'")
    v.add("services_agreement", f / 50, project_id=f"{BASE} + g", state="'signed'", signed_on=day(157))
    v.add(
        "services_milestone",
        f / 20,
        project_id=f"{BASE} + g",
        promised_days="9",
        state="'done'",
        days="3",
        submitted_on=day(163),
        ended_on=f"{day(163)} + 9",
        due_on=f"{day(163)} + 6 + (g % 8)::int",
        position="1",
    )
    v.add("services_policy_payment", f / 20, paid_on=day(167), amount="100000 + g")
    v.add(
        "services_introduction",
        f / 20,
        request_id=f"{BASE} + g",
        state="'granted'",
        amount="5000000 + g",
        ended_on=day(173),
        introduced_on=day(173),
    )
    v.add(
        "services_machine_session",
        f / 2,
        number="g",
        day=day(179),
        state="'done'",
        ended_at=f"{day(7919)}::timestamptz + interval '5 minutes'",
    )
    v.add("services_consultation", f / 20, asked_on=day(181), **own)
    v.add("services_mediation", f / 20, received_on=day(191), people="1", **own)
    v.add("services_activity", 10 * v.parks, held_on=day(193))
    v.add(
        "services_aid_problem",
        f / 20,
        state="'closed'",
        owner_id="1",
        promised_on=day(197),
        satisfaction="5",
        closed_on=day(197),
        raised_on=day(197),
    )
    v.add(
        "services_repair",
        f / 10,
        state="'done'",
        assignee_id="1",
        done_on=f"{day(199)} + (g % 6)::int",
        first_promised_on=f"{day(199)} + 3",
        promised_on=f"{day(199)} + 3",
        reported_on=day(199),
    )


def _ratings(v: Any, _f: int) -> None:
    n, quarter = v.rows["tenants_carrier"], f"({FIRST} + ((g - 1) / {v.rows['tenants_carrier']} % 12) * interval '3 months')::date"
    v.add("tenants_carrier_recognition", n, "g % 3 > 0", recognised_on="date '2022-02-01' + ((g * 97) % 800)::int")
    v.add(
        "tenants_carrier_grade",
        3 * n,
        year=f"2021 + (g - 1) / {n}",
        scheme="'national'",
        grade="(array['A', 'B', 'C'])[1 + g % 3]",
        published_on=f"make_date((2021 + (g - 1) / {n})::int, 11, 1)",
    )
    verdict = "(array['pass', 'fail', 'unknown'])[1 + (g / 2) % 3]"
    v.add(
        "ratings_assessment",
        12 * n,
        rule_set="'INC-2025-STD'",
        on_date=quarter,
        verdict=verdict,
        failed="g % 4",
        unknown="(g / 3) % 3",
        passed="5",
    )
    v.add("ratings_scheme", v.parks, full_mark="1000000")
    v.add(
        "ratings_score",
        3 * n,
        on_date=f"make_date((2022 + (g - 1) / {n})::int, 3, 1)",
        year=f"2022 + (g - 1) / {n}",
        state="'scored'",
        total="600000 + (g * 7919) % 400000",
    )
    v.add(
        "ratings_form_run",
        12 * n,
        grain="'quarter'",
        period_start=quarter,
        last_day=f"({quarter} + interval '3 months')::date - 1",
        due_on=f"({quarter} + interval '3 months')::date + 9",
        filed_on=f"case when g % 5 > 0 then ({quarter} + interval '3 months')::date + (g % 14)::int end",
        open_cells="g % 6",
    )


PARTS = (
    _ratings,
    _booking,
    _amenities,
    _hall,
    _desks,
)
