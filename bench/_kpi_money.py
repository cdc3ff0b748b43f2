"""Generated money: platforms with their costs, bills, receipts, relief, loans, funds."""

from __future__ import annotations

from typing import Any

from parkops.testing.benches import neighbour

volume = neighbour("_kpi_volume")
BASE, FIRST, DAYS, day, month = volume.BASE, volume.FIRST, volume.DAYS, volume.day, volume.month


def _platforms(v: Any, f: int) -> None:
    p = v.parks
    v.add("platforms_platform", 2 * p)
    v.add("platforms_instrument", 10 * p, rated_hours="1600 + g % 400", bought_on="case when g % 3 = 0 then date '2022-08-01' end")
    waived, gross = "case when g % 25 = 0 then 2000 else 0 end", "20000 + (g * 17) % 80000"
    v.add(
        "platforms_event",
        5 * f,
        customer_class="(array['incubatee', 'park', 'external'])[1 + g % 3]",
        kind="'usage'",
        instrument_id=v.of("platforms_instrument"),
        started_at=f"{day(1009)} + time '09:00'",
        ended_at=f"{day(1009)} + time '11:00'",
        ended_on=day(1009),
        minutes="30 + g % 90",
        state="'done'",
        run_id="1",
        gross=gross,
        discount="0",
        entitled="0",
        waived=waived,
        net=f"{gross} - {waived}",
    )
    v.add("platforms_cost_pool", 72 * p, month=month(2 * p))
    v.add(
        "platforms_cost_entry",
        288 * p,
        kind=f"(array['staff', 'energy', 'grant', 'space'])[1 + ((g - 1) / {72 * p}) % 4]",
        amount="150000 + g % 400000",
        funder="'fund'",
    )
    v.add(
        "platforms_result",
        5 * p,
        kind=f"(array['patent', 'transfer', 'standard', 'award', 'paper'])[1 + ((g - 1) / {p}) % 5]",
        on_date=day(61),
        state="'confirmed'",
        confirmed_by="'a'",
        confirmed_on=day(61),
    )


def _billing(v: Any, f: int) -> None:
    gross, paid = "(100000 + (g * 31) % 400000)", 3 * f
    v.add(
        "billing_bill",
        4 * f,
        month=f"date_trunc('month', {day(1013)})::date",
        issued_on=day(1013),
        due_on=f"{day(1013)} + 30",
        net=gross,
        vat="0",
        gross=gross,
        settled=f"case when g <= {paid} then {gross} else 0 end",
        state="'posted'",
        number="'B' || g",
        posted_at="now()",
        entry_id="1",
    )
    v.add(
        "billing_receipt",
        paid,
        kind="case when g % 40 = 0 then 'offset' else 'bank' end",
        received_on=f"{day(1013)} + (g % 90)::int",
        amount=gross,
        allocated=gross,
    )
    v.add(
        "billing_allocation",
        paid,
        amount=gross,
        on_date=f"{day(1013)} + (g % 90)::int",
        receipt_id=v.of("billing_receipt"),
        bill_id=v.of("billing_bill"),
    )
    line = "(10000 + (g * 31) % 60000)"
    v.add(
        "billing_charge",
        4 * f,
        source="'platforms.event'",
        source_id=f"{BASE} + g",
        bill_id=v.of("billing_bill"),
        kind="'charge'",
        treatment="(array['exempt', 'outside', 'outside'])[1 + g % 3]",
        net=line,
        vat="0",
        gross=line,
        period_from=day(1013),
        period_to=day(1013),
        due_on=day(1013),
        item_id="(select min(id) from billing_charge_item)",
        carrier_id=v.of("tenants_carrier"),
    )
    v.add("billing_deposit", f / 10, kind="(array['pledge', 'performance'])[1 + g % 2]", agreed="500000")
    v.add(
        "billing_deposit_move",
        f / 5,
        kind=f"case when g <= {v.rows['billing_deposit']} then 'received' else 'refunded' end",
        on_date=day(71),
        amount=f"case when g <= {v.rows['billing_deposit']} then 500000 else -200000 end",
    )


