"""Taking over running leases: from a spreadsheet, and by the loader in bulk with bounded memory (C-80 to C-82)."""

import os
from datetime import date
from decimal import Decimal as D

from core_help import entry
from lease_help import dues, reference
from space_help import unit
from sqlalchemy import func, select

from modules.leasing.checks.leases import CHECKS
from modules.leasing.models.lease import Lease, LeaseDue, LeaseUnit
from modules.leasing.services import lease_import
from parkops import importing
from parkops.importing import ImportRow

ON = date(2026, 6, 15)


def rows_of(session, *values):
    reference(session)
    kind = importing.kind_of("leasing.leases")
    rows = []
    for n, v in enumerate(values, 2):
        row = ImportRow(n, {})
        for f in kind.fields:
            row.values.update(f.read(str(v.get(f.name, "")))) if f.name in v else None
        rows.append(row)
    return rows


def take_over(session, *values, on=ON):
    """The engine's road: prepare, write, after."""
    from parkops.db.session import scope_of
    from parkops.web.importer import bulk

    kind, rows = importing.kind_of("leasing.leases"), rows_of(session, *values)
    kind.prepare(session, rows, on)
    good = [r for r in rows if not r.problems]
    ids = bulk.insert(session, bulk.Target(kind), scope_of(session).park_id, [r.values for r in good])
    kind.after(session, list(ids.values()), [], on)
    return rows, ids


def test_a_running_contract_is_taken_over_with_its_opening_position(app, session):
    firm, room = entry(session), unit(session, area="80")
    rows, ids = take_over(
        session,
        {
            "number": "旧-001",
            "firm_code": firm.credit_code,
            "units": room.code,
            "starts_on": "2025-01-01",
            "ends_on": "2026-12-31",
            "taken_over_on": "2026-06-30",
            "rent_price": "25.5",
            "fee_price": "3",
            "rent_cycle": "1",
        },
    )
    lease = session.scalars(select(Lease).where(Lease.number == "旧-001")).one()
    assert not rows[0].problems and list(ids) == [("旧-001",)] and lease.state == "running" and lease.signed_on == date(2025, 1, 1)
    assert len(dues(session, lease)) == 12 and dues(session, lease)[0] == (date(2026, 7, 1), date(2026, 7, 31), D("2040.00"))
    held = session.scalars(select(LeaseUnit).where(LeaseUnit.lease_id == lease.id)).one()
    assert held.during.upper == date(2027, 1, 1) and lease.root_id == lease.id


def test_every_wrong_row_is_named(app, session):
    firm, room = entry(session), unit(session)
    base = {"firm_code": firm.credit_code, "units": room.code, "starts_on": "2026-01-01", "ends_on": "2026-12-31", "rent_price": "1"}
    rows, _ids = take_over(
        session,
        {**base, "number": "a"},
        {**base, "number": "b", "starts_on": "2026-12-31", "ends_on": "2027-12-31"},
        {**base, "number": "c", "units": "nowhere"},
        {**base, "number": "d", "firm_code": "91370800MA0000000X"},
        {**base, "number": "e", "ends_on": "2026-05-01"},
    )
    assert [[p.code for p in r.problems] for r in rows] == [
        [],
        ["leasing.C-10"],
        ["leasing.C-80"],
        ["leasing.C-80", "leasing.C-10"],
        ["leasing.C-81"],
    ]


def test_the_loader_is_set_based_and_ties_out(session, park, query_count):
    """LB-1: two lines each, whole years; a chunk of leases takes a fixed number of statements."""
    n = 20_000 if os.environ.get("PARKOPS_NIGHTLY") else 300
    reference(session)
    firm = entry(session)
    rows = (
        {
            "number": f"LB-{i}",
            "firm_id": firm.id,
            "starts_on": date(2026, 1, 1),
            "ends_on": date(2026, 12, 31),
            "tax_included": False,
            "lines": [
                {"item": "rent", "basis": "month", "price": D(400 + 13 * i % 1600), "cycle_months": 1, "timing": "advance"},
                {"item": "service_fee", "basis": "month", "price": D(150), "cycle_months": 1, "timing": "advance"},
            ],
        }
        for i in range(1, n + 1)
    )
    with query_count() as q:
        assert lease_import.load_leases(session, park.id, rows) == n
    assert q.count <= 45 * (n // 2000 + 1)
    assert session.scalar(select(func.count()).select_from(LeaseDue)) == 24 * n
    assert session.scalar(select(func.sum(LeaseDue.amount))) == sum(12 * (400 + 13 * i % 1600 + 150) for i in range(1, n + 1))
    assert [c.code for c in CHECKS if c.run(session)] == []
