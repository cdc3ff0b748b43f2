"""Generated firms and space: stages, reported figures, rights, mentors, staff, visits, units, leases."""

from __future__ import annotations

from typing import Any

from parkops.testing.benches import neighbour

volume = neighbour("_kpi_volume")
BASE, FIRST, DAYS, day, month = volume.BASE, volume.FIRST, volume.DAYS, volume.day, volume.month


def _chain(v: Any, f: int) -> None:
    """A team, then incubation, then graduation, leaving, dissolution, acceleration or a move."""
    came, carrier = "(date '2020-06-01' + ((g * 613) % 1640)::int)", v.of("tenants_carrier")
    went = f"({came} + 200 + ((g * 13) % 900)::int)"
    other = f"({BASE} + 1 + (g - 1 + {v.parks}) % {v.rows['tenants_carrier']})"
    v.add(
        "tenants_stage",
        f,
        state="'incubating'",
        during=f"daterange({came}, {went})",
        carrier_id=f"case when g % 50 = 0 then null else {carrier} end",
        firm_id=v.of("tenants_firm"),
    )
    after = "(array['graduated', 'left', 'dissolved', 'accelerating', 'incubating', 'graduated'])[1 + g % 6]"
    own = {"firm_id": v.of("tenants_firm")}
    v.add("tenants_stage", f, id=f"{BASE + f} + g", state=after, during=f"daterange({went}, null)", carrier_id=other, **own)
    v.add(
        "tenants_stage",
        f,
        "g % 5 = 0",
        id=f"{BASE + 2 * f} + g",
        state="'team'",
        during=f"daterange({came} - 300, {came})",
        carrier_id=carrier,
        **own,
    )


def _results(v: Any, f: int) -> None:
    quarter = v.up(f / 4)
    figures = {
        "revenue": "case when g % 9 = 0 then null else 100000 + g % 9000000 end",
        "tax_paid": "5000 + g % 70000",
        "staff_total": "case when g % 11 = 0 then null else 5 + g % 40 end",
        "staff_graduate": "g % 4",
        "rd_expense": "g % 800000",
    }
    v.add(
        "tenants_statement",
        36 * quarter,
        grain="'month'",
        firm_id=f"({BASE} + 1 + (g - 1) % {quarter})",
        period_start=month(quarter),
        reported_on=day(7919),
        **figures,
    )
    v.add(
        "tenants_statement",
        3 * quarter,
        id=f"{BASE + 36 * quarter} + g",
        grain="'year'",
        firm_id=f"({BASE} + 1 + (g - 1) % {quarter})",
        period_start=f"({FIRST} + ((g - 1) / {quarter}) * interval '1 year')::date",
        reported_on=day(7919),
        **figures,
    )
    v.add(
        "tenants_ip",
        2 * f,
        kind="(array['invention', 'utility', 'software', 'trademark'])[1 + g % 4]",
        applied_on=day(7919),
        granted_on=f"case when g % 3 > 0 then {day(7919)} + 200 end",
        valid_to=f"case when g % 6 = 1 then {day(7919)} + 500 end",
        lapsed_on=f"case when g % 15 = 2 then {day(7919)} + 400 end",
    )
    v.add(
        "tenants_qualification",
        f,
        kind="(array['hitech', 'tech_sme', 'innovative_sme', 'gazelle'])[1 + g % 4]",
        obtained_on=day(6007),
        valid_to=f"case when g % 3 = 0 then {day(6007)} + 300 end",
    )
    v.add(
        "tenants_financing",
        f / 2,
        kind="(array['angel', 'vc', 'pe', 'bank'])[1 + g % 4]",
        on_date=day(4999),
        currency="'CNY'",
        amount="case when g % 20 = 0 then null else 1000000 + g end",
        amount_cny="case when g % 20 = 0 then null else 1000000 + g end",
    )


