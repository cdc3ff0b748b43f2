"""Taking over leases that run already: from a spreadsheet or a loader, set-based, thousands at a time. Rules C-80 to C-82.

Instalments that begin by `taken_over_on` were billed elsewhere and are not written; arrears of that time are the opening
position of billing. Overlapping units are found before anything is written; the database would refuse them anyway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import Range

from modules.billing.models.catalogue import ChargeItem
from modules.tenants.models.firm import Firm
from parkops import search
from parkops.db import audit
from parkops.errors import Refused
from parkops.i18n import _l
from parkops.security import access

from ..models.lease import Lease, LeaseLine, LeaseUnit
from ..models.space import Building, Unit
from . import schedule

DAY = timedelta(days=1)
CHUNK = 2000
STASH = "lease_import"
EXTRA = ("units", "rent_basis", "rent_price", "rent_cycle", "rent_timing", "fee_price")


def prepare(session: Any, rows: list[Any], on: date) -> None:
    """C-80: the firm, the units and the days of each row are known and free; what makes lines and units is kept for `after`."""
    firms = dict(
        session.execute(select(Firm.credit_code, Firm.id).where(Firm.credit_code.in_({r.values.get("firm_code") for r in rows}))).all()
    )
    wanted = {code for r in rows for code in codes_of(r.values.get("units"))}
    units = _units(session, wanted)
    taken: dict[int, list[tuple[date, date | None, str]]] = session.info.setdefault(STASH + "_taken", defaultdict(list))
    _let_already(session, [u.id for u, _b in units.values()], taken)
    stash = session.info.setdefault(STASH, {})
    for row in rows:
        _resolve(row, firms, units, taken, on)
        if not row.problems:
            stash[row.values["number"]] = {**{k: row.values.get(k) for k in EXTRA}, "unit_rows": row.values.pop("unit_rows")}


def codes_of(text: Any) -> list[tuple[str, str]]:
    """`A-301, A-302` or `B1/301` as (building code or "", unit code)."""
    parts = [p.strip() for p in str(text or "").replace("，", ",").replace("、", ",").replace(";", ",").split(",") if p.strip()]
    return [(p.rpartition("/")[0], p.rpartition("/")[2]) for p in parts]


def _units(session: Any, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[Unit, Building]]:
    found = session.execute(
        select(Unit, Building)
        .join(Building, Building.id == Unit.building_id)
        .where(Unit.code.in_({c for _b, c in wanted}), Unit.ends_on.is_(None))
    ).all()
    out: dict[tuple[str, str], Any] = {}
    for unit, building in found:
        out[building.code, unit.code] = (unit, building)
        out["", unit.code] = None if ("", unit.code) in out else (unit, building)
    return {k: v for k, v in out.items() if v is not None}


def _let_already(session: Any, ids: Sequence[int], taken: dict[int, list]) -> None:
    new = [i for i in ids if i not in taken]
    for unit_id, lower, upper, number in session.execute(
        select(LeaseUnit.unit_id, func.lower(LeaseUnit.during), func.upper(LeaseUnit.during), Lease.number)
        .join(Lease, Lease.id == LeaseUnit.lease_id)
        .where(LeaseUnit.unit_id.in_(new), LeaseUnit.during.is_not(None))
    ):
        taken[unit_id].append((lower, upper, number))


def _resolve(row: Any, firms: dict[str, int], units: dict, taken: dict, on: date) -> None:
    v = row.values
    v["firm_id"] = firms.get(v.get("firm_code"))
    if v["firm_id"] is None:
        row.refuse("leasing.C-80", _l("No firm has this credit code; register it first."), "firm_code")
    starts, ends = v.get("starts_on"), v.get("ends_on")
    if ends is not None and starts is not None and (ends < starts or ends < on):
        row.refuse("leasing.C-81", _l("A lease that is over is not taken over; correct the days."), "ends_on")
        return
    v["signed_on"] = v.get("signed_on") or starts
    codes = codes_of(v.get("units"))
    unknown = [f"{b}/{c}".strip("/") for b, c in codes if (b, c) not in units]
    if unknown or not codes:
        row.refuse(
            "leasing.C-80",
            _l("Unknown units: %(codes)s. Write building/unit, separated by commas.", codes=", ".join(unknown) or "-"),
            "units",
        )
        return
    rows = [(units[c][0].id, units[c][0].lettable_area) for c in codes]
    upper = ends + DAY if ends else None
    for unit_id, _area in rows:
        for a, b, number in taken[unit_id]:
            if (upper is None or a < upper) and (b is None or starts < b):
                row.refuse("leasing.C-10", _l("One of the units is let by lease %(number)s on these days.", number=number), "units")
                return
    for unit_id, _area in rows:
        taken[unit_id].append((starts, upper, v["number"]))
    v["carrier_id"], v["unit_rows"] = units[codes[0]][1].carrier_id, rows


def after(session: Any, inserted: list[int], updated: list[int], on: date) -> None:
    """Units, lines and due rows of the new leases."""
    stash = session.info.pop(STASH, {})
    session.info.pop(STASH + "_taken", None)
    for start in range(0, len(inserted), CHUNK):
        ids = inserted[start : start + CHUNK]
        numbers = session.execute(select(Lease.id, Lease.number).where(Lease.id.in_(ids))).all()
        parts = [(lease_id, stash[number]["unit_rows"], lines_from(stash[number])) for lease_id, number in numbers if number in stash]
        furnish(session, parts, on)


def lines_from(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The rent line and, when given, the property fee."""
    out = [
        {
            "item": "rent",
            "basis": values.get("rent_basis") or "sqm_month",
            "price": values.get("rent_price") or Decimal(0),
            "cycle_months": values.get("rent_cycle") or 1,
            "timing": values.get("rent_timing") or "advance",
        }
    ]
    if values.get("fee_price"):
        out.append({**out[0], "item": "property_fee", "basis": "sqm_month", "price": values["fee_price"]})
    return out