def _relief(v: Any, f: int) -> None:
    bills, charges = v.rows["billing_bill"], v.rows["billing_charge"]
    v.add(
        "leasing_relief_scheme",
        v.parks,
        unlimited="false",
        budget="900000000",
        covers_from=FIRST,
        covers_to=f"{FIRST} + 364",
        apply_from=FIRST,
        state="'open'",
    )
    v.add(
        "leasing_relief_application",
        f / 10,
        state="'approved'",
        approval_id="1",
        approved_on=day(83),
        applied_on=day(83),
        tested_on=day(83),
        rent="600000",
        amount="400000",
        verdict="'pass'",
    )
    v.add(
        "leasing_relief_month",
        f / 5,
        month=month(v.up(f / 10)),
        period_from=month(v.up(f / 10)),
        period_to=f"({month(v.up(f / 10))} + interval '1 month')::date - 1",
        rent="300000",
        share="50000000",
        amount="150000",
        live="false",
    )
    v.add(
        "billing_charge",
        f / 5,
        id=f"{BASE + charges} + g",
        key="'relief' || g",
        source="'leasing.relief_month'",
        source_id=f"{BASE} + g",
        kind="'relief'",
        bill_id=f"({BASE} + 1 + (g - 1) % {bills})",
        treatment="'outside'",
        net="-150000",
        vat="0",
        gross="-150000",
        approval_id="1",
        period_from=day(83),
        period_to=day(83),
        due_on=day(83),
        item_id="(select min(id) from billing_charge_item)",
        carrier_id=v.of("tenants_carrier"),
    )


def _loans(v: Any, f: int) -> None:
    n = v.up(f / 10)
    v.add(
        "loans_case",
        n,
        kind="'firm'",
        state="'running'",
        contract_on=day(89),
        contract_no="'c' || g",
        lpr="3650000",
        approval_id="1",
        amount_approved="30000000",
        amount_requested="30000000",
        rate="3650000",
        term_months="24",
        disbursed="30000000",
        first_paid_on=day(89),
        jobs="g % 9",
        applied_on=day(89),
    )
    v.add("loans_tranche", n, seq="1", amount="30000000", paid_on=day(89), state="'confirmed'", confirmed_by_id="2", recorded_by_id="1")
    v.add(
        "loans_due",
        12 * n,
        revision="1",
        seq=f"1 + (g - 1) / {n}",
        due_on=f"({FIRST} + ((g - 1) / {n} * 60 + (g % {n}) * 37 % 700)::int)",
        principal="2500000",
        interest="10000",
        balance="0",
        live="true",
    )
    v.add(
        "loans_repayment",
        2 * n,
        paid_on=f"{day(89)} + 60",
        principal="2000000",
        interest="10000",
        penalty="0",
        payer="case when g % 10 = 0 then 'guarantee' else 'borrower' end",
    )
    k = f"((g - 1) / {n})"
    v.add(
        "loans_stage",
        3 * n,
        stage="'diligence'",
        party=f"(array['park', 'bank', 'hr'])[1 + {k}]",
        from_on=f"({FIRST} + ((g % {n}) * 37 % 1000 + {k} * 10)::int)",
        to_on=f"({FIRST} + ((g % {n}) * 37 % 1000 + {k} * 10 + 5 + g % 5)::int)",
        days="3 + g % 5",
    )
    v.add(
        "core_transition",
        n,
        resource="'loans.case'",
        record_id=f"{BASE} + g",
        to_state="case when g % 8 = 0 then 'rejected' else 'contract' end",
        on_date=day(89),
        park_id=f"({BASE} + 1 + (g - 1) % {v.parks})",
    )
    v.add(
        "loans_subsidy_claim",
        12 * v.parks,
        quarter=f"({FIRST} + ((g - 1) / {v.parks} % 12) * interval '3 months')::date",
        state="'filed'",
        filed_on=day(97),
        prepared_on=day(97),
        total="100000 + g",
        interest="200000 + g",
    )


def _funds(v: Any, f: int) -> None:
    p = v.parks
    v.add(
        "funds_fund",
        2 * p,
        kind="'own'",
        size="10000000000",
        vintage="2021",
        established_on="date '2021-01-01'",
        invest_until="date '2026-01-01'",
        ends_on="date '2029-01-01'",
    )
    figures = {
        "committed": "10000000000",
        "paid_in": "4000000000 + g",
        "distributed": "100000000 + g",
        "invested": "3000000000 + g",
        "nav": "4500000000 + g",
    }
    v.add("funds_standing", 72 * p, fund_id=v.of("funds_fund"), on_date=f"({month(2 * p)} + interval '1 month')::date - 1", **figures)
    v.add(
        "funds_standing",
        36 * p,
        id=f"{BASE + 72 * p} + g",
        fund_id="null",
        on_date=f"({month(p)} + interval '1 month')::date - 1",
        net_irr="case when g % 9 = 0 then null else 8000000 + g end",
        **figures,
    )
    paid = "(date '2020-09-15' + ((g * 613) % 1640)::int)"  # soon after the firm began incubation, see _chain
    v.add("funds_investment", f / 10, instrument="'equity'", amount="100000000", closed_on=paid)
    v.add("funds_flow", f / 10, kind="'investment'", amount="-100000000", on_date=paid, investment_id=v.of("funds_investment"))
    v.add("funds_deal", f / 20, amount="100000000", seen_on=day(103))


PARTS = (
    _platforms,
    _billing,
    _relief,
    _loans,
    _funds,
)