def _support(v: Any, f: int) -> None:
    p = v.parks
    v.add(
        "tenants_mentor",
        10 * p,
        appointed_on="date '2021-01-01' + ((g * 31) % 900)::int",
        left_on="case when g % 4 = 0 then date '2024-02-01' + (g % 300)::int end",
    )
    v.add("tenants_mentor_agreement", f / 2, from_on=day(3001), to_on=f"case when g % 2 = 0 then {day(3001)} + 300 end")
    v.add("tenants_mentoring_session", f, held_on=day(2003))
    v.add(
        "tenants_staff",
        20 * p,
        joined_on="date '2020-01-01' + ((g * 31) % 900)::int",
        left_on="case when g % 5 = 0 then date '2023-06-01' + (g % 500)::int end",
    )
    v.add(
        "tenants_credential",
        30 * p,
        kind="(array['practitioner_junior', 'practitioner_senior', 'counsellor', 'technology_manager'])[1 + g % 4]",
        issued_on="date '2021-06-01' + ((g * 17) % 900)::int",
        valid_to="case when g % 7 = 0 then date '2024-01-31' end",
    )
    v.add("tenants_visit", f, held_on=day(2999), findings="'good'")
    v.add(
        "tenants_follow_up",
        f,
        raised_on=day(2711),
        due_on=f"{day(2711)} + 20",
        done_on=f"case when g % 3 > 0 then {day(2711)} + 10 + (g % 20)::int end",
        result="case when g % 3 > 0 then 'done' end",
    )
    v.add(
        "tenants_data_call",
        36 * p,
        form_code="'monthly-basic'",
        grain="'month'",
        period_start=month(p),
        due_on=f"{month(p)} + 9",
        state="'open'",
    )
    v.add(
        "tenants_data_call_response",
        2 * f,
        state="(array['open', 'submitted', 'excused', 'accepted', 'submitted'])[1 + g % 5]",
        submitted_on=day(11),
        accepted_on=day(11),
    )


def _space(v: Any, f: int) -> None:
    p, leases = v.parks, v.up(f / 2)
    v.connection.execute(volume.text("update billing_charge_item set rent = true where id = (select min(id) from billing_charge_item)"))
    rent = "(select min(id) from billing_charge_item where rent)"
    v.add("leasing_building", 2 * p, construction="'in_use'", completed_on="case when g % 10 = 0 then date '2023-03-01' end")
    v.add(
        "leasing_unit",
        1.2 * leases,
        kind="case when g % 30 = 0 then 'public' else 'office' end",
        lettable_area="5000 + g % 20000",
        starts_on="date '2019-01-01'",
    )
    came = "(date '2021-06-01' + ((g * 41) % 900)::int)"
    over = f"({came} + 365 + ((g * 7) % 700)::int)"
    v.add(
        "leasing_lease",
        leases,
        starts_on=came,
        ends_on=f"case when g % 12 = 0 then null else {over} - 1 end",
        signed_on=came,
        state="'running'",
    )
    v.add("leasing_lease_unit", leases, area="5000 + g % 20000", during=f"daterange({came}, {over})")
    v.add("leasing_lease_line", leases, item_id=rent, basis="'sqm_month'", price="3000000")
    v.add("leasing_lease_due", 12 * leases, **_dues(leases))
    v.add(
        "leasing_outage",
        4 * p,
        cause="(array['repair', 'own_use'])[1 + g % 2]",
        starts_on=day(53),
        ends_on=f"{day(53)} + 100",
        unit_id=f"({BASE} + 1 + (g * {p} + g - 1) % {v.rows['leasing_unit']})",
    )
    v.add(
        "leasing_hold",
        4 * p,
        asked_on=day(59),
        held_on=day(59),
        expires_on=f"{day(59)} + 60",
        state="'released'",
        ended_on=f"{day(59)} + 40",
        unit_id=v.of("leasing_unit"),
        firm_id=v.of("tenants_firm"),
    )


def _dues(leases: int) -> dict[str, str]:
    """Rent by the quarter for three years."""
    first = f"({FIRST} + ((g - 1) / {leases} % 12) * interval '3 months')::date"
    return {
        "period_from": first,
        "period_to": f"({first} + interval '3 months')::date - 1",
        "bill_month": first,
        "due_on": first,
        "amount": "300000 + (g * 7) % 500000",
        "kind": "'charge'",
    }


PARTS = (
    _chain,
    _results,
    _support,
    _space,
)