def furnish(session: Any, parts: list[tuple[int, list[tuple[int, Decimal]], list[dict[str, Any]]]], on: date | None) -> int:
    """Give bare leases their units, lines and due rows: (lease id, [(unit, area)], [line]); set-based."""
    leases = {x.id: x for x in session.scalars(select(Lease).where(Lease.id.in_([p[0] for p in parts])))}
    items = dict(session.execute(select(ChargeItem.code, ChargeItem.id)).all())
    connection = session.connection()
    unit_rows, line_rows = [], []
    for lease_id, units, lines in parts:
        lease = leases[lease_id]
        during = Range(lease.starts_on, lease.ends_on + DAY if lease.ends_on else None)
        unit_rows += [{"park_id": lease.park_id, "lease_id": lease_id, "unit_id": u, "area": a, "during": during} for u, a in units]
        for line in lines:
            line_rows.append(
                {
                    "park_id": lease.park_id,
                    "lease_id": lease_id,
                    "item_id": items[line["item"]],
                    **{k: line.get(k) for k in ("basis", "price", "cycle_months", "timing", "turnover_rate", "minimum", "memo")},
                }
            )
    if unit_rows:
        connection.execute(insert(LeaseUnit.__table__), unit_rows)
    connection.execute(insert(LeaseLine.__table__), line_rows)
    connection.execute(
        update(Lease.__table__).where(Lease.id.in_(list(leases)), Lease.__table__.c.root_id.is_(None)).values(root_id=Lease.__table__.c.id)
    )
    for model, rows in ((LeaseUnit, unit_rows), (LeaseLine, line_rows)):
        audit.bulk(session, model, "insert", len(rows), park_id=next(iter(leases.values())).park_id if leases else None)
    made = schedule.write_many(session, leases.values(), on)
    for lease in leases.values():
        session.expunge(lease)
    return made


def load_leases(session: Any, park_id: int, rows: Iterable[dict[str, Any]], *, on: date | None = None) -> int:
    """A loader for other systems and benchmarks: dicts with the columns of `Lease`, `units` [(id, area)] and `lines`; running
    leases, in chunks, with bounded memory. Returns how many."""
    access.require(session, "leasing.lease", "act")
    total, chunk = 0, []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            total += _load(session, park_id, chunk, on)
            chunk = []
    return total + (_load(session, park_id, chunk, on) if chunk else 0)


def _load(session: Any, park_id: int, chunk: list[dict[str, Any]], on: date | None) -> int:
    keys = [(r["number"], r.get("revision", 1)) for r in chunk]
    if (
        session.scalar(select(Lease.number).where(tuple_(Lease.number, Lease.revision).in_(keys), Lease.park_id == park_id).limit(1))
        is not None
    ):
        raise Refused(_l("One of these leases is here already; leave out what was loaded."))
    columns = set(Lease.__table__.columns.keys())
    values = [
        {"park_id": park_id, "state": "running", "signed_on": r["starts_on"], **{k: v for k, v in r.items() if k in columns}} for r in chunk
    ]
    result = session.connection().execute(
        insert(Lease.__table__).returning(Lease.__table__.c.id, Lease.__table__.c.number, Lease.__table__.c.revision), values
    )
    ids = {(number, revision): i for i, number, revision in result}
    audit.bulk(session, Lease, "insert", len(ids), park_id=park_id)
    furnish(session, [(ids[k], r.get("units", []), r["lines"]) for k, r in zip(keys, chunk, strict=True)], on)
    search.reindex(session, Lease, list(ids.values()))
    return len(ids)
